//! A monitor that is served, and what it looks at.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use vitec_connect::{Client, Credentials, RetryPolicy};
use vitec_connect_outbox::{DeliverOptions, End, Event, NewRow, Outbox, deliver};
use vitec_connect_sandbox::{Answer, Sandbox};

use crate::monitor::Monitor;

/// What no page may take for markup, and no terminal for a command.
pub(super) const HOSTILE: &str = "<script>alert(1)</script> & \"x\" 'y' \u{202e}";

/// The payload's only member: it is shown nowhere.
pub(super) const SECRET: &str = "Bank of the payload";

/// A monitor that is served, and what it looks at.
pub(super) struct Stage {
    pub(super) monitor: Arc<Monitor>,
    pub(super) address: SocketAddr,
    pub(super) outbox: Outbox,
    pub(super) sandbox: Sandbox,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// With an empty outbox that the monitor does not know yet.
    pub(super) async fn new() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outbox.db");
        let outbox = Outbox::open_sqlite(&path, Some(sandbox.url())).await.unwrap();
        let monitor = Monitor::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(Arc::clone(&monitor).serve(listener, std::future::pending::<()>()));
        Self {
            monitor,
            address,
            outbox,
            sandbox,
            _folder: folder,
        }
    }

    /// With rows in every state, two calls of each outcome, and a customer that is held.
    pub(super) async fn played() -> Self {
        let stage = Self::new().await;
        stage.monitor.opened(stage.outbox.clone());
        stage.monitor.credentials(true);
        stage.add("M-dropped", 1).await;
        stage.outbox.drop_rows(&[1]).await.unwrap();
        stage.add("M-held", 1).await;
        stage
            .outbox
            .hold(&["M-held".parse().unwrap()], Some(HOSTILE))
            .await
            .unwrap();
        for (customer, answer) in [("M-accepted", 200), ("M-rejected", 400), ("M-unknown", 500)] {
            for _ in 0..2 {
                if answer != 200 {
                    let body = format!("{{\"message\":{}}}", serde_json::json!(HOSTILE));
                    stage
                        .sandbox
                        .next(Answer::status(answer).content("application/json", body));
                }
                stage.add(customer, 1).await;
                stage.deliver().await;
            }
        }
        // One is under way still: its delivery was dropped.
        stage.sandbox.next(Answer::delay(Duration::from_secs(60)));
        stage.add("M-sending", 1).await;
        let before = stage.sandbox.stored();
        tokio::select! {
            () = stage.deliver() => {}
            () = async { while stage.sandbox.stored() == before { tokio::task::yield_now().await; } } => {}
        }
        stage
    }

    pub(super) async fn add(&self, customer: &str, rows: usize) {
        let row = |_| {
            let reference = format!("{HOSTILE}{}", another());
            let body = serde_json::json!({"bank": SECRET});
            NewRow::new(customer.parse().unwrap(), ["4711"], &body)
                .unwrap()
                .reference(reference.replace('\u{202e}', ""))
        };
        self.outbox.enqueue((0..rows).map(row).collect()).await.unwrap();
    }

    /// Delivers what is pending.
    pub(super) async fn deliver(&self) {
        let credentials = Credentials::basic(self.sandbox.username(), self.sandbox.password()).unwrap();
        let builder = Client::builder().credentials(credentials).retry(RetryPolicy::none());
        let client = builder.base_url(self.sandbox.url()).build().unwrap();
        let options = DeliverOptions::default()
            .concurrency(1)
            .initial_backoff(Duration::from_millis(1));
        let hear = |event: Event<'_>| self.monitor.heard(&event);
        let summary = deliver(&self.outbox, &client, &options, std::future::pending(), hear)
            .await
            .unwrap();
        assert!(matches!(summary.end, End::Done), "{summary:?}");
    }

    pub(super) fn get(&self, path: &str) -> Answered {
        self.ask("GET", path, &self.address.to_string())
    }

    pub(super) fn ask(&self, method: &str, path: &str, host: &str) -> Answered {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answered {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }
}

/// A number that was not there before.
fn another() -> u64 {
    static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}
