//! Outboxes of version 1 are taken over: nothing is forgotten.

use vitec_connect_outbox::{Enqueued, Outbox, State};

use crate::server::{Reply, Server};
use crate::stores::{BASE_URL, Place, all, both, counts, options, row, run};

both! {
    a_row_of_version_1_is_known;
    a_reference_of_version_1_is_known_in_every_form;
    looking_finds_references_of_version_1;
    looking_changes_nothing;
    a_row_of_version_1_is_delivered;
}

/// The tables as version 1 made them.
const SQLITE: &str = "
    CREATE TABLE vitec_connect_outbox_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE vitec_connect_rows (
        id INTEGER PRIMARY KEY,
        operation TEXT NOT NULL,
        key TEXT NOT NULL,
        content_hash TEXT NOT NULL,
        reference TEXT,
        line INTEGER,
        customer_id TEXT NOT NULL,
        contact_id TEXT NOT NULL,
        payload TEXT,
        state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'accepted', 'rejected', 'unknown')),
        attempt INTEGER NOT NULL DEFAULT 0,
        owner INTEGER,
        lease_until TEXT,
        answer TEXT,
        message TEXT,
        kind TEXT,
        status INTEGER,
        created_at TEXT NOT NULL,
        changed_at TEXT NOT NULL,
        UNIQUE (operation, key)) STRICT;
    CREATE INDEX vitec_connect_rows_waiting ON vitec_connect_rows (state, customer_id, id);";

const POSTGRES: &str = r#"
    CREATE TABLE vitec_connect_outbox_meta (name text PRIMARY KEY, value text NOT NULL);
    CREATE SEQUENCE vitec_connect_outbox_owner;
    CREATE TABLE vitec_connect_rows (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        operation text NOT NULL,
        key text NOT NULL,
        content_hash text NOT NULL,
        reference text,
        line bigint,
        customer_id text COLLATE "C" NOT NULL,
        contact_id text NOT NULL,
        payload text,
        state text NOT NULL CHECK (state IN ('pending', 'sending', 'accepted', 'rejected', 'unknown')),
        attempt bigint NOT NULL DEFAULT 0,
        owner bigint,
        lease_until timestamptz,
        answer text,
        message text,
        kind text,
        status integer,
        created_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        UNIQUE (operation, key));
    CREATE INDEX vitec_connect_rows_waiting ON vitec_connect_rows (state, customer_id, id);"#;

/// SHA-256 of what `row("M1", "a")` sends, as version 1 wrote it.
const HASH: &str = "0e8e512ca4b67e354d7561c46fecb029d4d5d819e10eabe9c5ea443d5d2d11ff";

/// An outbox as version 1 left it: a row without a reference that was accepted, and one pending for each reference.
async fn version_1(place: &Place, base_url: &str, references: &[&str]) {
    let tables = if place.at.starts_with("postgres:") {
        POSTGRES
    } else {
        SQLITE
    };
    place.execute(tables).await;
    place
        .execute(&format!(
            "INSERT INTO vitec_connect_outbox_meta VALUES ('version', '1'), ('base_url', '{base_url}')"
        ))
        .await;
    let mut rows = vec![(format!("content:{HASH}:1"), "NULL".to_owned(), "accepted")];
    for reference in references {
        rows.push((format!("reference:{reference}"), format!("'{reference}'"), "pending"));
    }
    for (key, reference, state) in rows {
        place
            .execute(&format!(
                r#"INSERT INTO vitec_connect_rows (operation, key, content_hash, reference, customer_id, contact_id,
                payload, state, created_at, changed_at) VALUES ('create_loan_promise', '{key}', '{HASH}', {reference},
                'M1', '4711', '{{"bank":"a"}}', '{state}', '2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00.000Z')"#
            ))
            .await;
    }
}

