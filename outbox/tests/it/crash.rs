//! Killed at any moment: nothing is lost, nothing is sent twice, and nothing is unknown but what was under way.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use vitec_connect_outbox::{Event, Outbox, State, deliver};

use crate::server::{Reply, Server};
use crate::stores::{Place, all, client, counts, options, rows, run};

const CONCURRENCY: usize = 4;

/// What is killed: this test binary again, with the place of an outbox in its environment.
#[tokio::test]
#[ignore = "a process of its own for the other tests"]
async fn worker() {
    let (Ok(at), Ok(url)) = (std::env::var("OUTBOX_AT"), std::env::var("OUTBOX_URL")) else {
        return;
    };
    let outbox = Outbox::open(&at, Some(&url)).await.unwrap();
    let (client, options) = (
        client(&url),
        options().concurrency(CONCURRENCY).lease(Duration::from_secs(1)),
    );
    println!("ready");
    deliver(&outbox, &client, &options, std::future::pending(), |event| {
        if let Event::Database(error) = event {
            eprintln!("{error}: {:?}", std::error::Error::source(error));
        }
    })
    .await
    .unwrap();
}

/// Starts a worker, which is a test of this binary, and waits until it has begun. Its input is open until it is dropped.
pub(crate) fn start(worker: &str, at: &str, url: &str) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([worker, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env("OUTBOX_AT", at)
        .env("OUTBOX_URL", url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("ready") {}
    child
}

/// Kills workers at `kills` random moments, drains the rest, and compares with what the server stored.
async fn kill_again_and_again(place: Place, kills: usize, at_a_time: usize) {
    let server = Server::start(|_| Reply::ok().after(Duration::from_millis(1))).await;
    let outbox = place.open(&server.url).await;
    let mut random = fastrand::Rng::with_seed(4711);
    let mut stored = 0;
    let mut unknown = 0;
    for round in 0..kills / at_a_time {
        // Always more than can be sent meanwhile.
        while counts(&outbox).await[0] < 400 {
            outbox.enqueue(rows("M1", stored..stored + 200)).await.unwrap();
            outbox.enqueue(rows("M2", stored..stored + 200)).await.unwrap();
            stored += 200;
        }
        let moment = Duration::from_micros(random.u64(0..40_000));
        let (at, url) = (place.at.clone(), server.url.clone());
        tokio::task::spawn_blocking(move || {
            let mut workers: Vec<_> = (0..at_a_time).map(|_| start("crash::worker", &at, &url)).collect();
            for worker in &mut workers {
                std::thread::sleep(moment);
                worker.kill().unwrap();
                worker.wait().unwrap();
            }
        })
        .await
        .unwrap();
        if place.at.starts_with("postgres:") {
            continue;
        }
        let outbox = place.open(&server.url).await;
        let now = counts(&outbox).await[4];
        assert!(now - unknown <= CONCURRENCY as u64, "round {round}: {unknown} to {now}");
        unknown = now;
    }
    if place.at.starts_with("postgres:") {
        // The leases of those that were killed last.
        tokio::time::sleep(Duration::from_millis(1100)).await;
    }
    run(&outbox, &server.url, &options().concurrency(8)).await;
    let [0, 0, accepted, 0, unknown] = counts(&outbox).await else {
        panic!("{:?}", counts(&outbox).await)
    };
    let rows = all(&outbox).await;
    let mut created_though_unknown = 0;
    server.seen(|seen| {
        for row in &rows {
            let payload: serde_json::Value = serde_json::from_str(row.payload.as_deref().unwrap()).unwrap();
            let count = seen
                .stored
                .get(payload["bank"].as_str().unwrap())
                .copied()
                .unwrap_or_default();
            match row.state {
                State::Accepted => assert_eq!(count, 1, "{row:?}"),
                _ => assert!(count <= 1, "{row:?}"),
            }
            created_though_unknown += u32::from(row.state == State::Unknown && count == 1);
        }
    });
    assert_eq!(rows.len(), 2 * stored, "none is lost");
    assert!(unknown <= (kills * CONCURRENCY) as u64);
    assert!(
        accepted >= kills as u64,
        "{accepted}: the kills came after the work had begun"
    );
    println!("{kills} kills: {accepted} accepted, {unknown} unknown, {created_though_unknown} of them created");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_200_moments_sqlite() {
    kill_again_and_again(Place::sqlite(), 200, 1).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_200_moments_postgres() {
    if let Some(place) = crate::postgres::place().await {
        kill_again_and_again(place, 200, 1).await;
    }
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_and_each_is_killed_postgres() {
    if let Some(place) = crate::postgres::place().await {
        kill_again_and_again(place, 40, 4).await;
    }
}
