//! "Before anything is sent": nothing reaches the server, and the error says so.

use std::collections::HashMap;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use vitec_connect::{
    Client, ContactId, Credentials, CredentialsProvider, CustomerId, DateTime, ErrorKind, LoanPromise,
    LoanPromiseEstateType, LoanPromiseFinancing, LoanPromiseStatus, MediaType, Outcome, Proxy,
};

use super::{GOOD, SHORT, Server, builder, call, contact, customer, failed, send};

const CONNECT: (ErrorKind, Outcome) = (ErrorKind::Connect, Outcome::NotSent);
const CONFIGURATION: (ErrorKind, Outcome) = (ErrorKind::Configuration, Outcome::NotSent);
const CREDENTIALS: (ErrorKind, Outcome) = (ErrorKind::Credentials, Outcome::NotSent);

/// Resolves no name, ever.
pub(super) struct Silent;

impl Resolve for Silent {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(std::future::pending())
    }
}

/// Knows no name.
struct Ignorant;

impl Resolve for Ignorant {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(async { Err::<Addrs, _>("no such name".into()) })
    }
}

#[tokio::test]
async fn connection_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = send(&builder(&url).build().unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), CONNECT);
    assert_eq!((error.attempts(), error.sent_at()), (3, None));
    assert!(error.is_retryable());
    assert!(error.to_string().contains("Nothing was sent."), "{error}");
}

#[tokio::test]
async fn the_name_does_not_resolve() {
    let http = reqwest::Client::builder().dns_resolver(Ignorant);
    let client = builder("http://localhost:1").http_client(http).build().unwrap();
    let error = send(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (CONNECT.0, CONNECT.1, 3)
    );
    assert!(error.is_retryable());
}

#[tokio::test]
async fn resolving_takes_too_long() {
    let http = reqwest::Client::builder().dns_resolver(Silent);
    let client = builder("http://localhost:1")
        .http_client(http)
        .connect_timeout(SHORT)
        .build()
        .unwrap();
    let error = send(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (CONNECT.0, CONNECT.1, 3)
    );
}

#[tokio::test]
async fn connecting_takes_too_long() {
    // A listener that accepts nobody, with its queue full: what comes is dropped.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
        queue.push(stream);
        assert!(queue.len() < 100, "the queue does not fill");
    }
    let client = builder(&format!("http://{address}"))
        .connect_timeout(SHORT)
        .build()
        .unwrap();
    let error = send(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (CONNECT.0, CONNECT.1, 3)
    );
    assert_eq!(error.sent_at(), None);
}

#[tokio::test]
async fn base_urls_that_are_refused() {
    for url in [
        "",
        "connect.maklare.vitec.net",
        "//connect.maklare.vitec.net",
        "ftp://connect.maklare.vitec.net",
        "file:///etc/passwd",
        "unix:/socket",
        "https://",
        "http://connect.maklare.vitec.net",
        "HTTP://connect.maklare.vitec.net",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://[::ffff:10.0.0.1]",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://128.0.0.1",
        "http:\\\\connect.maklare.vitec.net",
        "https://user@host",
        "https://user:password@host",
        "https://:password@host",
        "https://host?query",
        "https://host/?",
        "https://host#fragment",
        "https://host/#",
    ] {
        let error = builder(url).build().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), CONFIGURATION, "{url}");
        assert!(!format!("{error} {error:?}").contains("password@"), "{url}: {error:?}");
        assert_eq!(error.attempts(), 0, "{url}");
    }
}

#[tokio::test]
async fn base_urls_that_are_taken() {
    for url in [
        "https://connect.maklare.vitec.net",
        "https://connect.maklare.vitec.net/",
        "https://connect.maklare.vitec.net:8443/prefix",
        "http://localhost",
        "http://127.0.0.1:80",
        "http://127.8.9.1",
        "http://[::1]:1",
    ] {
        assert!(builder(url).build().is_ok(), "{url}");
    }
}

