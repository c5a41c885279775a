//! A row of the outbox: one call to be made, and what became of it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use vitec_connect::CustomerId;

use crate::delivered::Delivered;
use crate::error::{Error, ErrorKind};
use crate::reference;

/// What has become of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Nothing can have been created. It is sent by the next delivery.
    Pending,
    /// Under way: claimed by a delivery, and the answer is not in.
    Sending,
    /// It was created.
    Accepted,
    /// Nothing was created; something has to change first.
    Rejected,
    /// It may have been created. Never sent again by itself: a person looks in Vitec and decides.
    Unknown,
    /// Given up, on a person's word: never sent any more, and the same file does not bring it back.
    Dropped,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Sending,
        Self::Accepted,
        Self::Rejected,
        Self::Unknown,
        Self::Dropped,
    ];

    /// `pending`, `sending`, `accepted`, `rejected`, `unknown` or `dropped`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Dropped => "dropped",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is none of pending, sending, accepted, rejected, unknown, dropped"))
    }
}

/// A row to be stored.
///
/// A row is recognised by its [`reference`](Self::reference), else by its content and its
/// [`occurrence`](Self::occurrence): storing it again stores and sends nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    pub(crate) operation: &'static str,
    pub(crate) customer_id: CustomerId,
    pub(crate) subject: String,
    pub(crate) payload: String,
    pub(crate) reference: Option<String>,
    pub(crate) occurrence: u64,
    pub(crate) line: Option<u64>,
}

impl NewRow {
    /// What the operation is sent that the document marks to be delivered: for a customer, with the parameters that it needs
    /// beside ([`Delivered::parameters`]), in their order.
    ///
    /// # Errors
    /// Another number of parameters, and a body that cannot be written as JSON: a date that .NET cannot hold, an impossible
    /// name of an enumeration.
    pub fn new<T: ToString>(
        customer_id: CustomerId,
        parameters: impl IntoIterator<Item = T>,
        body: &impl Serialize,
    ) -> Result<Self, Error> {
        let wrong = |what: String| Error::new(ErrorKind::Input, what);
        let delivered =
            Delivered::operation().ok_or_else(|| wrong("the document marks no operation to deliver".to_owned()))?;
        let texts: Vec<String> = parameters.into_iter().map(|it| it.to_string()).collect();
        let needed = delivered.parameters();
        if texts.len() != needed.len() {
            return Err(wrong(format!(
                "the operation needs {}, and was given {}",
                needed.join(", "),
                texts.len()
            )));
        }
        let payload = written(body)?;
        Ok(Self::stored(delivered, customer_id, &texts, payload))
    }

    pub(crate) fn stored(delivered: Delivered, customer_id: CustomerId, texts: &[String], payload: String) -> Self {
        Self {
            operation: delivered.name(),
            customer_id,
            subject: Delivered::subject(texts),
            payload,
            reference: None,
            occurrence: 1,
            line: None,
        }
    }

    /// The sender's own reference: at most 1,024 bytes, without NUL and characters that nobody sees. White space at its
    /// ends and the form of its letters (Unicode's normal forms) make no other reference of it.
    ///
    /// The same reference with other content is a correction where the stored row was rejected, and else refused.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// Without a reference: which of several rows with this very content it is, from 1.
    #[must_use]
    pub fn occurrence(mut self, occurrence: u64) -> Self {
        self.occurrence = occurrence;
        self
    }

    /// The line of the file that it was read from, from 1.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// SHA-256 of what would be sent and to whom, in hexadecimal. It does not depend on the form of the file.
    pub(crate) fn content_hash(&self) -> String {
        content_hash(self.operation, self.customer_id.as_str(), &self.subject, &self.payload)
    }

    /// What the row is recognised by.
    pub(crate) fn key(&self, content_hash: &str) -> String {
        match &self.reference {
            Some(reference) => reference::key(reference),
            None => format!("content:{content_hash}:{}", self.occurrence),
        }
    }
}

/// A body as it is stored.
pub(crate) fn written(body: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(body)
        .map_err(|error| Error::new(ErrorKind::Input, "the body cannot be written as JSON").with_source(error))
}

