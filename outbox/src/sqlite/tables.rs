//! The tables, and how those of an older version become the newest.

use rusqlite::{Connection, Result, Transaction};

use super::bound::Bound;
use super::transactions::meta;
use crate::reference;
use crate::sql;

const META: &str = "CREATE TABLE vitec_connect_outbox_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;";

/// Those of the newest version. The history keeps a row's first ten steps and its last forty.
const TABLES: &str = "
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
        state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'accepted', 'rejected', 'unknown', 'dropped')),
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
    CREATE INDEX vitec_connect_rows_lookup ON vitec_connect_rows (operation, lookup) WHERE lookup IS NOT NULL;
    CREATE TABLE vitec_connect_customers (
        customer_id TEXT PRIMARY KEY,
        state TEXT NOT NULL CHECK (state IN ('new', 'proven', 'held')),
        releases INTEGER NOT NULL,
        why TEXT,
        status INTEGER,
        who TEXT,
        changed_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX vitec_connect_customers_unsigned ON vitec_connect_customers (who) WHERE who IS NULL;
    CREATE TABLE vitec_connect_history (
        row_id INTEGER NOT NULL,
        number INTEGER NOT NULL,
        at TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        state TEXT NOT NULL,
        status INTEGER,
        message TEXT,
        who TEXT,
        PRIMARY KEY (row_id, number)) STRICT, WITHOUT ROWID;
    CREATE INDEX vitec_connect_history_unsigned ON vitec_connect_history (who) WHERE who IS NULL;";

/// These come behind the rows of an older version.
const TRIGGERS: &str = "
    CREATE TRIGGER vitec_connect_rows_made AFTER INSERT ON vitec_connect_rows BEGIN
        INSERT INTO vitec_connect_history (row_id, number, at, attempt, state)
        VALUES (NEW.id, 1, NEW.changed_at, NEW.attempt, NEW.state);
    END;
    CREATE TRIGGER vitec_connect_rows_changed AFTER UPDATE OF state ON vitec_connect_rows
    WHEN (NEW.state <> OLD.state OR NEW.attempt <> OLD.attempt) AND NOT EXISTS (SELECT 1 FROM vitec_connect_history
        WHERE row_id = NEW.id AND attempt = NEW.attempt AND state = NEW.state) BEGIN
        INSERT INTO vitec_connect_history (row_id, number, at, attempt, state, status, message)
        SELECT NEW.id, 1 + coalesce(max(number), 0), NEW.changed_at, NEW.attempt, NEW.state, NEW.status, NEW.message
        FROM vitec_connect_history WHERE row_id = NEW.id;
        DELETE FROM vitec_connect_history WHERE row_id = NEW.id AND number > 10
        AND number <= (SELECT max(number) FROM vitec_connect_history WHERE row_id = NEW.id) - 40;
    END;
    CREATE TRIGGER vitec_connect_rows_purged AFTER UPDATE OF payload ON vitec_connect_rows
    WHEN NEW.payload IS NULL BEGIN
        UPDATE vitec_connect_history SET message = NULL WHERE row_id = NEW.id AND message IS NOT NULL;
    END;";

/// From version 1 to 2.
const UPGRADE: &str = "
    ALTER TABLE vitec_connect_outbox ADD COLUMN claim INTEGER;
    ALTER TABLE vitec_connect_outbox ADD COLUMN corrected INTEGER;
    ALTER TABLE vitec_connect_outbox ADD COLUMN lookup TEXT;";

/// From version 2 to 3.
const MOVE: &str = "
    INSERT INTO vitec_connect_rows (id, operation, key, lookup, content_hash, reference, line, customer_id, contact_id,
        payload, state, attempt, owner, claim, corrected, lease_until, answer, message, kind, status, created_at, changed_at)
    SELECT id, operation, key, lookup, content_hash, reference, line, customer_id, contact_id,
        payload, state, attempt, owner, claim, corrected, lease_until, answer, message, kind, status, created_at, changed_at
    FROM vitec_connect_outbox;
    DROP TABLE vitec_connect_outbox;";

/// How many rows are looked at together.
const PAGE: i64 = 1000;

/// Whether there are tables of whatever version.
pub(super) fn are_there(connection: &Connection) -> Result<bool> {
    let there = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'vitec_connect_outbox_meta'";
    connection.query_row(there, [], |row| row.get::<_, i64>(0).map(|found| found > 0))
}

/// Makes the tables for the rows of a server, where there are none.
pub(crate) fn make(transaction: &Transaction<'_>, base_url: &str) -> Result<()> {
    if are_there(transaction)? {
        return Ok(());
    }
    for tables in [META, TABLES, TRIGGERS] {
        transaction.execute_batch(tables)?;
    }
    for (name, value) in [("version", sql::VERSION), ("base_url", base_url)] {
        Bound::new(transaction, sql::SET_META)?
            .all(&[&name, &value])?
            .execute()?;
    }
    Ok(())
}

/// From an older version. Nothing is forgotten: each row is as it was, and found under its own reference and under the
/// normal form of it.
pub(crate) fn upgrade(transaction: &Transaction<'_>) -> Result<()> {
    // Another process may have been quicker.
    match meta(transaction, "version")?.as_deref() {
        Some(sql::VERSION_1) => normalize(transaction)?,
        Some(sql::VERSION_2) => {}
        _ => return Ok(()),
    }
    transaction.execute_batch(TABLES)?;
    transaction.execute_batch(MOVE)?;
    for statement in [sql::FIRST_HISTORY, sql::FIRST_CUSTOMERS] {
        Bound::new(transaction, statement)?.execute()?;
    }
    transaction.execute_batch(TRIGGERS)?;
    Bound::new(transaction, sql::CHANGE_META)?
        .all(&[&"version", &sql::VERSION])?
        .execute()?;
    Ok(())
}

fn normalize(transaction: &Transaction<'_>) -> Result<()> {
    transaction.execute_batch(UPGRADE)?;
    let mut after = 0;
    loop {
        let page = Bound::new(transaction, sql::UPGRADE_REFERENCES)?
            .all(&[&after, &PAGE])?
            .rows(|row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        let Some((last, _)) = page.last() else { return Ok(()) };
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
}
