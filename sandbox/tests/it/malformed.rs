//! Ten thousand malformed requests, the same ones every time, and then a good one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use vitec_connect_sandbox::Sandbox;

use crate::http::{LOAN_PROMISE, authorization, post_json, start};

/// Marsaglia's xorshift: enough to be irregular, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("a small number")
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// Changes, removes, doubles or inserts a few bytes.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const SPICE: &[u8] = b"{}[]<>\"'\\/:,&;#=% \0\r\n\t\xff\xc3\xed\xa0u0x-+.eE!?";
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(5) {
                0 => drop(bytes.drain(at.min(bytes.len())..(at + self.below(8)).min(bytes.len()))),
                1 => bytes.truncate(at),
                2 => {
                    let end = (at + self.below(40)).min(bytes.len());
                    let copy = bytes[at.min(end)..end].to_vec();
                    let to = self.below(bytes.len() + 1);
                    bytes.splice(to..to, copy);
                }
                3 if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).expect("a byte"),
                _ => bytes.insert(at, SPICE[self.below(SPICE.len())]),
            }
        }
    }
}

const BODIES: [&str; 6] = [
    r#"{"bank":"SBAB \u00e5","validUntil":"2024-11-21T09:53:21.9146786+01:00","estateType":"Apartment","estateId":"e","status":1,"financing":null}"#,
    r#"{"bank":{"a":[1,2.5,{"b":"c"}]},"x":[[[]]],'y':undefined,/*c*/validUntil:"/Date(1800000000000)/",estateType:0x1F}"#,
    "<LoanPromise xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns=\"http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer\"><Bank>b&amp;&#xD;</Bank><EstateType i:nil=\"true\"/><ValidUntil>2027-01-31T00:00:00+05:00</ValidUntil></LoanPromise>",
    "<?xml version=\"1.0\"?><!-- c --><a:LoanPromise xmlns:a=\"http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer\"><a:Status>VerifiedByBank</a:Status><a:Bank><![CDATA[x]]></a:Bank></a:LoanPromise>",
    "bank=b&estateType=Apartment&validUntil=2027-01-31&a%5Bb%5D=c",
    "",
];

/// Sends requests over one connection for as long as the server keeps it, and reads one answer (or the end) each.
struct Client {
    address: String,
    stream: Option<TcpStream>,
}

impl Client {
    fn send(&mut self, request: &[u8]) {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(&self.address).expect("the server still listens");
                stream
                    .set_read_timeout(Some(Duration::from_secs(20)))
                    .expect("a timeout");
                stream.set_nodelay(true).expect("no delay");
                stream
            }
        };
        if stream.write_all(request).is_ok() && read_answer(&mut stream).is_some() {
            self.stream = Some(stream);
        }
    }

    /// Sends bytes that are no request, and reads whatever comes to the end.
    fn garbage(&mut self, bytes: &[u8]) {
        let mut stream = TcpStream::connect(&self.address).expect("the server still listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a timeout");
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

/// `None` if the connection ends here.
fn read_answer(stream: &mut TcpStream) -> Option<()> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length: usize = head
            .split("content-length: ")
            .nth(1)?
            .lines()
            .next()?
            .trim()
            .parse()
            .ok()?;
        if bytes.len() >= end + 4 + length {
            return (!head.contains("connection: close")).then_some(());
        }
    }
}

