//! One file through an outbox: from its rows to what became of each, and the exit status that says so.

mod deliver;
mod spool;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vitec_connect::{ContactId, CustomerId};

use self::spool::{Entry, Spool};
pub use self::tally::Tally;
use crate::error::Error;
use crate::import::read;
use crate::outbox::Outbox;
use crate::row::{Counts, Enqueued, NewRow, State};
use crate::rows::{BadRow, RowReader};

/// How long a database may take for what it was about when the run was asked to end.
const GRACE: Duration = Duration::from_secs(3);

/// One file through an outbox: its rows are stored and sent, and what is true of each at the end is known, whatever
/// happens in between.
///
/// Numbers, exit status and report speak of the rows of the file, each once. Memory does not grow with them: they are
/// kept in a temporary file beside.
///
/// ```no_run
/// use vitec_connect::{Client, Credentials, RetryPolicy};
/// use vitec_connect_outbox::{Batch, DeliverOptions, Outbox, ReadOptions, RowReader};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let credentials = Credentials::basic("partner", "secret")?;
/// let client = Client::builder().credentials(credentials).retry(RetryPolicy::none()).build()?;
/// let outbox = Outbox::open("outbox.db", Some(client.base_url())).await?;
/// let reader = RowReader::new(std::fs::File::open("promises.csv")?, &ReadOptions::default())?;
///
/// let mut batch = Batch::new()?;
/// let shutdown = std::future::pending;
/// batch.import(&outbox, reader, shutdown(), |bad| eprintln!("{bad}")).await?;
/// batch.deliver(&outbox, &client, &DeliverOptions::default(), shutdown(), |_, _| {}).await?;
/// let tally = batch.tally(Some(&outbox)).await;
/// println!("{} of them are accepted", tally.accepted);
/// batch.report::<Box<dyn std::error::Error>>(|row| {
///     println!("line {:?}: {}", row.line, row.state);
///     Ok(())
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Batch {
    spool: Spool,
    progress: Progress,
    others: Counts,
    stopped: BTreeMap<String, String>,
    /// It was asked to end before the file was read, or before everything was sent.
    interrupted: bool,
    is_read: bool,
    /// The rows whose calls are under way, of this file or not.
    under_way: Arc<Mutex<BTreeSet<i64>>>,
    /// The first failure of the spool itself: what it says is not true any more.
    broken: Option<Error>,
}

/// How far the rows of the file have come, each counted once however often it is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The rows that there are to be sent.
    pub rows: u64,
    /// Those of them that need nothing more.
    pub done: u64,
    /// Those of them that are not accepted.
    pub failed: u64,
}

/// What is true of a row of a file at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportRow {
    /// The line of the file on which it begins, from 1. None for what could not be read at all.
    pub line: Option<u64>,
    /// The sender's own reference, as far as it was read.
    pub reference: Option<String>,
    /// The customer that it is for, as far as it was read.
    pub customer_id: Option<String>,
    /// The contact that it is for, as far as it was read.
    pub contact_id: Option<String>,
    /// Its number in the outbox, where it is stored.
    pub id: Option<i64>,
    /// What has become of it.
    pub state: RowState,
    /// The HTTP status, where there was an error and an answer.
    pub status: Option<u16>,
    /// The server's answer.
    pub answer: Option<String>,
    /// What was wrong, for a person.
    pub message: Option<String>,
}

/// What has become of a row of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowState {
    /// It is in this state. `pending` may also be a row that could not be stored.
    Stored(State),
    /// It cannot be sent as it is, and is not stored.
    Bad,
}

impl RowState {
    const BAD: &'static str = "bad";
}

impl std::fmt::Display for RowState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stored(state) => state.fmt(f),
            Self::Bad => f.pad(Self::BAD),
        }
    }
}

impl Batch {
    /// # Errors
    /// A temporary file that cannot be made.
    pub fn new() -> Result<Self, Error> {
        Ok(Self {
            spool: Spool::new()?,
            progress: Progress::default(),
            others: Counts::default(),
            stopped: BTreeMap::new(),
            interrupted: false,
            is_read: false,
            under_way: Arc::default(),
            broken: None,
        })
    }

