//! The password stands nowhere but in the one Authorization header to the one host.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tracing::Level;
use vitec_connect::{Client, ClientBuilder, Credentials, Error, ErrorKind, LoanPromise, MediaType, Proxy, RetryPolicy};

use super::{Connection, GOOD, SHORT, Server, answer, builder, contact, customer, send};

const USER: &str = "partner-7";
const PASSWORD: &str = "hemligt-Tr0ub4dor";
const PROXY_PASSWORD: &str = "ombud-Tr0ub4dor";

fn credentials() -> Credentials {
    Credentials::basic(USER, PASSWORD).unwrap()
}

fn secretive(url: &str) -> ClientBuilder {
    builder(url).credentials(credentials())
}

/// In whatever form a secret might be written.
fn assert_no_secret(name: &str, text: &str) {
    let encoded = |user: &str, password: &str| STANDARD.encode(format!("{user}:{password}"));
    for secret in [
        PASSWORD.to_owned(),
        PROXY_PASSWORD.to_owned(),
        STANDARD.encode(PASSWORD),
        encoded(USER, PASSWORD),
        encoded("ombud", PROXY_PASSWORD),
        format!("{:?}", PASSWORD.as_bytes()),
        format!("{:?}", encoded(USER, PASSWORD).as_bytes()),
    ] {
        let at = text.find(&secret);
        assert_eq!(
            at,
            None,
            "{name}: {}",
            at.map_or("", |at| &text[at.saturating_sub(200)..at])
        );
    }
}

/// Everything that an error can be made to say.
fn everything(error: &Error) -> String {
    let mut all = format!(
        "{error} {error:?} {error:#?} {:?} {:?}",
        error.http_error(),
        String::from_utf8_lossy(error.body())
    );
    let mut next = error.source();
    while let Some(source) = next {
        write!(all, " {source} {source:?} {source:#?}").unwrap();
        next = source.source();
    }
    all
}

/// Collects what the crates log on this thread, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listen(&self) -> (tracing::Dispatch, tracing::subscriber::DefaultGuard) {
        // reqwest logs with `log`. Another test may have been quicker.
        let _ = tracing_log::LogTracer::init();
        // tracing asks only the current thread's subscriber whether an event is of interest while there is no more than
        // one, and keeps the answer: a thread of another test, which has none, would switch events off for this one.
        let second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
        let log = self.clone();
        let guard = tracing::subscriber::set_default(
            tracing_subscriber::fmt()
                .with_max_level(Level::TRACE)
                .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
                .with_ansi(false)
                .with_writer(move || log.clone())
                .finish(),
        );
        (second, guard)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An error of each kind, all with the same credentials.
async fn errors() -> Vec<(&'static str, Error)> {
    let mut errors = Vec::new();
    let statuses = [
        "200 OK",
        "204 No Content",
        "301 Moved",
        "302 Found",
        "307 Moved",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "429 Too Many Requests",
        "500 Oops",
        "503 Unavailable",
        "999 What",
    ];
    for status in statuses {
        let server = Server::answering(answer(
            status,
            "text/html\r\nLocation: http://example.invalid/",
            "<p>no",
        ))
        .await;
        errors.push((
            status,
            send(&secretive(&server.url).build().unwrap()).await.unwrap_err(),
        ));
    }
    let cut = Server::cutting("HTTP/1.1 200 OK\r\nContent-Type: text/json\r\nContent-Length: 9\r\n\r\n\"").await;
    errors.push(("cut", send(&secretive(&cut.url).build().unwrap()).await.unwrap_err()));
    let closed = Server::cutting("").await;
    errors.push((
        "closed",
        send(&secretive(&closed.url).build().unwrap()).await.unwrap_err(),
    ));
    let malformed = Server::cutting("nonsense\r\n\r\n").await;
    errors.push((
        "malformed",
        send(&secretive(&malformed.url).build().unwrap()).await.unwrap_err(),
    ));
    let silent = Server::stalling("").await;
    let client = secretive(&silent.url).attempt_timeout(SHORT).build().unwrap();
    errors.push(("silent", send(&client).await.unwrap_err()));
    let reset = Server::start(|_, mut connection: Connection| async move {
        connection.request().await;
        connection.reset();
    })
    .await;
    errors.push((
        "reset",
        send(&secretive(&reset.url).build().unwrap()).await.unwrap_err(),
    ));
    // Nobody listens on port 1.
    errors.push((
        "refused",
        send(&secretive("http://127.0.0.1:1").build().unwrap())
            .await
            .unwrap_err(),
    ));
    let xml = secretive(&silent.url).media_type(MediaType::Xml).build().unwrap();
    let promise = LoanPromise::builder().bank("\0").build();
    let invalid = xml
        .create_loan_promise(&customer(), &contact(), &promise)
        .await
        .unwrap_err();
    errors.push(("invalid body", invalid));
    #[cfg(feature = "rustls")]
    {
        let url = silent.url.replace("http://", "https://");
        let proxy = answer("407 Proxy Authentication Required", "text/html", "<p>no");
        let proxy = Server::cutting(proxy)
            .await
            .url
            .replace("http://", &format!("http://ombud:{PROXY_PASSWORD}@"));
        let (acceptor, _) = super::before_sending::tls::certificate(&["127.0.0.1"]);
        let (_, pem) = super::before_sending::tls::certificate(&["127.0.0.1"]);
        let client = secretive(&url)
            .root_certificates_pem(&pem)
            .proxy(Proxy::Url(proxy))
            .build()
            .unwrap();
        errors.push(("proxy", send(&client).await.unwrap_err()));
        let server = super::before_sending::tls::server(acceptor, GOOD).await;
        let client = secretive(&server.url).root_certificates_pem(pem).build().unwrap();
        errors.push(("certificate", send(&client).await.unwrap_err()));
    }
    errors
}