#[tokio::test]
async fn a_path_prefix_is_kept_with_and_without_a_slash() {
    let server = Server::answering(GOOD).await;
    let table = [
        ("", "/CRM/Buyer/M30011/4711/LoanPromise"),
        ("/", "/CRM/Buyer/M30011/4711/LoanPromise"),
        ("/connect", "/connect/CRM/Buyer/M30011/4711/LoanPromise"),
        ("/connect/", "/connect/CRM/Buyer/M30011/4711/LoanPromise"),
        ("/a/b%20c/", "/a/b%20c/CRM/Buyer/M30011/4711/LoanPromise"),
    ];
    for (index, (prefix, path)) in table.into_iter().enumerate() {
        send(&builder(&format!("{}{prefix}", server.url)).build().unwrap())
            .await
            .unwrap();
        let line = format!("POST {path} HTTP/1.1");
        assert_eq!(server.request(index).lines().next(), Some(line.as_str()), "{prefix}");
    }
}

#[test]
fn ids_that_are_refused() {
    let mut refused: Vec<String> = [
        "",
        ".",
        "..",
        "%2e",
        "%2e%2e",
        "%2E.",
        "a%2fb",
        "../x",
        "x/..",
        "a b ",
        " a",
        "\u{a0}a",
        "a\u{3000}",
        "a\u{200b}b",
        "\u{feff}a",
    ]
    .map(str::to_owned)
    .into();
    refused.extend(r"/\?#%+:*&<>".chars().map(|it| format!("a{it}b")));
    refused.extend(r"/\?#%+:*&<>".chars().map(String::from));
    refused.extend(('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}').map(|it| format!("a{it}b")));
    refused.extend(["a\r\nX-Injected: 1", "a\tb", "a\nb", "\na", "a\n"].map(str::to_owned));
    refused.push("a".repeat(41));
    refused.push("å".repeat(41));
    for id in refused {
        assert!(id.parse::<CustomerId>().is_err(), "{id:?}");
        assert!(id.parse::<ContactId>().is_err(), "{id:?}");
        assert!(CustomerId::try_from(id.clone()).is_err(), "{id:?}");
        assert!(
            serde_json::from_value::<CustomerId>(id.clone().into()).is_err(),
            "{id:?}"
        );
        assert!(
            serde_json::from_value::<ContactId>(id.clone().into()).is_err(),
            "{id:?}"
        );
    }
}

#[tokio::test]
async fn ids_that_are_taken_stand_percent_encoded_in_the_path() {
    let server = Server::answering(GOOD).await;
    let client = builder(&server.url).build().unwrap();
    let forty = "å".repeat(40);
    let forty_encoded = "%C3%A5".repeat(40);
    let table = [
        ("M30011", "M30011"),
        ("a.b", "a.b"),
        ("...", "..."),
        (".a", ".a"),
        ("a b", "a%20b"),
        ("åÄ", "%C3%A5%C3%84"),
        ("a\"b", "a%22b"),
        ("a'b", "a'b"),
        ("a;b=c,d", "a;b=c,d"),
        ("a@b", "a@b"),
        ("{a}|^`", "%7Ba%7D%7C%5E%60"),
        ("~a_b-c", "~a_b-c"),
        ("😀", "%F0%9F%98%80"),
        ("\u{301}\u{2014}", "%CC%81%E2%80%94"),
        (&forty, &forty_encoded),
    ];
    for (index, (id, encoded)) in table.into_iter().enumerate() {
        let (customer, contact) = (id.parse().unwrap(), id.parse().unwrap());
        let promise = LoanPromise::builder().build();
        client.create_loan_promise(&customer, &contact, &promise).await.unwrap();
        let request = server.request(index);
        let path = request.split(' ').nth(1).unwrap();
        let segments: Vec<_> = path.split('/').collect();
        assert_eq!(segments.len(), 6, "{id}: {path}");
        for segment in &segments[3..5] {
            // An encoding of more than has to be is the same path.
            assert_eq!(decoded(segment), id, "{path}");
            assert!(*segment == encoded || segment.contains('%'), "{segment} for {id}");
            assert!(segment.bytes().all(|it| it.is_ascii_graphic()), "{path}");
        }
    }
}

