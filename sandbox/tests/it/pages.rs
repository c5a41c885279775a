//! The sandbox's own pages.

use serde_json::Value;
use vitec_connect_sandbox::Sandbox;

use crate::http::{Answered, post_json, raw, send, start};
use crate::observed::counting_from_zero;

fn get(sandbox: &Sandbox, target: &str) -> Answered {
    let head = format!("GET {target} HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n");
    raw(sandbox, head.as_bytes()).expect("an answer")
}

#[test]
fn the_log_can_be_read_and_reset_without_credentials() {
    let sandbox = start(Sandbox::builder());
    for body in [r#"{"bank":"a"}"#, r#"{"bank":"b"}"#, r#"{"bank":"c","x":1}"#] {
        post_json(&sandbox, body);
    }
    let log: Value = serde_json::from_str(&get(&sandbox, "/received?after=1").text()).expect("JSON");
    assert_eq!(log["stored"], 3);
    assert_eq!(log["received"].as_array().map(Vec::len), Some(2));
    let last = &log["received"][1];
    assert_eq!(last["number"], 3);
    assert_eq!(last["operation"], "createLoanPromise");
    assert_eq!(last["parameters"]["customerId"], "M1");
    assert_eq!(last["mediaType"], "application/json");
    assert_eq!(last["body"]["bank"], "c");
    assert_eq!(last["raw"], r#"{"bank":"c","x":1}"#);
    assert_eq!(last["answer"], "sandbox-3");
    assert_eq!(last["notes"][0]["kind"], "unknownMember");
    assert!(last["at"].as_str().is_some_and(|at| at.ends_with('Z')));

    assert_eq!(
        send(&sandbox, "DELETE", "/received", &[], b"")
            .expect("an answer")
            .status,
        204
    );
    assert_eq!(sandbox.stored(), 0);
}

#[test]
fn the_document_and_the_page_are_served() {
    let sandbox = start(Sandbox::builder());
    let json = get(&sandbox, "/openapi.json");
    assert_eq!(json.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(
        serde_json::from_str::<Value>(&json.text()).expect("JSON")["openapi"],
        "3.0.3"
    );
    assert!(get(&sandbox, "/openapi.yaml").text().contains("openapi: 3.0.3"));
    assert_eq!(
        get(&sandbox, "/").header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(send(&sandbox, "POST", "/", &[], b"").expect("an answer").status, 404);

    // Of another one only the description is known.
    let sandbox = start(Sandbox::builder().document(counting_from_zero()));
    assert_eq!(get(&sandbox, "/").status, 200);
    for target in ["/openapi.json", "/openapi.yaml"] {
        assert_eq!(get(&sandbox, target).status, 404, "{target}");
    }
}

#[test]
fn a_foreign_host_does_not_get_to_the_pages() {
    let sandbox = start(Sandbox::builder());
    for (host, status) in [
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("LOCALHOST:1", 200),
        ("evil.example", 421),
        ("evil.example:80", 421),
        ("127.0.0.1.evil.example", 421),
    ] {
        assert_eq!(
            send(&sandbox, "GET", "/received", &[("Host", host)], b"")
                .expect("an answer")
                .status,
            status,
            "{host}"
        );
    }
}

#[test]
fn the_log_has_bounds_and_the_count_goes_on() {
    let sandbox = start(Sandbox::builder());
    // What comes behind the content is kept, but not read.
    let body = format!("{{}}{}", " ".repeat(3 * 1024 * 1024));
    for _ in 0..25 {
        assert_eq!(post_json(&sandbox, &body).status, 200);
    }
    assert_eq!(sandbox.stored(), 25);
    let received = sandbox.received();
    assert_eq!(received.last().map(|last| last.number), Some(25));
    assert!(received.len() < 25);
    let forgotten = 25 - received.len() as u64;
    assert_eq!(sandbox.forgotten(), forgotten);
    let log: Value = serde_json::from_str(&get(&sandbox, "/received?after=24").text()).expect("JSON");
    assert_eq!((&log["stored"], &log["forgotten"]), (&25.into(), &forgotten.into()));
}

#[test]
fn a_head_has_bounds() {
    let sandbox = start(Sandbox::builder());
    for (path, header, stored) in [(50_000, 10, 1), (10, 50_000, 2), (70_000, 10, 2), (10, 200_000, 2)] {
        let target = format!("/CRM/Buyer/M1/{}/LoanPromise", "c".repeat(path));
        let long = "x".repeat(header);
        let headers = [("Content-Type", "application/json"), ("X-Long", long.as_str())];
        // The connection may be closed before the whole head was read, and the answer be lost with it.
        let answered = send(&sandbox, "POST", &target, &headers, b"{}");
        assert_eq!(sandbox.stored(), stored, "{path}, {header}: {answered:?}");
    }
}
