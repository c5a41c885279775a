//! Calls without a body. The document has none yet; the client has to be right about them before it does.

use std::future::IntoFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use progenitor_client::{ClientHooks, OperationInfo};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::{Call, RetryPolicy, answer};

/// A server that reads the head of a request, and gives these answers in turn, the last one again and again. An empty one is
/// silence.
struct Server {
    url: String,
    requests: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(std::sync::Mutex::new(Vec::new()));
        let answers: Vec<String> = answers.iter().copied().map(str::to_owned).collect();
        let seen = Arc::clone(&requests);
        let next = Arc::new(AtomicUsize::new(0));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, next, answers) = (Arc::clone(&seen), Arc::clone(&next), answers.clone());
                tokio::spawn(async move {
                    let mut bytes = Vec::new();
                    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
                        if !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
                            continue;
                        }
                        let text = String::from_utf8(std::mem::take(&mut bytes)).expect("ASCII");
                        seen.lock().expect("no panic").push(text.to_ascii_lowercase());
                        let index = next.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
                        let _ = stream.write_all(answers[index].as_bytes()).await;
                    }
                });
            }
        });
        Self { url, requests }
    }

    fn client(&self) -> Client {
        Client::builder()
            .base_url(&self.url)
            .credentials(Credentials::basic("partner", "secret").expect("fine"))
            .attempt_timeout(Duration::from_millis(200))
            .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
            .build()
            .expect("a client")
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no panic").clone()
    }
}

fn call(client: &Client, method: Method) -> Call<String> {
    let effect = match method.is_safe() {
        true => Effect::Reads,
        false => Effect::Changes,
    };
    let url = format!("{}/Office", client.base_url());
    let operation = async |operations: &generated::Client| {
        let request = operations.client.request(method, url).build().expect("a request");
        let info = OperationInfo { operation_id: "office" };
        let _ = operations.exec(request, &info).await;
        unreachable!("the hook never ends")
    };
    let customer = "M30011".parse().expect("an id");
    Call::new(
        Exchange::new(client, "office", effect, &customer, operation),
        answer::content,
    )
}

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n\"ok\"";
const FAILED: &str = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
const REFUSED: &str = "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n";
const MALFORMED: &str = "nonsense\r\n\r\n";

#[tokio::test]
async fn it_has_neither_a_type_nor_a_length() {
    let server = Server::start(&[GOOD]).await;
    let client = server.client();
    assert_eq!(call(&client, Method::GET).await.expect("an answer"), "ok");
    let [request] = &server.requests()[..] else {
        panic!("one request: {:?}", server.requests());
    };
    assert!(request.starts_with("get /office http/1.1\r\n"), "{request}");
    assert!(request.contains("\r\naccept: application/json\r\n"), "{request}");
    assert!(request.contains("\r\nauthorization: basic "), "{request}");
    for absent in ["content-type", "content-length", "transfer-encoding"] {
        assert!(!request.contains(absent), "{request}");
    }
    let shown = call(&client, Method::GET).preview().expect("a request").to_string();
    assert!(shown.starts_with("GET http://127.0.0.1"), "{shown}");
    assert!(!shown.contains("content-") && shown.ends_with("\n\n"), "{shown}");
}

#[tokio::test]
async fn what_only_reads_is_asked_again_and_leaves_nothing_behind() {
    for (answers, requests, expected) in [
        (&[FAILED, FAILED, GOOD][..], 3, Ok("ok")),
        (&[FAILED], 3, Err((ErrorKind::Server, Outcome::NotSent))),
        (&[""], 3, Err((ErrorKind::Timeout, Outcome::NotSent))),
        (&[MALFORMED], 3, Err((ErrorKind::Interrupted, Outcome::NotSent))),
        (&[REFUSED], 1, Err((ErrorKind::Validation, Outcome::Rejected))),
    ] {
        let server = Server::start(answers).await;
        let result = call(&server.client(), Method::GET).await;
        if let Err(error) = &result {
            assert!(error.sent_at().is_some(), "{answers:?}: it was asked, {error:?}");
        }
        let verdict = result.as_deref().map_err(|error| (error.kind(), error.outcome()));
        assert_eq!((verdict, server.requests().len()), (expected, requests), "{answers:?}");
    }
}

#[tokio::test]
async fn what_may_do_something_is_unknown_and_not_asked_again() {
    for (answer, expected) in [
        (FAILED, (ErrorKind::Server, Outcome::Unknown)),
        ("", (ErrorKind::Timeout, Outcome::Unknown)),
        (MALFORMED, (ErrorKind::Interrupted, Outcome::Unknown)),
    ] {
        for method in [Method::POST, Method::DELETE] {
            let server = Server::start(&[answer]).await;
            let error = call(&server.client(), method).await.expect_err("no answer");
            assert_eq!((error.kind(), error.outcome()), expected, "{answer:?}");
            assert_eq!(server.requests().len(), 1, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn dropped_half_way_it_may_have_been_carried_out() {
    let server = Server::start(&[""]).await;
    let receipt = Receipt::default();
    let arrived = async {
        while server.requests().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        result = call(&server.client(), Method::POST).receipt(&receipt).into_future() => panic!("{result:?}"),
        () = arrived => {}
    }
    assert_eq!((receipt.outcome(), receipt.attempts()), (Outcome::Unknown, 1));
}
