//! A call from its first attempt to its end, with everything an error has to say about it.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use chrono::Utc;
use progenitor_client::{ByteStream, ResponseValue};
use reqwest::header::HeaderValue;
use serde::Serialize;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use crate::client::{Client, Inner};
use crate::credentials::Credentials;
use crate::datacontract::{DataContract, media_type};
use crate::error::{About, Effect, Error, ErrorKind, Outcome};
use crate::receipt::Receipt;
use crate::request::{Prepared, Request};
use crate::retry::Failure;
use crate::transport::{Answer, Attempt};
use crate::{CustomerId, MediaType, generated};

/// What a call sends, before it is sent.
pub(crate) struct Exchange {
    client: Client,
    pub(crate) about: About,
    /// The operation's parameters that stand in headers.
    header_parameters: &'static [&'static str],
    /// Or why nothing can be sent.
    prepared: Result<Prepared, Error>,
    pub(crate) receipt: Receipt,
}

impl Exchange {
    /// The request that progenitor's `operation` makes for this customer.
    pub(crate) fn new(
        client: &Client,
        operation: &'static str,
        effect: Effect,
        customer_id: &CustomerId,
        make: impl AsyncFnOnce(&generated::Client) -> Result<ResponseValue<ByteStream>, progenitor_client::Error<()>>,
    ) -> Self {
        Self {
            prepared: Prepared::by(client.base_url(), &client.inner.http, make),
            client: client.clone(),
            about: About::new(operation, effect, customer_id.clone()),
            header_parameters: &[],
            receipt: Receipt::default(),
        }
    }

    /// Says what the call is about beside the customer: a parameter, and its text.
    pub(crate) fn about(mut self, parameter: &'static str, text: Arc<str>) -> Self {
        self.about.parameters.push((parameter, text));
        self
    }

    /// What is asked for instead of JSON or XML.
    #[allow(dead_code, reason = "the document says whether it is needed")]
    pub(crate) fn accept(mut self, media_types: &'static str) -> Self {
        self.change(|prepared, _| {
            prepared.accept = Some(media_types);
            Ok(())
        });
        self
    }

    /// The names of the headers that are parameters.
    #[allow(dead_code, reason = "the document says whether it is needed")]
    pub(crate) fn header_parameters(mut self, names: &'static [&'static str]) -> Self {
        self.header_parameters = names;
        self
    }

    /// Writes the body, where there is one.
    pub(crate) fn body(mut self, body: Option<&(impl Serialize + DataContract)>) -> Self {
        let Some(body) = body else {
            return self;
        };
        let media_type = self.client.inner.media_type;
        let encoded = encoded(body, media_type);
        self.change(|prepared, _| {
            prepared.body = Some((media_type.as_str(), encoded?));
            Ok(())
        });
        self
    }

    /// A body that is neither JSON nor XML, where there is one.
    #[allow(dead_code, reason = "the document says whether it is needed")]
    pub(crate) fn bytes(mut self, media_type: &'static str, body: Option<Bytes>) -> Self {
        self.change(|prepared, _| {
            prepared.body = body.map(|bytes| (media_type, bytes));
            Ok(())
        });
        self
    }

    #[allow(dead_code, reason = "the document says whether it is needed")]
    pub(crate) fn set_query(&mut self, name: &str, value: &impl Serialize) {
        self.change(|prepared, client| prepared.set_query(&client.inner.http, name, value));
    }

    #[allow(dead_code, reason = "the document says whether it is needed")]
    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        self.change(|prepared, _| prepared.set_header(name, value));
    }

    pub(crate) fn add_header(&mut self, name: &str, value: &str) {
        let parameters = self.header_parameters;
        self.change(|prepared, _| prepared.add_header(parameters, name, value));
    }

    /// Changes the request, unless something is wrong with it already.
    fn change(&mut self, change: impl FnOnce(&mut Prepared, &Client) -> Result<(), Error>) {
        if let Ok(prepared) = &mut self.prepared
            && let Err(error) = change(prepared, &self.client)
        {
            self.prepared = Err(error);
        }
    }

    /// The request as it would be sent.
    pub(crate) fn preview(self) -> Result<Request, Error> {
        let mut authorization = HeaderValue::from_static("Basic");
        authorization.set_sensitive(true);
        match self.prepared {
            Ok(prepared) => {
                let request = prepared.attempt(&self.client.inner, authorization);
                Ok(Request::of(&request, prepared.bytes()))
            }
            Err(error) => Err(error.with(|it| it.about = Some(self.about))),
        }
    }

    /// Sends it, and reads the answer.
    pub(crate) async fn run<T>(self, read: impl FnOnce(&mut Answer) -> Result<T, Error>) -> Result<T, Error> {
        let started = Instant::now();
        let span = tracing::info_span!(
            "vitec_connect",
            operation = self.about.operation,
            customer_id = self.about.customer_id.as_str(),
            status = tracing::field::Empty,
            duration_ms = tracing::field::Empty,
        );
        self.receipt.start(self.about.effect);
        let end = started + self.client.inner.call_timeout;
        let sent = match self.prepared {
            Ok(prepared) => {
                let attempts = Attempts {
                    client: &self.client.inner,
                    customer_id: &self.about.customer_id,
                    effect: self.about.effect,
                    receipt: &self.receipt,
                    end,
                };
                attempts.send(&prepared).instrument(span.clone()).await
            }
            Err(error) => Err(error),
        };
        let result = sent.and_then(|mut answer| read(&mut answer).map_err(|error| self.about.effect.narrow(error)));
        span.record("duration_ms", started.elapsed().as_millis() as u64);
        if let Some(status) = self.receipt.status() {
            span.record("status", status);
        }
        match result {
            Ok(value) => {
                span.in_scope(|| tracing::debug!("accepted"));
                Ok(value)
            }
            Err(error) => Err(failed(error, self.about, &self.receipt, started, &span)),
        }
    }
}