fn decoded(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match first {
            b'%' => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
                &tail[2..]
            }
            other => {
                bytes.push(*other);
                tail
            }
        };
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn bodies_that_have_no_form_in_xml() {
    let server = Server::answering(GOOD).await;
    let xml = builder(&server.url).media_type(MediaType::Xml).build().unwrap();
    let table = [
        (
            "a character that XML forbids",
            LoanPromise::builder().bank("a\u{1}").build(),
        ),
        ("NUL", LoanPromise::builder().bank("\0").build()),
        ("U+FFFE", LoanPromise::builder().estate_id("\u{fffe}").build()),
        (
            "estate type",
            LoanPromise::builder()
                .estate_type(LoanPromiseEstateType::UnlistedValue(9))
                .build(),
        ),
        (
            "status",
            LoanPromise::builder()
                .status(LoanPromiseStatus::UnlistedValue(99))
                .build(),
        ),
        (
            "financing",
            LoanPromise::builder()
                .financing(LoanPromiseFinancing::UnlistedValue(-1))
                .build(),
        ),
    ];
    for (name, promise) in table {
        let result = xml.create_loan_promise(&customer(), &contact(), &promise).await;
        failed(name, &server, &result, (ErrorKind::InvalidBody, Outcome::NotSent), 0);
        let error = result.unwrap_err();
        assert_eq!(
            (error.attempts(), error.is_retryable(), error.sent_at()),
            (0, false, None),
            "{name}"
        );
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn dates_that_dotnet_cannot_hold() {
    for text in [
        "0000-01-01T00:00:00",
        "10000-01-01T00:00:00",
        "2027-01-31T00:00:00.12345678",
        "2027-01-31T23:59:60",
        "2027-01-31T24:00:00",
        "2027-02-29",
        "2027-01-31T00:00:00+14:01",
        "2027-01-31T00:00:00-15:00",
        "",
        "now",
    ] {
        assert!(text.parse::<DateTime>().is_err(), "{text}");
    }
}

#[test]
fn credentials_that_are_refused() {
    for user in ["", "a:b", ":", "a\r", "a\nb", "a\0", "a\tb", "a\u{85}"] {
        assert!(Credentials::basic(user, "secret").is_err(), "{user:?}");
    }
    for password in ["a\rb", "a\n", "\0", "\u{7f}"] {
        let error = Credentials::basic("partner", password).unwrap_err();
        assert!(!error.to_string().contains(password), "{password:?}");
    }
    // `partner` alone, `:secret`, bytes that are no UTF-8, `a\r:b`, and no base64.
    for encoded in ["cGFydG5lcg==", "OnNlY3JldA==", "/zph", "YQ06Yg==", "partner:secret", ""] {
        assert!(Credentials::encoded(encoded).is_err(), "{encoded}");
    }
    for (user, password) in [
        ("partner", ""),
        ("partner", "a:b:c"),
        ("pårtner", "lösen€ord 😀"),
        ("a b", " "),
    ] {
        assert!(Credentials::basic(user, password).is_ok(), "{user} {password}");
    }
}

#[tokio::test]
async fn no_credentials_for_this_customer_only() {
    let server = Server::answering(GOOD).await;
    let map = HashMap::from([(customer(), Credentials::basic("partner", "secret").unwrap())]);
    let client = builder(&server.url).credentials(map).build().unwrap();
    let promise = LoanPromise::builder().build();
    let result = client
        .create_loan_promise(&"S1".parse().unwrap(), &contact(), &promise)
        .await;
    failed("unknown customer", &server, &result, CREDENTIALS, 0);
    let error = result.unwrap_err();
    assert_eq!(
        (error.customer_id(), error.attempts(), error.is_retryable()),
        (Some("S1"), 0, false)
    );
    assert_eq!(send(&client).await.unwrap(), "ok");
}

struct Failing;

impl CredentialsProvider for Failing {
    async fn credentials(&self, _: &CustomerId) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        Err("the vault is closed".into())
    }
}

struct Hanging;

impl CredentialsProvider for Hanging {
    async fn credentials(&self, _: &CustomerId) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn the_provider_fails() {
    let server = Server::answering(GOOD).await;
    let result = send(&builder(&server.url).credentials(Failing).build().unwrap()).await;
    failed("failing", &server, &result, CREDENTIALS, 0);
    let error = result.unwrap_err();
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "the vault is closed"
    );
}

#[tokio::test]
async fn the_provider_hangs() {
    let server = Server::answering(GOOD).await;
    let client = builder(&server.url)
        .credentials(Hanging)
        .call_timeout(SHORT)
        .build()
        .unwrap();
    failed("hanging", &server, &send(&client).await, CREDENTIALS, 0);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_client_without_credentials_is_not_built() {
    let error = Client::builder().build().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), CONFIGURATION);
}

