//! The state machine, the same for both databases.

use std::time::Duration;

use vitec_connect_outbox::{Enqueued, ErrorKind, Filter, Outbox, Resolution, State};

use crate::server::{Reply, Server};
use crate::stores::{BASE_URL, Place, all, both, counts, deliver_all, options, row, rows, run};

both! {
    a_row_is_stored_once;
    a_reference_with_other_content_is_refused;
    accepted_rows_keep_their_answer;
    rejected_rows_keep_their_messages_and_can_be_sent_again;
    unknown_rows_wait_for_a_person;
    unknown_rows_are_sent_again_only_deliberately;
    decisions_are_for_all_rows_or_none;
    purging_keeps_what_rows_are_recognised_by;
    an_outbox_belongs_to_one_base_url;
    a_newer_outbox_is_refused;
    looking_needs_an_outbox;
    rows_come_in_pages;
}

async fn a_row_is_stored_once(place: Place) {
    let outbox = place.open(BASE_URL).await;
    let new = vec![row("M1", "a"), row("M1", "b").reference("r")];
    let new = outbox.enqueue(new).await.unwrap();
    let [Enqueued::New(a), Enqueued::New(b)] = new[..] else {
        panic!("{new:?}")
    };
    let again = vec![
        row("M1", "a").line(9),
        row("M1", "a").occurrence(2),
        row("M2", "a"),
        row("M1", "b").reference("r"),
        row("M1", "b"),
    ];
    let again = outbox.enqueue(again).await.unwrap();
    assert_eq!(again[0], Enqueued::Known(a, State::Pending));
    assert!(
        matches!(again[1], Enqueued::New(_)),
        "the second one of the same content"
    );
    assert!(matches!(again[2], Enqueued::New(_)), "another customer");
    assert_eq!(again[3], Enqueued::Known(b, State::Pending));
    assert!(matches!(again[4], Enqueued::New(_)), "without the reference");
    assert_eq!(counts(&outbox).await, [5, 0, 0, 0, 0]);
}

async fn a_reference_with_other_content_is_refused(place: Place) {
    let outbox = place.open(BASE_URL).await;
    let new = outbox.enqueue(vec![row("M1", "a").reference("r")]).await.unwrap();
    let Enqueued::New(id) = new[0] else { panic!("{new:?}") };
    let other = vec![
        row("M1", "b").reference("r"),
        row("M2", "a").reference("r"),
        row("M1", "c"),
    ];
    let other = outbox.enqueue(other).await.unwrap();
    let refused = Enqueued::OtherContent(id, State::Pending);
    assert_eq!(other[..2], [refused.clone(), refused]);
    assert!(matches!(other[2], Enqueued::New(_)), "the others go on");
    assert_eq!(counts(&outbox).await, [2, 0, 0, 0, 0]);
}

async fn accepted_rows_keep_their_answer(place: Place) {
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    let new = vec![row("M1", "a").reference("r").line(2)];
    outbox.enqueue(new).await.unwrap();
    let (summary, sent) = run(&outbox, &server.url, &options()).await;
    assert_eq!((summary.results.accepted, summary.results.total()), (1, 1));
    assert_eq!((sent[0].reference.as_deref(), sent[0].line), (Some("r"), Some(2)));
    assert_eq!((&*sent[0].customer_id, &*sent[0].subject), ("M1", "4711"));
    let row = outbox.row(sent[0].id).await.unwrap();
    assert_eq!((row.state, row.answer.as_deref()), (State::Accepted, Some("4711")));
    assert_eq!(
        (&*row.operation, row.line, row.attempt),
        ("create_loan_promise", Some(2), 1)
    );
    assert_eq!(row.payload.as_deref(), Some(r#"{"bank":"a"}"#));
    assert!(row.changed_at >= row.created_at);
    // Nothing more to do.
    assert_eq!(run(&outbox, &server.url, &options()).await.1, []);
    assert_eq!(server.calls(), 1);
}

async fn rejected_rows_keep_their_messages_and_can_be_sent_again(place: Place) {
    let body = r#"{"message":"The request is invalid.","modelState":{"loanPromise.bank":["Banken saknas."]}}"#;
    let server = Server::start(|_| Reply::new(400, body)).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..1)).await.unwrap();
    let id = run(&outbox, &server.url, &options()).await.1[0].id;
    let row = outbox.row(id).await.unwrap();
    assert_eq!((row.state, row.status), (State::Rejected, Some(400)));
    assert_eq!(row.kind.as_deref(), Some("Validation"));
    assert!(row.message.unwrap().contains("Banken saknas."));
    run(&outbox, &server.url, &options()).await;
    assert_eq!(server.calls(), 1, "a rejected row is not sent again by itself");
    outbox.requeue(&[id]).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    assert_eq!((server.calls(), outbox.row(id).await.unwrap().attempt), (2, 2));
}

/// An outbox with rows that became unknown.
async fn unknown(place: &Place, number: usize) -> (Server, Outbox, Vec<i64>) {
    let server = Server::start(|_| Reply::new(500, "{}")).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..number)).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    assert_eq!(counts(&outbox).await, [0, 0, 0, 0, number as u64]);
    let ids = all(&outbox).await.iter().map(|row| row.id).collect();
    (server, outbox, ids)
}

