//! Making the tables of an outbox and bringing them up to date, on purpose and in its own step.

use crate::address::Address;
use crate::error::{Error, ErrorKind};
use crate::outbox::{Outbox, normal};
#[cfg(feature = "postgres")]
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;

/// What is to be done with an outbox's tables beside bringing them up to date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct InitOptions {
    pub(crate) base_url: String,
    /// Tables that are there keep theirs, whichever it is.
    pub(crate) keeps_base_url: bool,
    pub(crate) grant: Option<String>,
    pub(crate) accept_history: bool,
}

impl InitOptions {
    /// The outbox is for this server, the one of [`Client::base_url`](vitec_connect::Client::base_url).
    pub fn new(base_url: &str) -> Self {
        Self {
            base_url: normal(base_url).to_owned(),
            ..Self::default()
        }
    }

    /// The base URL counts where tables are made; those that are there may be for another server.
    #[must_use]
    pub fn keep_base_url(mut self, yes: bool) -> Self {
        self.keeps_base_url = yes;
        self
    }

    /// PostgreSQL: this role may store loan promises by the tables' function, and read what became of them, and nothing
    /// else.
    #[must_use]
    pub fn grant(mut self, role: impl Into<Option<String>>) -> Self {
        self.grant = role.into();
        self
    }

    /// PostgreSQL: a person has looked at what a database that went back in time may have forgotten; see
    /// [`ErrorKind::History`].
    #[must_use]
    pub fn accept_history(mut self, yes: bool) -> Self {
        self.accept_history = yes;
        self
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Done {
    /// There were no tables: they were made.
    Made,
    /// They had this older version, and were brought up to date. Every row is as it was.
    Updated(String),
    /// They were up to date.
    UpToDate,
    /// The past that the database has now is the one that counts.
    HistoryAccepted,
    /// This role may use the function and the view.
    Granted(String),
}

impl Outbox {
    /// Makes the tables where there are none, and brings older ones up to date: in PostgreSQL nothing else does that.
    /// Nothing is forgotten.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] while a program of the older version has rows under way, [`ErrorKind::OtherBaseUrl`],
    /// [`ErrorKind::Unsupported`] for tables of a newer version and for what a file of SQLite's has not, or what the
    /// database says.
    pub async fn init(place: &str, options: &InitOptions) -> Result<Vec<Done>, Error> {
        let address: Address = place.parse()?;
        let Some(path) = address.path() else {
            #[cfg(feature = "postgres")]
            return Postgres::init(&address, options).await;
            #[cfg(not(feature = "postgres"))]
            return Err(crate::outbox::without_postgres());
        };
        if options.grant.is_some() {
            let why = "a file has no roles: whoever may write it may do everything";
            return Err(Error::new(ErrorKind::Unsupported, format!("{}: {why}", path.display())));
        }
        let before = match path.exists() {
            true => Sqlite::version(path).await?,
            false => None,
        };
        let keeps = before.is_some() && options.keeps_base_url;
        Sqlite::open(path, (!keeps).then_some(&*options.base_url)).await?;
        let mut done = vec![match before {
            None => Done::Made,
            Some(version) if version == crate::sql::VERSION => Done::UpToDate,
            Some(version) => Done::Updated(version),
        }];
        // A file has no past of its own: whoever puts an older one into its place knows.
        done.extend(options.accept_history.then_some(Done::HistoryAccepted));
        Ok(done)
    }
}