    /// Stores the rows of the file, 500 to a transaction. A bad row stops no other; `on_bad` is told of each, in a line for
    /// a person. When `shutdown` is ready no more is read.
    ///
    /// Where the outbox fails the rest of the file is read all the same: each row has its line in the report.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) where the file cannot be read on: what was read is stored, and can be
    /// delivered. Or what the database says: what was stored before stays stored.
    pub async fn import(
        &mut self,
        outbox: &Outbox,
        reader: RowReader,
        shutdown: impl Future<Output = ()>,
        on_bad: impl FnMut(&str),
    ) -> Result<(), Error> {
        self.read(Some(outbox), None, reader, shutdown, on_bad).await
    }

    /// Reads the file although there is no outbox that could be reached: each row has its line in the report, as one that
    /// is to be sent still. `why` stands beside it.
    /// Also for a look at the file alone.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) where the file cannot be read on.
    pub async fn import_nowhere(
        &mut self,
        why: &str,
        reader: RowReader,
        shutdown: impl Future<Output = ()>,
        on_bad: impl FnMut(&str),
    ) -> Result<(), Error> {
        self.read(None, Some(why.to_owned()), reader, shutdown, on_bad).await
    }

    async fn read(
        &mut self,
        outbox: Option<&Outbox>,
        mut untried: Option<String>,
        mut reader: RowReader,
        shutdown: impl Future<Output = ()>,
        mut on_bad: impl FnMut(&str),
    ) -> Result<(), Error> {
        let mut shutdown = pin!(shutdown);
        let mut failure = None;
        loop {
            // A pipe can wait for ever: not on a thread that others need, and not deaf.
            let (back, rows, bad, more) = tokio::select! {
                biased;
                () = &mut shutdown => {
                    self.interrupted = true;
                    return failure.map_or(Ok(()), Err);
                }
                read = read(reader) => read?,
            };
            reader = back;
            for bad in &bad {
                self.bad(bad, &mut on_bad);
            }
            match (outbox, &untried) {
                (Some(outbox), None) => {
                    let ended = self.store(outbox, rows, shutdown.as_mut(), &mut on_bad).await;
                    if let Err((error, why)) = ended {
                        untried = Some(why);
                        failure = failure.or(Some(error));
                    }
                    if self.interrupted {
                        return failure.map_or(Ok(()), Err);
                    }
                }
                _ => {
                    for row in &rows {
                        self.not_stored(&row.into(), untried.as_deref().unwrap_or_default());
                    }
                }
            }
            match more {
                Ok(true) => {}
                Ok(false) => {
                    self.read_to_its_end();
                    return failure.map_or(Ok(()), Err);
                }
                // What stands behind is not known: counted as one bad row.
                Err(error) => {
                    self.unreadable(&error);
                    return Err(failure.unwrap_or(error));
                }
            }
        }
    }

    /// Nothing of the file is left to be read.
    pub(crate) fn read_to_its_end(&mut self) {
        self.is_read = true;
    }

    /// Stores rows in one transaction, and notes what became of each. Where it fails: why, and why none further is tried.
    pub(crate) async fn store(
        &mut self,
        outbox: &Outbox,
        rows: Vec<NewRow>,
        shutdown: impl Future<Output = ()>,
        on_bad: &mut impl FnMut(&str),
    ) -> Result<(), (Error, String)> {
        if rows.is_empty() {
            return Ok(());
        }
        let read: Vec<Read> = rows.iter().map(Read::from).collect();
        let mut enqueue = pin!(outbox.enqueue(rows));
        let enqueued = tokio::select! {
            biased;
            enqueued = &mut enqueue => Some(enqueued),
            () = shutdown => {
                self.interrupted = true;
                // What a database that answers has begun is waited for.
                tokio::time::timeout(GRACE, enqueue).await.ok()
            }
        };
        let (error, why) = match enqueued {
            Some(Ok(enqueued)) => {
                for (row, enqueued) in read.iter().zip(enqueued) {
                    self.stored(row, &enqueued, on_bad);
                }
                return Ok(());
            }
            Some(Err(error)) => (Some(error), "not stored"),
            None => (None, "interrupted while it was being stored: the same import finds out"),
        };
        let why = error.as_ref().map_or(why.to_owned(), |error| format!("{why}: {error}"));
        for row in &read {
            self.not_stored(row, &why);
        }
        error.map_or(Ok(()), |error| Err((error, why)))
    }

