//! A server that counts: what it stored, for whom, and how many calls it had at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the server is to do with a call.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: &'static str,
    body: String,
    after: Duration,
    until: Option<watch::Receiver<bool>>,
    cut: bool,
}

impl Reply {
    pub(crate) fn ok() -> Self {
        Self::new(200, "\"4711\"")
    }

    pub(crate) fn new(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: "",
            body: body.to_owned(),
            after: Duration::ZERO,
            until: None,
            cut: false,
        }
    }

    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.after = wait;
        self
    }

    /// Not before that is true.
    pub(crate) fn until(mut self, it: &watch::Sender<bool>) -> Self {
        self.until = Some(it.subscribe());
        self
    }

    /// The connection ends instead.
    pub(crate) fn cut(mut self) -> Self {
        self.cut = true;
        self
    }

    pub(crate) fn headers(mut self, headers: &'static str) -> Self {
        self.headers = headers;
        self
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) customer: String,
    pub(crate) bank: String,
    pub(crate) body: String,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) calls: Vec<Call>,
    /// How often a loan promise was stored, by its bank: the tests use the bank as a mark.
    pub(crate) stored: HashMap<String, u32>,
    pub(crate) under_way: usize,
    pub(crate) most_under_way: usize,
}

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    pub(crate) async fn start(reply: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (reply, shared) = (Arc::new(reply), Arc::clone(&seen));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (reply, seen) = (Arc::clone(&reply), Arc::clone(&shared));
                // A client that is killed breaks its connections.
                tokio::spawn(async move { _ = serve(stream, &*reply, &seen).await });
            }
        });
        Self { url, seen }
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap())
    }

    pub(crate) fn calls(&self) -> usize {
        self.seen(|seen| seen.calls.len())
    }
}

async fn serve(stream: TcpStream, reply: &(dyn Fn(&Call) -> Reply + Send + Sync), seen: &Mutex<Seen>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut request = String::new();
        stream.read_line(&mut request).await.ok().filter(|read| *read > 0)?;
        let mut length = 0;
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await.ok().filter(|read| *read > 0)?;
            if header.trim().is_empty() {
                break;
            }
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let text = String::from_utf8(body).ok()?;
        let body: serde_json::Value = serde_json::from_str(&text).ok()?;
        let call = Call {
            customer: request.split('/').nth(3)?.to_owned(),
            bank: body["bank"].as_str().unwrap_or_default().to_owned(),
            body: text,
        };
        let mut reply = reply(&call);
        {
            let mut seen = seen.lock().unwrap();
            if reply.status == 200 {
                *seen.stored.entry(call.bank.clone()).or_default() += 1;
            }
            seen.calls.push(call);
            seen.under_way += 1;
            seen.most_under_way = seen.most_under_way.max(seen.under_way);
        }
        if !reply.after.is_zero() {
            tokio::time::sleep(reply.after).await;
        }
        if let Some(until) = &mut reply.until {
            // Whose test is over says nothing any more.
            until.wait_for(|it| *it).await.ok()?;
        }
        seen.lock().unwrap().under_way -= 1;
        if reply.cut {
            return None;
        }
        let answer = format!(
            "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}",
            reply.status,
            reply.body.len(),
            reply.headers,
            reply.body
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}
