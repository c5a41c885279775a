//! A database that fails: clear errors, nothing lost, nothing sent that cannot be recorded.

use std::sync::Arc;
use std::time::Duration;

use vitec_connect_outbox::{End, ErrorKind, Event, Outbox, deliver};

use crate::server::{Reply, Server};
use crate::stores::{BASE_URL, Place, client, counts, deliver_all, options, rows, run};

#[tokio::test(flavor = "multi_thread")]
async fn one_process_delivers_at_a_time() {
    let place = Place::sqlite();
    let (begun, mut began) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_| {
        _ = begun.send(());
        Reply::ok().after(Duration::from_secs(2))
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..1)).await.unwrap();
    let (first, url) = (outbox.clone(), server.url.clone());
    let first = tokio::spawn(async move { deliver_all(&first, &client(&url)).await });
    began.recv().await.unwrap();
    let second = place.open(&server.url).await;
    assert_eq!(counts(&second).await, [0, 1, 0, 0, 0], "looking does no harm");
    let error = deliver_all(&second, &client(&server.url)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("outbox.db"), "{error}");
    first.await.unwrap().unwrap();
    assert_eq!((server.calls(), counts(&outbox).await), (1, [0, 0, 1, 0, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_delivery_leaves_what_was_under_way_unknown() {
    let place = Place::sqlite();
    let (begun, mut began) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_| {
        _ = begun.send(());
        Reply::ok().after(Duration::from_secs(60))
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..3)).await.unwrap();
    let (first, url) = (outbox.clone(), server.url.clone());
    let first = tokio::spawn(async move { deliver_all(&first, &client(&url)).await });
    began.recv().await.unwrap();
    first.abort();
    _ = first.await;
    let again = place.open(&server.url).await;
    assert_eq!(counts(&again).await, [2, 0, 0, 0, 1]);
}

/// The database refuses results from now on, as a full disk would.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_stops_the_run_and_ends_as_unknown() {
    let place = Arc::new(Place::sqlite());
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..50)).await.unwrap();
    place
        .execute(
            "CREATE TRIGGER fails BEFORE UPDATE OF state ON vitec_connect_rows WHEN new.state = 'accepted'
             BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .await;
    let mut told = 0;
    let (client, options) = (client(&server.url), options());
    let summary = deliver(&outbox, &client, &options, std::future::pending(), |event| {
        told += usize::from(matches!(event, Event::Database(_)));
    })
    .await
    .unwrap();
    assert!(matches!(summary.end, End::Database(_)), "{summary:?}");
    assert!(told > 0);
    assert_eq!(server.calls(), 1, "nothing more is sent");
    place.execute("DROP TRIGGER fails").await;
    run(&outbox, &server.url, &options).await;
    assert_eq!(counts(&outbox).await, [0, 0, 49, 0, 1]);
    assert_eq!(server.calls(), 50, "it is not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_is_waited_for_and_then_said() {
    let place = Place::sqlite();
    let outbox = place.open(BASE_URL).await;
    let mut other = rusqlite::Connection::open(&place.at).unwrap();
    let lock = other
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .unwrap();
    let error = outbox.enqueue(rows("M1", 0..1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(error.to_string().contains("another program"), "{error}");
    lock.rollback().unwrap();
    outbox.enqueue(rows("M1", 0..1)).await.unwrap();
}

#[tokio::test]
async fn what_is_no_outbox_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "Dear Sir or Madam, this is no database at all. ".repeat(100)).unwrap();
    let error = Outbox::open_sqlite(&path, Some(BASE_URL)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
    let path = folder.path().join("other.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    let error = Outbox::open_sqlite(&path, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::sqlite();
    let outbox = place.open(BASE_URL).await;
    outbox.enqueue(rows("M1", 0..1)).await.unwrap();
    let files = ["", "-wal", "-shm", ".lock"].map(|end| format!("{}{end}", place.at));
    let modes = || {
        let mode = |file| std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
        files.each_ref().map(mode)
    };
    assert_eq!(modes(), [0o600; 4]);
    // As they were made by other means, or copied.
    let widen = || {
        for file in &files {
            std::fs::set_permissions(file, PermissionsExt::from_mode(0o664)).unwrap();
        }
    };
    for base_url in [Some(BASE_URL), None] {
        widen();
        let _second = Outbox::open(&place.at, base_url).await.unwrap();
        assert_eq!(modes(), [0o600; 4], "{base_url:?}");
    }
    // A file with tables of somebody else's is theirs.
    place.execute("CREATE TABLE decisions (id INTEGER PRIMARY KEY)").await;
    widen();
    place.open(BASE_URL).await;
    assert_eq!(modes(), [0o664; 4]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_with_a_second_name_is_refused() {
    let place = Place::sqlite();
    place.open(BASE_URL).await;
    let other = format!("{}.copy", place.at);
    std::fs::hard_link(&place.at, &other).unwrap();
    for (path, base_url) in [(&place.at, Some(BASE_URL)), (&other, Some(BASE_URL)), (&other, None)] {
        let error = Outbox::open(path, base_url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        assert!(error.to_string().contains("hard link"), "{error}");
    }
    std::fs::remove_file(other).unwrap();
    place.open(BASE_URL).await;
}

/// What happens to the file while it is used.
#[cfg(unix)]
async fn meanwhile(what: impl Fn(&str)) -> (Place, Outbox, Server, vitec_connect_outbox::Summary) {
    let (begun, mut began) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_| {
        _ = begun.send(());
        Reply::ok().after(Duration::from_millis(50))
    })
    .await;
    let place = Place::sqlite();
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..50)).await.unwrap();
    let (delivering, url) = (outbox.clone(), server.url.clone());
    let delivery = tokio::spawn(async move { deliver_all(&delivering, &client(&url)).await.unwrap() });
    began.recv().await.unwrap();
    what(&place.at);
    let summary = delivery.await.unwrap();
    let End::Database(error) = &summary.end else {
        panic!("{summary:?}")
    };
    assert_eq!(error.kind(), ErrorKind::File, "{error}");
    let error = outbox.enqueue(rows("M2", 0..1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    (place, outbox, server, summary)
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_second_name_that_comes_while_it_is_used_ends_the_run_and_results_are_kept() {
    let (_, outbox, server, summary) = meanwhile(|at| std::fs::hard_link(at, format!("{at}.copy")).unwrap()).await;
    assert_eq!(server.calls(), 1, "nothing more is claimed");
    assert_eq!((summary.results.accepted, summary.unrecorded.len()), (1, 0));
    assert_eq!(counts(&outbox).await, [49, 0, 1, 0, 0]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_taken_away_while_it_is_used_ends_the_run() {
    let away = |at: &str| std::fs::rename(at, format!("{at}.away")).unwrap();
    let replaced = |at: &str| {
        away(at);
        std::fs::write(at, "").unwrap();
    };
    for what in [&away as &dyn Fn(&str), &replaced] {
        let (place, _, server, summary) = meanwhile(what).await;
        assert_eq!(server.calls(), 1, "nothing more is claimed");
        let unrecorded = &summary.unrecorded[0];
        assert_eq!(
            (unrecorded.state, &*unrecorded.customer_id),
            (vitec_connect_outbox::State::Accepted, "M1")
        );
        // Put back, it knows what was under way.
        std::fs::rename(format!("{}.away", place.at), &place.at).unwrap();
        let outbox = place.open(&server.url).await;
        assert_eq!(counts(&outbox).await, [49, 0, 0, 0, 1]);
    }
}
