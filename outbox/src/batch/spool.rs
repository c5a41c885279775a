//! The rows of one file and what became of each, in a temporary database of SQLite's own: a million of them would take
//! half a gigabyte of memory. It is gone with the process; the outbox is what lasts.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{ReportRow, RowState, Tally};
use crate::error::{Error, ErrorKind, database};
use crate::row::State;
use crate::store::Standing;

/// How many rows are asked for at a time.
const PAGE: i64 = 500;

const TABLES: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    CREATE TABLE file (
        line INTEGER NOT NULL,
        position INTEGER NOT NULL,
        reference TEXT,
        customer_id TEXT,
        subject TEXT,
        id INTEGER,
        state TEXT NOT NULL,
        known INTEGER NOT NULL,
        told INTEGER NOT NULL DEFAULT FALSE,
        answer TEXT,
        message TEXT,
        status INTEGER,
        PRIMARY KEY (line, position)) WITHOUT ROWID, STRICT;
    CREATE INDEX by_id ON file (id);
    BEGIN";

/// A row of the file, as it is when it has been read.
#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    /// None sorts behind all.
    pub(super) line: Option<u64>,
    pub(super) reference: Option<&'a str>,
    pub(super) customer_id: Option<&'a str>,
    pub(super) subject: Option<&'a str>,
    /// Its number in the outbox, where it is stored.
    pub(super) id: Option<i64>,
    /// None for a bad one.
    pub(super) state: Option<State>,
    /// It was accepted before, or the same row stood earlier in this file.
    pub(super) known: bool,
    pub(super) message: Option<&'a str>,
}

/// What is true of a row of the outbox.
#[derive(Debug)]
pub(super) struct Now<'a> {
    pub(super) id: i64,
    pub(super) state: State,
    pub(super) answer: Option<&'a str>,
    pub(super) message: Option<&'a str>,
    pub(super) status: Option<u16>,
}

impl<'a> From<&'a Standing> for Now<'a> {
    fn from(standing: &'a Standing) -> Self {
        Self {
            id: standing.id,
            state: standing.state,
            answer: standing.answer.as_deref(),
            message: standing.message.as_deref(),
            status: standing.status,
        }
    }
}

/// Which rows are to be looked up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Those of which something new may be true. An accepted row stays accepted.
    Open,
    /// Those, and the accepted ones of which nothing more is known than that.
    NotTold,
    /// Those that another delivery has in hand.
    Sending,
}

#[derive(Debug)]
pub(super) struct Spool {
    connection: Connection,
    position: i64,
}

impl Spool {
    pub(super) fn new() -> Result<Self, Error> {
        // No name: a file that is removed at once, and written only when it outgrows the cache.
        let connection = Connection::open("").map_err(failed)?;
        connection.execute_batch(TABLES).map_err(failed)?;
        Ok(Self {
            connection,
            position: 0,
        })
    }

