//! What a file has had so far.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, database};
use crate::reference;

/// Remembers in a temporary database of SQLite's own: a million different rows would take 100 MB of memory. It holds
/// hashes and line numbers only, and is gone with the process.
pub(super) struct Seen(Connection);

impl Seen {
    pub(super) fn new() -> Result<Self, Error> {
        // No name: a file that is removed at once, and written only when it outgrows the cache.
        let connection = Connection::open("").map_err(failed)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
                 CREATE TABLE content (hash TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID, STRICT;
                 CREATE TABLE reference (
                     reference BLOB PRIMARY KEY, content TEXT NOT NULL, line INTEGER NOT NULL) WITHOUT ROWID, STRICT;
                 BEGIN",
            )
            .map_err(failed)?;
        Ok(Self(connection))
    }

    /// Which one of those with this content this is, from 1.
    pub(super) fn count(&mut self, hash: &str) -> Result<u64, Error> {
        let mut statement = self
            .0
            .prepare_cached(
                "INSERT INTO content VALUES (?1, 1)
                 ON CONFLICT (hash) DO UPDATE SET times = times + 1 RETURNING times",
            )
            .map_err(failed)?;
        let times: i64 = statement
            .query_row(params![half(hash)], |row| row.get(0))
            .map_err(failed)?;
        Ok(times as u64)
    }

    /// Why this line cannot have this reference, where one before has it: whichever of the two is meant, only a person
    /// knows. The very same content once more is harmless, and is sent once. Of a bad row the content is the empty text.
    pub(super) fn reference(&mut self, reference: &str, hash: &str, line: u64) -> Result<Option<String>, Error> {
        let digest = Sha256::digest(reference::key(reference));
        let before = self
            .0
            .prepare_cached("SELECT content, line FROM reference WHERE reference = ?1")
            .and_then(|mut it| {
                it.query_row(params![digest.as_slice()], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(failed)?;
        let Some((content, first)): Option<(String, i64)> = before else {
            self.0
                .prepare_cached("INSERT INTO reference VALUES (?1, ?2, ?3)")
                .and_then(|mut it| it.execute(params![digest.as_slice(), half(hash), line as i64]))
                .map_err(failed)?;
            return Ok(None);
        };
        Ok(match content.as_str() {
            "" => Some(format!(
                "line {first} has it too, and is bad: mend that one and delete this one, or the other way round"
            )),
            same if same == half(hash) => None,
            _ => Some(format!(
                "line {first} has it already, with other content: delete one of the two, or give this one a reference of \
                 its own. A correction comes in a file of its own"
            )),
        })
    }
}

/// Half of a hash tells any number of rows apart.
fn half(hash: &str) -> &str {
    hash.get(..32).unwrap_or(hash)
}

fn failed(error: rusqlite::Error) -> Error {
    let full = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull);
    let kind = if full { ErrorKind::Full } else { ErrorKind::Database };
    database(kind, "the temporary file for counting rows", error)
}