#[tokio::test]
async fn a_proxy_is_not_used_for_plain_http_on_loopback() {
    let (server, proxy) = (Server::answering(GOOD).await, Server::answering(GOOD).await);
    let client = builder(&server.url)
        .proxy(Proxy::Url(proxy.url.clone()))
        .build()
        .unwrap();
    assert_eq!(send(&client).await.unwrap(), "ok");
    // Nor one of a builder that was handed in.
    let http = reqwest::Client::builder().proxy(reqwest::Proxy::all(&proxy.url).unwrap());
    assert_eq!(
        send(&builder(&server.url).http_client(http).build().unwrap())
            .await
            .unwrap(),
        "ok"
    );
    assert_eq!((server.requests(), proxy.connections()), (2, 0));
}

#[test]
fn proxies_that_are_refused() {
    for url in [
        "",
        "http://",
        "http://user:hemligt@:3128",
        "nonsense://hemligt",
        "ftp://user:hemligt@host",
        "socks4://user:hemligt@host",
        "user:hemligt@host:port",
    ] {
        let error = builder("https://localhost")
            .proxy(Proxy::Url(url.to_owned()))
            .build()
            .expect_err(url);
        assert_eq!((error.kind(), error.outcome()), CONFIGURATION, "{url}");
        assert!(!format!("{error} {error:?}").contains("hemligt"), "{error:?}");
    }
}

/// With certificates of the tests' own making.
#[cfg(feature = "rustls")]
pub(super) mod tls {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;
    use tokio_rustls::rustls::{ServerConfig, crypto::ring};

    use super::super::{Connection, verdict};
    use super::*;

    const TLS: (ErrorKind, Outcome) = (ErrorKind::Tls, Outcome::NotSent);

    /// A certificate for these names that signs itself: the acceptor that shows it, and the PEM to trust it by.
    pub(crate) fn certificate(names: &[&str]) -> (TlsAcceptor, String) {
        let names: Vec<_> = names.iter().copied().map(str::to_owned).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
    }

    /// A server behind TLS. Only what is decrypted counts as a request.
    pub(crate) async fn server(acceptor: TlsAcceptor, answer: &'static str) -> Server {
        let mut server = Server::start(move |_, connection: Connection| {
            let acceptor = acceptor.clone();
            async move {
                let Connection {
                    stream,
                    mut buffer,
                    seen,
                } = connection;
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                while let Some(request) = super::super::read_request(&mut stream, &mut buffer).await {
                    seen.requests.lock().unwrap().push(request);
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.flush().await;
                }
            }
        })
        .await;
        server.url = server.url.replace("http://", "https://");
        server
    }

