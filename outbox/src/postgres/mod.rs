//! The outbox in PostgreSQL: many machines deliver from it.

mod connection;
mod passfile;
mod read;
mod tls;
mod url;

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::{Error as PgError, Statement, Transaction};

use self::connection::Connection;
use self::read::{read_row, state, text};
use crate::address::Address;
use crate::error::Error;
use crate::row::{Counts, Enqueued, NewRow, Row, State};
use crate::sql;
use crate::store::{Change, Claimed, Delivery, Exchanged, Finished, Want};

/// Customers are compared byte by byte: the same order everywhere, and quick.
const TABLES: &str = r#"
    SELECT pg_advisory_xact_lock(7340032164711);
    CREATE TABLE IF NOT EXISTS vitec_connect_outbox_meta (name text PRIMARY KEY, value text NOT NULL);
    CREATE SEQUENCE IF NOT EXISTS vitec_connect_outbox_owner;
    CREATE TABLE IF NOT EXISTS vitec_connect_outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        operation text NOT NULL,
        key text NOT NULL,
        content_hash text NOT NULL,
        reference text,
        line bigint,
        customer_id text COLLATE "C" NOT NULL,
        contact_id text NOT NULL,
        payload text,
        state text NOT NULL CHECK (state IN ('pending', 'sending', 'accepted', 'rejected', 'unknown')),
        attempt bigint NOT NULL DEFAULT 0,
        owner bigint,
        lease_until timestamptz,
        answer text,
        message text,
        kind text,
        status integer,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        UNIQUE (operation, key));
    CREATE INDEX IF NOT EXISTS vitec_connect_outbox_waiting ON vitec_connect_outbox (state, customer_id, id);
"#;

/// A delivery's rows that it does not have in hand: a claim whose commit it never heard of. They were not sent.
const RELEASE: &str = "UPDATE vitec_connect_outbox
    SET state = 'pending', owner = NULL, lease_until = NULL, changed_at = NOW
    WHERE owner = ?1 AND state = 'sending' AND id <> ALL(?2)";

