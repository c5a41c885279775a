//! PostgreSQL goes away in the middle of a delivery, in every way: nothing is sent twice, nothing is lost, and what is
//! told is what is stored. `VITEC_CONNECT_OUTAGES=50` runs that many, `VITEC_CONNECT_OUTAGES_SEED=7` begins with that one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use vitec_connect_outbox::{DeliverOptions, End, Error, ErrorKind, Event, Outbox, Sent, State, Summary, deliver};

use crate::postgres::place;
use crate::proxy::{Commit, Network, Proxy};
use crate::server::{Call, Reply, Server};
use crate::stores::{Place, all, client, counts, options, row, run};

/// A delivery that has not ended by then never will.
const LIMIT: Duration = Duration::from_secs(90);

/// What a promise is answered with at last, by its number: seven of ten are accepted.
fn status(number: usize) -> u16 {
    match number % 10 {
        3 => 400,
        7 => 500,
        _ => 200,
    }
}

fn state(status: u16) -> State {
    match status {
        200 => State::Accepted,
        400 => State::Rejected,
        _ => State::Unknown,
    }
}

/// A delivery that is watched: a server that counts what it is asked, and a network that can fail.
struct Watched {
    place: Place,
    proxy: Proxy,
    server: Server,
    /// The statuses that each promise was answered with.
    answers: Arc<Mutex<BTreeMap<usize, Vec<u16>>>>,
    posts: watch::Sender<u32>,
    rows: usize,
}

impl Watched {
    /// Calls with these numbers are told to wait a second.
    async fn new(place: Place, rows: usize, full: &'static [u32]) -> Self {
        let answers: Arc<Mutex<BTreeMap<usize, Vec<u16>>>> = Arc::default();
        let posts = watch::Sender::new(0);
        let (seen, counted) = (Arc::clone(&answers), posts.clone());
        let server = Server::start(move |call: &Call| {
            let number = call.bank.parse().unwrap();
            counted.send_modify(|it| *it += 1);
            let status = match full.contains(&*counted.borrow()) {
                true => 429,
                false => status(number),
            };
            seen.lock().unwrap().entry(number).or_default().push(status);
            let headers = if status == 429 { "Retry-After: 1\r\n" } else { "" };
            let body = if status == 200 { "\"4711\"" } else { "" };
            Reply::new(status, body)
                .headers(headers)
                .after(Duration::from_millis(5))
        })
        .await;
        let outbox = place.open(&server.url).await;
        let each = (0..rows).map(|number| row(["M1", "M2", "S3"][number % 3], &number.to_string()));
        outbox.enqueue(each.collect()).await.unwrap();
        let proxy = Proxy::before(&place).await;
        Self {
            place,
            proxy,
            server,
            answers,
            posts,
            rows,
        }
    }

    /// Until the server was asked so often.
    async fn post(&self, number: u32) {
        self.posts.subscribe().wait_for(|it| *it >= number).await.unwrap();
    }

    /// Until so many calls are over and recorded, and none is under way.
    async fn quiet(&self, number: u64) {
        let outbox = Outbox::open(&self.place.at, None).await.unwrap();
        loop {
            let [_, sending, accepted, rejected, unknown] = counts(&outbox).await;
            if sending == 0 && accepted + rejected + unknown >= number {
                return;
            }
        }
    }

    /// Delivers over the network that fails. Where it fails at the start nothing was sent, and a person tries again.
    async fn deliver(&self, options: &DeliverOptions) -> (Summary, Vec<Sent>) {
        let delivery = async {
            loop {
                match self.try_to_deliver(options).await {
                    Ok(delivery) => return delivery,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Gone, "{error:?}"),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), delivery)
            .await
            .expect("it ends")
    }

    async fn try_to_deliver(&self, options: &DeliverOptions) -> Result<(Summary, Vec<Sent>), Error> {
        let outbox = Outbox::open(&self.proxy.url(), Some(&self.server.url)).await?;
        let mut sent = Vec::new();
        let client = client(&self.server.url);
        let summary = deliver(&outbox, &client, options, std::future::pending(), |event| {
            if let Event::Row(row) = event {
                sent.push(row.clone());
            }
        });
        let summary = summary.await?;
        Ok((summary, sent))
    }

    /// Delivers while something happens, and checks what has become of it all.
    async fn through(&self, options: &DeliverOptions, fault: impl Future<Output = ()>) {
        let both = async { tokio::join!(self.deliver(options), fault) };
        let (delivery, ()) = tokio::time::timeout(LIMIT, both).await.expect("it ends");
        self.check(&[delivery]).await;
    }

    async fn check(&self, deliveries: &[(Summary, Vec<Sent>)]) {
        let mut states: BTreeMap<i64, State> = BTreeMap::new();
        let mut told = [0; 5];
        for (summary, sent) in deliveries {
            assert!(matches!(summary.end, End::Done), "{summary:?}");
            for row in sent.iter().filter(|row| row.state != State::Pending) {
                assert_eq!(states.insert(row.id, row.state), None, "told once: {row:?}");
            }
            for (count, state) in told.iter_mut().zip(State::ALL) {
                *count += summary.results.of(state);
            }
        }
        let rows = all(&Outbox::open(&self.place.at, None).await.unwrap()).await;
        assert_eq!(rows.len(), self.rows);
        let answers = self.answers.lock().unwrap();
        let mut stored = [0; 5];
        for row in rows {
            let payload: serde_json::Value = serde_json::from_str(row.payload.as_deref().unwrap()).unwrap();
            let number: usize = payload["bank"].as_str().unwrap().parse().unwrap();
            let posts: Vec<u16> = answers.get(&number).into_iter().flatten().copied().collect();
            let done: Vec<u16> = posts.iter().copied().filter(|status| *status != 429).collect();
            assert_eq!(done, [status(number)], "posted once: {row:?}");
            assert_eq!(row.state, state(status(number)), "{row:?}");
            assert_eq!(states.get(&row.id), Some(&row.state), "told: {row:?}");
            for (count, state) in stored.iter_mut().zip(State::ALL) {
                *count += u64::from(row.state == state);
            }
        }
        assert_eq!(told[2..], stored[2..], "the summary says what is stored");
    }
}