    #[tokio::test]
    async fn a_certificate_of_nobody_is_refused_and_not_tried_again() {
        let (acceptor, _) = certificate(&["127.0.0.1"]);
        let (_, of_another) = certificate(&["127.0.0.1"]);
        let server = server(acceptor, GOOD).await;
        let client = builder(&server.url).root_certificates_pem(of_another).build().unwrap();
        let result = send(&client).await;
        failed("self-signed", &server, &result, TLS, 0);
        let error = result.unwrap_err();
        assert_eq!(
            (error.attempts(), error.is_retryable(), error.sent_at()),
            (1, false, None)
        );
        assert_eq!(server.connections(), 1);
    }

    #[tokio::test]
    async fn a_certificate_is_accepted_once_its_root_is_added() {
        let (acceptor, pem) = certificate(&["127.0.0.1"]);
        let server = server(acceptor, GOOD).await;
        let client = builder(&server.url).root_certificates_pem(pem).build().unwrap();
        assert_eq!(send(&client).await.unwrap(), "ok");
        assert_eq!(server.requests(), 1);
    }

    #[tokio::test]
    async fn a_certificate_for_another_name_is_refused() {
        let (acceptor, pem) = certificate(&["localhost"]);
        let server = server(acceptor, GOOD).await;
        let client = builder(&server.url).root_certificates_pem(pem).build().unwrap();
        failed("another name", &server, &send(&client).await, TLS, 0);
        assert_eq!(server.connections(), 1);
    }

    #[tokio::test]
    async fn a_builder_that_was_handed_in_cannot_turn_the_check_off() {
        let (acceptor, _) = certificate(&["127.0.0.1"]);
        let (_, of_another) = certificate(&["127.0.0.1"]);
        let server = server(acceptor, GOOD).await;
        let http = reqwest::Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .tls_danger_accept_invalid_hostnames(true);
        let client = builder(&server.url)
            .http_client(http)
            .root_certificates_pem(of_another)
            .build();
        // Refused when it is built, or when it is used.
        match client {
            Ok(client) => failed("no check", &server, &send(&client).await, TLS, 0),
            Err(error) => assert_eq!((error.kind(), error.outcome()), CONFIGURATION),
        }
        assert_eq!(server.requests(), 0);
    }

    #[tokio::test]
    async fn tls_to_a_plain_port() {
        let server = Server::start(|_, mut connection: Connection| async move {
            connection.read(1).await;
            connection.write(answer_of_a_plain_server()).await;
            connection.closed().await;
        })
        .await;
        let (_, pem) = certificate(&["127.0.0.1"]);
        let url = server.url.replace("http://", "https://");
        let client = builder(&url).root_certificates_pem(pem).build().unwrap();
        let result = send(&client).await;
        failed("plain port", &server, &result, TLS, 0);
        assert_eq!((result.unwrap_err().attempts(), server.connections()), (1, 1));
    }

    fn answer_of_a_plain_server() -> Vec<u8> {
        super::super::answer("400 Bad Request", "text/html", "<html>The plain HTTP request…</html>")
    }

    #[tokio::test]
    async fn a_handshake_that_takes_too_long() {
        let server = Server::stalling("").await;
        let (_, pem) = certificate(&["127.0.0.1"]);
        let url = server.url.replace("http://", "https://");
        let client = builder(&url)
            .root_certificates_pem(pem)
            .connect_timeout(SHORT)
            .build()
            .unwrap();
        let result = send(&client).await;
        failed("handshake", &server, &result, CONNECT, 0);
        assert_eq!((result.unwrap_err().attempts(), server.connections()), (3, 3));
    }

    #[tokio::test]
    async fn tls_that_breaks_after_the_request_is_no_bad_certificate() {
        let (acceptor, pem) = certificate(&["127.0.0.1"]);
        let server = Server::start(move |_, connection: Connection| {
            let acceptor = acceptor.clone();
            async move {
                let Connection {
                    stream,
                    mut buffer,
                    seen,
                } = connection;
                let mut stream = acceptor.accept(stream).await.unwrap();
                let request = super::super::read_request(&mut stream, &mut buffer).await.unwrap();
                seen.requests.lock().unwrap().push(request);
                // Not encrypted: no TLS record at all.
                let (plain, _) = stream.get_mut();
                plain.write_all(GOOD.as_bytes()).await.unwrap();
                let _ = tokio::io::copy(plain, &mut tokio::io::sink()).await;
            }
        })
        .await;
        let url = server.url.replace("http://", "https://");
        let client = builder(&url).root_certificates_pem(pem).build().unwrap();
        let result = send(&client).await;
        failed(
            "broken TLS",
            &server,
            &result,
            (ErrorKind::Interrupted, Outcome::Unknown),
            1,
        );
        assert!(result.unwrap_err().to_string().contains("Look in Vitec"));
    }

