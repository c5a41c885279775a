//! The client. Its methods for operations are generated.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;

use crate::MediaType;
use crate::builder::ClientBuilder;
use crate::credentials::{AnyProvider, Credentials};
use crate::error::Error;
use crate::retry::RetryPolicy;

/// A client for Vitec Connect. Cheap to clone; clones share connections.
///
/// ```no_run
/// use vitec_connect::{Client, Credentials, LoanPromise, LoanPromiseEstateType};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let password = std::env::var("VITEC_CONNECT_PASSWORD")?;
/// let client = Client::new(Credentials::basic("partner", password)?)?;
///
/// let promise = LoanPromise::builder()
///     .bank("SBAB")
///     .valid_until(chrono::NaiveDate::from_ymd_opt(2027, 1, 31).ok_or("no such day")?)
///     .estate_type(LoanPromiseEstateType::Apartment)
///     .build();
/// let answer = client.create_loan_promise(&"M30011".parse()?, &"4711".parse()?, &promise).await?;
/// println!("{answer}");
/// # Ok(())
/// # }
/// ```
///
/// # Dropped calls
/// A call whose future is dropped half way (a `select!`, a timeout of your own, a shutdown) may have been carried out. A
/// [`Receipt`](crate::Receipt) tells whether it had begun to leave; without one, treat it like
/// [`Outcome::Unknown`](crate::Outcome::Unknown).
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) http: reqwest::Client,
    /// Without a slash at its end.
    pub(crate) base_url: String,
    pub(crate) credentials: Box<dyn AnyProvider>,
    pub(crate) media_type: MediaType,
    pub(crate) user_agent: HeaderValue,
    pub(crate) call_timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) answer_limit: usize,
    pub(crate) retry: RetryPolicy,
}

impl Client {
    /// A client for Vitec Connect itself, with these credentials for every customer.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration), for example when the system's root certificates cannot
    /// be read.
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder().credentials(credentials).build()
    }

    /// A client with settings of its own.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Where calls go, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.inner.base_url
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.inner.base_url)
            .field("media_type", &self.inner.media_type)
            .finish_non_exhaustive()
    }
}
