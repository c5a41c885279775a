//! What PostgreSQL gives back.

use chrono::{DateTime, Utc};
use tokio_postgres::Error as PgError;

use crate::enqueue::Stored;
use crate::row::{Held, Row, State, Transition};
use crate::store::{Claimed, Standing, lease_left};

pub(super) fn read_row(row: &tokio_postgres::Row) -> Result<Row, PgError> {
    Ok(Row {
        id: row.try_get(0)?,
        operation: row.try_get(1)?,
        key: row.try_get(2)?,
        reference: row.try_get(3)?,
        line: row.try_get::<_, Option<i64>>(4)?.map(|line| line as u64),
        customer_id: row.try_get(5)?,
        subject: row.try_get(6)?,
        payload: row.try_get(7)?,
        state: state(row, 8)?,
        attempt: row.try_get(9)?,
        answer: row.try_get(10)?,
        message: row.try_get(11)?,
        kind: row.try_get(12)?,
        status: status(row, 13)?,
        created_at: row.try_get(14)?,
        changed_at: row.try_get(15)?,
    })
}

pub(super) fn read_claimed(row: &tokio_postgres::Row, now: DateTime<Utc>, is_first: bool) -> Result<Claimed, PgError> {
    Ok(Claimed {
        id: row.try_get(0)?,
        operation: row.try_get(1)?,
        customer_id: row.try_get(2)?,
        subject: row.try_get(3)?,
        payload: row.try_get::<_, Option<String>>(4)?.unwrap_or_default(),
        attempt: row.try_get(5)?,
        reference: row.try_get(6)?,
        line: row.try_get(7)?,
        release: row.try_get(8)?,
        is_first,
        at: now,
    })
}

pub(super) fn read_standing(row: &tokio_postgres::Row, now: DateTime<Utc>) -> Result<Standing, PgError> {
    Ok(Standing {
        id: row.try_get(0)?,
        state: state(row, 1)?,
        answer: row.try_get(2)?,
        message: row.try_get(3)?,
        kind: row.try_get(4)?,
        status: status(row, 5)?,
        lease: lease_left(now, row.try_get(6)?),
    })
}

/// The table's own check keeps other words out.
pub(super) fn state(row: &tokio_postgres::Row, index: usize) -> Result<State, PgError> {
    Ok(row.try_get::<_, &str>(index)?.parse().unwrap_or(State::Unknown))
}

/// What a new row is compared with.
pub(super) fn read_stored(row: &tokio_postgres::Row) -> Result<Stored, PgError> {
    Ok(Stored {
        id: row.try_get(0)?,
        state: state(row, 1)?,
        content_hash: row.try_get(2)?,
    })
}

pub(super) fn read_transition(row: &tokio_postgres::Row) -> Result<Transition, PgError> {
    Ok(Transition {
        at: row.try_get(0)?,
        attempt: row.try_get(1)?,
        state: state(row, 2)?,
        status: status(row, 3)?,
        message: row.try_get(4)?,
        who: row.try_get::<_, Option<String>>(5)?.unwrap_or_default(),
    })
}

pub(super) fn read_held(row: &tokio_postgres::Row) -> Result<Held, PgError> {
    Ok(Held {
        customer_id: row.try_get(0)?,
        why: row.try_get(1)?,
        status: status(row, 2)?,
        who: row.try_get::<_, Option<String>>(3)?.unwrap_or_default(),
        since: row.try_get(4)?,
        waiting: row.try_get::<_, i64>(5)? as u64,
    })
}

fn status(row: &tokio_postgres::Row, index: usize) -> Result<Option<u16>, PgError> {
    let status: Option<i32> = row.try_get(index)?;
    Ok(status.and_then(|status| status.try_into().ok()))
}