async fn unknown_rows_wait_for_a_person(place: Place) {
    let (server, outbox, ids) = unknown(&place, 2).await;
    run(&outbox, &server.url, &options()).await;
    assert_eq!(server.calls(), 2, "an unknown row is not sent again by itself");
    outbox.resolve(&ids[..1], Resolution::Accepted).await.unwrap();
    outbox.resolve(&ids[1..], Resolution::NotSent).await.unwrap();
    assert_eq!(counts(&outbox).await, [1, 0, 1, 0, 0]);
    run(&outbox, &server.url, &options()).await;
    assert_eq!(server.calls(), 3);
}

async fn unknown_rows_are_sent_again_only_deliberately(place: Place) {
    let (server, outbox, _) = unknown(&place, 2).await;
    run(&outbox, &server.url, &options().retry_unknown(true)).await;
    assert_eq!(server.calls(), 4);
}

async fn decisions_are_for_all_rows_or_none(place: Place) {
    let (_, outbox, ids) = unknown(&place, 2).await;
    outbox.resolve(&ids[..1], Resolution::Accepted).await.unwrap();
    let both = [ids[1], ids[0]];
    let error = outbox.resolve(&both, Resolution::NotSent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Row);
    let text = error.to_string();
    assert!(text.contains(&format!("row {} is accepted", ids[0])), "{text}");
    let text = outbox.requeue(&both).await.unwrap_err().to_string();
    assert!(text.contains("only rejected and unknown rows"), "{text}");
    let error = outbox.requeue(&[ids[1], 999]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Row);
    assert_eq!(error.to_string(), "there is no row 999");
    assert_eq!(counts(&outbox).await, [0, 0, 1, 0, 1]);
}

async fn purging_keeps_what_rows_are_recognised_by(place: Place) {
    let server = Server::start(|call| match call.customer.as_str() {
        "M1" => Reply::ok(),
        _ => Reply::new(400, "{}"),
    })
    .await;
    let outbox = place.open(&server.url).await;
    let new = || vec![row("M1", "a"), row("M1", "b").reference("r"), row("M2", "c")];
    outbox.enqueue(new()).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    outbox.enqueue(vec![row("M3", "waits")]).await.unwrap();
    assert_eq!(outbox.purge(Duration::from_secs(3600)).await.unwrap(), 0);
    // The clock has steps.
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(outbox.purge(Duration::ZERO).await.unwrap(), 3);
    assert_eq!(outbox.purge(Duration::ZERO).await.unwrap(), 0);
    for row in all(&outbox).await {
        assert_eq!(row.payload.is_some(), row.customer_id == "M3");
        assert_eq!((row.answer, row.message), (None, None));
    }
    let again = outbox.enqueue(new()).await.unwrap();
    assert!(again.iter().all(|it| matches!(it, Enqueued::Known(..))), "{again:?}");
    let other = outbox.enqueue(vec![row("M1", "z").reference("r")]).await.unwrap();
    assert!(matches!(other[0], Enqueued::OtherContent(_, State::Accepted)));
    let rejected = outbox
        .list(&Filter::default().state(State::Rejected), 0, 1)
        .await
        .unwrap()[0]
        .id;
    let text = outbox.requeue(&[rejected]).await.unwrap_err().to_string();
    assert!(text.contains("purged"), "{text}");
}

async fn an_outbox_belongs_to_one_base_url(place: Place) {
    let outbox = place.open("https://a.example/").await;
    place.open("https://a.example").await;
    let error = Outbox::open(&place.at, Some("https://b.example")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OtherBaseUrl);
    let text = error.to_string();
    assert!(text.contains("https://a.example") && text.contains("https://b.example"));
    let error = deliver_all(&outbox, &crate::stores::client(BASE_URL))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OtherBaseUrl);
}

async fn a_newer_outbox_is_refused(place: Place) {
    place.open(BASE_URL).await;
    place
        .execute("UPDATE vitec_connect_outbox_meta SET value = '4' WHERE name = 'version'")
        .await;
    for base_url in [None, Some(BASE_URL)] {
        let error = Outbox::open(&place.at, base_url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(
            error
                .to_string()
                .contains("version 4, and this program knows version 3"),
            "{error}"
        );
    }
}

async fn looking_needs_an_outbox(place: Place) {
    let error = Outbox::open(&place.at, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    place.open(BASE_URL).await;
    let outbox = Outbox::open(&place.at, None).await.unwrap();
    assert_eq!(counts(&outbox).await, [0; 5]);
}

async fn rows_come_in_pages(place: Place) {
    let outbox = place.open(BASE_URL).await;
    outbox.enqueue(rows("M1", 0..5)).await.unwrap();
    let first = outbox
        .list(&Filter::default().state(State::Pending), 0, 3)
        .await
        .unwrap();
    let rest = outbox.list(&Filter::default(), first[2].id, 3).await.unwrap();
    assert_eq!((first.len(), rest.len()), (3, 2));
    assert_eq!(
        outbox
            .list(&Filter::default().state(State::Accepted), 0, 3)
            .await
            .unwrap(),
        []
    );
}
