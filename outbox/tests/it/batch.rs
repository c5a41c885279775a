//! One file through an outbox: what is said of its rows is what they are.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Mutex;

use vitec_connect_outbox::{
    Batch, DeliverOptions, End, Error, Event, Outbox, ReadOptions, ReportRow, RowReader, Tally,
};

use crate::server::{Reply, Server};
use crate::stores::{Place, both, client, options, row};

both! {
    each_row_is_counted_once_in_its_final_state;
    a_row_that_is_unknown_already_stays_so_and_is_counted;
    a_run_that_is_asked_to_end_says_what_is_left;
}

fn reader(file: &'static str) -> RowReader {
    RowReader::new(file.as_bytes(), &ReadOptions::default()).unwrap()
}

async fn imported(outbox: &Outbox, file: &'static str) -> Batch {
    let mut batch = Batch::new().unwrap();
    batch
        .import(outbox, reader(file), std::future::pending(), |_| {})
        .await
        .unwrap();
    batch
}

async fn delivered(batch: &mut Batch, outbox: &Outbox, url: &str, options: &DeliverOptions) -> End {
    batch
        .deliver(outbox, &client(url), options, std::future::pending(), |_, _| {})
        .await
        .unwrap()
}

/// `accepted rejected unknown pending sending bad known`
fn numbers(tally: &Tally) -> [u64; 7] {
    [
        tally.accepted,
        tally.rejected,
        tally.unknown,
        tally.pending,
        tally.sending,
        tally.bad,
        tally.known,
    ]
}

fn report(batch: &mut Batch) -> Vec<ReportRow> {
    let mut rows = Vec::new();
    batch
        .report::<Error>(|row| {
            rows.push(row.clone());
            Ok(())
        })
        .unwrap();
    rows
}

fn states(batch: &mut Batch) -> Vec<String> {
    report(batch).iter().map(|row| row.state.to_string()).collect()
}

const FILE: &str = "\
customerId,contactId,bank,reference
M1,1,good,r1
M1,2,busy,r2
M1,3,wrong,r3
M1,x/y,b,r4
M1,1,good,r1
M2,1,lost,r6
M3,1,closed,r7
";

