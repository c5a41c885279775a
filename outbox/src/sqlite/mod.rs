//! The outbox in a file of SQLite's: one machine, one process that delivers.

pub(crate) mod bound;
mod file;
mod look;
mod read;
pub(crate) mod tables;
#[cfg(test)]
mod tests;
pub(crate) mod transactions;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use self::file::{Identity, abandoned, blocking, create, durable, failed, file_error, private, tighten};
use crate::enqueue::Look;
use crate::error::{Error, ErrorKind};
use crate::outbox::{check_meta, older};
use crate::row::{Counts, Enqueued, Filter, Held, NewRow, Row, Transition};
use crate::sql;
use crate::store::{Answer, Change, Delivery, Exchange, Exchanged, Hold, Standing, Store};

/// How long it takes at most to see that the lock is held by a delivery, and not by a short look after its remains.
const LOCK: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    /// The file that was opened.
    identity: Identity,
    base_url: Arc<str>,
    connection: Arc<Mutex<Connection>>,
    /// SQLite's own count of what others have changed, when it was last looked at; none where this connection has changed
    /// something since, which it does not count.
    data_version: Arc<Mutex<Option<i64>>>,
    /// Where it was opened to look: nothing is written.
    look: Option<Arc<Look>>,
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

    /// The version of its tables, where there are some.
    pub(crate) async fn version(path: &Path) -> Result<Option<String>, Error> {
        let path = path.to_owned();
        blocking(move || look::version(&path).map_err(|error| failed(&path, error))).await
    }

    /// Opens the file to look, and changes nothing. Where there is none, everything is new.
    pub(crate) async fn look(path: &Path, base_url: &str) -> Result<Self, Error> {
        let (path, base_url) = (path.to_owned(), base_url.to_owned());
        blocking(move || look::open(&path, &base_url)).await
    }

    pub(crate) fn from_connection(
        mut connection: Connection,
        path: PathBuf,
        base_url: Option<&str>,
    ) -> Result<Self, Error> {
        let identity = Identity::of(&path)?;
        identity.check(&path, true)?;
        let failed = |error| failed(&path, error);
        durable(&connection).map_err(failed)?;
        let writes = base_url.is_some() && !connection.is_readonly("main").map_err(failed)?;
        if let Some(base_url) = base_url.filter(|_| writes) {
            commit(&mut connection, |transaction| tables::make(transaction, base_url)).map_err(failed)?;
        }
        let meta = |name| connection.query_row(sql::META, [name], |row| row.get::<_, String>(0));
        let (version, owner) = (meta("version").map_err(failed)?, meta("base_url").map_err(failed)?);
        check_meta(&path.display().to_string(), &version, &owner, base_url)?;
        let is_readonly = connection.is_readonly("main").map_err(failed)?;
        if version != sql::VERSION {
            // Under the lock: a program of the older version may be sending. Its statements would fail.
            let _lock = match is_readonly {
                true => return Err(older(&path.display().to_string(), &version)),
                false => lock_of(&path, LOCK)?,
            };
            commit(&mut connection, tables::upgrade).map_err(failed)?;
        }
        if !is_readonly {
            tighten(&path, &connection).map_err(failed)?;
        }
        let store = Self {
            path,
            identity,
            base_url: owner.into(),
            connection: Arc::new(Mutex::new(connection)),
            data_version: Arc::default(),
            look: None,
        };
        // What a crash left behind is shown as what it is. Where nothing can be written there is nothing to do here.
        let _ = store.sweep_now();
        Ok(store)
    }

    /// Rows whose delivery is gone become unknown: where the lock is free, there is none.
    fn sweep_now(&self) -> Result<u64, Error> {
        match lock_of(&self.path, Duration::ZERO) {
            Ok(_lock) => self.with(|connection| {
                commit(connection, |transaction| {
                    let orphans = transactions::orphan(transaction, Utc::now())?;
                    sign(transaction)?;
                    Ok(orphans)
                })
            }),
            Err(error) if error.kind() == ErrorKind::Busy => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// In one transaction that writes, or not at all.
    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<T> {
        self.answer(TransactionBehavior::Immediate, |_| Ok(()), work)
    }

    /// The same, of the file that was opened and no other.
    fn write_to_this_file<T: Send + 'static>(
        &self,
        only_name: bool,
        work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<T> {
        let check = move |store: &Self| store.identity.check(&store.path, only_name);
        self.answer(TransactionBehavior::Immediate, check, work)
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<T> {
        self.answer(TransactionBehavior::Deferred, |_| Ok(()), work)
    }

    fn answer<T: Send + 'static>(
        &self,
        behavior: TransactionBehavior,
        check: impl FnOnce(&Self) -> Result<(), Error> + Send + 'static,
        work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<T> {
        let store = self.clone();
        Box::pin(async move {
            // Gone when nobody waits for the answer any longer: then nothing is to happen.
            let asked = Arc::new(());
            let waiting = Arc::downgrade(&asked);
            let answer = blocking(move || {
                store.with(|connection| {
                    if waiting.strong_count() == 0 {
                        return Err(abandoned());
                    }
                    check(&store).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                    let transaction = connection.transaction_with_behavior(behavior)?;
                    let done = work(&transaction, Utc::now())?;
                    if matches!(behavior, TransactionBehavior::Immediate) {
                        sign(&transaction)?;
                    }
                    if waiting.strong_count() == 0 {
                        return Err(abandoned());
                    }
                    transaction.commit()?;
                    if matches!(behavior, TransactionBehavior::Immediate) {
                        store.has_written();
                    }
                    Ok(done)
                })
            });
            let answer = answer.await;
            drop(asked);
            answer
        })
    }

    /// A delivery of this process looks anew.
    fn has_written(&self) {
        *self.data_version.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection).map_err(|error| failed(&self.path, error))
    }
}

impl Store for Sqlite {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn enqueue(&self, rows: Vec<NewRow>) -> Answer<Vec<Enqueued>> {
        if let Some(look) = self.look.clone() {
            return self
                .read(move |transaction, _| rows.iter().map(|row| look::outlook(transaction, &look, row)).collect());
        }
        self.write_to_this_file(true, move |transaction, now| {
            rows.iter()
                .map(|row| transactions::enqueue(transaction, now, row))
                .collect()
        })
    }

    /// The lease is for others: the lock is better.
    fn begin_delivery(&self, lease: Duration) -> Answer<Delivery> {
        let store = self.clone();
        Box::pin(async move {
            let locking = store.clone();
            let lock = blocking(move || lock_of(&locking.path, LOCK)).await?;
            let begin = |transaction: &Transaction<'_>, now| {
                transactions::orphan(transaction, now)?;
                transactions::next_owner(transaction)
            };
            Ok(Delivery {
                owner: store.write_to_this_file(true, begin).await?,
                lease,
                history: None,
                _lock: Some(lock),
            })
        })
    }

    /// The delivery is kept until it is over: so is its lock.
    fn exchange(&self, delivery: &Arc<Delivery>, asked: Exchange) -> Answer<Exchanged> {
        let delivery = Arc::clone(delivery);
        // A second name is no reason to lose results.
        self.write_to_this_file(!asked.wanted.is_empty(), move |transaction, now| {
            transactions::exchange(transaction, now, &delivery, &asked)
        })
    }

    fn hold(&self, delivery: &Arc<Delivery>, asked: Hold) -> Answer<u64> {
        let delivery = Arc::clone(delivery);
        self.write(move |transaction, now| transactions::hold(transaction, now, &delivery, &asked))
    }

    fn sweep(&self) -> Answer<u64> {
        let store = self.clone();
        Box::pin(blocking(move || store.sweep_now()))
    }

    fn customers(&self) -> Answer<Vec<String>> {
        self.read(|transaction, _| transactions::customers(transaction))
    }

    fn counts(&self) -> Answer<Counts> {
        self.read(|transaction, _| transactions::counts(transaction))
    }

    fn has_changed(&self) -> Answer<bool> {
        let store = self.clone();
        Box::pin(blocking(move || {
            let now = store.with(|it| it.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0)))?;
            let mut before = store.data_version.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(before.replace(now) != Some(now))
        }))
    }

    fn list(&self, only: Filter, after: i64, limit: u32) -> Answer<Vec<Row>> {
        self.read(move |transaction, _| transactions::list(transaction, &only, after, limit))
    }

    fn history(&self, id: i64) -> Answer<Vec<Transition>> {
        self.read(move |transaction, _| transactions::history(transaction, id))
    }

    fn oldest(&self) -> Answer<Option<DateTime<Utc>>> {
        self.read(|transaction, _| transactions::oldest(transaction))
    }

    fn holds(&self) -> Answer<Vec<Held>> {
        self.read(|transaction, _| transactions::holds(transaction))
    }

    fn hold_customers(&self, customers: Vec<String>, why: Option<String>) -> Answer<()> {
        self.write(move |transaction, now| transactions::hold_customers(transaction, now, &customers, why.as_deref()))
    }

    fn release_customers(&self, customers: Vec<String>) -> Answer<Vec<String>> {
        self.write(move |transaction, now| transactions::release_customers(transaction, now, &customers))
    }

    fn correct(&self, id: i64, payload: String, content_hash: String) -> Answer<bool> {
        self.write(move |transaction, now| transactions::correct(transaction, now, id, &payload, &content_hash))
    }

    fn standing(&self, ids: Vec<i64>) -> Answer<Vec<Standing>> {
        self.read(move |transaction, now| transactions::standing(transaction, now, &ids))
    }

    fn change(&self, ids: Vec<i64>, change: Change) -> Answer<Option<i64>> {
        let store = self.clone();
        Box::pin(blocking(move || {
            store.with(|connection| {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let refused = transactions::change(&transaction, Utc::now(), &ids, change)?;
                match refused {
                    None => {
                        sign(&transaction)?;
                        transaction.commit()?;
                        store.has_written();
                    }
                    Some(_) => transaction.rollback()?,
                }
                Ok(refused)
            })
        }))
    }

    fn retry_unknown(&self) -> Answer<u64> {
        self.write(transactions::retry_unknown)
    }

    fn purge(&self, keep: Duration) -> Answer<u64> {
        let purged = self.write(move |transaction, now| transactions::purge(transaction, now, keep));
        let store = self.clone();
        Box::pin(async move {
            let purged = purged.await?;
            // The log still holds what was overwritten in the database.
            let checkpoint = move |connection: &mut Connection| {
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            };
            blocking(move || store.with(checkpoint)).await?;
            Ok(purged)
        })
    }
}

fn commit<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

/// Who has changed what this transaction changed, where it is written down.
fn sign(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    static USER: LazyLock<String> = LazyLock::new(|| whoami::username().unwrap_or_else(|_| "unknown".to_owned()));
    transactions::sign(transaction, &USER)
}

/// The lock lies beside the database: locks on the file itself belong to SQLite.
fn lock_of(path: &Path, patience: Duration) -> Result<File, Error> {
    let mut lock = path.to_owned().into_os_string();
    lock.push(".lock");
    let lock = PathBuf::from(lock);
    let file = private().open(&lock).map_err(|error| file_error(&lock, error))?;
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
                        path.display()
                    ),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(file_error(&lock, error)),
        }
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
/// let row = NewRow::new("M30011".parse()?, ["4711"], &promise)?.reference("decision 17");
/// enqueue(&transaction, &row)?;
/// transaction.commit()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Whatever SQLite says. The transaction is the caller's to roll back.
pub fn enqueue(transaction: &Transaction<'_>, row: &NewRow) -> rusqlite::Result<Enqueued> {
    let enqueued = transactions::enqueue(transaction, Utc::now(), row)?;
    sign(transaction)?;
    Ok(enqueued)
}
