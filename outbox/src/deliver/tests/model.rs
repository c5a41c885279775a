//! A database that fails as told, with leases and several owners as in PostgreSQL, and a server that counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction};
use tokio::time::{Instant, sleep};
use vitec_connect::LoanPromise;

use crate::call::{Call, Caller};
use crate::error::{ErrorKind, database};
use crate::row::{Counts, Enqueued, Filter, Held, NewRow, Row, State, Transition};
use crate::sqlite::{tables, transactions};
use crate::store::{Answer, Change, Claimed, Delivery, Exchange, Exchanged, Hold, Standing, Store};
use crate::verdict::Verdict;

/// What the database does with a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    None,
    /// Nothing happens, and that is said.
    Before,
    /// It happens, and an error is said.
    After,
    /// Nothing happens, and nothing is said.
    Silent,
    /// It happens, and nothing is said.
    SilentAfter,
    /// An error is said, and it happens later.
    Late(Duration),
    /// It happens, and takes long.
    Slow(Duration),
    /// What is stored does not please it.
    Refused,
}

/// What is asked: the kind of question, and the exchange where it is one.
pub(super) type Plan = Box<dyn Fn(&str, Option<&Exchange>) -> Fault + Send + Sync>;

#[derive(Clone)]
pub(super) struct Model {
    connection: Arc<Mutex<Connection>>,
    plan: Arc<Mutex<Plan>>,
    begun: Instant,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Model")
    }
}

impl Model {
    pub(super) fn new() -> Self {
        let mut connection = Connection::open_in_memory().unwrap();
        let transaction = connection.transaction().unwrap();
        tables::make(&transaction, "x").unwrap();
        transaction.commit().unwrap();
        Self {
            connection: Arc::new(Mutex::new(connection)),
            plan: Arc::new(Mutex::new(Box::new(|_, _| Fault::None))),
            begun: Instant::now(),
        }
    }

    pub(super) fn plan(&self, plan: impl Fn(&str, Option<&Exchange>) -> Fault + Send + Sync + 'static) {
        *self.plan.lock().unwrap() = Box::new(plan);
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::Duration::days(20_000) + self.begun.elapsed()
    }

    pub(super) fn run<T>(&self, work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T>) -> T {
        let mut connection = self.connection.lock().unwrap();
        let transaction = connection.transaction().unwrap();
        let done = work(&transaction, self.now()).unwrap();
        transaction.commit().unwrap();
        done
    }

    fn answer<T: Send + 'static>(
        &self,
        fault: Fault,
        work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Answer<T> {
        let model = self.clone();
        Box::pin(async move {
            let failed = |kind| Err(database(kind, "model", "as told"));
            match fault {
                Fault::None => Ok(model.run(work)),
                Fault::Before => failed(ErrorKind::Gone),
                Fault::Refused => failed(ErrorKind::Database),
                Fault::After => {
                    model.run(work);
                    failed(ErrorKind::Gone)
                }
                Fault::Silent => std::future::pending().await,
                Fault::SilentAfter => {
                    model.run(work);
                    std::future::pending().await
                }
                Fault::Late(after) => {
                    tokio::spawn(async move {
                        sleep(after).await;
                        model.run(work);
                    });
                    failed(ErrorKind::Gone)
                }
                Fault::Slow(after) => {
                    let done = model.run(work);
                    sleep(after).await;
                    Ok(done)
                }
            }
        })
    }

    fn fault(&self, asked: &str, exchange: Option<&Exchange>) -> Fault {
        (self.plan.lock().unwrap())(asked, exchange)
    }

    pub(super) fn rows(&self) -> Vec<Row> {
        self.run(|transaction, _| transactions::list(transaction, &Filter::default(), 0, 1000))
    }

    pub(super) fn counts(&self) -> [u64; 5] {
        use State::{Accepted, Pending, Rejected, Sending, Unknown};
        let counts = self.run(|transaction, _| transactions::counts(transaction));
        [Pending, Sending, Accepted, Rejected, Unknown].map(|state| counts.of(state))
    }

    pub(super) fn enqueue_rows(&self, number: usize) {
        self.run(|transaction, now| {
            for number in 0..number {
                let promise = LoanPromise::builder().bank(format!("{number}")).build();
                let row = NewRow::new("M1".parse().unwrap(), ["4711"], &promise);
                transactions::enqueue(transaction, now, &row.unwrap())?;
            }
            Ok(())
        });
    }
}

