//! "While sending": the connection, the time or the caller goes away.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::timeout;
use vitec_connect::{ErrorKind, LoanPromise, Outcome, Receipt};

use super::{Connection, GOOD, PATIENCE, SHORT, Server, builder, call, contact, customer, failed, send};

const INTERRUPTED: (ErrorKind, Outcome) = (ErrorKind::Interrupted, Outcome::Unknown);
const TIMEOUT: (ErrorKind, Outcome) = (ErrorKind::Timeout, Outcome::Unknown);

#[tokio::test]
async fn reset_after_the_first_byte() {
    let server = Server::start(|_, mut connection: Connection| async move {
        connection.read(1).await;
        connection.reset();
    })
    .await;
    let result = call(&server).await;
    failed("reset", &server, &result, INTERRUPTED, 0);
    assert_eq!(server.connections(), 1);
    assert!(result.unwrap_err().sent_at().is_some());
}

#[tokio::test]
async fn reset_after_the_whole_request() {
    let server = Server::start(|_, mut connection: Connection| async move {
        connection.request().await;
        connection.reset();
    })
    .await;
    failed("reset", &server, &call(&server).await, INTERRUPTED, 1);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn closed_before_anything_is_read() {
    let server = Server::start(|_, connection: Connection| async move { drop(connection) }).await;
    let result = call(&server).await;
    // Whether the close is seen before the first byte leaves is a matter of moments. Both are told as they were.
    let error = result.unwrap_err();
    match error.outcome() {
        Outcome::Unknown => assert!(
            error.kind() == ErrorKind::Interrupted && error.sent_at().is_some(),
            "{error:?}"
        ),
        Outcome::NotSent => assert!(
            error.kind() == ErrorKind::Connect && error.sent_at().is_none(),
            "{error:?}"
        ),
        _ => panic!("{error:?}"),
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn closed_in_the_middle_of_the_body() {
    let server = Server::start(|_, mut connection: Connection| async move {
        connection.read(350).await; // The head has fewer bytes, the request more.
        drop(connection);
    })
    .await;
    let client = builder(&server.url).build().unwrap();
    let promise = LoanPromise::builder().bank("B".repeat(8 * 1024 * 1024)).build();
    let (customer, contact) = (customer(), contact());
    let call = client.create_loan_promise(&customer, &contact, &promise);
    let result = timeout(PATIENCE, call).await.unwrap();
    failed("middle of the body", &server, &result, INTERRUPTED, 0);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn half_closed_after_the_whole_request_and_silent() {
    let server = Server::start(|_, mut connection: Connection| async move {
        connection.request().await;
        tokio::io::AsyncWriteExt::shutdown(&mut connection.stream)
            .await
            .unwrap();
        connection.closed().await;
    })
    .await;
    failed("half-closed", &server, &call(&server).await, INTERRUPTED, 1);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn half_closed_before_the_answer_is_complete() {
    let server = Server::start(|_, mut connection: Connection| async move {
        connection.request().await;
        connection
            .write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n\"ok")
            .await;
        tokio::io::AsyncWriteExt::shutdown(&mut connection.stream)
            .await
            .unwrap();
        connection.closed().await;
    })
    .await;
    let expected = (ErrorKind::AnswerLost, Outcome::Accepted);
    failed("half-closed", &server, &call(&server).await, expected, 1);
}

#[tokio::test]
async fn an_idle_connection_that_the_server_closed_is_not_used_again() {
    let closed = Arc::new(Notify::new());
    let server = Server::start({
        let closed = Arc::clone(&closed);
        move |_, mut connection: Connection| {
            let closed = Arc::clone(&closed);
            async move {
                connection.request().await;
                connection.write(GOOD).await;
                drop(connection);
                closed.notify_one();
            }
        }
    })
    .await;
    let client = builder(&server.url).build().unwrap();
    for calls in 1..=20 {
        let result = send(&client).await;
        closed.notified().await;
        match result {
            Ok(_) => {}
            // The close and the request may have crossed. Then nobody knows, and nothing is repeated.
            Err(error) => assert_eq!(error.outcome(), Outcome::Unknown, "{error:?}"),
        }
        assert!(
            server.requests() <= calls,
            "{} requests for {calls} calls",
            server.requests()
        );
        assert!(server.connections() <= calls, "{} connections", server.connections());
    }
}

#[tokio::test]
async fn an_idle_connection_that_was_reset_sends_nothing_twice() {
    let reset = Arc::new(Notify::new());
    let server = Server::start({
        let reset = Arc::clone(&reset);
        move |index, mut connection: Connection| {
            let reset = Arc::clone(&reset);
            async move {
                connection.request().await;
                connection.write(GOOD).await;
                if index == 0 {
                    reset.notified().await;
                    connection.reset();
                    reset.notify_one();
                    return;
                }
                while connection.request().await.is_some() {
                    connection.write(GOOD).await;
                }
            }
        }
    })
    .await;
    let client = builder(&server.url).build().unwrap();
    assert_eq!(send(&client).await.unwrap(), "ok");
    reset.notify_one();
    tokio::task::yield_now().await;
    reset.notified().await;
    // The connection is in the pool, and dead. hyper takes another one: not a byte had gone out.
    match send(&client).await {
        Ok(answer) => assert_eq!((answer.as_str(), server.requests()), ("ok", 2)),
        Err(error) => assert_eq!((error.outcome(), server.requests()), (Outcome::Unknown, 1), "{error:?}"),
    }
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_not_taken_for_that_of_the_next_call() {
    let first = [
        GOOD,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n\"forged\"",
    ];
    let server = Server::answering_each(vec![first.concat().into(), GOOD.into()]).await;
    let client = builder(&server.url).build().unwrap();
    assert_eq!(send(&client).await.unwrap(), "ok");
    match send(&client).await {
        Ok(answer) => assert_eq!(answer, "ok"),
        Err(error) => assert_eq!(error.outcome(), Outcome::Unknown, "{error:?}"),
    }
    assert!(server.requests() <= 2);
}

#[tokio::test]
async fn a_dropped_call_is_given_up_and_not_sent_again() {
    let (arrived, left) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let server = Server::start({
        let (arrived, left) = (Arc::clone(&arrived), Arc::clone(&left));
        move |_, mut connection: Connection| {
            let (arrived, left) = (Arc::clone(&arrived), Arc::clone(&left));
            async move {
                connection.request().await;
                arrived.notify_one();
                assert_eq!(connection.closed().await, 0);
                left.notify_one();
            }
        }
    })
    .await;
    let receipt = Receipt::default();
    let client = builder(&server.url).build().unwrap();
    let promise = LoanPromise::builder().bank("SBAB").build();
    let watched = client
        .create_loan_promise(&customer(), &contact(), &promise)
        .receipt(&receipt);
    assert_eq!((receipt.outcome(), receipt.sent_at()), (Outcome::NotSent, None));
    tokio::select! {
        result = watched.into_future() => panic!("{result:?}"),
        () = arrived.notified() => {}
    }
    assert_eq!((receipt.outcome(), receipt.attempts()), (Outcome::Unknown, 1));
    assert!(receipt.sent_at().is_some());
    timeout(PATIENCE, left.notified())
        .await
        .expect("the connection stays open");
    assert_eq!((server.requests(), server.connections()), (1, 1));
    // The client goes on as before.
    let other = Server::answering(GOOD).await;
    assert_eq!(call(&other).await.unwrap(), "ok");
}

#[tokio::test]
async fn the_attempt_times_out_before_the_request_begins_to_leave() {
    // Nobody resolves the name: the request waits for a connection when its time is over.
    let server = Server::answering(GOOD).await;
    let url = server.url.replace("127.0.0.1", "localhost");
    let http = reqwest::Client::builder().dns_resolver(super::before_sending::Silent);
    let client = builder(&url).http_client(http).attempt_timeout(SHORT).build().unwrap();
    let result = send(&client).await;
    failed(
        "no connection",
        &server,
        &result,
        (ErrorKind::Timeout, Outcome::NotSent),
        0,
    );
    let error = result.unwrap_err();
    assert_eq!((error.attempts(), error.sent_at()), (3, None));
    assert!(error.is_retryable());
}

#[tokio::test]
async fn the_attempt_times_out_while_the_body_is_being_sent() {
    let server = Server::start(|_, mut connection: Connection| async move {
        connection.read(1).await;
        std::future::pending::<()>().await; // Reads no more: the socket's buffers fill.
        drop(connection);
    })
    .await;
    let client = builder(&server.url).attempt_timeout(SHORT).build().unwrap();
    let promise = LoanPromise::builder().bank("B".repeat(32 * 1024 * 1024)).build();
    let (customer, contact) = (customer(), contact());
    let call = client.create_loan_promise(&customer, &contact, &promise);
    let result = timeout(PATIENCE, call).await.unwrap();
    failed("body", &server, &result, TIMEOUT, 0);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn the_attempt_times_out_after_the_whole_request() {
    let server = Server::stalling("").await;
    let client = builder(&server.url).attempt_timeout(SHORT).build().unwrap();
    let result = send(&client).await;
    failed("silence", &server, &result, TIMEOUT, 1);
    let error = result.unwrap_err();
    assert_eq!((error.attempts(), error.is_retryable()), (1, false));
    assert!(error.elapsed() >= SHORT && error.sent_at().is_some());
}

#[tokio::test]
async fn the_whole_call_times_out_whatever_an_attempt_may_take() {
    let server = Server::stalling("").await;
    let client = builder(&server.url)
        .call_timeout(SHORT)
        .attempt_timeout(10 * PATIENCE)
        .build()
        .unwrap();
    failed("silence", &server, &send(&client).await, TIMEOUT, 1);
}

#[tokio::test]
async fn timeouts_without_end_are_no_overflow() {
    let server = Server::answering(GOOD).await;
    let client = builder(&server.url)
        .connect_timeout(std::time::Duration::MAX)
        .attempt_timeout(std::time::Duration::MAX)
        .call_timeout(std::time::Duration::MAX)
        .build()
        .unwrap();
    assert_eq!(send(&client).await.unwrap(), "ok");
}
