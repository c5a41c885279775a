//! The tables, and how those of an older version become the newest.

use rusqlite::{Result, Transaction};

use super::bound::Bound;
use super::transactions::meta;
use crate::reference;
use crate::sql;

/// Those of the newest version, where there are none.
const TABLES: &str = "
    CREATE TABLE vitec_connect_outbox_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE vitec_connect_rows (
        id INTEGER PRIMARY KEY,
        operation TEXT NOT NULL,
        key TEXT NOT NULL,
        lookup TEXT,
        content_hash TEXT NOT NULL,
        reference TEXT,
        line INTEGER,
        customer_id TEXT NOT NULL,
        contact_id TEXT NOT NULL,
        payload TEXT,
        state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'accepted', 'rejected', 'unknown')),
        attempt INTEGER NOT NULL DEFAULT 0,
        owner INTEGER,
        claim INTEGER,
        corrected INTEGER,
        lease_until TEXT,
        answer TEXT,
        message TEXT,
        kind TEXT,
        status INTEGER,
        created_at TEXT NOT NULL,
        changed_at TEXT NOT NULL,
        UNIQUE (operation, key)) STRICT;
    CREATE INDEX vitec_connect_rows_waiting ON vitec_connect_rows (state, customer_id, id);
    CREATE INDEX vitec_connect_rows_lookup ON vitec_connect_rows (operation, lookup) WHERE lookup IS NOT NULL;";

const UPGRADE: &str = "
    ALTER TABLE vitec_connect_rows ADD COLUMN claim INTEGER;
    ALTER TABLE vitec_connect_rows ADD COLUMN corrected INTEGER;
    ALTER TABLE vitec_connect_rows ADD COLUMN lookup TEXT;
    CREATE INDEX vitec_connect_rows_lookup ON vitec_connect_rows (operation, lookup) WHERE lookup IS NOT NULL;";

/// How many rows are looked at together.
const PAGE: i64 = 1000;

/// Makes the tables for the rows of a server, where there are none.
pub(crate) fn make(transaction: &Transaction<'_>, base_url: &str) -> Result<()> {
    let there = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'vitec_connect_outbox_meta'";
    if transaction.query_row(there, [], |row| row.get::<_, i64>(0))? > 0 {
        return Ok(());
    }
    transaction.execute_batch(TABLES)?;
    for (name, value) in [("version", sql::VERSION), ("base_url", base_url)] {
        Bound::new(transaction, sql::SET_META)?
            .all(&[&name, &value])?
            .execute()?;
    }
    Ok(())
}

/// From version 1. Nothing is forgotten: each row is found under its own reference and under the normal form of it.
pub(crate) fn upgrade(transaction: &Transaction<'_>) -> Result<()> {
    // Another process may have been quicker.
    if meta(transaction, "version")?.as_deref() != Some(sql::VERSION_1) {
        return Ok(());
    }
    transaction.execute_batch(UPGRADE)?;
    let mut after = 0;
    loop {
        let page = Bound::new(transaction, sql::UPGRADE_REFERENCES)?
            .all(&[&after, &PAGE])?
            .rows(|row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        for (id, reference) in page {
            if reference::normal(&reference) != reference {
                let key = reference::key(&reference);
                for statement in [sql::RENAME, sql::REKEY] {
                    Bound::new(transaction, statement)?.all(&[&id, &key])?.execute()?;
                }
            }
        }
    }
    Bound::new(transaction, sql::UPGRADED)?
        .all(&[&sql::VERSION])?
        .execute()?;
    Ok(())
}
