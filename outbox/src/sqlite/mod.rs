//! The outbox in a file of SQLite's: one machine, one process that delivers.

mod file;
mod read;
#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use self::file::{blocking, create, durable, failed, file_error, private};
use self::read::{read_row, state, text, time};
use crate::error::{Error, ErrorKind};
use crate::row::{Counts, Enqueued, NewRow, Row, State};
use crate::sql;
use crate::store::{Change, Claimed, Delivery, Exchanged, Finished, Want};

/// How long it takes at most to see that the lock is held by a delivery, and not by a short look after its remains.
const LOCK: Duration = Duration::from_secs(1);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS vitec_connect_outbox_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS vitec_connect_outbox (
        id INTEGER PRIMARY KEY,
        operation TEXT NOT NULL,
        key TEXT NOT NULL,
        content_hash TEXT NOT NULL,
        reference TEXT,
        line INTEGER,
        customer_id TEXT NOT NULL,
        contact_id TEXT NOT NULL,
        payload TEXT,
        state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'accepted', 'rejected', 'unknown')),
        attempt INTEGER NOT NULL DEFAULT 0,
        owner INTEGER,
        lease_until TEXT,
        answer TEXT,
        message TEXT,
        kind TEXT,
        status INTEGER,
        created_at TEXT NOT NULL,
        changed_at TEXT NOT NULL,
        UNIQUE (operation, key)) STRICT;
    CREATE INDEX IF NOT EXISTS vitec_connect_outbox_waiting ON vitec_connect_outbox (state, customer_id, id);";

#[derive(Clone, Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    base_url: Arc<str>,
    connection: Arc<Mutex<Connection>>,
}

impl Sqlite {
    /// Opens the file; makes it where `base_url` says whom it is for.
    pub(crate) async fn open(path: &Path, base_url: Option<&str>) -> Result<Self, Error> {
        let (path, base_url) = (path.to_owned(), base_url.map(str::to_owned));
        blocking(move || {
            if base_url.is_some() {
                create(&path).map_err(|error| file_error(&path, error))?;
            }
            // Two paths to one file must come to one lock.
            let path = fs::canonicalize(&path).map_err(|error| file_error(&path, error))?;
            let connection = Connection::open(&path).map_err(|error| failed(&path, error))?;
            Self::from_connection(connection, path, base_url.as_deref())
        })
        .await
    }

