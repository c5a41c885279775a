//! What users of the library rely on: a module a behaviour.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arbitrary;
mod build;
mod document;
mod edits;
mod errors;
mod generated;
mod hostile;
mod json_schema;
mod payloads;
mod reference_forms;
mod reference_payloads;
mod round_trips;
mod server;
mod snapshot;
mod spawn;
