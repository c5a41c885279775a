//! The way to PostgreSQL: silence, broken connections, TLS, passwords from the environment.

use std::process::{Command, Output};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto::ring};
use vitec_connect_outbox::{ErrorKind, Outbox};

use crate::postgres::{parts, place};
use crate::proxy::{Network, Proxy};
use crate::stores::{BASE_URL, Place, counts, rows};

/// Takes connections, and says nothing.
async fn silent() -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            kept.push(listener.accept().await.unwrap());
        }
    });
    (port, task)
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_in_measure() {
    let (port, _server) = silent().await;
    for sslmode in ["disable", "require"] {
        let url = format!("postgres://bank:hush@127.0.0.1:{port}/outbox?connect_timeout=1&sslmode={sslmode}");
        let error = Outbox::open(&url, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Gone);
        let told = format!("{error} {error:?}");
        assert!(
            told.contains("postgres://127.0.0.1/outbox: ") && told.contains("answer"),
            "{told}"
        );
        assert!(!told.contains("hush"), "{told}");
    }
}

#[tokio::test]
async fn one_silent_server_leaves_time_for_the_next() {
    let Some(place) = place().await else { return };
    place.open(BASE_URL).await;
    let (proxy, (port, _server)) = (Proxy::before(&place).await, silent().await);
    let both = proxy.url().replace('@', &format!("@127.0.0.1:{port},"));
    let outbox = Outbox::open(&format!("{both}&connect_timeout=1"), None).await.unwrap();
    assert_eq!(counts(&outbox).await, [0; 5]);
}

#[tokio::test]
async fn silence_in_the_middle_ends_whatever_is_waited_for() {
    let Some(place) = place().await else { return };
    let proxy = Proxy::before(&place).await;
    let outbox = Outbox::open(&proxy.url(), Some(BASE_URL)).await.unwrap();
    proxy.is(Network::Silent);
    // The clock runs to whatever comes next: nothing else happens any more.
    tokio::time::pause();
    let (first, second) = tokio::join!(outbox.counts(), outbox.enqueue(rows("M1", 0..1)));
    tokio::time::resume();
    for kind in [first.unwrap_err().kind(), second.unwrap_err().kind()] {
        assert_eq!(kind, ErrorKind::Gone);
    }
    proxy.is(Network::Works);
    assert_eq!(counts(&outbox).await, [0; 5]);
}