    pub(crate) fn from_connection(
        mut connection: Connection,
        path: PathBuf,
        base_url: Option<&str>,
    ) -> Result<Self, Error> {
        let failed = |error| failed(&path, error);
        durable(&connection).map_err(failed)?;
        if base_url.is_some() && !connection.is_readonly("main").map_err(failed)? {
            let tables = |connection: &mut Connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                transaction.execute_batch(TABLES)?;
                for (name, value) in [("version", Some(sql::VERSION)), ("base_url", base_url)] {
                    transaction.execute(
                        "INSERT INTO vitec_connect_outbox_meta VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                        params![name, value],
                    )?;
                }
                transaction.commit()
            };
            tables(&mut connection).map_err(failed)?;
        }
        let meta = |name| connection.query_row(sql::META, [name], |row| row.get::<_, String>(0));
        let (version, owner) = (meta("version").map_err(failed)?, meta("base_url").map_err(failed)?);
        crate::outbox::check_meta(&path.display().to_string(), &version, &owner, base_url)?;
        let store = Self {
            path,
            base_url: owner.into(),
            connection: Arc::new(Mutex::new(connection)),
        };
        // What a crash left behind is shown as what it is. Where a delivery is under way, or nothing can be written,
        // there is nothing to do here.
        if let Ok(lock) = store.try_lock(Duration::ZERO) {
            let _ = store.with(|connection| connection.execute(&text(sql::ORPHANS), [sql::ORPHANED]));
            drop(lock);
        }
        Ok(store)
    }

    /// For messages.
    pub(crate) fn place(&self) -> String {
        self.path.display().to_string()
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The lease is for others: the lock is better.
    pub(crate) async fn begin_delivery(&self, lease: Duration) -> Result<Delivery, Error> {
        let store = self.clone();
        blocking(move || {
            let lock = store.try_lock(LOCK)?;
            store.with(|connection| connection.execute(&text(sql::ORPHANS), [sql::ORPHANED]))?;
            Ok(Delivery {
                owner: 0,
                lease,
                _lock: Some(lock),
            })
        })
        .await
    }

    /// The lock lies beside the database: locks on the file itself belong to SQLite.
    fn try_lock(&self, patience: Duration) -> Result<File, Error> {
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        let path = PathBuf::from(path);
        let file = private().open(&path).map_err(|error| file_error(&path, error))?;
        let begun = std::time::Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::new(
                        ErrorKind::Busy,
                        format!(
                            "{}: another process delivers from this outbox. Wait until it has ended, or use an outbox of your own.",
                            self.path.display()
                        ),
                    ));
                }
                Err(TryLockError::Error(error)) => return Err(file_error(&path, error)),
            }
        }
    }

    pub(crate) async fn enqueue(&self, rows: Vec<NewRow>) -> Result<Vec<Enqueued>, Error> {
        self.write(move |connection| rows.iter().map(|row| enqueue(connection, row)).collect())
            .await
    }

    pub(crate) async fn exchange(
        &self,
        delivery: &Arc<Delivery>,
        finished: &[Finished],
        wanted: &[Want],
    ) -> Result<Exchanged, Error> {
        let (delivery, finished, wanted) = (Arc::clone(delivery), finished.to_vec(), wanted.to_vec());
        self.write(move |connection| {
            let mut exchanged = Exchanged::default();
            for it in &finished {
                let recorded = connection.prepare_cached(&text(sql::RECORD))?.execute(params![
                    it.id,
                    it.attempt,
                    it.state.as_str(),
                    it.answer,
                    it.message,
                    it.kind,
                    it.status,
                ])?;
                exchanged.recorded.push(recorded > 0);
            }
            let mut claim = connection.prepare_cached(&text(sql::CLAIM))?;
            for it in &wanted {
                let rows = claim.query_map(params![it.customer_id, it.rows as i64, delivery.owner], |row| {
                    Ok(Claimed {
                        id: row.get(0)?,
                        operation: row.get(1)?,
                        customer_id: row.get(2)?,
                        contact_id: row.get(3)?,
                        payload: row.get(4)?,
                        attempt: row.get(5)?,
                        reference: row.get(6)?,
                        line: row.get(7)?,
                        at: time(row, 8)?,
                    })
                })?;
                for row in rows {
                    exchanged.claimed.push(row?);
                }
            }
            Ok(exchanged)
        })
        .await
    }

    pub(crate) async fn renew(&self, _delivery: &Arc<Delivery>, _in_hand: &[i64]) -> Result<(), Error> {
        Ok(())
    }

    pub(crate) async fn customers(&self) -> Result<Vec<String>, Error> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(sql::CUSTOMERS)?;
            statement.query_map([], |row| row.get(0))?.collect()
        })
        .await
    }

    pub(crate) async fn counts(&self) -> Result<Counts, Error> {
        self.run(|connection| {
            let mut counts = Counts::default();
            let mut statement = connection.prepare_cached(sql::COUNTS)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                *counts.of_mut(state(row, 0)?) = row.get::<_, i64>(1)? as u64;
            }
            Ok(counts)
        })
        .await
    }

    pub(crate) async fn list(&self, only: Option<State>, after: i64, limit: u32) -> Result<Vec<Row>, Error> {
        let query = sql::list(only, after, limit);
        self.run(move |connection| {
            let mut statement = connection.prepare(&query)?;
            statement.query_map([], read_row)?.collect()
        })
        .await
    }

    /// All of them or none: the first row that cannot be changed so is given back.
    pub(crate) async fn change(&self, ids: &[i64], change: Change) -> Result<Option<i64>, Error> {
        let ids = ids.to_vec();
        self.run(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for id in ids {
                if transaction.execute(&text(change.statement()), [id])? == 0 {
                    return Ok(Some(id));
                }
            }
            transaction.commit()?;
            Ok(None)
        })
        .await
    }

    pub(crate) async fn retry_unknown(&self) -> Result<u64, Error> {
        let changed = self.write(|connection| connection.execute(&text(sql::RETRY_UNKNOWN), []));
        Ok(changed.await? as u64)
    }

    pub(crate) async fn purge(&self, keep: Duration) -> Result<u64, Error> {
        let before = format!("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{} seconds')", keep.as_secs());
        let sql = sql::PURGE.replace("BEFORE", &before);
        let purged = self.write(move |connection| connection.execute(&sql, [])).await?;
        // The log still holds what was overwritten in the database.
        self.run(|connection| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))
            .await?;
        Ok(purged as u64)
    }

    /// In one transaction, or not at all.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(move |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let store = self.clone();
        blocking(move || store.with(work)).await
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection).map_err(|error| failed(&self.path, error))
    }
}

/// Stores a row inside the caller's own transaction: it is sent if, and only if, what belongs to it is stored too.
///
/// The tables are made by [`Outbox::open_sqlite`](crate::Outbox::open_sqlite); the outbox may lie in the same file as
/// the caller's own tables. Set `PRAGMA synchronous = FULL` on the connection: with less, a power cut can undo the
/// commit.
///
/// ```
/// use rusqlite::Connection;
/// use vitec_connect::LoanPromise;
/// use vitec_connect_outbox::{NewRow, Outbox, enqueue};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("bank.db");
/// Outbox::open_sqlite(&path, Some("https://connect.maklare.vitec.net")).await?;
///
/// let mut bank = Connection::open(&path)?;
/// let transaction = bank.transaction()?;
/// transaction.execute("CREATE TABLE decisions (id INTEGER PRIMARY KEY)", [])?;
/// transaction.execute("INSERT INTO decisions VALUES (17)", [])?;
/// let promise = LoanPromise::builder().bank("SBAB").build();
/// let row = NewRow::loan_promise("M30011".parse()?, "4711".parse()?, &promise)?.reference("decision 17");
/// enqueue(&transaction, &row)?;
/// transaction.commit()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Whatever SQLite says. The transaction is the caller's to roll back.
pub fn enqueue(transaction: &Transaction<'_>, row: &NewRow) -> rusqlite::Result<Enqueued> {
    let hash = row.content_hash();
    let key = row.key(&hash);
    let new = transaction
        .prepare_cached(&text(sql::INSERT))?
        .query_row(
            params![
                row.operation,
                key,
                hash,
                row.reference,
                row.line.map(|line| line as i64),
                row.customer_id.as_str(),
                row.contact_id.as_str(),
                row.payload
            ],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = new {
        return Ok(Enqueued::New(id));
    }
    transaction
        .prepare_cached(sql::FIND)?
        .query_row(params![row.operation, key], |row| {
            let id = row.get(0)?;
            Ok(match row.get_ref(2)?.as_str()? == hash {
                true => Enqueued::Known(id, state(row, 1)?),
                false => Enqueued::OtherContent(id),
            })
        })
}