async fn a_row_of_version_1_is_known(place: Place) {
    version_1(&place, BASE_URL, &["r"]).await;
    let outbox = place.open(BASE_URL).await;
    let again = vec![
        row("M1", "a"),
        row("M1", "a").reference("r"),
        row("M1", "b").reference("r"),
        row("M1", "a").occurrence(2),
    ];
    let again = outbox.enqueue(again).await.unwrap();
    let ids: Vec<_> = all(&outbox).await.iter().map(|row| row.id).collect();
    assert_eq!(again[0], Enqueued::Known(ids[0], State::Accepted));
    assert_eq!(again[1], Enqueued::Known(ids[1], State::Pending));
    assert_eq!(again[2], Enqueued::OtherContent(ids[1], State::Pending));
    assert_eq!(again[3], Enqueued::New(ids[2]));
    // The second time there is nothing to take over.
    place.open(BASE_URL).await;
    assert_eq!(counts(&outbox).await, [2, 0, 1, 0, 0]);
}

async fn a_reference_of_version_1_is_known_in_every_form(place: Place) {
    let old = ["17 ", "a\u{30a}", "both", " both", "\u{a0}both"];
    version_1(&place, BASE_URL, &old).await;
    let outbox = place.open(BASE_URL).await;
    let forms = ["17", "17 ", "\u{a0}17", "\u{e5}", "a\u{30a}", "both", " both", "both\t"];
    let again = forms.map(|form| row("M1", "a").reference(form)).to_vec();
    let again = outbox.enqueue(again).await.unwrap();
    let ids: Vec<_> = all(&outbox).await.iter().map(|row| row.id).collect();
    let known = |id| Enqueued::Known(id, State::Pending);
    assert_eq!(again[..5], [ids[1], ids[1], ids[1], ids[2], ids[2]].map(known));
    // Rows that one file took for different ones stay, and no third comes to them.
    let ambiguous = Enqueued::Ambiguous(ids[3..].to_vec());
    assert_eq!(again[5..], [ambiguous.clone(), ambiguous.clone(), ambiguous.clone()]);
    let why = ambiguous.refusal().unwrap();
    assert!(why.contains(&format!("rows {} and {}", ids[3], ids[4])), "{why}");
    let kept: Vec<_> = all(&outbox).await.into_iter().filter_map(|row| row.reference).collect();
    assert_eq!(kept, old, "as they were written");
}

async fn looking_finds_references_of_version_1(place: Place) {
    let old = ["17 ", "a\u{30a}", "both", " both"];
    version_1(&place, BASE_URL, &old).await;
    let forms = ["17", "17 ", "\u{e5}", "both", "new"]
        .map(|form| row("M1", "a").reference(form))
        .to_vec();
    let look = Outbox::open_to_look(&place.at, BASE_URL).await.unwrap();
    let would = look.enqueue(forms.clone()).await.unwrap();
    let real = place.open(BASE_URL).await.enqueue(forms).await.unwrap();
    assert_eq!(would[..4], real[..4]);
    assert!(matches!((&would[4], &real[4]), (Enqueued::New(0), Enqueued::New(_))));
}

async fn looking_changes_nothing(place: Place) {
    version_1(&place, BASE_URL, &["r"]).await;
    let outbox = Outbox::open(&place.at, None).await.unwrap();
    assert_eq!(counts(&outbox).await, [1, 0, 1, 0, 0]);
    let row = &all(&outbox).await[1];
    assert_eq!(row.reference.as_deref(), Some("r"));
    // It is still version 1: its tables can be changed as they were.
    place
        .execute("ALTER TABLE vitec_connect_rows ADD COLUMN claim integer")
        .await;
}

async fn a_row_of_version_1_is_delivered(place: Place) {
    let server = Server::start(|_| Reply::ok()).await;
    version_1(&place, &server.url, &["r"]).await;
    // Even by a program that did not say whom the outbox is for.
    let outbox = Outbox::open(&place.at, None).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    assert_eq!((server.calls(), counts(&outbox).await), (1, [0, 0, 2, 0, 0]));
}
