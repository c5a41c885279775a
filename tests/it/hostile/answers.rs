//! "The answer": whatever a server may say, and wherever it may stop saying it.

use std::error::Error as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use vitec_connect::{Client, Credentials, CredentialsProvider, CustomerId, ErrorKind, MediaType, Outcome, RetryPolicy};

use super::{Connection, GOOD, SHORT, Server, answer, builder, call, failed, send, verdict};

const JSON: &str = "application/json";
const XML: &str = "application/xml";
const OK_XML: &str = r#"<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">ok</string>"#;

type Verdict = Result<&'static str, (ErrorKind, Outcome)>;

const OK: Verdict = Ok("ok");
const INTERRUPTED: (ErrorKind, Outcome) = (ErrorKind::Interrupted, Outcome::Unknown);
const TIMEOUT: (ErrorKind, Outcome) = (ErrorKind::Timeout, Outcome::Unknown);
const LOST: (ErrorKind, Outcome) = (ErrorKind::AnswerLost, Outcome::Accepted);
const FOREIGN: (ErrorKind, Outcome) = (ErrorKind::UnexpectedAnswer, Outcome::Unknown);
const INVALID: (ErrorKind, Outcome) = (ErrorKind::Validation, Outcome::Rejected);

const INVALID_JSON: &str = r#"{"message":"The request is invalid.","modelState":{"loanPromise.bank":["Too long."]}}"#;

#[tokio::test]
async fn closed_before_the_end_of_the_head() {
    for bytes in [
        "",
        "H",
        "HTTP/1.1",
        "HTTP/1.1 20",
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let server = Server::cutting(bytes).await;
        failed(bytes, &server, &call(&server).await, INTERRUPTED, 1);
        assert_eq!(server.connections(), 1, "{bytes}");
    }
}

#[tokio::test]
async fn reset_in_the_middle_of_the_head_and_of_the_body() {
    for (bytes, expected) in [("HTTP/1.1 200 OK\r\n", INTERRUPTED), (&GOOD[..GOOD.len() - 1], LOST)] {
        let server = Server::start(move |_, mut connection: Connection| async move {
            connection.request().await;
            connection.write(bytes).await;
            connection.reset();
        })
        .await;
        let result = call(&server).await;
        // A reset may overtake what was written before it: then the head is lost too.
        let expected = match verdict(&result) {
            Err(it) if it == INTERRUPTED => INTERRUPTED,
            _ => expected,
        };
        failed(bytes, &server, &result, expected, 1);
    }
}

#[tokio::test]
async fn silence() {
    let head = &GOOD[..GOOD.len() - 4];
    for (bytes, expected) in [
        ("", TIMEOUT),
        ("HTTP/1.1 2", TIMEOUT),
        ("HTTP/1.1 200 OK\r\n", TIMEOUT),
        ("HTTP/1.1 100 Continue\r\n\r\n", TIMEOUT),
        (head, LOST),
        (&GOOD[..GOOD.len() - 1], LOST),
    ] {
        let server = Server::stalling(bytes).await;
        let client = builder(&server.url).attempt_timeout(SHORT).build().unwrap();
        failed(bytes, &server, &send(&client).await, expected, 1);
    }
}

#[tokio::test]
async fn dripping_past_the_deadline() {
    let slow_head = format!("HTTP/1.1 200 OK\r\nX-Slow: {}\r\n\r\n", "x".repeat(2000));
    let slow_body = format!("\"{}\"", "x".repeat(2000));
    let whole = String::from_utf8(answer("200 OK", JSON, &slow_body)).unwrap();
    let (head, body) = whole.split_at(whole.find("\r\n\r\n").unwrap() + 4);
    for (name, at_once, dripped, expected) in [("head", "", slow_head.as_str(), TIMEOUT), ("body", head, body, LOST)] {
        let (at_once, dripped) = (at_once.to_owned(), dripped.to_owned());
        let server = Server::start(move |_, mut connection: Connection| {
            let (at_once, dripped) = (at_once.clone(), dripped.clone());
            async move {
                connection.request().await;
                connection.write(at_once).await;
                connection.drip(dripped, Duration::from_millis(20)).await;
            }
        })
        .await;
        let client = builder(&server.url).attempt_timeout(SHORT).build().unwrap();
        failed(name, &server, &send(&client).await, expected, 1);
    }
}

#[tokio::test]
async fn dripping_within_the_deadline_is_read() {
    let server = Server::start(|_, mut connection: Connection| async move {
        connection.request().await;
        connection.drip(GOOD, Duration::from_millis(1)).await;
    })
    .await;
    assert_eq!(call(&server).await.unwrap(), "ok");
}

