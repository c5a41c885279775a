//! What it refuses: what Rust's types refuse, in the same words.

use vitec_connect::{ContactId, CustomerId};
use vitec_connect_outbox::Enqueued;

use super::{enqueue, made, promise};
use crate::stores::row;

/// What stands in an id, or around it.
fn ids() -> Vec<String> {
    let forty = "å".repeat(40);
    let mut ids: Vec<String> = [
        "",
        ".",
        "..",
        "...",
        "a",
        " ",
        " a",
        "a ",
        "a b",
        "\u{a0}a",
        "a\u{3000}",
        "%2e%2e",
        "M30011",
    ]
    .map(str::to_owned)
    .into();
    ids.push(format!("{forty}b"));
    ids.push(format!("{forty}/"));
    ids.push(forty);
    let odd = ('\u{1}'..='\u{ff}').chain([
        '\u{ad}',
        '\u{61c}',
        '\u{180e}',
        '\u{200b}',
        '\u{200d}',
        '\u{2028}',
        '\u{202e}',
        '\u{2060}',
        '\u{2067}',
        '\u{feff}',
        '\u{e0001}',
        '\u{1d173}',
        '\u{110bd}',
        '\u{1f3e6}',
        '\u{378}',
        '\u{e000}',
        '\u{10ffff}',
        '\u{301}',
        '\u{2003}',
    ]);
    for odd in odd {
        ids.extend([format!("a{odd}b"), format!("{odd}b"), format!("a{odd}")]);
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_are_those_that_rust_takes() {
    let Some((_, _, program)) = made().await else {
        return;
    };
    for id in ids() {
        let customer = enqueue(&program, (Some(&id), Some("4711")), Some("{}"), None).await;
        let contact = enqueue(&program, (Some("M1"), Some(&id)), Some("{}"), None).await;
        let rust = id
            .parse::<CustomerId>()
            .map_err(|error| ("22023".to_owned(), error.to_string()));
        assert_eq!(customer.map(|_| ()), rust.map(|_| ()), "{id:?}");
        let rust = id
            .parse::<ContactId>()
            .map_err(|error| ("22023".to_owned(), error.to_string()));
        assert_eq!(contact.map(|_| ()), rust.map(|_| ()), "{id:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn references_are_those_that_rust_takes() {
    let Some((_, outbox, program)) = made().await else {
        return;
    };
    let mut references: Vec<String> = [
        "",
        " ",
        "\u{a0}\u{2003}",
        "r",
        " r ",
        "r\u{301}",
        "a\nb",
        "å\u{1f3e6}",
        "content:x",
    ]
    .map(str::to_owned)
    .into();
    references.extend([
        "x".repeat(1024),
        "x".repeat(1025),
        "å".repeat(512),
        "å".repeat(513),
        " ".repeat(2000),
    ]);
    references.extend(["\u{200b}", "\u{2067}", "\u{feff}", "\u{ad}", "\u{e0001}"].map(|it| format!("r{it}")));
    for reference in references {
        let sql = promise(&program, r#"{"bank": "a"}"#, Some(&reference)).await;
        let rust = outbox
            .enqueue(vec![row("M1", "a").reference(&*reference)])
            .await
            .unwrap();
        match (&rust[0], sql) {
            (Enqueued::Known(known, _), Ok(id)) => assert_eq!(*known, id, "{reference:?}"),
            (refused @ Enqueued::BadReference(_), Err((code, message))) => {
                assert_eq!((code.as_str(), Some(message)), ("22023", refused.refusal()));
            }
            (rust, sql) => panic!("{reference:?}: {rust:?}, {sql:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_is_checked_by_the_document() {
    let Some((_, outbox, program)) = made().await else {
        return;
    };
    for (body, says) in [
        (
            r#"{"bnak": "x", "a": 1}"#,
            r#"loan_promise has a member "a", which is not known; known are bank, estateId, "#,
        ),
        (
            r#"{"Bank": "x"}"#,
            r#"loan_promise has a member "Bank", which is not known"#,
        ),
        (
            r#"{"a\nb": "x"}"#,
            r#"loan_promise has a member "a\nb", which is not known"#,
        ),
        (r#"{"bank": 17}"#, "loan_promise.bank is a number, and has to be a text"),
        (
            r#"{"bank": ["x"]}"#,
            "loan_promise.bank is a list, and has to be a text",
        ),
        (
            r#"{"validUntil": {"a": 1}}"#,
            "loan_promise.validUntil is an object, and has to be a text",
        ),
        (
            r#"{"status": true}"#,
            "loan_promise.status is true or false, and has to be a text or a whole number",
        ),
        (
            r#"{"status": 1.5}"#,
            "loan_promise.status has to be a whole number of 32 bits, or a name",
        ),
        (
            r#"{"status": 2147483648}"#,
            "loan_promise.status has to be a whole number of 32 bits, or a name",
        ),
        ("[]", "loan_promise is a list, and has to be an object"),
        ("null", "loan_promise is null, and has to be an object"),
        ("\"{}\"", "loan_promise is a text, and has to be an object"),
    ] {
        let (code, message) = promise(&program, body, None).await.unwrap_err();
        assert_eq!(code, "22023", "{body}");
        assert!(message.starts_with(says), "{body}: {message}");
    }
    for (ids, body, says) in [
        ((None, Some("4711")), Some("{}"), "the customer id is null"),
        ((Some("M1"), None), Some("{}"), "the contact id is null"),
        ((Some("M1"), Some("4711")), None, "loan_promise is null"),
    ] {
        let refused = enqueue(&program, ids, body, None).await.unwrap_err();
        assert_eq!(refused, ("22023".to_owned(), says.to_owned()));
    }
    assert_eq!(outbox.counts().await.unwrap().total(), 0);
}
