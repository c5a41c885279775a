//! The outbox: one face for both databases.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use vitec_connect::CustomerId;

use crate::address::Address;
use crate::error::{Error, ErrorKind, silent};
#[cfg(feature = "postgres")]
use crate::postgres::Postgres;
use crate::row::{Counts, Enqueued, Filter, Held, NewRow, Row, State, Transition, content_hash, written};
use crate::sql;
use crate::sqlite::Sqlite;
use crate::store::{Answer, Change, STANDING, Standing, Store};

/// How long a database may take for what a person or a file waits for: half a thousand rows, a walk through all of them.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long it may take to write all rows.
const LONG_PATIENCE: Duration = Duration::from_secs(3600);

/// A durable outbox in a file of SQLite's or in PostgreSQL. Cheap to clone; clones share the connection.
#[derive(Clone, Debug)]
pub struct Outbox {
    pub(crate) store: Arc<dyn Store>,
}

impl Outbox {
    /// Opens the outbox at a path, or at a `postgres://` URL; see [`Address`].
    ///
    /// With a base URL, the one of [`Client::base_url`](vitec_connect::Client::base_url), it is made where it does not
    /// exist, and refused where it belongs to another one. Without, it has to exist: that is enough to look at it.
    ///
    /// # Errors
    /// [`ErrorKind::OtherBaseUrl`], [`ErrorKind::NotFound`], [`ErrorKind::Unsupported`], or what the database says.
    pub async fn open(place: &str, base_url: Option<&str>) -> Result<Self, Error> {
        let address: Address = place.parse()?;
        if let Some(path) = address.path() {
            return Self::open_sqlite(path, base_url).await;
        }
        #[cfg(feature = "postgres")]
        return Self::open_database(&address, base_url).await;
        #[cfg(not(feature = "postgres"))]
        Err(without_postgres())
    }

    /// Opens the outbox to look: [`enqueue`](Self::enqueue) then says what would become of rows, and nothing is written.
    /// No table is made or changed, and what a crash left `sending` stays so. Where there is no outbox, an empty one stands
    /// for it.
    ///
    /// # Errors
    /// See [`open`](Self::open).
    pub async fn open_to_look(place: &str, base_url: &str) -> Result<Self, Error> {
        let address: Address = place.parse()?;
        if let Some(path) = address.path() {
            return Ok(Self::new(Sqlite::look(path, normal(base_url)).await?));
        }
        #[cfg(feature = "postgres")]
        return match Postgres::look(&address, normal(base_url)).await? {
            Some(store) => Ok(Self::new(store)),
            None => Ok(Self::new(Sqlite::look(Path::new(""), normal(base_url)).await?)),
        };
        #[cfg(not(feature = "postgres"))]
        Err(without_postgres())
    }

    /// Opens the outbox in a file of SQLite's, on a local disk: network file systems do not keep its promises.
    ///
    /// The file, and what SQLite puts beside it, can be read by its owner only (mode 0600 on Unix), also where it could be
    /// read by others before; not where other tables than the outbox's lie in it. Rows that a crash left `sending` are
    /// `unknown` from here on.
    ///
    /// # Errors
    /// See [`open`](Self::open).
    pub async fn open_sqlite(path: impl AsRef<Path>, base_url: Option<&str>) -> Result<Self, Error> {
        let store = Sqlite::open(path.as_ref(), base_url.map(normal)).await?;
        Ok(Self::new(store))
    }

    /// Opens the outbox in PostgreSQL, 13 or newer: many machines can deliver from it.
    ///
    /// `sslmode` in the URL is PostgreSQL's own; `prefer`, the default, uses TLS where the server has it. A certificate is
    /// always checked, with the server's name: by the certificates in the file that `sslrootcert` names, else by the
    /// operating system. With `sslrootcert`, TLS is required.
    ///
    /// Where the URL has no password it is looked for in `PGPASSWORD`, then in the file that `PGPASSFILE` names, else in
    /// `~/.pgpass`. A file that others can read is ignored. Where it has no user, `PGUSER` counts.
    ///
    /// # Errors
    /// See [`open`](Self::open).
    #[cfg(feature = "postgres")]
    pub async fn open_postgres(url: &str, base_url: Option<&str>) -> Result<Self, Error> {
        let address: Address = url.parse()?;
        match address.path() {
            Some(_) => Err(crate::address::not_understood()),
            None => Self::open_database(&address, base_url).await,
        }
    }

    #[cfg(feature = "postgres")]
    async fn open_database(address: &Address, base_url: Option<&str>) -> Result<Self, Error> {
        let store = Postgres::open(address, base_url.map(normal)).await?;
        Ok(Self::new(store))
    }

