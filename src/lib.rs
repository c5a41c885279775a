#![doc = include_str!("../README.md")]

#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod client;
mod credentials;
mod error;
mod http_error;
mod id;
mod media_type;
mod receipt;
mod retry;
mod transport;

/// What build.rs makes of `spec/vitec-connect.yaml`.
#[allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    private_interfaces,
    clippy::unwrap_used,
    rustdoc::bare_urls
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/generated.rs"));
}

pub use builder::{ClientBuilder, Proxy};
pub use client::Client;
pub use credentials::{Credentials, CredentialsError, CredentialsProvider};
/// How values are written as XML for .NET, and read back.
pub use datacontract;
pub use datacontract::{DateTime, DateTimeError, DateTimeKind, EnumerationError};
pub use error::{Error, ErrorKind, Outcome};
/// Every model of the document, also those that have no name at the root.
pub use generated::types as models;
pub use generated::types::{
    ContactId, CustomerId, LoanPromise, LoanPromiseEstateType, LoanPromiseFinancing, LoanPromiseStatus,
};
pub use http_error::HttpError;
pub use id::IdError;
pub use media_type::{MediaType, MediaTypeError};
pub use receipt::Receipt;
pub use retry::RetryPolicy;
pub use transport::Request;

/// The OpenAPI document as it was written, in YAML.
pub const OPENAPI_YAML: &str = include_str!("../spec/vitec-connect.yaml");

/// The OpenAPI document as JSON.
pub const OPENAPI_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));
