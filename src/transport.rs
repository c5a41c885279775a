//! One attempt: a request is sent, and whatever comes back is bytes or an error.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use reqwest::header::{self, HeaderMap};
use tokio::time::{Instant, timeout_at};
use vitec_connect_http::{Cut, is_tls, noted, read, retry_after};
use vitec_connect_redaction::Secrets;

use crate::HttpError;
use crate::error::{Error, ErrorKind, Outcome};
use crate::receipt::Progress;

/// How much of an error's body is kept.
const KEPT_BODY: usize = 64 * 1024;

/// An answer of the server, complete or not.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Why `body` is not all of it.
    pub(crate) cut: Option<Cut>,
}

/// What an attempt sends, and how far it has come.
pub(crate) struct Attempt {
    pub(crate) request: reqwest::Request,
    pub(crate) body: Option<Bytes>,
    /// What the answer is looked through for.
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) progress: Progress,
}

impl Attempt {
    /// Sends, and reads the answer up to `limit` bytes; both until `deadline`.
    pub(crate) async fn send(
        mut self,
        http: &reqwest::Client,
        deadline: Instant,
        limit: usize,
    ) -> Result<Answer, Error> {
        let progress = self.progress;
        match self.body {
            None => progress.leave(), // Without a body to be asked for, take it for sent.
            Some(bytes) => {
                let progress = progress.clone();
                *self.request.body_mut() = Some(noted(bytes, move || progress.leave()));
            }
        }
        let mut answer = None;
        let exchange = async {
            let mut response = http.execute(self.request).await?;
            let answer = answer.insert(Answer {
                status: response.status().as_u16(),
                headers: std::mem::take(response.headers_mut()),
                body: Bytes::new(),
                cut: Some(Cut::TooSlow), // Until it has come to its end.
            });
            answer.cut = read(&mut response, &mut answer.body, limit).await;
            Ok(())
        };
        let ended = timeout_at(deadline, exchange).await;
        match (answer, ended) {
            (Some(mut answer), _) => {
                answer.redact(&self.secrets);
                Ok(answer)
            }
            (None, Ok(Err(error))) => {
                let error: reqwest::Error = error;
                Err(communication_error(error.without_url(), progress.outcome()))
            }
            (None, _) => Err(Error::new(ErrorKind::Timeout, progress.outcome())),
        }
    }
}

fn communication_error(error: reqwest::Error, outcome: Outcome) -> Error {
    if error.is_builder() {
        return Error::configuration("the request cannot be built").with_source(error);
    }
    // A connection that was never made has carried nothing.
    let outcome = if error.is_connect() { Outcome::NotSent } else { outcome };
    let kind = match outcome {
        // TLS that breaks later on is no matter of certificates.
        Outcome::NotSent if is_tls(&error) => ErrorKind::Tls,
        Outcome::NotSent => ErrorKind::Connect,
        _ if error.is_timeout() => ErrorKind::Timeout,
        _ => ErrorKind::Interrupted,
    };
    Error::new(kind, outcome).with_source(error)
}

/// What a status that is no success says of what was sent.
fn meaning(status: u16, service_unavailable: Outcome) -> (ErrorKind, Outcome) {
    match status {
        400 => (ErrorKind::Validation, Outcome::Rejected),
        401 => (ErrorKind::Unauthorized, Outcome::Rejected),
        403 => (ErrorKind::Forbidden, Outcome::Rejected),
        429 => (ErrorKind::TooManyRequests, Outcome::NotSent),
        402 | 404..=407 | 409..=428 | 430..=499 => (ErrorKind::Refused, Outcome::Rejected),
        503 => (ErrorKind::Server, service_unavailable),
        408 | 500..=502 | 504..=599 => (ErrorKind::Server, Outcome::Unknown),
        // 302 and 303 ask for a GET elsewhere: the POST may have been carried out before.
        302 | 303 => (ErrorKind::Redirect, Outcome::Unknown),
        301 | 307 | 308 => (ErrorKind::Redirect, Outcome::Rejected),
        _ => (ErrorKind::UnexpectedAnswer, Outcome::Unknown),
    }
}

impl Answer {
    pub(crate) fn content_type(&self) -> Option<&str> {
        // A header that is not text names no media type: that is another answer than having none.
        Some(self.headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or("?"))
    }

    /// Takes out what the server repeats of the credentials.
    fn redact(&mut self, secrets: &Secrets) {
        secrets.redact_headers(&mut self.headers);
        if let Some(redacted) = secrets.redact(&self.body, self.cut.is_some()) {
            self.body = redacted.into();
        }
    }

    /// Whether the server said that it did what was asked.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.status, 200 | 201 | 202 | 204)
    }

    /// The error that this answer is.
    pub(crate) fn into_error(mut self, service_unavailable: Outcome, now: SystemTime) -> Error {
        let (kind, outcome) = meaning(self.status, service_unavailable);
        let http_error = HttpError::from_answer(self.content_type(), &self.body);
        let retry_after = retry_after(&self.headers, now);
        self.add_to(Error::new(kind, outcome)).with(|it| {
            it.http_error = http_error;
            it.retry_after = retry_after;
        })
    }

    /// Adds what came back to `error`, the body taken out of it.
    pub(crate) fn add_to(&mut self, error: Error) -> Error {
        let body = std::mem::take(&mut self.body);
        error.with(|it| {
            it.status = Some(self.status);
            // Copied when it is cut: a slice would keep the whole answer in memory.
            it.body = match body.len() > KEPT_BODY {
                true => Bytes::copy_from_slice(&body[..KEPT_BODY]),
                false => body,
            };
        })
    }
}
