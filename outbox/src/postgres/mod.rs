//! The outbox in PostgreSQL: many machines deliver from it.

mod connection;
pub mod function;
mod init;
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

use self::connection::{Begun, BoxFuture, Connection, End, standby};
use crate::address::Address;
use crate::enqueue::Look;
use crate::error::{Error, ErrorKind, silent};
use crate::init::{Done, InitOptions};
use crate::outbox::{check_meta, older};
use crate::row::{Counts, Enqueued, Filter, Held, NewRow, Row, Transition};
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
        let looking = store.begin(|client, begun| {
            Box::pin(async move {
                if let Some(base_url) = wanted {
                    tables::make(client, &base_url, begun.history.as_deref()).await?;
                }
                facts(client).await
            })
        });
        let (version, owner) = store.in_time(OPENING, looking).await?;
        check_meta(&store.connection.place, &version, &owner, base_url)?;
        if version != sql::VERSION {
            return Err(older(&store.connection.place, &version));
        }
        store.base_url = owner.into();
        // What a crash left behind is shown as what it is; where nothing can be written there is nothing to do here.
        _ = store.in_time(OPENING, store.sweep()).await;
        Ok(store)
    }

    /// Makes the tables, or brings them up to date; what was done.
    pub(crate) async fn init(address: &Address, options: &InitOptions) -> Result<Vec<Done>, Error> {
        let store = Self {
            connection: Connection::new(address)?,
            base_url: Arc::default(),
            look: None,
        };
        let place = Arc::clone(&store.connection.place);
        let options = options.clone();
        let connection = store.connection.clone();
        let work = async move {
            let done = connection.transaction(move |client, begun| {
                Box::pin(async move {
                    let done = init::init(client, &place, &begun, &options).await?;
                    Ok(match done {
                        Ok(done) => End::Commit(Ok(done)),
                        Err(refused) => End::Rollback(Err(refused)),
                    })
                })
            });
            done.await?
        };
        store.in_time(UPGRADING, Box::pin(work)).await
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
        self.begin(move |client, begun| work(client, begun.now))
    }

    /// The same, with all that is known when it begins.
    fn begin<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c Client, Begun) -> BoxFuture<'c, Result<T, PgError>> + Send + 'static,
    ) -> Answer<T> {
        let connection = self.connection.clone();
        Box::pin(async move {
            connection
                .transaction(move |client, begun| {
                    let working = work(client, begun);
                    Box::pin(async move { working.await.map(End::Commit) })
                })
                .await
        })
    }

    /// The same of a delivery, where rows can be written, and in the past that it knows and no other.
    fn deliver<T: Send + 'static>(
        &self,
        delivery: Option<&Delivery>,
        work: impl for<'c> FnOnce(&'c Client, DateTime<Utc>) -> BoxFuture<'c, Result<T, PgError>> + Send + 'static,
    ) -> Answer<T> {
        let connection = self.connection.clone();
        let known = delivery.and_then(|delivery| delivery.history.clone());
        Box::pin(async move {
            let place = Arc::clone(&connection.place);
            let done = connection.transaction(move |client, begun| {
                let refused = match begun.history {
                    None => Err(standby(&place)),
                    now if known.is_some() && now != known => Err(another_past(&place)),
                    Some(_) => Ok(work(client, begun.now)),
                };
                Box::pin(async move {
                    Ok(match refused {
                        Ok(working) => End::Commit(Ok(working.await?)),
                        Err(error) => End::Rollback(Err(error)),
                    })
                })
            });
            done.await?
        })
    }
}

/// Version and base URL of the tables.
async fn facts(client: &Client) -> Result<(String, String), PgError> {
    let fact = async |name| tables::meta(client, name).await.map(Option::unwrap_or_default);
    Ok((fact("version").await?, fact("base_url").await?))
}

