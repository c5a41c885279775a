//! Outboxes of older versions are taken over: nothing is forgotten.

use vitec_connect_outbox::{Done, Enqueued, ErrorKind, InitOptions, Outbox, State};

use crate::server::{Reply, Server};
use crate::stores::{BASE_URL, Place, all, both, counts, options, row, run};

both! {
    a_row_of_version_1_is_known;
    a_reference_of_version_1_is_known_in_every_form;
    looking_finds_references_of_version_1;
    a_row_of_version_1_is_delivered;
    rows_of_version_2_stay_in_every_state;
    tables_are_made_once_and_brought_up_to_date_once;
}

/// The tables as version 1 made them.
const SQLITE: &str = "
    CREATE TABLE vitec_connect_outbox_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE vitec_connect_outbox (
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
    CREATE INDEX vitec_connect_outbox_waiting ON vitec_connect_outbox (state, customer_id, id);";

const POSTGRES: &str = r#"
    CREATE TABLE vitec_connect_outbox_meta (name text PRIMARY KEY, value text NOT NULL);
    CREATE SEQUENCE vitec_connect_outbox_owner;
    CREATE TABLE vitec_connect_outbox (
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
    CREATE INDEX vitec_connect_outbox_waiting ON vitec_connect_outbox (state, customer_id, id);"#;

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
                r#"INSERT INTO vitec_connect_outbox (operation, key, content_hash, reference, customer_id, contact_id,
                payload, state, created_at, changed_at) VALUES ('create_loan_promise', '{key}', '{HASH}', {reference},
                'M1', '4711', '{{"bank":"a"}}', '{state}', '2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00.000Z')"#
            ))
            .await;
    }
}

/// The same as version 2 left it, with a row in every state: each is its own reference, and the lease of the one under way
/// is over.
async fn version_2(place: &Place, base_url: &str) {
    version_1(
        place,
        base_url,
        &["pending", "sending", "accepted", "rejected", "unknown"],
    )
    .await;
    let is_postgres = place.at.starts_with("postgres:");
    let (whole, lease) = match is_postgres {
        true => ("bigint", "timestamptz '2026-01-31T12:01:00Z'"),
        false => ("INTEGER", "'2026-01-31T12:01:00.000Z'"),
    };
    place
        .execute(&format!(
            "ALTER TABLE vitec_connect_outbox ADD COLUMN claim {whole};
            ALTER TABLE vitec_connect_outbox ADD COLUMN corrected {whole};
            ALTER TABLE vitec_connect_outbox ADD COLUMN lookup text;
            CREATE INDEX vitec_connect_outbox_lookup ON vitec_connect_outbox (operation, lookup) WHERE lookup IS NOT NULL;
            UPDATE vitec_connect_outbox_meta SET value = '2' WHERE name = 'version';
            UPDATE vitec_connect_outbox SET state = reference, attempt = 3, owner = 1, claim = 1, answer = 'x',
            message = 'y', kind = 'Validation', status = 400, line = 7 WHERE reference IS NOT NULL;
            UPDATE vitec_connect_outbox SET lease_until = {lease} WHERE state = 'sending'"
        ))
        .await;
}

/// Brings it up to date, and opens it.
async fn updated(place: &Place, base_url: &str) -> Outbox {
    Outbox::init(&place.at, &InitOptions::new(base_url)).await.unwrap();
    place.open(base_url).await
}