/// Cuts `bytes` at every byte: before the end of the head, before the end of the body, and not at all.
async fn cut_everywhere(bytes: Vec<u8>, in_the_body: (ErrorKind, Outcome), whole: Verdict) {
    let head = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    let length = bytes.len();
    let server = Server::start(move |index, mut connection: Connection| {
        let bytes = bytes.clone();
        async move {
            connection.request().await;
            connection.write(&bytes[..index]).await;
        }
    })
    .await;
    let client = builder(&server.url).build().unwrap();
    for position in 0..=length {
        let result = send(&client).await;
        let expected = match position {
            _ if position < head => Err(INTERRUPTED),
            _ if position < length => Err(in_the_body),
            _ => whole,
        };
        assert_eq!(
            verdict(&result),
            expected,
            "cut at byte {position} of {length}: {result:?}"
        );
        assert_eq!(
            (server.requests(), server.connections()),
            (position + 1, position + 1),
            "{position}"
        );
        if let Err(error) = &result {
            assert_eq!(error.status().is_some(), position >= head, "{position}");
            assert_eq!(error.attempts(), 1, "{position}");
        }
    }
}

#[tokio::test]
async fn json_cut_at_every_byte() {
    cut_everywhere(answer("200 OK", "application/json; charset=utf-8", "\"ok\""), LOST, OK).await;
}

#[tokio::test]
async fn xml_cut_at_every_byte() {
    cut_everywhere(answer("200 OK", "application/xml; charset=utf-8", OK_XML), LOST, OK).await;
}

#[tokio::test]
async fn chunks_cut_at_every_byte() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    cut_everywhere(
        format!("{head}1\r\n\"\r\n2;x=y\r\nok\r\n1\r\n\"\r\n0\r\n\r\n").into(),
        LOST,
        OK,
    )
    .await;
}

#[tokio::test]
async fn validation_errors_cut_at_every_byte() {
    cut_everywhere(answer("400 Bad Request", JSON, INVALID_JSON), INVALID, Err(INVALID)).await;
}

#[tokio::test]
async fn text_that_ends_with_the_connection_cut_at_every_byte() {
    // Nothing says how long it is: only what JSON makes of it does.
    for position in 0.."\"ok\"".len() {
        let text = &"\"ok\""[..position];
        let server = Server::cutting(format!("HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\n\r\n{text}")).await;
        failed(text, &server, &call(&server).await, LOST, 1);
    }
}

