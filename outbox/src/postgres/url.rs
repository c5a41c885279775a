//! What a URL says: which servers, as whom, and how far TLS goes.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, LoadBalanceHosts, SslMode};

use super::passfile::{self, Found};
use crate::address::not_understood;
use crate::error::{Error, ErrorKind};

/// How long one server may take for a connection, from its name to its greeting, unless the URL says otherwise.
const CONNECT: Duration = Duration::from_secs(10);

/// After how long a silent network is asked whether it is still there, and given up.
const SILENCE: Duration = Duration::from_secs(15);

/// What a URL says.
pub(super) struct Url {
    /// In the order in which they are tried, one each.
    pub(super) servers: Vec<Server>,
    /// In any order.
    pub(super) any_order: bool,
    /// Where certificates of other roots than the system's are, in PEM.
    pub(super) roots: Option<PathBuf>,
    /// For messages: neither user nor password.
    pub(super) place: String,
}

/// One server.
pub(super) struct Server {
    pub(super) config: Config,
    /// How long a connection to it may take.
    pub(super) connect: Duration,
    /// Why a password that was put down for it is not used.
    pub(super) note: Option<String>,
}

impl Server {
    /// PostgreSQL has no TLS on a socket of Unix's.
    pub(super) fn uses_tls(&self) -> bool {
        self.config.get_ssl_mode() != SslMode::Disable
    }
}

impl Url {
    /// Reads what follows `postgres://`.
    pub(super) fn parse(rest: &str, environment: passfile::Environment<'_>) -> Result<Self, Error> {
        // A host never contains `@`: what stands before one is user and password. Where it is not sure how far they
        // reach, part of a password would be taken for a host's name, and shown.
        let credentials = rest.find('@').map_or("", |at| &rest[..at]);
        if rest.matches('@').count() > 1 || credentials.contains(['/', '?']) {
            return Err(not_understood());
        }
        let (rest, tls) = take_tls(rest)?;
        // The error is not told: it may quote the URL.
        let mut config: Config = format!("postgres://{rest}").parse().map_err(|_| not_understood())?;
        match tls.mode {
            Some(mode) => _ = config.ssl_mode(mode),
            // Who names a root expects to be protected by it.
            None if tls.roots.is_some() || tls.system => _ = config.ssl_mode(SslMode::Require),
            None => {}
        }
        if config.get_user().is_none()
            && let Some(user) = environment("PGUSER").and_then(|user| user.into_string().ok())
            && !user.is_empty()
        {
            config.user(user);
        }
        let place = place(&config)?;
        let any_order = config.get_load_balance_hosts() == LoadBalanceHosts::Random;
        let servers = servers(&config, environment)?;
        Ok(Self {
            servers,
            any_order,
            roots: tls.roots,
            place,
        })
    }
}

/// What tokio-postgres does not know of TLS.
#[derive(Default)]
struct Tls {
    mode: Option<SslMode>,
    roots: Option<PathBuf>,
    system: bool,
}

/// Takes `sslmode` and `sslrootcert` out of the URL.
fn take_tls(rest: &str) -> Result<(String, Tls), Error> {
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut tls = Tls::default();
    let mut others = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8().map_err(|_| not_understood())?;
        match name {
            "sslmode" => tls.mode = Some(mode(&value)?),
            "sslrootcert" => {
                tls.system = value == "system";
                tls.roots = (!tls.system && !value.is_empty()).then(|| PathBuf::from(&*value));
            }
            _ => others.push(pair),
        }
    }
    Ok((format!("{before}?{}", others.join("&")), tls))
}

/// A certificate is checked whenever there is one, with its name: `verify-ca` and `verify-full` are no more than
/// `require`, and `allow` is `prefer`.
fn mode(text: &str) -> Result<SslMode, Error> {
    match text {
        "disable" => Ok(SslMode::Disable),
        "allow" | "prefer" => Ok(SslMode::Prefer),
        "require" | "verify-ca" | "verify-full" => Ok(SslMode::Require),
        _ => Err(Error::new(
            ErrorKind::NotFound,
            "sslmode in the URL of the outbox's database is one of disable, allow, prefer, require, verify-ca, verify-full",
        )),
    }
}

