//! Answers that a test, or a request itself, asks for.

use std::time::{Duration, Instant};

use vitec_connect_sandbox::{Answer, Sandbox};

use crate::http::{Answered, LOAN_PROMISE, post_json, send, start};

fn post(sandbox: &Sandbox, prefer: &str) -> Option<Answered> {
    let headers = [("Content-Type", "application/json"), ("Prefer", prefer)];
    send(sandbox, "POST", LOAN_PROMISE, &headers, b"{}")
}

#[test]
fn each_kind_of_answer_takes_one_line() {
    let sandbox = start(Sandbox::builder());
    let next = |answer| {
        sandbox.next(answer);
        let before = sandbox.stored();
        let answered = send(
            &sandbox,
            "POST",
            LOAN_PROMISE,
            &[("Content-Type", "application/json")],
            b"{}",
        );
        (answered, sandbox.stored() - before)
    };

    let (answered, stored) = next(Answer::status(503).retry_after(Duration::from_secs(30)));
    let answered = answered.expect("an answer");
    assert_eq!(
        (answered.status, answered.header("retry-after"), stored),
        (503, Some("30"), 0)
    );
    assert_eq!(answered.text(), r#"{"message":"Service Unavailable"}"#);

    let (answered, stored) = next(Answer::html(502));
    let answered = answered.expect("an answer");
    assert_eq!(
        (answered.status, answered.header("content-type"), stored),
        (502, Some("text/html"), 0)
    );
    assert!(answered.text().contains("<h1>Server Error</h1>"));

    let (answered, stored) = next(Answer::status(500).after_storing());
    assert_eq!((answered.expect("an answer").status, stored), (500, 1));

    let (answered, stored) = next(Answer::drop_before_storing());
    assert!(answered.is_none());
    assert_eq!(stored, 0);

    let (answered, stored) = next(Answer::drop_after_storing());
    assert!(answered.is_none());
    assert_eq!(stored, 1);

    for length in [0, 4] {
        let (answered, stored) = next(Answer::truncated(length));
        let answered = answered.expect("the head of an answer");
        assert_eq!(
            (answered.status, answered.body.len(), answered.cut, stored),
            (200, length, true, 1)
        );
    }

    let (answered, stored) = next(Answer::body("text/html", "<p>Log in</p>"));
    let answered = answered.expect("an answer");
    assert_eq!(
        (answered.status, answered.text().as_str(), stored),
        (200, "<p>Log in</p>", 1)
    );

    for (code, body) in [(201, "\"sandbox-6\""), (204, ""), (302, "")] {
        let (answered, _) = next(Answer::status(code));
        let answered = answered.expect("an answer");
        assert_eq!((answered.status, answered.text().as_str()), (code, body));
    }

    let started = Instant::now();
    let (answered, _) = next(Answer::delay(Duration::from_millis(50)));
    assert_eq!(answered.expect("an answer").status, 200);
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[test]
fn a_refused_request_leaves_the_programmed_answer_alone() {
    let sandbox = start(Sandbox::builder());
    sandbox.next(Answer::status(503));
    assert_eq!(post_json(&sandbox, "[]").status, 400);
    assert_eq!(post_json(&sandbox, "{}").status, 503);
    assert_eq!(post_json(&sandbox, "{}").status, 200);
}

#[test]
#[should_panic(expected = "1 programmed answer(s) of the sandbox were never used")]
fn an_unused_answer_fails_the_test() {
    let sandbox = start(Sandbox::builder());
    sandbox.next(Answer::status(503));
}

#[test]
fn a_reset_forgets_everything() {
    let sandbox = start(Sandbox::builder());
    post_json(&sandbox, "{}");
    sandbox.next(Answer::status(503));
    sandbox.reset();
    assert_eq!((sandbox.stored(), sandbox.received().len()), (0, 0));
    assert_eq!(post_json(&sandbox, "{}").text(), "\"sandbox-1\"");
}

#[test]
fn a_request_may_ask_for_its_own_answer() {
    let sandbox = start(Sandbox::builder());
    let answered = post(&sandbox, "code=403").expect("an answer");
    assert_eq!(
        (answered.status, answered.header("preference-applied")),
        (403, Some("code=403"))
    );

    let answered = post(&sandbox, "Code = \"503\" ; x=y, retry-after=7, code=500, respond-async").expect("an answer");
    assert_eq!((answered.status, answered.header("retry-after")), (503, Some("7")));
    assert_eq!(answered.header("preference-applied"), Some("code=503, retry-after=7"));

    let answered = post(&sandbox, "code=502, html").expect("an answer");
    assert_eq!(
        (answered.status, answered.header("content-type")),
        (502, Some("text/html"))
    );

    assert!(post(&sandbox, "drop=before").is_none());
    assert_eq!(sandbox.stored(), 0);
    assert!(post(&sandbox, "drop=after").is_none());
    assert_eq!(sandbox.stored(), 1);
    assert!(post(&sandbox, "truncate=3").expect("a head").cut);
    assert_eq!(post(&sandbox, "code=500, stored").expect("an answer").status, 500);
    assert_eq!(sandbox.stored(), 3);
    assert_eq!(post(&sandbox, "delay=0.01").expect("an answer").status, 200);

    // Of other names, as the RFC wants it.
    for ignored in ["wait=10", "respond-async", "return=minimal", ",;=,\""] {
        let answered = post(&sandbox, ignored).expect("an answer");
        assert_eq!(
            (answered.status, answered.header("preference-applied")),
            (200, None),
            "{ignored}"
        );
    }
}

#[test]
fn a_preference_that_is_not_understood_is_refused_with_the_list_of_what_is() {
    let sandbox = start(Sandbox::builder());
    sandbox.next(Answer::status(503));
    for refused in [
        "code=999",
        "code=100",
        "code=",
        "code",
        "code=5O3",
        "retry-after=soon",
        "retry-after=-1",
        "delay=-1",
        "delay=NaN",
        "delay=1.5s",
        "drop=maybe",
        "drop",
        "html=no",
        "truncate=all",
        "stored=no",
        "code=503, delay=x",
        "code=５03",
    ] {
        let answered = post(&sandbox, refused).expect("an answer");
        assert_eq!(
            (answered.status, answered.header("preference-applied")),
            (400, None),
            "{refused}"
        );
        let text = answered.text();
        for expected in ["does not understand `Prefer: ", "code=200", "drop=before", "stored."] {
            assert!(text.contains(expected), "{refused}: {text}");
        }
    }
    assert_eq!(sandbox.stored(), 0);
    // What was programmed still waits, and the other refusals of a request go before this one.
    assert_eq!(post_json(&sandbox, "{}").status, 503);
    let headers = [("Prefer", "code=999"), ("Authorization", "Basic bm86")];
    let answered = send(&sandbox, "POST", LOAN_PROMISE, &headers, b"{}").expect("an answer");
    assert_eq!(answered.status, 401);
}
