//! What the outbox does in a transaction of SQLite's. Plain functions of the transaction and the time: a model of several
//! deliveries runs the very same ones.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Result, Transaction};

use super::bound::{Bound, Time};
use super::read::{read_held, read_row, read_standing, read_stored, read_transition, state, time};
use crate::enqueue::{Step, Stored};
use crate::row::{Counts, Enqueued, Filter, Held, NewRow, Row, State, Transition};
use crate::sql;
use crate::store::{Change, Claimed, Delivery, Exchange, Exchanged, Finished, Hold, Standing, before, lease_end};

type Now = DateTime<Utc>;

pub(crate) fn enqueue(transaction: &Transaction<'_>, now: Now, row: &NewRow) -> Result<Enqueued> {
    let hash = row.content_hash();
    let key = row.key(&hash);
    // Stored first, looked at then: most rows are new.
    if row.bad_reference().is_none() {
        let new = Bound::new(transaction, sql::INSERT)?
            .all(&[
                &row.operation,
                &key,
                &hash,
                &row.reference,
                &row.line.map(|line| line as i64),
                &row.customer_id.as_str(),
                &row.subject.as_str(),
                &row.payload,
                &Time(now),
            ])?
            .rows(|row| row.get(0))?;
        if let [id] = new[..] {
            return Ok(Enqueued::New(id));
        }
    }
    match row.beside(&hash, &find(transaction, sql::FIND, row.operation, &key)?) {
        Step::Done(enqueued) => Ok(enqueued),
        Step::Correct(id) => {
            Bound::new(transaction, sql::CORRECT)?
                .all(&[
                    &id,
                    &row.customer_id.as_str(),
                    &row.subject.as_str(),
                    &row.payload,
                    &hash,
                    &row.reference,
                    &row.line.map(|line| line as i64),
                    &Time(now),
                ])?
                .execute()?;
            Ok(Enqueued::Corrected(id))
        }
        // In one transaction of SQLite's nothing changes between two statements.
        Step::Insert => Err(rusqlite::Error::QueryReturnedNoRows),
    }
}

/// The rows that have the key already.
pub(crate) fn find(transaction: &Transaction<'_>, sql: &str, operation: &str, key: &str) -> Result<Vec<Stored>> {
    Bound::new(transaction, sql)?
        .all(&[&operation, &key])?
        .rows(read_stored)
}

pub(crate) fn exchange(
    transaction: &Transaction<'_>,
    now: Now,
    delivery: &Delivery,
    asked: &Exchange,
) -> Result<Exchanged> {
    let mut exchanged = Exchanged {
        released: release(transaction, now, delivery, &asked.failed)?,
        ..Exchanged::default()
    };
    for (it, of) in asked.shown() {
        let statement = if of.refused { sql::HOLD } else { sql::PROVE };
        let bound = Bound::new(transaction, statement)?;
        match of.refused {
            true => bound.all(&[&of.customer_id, &of.release, &it.message, &it.status, &Time(now)])?,
            false => bound.all(&[&of.customer_id, &of.release, &Time(now)])?,
        }
        .execute()?;
    }
    for finished in &asked.finished {
        exchanged.recorded.push(record(transaction, now, delivery, finished)?);
    }
    for want in &asked.wanted {
        let claim = |statement, rows, is_first| {
            Bound::new(transaction, statement)?
                .all(&[
                    &want.customer_id,
                    &rows,
                    &delivery.owner,
                    &asked.claim,
                    &Time(lease_end(now, delivery.lease)),
                    &Time(now),
                ])?
                .rows(|row| {
                    Ok(Claimed {
                        id: row.get(0)?,
                        operation: row.get(1)?,
                        customer_id: row.get(2)?,
                        subject: row.get(3)?,
                        payload: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
                        attempt: row.get(5)?,
                        reference: row.get(6)?,
                        line: row.get(7)?,
                        release: row.get(8)?,
                        is_first,
                        at: now,
                    })
                })
        };
        let mut claimed = claim(sql::CLAIM, want.rows as i64, false)?;
        if claimed.is_empty() {
            Bound::new(transaction, sql::MEET)?
                .all(&[&want.customer_id, &Time(now)])?
                .execute()?;
            claimed = claim(sql::CLAIM_FIRST, 1, true)?;
        }
        exchanged.claimed.extend(claimed);
    }
    Ok(exchanged)
}