/// A body as it is sent.
pub(crate) fn encoded(body: &(impl Serialize + DataContract), media_type: MediaType) -> Result<Bytes, Error> {
    let invalid = || Error::new(ErrorKind::InvalidBody, Outcome::NotSent);
    let encoded = media_type::encode(media_type, body).map_err(|error| invalid().with_source(error))?;
    Ok(encoded.into())
}

/// Says in `error` all that is known of the call.
fn failed(error: Error, about: About, receipt: &Receipt, started: Instant, span: &Span) -> Error {
    receipt.end(error.outcome(), receipt.status());
    let error = error.with(|it| {
        it.outcome = receipt.outcome();
        it.about = Some(about);
        it.attempts = receipt.attempts();
        it.elapsed = started.elapsed();
        it.sent_at = receipt.sent_at();
    });
    span.in_scope(|| tracing::warn!(kind = ?error.kind(), outcome = error.outcome().as_str(), "failed"));
    error
}

/// What all attempts of a call have in common.
struct Attempts<'a> {
    client: &'a Inner,
    customer_id: &'a CustomerId,
    effect: Effect,
    receipt: &'a Receipt,
    /// When the whole call ends.
    end: Instant,
}

impl Attempts<'_> {
    /// Attempts, until one is answered with a success, or none is to follow.
    async fn send(&self, prepared: &Prepared) -> Result<Answer, Error> {
        let mut credentials = self.credentials().await?;
        let mut replaced = false;
        loop {
            let error = match self.attempt(prepared, &credentials).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // The password may have been replaced: ask once more, and go on only with another one.
            if error.kind() == ErrorKind::Unauthorized && !replaced {
                replaced = true;
                match self.credentials().await {
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
                attempts: self.receipt.attempts(),
                remaining: self.end.saturating_duration_since(Instant::now()),
            };
            let Some(wait) = self.client.retry.wait(&failure, fastrand::f64()) else {
                return Err(error);
            };
            tracing::info!(kind = ?error.kind(), attempt = self.receipt.attempts(), ?wait, "trying again");
            tokio::time::sleep(wait).await;
            // Asked for at each attempt: it may have been replaced meanwhile.
            credentials = self.credentials().await?;
        }
    }

    /// One attempt: an answer that says that the call was carried out, or an error.
    async fn attempt(&self, prepared: &Prepared, credentials: &Credentials) -> Result<Answer, Error> {
        let attempt = Attempt {
            request: prepared.attempt(self.client, credentials.header()),
            body: prepared.bytes(),
            secrets: credentials.secrets(),
            progress: self.receipt.begin(Utc::now()),
        };
        let deadline = self.end.min(Instant::now() + self.client.attempt_timeout);
        let sent = attempt
            .send(&self.client.http, deadline, self.client.answer_limit)
            .await;
        let status = sent.as_ref().ok().map(|answer| answer.status);
        let result = match sent {
            Ok(answer) if answer.is_success() => Ok(answer),
            Ok(answer) => Err(answer.into_error(self.client.retry.service_unavailable(), SystemTime::now())),
            Err(error) => Err(error),
        }
        .map_err(|error| self.effect.narrow(error));
        let outcome = result.as_ref().map_or_else(Error::outcome, |_| Outcome::Accepted);
        self.receipt.end(outcome, status);
        result
    }

    async fn credentials(&self) -> Result<Credentials, Error> {
        let provider = &self.client.credentials;
        if let Some(credentials) = provider.same() {
            return Ok(credentials.clone());
        }
        let missing = || Error::new(ErrorKind::Credentials, Outcome::NotSent);
        match tokio::time::timeout_at(self.end, provider.get(self.customer_id)).await {
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(error)) => Err(missing().with_source(error)),
            Err(_) => Err(missing().with(|it| it.detail = Some("the provider gave none in time".to_owned()))),
        }
    }
}

#[cfg(test)]
mod tests;
