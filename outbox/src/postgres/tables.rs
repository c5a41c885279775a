//! The tables, and how those of an older version become the newest.

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, Error as PgError};

use super::function;
use super::statement::{execute, query, query_one};
use crate::reference;
use crate::sql;

const META: &str = "
    CREATE TABLE IF NOT EXISTS vitec_connect_outbox_meta (name text PRIMARY KEY, value text NOT NULL);
    CREATE SEQUENCE IF NOT EXISTS vitec_connect_outbox_owner;";

/// Customers are compared byte by byte: the same order everywhere, and quick.
const ROWS: &str = r#"
    CREATE TABLE vitec_connect_rows (
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
        state text NOT NULL
            CHECK (state IN ('pending', 'sending', 'accepted', 'rejected', 'unknown', 'dropped')),
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
    CREATE INDEX vitec_connect_rows_waiting ON vitec_connect_rows (state, customer_id, id);
    CREATE INDEX vitec_connect_rows_lookup ON vitec_connect_rows (operation, lookup) WHERE lookup IS NOT NULL;
"#;

const OTHERS: &str = r#"
    CREATE TABLE vitec_connect_customers (
        customer_id text COLLATE "C" PRIMARY KEY,
        state text NOT NULL CHECK (state IN ('new', 'proven', 'held')),
        releases bigint NOT NULL,
        why text,
        status integer,
        who text,
        changed_at timestamptz NOT NULL);
    CREATE TABLE vitec_connect_history (
        row_id bigint NOT NULL,
        number bigint NOT NULL,
        at timestamptz NOT NULL,
        attempt bigint NOT NULL,
        state text NOT NULL,
        status integer,
        message text,
        who text,
        PRIMARY KEY (row_id, number));
"#;

/// The history keeps a row's first ten steps and its last forty. Its function has its owner's rights and path: who may
/// change rows need not be allowed to change their history.
const TRIGGERS: &str = "
    CREATE OR REPLACE FUNCTION vitec_connect_note() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $note$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO vitec_connect_history (row_id, number, at, attempt, state, who)
            VALUES (NEW.id, 1, NEW.changed_at, NEW.attempt, NEW.state, session_user);
            RETURN NULL;
        END IF;
        IF (NEW.state <> OLD.state OR NEW.attempt <> OLD.attempt) AND NOT EXISTS (SELECT 1 FROM vitec_connect_history
            WHERE row_id = NEW.id AND attempt = NEW.attempt AND state = NEW.state) THEN
            INSERT INTO vitec_connect_history (row_id, number, at, attempt, state, status, message, who)
            SELECT NEW.id, 1 + coalesce(max(number), 0), NEW.changed_at, NEW.attempt, NEW.state, NEW.status,
                NEW.message, session_user
            FROM vitec_connect_history WHERE row_id = NEW.id;
            DELETE FROM vitec_connect_history WHERE row_id = NEW.id AND number > 10
            AND number <= (SELECT max(number) FROM vitec_connect_history WHERE row_id = NEW.id) - 40;
        END IF;
        IF NEW.payload IS NULL THEN
            UPDATE vitec_connect_history SET message = NULL WHERE row_id = NEW.id AND message IS NOT NULL;
        END IF;
        RETURN NULL;
    END $note$;
    REVOKE ALL ON FUNCTION vitec_connect_note() FROM PUBLIC;
    CREATE TRIGGER vitec_connect_rows_made AFTER INSERT ON vitec_connect_rows
        FOR EACH ROW EXECUTE FUNCTION vitec_connect_note();
    CREATE TRIGGER vitec_connect_rows_changed AFTER UPDATE OF state, payload ON vitec_connect_rows
        FOR EACH ROW EXECUTE FUNCTION vitec_connect_note();
    CREATE OR REPLACE FUNCTION vitec_connect_sign() RETURNS trigger
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $sign$
    BEGIN
        NEW.who := session_user;
        RETURN NEW;
    END $sign$;
    REVOKE ALL ON FUNCTION vitec_connect_sign() FROM PUBLIC;
    CREATE TRIGGER vitec_connect_customers_signed BEFORE INSERT OR UPDATE ON vitec_connect_customers
        FOR EACH ROW EXECUTE FUNCTION vitec_connect_sign();";

/// From version 1 to 2.
const UPGRADE: &str = "
    ALTER TABLE vitec_connect_outbox ADD COLUMN claim bigint;
    ALTER TABLE vitec_connect_outbox ADD COLUMN corrected bigint;
    ALTER TABLE vitec_connect_outbox ADD COLUMN lookup text;
    CREATE INDEX vitec_connect_outbox_lookup ON vitec_connect_outbox (operation, lookup) WHERE lookup IS NOT NULL;";

/// From version 2 to 3.
const MOVE: &str = "
    ALTER TABLE vitec_connect_outbox RENAME TO vitec_connect_rows;
    ALTER INDEX vitec_connect_outbox_waiting RENAME TO vitec_connect_rows_waiting;
    ALTER INDEX vitec_connect_outbox_lookup RENAME TO vitec_connect_rows_lookup;
    ALTER TABLE vitec_connect_rows DROP CONSTRAINT vitec_connect_outbox_state_check;
    ALTER TABLE vitec_connect_rows ADD CONSTRAINT vitec_connect_rows_state_check
        CHECK (state IN ('pending', 'sending', 'accepted', 'rejected', 'unknown', 'dropped'));";

/// Two processes do not make or change the tables at once.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7340032164711)";

/// How many rows are looked at together when the tables are those of an older version.
const PAGE: i64 = 1000;

/// A fact about the outbox as a whole.
pub(super) async fn meta(client: &Client, name: &str) -> Result<Option<String>, PgError> {
    let found = query(client, sql::META, &[&name]).await?;
    found.first().map(|row| row.try_get(0)).transpose()
}

pub(super) const ARE_THERE: &str = "SELECT to_regclass('vitec_connect_outbox_meta') IS NOT NULL";

/// What is made lies in the first schema of the path, and its functions look there alone.
const PATH: &str = "SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true)";

/// The same for tables that are there.
const PATH_OF_TABLES: &str = "SELECT set_config('search_path', quote_ident(n.nspname) || ', pg_temp', true)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = 'vitec_connect_outbox_meta'::regclass";

/// Makes the tables for the rows of a server, where there are none. Whether there were none.
pub(super) async fn make(client: &Client, base_url: &str, history: Option<&str>) -> Result<bool, PgError> {
    // Who may only write rows need not be allowed to make tables.
    if query_one(client, ARE_THERE, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(false);
    }
    client.batch_execute(LOCK).await?;
    // Another process may have been quicker.
    if query_one(client, ARE_THERE, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(false);
    }
    client.batch_execute(PATH).await?;
    for tables in [META, ROWS, OTHERS, TRIGGERS] {
        client.batch_execute(tables).await?;
    }
    let facts = [
        ("version", Some(sql::VERSION)),
        ("base_url", Some(base_url)),
        (HISTORY, history),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            execute(client, sql::SET_META, &[&name, &value]).await?;
        }
    }
    function::make(client).await?;
    Ok(true)
}

