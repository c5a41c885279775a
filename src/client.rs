//! The client: one short method per operation.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chrono::Utc;
use reqwest::header::HeaderValue;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tracing::Instrument;

use crate::builder::ClientBuilder;
use crate::credentials::{AnyProvider, Credentials};
use crate::datacontract::DataContract;
use crate::error::{About, Error, ErrorKind, Outcome};
use crate::media_type::{DecodeError, Encode, EncodeError, MediaType, decode};
use crate::receipt::Receipt;
use crate::retry::{Failure, RetryPolicy};
use crate::transport::{Answer, Attempt, Made, Preview, Request, request};
use crate::{ContactId, CustomerId, LoanPromise, generated};

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
/// [`Receipt`] tells whether it had begun to leave; without one, treat it like [`Outcome::Unknown`].
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    /// Where the call notes how far it has come.
    receipt: Option<Receipt>,
    /// Where requests go that are shown instead of sent.
    preview: Option<Preview>,
}

pub(crate) struct Inner {
    /// The HTTP client, and the base URL without a slash at its end.
    pub(crate) operations: generated::Client,
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
    /// [`ErrorKind::Configuration`], for example when the system's root certificates cannot be read.
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::builder().credentials(credentials).build()
    }

    /// A client with settings of its own.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Registers a loan promise (lånelöfte) on a buyer: `POST CRM/Buyer/{customerId}/{contactId}/LoanPromise`.
    ///
    /// Returns the answered string; what it means is not documented.
    /// (Source: the vendor's help page.)
    ///
    /// # Errors
    /// [`Error::outcome`] says whether the loan promise may exist. The operation is not idempotent: after
    /// [`Outcome::Unknown`] look in Vitec before sending it again.
    pub async fn create_loan_promise(
        &self,
        customer_id: &CustomerId,
        contact_id: &ContactId,
        loan_promise: &LoanPromise,
    ) -> Result<String, Error> {
        let call = Call::new("create_loan_promise", customer_id).on("contact", contact_id);
        self.send(call, Some(loan_promise), async |operations| {
            operations.create_loan_promise(customer_id, contact_id).await
        })
        .await
    }

    /// Where calls go, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.inner.operations.baseurl
    }

    /// The whole HTTP request that a call would send, without sending it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use vitec_connect::{Client, Credentials, LoanPromise};
    ///
    /// let client = Client::new(Credentials::basic("partner", "secret")?)?;
    /// let promise = LoanPromise::builder().bank("SBAB").build();
    /// let (customer, contact) = ("M30011".parse()?, "4711".parse()?);
    /// let request = client.preview(async |client| client.create_loan_promise(&customer, &contact, &promise).await).await?;
    /// assert_eq!(request.url, "https://connect.maklare.vitec.net/CRM/Buyer/M30011/4711/LoanPromise");
    /// assert_eq!(&request.body[..], br#"{"bank":"SBAB"}"#);
    /// assert!(!request.to_string().contains("secret"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Whatever would have kept the request from being sent.
    pub async fn preview<T>(&self, call: impl AsyncFnOnce(Client) -> Result<T, Error>) -> Result<Request, Error> {
        let preview = Preview::default();
        let client = Client {
            preview: Some(Arc::clone(&preview)),
            ..self.clone()
        };
        let outcome = call(client).await;
        let shown = preview.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (shown, outcome) {
            (Some(request), _) => Ok(request),
            (None, Err(error)) => Err(error),
            (None, Ok(_)) => Err(Error::new(ErrorKind::Preview, Outcome::NotSent)),
        }
    }

    /// The same client, noting in `receipt` how far its call has come. A receipt is for one call.
    #[must_use]
    pub fn watched(&self, receipt: &Receipt) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            receipt: Some(receipt.clone()),
            preview: self.preview.clone(),
        }
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
            receipt: None,
            preview: None,
        }
    }

    /// A call from its first attempt to its end, with everything an error has to say about it.
    async fn send<T: DeserializeOwned + DataContract>(
        &self,
        call: Call<'_>,
        body: Option<&(dyn Encode + Sync)>,
        operation: impl AsyncFn(&generated::Client) -> Made,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let span = tracing::info_span!(
            "vitec_connect",
            operation = call.operation,
            customer_id = call.customer_id.as_str(),
            status = tracing::field::Empty,
            duration_ms = tracing::field::Empty,
        );
        let receipt = self.receipt.clone().unwrap_or_default();
        receipt.start();
        let result = self
            .attempts(&call, body, operation, started, &receipt)
            .instrument(span.clone())
            .await
            .map_err(|error| {
                receipt.end(error.outcome(), receipt.status());
                error.with(|it| {
                    it.outcome = receipt.outcome();
                    it.about = Some(call.about());
                    it.attempts = receipt.attempts();
                    it.elapsed = started.elapsed();
                    it.sent_at = receipt.sent_at();
                })
            });
        span.record("duration_ms", started.elapsed().as_millis() as u64);
        if let Some(status) = receipt.status() {
            span.record("status", status);
        }
        span.in_scope(|| match &result {
            Ok(_) => tracing::debug!("accepted"),
            Err(error) if error.kind() == ErrorKind::Preview => {}
            Err(error) => tracing::warn!(kind = ?error.kind(), outcome = error.outcome().as_str(), "failed"),
        });
        result
    }

    async fn attempts<T: DeserializeOwned + DataContract>(
        &self,
        call: &Call<'_>,
        body: Option<&(dyn Encode + Sync)>,
        operation: impl AsyncFn(&generated::Client) -> Made,
        started: Instant,
        receipt: &Receipt,
    ) -> Result<T, Error> {
        let inner = &*self.inner;
        let body = body
            .map(|body| body.encode(inner.media_type))
            .transpose()
            .map_err(|error| {
                let invalid = Error::new(ErrorKind::InvalidBody, Outcome::NotSent);
                match error {
                    EncodeError::Json(error) => invalid.with_source(error),
                    EncodeError::Xml(error) => invalid.with_source(error),
                }
            })?;
        let end = started + inner.call_timeout;
        let mut credentials = self.credentials(call.customer_id, end).await?;
        let mut replaced = false;
        loop {
            let request = request(&inner.operations, &operation)?;
            let error = match self.attempt(request, &credentials, body.clone(), end, receipt).await {
                Ok(answer) => return read_answer(answer),
                Err(error) => error,
            };
            // The password may have been replaced: ask once more, and go on only with another one.
            if error.kind() == ErrorKind::Unauthorized && !replaced {
                replaced = true;
                match self.credentials(call.customer_id, end).await {
                    Ok(other) if !other.is(&credentials) => credentials = other,
                    _ => return Err(error),
                }
                continue;
            }
            let failure = Failure {
                kind: error.kind(),
                outcome: error.outcome(),
                retryable: error.is_retryable(),
                retry_after: error.retry_after(),
                attempts: receipt.attempts(),
                remaining: end.saturating_duration_since(Instant::now()),
            };
            let Some(wait) = inner.retry.wait(&failure, fastrand::f64()) else {
                return Err(error);
            };
            tracing::info!(kind = ?error.kind(), attempt = receipt.attempts(), ?wait, "trying again");
            tokio::time::sleep(wait).await;
            // Asked for at each attempt: it may have been replaced meanwhile.
            credentials = self.credentials(call.customer_id, end).await?;
        }
    }

    /// One attempt: an answer that says that the call was carried out, or an error.
    async fn attempt(
        &self,
        request: reqwest::Request,
        credentials: &Credentials,
        body: Option<Bytes>,
        end: Instant,
        receipt: &Receipt,
    ) -> Result<Answer, Error> {
        let inner = &*self.inner;
        let only_reads = request.method().is_safe();
        let attempt = Attempt::new(
            request,
            credentials,
            inner.user_agent.clone(),
            inner.media_type,
            body,
            receipt.begin(Utc::now()),
        );
        if let Some(preview) = &self.preview {
            *preview.lock().unwrap_or_else(PoisonError::into_inner) = Some(attempt.shown());
            return Err(Error::new(ErrorKind::Preview, Outcome::NotSent));
        }
        let deadline = end.min(Instant::now() + inner.attempt_timeout);
        let sent = attempt
            .send(&inner.operations.client, deadline, inner.answer_limit)
            .await;
        let status = sent.as_ref().ok().map(|answer| answer.status);
        let result = match sent {
            Ok(answer) if answer.is_success() => Ok(answer),
            Ok(answer) => Err(answer.into_error(inner.retry.service_unavailable(), SystemTime::now())),
            Err(error) => Err(error),
        }
        .map_err(|error| match error.outcome() {
            // Nothing can be created by a GET, whatever comes of it.
            Outcome::Unknown if only_reads => error.with(|it| it.outcome = Outcome::NotSent),
            _ => error,
        });
        receipt.end(
            result.as_ref().map_or_else(Error::outcome, |_| Outcome::Accepted),
            status,
        );
        result
    }

    async fn credentials(&self, customer_id: &CustomerId, end: Instant) -> Result<Credentials, Error> {
        let provider = &self.inner.credentials;
        if let Some(credentials) = provider.same() {
            return Ok(credentials.clone());
        }
        let missing = || Error::new(ErrorKind::Credentials, Outcome::NotSent);
        match tokio::time::timeout_at(end, provider.get(customer_id)).await {
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(error)) => Err(missing().with_source(error)),
            Err(_) => Err(missing().with(|it| it.detail = Some("the provider gave none in time".to_owned()))),
        }
    }
}

