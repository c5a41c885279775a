//! The outbox: one face for both databases.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::error::{Error, ErrorKind};
#[cfg(feature = "postgres")]
use crate::postgres::Postgres;
use crate::row::{Counts, Enqueued, NewRow, Row, State};
use crate::sql;
use crate::sqlite::Sqlite;
use crate::store::{Change, Delivery, Exchanged, Finished, Want};

/// A durable outbox in a file of SQLite's or in PostgreSQL. Cheap to clone; clones share the connection.
#[derive(Clone, Debug)]
pub struct Outbox(Store);

#[derive(Clone, Debug)]
enum Store {
    Sqlite(Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
}

/// The same call to whichever database it is.
macro_rules! either {
    ($outbox:expr, $store:ident => $call:expr) => {
        match &$outbox.0 {
            Store::Sqlite($store) => $call,
            #[cfg(feature = "postgres")]
            Store::Postgres($store) => $call,
        }
    };
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
        Err(Error::new(
            ErrorKind::Unsupported,
            "this program was built without PostgreSQL (feature `postgres` of vitec-connect-outbox)",
        ))
    }

    /// Opens the outbox in a file of SQLite's, on a local disk: network file systems do not keep its promises.
    ///
    /// A new file, and what SQLite puts beside it, can be read by its owner only (mode 0600 on Unix). Rows that a crash
    /// left `sending` are `unknown` from here on.
    ///
    /// # Errors
    /// See [`open`](Self::open).
    pub async fn open_sqlite(path: impl AsRef<Path>, base_url: Option<&str>) -> Result<Self, Error> {
        let store = Sqlite::open(path.as_ref(), base_url.map(normal)).await?;
        Ok(Self(Store::Sqlite(store)))
    }

    /// Opens the outbox in PostgreSQL, 12 or newer: many machines can deliver from it.
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
        Ok(Self(Store::Postgres(store)))
    }

    /// Where the outbox lies, without a password.
    pub fn place(&self) -> String {
        either!(self, store => store.place())
    }

    /// Stores rows durably, all of them in one transaction; what became of each, in their order.
    ///
    /// # Errors
    /// Whatever the database says; then none is stored.
    pub async fn enqueue(&self, rows: Vec<NewRow>) -> Result<Vec<Enqueued>, Error> {
        either!(self, store => store.enqueue(rows).await)
    }

    /// How many rows are in each state.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn counts(&self) -> Result<Counts, Error> {
        either!(self, store => store.counts().await)
    }

    /// At most `limit` rows with numbers above `after`, in their order: pages through an outbox of any size.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn list(&self, only: Option<State>, after: i64, limit: u32) -> Result<Vec<Row>, Error> {
        either!(self, store => store.list(only, after, limit).await)
    }

    /// One row.
    ///
    /// # Errors
    /// [`ErrorKind::Row`] where there is none with this number.
    pub async fn row(&self, id: i64) -> Result<Row, Error> {
        let rows = self.list(None, id.saturating_sub(1), 1).await?;
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

    async fn change(&self, rows: &[i64], change: Change) -> Result<(), Error> {
        let Some(refused) = either!(self, store => store.change(rows, change).await)? else {
            return Ok(());
        };
        let row = self.row(refused).await?;
        let why = match (&row.payload, change) {
            (None, Change::Requeue) => "has been purged, and there is nothing left to send".to_owned(),
            (_, Change::Requeue) => format!("is {}; only rejected and unknown rows can be sent again", row.state),
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
        either!(self, store => store.retry_unknown().await)
    }

    /// Removes payloads, answers and messages of rows that were accepted or rejected longer ago than `keep`. What rows are
    /// recognised by stays: the same file again still sends nothing. Returns how many rows it was.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn purge(&self, keep: Duration) -> Result<u64, Error> {
        either!(self, store => store.purge(keep).await)
    }

    pub(crate) fn belongs_to(&self) -> &str {
        either!(self, store => store.base_url())
    }

    pub(crate) async fn begin_delivery(&self, lease: Duration) -> Result<Delivery, Error> {
        either!(self, store => store.begin_delivery(lease).await)
    }

    pub(crate) async fn exchange(
        &self,
        delivery: &Arc<Delivery>,
        finished: &[Finished],
        wanted: &[Want],
    ) -> Result<Exchanged, Error> {
        either!(self, store => store.exchange(delivery, finished, wanted).await)
    }

    pub(crate) async fn renew(&self, delivery: &Arc<Delivery>, in_hand: &[i64]) -> Result<(), Error> {
        either!(self, store => store.renew(delivery, in_hand).await)
    }

    pub(crate) async fn customers(&self) -> Result<Vec<String>, Error> {
        either!(self, store => store.customers().await)
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

/// `https://x` and `https://x/` are the same place.
fn normal(base_url: &str) -> &str {
    base_url.trim_end_matches('/')
}

/// Refuses what is not for this program or not for this server.
pub(crate) fn check_meta(place: &str, version: &str, owner: &str, base_url: Option<&str>) -> Result<(), Error> {
    if version != sql::VERSION {
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
