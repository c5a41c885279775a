//! How a delivery goes about it, and what it tells.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::Error;
use crate::row::{Counts, State};

/// How a delivery goes about it.
///
/// ```
/// use vitec_connect_outbox::DeliverOptions;
///
/// let gentle = DeliverOptions::default().concurrency(2).rate(10.0);
/// ```
#[derive(Clone, Debug)]
pub struct DeliverOptions {
    pub(crate) concurrency: usize,
    pub(crate) rate: Option<f64>,
    pub(crate) retry_unknown: bool,
    pub(crate) initial_backoff: Duration,
    pub(crate) give_up_after: u32,
    pub(crate) max_pause: Duration,
    pub(crate) record_patience: Duration,
    pub(crate) database_patience: Duration,
    pub(crate) lease: Duration,
    pub(crate) poll: Duration,
    pub(crate) stuck_pause: Duration,
    /// Customers that were left out before, and why: no calls are made for them.
    pub(crate) left_out: BTreeMap<String, String>,
}

impl Default for DeliverOptions {
    fn default() -> Self {
        Self {
            concurrency: 4,
            rate: None,
            retry_unknown: false,
            initial_backoff: Duration::from_millis(500),
            give_up_after: 8,
            max_pause: Duration::from_secs(300),
            record_patience: Duration::from_secs(60),
            database_patience: Duration::from_secs(10),
            lease: Duration::from_secs(60),
            poll: Duration::from_secs(1),
            stuck_pause: Duration::from_secs(300),
            left_out: BTreeMap::new(),
        }
    }
}

impl DeliverOptions {
    /// How many calls are under way at most: 4 unless told otherwise; 0 counts as 1.
    #[must_use]
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// How many calls a second begin at most; unlimited unless told otherwise, and for anything not above zero.
    #[must_use]
    pub fn rate(mut self, calls_per_second: f64) -> Self {
        self.rate = Some(calls_per_second);
        self
    }

    /// Puts unknown rows back to pending first, deliberately: each may be created a second time.
    #[must_use]
    pub fn retry_unknown(mut self, yes: bool) -> Self {
        self.retry_unknown = yes;
        self
    }

    /// The first pause when the server is in trouble: 0.5 s unless told otherwise. It doubles up to 30 s.
    #[must_use]
    pub fn initial_backoff(mut self, pause: Duration) -> Self {
        self.initial_backoff = pause;
        self
    }

    /// After how many troubles in a row the run ends: 8 unless told otherwise, which is about a minute. Trouble is a
    /// server that cannot be reached, wants fewer calls or leaves it unknown what became of one. It ends before a dead
    /// server has made every row unknown.
    #[must_use]
    pub fn give_up_after(mut self, troubles: u32) -> Self {
        self.give_up_after = troubles.max(1);
        self
    }

    /// The longest pause: 5 minutes unless told otherwise. A server that asks for a longer one (`Retry-After`) ends the
    /// run.
    #[must_use]
    pub fn max_pause(mut self, pause: Duration) -> Self {
        self.max_pause = pause;
        self
    }

    /// How long it is tried again to record results where the database fails: 1 minute unless told otherwise. Nothing
    /// is sent meanwhile.
    #[must_use]
    pub fn record_patience(mut self, patience: Duration) -> Self {
        self.record_patience = patience;
        self
    }

    /// How long the database may take for one answer: 10 s unless told otherwise. One that says nothing for so long has
    /// failed, whatever it does later.
    #[must_use]
    pub fn database_patience(mut self, patience: Duration) -> Self {
        self.database_patience = patience;
        self
    }

    /// PostgreSQL: after how long the rows of a delivery that is gone become unknown, 1 minute unless told otherwise. A
    /// living one renews its claim three times as often.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_millis(100));
        self
    }

    /// Of a delivery that [goes on](crate::follow): how often it looks for new rows, each second unless told otherwise.
    #[must_use]
    pub fn poll(mut self, every: Duration) -> Self {
        self.poll = every.max(Duration::from_millis(10));
        self
    }

    /// Of a delivery that [goes on](crate::follow): after how long it tries a row where the server is in trouble for too
    /// long, 5 minutes unless told otherwise. It doubles up to an hour.
    #[must_use]
    pub fn stuck_pause(mut self, pause: Duration) -> Self {
        self.stuck_pause = pause;
        self
    }
}