async fn each_row_is_counted_once_in_its_final_state(place: Place) {
    let seen = Mutex::new(HashMap::<String, u32>::new());
    let server = Server::start(move |call| {
        let mut seen = seen.lock().unwrap();
        let times = seen.entry(call.bank.clone()).or_default();
        *times += 1;
        match (call.bank.as_str(), *times) {
            ("busy", 1 | 2) => Reply::new(429, "{}"),
            ("wrong", _) => Reply::new(400, "{\"message\":\"no\"}"),
            ("lost", _) => Reply::new(500, "{}"),
            ("closed", _) => Reply::new(403, "{}"),
            _ => Reply::ok(),
        }
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(vec![row("M9", "of another file")]).await.unwrap();
    let mut batch = imported(&outbox, FILE).await;
    let mut most = 0;
    batch
        .deliver(
            &outbox,
            &client(&server.url),
            &options(),
            std::future::pending(),
            |event, progress| {
                if let Event::Row(row) = event {
                    assert_ne!(row.customer_id, "M9", "told of this file's rows only");
                }
                assert!(progress.done <= progress.rows);
                most = most.max(progress.done);
            },
        )
        .await
        .unwrap();
    let tally = batch.tally(Some(&outbox)).await;
    assert_eq!(numbers(&tally), [2, 1, 1, 1, 0, 1, 1], "{tally:?}");
    assert_eq!((tally.exit_status(), tally.stopped, most), (6, 1, 5));
    assert_eq!(batch.others().accepted, 1);
    assert_eq!(
        states(&mut batch),
        [
            "accepted", "accepted", "rejected", "bad", "accepted", "unknown", "pending"
        ]
    );
    let rows = report(&mut batch);
    let bad = &rows[3];
    assert_eq!(
        (bad.line, bad.reference.as_deref(), bad.subject.as_deref(), bad.id),
        (Some(5), Some("r4"), Some("x/y"), None)
    );
    assert_eq!((rows[0].answer.as_deref(), rows[2].status), (Some("4711"), Some(400)));
    // The same file again: nothing is sent, and the same is said.
    let calls = server.calls();
    let mut again = imported(&outbox, FILE).await;
    delivered(&mut again, &outbox, &server.url, &options()).await;
    let tally = again.tally(Some(&outbox)).await;
    assert_eq!(numbers(&tally), [0, 1, 1, 1, 0, 1, 3], "{tally:?}");
    assert_eq!(server.calls(), calls, "the customer is held until somebody releases it");
    assert_eq!(again.held().unwrap()[0].customer_id, "M3");
    assert_eq!(report(&mut again)[0].answer.as_deref(), Some("4711"));
}

async fn a_row_that_is_unknown_already_stays_so_and_is_counted(place: Place) {
    let server = Server::start(|_| Reply::new(500, "{}")).await;
    let outbox = place.open(&server.url).await;
    let file = "customerId,contactId\nM1,1\n";
    for calls in [1, 1] {
        let mut batch = imported(&outbox, file).await;
        delivered(&mut batch, &outbox, &server.url, &options()).await;
        let tally = batch.tally(Some(&outbox)).await;
        assert_eq!((numbers(&tally), tally.exit_status()), ([0, 0, 1, 0, 0, 0, 0], 6));
        assert_eq!(server.calls(), calls);
    }
    let mut batch = imported(&outbox, file).await;
    delivered(&mut batch, &outbox, &server.url, &options().retry_unknown(true)).await;
    assert_eq!(server.calls(), 2);
}

async fn a_run_that_is_asked_to_end_says_what_is_left(place: Place) {
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    let mut batch = imported(&outbox, FILE).await;
    batch
        .deliver(
            &outbox,
            &client(&server.url),
            &options(),
            std::future::ready(()),
            |_, _| {},
        )
        .await
        .unwrap();
    let tally = batch.tally(Some(&outbox)).await;
    assert!(tally.interrupted || tally.pending == 0, "{tally:?}");
    assert_eq!(
        tally.exit_status(),
        if tally.pending > 0 { 130 } else { 2 },
        "{tally:?}"
    );
    // Asked to end while it reads.
    let mut batch = Batch::new().unwrap();
    batch
        .import(&outbox, reader(FILE), std::future::ready(()), |_| {})
        .await
        .unwrap();
    let tally = batch.tally(Some(&outbox)).await;
    assert_eq!((numbers(&tally), tally.exit_status()), ([0; 7], 130));
}

/// The rows of a file that nobody could store are rows all the same.
#[tokio::test]
async fn without_an_outbox_everything_is_to_be_sent() {
    let mut batch = Batch::new().unwrap();
    let read = batch.import_nowhere("not tried: away", reader(FILE), std::future::pending(), |_| {});
    read.await.unwrap();
    let tally = batch.tally(None).await;
    assert_eq!((numbers(&tally), tally.exit_status()), ([0, 0, 0, 6, 0, 1, 0], 5));
    assert_eq!(report(&mut batch)[0].message.as_deref(), Some("not tried: away"));
}

/// A disk that cannot be read on.
struct Torn;

impl Read for Torn {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("torn"))
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_on_is_one_bad_row_more() {
    let place = Place::sqlite();
    let outbox = place.open(crate::stores::BASE_URL).await;
    // More than is read to see what kind of file it is.
    let file = format!(
        "customerId,contactId,bank\n{}",
        format!("M1,1,{:0200}\n", 1).repeat(1000)
    );
    let file = std::io::Cursor::new(file).chain(Torn);
    let reader = RowReader::new(file, &ReadOptions::default()).unwrap();
    let mut batch = Batch::new().unwrap();
    let read = batch.import(&outbox, reader, std::future::pending(), |_| {}).await;
    assert!(read.is_err());
    let tally = batch.tally(Some(&outbox)).await;
    assert_eq!((tally.bad, tally.exit_status()), (1, 5), "{tally:?}");
    let last = report(&mut batch).pop().unwrap();
    assert_eq!(last.line, None);
}

/// What was under way when a program gave up waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_is_broken_off_leaves_its_calls_unknown() {
    let place = Place::sqlite();
    let (begun, mut began) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_| {
        _ = begun.send(());
        Reply::ok().after(std::time::Duration::from_secs(3600))
    })
    .await;
    let outbox = place.open(&server.url).await;
    let mut batch = imported(&outbox, FILE).await;
    let options = options();
    tokio::select! {
        end = delivered(&mut batch, &outbox, &server.url, &options) => panic!("{end:?}"),
        _ = began.recv() => {}
    }
    batch.broken_off(&outbox).await;
    let tally = batch.tally(Some(&outbox)).await;
    assert_eq!(tally.exit_status(), 6, "{tally:?}");
    assert_eq!((tally.unknown + tally.pending, tally.sending), (6, 0), "{tally:?}");
    assert!(tally.unknown > 0, "{tally:?}");
}

