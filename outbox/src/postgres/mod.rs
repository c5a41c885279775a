//! The outbox in PostgreSQL: many machines deliver from it.

mod connection;
mod passfile;
mod read;
mod tls;
mod url;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_postgres::{Error as PgError, Transaction};

use self::connection::{BoxFuture, Connection};
use self::read::{read_row, read_standing, state};
use crate::address::Address;
use crate::error::Error;
use crate::reference;
use crate::row::{Counts, Enqueued, NewRow, Row, State};
use crate::sql;
use crate::store::{
    Answer, Change, Claimed, Delivery, Exchange, Exchanged, Finished, Hold, Standing, Store, before, lease_end,
};

/// Customers are compared byte by byte: the same order everywhere, and quick.
const TABLES: &str = r#"
    CREATE TABLE IF NOT EXISTS vitec_connect_outbox_meta (name text PRIMARY KEY, value text NOT NULL);
    CREATE SEQUENCE IF NOT EXISTS vitec_connect_outbox_owner;
    CREATE TABLE IF NOT EXISTS vitec_connect_outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        operation text NOT NULL,
        key text NOT NULL,
        lookup text,
        content_hash text NOT NULL,
        reference text,
        line bigint,
        customer_id text COLLATE "C" NOT NULL,
        contact_id text NOT NULL,
        payload text,
        state text NOT NULL CHECK (state IN ('pending', 'sending', 'accepted', 'rejected', 'unknown')),
        attempt bigint NOT NULL DEFAULT 0,
        owner bigint,
        claim bigint,
        lease_until timestamptz,
        answer text,
        message text,
        kind text,
        status integer,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        UNIQUE (operation, key));
    CREATE INDEX IF NOT EXISTS vitec_connect_outbox_waiting ON vitec_connect_outbox (state, customer_id, id);
    CREATE INDEX IF NOT EXISTS vitec_connect_outbox_lookup ON vitec_connect_outbox (operation, lookup)
        WHERE lookup IS NOT NULL;
"#;

const UPGRADE: &str = "
    ALTER TABLE vitec_connect_outbox ADD COLUMN claim bigint;
    ALTER TABLE vitec_connect_outbox ADD COLUMN lookup text;";

const UPGRADE_INDEX: &str =
    "CREATE INDEX vitec_connect_outbox_lookup ON vitec_connect_outbox (operation, lookup) WHERE lookup IS NOT NULL";

/// Two processes do not make or change the tables at once.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7340032164711)";

/// How many rows are looked at together when the tables are those of an older version.
const PAGE: i64 = 1000;

#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    connection: Connection,
    base_url: Arc<str>,
}

impl Postgres {
    /// Opens the outbox; makes its tables where `base_url` says whom it is for.
    pub(crate) async fn open(address: &Address, base_url: Option<&str>) -> Result<Self, Error> {
        let connection = Connection::new(address)?;
        let wanted = base_url.map(str::to_owned);
        let (version, owner) = {
            let mut held = connection.client().await?;
            held.run(|client| {
                Box::pin(async move {
                    let transaction = client.transaction().await?;
                    if let Some(base_url) = wanted {
                        make(&transaction, &base_url).await?;
                    }
                    let version = meta(&transaction, "version").await?;
                    let owner = meta(&transaction, "base_url").await?;
                    transaction.commit().await?;
                    Ok((version, owner))
                })
            })
            .await?
        };
        crate::outbox::check_meta(&connection.place, &version, &owner, base_url)?;
        let store = Self {
            connection,
            base_url: owner.into(),
        };
        if base_url.is_some() && version != sql::VERSION {
            store.write(|transaction, _| Box::pin(upgrade(transaction))).await?;
        }
        // What a crash left behind is shown as what it is; where nothing can be written there is nothing to do here.
        _ = store.sweep().await;
        Ok(store)
    }