    /// Where the outbox lies, without a password.
    pub fn place(&self) -> String {
        self.store.place()
    }

    /// Stores rows durably, all of them in one transaction; what became of each, in their order.
    ///
    /// # Errors
    /// Whatever the database says; then none is stored.
    pub async fn enqueue(&self, rows: Vec<NewRow>) -> Result<Vec<Enqueued>, Error> {
        self.wait(PATIENCE, self.store.enqueue(rows)).await
    }

    /// How many rows are in each state.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn counts(&self) -> Result<Counts, Error> {
        self.wait(PATIENCE, self.store.counts()).await
    }

    /// At most `limit` rows with numbers above `after`, in their order: pages through an outbox of any size.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list(&self, only: &Filter, after: i64, limit: u32) -> Result<Vec<Row>, Error> {
        self.wait(PATIENCE, self.store.list(only.clone(), after, limit)).await
    }

    /// What became of a row, step by step: of a long history the first ten steps and the last forty.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn history(&self, id: i64) -> Result<Vec<Transition>, Error> {
        self.wait(PATIENCE, self.store.history(id)).await
    }

    /// Since when the row is pending that has been so for longest. None where none is.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn oldest_pending(&self) -> Result<Option<DateTime<Utc>>, Error> {
        self.wait(PATIENCE, self.store.oldest()).await
    }

    /// The customers that are held: their credentials were refused, or a person holds them. None of their rows is sent.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn holds(&self) -> Result<Vec<Held>, Error> {
        self.wait(PATIENCE, self.store.holds()).await
    }

    /// Holds customers: none of their rows is sent until they are [released](Self::release), by whatever process. What is
    /// under way ends.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn hold(&self, customers: &[CustomerId], why: Option<&str>) -> Result<(), Error> {
        let held = self.store.hold_customers(names(customers), why.map(str::to_owned));
        self.wait(PATIENCE, held).await
    }

    /// Releases customers. Until the first answer one row at a time is sent for each. Returns those that were held.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn release(&self, customers: &[CustomerId]) -> Result<Vec<String>, Error> {
        self.wait(PATIENCE, self.store.release_customers(names(customers)))
            .await
    }

    /// One row.
    ///
    /// # Errors
    /// [`ErrorKind::Row`] where there is none with this number.
    pub async fn row(&self, id: i64) -> Result<Row, Error> {
        let rows = self.list(&Filter::default(), id.saturating_sub(1), 1).await?;
        rows.into_iter()
            .find(|row| row.id == id)
            .ok_or_else(|| Error::new(ErrorKind::Row, format!("there is no row {id}")))
    }

    /// Puts rejected and unknown rows back to pending, all of them or none. A row that was unknown may then be created a
    /// second time.
    ///
    /// # Errors
    /// [`ErrorKind::Row`] for a row in another state, or one whose payload was purged.
    pub async fn requeue(&self, rows: &[i64]) -> Result<(), Error> {
        self.change(rows, Change::Requeue).await
    }

    /// Settles unknown rows on the word of a person who has looked in Vitec, all of them or none.
    ///
    /// # Errors
    /// [`ErrorKind::Row`] for a row in another state.
    pub async fn resolve(&self, rows: &[i64], resolution: Resolution) -> Result<(), Error> {
        let change = match resolution {
            Resolution::Accepted => Change::ResolveAccepted,
            Resolution::NotSent => Change::ResolveNotSent,
        };
        self.change(rows, change).await
    }

    /// Gives up pending, rejected and unknown rows, all of them or none: they are never sent. What was unknown may have been
    /// created all the same, and a late answer that says so still counts.
    ///
    /// # Errors
    /// [`ErrorKind::Row`] for a row in another state.
    pub async fn drop_rows(&self, rows: &[i64]) -> Result<(), Error> {
        self.change(rows, Change::Drop).await
    }

    /// Gives a rejected or pending row another body; it becomes pending. What was sent of it before had the old one: where
    /// that is heard to have been accepted after all, the correction is not sent.
    ///
    /// # Errors
    /// [`ErrorKind::Row`] for a row in another state, and a body that cannot be written as JSON.
    pub async fn correct(&self, id: i64, body: &impl Serialize) -> Result<(), Error> {
        let row = self.row(id).await?;
        let payload = written(body)?;
        let hash = content_hash(&row.operation, &row.customer_id, &row.subject, &payload);
        if self.wait(PATIENCE, self.store.correct(id, payload, hash)).await? {
            return Ok(());
        }
        let row = self.row(id).await?;
        let advice = match row.state {
            State::Sending => "Wait for its outcome",
            State::Accepted => "Correct it in Vitec",
            State::Unknown => "It may have been created: look in Vitec, and say what you found (`outbox resolve`)",
            State::Dropped => "What is to be sent after all needs a row of its own",
            State::Pending | State::Rejected => "Its payload was purged: it needs a row of its own",
        };
        Err(Error::new(
            ErrorKind::Row,
            format!(
                "row {id} is {}; only pending and rejected rows can be corrected. {advice}. No row was changed.",
                row.state
            ),
        ))
    }

    async fn change(&self, rows: &[i64], change: Change) -> Result<(), Error> {
        // A row that is named twice is decided about once.
        let mut once = rows.to_vec();
        once.sort_unstable();
        once.dedup();
        let changed = self.store.change(once, change);
        let Some(refused) = self.wait(PATIENCE, changed).await? else {
            return Ok(());
        };
        let row = self.row(refused).await?;
        let why = match (&row.payload, change) {
            (None, Change::Requeue) => "has been purged, and there is nothing left to send".to_owned(),
            (_, Change::Requeue) => format!("is {}; only rejected and unknown rows can be sent again", row.state),
            (_, Change::Drop) => format!(
                "is {}; only pending, rejected and unknown rows can be given up",
                row.state
            ),
            (_, _) => format!("is {}; only unknown rows wait for a decision", row.state),
        };
        Err(Error::new(
            ErrorKind::Row,
            format!("row {refused} {why}. No row was changed."),
        ))
    }

    /// Puts every unknown row back to pending, deliberately: each may be created a second time. Returns how many.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn retry_unknown(&self) -> Result<u64, Error> {
        self.wait(LONG_PATIENCE, self.store.retry_unknown()).await
    }

    /// Removes payloads, answers and messages of rows that were accepted, rejected or dropped longer ago than `keep`. What rows are
    /// recognised by stays: the same file again still sends nothing. Returns how many rows it was.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn purge(&self, keep: Duration) -> Result<u64, Error> {
        self.wait(LONG_PATIENCE, self.store.purge(keep)).await
    }

    pub(crate) fn new(store: impl Store + 'static) -> Self {
        Self { store: Arc::new(store) }
    }

    pub(crate) fn belongs_to(&self) -> &str {
        self.store.base_url()
    }

    /// What has become of rows, by their numbers. One that is not there is left out.
    #[allow(dead_code, reason = "for the batch")]
    pub(crate) async fn standing(&self, ids: &[i64]) -> Result<Vec<Standing>, Error> {
        let mut all = Vec::with_capacity(ids.len());
        for page in ids.chunks(STANDING) {
            all.extend(self.wait(PATIENCE, self.store.standing(page.to_vec())).await?);
        }
        Ok(all)
    }

    /// Rows whose delivery is gone become unknown. Returns how many.
    #[allow(dead_code, reason = "for the batch")]
    pub(crate) async fn sweep(&self) -> Result<u64, Error> {
        self.wait(PATIENCE, self.store.sweep()).await
    }

    /// Every wait for a database has an end.
    pub(crate) async fn wait<T>(&self, patience: Duration, answer: Answer<T>) -> Result<T, Error> {
        match tokio::time::timeout(patience, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(silent(&self.store.place(), patience)),
        }
    }
}