/// A delivery's rows stay its own.
const RENEW: &str = "UPDATE vitec_connect_outbox SET lease_until = clock_timestamp() + make_interval(secs => ?2)
    WHERE owner = ?1 AND state = 'sending'";

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
                        // Who may only write rows need not be allowed to make tables.
                        let there = "SELECT to_regclass('vitec_connect_outbox_meta') IS NOT NULL";
                        if !transaction.query_one(there, &[]).await?.try_get::<_, bool>(0)? {
                            transaction.batch_execute(TABLES).await?;
                            for (name, value) in [("version", sql::VERSION), ("base_url", &base_url)] {
                                let insert =
                                    "INSERT INTO vitec_connect_outbox_meta VALUES ($1, $2) ON CONFLICT DO NOTHING";
                                transaction.execute(insert, &[&name, &value]).await?;
                            }
                        }
                    }
                    let meta = transaction.prepare(&text(sql::META)).await?;
                    let version = transaction
                        .query_one(&meta, &[&"version"])
                        .await?
                        .try_get::<_, String>(0)?;
                    let owner = transaction
                        .query_one(&meta, &[&"base_url"])
                        .await?
                        .try_get::<_, String>(0)?;
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
        // What a crash left behind is shown as what it is; where nothing can be written there is nothing to do here.
        _ = store.sweep().await;
        Ok(store)
    }

    /// For messages.
    pub(crate) fn place(&self) -> String {
        self.connection.place.to_string()
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Rows whose lease ran out become unknown: whoever claimed them may have sent them.
    async fn sweep(&self) -> Result<(), Error> {
        let sql = format!("{} AND lease_until < clock_timestamp()", text(sql::ORPHANS));
        let mut held = self.connection.client().await?;
        held.run(|client| Box::pin(async move { client.execute(&sql, &[&sql::ORPHANED]).await.map(drop) }))
            .await
    }

    pub(crate) async fn begin_delivery(&self, lease: Duration) -> Result<Delivery, Error> {
        self.sweep().await?;
        let mut held = self.connection.client().await?;
        let owner = held
            .run(|client| {
                Box::pin(async move {
                    let next = "SELECT nextval('vitec_connect_outbox_owner')";
                    client.query_one(next, &[]).await?.try_get(0)
                })
            })
            .await?;
        Ok(Delivery {
            owner,
            lease,
            _lock: None,
        })
    }

    pub(crate) async fn renew(&self, delivery: &Arc<Delivery>, in_hand: &[i64]) -> Result<(), Error> {
        let (owner, lease, in_hand) = (delivery.owner, delivery.lease.as_secs_f64(), in_hand.to_vec());
        {
            let mut held = self.connection.client().await?;
            held.run(|client| {
                Box::pin(async move {
                    client.execute(&text(RELEASE), &[&owner, &in_hand]).await?;
                    client.execute(&text(RENEW), &[&owner, &lease]).await.map(drop)
                })
            })
            .await?;
        }
        self.sweep().await
    }

    pub(crate) async fn enqueue(&self, rows: Vec<NewRow>) -> Result<Vec<Enqueued>, Error> {
        let mut held = self.connection.client().await?;
        held.run(|client| {
            Box::pin(async move {
                let transaction = client.transaction().await?;
                let insert = transaction.prepare(&text(sql::INSERT)).await?;
                let find = transaction.prepare(&text(sql::FIND)).await?;
                let mut enqueued = Vec::with_capacity(rows.len());
                for row in &rows {
                    enqueued.push(store(&transaction, &insert, &find, row).await?);
                }
                transaction.commit().await?;
                Ok(enqueued)
            })
        })
        .await
    }

    pub(crate) async fn exchange(
        &self,
        delivery: &Arc<Delivery>,
        finished: &[Finished],
        wanted: &[Want],
    ) -> Result<Exchanged, Error> {
        let (owner, lease) = (delivery.owner, delivery.lease.as_secs_f64());
        let (finished, wanted) = (finished.to_vec(), wanted.to_vec());
        let mut held = self.connection.client().await?;
        held.run(|client| {
            Box::pin(async move {
                let transaction = client.transaction().await?;
                let mut exchanged = Exchanged::default();
                for it in &finished {
                    let status = it.status.map(i32::from);
                    let recorded = transaction
                        .execute(
                            &text(sql::RECORD),
                            &[
                                &it.id,
                                &it.attempt,
                                &it.state.as_str(),
                                &it.answer,
                                &it.message,
                                &it.kind,
                                &status,
                            ],
                        )
                        .await?;
                    exchanged.recorded.push(recorded > 0);
                }
                for it in &wanted {
                    let rows = transaction
                        .query(&text(sql::CLAIM), &[&it.customer_id, &(it.rows as i64), &owner, &lease])
                        .await?;
                    for row in rows {
                        exchanged.claimed.push(Claimed {
                            id: row.try_get(0)?,
                            operation: row.try_get(1)?,
                            customer_id: row.try_get(2)?,
                            contact_id: row.try_get(3)?,
                            payload: row.try_get(4)?,
                            attempt: row.try_get(5)?,
                            reference: row.try_get(6)?,
                            line: row.try_get(7)?,
                            at: row.try_get(8)?,
                        });
                    }
                }
                // Before anything is sent: a lock held across the call would be freed when the connection drops, and
                // another delivery would send the row again.
                transaction.commit().await?;
                Ok(exchanged)
            })
        })
        .await
    }

    pub(crate) async fn customers(&self) -> Result<Vec<String>, Error> {
        let mut held = self.connection.client().await?;
        held.run(|client| {
            Box::pin(async move {
                let rows = client.query(sql::CUSTOMERS, &[]).await?;
                rows.iter().map(|row| row.try_get(0)).collect()
            })
        })
        .await
    }

    pub(crate) async fn counts(&self) -> Result<Counts, Error> {
        let mut held = self.connection.client().await?;
        held.run(|client| {
            Box::pin(async move {
                let mut counts = Counts::default();
                for row in client.query(sql::COUNTS, &[]).await? {
                    *counts.of_mut(state(&row, 0)?) = row.try_get::<_, i64>(1)? as u64;
                }
                Ok(counts)
            })
        })
        .await
    }

    pub(crate) async fn list(&self, only: Option<State>, after: i64, limit: u32) -> Result<Vec<Row>, Error> {
        let query = sql::list(only, after, limit);
        let mut held = self.connection.client().await?;
        held.run(|client| Box::pin(async move { client.query(&query, &[]).await?.iter().map(read_row).collect() }))
            .await
    }

    /// All of them or none: the first row that cannot be changed so is given back.
    pub(crate) async fn change(&self, ids: &[i64], change: Change) -> Result<Option<i64>, Error> {
        let ids = ids.to_vec();
        let mut held = self.connection.client().await?;
        held.run(|client| {
            Box::pin(async move {
                let transaction = client.transaction().await?;
                for id in ids {
                    if transaction.execute(&text(change.statement()), &[&id]).await? == 0 {
                        return Ok(Some(id));
                    }
                }
                transaction.commit().await?;
                Ok(None)
            })
        })
        .await
    }

    pub(crate) async fn retry_unknown(&self) -> Result<u64, Error> {
        let mut held = self.connection.client().await?;
        held.run(|client| Box::pin(async move { client.execute(&text(sql::RETRY_UNKNOWN), &[]).await }))
            .await
    }

    pub(crate) async fn purge(&self, keep: Duration) -> Result<u64, Error> {
        let keep = keep.as_secs_f64();
        let sql = text(sql::PURGE).replace("BEFORE", "now() - make_interval(secs => $1)");
        let mut held = self.connection.client().await?;
        held.run(|client| Box::pin(async move { client.execute(&sql, &[&keep]).await }))
            .await
    }
}

/// Stores a row inside the caller's own transaction: it is sent if, and only if, what belongs to it is stored too.
///
/// The tables are made by [`Outbox::open_postgres`](crate::Outbox::open_postgres), in the first schema of the
/// `search_path`; the caller's transaction has to find them there.
///
/// # Errors
/// Whatever PostgreSQL says. The transaction is the caller's to roll back.
pub async fn enqueue_postgres(transaction: &Transaction<'_>, row: &NewRow) -> Result<Enqueued, PgError> {
    let insert = transaction.prepare(&text(sql::INSERT)).await?;
    let find = transaction.prepare(&text(sql::FIND)).await?;
    store(transaction, &insert, &find, row).await
}

async fn store(
    transaction: &Transaction<'_>,
    insert: &Statement,
    find: &Statement,
    row: &NewRow,
) -> Result<Enqueued, PgError> {
    let hash = row.content_hash();
    let key = row.key(&hash);
    let line = row.line.map(|line| line as i64);
    let (customer, contact) = (row.customer_id.as_str(), row.contact_id.as_str());
    let new = transaction
        .query_opt(
            insert,
            &[
                &row.operation,
                &key,
                &hash,
                &row.reference,
                &line,
                &customer,
                &contact,
                &row.payload,
            ],
        )
        .await?;
    if let Some(new) = new {
        return Ok(Enqueued::New(new.try_get(0)?));
    }
    let known = transaction.query_one(find, &[&row.operation, &key]).await?;
    let id = known.try_get(0)?;
    Ok(match known.try_get::<_, &str>(2)? == hash {
        true => Enqueued::Known(id, state(&known, 1)?),
        false => Enqueued::OtherContent(id),
    })
}
