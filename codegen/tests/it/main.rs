//! What is generated of a document, and what is said of its mistakes.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod dictionaries;
mod mistakes;

/// The document, and the name that build.rs calls it by.
const FILE: &str = "spec/vitec-connect.yaml";
const DOCUMENT: &str = include_str!("../../../spec/vitec-connect.yaml");
