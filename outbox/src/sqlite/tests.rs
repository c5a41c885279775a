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
