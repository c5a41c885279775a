//! The function that programs in other languages call in their own transactions: what it stores, and what it refuses.

mod content;
mod document;
mod refusals;
mod rights;

use tokio_postgres::Client;
use tokio_postgres::types::Type;
use vitec_connect_outbox::Outbox;

use crate::postgres::{connect, place};
use crate::server::{Reply, Server};
use crate::stores::{BASE_URL, Place, counts, options, row, run};

pub(crate) const CALL: &str = "SELECT vitec_connect_enqueue_loan_promise($1, $2, $3::text::jsonb, $4)";

/// An outbox, and a program's connection to its database.
pub(super) async fn made() -> Option<(Place, Outbox, Client)> {
    let place = place().await?;
    let outbox = place.open(BASE_URL).await;
    let program = connect(&place.at).await;
    Some((place, outbox, program))
}

/// What PostgreSQL says of an error: its code, and the message for a person.
pub(super) fn said(error: &tokio_postgres::Error) -> (String, String) {
    let error = error.as_db_error().unwrap_or_else(|| panic!("{error:?}"));
    (error.code().code().to_owned(), error.message().to_owned())
}

pub(super) async fn enqueue(
    program: &Client,
    (customer, contact): (Option<&str>, Option<&str>),
    promise: Option<&str>,
    reference: Option<&str>,
) -> Result<i64, (String, String)> {
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 4] = [
        (&customer, Type::TEXT),
        (&contact, Type::TEXT),
        (&promise, Type::TEXT),
        (&reference, Type::TEXT),
    ];
    let row = program.query_typed_one(CALL, &parameters).await;
    row.map(|row| row.get(0)).map_err(|error| said(&error))
}

/// For contact 4711 of M1.
pub(super) async fn promise(program: &Client, promise: &str, reference: Option<&str>) -> Result<i64, (String, String)> {
    enqueue(program, (Some("M1"), Some("4711")), Some(promise), reference).await
}