#[cfg(feature = "postgres")]
mod others {
    use std::time::Duration;

    use super::*;
    use crate::leases::under_way_at;

    const ONE: &str = "customerId,contactId,bank\nM1,4711,M1-0\n";

    /// The last known state, and what was under way as unknown.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_database_that_is_gone_for_good_leaves_what_was_under_way_unknown() {
        let Some(place) = crate::postgres::place().await else {
            return;
        };
        let place = std::sync::Arc::new(place);
        let (gone, handle) = (std::sync::Arc::clone(&place), tokio::runtime::Handle::current());
        let server = Server::start(move |_| {
            tokio::task::block_in_place(|| handle.block_on(crate::postgres::allow(&gone, false)));
            Reply::ok()
        })
        .await;
        let outbox = place.open(&server.url).await;
        let mut batch = imported(&outbox, "customerId,contactId,bank\nM1,1,a\nM1,2,b\nM1,x/y,c\n").await;
        let end = delivered(&mut batch, &outbox, &server.url, &options()).await;
        assert!(matches!(end, End::Database(_)), "{end:?}");
        let tally = batch.tally(Some(&outbox)).await;
        assert_eq!((numbers(&tally), tally.exit_status()), ([0, 0, 1, 1, 0, 1, 0], 6));
        let message = report(&mut batch)[0].message.clone().unwrap();
        assert!(message.ends_with("which is: accepted"), "{message}");
        crate::postgres::allow(&place, true).await;
    }

    async fn after(place: &Place, lease: &str) {
        let sql =
            format!("UPDATE vitec_connect_rows SET lease_until = now() + interval '{lease}' WHERE state = 'sending'");
        place.execute(&sql).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_dead_one_is_waited_for_until_its_lease_ends() {
        let Some(place) = crate::postgres::place().await else {
            return;
        };
        let (_outbox, delivery, _answer, url) = under_way_at(&place).await;
        delivery.abort();
        after(&place, "1 second").await;
        let mut waits = Vec::new();
        let other = Outbox::open(&place.at, None).await.unwrap();
        let mut batch = imported(&other, ONE).await;
        batch
            .deliver(&other, &client(&url), &options(), std::future::pending(), |event, _| {
                if let Event::Waiting(rows, time) = event {
                    waits.push((rows, time <= Duration::from_secs(1)));
                }
            })
            .await
            .unwrap();
        let tally = batch.tally(Some(&other)).await;
        assert_eq!((numbers(&tally), tally.exit_status()), ([0, 0, 1, 0, 0, 0, 0], 6));
        assert_eq!(waits, [(1, true)], "said once");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_living_one_that_answers_in_time_is_good_news() {
        let Some(place) = crate::postgres::place().await else {
            return;
        };
        let (_outbox, delivery, answer, url) = under_way_at(&place).await;
        let other = Outbox::open(&place.at, None).await.unwrap();
        let mut batch = imported(&other, ONE).await;
        batch
            .deliver(&other, &client(&url), &options(), std::future::pending(), |event, _| {
                if let Event::Waiting(..) = event {
                    answer.send(()).unwrap();
                }
            })
            .await
            .unwrap();
        delivery.await.unwrap();
        let tally = batch.tally(Some(&other)).await;
        assert_eq!((numbers(&tally), tally.exit_status()), ([1, 0, 0, 0, 0, 0, 0], 0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn one_that_lives_on_keeps_its_row() {
        let Some(place) = crate::postgres::place().await else {
            return;
        };
        let (_outbox, delivery, answer, url) = under_way_at(&place).await;
        after(&place, "3 seconds").await;
        let other = Outbox::open(&place.at, None).await.unwrap();
        let mut batch = imported(&other, ONE).await;
        let waits = tokio::sync::Notify::new();
        let (client, options) = (client(&url), options());
        let ended = batch.deliver(&other, &client, &options, std::future::pending(), |event, _| {
            if let Event::Waiting(..) = event {
                waits.notify_one();
            }
        });
        // It renews meanwhile.
        let renewed = async {
            waits.notified().await;
            after(&place, "1 hour").await;
            std::future::pending::<()>().await
        };
        tokio::select! {
            ended = ended => { ended.unwrap(); }
            () = renewed => {}
        }
        let tally = batch.tally(Some(&other)).await;
        assert_eq!((numbers(&tally), tally.exit_status()), ([0, 0, 0, 0, 1, 0, 0], 6));
        answer.send(()).unwrap();
        delivery.await.unwrap();
    }
}
