//! What the outbox and a database say to each other: the trait that each database is behind.

use std::fmt;
use std::fs::File;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::error::Error;
use crate::row::{Counts, Enqueued, Filter, Held, NewRow, Row, State, Transition};
use crate::sql;

/// What a database answers, later.
pub(crate) type Answer<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// A database with the rows of one outbox.
///
/// Each method is one transaction: it happens as a whole or not at all. An answer that is not waited for any longer does
/// not mean that it did not happen, nor that it will not: whoever asks says how long it waits, and what it does then.
pub(crate) trait Store: fmt::Debug + Send + Sync {
    /// For messages.
    fn place(&self) -> String;

    /// The server that its rows are for.
    fn base_url(&self) -> &str;

    /// Stores rows; what became of each, in their order.
    fn enqueue(&self, rows: Vec<NewRow>) -> Answer<Vec<Enqueued>>;

    /// The right to deliver. Rows whose delivery is gone become unknown.
    fn begin_delivery(&self, lease: Duration) -> Answer<Delivery>;

    /// Gives back, records and claims, in this order.
    fn exchange(&self, delivery: &Arc<Delivery>, asked: Exchange) -> Answer<Exchanged>;

    /// Renews and gives back, then [`sweep`](Self::sweep)s. Returns how many rows were given back.
    fn hold(&self, delivery: &Arc<Delivery>, asked: Hold) -> Answer<u64>;

    /// Rows whose delivery is gone become unknown. Returns how many.
    fn sweep(&self) -> Answer<u64>;

    /// The customers that rows wait for and that are not held.
    fn customers(&self) -> Answer<Vec<String>>;

    /// Whether others may have changed anything since this was last asked, where that can be seen without looking.
    fn has_changed(&self) -> Answer<bool> {
        Box::pin(async { Ok(true) })
    }

    /// How many rows are in each state.
    fn counts(&self) -> Answer<Counts>;

    /// At most `limit` rows with numbers above `after`, in their order.
    fn list(&self, only: Filter, after: i64, limit: u32) -> Answer<Vec<Row>>;

    /// What became of a row, in order.
    fn history(&self, id: i64) -> Answer<Vec<Transition>>;

    /// Since when the row waits that has waited longest.
    fn oldest(&self) -> Answer<Option<DateTime<Utc>>>;

    /// The customers that are held.
    fn holds(&self) -> Answer<Vec<Held>>;

    /// Holds customers, on a person's word.
    fn hold_customers(&self, customers: Vec<String>, why: Option<String>) -> Answer<()>;

    /// Releases customers; those that were held.
    fn release_customers(&self, customers: Vec<String>) -> Answer<Vec<String>>;

    /// Another body for a rejected or pending row, with the hash of its content; false where it is neither.
    fn correct(&self, id: i64, payload: String, content_hash: String) -> Answer<bool>;

    /// What has become of rows, by their numbers: at most [`STANDING`] of them. One that is not there is left out.
    fn standing(&self, ids: Vec<i64>) -> Answer<Vec<Standing>>;

    /// All of them or none: the first row that cannot be changed so is given back.
    fn change(&self, ids: Vec<i64>, change: Change) -> Answer<Option<i64>>;

    /// Every unknown row becomes pending. Returns how many.
    fn retry_unknown(&self) -> Answer<u64>;

    /// Removes what may be personal from rows that were settled longer ago. Returns how many.
    fn purge(&self, keep: Duration) -> Answer<u64>;
}

/// How many rows [`Store::standing`] is asked for at most.
pub(crate) const STANDING: usize = 500;

/// The right to deliver, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Told apart from every other delivery.
    pub(crate) owner: i64,
    /// After how long its claims end unless they are renewed.
    pub(crate) lease: Duration,
    /// Which past its database has, where that can be told: see [`ErrorKind::History`](crate::ErrorKind::History).
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "a file has none"))]
    pub(crate) history: Option<String>,
    /// The lock of the operating system, where there can be only one. It dies with the process.
    pub(crate) _lock: Option<File>,
}

