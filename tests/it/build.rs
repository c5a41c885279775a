//! The generation of build.rs, as a function that a test can call on any document.

pub(crate) use vitec_connect_codegen::generate;

/// The document, and the name that build.rs calls it by.
pub(crate) const FILE: &str = "spec/vitec-connect.yaml";
pub(crate) const DOCUMENT: &str = vitec_connect::OPENAPI_YAML;
