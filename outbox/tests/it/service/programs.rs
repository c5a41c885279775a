//! The bank's programs, which enqueue in transactions of their own, and the person who releases customers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::{Client, Error as PgError};
use vitec_connect_outbox::{Error, ErrorKind, Filter, Outbox, State};

use super::vitec::Vitec;
use crate::function::CALL;
use crate::postgres::try_connect;

pub(super) const CUSTOMERS: [&str; 8] = ["M1", "M2", "M3", "M4", "M5", "M6", "M7", "S3"];

/// What the programs know to be stored, and not to be.
#[derive(Default)]
pub(super) struct Ledger {
    /// By its mark: the row, and its customer.
    pub(super) committed: BTreeMap<String, (i64, &'static str)>,
    pub(super) rolled_back: BTreeSet<String>,
}

/// How a program is told to wait, or to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    GoesOn,
    Waits,
    Ends,
}

struct Promise {
    mark: String,
    customer: &'static str,
    body: String,
    reference: Option<String>,
}

impl Promise {
    /// One of fifty cannot be sent, which nobody sees before it is claimed.
    fn new(mark: String, random: &mut fastrand::Rng) -> Self {
        let (mark, until) = match random.u32(0..50) {
            0 => (format!("bad-{mark}"), "31 januari"),
            _ => (mark, "2099-01-31"),
        };
        Self {
            customer: random.choice(CUSTOMERS).unwrap(),
            body: format!(r#"{{"bank": "{mark}", "validUntil": "{until}", "estateType": "Apartment"}}"#),
            reference: random.bool().then(|| mark.clone()),
            mark,
        }
    }
}

/// A program: one to three promises in a transaction, and every fifth transaction rolled back.
pub(super) async fn program(
    at: String,
    number: usize,
    mut random: fastrand::Rng,
    ledger: Arc<Mutex<Ledger>>,
    mut work: watch::Receiver<Work>,
) {
    let mut connection = None;
    for decision in 0.. {
        if *work.wait_for(|it| *it != Work::Waits).await.unwrap() == Work::Ends {
            return;
        }
        let promises: Vec<_> = (0..random.u32(1..4))
            .map(|part| Promise::new(format!("{number}-{decision}-{part}"), &mut random))
            .collect();
        let commits = random.u32(0..5) > 0;
        let rows = loop {
            match transaction(&at, &mut connection, &promises, commits).await {
                Ok(rows) => break rows,
                // What was to be rolled back is.
                Err(_) if !commits => break Vec::new(),
                // Whether it was committed is not known: the same again gives the same rows.
                Err(error) => {
                    let code = error.code().map_or("08", |code| code.code());
                    assert!(code.starts_with("08") || code.starts_with("57P"), "{error:?}");
                    connection = None;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        };
        {
            let mut ledger = ledger.lock().unwrap();
            match commits {
                true => {
                    let promises = promises.into_iter().zip(rows);
                    let promises = promises.map(|(promise, row)| (promise.mark, (row, promise.customer)));
                    ledger.committed.extend(promises);
                }
                false => ledger.rolled_back.extend(promises.into_iter().map(|it| it.mark)),
            }
        }
        tokio::time::sleep(Duration::from_millis(random.u64(5..80))).await;
    }
}

async fn transaction(
    at: &str,
    connection: &mut Option<Client>,
    promises: &[Promise],
    commits: bool,
) -> Result<Vec<i64>, PgError> {
    let client = match connection.take().filter(|it| !it.is_closed()) {
        Some(client) => client,
        None => try_connect(at).await?,
    };
    let client = connection.insert(client);
    let transaction = client.transaction().await?;
    let mut rows = Vec::new();
    for it in promises {
        let row = transaction
            .query_one(CALL, &[&it.customer, &"4711", &it.body, &it.reference])
            .await?;
        rows.push(row.get(0));
    }
    match commits {
        true => transaction.commit().await?,
        false => transaction.rollback().await?,
    }
    Ok(rows)
}

/// What a person asks of the outbox, again and again where its database is away.
async fn asked<T, F: Future<Output = Result<T, Error>>>(mut ask: impl FnMut() -> F) -> T {
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Gone, "{error:?}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Opens the outbox, when its database works.
pub(super) async fn open(at: &str, url: &str) -> Outbox {
    asked(|| Outbox::open(at, Some(url))).await
}

/// One customer's password is another, as Vitec says, and a person releases it: too early sometimes.
pub(super) async fn person(outbox: Outbox, vitec: Vitec, mut random: fastrand::Rng, stop: watch::Receiver<Work>) {
    loop {
        tokio::time::sleep(Duration::from_millis(random.u64(200..2000))).await;
        let customer = random.choice(CUSTOMERS).unwrap();
        vitec.known(|it| it.refuse(customer));
        for too_early in (0..random.u32(1..4)).rev() {
            while !is_held(&outbox, customer).await {
                if *stop.borrow() == Work::Ends {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            vitec.known(|it| match too_early {
                0 => it.let_in(customer),
                _ => it.refuse(customer),
            });
            release(&outbox, &vitec, customer).await;
        }
    }
}

/// Whether it is held, and none of its rows is under way any more.
async fn is_held(outbox: &Outbox, customer: &str) -> bool {
    let holds = asked(|| outbox.holds()).await;
    let sending = Filter::default().state(State::Sending).customer(customer.to_owned());
    holds.iter().any(|it| it.customer_id == customer) && asked(|| outbox.list(&sending, 0, 1)).await.is_empty()
}

async fn release(outbox: &Outbox, vitec: &Vitec, customer: &str) {
    let ids = [customer.parse().unwrap()];
    asked(|| {
        vitec.known(|it| it.is_released(customer));
        outbox.release(&ids)
    })
    .await;
}

/// Everybody who is held is released.
pub(super) async fn release_all(outbox: &Outbox, vitec: &Vitec) {
    for held in asked(|| outbox.holds()).await {
        release(outbox, vitec, &held.customer_id).await;
    }
}

/// How many rows wait or are under way.
pub(super) async fn open_rows(outbox: &Outbox) -> u64 {
    let counts = asked(|| outbox.counts()).await;
    counts.pending + counts.sending
}
