//! The tables, and how those of an older version become the newest.

use tokio_postgres::{Client, Error as PgError};

use super::function;
use super::statement::{execute, query, query_one};
use crate::reference;
use crate::sql;

/// Customers are compared byte by byte: the same order everywhere, and quick.
const TABLES: &str = r#"
    CREATE TABLE IF NOT EXISTS vitec_connect_outbox_meta (name text PRIMARY KEY, value text NOT NULL);
    CREATE SEQUENCE IF NOT EXISTS vitec_connect_outbox_owner;
    CREATE TABLE IF NOT EXISTS vitec_connect_rows (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        operation text NOT NULL,
        key text NOT NULL,
        lookup text,
        content_hash text NOT NULL,
        reference text,
        line bigint,
        customer_id text COLLATE "C" NOT NULL,
        contact_id text NOT NULL,
        payload text,
        state text NOT NULL CHECK (state IN ('pending', 'sending', 'accepted', 'rejected', 'unknown')),
        attempt bigint NOT NULL DEFAULT 0,
        owner bigint,
        claim bigint,
        corrected bigint,
        lease_until timestamptz,
        answer text,
        message text,
        kind text,
        status integer,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        UNIQUE (operation, key));
    CREATE INDEX IF NOT EXISTS vitec_connect_rows_waiting ON vitec_connect_rows (state, customer_id, id);
    CREATE INDEX IF NOT EXISTS vitec_connect_rows_lookup ON vitec_connect_rows (operation, lookup)
        WHERE lookup IS NOT NULL;
"#;

const UPGRADE: &str = "
    ALTER TABLE vitec_connect_rows ADD COLUMN claim bigint;
    ALTER TABLE vitec_connect_rows ADD COLUMN corrected bigint;
    ALTER TABLE vitec_connect_rows ADD COLUMN lookup text;";

const UPGRADE_INDEX: &str =
    "CREATE INDEX vitec_connect_rows_lookup ON vitec_connect_rows (operation, lookup) WHERE lookup IS NOT NULL";

/// Two processes do not make or change the tables at once.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7340032164711)";

/// How many rows are looked at together when the tables are those of an older version.
const PAGE: i64 = 1000;

/// A fact about the outbox as a whole.
pub(super) async fn meta(client: &Client, name: &str) -> Result<String, PgError> {
    query_one(client, sql::META, &[&name]).await?.try_get(0)
}

pub(super) const ARE_THERE: &str = "SELECT to_regclass('vitec_connect_outbox_meta') IS NOT NULL";

/// Makes the tables for the rows of a server, where there are none.
pub(super) async fn make(client: &Client, base_url: &str) -> Result<(), PgError> {
    // Who may only write rows need not be allowed to make tables.
    if query_one(client, ARE_THERE, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(());
    }
    client.batch_execute(LOCK).await?;
    client.batch_execute(TABLES).await?;
    for (name, value) in [("version", sql::VERSION), ("base_url", base_url)] {
        execute(client, sql::SET_META, &[&name, &value]).await?;
    }
    function::make(client).await
}

/// From version 1. Nothing is forgotten: each row is found under its own reference and under the normal form of it.
pub(super) async fn upgrade(client: &Client) -> Result<(), PgError> {
    if meta(client, "version").await? != sql::VERSION_1 {
        return Ok(());
    }
    client.batch_execute(LOCK).await?;
    // Another process may have been quicker.
    if meta(client, "version").await? != sql::VERSION_1 {
        return Ok(());
    }
    client.batch_execute(UPGRADE).await?;
    let mut after = 0_i64;
    loop {
        let page = query(client, sql::UPGRADE_REFERENCES, &[&after, &PAGE]).await?;
        let Some(last) = page.last() else { break };
        after = last.try_get(0)?;
        for row in page {
            let (id, reference) = (row.try_get::<_, i64>(0)?, row.try_get::<_, &str>(1)?);
            if reference::normal(reference) != reference {
                let key = reference::key(reference);
                for statement in [sql::RENAME, sql::REKEY] {
                    execute(client, statement, &[&id, &key]).await?;
                }
            }
        }
    }
    client.batch_execute(UPGRADE_INDEX).await?;
    execute(client, sql::UPGRADED, &[&sql::VERSION]).await?;
    Ok(())
}
