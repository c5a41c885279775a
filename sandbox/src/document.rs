//! The document that a sandbox serves unless it is given another.

pub(crate) use vitec_connect::{OPENAPI_JSON, OPENAPI_YAML};
