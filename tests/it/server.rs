//! A server that gives canned answers, byte for byte.

use std::collections::VecDeque;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Gives one answer to each connection, in order, and closes it. Then it is gone.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: JoinHandle<Vec<String>>,
}

impl Server {
    pub(crate) async fn start(answers: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut answers: VecDeque<Vec<u8>> = answers.into_iter().map(Into::into).collect();
        let requests = tokio::spawn(async move {
            let mut requests = Vec::new();
            while let Some(answer) = answers.pop_front() {
                let (mut connection, _) = listener.accept().await.unwrap();
                requests.push(request(&mut connection).await);
                connection.write_all(&answer).await.unwrap();
                connection.shutdown().await.unwrap();
            }
            requests
        });
        Self { url, requests }
    }

    /// The requests that came. Waits until every answer was asked for.
    pub(crate) async fn requests(self) -> Vec<String> {
        self.requests.await.unwrap()
    }
}

/// A whole request, its body by Content-Length.
async fn request(connection: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse::<usize>()
                    .ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        assert!(
            connection.read_buf(&mut request).await.unwrap() > 0,
            "half a request: {text}"
        );
    }
}
