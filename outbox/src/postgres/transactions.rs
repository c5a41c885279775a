//! What the outbox does in a transaction of PostgreSQL's.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, Error as PgError};

use super::read::{read_claimed, read_held, read_row, read_standing, read_stored, read_transition, state};
use super::statement::{Parameter, execute, query, query_one};
use super::tables;
use crate::enqueue::{Step, Stored};
use crate::row::{Counts, Enqueued, Filter, Held, NewRow, Row, State, Transition};
use crate::sql;
use crate::store::{Change, Claimed, Delivery, Exchange, Exchanged, Finished, Hold, Standing, Want, before, lease_end};

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
        history: tables::meta(client, tables::HISTORY).await?,
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
    for (it, of) in asked.shown() {
        let (customer, status) = (&of.customer_id, it.status.map(i32::from));
        match of.refused {
            true => execute(client, sql::HOLD, &[customer, &of.release, &it.message, &status, &now]).await?,
            false => execute(client, sql::PROVE, &[customer, &of.release, &now]).await?,
        };
    }
    for finished in &asked.finished {
        exchanged.recorded.push(record(client, now, delivery, finished).await?);
    }
    for want in &asked.wanted {
        let mut claimed = claim(client, now, delivery, asked.claim, want, false).await?;
        if claimed.is_empty() && is_turn(client, now, &want.customer_id).await? {
            let first = Want {
                rows: 1,
                ..want.clone()
            };
            claimed = claim(client, now, delivery, asked.claim, &first, true).await?;
        }
        exchanged.claimed.extend(claimed);
    }
    Ok(exchanged)
}

async fn claim(
    client: &Client,
    now: Now,
    delivery: &Delivery,
    number: i64,
    want: &Want,
    is_first: bool,
) -> Result<Vec<Claimed>, PgError> {
    let statement = match is_first {
        true => sql::CLAIM_FIRST_SKIPPING_LOCKED,
        false => sql::CLAIM_SKIPPING_LOCKED,
    };
    let rows = query(
        client,
        statement,
        &[
            &want.customer_id,
            &(want.rows as i64),
            &delivery.owner,
            &number,
            &lease_end(now, delivery.lease),
            &now,
        ],
    )
    .await?;
    rows.iter().map(|row| read_claimed(row, now, is_first)).collect()
}

/// Whether the customer's first row may be claimed by this transaction, and by no other until it is over. The claim is a
/// statement of its own: it sees what was committed before.
async fn is_turn(client: &Client, now: Now, customer_id: &str) -> Result<bool, PgError> {
    if !query(client, sql::TURN_SKIPPING_LOCKED, &[&customer_id])
        .await?
        .is_empty()
    {
        return Ok(true);
    }
    Ok(execute(client, sql::MEET, &[&customer_id, &now]).await? > 0)
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

pub(super) async fn list(client: &Client, only: Filter, after: i64, limit: u32) -> Result<Vec<Row>, PgError> {
    let state = only.state.map(|state| state.as_str().to_owned());
    let limit = i64::from(limit);
    let rows = query(
        client,
        sql::LIST,
        &[&after, &limit, &state, &only.customer, &only.since],
    )
    .await?;
    rows.iter().map(read_row).collect()
}

pub(super) async fn history(client: &Client, id: i64) -> Result<Vec<Transition>, PgError> {
    query(client, sql::HISTORY, &[&id])
        .await?
        .iter()
        .map(read_transition)
        .collect()
}

pub(super) async fn oldest(client: &Client) -> Result<Option<Now>, PgError> {
    query_one(client, sql::OLDEST, &[]).await?.try_get(0)
}

pub(super) async fn holds(client: &Client) -> Result<Vec<Held>, PgError> {
    query(client, sql::HOLDS, &[]).await?.iter().map(read_held).collect()
}

pub(super) async fn hold_customers(
    client: &Client,
    now: Now,
    customers: &[String],
    why: Option<String>,
) -> Result<(), PgError> {
    for customer in customers {
        execute(client, sql::HOLD_CUSTOMER, &[customer, &why, &now]).await?;
    }
    Ok(())
}

/// Those of them that were held.
pub(super) async fn release_customers(client: &Client, now: Now, customers: &[String]) -> Result<Vec<String>, PgError> {
    let mut released = Vec::new();
    for customer in customers {
        if execute(client, sql::RELEASE_CUSTOMER, &[customer, &now]).await? > 0 {
            released.push(customer.clone());
        }
    }
    Ok(released)
}

pub(super) async fn correct(client: &Client, now: Now, id: i64, payload: &str, hash: &str) -> Result<bool, PgError> {
    let corrected = execute(client, sql::CORRECT_ROW, &[&id, &payload, &hash, &now]).await?;
    Ok(corrected > 0)
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
