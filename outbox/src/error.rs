//! What can go wrong with an outbox itself.

use std::error::Error as StdError;
use std::fmt;

/// What kind of thing went wrong with an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no outbox at this place, or none can be made there.
    NotFound,
    /// The outbox belongs to another base URL: its rows are for another server.
    OtherBaseUrl,
    /// A newer version of this crate made the outbox, or it is something else.
    Unsupported,
    /// Another process delivers from this file already.
    Busy,
    /// Another program holds the database for longer than this one waits.
    Locked,
    /// The disk, or the database's allotted space, is full.
    Full,
    /// The database can only be read.
    ReadOnly,
    /// The database server cannot be reached, the connection broke, or there is no answer in time.
    Gone,
    /// The outbox's file has a second name, or it is no longer what its path leads to.
    File,
    /// The database went back in time: a standby was promoted, or a backup restored. It may have forgotten what was sent.
    History,
    /// A row does not exist, or is not in a state that allows what was asked.
    Row,
    /// The file of rows cannot be read on.
    Input,
    /// Anything else that a database says.
    Database,
}

impl ErrorKind {
    /// Whether it may be otherwise later, without anybody doing something to the outbox itself.
    pub fn may_pass(self) -> bool {
        matches!(
            self,
            Self::Busy | Self::Locked | Self::Full | Self::ReadOnly | Self::Gone | Self::Database
        )
    }
}

/// Why the outbox could not do what was asked. What was stored before stays stored.
///
/// `Display` names the outbox and says what to do. It does not repeat the [`source`](StdError::source), and neither
/// contains a password or a payload.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// What to say of a failure of a database, the same for both of them.
pub(crate) fn database(kind: ErrorKind, place: &str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    let what = match kind {
        ErrorKind::Full => "there is no room left for the outbox: make room, and run it again",
        ErrorKind::ReadOnly => "the outbox can only be read: check the rights of the file and its folder",
        ErrorKind::Locked => "another program holds the outbox's database: end it, or wait, and run it again",
        ErrorKind::Gone => "the outbox's database cannot be reached: check that it runs, and run it again",
        ErrorKind::NotFound => "the outbox cannot be opened",
        ErrorKind::Unsupported => "this is no outbox, or it is damaged",
        _ => "the outbox's database failed",
    };
    Error::new(kind, format!("{place}: {what}")).with_source(source)
}

/// What to say of a database that does not answer.
pub(crate) fn silent(place: &str, patience: std::time::Duration) -> Error {
    Error::new(
        ErrorKind::Gone,
        format!(
            "{place}: the outbox's database has not answered for {} s: check that it runs, and run it again",
            patience.as_secs_f64()
        ),
    )
}