#[tokio::test]
async fn work_that_was_given_up_is_not_continued_and_its_connection_is_closed() {
    let Some(place) = place().await else { return };
    let proxy = Proxy::before(&place).await;
    let outbox = Outbox::open(&proxy.url(), Some(BASE_URL)).await.unwrap();
    proxy.connections(1).await;
    proxy.is(Network::Silent);
    tokio::select! {
        biased;
        _ = outbox.enqueue(rows("M1", 0..3)) => panic!("nobody answers"),
        () = tokio::task::yield_now() => {}
    }
    proxy.is(Network::Works);
    proxy.connections(0).await;
    assert_eq!(counts(&outbox).await, [0; 5]);
    outbox.enqueue(rows("M1", 0..2)).await.unwrap();
    let other = Outbox::open(&place.at, None).await.unwrap();
    assert_eq!(counts(&other).await, [2, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_connection_that_broke_between_two_pieces_of_work_is_made_again() {
    let Some(place) = place().await else { return };
    let proxy = Proxy::before(&place).await;
    let outbox = Outbox::open(&proxy.url(), Some(BASE_URL)).await.unwrap();
    proxy.is(Network::Cut);
    proxy.connections(0).await;
    proxy.is(Network::Works);
    assert_eq!(counts(&outbox).await, [0; 5]);
}

/// A root, and a server in front of a place's database that shows a certificate of it for `localhost`.
async fn tls(place: &Place) -> (String, u16) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &root).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let socket = format!("{}/.s.PGSQL.5432", parts(place).1);
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let (acceptor, socket) = (acceptor.clone(), socket.clone());
            tokio::spawn(async move {
                client.read_exact(&mut [0; 8]).await?; // It asks for TLS.
                client.write_all(b"S").await?;
                let mut client = acceptor.accept(client).await?;
                let mut server = UnixStream::connect(&socket).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    (root.pem(), port)
}

#[tokio::test]
async fn the_certificate_is_checked_with_the_root_of_the_url_and_the_servers_name() {
    let Some(place) = place().await else { return };
    place.open(BASE_URL).await;
    let ((root, port), (another, _)) = (tls(&place).await, tls(&place).await);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().replace(' ', "%20")
    };
    let (root, another) = (path("the root.pem", &root), path("another.pem", &another));
    let open = async |host: &str, query: &str| {
        let url = format!("postgres://postgres@{host}:{port}/{}?{query}", parts(&place).0);
        Outbox::open(&url, None).await.map(drop)
    };
    for mode in [
        "sslmode=verify-full&",
        "sslmode=verify-ca&",
        "sslmode=require&",
        "sslmode=prefer&",
        "",
    ] {
        open("localhost", &format!("{mode}sslrootcert={root}")).await.unwrap();
        for (host, query) in [
            ("127.0.0.1", format!("{mode}sslrootcert={root}")),
            ("localhost", format!("{mode}sslrootcert={another}")),
            ("localhost", format!("{mode}sslrootcert=system")),
            ("localhost", mode.trim_end_matches('&').to_owned()),
        ] {
            let error = open(host, &query).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Gone, "{host} {query}: {error:?}");
        }
    }
    let missing = open("localhost", "sslrootcert=/nonexistent.pem").await.unwrap_err();
    assert!(
        missing.to_string().contains("sslrootcert /nonexistent.pem"),
        "{missing}"
    );
    let empty = open("localhost", &format!("sslrootcert={}", path("empty.pem", ""))).await;
    assert!(empty.unwrap_err().to_string().contains("no certificate"));
}

#[tokio::test]
async fn tls_that_is_asked_for_is_not_done_without() {
    let Some(place) = place().await else { return };
    place.open(BASE_URL).await;
    let proxy = Proxy::before(&place).await;
    let url = proxy.url();
    for (mode, works) in [
        ("prefer", true),
        ("allow", true),
        ("require", false),
        ("verify-full", false),
    ] {
        let opened = Outbox::open(&url.replace("disable", mode), None).await;
        assert_eq!(opened.is_ok(), works, "{mode}: {opened:?}");
    }
}

#[tokio::test]
#[ignore = "a process of its own for the other tests"]
async fn opening() {
    if let Ok(at) = std::env::var("OUTBOX_AT") {
        match Outbox::open(&at, None).await {
            Ok(_) => println!("opened"),
            Err(error) => println!("{error}"),
        }
    }
}

/// In an environment of its own.
fn open_with(at: &str, variables: &[(&str, &str)]) -> String {
    let Output { stdout, .. } = Command::new(std::env::current_exe().unwrap())
        .args(["network::opening", "--exact", "--ignored", "--nocapture"])
        .env_remove("HOME")
        .env("OUTBOX_AT", at)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    String::from_utf8(stdout).unwrap()
}

#[tokio::test]
async fn the_password_comes_from_where_postgresqls_own_tools_take_it() {
    let Some(place) = place().await else { return };
    place.open(BASE_URL).await;
    place
        .execute(
            "DO $$ BEGIN CREATE ROLE hushed LOGIN PASSWORD 's3cret'; EXCEPTION WHEN duplicate_object THEN END $$;
             GRANT SELECT ON ALL TABLES IN SCHEMA public TO hushed",
        )
        .await;
    let at = place.at.replace("user=postgres", "user=hushed");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passwords");
    std::fs::write(&file, "*:*:*:hushed:s3cret\n").unwrap();
    let mode = |mode| std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    let passfile = [("PGPASSFILE", file.to_str().unwrap())];
    mode(0o600);
    assert!(open_with(&at, &[("PGPASSWORD", "s3cret")]).contains("opened"));
    assert!(open_with(&at, &passfile).contains("opened"));
    assert!(open_with(&place.at.replace("&user=postgres", ""), &[("PGUSER", "postgres")]).contains("opened"));
    let wrong = open_with(&at, &[("PGPASSWORD", "wr0ng")]);
    assert!(
        wrong.contains("refuses the user or the password") && !wrong.contains("wr0ng"),
        "{wrong}"
    );
    let none = open_with(&at, &[]);
    assert!(none.contains("asks for a password: set PGPASSWORD"), "{none}");
    mode(0o644);
    let lax = open_with(&at, &passfile);
    assert!(lax.contains("chmod 0600") && !lax.contains("s3cret"), "{lax}");
}
