//! What is sent again on its own, how often and after how long; counted at the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::Utc;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use vitec_connect::{ErrorKind, Outcome, RetryPolicy};

use super::answers::Passwords;
use super::{Connection, GOOD, PATIENCE, SHORT, Server, answer, builder, failed, send, verdict};

const TOO_MANY: (ErrorKind, Outcome) = (ErrorKind::TooManyRequests, Outcome::NotSent);
const INTERRUPTED: (ErrorKind, Outcome) = (ErrorKind::Interrupted, Outcome::Unknown);
const UNAVAILABLE: (ErrorKind, Outcome) = (ErrorKind::Server, Outcome::Unknown);

/// Repeats at once.
fn at_once(attempts: u32) -> RetryPolicy {
    RetryPolicy::default()
        .max_attempts(attempts)
        .initial_backoff(Duration::ZERO)
}

fn status(status: &str, retry_after: &str) -> Vec<u8> {
    let retry_after = match retry_after {
        "" => String::new(),
        it => format!("\r\nRetry-After: {it}"),
    };
    answer(status, &format!("text/plain{retry_after}"), "no")
}

fn too_many(retry_after: &str) -> Vec<u8> {
    status("429 Too Many Requests", retry_after)
}

/// Knows no name for a while, and then this address.
struct Flaky {
    failures: usize,
    asked: Arc<AtomicUsize>,
    address: SocketAddr,
}

impl Resolve for Flaky {
    fn resolve(&self, _: Name) -> Resolving {
        let known = self.asked.fetch_add(1, Ordering::SeqCst) >= self.failures;
        let addresses: Result<Addrs, _> = match known {
            true => Ok(Box::new(std::iter::once(self.address)) as Addrs),
            false => Err("no such name".into()),
        };
        Box::pin(std::future::ready(addresses))
    }
}

#[tokio::test]
async fn connections_that_fail_are_made_again_as_often_as_the_policy_says() {
    for (attempts, failures) in [(1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 9), (7, 6), (0, 1)] {
        let server = Server::answering(GOOD).await;
        let address: SocketAddr = server.url.trim_start_matches("http://").parse().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let flaky = Flaky {
            failures,
            asked: Arc::clone(&asked),
            address,
        };
        let client = builder(&server.url.replace("127.0.0.1", "localhost"))
            .http_client(reqwest::Client::builder().dns_resolver(flaky))
            .retry(at_once(attempts))
            .build()
            .unwrap();
        let result = send(&client).await;
        let name = format!("{failures} failures, {attempts} attempts");
        let attempts = attempts.max(1) as usize;
        match failures < attempts {
            true => assert_eq!((verdict(&result), server.requests()), (Ok("ok"), 1), "{name}"),
            false => {
                failed(&name, &server, &result, (ErrorKind::Connect, Outcome::NotSent), 0);
                assert_eq!(result.unwrap_err().attempts() as usize, attempts, "{name}");
            }
        }
        assert_eq!(asked.load(Ordering::SeqCst), attempts.min(failures + 1), "{name}");
    }
}

#[tokio::test]
async fn too_many_requests_is_tried_again_as_often_as_the_policy_says() {
    for (attempts, refusals) in [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (5, 4)] {
        let mut answers = vec![too_many(""); refusals];
        answers.push(GOOD.into());
        let server = Server::answering_each(answers).await;
        let client = builder(&server.url).retry(at_once(attempts)).build().unwrap();
        let result = send(&client).await;
        let name = format!("{refusals} refusals, {attempts} attempts");
        match refusals < attempts as usize {
            true => assert_eq!(
                (verdict(&result), server.requests()),
                (Ok("ok"), refusals + 1),
                "{name}"
            ),
            false => {
                failed(&name, &server, &result, TOO_MANY, attempts as usize);
                let error = result.unwrap_err();
                assert_eq!(error.attempts(), attempts);
                assert!(
                    error.is_retryable() && error.to_string().contains("Nothing was created."),
                    "{error}"
                );
            }
        }
    }
}

