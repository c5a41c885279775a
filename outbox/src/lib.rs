//! A durable outbox for [`vitec_connect`]: many loan promises (lånelöften), none lost and none sent twice.
//!
//! The endpoint has no idempotency key, so a call that may have been carried out must not be repeated. The outbox keeps
//! what is true of each row: `pending`, `sending`, `accepted`, `rejected`, `unknown` or `dropped`. A row is `sending` durably before
//! its call begins; after a crash, what was under way is `unknown`, and a person decides. Ready-made queues put such rows
//! back to be sent again, which is right for idempotent work and wrong here.
//!
//! ```no_run
//! use vitec_connect::{Client, Credentials, RetryPolicy};
//! use vitec_connect_outbox::{DeliverOptions, Event, Outbox, ReadOptions, RowReader, deliver, import};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Credentials::basic("partner", std::env::var("VITEC_CONNECT_PASSWORD")?)?;
//! let client = Client::builder().credentials(credentials).retry(RetryPolicy::none()).build()?;
//! let outbox = Outbox::open("outbox.db", Some(client.base_url())).await?;
//!
//! let file = std::fs::File::open("promises.csv")?;
//! let reader = RowReader::new(file, &ReadOptions::default())?;
//! let stored = import(&outbox, reader, |row| println!("{row:?}")).await?;
//!
//! let options = DeliverOptions::default().concurrency(4).rate(10.0);
//! let shutdown = std::future::pending();
//! let summary = deliver(&outbox, &client, &options, shutdown, |event| {
//!     if let Event::Row(row) = event {
//!         println!("{}: {}", row.id, row.state);
//!     }
//! })
//! .await?;
//! println!("{stored:?} {:?}", summary.end);
//! # Ok(())
//! # }
//! ```
//!
//! # SQLite, PostgreSQL
//! SQLite is built in: one machine, and one process that delivers at a time, by a lock of the operating system that dies
//! with it. PostgreSQL (feature `postgres`) serves many machines, with claims that are committed before the call and end
//! unless they are renewed.
//!
//! They are spoken to by rusqlite and tokio-postgres. sqlx would be one crate for both, and a larger tree (175 crates
//! beside 113 to 156, reqwest's counted in); what both databases share here is SQL, and that is in one file.
//!
//! # As a service
//! [`follow`] is a delivery that goes on: it sends what comes, waits out a database that is away and a server in trouble,
//! and ends at a signal in good order. [`Control`] tells it of credentials that have changed. In PostgreSQL the tables come
//! with a function by which a program in any language stores loan promises inside its own transaction;
//! [`Outbox::init`] makes it, with the tables, and brings older tables up to date.
//!
//! A customer is held at its first 401 or 403, on all machines and across restarts, as part of the transaction that records
//! the result: nothing is claimed for it until somebody [releases](Outbox::release) it. Until a customer's first answer since
//! then one row at a time is claimed, over all deliveries. Each row has a [history](Outbox::history).
//!
//! # What is stored
//! What is to be sent, as JSON, and what came back. Both may be personal data: a new file can be read by its owner only,
//! and [`Outbox::purge`] removes them from settled rows, and their messages from the history. The keys stay, so that the same file again sends nothing.
//!
//! The file of SQLite's has one name: a second one (a hard link) is refused, as a delivery could begin under each. Where the
//! file is taken away or replaced while it is used, the run ends before it claims anything more.
//!
//! # Where the database fails
//! Every wait for it has an end ([`DeliverOptions::database_patience`]). What was claimed in an exchange that failed, or was
//! not heard of, is never sent: it is given back, and the next exchange claims anew. Results are tried to be recorded for as
//! long as [`DeliverOptions::record_patience`] says; then the run ends with [`End::Database`], and [`Summary::unrecorded`]
//! has what the outbox does not know.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod address;
mod batch;
mod call;
mod day;
mod deliver;
mod delivered;
mod enqueue;
mod error;
mod fair;
mod import;
mod init;
mod options;
mod outbox;
mod pace;
#[cfg(feature = "postgres")]
mod postgres;
mod reference;
mod row;
mod rows;
#[cfg(test)]
mod simulation;
mod sql;
mod sqlite;
mod store;
mod verdict;

pub use address::Address;
pub use batch::{Batch, Progress, ReportRow, RowState, Tally};
pub use deliver::{Control, deliver, deliver_with, follow};
pub use delivered::Delivered;
pub use error::{Error, ErrorKind};
pub use import::{ImportSummary, Imported, import};
pub use init::{Done, InitOptions};
pub use options::{DeliverOptions, End, Event, Sent, Summary};
pub use outbox::{Outbox, Resolution};
#[cfg(feature = "postgres")]
pub use postgres::enqueue_postgres;
/// For this crate's own tests.
#[cfg(feature = "postgres")]
#[doc(hidden)]
pub use postgres::function;
pub use row::{Counts, Enqueued, Filter, Held, NewRow, Row, State, Transition};
pub use rows::{BadRow, Problem, ReadOptions, ReadRow, RowReader};
pub use sqlite::enqueue;