/// What a delivery tells while it is under way.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A row's result, after it was recorded. `pending` is a row that was not sent and waits for another try.
    Row(&'a Sent),
    /// A row's result that came too late to be recorded: its lease had run out, and a person has decided about it since,
    /// or it is being sent anew. Where the result is `accepted`, it may be there twice: look in Vitec.
    TooLate(&'a Sent),
    /// No call begins for so long, because of what the server said or did not say.
    Pause(Duration, &'a str),
    /// There are no credentials for this customer: no more calls are made for it in this run. Its rows stay pending.
    CustomerLeftOut(&'a str, &'a str),
    /// This customer's credentials were refused, and why: it is held, until somebody [releases](crate::Outbox::release)
    /// it. Its rows stay pending.
    CustomerHeld(&'a str, &'a str),
    /// These customers were held, and are released, as their credentials are others now.
    CustomersReleased(&'a [String]),
    /// A call has ended after so long; its result is not recorded yet.
    Called(&'a Sent, Duration),
    /// The server is in trouble for too long, and why: one row is tried after so long, or where there is no time none until
    /// a person starts the delivery anew.
    Stuck(&'a str, Option<Duration>),
    /// The server works again.
    GoesOn,
    /// The database fails: no call begins until it works again.
    Database(&'a Error),
    /// The database works again.
    DatabaseWorks,
    /// Another process delivers from this file: this one waits until it has ended.
    Busy(&'a Error),
    /// It has ended, and this one delivers.
    Free,
    /// Of a [`Batch`](crate::Batch): so many of its rows are under way in other processes, whose leases are waited for, so
    /// long at most.
    Waiting(u64, Duration),
}

/// A row's result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// The row's number in the outbox.
    pub id: i64,
    /// The sender's own reference, where there is one.
    pub reference: Option<String>,
    /// The line of the file that it was read from.
    pub line: Option<u64>,
    /// The customer that it is for.
    pub customer_id: String,
    /// What else its call needs besides the body, such as the contact: see [`Delivered::texts`](crate::Delivered::texts).
    pub subject: String,
    /// What has become of it.
    pub state: State,
    /// The server's answer.
    pub answer: Option<String>,
    /// What was wrong, for a person.
    pub message: Option<String>,
    /// What kind of thing was wrong: the name of a [`vitec_connect::ErrorKind`].
    pub kind: Option<String>,
    /// The HTTP status, where there was an error and an answer.
    pub status: Option<u16>,
}

/// How a delivery went.
#[derive(Debug)]
#[non_exhaustive]
pub struct Summary {
    /// How many calls ended in which state. `pending` counts calls, not rows: a row can be tried again.
    pub results: Counts,
    /// The customers that were left out, as there are no credentials for them. Their rows stay pending, as those of
    /// customers that are [held](crate::Outbox::holds) do.
    pub left_out: BTreeMap<String, String>,
    /// Results that could not be recorded before the run ended: what they say is true, and the outbox does not know it.
    /// Their rows become unknown.
    pub unrecorded: Vec<Sent>,
    /// Why the run ended.
    pub end: End,
}

/// Why a delivery ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum End {
    /// Nothing is pending any more, but for rows of customers that were left out or are held.
    Done,
    /// It was asked to. What was under way has ended.
    ShutDown,
    /// The server is in trouble, or cannot be reached, for too long; the last error. Rows that were not sent are pending.
    GaveUp(String),
    /// The database failed for too long, its file is no longer what it was, or it went back in time
    /// ([`ErrorKind::History`](crate::ErrorKind::History)). See [`Summary::unrecorded`].
    Database(Error),
}
