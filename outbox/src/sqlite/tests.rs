//! What can only be set on the outbox's own connection.

use rusqlite::OpenFlags;
use vitec_connect::LoanPromise;

use super::*;
use crate::row::State;

fn row(number: usize) -> NewRow {
    let promise = LoanPromise::builder()
        .bank(format!("{number} {}", "x".repeat(500)))
        .build();
    NewRow::new("M1".parse().unwrap(), ["4711"], &promise).unwrap()
}

#[tokio::test]
async fn a_commit_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("o.db"), Some("x")).await.unwrap();
    let pragma = |name| {
        store
            .with(|it| it.pragma_query_value(None, name, |row| row.get::<_, i64>(0)))
            .unwrap()
    };
    assert_eq!(pragma("synchronous"), 2);
    assert_eq!(pragma("fullfsync"), 1);
    assert_eq!(pragma("secure_delete"), 1);
    let mode = store.with(|it| it.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)));
    assert_eq!(mode.unwrap(), "wal");
}

#[tokio::test]
async fn a_full_disk_is_said_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("o.db"), Some("x")).await.unwrap();
    store.enqueue((0..10).map(row).collect()).await.unwrap();
    store.with(|it| it.execute_batch("PRAGMA max_page_count = 1")).unwrap();
    let error = store.enqueue((10..200).map(row).collect()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert!(error.to_string().contains("make room"), "{error}");
    assert_eq!(store.counts().await.unwrap().pending, 10, "all of a batch or none");
}

#[tokio::test]
async fn a_file_that_can_only_be_read_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("o.db");
    let writing = Sqlite::open(&path, Some("x")).await.unwrap();
    writing.enqueue(vec![row(1)]).await.unwrap();
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let store = Sqlite::from_connection(connection, path, Some("x")).unwrap();
    assert_eq!(store.counts().await.unwrap().pending, 1);
    let error = store.enqueue(vec![row(2)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly);
}

#[tokio::test]
async fn a_row_is_found_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("o.db"), Some("x")).await.unwrap();
    let plan = |sql: &str| {
        store.with(|it| {
            let mut statement = it.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            steps.collect::<rusqlite::Result<Vec<_>>>()
        })
    };
    for (sql, index) in [
        (sql::FIND, "(operation=? AND key=?)"),
        (sql::FIND, "(operation=? AND lookup=?)"),
        (sql::CLAIM, "(state=? AND customer_id=?)"),
        (sql::RELEASE, "(state=?)"),
        (sql::EXPIRED, "(state=?)"),
        (sql::SUPERSEDED, "PRIMARY KEY (rowid=?)"),
        (sql::CORRECT, "PRIMARY KEY (rowid=?)"),
        (sql::RECORD, "PRIMARY KEY (rowid=?)"),
        (sql::RENEW, "PRIMARY KEY (rowid=?)"),
        (transactions::SIGN[0], "vitec_connect_history_unsigned (who=?)"),
        (transactions::SIGN[1], "vitec_connect_customers_unsigned (who=?)"),
        (sql::HISTORY, "(row_id=?)"),
        (sql::CLAIM_FIRST, "(state=? AND customer_id=?)"),
    ] {
        let plan = plan(sql).unwrap();
        assert!(plan.iter().any(|step| step.contains(index)), "{sql}: {plan:?}");
        assert!(
            !plan.iter().any(|step| step.starts_with("SCAN vitec")),
            "{sql}: {plan:?}"
        );
    }
}

#[tokio::test]
async fn a_file_of_an_older_version_that_can_only_be_read_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("o.db");
    let writing = Sqlite::open(&path, Some("x")).await.unwrap();
    let old = "UPDATE vitec_connect_outbox_meta SET value = '2' WHERE name = 'version'";
    writing.with(|it| it.execute_batch(old)).unwrap();
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let error = Sqlite::from_connection(connection, path, Some("x")).unwrap_err();
    assert!(error.to_string().contains("run `vitec-connect outbox init`"), "{error}");
}

