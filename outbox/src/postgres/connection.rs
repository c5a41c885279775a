//! The connection: made when it is needed, made again when it broke, never left in the middle of something.

use std::error::Error as _;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinHandle;
use tokio::time::{error::Elapsed, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use super::url::{Server, Url};
use crate::address::Address;
use crate::error::{Error, ErrorKind, database};

/// How long the database may take for a piece of work.
const PATIENCE: Duration = Duration::from_secs(30);

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

    /// The connection, for one piece of work.
    pub(super) async fn client(&self) -> Result<Held<'_>, Error> {
        let mut live = timeout(PATIENCE, self.live.lock())
            .await
            .map_err(|late| self.silent(late))?;
        if live.as_ref().is_none_or(|it| it.client.is_closed()) {
            *live = None;
            *live = Some(self.connect().await?);
        }
        Ok(Held {
            live,
            place: &self.place,
        })
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
                Err(late) => failure = Some(self.silent(late)),
            }
        }
        Err(failure.unwrap_or_else(|| Error::new(ErrorKind::NotFound, "the outbox's database has no host")))
    }

    async fn dial(&self, server: &Server) -> Result<Live, tokio_postgres::Error> {
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
        // With `off` a commit can be forgotten in a power cut: "sending" too. Whatever else is set is at least as good.
        client
            .batch_execute(
                "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
            )
            .await?;
        Ok(Live {
            client,
            task,
            is_idle: true,
        })
    }

    fn unreachable(&self, server: &Server, error: tokio_postgres::Error) -> Error {
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

    fn silent(&self, late: Elapsed) -> Error {
        silent(&self.place, late)
    }
}

fn silent(place: &str, late: Elapsed) -> Error {
    let what = "the outbox's database does not answer: check that it runs, and run it again";
    Error::new(ErrorKind::Gone, format!("{place}: {what}")).with_source(late)
}

/// The connection while it is used.
pub(super) struct Held<'a> {
    live: MutexGuard<'a, Option<Live>>,
    place: &'a str,
}

impl Held<'_> {
    /// Does a piece of work, in time. What takes too long, breaks off, or loses the connection, ends it: the next one
    /// makes another.
    pub(super) async fn run<T>(
        &mut self,
        work: impl for<'c> FnOnce(&'c mut Client) -> BoxFuture<'c, Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        // Out of its place: where this future is dropped the connection is, too.
        let Some(mut live) = self.live.take() else {
            return Err(Error::new(
                ErrorKind::Gone,
                format!("{}: there is no connection", self.place),
            ));
        };
        live.is_idle = false;
        let done = timeout(PATIENCE, work(&mut live.client))
            .await
            .map_err(|late| silent(self.place, late))?;
        // A failure that the server tells leaves a connection that works.
        if done.as_ref().map_or_else(|error| error.code().is_some(), |_| true) {
            live.is_idle = true;
            *self.live = Some(live);
        }
        done.map_err(|error| failed(self.place, error))
    }
}

pub(super) type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a failure of PostgreSQL's means.
fn failed(place: &str, error: tokio_postgres::Error) -> Error {
    let kind = match error.code() {
        Some(&SqlState::DISK_FULL) => ErrorKind::Full,
        Some(&SqlState::READ_ONLY_SQL_TRANSACTION | &SqlState::INSUFFICIENT_PRIVILEGE) => ErrorKind::ReadOnly,
        Some(&SqlState::LOCK_NOT_AVAILABLE | &SqlState::T_R_DEADLOCK_DETECTED) => ErrorKind::Locked,
        Some(&SqlState::UNDEFINED_TABLE) => ErrorKind::NotFound,
        Some(&SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN | &SqlState::CANNOT_CONNECT_NOW) => ErrorKind::Gone,
        Some(_) => ErrorKind::Database,
        None => ErrorKind::Gone,
    };
    database(kind, place, error)
}
