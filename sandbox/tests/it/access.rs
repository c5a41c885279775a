//! Credentials, customers, and the order in which things are refused.

use vitec_connect_sandbox::Sandbox;

use crate::http::{LOAN_PROMISE, authorization, post_json, send, start};

fn post(sandbox: &Sandbox, customer: &str, authorization: &str) -> u16 {
    let target = format!("/CRM/Buyer/{customer}/c1/LoanPromise");
    let headers = [("Content-Type", "application/json"), ("Authorization", authorization)];
    send(sandbox, "POST", &target, &headers, b"{}")
        .expect("an answer")
        .status
}

#[test]
fn wrong_or_missing_credentials_are_unauthorized() {
    let sandbox = start(Sandbox::builder().credentials("partner", "p:w å"));
    assert_eq!(post(&sandbox, "M1", &authorization("partner", "p:w å")), 200);
    let lower = authorization("partner", "p:w å").replace("Basic", "basic");
    assert_eq!(post(&sandbox, "M1", &lower), 200);
    for wrong in [
        authorization("partner", "other"),
        authorization("Partner", "p:w å"),
        "Bearer abc".to_owned(),
        "Basic".to_owned(),
        "Basic !!!".to_owned(),
        "Basic cGFydG5lcg==".to_owned(),
        String::new(),
    ] {
        let headers = [("Content-Type", "application/json"), ("Authorization", wrong.as_str())];
        let answered = send(&sandbox, "POST", LOAN_PROMISE, &headers, b"{}").expect("an answer");
        assert_eq!(answered.status, 401, "{wrong}");
        assert_eq!(
            answered.text(),
            r#"{"message":"Authorization has been denied for this request."}"#
        );
    }
    assert_eq!(sandbox.stored(), 2);
}

#[test]
fn customers_have_passwords_of_their_own() {
    let sandbox = start(
        Sandbox::builder()
            .customer("M1", "partner", "one")
            .customer("M2", "partner", "two")
            .customer("M3", "partner", "three")
            .forbidden("M3"),
    );
    assert_eq!(post(&sandbox, "M1", &authorization("partner", "one")), 200);
    assert_eq!(post(&sandbox, "m2", &authorization("partner", "two")), 200);
    assert_eq!(post(&sandbox, "M1", &authorization("partner", "two")), 401);
    assert_eq!(post(&sandbox, "M9", &authorization("partner", "one")), 403);
    assert_eq!(post(&sandbox, "M9", &authorization("partner", "wrong")), 401);
    assert_eq!(post(&sandbox, "M9", &authorization("stranger", "one")), 401);
    assert_eq!(post(&sandbox, "M3", &authorization("partner", "three")), 403);
    let general = authorization(sandbox.username(), sandbox.password());
    assert_eq!(post(&sandbox, "M9", &general), 403);
}

#[test]
fn route_method_credentials_and_body_are_judged_in_this_order() {
    let sandbox = start(Sandbox::builder());
    let none = ("Authorization", "Basic x");
    let status = |method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]| {
        send(&sandbox, method, target, headers, body).expect("an answer").status
    };
    assert_eq!(status("POST", "/nope", &[none], b"{}"), 404);
    assert_eq!(status("PUT", LOAN_PROMISE, &[none], b"{}"), 405);
    assert_eq!(
        status("POST", LOAN_PROMISE, &[none, ("Content-Type", "text/plain")], b"x"),
        401
    );
    assert_eq!(
        status("POST", LOAN_PROMISE, &[("Content-Type", "text/plain")], b"x"),
        415
    );
    assert_eq!(
        status(
            "POST",
            &LOAN_PROMISE.to_lowercase(),
            &[("Content-Type", "text/json")],
            b"{}"
        ),
        200
    );
    for refused in [
        "/CRM/Buyer/M%3A1/c1/LoanPromise",
        "/CRM/Buyer/M1/c*1/LoanPromise",
        "/CRM/Buyer/%00/c1/LoanPromise",
    ] {
        let answered = send(
            &sandbox,
            "POST",
            refused,
            &[("Content-Type", "application/json")],
            b"{}",
        )
        .expect("an answer");
        assert_eq!(
            (answered.status, answered.header("content-type")),
            (400, Some("text/html")),
            "{refused}"
        );
    }
    // A percent-encoded slash splits the path like any other.
    assert_eq!(status("POST", "/CRM/Buyer/M%2F1/c1/LoanPromise", &[], b"{}"), 404);
}

#[test]
fn a_body_without_a_media_type_says_so() {
    let sandbox = start(Sandbox::builder());
    for headers in [vec![], vec![("Content-Type", "json")]] {
        let answered = send(&sandbox, "POST", LOAN_PROMISE, &headers, b"{}").expect("an answer");
        assert_eq!(answered.status, 415);
        assert_eq!(
            answered.text(),
            r#"{"message":"The request contains an entity body but no Content-Type header. The inferred media type 'application/octet-stream' is not supported for this resource."}"#
        );
    }
}

#[test]
fn bodies_over_the_limit_get_413() {
    let sandbox = start(Sandbox::builder().body_limit(1000));
    assert_eq!(post_json(&sandbox, &format!("{{}}{}", " ".repeat(998))).status, 200);
    assert_eq!(post_json(&sandbox, &format!("{{}}{}", " ".repeat(999))).status, 413);
    let unlimited = start(Sandbox::builder());
    assert_eq!(post_json(&unlimited, &" ".repeat(4 * 1024 * 1024 + 1)).status, 413);
    assert_eq!((sandbox.stored(), unlimited.stored()), (1, 0));
}

#[test]
fn the_password_is_random_and_never_shown() {
    let (one, other) = (start(Sandbox::builder()), start(Sandbox::builder()));
    assert_eq!(one.username(), "partner");
    assert_eq!(one.password().len(), 32);
    assert_ne!(one.password(), other.password());
    assert!(!format!("{one:?}").contains(one.password()));
}
