//! A call from its first attempt to its end, with everything an error has to say about it.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use chrono::Utc;
use reqwest::header::HeaderValue;
use serde::Serialize;
use smallvec::SmallVec;
use tokio::time::Instant;
use tracing::Instrument;

use crate::client::{Client, Inner};
use crate::credentials::Credentials;
use crate::datacontract::{DataContract, media_type};
use crate::error::{About, Effect, Error, ErrorKind, Outcome};
use crate::receipt::Receipt;
use crate::request::{Made, Prepared, Request};
use crate::retry::Failure;
use crate::transport::{Answer, Attempt};
use crate::{CustomerId, MediaType, generated};

/// What a call sends, before it is sent.
pub(crate) struct Exchange {
    client: Client,
    pub(crate) about: About,
    /// Or why nothing can be sent.
    prepared: Result<Prepared, Error>,
    pub(crate) receipt: Receipt,
}

/// What generated methods make of it.
#[allow(dead_code, reason = "the document says which of these are needed")]
impl Exchange {
    /// The request that progenitor's `operation` makes for this customer.
    pub(crate) fn new(
        client: &Client,
        operation: &'static str,
        effect: Effect,
        customer_id: &CustomerId,
        make: impl AsyncFnOnce(&generated::Client) -> Made,
    ) -> Self {
        Self {
            prepared: Prepared::by(client.base_url(), &client.inner.http, make),
            client: client.clone(),
            about: About {
                operation,
                effect,
                customer_id: customer_id.clone(),
                parameters: SmallVec::new(),
            },
            receipt: Receipt::default(),
        }
    }

    /// Says what the call is about beside the customer: a parameter, and its text.
    pub(crate) fn about(mut self, parameter: &'static str, text: Arc<str>) -> Self {
        self.about.parameters.push((parameter, text));
        self
    }

    /// What is asked for instead of JSON or XML.
    pub(crate) fn accept(self, media_types: &'static str) -> Self {
        self.with(|prepared| {
            prepared.accept = Some(media_types);
            Ok(())
        })
    }

    /// The names of the headers that are parameters.
    pub(crate) fn header_parameters(self, names: &'static [&'static str]) -> Self {
        self.with(|prepared| {
            prepared.header_parameters = names;
            Ok(())
        })
    }

    /// Writes the body, where there is one.
    pub(crate) fn body(self, body: Option<&(impl Serialize + DataContract)>) -> Self {
        let media_type = self.client.inner.media_type;
        self.with(|prepared| {
            let encoded = body.map(|body| encoded(body, media_type)).transpose()?;
            prepared.body = encoded.map(|bytes| (media_type.as_str(), bytes));
            Ok(())
        })
    }

    /// A body that is neither JSON nor XML, where there is one.
    pub(crate) fn bytes(self, media_type: &'static str, body: Option<Bytes>) -> Self {
        self.with(|prepared| {
            prepared.body = body.map(|bytes| (media_type, bytes));
            Ok(())
        })
    }
}

impl Exchange {
    /// With another request, unless something is wrong with it already.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Prepared) -> Result<(), Error>) -> Self {
        if let Ok(prepared) = &mut self.prepared
            && let Err(error) = change(prepared)
        {
            self.prepared = Err(error);
        }
        self
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
                    about: &self.about,
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
            Err(error) => {
                self.receipt.end(error.outcome(), self.receipt.status());
                let error = error.with(|it| {
                    it.outcome = self.receipt.outcome();
                    it.about = Some(self.about);
                    it.attempts = self.receipt.attempts();
                    it.elapsed = started.elapsed();
                    it.sent_at = self.receipt.sent_at();
                });
                span.in_scope(|| tracing::warn!(kind = ?error.kind(), outcome = error.outcome().as_str(), "failed"));
                Err(error)
            }
        }
    }
}

/// A body as it is sent.
pub(crate) fn encoded(body: &(impl Serialize + DataContract), media_type: MediaType) -> Result<Bytes, Error> {
    let encoded = media_type::encode(media_type, body);
    encoded
        .map(Bytes::from)
        .map_err(|error| Error::new(ErrorKind::InvalidBody, Outcome::NotSent).with_source(error))
}

/// What all attempts of a call have in common.
struct Attempts<'a> {
    client: &'a Inner,
    about: &'a About,
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
        .map_err(|error| self.about.effect.narrow(error));
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
        match tokio::time::timeout_at(self.end, provider.get(&self.about.customer_id)).await {
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(error)) => Err(missing().with_source(error)),
            Err(_) => Err(missing().with(|it| it.detail = Some("the provider gave none in time".to_owned()))),
        }
    }
}

#[cfg(test)]
mod tests;