    #[tokio::test]
    async fn pem_that_is_none_is_refused() {
        let (_, pem) = certificate(&["127.0.0.1"]);
        let table = [
            "nonsense".to_owned(),
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----".to_owned(),
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".to_owned(),
            pem.replace("-----END CERTIFICATE-----", ""),
        ];
        for pem in table {
            let error = builder("https://localhost")
                .root_certificates_pem(&pem)
                .build()
                .unwrap_err();
            assert_eq!((error.kind(), error.outcome()), CONFIGURATION, "{pem}");
        }
    }

    /// A proxy that connects to wherever it is asked to.
    async fn proxy() -> Server {
        Server::start(|_, mut connection: Connection| async move {
            let request = connection.request().await.unwrap();
            let to = String::from_utf8(request)
                .unwrap()
                .split(' ')
                .nth(1)
                .unwrap()
                .to_owned();
            let mut stream = TcpStream::connect(to).await.unwrap();
            connection.write("HTTP/1.1 200 Connection established\r\n\r\n").await;
            let _ = copy_bidirectional(&mut connection.stream, &mut stream).await;
        })
        .await
    }

    #[tokio::test]
    async fn a_proxy_is_used_and_sees_no_credentials() {
        let (acceptor, pem) = certificate(&["127.0.0.1"]);
        let (server, proxy) = (server(acceptor, GOOD).await, proxy().await);
        let client = builder(&server.url)
            .root_certificates_pem(pem)
            .proxy(Proxy::Url(proxy.url.replace("http://", "http://user:hemligt@")))
            .build()
            .unwrap();
        assert_eq!(send(&client).await.unwrap(), "ok");
        assert_eq!((server.requests(), proxy.requests()), (1, 1));
        let connect = proxy.request(0).to_ascii_lowercase();
        assert!(connect.starts_with("connect 127.0.0.1:"), "{connect}");
        assert!(connect.contains("proxy-authorization: basic "), "{connect}");
        assert!(!connect.contains("\r\nauthorization"), "{connect}");
        assert!(!connect.contains("loanpromise"), "{connect}");
        assert!(
            !server.request(0).to_ascii_lowercase().contains("proxy-"),
            "{}",
            server.request(0)
        );
    }

    #[tokio::test]
    async fn a_proxy_of_a_builder_that_was_handed_in_is_forgotten() {
        let (acceptor, pem) = certificate(&["127.0.0.1"]);
        let (server, other, own) = (server(acceptor, GOOD).await, proxy().await, proxy().await);
        for (chosen, proxied) in [(Proxy::None, 0), (Proxy::Url(own.url.clone()), 1)] {
            let http = reqwest::Client::builder().proxy(reqwest::Proxy::all(&other.url).unwrap());
            let client = builder(&server.url)
                .root_certificates_pem(&pem)
                .http_client(http)
                .proxy(chosen)
                .build()
                .unwrap();
            assert_eq!(send(&client).await.unwrap(), "ok");
            assert_eq!((own.connections(), other.connections()), (proxied, 0));
        }
        assert_eq!(server.requests(), 2);
    }

