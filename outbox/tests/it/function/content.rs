//! The same promise has the same content, whether Rust enqueues it or SQL.

use chrono::NaiveDate;
use serde_json::Value;
use vitec_connect::{CustomerId, LoanPromise};
use vitec_connect_outbox::{Enqueued, NewRow, State};

use super::{ask, enqueue, made, promise};

/// What a program may write for a promise: in Rust the type reads it.
const PROMISES: &[&str] = &[
    "{}",
    r#"{"bank": null}"#,
    r#"{"validUntil": "2027-01-31", "bank": "SBAB"}"#,
    r#"{"validUntil": "2027-01-31T12:00"}"#,
    r#"{"validUntil": "2027-01-31T12:34:56"}"#,
    r#"{"validUntil": "2027-01-31T12:34:56.1200000"}"#,
    r#"{"validUntil": "2027-01-31T12:34:56.0000001Z"}"#,
    r#"{"validUntil": "2027-01-31T12:34:56.000+01:00"}"#,
    r#"{"validUntil": "2024-11-21T09:53:21.9146786-00:00"}"#,
    r#"{"validUntil": "2027-01-31Z"}"#,
    r#"{"validUntil": "2027-01-31-05:30"}"#,
    r#"{"estateType": "Apartment", "financing": "Unknown", "status": "CanNotVerify"}"#,
    r#"{"estateType": "hOUSE", "financing": 2, "status": 99}"#,
    r#"{"estateType": "3", "financing": "+1", "status": "-007"}"#,
    r#"{"estateType": "Castle", "financing": 0, "status": -2147483648}"#,
    r#"{"bank": "\" \\ / \b\f\n\r\t \u0001\u001f\u007f \u0085\u2028 åäö \ud83c\udfe6 e\u0301", "estateId": ""}"#,
    r#"{"estateId": "OBJ1_17", "bank": "  "}"#,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_promise_is_the_same_row_both_ways() {
    let Some((place, outbox, program)) = made().await else {
        return;
    };
    program
        .batch_execute("CREATE TEMP TABLE seen (who text, customer_id text, content_hash text, payload text)")
        .await
        .unwrap();
    for rust_first in [true, false] {
        place.execute("TRUNCATE vitec_connect_rows").await;
        for (number, text) in PROMISES.iter().enumerate() {
            let typed: LoanPromise = serde_json::from_str(text).unwrap();
            // Each has a customer of its own: some promises are the same.
            let customer = format!("M{number}");
            let row = NewRow::new(customer.parse().unwrap(), ["kontakt é 7"], &typed).unwrap();
            let by_sql = || enqueue(&program, (Some(&customer), Some("kontakt é 7")), Some(text), None);
            let id = match rust_first {
                true => match outbox.enqueue(vec![row]).await.unwrap()[0] {
                    Enqueued::New(id) => id,
                    ref other => panic!("{text}: {other:?}"),
                },
                false => by_sql().await.unwrap(),
            };
            let payload = outbox.row(id).await.unwrap().payload.unwrap();
            assert_eq!(payload, serde_json::to_string(&typed).unwrap());
            match rust_first {
                true => assert_eq!(by_sql().await, Ok(id), "{text}"),
                false => {
                    let row = NewRow::new(customer.parse().unwrap(), ["kontakt é 7"], &typed).unwrap();
                    let known = outbox.enqueue(vec![row]).await.unwrap();
                    assert_eq!(known, [Enqueued::Known(id, State::Pending)], "{text}");
                }
            }
        }
        let keep = format!(
            "INSERT INTO seen SELECT '{rust_first}', customer_id, content_hash, payload FROM vitec_connect_rows"
        );
        program.batch_execute(&keep).await.unwrap();
    }
    let differ = "SELECT count(*)::text FROM (SELECT customer_id FROM seen
        GROUP BY customer_id, content_hash, payload HAVING count(DISTINCT who) < 2) AS one_only";
    assert_eq!(ask(&program, differ).await, "0");
    assert_eq!(
        ask(&program, "SELECT count(*)::text FROM seen").await,
        (2 * PROMISES.len()).to_string()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typed_row_is_known_by_its_reference_too() {
    let Some((_, outbox, program)) = made().await else {
        return;
    };
    let own = LoanPromise::builder()
        .bank("SBAB")
        .valid_until(NaiveDate::from_ymd_opt(2027, 1, 31).unwrap())
        .build();
    let customer: CustomerId = "M1".parse().unwrap();
    let text = r#"{"bank": "SBAB", "validUntil": "2027-01-31"}"#;
    for (rust, sql) in [
        ("r\u{e5} 1", "ra\u{30a} 1"),
        (" 2\u{a0}", "\t2"),
        ("3\u{2003}x", "\u{3000}3\u{2003}x\u{85}"),
        ("\u{212b}4", "\u{c5}4"),
    ] {
        let row = |body: &LoanPromise| NewRow::new(customer.clone(), ["4711"], body).unwrap().reference(rust);
        let Enqueued::New(id) = outbox.enqueue(vec![row(&own)]).await.unwrap()[0] else {
            panic!("{rust:?} is there already");
        };
        assert_eq!(promise(&program, text, Some(sql)).await, Ok(id), "{sql:?}");
        let other = promise(&program, "{}", Some(sql)).await.unwrap_err();
        assert_eq!(other.0, "23505");
    }
}

/// A session decides about much, but not about this.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sessions_settings_change_nothing() {
    let Some((_, _, program)) = made().await else {
        return;
    };
    let text = r#"{"bank": "a\\b", "validUntil": "2027-01-31T00:00:00.50"}"#;
    program
        .batch_execute(
            "SET standard_conforming_strings = off; SET escape_string_warning = off; SET extra_float_digits = -15;
             SET bytea_output = 'escape'; SET transform_null_equals = on; SET DateStyle = 'German'",
        )
        .await
        .unwrap();
    let id = promise(&program, text, None).await.unwrap();
    let payload = ask(
        &program,
        &format!("SELECT payload FROM vitec_connect_rows WHERE id = {id}"),
    )
    .await;
    let payload: Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(
        payload,
        serde_json::json!({"bank": "a\\b", "validUntil": "2027-01-31T00:00:00.5"})
    );
    for bad in ["a/b", "a\\b", "a\u{200b}b", "a\tb", "U"] {
        let done = enqueue(&program, (Some(bad), Some("4711")), Some("{}"), None).await;
        assert_eq!(done.is_ok(), bad == "U", "{bad:?}: {done:?}");
    }
    program.batch_execute("RESET ALL").await.unwrap();
    assert_eq!(promise(&program, text, None).await, Ok(id));
}

/// Its content is what it is known by, also where a person has given it another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_without_a_reference_stays_known_when_it_was_corrected() {
    let Some((_, outbox, program)) = made().await else {
        return;
    };
    let id = promise(&program, r#"{"bank": "a"}"#, None).await.unwrap();
    outbox
        .correct(id, &LoanPromise::builder().bank("b").build())
        .await
        .unwrap();
    assert_eq!(promise(&program, r#"{"bank": "a"}"#, None).await, Ok(id));
    assert_ne!(
        promise(&program, r#"{"bank": "b"}"#, None).await,
        Ok(id),
        "that is another one"
    );
}
