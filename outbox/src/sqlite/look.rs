//! An outbox that is only looked at: what would become of rows.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Result, Transaction};

use super::file::{BUSY, Identity, failed, file_error};
use super::read::read_stored;
use super::{Sqlite, tables, transactions};
use crate::enqueue::{Look, Odd};
use crate::error::Error;
use crate::outbox::check_meta;
use crate::row::{Enqueued, NewRow};
use crate::sql;

/// Opens the file for reading. Where there is none, or an empty one, an empty outbox in memory stands for it.
pub(super) fn open(path: &Path, base_url: &str) -> std::result::Result<Sqlite, Error> {
    let there = fs::metadata(path).is_ok_and(|it| it.len() > 0);
    let (path, identity, connection) = if there {
        let path = fs::canonicalize(path).map_err(|error| file_error(path, error))?;
        let identity = Identity::of(&path)?;
        identity.check(&path, true)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).and_then(|connection| {
            connection.busy_timeout(BUSY)?;
            Ok(connection)
        });
        let connection = connection.map_err(|error| failed(&path, error))?;
        (path, identity, connection)
    } else {
        let empty = Connection::open_in_memory().and_then(|mut connection| {
            super::commit(&mut connection, |transaction| tables::make(transaction, base_url))?;
            Ok(connection)
        });
        let connection = empty.map_err(|error| failed(path, error))?;
        (path.to_owned(), Identity::default(), connection)
    };
    let meta = |name| connection.query_row(sql::META, [name], |row| row.get::<_, String>(0));
    let meta = |name| meta(name).map_err(|error| failed(&path, error));
    let (version, owner) = (meta("version")?, meta("base_url")?);
    check_meta(&path.display().to_string(), &version, &owner, Some(base_url))?;
    let look = match &*version {
        sql::VERSION_1 => Look::Version1(odd_references(&connection).map_err(|error| failed(&path, error))?),
        sql::VERSION_2 => Look::Version2,
        _ => Look::Newest,
    };
    Ok(Sqlite {
        path,
        identity,
        base_url: owner.into(),
        connection: Arc::new(Mutex::new(connection)),
        data_version: Arc::default(),
        look: Some(Arc::new(look)),
    })
}

/// The version of the tables in a file, where there are some.
pub(super) fn version(path: &Path) -> Result<Option<String>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY)?;
    if !tables::are_there(&connection)? {
        return Ok(None);
    }
    connection
        .query_row(sql::META, ["version"], |row| row.get(0))
        .optional()
}

/// What would become of a row.
pub(super) fn outlook(transaction: &Transaction<'_>, look: &Look, row: &NewRow) -> Result<Enqueued> {
    let hash = row.content_hash();
    let key = row.key(&hash);
    let stored = match look {
        Look::Newest => transactions::find(transaction, sql::FIND, row.operation, &key)?,
        Look::Version2 => transactions::find(transaction, sql::FIND_VERSION_2, row.operation, &key)?,
        Look::Version1(odd) => {
            let stored = transactions::find(transaction, sql::FIND_VERSION_1, row.operation, &key)?;
            odd.beside(&key, stored)
        }
    };
    Ok(row.outlook(&hash, &stored))
}

fn odd_references(connection: &Connection) -> Result<Odd> {
    let mut odd = Odd::default();
    let mut statement = connection.prepare(sql::REFERENCES_VERSION_1)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        odd.add(row.get_ref(3)?.as_str()?, read_stored(row)?);
    }
    Ok(odd)
}