fn configuration_errors() -> Vec<(&'static str, Error)> {
    let with_password = format!("{USER}:{PASSWORD}@");
    let proxy = |url: &str| Proxy::Url(url.replace('@', &format!("ombud:{PROXY_PASSWORD}@")));
    [
        (
            "base URL",
            Client::builder()
                .credentials(credentials())
                .base_url(format!("https://{with_password}host")),
        ),
        (
            "base URL that is none",
            secretive(&format!("https://{with_password}:x")),
        ),
        (
            "base URL with a query",
            secretive(&format!("https://host/?password={PASSWORD}")),
        ),
        ("other scheme", secretive(&format!("ftp://{with_password}host"))),
        ("proxy", secretive("https://host").proxy(proxy("http://@"))),
        (
            "proxy with a bad port",
            secretive("https://host").proxy(proxy("http://@host:99999")),
        ),
        (
            "proxy of another scheme",
            secretive("https://host").proxy(proxy("nonsense://@host")),
        ),
        (
            "user agent",
            secretive("https://host").user_agent(format!("{PASSWORD}\n")),
        ),
        (
            "certificates",
            secretive("https://host").root_certificates_pem(PASSWORD),
        ),
    ]
    .into_iter()
    .filter_map(|(name, builder)| Some((name, builder.build().err()?)))
    .collect()
}