/// Wants a row.
fn claim(claim: i64) -> Exchange {
    Exchange {
        claim,
        wanted: vec![crate::store::Want {
            customer_id: "M1".to_owned(),
            rows: 1,
        }],
        ..Exchange::default()
    }
}

/// Says what became of an attempt.
fn finished(id: i64, attempt: i64, state: State) -> Exchange {
    Exchange {
        finished: vec![crate::store::Finished {
            id,
            attempt,
            state,
            answer: Some("4711".to_owned()),
            message: None,
            kind: None,
            status: None,
            credentials: None,
        }],
        ..Exchange::default()
    }
}

/// Attempt 1 was late; a person had it sent again, and that was rejected and corrected.
#[tokio::test]
async fn a_late_accepted_for_the_old_content_keeps_the_correction_from_being_sent() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("o.db"), Some("x")).await.unwrap();
    let delivery = Arc::new(store.begin_delivery(Duration::from_secs(60)).await.unwrap());
    let new = store.enqueue(vec![row(1).reference("r")]).await.unwrap();
    let [Enqueued::New(id)] = new[..] else {
        panic!("{new:?}")
    };
    for (attempt, state) in [(1, State::Unknown), (2, State::Rejected)] {
        let claimed = store.exchange(&delivery, claim(attempt)).await.unwrap().claimed;
        assert_eq!(claimed[0].attempt, attempt);
        store.exchange(&delivery, finished(id, attempt, state)).await.unwrap();
        if state == State::Unknown {
            store.change(vec![id], Change::Requeue).await.unwrap();
        }
    }
    let corrected = store.enqueue(vec![row(2).reference("r")]).await.unwrap();
    assert_eq!(corrected, [Enqueued::Corrected(id)]);
    // What was rejected stays so for the attempt that it was about.
    let late = store
        .exchange(&delivery, finished(id, 1, State::Rejected))
        .await
        .unwrap();
    assert_eq!(late.recorded, [false]);
    for _ in 0..2 {
        let late = store
            .exchange(&delivery, finished(id, 1, State::Accepted))
            .await
            .unwrap();
        assert_eq!(late.recorded, [true], "also where it is asked again");
    }
    let now = store.list(Filter::default(), 0, 1).await.unwrap().remove(0);
    assert_eq!((now.state, now.answer.as_deref()), (State::Accepted, Some("4711")));
    assert!(now.message.unwrap().contains("the correction was not sent"));
    assert!(store.exchange(&delivery, claim(3)).await.unwrap().claimed.is_empty());
}

/// Attempt 1 was late; a person had it sent again, corrected it before that, and perhaps gave it up.
#[tokio::test]
async fn a_late_accepted_says_that_a_persons_correction_was_not_sent() {
    for is_dropped in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("o.db"), Some("x")).await.unwrap();
        let delivery = Arc::new(store.begin_delivery(Duration::from_secs(60)).await.unwrap());
        store.enqueue(vec![row(1)]).await.unwrap();
        assert_eq!(store.exchange(&delivery, claim(1)).await.unwrap().claimed.len(), 1);
        store.exchange(&delivery, finished(1, 1, State::Unknown)).await.unwrap();
        store.change(vec![1], Change::Requeue).await.unwrap();
        assert!(store.correct(1, "{}".to_owned(), "another".to_owned()).await.unwrap());
        if is_dropped {
            store.change(vec![1], Change::Drop).await.unwrap();
        }
        for _ in 0..2 {
            let late = store
                .exchange(&delivery, finished(1, 1, State::Accepted))
                .await
                .unwrap();
            assert_eq!(late.recorded, [true], "also where it is asked again");
        }
        let now = store.list(Filter::default(), 0, 1).await.unwrap().remove(0);
        assert_eq!((now.state, now.answer.as_deref()), (State::Accepted, Some("4711")));
        assert!(now.message.unwrap().contains("the correction was not sent"));
    }
}
