//! What was read: one account for every customer, or each customer's own.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::{Arc, PoisonError, RwLock};

use vitec_connect::{Credentials, CredentialsError, CredentialsProvider, CustomerId};
use zeroize::Zeroizing;

/// One user name and password.
pub(crate) struct Entry {
    /// What they were made from, to tell them from others. It stays in memory, and nothing is made from it but these.
    from: [Zeroizing<String>; 2],
    credentials: Credentials,
}

impl Entry {
    pub(crate) fn account(username: Zeroizing<String>, password: Zeroizing<String>) -> Result<Self, CredentialsError> {
        let credentials = Credentials::basic(&*username, &*password)?;
        let from = [username, password];
        Ok(Self { from, credentials })
    }

    pub(crate) fn basic(encoded: Zeroizing<String>) -> Result<Self, CredentialsError> {
        let credentials = Credentials::encoded(&*encoded)?;
        let from = [encoded, Zeroizing::default()];
        Ok(Self { from, credentials })
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.from == other.from
    }
}

/// Everything that was read at a time.
pub(super) enum Entries {
    One(Entry),
    Each(BTreeMap<CustomerId, Entry>),
}

impl Entries {
    /// How these differ from those of before.
    fn changed_since(&self, before: &Self) -> Change {
        match (before, self) {
            (Self::One(before), Self::One(now)) if before == now => Change::Customers(Vec::new()),
            (Self::Each(before), Self::Each(now)) => {
                let customers: BTreeSet<_> = before.keys().chain(now.keys()).collect();
                let changed = customers.into_iter().filter(|it| before.get(it) != now.get(it));
                Change::Customers(changed.map(ToString::to_string).collect())
            }
            _ => Change::All,
        }
    }
}

/// What a look at the file of credentials found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// They are others, for every customer.
    All,
    /// Those of these customers changed, appeared or disappeared, by id. Of none: a file that could not be taken can be
    /// again, and says what it said before.
    Customers(Vec<String>),
    /// The file cannot be taken, for this reason; the credentials of before go on serving.
    Kept(String),
}

/// What serves at the moment. A clone follows.
#[derive(Clone)]
pub(crate) struct Current(Arc<RwLock<Entries>>);

impl Current {
    pub(super) fn new(entries: Entries) -> Self {
        Self(Arc::new(RwLock::new(entries)))
    }

    /// From here on these serve.
    pub(super) fn replace(&self, entries: Entries) -> Change {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let change = entries.changed_since(&current);
        *current = entries;
        change
    }
}

impl CredentialsProvider for Current {
    async fn credentials(&self, customer_id: &CustomerId) -> Result<Credentials, Box<dyn Error + Send + Sync>> {
        let entry = match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Entries::One(entry) => Some(entry.credentials.clone()),
            Entries::Each(entries) => entries.get(customer_id).map(|it| it.credentials.clone()),
        };
        entry.ok_or_else(|| format!("there are no credentials for customer {customer_id}").into())
    }
}
