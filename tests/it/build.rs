//! The generation of build.rs, as a function that a test can call on any document.

// It belongs to build.rs as a whole; a test uses a part of it.
#[allow(dead_code)]
#[path = "../../build/mod.rs"]
mod generation;

pub(crate) use generation::generate;

/// The document, and the name that build.rs calls it by.
pub(crate) const FILE: &str = "spec/vitec-connect.yaml";
pub(crate) const DOCUMENT: &str = vitec_connect::OPENAPI_YAML;