/// The fact that says which past the database has; see [`Begun::history`](super::connection::Begun).
pub(super) const HISTORY: &str = "history";

/// Why tables of an older version cannot be brought up to date now: rows are under way, until then at most.
pub(super) struct UnderWay(pub(super) i64, pub(super) DateTime<Utc>);

/// From an older version: which. Nothing is forgotten: each row is as it was, and found under its own reference and under
/// the normal form of it. Not while a program of the older version has rows under way: its statements would fail.
pub(super) async fn upgrade(
    client: &Client,
    now: DateTime<Utc>,
    history: Option<&str>,
) -> Result<Result<Option<String>, UnderWay>, PgError> {
    client.batch_execute(LOCK).await?;
    let version = meta(client, "version").await?.unwrap_or_default();
    if ![sql::VERSION_1, sql::VERSION_2].contains(&&*version) {
        return Ok(Ok(None));
    }
    client.batch_execute(PATH_OF_TABLES).await?;
    client
        .batch_execute("LOCK TABLE vitec_connect_outbox IN ACCESS EXCLUSIVE MODE")
        .await?;
    let leases = "SELECT count(*), max(lease_until) FROM vitec_connect_outbox
        WHERE state = 'sending' AND lease_until >= $1";
    let leases = query_one(client, leases, &[&now]).await?;
    if let Some(until) = leases.try_get(1)? {
        return Ok(Err(UnderWay(leases.try_get(0)?, until)));
    }
    if version == sql::VERSION_1 {
        normalize(client).await?;
    }
    client.batch_execute(MOVE).await?;
    client.batch_execute(OTHERS).await?;
    for statement in [sql::FIRST_HISTORY, sql::FIRST_CUSTOMERS] {
        execute(client, statement, &[]).await?;
    }
    client.batch_execute(TRIGGERS).await?;
    execute(client, sql::CHANGE_META, &[&"version", &sql::VERSION]).await?;
    if let Some(history) = history {
        execute(client, sql::SET_META, &[&HISTORY, &history]).await?;
    }
    Ok(Ok(Some(version)))
}

async fn normalize(client: &Client) -> Result<(), PgError> {
    client.batch_execute(UPGRADE).await?;
    let mut after = 0_i64;
    loop {
        let page = query(client, sql::UPGRADE_REFERENCES, &[&after, &PAGE]).await?;
        let Some(last) = page.last() else { return Ok(()) };
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
}
