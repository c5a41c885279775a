//! What every error says, and what is behind it, as a person reads it who has to decide what to do now.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::NaiveDate;
use reqwest::dns::{Name, Resolve, Resolving};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use vitec_connect::{
    Client, ClientBuilder, ContactId, Credentials, CustomerId, Error, ErrorKind, LoanPromise, LoanPromiseEstateType,
    MediaType, Proxy, RetryPolicy,
};

use crate::server::Server;
use crate::snapshot::redacted;

const JSON: &str = "application/json; charset=utf-8";
const XML: &str = "application/xml; charset=utf-8";
const HTML: &str = "text/html";

fn credentials() -> Credentials {
    Credentials::basic("partner", "secret").unwrap()
}

/// A client that makes one attempt.
fn client(url: &str) -> ClientBuilder {
    Client::builder()
        .credentials(credentials())
        .base_url(url)
        .retry(RetryPolicy::none())
}

async fn call(client: ClientBuilder, promise: &LoanPromise) -> Error {
    let (customer, contact): (CustomerId, ContactId) = ("M30011".parse().unwrap(), "4711".parse().unwrap());
    let client = client.build().unwrap();
    client
        .create_loan_promise(&customer, &contact, promise)
        .await
        .unwrap_err()
}

/// An answer of the server.
fn answer(status: &str, media_type: &str, headers: &str, body: &str) -> String {
    let content_type = match media_type {
        "" => String::new(),
        media_type => format!("Content-Type: {media_type}\r\n"),
    };
    format!(
        "HTTP/1.1 {status}\r\n{content_type}{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Everything that an error has to say.
fn described(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        write!(text, "\n  because: {error}").unwrap();
        source = error.source();
    }
    write!(text, "\n  {:?}, {}", error.kind(), error.outcome()).unwrap();
    if let Some(status) = error.status() {
        write!(text, ", status {status}").unwrap();
    }
    if error.is_retryable() {
        text.push_str(", worth trying again");
    }
    if let Some(wait) = error.retry_after() {
        write!(text, " after {wait:?}").unwrap();
    }
    for (field, messages) in error.validation() {
        write!(text, "\n  {field}: {messages:?}").unwrap();
    }
    assert!(!text.contains("secret") && !text.contains("cGFydG5lcj"), "{text}");
    assert!(!format!("{error:?}").contains("secret"));
    text
}

/// A snapshot of named errors, without times and ports.
fn compare(name: &str, errors: &[(&str, Error)]) {
    let mut text = String::new();
    for (name, error) in errors {
        writeln!(text, "# {name}\n{}\n", described(error)).unwrap();
    }
    let filters = [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[time]"),
        (r"in \d+\.\d s", "in [time]"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
        (r" \(os error \d+\)", ""),
    ];
    redacted(name, &text, &filters);
}

async fn answered(cases: &[(&'static str, String)]) -> Vec<(&'static str, Error)> {
    let mut errors = Vec::new();
    for (name, answer) in cases {
        // 401 is asked about twice only where the credentials have changed; these have not.
        let server = Server::start([answer.as_str()]).await;
        let error = call(client(&server.url), &LoanPromise::default()).await;
        assert_eq!(server.requests().await.len(), 1, "{name}");
        errors.push((*name, error));
    }
    errors
}

#[tokio::test]
async fn rejected() {
    let camel = r#"{"message":"The request is invalid.","modelState":{"loanPromise.validUntil":["An error has occurred."],"loanPromise.bank":["Error reading string.","Too long."]}}"#;
    let pascal =
        r#"{"Message":"The request is invalid.","ModelState":{"loanPromise.ValidUntil":["An error has occurred."]}}"#;
    let xml = "<Error><Message>The request is invalid.</Message><ModelState><loanPromise>Error in line 1 position 9.</loanPromise></ModelState></Error>";
    let not_found = r#"{"message":"No HTTP resource was found that matches the request URI 'https://connect.maklare.vitec.net/x'."}"#;
    let iis = "<!DOCTYPE html><html><head><title>IIS Detailed Error</title></head><body>404.0</body></html>";
    let errors = answered(&[
        ("400, camelCase", answer("400 Bad Request", JSON, "", camel)),
        ("400, PascalCase", answer("400 Bad Request", JSON, "", pascal)),
        ("400, XML", answer("400 Bad Request", XML, "", xml)),
        ("400, nothing", answer("400 Bad Request", "", "", "")),
        ("401", answer("401 Unauthorized", JSON, "", r#"{"message":"Authorization has been denied for this request."}"#)),
        ("401 of IIS", answer("401 Unauthorized", HTML, "WWW-Authenticate: Basic realm=\"x\"\r\n", iis)),
        ("403", answer("403 Forbidden", JSON, "", r#"{"message":"No access."}"#)),
        ("403, nothing", answer("403 Forbidden", "", "", "")),
        ("404", answer("404 Not Found", JSON, "", not_found)),
        ("404 of IIS", answer("404 Not Found", HTML, "", iis)),
        (
            "405",
            answer(
                "405 Method Not Allowed",
                JSON,
                "Allow: GET\r\n",
                r#"{"message":"The requested resource does not support http method 'POST'."}"#,
            ),
        ),
        ("413 of IIS", answer("413 Request Entity Too Large", HTML, "", iis)),
        (
            "415",
            answer(
                "415 Unsupported Media Type",
                JSON,
                "",
                r#"{"message":"The request entity's media type 'application/json' is not supported for this resource."}"#,
            ),
        ),
        ("307", answer("307 Temporary Redirect", "", "Location: https://elsewhere.example/\r\n", "")),
    ])
    .await;
    compare("create_loan_promise__errors_rejected", &errors);
}

#[tokio::test]
async fn unknown() {
    let iis = "<!DOCTYPE html><html><head><title>502 - Web server received an invalid response</title></head><body><h1>Server Error</h1></body></html>";
    let exception = r#"{"message":"An error has occurred.","exceptionMessage":"Timeout expired.","exceptionType":"System.Data.SqlClient.SqlException","stackTrace":"   at A.B()\r\n   at C.D()"}"#;
    let mut errors = answered(&[
        ("408", answer("408 Request Timeout", "", "", "")),
        (
            "500",
            answer(
                "500 Internal Server Error",
                JSON,
                "",
                r#"{"message":"An error has occurred."}"#,
            ),
        ),
        (
            "500, detailed",
            answer("500 Internal Server Error", JSON, "", exception),
        ),
        ("502 of IIS", answer("502 Bad Gateway", HTML, "", iis)),
        (
            "503",
            answer(
                "503 Service Unavailable",
                HTML,
                "Retry-After: 120\r\n",
                "Service Unavailable",
            ),
        ),
        (
            "302",
            answer("302 Found", HTML, "Location: https://login.example/\r\n", ""),
        ),
        ("200 with a page", answer("200 OK", HTML, "", "<html>Log in</html>")),
        (
            "200 with another document",
            answer("200 OK", XML, "", "<html xmlns=\"http://www.w3.org/1999/xhtml\"/>"),
        ),
        ("200 without a type", answer("200 OK", "", "", "fine")),
        ("600", answer("600 Whatever", "", "", "")),
        ("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n".to_owned()),
        ("closed without an answer", String::new()),
        ("half a head", "HTTP/1.1 200 OK\r\nContent-Ty".to_owned()),
    ])
    .await;

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let impatient = client(&url).attempt_timeout(Duration::from_millis(200));
    errors.push(("no answer in time", call(impatient, &LoanPromise::default()).await));
    compare("create_loan_promise__errors_unknown", &errors);
}

#[tokio::test]
async fn accepted_and_the_answer_lost() {
    let mut errors = answered(&[
        ("200, empty", answer("200 OK", JSON, "", "")),
        ("200, null", answer("200 OK", JSON, "", "null")),
        ("200, a number", answer("200 OK", JSON, "", "4711")),
        ("200, half a string", answer("200 OK", JSON, "", "\"sample str")),
        ("200, XML that is nil", answer(
            "200 OK",
            XML,
            "",
            "<string i:nil=\"true\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\"/>",
        )),
        ("200, half an element", answer(
            "200 OK",
            XML,
            "",
            "<string xmlns=\"http://schemas.microsoft.com/2003/10/Serialization/\">sample str",
        )),
        ("200, not UTF-8", "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-7\r\nContent-Length: 2\r\n\r\n\"\"".to_owned()),
        ("200, cut off", format!("HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nContent-Length: 99\r\n\r\n\"sample")),
        ("204", "HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
    ])
    .await;

    let server = Server::start([answer("200 OK", JSON, "", "\"sample string 1\"")]).await;
    let modest = client(&server.url).answer_limit(8);
    errors.push(("200, too large", call(modest, &LoanPromise::default()).await));
    compare("create_loan_promise__errors_accepted", &errors);
}

/// The name of no host resolves. Asks no server.
struct NoNames;

impl Resolve for NoNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move { Err(format!("no such host: {}", name.as_str()).into()) })
    }
}

#[tokio::test]
async fn not_sent() {
    let nothing = LoanPromise::default();
    let mut errors = answered(&[
        (
            "429",
            answer(
                "429 Too Many Requests",
                JSON,
                "Retry-After: 30\r\n",
                r#"{"message":"Slow down."}"#,
            ),
        ),
        ("429, no time said", answer("429 Too Many Requests", "", "", "")),
    ])
    .await;

    let busy = answer("429 Too Many Requests", "", "Retry-After: 0\r\n", "");
    let server = Server::start([busy.as_str(); 3]).await;
    let patient = client(&server.url).retry(RetryPolicy::default().initial_backoff(Duration::ZERO));
    errors.push(("429, three times", call(patient, &nothing).await));
    assert_eq!(server.requests().await.len(), 3);

    let server = Server::start([answer("503 Service Unavailable", HTML, "", "")]).await;
    let sure = client(&server.url).retry(RetryPolicy::none().service_unavailable_is_not_sent(true));
    errors.push(("503, taken for not sent", call(sure, &nothing).await));

    errors.push(("refused", call(client("http://localhost:1"), &nothing).await));
    let nameless = reqwest::Client::builder().dns_resolver(NoNames);
    let unresolved = client("https://connect.invalid").http_client(nameless);
    errors.push(("name does not resolve", call(unresolved, &nothing).await));

    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", plain.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        let (mut connection, _) = plain.accept().await.unwrap();
        connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    errors.push(("no TLS at the port", call(client(&url), &nothing).await));
    answering.await.unwrap();

    let nobody = client("http://localhost:1").credentials(HashMap::<CustomerId, Credentials>::new());
    errors.push(("no credentials for the customer", call(nobody, &nothing).await));
    compare("create_loan_promise__errors_not_sent", &errors);
}

#[tokio::test]
async fn invalid_bodies() {
    let new = LoanPromise::builder;
    let number = new().estate_type(LoanPromiseEstateType::UnlistedValue(9)).build();
    let character = new().bank("a\u{1}b").build();
    let name = new()
        .estate_type(LoanPromiseEstateType::Unlisted(String::new()))
        .build();
    let date = new()
        .valid_until(NaiveDate::from_ymd_opt(10_000, 1, 1).unwrap())
        .build();
    let xml = || client("http://localhost:1").media_type(MediaType::Xml);
    let json = || client("http://localhost:1");
    let errors = [
        ("XML, a number", call(xml(), &number).await),
        ("XML, a character", call(xml(), &character).await),
        ("XML, an empty name", call(xml(), &name).await),
        ("XML, a year", call(xml(), &date).await),
        ("JSON, an empty name", call(json(), &name).await),
        ("JSON, a year", call(json(), &date).await),
    ];
    for (_, error) in &errors {
        assert_eq!(
            (error.kind(), error.attempts(), error.sent_at()),
            (ErrorKind::InvalidBody, 0, None)
        );
    }
    compare("create_loan_promise__errors_invalid_body", &errors);
}

#[test]
fn configuration() {
    let refused = |client: ClientBuilder| client.build().unwrap_err();
    let base_urls = [
        "",
        "connect.maklare.vitec.net",
        "https:connect.maklare.vitec.net",
        "//connect.maklare.vitec.net",
        "https://",
        "https://exa mple.com",
        "https://example.com:99999",
        "ftp://example.com",
        "file:///etc/passwd",
        "mailto:partner@example.com",
        "https://partner:secret@example.com",
        "https://partner@example.com",
        "https://example.com/?a=b",
        "https://example.com/?",
        "https://example.com/#a",
        "http://example.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://0.0.0.0",
    ];
    let mut errors: Vec<_> = base_urls.into_iter().map(|url| (url, refused(client(url)))).collect();
    errors.push(("no credentials", refused(Client::builder())));
    errors.push(("user agent", refused(client("https://example.com").user_agent("a\nb"))));
    errors.push((
        "proxy",
        refused(client("https://example.com").proxy(Proxy::Url("http://partner:secret@".to_owned()))),
    ));
    errors.push((
        "no certificate in the PEM",
        refused(client("https://example.com").root_certificates_pem("x")),
    ));
    errors.push((
        "broken PEM",
        refused(
            client("https://example.com")
                .root_certificates_pem("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"),
        ),
    ));
    compare("client__errors_configuration", &errors);
}

#[test]
fn ids_and_credentials() {
    let mut text = String::new();
    for id in [
        "",
        ".",
        "..",
        " M30011",
        "M30011 ",
        "M3/0011",
        r"M3\0011",
        "M3?",
        "M3#",
        "M3%2F",
        "M3+",
        "M3:",
        "M3*",
        "M3&",
        "M3<",
        "M3>",
        "M3\n",
        "M3\t",
        "M3\u{7F}",
        "M3\u{85}",
        "\u{A0}M3",
        "M3\u{200B}",
        "M\u{AD}3",
        "\u{FEFF}M3",
        "\u{202E}3M",
        &"M".repeat(41),
    ] {
        let error = id.parse::<CustomerId>().unwrap_err();
        assert!(id.parse::<ContactId>().is_err());
        writeln!(text, "{id:?}: {error}").unwrap();
    }
    for error in [
        Credentials::basic("", "secret").unwrap_err(),
        Credentials::basic("part:ner", "secret").unwrap_err(),
        Credentials::basic("part\nner", "secret").unwrap_err(),
        Credentials::basic("part\u{2066}ner", "secret").unwrap_err(),
        Credentials::basic("partner", "sec\rret").unwrap_err(),
        Credentials::encoded("not base64!").unwrap_err(),
        Credentials::encoded("cGFydG5lcg==").unwrap_err(),
        Credentials::encoded("/////w==").unwrap_err(),
    ] {
        writeln!(text, "{error}").unwrap();
    }
    redacted("client__errors_ids_and_credentials", &text, &[]);
}
