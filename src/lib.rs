#![doc = include_str!("../README.md")]

use std::sync::LazyLock;

use datacontract::id;

#[allow(dead_code, reason = "the document says which of these are needed")]
mod answer;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod call;
mod client;
mod credentials;
mod error;
mod exchange;
mod operation;
mod receipt;
mod request;
mod retry;
mod sweden;
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

pub use builder::ClientBuilder;
pub use call::{Call, Response};
pub use client::Client;
pub use credentials::{Credentials, CredentialsError, CredentialsProvider};
/// How values are written as XML for .NET, and read back.
pub use datacontract;
pub use datacontract::id::IdError;
pub use datacontract::media_type::{MediaType, MediaTypeError};
pub use datacontract::{DateTime, DateTimeError, DateTimeKind, EnumerationError, HttpError};
pub use error::{Error, ErrorKind, Outcome};
/// The operations that have optional parameters: a [`Call`] of one has a method for each.
pub use generated::operations;
/// Every model of the document, also those that have no name at the root.
pub use generated::types as models;
pub use generated::types::{
    ContactId, CustomerId, LoanPromise, LoanPromiseEstateType, LoanPromiseFinancing, LoanPromiseStatus,
};
pub use operation::OperationCall;
pub use receipt::Receipt;
pub use request::Request;
pub use retry::RetryPolicy;
pub use sweden::swedish_time;
/// What the OpenAPI document says, as data: see [`description()`].
pub use vitec_connect_description as description;
pub use vitec_connect_http::Proxy;

/// The OpenAPI document as it was written, in YAML.
pub const OPENAPI_YAML: &str = include_str!("../spec/vitec-connect.yaml");

/// The OpenAPI document as JSON.
pub const OPENAPI_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// What the OpenAPI document says: operations, parameters, bodies, members and enumerations.
///
/// ```
/// let description = vitec_connect::description();
/// let operation = description.operation("createLoanPromise").ok_or("no such operation")?;
/// assert_eq!(operation.path, "/CRM/Buyer/{customerId}/{contactId}/LoanPromise");
/// # Ok::<_, &str>(())
/// ```
#[expect(
    clippy::expect_used,
    reason = "this very text was made of a description by build.rs; a test reads it"
)]
pub fn description() -> &'static description::Description {
    static DESCRIPTION: LazyLock<description::Description> = LazyLock::new(|| {
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/description.json")))
            .expect("what build.rs wrote is a description")
    });
    &DESCRIPTION
}