/// The hosts and the database's name, where they can be nothing else.
fn place(config: &Config) -> Result<String, Error> {
    let plain = |text: &str| !text.contains(|c: char| c == '@' || c.is_control() || c.is_whitespace());
    let mut names = Vec::new();
    for host in config.get_hosts() {
        let name: Cow<'_, str> = match host {
            Host::Tcp(name) if name.contains(['/', '=', '&', '?', '#']) => return Err(not_understood()),
            Host::Tcp(name) => name.into(),
            #[cfg(unix)]
            Host::Unix(path) => path.to_string_lossy(),
        };
        names.push(name);
    }
    if names.is_empty() {
        names.extend(config.get_hostaddrs().iter().map(|address| address.to_string().into()));
    }
    let database = config.get_dbname().unwrap_or_default();
    match names.iter().all(|name| plain(name)) && plain(database) {
        true => Ok(format!("postgres://{}/{database}", names.join(","))),
        false => Err(not_understood()),
    }
}

/// Each server by itself: that one is silent does not use up the others' time, and each has its own password.
fn servers(all: &Config, environment: passfile::Environment<'_>) -> Result<Vec<Server>, Error> {
    let (hosts, addresses, ports) = (all.get_hosts(), all.get_hostaddrs(), all.get_ports());
    let count = hosts.len().max(addresses.len());
    if count == 0 {
        return Err(Error::new(
            ErrorKind::NotFound,
            "the URL of the outbox's database names no host: postgres://HOST/DATABASE, or ?host=/run/postgresql for a socket",
        ));
    }
    let fits = |length: usize| length == 0 || length == count;
    if !fits(hosts.len()) || !fits(addresses.len()) || !(fits(ports.len()) || ports.len() == 1) {
        return Err(not_understood());
    }
    Ok((0..count)
        .map(|index| {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            let mut config = same_but_for_the_server(all);
            config.port(port);
            match hosts.get(index) {
                Some(Host::Tcp(name)) => _ = config.host(name),
                #[cfg(unix)]
                Some(Host::Unix(path)) => _ = config.host_path(path).ssl_mode(SslMode::Disable),
                None => {}
            }
            if let Some(address) = addresses.get(index) {
                config.hostaddr(*address);
            }
            let mut note = None;
            match all.get_password().filter(|password| !password.is_empty()) {
                Some(password) => _ = config.password(password),
                None => match passfile::find(&config, environment) {
                    Found::Password(password) => _ = config.password(password),
                    Found::Ignored(why) => note = Some(why),
                    Found::Nothing => {}
                },
            }
            let connect = all.get_connect_timeout().copied().unwrap_or(CONNECT);
            Server { config, connect, note }
        })
        .collect())
}

