//! What a delivery that goes on is told from outside, and what can be asked of it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A hand on a delivery that [goes on](crate::follow): cheap to clone, for the task beside it.
#[derive(Clone, Debug, Default)]
pub struct Control(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    changes: Mutex<Changes>,
    changed: Notify,
    under_way: Mutex<BTreeSet<i64>>,
}

/// Whose credentials are others now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) all: bool,
    pub(crate) customers: BTreeSet<String>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        !self.all && self.customers.is_empty()
    }
}

impl Control {
    /// Says that these customers' credentials are others now: where they were refused before, the customers are released.
    /// One that a person holds stays held.
    pub fn credentials_changed(&self, customers: impl IntoIterator<Item = String>) {
        lock(&self.0.changes).customers.extend(customers);
        self.0.changed.notify_one();
    }

    /// Says the same of all customers.
    pub fn all_credentials_changed(&self) {
        lock(&self.0.changes).all = true;
        self.0.changed.notify_one();
    }

    /// The rows whose calls are under way, or whose results are not recorded: where the delivery is dropped, they become
    /// unknown.
    pub fn under_way(&self) -> Vec<i64> {
        lock(&self.0.under_way).iter().copied().collect()
    }

    pub(crate) fn begun(&self, row: i64) {
        lock(&self.0.under_way).insert(row);
    }

    pub(crate) fn ended(&self, row: i64) {
        lock(&self.0.under_way).remove(&row);
    }

    pub(crate) fn is_under_way(&self, row: i64) -> bool {
        lock(&self.0.under_way).contains(&row)
    }

    /// Waits until something was said that was not [taken](Self::changes).
    pub(crate) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// What was said since this was last asked.
    pub(crate) fn changes(&self) -> Changes {
        std::mem::take(&mut lock(&self.0.changes))
    }

    /// Puts back what could not be done.
    pub(crate) fn put_back(&self, changes: Changes) {
        let mut now = lock(&self.0.changes);
        now.all |= changes.all;
        now.customers.extend(changes.customers);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