    /// In one transaction, or not at all.
    fn write<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c Transaction<'c>, DateTime<Utc>) -> BoxFuture<'c, Result<T, PgError>> + Send + 'static,
    ) -> Answer<T> {
        let connection = self.connection.clone();
        Box::pin(async move {
            let mut held = connection.client().await?;
            held.run(|client| {
                Box::pin(async move {
                    let transaction = client.transaction().await?;
                    let now = transaction
                        .query_one("SELECT clock_timestamp()", &[])
                        .await?
                        .try_get(0)?;
                    let done = work(&transaction, now).await?;
                    // Before anything is sent: a lock held across the call would be freed when the connection drops, and
                    // another delivery would send the row again.
                    transaction.commit().await?;
                    Ok(done)
                })
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
        self.write(move |transaction, now| {
            Box::pin(async move {
                upgrade(transaction).await?;
                let mut enqueued = Vec::with_capacity(rows.len());
                for row in &rows {
                    enqueued.push(store(transaction, now, row).await?);
                }
                Ok(enqueued)
            })
        })
    }

    fn begin_delivery(&self, lease: Duration) -> Answer<Delivery> {
        self.write(move |transaction, now| {
            Box::pin(async move {
                upgrade(transaction).await?;
                transaction.execute(sql::EXPIRED, &[&sql::ORPHANED, &now]).await?;
                let next = "SELECT nextval('vitec_connect_outbox_owner')";
                Ok(Delivery {
                    owner: transaction.query_one(next, &[]).await?.try_get(0)?,
                    lease,
                    _lock: None,
                })
            })
        })
    }

    fn exchange(&self, delivery: &Arc<Delivery>, asked: Exchange) -> Answer<Exchanged> {
        let delivery = Arc::clone(delivery);
        self.write(move |transaction, now| {
            Box::pin(async move {
                let mut exchanged = Exchanged {
                    released: release(transaction, now, &delivery, &asked.failed).await?,
                    ..Exchanged::default()
                };
                for finished in &asked.finished {
                    exchanged
                        .recorded
                        .push(record(transaction, now, &delivery, finished).await?);
                }
                let lease_until = lease_end(now, delivery.lease);
                for want in &asked.wanted {
                    let rows = transaction
                        .query(
                            sql::CLAIM_SKIPPING_LOCKED,
                            &[
                                &want.customer_id,
                                &(want.rows as i64),
                                &delivery.owner,
                                &asked.claim,
                                &lease_until,
                                &now,
                            ],
                        )
                        .await?;
                    for row in rows {
                        exchanged.claimed.push(Claimed {
                            id: row.try_get(0)?,
                            operation: row.try_get(1)?,
                            customer_id: row.try_get(2)?,
                            contact_id: row.try_get(3)?,
                            payload: row.try_get::<_, Option<String>>(4)?.unwrap_or_default(),
                            attempt: row.try_get(5)?,
                            reference: row.try_get(6)?,
                            line: row.try_get(7)?,
                            at: now,
                        });
                    }
                }
                Ok(exchanged)
            })
        })
    }

    fn hold(&self, delivery: &Arc<Delivery>, asked: Hold) -> Answer<u64> {
        let delivery = Arc::clone(delivery);
        self.write(move |transaction, now| {
            Box::pin(async move {
                let lease_until = lease_end(now, delivery.lease);
                for (id, attempt) in &asked.in_hand {
                    transaction.execute(sql::RENEW, &[id, attempt, &lease_until]).await?;
                }
                let released = release(transaction, now, &delivery, &asked.failed).await?;
                transaction.execute(sql::EXPIRED, &[&sql::ORPHANED, &now]).await?;
                Ok(released)
            })
        })
    }

    fn sweep(&self) -> Answer<u64> {
        self.write(|transaction, now| {
            Box::pin(async move { transaction.execute(sql::EXPIRED, &[&sql::ORPHANED, &now]).await })
        })
    }

    fn customers(&self) -> Answer<Vec<String>> {
        self.write(|transaction, _| {
            Box::pin(async move {
                let rows = transaction.query(sql::CUSTOMERS, &[]).await?;
                rows.iter().map(|row| row.try_get(0)).collect()
            })
        })
    }

    fn counts(&self) -> Answer<Counts> {
        self.write(|transaction, _| {
            Box::pin(async move {
                let mut counts = Counts::default();
                for row in transaction.query(sql::COUNTS, &[]).await? {
                    *counts.of_mut(state(&row, 0)?) = row.try_get::<_, i64>(1)? as u64;
                }
                Ok(counts)
            })
        })
    }

    fn list(&self, only: Option<State>, after: i64, limit: u32) -> Answer<Vec<Row>> {
        let limit = i64::from(limit);
        self.write(move |transaction, _| {
            Box::pin(async move {
                let rows = match only {
                    None => transaction.query(sql::LIST, &[&after, &limit]).await?,
                    Some(state) => {
                        let state = state.as_str();
                        transaction.query(sql::LIST_STATE, &[&after, &limit, &state]).await?
                    }
                };
                rows.iter().map(read_row).collect()
            })
        })
    }

    fn standing(&self, ids: Vec<i64>) -> Answer<Vec<Standing>> {
        self.write(move |transaction, now| {
            Box::pin(async move {
                let ids: Vec<_> = ids.iter().map(|id| id as _).collect();
                let rows = transaction.query(&sql::standing(ids.len()), &ids).await?;
                rows.iter().map(|row| read_standing(row, now)).collect()
            })
        })
    }

    fn change(&self, ids: Vec<i64>, change: Change) -> Answer<Option<i64>> {
        let connection = self.connection.clone();
        Box::pin(async move {
            let mut held = connection.client().await?;
            held.run(|client| {
                Box::pin(async move {
                    let transaction = client.transaction().await?;
                    let now: DateTime<Utc> = transaction
                        .query_one("SELECT clock_timestamp()", &[])
                        .await?
                        .try_get(0)?;
                    for id in ids {
                        if transaction.execute(change.statement(), &[&id, &now]).await? == 0 {
                            return Ok(Some(id));
                        }
                    }
                    transaction.commit().await?;
                    Ok(None)
                })
            })
            .await
        })
    }

    fn retry_unknown(&self) -> Answer<u64> {
        self.write(|transaction, now| Box::pin(async move { transaction.execute(sql::RETRY_UNKNOWN, &[&now]).await }))
    }

    fn purge(&self, keep: Duration) -> Answer<u64> {
        self.write(move |transaction, now| {
            Box::pin(async move {
                match before(now, keep) {
                    Some(before) => transaction.execute(sql::PURGE, &[&before]).await,
                    None => Ok(0),
                }
            })
        })
    }
}

/// Whether it is recorded, by now or already.
async fn record(
    transaction: &Transaction<'_>,
    now: DateTime<Utc>,
    delivery: &Delivery,
    it: &Finished,
) -> Result<bool, PgError> {
    let (state, status) = (it.state.as_str(), it.status.map(i32::from));
    let recorded = transaction
        .execute(
            sql::RECORD,
            &[
                &it.id,
                &it.attempt,
                &state,
                &it.answer,
                &it.message,
                &it.kind,
                &status,
                &now,
            ],
        )
        .await?;
    if recorded > 0 {
        return Ok(true);
    }
    let before = transaction
        .query_opt(sql::RECORDED, &[&it.id, &it.attempt, &delivery.owner])
        .await?;
    Ok(before.is_some())
}

async fn release(
    transaction: &Transaction<'_>,
    now: DateTime<Utc>,
    delivery: &Delivery,
    failed: &[RangeInclusive<i64>],
) -> Result<u64, PgError> {
    let mut released = 0;
    for claims in failed {
        released += transaction
            .execute(sql::RELEASE, &[&delivery.owner, claims.start(), claims.end(), &now])
            .await?;
    }
    Ok(released)
}

async fn meta(transaction: &Transaction<'_>, name: &str) -> Result<String, PgError> {
    transaction.query_one(sql::META, &[&name]).await?.try_get(0)
}

/// Makes the tables for the rows of a server, where there are none.
async fn make(transaction: &Transaction<'_>, base_url: &str) -> Result<(), PgError> {
    // Who may only write rows need not be allowed to make tables.
    let there = "SELECT to_regclass('vitec_connect_outbox_meta') IS NOT NULL";
    if transaction.query_one(there, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(());
    }
    transaction.batch_execute(LOCK).await?;
    transaction.batch_execute(TABLES).await?;
    for (name, value) in [("version", sql::VERSION), ("base_url", base_url)] {
        transaction.execute(sql::SET_META, &[&name, &value]).await?;
    }
    Ok(())
}

/// From version 1. Nothing is forgotten: each row is found under its own reference and under the normal form of it.
async fn upgrade(transaction: &Transaction<'_>) -> Result<(), PgError> {
    if meta(transaction, "version").await? != sql::VERSION_1 {
        return Ok(());
    }
    transaction.batch_execute(LOCK).await?;
    // Another process may have been quicker.
    if meta(transaction, "version").await? != sql::VERSION_1 {
        return Ok(());
    }
    transaction.batch_execute(UPGRADE).await?;
    let mut after = 0_i64;
    loop {
        let page = transaction.query(sql::UPGRADE_REFERENCES, &[&after, &PAGE]).await?;
        let Some(last) = page.last() else { break };
        after = last.try_get(0)?;
        for row in page {
            let (id, reference) = (row.try_get::<_, i64>(0)?, row.try_get::<_, &str>(1)?);
            if reference::normal(reference) != reference {
                let key = reference::key(reference);
                for statement in [sql::RENAME, sql::REKEY] {
                    transaction.execute(statement, &[&id, &key]).await?;
                }
            }
        }
    }
    transaction.batch_execute(UPGRADE_INDEX).await?;
    transaction.execute(sql::UPGRADED, &[&sql::VERSION]).await?;
    Ok(())
}

/// Stores a row inside the caller's own transaction: it is sent if, and only if, what belongs to it is stored too.
///
/// The tables are made by [`Outbox::open_postgres`](crate::Outbox::open_postgres), in the first schema of the
/// `search_path`; the caller's transaction has to find them there.
///
/// # Errors
/// Whatever PostgreSQL says. The transaction is the caller's to roll back.
pub async fn enqueue_postgres(transaction: &Transaction<'_>, row: &NewRow) -> Result<Enqueued, PgError> {
    let now = transaction
        .query_one("SELECT clock_timestamp()", &[])
        .await?
        .try_get(0)?;
    store(transaction, now, row).await
}

async fn store(transaction: &Transaction<'_>, now: DateTime<Utc>, row: &NewRow) -> Result<Enqueued, PgError> {
    let hash = row.content_hash();
    let key = row.key(&hash);
    let line = row.line.map(|line| line as i64);
    let (customer, contact) = (row.customer_id.as_str(), row.contact_id.as_str());
    let new = transaction
        .query_opt(
            sql::INSERT,
            &[
                &row.operation,
                &key,
                &hash,
                &row.reference,
                &line,
                &customer,
                &contact,
                &row.payload,
                &now,
            ],
        )
        .await?;
    if let Some(new) = new {
        return Ok(Enqueued::New(new.try_get(0)?));
    }
    let known = transaction.query(sql::FIND, &[&row.operation, &key]).await?;
    let mut enqueued = None;
    for row in known.iter().take(1) {
        let id = row.try_get(0)?;
        enqueued = Some(match row.try_get::<_, &str>(2)? == hash {
            true => Enqueued::Known(id, state(row, 1)?),
            false => Enqueued::OtherContent(id),
        });
    }
    // The row that was in the way is there, unless it was deleted by hand between the two statements.
    Ok(enqueued.unwrap_or(Enqueued::OtherContent(0)))
}