/// Whether it is recorded, by now or already.
fn record(transaction: &Transaction<'_>, now: Now, delivery: &Delivery, finished: &Finished) -> Result<bool> {
    let recorded = Bound::new(transaction, sql::RECORD)?
        .all(&[
            &finished.id,
            &finished.attempt,
            &finished.state.as_str(),
            &finished.answer,
            &finished.message,
            &finished.kind,
            &finished.status,
            &Time(now),
            &delivery.owner,
        ])?
        .execute()?;
    if recorded > 0 || (finished.state == State::Accepted && superseded(transaction, now, finished)?) {
        return Ok(true);
    }
    let before = Bound::new(transaction, sql::RECORDED)?
        .all(&[&finished.id, &finished.attempt, &delivery.owner])?
        .rows(|row| row.get::<_, i64>(0))?;
    Ok(!before.is_empty())
}

fn superseded(transaction: &Transaction<'_>, now: Now, finished: &Finished) -> Result<bool> {
    let superseded = Bound::new(transaction, sql::SUPERSEDED)?
        .all(&[&finished.id, &finished.attempt, &finished.answer, &Time(now)])?
        .execute()?;
    Ok(superseded > 0)
}

/// Renews before it sweeps: a delivery that was late itself keeps what it has in hand.
pub(crate) fn hold(transaction: &Transaction<'_>, now: Now, delivery: &Delivery, asked: &Hold) -> Result<u64> {
    for (id, attempt) in &asked.in_hand {
        Bound::new(transaction, sql::RENEW)?
            .all(&[id, attempt, &Time(lease_end(now, delivery.lease))])?
            .execute()?;
    }
    let released = release(transaction, now, delivery, &asked.failed)?;
    sweep(transaction, now)?;
    Ok(released)
}

fn release(
    transaction: &Transaction<'_>,
    now: Now,
    delivery: &Delivery,
    failed: &[RangeInclusive<i64>],
) -> Result<u64> {
    let mut released = 0;
    for claims in failed {
        released += Bound::new(transaction, sql::RELEASE)?
            .all(&[&delivery.owner, claims.start(), claims.end(), &Time(now)])?
            .execute()?;
    }
    Ok(released)
}

/// For rows whose lease ran out.
pub(crate) fn sweep(transaction: &Transaction<'_>, now: Now) -> Result<u64> {
    Bound::new(transaction, sql::EXPIRED)?
        .all(&[&sql::ORPHANED, &Time(now)])?
        .execute()
}

/// For all rows, under the lock of the one delivery that there can be.
pub(crate) fn orphan(transaction: &Transaction<'_>, now: Now) -> Result<u64> {
    Bound::new(transaction, sql::ORPHANS)?
        .all(&[&sql::ORPHANED, &Time(now)])?
        .execute()
}

/// A number that no delivery of this outbox had before.
pub(crate) fn next_owner(transaction: &Transaction<'_>) -> Result<i64> {
    transaction.query_row(
        "INSERT INTO vitec_connect_outbox_meta VALUES ('owner', '1')
         ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1 RETURNING CAST(value AS INTEGER)",
        [],
        |row| row.get(0),
    )
}

pub(crate) fn customers(transaction: &Transaction<'_>) -> Result<Vec<String>> {
    Bound::new(transaction, sql::CUSTOMERS)?.rows(|row| row.get(0))
}

pub(crate) fn counts(transaction: &Transaction<'_>) -> Result<Counts> {
    let mut counts = Counts::default();
    let each = Bound::new(transaction, sql::COUNTS)?.rows(|row| Ok((state(row, 0)?, row.get::<_, i64>(1)?)))?;
    for (state, count) in each {
        *counts.of_mut(state) = count as u64;
    }
    Ok(counts)
}

pub(crate) fn list(transaction: &Transaction<'_>, only: &Filter, after: i64, limit: u32) -> Result<Vec<Row>> {
    Bound::new(transaction, sql::LIST)?
        .all(&[
            &after,
            &limit,
            &only.state.map(State::as_str),
            &only.customer,
            &only.since.map(Time),
        ])?
        .rows(read_row)
}