/// Answers that are no well-formed HTTP, with the connection closed after them.
#[tokio::test]
async fn malformed_http() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let many: String = (0..1000).map(|it| format!("X-{it}: y\r\n")).collect();
    let table: &[(&str, String, Verdict)] = &[
        ("no HTTP", "SSH-2.0-OpenSSH_9.6\r\n".into(), Err(INTERRUPTED)),
        ("TLS", "\u{15}\u{3}\u{1}\0\u{2}\u{2}F".into(), Err(INTERRUPTED)),
        ("HTTP/2", "HTTP/2 200 OK\r\n\r\n".into(), Err(INTERRUPTED)),
        ("HTTP/0.9", "<html>hello</html>".into(), Err(INTERRUPTED)),
        (
            "status of two digits",
            "HTTP/1.1 20 OK\r\n\r\n".into(),
            Err(INTERRUPTED),
        ),
        ("status of letters", "HTTP/1.1 abc OK\r\n\r\n".into(), Err(INTERRUPTED)),
        ("status 000", "HTTP/1.1 000 OK\r\n\r\n".into(), Err(INTERRUPTED)),
        (
            "header without a colon",
            format!("{head}Nonsense\r\n\r\n"),
            Err(INTERRUPTED),
        ),
        ("NUL in a header", format!("{head}X: a\0b\r\n\r\n"), Err(INTERRUPTED)),
        ("1000 headers", format!("{head}{many}\r\n"), Err(INTERRUPTED)),
        (
            "a head of 2 MB",
            format!("{head}X: {}\r\n\r\n", "x".repeat(2_000_000)),
            Err(INTERRUPTED),
        ),
        (
            "two lengths",
            format!("{head}Content-Length: 4\r\nContent-Length: 5\r\n\r\n\"ok\""),
            Err(INTERRUPTED),
        ),
        (
            "negative length",
            format!("{head}Content-Length: -1\r\n\r\n\"ok\""),
            Err(INTERRUPTED),
        ),
        (
            "signed length",
            format!("{head}Content-Length: +4\r\n\r\n\"ok\""),
            Err(INTERRUPTED),
        ),
        (
            "length beyond 64 bits",
            format!("{head}Content-Length: 99999999999999999999\r\n\r\n\"ok\""),
            Err(INTERRUPTED),
        ),
        (
            "length of 2^63",
            format!("{head}Content-Length: 9223372036854775808\r\n\r\n\"ok\""),
            Err(LOST),
        ),
        (
            "length too long",
            format!("{head}Content-Length: 5\r\n\r\n\"ok\""),
            Err(LOST),
        ),
        (
            "length too short",
            format!("{head}Content-Length: 3\r\n\r\n\"ok\""),
            Err(LOST),
        ),
        (
            "length zero",
            format!("{head}Content-Length: 0\r\n\r\n\"ok\""),
            Err(LOST),
        ),
        (
            "bad chunk length",
            format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n\"ok\"\r\n0\r\n\r\n"),
            Err(LOST),
        ),
        (
            "no chunk length",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n\"ok\"\r\n0\r\n\r\n"),
            Err(LOST),
        ),
        (
            "chunk too short",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n9\r\n\"ok\"\r\n0\r\n\r\n"),
            Err(LOST),
        ),
        (
            "chunk beyond 64 bits",
            format!("{head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
            Err(LOST),
        ),
        (
            "no last chunk",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n4\r\n\"ok\"\r\n"),
            Err(LOST),
        ),
        (
            "empty reason",
            "HTTP/1.1 200 \r\nContent-Type: text/json\r\n\r\n\"ok\"".into(),
            OK,
        ),
        (
            "no reason",
            "HTTP/1.1 200\r\nContent-Type: text/json\r\n\r\n\"ok\"".into(),
            OK,
        ),
        (
            "HTTP/1.0",
            "HTTP/1.0 200 OK\r\nContent-Type: text/json\r\n\r\n\"ok\"".into(),
            OK,
        ),
    ];
    for (name, bytes, expected) in table {
        let server = Server::cutting(bytes.as_str()).await;
        let result = call(&server).await;
        assert_eq!(verdict(&result), *expected, "{name}: {result:?}");
        assert_eq!((server.requests(), server.connections()), (1, 1), "{name}");
    }
}

/// Writes `head`, and then `again` until the client has enough.
async fn endless(head: &'static str, again: &'static str) -> Server {
    Server::start(move |_, mut connection: Connection| async move {
        connection.request().await;
        connection.write(head).await;
        while connection.write(again.repeat(100)).await {}
    })
    .await
}

#[tokio::test]
async fn answers_without_end() {
    let chunked = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\"\r\n";
    let rejected = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n";
    let table = [
        ("chunks", chunked, "4\r\nabcd\r\n", LOST),
        (
            "body",
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n\"",
            "abcd",
            LOST,
        ),
        ("chunk extension", chunked, "4;abcdefgh", LOST),
        ("rejected", rejected, "abcd", INVALID),
        (
            "HTML",
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
            "<br>",
            FOREIGN,
        ),
        ("headers", "HTTP/1.1 200 OK\r\n", "X-Y: z\r\n", INTERRUPTED),
        ("one header", "HTTP/1.1 200 OK\r\nX: ", "abcd", INTERRUPTED),
        ("reason", "HTTP/1.1 200 ", "abcd", INTERRUPTED),
        ("empty lines", "", "\r\n", INTERRUPTED),
    ];
    for (name, head, again, expected) in table {
        let server = endless(head, again).await;
        let client = builder(&server.url)
            .attempt_timeout(Duration::from_secs(5))
            .build()
            .unwrap();
        let result = send(&client).await;
        failed(name, &server, &result, expected, 1);
        assert!(result.unwrap_err().body().len() <= 64 * 1024, "{name}");
    }
}