async fn rows_of_version_2_stay_in_every_state(place: Place) {
    version_2(&place, BASE_URL).await;
    if place.at.starts_with("postgres:") {
        // Nothing but `outbox init` changes them there.
        for base_url in [Some(BASE_URL), None] {
            let error = Outbox::open(&place.at, base_url).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("run `vitec-connect outbox init`"), "{error}");
        }
        place
            .execute("UPDATE vitec_connect_outbox SET lease_until = now() + interval '1 hour' WHERE state = 'sending'")
            .await;
        let error = Outbox::init(&place.at, &InitOptions::new(BASE_URL)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert!(error.to_string().contains("1 rows are under way"), "{error}");
        place
            .execute("UPDATE vitec_connect_outbox SET lease_until = now() - interval '1 hour' WHERE state = 'sending'")
            .await;
    }
    let done = Outbox::init(&place.at, &InitOptions::new(BASE_URL)).await.unwrap();
    assert_eq!(done, [Done::Updated("2".to_owned())]);
    let outbox = place.open(BASE_URL).await;
    // What was under way is unknown, as after any crash.
    assert_eq!(counts(&outbox).await, [1, 0, 2, 1, 2]);
    for row in all(&outbox).await.into_iter().filter(|row| row.reference.is_some()) {
        let was = row.reference.as_deref().unwrap();
        if was != "sending" {
            assert_eq!(row.state.as_str(), was);
            assert_eq!((row.answer.as_deref(), row.message.as_deref()), (Some("x"), Some("y")));
        }
        assert_eq!((row.attempt, row.status, row.line), (3, Some(400), Some(7)));
        let history = outbox.history(row.id).await.unwrap();
        assert_eq!(
            (history[0].state.as_str(), history[0].attempt, &*history[0].who),
            (was, 3, "before version 3")
        );
        assert_eq!(history.last().unwrap().state, row.state);
    }
    let again = vec![
        row("M1", "a"),
        row("M1", "a").reference("accepted "),
        row("M1", "b").reference("rejected"),
    ];
    let again = outbox.enqueue(again).await.unwrap();
    assert!(
        matches!(
            again[..],
            [Enqueued::Known(..), Enqueued::Known(..), Enqueued::Corrected(_)]
        ),
        "{again:?}"
    );
    // What an older program does fails as a whole.
    assert!(
        place
            .try_execute("UPDATE vitec_connect_outbox SET changed_at = changed_at")
            .await
            .is_err()
    );
}

async fn tables_are_made_once_and_brought_up_to_date_once(place: Place) {
    let options = InitOptions::new(BASE_URL);
    assert_eq!(Outbox::init(&place.at, &options).await.unwrap(), [Done::Made]);
    let outbox = place.open(BASE_URL).await;
    outbox.enqueue(vec![row("M1", "a")]).await.unwrap();
    assert_eq!(Outbox::init(&place.at, &options).await.unwrap(), [Done::UpToDate]);
    let accepted = Outbox::init(&place.at, &options.clone().accept_history(true))
        .await
        .unwrap();
    assert_eq!(accepted, [Done::UpToDate, Done::HistoryAccepted]);
    let other = InitOptions::new("https://other.example");
    assert_eq!(
        Outbox::init(&place.at, &other).await.unwrap_err().kind(),
        ErrorKind::OtherBaseUrl
    );
    let kept = Outbox::init(&place.at, &other.keep_base_url(true)).await.unwrap();
    assert_eq!((kept, counts(&outbox).await), (vec![Done::UpToDate], [1, 0, 0, 0, 0]));
}

async fn a_row_of_version_1_is_known(place: Place) {
    version_1(&place, BASE_URL, &["r"]).await;
    let outbox = updated(&place, BASE_URL).await;
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
    let outbox = updated(&place, BASE_URL).await;
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
    let real = updated(&place, BASE_URL).await.enqueue(forms).await.unwrap();
    assert_eq!(would[..4], real[..4]);
    assert!(matches!((&would[4], &real[4]), (Enqueued::New(0), Enqueued::New(_))));
}

async fn a_row_of_version_1_is_delivered(place: Place) {
    let server = Server::start(|_| Reply::ok()).await;
    version_1(&place, &server.url, &["r"]).await;
    let outbox = updated(&place, &server.url).await;
    run(&outbox, &server.url, &options()).await;
    assert_eq!((server.calls(), counts(&outbox).await), (1, [0, 0, 2, 0, 0]));
}
