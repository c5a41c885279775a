//! A client of a few lines.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use vitec_connect_sandbox::{Builder, Sandbox};

/// A whole answer.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The connection ended before the announced length.
    pub(crate) cut: bool,
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Starts a sandbox from a test without a runtime.
pub(crate) fn start(builder: Builder) -> Sandbox {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(builder.start()).expect("a sandbox")
}

pub(crate) fn authorization(username: &str, password: &str) -> String {
    let pair = format!("{username}:{password}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// One request over a connection of its own. `None`: no answer at all.
pub(crate) fn send(
    sandbox: &Sandbox,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Answered> {
    let mut head = format!(
        "{method} {target} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str("Host: 127.0.0.1\r\n");
    }
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
    {
        let authorization = authorization(sandbox.username(), sandbox.password());
        head.push_str(&format!("Authorization: {authorization}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    raw(sandbox, &[head.as_bytes(), body].concat())
}

/// Sends bytes as they are and reads to the end of the connection.
pub(crate) fn raw(sandbox: &Sandbox, bytes: &[u8]) -> Option<Answered> {
    let address = sandbox.url().strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout");
    // The server may close before it has read everything.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    parse(&answer)
}

fn parse(bytes: &[u8]) -> Option<Answered> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut answered = Answered {
        status,
        headers,
        body: bytes[end + 4..].to_vec(),
        cut: false,
    };
    let length = answered
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok());
    answered.cut = length.is_some_and(|length| answered.body.len() < length);
    Some(answered)
}

pub(crate) const LOAN_PROMISE: &str = "/CRM/Buyer/M1/c1/LoanPromise";

/// A loan promise as JSON.
pub(crate) fn post_json(sandbox: &Sandbox, body: &str) -> Answered {
    let headers = [("Content-Type", "application/json"), ("Accept", "*/*")];
    send(sandbox, "POST", LOAN_PROMISE, &headers, body.as_bytes()).expect("an answer")
}

/// The members of a loan promise as XML.
pub(crate) fn post_xml(sandbox: &Sandbox, members: &str) -> Answered {
    let body = format!(
        "<LoanPromise xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns=\"http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer\">{members}</LoanPromise>"
    );
    send(
        sandbox,
        "POST",
        LOAN_PROMISE,
        &[("Content-Type", "application/xml")],
        body.as_bytes(),
    )
    .expect("an answer")
}