pub(crate) fn history(transaction: &Transaction<'_>, id: i64) -> Result<Vec<Transition>> {
    Bound::new(transaction, sql::HISTORY)?
        .all(&[&id])?
        .rows(read_transition)
}

pub(crate) fn oldest(transaction: &Transaction<'_>) -> Result<Option<DateTime<Utc>>> {
    let oldest = Bound::new(transaction, sql::OLDEST)?.rows(|row| match row.get_ref(0)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => time(row, 0).map(Some),
    })?;
    Ok(oldest.into_iter().next().flatten())
}

pub(crate) fn holds(transaction: &Transaction<'_>) -> Result<Vec<Held>> {
    Bound::new(transaction, sql::HOLDS)?.rows(read_held)
}

pub(crate) fn hold_customers(
    transaction: &Transaction<'_>,
    now: Now,
    customers: &[String],
    why: Option<&str>,
) -> Result<()> {
    for customer in customers {
        Bound::new(transaction, sql::HOLD_CUSTOMER)?
            .all(&[customer, &why, &Time(now)])?
            .execute()?;
    }
    Ok(())
}

/// Those of them that were held.
pub(crate) fn release_customers(transaction: &Transaction<'_>, now: Now, customers: &[String]) -> Result<Vec<String>> {
    let mut released = Vec::new();
    for customer in customers {
        let changed = Bound::new(transaction, sql::RELEASE_CUSTOMER)?
            .all(&[customer, &Time(now)])?
            .execute()?;
        if changed > 0 {
            released.push(customer.clone());
        }
    }
    Ok(released)
}

pub(crate) fn correct(transaction: &Transaction<'_>, now: Now, id: i64, payload: &str, hash: &str) -> Result<bool> {
    let corrected = Bound::new(transaction, sql::CORRECT_ROW)?
        .all(&[&id, &payload, &hash, &Time(now)])?
        .execute()?;
    Ok(corrected > 0)
}

/// Each by an index of what is not signed yet.
pub(crate) const SIGN: [&str; 2] = [
    "UPDATE vitec_connect_history SET who = $1 WHERE who IS NULL",
    "UPDATE vitec_connect_customers SET who = $1 WHERE who IS NULL",
];

/// What was changed by this transaction was changed by them.
pub(crate) fn sign(transaction: &Transaction<'_>, who: &str) -> Result<()> {
    for statement in SIGN {
        Bound::new(transaction, statement)?.all(&[&who])?.execute()?;
    }
    Ok(())
}

pub(crate) fn standing(transaction: &Transaction<'_>, now: Now, ids: &[i64]) -> Result<Vec<Standing>> {
    let ids: Vec<_> = ids.iter().map(|id| id as &dyn rusqlite::ToSql).collect();
    Bound::new(transaction, &sql::standing(ids.len()))?
        .all(&ids)?
        .rows(|row| read_standing(row, now))
}

/// The first row that cannot be changed so: then the transaction is not to be committed.
pub(crate) fn change(transaction: &Transaction<'_>, now: Now, ids: &[i64], change: Change) -> Result<Option<i64>> {
    for id in ids {
        let changed = Bound::new(transaction, change.statement())?
            .all(&[id, &Time(now)])?
            .execute()?;
        if changed == 0 {
            return Ok(Some(*id));
        }
    }
    Ok(None)
}

pub(crate) fn retry_unknown(transaction: &Transaction<'_>, now: Now) -> Result<u64> {
    Bound::new(transaction, sql::RETRY_UNKNOWN)?
        .all(&[&Time(now)])?
        .execute()
}

pub(crate) fn purge(transaction: &Transaction<'_>, now: Now, keep: Duration) -> Result<u64> {
    match before(now, keep) {
        Some(before) => Bound::new(transaction, sql::PURGE)?.all(&[&Time(before)])?.execute(),
        None => Ok(0),
    }
}

/// A fact about the outbox as a whole.
pub(crate) fn meta(transaction: &Transaction<'_>, name: &str) -> Result<Option<String>> {
    transaction
        .query_row(
            "SELECT value FROM vitec_connect_outbox_meta WHERE name = ?1",
            [name],
            |row| row.get(0),
        )
        .optional()
}