#[test]
fn ten_thousand_malformed_requests_do_no_harm() {
    let sandbox = start(Sandbox::builder());
    let address = sandbox.url().strip_prefix("http://").expect("an address").to_owned();
    let credentials = authorization(sandbox.username(), sandbox.password());
    let mut client = Client { address, stream: None };
    let mut random = Random(0x5EED_1234_ABCD_0001);
    for round in 0..10_000 {
        let mut body = random.pick(&BODIES).as_bytes().to_vec();
        random.mutate(&mut body);
        let media_types: [&str; 8] = [
            "application/json",
            "text/json; charset=\"utf-16\"",
            "application/xml",
            "text/xml;;q",
            "application/x-www-form-urlencoded",
            "*/*",
            "json",
            "application/json; charset=\u{e5}",
        ];
        let mut media_type = random.pick(&media_types).to_owned();
        if body.starts_with(b"<") && round % 2 == 0 {
            media_type = "application/xml".to_owned();
        }
        let mut target = random
            .pick(&[
                LOAN_PROMISE,
                LOAN_PROMISE,
                "/received?after=x",
                "/crm/buyer/a%20b/%C3%A5/loanpromise/?a=%",
                "//",
            ])
            .as_bytes()
            .to_vec();
        let mut accept = b"text/html, application/xml;q=0.9, */*;q=0.8".to_vec();
        let mut prefer = b"code=503, truncate=1, retry-after=\"5\"".to_vec();
        match round % 5 {
            0 => random.mutate(&mut target),
            1 => random.mutate(&mut accept),
            2 => random.mutate(&mut prefer),
            _ => {}
        }
        let mut request = b"POST ".to_vec();
        request.extend_from_slice(&target);
        request.extend_from_slice(b" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        request.extend_from_slice(
            format!("Authorization: {credentials}\r\nContent-Length: {}\r\n", body.len()).as_bytes(),
        );
        request.extend_from_slice(format!("Content-Type: {media_type}\r\nAccept: ").as_bytes());
        request.extend_from_slice(&accept);
        if round % 5 == 2 {
            request.extend_from_slice(b"\r\nPrefer: ");
            request.extend_from_slice(&prefer);
        }
        request.extend_from_slice(b"\r\n\r\n");
        request.extend_from_slice(&body);
        if round % 10 == 9 {
            random.mutate(&mut request);
            client.garbage(&request);
        } else if round % 5 <= 2 {
            // Such a head may announce more than it sends, or hide a delay: end it.
            client.garbage(&request);
        } else {
            client.send(&request);
        }
    }
    sandbox.reset();
    assert_eq!(post_json(&sandbox, r#"{"bank":"SBAB"}"#).text(), "\"sandbox-1\"");
}

#[test]
fn large_malicious_bodies_are_answered_in_time() {
    let sandbox = start(Sandbox::builder());
    let megabyte = |piece: &str| piece.repeat(1024 * 1024 / piece.len());
    let namespace = "http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer";
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
    for (media_type, body, status) in [
        ("application/json", format!("{{{}}}", megabyte("\"bnak\":1,")), 200),
        ("application/json", format!("{{\"x\":[{}]}}", megabyte("{},")), 200),
        (
            "application/json",
            format!("{{{}}}", megabyte("\"validUntil\":\"x\",")),
            400,
        ),
        ("application/json", format!("{{\"bank\":{}", megabyte("/**/")), 400),
        (
            "text/xml",
            format!("<LoanPromise xmlns='{namespace}'>{}</LoanPromise>", megabyte("<bnak/>")),
            200,
        ),
        (
            "text/xml",
            format!("<LoanPromise xmlns='{namespace}'{attributes}/>"),
            200,
        ),
        ("text/xml", megabyte("<a>"), 400),
        (
            "text/xml",
            format!("<!DOCTYPE a [{}]>", megabyte("<!ENTITY a 'a'>")),
            400,
        ),
        ("application/x-www-form-urlencoded", megabyte("a&"), 400),
    ] {
        let headers = [("Content-Type", media_type)];
        let started = std::time::Instant::now();
        let answered = crate::http::send(&sandbox, "POST", LOAN_PROMISE, &headers, body.as_bytes());
        let answered = answered.expect("an answer");
        let beginning = &body[..40];
        assert_eq!(answered.status, status, "{beginning}: {}", answered.text());
        // Far more than it takes; a time that grows with the square would be minutes.
        assert!(started.elapsed() < Duration::from_secs(20), "{beginning}");
    }
}

#[test]
fn a_request_without_a_host_is_refused_in_front_of_the_framework() {
    let sandbox = start(Sandbox::builder());
    let answered = crate::http::raw(&sandbox, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    let answered = answered.expect("an answer");
    assert_eq!(
        (answered.status, answered.header("content-type")),
        (400, Some("text/html"))
    );
}
