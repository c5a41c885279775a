//! What only PostgreSQL has: claims that end, answers that come late, and a database that goes away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use vitec_connect_outbox::{End, Enqueued, ErrorKind, Outbox, Resolution, State, enqueue_postgres};

use crate::postgres::{allow, connect, place};
use crate::server::{Reply, Server};
use crate::stores::{BASE_URL, Place, all, client, counts, deliver_all, options, row, rows, run};

const LATE: &str = "UPDATE vitec_connect_rows SET lease_until = now() - interval '1 hour' WHERE state = 'sending'";

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
        .execute("UPDATE vitec_connect_rows SET attempt = attempt + 1, owner = 999")
        .await;
    answer.send(()).unwrap();
    delivery.await.unwrap();
    assert_eq!(counts(&outbox).await, [0, 1, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_living_delivery_keeps_its_claims() {
    let Some(place) = place().await else { return };
    let over = watch::Sender::new(false);
    let waiting = over.clone();
    let server = Server::start(move |_| Reply::ok().until(&waiting)).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..1)).await.unwrap();
    let (delivering, url) = (outbox.clone(), server.url.clone());
    // Long enough for a machine that is busy.
    let options = options().lease(Duration::from_secs(3));
    let delivery = tokio::spawn(async move { run(&delivering, &url, &options).await });
    let database = connect(&place.at).await;
    let mut first = None;
    loop {
        // Any other that comes by looks for leases that have run out.
        let other = Outbox::open(&place.at, None).await.unwrap();
        assert_eq!(counts(&other).await[4], 0, "it is renewed");
        let lease = "SELECT lease_until FROM vitec_connect_rows";
        let row = database.query_one(lease, &[]).await.unwrap();
        let until: Option<std::time::SystemTime> = row.get(0);
        let Some(until) = until else { continue };
        // The first lease is over, and the call goes on.
        if until >= *first.get_or_insert(until) + Duration::from_secs(3) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    over.send_replace(true);
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
    let rights = "GRANT SELECT, INSERT, UPDATE ON vitec_connect_rows TO teller;
        GRANT SELECT, INSERT, UPDATE ON vitec_connect_customers TO teller;
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

/// Rejected, and corrected by a later file; then what was sent first is accepted after all.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_late_acceptance_of_what_was_corrected_since_keeps_the_correction_from_being_sent() {
    let Some(place) = place().await else { return };
    let (begun, mut began) = tokio::sync::mpsc::unbounded_channel();
    let answer = watch::Sender::new(false);
    let (waiting, is_first) = (answer.clone(), AtomicBool::new(true));
    let server = Server::start(move |_| match is_first.swap(false, Ordering::SeqCst) {
        true => {
            _ = begun.send(());
            Reply::ok().until(&waiting)
        }
        false => Reply::new(400, "{}"),
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(vec![row("M1", "old").reference("r")]).await.unwrap();
    let (delivering, url) = (outbox.clone(), server.url.clone());
    let delivery = tokio::spawn(async move { run(&delivering, &url, &options()).await });
    began.recv().await.unwrap();
    place.execute(LATE).await;
    // A person says that it is not there, and it is sent again, by another.
    let other = Outbox::open(&place.at, Some(&server.url)).await.unwrap();
    let id = all(&other).await[0].id;
    other.resolve(&[id], Resolution::NotSent).await.unwrap();
    run(&other, &server.url, &options()).await;
    assert_eq!(counts(&other).await, [0, 0, 0, 1, 0]);
    let corrected = other.enqueue(vec![row("M1", "new").reference("r")]).await.unwrap();
    assert_eq!(corrected, [Enqueued::Corrected(id)]);
    // The person's word, and the correction: the first delivery must not take the row up before its answer is in.
    answer.send_replace(true);
    let (_, sent) = delivery.await.unwrap();
    assert_eq!(
        (sent[0].state, sent[0].answer.as_deref()),
        (State::Accepted, Some("4711"))
    );
    let row = outbox.row(id).await.unwrap();
    assert_eq!((row.state, row.answer.as_deref()), (State::Accepted, Some("4711")));
    let message = row.message.unwrap();
    assert!(message.contains("the correction was not sent"), "{message}");
    run(&outbox, &server.url, &options()).await;
    assert_eq!(server.calls(), 2, "the correction is not sent");
}

/// Waits until somebody waits for a lock.
async fn somebody_waits(database: &tokio_postgres::Client) {
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while database.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A rejected row is found, and changed by others before it takes the correction.
async fn between_finding_and_correcting(what: &str) -> (Enqueued, Outbox) {
    let place = place().await.unwrap();
    let outbox = place.open(BASE_URL).await;
    let rows = vec![row("M1", "old").reference("r"), row("M1", "new")];
    outbox.enqueue(rows).await.unwrap();
    place
        .execute("UPDATE vitec_connect_rows SET state = 'rejected' WHERE reference = 'r'")
        .await;
    let (other, watching) = (connect(&place.at).await, connect(&place.at).await);
    // The lock keeps nobody from looking at the row.
    let lock = "BEGIN; SELECT id FROM vitec_connect_rows WHERE reference = 'r' FOR NO KEY UPDATE";
    other.batch_execute(lock).await.unwrap();
    let correcting = outbox.clone();
    let correction = tokio::spawn(async move { correcting.enqueue(vec![row("M1", "new").reference("r")]).await });
    somebody_waits(&watching).await;
    let change = format!("UPDATE vitec_connect_rows SET {what} WHERE reference = 'r'; COMMIT");
    other.batch_execute(&change).await.unwrap();
    (correction.await.unwrap().unwrap().remove(0), outbox)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_sent_meanwhile_is_not_corrected() {
    if place().await.is_none() {
        return;
    }
    let sent = "state = 'sending', attempt = 1, lease_until = now() + interval '1 hour'";
    let (enqueued, outbox) = between_finding_and_correcting(sent).await;
    assert!(
        matches!(enqueued, Enqueued::OtherContent(_, State::Sending)),
        "{enqueued:?}"
    );
    let row = &all(&outbox).await[0];
    assert_eq!(
        (row.state, row.payload.as_deref()),
        (State::Sending, Some(r#"{"bank":"old"}"#))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_others_correct_alike_meanwhile_is_corrected_once() {
    if place().await.is_none() {
        return;
    }
    // What the other one corrected was sent, and rejected again. The row without a reference has the same content.
    let corrected = "(content_hash, payload, attempt) = (SELECT content_hash, payload, 2 FROM vitec_connect_rows
        WHERE reference IS NULL)";
    let (enqueued, outbox) = between_finding_and_correcting(corrected).await;
    assert!(matches!(enqueued, Enqueued::Known(_, State::Rejected)), "{enqueued:?}");
    assert_eq!(counts(&outbox).await, [1, 0, 0, 1, 0], "nothing is sent again");
}