/// Calls are held back, as they are where the trouble was: for a rate, or because the server asked for a pause.
fn held_back(rate: f64) -> DeliverOptions {
    options()
        .concurrency(64)
        .rate(rate)
        .lease(Duration::from_secs(4))
        .record_patience(Duration::from_secs(60))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_while_a_rate_holds_calls_back() {
    let Some(place) = place().await else { return };
    let watched = Watched::new(place, 30, &[]).await;
    watched
        .through(&held_back(10.0), async {
            watched.quiet(5).await;
            watched.proxy.outage(Duration::from_millis(700)).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_while_a_pause_holds_calls_back() {
    let Some(place) = place().await else { return };
    let watched = Watched::new(place, 30, &[5]).await;
    watched
        .through(&held_back(1000.0), async {
            watched.post(5).await;
            watched.quiet(4).await;
            watched.proxy.outage(Duration::from_millis(1500)).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_lost_or_not_heard_of_or_lands_late() {
    let mut each = tokio::task::JoinSet::new();
    for what in [Commit::Lost, Commit::Unheard, Commit::Late(Duration::from_millis(500))] {
        // Of the first claim (others open the outbox and begin), of a result, of one with a claim.
        for (post, after) in [(0, 4), (1, 0), (5, 0), (5, 1)] {
            let Some(place) = place().await else { return };
            each.spawn(async move {
                let watched = Watched::new(place, 12, &[]).await;
                let fault = async {
                    watched.post(post).await;
                    watched.proxy.commit(after, what);
                    watched.proxy.over(1).await;
                };
                watched.through(&held_back(50.0), fault).await;
            });
        }
    }
    each.join_all().await;
}

/// One row, answered 400: it was said to be none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_whose_commit_was_not_heard_of_is_told_all_the_same() {
    let Some(place) = place().await else { return };
    let watched = Watched::new(place, 4, &[]).await;
    watched
        .through(&held_back(1000.0).concurrency(1), async {
            watched.post(4).await;
            watched.proxy.commit(0, Commit::Unheard);
            watched.proxy.over(1).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silence_in_the_middle() {
    let Some(place) = place().await else { return };
    let watched = Watched::new(place, 20, &[]).await;
    watched
        .through(&held_back(50.0), async {
            watched.post(5).await;
            watched.proxy.is(Network::Silent);
            tokio::time::sleep(Duration::from_millis(700)).await;
            watched.proxy.is(Network::Works);
        })
        .await;
}

/// By a seed: what happens when, how long, to how many deliveries.
async fn by_chance(place: Place, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let full: &[u32] = random.choice([&[][..], &[4], &[3, 12], &[8, 9, 10]].iter()).unwrap();
    let watched = Watched::new(place, random.usize(20..50), full).await;
    let options = held_back(random.choice([10.0, 30.0, 1000.0]).unwrap());
    let alone = random.bool();
    let faults = async {
        let mut post = 0;
        for over in 1..=random.u32(1..4) {
            post += random.u32(1..10);
            // There may be none so late.
            let reached = tokio::time::timeout(Duration::from_secs(2), watched.post(post));
            _ = reached.await;
            let length = Duration::from_millis(random.u64(200..3000));
            let what = match random.u32(0..5) {
                0 => Commit::Lost,
                1 => Commit::Unheard,
                2 => Commit::Late(length),
                3 => {
                    watched.proxy.is(Network::Silent);
                    tokio::time::sleep(length).await;
                    watched.proxy.is(Network::Works);
                    continue;
                }
                _ => {
                    watched.proxy.outage(length).await;
                    continue;
                }
            };
            watched.proxy.commit(random.u32(0..3), what);
            _ = tokio::time::timeout(Duration::from_secs(2), watched.proxy.over(over)).await;
        }
    };
    // A second delivery has nothing to do with the outages.
    match alone {
        true => watched.through(&options, faults).await,
        false => {
            let other = Outbox::open(&watched.place.at, None).await.unwrap();
            let other = run(&other, &watched.server.url, &options);
            let all = async { tokio::join!(watched.deliver(&options), other, faults) };
            let (one, other, ()) = tokio::time::timeout(LIMIT, all).await.expect("it ends");
            watched.check(&[one, other]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outages_by_chance() {
    let number = |name: &str, other| std::env::var(name).map_or(other, |text| text.parse().unwrap());
    let (runs, first) = (
        number("VITEC_CONNECT_OUTAGES", 3),
        number("VITEC_CONNECT_OUTAGES_SEED", 1),
    );
    for seed in first..first + runs {
        let Some(place) = place().await else { return };
        eprintln!("VITEC_CONNECT_OUTAGES_SEED={seed}");
        by_chance(place, seed).await;
    }
}