fn same_but_for_the_server(all: &Config) -> Config {
    let mut config = Config::new();
    if let Some(user) = all.get_user() {
        config.user(user);
    }
    if let Some(database) = all.get_dbname() {
        config.dbname(database);
    }
    if let Some(options) = all.get_options() {
        config.options(options);
    }
    config
        .application_name(all.get_application_name().unwrap_or("vitec-connect-outbox"))
        .ssl_mode(all.get_ssl_mode())
        .ssl_negotiation(all.get_ssl_negotiation())
        // A name can have several addresses: one that is not there leaves time for the next.
        .connect_timeout(all.get_connect_timeout().copied().unwrap_or(CONNECT / 2))
        .tcp_user_timeout(all.get_tcp_user_timeout().copied().unwrap_or(2 * SILENCE))
        .keepalives(all.get_keepalives())
        .keepalives_idle(all.get_keepalives_idle().min(SILENCE))
        .keepalives_interval(all.get_keepalives_interval().unwrap_or(SILENCE / 3))
        .keepalives_retries(all.get_keepalives_retries().unwrap_or(3))
        .target_session_attrs(all.get_target_session_attrs())
        .channel_binding(all.get_channel_binding());
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(rest: &str) -> Result<Url, Error> {
        Url::parse(rest, &|_| None)
    }

    #[test]
    fn what_messages_show_is_neither_user_nor_password() {
        for (rest, place) in [
            ("bank:hush@db.example:5433/outbox", "postgres://db.example/outbox"),
            ("b%40nk:hu%40sh%2F@db.example/outbox", "postgres://db.example/outbox"),
            (
                "bank:hush@a.example,b.example:2/outbox",
                "postgres://a.example,b.example/outbox",
            ),
            ("bank:hush@[::1]:5432/outbox", "postgres://::1/outbox"),
            ("bank:hush@db.example", "postgres://db.example/"),
            (
                "/outbox?user=bank&password=hush&hostaddr=127.0.0.1",
                "postgres://127.0.0.1/outbox",
            ),
            (
                "/outbox?user=bank&host=/run/postgresql",
                "postgres:///run/postgresql/outbox",
            ),
        ] {
            assert_eq!(parse(rest).unwrap().place, place, "{rest}");
        }
        let url = parse("b%40nk:hu%40sh%2F@db.example/outbox").unwrap();
        let config = &url.servers[0].config;
        assert_eq!(
            (config.get_user(), config.get_password()),
            (Some("b@nk"), Some(&b"hu@sh/"[..]))
        );
    }

    #[test]
    fn nothing_of_an_address_is_repeated_that_is_not_understood() {
        for rest in [
            "bank:hush@hush@db.example/outbox",
            "bank:hu/hush@db.example/outbox",
            "bank:hu?hush@db.example/outbox",
            "bank:hush%40db.example/outbox",
            "bank:hush@db.example/out@hush",
            "bank:x@hush%40db.example/outbox",
            "bank:x@db.example/hush%40db",
            "bank:x@db hush/outbox",
            "bank:x@[::hush/outbox",
            "bank:x@db.example/outbox?hush",
            "bank:x@db.example/outbox?hush=1",
            "bank:x@db.example/outbox?sslmode=hush",
            "bank:x@db.example/outbox?port=hush",
            "/hush",
        ] {
            let Err(error) = parse(rest) else { panic!("{rest}") };
            let told = format!("{error} {error:?}");
            assert!(!told.contains("hush") && told.contains("outbox"), "{rest}: {told}");
        }
    }

    #[test]
    fn tls_is_as_the_url_says() {
        for (query, mode, roots) in [
            ("", SslMode::Prefer, None),
            ("?sslmode=disable", SslMode::Disable, None),
            ("?sslmode=allow", SslMode::Prefer, None),
            ("?sslmode=prefer", SslMode::Prefer, None),
            ("?sslmode=require", SslMode::Require, None),
            ("?sslmode=verify-ca", SslMode::Require, None),
            ("?sslmode=verify-full&connect_timeout=3", SslMode::Require, None),
            ("?sslrootcert=system", SslMode::Require, None),
            (
                "?sslrootcert=/etc/my%20root.pem",
                SslMode::Require,
                Some("/etc/my root.pem"),
            ),
            (
                "?sslmode=verify-full&sslrootcert=root.pem",
                SslMode::Require,
                Some("root.pem"),
            ),
            (
                "?sslmode=prefer&sslrootcert=root.pem",
                SslMode::Prefer,
                Some("root.pem"),
            ),
        ] {
            let url = parse(&format!("db.example/outbox{query}")).unwrap();
            assert_eq!(url.servers[0].config.get_ssl_mode(), mode, "{query}");
            assert_eq!(url.roots, roots.map(PathBuf::from), "{query}");
        }
        let socket = parse("/outbox?host=/run/postgresql&sslmode=verify-full").unwrap();
        assert!(cfg!(windows) || !socket.servers[0].uses_tls());
    }

    #[test]
    fn each_server_stands_for_itself() {
        let url = parse("bank@a.example:1,b.example:2/outbox?options=-c%20x%3D1&connect_timeout=3").unwrap();
        let seen: Vec<_> = url
            .servers
            .iter()
            .map(|it| {
                (
                    it.config.get_hosts().len(),
                    it.config.get_ports()[0],
                    it.config.get_options(),
                    it.connect,
                )
            })
            .collect();
        let seconds = Duration::from_secs(3);
        assert_eq!(seen, [(1, 1, Some("-c x=1"), seconds), (1, 2, Some("-c x=1"), seconds)]);
    }

    #[test]
    fn the_user_is_the_urls_or_else_pguser() {
        let environment = |name: &str| (name == "PGUSER").then(|| "teller".into());
        let user = |rest: &str| {
            let url = Url::parse(rest, &environment).unwrap();
            url.servers[0].config.get_user().map(str::to_owned)
        };
        assert_eq!(user("bank@db.example").as_deref(), Some("bank"));
        assert_eq!(user("db.example").as_deref(), Some("teller"));
    }
}