#[tokio::test]
async fn no_policy_no_repetition() {
    for bytes in [
        too_many(""),
        too_many("0"),
        status("503 Service Unavailable", "0"),
        Vec::new(),
    ] {
        let server = Server::cutting(bytes).await;
        let client = builder(&server.url).retry(RetryPolicy::none()).build().unwrap();
        assert_eq!(send(&client).await.unwrap_err().attempts(), 1);
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    for retry_after in ["1", " 1 ", "date"] {
        let in_two_seconds = Utc::now() + chrono::TimeDelta::seconds(2); // Rounded down: at least one second from now.
        let date = in_two_seconds.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let retry_after = if retry_after == "date" { &date } else { retry_after };
        let server = Server::answering_each(vec![too_many(retry_after), GOOD.into()]).await;
        let client = builder(&server.url).retry(at_once(2)).build().unwrap();
        let started = std::time::Instant::now();
        assert_eq!(send(&client).await.unwrap(), "ok");
        assert!(
            started.elapsed() >= Duration::from_millis(900),
            "{retry_after}: {:?}",
            started.elapsed()
        );
        assert_eq!(server.requests(), 2);
    }
}

#[tokio::test]
async fn what_retry_after_may_say() {
    // The three forms of a date (RFC 9110, section 5.6.7), and one of mail.
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    let future = "Fri, 31 Dec 9999 23:59:59 GMT";
    let seconds = Duration::from_secs;
    // What it is read as, and how many requests come: 2 where it is waited for, 1 where it asks for too much.
    let table = [
        ("", None, 2),
        ("0", Some(Duration::ZERO), 2),
        ("000", Some(Duration::ZERO), 2),
        (past, Some(Duration::ZERO), 2),
        ("Sunday, 06-Nov-94 08:49:37 GMT", Some(Duration::ZERO), 2),
        ("Sun Nov  6 08:49:37 1994", Some(Duration::ZERO), 2),
        ("Sun, 6 Nov 1994 08:49:37 +0000", Some(Duration::ZERO), 2),
        ("Sun Nov  6 08:49:37 94", None, 2),
        ("31", Some(seconds(31)), 1),
        ("120", Some(seconds(120)), 1),
        ("99999999999999999999999999", Some(seconds(u64::MAX)), 1),
        ("-1", None, 2),
        ("+1", None, 2),
        ("1.5", None, 2),
        ("soon", None, 2),
        ("1, 2", None, 2),
        ("\u{661}", None, 2),
    ];
    for (retry_after, read, requests) in table {
        let server = Server::answering(too_many(retry_after)).await;
        let client = builder(&server.url).retry(at_once(2)).build().unwrap();
        let result = send(&client).await;
        failed(retry_after, &server, &result, TOO_MANY, requests);
        assert_eq!(result.unwrap_err().retry_after(), read, "{retry_after}");
    }
    let of_2069 = ["Tuesday, 31-Dec-69 23:59:59 GMT", "Tue Dec 31 23:59:59 2069"];
    for future in [future].into_iter().chain(of_2069) {
        let server = Server::answering(too_many(future)).await;
        let result = send(&builder(&server.url).build().unwrap()).await;
        failed(future, &server, &result, TOO_MANY, 1);
        assert!(result.unwrap_err().retry_after() > Some(seconds(1_000_000)), "{future}");
    }
}

#[tokio::test]
async fn retry_after_beyond_the_policy_or_the_call_ends_it_at_once() {
    let server = Server::answering(too_many("2")).await;
    let capped = at_once(5).max_retry_after(Duration::from_secs(1));
    let client = builder(&server.url).retry(capped).build().unwrap();
    failed("cap", &server, &send(&client).await, TOO_MANY, 1);

    let server = Server::answering(too_many("20")).await;
    let client = builder(&server.url)
        .call_timeout(Duration::from_secs(15))
        .build()
        .unwrap();
    let result = send(&client).await;
    failed("call timeout", &server, &result, TOO_MANY, 1);
    assert!(result.unwrap_err().elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn unavailable_only_where_the_user_says_that_it_is_not_sent() {
    for retry_after in ["", "0"] {
        let bytes = status("503 Service Unavailable", retry_after);
        let server = Server::answering(bytes.clone()).await;
        let client = builder(&server.url).retry(at_once(3)).build().unwrap();
        failed("by default", &server, &send(&client).await, UNAVAILABLE, 1);

        let server = Server::answering(bytes.clone()).await;
        let client = builder(&server.url)
            .retry(at_once(3).service_unavailable_is_not_sent(true))
            .build()
            .unwrap();
        failed(
            "opted in",
            &server,
            &send(&client).await,
            (ErrorKind::Server, Outcome::NotSent),
            3,
        );
    }
    for other in [
        "500 Internal Server Error",
        "502 Bad Gateway",
        "504 Gateway Timeout",
        "408 Request Timeout",
    ] {
        let server = Server::answering(status(other, "0")).await;
        let client = builder(&server.url)
            .retry(at_once(3).service_unavailable_is_not_sent(true))
            .build()
            .unwrap();
        failed(other, &server, &send(&client).await, UNAVAILABLE, 1);
    }
}

/// The first connections end without an answer; the later ones give this.
async fn interrupting(times: usize, then: impl Into<Vec<u8>>) -> Server {
    let then: Vec<u8> = then.into();
    Server::start(move |index, mut connection: Connection| {
        let then = then.clone();
        async move {
            while connection.request().await.is_some() {
                if index < times {
                    return;
                }
                connection.write(&then).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn unknown_outcomes_only_where_the_user_says_so() {
    let server = interrupting(2, GOOD).await;
    let client = builder(&server.url).retry(at_once(3)).build().unwrap();
    failed("by default", &server, &send(&client).await, INTERRUPTED, 1);

    let opted_in = at_once(3).retry_unknown(true);
    let server = interrupting(2, GOOD).await;
    let client = builder(&server.url).retry(opted_in.clone()).build().unwrap();
    assert_eq!(send(&client).await.unwrap(), "ok");
    assert_eq!(server.requests(), 3);

    let server = interrupting(99, GOOD).await;
    let client = builder(&server.url).retry(opted_in.clone()).build().unwrap();
    let result = send(&client).await;
    failed("again and again", &server, &result, INTERRUPTED, 3);
    assert_eq!(result.unwrap_err().attempts(), 3);

    // What is known is not repeated, nor what somebody else answered.
    for (bytes, expected) in [
        (
            answer("200 OK", "text/html", "<p>"),
            (ErrorKind::UnexpectedAnswer, Outcome::Unknown),
        ),
        (
            answer("200 OK", "application/json", "{"),
            (ErrorKind::AnswerLost, Outcome::Accepted),
        ),
        (
            status("400 Bad Request", ""),
            (ErrorKind::Validation, Outcome::Rejected),
        ),
        (status("403 Forbidden", ""), (ErrorKind::Forbidden, Outcome::Rejected)),
    ] {
        let server = Server::answering(bytes).await;
        let client = builder(&server.url).retry(opted_in.clone()).build().unwrap();
        failed("known", &server, &send(&client).await, expected, 1);
    }
}

#[tokio::test]
async fn what_an_earlier_attempt_may_have_created_is_not_forgotten() {
    let opted_in = at_once(2).retry_unknown(true);
    for (name, then, kind) in [
        ("then too many", too_many(""), ErrorKind::TooManyRequests),
        ("then rejected", status("400 Bad Request", ""), ErrorKind::Validation),
        ("then denied", status("401 Unauthorized", ""), ErrorKind::Unauthorized),
        ("then redirected", status("301 Moved", ""), ErrorKind::Redirect),
    ] {
        let server = interrupting(1, then).await;
        let client = builder(&server.url).retry(opted_in.clone()).build().unwrap();
        let result = send(&client).await;
        failed(name, &server, &result, (kind, Outcome::Unknown), 2);
        let error = result.unwrap_err();
        assert!(!error.is_retryable() && error.sent_at().is_some(), "{name}: {error:?}");
        assert!(
            error.to_string().contains("It may have been created all the same"),
            "{name}: {error}"
        );
        assert!(
            error.to_string().contains("ook in Vitec before sending it again"),
            "{name}: {error}"
        );
    }

    // Nor when it could not even be tried again.
    let server = interrupting(1, GOOD).await;
    let (provider, asked) = Passwords::new(&["a", "!"]);
    let client = builder(&server.url)
        .credentials(provider)
        .retry(opted_in.clone())
        .build()
        .unwrap();
    failed(
        "then no credentials",
        &server,
        &send(&client).await,
        (ErrorKind::Credentials, Outcome::Unknown),
        1,
    );
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    let server = Server::start(|_, mut connection: Connection| async move {
        connection.request().await;
    })
    .await;
    let address = server.url.trim_start_matches("http://").parse().unwrap();
    let flaky = Reversed(Flaky {
        failures: 1,
        asked: Arc::default(),
        address,
    });
    let client = builder(&server.url.replace("127.0.0.1", "localhost"))
        .http_client(reqwest::Client::builder().dns_resolver(flaky))
        .retry(opted_in)
        .build()
        .unwrap();
    failed(
        "then no connection",
        &server,
        &send(&client).await,
        (ErrorKind::Connect, Outcome::Unknown),
        1,
    );
}

/// Knows the name for a while, and then no more.
struct Reversed(Flaky);

impl Resolve for Reversed {
    fn resolve(&self, _: Name) -> Resolving {
        let known = self.0.asked.fetch_add(1, Ordering::SeqCst) < self.0.failures;
        let addresses: Result<Addrs, _> = match known {
            true => Ok(Box::new(std::iter::once(self.0.address)) as Addrs),
            false => Err("no such name".into()),
        };
        Box::pin(std::future::ready(addresses))
    }
}

#[tokio::test]
async fn each_attempt_asks_for_the_credentials() {
    let server = Server::answering_each(vec![too_many(""), too_many(""), GOOD.into()]).await;
    let (provider, asked) = Passwords::new(&["a", "b", "c"]);
    let client = builder(&server.url)
        .credentials(provider)
        .retry(at_once(3))
        .build()
        .unwrap();
    assert_eq!(send(&client).await.unwrap(), "ok");
    assert_eq!((server.requests(), asked.load(Ordering::SeqCst)), (3, 3));
    let header = |index| {
        let request = server.request(index);
        request
            .lines()
            .find(|it| it.starts_with("authorization"))
            .map(str::to_owned)
    };
    assert!(header(0) != header(1) && header(1) != header(2) && header(2).is_some());
}

#[tokio::test]
async fn the_whole_call_is_bounded_however_many_attempts_there_may_be() {
    let server = Server::answering(too_many("1")).await;
    let client = builder(&server.url)
        .retry(at_once(u32::MAX))
        .call_timeout(Duration::from_millis(1500))
        .build()
        .unwrap();
    let result = send(&client).await;
    assert_eq!(verdict(&result), Err(TOO_MANY), "{result:?}");
    assert!((1..=2).contains(&server.requests()), "{}", server.requests());
    let error = result.unwrap_err();
    assert!(error.elapsed() < PATIENCE && error.attempts() as usize == server.requests());

    // The last attempt is cut off by the end of the call, not by its own time.
    let server = Server::stalling("").await;
    let client = builder(&server.url)
        .retry(at_once(u32::MAX).retry_unknown(true))
        .attempt_timeout(SHORT)
        .call_timeout(SHORT * 3)
        .build()
        .unwrap();
    let result = send(&client).await;
    assert_eq!(verdict(&result), Err((ErrorKind::Timeout, Outcome::Unknown)));
    let error = result.unwrap_err();
    assert!(
        error.attempts() <= 4 && error.elapsed() >= SHORT * 2,
        "{} in {:?}",
        error.attempts(),
        error.elapsed()
    );
}

#[tokio::test]
async fn waits_without_end_are_no_overflow() {
    let server = Server::answering(too_many("")).await;
    let policy = RetryPolicy::default()
        .max_attempts(u32::MAX)
        .initial_backoff(Duration::MAX)
        .max_backoff(Duration::MAX)
        .max_retry_after(Duration::MAX);
    let client = builder(&server.url).retry(policy).build().unwrap();
    failed("longest backoff", &server, &send(&client).await, TOO_MANY, 1);
}