impl Store for Model {
    fn place(&self) -> String {
        "model".to_owned()
    }

    fn base_url(&self) -> &str {
        "x"
    }

    fn enqueue(&self, _: Vec<NewRow>) -> Answer<Vec<Enqueued>> {
        unimplemented!()
    }

    fn begin_delivery(&self, lease: Duration) -> Answer<Delivery> {
        self.answer(self.fault("begin", None), move |transaction, now| {
            transactions::sweep(transaction, now)?;
            Ok(Delivery {
                owner: transactions::next_owner(transaction)?,
                lease,
                history: None,
                _lock: None,
            })
        })
    }

    fn exchange(&self, delivery: &Arc<Delivery>, asked: Exchange) -> Answer<Exchanged> {
        let delivery = Arc::clone(delivery);
        self.answer(self.fault("exchange", Some(&asked)), move |transaction, now| {
            transactions::exchange(transaction, now, &delivery, &asked)
        })
    }

    fn hold(&self, delivery: &Arc<Delivery>, asked: Hold) -> Answer<u64> {
        let delivery = Arc::clone(delivery);
        self.answer(self.fault("hold", None), move |transaction, now| {
            transactions::hold(transaction, now, &delivery, &asked)
        })
    }

    fn sweep(&self) -> Answer<u64> {
        self.answer(Fault::None, transactions::sweep)
    }

    fn customers(&self) -> Answer<Vec<String>> {
        self.answer(self.fault("look", None), |transaction, _| {
            transactions::customers(transaction)
        })
    }

    fn counts(&self) -> Answer<Counts> {
        unimplemented!()
    }

    fn list(&self, _: Filter, _: i64, _: u32) -> Answer<Vec<Row>> {
        unimplemented!()
    }

    fn history(&self, _: i64) -> Answer<Vec<Transition>> {
        unimplemented!()
    }

    fn oldest(&self) -> Answer<Option<DateTime<Utc>>> {
        unimplemented!()
    }

    fn holds(&self) -> Answer<Vec<Held>> {
        self.answer(self.fault("holds", None), |transaction, _| {
            transactions::holds(transaction)
        })
    }

    fn hold_customers(&self, _: Vec<String>, _: Option<String>) -> Answer<()> {
        unimplemented!()
    }

    fn release_customers(&self, customers: Vec<String>) -> Answer<Vec<String>> {
        self.answer(self.fault("release", None), move |transaction, now| {
            transactions::release_customers(transaction, now, &customers)
        })
    }

    fn correct(&self, _: i64, _: String, _: String) -> Answer<bool> {
        unimplemented!()
    }

    fn standing(&self, _: Vec<i64>) -> Answer<Vec<Standing>> {
        unimplemented!()
    }

    fn change(&self, _: Vec<i64>, _: Change) -> Answer<Option<i64>> {
        unimplemented!()
    }

    fn retry_unknown(&self) -> Answer<u64> {
        unimplemented!()
    }

    fn purge(&self, _: Duration) -> Answer<u64> {
        unimplemented!()
    }
}

/// A server: what it answers to a row, by how many posts there were, and after how long.
pub(super) type Reply = Box<dyn Fn(&Claimed, usize) -> (Duration, Verdict) + Send + Sync>;

pub(super) struct Server {
    reply: Reply,
    /// How often each row was posted.
    posts: Mutex<BTreeMap<i64, usize>>,
    /// When each post was.
    times: Mutex<Vec<Instant>>,
}

impl Server {
    pub(super) fn new(reply: impl Fn(&Claimed, usize) -> (Duration, Verdict) + Send + Sync + 'static) -> Self {
        Self {
            reply: Box::new(reply),
            posts: Mutex::default(),
            times: Mutex::default(),
        }
    }

    pub(super) fn posts(&self) -> Vec<usize> {
        self.posts.lock().unwrap().values().copied().collect()
    }

    pub(super) fn times(&self) -> Vec<Instant> {
        self.times.lock().unwrap().clone()
    }
}

impl Caller for Server {
    fn call(&self, row: &Claimed) -> Result<Call, Verdict> {
        let mut posts = self.posts.lock().unwrap();
        let before = posts.values().sum();
        self.times.lock().unwrap().push(Instant::now());
        *posts.entry(row.id).or_default() += 1;
        let (after, verdict) = (self.reply)(row, before);
        Ok(Box::pin(async move {
            sleep(after).await;
            verdict
        }))
    }
}
