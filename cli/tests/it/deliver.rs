//! `outbox deliver`: sends what is pending, and ends with the exit status of what it delivered.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use vitec_connect_sandbox::{Answer, Sandbox};

use crate::import::Place;
use crate::{run, vitec_connect};

impl Place {
    /// `outbox deliver` to a sandbox and with its credentials.
    pub(crate) fn deliver(&self, sandbox: &Sandbox, more: &[&str]) -> Command {
        let mut command = vitec_connect(&["outbox", "deliver"]);
        command
            .args(["--outbox", &self.path("outbox.db"), "--base-url", sandbox.url()])
            .args(more)
            .env("VITEC_CONNECT_USERNAME", sandbox.username())
            .env("VITEC_CONNECT_PASSWORD", sandbox.password())
            .stdin(Stdio::null());
        command
    }

    /// Rows for these banks.
    pub(crate) fn stored(sandbox: &Sandbox, banks: &[&str]) -> Self {
        let place = Self::with("");
        for bank in banks {
            assert_eq!(place.add(sandbox.url(), &["--bank", bank]).status, Some(0));
        }
        place
    }
}

#[tokio::test]
async fn what_was_added_is_sent_by_another_process() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["SBAB", "SEB"]);
    assert_eq!(sandbox.stored(), 0, "add sends nothing");
    let sent = run(&mut place.deliver(&sandbox, &[]));
    assert_eq!(
        (sent.status, sent.stdout.as_str()),
        (Some(0), "accepted 2, rejected 0, unknown 0, pending 0\n"),
        "{sent:?}"
    );
    let again = run(&mut place.deliver(&sandbox, &["--output", "json", "--format", "xml"]));
    assert_eq!(
        again.object(),
        json!({"accepted": 0, "rejected": 0, "unknown": 0, "pending": 0, "error": null})
    );
    assert_eq!((again.status, sandbox.stored()), (Some(0), 2));
}

#[tokio::test]
async fn the_exit_status_is_that_of_the_worst_row() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a", "b"]);
    sandbox.next(Answer::status(400));
    let rejected = run(&mut place.deliver(&sandbox, &["--concurrency", "1"]));
    assert_eq!(
        (rejected.status, rejected.stdout.as_str()),
        (Some(3), "accepted 1, rejected 1, unknown 0, pending 0\n"),
        "{rejected:?}"
    );
    assert!(
        rejected.stderr.contains("vitec-connect outbox correct 1"),
        "{rejected:?}"
    );
    // Of what it delivered: what was rejected before is no concern of this one.
    assert_eq!(run(&mut place.deliver(&sandbox, &[])).status, Some(0));
    place.add(sandbox.url(), &["--bank", "c"]);
    sandbox.next(Answer::drop_after_storing());
    let unknown = run(&mut place.deliver(&sandbox, &[]));
    assert_eq!(unknown.status, Some(6), "{unknown:?}");
    assert!(unknown.stderr.contains("vitec-connect outbox resolve 3"), "{unknown:?}");
    place.add(sandbox.url(), &["--bank", "d"]);
    sandbox.next(Answer::status(429).retry_after(std::time::Duration::from_secs(400)));
    let later = run(&mut place.deliver(&sandbox, &["--output", "json"]));
    assert_eq!(
        (later.status, &later.object()["pending"]),
        (Some(5), &json!(1)),
        "{later:?}"
    );
    assert!(later.object()["error"].is_string(), "{later:?}");
}

#[tokio::test]
async fn a_customer_whose_credentials_are_refused_is_held_until_somebody_releases_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a", "b"]);
    sandbox.next(Answer::status(403));
    let held = run(&mut place.deliver(&sandbox, &[]));
    assert_eq!(
        (held.status, held.stdout.as_str()),
        (Some(4), "accepted 0, rejected 0, unknown 0, pending 2\n"),
        "{held:?}"
    );
    assert!(held.stderr.contains("vitec-connect outbox release M30011"), "{held:?}");
    let again = run(&mut place.deliver(&sandbox, &[]));
    assert_eq!((again.status, sandbox.stored()), (Some(4), 0), "{again:?}");
    let holds = place.outbox(&["holds", "--output", "json"]).object();
    assert_eq!(
        (&holds[0]["customerId"], &holds[0]["status"], &holds[0]["waiting"]),
        (&json!("M30011"), &json!(403), &json!(2)),
        "{holds}"
    );
    let released = place.outbox(&["release", "M30011", "M2", "--output", "json"]);
    assert_eq!(
        (released.status, released.object()),
        (Some(0), json!({"released": ["M30011"], "notHeld": ["M2"]})),
        "{released:?}"
    );
    let sent = run(&mut place.deliver(&sandbox, &[]));
    assert_eq!((sent.status, sandbox.stored()), (Some(0), 2), "{sent:?}");
}

