//! A PostgreSQL server of the tests' own: Debian's binaries, a socket in a temporary folder, gone with the tests.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio_postgres::{Client, NoTls};

use crate::stores::Place;

/// Ends the server, and removes its folder, when its input ends: with the tests, however they end. A line of it names the
/// signal by which the server ends and is started again.
const SCRIPT: &str = r#"
    set -e
    dir=$(mktemp -d /tmp/outbox-postgres.XXXXXX)
    trap 'rm -rf "$dir"' EXIT
    LC_ALL=C "$1/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --no-sync >&2
    sed -i '1i local all hushed scram-sha-256' "$dir/data/pg_hba.conf"
    begin() {
        "$1/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c max_connections=200 >>"$dir/log" 2>&1 &
    }
    begin "$1"
    echo "$dir"
    while read -r signal; do
        kill -"$signal" $! && wait $! || true
        begin "$1"
    done
    kill -QUIT $! && wait $! || true
"#;

struct Server {
    folder: String,
    input: ChildStdin,
}

fn start() -> Option<Server> {
    let bin = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin: &PathBuf| bin.join("initdb").exists())
        .max()?;
    let (folder, input) = script(SCRIPT, bin.to_str()?)?;
    Some(Server { folder, input })
}

/// Starts a shell's script that says which folder is its own, and ends with its input.
pub(crate) fn script(script: &str, argument: &str) -> Option<(String, ChildStdin)> {
    // PostgreSQL refuses to run as root.
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|it| it.stdout == b"0\n");
    let mut command = if root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    let mut child = command
        .args(["-c", script, "sh", argument])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut folder = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut folder).ok()?;
    let folder = folder.trim().to_owned();
    (!folder.is_empty()).then_some((folder, child.stdin.take()?))
}

fn url(folder: &str, name: &str) -> String {
    format!("postgres:///{name}?host={folder}&user=postgres")
}

/// A database of its own; none, and said so, where PostgreSQL is not installed.
pub(crate) async fn place() -> Option<Place> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NAMES: AtomicU32 = AtomicU32::new(0);
    let Some(server) = tokio::task::spawn_blocking(|| SERVER.get_or_init(start)).await.unwrap() else {
        skipped();
        return None;
    };
    let name = format!("outbox_{}", NAMES.fetch_add(1, Ordering::SeqCst));
    let admin = admin(&server.folder).await;
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    Some(Place::at(url(&server.folder, &name)))
}

fn skipped() {
    let required = std::env::var("VITEC_CONNECT_REQUIRE_POSTGRES").is_ok_and(|it| it == "1");
    assert!(!required, "PostgreSQL is required, and could not be started");
    eprintln!("skipped: PostgreSQL's server is not installed");
}

/// A server of one test's own, which it may restart.
pub(crate) struct Own(Server);

impl Own {
    /// None, and said so, where PostgreSQL is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let server = tokio::task::spawn_blocking(start).await.unwrap();
        if server.is_none() {
            skipped();
        }
        server.map(Self)
    }

    pub(crate) fn place(&self) -> Place {
        Place::at(url(&self.0.folder, "postgres"))
    }

    /// Ends the server by a signal, `INT` or `QUIT`, and waits until it works again.
    pub(crate) async fn restart(&mut self, signal: &str) {
        let before = self.begun().await;
        writeln!(self.0.input, "{signal}").unwrap();
        while self.begun().await.is_none_or(|now| Some(now) == before) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// When it was started; none where it is away.
    async fn begun(&self) -> Option<String> {
        let admin = admin(&self.0.folder).await;
        let row = admin.query_one("SELECT pg_postmaster_start_time()::text", &[]).await;
        row.ok().map(|row| row.get(0))
    }
}

/// The database that is no test's.
async fn admin(folder: &str) -> Client {
    let url = url(folder, "postgres");
    for _ in 0..300 {
        if let Ok(client) = try_connect(&url).await {
            return client;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("PostgreSQL did not start: {url}");
}

pub(crate) async fn connect(url: &str) -> Client {
    try_connect(url).await.unwrap()
}

pub(crate) async fn try_connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The name of a place's database, and the folder of its server's socket.
pub(crate) fn parts(place: &Place) -> (String, String) {
    let (name, rest) = place.at.strip_prefix("postgres:///").unwrap().split_once('?').unwrap();
    let folder = rest.strip_prefix("host=").unwrap().split('&').next().unwrap();
    (name.to_owned(), folder.to_owned())
}

/// Keeps everybody out of the place's database, or lets them in again.
pub(crate) async fn allow(place: &Place, yes: bool) {
    let (name, folder) = parts(place);
    let admin = admin(&folder).await;
    admin
        .batch_execute(&format!(
            "ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {yes};
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND NOT {yes}"
        ))
        .await
        .unwrap();
}
