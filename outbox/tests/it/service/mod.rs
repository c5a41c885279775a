//! The outbox as a service: four followers on one PostgreSQL, programs that enqueue in their own transactions, and everything
//! fails at random. Nothing is doubled, lost, or sent that was rolled back, and each row's history is consistent.
//! `VITEC_CONNECT_SERVICE_SECONDS=600` goes on for ten minutes, `VITEC_CONNECT_SERVICE_SEED=7` is another course of events.

mod check;
mod programs;
mod vitec;

use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::{JoinSet, block_in_place};
use vitec_connect::{Client, Credentials, RetryPolicy};
use vitec_connect_outbox::{Control, End, Outbox, follow};

use self::check::Done;
use self::programs::{Ledger, Work};
use self::vitec::{PATIENCE, Vitec};
use crate::crash;
use crate::postgres::Own;
use crate::stores::options;

const WORKERS: usize = 4;
const CONCURRENCY: usize = 4;
const LEASE: Duration = Duration::from_secs(5);

/// So many rows wait at most: more than can be sent meanwhile are of no use.
const BACKLOG: u64 = 600;

/// How long it may take until nothing is left, after everything works again.
const LIMIT: Duration = Duration::from_secs(120);

/// A follower: it goes on until it is killed, or its input ends.
#[tokio::test]
#[ignore = "a process of its own for the other test"]
async fn worker() {
    let (Ok(at), Ok(url)) = (std::env::var("OUTBOX_AT"), std::env::var("OUTBOX_URL")) else {
        return;
    };
    println!("ready");
    let (ended, mut shutdown) = watch::channel(false);
    std::thread::spawn(move || {
        _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        ended.send_replace(true);
    });
    let outbox = programs::open(&at, &url).await;
    let client = Client::builder()
        .base_url(&url)
        .credentials(Credentials::basic("partner", "secret").unwrap())
        .retry(RetryPolicy::none())
        .attempt_timeout(PATIENCE)
        .build()
        .unwrap();
    let options = options()
        .concurrency(CONCURRENCY)
        .lease(LEASE)
        .initial_backoff(Duration::from_millis(10))
        .give_up_after(4)
        .record_patience(Duration::from_secs(60))
        .poll(Duration::from_millis(100))
        .stuck_pause(Duration::from_millis(500));
    let shutdown = async { _ = shutdown.wait_for(|it| *it).await };
    let summary = follow(&outbox, &client, &options, &Control::default(), shutdown, |_| {}).await;
    let in_order = matches!(&summary, Ok(summary) if matches!(summary.end, End::ShutDown));
    if !in_order {
        eprintln!("{summary:?}");
    }
    // The test's own harness has nobody to tell.
    std::process::exit(i32::from(!in_order));
}

/// The followers, and what is done to them.
struct Service {
    at: String,
    vitec: Vitec,
    workers: Vec<Child>,
    random: fastrand::Rng,
    done: Done,
}

impl Service {
    fn start(&self) -> Child {
        block_in_place(|| crash::start("service::worker", &self.at, &self.vitec.url))
    }

    fn none_has_ended(&mut self) {
        for worker in &mut self.workers {
            assert_eq!(worker.try_wait().unwrap(), None, "a follower goes on");
        }
    }

    /// Kills one, and starts another.
    fn kill(&mut self) {
        let index = self.random.usize(0..WORKERS);
        self.done.kills.push(Instant::now());
        self.workers[index].kill().unwrap();
        block_in_place(|| self.workers[index].wait()).unwrap();
        self.workers[index] = self.start();
    }

    /// Ends one in good order, and starts another.
    fn end(&mut self) {
        let index = self.random.usize(0..WORKERS);
        end(&mut self.workers[index]);
        self.done.ends += 1;
        self.workers[index] = self.start();
    }

