//! The connection: made when it is needed, made again when it broke, its failures in words.

use std::sync::Arc;
use std::time::Duration;

use rustls_platform_verifier::BuilderVerifierExt;
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, ErrorKind, database};

/// How long the database may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a connection may take to be made, unless the URL says otherwise.
const CONNECT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Connection {
    config: Arc<Config>,
    /// Without a password.
    pub(super) place: Arc<str>,
    client: Arc<Mutex<Option<Client>>>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(url: &str) -> Result<Self, Error> {
        // The error is not told: it may quote the URL, and that its password.
        let mut config: Config = url
            .parse()
            .map_err(|_| Error::new(ErrorKind::NotFound, "this is no URL of a PostgreSQL database"))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("vitec-connect-outbox");
        }
        let hosts: Vec<_> = config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                #[cfg(unix)]
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
        Ok(Self {
            place: format!("postgres://{}/{name}", hosts.join(",")).into(),
            config: Arc::new(config),
            client: Arc::default(),
        })
    }

    /// The connection, for one piece of work.
    pub(super) async fn client(&self) -> Result<Held<'_>, Error> {
        let mut held = self.client.lock().await;
        if held.as_ref().is_none_or(Client::is_closed) {
            *held = None;
            *held = Some(self.connect().await?);
        }
        Ok(Held {
            held,
            place: &self.place,
        })
    }

    async fn connect(&self) -> Result<Client, Error> {
        let remote = self.config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)));
        let client = match remote && self.config.get_ssl_mode() != SslMode::Disable {
            true => {
                let (client, connection) = self
                    .config
                    .connect(tls(&self.place)?)
                    .await
                    .map_err(|error| self.unreachable(error))?;
                tokio::spawn(connection);
                client
            }
            false => {
                let (client, connection) = self
                    .config
                    .connect(NoTls)
                    .await
                    .map_err(|error| self.unreachable(error))?;
                tokio::spawn(connection);
                client
            }
        };
        // With `off` a commit can be forgotten in a power cut: "sending" too. Whatever else is set is at least as good.
        client
            .batch_execute(
                "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
            )
            .await
            .map_err(|error| self.unreachable(error))?;
        Ok(client)
    }

    fn unreachable(&self, error: tokio_postgres::Error) -> Error {
        let kind = match error.code() {
            Some(&SqlState::INVALID_CATALOG_NAME) => ErrorKind::NotFound,
            _ => ErrorKind::Gone,
        };
        database(kind, &self.place, error)
    }
}

/// The operating system's certificates; the server's name is checked whatever `sslmode` says.
fn tls(place: &str) -> Result<MakeRustlsConnect, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| database(ErrorKind::Gone, place, error))?;
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

/// The connection while it is used.
pub(super) struct Held<'a> {
    held: MutexGuard<'a, Option<Client>>,
    place: &'a str,
}

impl Held<'_> {
    /// Does a piece of work, in time. What takes too long, or loses the connection, ends it: the next one makes another.
    pub(super) async fn run<T>(
        &mut self,
        work: impl for<'c> FnOnce(&'c mut Client) -> BoxFuture<'c, Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let Some(client) = self.held.as_mut() else {
            return Err(Error::new(
                ErrorKind::Gone,
                format!("{}: there is no connection", self.place),
            ));
        };
        match tokio::time::timeout(PATIENCE, work(client)).await {
            Ok(done) => done.map_err(|error| failed(self.place, error)),
            Err(late) => {
                *self.held = None;
                Err(database(ErrorKind::Gone, self.place, late))
            }
        }
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