/// What a delivery asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    /// The number of this exchange, unique in its delivery: what it claims bears it.
    pub(crate) claim: i64,
    /// The numbers of those before it that failed: what they claimed was not sent, and is given back.
    pub(crate) failed: Vec<RangeInclusive<i64>>,
    pub(crate) finished: Vec<Finished>,
    /// By customer, as what is [`shown`](Self::shown).
    pub(crate) wanted: Vec<Want>,
}

impl Exchange {
    /// What its results show of customers' credentials, by customer: two transactions that wait for each other would be
    /// broken off.
    pub(crate) fn shown(&self) -> Vec<(&Finished, &Credentials)> {
        let shown = self
            .finished
            .iter()
            .filter_map(|it| Some((it, it.credentials.as_ref()?)));
        let mut shown: Vec<_> = shown.collect();
        shown.sort_by(|(_, one), (_, other)| one.customer_id.cmp(&other.customer_id));
        shown
    }
}

/// What a delivery keeps, and what it does not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hold {
    /// The rows in hand, each with its attempt.
    pub(crate) in_hand: Vec<(i64, i64)>,
    /// As in [`Exchange::failed`].
    pub(crate) failed: Vec<RangeInclusive<i64>>,
}

/// A row that was claimed: nothing else sends it.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) id: i64,
    pub(crate) operation: String,
    pub(crate) customer_id: String,
    pub(crate) subject: String,
    pub(crate) payload: String,
    pub(crate) attempt: i64,
    pub(crate) reference: Option<String>,
    pub(crate) line: Option<i64>,
    /// How often its customer was released by then.
    pub(crate) release: i64,
    /// Whether its customer's credentials were not answered since.
    pub(crate) is_first: bool,
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
    /// What follows for its customer.
    pub(crate) credentials: Option<Credentials>,
}

/// What a call showed of a customer's credentials, as of release `release`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) customer_id: String,
    pub(crate) release: i64,
    /// They were refused: the customer is held. Else they work.
    pub(crate) refused: bool,
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
    /// How many rows were given back.
    pub(crate) released: u64,
    /// For each finished row whether it is recorded: by this exchange or by one that was not heard of. Else it is too late.
    pub(crate) recorded: Vec<bool>,
    pub(crate) claimed: Vec<Claimed>,
}

/// What has become of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "read by the batch")]
pub(crate) struct Standing {
    pub(crate) id: i64,
    pub(crate) state: State,
    pub(crate) answer: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) status: Option<u16>,
    /// How long its claim goes on unless it is renewed, by the database's clock: where it is `sending`.
    pub(crate) lease: Option<Duration>,
}

/// What a person decides about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Requeue,
    ResolveAccepted,
    ResolveNotSent,
    Drop,
}

impl Change {
    pub(crate) fn statement(self) -> &'static str {
        match self {
            Self::Requeue => sql::REQUEUE,
            Self::ResolveAccepted => sql::RESOLVE_ACCEPTED,
            Self::ResolveNotSent => sql::RESOLVE_NOT_SENT,
            Self::Drop => sql::DROP,
        }
    }
}

/// The end of a lease that begins now.
pub(crate) fn lease_end(now: DateTime<Utc>, lease: Duration) -> DateTime<Utc> {
    // A hundred years are for ever, and fit into every database.
    let lease = lease.min(Duration::from_secs(100 * 366 * 24 * 60 * 60));
    now.checked_add_signed(chrono::Duration::from_std(lease).unwrap_or_default())
        .unwrap_or(now)
}

/// How long a lease goes on.
pub(crate) fn lease_left(now: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Option<Duration> {
    until.map(|until| (until - now).to_std().unwrap_or_default())
}

/// The moment that lies so long back; none before 1970, where there was no outbox.
pub(crate) fn before(now: DateTime<Utc>, keep: Duration) -> Option<DateTime<Utc>> {
    now.checked_sub_signed(chrono::Duration::from_std(keep).ok()?)
        .filter(|before| *before >= DateTime::UNIX_EPOCH)
}
