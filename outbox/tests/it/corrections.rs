//! A reference that comes again, with other content or in a form that cannot be stored.

use vitec_connect_outbox::{Enqueued, ErrorKind, NewRow, Outbox, ReadOptions, Resolution, RowReader, State, import};

use crate::server::{Reply, Server};
use crate::stores::{BASE_URL, Place, all, both, counts, options, row, run};

both! {
    a_rejected_row_takes_what_comes_again;
    a_row_in_another_state_is_not_corrected;
    a_reference_that_cannot_be_stored_stops_no_other;
    two_imports_correct_a_row_once;
    looking_says_what_would_become_and_changes_nothing;
    nothing_is_made_by_looking;
}

async fn enqueue(outbox: &Outbox, row: NewRow) -> Enqueued {
    outbox.enqueue(vec![row]).await.unwrap().remove(0)
}

async fn a_rejected_row_takes_what_comes_again(place: Place) {
    let server = Server::start(|call| match call.bank == "SEB" {
        true => Reply::ok(),
        false => Reply::new(400, r#"{"message":"Banken saknas."}"#),
    })
    .await;
    let outbox = place.open(&server.url).await;
    let first = "customerId;contactId;bank;reference\nM1;4711;SBAB;r\nM1;1;SEB;s\n";
    let read = |file: &'static str| RowReader::new(file.as_bytes(), &ReadOptions::default()).unwrap();
    import(&outbox, read(first), |_| {}).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    let rejected = all(&outbox).await[0].clone();
    assert_eq!((rejected.state, rejected.status), (State::Rejected, Some(400)));

    // Unchanged it is known, and nothing else.
    let again = import(&outbox, read(first), |_| {}).await.unwrap();
    assert_eq!((again.known, again.corrected), (2, 0));
    assert_eq!(counts(&outbox).await, [0, 0, 1, 1, 0]);

    let corrected = "customerId;contactId;bank;reference\nM2;4712;SEB;r \nM1;1;SEB;s\n";
    let again = import(&outbox, read(corrected), |_| {}).await.unwrap();
    assert_eq!((again.new, again.known, again.corrected, again.bad), (0, 1, 1, 0));
    let now = outbox.row(rejected.id).await.unwrap();
    assert_eq!(
        (now.state, &*now.customer_id, &*now.subject),
        (State::Pending, "M2", "4712")
    );
    assert_eq!(now.payload.as_deref(), Some(r#"{"bank":"SEB"}"#));
    assert_eq!(
        (now.answer, now.message, now.kind, now.status),
        (None, None, None, None)
    );
    assert_eq!(now.reference.as_deref(), Some("r "), "as it is written");

    run(&outbox, &server.url, &options()).await;
    assert_eq!(counts(&outbox).await, [0, 0, 2, 0, 0]);
    let sent = server.calls();
    import(&outbox, read(corrected), |_| {}).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    assert_eq!(server.calls(), sent);
}

async fn a_row_in_another_state_is_not_corrected(place: Place) {
    let server = Server::start(|_| Reply::new(500, "{}")).await;
    let outbox = place.open(&server.url).await;
    let new = enqueue(&outbox, row("M1", "a").reference("r")).await;
    let Enqueued::New(id) = new else { panic!("{new:?}") };
    let refused = |outbox: Outbox| async move {
        let refused = enqueue(&outbox, row("M1", "b").reference("r")).await;
        let Enqueued::OtherContent(of, state) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(of, id);
        (state, refused.refusal().unwrap())
    };
    let (state, why) = refused(outbox.clone()).await;
    assert_eq!(state, State::Pending);
    assert!(
        why.contains(&format!("row {id}")) && why.contains("to be sent still"),
        "{why}"
    );
    run(&outbox, &server.url, &options()).await;
    let (state, why) = refused(outbox.clone()).await;
    assert_eq!(state, State::Unknown);
    assert!(why.contains("Look in Vitec"), "{why}");
    outbox.resolve(&[id], Resolution::Accepted).await.unwrap();
    let (state, why) = refused(outbox.clone()).await;
    assert_eq!(state, State::Accepted);
    assert!(why.contains("Correct it in Vitec"), "{why}");
    assert_eq!(
        outbox.row(id).await.unwrap().payload.as_deref(),
        Some(r#"{"bank":"a"}"#)
    );
}

async fn a_reference_that_cannot_be_stored_stops_no_other(place: Place) {
    let outbox = place.open(BASE_URL).await;
    let long = "x".repeat(1100);
    enqueue(&outbox, row("M1", "old").occurrence(7)).await;
    // Such a row of before is known still.
    place
        .execute(&format!(
            "INSERT INTO vitec_connect_rows (operation, key, lookup, content_hash, reference, customer_id, contact_id,
             payload, state, created_at, changed_at) SELECT operation, 'reference:{long}', 'reference:{long}', content_hash,
             '{long}', 'M1', '4711', '{{}}', 'accepted', created_at, changed_at FROM vitec_connect_rows"
        ))
        .await;
    let rows = vec![
        row("M1", "a").reference("r\0"),
        row("M1", "b"),
        row("M1", "c").reference("y".repeat(1025)),
        row("M1", "d").reference("r\u{200b}"),
        row("M1", "e").reference(" \u{a0}"),
        row("M1", "old").reference(&*long),
        row("M1", "f").reference("y".repeat(1024)),
    ];
    let enqueued = outbox.enqueue(rows).await.unwrap();
    for (index, part) in [(0, "U+0000"), (2, "1025 bytes"), (3, "U+200B"), (4, "white space only")] {
        assert!(
            matches!(&enqueued[index], Enqueued::BadReference(why) if why.contains(part)),
            "{enqueued:?}"
        );
        assert!(enqueued[index].refusal().unwrap().contains(part));
    }
    assert!(
        matches!(enqueued[5], Enqueued::Known(_, State::Accepted)),
        "{enqueued:?}"
    );
    assert!(matches!(
        (&enqueued[1], &enqueued[6]),
        (Enqueued::New(_), Enqueued::New(_))
    ));
    assert_eq!(counts(&outbox).await, [3, 0, 1, 0, 0]);
}

async fn two_imports_correct_a_row_once(place: Place) {
    let server = Server::start(|_| Reply::new(400, "{}")).await;
    let outbox = place.open(&server.url).await;
    let rows = |bank: &'static str| {
        (0..40)
            .map(move |it| row("M1", bank).reference(format!("r{it}")))
            .collect::<Vec<_>>()
    };
    outbox.enqueue(rows("a")).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    let (one, two) = (place.open(&server.url).await, place.open(&server.url).await);
    let (one, two) = tokio::join!(one.enqueue(rows("b")), two.enqueue(rows("c")));
    for (one, two) in one.unwrap().iter().zip(&two.unwrap()) {
        assert!(
            matches!(
                (one, two),
                (Enqueued::Corrected(a), Enqueued::OtherContent(b, State::Pending))
                | (Enqueued::OtherContent(a, State::Pending), Enqueued::Corrected(b)) if a == b
            ),
            "{one:?} {two:?}"
        );
    }
    assert_eq!(counts(&outbox).await, [40, 0, 0, 0, 0]);
}

async fn looking_says_what_would_become_and_changes_nothing(place: Place) {
    let server = Server::start(|_| Reply::new(400, "{}")).await;
    let outbox = place.open(&server.url).await;
    let [a, b] = [row("M1", "a").reference("r"), row("M1", "a")];
    outbox.enqueue(vec![a.clone(), b.clone()]).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    enqueue(&outbox, row("M1", "c").reference("s")).await;
    // As a delivery left it that is gone.
    place
        .execute("UPDATE vitec_connect_rows SET state = 'sending' WHERE reference = 's'")
        .await;
    let ids: Vec<_> = all(&outbox).await.iter().map(|row| row.id).collect();
    drop(outbox);
    let rows = vec![
        a,
        b,
        row("M1", "other").reference(" r"),
        row("M1", "other").reference("s"),
        row("M1", "new").reference("t"),
        row("M1", "new").reference("t\0"),
    ];
    let look = Outbox::open_to_look(&place.at, &server.url).await.unwrap();
    let would = look.enqueue(rows.clone()).await.unwrap();
    assert_eq!(
        would[..5],
        [
            Enqueued::Known(ids[0], State::Rejected),
            Enqueued::Known(ids[1], State::Rejected),
            Enqueued::Corrected(ids[0]),
            Enqueued::OtherContent(ids[2], State::Sending),
            Enqueued::New(0),
        ]
    );
    assert!(matches!(would[5], Enqueued::BadReference(_)));
    assert_eq!(look.enqueue(rows).await.unwrap(), would, "the second time too");
    assert_eq!(counts(&look).await, [0, 1, 0, 2, 0]);
    let other = Outbox::open_to_look(&place.at, BASE_URL).await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::OtherBaseUrl);
}

async fn nothing_is_made_by_looking(place: Place) {
    let look = Outbox::open_to_look(&place.at, BASE_URL).await.unwrap();
    assert_eq!(enqueue(&look, row("M1", "a").reference("r")).await, Enqueued::New(0));
    assert_eq!(counts(&look).await, [0; 5]);
    let none = Outbox::open(&place.at, None).await.unwrap_err();
    assert!(
        !place.at.starts_with('/') || none.kind() == ErrorKind::NotFound,
        "{none}"
    );
}

#[tokio::test]
async fn a_file_is_the_same_before_and_after_a_look() {
    let place = Place::sqlite();
    let outbox = place.open(BASE_URL).await;
    enqueue(&outbox, row("M1", "a")).await;
    drop(outbox);
    let before = std::fs::read(&place.at).unwrap();
    let look = Outbox::open_to_look(&place.at, BASE_URL).await.unwrap();
    assert!(matches!(enqueue(&look, row("M1", "a")).await, Enqueued::Known(..)));
    assert!(matches!(enqueue(&look, row("M1", "b")).await, Enqueued::New(0)));
    drop(look);
    assert_eq!(std::fs::read(&place.at).unwrap(), before);
}
