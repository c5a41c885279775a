//! What is generated of a document, and what is said of its mistakes.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod dictionaries;
mod mistakes;

/// The document, and the name that build.rs calls it by.
const FILE: &str = "spec/vitec-connect.yaml";
/// The document as it once was: an edit of today's changes nothing here.
const DOCUMENT: &str = include_str!("document.yaml");