    async fn restart(&mut self, database: &mut Own) {
        let (signal, moment) = (self.random.choice(["INT", "QUIT"]).unwrap(), self.random.u64(0..500));
        let from = Instant::now();
        let killed = async {
            tokio::time::sleep(Duration::from_millis(moment)).await;
            self.kill();
        };
        tokio::join!(database.restart(signal), killed);
        self.done.restarts.push((from, Instant::now()));
    }

    /// The server is in trouble for a while.
    async fn outage(&mut self) {
        self.vitec.known(|it| it.is_down(true));
        tokio::time::sleep(Duration::from_millis(self.random.u64(300..2000))).await;
        self.vitec.known(|it| it.is_down(false));
        self.done.outages += 1;
    }

    /// Lets things happen for so long. The programs wait while too much is left to be sent.
    async fn happen(&mut self, database: &mut Own, outbox: &Outbox, length: Duration, work: &watch::Sender<Work>) {
        let begun = Instant::now();
        let times = (length.as_secs() / 60).max(2) as u32;
        let restarts = |done: &Done| done.restarts.len() as u32;
        while begun.elapsed() < length {
            tokio::time::sleep(Duration::from_millis(self.random.u64(100..1200))).await;
            self.none_has_ended();
            let due = length * (restarts(&self.done) + 1) / (times + 1);
            match self.random.u32(0..10) {
                _ if begun.elapsed() >= due && restarts(&self.done) < times => self.restart(database).await,
                0..6 => self.kill(),
                6..8 => self.end(),
                _ => self.outage().await,
            }
            let full = programs::open_rows(outbox).await > BACKLOG;
            work.send_replace(if full { Work::Waits } else { Work::GoesOn });
        }
    }
}

/// It waits for what is under way.
fn end(worker: &mut Child) {
    drop(worker.stdin.take());
    let status = block_in_place(|| worker.wait()).unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_followers_lose_nothing_and_double_nothing_whatever_fails() {
    let number = |name: &str, other| std::env::var(name).map_or(other, |text| text.parse().unwrap());
    let length = Duration::from_secs(number("VITEC_CONNECT_SERVICE_SECONDS", 20));
    let seed = number("VITEC_CONNECT_SERVICE_SEED", 1);
    eprintln!("VITEC_CONNECT_SERVICE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let Some(mut database) = Own::start().await else { return };
    let at = database.place().at;
    let vitec = Vitec::start(seed).await;
    // Its server is started, and may not be ready yet.
    let outbox = programs::open(&at, &vitec.url).await;

    let ledger: Arc<Mutex<Ledger>> = Arc::default();
    let work = watch::Sender::new(Work::GoesOn);
    let mut programs = JoinSet::new();
    for number in 0..3 {
        let (random, ledger) = (random.fork(), Arc::clone(&ledger));
        programs.spawn(programs::program(at.clone(), number, random, ledger, work.subscribe()));
    }
    let person = programs::person(outbox.clone(), vitec.clone(), random.fork(), work.subscribe());
    let person = tokio::spawn(person);
    let mut service = Service {
        at,
        vitec: vitec.clone(),
        workers: Vec::new(),
        random,
        done: Done::default(),
    };
    for _ in 0..WORKERS {
        service.workers.push(service.start());
    }
    service.happen(&mut database, &outbox, length, &work).await;

    work.send_replace(Work::Ends);
    programs.join_all().await;
    person.await.unwrap();
    vitec.known(|it| it.is_well());
    let drained = async {
        while programs::open_rows(&outbox).await > 0 {
            programs::release_all(&outbox, &vitec).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    if tokio::time::timeout(LIMIT, drained).await.is_err() {
        check::left(&outbox).await;
    }
    service.none_has_ended();
    service.workers.iter_mut().for_each(end);
    let ledger = std::mem::take(&mut *ledger.lock().unwrap());
    let known = vitec.known(std::mem::take);
    check::check(&outbox, &ledger, &known, &service.done).await;
}