/// What to say of a database that may have forgotten what was sent.
fn another_past(place: &str) -> Error {
    Error::new(
        ErrorKind::History,
        format!(
            "{place}: the outbox's database went back in time: a standby was promoted, or a backup was restored. It may have \
             forgotten rows that were stored, and calls that were under way or answered: a loan promise that is pending \
             here may have been created. Nothing is sent before a person has looked: compare the rows that changed in the \
             last hours before it (`vitec-connect outbox list --since …`) with Vitec and with your own system, settle them \
             (`outbox hold`, `drop`, `resolve`), and then say `vitec-connect outbox init --accept-history`."
        ),
    )
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
                let mut enqueued = Vec::with_capacity(rows.len());
                for row in &rows {
                    enqueued.push(transactions::enqueue(client, now, row).await?);
                }
                Ok(enqueued)
            })
        })
    }

    fn begin_delivery(&self, lease: Duration) -> Answer<Delivery> {
        let connection = self.connection.clone();
        let beginning = self.begin(move |client, begun| {
            Box::pin(async move {
                let delivery = transactions::begin_delivery(client, begun.now, lease).await?;
                Ok((delivery, begun.history))
            })
        });
        Box::pin(async move {
            match beginning.await? {
                (delivery, Some(now)) if delivery.history.as_ref().is_some_and(|known| *known != now) => {
                    Err(another_past(&connection.place))
                }
                (delivery, _) => Ok(delivery),
            }
        })
    }

    fn exchange(&self, delivery: &Arc<Delivery>, asked: Exchange) -> Answer<Exchanged> {
        let delivery = Arc::clone(delivery);
        // Results are recorded whatever its past.
        let claiming = (!asked.wanted.is_empty()).then(|| Arc::clone(&delivery));
        self.deliver(claiming.as_deref(), move |client, now| {
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
        // Only a delivery asks: one that could write nothing says so, and waits.
        self.deliver(None, |client, _| Box::pin(transactions::customers(client)))
    }

    fn counts(&self) -> Answer<Counts> {
        self.write(|client, _| Box::pin(transactions::counts(client)))
    }

    fn list(&self, only: Filter, after: i64, limit: u32) -> Answer<Vec<Row>> {
        self.write(move |client, _| Box::pin(transactions::list(client, only, after, limit)))
    }

    fn history(&self, id: i64) -> Answer<Vec<Transition>> {
        self.write(move |client, _| Box::pin(transactions::history(client, id)))
    }

    fn oldest(&self) -> Answer<Option<DateTime<Utc>>> {
        self.write(|client, _| Box::pin(transactions::oldest(client)))
    }

    fn holds(&self) -> Answer<Vec<Held>> {
        self.write(|client, _| Box::pin(transactions::holds(client)))
    }

    fn hold_customers(&self, customers: Vec<String>, why: Option<String>) -> Answer<()> {
        self.write(move |client, now| {
            Box::pin(async move { transactions::hold_customers(client, now, &customers, why).await })
        })
    }

    fn release_customers(&self, customers: Vec<String>) -> Answer<Vec<String>> {
        self.write(move |client, now| {
            Box::pin(async move { transactions::release_customers(client, now, &customers).await })
        })
    }

    fn correct(&self, id: i64, payload: String, content_hash: String) -> Answer<bool> {
        self.write(move |client, now| {
            Box::pin(async move { transactions::correct(client, now, id, &payload, &content_hash).await })
        })
    }

    fn standing(&self, ids: Vec<i64>) -> Answer<Vec<Standing>> {
        self.write(move |client, now| Box::pin(async move { transactions::standing(client, now, &ids).await }))
    }

    fn change(&self, ids: Vec<i64>, change: Change) -> Answer<Option<i64>> {
        let connection = self.connection.clone();
        Box::pin(async move {
            connection
                .transaction(move |client, begun| {
                    Box::pin(async move {
                        Ok(match transactions::change(client, begun.now, &ids, change).await? {
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
/// `search_path`, and brought up to date by [`Outbox::init`](crate::Outbox::init); the caller's transaction has to find
/// them. The right to insert rows, to update them (a rejected one is corrected) and to select from them is enough here. It
/// works through a pooler too. A program in another language calls the tables' own function instead.
///
/// # Errors
/// Whatever PostgreSQL says. The transaction is the caller's to roll back.
pub async fn enqueue_postgres(transaction: &Transaction<'_>, row: &NewRow) -> Result<Enqueued, PgError> {
    let client = transaction.client();
    let now = statement::query_one(client, "SELECT clock_timestamp()", &[]).await?;
    transactions::enqueue(client, now.try_get(0)?, row).await
}