#[tokio::test]
async fn in_no_error_of_any_kind() {
    let mut kinds = Vec::new();
    let errors = errors().await.into_iter().chain(configuration_errors());
    for (name, error) in errors {
        assert_no_secret(name, &everything(&error));
        let kind = error.kind();
        // A panic shows what `Debug` shows.
        let panic = catch_unwind(AssertUnwindSafe(|| std::hint::black_box(Err::<(), _>(error)).unwrap())).unwrap_err();
        assert_no_secret(name, panic.downcast_ref::<String>().unwrap());
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    use ErrorKind::*;
    for kind in [
        Configuration,
        InvalidBody,
        Connect,
        Timeout,
        Interrupted,
        Validation,
        Unauthorized,
        Forbidden,
        Refused,
        TooManyRequests,
        Server,
        Redirect,
        UnexpectedAnswer,
        AnswerLost,
    ] {
        assert!(kinds.contains(&kind), "no error of kind {kind:?} was looked at");
    }
}

/// What a server may say that repeats what it was sent, each way once.
fn echoes() -> Vec<Vec<u8>> {
    let basic = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let json = format!(r#"{{"message":"no: {PASSWORD}","modelState":{{"{PASSWORD}":["Basic {basic}"]}}}}"#);
    let xml = format!("<Error><Message>no: {PASSWORD}, Basic {basic}</Message></Error>");
    let utf_16: Vec<u8> = format!("\u{feff}{json}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let escaped = PASSWORD.replace('-', "\\u002d");
    let mut echoes = Vec::new();
    for status in ["200 OK", "400 Bad Request", "401 Unauthorized", "500 Oops", "302 Found"] {
        echoes.push(answer(status, "application/json", &json));
        echoes.push(answer(status, "application/json", format!("\"{escaped} {basic}\"")));
        echoes.push(answer(status, "application/xml; charset=utf-8", &xml));
        echoes.push(answer(status, "application/json; charset=utf-16", &utf_16));
        echoes.push(answer(
            status,
            "text/html",
            format!("<p>{PASSWORD}</p><!-- {basic} -->"),
        ));
        echoes.push(answer(status, &format!("text/plain\r\nX-Sent: Basic {basic}"), ""));
        echoes.push(answer(status, &format!("{PASSWORD}/json"), "\"\""));
    }
    echoes
}

#[tokio::test]
async fn in_nothing_that_a_server_repeats() {
    let log = Log::default();
    let guard = log.listen();
    for bytes in echoes() {
        let sent = String::from_utf8_lossy(&bytes).into_owned();
        let server = Server::answering(bytes).await;
        let said = match send(&secretive(&server.url).build().unwrap()).await {
            Ok(answer) => answer,
            Err(error) => {
                // UTF-16 as a terminal would show it, too.
                let body: String = String::from_utf8_lossy(error.body()).replace('\0', "");
                format!("{} {body}", everything(&error))
            }
        };
        assert_no_secret(&sent, &said);
    }
    drop(guard);
    assert_no_secret("log", &log.text());
}

#[tokio::test]
async fn an_answer_without_the_secret_is_the_answer() {
    let server = Server::answering(answer("200 OK", "application/json", format!("\"A {PASSWORD} å\""))).await;
    assert_eq!(
        send(&secretive(&server.url).build().unwrap()).await.unwrap(),
        "A [redacted] å"
    );
    let body = format!(r#"{{"message":"no","modelState":{{"bank":["not {PASSWORD}"]}}}}"#);
    let server = Server::answering(answer("400 Bad Request", "application/json", &body)).await;
    let error = send(&secretive(&server.url).build().unwrap()).await.unwrap_err();
    assert_eq!(error.body(), body.replace(PASSWORD, "[redacted]").as_bytes());
    assert_eq!(
        error.validation().next(),
        Some(("bank", &["not [redacted]".to_owned()][..]))
    );
}

#[tokio::test]
async fn the_secret_does_not_come_through_where_an_answer_is_cut() {
    let body = format!("\"{PASSWORD}\"");
    let server = Server::answering(answer("200 OK", "application/json", &body)).await;
    for limit in 6..=body.len() {
        let client = secretive(&server.url).answer_limit(limit).build().unwrap();
        match send(&client).await {
            Ok(answer) => assert_eq!(answer, "[redacted]"),
            Err(error) => assert_eq!(error.body(), b"\"[redacted]", "{limit}"),
        }
    }
}

#[tokio::test]
async fn in_no_log_at_any_level() {
    let log = Log::default();
    let guard = log.listen();
    let server = Server::answering_each(vec![answer("429 Slow down", "", ""), GOOD.into()]).await;
    let client = secretive(&server.url).build().unwrap();
    assert_eq!(send(&client).await.unwrap(), "ok");
    let verbose = reqwest::Client::builder().connection_verbose(true);
    let client = secretive(&server.url).http_client(verbose).build().unwrap();
    assert_eq!(send(&client).await.unwrap(), "ok");
    errors().await;
    configuration_errors();
    drop(guard);
    let text = log.text();
    // Both roads are listened to: the client's own events, and reqwest's.
    for expected in [
        "accepted",
        "trying again",
        "failed",
        "M30011",
        "starting new connection",
        "TRACE",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing in {text}");
    }
    assert_no_secret("log", &text);
    assert!(!text.contains("Basic "), "{text}");
}

#[tokio::test]
async fn in_no_debug_and_no_preview() {
    let client = secretive("https://host/prefix").build().unwrap();
    let promise = LoanPromise::builder().bank("SBAB").build();
    let (customer, contact) = (customer(), contact());
    let call = client.create_loan_promise(&customer, &contact, &promise);
    let texts = [format!("{call:?} {call:#?}")];
    for text in texts {
        assert_no_secret("call", &text);
    }
    let request = call.preview().unwrap();
    let proxy = Proxy::Url(format!("http://ombud:{PROXY_PASSWORD}@host"));
    let texts = [
        format!("{client:?} {client:#?}"),
        format!("{:?} {:#?}", credentials(), credentials()),
        format!("{proxy:?} {proxy:#?}"),
        format!("{request} {request:?}"),
        format!("{:?}", Credentials::basic(format!("{USER}:"), PASSWORD)),
        format!("{:?}", Credentials::basic(USER, format!("{PASSWORD}\n"))),
        format!("{:?}", Credentials::encoded(format!("{USER}:{PASSWORD}"))),
        format!(
            "{:?}",
            Credentials::encoded(STANDARD.encode(format!("{USER}{PASSWORD}")))
        ),
    ];
    for text in texts {
        assert_no_secret(&text.clone(), &text);
    }
    assert!(
        request.to_string().contains("authorization: Basic [redacted]"),
        "{request}"
    );
}

/// Lines of the head, in lower case.
fn head(request: &str) -> Vec<String> {
    let (head, _) = request.split_once("\r\n\r\n").unwrap();
    head.lines().skip(1).map(str::to_ascii_lowercase).collect()
}

#[tokio::test]
async fn the_headers_are_these_and_no_others() {
    for media_type in [MediaType::Json, MediaType::Xml] {
        let server = Server::answering(GOOD).await;
        let client = secretive(&server.url)
            .media_type(media_type)
            .user_agent("tests/1")
            .build()
            .unwrap();
        send(&client).await.unwrap();
        send(&client).await.unwrap();
        let promise = LoanPromise::builder().bank("SBAB").build();
        let shown = client
            .create_loan_promise(&customer(), &contact(), &promise)
            .preview()
            .unwrap();
        let body = std::str::from_utf8(&shown.body).unwrap();
        for index in 0..2 {
            let request = server.request(index);
            assert_eq!(
                request.lines().next(),
                Some("POST /CRM/Buyer/M30011/4711/LoanPromise HTTP/1.1")
            );
            assert_eq!(request.split_once("\r\n\r\n").unwrap().1, body);
            let mut lines = head(&request);
            lines.sort();
            let authorization = STANDARD.encode(format!("{USER}:{PASSWORD}")).to_ascii_lowercase();
            let expected = [
                format!("accept: {media_type}"),
                format!("authorization: basic {authorization}"),
                format!("content-length: {}", body.len()),
                format!("content-type: {media_type}"),
                format!("host: {}", server.url.trim_start_matches("http://")),
                "user-agent: tests/1".to_owned(),
            ];
            assert_eq!(lines, expected);
        }
    }
}

#[tokio::test]
async fn a_builder_that_was_handed_in_adds_no_second_authorization() {
    let server = Server::answering(GOOD).await;
    let mut headers = reqwest::header::HeaderMap::new();
    for name in ["authorization", "accept", "content-type", "user-agent"] {
        headers.insert(name, "of-another".parse().unwrap());
    }
    let http = reqwest::Client::builder()
        .default_headers(headers)
        .user_agent("of-another")
        .referer(true);
    send(&secretive(&server.url).http_client(http).build().unwrap())
        .await
        .unwrap();
    let lines = head(&server.request(0));
    assert_eq!(
        lines.iter().filter(|it| it.starts_with("authorization:")).count(),
        1,
        "{lines:?}"
    );
    assert!(
        !lines
            .iter()
            .any(|it| it.contains("of-another") || it.starts_with("referer")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn the_password_goes_to_no_other_host() {
    let elsewhere = Server::answering(GOOD).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Moved",
        "308 Moved",
        "401 Unauthorized",
        "200 OK",
    ] {
        let bytes = answer(status, &format!("text/html\r\nLocation: {}/", elsewhere.url), "<p>");
        let server = Server::answering(bytes).await;
        // Even where the builder that was handed in would follow.
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::limited(10));
        let client = secretive(&server.url)
            .http_client(http)
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        assert!(send(&client).await.is_err());
        assert_eq!((server.requests(), elsewhere.connections()), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn nothing_in_an_id_or_a_body_becomes_a_header() {
    let server = Server::answering(GOOD).await;
    let client = secretive(&server.url).build().unwrap();
    let promise = LoanPromise::builder()
        .bank("\r\nX-Injected: 1\r\n\r\nPOST / HTTP/1.1\r\n\r\n")
        .build();
    let (customer, contact) = ("M 1 HTTP".parse().unwrap(), "å@;=,'\"".parse().unwrap());
    client.create_loan_promise(&customer, &contact, &promise).await.unwrap();
    assert_eq!(server.requests(), 1);
    assert_eq!(head(&server.request(0)).len(), 6, "{}", server.request(0));
    for agent in ["a\r\nX: 1", "a\nb", "a\0", "å"] {
        let built = secretive(&server.url).user_agent(agent).build();
        assert!(built.is_err() || agent == "å", "{agent:?}");
    }
}
