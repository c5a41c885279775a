//! The model of a database: SQLite in memory behind the trait, with leases and several deliveries as in PostgreSQL. It runs
//! the statements and functions of the real one, and fails by the plan.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastrand::Rng;
use rusqlite::{Connection, Transaction};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::check::{Check, Seen, Who};
use super::earlier::Earlier;
use super::fate::{Fate, Reply};
use super::plan::{DatabasePlan, Outage};
use crate::error::{ErrorKind, database};
use crate::row::State;
use crate::sqlite::tables;
use crate::store::{Answer, Change, Exchange, Hold};

pub(super) const BASE_URL: &str = "https://model.example";

/// What a transaction is for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    Enqueue,
    Begin,
    Exchange(Exchange),
    Hold(Hold),
    Sweep,
    Look(&'static str),
    HoldCustomers(Vec<String>),
    Release(Vec<String>),
    Correct(i64),
    Change(Vec<i64>, Change),
    RetryUnknown,
    Purge(Duration),
}

/// All rows, by their numbers.
pub(super) type Rows = BTreeMap<i64, Seen>;

/// A customer as it stands in the database: its state, and how often it was released.
pub(super) type Customers = BTreeMap<String, (String, i64)>;

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange(it) => {
                write!(f, "exchange {}", it.claim)?;
                if !it.failed.is_empty() {
                    write!(f, ", gives back the claims {:?}", it.failed)?;
                }
                for finished in &it.finished {
                    write!(
                        f,
                        ", row {} attempt {} is {}",
                        finished.id, finished.attempt, finished.state
                    )?;
                }
                it.wanted
                    .iter()
                    .try_for_each(|want| write!(f, ", wants {} of {}", want.rows, want.customer_id))
            }
            Self::Hold(it) => write!(f, "renews {:?}, gives back the claims {:?}", it.in_hand, it.failed),
            Self::Look(what) => f.write_str(what),
            it => write!(f, "{it:?}"),
        }
    }
}

struct Model {
    connection: Connection,
    rng: Rng,
    plan: DatabasePlan,
    start: Instant,
    rows: Arc<Rows>,
    customers: Arc<Customers>,
}

