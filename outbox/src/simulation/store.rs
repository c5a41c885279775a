//! The model of the database behind the outbox's trait: each question is one of its transactions, seen by the checks.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::check::Check;
use super::database::{Access, Asked, BASE_URL};
use crate::row::{Counts, Enqueued, Filter, Held, NewRow, Row, Transition};
use crate::sqlite::transactions;
use crate::store::{Answer, Change, Delivery, Exchange, Exchanged, Hold, Standing, Store};

impl Store for Access {
    fn place(&self) -> String {
        "the model".to_owned()
    }

    fn base_url(&self) -> &str {
        BASE_URL
    }

    fn enqueue(&self, rows: Vec<NewRow>) -> Answer<Vec<Enqueued>> {
        let asked = rows.clone();
        self.ask(
            Asked::Enqueue,
            move |transaction, now| {
                rows.iter()
                    .map(|row| transactions::enqueue(transaction, now, row))
                    .collect()
            },
            move |check, before, _, enqueued: &Vec<Enqueued>| check.enqueued(&asked, before, enqueued),
        )
    }

    fn begin_delivery(&self, lease: Duration) -> Answer<Delivery> {
        self.ask(
            Asked::Begin,
            move |transaction, now| {
                transactions::sweep(transaction, now)?;
                Ok(Delivery {
                    owner: transactions::next_owner(transaction)?,
                    lease,
                    history: None,
                    _lock: None,
                })
            },
            |_, _, _, _| {},
        )
    }

    fn exchange(&self, delivery: &Arc<Delivery>, asked: Exchange) -> Answer<Exchanged> {
        let delivery = Arc::clone(delivery);
        let (done, seen) = (asked.clone(), asked.clone());
        self.ask(
            Asked::Exchange(asked),
            move |transaction, now| transactions::exchange(transaction, now, &delivery, &done),
            move |check, before, _, exchanged| check.exchanged(&seen, before, exchanged),
        )
    }

    fn hold(&self, delivery: &Arc<Delivery>, asked: Hold) -> Answer<u64> {
        let delivery = Arc::clone(delivery);
        let done = asked.clone();
        self.ask(
            Asked::Hold(asked),
            move |transaction, now| transactions::hold(transaction, now, &delivery, &done),
            |_, _, _, _| {},
        )
    }

    fn sweep(&self) -> Answer<u64> {
        self.ask(Asked::Sweep, transactions::sweep, Check::counted)
    }

    fn customers(&self) -> Answer<Vec<String>> {
        self.ask(
            Asked::Look("customers"),
            |transaction, _| transactions::customers(transaction),
            |check, rows, _, customers| check.customers(rows, customers),
        )
    }

    fn counts(&self) -> Answer<Counts> {
        self.ask(
            Asked::Look("counts"),
            |transaction, _| transactions::counts(transaction),
            |_, _, _, _| {},
        )
    }

    fn list(&self, only: Filter, after: i64, limit: u32) -> Answer<Vec<Row>> {
        let seen = only.clone();
        self.ask(
            Asked::Look("list"),
            move |transaction, _| transactions::list(transaction, &only, after, limit),
            move |check, rows, _, list| check.list(rows, &seen, after, limit, list),
        )
    }

    fn history(&self, id: i64) -> Answer<Vec<Transition>> {
        self.ask(
            Asked::Look("history"),
            move |transaction, _| transactions::history(transaction, id),
            |_, _, _, _| {},
        )
    }

    fn oldest(&self) -> Answer<Option<DateTime<Utc>>> {
        self.ask(
            Asked::Look("oldest"),
            |transaction, _| transactions::oldest(transaction),
            |_, _, _, _| {},
        )
    }

    fn holds(&self) -> Answer<Vec<Held>> {
        self.ask(
            Asked::Look("holds"),
            |transaction, _| transactions::holds(transaction),
            |check, _, rows, holds| check.holds(rows, holds),
        )
    }

    fn hold_customers(&self, customers: Vec<String>, why: Option<String>) -> Answer<()> {
        self.ask(
            Asked::HoldCustomers(customers.clone()),
            move |transaction, now| transactions::hold_customers(transaction, now, &customers, why.as_deref()),
            |_, _, _, ()| {},
        )
    }

    fn release_customers(&self, customers: Vec<String>) -> Answer<Vec<String>> {
        self.ask(
            Asked::Release(customers.clone()),
            move |transaction, now| transactions::release_customers(transaction, now, &customers),
            |_, _, _, _| {},
        )
    }

    fn correct(&self, id: i64, payload: String, content_hash: String) -> Answer<bool> {
        self.ask(
            Asked::Correct(id),
            move |transaction, now| transactions::correct(transaction, now, id, &payload, &content_hash),
            move |check, before, after, corrected| check.was_corrected(id, before, after, *corrected),
        )
    }

    fn standing(&self, ids: Vec<i64>) -> Answer<Vec<Standing>> {
        let (who, asked) = (self.who, ids.clone());
        self.ask(
            Asked::Look("standing"),
            move |transaction, now| transactions::standing(transaction, now, &ids),
            move |check, rows, _, standing| check.standing(who, rows, &asked, standing),
        )
    }

    fn change(&self, ids: Vec<i64>, change: Change) -> Answer<Option<i64>> {
        let (done, seen) = (ids.clone(), ids.clone());
        self.ask(
            Asked::Change(ids, change),
            move |transaction, now| {
                transaction.execute_batch("SAVEPOINT before_it")?;
                let refused = transactions::change(transaction, now, &done, change)?;
                if refused.is_some() {
                    transaction.execute_batch("ROLLBACK TO before_it")?;
                }
                Ok(refused)
            },
            move |check, before, _, refused| check.decided(&seen, change, before, *refused),
        )
    }

    fn retry_unknown(&self) -> Answer<u64> {
        self.ask(Asked::RetryUnknown, transactions::retry_unknown, Check::counted)
    }

    fn purge(&self, keep: Duration) -> Answer<u64> {
        self.ask(
            Asked::Purge(keep),
            move |transaction, now| transactions::purge(transaction, now, keep),
            Check::counted,
        )
    }
}