    fn stored(&mut self, row: &Read, enqueued: &Enqueued, on_bad: &mut impl FnMut(&str)) {
        let (id, state) = match enqueued {
            // Of an outbox that is only looked at: it has no number yet.
            Enqueued::New(0) => (None, State::Pending),
            Enqueued::New(id) | Enqueued::Corrected(id) => (Some(*id), State::Pending),
            Enqueued::Known(id, state) => (Some(*id), *state),
            refused => {
                let why = refused.refusal().unwrap_or_default();
                on_bad(&format!("line {}: {why}", row.line));
                return self.add(&Entry {
                    message: Some(&why),
                    ..row.entry()
                });
            }
        };
        self.add(&Entry {
            id,
            state: Some(state),
            known: state == State::Accepted,
            ..row.entry()
        });
    }

    fn not_stored(&mut self, row: &Read, why: &str) {
        self.add(&Entry {
            state: Some(State::Pending),
            message: Some(why),
            ..row.entry()
        });
    }

    fn bad(&mut self, bad: &BadRow, on_bad: &mut impl FnMut(&str)) {
        let message = bad.to_string();
        on_bad(&message);
        self.add(&Entry {
            line: Some(bad.line),
            reference: bad.reference.as_deref(),
            customer_id: bad.customer_id.as_deref(),
            contact_id: bad.contact_id.as_deref(),
            message: Some(&message),
            ..Entry::default()
        });
    }

    /// The place from which the file cannot be read on.
    fn unreadable(&mut self, error: &Error) {
        let message = error.to_string();
        self.add(&Entry {
            message: Some(&message),
            ..Entry::default()
        });
    }

    fn add(&mut self, entry: &Entry<'_>) {
        if let Err(error) = self.spool.add(entry) {
            self.broken.get_or_insert(error);
        }
    }

    /// Says that the run was asked to end: nothing more is read or sent.
    pub fn interrupted(&mut self) {
        self.interrupted = true;
    }

    /// Whether it was.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    /// What else this run delivered: rows of the outbox that are none of this file.
    pub fn others(&self) -> Counts {
        self.others
    }

    /// The customers that were stopped, and why. Their rows stay pending.
    pub fn stopped(&self) -> &BTreeMap<String, String> {
        &self.stopped
    }

    /// The temporary file failed: there can be no report, and the numbers are those of the whole outbox.
    pub fn broken(&self) -> Option<&Error> {
        self.broken.as_ref()
    }

    /// What is true of the rows of the file, as far as it is known.
    pub async fn tally(&mut self, outbox: Option<&Outbox>) -> Tally {
        let counted = match self.broken {
            None => self
                .spool
                .tally(&self.stopped)
                .map_err(|error| self.broken = Some(error)),
            Some(_) => Err(()),
        };
        let tally = match (counted, outbox) {
            (Ok(tally), _) => tally,
            (Err(()), Some(outbox)) => match outbox.counts().await {
                Ok(counts) => Tally::of_outbox(&counts),
                Err(_) => Tally {
                    uncertain: true,
                    ..Tally::default()
                },
            },
            (Err(()), None) => Tally {
                uncertain: true,
                ..Tally::default()
            },
        };
        Tally {
            interrupted: self.interrupted && (tally.pending > 0 || !self.is_read),
            ..tally
        }
    }

    /// Every row of the file in its order, as [`tally`](Self::tally) counted it.
    ///
    /// # Errors
    /// What `row` says, or the temporary file.
    pub fn report<E: From<Error>>(&mut self, row: impl FnMut(&ReportRow) -> Result<(), E>) -> Result<(), E> {
        match self.broken.take() {
            None => self.spool.each(row),
            Some(error) => Err(error.into()),
        }
    }
}

/// What is kept of a row while it is being stored.
struct Read {
    line: u64,
    reference: Option<String>,
    customer_id: CustomerId,
    contact_id: ContactId,
}

impl From<&NewRow> for Read {
    fn from(row: &NewRow) -> Self {
        Self {
            line: row.line.unwrap_or_default(),
            reference: row.reference.clone(),
            customer_id: row.customer_id.clone(),
            contact_id: row.contact_id.clone(),
        }
    }
}

impl Read {
    fn entry(&self) -> Entry<'_> {
        Entry {
            line: Some(self.line),
            reference: self.reference.as_deref(),
            customer_id: Some(self.customer_id.as_str()),
            contact_id: Some(self.contact_id.as_str()),
            ..Entry::default()
        }
    }
}
