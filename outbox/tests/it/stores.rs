//! The two databases, and what tests put into them.

use std::time::Duration;

use tempfile::TempDir;
use vitec_connect::{Client, Credentials, LoanPromise, RetryPolicy};
use vitec_connect_outbox::{DeliverOptions, Error, Event, Filter, NewRow, Outbox, Row, Sent, State, Summary, deliver};

pub(crate) const BASE_URL: &str = "http://127.0.0.1:1";

/// A place for an outbox of its own.
pub(crate) struct Place {
    pub(crate) at: String,
    _folder: Option<TempDir>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("outbox.db").to_str().unwrap().to_owned();
        Self {
            at,
            _folder: Some(folder),
        }
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn at(at: String) -> Self {
        Self { at, _folder: None }
    }

    /// Behind the outbox's back.
    pub(crate) async fn execute(&self, sql: &str) {
        #[cfg(feature = "postgres")]
        if self.at.starts_with("postgres:") {
            return crate::postgres::connect(&self.at)
                .await
                .batch_execute(sql)
                .await
                .unwrap();
        }
        rusqlite::Connection::open(&self.at)
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }

    /// The same, where it may fail.
    pub(crate) async fn try_execute(&self, sql: &str) -> Result<(), Box<dyn std::error::Error>> {
        #[cfg(feature = "postgres")]
        if self.at.starts_with("postgres:") {
            return Ok(crate::postgres::connect(&self.at).await.batch_execute(sql).await?);
        }
        Ok(rusqlite::Connection::open(&self.at)?.execute_batch(sql)?)
    }

    pub(crate) async fn open(&self, base_url: &str) -> Outbox {
        Outbox::open(&self.at, Some(base_url)).await.unwrap()
    }
}

/// Runs a test with each database.
macro_rules! both {
    ($($name:ident;)*) => {
        $(mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(crate::stores::Place::sqlite()).await;
            }

            #[cfg(feature = "postgres")]
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(place) = crate::postgres::place().await {
                    super::$name(place).await;
                }
            }
        })*
    };
}
pub(crate) use both;

/// A row whose bank is its mark.
pub(crate) fn row(customer: &str, bank: &str) -> NewRow {
    let promise = LoanPromise::builder().bank(bank).build();
    NewRow::new(customer.parse().unwrap(), ["4711"], &promise).unwrap()
}

pub(crate) fn rows(customer: &str, banks: impl IntoIterator<Item = usize>) -> Vec<NewRow> {
    banks
        .into_iter()
        .map(|number| row(customer, &format!("{customer}-{number}")))
        .collect()
}

pub(crate) fn client(base_url: &str) -> Client {
    Client::builder()
        .base_url(base_url)
        .credentials(Credentials::basic("partner", "secret").unwrap())
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

/// Quick about its pauses.
pub(crate) fn options() -> DeliverOptions {
    DeliverOptions::default()
        .initial_backoff(Duration::from_millis(1))
        .record_patience(Duration::from_millis(300))
}

/// Delivers to the end.
pub(crate) async fn deliver_all(outbox: &Outbox, client: &Client) -> Result<Summary, Error> {
    deliver(outbox, client, &options(), std::future::pending(), |_| {}).await
}

/// Delivers to the end, and gives the rows' results.
pub(crate) async fn run(outbox: &Outbox, base_url: &str, options: &DeliverOptions) -> (Summary, Vec<Sent>) {
    let mut sent = Vec::new();
    let summary = deliver(outbox, &client(base_url), options, std::future::pending(), |event| {
        if let Event::Row(row) = event {
            sent.push(row.clone());
        }
    })
    .await
    .unwrap();
    (summary, sent)
}

/// `pending sending accepted rejected unknown`
pub(crate) async fn counts(outbox: &Outbox) -> [u64; 5] {
    let counts = outbox.counts().await.unwrap();
    use State::{Accepted, Pending, Rejected, Sending, Unknown};
    [Pending, Sending, Accepted, Rejected, Unknown].map(|state| counts.of(state))
}

pub(crate) async fn all(outbox: &Outbox) -> Vec<Row> {
    outbox.list(&Filter::default(), 0, 100_000).await.unwrap()
}
