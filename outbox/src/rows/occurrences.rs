//! How often a file has had the same content so far.

use rusqlite::{Connection, params};

use crate::error::{Error, ErrorKind, database};

/// Counts in a temporary database of SQLite's own: a million different rows would take 100 MB of memory. It holds hashes
/// only, and is gone with the process.
pub(super) struct Occurrences(Connection);

impl Occurrences {
    pub(super) fn new() -> Result<Self, Error> {
        // No name: a file that is removed at once, and written only when it outgrows the cache.
        let connection = Connection::open("").map_err(failed)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
                 CREATE TABLE seen (hash TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID, STRICT;
                 BEGIN",
            )
            .map_err(failed)?;
        Ok(Self(connection))
    }

    /// Which one of those with this content this is, from 1.
    pub(super) fn count(&mut self, hash: &str) -> Result<u64, Error> {
        // Half of it tells any number of rows apart.
        let hash = hash.get(..32).unwrap_or(hash);
        let mut statement = self
            .0
            .prepare_cached(
                "INSERT INTO seen VALUES (?1, 1) ON CONFLICT (hash) DO UPDATE SET times = times + 1 RETURNING times",
            )
            .map_err(failed)?;
        let times: i64 = statement.query_row(params![hash], |row| row.get(0)).map_err(failed)?;
        Ok(times as u64)
    }
}

fn failed(error: rusqlite::Error) -> Error {
    let full = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
    let kind = if full { ErrorKind::Full } else { ErrorKind::Database };
    database(kind, "the temporary file for counting rows", error)
}