#[tokio::test]
async fn a_customer_that_a_person_holds_waits_with_the_reason() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    let hold = place.outbox(&["hold", "M30011", "--why", "the office has moved"]);
    assert_eq!(hold.status, Some(0), "{hold:?}");
    let waits = run(&mut place.deliver(&sandbox, &[]));
    assert_eq!(waits.status, Some(4), "{waits:?}");
    assert!(waits.stderr.contains("the office has moved"), "{waits:?}");
    let holds = place.outbox(&["holds"]);
    assert!(
        holds.stdout.starts_with("M30011  since ") && holds.stdout.ends_with("the office has moved\n"),
        "{holds:?}"
    );
    assert_eq!(
        place.outbox(&["holds", "--output", "json"]).object()[0]["status"],
        Value::Null
    );
    let none = Place::stored(&sandbox, &["a"]).outbox(&["holds", "--output", "json"]);
    assert_eq!(none.stdout, "[]\n");
}

#[tokio::test]
async fn what_cannot_begin_says_why() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    for (more, message) in [
        (&["--poll", "2s"][..], "--follow"),
        (&["--listen"], "--follow"),
        (&["--follow", "--poll", "0s"], "from 10ms to 1h"),
        (&["--sandbox"], "unexpected argument"),
        (&["--rate", "fast"], "--rate"),
        (&["--ca-file", "/nonexistent.pem"], "--ca-file"),
        (&["--credentials", "/nonexistent.toml"], "--credentials"),
    ] {
        let refused = run(&mut place.deliver(&sandbox, more));
        assert_eq!(
            (refused.status, refused.stdout.as_str()),
            (Some(2), ""),
            "{more:?}: {refused:?}"
        );
        assert!(refused.stderr.contains(message), "{more:?}: {refused:?}");
        let json = run(&mut place.deliver(&sandbox, &[more, &["--output", "json"]].concat()));
        assert!(json.object()["error"].as_str().unwrap().contains(message), "{json:?}");
    }
    let other = Sandbox::start().await.unwrap();
    for more in [&[][..], &["--follow"]] {
        let wrong = run(&mut place.deliver(&other, more));
        assert_eq!(wrong.status, Some(2), "{wrong:?}");
        assert!(wrong.stderr.contains(sandbox.url()), "{wrong:?}");
    }
    let nobodys = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let database = format!("postgres://u:hush@{nobodys}/x?connect_timeout=2");
    let mut away = vitec_connect(&["outbox", "deliver", "--output", "json", "--outbox", &database]);
    let away = run(away
        .env("VITEC_CONNECT_USERNAME", "partner")
        .env("VITEC_CONNECT_PASSWORD", "hemligt"));
    assert_eq!(away.status, Some(5), "{away:?}");
    assert!(
        away.object()["error"].is_string() && !away.stderr.contains("hush"),
        "{away:?}"
    );
    assert_eq!(sandbox.stored() + other.stored(), 0);
}

#[tokio::test]
async fn a_log_for_programs_has_each_call_and_never_a_payload() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with("");
    place.add(sandbox.url(), &["--bank", "Hemlighetsbanken", "--reference", "case 1"]);
    place.add(sandbox.url(), &["--bank", "Hemlighetsbanken", "--reference", "case 2"]);
    sandbox.next(Answer::body("application/json", "\"sandbox-answer\""));
    let body = r#"{"message": "bad\nerror: forged \u001b[2J\u202e"}"#;
    sandbox.next(Answer::status(400).content("application/json", body));
    let run = run(&mut place.deliver(&sandbox, &["--log", "json", "--concurrency", "1"]));
    assert_eq!(run.status, Some(3), "{run:?}");
    let lines: Vec<Value> = run
        .stderr
        .lines()
        .map(|it| serde_json::from_str(it).expect(it))
        .collect();
    for line in &lines {
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
        assert!(line["level"].is_string() && line["event"].is_string(), "{line}");
    }
    let calls: Vec<&Value> = lines.iter().filter(|it| it["event"] == "call").collect();
    let call = |index: usize| {
        let it = calls[index];
        json!([
            it["row"],
            it["reference"],
            it["status"],
            it["outcome"],
            it["durationMs"].is_u64()
        ])
    };
    assert_eq!(call(0), json!([1, "case 1", null, "accepted", true]), "{calls:?}");
    assert_eq!(call(1), json!([2, "case 2", 400, "rejected", true]), "{calls:?}");
    assert_eq!(lines.first().unwrap()["event"], "started");
    assert_eq!(lines.last().unwrap()["event"], "ended");
    for never in [
        "Hemlighetsbanken",
        "sandbox-answer",
        "\u{1b}",
        "\u{202e}",
        sandbox.password(),
    ] {
        assert!(!run.stderr.contains(never), "{never}: {run:?}");
    }
}