/// One value, as text.
pub(super) async fn ask(client: &Client, sql: &str) -> String {
    let row = client.query_typed_one(sql, &[]).await.unwrap();
    row.get::<_, Option<String>>(0).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_delivered_if_and_only_if_the_transaction_commits() {
    let Some(place) = place().await else { return };
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    let mut program = connect(&place.at).await;
    let body = r#"{"validUntil": "2099-01-31", "bank": "å \"bank\"/\n", "estateType": 3, "status": null}"#;
    let transaction = program.transaction().await.unwrap();
    promise(transaction.client(), body, Some("decision 1")).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(run(&outbox, &server.url, &options()).await.1, []);
    assert_eq!(counts(&outbox).await, [0; 5]);

    let transaction = program.transaction().await.unwrap();
    let id = promise(transaction.client(), body, Some("decision 1")).await.unwrap();
    transaction.commit().await.unwrap();
    let sent = run(&outbox, &server.url, &options()).await.1;
    assert_eq!((sent.len(), sent[0].id), (1, id));
    let own = vitec_connect::LoanPromise::builder()
        .bank("å \"bank\"/\n")
        .estate_type(vitec_connect::LoanPromiseEstateType::House)
        .valid_until(chrono::NaiveDate::from_ymd_opt(2099, 1, 31).unwrap())
        .build();
    let bodies = server.seen(|seen| seen.calls.iter().map(|call| call.body.clone()).collect::<Vec<_>>());
    assert_eq!(bodies, [serde_json::to_string(&own).unwrap()]);
    let row = outbox.row(id).await.unwrap();
    assert_eq!(row.reference.as_deref(), Some("decision 1"));
    assert_eq!((row.customer_id.as_str(), row.subject.as_str()), ("M1", "4711"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_sent_is_rejected_when_it_is_claimed() {
    let Some(place) = place().await else { return };
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    let program = connect(&place.at).await;
    let bad = [
        r#"{"validUntil": "31 januari"}"#,
        r#"{"validUntil": "2099-02-30T00:00:00"}"#,
        r#"{"estateType": "House, Cottage"}"#,
        r#"{"status": ""}"#,
    ];
    for body in bad {
        promise(&program, body, None).await.unwrap();
    }
    promise(&program, r#"{"bank": "SBAB"}"#, None).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    assert_eq!(counts(&outbox).await, [0, 0, 1, bad.len() as u64, 0]);
    assert_eq!(server.calls(), 1);
    let message = ask(&program, "SELECT message FROM vitec_connect_promises WHERE row = 1").await;
    assert!(message.contains("cannot be sent"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_with_the_same_reference_get_the_same_row() {
    let Some((place, outbox, mut one)) = made().await else {
        return;
    };
    let transaction = one.transaction().await.unwrap();
    let first = promise(transaction.client(), "{}", Some("r")).await.unwrap();
    let other = tokio::spawn({
        let at = place.at.clone();
        async move { promise(&connect(&at).await, "{}", Some(" r\t")).await }
    });
    // It waits for what the first one does.
    let watcher = connect(&place.at).await;
    let waits =
        "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while ask(&watcher, waits).await != "1" {
        tokio::task::yield_now().await;
    }
    transaction.commit().await.unwrap();
    assert_eq!(other.await.unwrap(), Ok(first));
    assert_eq!(counts(&outbox).await, [1, 0, 0, 0, 0]);

    let transaction = one.transaction().await.unwrap();
    promise(transaction.client(), r#"{"bank": "a"}"#, Some("s"))
        .await
        .unwrap();
    let other = tokio::spawn(async move {
        let id = promise(&connect(&place.at).await, r#"{"bank": "b"}"#, Some("s")).await;
        (id, place)
    });
    while ask(&watcher, waits).await != "1" {
        tokio::task::yield_now().await;
    }
    transaction.rollback().await.unwrap();
    assert!(other.await.unwrap().0.is_ok(), "nothing is in its way any more");
    assert_eq!(counts(&outbox).await, [2, 0, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_content_is_an_error_that_says_what_to_do() {
    let Some((place, outbox, program)) = made().await else {
        return;
    };
    outbox.enqueue(vec![row("M1", "a").reference("r")]).await.unwrap();
    for (state, part) in [
        ("pending", "outbox correct 1"),
        ("sending", "Wait for its outcome"),
        ("accepted", "Correct it in Vitec"),
        ("unknown", "outbox resolve 1"),
        ("rejected", "outbox correct 1"),
    ] {
        place
            .execute(&format!("UPDATE vitec_connect_rows SET state = '{state}'"))
            .await;
        let (code, message) = promise(&program, r#"{"bank": "secret"}"#, Some(" r"))
            .await
            .unwrap_err();
        assert_eq!(code, "23505");
        assert!(
            message.starts_with("the reference is row 1 already, with other content"),
            "{message}"
        );
        assert!(message.contains(part) && message.contains(state), "{message}");
        assert!(!message.contains("secret"), "{message}");
        assert_eq!(promise(&program, r#"{"bank": "a"}"#, Some("r")).await, Ok(1));
    }
    // As an older version left them: both are found.
    place
        .execute(
            "UPDATE vitec_connect_rows SET lookup = 'reference:s';
             INSERT INTO vitec_connect_rows (operation, key, content_hash, reference, customer_id, contact_id, payload,
                 state, created_at, changed_at)
             SELECT operation, 'reference:s', 'other', 's', 'M1', '4711', '{}', 'accepted', created_at, changed_at
             FROM vitec_connect_rows",
        )
        .await;
    let (code, message) = promise(&program, r#"{"bank": "a"}"#, Some("s")).await.unwrap_err();
    assert_eq!(code, "23505");
    assert!(message.contains("rows 1 and "), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_in_unicode_is_told() {
    let Some(place) = place().await else { return };
    let (name, _) = crate::postgres::parts(&place);
    let latin = format!("{name}_latin");
    place
        .execute(&format!(
            "CREATE DATABASE {latin} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        ))
        .await;
    let place = Place::at(place.at.replacen(&name, &latin, 1));
    place.open(BASE_URL).await;
    let (code, message) = promise(&connect(&place.at).await, "{}", None).await.unwrap_err();
    assert_eq!(code, "0A000");
    assert!(message.contains("LATIN1") && message.contains("UTF8"), "{message}");
}