    /// A SOCKS 5 proxy (RFC 1928, RFC 1929) that knows one user, and connects to the port of 127.0.0.1 that it is asked for.
    async fn socks() -> Server {
        Server::start(|_, connection: Connection| async move {
            let Connection { mut stream, seen, .. } = connection;
            async fn read(stream: &mut TcpStream, bytes: u8) -> Vec<u8> {
                let mut read = vec![0; bytes.into()];
                stream.read_exact(&mut read).await.unwrap();
                read
            }
            let methods = read(&mut stream, 2).await;
            assert_eq!(methods[0], 5);
            read(&mut stream, methods[1]).await;
            stream.write_all(&[5, 2]).await.unwrap();
            let user = read(&mut stream, 2).await;
            read(&mut stream, user[1]).await;
            let length = read(&mut stream, 1).await[0];
            let good = read(&mut stream, length).await == b"hemligt";
            stream.write_all(&[1, u8::from(!good)]).await.unwrap();
            if !good {
                return;
            }
            let asked = read(&mut stream, 4).await;
            assert_eq!(asked, [5, 1, 0, 1], "CONNECT to an IPv4 address");
            read(&mut stream, 4).await;
            let port = stream.read_u16().await.unwrap();
            seen.requests.lock().unwrap().push(asked);
            let mut to = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
            let _ = copy_bidirectional(&mut stream, &mut to).await;
        })
        .await
    }

    #[tokio::test]
    async fn a_socks_proxy_is_used_or_nothing_is_sent() {
        let (acceptor, pem) = certificate(&["127.0.0.1"]);
        let (server, proxy) = (server(acceptor, GOOD).await, socks().await);
        let through = |user: &str| {
            builder(&server.url)
                .root_certificates_pem(&pem)
                .proxy(Proxy::Url(proxy.url.replace("http://", &format!("socks5://{user}@"))))
                .build()
                .unwrap()
        };
        assert_eq!(send(&through("user:hemligt")).await.unwrap(), "ok");
        assert_eq!((server.requests(), proxy.requests()), (1, 1));
        let result = send(&through("user:wrong")).await;
        assert_eq!(verdict(&result), Err(CONNECT));
        assert_eq!((server.requests(), proxy.requests()), (1, 1));
    }

    #[tokio::test]
    async fn the_proxy_refuses_to_connect() {
        let (acceptor, pem) = certificate(&["127.0.0.1"]);
        let server = server(acceptor, GOOD).await;
        for status in [
            "403 Forbidden",
            "407 Proxy Authentication Required",
            "502 Bad Gateway",
            "200",
        ] {
            let proxy = Server::cutting(match status {
                "200" => b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), // And then closes.
                it => super::super::answer(it, "text/html", "<p>no</p>"),
            })
            .await;
            let client = builder(&server.url)
                .root_certificates_pem(&pem)
                .proxy(Proxy::Url(proxy.url.replace("http://", "http://user:hemligt@")))
                .build()
                .unwrap();
            let result = send(&client).await;
            assert_eq!(verdict(&result), Err(CONNECT), "{status}");
            assert_eq!(
                (server.connections(), result.as_ref().unwrap_err().sent_at()),
                (0, None),
                "{status}"
            );
            assert_eq!(proxy.requests(), proxy.connections(), "{status}");
        }
    }

    #[tokio::test]
    async fn the_proxy_is_not_there_and_nothing_goes_past_it() {
        let (acceptor, pem) = certificate(&["127.0.0.1"]);
        let server = server(acceptor, GOOD).await;
        let gone = Server::answering(GOOD).await;
        let url = gone.url.clone();
        gone.accepting.abort();
        let _ = (&mut { gone }.accepting).await;
        let client = builder(&server.url)
            .root_certificates_pem(pem)
            .proxy(Proxy::Url(url))
            .build()
            .unwrap();
        assert_eq!(verdict(&send(&client).await), Err(CONNECT));
        assert_eq!(server.connections(), 0);
    }
}

#[tokio::test]
async fn nothing_is_sent_while_the_server_is_fine() {
    // The other tests of this file rest on it: with nothing wrong, the server does see the request.
    let server = Server::answering(GOOD).await;
    assert_eq!(call(&server).await.unwrap(), "ok");
    assert_eq!((server.requests(), server.connections()), (1, 1));
}