/// One process's, or one person's, way to the database.
#[derive(Clone)]
pub(super) struct Access {
    model: Arc<Mutex<Model>>,
    check: Arc<Mutex<Check>>,
    pub(super) who: Who,
    cut_off: Option<Outage>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.who)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Access {
    pub(super) fn new(plan: DatabasePlan, rng: Rng, check: &Arc<Mutex<Check>>, who: Who) -> Self {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.set_prepared_statement_cache_capacity(64);
        let transaction = connection.transaction().unwrap();
        tables::make(&transaction, BASE_URL).unwrap();
        transaction.commit().unwrap();
        let model = Model {
            connection,
            rng,
            plan,
            start: Instant::now(),
            rows: Arc::default(),
            customers: Arc::default(),
        };
        Self {
            model: Arc::new(Mutex::new(model)),
            check: Arc::clone(check),
            who,
            cut_off: None,
        }
    }

    pub(super) fn of(&self, who: Who) -> Self {
        Self { who, ..self.clone() }
    }

    /// The same, and it cannot reach the database all the time.
    pub(super) fn cut_off(self, cut_off: Option<Outage>) -> Self {
        Self { cut_off, ..self }
    }

    /// From now on it works.
    pub(super) fn heal(&self) {
        let mut model = lock(&self.model);
        model.plan.most = 0;
        model.plan.outages.clear();
    }

    /// Each row's history is what the row is.
    pub(super) fn check_history(&self) {
        let model = lock(&self.model);
        lock(&self.check).history(&read_history(&model.connection), &model.rows);
    }

    /// All rows as they are.
    pub(super) fn rows(&self) -> Rows {
        Rows::clone(&lock(&self.model).rows)
    }

    /// Rows that are there before anything begins.
    pub(super) fn put(&self, rows: &[Earlier]) {
        let rows = rows.to_vec();
        let put = move |transaction: &Transaction<'_>, now| rows.iter().try_for_each(|row| row.put(transaction, now));
        let now = lock(&self.check).now();
        self.carry_out(0, &Asked::Enqueue, now, put, |_, _, _, _| {});
    }

    pub(super) fn ask<T: Send + 'static>(
        &self,
        asked: Asked,
        work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T> + Send + 'static,
        see: impl FnOnce(&mut Check, &Rows, &Rows, &T) + Send + 'static,
    ) -> Answer<T> {
        let access = self.clone();
        Box::pin(async move {
            let (number, fate) = access.fate(&asked);
            lock(&access.check).asked(access.who, &asked);
            let (tell, told) = oneshot::channel();
            let name = asked.to_string();
            if let Some(done) = fate.done {
                let access = access.clone();
                tokio::spawn(async move {
                    sleep_until(fate.begins).await;
                    let now = lock(&access.check).now();
                    sleep_until(done).await;
                    if tell.is_closed() && !fate.outlives {
                        return lock(&access.check)
                            .note(|| format!("database: #{number} is rolled back, nobody waits for it"));
                    }
                    let result = access.carry_out(number, &asked, now, work, see);
                    _ = tell.send(result);
                });
            }
            let answer = match fate.answer {
                Reply::Never => std::future::pending().await,
                Reply::Error(at) => {
                    sleep_until(at).await;
                    Err(database(ErrorKind::Gone, "the model", "by the plan"))
                }
                Reply::Result(at) => {
                    let result = told.await;
                    sleep_until(at).await;
                    // Whoever is told sees the rows as they were then.
                    Ok(result.unwrap())
                }
            };
            lock(&access.check).answered(access.who, &name, answer.is_ok());
            let how = if answer.is_ok() { "done" } else { "failed" };
            lock(&access.check).note(|| format!("{}: is told that #{number} is {how} ({name})", access.who));
            answer
        })
    }

    fn carry_out<T>(
        &self,
        number: usize,
        asked: &Asked,
        now: DateTime<Utc>,
        work: impl FnOnce(&Transaction<'_>, DateTime<Utc>) -> rusqlite::Result<T>,
        see: impl FnOnce(&mut Check, &Rows, &Rows, &T),
    ) -> T {
        let mut model = lock(&self.model);
        let mut check = lock(&self.check);
        check.note(|| format!("database: #{number} of {} happens: {asked}", self.who));
        let changes = model.connection.total_changes();
        let transaction = model.connection.transaction().unwrap();
        let done = work(&transaction, now).unwrap();
        transaction.commit().unwrap();
        let (before, customers_before) = (Arc::clone(&model.rows), Arc::clone(&model.customers));
        if model.connection.total_changes() != changes {
            model.rows = Arc::new(read(&model.connection));
            model.customers = Arc::new(read_customers(&model.connection));
        }
        check.customers_changed(asked, &customers_before, &model.customers);
        check.changed(asked, now, &before, &model.rows);
        see(&mut check, &before, &model.rows, &done);
        done
    }

    fn fate(&self, asked: &Asked) -> (usize, Fate) {
        let mut model = lock(&self.model);
        let mut check = lock(&self.check);
        let Model { plan, rng, start, .. } = &mut *model;
        let (fate, why) = plan.fate(rng, *start, self.cut_off);
        let number = check.number();
        check.note(|| {
            let done = fate.done.map(|done| done - model.start);
            format!("{}: asks #{number}: {asked} [{why}, happens at {done:?}]", self.who)
        });
        check.count(why);
        (number, fate)
    }
}

fn read(connection: &Connection) -> Rows {
    let mut select = connection
        .prepare_cached(
            "SELECT id, state, attempt, customer_id, payload, lease_until, changed_at, operation, reference,
             answer IS NOT NULL, message IS NOT NULL FROM vitec_connect_rows ORDER BY id",
        )
        .unwrap();
    let time = |text: String| text.parse::<DateTime<Utc>>().unwrap();
    let rows = select.query_map([], |row| {
        Ok((
            row.get(0)?,
            Seen {
                state: row.get_ref(1)?.as_str()?.parse().unwrap(),
                attempt: row.get(2)?,
                customer: row.get(3)?,
                payload: row.get(4)?,
                lease_until: row.get::<_, Option<String>>(5)?.map(time),
                changed_at: time(row.get(6)?),
                operation: row.get(7)?,
                reference: row.get(8)?,
                has_answer: row.get(9)?,
                has_message: row.get(10)?,
            },
        ))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn read_customers(connection: &Connection) -> Customers {
    let mut select = connection
        .prepare_cached("SELECT customer_id, state, releases FROM vitec_connect_customers")
        .unwrap();
    let customers = select.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))));
    customers.unwrap().map(Result::unwrap).collect()
}

/// Each step: row, number, attempt, state.
fn read_history(connection: &Connection) -> Vec<(i64, i64, i64, State)> {
    let mut select = connection
        .prepare_cached("SELECT row_id, number, attempt, state FROM vitec_connect_history ORDER BY row_id, number")
        .unwrap();
    let steps = select.query_map([], |row| {
        let state = row.get_ref(3)?.as_str()?.parse().unwrap();
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, state))
    });
    steps.unwrap().map(Result::unwrap).collect()
}
