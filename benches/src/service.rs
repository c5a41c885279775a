//! The outbox as a service: how long it takes from the commit of a promise to its POST, whether rows of a customer that is
//! held slow the others, and what memory a follower takes over many rows. The follower is the program itself.

use std::env;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_postgres::{Client, NoTls};
use vitec_connect::{CustomerId, LoanPromise};
use vitec_connect_outbox::{NewRow, Outbox};

use crate::{Result, server};

/// What the programs of others call.
const ENQUEUE: &str = "SELECT vitec_connect_enqueue_loan_promise($1, $2, $3::text::jsonb, NULL)";

/// How many rows are stored in one transaction where that is not what is measured.
const TOGETHER: usize = 500;

pub(crate) fn report(program: &str, postgres: Option<&str>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut places = vec![("SQLite", Database::Sqlite)];
        if let Some(url) = postgres {
            places.push(("PostgreSQL", Database::Postgres(url.to_owned())));
        }
        println!("\n| from the commit to the POST | rows | median, ms | 99th percentile, ms | longest, ms |");
        println!("|---|--:|--:|--:|--:|");
        for (poll, rows) in [("1s", 200), ("100ms", 1000)] {
            // Both at once: they wait more than they work.
            let each = places.iter().map(|(name, database)| {
                let (database, program) = (database.clone(), program.to_owned());
                let took = tokio::spawn(async move { latencies(&database, &program, poll, rows).await });
                (name, took)
            });
            for (name, took) in each.collect::<Vec<_>>() {
                let mut took = took.await??;
                took.sort();
                let of = |part: usize| took[(took.len() * part).div_ceil(100) - 1].as_secs_f64() * 1e3;
                let (median, most, longest) = (of(50), of(99), of(100));
                println!("| {name}, `--poll {poll}` | {rows} | {median:.1} | {most:.1} | {longest:.1} |");
            }
        }
        println!("\n| 1,000 rows of 10 customers | s | with 10,000 of one that is held, s |\n|---|--:|--:|");
        for (name, database) in &places {
            let mut took = [Vec::new(), Vec::new()];
            for _ in 0..11 {
                for (held, took) in [0, 10_000].into_iter().zip(&mut took) {
                    took.push(beside_held(database, program, held).await?);
                }
            }
            let [without, with] = took.map(|mut took| {
                took.sort();
                took[5].as_secs_f64()
            });
            println!("| {name} | {without:.2} | {with:.2} |");
        }
        println!("\n| a follower over | its peak memory, MB | s |\n|---|--:|--:|");
        for (name, database) in &places {
            for rows in [1, 100_000] {
                let (peak, took) = memory(database, program, rows).await?;
                println!("| {rows} rows, {name} | {peak:.1} | {:.1} |", took.as_secs_f64());
            }
        }
        Ok(())
    })
}

#[derive(Clone)]
enum Database {
    Sqlite,
    /// The URL of one in which others can be made.
    Postgres(String),
}

/// An outbox of its own, and a server that says when which promise came, by its bank.
struct Bench {
    at: String,
    outbox: Outbox,
    arrivals: UnboundedReceiver<(String, Instant)>,
    url: String,
    /// Where a program of others enqueues.
    client: Option<Client>,
    _folder: TempDir,
}

impl Bench {
    async fn new(database: &Database) -> Result<Self> {
        let (heard, arrivals) = unbounded_channel();
        let url = server::hear(move |body| {
            let now = Instant::now();
            let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
            // Nobody listens any more where the measurement is over.
            let _ = heard.send((body["bank"].as_str().unwrap_or_default().to_owned(), now));
        })?;
        let program = env::current_exe()?;
        let folder = tempfile::tempdir_in(program.parent().ok_or("no folder")?)?;
        let at = match database {
            Database::Sqlite => folder.path().join("outbox.db").display().to_string(),
            Database::Postgres(admin) => {
                let name = format!("bench_{}", fastrand::u64(..));
                connect(admin)
                    .await?
                    .batch_execute(&format!("CREATE DATABASE {name}"))
                    .await?;
                admin.replace("postgres:///postgres?", &format!("postgres:///{name}?"))
            }
        };
        let outbox = Outbox::open(&at, Some(&url)).await?;
        let client = match database {
            Database::Sqlite => None,
            Database::Postgres(_) => Some(connect(&at).await?),
        };
        Ok(Self {
            at,
            outbox,
            arrivals,
            url,
            client,
            _folder: folder,
        })
    }