/// See [`NewRow::content_hash`].
pub(crate) fn content_hash(operation: &str, customer_id: &str, subject: &str, payload: &str) -> String {
    let mut hash = Sha256::new();
    for part in [operation, customer_id, subject, payload] {
        // With its length: else "a", "bc" and "ab", "c" would be the same.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What became of a [`NewRow`]; of an outbox that was [opened to look](crate::Outbox::open_to_look): what would become.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Enqueued {
    /// It is stored, under this number: 0 where it only would be.
    New(i64),
    /// It was stored before, under this number, and is in this state. Nothing is sent again.
    Known(i64, State),
    /// Its reference was stored before, under this number, and was rejected: nothing had been created. The row has the new
    /// content, and is pending.
    Corrected(i64),
    /// Its reference was stored before, under this number, with other content, and is in this state. It is not stored.
    OtherContent(i64, State),
    /// Several rows have its reference: an older version took white space for a difference. It is not stored.
    Ambiguous(Vec<i64>),
    /// Its reference cannot be stored, and is not: why.
    BadReference(String),
}

/// A stored row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The row's number in this outbox.
    pub id: i64,
    /// The operation, as the client's method is called.
    pub operation: String,
    /// What the row is recognised by.
    pub key: String,
    /// The sender's own reference, where there is one.
    pub reference: Option<String>,
    /// The line of the file that it was read from.
    pub line: Option<u64>,
    /// The customer that it is for.
    pub customer_id: String,
    /// What else its call needs besides the body, such as the contact: see [`Delivered::texts`].
    pub subject: String,
    /// What is sent, as JSON. None once it was purged.
    pub payload: Option<String>,
    /// What has become of it.
    pub state: State,
    /// How often it was claimed for sending.
    pub attempt: i64,
    /// The server's answer.
    pub answer: Option<String>,
    /// What was wrong, for a person.
    pub message: Option<String>,
    /// What kind of thing was wrong, such as `Validation`: the name of a [`vitec_connect::ErrorKind`].
    pub kind: Option<String>,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When its state last changed.
    pub changed_at: DateTime<Utc>,
}

/// Which rows are meant: all, unless something is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    pub(crate) state: Option<State>,
    pub(crate) customer: Option<String>,
    pub(crate) since: Option<DateTime<Utc>>,
}

impl Filter {
    /// Only those in this state.
    #[must_use]
    pub fn state(mut self, state: impl Into<Option<State>>) -> Self {
        self.state = state.into();
        self
    }

    /// Only those for this customer.
    #[must_use]
    pub fn customer(mut self, customer: impl Into<Option<String>>) -> Self {
        self.customer = customer.into();
        self
    }

    /// Only those whose state changed then or later.
    #[must_use]
    pub fn since(mut self, since: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.since = since.into();
        self
    }
}

/// A step in what became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// How often the row had been claimed for sending by then.
    pub attempt: i64,
    /// What it became.
    pub state: State,
    /// The HTTP status, where there was an error and an answer.
    pub status: Option<u16>,
    /// What was wrong, for a person.
    pub message: Option<String>,
    /// Who did it: the user of the operating system, in PostgreSQL the user of the session.
    pub who: String,
}

/// A customer that is held: nothing is sent for it until somebody releases it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// The customer.
    pub customer_id: String,
    /// Why, for a person: what the server said, or the person who holds it.
    pub why: Option<String>,
    /// The HTTP status with which the server refused the credentials; none where a person holds it.
    pub status: Option<u16>,
    /// Who did it: the user of the operating system, in PostgreSQL the user of the session.
    pub who: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How many rows wait for it.
    pub waiting: u64,
}

/// How many rows are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// [`State::Pending`]
    pub pending: u64,
    /// [`State::Sending`]
    pub sending: u64,
    /// [`State::Accepted`]
    pub accepted: u64,
    /// [`State::Rejected`]
    pub rejected: u64,
    /// [`State::Unknown`]
    pub unknown: u64,
    /// [`State::Dropped`]
    pub dropped: u64,
}

impl Counts {
    /// The count for a state.
    pub fn of(&self, state: State) -> u64 {
        let mut counts = *self;
        *counts.of_mut(state)
    }

    pub(crate) fn of_mut(&mut self, state: State) -> &mut u64 {
        match state {
            State::Pending => &mut self.pending,
            State::Sending => &mut self.sending,
            State::Accepted => &mut self.accepted,
            State::Rejected => &mut self.rejected,
            State::Unknown => &mut self.unknown,
            State::Dropped => &mut self.dropped,
        }
    }

    /// All rows.
    pub fn total(&self) -> u64 {
        State::ALL.into_iter().map(|state| self.of(state)).sum()
    }
}
