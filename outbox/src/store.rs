//! What a delivery and a database say to each other.

use std::fs::File;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::row::State;

/// The right to deliver, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Told apart from every other delivery, where there can be several.
    pub(crate) owner: i64,
    /// After how long its claims end unless they are renewed, where they do.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code))]
    pub(crate) lease: Duration,
    /// The lock of the operating system, where there can be only one. It dies with the process.
    pub(crate) _lock: Option<File>,
}

/// A row that was claimed: nothing else sends it.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) id: i64,
    pub(crate) operation: String,
    pub(crate) customer_id: String,
    pub(crate) contact_id: String,
    pub(crate) payload: String,
    pub(crate) attempt: i64,
    pub(crate) reference: Option<String>,
    pub(crate) line: Option<i64>,
    /// The database's time.
    pub(crate) at: DateTime<Utc>,
}

/// What has become of a claimed row.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    pub(crate) id: i64,
    pub(crate) attempt: i64,
    pub(crate) state: State,
    pub(crate) answer: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) status: Option<u16>,
}

/// So many rows of this customer are wanted.
#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) customer_id: String,
    pub(crate) rows: usize,
}

/// What one exchange with the database brought.
#[derive(Debug, Default)]
pub(crate) struct Exchanged {
    /// For each finished row whether it was still to be recorded.
    pub(crate) recorded: Vec<bool>,
    pub(crate) claimed: Vec<Claimed>,
}

/// What a person decides about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Requeue,
    ResolveAccepted,
    ResolveNotSent,
}
