//! The connection: made when it is needed, made again when it broke, never left in the middle of something.

use std::error::Error as _;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error as PgError, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use super::url::{Server, Url};
use crate::address::Address;
use crate::error::{Error, ErrorKind, database, silent};

/// How long a connection that was made before may take to begin anything.
const SILENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Connection {
    url: Arc<Url>,
    tls: Option<MakeRustlsConnect>,
    /// Without user and password.
    pub(super) place: Arc<str>,
    live: Arc<Mutex<Option<Live>>>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// A connection that was made, and the task that reads and writes for it.
struct Live {
    client: Client,
    task: JoinHandle<()>,
    /// Between two pieces of work.
    is_idle: bool,
}

impl Drop for Live {
    fn drop(&mut self) {
        // The task would wait for the answers that are due, for ever perhaps. The server sees the connection close, and
        // undoes what was not committed. An idle one says goodbye by itself.
        if !self.is_idle {
            self.task.abort();
        }
    }
}

impl Connection {
    pub(super) fn new(address: &Address) -> Result<Self, Error> {
        let environment = |name: &str| -> Option<OsString> { std::env::var_os(name) };
        let url = Url::parse(address.database().unwrap_or_default(), &environment)?;
        let tls = match url.servers.iter().any(Server::uses_tls) {
            true => Some(tls::connector(&url.place, url.roots.as_deref())?),
            false => None,
        };
        Ok(Self {
            place: url.place.as_str().into(),
            url: Arc::new(url),
            tls,
            live: Arc::default(),
        })
    }

    /// Does a piece of work in one transaction. Where this is not waited for any longer, breaks off, or loses the
    /// connection, the connection is closed with what was not committed, and the next piece of work makes another.
    pub(super) async fn transaction<T>(
        &self,
        work: impl for<'c> FnOnce(&'c Client, Begun) -> BoxFuture<'c, Result<End<T>, PgError>>,
    ) -> Result<T, Error> {
        // Out of its place: where this future is dropped the connection is, too.
        let mut kept = self.live.lock().await;
        let (mut live, begun) = self.begin(kept.take()).await?;
        let done = match work(&live.client, begun).await {
            Ok(End::Commit(done)) => live.client.batch_execute("COMMIT").await.map(|()| done),
            Ok(End::Rollback(done)) => live.client.batch_execute("ROLLBACK").await.map(|()| done),
            Err(error) if error.code().is_some() => {
                live.is_idle = live.client.batch_execute("ROLLBACK").await.is_ok();
                Err(error)
            }
            Err(error) => Err(error),
        };
        live.is_idle |= done.is_ok();
        if live.is_idle {
            *kept = Some(live);
        }
        done.map_err(|error| failed(&self.place, error))
    }

    /// Begins a transaction: on the connection that is there, if it still works, or else on a new one. The time is the
    /// database's.
    async fn begin(&self, kept: Option<Live>) -> Result<(Live, Begun), Error> {
        if let Some(mut live) = kept.filter(|live| !live.client.is_closed()) {
            live.is_idle = false;
            // It may have broken while nobody looked, and nothing has happened yet.
            if let Ok(Ok(begun)) = timeout(SILENCE, begin(&live.client)).await {
                return Ok((live, begun));
            }
        }
        let mut live = self.connect().await?;
        live.is_idle = false;
        let begun = begin(&live.client).await.map_err(|error| failed(&self.place, error))?;
        Ok((live, begun))
    }

    /// To the first server that takes it, each in its time.
    async fn connect(&self) -> Result<Live, Error> {
        let mut servers: Vec<&Server> = self.url.servers.iter().collect();
        if self.url.any_order {
            fastrand::shuffle(&mut servers);
        }
        let mut failure = None;
        for server in servers {
            // All of it: the name, the connection, TLS, and the greeting. tokio-postgres' own timeout is for the second.
            match timeout(server.connect, self.dial(server)).await {
                Ok(Ok(live)) => return Ok(live),
                Ok(Err(error)) => failure = Some(self.unreachable(server, error)),
                Err(_) => failure = Some(silent(&self.place, server.connect)),
            }
        }
        Err(failure.unwrap_or_else(|| Error::new(ErrorKind::NotFound, "the outbox's database has no host")))
    }

    async fn dial(&self, server: &Server) -> Result<Live, PgError> {
        let (client, task) = match &self.tls {
            Some(tls) if server.uses_tls() => {
                let (client, connection) = server.config.connect(tls.clone()).await?;
                (client, tokio::spawn(async move { _ = connection.await }))
            }
            _ => {
                let (client, connection) = server.config.connect(NoTls).await?;
                (client, tokio::spawn(async move { _ = connection.await }))
            }
        };
        Ok(Live {
            client,
            task,
            is_idle: true,
        })
    }

    fn unreachable(&self, server: &Server, error: PgError) -> Error {
        let needs_password = error.source().is_some_and(|it| it.to_string() == "password missing");
        let refused = match error.code() {
            Some(&SqlState::INVALID_CATALOG_NAME) => return database(ErrorKind::NotFound, &self.place, error),
            Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                "the outbox's database refuses the user or the password"
            }
            None if needs_password => {
                "the outbox's database asks for a password: set PGPASSWORD, or put it into ~/.pgpass or the URL"
            }
            _ => return database(ErrorKind::Gone, &self.place, error),
        };
        let note = server.note.iter().map(|note| format!("; {note}"));
        let note: String = note.collect();
        Error::new(ErrorKind::Gone, format!("{}: {refused}{note}", self.place)).with_source(error)
    }
}

