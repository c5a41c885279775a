//! What only PostgreSQL has: claims that end, answers that come late, and a database that goes away.

use std::time::Duration;

use vitec_connect_outbox::{End, Enqueued, ErrorKind, Outbox, enqueue_postgres};

use crate::postgres::{allow, connect, place};
use crate::server::{Reply, Server};
use crate::stores::{BASE_URL, Place, all, client, counts, deliver_all, options, row, rows, run};

const LATE: &str = "UPDATE vitec_connect_outbox SET lease_until = now() - interval '1 hour' WHERE state = 'sending'";

/// A delivery whose only call is under way, and what lets it be answered.
async fn under_way(place: &Place) -> (Outbox, tokio::task::JoinHandle<()>, std::sync::mpsc::Sender<()>) {
    let (outbox, delivery, answer, _) = under_way_at(place).await;
    (outbox, delivery, answer)
}

/// The same, and the server that it calls.
pub(crate) async fn under_way_at(
    place: &Place,
) -> (Outbox, tokio::task::JoinHandle<()>, std::sync::mpsc::Sender<()>, String) {
    let (begun, mut began) = tokio::sync::mpsc::unbounded_channel();
    let (answer, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let server = Server::start(move |_| {
        _ = begun.send(());
        _ = tokio::task::block_in_place(|| wait.lock().unwrap().recv());
        Reply::ok()
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..1)).await.unwrap();
    let (delivering, url) = (outbox.clone(), server.url.clone());
    let delivery = tokio::spawn(async move {
        deliver_all(&delivering, &client(&url)).await.unwrap();
    });
    began.recv().await.unwrap();
    (outbox, delivery, answer, server.url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_late_answer_settles_its_own_attempt() {
    let Some(place) = place().await else { return };
    let (outbox, delivery, answer) = under_way(&place).await;
    place.execute(LATE).await;
    // Any other that comes by finds the lease run out.
    let other = Outbox::open(&place.at, None).await.unwrap();
    assert_eq!(counts(&other).await, [0, 0, 0, 0, 1]);
    answer.send(()).unwrap();
    delivery.await.unwrap();
    assert_eq!(counts(&outbox).await, [0, 0, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_late_acceptance_keeps_a_requeued_row_from_being_sent_again() {
    let Some(place) = place().await else { return };
    let (outbox, delivery, answer) = under_way(&place).await;
    place.execute(LATE).await;
    let other = Outbox::open(&place.at, None).await.unwrap();
    let id = all(&other).await[0].id;
    other.requeue(&[id]).await.unwrap();
    // The delivery that is still at it must not take it up a second time before its answer: nor does it, as it has no
    // call to spare for a customer who has not answered yet.
    answer.send(()).unwrap();
    delivery.await.unwrap();
    let row = outbox.row(id).await.unwrap();
    assert_eq!((row.attempt, counts(&outbox).await), (1, [0, 0, 1, 0, 0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_late_answer_does_not_count_for_another_attempt() {
    let Some(place) = place().await else { return };
    let (outbox, delivery, answer) = under_way(&place).await;
    place
        .execute("UPDATE vitec_connect_outbox SET attempt = attempt + 1, owner = 999")
        .await;
    answer.send(()).unwrap();
    delivery.await.unwrap();
    assert_eq!(counts(&outbox).await, [0, 1, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_living_delivery_keeps_its_claims() {
    let Some(place) = place().await else { return };
    let server = Server::start(|_| Reply::ok().after(Duration::from_millis(1500))).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..1)).await.unwrap();
    let (delivering, url) = (outbox.clone(), server.url.clone());
    let delivery = tokio::spawn(async move {
        run(&delivering, &url, &options().lease(Duration::from_millis(600))).await;
    });
    while !delivery.is_finished() {
        let other = Outbox::open(&place.at, None).await.unwrap();
        assert_eq!(counts(&other).await[4], 0, "it is renewed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    delivery.await.unwrap();
    assert_eq!(counts(&outbox).await, [0, 0, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_deliveries_share_the_rows() {
    let Some(place) = place().await else { return };
    let server = Server::start(|_| Reply::ok().after(Duration::from_millis(1))).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..200)).await.unwrap();
    let deliveries: Vec<_> = (0..4)
        .map(|_| {
            let (at, url) = (place.at.clone(), server.url.clone());
            tokio::spawn(async move {
                let outbox = Outbox::open(&at, Some(&url)).await.unwrap();
                run(&outbox, &url, &options()).await.1.len()
            })
        })
        .collect();
    let mut sent = 0;
    for delivery in deliveries {
        sent += delivery.await.unwrap();
    }
    assert_eq!((sent, counts(&outbox).await), (200, [0, 0, 200, 0, 0]));
    assert!(server.seen(|seen| seen.stored.len() == 200 && seen.stored.values().all(|count| *count == 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_goes_away_loses_nothing() {
    let Some(place) = place().await else { return };
    let (reached, mut tenth) = tokio::sync::mpsc::unbounded_channel();
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| {
        if calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 9 {
            _ = reached.send(());
        }
        Reply::ok().after(Duration::from_millis(5))
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..100)).await.unwrap();
    let (delivering, url) = (outbox.clone(), server.url.clone());
    let delivery = tokio::spawn(async move { run(&delivering, &url, &options()).await });
    tenth.recv().await.unwrap();
    allow(&place, false).await;
    let (summary, _) = delivery.await.unwrap();
    let End::Database(error) = summary.end else {
        panic!("{summary:?}")
    };
    assert_eq!(error.kind(), ErrorKind::Gone);
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    let sent = server.calls();
    assert!(sent < 100, "nothing is sent that cannot be recorded");
    allow(&place, true).await;
    place.execute(LATE).await;
    run(&outbox, &server.url, &options()).await;
    let [0, 0, accepted, 0, unknown] = counts(&outbox).await else {
        panic!("{:?}", counts(&outbox).await)
    };
    assert_eq!(accepted + unknown, 100);
    assert!(unknown <= 4, "{unknown}");
    assert!(server.seen(|seen| seen.stored.values().all(|count| *count == 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_comes_back_is_taken_up_again() {
    let Some(place) = place().await else { return };
    let (reached, mut tenth) = tokio::sync::mpsc::unbounded_channel();
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_| {
        if calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 9 {
            _ = reached.send(());
        }
        Reply::ok().after(Duration::from_millis(5))
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..100)).await.unwrap();
    let (delivering, url) = (outbox.clone(), server.url.clone());
    let patient = options().record_patience(Duration::from_secs(60));
    let delivery = tokio::spawn(async move { run(&delivering, &url, &patient).await });
    tenth.recv().await.unwrap();
    allow(&place, false).await;
    allow(&place, true).await;
    assert!(matches!(delivery.await.unwrap().0.end, End::Done));
    assert_eq!(
        counts(&outbox).await,
        [0, 0, 100, 0, 0],
        "even what was claimed and not heard of"
    );
    assert!(server.seen(|seen| seen.stored.values().all(|count| *count == 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_is_stored_with_what_belongs_to_it_or_not_at_all() {
    let Some(place) = place().await else { return };
    let outbox = place.open(BASE_URL).await;
    let mut bank = connect(&place.at).await;
    let transaction = bank.transaction().await.unwrap();
    let new = enqueue_postgres(&transaction, &row("M1", "a")).await.unwrap();
    assert!(matches!(new, Enqueued::New(_)));
    transaction.rollback().await.unwrap();
    assert_eq!(counts(&outbox).await, [0; 5]);
    let transaction = bank.transaction().await.unwrap();
    enqueue_postgres(&transaction, &row("M1", "a")).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(counts(&outbox).await, [1, 0, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_write_rows_delivers_and_who_may_not_make_tables_is_told_who_does() {
    let Some(place) = place().await else { return };
    let role = "DO $$ BEGIN CREATE ROLE teller LOGIN; EXCEPTION WHEN duplicate_object THEN END $$;
        REVOKE CREATE ON SCHEMA public FROM PUBLIC";
    place.execute(role).await;
    let at = place.at.replace("user=postgres", "user=teller");
    let server = Server::start(|_| Reply::ok()).await;
    let refused = Outbox::open(&at, Some(&server.url)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ReadOnly);
    assert!(refused.to_string().contains("who owns them makes them"), "{refused}");
    place.open(&server.url).await;
    let rights = "GRANT SELECT, INSERT, UPDATE ON vitec_connect_outbox TO teller;
        GRANT SELECT ON vitec_connect_outbox_meta TO teller;
        GRANT USAGE ON SEQUENCE vitec_connect_outbox_owner TO teller";
    place.execute(rights).await;
    let outbox = Outbox::open(&at, Some(&server.url)).await.unwrap();
    outbox.enqueue(rows("M1", 0..3)).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    assert_eq!(counts(&outbox).await, [0, 0, 3, 0, 0]);
}

#[tokio::test]
async fn no_error_tells_the_password() {
    let error = Outbox::open(
        "postgres://bank:hush@127.0.0.1:1/outbox?connect_timeout=1&sslmode=disable",
        None,
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gone);
    let told = format!("{error} {error:?}");
    assert!(
        told.contains("postgres://127.0.0.1/outbox") && !told.contains("hush"),
        "{told}"
    );
    let error = Outbox::open("postgres://bank:hush@[::/outbox", None).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hush"));
}