/// What a person found in Vitec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// It is there: the row becomes accepted.
    Accepted,
    /// It is not there: the row becomes pending, and the next delivery sends it.
    NotSent,
}

#[cfg(not(feature = "postgres"))]
pub(crate) fn without_postgres() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "this program was built without PostgreSQL (feature `postgres` of vitec-connect-outbox)",
    )
}

/// What to say of tables of an older version, where they are not brought up to date in passing.
pub(crate) fn older(place: &str, version: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "{place}: the outbox's tables have version {version}, and this program works with version {}. End the older \
             programs, and run `vitec-connect outbox init` once: it brings the tables up to date, and nothing is forgotten.",
            sql::VERSION
        ),
    )
}

fn names(customers: &[CustomerId]) -> Vec<String> {
    let mut names: Vec<String> = customers.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// `https://x` and `https://x/` are the same place.
pub(crate) fn normal(base_url: &str) -> &str {
    base_url.trim_end_matches('/')
}

/// Refuses what is not for this program or not for this server.
pub(crate) fn check_meta(place: &str, version: &str, owner: &str, base_url: Option<&str>) -> Result<(), Error> {
    if ![sql::VERSION, sql::VERSION_2, sql::VERSION_1].contains(&version) {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "{place}: the outbox has version {version}, and this program knows version {}: use a newer program.",
                sql::VERSION
            ),
        ));
    }
    match base_url {
        Some(base_url) if base_url != owner => Err(Error::new(
            ErrorKind::OtherBaseUrl,
            format!("{place}: the outbox belongs to {owner}, not to {base_url}: use an outbox of its own for each."),
        )),
        _ => Ok(()),
    }
}