    /// As a program does that stores one promise.
    async fn enqueue(&self, mark: &str) -> Result<()> {
        match &self.client {
            Some(client) => {
                let body = format!(r#"{{"bank": "{mark}"}}"#);
                client.query_one(ENQUEUE, &[&"M30011", &"4711", &body]).await?;
            }
            None => {
                self.outbox.enqueue(vec![row("M30011", mark)?]).await?;
            }
        }
        Ok(())
    }

    /// For so many customers, in turns.
    async fn enqueue_many(&self, customers: usize, rows: usize) -> Result<()> {
        let numbers: Vec<usize> = (0..rows).collect();
        for numbers in numbers.chunks(TOGETHER) {
            let rows = numbers
                .iter()
                .map(|number| row(&format!("M{}", 30000 + number % customers), &number.to_string()));
            self.outbox.enqueue(rows.collect::<Result<_>>()?).await?;
        }
        Ok(())
    }

    fn follow(&self, program: &str, poll: &str) -> Result<Follower> {
        let child = Command::new(program)
            .args(["outbox", "deliver", "--follow", "--poll", poll])
            .args(["--outbox", &self.at, "--base-url", &self.url])
            .env("VITEC_CONNECT_USERNAME", "partner")
            .env("VITEC_CONNECT_PASSWORD", "secret")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Follower(child))
    }

    async fn next(&mut self) -> Result<(String, Instant)> {
        Ok(self.arrivals.recv().await.ok_or("the server is gone")?)
    }

    /// When the last of so many came.
    async fn last_of(&mut self, rows: usize) -> Result<Instant> {
        let mut last = Instant::now();
        for _ in 0..rows {
            last = self.next().await?.1;
        }
        Ok(last)
    }
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn row(customer: &str, mark: &str) -> Result<NewRow> {
    let promise = LoanPromise::builder().bank(mark).build();
    Ok(NewRow::new(customer.parse()?, ["4711"], &promise)?)
}

/// Killed where it is dropped.
struct Follower(Child);

impl Follower {
    /// The most memory that it had, in MB.
    fn peak(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmHWM")?;
        Ok(kilobytes.parse::<f64>()? / 1024.0)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One promise after the other, each at any moment between two looks of a follower that has nothing else to do.
async fn latencies(database: &Database, program: &str, poll: &str, rows: usize) -> Result<Vec<Duration>> {
    let mut bench = Bench::new(database).await?;
    let _follower = bench.follow(program, poll)?;
    bench.enqueue("first").await?;
    bench.next().await?;
    let between = if poll == "1s" { 2.0 } else { 0.2 };
    let mut took = Vec::new();
    for number in 0..rows {
        tokio::time::sleep(Duration::from_secs_f64(between * fastrand::f64())).await;
        let mark = number.to_string();
        bench.enqueue(&mark).await?;
        let committed = Instant::now();
        let (arrived, at) = bench.next().await?;
        if arrived != mark {
            return Err(format!("{arrived} came instead of {mark}").into());
        }
        took.push(at.saturating_duration_since(committed));
    }
    Ok(took)
}

/// From the start of a follower until the last row was sent that may be.
async fn beside_held(database: &Database, program: &str, held: usize) -> Result<Duration> {
    let mut bench = Bench::new(database).await?;
    let customer: CustomerId = "M1".parse()?;
    bench.outbox.hold(&[customer], None).await?;
    for number in (0..held).step_by(TOGETHER) {
        let rows = (number..number + TOGETHER).map(|number| row("M1", &format!("held {number}")));
        bench.outbox.enqueue(rows.collect::<Result<_>>()?).await?;
    }
    bench.enqueue_many(10, 1000).await?;
    let begun = Instant::now();
    let _follower = bench.follow(program, "1s")?;
    Ok(bench.last_of(1000).await?.duration_since(begun))
}

/// The peak of a follower that has sent so many rows of 50 customers, which waited, and how long it took.
async fn memory(database: &Database, program: &str, rows: usize) -> Result<(f64, Duration)> {
    let mut bench = Bench::new(database).await?;
    bench.enqueue_many(50, rows).await?;
    let begun = Instant::now();
    let follower = bench.follow(program, "1s")?;
    let took = bench.last_of(rows).await?.duration_since(begun);
    while bench.outbox.counts().await?.accepted < rows as u64 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok((follower.peak()?, took))
}
