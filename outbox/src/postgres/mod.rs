//! The outbox in PostgreSQL: many machines deliver from it.

mod connection;
pub mod function;
mod look;
mod passfile;
mod read;
mod statement;
mod tables;
mod tls;
mod transactions;
mod url;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::timeout;
use tokio_postgres::{Client, Error as PgError, Transaction};

use self::connection::{BoxFuture, Connection, End};
use crate::address::Address;
use crate::enqueue::Look;
use crate::error::{Error, silent};
use crate::row::{Counts, Enqueued, NewRow, Row, State};
use crate::sql;
use crate::store::{Answer, Change, Delivery, Exchange, Exchanged, Hold, Standing, Store};

/// How long it may take to look at the tables, or to make them.
const OPENING: Duration = Duration::from_secs(60);

/// How long it may take to make the tables of an older version those of the newest: every row is read and written.
const UPGRADING: Duration = Duration::from_secs(3600);

#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    connection: Connection,
    base_url: Arc<str>,
    /// Where it was opened to look: nothing is written.
    look: Option<Arc<Look>>,
}

impl Postgres {
    /// Opens the outbox; makes its tables where `base_url` says whom it is for.
    pub(crate) async fn open(address: &Address, base_url: Option<&str>) -> Result<Self, Error> {
        let connection = Connection::new(address)?;
        let wanted = base_url.map(str::to_owned);
        let mut store = Self {
            connection,
            base_url: Arc::default(),
            look: None,
        };
        let looking = store.write(|client, _| {
            Box::pin(async move {
                if let Some(base_url) = wanted {
                    tables::make(client, &base_url).await?;
                }
                Ok((
                    tables::meta(client, "version").await?,
                    tables::meta(client, "base_url").await?,
                ))
            })
        });
        let (version, owner) = store.in_time(OPENING, looking).await?;
        crate::outbox::check_meta(&store.connection.place, &version, &owner, base_url)?;
        store.base_url = owner.into();
        if base_url.is_some() && version != sql::VERSION {
            let upgrading = store.write(|client, _| Box::pin(tables::upgrade(client)));
            store.in_time(UPGRADING, upgrading).await?;
        }
        // What a crash left behind is shown as what it is; where nothing can be written there is nothing to do here.
        _ = store.in_time(OPENING, store.sweep()).await;
        Ok(store)
    }

    /// Opens the outbox to look, and changes nothing. None where there is none.
    pub(crate) async fn look(address: &Address, base_url: &str) -> Result<Option<Self>, Error> {
        look::open(address, base_url).await
    }

    async fn in_time<T>(&self, patience: Duration, answer: Answer<T>) -> Result<T, Error> {
        let late = |_| silent(&self.connection.place, patience);
        timeout(patience, answer).await.map_err(late)?
    }

    /// In one transaction, or not at all. It is committed before anything is sent: a lock held across the call would be
    /// freed when the connection drops, and another delivery would send the row again.
    fn write<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c Client, DateTime<Utc>) -> BoxFuture<'c, Result<T, PgError>> + Send + 'static,
    ) -> Answer<T> {
        let connection = self.connection.clone();
        Box::pin(async move {
            connection
                .transaction(move |client, now| {
                    let working = work(client, now);
                    Box::pin(async move { working.await.map(End::Commit) })
                })
                .await
        })
    }
}

impl Store for Postgres {
    fn place(&self) -> String {
        self.connection.place.to_string()
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn enqueue(&self, rows: Vec<NewRow>) -> Answer<Vec<Enqueued>> {
        if let Some(look) = self.look.clone() {
            return self.write(move |client, _| {
                Box::pin(async move {
                    let mut enqueued = Vec::with_capacity(rows.len());
                    for row in &rows {
                        enqueued.push(look::outlook(client, &look, row).await?);
                    }
                    Ok(enqueued)
                })
            });
        }
        self.write(move |client, now| {
            Box::pin(async move {
                tables::upgrade(client).await?;
                let mut enqueued = Vec::with_capacity(rows.len());
                for row in &rows {
                    enqueued.push(transactions::enqueue(client, now, row).await?);
                }
                Ok(enqueued)
            })
        })
    }

    fn begin_delivery(&self, lease: Duration) -> Answer<Delivery> {
        self.write(move |client, now| {
            Box::pin(async move {
                tables::upgrade(client).await?;
                transactions::begin_delivery(client, now, lease).await
            })
        })
    }

    fn exchange(&self, delivery: &Arc<Delivery>, asked: Exchange) -> Answer<Exchanged> {
        let delivery = Arc::clone(delivery);
        self.write(move |client, now| {
            Box::pin(async move { transactions::exchange(client, now, &delivery, &asked).await })
        })
    }

    fn hold(&self, delivery: &Arc<Delivery>, asked: Hold) -> Answer<u64> {
        let delivery = Arc::clone(delivery);
        self.write(move |client, now| Box::pin(async move { transactions::hold(client, now, &delivery, &asked).await }))
    }

    fn sweep(&self) -> Answer<u64> {
        self.write(|client, now| Box::pin(transactions::sweep(client, now)))
    }

    fn customers(&self) -> Answer<Vec<String>> {
        self.write(|client, _| Box::pin(transactions::customers(client)))
    }

    fn counts(&self) -> Answer<Counts> {
        self.write(|client, _| Box::pin(transactions::counts(client)))
    }

    fn list(&self, only: Option<State>, after: i64, limit: u32) -> Answer<Vec<Row>> {
        self.write(move |client, _| Box::pin(transactions::list(client, only, after, limit)))
    }

    fn standing(&self, ids: Vec<i64>) -> Answer<Vec<Standing>> {
        self.write(move |client, now| Box::pin(async move { transactions::standing(client, now, &ids).await }))
    }

    fn change(&self, ids: Vec<i64>, change: Change) -> Answer<Option<i64>> {
        let connection = self.connection.clone();
        Box::pin(async move {
            connection
                .transaction(move |client, now| {
                    Box::pin(async move {
                        Ok(match transactions::change(client, now, &ids, change).await? {
                            None => End::Commit(None),
                            refused => End::Rollback(refused),
                        })
                    })
                })
                .await
        })
    }

    fn retry_unknown(&self) -> Answer<u64> {
        self.write(|client, now| Box::pin(transactions::retry_unknown(client, now)))
    }

    fn purge(&self, keep: Duration) -> Answer<u64> {
        self.write(move |client, now| Box::pin(transactions::purge(client, now, keep)))
    }
}

/// Stores a row inside the caller's own transaction: it is sent if, and only if, what belongs to it is stored too.
///
/// The tables are made by [`Outbox::open_postgres`](crate::Outbox::open_postgres), in the first schema of the
/// `search_path`, and brought up to this version there; the caller's transaction has to find them. The right to insert
/// into them and to select from them is enough here. It works through a pooler too.
///
/// # Errors
/// Whatever PostgreSQL says. The transaction is the caller's to roll back.
pub async fn enqueue_postgres(transaction: &Transaction<'_>, row: &NewRow) -> Result<Enqueued, PgError> {
    let client = transaction.client();
    let now = statement::query_one(client, "SELECT clock_timestamp()", &[]).await?;
    transactions::enqueue(client, now.try_get(0)?, row).await
}
