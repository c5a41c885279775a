//! What can only be set on the outbox's own connection.

use rusqlite::OpenFlags;
use vitec_connect::LoanPromise;

use super::*;

fn row(number: usize) -> NewRow {
    let promise = LoanPromise::builder()
        .bank(format!("{number} {}", "x".repeat(500)))
        .build();
    NewRow::loan_promise("M1".parse().unwrap(), "4711".parse().unwrap(), &promise).unwrap()
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
        (sql::RECORD, "PRIMARY KEY (rowid=?)"),
        (sql::RENEW, "PRIMARY KEY (rowid=?)"),
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
async fn a_file_of_version_1_that_can_only_be_read_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("o.db");
    let writing = Sqlite::open(&path, Some("x")).await.unwrap();
    writing.enqueue(vec![row(1)]).await.unwrap();
    let old = "DROP INDEX vitec_connect_outbox_lookup;
        ALTER TABLE vitec_connect_outbox DROP COLUMN lookup;
        ALTER TABLE vitec_connect_outbox DROP COLUMN claim;
        UPDATE vitec_connect_outbox_meta SET value = '1' WHERE name = 'version'";
    writing.with(|it| it.execute_batch(old)).unwrap();
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let store = Sqlite::from_connection(connection, path, Some("x")).unwrap();
    assert_eq!(store.list(None, 0, 10).await.unwrap().len(), 1);
    assert_eq!(store.standing(vec![1, 2]).await.unwrap().len(), 1);
    let error = store.enqueue(vec![row(2)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly);
}
