//! What users of the outbox rely on: a module a behaviour. What can be the same for both databases is one test for both.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batch;
mod corrections;
mod crash;
mod delivery;
mod failures;
mod files;
#[cfg(feature = "postgres")]
mod function;
#[cfg(feature = "postgres")]
mod history;
mod hostile_files;
#[cfg(feature = "postgres")]
mod leases;
#[cfg(feature = "postgres")]
mod network;
#[cfg(feature = "postgres")]
mod outages;
mod persons;
#[cfg(feature = "postgres")]
mod pooler;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod proxy;
mod server;
#[cfg(feature = "postgres")]
mod service;
mod states;
mod stores;
mod upgrade;
