//! One file through an outbox: from its rows to what became of each, and the exit status that says so.

mod deliver;
mod read;
mod spool;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::spool::Spool;
pub use self::tally::Tally;
use crate::deliver::Control;
use crate::error::Error;
use crate::outbox::Outbox;
use crate::row::{Counts, Held, State};

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
    left_out: BTreeMap<String, String>,
    held: BTreeMap<String, Held>,
    /// It was asked to end before the file was read, or before everything was sent.
    interrupted: bool,
    is_read: bool,
    /// Knows the rows whose calls are under way, of this file or not.
    control: Control,
    /// The database went back in time: what it says of the rows may not be true.
    uncertain: bool,
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
    /// What else its call needs besides the body, such as the contact, as far as it was read: see
    /// [`Delivered::texts`](crate::Delivered::texts).
    pub subject: Option<String>,
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
            left_out: BTreeMap::new(),
            held: BTreeMap::new(),
            interrupted: false,
            is_read: false,
            control: Control::default(),
            uncertain: false,
            broken: None,
        })
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

    /// The customers of the file that are held, whose rows stay pending until somebody releases them.
    ///
    /// # Errors
    /// The temporary file.
    pub fn held(&self) -> Result<Vec<&Held>, Error> {
        let mut held = Vec::new();
        for it in self.held.values() {
            if self.spool.count_pending_of(&it.customer_id)? > 0 {
                held.push(it);
            }
        }
        Ok(held)
    }

    /// The customers whose rows stay pending: held, or left out as there are no credentials for them.
    fn stopped(&self) -> BTreeSet<String> {
        self.left_out.keys().chain(self.held.keys()).cloned().collect()
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
                .tally(&self.stopped())
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
            uncertain: tally.uncertain || self.uncertain,
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