/// What is set holds for this transaction only: the connection may be another's next. With `synchronous_commit` off a
/// commit can be forgotten in a power cut, "sending" too; whatever else is set is at least as good. A client that vanished
/// without a word does not keep its rows locked.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED;
    SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';
    SELECT set_config('idle_in_transaction_session_timeout', '60s', true);
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        (SELECT system_identifier FROM pg_control_system()) || '/' ||
        CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END";

/// What a transaction begins with.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    /// The database's time.
    pub(super) now: DateTime<Utc>,
    /// Which past the database has: the cluster, and its timeline, which changes when a standby is promoted or a backup is
    /// restored to a point in time. None in a standby.
    pub(super) history: Option<String>,
}

/// All of it in one round trip.
async fn begin(client: &Client) -> Result<Begun, PgError> {
    let messages = client.simple_query(BEGIN).await?;
    let last = messages.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let micros = last.and_then(|row| row.get(0)?.parse().ok());
    Ok(Begun {
        now: micros
            .and_then(DateTime::from_timestamp_micros)
            .unwrap_or_else(Utc::now),
        history: last.and_then(|row| row.get(1)).map(str::to_owned),
    })
}

/// How a transaction ends whose statements all went well.
pub(super) enum End<T> {
    Commit(T),
    Rollback(T),
}

pub(super) type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What to say of a database in which nothing can be written.
pub(super) fn standby(place: &str) -> Error {
    let what = "the outbox's database can only be read: it is a standby, or it was made read only. Nothing is sent from it \
                until it can be written";
    Error::new(ErrorKind::ReadOnly, format!("{place}: {what}"))
}

/// What a failure of PostgreSQL's means.
fn failed(place: &str, error: PgError) -> Error {
    let kind = match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            let what = "this user may not do that with the outbox's tables. SELECT, INSERT and UPDATE on them and USAGE \
                        of their sequence are enough for a delivery; who owns them makes them, and brings them up to a \
                        new version, with `vitec-connect outbox init`";
            return Error::new(ErrorKind::ReadOnly, format!("{place}: {what}")).with_source(error);
        }
        Some(&SqlState::DISK_FULL) => ErrorKind::Full,
        Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => return standby(place).with_source(error),
        Some(&SqlState::LOCK_NOT_AVAILABLE | &SqlState::T_R_DEADLOCK_DETECTED) => ErrorKind::Locked,
        Some(&SqlState::UNDEFINED_TABLE) => ErrorKind::NotFound,
        Some(code) if is_gone(code) => ErrorKind::Gone,
        Some(_) => ErrorKind::Database,
        None => ErrorKind::Gone,
    };
    database(kind, place, error)
}

/// The connection broke (class 08, a pooler's too), it was ended, or there are too many.
fn is_gone(code: &SqlState) -> bool {
    code.code().starts_with("08")
        || code.code().starts_with("57P")
        || *code == SqlState::TOO_MANY_CONNECTIONS
        || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
}