/// An answer that says that the call was carried out, read; or an error that says that only the answer is lost.
fn read_answer<T: DeserializeOwned + DataContract>(answer: Answer) -> Result<T, Error> {
    let lost = || Error::new(ErrorKind::AnswerLost, Outcome::Accepted);
    match decode(answer.content_type(), &answer.body) {
        Ok(value) if answer.cut.is_none() => Ok(value),
        // Only a plain 200 can be somebody else's page.
        Err(DecodeError::Foreign(why)) if answer.status == 200 => {
            let error = Error::new(ErrorKind::UnexpectedAnswer, Outcome::Unknown);
            Err(answer.with(error.with(|it| it.detail = Some(why.to_owned()))))
        }
        read => {
            let mut answer = answer;
            let error = match (answer.cut.take(), read) {
                (Some(cut), _) => lost().with_source(cut),
                (None, Err(DecodeError::Unreadable(error))) => lost().with_source(error),
                (None, Err(DecodeError::Foreign(why))) => lost().with(|it| it.detail = Some(why.to_owned())),
                (None, Ok(_)) => lost(),
            };
            Err(answer.with(error))
        }
    }
}

/// What a call is about.
struct Call<'a> {
    operation: &'static str,
    customer_id: &'a CustomerId,
    subject: Option<(&'static str, &'a str)>,
}

impl<'a> Call<'a> {
    fn new(operation: &'static str, customer_id: &'a CustomerId) -> Self {
        Self {
            operation,
            customer_id,
            subject: None,
        }
    }

    /// Says what the call is about beside the customer: what it is, and its id.
    fn on(mut self, what: &'static str, id: &'a impl AsRef<str>) -> Self {
        self.subject = Some((what, id.as_ref()));
        self
    }

    fn about(&self) -> About {
        About {
            operation: self.operation,
            customer_id: self.customer_id.as_str().to_owned(),
            subject: self.subject.map(|(what, id)| (what, id.to_owned())),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.inner.operations.baseurl)
            .field("media_type", &self.inner.media_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
