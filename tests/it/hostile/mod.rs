//! Servers that misbehave, on raw sockets: what the client says of each case, and how often it sent.
//!
//! Every case asserts the kind, the outcome and the number of requests that the server saw. A case that does not come to
//! an end fails after [`PATIENCE`]; the client's own timeouts are far shorter.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Also in what is no test itself.

mod answers;
mod before_sending;
#[cfg(feature = "blocking")]
mod blocking;
mod retries;
mod secrets;
mod while_sending;

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use vitec_connect::{
    Client, ClientBuilder, ContactId, Credentials, CustomerId, Error, ErrorKind, LoanPromise, Outcome, RetryPolicy,
};

/// Longer than any case takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client's timeout for cases that are meant to run into it.
const SHORT: Duration = Duration::from_millis(200);

/// A good answer, to the last byte.
const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n\"ok\"";

/// A whole answer of a status, with or without a type.
fn answer(status: &str, content_type: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let content_type = match content_type {
        "" => String::new(),
        it => format!("Content-Type: {it}\r\n"),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{content_type}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A server that does as its script says, on a port of its own, until it is dropped.
struct Server {
    url: String,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<Vec<u8>>>,
}

impl Server {
    /// Runs `script` on each connection; it is told which one it is, counted from 0.
    async fn start<F>(script: impl Fn(usize, Connection) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let accepting = tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let index = seen.connections.fetch_add(1, Ordering::SeqCst);
                    let seen = Arc::clone(&seen);
                    tokio::spawn(script(
                        index,
                        Connection {
                            stream,
                            buffer: Vec::new(),
                            seen,
                        },
                    ));
                }
            }
        });
        Self { url, seen, accepting }
    }

    /// Gives the same answer to every request, and keeps the connection.
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::start(move |_, mut connection| {
            let answer = Arc::clone(&answer);
            async move {
                while connection.request().await.is_some() {
                    connection.write(&answer).await;
                }
            }
        })
        .await
    }

    /// Gives these answers one after the other, whatever the connection, and the last one again and again.
    async fn answering_each(answers: Vec<Vec<u8>>) -> Self {
        let next = Arc::new(AtomicUsize::new(0));
        Self::start(move |_, mut connection| {
            let (next, answers) = (Arc::clone(&next), answers.clone());
            async move {
                while connection.request().await.is_some() {
                    let index = next.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
                    connection.write(&answers[index]).await;
                }
            }
        })
        .await
    }

    /// Reads a request, writes `bytes` and closes the connection.
    async fn cutting(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Arc<[u8]> = bytes.into().into();
        Self::start(move |_, mut connection| {
            let bytes = Arc::clone(&bytes);
            async move {
                connection.request().await;
                connection.write(&bytes).await;
            }
        })
        .await
    }

    /// Reads a request, writes `bytes` and then says nothing more, with the connection open.
    async fn stalling(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes: Arc<[u8]> = bytes.into().into();
        Self::start(move |_, mut connection| {
            let bytes = Arc::clone(&bytes);
            async move {
                connection.request().await;
                connection.write(&bytes).await;
                connection.closed().await;
            }
        })
        .await
    }

    fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// How many whole requests came in.
    fn requests(&self) -> usize {
        self.seen.requests.lock().unwrap().len()
    }

    /// A whole request as it came over the wire.
    fn request(&self, index: usize) -> String {
        String::from_utf8(self.seen.requests.lock().unwrap()[index].clone()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The server's end of a connection.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    seen: Arc<Seen>,
}

impl Connection {
    /// The next whole request, which is counted; none when the client went away before.
    async fn request(&mut self) -> Option<Vec<u8>> {
        let request = read_request(&mut self.stream, &mut self.buffer).await?;
        self.seen.requests.lock().unwrap().push(request.clone());
        Some(request)
    }

    /// Exactly the first `bytes` of what comes in.
    async fn read(&mut self, bytes: usize) {
        let mut read = vec![0; bytes];
        self.stream.read_exact(&mut read).await.unwrap();
        self.buffer.extend(read);
    }

    /// Whether the client was still there to read it.
    async fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// One byte at a time, each after a pause.
    async fn drip(&mut self, bytes: impl AsRef<[u8]>, pause: Duration) {
        for byte in bytes.as_ref() {
            if self.stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Waits until the client closes the connection. Returns how many bytes came until then.
    async fn closed(&mut self) -> usize {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest).await;
        rest.len()
    }

    /// Ends the connection with a reset (RST) instead of a close (FIN).
    fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

/// Reads one request with a Content-Length.
async fn read_request(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(length) = request_length(buffer)
            && buffer.len() >= length
        {
            let rest = buffer.split_off(length);
            return Some(std::mem::replace(buffer, rest));
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

fn request_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).unwrap().to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    Some(head + length.map_or(0, |it| it.parse::<usize>().unwrap()))
}

/// A client of this address that would repeat at once, if it thought that it may.
fn builder(url: &str) -> ClientBuilder {
    Client::builder()
        .base_url(url)
        .credentials(Credentials::basic("partner", "secret").unwrap())
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
}

fn customer() -> CustomerId {
    "M30011".parse().unwrap()
}

fn contact() -> ContactId {
    "4711".parse().unwrap()
}

/// One call, which has to come to an end.
async fn send(client: &Client) -> Result<String, Error> {
    let promise = LoanPromise::builder().bank("SBAB").build();
    let (customer, contact) = (customer(), contact());
    let call = client.create_loan_promise(&customer, &contact, &promise);
    timeout(PATIENCE, call).await.expect("the call does not come to an end")
}

/// One call with [`builder`]'s client.
async fn call(server: &Server) -> Result<String, Error> {
    send(&builder(&server.url).build().unwrap()).await
}

/// What a call came to, in a form that a table can hold.
fn verdict(result: &Result<String, Error>) -> Result<&str, (ErrorKind, Outcome)> {
    match result {
        Ok(answer) => Ok(answer),
        Err(error) => Err((error.kind(), error.outcome())),
    }
}

/// A failed call, with what it must be, and how often the server must have seen it.
#[track_caller]
fn failed(
    name: &str,
    server: &Server,
    result: &Result<String, Error>,
    expected: (ErrorKind, Outcome),
    requests: usize,
) {
    assert_eq!(verdict(result), Err(expected), "{name}: {result:?}");
    assert_eq!(server.requests(), requests, "requests, {name}");
}
