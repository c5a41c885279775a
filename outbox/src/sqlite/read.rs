//! What SQLite gives back.

use chrono::{DateTime, Utc};
use rusqlite::types::{Type, ValueRef};

use crate::enqueue::Stored;
use crate::row::{Held, Row, State, Transition};
use crate::store::{Standing, lease_left};

pub(super) fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        id: row.get(0)?,
        operation: row.get(1)?,
        key: row.get(2)?,
        reference: row.get(3)?,
        line: row.get::<_, Option<i64>>(4)?.map(|line| line as u64),
        customer_id: row.get(5)?,
        subject: row.get(6)?,
        payload: row.get(7)?,
        state: state(row, 8)?,
        attempt: row.get(9)?,
        answer: row.get(10)?,
        message: row.get(11)?,
        kind: row.get(12)?,
        status: row.get(13)?,
        created_at: time(row, 14)?,
        changed_at: time(row, 15)?,
    })
}

pub(super) fn read_standing(row: &rusqlite::Row<'_>, now: DateTime<Utc>) -> rusqlite::Result<Standing> {
    let until = match row.get_ref(6)? {
        ValueRef::Null => None,
        _ => Some(time(row, 6)?),
    };
    Ok(Standing {
        id: row.get(0)?,
        state: state(row, 1)?,
        answer: row.get(2)?,
        message: row.get(3)?,
        kind: row.get(4)?,
        status: row.get(5)?,
        lease: lease_left(now, until),
    })
}

pub(super) fn state(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<State> {
    let text = row.get_ref(index)?.as_str()?;
    text.parse()
        .map_err(|error: String| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, error.into()))
}

pub(super) fn time(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<DateTime<Utc>> {
    let text = row.get_ref(index)?.as_str()?;
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, error.into()))
}

/// What a new row is compared with.
pub(super) fn read_stored(row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        state: state(row, 1)?,
        content_hash: row.get(2)?,
    })
}

pub(super) fn read_transition(row: &rusqlite::Row<'_>) -> rusqlite::Result<Transition> {
    Ok(Transition {
        at: time(row, 0)?,
        attempt: row.get(1)?,
        state: state(row, 2)?,
        status: row.get(3)?,
        message: row.get(4)?,
        who: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
    })
}

pub(super) fn read_held(row: &rusqlite::Row<'_>) -> rusqlite::Result<Held> {
    Ok(Held {
        customer_id: row.get(0)?,
        why: row.get(1)?,
        status: row.get(2)?,
        who: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
        since: time(row, 4)?,
        waiting: row.get::<_, i64>(5)? as u64,
    })
}
