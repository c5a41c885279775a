//! The client for code without async.

use vitec_connect::{Credentials, ErrorKind, LoanPromise, Outcome, blocking};

use super::{GOOD, PATIENCE, SHORT, Server, answer, builder, contact, customer, verdict};

/// Calls from a thread without async, while the server runs here.
async fn on_a_thread<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || sender.send(call()).is_ok());
    tokio::time::timeout(PATIENCE, receiver).await.unwrap().unwrap()
}

fn send(client: &blocking::Client) -> Result<String, vitec_connect::Error> {
    client
        .create_loan_promise(&customer(), &contact(), &LoanPromise::builder().bank("SBAB").build())
        .send()
}

#[tokio::test]
async fn calls_and_their_errors() {
    let table = [
        (GOOD.into(), Ok("ok")),
        (
            answer("400 Bad Request", "", ""),
            Err((ErrorKind::Validation, Outcome::Rejected)),
        ),
        (answer("500 Oops", "", ""), Err((ErrorKind::Server, Outcome::Unknown))),
    ];
    for (bytes, expected) in table {
        let server = Server::answering(bytes).await;
        let builder = builder(&server.url);
        let results = on_a_thread(move || {
            let client = blocking::Client::from_builder(builder).unwrap();
            [send(&client), send(&client)]
        })
        .await;
        for result in &results {
            assert_eq!(verdict(result), expected);
        }
        assert_eq!(server.requests(), 2);
    }
}

#[tokio::test]
async fn time_is_bounded() {
    let server = Server::stalling("").await;
    let builder = builder(&server.url).call_timeout(SHORT);
    let result = on_a_thread(move || send(&blocking::Client::from_builder(builder).unwrap())).await;
    assert_eq!(verdict(&result), Err((ErrorKind::Timeout, Outcome::Unknown)));
    assert_eq!(server.requests(), 1);
}

#[test]
fn no_runtime_is_needed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = blocking::Client::from_builder(builder(&url)).unwrap();
    assert_eq!(verdict(&send(&client)), Err((ErrorKind::Connect, Outcome::NotSent)));
}

/// In async code the client can be made, is an error when it is used, and can be dropped; nothing panics.
async fn in_async_code() {
    let server = Server::answering(GOOD).await;
    let client = blocking::Client::from_builder(builder(&server.url)).unwrap();
    let error = send(&client).unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Configuration, Outcome::NotSent)
    );
    assert!(error.to_string().contains("async"), "{error}");
    drop(client);
    assert_eq!(server.connections(), 0);
    drop(blocking::Client::new(Credentials::basic("partner", "secret").unwrap()));
    let error = blocking::Client::from_builder(builder("nonsense")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn in_async_code_of_one_thread() {
    in_async_code().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_async_code_of_many_threads() {
    tokio::spawn(in_async_code()).await.unwrap();
}

#[tokio::test]
async fn dropped_while_a_connection_is_idle() {
    let server = Server::answering(GOOD).await;
    let builder = builder(&server.url);
    let client = on_a_thread(move || {
        let client = blocking::Client::from_builder(builder).unwrap();
        send(&client).unwrap();
        client
    })
    .await;
    drop(client);
    assert_eq!(server.requests(), 1);
}
