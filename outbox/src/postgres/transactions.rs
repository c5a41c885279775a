//! What the outbox does in a transaction of PostgreSQL's.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, Error as PgError};

use super::read::{read_claimed, read_row, read_standing, read_stored, state};
use super::statement::{Parameter, execute, query, query_one};
use crate::enqueue::{Step, Stored};
use crate::row::{Counts, Enqueued, NewRow, Row, State};
use crate::sql;
use crate::store::{Change, Delivery, Exchange, Exchanged, Finished, Hold, Standing, before, lease_end};

type Now = DateTime<Utc>;

pub(super) async fn enqueue(client: &Client, now: Now, row: &NewRow) -> Result<Enqueued, PgError> {
    let hash = row.content_hash();
    let key = row.key(&hash);
    let line = row.line.map(|line| line as i64);
    let (customer, contact) = (row.customer_id.as_str(), row.subject.as_str());
    // Others write at the same time: what was found may be another way when it is to be changed, and is looked at again.
    for _ in 0..3 {
        // Stored first, looked at then: most rows are new.
        if row.bad_reference().is_none() {
            let new = query(
                client,
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
            if let Some(new) = new.first() {
                return Ok(Enqueued::New(new.try_get(0)?));
            }
        }
        match row.beside(&hash, &find(client, sql::FIND, row.operation, &key).await?) {
            Step::Done(enqueued) => return Ok(enqueued),
            Step::Insert => {}
            Step::Correct(id) => {
                let corrected = execute(
                    client,
                    sql::CORRECT,
                    &[
                        &id,
                        &customer,
                        &contact,
                        &row.payload,
                        &hash,
                        &row.reference,
                        &line,
                        &now,
                    ],
                )
                .await?;
                if corrected > 0 {
                    return Ok(Enqueued::Corrected(id));
                }
            }
        }
    }
    // Somebody changes it again and again: the next import sees what became of it.
    Ok(Enqueued::OtherContent(0, State::Rejected))
}

/// The rows that have the key already. No text of PostgreSQL's has a NUL, and none can be asked for.
pub(super) async fn find(client: &Client, sql: &str, operation: &str, key: &str) -> Result<Vec<Stored>, PgError> {
    if key.contains('\0') {
        return Ok(Vec::new());
    }
    let rows = query(client, sql, &[&operation, &key]).await?;
    rows.iter().map(read_stored).collect()
}

pub(super) async fn begin_delivery(client: &Client, now: Now, lease: Duration) -> Result<Delivery, PgError> {
    sweep(client, now).await?;
    let next = "SELECT nextval('vitec_connect_outbox_owner')";
    Ok(Delivery {
        owner: query_one(client, next, &[]).await?.try_get(0)?,
        lease,
        _lock: None,
    })
}

pub(super) async fn exchange(
    client: &Client,
    now: Now,
    delivery: &Delivery,
    asked: &Exchange,
) -> Result<Exchanged, PgError> {
    let mut exchanged = Exchanged {
        released: release(client, now, delivery, &asked.failed).await?,
        ..Exchanged::default()
    };
    for finished in &asked.finished {
        exchanged.recorded.push(record(client, now, delivery, finished).await?);
    }
    let lease_until = lease_end(now, delivery.lease);
    for want in &asked.wanted {
        let rows = query(
            client,
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
            exchanged.claimed.push(read_claimed(&row, now)?);
        }
    }
    Ok(exchanged)
}

/// Whether it is recorded, by now or already.
async fn record(client: &Client, now: Now, delivery: &Delivery, it: &Finished) -> Result<bool, PgError> {
    let recorded = execute(
        client,
        sql::RECORD,
        &[
            &it.id,
            &it.attempt,
            &it.state.as_str(),
            &it.answer,
            &it.message,
            &it.kind,
            &it.status.map(i32::from),
            &now,
            &delivery.owner,
        ],
    )
    .await?;
    if recorded > 0 {
        return Ok(true);
    }
    if it.state == State::Accepted {
        let superseded = execute(client, sql::SUPERSEDED, &[&it.id, &it.attempt, &it.answer, &now]).await?;
        if superseded > 0 {
            return Ok(true);
        }
    }
    let before = query(client, sql::RECORDED, &[&it.id, &it.attempt, &delivery.owner]).await?;
    Ok(!before.is_empty())
}

/// Renews before it sweeps: a delivery that was late itself keeps what it has in hand.
pub(super) async fn hold(client: &Client, now: Now, delivery: &Delivery, asked: &Hold) -> Result<u64, PgError> {
    let lease_until = lease_end(now, delivery.lease);
    for (id, attempt) in &asked.in_hand {
        execute(client, sql::RENEW, &[id, attempt, &lease_until]).await?;
    }
    let released = release(client, now, delivery, &asked.failed).await?;
    sweep(client, now).await?;
    Ok(released)
}

async fn release(
    client: &Client,
    now: Now,
    delivery: &Delivery,
    failed: &[RangeInclusive<i64>],
) -> Result<u64, PgError> {
    let mut released = 0;
    for claims in failed {
        let numbers = (claims.start(), claims.end());
        released += execute(client, sql::RELEASE, &[&delivery.owner, numbers.0, numbers.1, &now]).await?;
    }
    Ok(released)
}

/// For rows whose lease ran out.
pub(super) async fn sweep(client: &Client, now: Now) -> Result<u64, PgError> {
    execute(client, sql::EXPIRED, &[&sql::ORPHANED, &now]).await
}

pub(super) async fn customers(client: &Client) -> Result<Vec<String>, PgError> {
    let rows = query(client, sql::CUSTOMERS, &[]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

pub(super) async fn counts(client: &Client) -> Result<Counts, PgError> {
    let mut counts = Counts::default();
    for row in query(client, sql::COUNTS, &[]).await? {
        *counts.of_mut(state(&row, 0)?) = row.try_get::<_, i64>(1)? as u64;
    }
    Ok(counts)
}

pub(super) async fn list(client: &Client, only: Option<State>, after: i64, limit: u32) -> Result<Vec<Row>, PgError> {
    let limit = i64::from(limit);
    let rows = match only {
        None => query(client, sql::LIST, &[&after, &limit]).await?,
        Some(state) => query(client, sql::LIST_STATE, &[&after, &limit, &state.as_str()]).await?,
    };
    rows.iter().map(read_row).collect()
}

pub(super) async fn standing(client: &Client, now: Now, ids: &[i64]) -> Result<Vec<Standing>, PgError> {
    let parameters: Vec<_> = ids.iter().map(|id| id as &dyn Parameter).collect();
    let rows = query(client, &sql::standing(ids.len()), &parameters).await?;
    rows.iter().map(|row| read_standing(row, now)).collect()
}

/// The first row that cannot be changed so: then the transaction is not to be committed.
pub(super) async fn change(client: &Client, now: Now, ids: &[i64], change: Change) -> Result<Option<i64>, PgError> {
    for id in ids {
        if execute(client, change.statement(), &[id, &now]).await? == 0 {
            return Ok(Some(*id));
        }
    }
    Ok(None)
}

pub(super) async fn retry_unknown(client: &Client, now: Now) -> Result<u64, PgError> {
    execute(client, sql::RETRY_UNKNOWN, &[&now]).await
}

pub(super) async fn purge(client: &Client, now: Now, keep: Duration) -> Result<u64, PgError> {
    match before(now, keep) {
        Some(before) => execute(client, sql::PURGE, &[&before]).await,
        None => Ok(0),
    }
}
