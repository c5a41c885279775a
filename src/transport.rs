//! One attempt: a request is sent, and whatever comes back is bytes or an error.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::header::{self, HeaderMap};
use tokio::time::{Instant, timeout_at};
use vitec_connect_redaction::Secrets;

use crate::HttpError;
use crate::error::{Error, ErrorKind, Outcome};
use crate::receipt::Progress;

/// How much of an error's body is kept.
const KEPT_BODY: usize = 64 * 1024;

/// A body of known length that notes when it is asked for. hyper encodes the head and asks for the body before it writes
/// the first byte to the connection: as long as nobody asked, nothing has left.
struct Noted {
    bytes: Option<Bytes>,
    progress: Progress,
}

impl Body for Noted {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        let noted = self.get_mut();
        noted.progress.leave();
        Poll::Ready(noted.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64)
    }
}

/// An answer of the server, complete or not.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Why `body` is not all of it.
    pub(crate) cut: Option<Cut>,
}

/// Why an answer is not complete.
#[derive(Debug)]
pub(crate) enum Cut {
    TooLarge(usize),
    TooSlow,
    Broken(reqwest::Error),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(limit) => write!(f, "the answer is larger than {limit} bytes"),
            Self::TooSlow => f.write_str("the answer did not come to its end in time"),
            Self::Broken(_) => f.write_str("the connection ended in the middle of the answer"),
        }
    }
}

impl StdError for Cut {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Broken(error) => Some(error),
            _ => None,
        }
    }
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
            bytes => {
                let progress = progress.clone();
                *self.request.body_mut() = Some(reqwest::Body::wrap(Noted { bytes, progress }));
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

/// Whether a TLS library refused, by the type of what it says.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "rustls")]
    if error.is::<rustls::Error>() {
        return true;
    }
    #[cfg(feature = "native-tls")]
    if error.is::<native_tls::Error>() {
        return true;
    }
    // io::Error gives the source of what it wraps, not what it wraps.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.is_some_and(|it| is_tls(it)) || error.source().is_some_and(is_tls)
}

/// Reads up to `limit` bytes into `body`. What has come until it was cut off is kept.
async fn read(response: &mut reqwest::Response, body: &mut Bytes, limit: usize) -> Option<Cut> {
    loop {
        let chunk = match response.chunk().await {
            Err(error) => return Some(Cut::Broken(error.without_url())),
            Ok(None) => return None,
            Ok(Some(chunk)) => chunk,
        };
        let fits = chunk.len().min(limit - body.len());
        *body = match body.is_empty() {
            true => chunk.slice(..fits), // The usual answer comes in one piece.
            false => {
                let mut joined = Vec::from(std::mem::take(body));
                joined.extend_from_slice(&chunk[..fits]);
                Bytes::from(joined)
            }
        };
        if fits < chunk.len() {
            return Some(Cut::TooLarge(limit));
        }
    }
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
        let retry_after = self
            .headers
            .get(header::RETRY_AFTER)
            .and_then(|it| retry_after(it.to_str().ok()?, now));
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

/// `Retry-After`: seconds, or a date in one of the three forms of HTTP (RFC 9110, sections 5.6.7 and 10.2.3).
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|it| it.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let at = httpdate::parse_http_date(value).ok();
    // Of mail's forms too: the day with one digit, another zone.
    let at = at.or_else(|| Some(chrono::DateTime::parse_from_rfc2822(value).ok()?.to_utc().into()))?;
    Some(at.duration_since(now).unwrap_or(Duration::ZERO))
}