#[tokio::test]
async fn interim_answers_without_end() {
    let server = endless("", "HTTP/1.1 102 Processing\r\n\r\n").await;
    let client = builder(&server.url).attempt_timeout(SHORT).build().unwrap();
    let result = send(&client).await;
    assert_eq!(result.as_ref().unwrap_err().outcome(), Outcome::Unknown, "{result:?}");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn the_limit_of_an_answer() {
    let server = Server::answering(GOOD).await;
    for (limit, expected) in [(0, Err(LOST)), (3, Err(LOST)), (4, OK), (5, OK), (usize::MAX, OK)] {
        let client = builder(&server.url).answer_limit(limit).build().unwrap();
        let result = send(&client).await;
        assert_eq!(verdict(&result), expected, "{limit}");
        if let Err(error) = result {
            assert_eq!(error.body(), &b"\"ok\""[..limit]);
            assert_eq!(
                error.source().unwrap().to_string(),
                format!("the answer is larger than {limit} bytes")
            );
        }
    }
}

#[tokio::test]
async fn the_limit_holds_for_all_the_chunks_together() {
    // hyper hands over each chunk by itself, also of several that came together.
    let chunks = ["5\r\n\"abcd\r\n", "5\r\nefghi\r\n", "5\r\njklm\"\r\n"];
    for (limit, expected, kept) in [
        (4, Err(LOST), "\"abc"),
        (5, Err(LOST), "\"abcd"),
        (7, Err(LOST), "\"abcdef"),
        (14, Err(LOST), "\"abcdefghijklm"),
        (15, Ok("abcdefghijklm"), ""),
    ] {
        let server = Server::start(move |_, mut connection: Connection| async move {
            connection.request().await;
            connection
                .write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await;
            for chunk in chunks {
                connection.write(chunk).await;
                tokio::task::yield_now().await;
            }
            connection.write("0\r\n\r\n").await;
        })
        .await;
        let client = builder(&server.url).answer_limit(limit).build().unwrap();
        let result = send(&client).await;
        assert_eq!(verdict(&result), expected, "{limit}");
        if let Err(error) = result {
            assert_eq!(std::str::from_utf8(error.body()), Ok(kept), "{limit}");
        }
    }
}

/// Complete answers with 200, and what is made of them.
#[tokio::test]
async fn bodies_of_200() {
    let xml = |content: &str| OK_XML.replace("ok", content);
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let utf16be = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let html = "<!DOCTYPE html><html><body>Sign in</body></html>";
    let deep = |depth: usize| xml(&format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth)));
    let attributes = |count: usize| {
        let all: String = (0..count).map(|it| format!(" a{it}=''")).collect();
        OK_XML.replacen("<string", &format!("<string{all}"), 1)
    };

    let entity = format!("<!DOCTYPE string [<!ENTITY e 'ok'>]>{}", xml("&e;"));
    let bomb = format!(
        "<!DOCTYPE string [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>{}",
        xml("&b;")
    );
    let external = format!("<!DOCTYPE string SYSTEM 'file:///etc/passwd'>{OK_XML}");
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x53, 0xca, 0xcf, 0x56, 2, 0];
    let table: Vec<(&str, &str, Vec<u8>, Verdict)> = vec![
        // JSON
        ("JSON", JSON, "\"ok\"".into(), OK),
        ("text/json", "text/json; charset=utf-8", "\"ok\"".into(), OK),
        ("upper case", "APPLICATION/JSON", "\"ok\"".into(), OK),
        ("space around", JSON, " \r\n\"ok\"\t ".into(), OK),
        ("escapes", JSON, r#""\u006fk""#.into(), OK),
        ("problem", "application/problem+json", "\"ok\"".into(), OK),
        ("null", JSON, "null".into(), Err(LOST)),
        ("number", JSON, "1".into(), Err(LOST)),
        ("object", JSON, "{\"id\":1}".into(), Err(LOST)),
        ("list", JSON, "[\"ok\"]".into(), Err(LOST)),
        ("boolean", JSON, "true".into(), Err(LOST)),
        ("no quotes", JSON, "ok".into(), Err(LOST)),
        ("text after it", JSON, "\"ok\"\"ok\"".into(), Err(LOST)),
        ("lone surrogate", JSON, r#""\ud800""#.into(), Err(LOST)),
        ("JSON nested deep", JSON, "[".repeat(500_000).into(), Err(LOST)),
        ("no UTF-8", JSON, b"\"\xff\"".to_vec(), Err(LOST)),
        ("UTF-8 cut off", JSON, b"\"\xc3\"".to_vec(), Err(LOST)),
        // Character sets
        ("BOM", JSON, b"\xef\xbb\xbf\"ok\"".to_vec(), OK),
        ("UTF-16 by BOM", JSON, utf16("\u{feff}\"ok\""), OK),
        ("UTF-16 BE by BOM", JSON, utf16be("\u{feff}\"ok\""), OK),
        (
            "UTF-16 by charset",
            "application/json; charset=utf-16",
            utf16("\"ok\""),
            OK,
        ),
        (
            "quoted charset",
            "application/json; charset=\"UTF-16\"",
            utf16("\"ok\""),
            OK,
        ),
        (
            "UTF-16 BE by charset",
            "application/json;charset=utf-16be",
            utf16be("\"ok\""),
            OK,
        ),
        (
            "UTF-16 with half a unit",
            "application/json; charset=utf-16",
            b"\"\0o".to_vec(),
            Err(LOST),
        ),
        (
            "Latin 1",
            "application/json; charset=iso-8859-1",
            b"\"\xe5\"".to_vec(),
            Ok("å"),
        ),
        (
            "windows-1252",
            "application/json; charset=windows-1252",
            b"\"\x80\"".to_vec(),
            Ok("€"),
        ),
        (
            "unknown charset",
            "application/json; charset=x-unknown",
            "\"ok\"".into(),
            Err(LOST),
        ),
        (
            "empty charset",
            "application/json; charset=",
            "\"ok\"".into(),
            Err(LOST),
        ),
        // XML
        ("XML", XML, OK_XML.into(), OK),
        ("text/xml", "text/xml; charset=utf-8", OK_XML.into(), OK),
        ("XML BOM", XML, format!("\u{feff}{OK_XML}").into(), OK),
        (
            "declaration",
            XML,
            format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{OK_XML}\n").into(),
            OK,
        ),
        (
            "UTF-16 XML",
            XML,
            utf16(&format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-16\"?>{OK_XML}")),
            OK,
        ),
        (
            "UTF-16 XML by charset",
            "application/xml; charset=utf-16",
            utf16(OK_XML),
            OK,
        ),
        (
            "prefix",
            XML,
            "<s:string xmlns:s='http://schemas.microsoft.com/2003/10/Serialization/'>ok</s:string>".into(),
            OK,
        ),
        (
            "comments",
            XML,
            format!("<!-- a -->{}<!-- b -->", xml("o<!-- c -->k")).into(),
            OK,
        ),
        (
            "processing instruction",
            XML,
            format!("<?a b?>{}<?c?>", xml("o<?d?>k")).into(),
            OK,
        ),
        ("CDATA", XML, xml("o<![CDATA[k]]>").into(), OK),
        ("references", XML, xml("&#x6F;&#107;").into(), OK),
        ("markup in CDATA", XML, xml("<![CDATA[<&>]]>&lt;").into(), Ok("<&><")),
        ("empty element", XML, xml("").into(), Ok("")),
        ("space is kept", XML, xml("  ").into(), Ok("  ")),
        ("undefined entity", XML, xml("&nbsp;").into(), Err(LOST)),
        ("DOCTYPE", XML, format!("<!DOCTYPE string>{OK_XML}").into(), Err(LOST)),
        ("entity", XML, entity.into(), Err(LOST)),
        ("entities in entities", XML, bomb.into(), Err(LOST)),
        ("external DTD", XML, external.into(), Err(LOST)),
        ("element inside", XML, xml("<a/>").into(), Err(LOST)),
        ("nested deep", XML, deep(30_000).into(), Err(LOST)),
        (
            "never closed",
            XML,
            format!("<string>{}", "<a>".repeat(100_000)).into(),
            Err(FOREIGN),
        ),
        (
            "nil",
            XML,
            OK_XML
                .replace(
                    ">ok<",
                    " i:nil=\"true\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"><",
                )
                .into(),
            Err(LOST),
        ),
        ("20,000 attributes", XML, attributes(20_000).into(), OK),
        ("a megabyte of attributes", XML, attributes(95_000).into(), OK),
        (
            "repeated attribute",
            XML,
            OK_XML.replacen("<string", "<string a='' a=''", 1).into(),
            Err(LOST),
        ),
        ("cut, though whole", XML, OK_XML[..OK_XML.len() - 1].into(), Err(LOST)),
        ("other root", XML, "<string2/>".into(), Err(FOREIGN)),
        (
            "other namespace",
            XML,
            "<string xmlns='urn:other'>ok</string>".into(),
            Err(FOREIGN),
        ),
        ("no namespace", XML, "<string>ok</string>".into(), Err(FOREIGN)),
        ("second root", XML, format!("{OK_XML}{OK_XML}").into(), Err(FOREIGN)),
        ("text after the root", XML, format!("{OK_XML}ok").into(), Err(FOREIGN)),
        ("text before the root", XML, format!("ok{OK_XML}").into(), Err(FOREIGN)),
        (
            "web page as XML",
            XML,
            "<html xmlns='http://www.w3.org/1999/xhtml'/>".into(),
            Err(FOREIGN),
        ),
        (
            "HttpError with 200",
            XML,
            "<Error><Message>no</Message></Error>".into(),
            Err(FOREIGN),
        ),
        // One as the other, and neither
        ("JSON as XML", XML, "\"ok\"".into(), Err(FOREIGN)),
        ("XML as JSON", JSON, OK_XML.into(), Err(LOST)),
        ("web page as JSON", JSON, html.into(), Err(LOST)),
        ("web page", "text/html; charset=utf-8", html.into(), Err(FOREIGN)),
        ("XHTML", "application/xhtml+xml", OK_XML.into(), Err(FOREIGN)),
        ("plain text", "text/plain", "\"ok\"".into(), Err(FOREIGN)),
        ("bytes", "application/octet-stream", "\"ok\"".into(), Err(FOREIGN)),
        ("no media type at all", "nonsense", "\"ok\"".into(), Err(FOREIGN)),
        (
            "type that is no text",
            "application/\u{e9}json",
            "\"ok\"".into(),
            Err(FOREIGN),
        ),
        ("no type, JSON", "", "\"ok\"".into(), OK),
        ("no type, XML", "", OK_XML.into(), OK),
        ("no type, null", "", "null".into(), Err(FOREIGN)),
        ("no type, web page", "", html.into(), Err(FOREIGN)),
        ("no type, neither", "", "ok".into(), Err(FOREIGN)),
        ("no type, bytes", "", vec![0, 159, 146, 150], Err(FOREIGN)),
        ("empty", JSON, "".into(), Err(LOST)),
        ("empty XML", XML, "".into(), Err(LOST)),
        ("empty, no type", "", "".into(), Err(LOST)),
        ("empty web page", "text/html", "".into(), Err(FOREIGN)),
        ("only space", JSON, " ".into(), Err(LOST)),
        (
            "compressed",
            "application/json\r\nContent-Encoding: gzip",
            gzip.into(),
            Err(LOST),
        ),
        (
            "compressed XML",
            "application/xml\r\nContent-Encoding: gzip",
            gzip.into(),
            Err(LOST),
        ),
        ("compressed, of no type", "", gzip.into(), Err(FOREIGN)),
    ];
    for media_type in [MediaType::Json, MediaType::Xml] {
        for (name, content_type, body, expected) in &table {
            let server = Server::answering(answer("200 OK", content_type, body)).await;
            let client = builder(&server.url).media_type(media_type).build().unwrap();
            let result = send(&client).await;
            assert_eq!(verdict(&result), *expected, "{name}: {result:?}");
            assert_eq!((server.requests(), server.connections()), (1, 1), "{name}");
            if let Err(error) = result {
                assert_eq!(error.status(), Some(200), "{name}");
                assert_eq!(error.body(), &body[..body.len().min(64 * 1024)], "{name}");
                assert!(!error.is_retryable(), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn other_statuses_of_success() {
    for status in ["201 Created", "202 Accepted"] {
        for (content_type, body, expected) in [
            (JSON, "\"ok\"", OK),
            (XML, OK_XML, OK),
            (JSON, "", Err(LOST)),
            ("", "", Err(LOST)),
            ("text/html", "<p>Created", Err(LOST)),
            ("", "created", Err(LOST)),
            (JSON, "{\"id\":1}", Err(LOST)),
        ] {
            let server = Server::answering(answer(status, content_type, body)).await;
            let result = call(&server).await;
            assert_eq!(verdict(&result), expected, "{status} {content_type} {body}");
            assert_eq!(server.requests(), 1);
        }
    }
    // 204 has no body, whatever it says.
    for bytes in [
        "HTTP/1.1 204 No Content\r\n\r\n".into(),
        answer("204 No Content", JSON, "\"ok\""),
    ] {
        let server = Server::answering(bytes).await;
        failed("204", &server, &call(&server).await, LOST, 1);
    }
}

/// What each status means for the loan promise.
fn meaning(status: u16) -> Verdict {
    use ErrorKind::*;
    use Outcome::*;
    match status {
        101 => Err((UnexpectedAnswer, Unknown)),
        100..=199 => Err(INTERRUPTED), // Not the answer yet; and then the connection ends.
        200..=202 => OK,
        204 => Err(LOST),
        301 | 307 | 308 => Err((Redirect, Rejected)),
        302 | 303 => Err((Redirect, Unknown)),
        400 => Err((Validation, Rejected)),
        401 => Err((Unauthorized, Rejected)),
        403 => Err((Forbidden, Rejected)),
        408 => Err((Server, Unknown)),
        429 => Err((TooManyRequests, NotSent)),
        402..=499 => Err((Refused, Rejected)),
        500..=599 => Err((Server, Unknown)),
        _ => Err((UnexpectedAnswer, Unknown)),
    }
}

#[tokio::test]
async fn every_status() {
    let elsewhere = Server::answering(GOOD).await;
    let location = format!("{JSON}\r\nConnection: close\r\nLocation: {}/elsewhere", elsewhere.url);
    let server = super::Server::start(move |index, mut connection: Connection| {
        let bytes = answer(&format!("{} Status", index + 100), &location, "\"ok\"");
        async move {
            connection.request().await;
            connection.write(bytes).await;
        }
    })
    .await;
    let client = builder(&server.url).retry(RetryPolicy::none()).build().unwrap();
    for status in 100..=999 {
        let result = send(&client).await;
        assert_eq!(verdict(&result), meaning(status), "{status}: {result:?}");
        let requests = usize::from(status) - 99;
        assert_eq!(
            (server.requests(), server.connections()),
            (requests, requests),
            "{status}"
        );
        if let Err(error) = &result {
            let expected = if (100..=199).contains(&status) && status != 101 {
                None
            } else {
                Some(status)
            };
            assert_eq!(error.status(), expected);
            assert_eq!(error.attempts(), 1, "{status}");
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn redirects_are_not_followed_anywhere() {
    let elsewhere = Server::answering(GOOD).await;
    for status in [300, 301, 302, 303, 304, 305, 306, 307, 308] {
        for location in [
            elsewhere.url.as_str(),
            "/",
            "",
            "http://user:password@127.0.0.1/",
            "nonsense:",
        ] {
            let head =
                format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nRefresh: 0\r\nContent-Length: 0\r\n\r\n");
            let server = Server::answering(head).await;
            let result = call(&server).await;
            assert_eq!(verdict(&result), meaning(status), "{status}");
            assert_eq!(
                (server.requests(), elsewhere.connections()),
                (1, 0),
                "{status} {location}"
            );
        }
    }
}

#[tokio::test]
async fn validation_messages_are_read_in_either_type_and_any_character_set() {
    let xml = "<Error><Message>The request is invalid.</Message><ModelState><loanPromise.bank>Too long.\
               </loanPromise.bank></ModelState></Error>";
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let table: Vec<(&str, &str, Vec<u8>)> = vec![
        ("JSON", JSON, INVALID_JSON.into()),
        ("XML", XML, xml.into()),
        ("no type", "", INVALID_JSON.into()),
        ("BOM", JSON, format!("\u{feff}{INVALID_JSON}").into()),
        ("UTF-16 by BOM", JSON, utf16(&format!("\u{feff}{INVALID_JSON}"))),
        (
            "UTF-16 by charset",
            "application/json; charset=utf-16",
            utf16(INVALID_JSON),
        ),
        ("UTF-16 XML by charset", "application/xml; charset=utf-16", utf16(xml)),
    ];
    for (name, content_type, body) in table {
        let server = Server::answering(answer("400 Bad Request", content_type, body)).await;
        let result = call(&server).await;
        failed(name, &server, &result, INVALID, 1);
        let error = result.unwrap_err();
        let messages: Vec<_> = error.validation().collect();
        assert_eq!(
            messages,
            [("loanPromise.bank", &["Too long.".to_owned()][..])],
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_error_that_cannot_be_read_does_not_hide_its_status() {
    let attributes: String = (0..95_000).map(|it| format!(" a{it}=''")).collect();
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("text/html", "<html>Bad Request".into()),
        (JSON, "{".into()),
        (JSON, "null".into()),
        (JSON, vec![0xff]),
        (JSON, "[".repeat(500_000).into()),
        (JSON, "{\"a\":".repeat(200_000).into()),
        (XML, "<Error>".repeat(100_000).into()),
        (XML, format!("<Error{attributes}/>").into()),
        (
            XML,
            "<!DOCTYPE a [<!ENTITY b 'c'>]><Error><Message>&b;</Message></Error>".into(),
        ),
        ("", "".into()),
    ];
    for (content_type, body) in table {
        let server = Server::answering(answer("400 Bad Request", content_type, body)).await;
        let result = call(&server).await;
        failed(content_type, &server, &result, INVALID, 1);
        assert_eq!(result.unwrap_err().http_error(), None);
    }
}

/// Gives these passwords one after the other, the last one again and again, and counts.
pub(super) struct Passwords {
    passwords: Vec<&'static str>,
    asked: std::sync::Arc<AtomicUsize>,
}

impl Passwords {
    pub(super) fn new(passwords: &[&'static str]) -> (Self, std::sync::Arc<AtomicUsize>) {
        let asked = std::sync::Arc::new(AtomicUsize::new(0));
        let passwords = passwords.to_vec();
        (
            Self {
                passwords,
                asked: std::sync::Arc::clone(&asked),
            },
            asked,
        )
    }
}

impl CredentialsProvider for Passwords {
    /// `!` stands for a provider that fails.
    async fn credentials(&self, _: &CustomerId) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        let index = self.asked.fetch_add(1, Ordering::SeqCst).min(self.passwords.len() - 1);
        match self.passwords[index] {
            "!" => Err("the vault is closed".into()),
            password => Ok(Credentials::basic("partner", password)?),
        }
    }
}

fn denied() -> Vec<u8> {
    answer(
        "401 Unauthorized",
        JSON,
        r#"{"message":"Authorization has been denied for this request."}"#,
    )
}

#[tokio::test]
async fn after_401_the_provider_is_asked_once_more() {
    let (invalid, server_error) = (
        answer("400 Bad Request", JSON, INVALID_JSON),
        answer("500 Oops", "", ""),
    );
    let unauthorized = Err((ErrorKind::Unauthorized, Outcome::Rejected));
    // The passwords that are given, the answers, what comes of it, the requests, and how often the provider is asked.
    type Row = (
        &'static str,
        &'static [&'static str],
        Vec<Vec<u8>>,
        Verdict,
        usize,
        usize,
    );
    let table: Vec<Row> = vec![
        ("the same", &["a"], vec![denied()], unauthorized, 1, 2),
        ("another, and right", &["a", "b"], vec![denied(), GOOD.into()], OK, 2, 2),
        (
            "another, and wrong too",
            &["a", "b", "c"],
            vec![denied()],
            unauthorized,
            2,
            2,
        ),
        ("none any more", &["a", "!"], vec![denied()], unauthorized, 1, 2),
        (
            "another, and invalid",
            &["a", "b"],
            vec![denied(), invalid],
            Err(INVALID),
            2,
            2,
        ),
        (
            "another, and a failure",
            &["a", "b"],
            vec![denied(), server_error],
            Err((ErrorKind::Server, Outcome::Unknown)),
            2,
            2,
        ),
    ];
    for policy in [
        RetryPolicy::none(),
        RetryPolicy::default(),
        RetryPolicy::default().retry_unknown(false),
    ] {
        for (name, passwords, answers, expected, requests, asked) in &table {
            let server = Server::answering_each(answers.clone()).await;
            let (provider, counter) = Passwords::new(passwords);
            let client = builder(&server.url)
                .credentials(provider)
                .retry(policy.clone())
                .build()
                .unwrap();
            let result = send(&client).await;
            assert_eq!(verdict(&result), *expected, "{name}: {result:?}");
            assert_eq!(
                (server.requests(), counter.load(Ordering::SeqCst)),
                (*requests, *asked),
                "{name}"
            );
            if let Err(error) = result {
                assert_eq!(error.attempts() as usize, *requests, "{name}");
                assert_eq!(error.customer_id(), Some("M30011"));
            }
        }
    }
}

#[tokio::test]
async fn a_provider_that_hangs_after_401_does_not_hide_it() {
    struct Once(Mutex<Option<Credentials>>);

    impl CredentialsProvider for Once {
        async fn credentials(&self, _: &CustomerId) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
            let first = self.0.lock().unwrap().take();
            match first {
                Some(credentials) => Ok(credentials),
                None => std::future::pending().await,
            }
        }
    }

    let server = Server::answering(denied()).await;
    let once = Once(Mutex::new(Some(Credentials::basic("partner", "secret").unwrap())));
    let client = builder(&server.url)
        .credentials(once)
        .call_timeout(SHORT * 5)
        .build()
        .unwrap();
    let result = send(&client).await;
    failed(
        "hanging",
        &server,
        &result,
        (ErrorKind::Unauthorized, Outcome::Rejected),
        1,
    );
}

#[tokio::test]
async fn one_bad_answer_does_not_spoil_the_next_call() {
    let bad = answer("200 OK", "text/html", "<html>");
    let server = Server::answering_each(vec![bad, GOOD.into()]).await;
    let client: Client = builder(&server.url).build().unwrap();
    assert_eq!(verdict(&send(&client).await), Err(FOREIGN));
    assert_eq!(verdict(&send(&client).await), OK);
    assert_eq!(server.requests(), 2);
}