    pub(super) fn add(&mut self, entry: &Entry<'_>) -> Result<(), Error> {
        self.position += 1;
        let known = entry.known || self.state(entry.id)?.is_some();
        let mut insert = self
            .connection
            .prepare_cached(
                "INSERT INTO file (line, position, reference, customer_id, subject, id, state, known, message)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )
            .map_err(failed)?;
        insert
            .execute(params![
                entry.line.map_or(i64::MAX, |line| line as i64),
                self.position,
                entry.reference,
                entry.customer_id,
                entry.subject,
                entry.id,
                entry.state.map_or(RowState::BAD, State::as_str),
                known,
                entry.message,
            ])
            .map_err(failed)?;
        Ok(())
    }

    /// Notes what is true of a row now. What was true of it before; none where it is no row of this file.
    pub(super) fn note(&mut self, now: &Now<'_>) -> Result<Option<(State, u64)>, Error> {
        let Some(before) = self.state(Some(now.id))? else {
            return Ok(None);
        };
        let mut update = self
            .connection
            .prepare_cached(
                "UPDATE file SET state = ?2, answer = ?3, message = ?4, status = ?5, told = TRUE WHERE id = ?1",
            )
            .map_err(failed)?;
        let rows = update
            .execute(params![now.id, now.state.as_str(), now.answer, now.message, now.status])
            .map_err(failed)?;
        Ok(Some((before, rows as u64)))
    }

    /// The state of a row of the outbox, where it is one of this file's.
    fn state(&self, id: Option<i64>) -> Result<Option<State>, Error> {
        let Some(id) = id else { return Ok(None) };
        let mut select = self
            .connection
            .prepare_cached("SELECT state FROM file WHERE id = ?1 LIMIT 1")
            .map_err(failed)?;
        let state: Option<String> = select.query_row([id], |row| row.get(0)).optional().map_err(failed)?;
        Ok(state.and_then(|it| it.parse().ok()))
    }

    /// Numbers of rows, above one of them: a page.
    pub(super) fn page(&self, which: Which, after: i64) -> Result<Vec<i64>, Error> {
        let condition = match which {
            Which::Open => "state <> 'accepted'",
            Which::NotTold => "(state <> 'accepted' OR NOT told)",
            Which::Sending => "state = 'sending'",
        };
        let mut select = self
            .connection
            .prepare_cached(&format!(
                "SELECT DISTINCT id FROM file WHERE id > ?1 AND {condition} ORDER BY id LIMIT {PAGE}"
            ))
            .map_err(failed)?;
        let ids = select.query_map([after], |row| row.get(0)).map_err(failed)?;
        ids.collect::<Result<_, _>>().map_err(failed)
    }

    /// How many rows of the file are in this state.
    pub(super) fn count(&self, state: State) -> Result<u64, Error> {
        let count = self
            .connection
            .query_row("SELECT count(*) FROM file WHERE state = ?1", [state.as_str()], |row| {
                row.get::<_, i64>(0)
            });
        Ok(count.map_err(failed)? as u64)
    }

    /// How many rows of the outbox are pending, but for those of customers that were stopped.
    pub(super) fn count_sendable(&self, stopped: &BTreeSet<String>) -> Result<u64, Error> {
        let mut select = self
            .connection
            .prepare("SELECT customer_id, count(*) FROM file WHERE state = 'pending' AND id IS NOT NULL GROUP BY customer_id")
            .map_err(failed)?;
        let mut groups = select.query([]).map_err(failed)?;
        let mut count = 0;
        while let Some(group) = groups.next().map_err(failed)? {
            let customer: String = group.get(0).map_err(failed)?;
            if !stopped.contains(&customer) {
                count += group.get::<_, i64>(1).map_err(failed)? as u64;
            }
        }
        Ok(count)
    }

    /// Counts the rows, and the pending ones among them whose customer was stopped.
    pub(super) fn tally(&self, stopped: &BTreeSet<String>) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        let mut select = self
            .connection
            .prepare("SELECT state, known, count(*) FROM file GROUP BY state, known")
            .map_err(failed)?;
        let mut groups = select.query([]).map_err(failed)?;
        while let Some(group) = groups.next().map_err(failed)? {
            let (state, known, rows) =
                (|| Ok((group.get::<_, String>(0)?, group.get(1)?, group.get::<_, i64>(2)?)))().map_err(failed)?;
            *match state.parse() {
                Ok(State::Accepted) if known => &mut tally.known,
                Ok(State::Accepted) => &mut tally.accepted,
                Ok(State::Rejected) => &mut tally.rejected,
                Ok(State::Unknown) => &mut tally.unknown,
                Ok(State::Pending) => &mut tally.pending,
                Ok(State::Sending) => &mut tally.sending,
                // Given up on a person's word: nothing is to be done about it.
                Ok(State::Dropped) => &mut tally.known,
                Err(_) => &mut tally.bad,
            } += rows as u64;
        }
        for customer in stopped {
            tally.stopped += self.count_pending_of(customer)?;
        }
        Ok(tally)
    }

    /// How many rows of the file wait for a customer.
    pub(super) fn count_pending_of(&self, customer: &str) -> Result<u64, Error> {
        let count = "SELECT count(*) FROM file WHERE state = 'pending' AND customer_id = ?1";
        let count = self.connection.query_row(count, [customer], |row| row.get::<_, i64>(0));
        count.map(|rows| rows as u64).map_err(failed)
    }

    /// Every row, in the order of the file.
    pub(super) fn each<E: From<Error>>(&self, mut row: impl FnMut(&ReportRow) -> Result<(), E>) -> Result<(), E> {
        let mut select = self
            .connection
            .prepare(
                "SELECT line, reference, customer_id, subject, id, state, status, answer, message, known
                 FROM file ORDER BY line, position",
            )
            .map_err(failed)?;
        let mut rows = select.query([]).map_err(failed)?;
        while let Some(found) = rows.next().map_err(failed)? {
            row(&report_row(found).map_err(failed)?)?;
        }
        Ok(())
    }
}

fn report_row(row: &Row<'_>) -> rusqlite::Result<ReportRow> {
    let state: String = row.get(5)?;
    let known: bool = row.get(9)?;
    let message: Option<String> = row.get(8)?;
    Ok(ReportRow {
        line: Some(row.get::<_, i64>(0)?)
            .filter(|it| *it != i64::MAX)
            .map(|it| it as u64),
        reference: row.get(1)?,
        customer_id: row.get(2)?,
        subject: row.get(3)?,
        id: row.get(4)?,
        state: state.parse().map_or(RowState::Bad, RowState::Stored),
        status: row.get(6)?,
        answer: row.get(7)?,
        message: message.or_else(|| known.then(|| "it was there before, and is not stored again".to_owned())),
    })
}

fn failed(error: rusqlite::Error) -> Error {
    let full = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
    let kind = if full { ErrorKind::Full } else { ErrorKind::Database };
    database(kind, "the temporary file for the rows of this file", error)
}
