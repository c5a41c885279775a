//! One attempt: from bytes to a request that leaves, and from whatever comes back to bytes or an error.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use progenitor_client::{ByteStream, ClientHooks, OperationInfo, ResponseValue};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, ErrorKind, Outcome};
use crate::generated;
use crate::http_error::HttpError;
use crate::media_type::{MediaType, charset};
use crate::text::decode_text;

/// How much of an error's body is kept.
const KEPT_BODY: usize = 64 * 1024;

/// What the hook puts on the request, and what it learns of it.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) authorization: HeaderValue,
    pub(crate) user_agent: HeaderValue,
    pub(crate) media_type: MediaType,
    pub(crate) body: Option<Bytes>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) preview: Option<Preview>,
}

/// How far an attempt has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    begun: AtomicBool,
    reads: AtomicBool,
}

impl Progress {
    /// Whether the request has begun to leave.
    pub(crate) fn begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    /// Whether it is a GET: nothing can be created by it, whatever comes of it.
    pub(crate) fn only_reads(&self) -> bool {
        self.reads.load(Ordering::Acquire)
    }

    fn outcome(&self) -> Outcome {
        match self.begun() {
            true => Outcome::Unknown,
            false => Outcome::NotSent,
        }
    }
}

/// Where a request goes that is shown instead of sent.
pub(crate) type Preview = Arc<Mutex<Option<Request>>>;

/// The whole HTTP request of a call, as [`Client::preview`](crate::Client::preview) shows it. `Display` writes it as it
/// would go over the wire, except that the URL is whole and the credentials are redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// `POST`
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Names in lower case, in the order of the wire, without the credentials.
    pub headers: Vec<(String, String)>,
    /// The exact bytes.
    pub body: Bytes,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} HTTP/1.1", self.method, self.url)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        write!(f, "\n{}", String::from_utf8_lossy(&self.body))
    }
}

impl Request {
    fn of(request: &reqwest::Request, body: Option<&Bytes>) -> Self {
        let host = request.url().host_str().unwrap_or_default();
        let host = match request.url().port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let mut headers = vec![("host".to_owned(), host)];
        headers.extend(request.headers().iter().map(|(name, value)| {
            let value = match value.is_sensitive() {
                true => "Basic [redacted]".to_owned(),
                false => String::from_utf8_lossy(value.as_bytes()).into_owned(),
            };
            (name.to_string(), value)
        }));
        if let Some(body) = body {
            headers.push(("content-length".to_owned(), body.len().to_string()));
        }
        Self {
            method: request.method().to_string(),
            url: request.url().to_string(),
            headers,
            body: body.cloned().unwrap_or_default(),
        }
    }
}

impl ClientHooks<Attempt> for generated::Client {
    async fn pre<E>(
        &self,
        request: &mut reqwest::Request,
        _: &OperationInfo,
    ) -> Result<(), progenitor_client::Error<E>> {
        let attempt = &self.inner;
        let media_type = HeaderValue::from_static(attempt.media_type.as_str());
        let headers = request.headers_mut();
        let mut of_operation = std::mem::replace(headers, HeaderMap::with_capacity(8));
        // progenitor's own: an api-version, and the media type of bytes.
        for name in [
            HeaderName::from_static("api-version"),
            header::ACCEPT,
            header::CONTENT_TYPE,
        ] {
            of_operation.remove(name);
        }
        headers.insert(header::ACCEPT, media_type.clone());
        headers.insert(header::AUTHORIZATION, attempt.authorization.clone());
        if attempt.body.is_some() {
            headers.insert(header::CONTENT_TYPE, media_type);
        }
        headers.insert(header::USER_AGENT, attempt.user_agent.clone());
        headers.extend(of_operation); // Parameters in headers.
        attempt
            .progress
            .reads
            .store(request.method().is_safe(), Ordering::Release);
        match &attempt.preview {
            None => Ok(()),
            Some(preview) => {
                let shown = Request::of(request, attempt.body.as_ref());
                *preview.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
                Err(progenitor_client::Error::Custom("shown, not sent".to_owned()))
            }
        }
    }
}

/// A body of known length that notes when it is asked for. hyper encodes the head and asks for the body before it writes
/// the first byte to the connection: as long as nobody asked, nothing has left.
struct Noted {
    bytes: Option<Bytes>,
    progress: Arc<Progress>,
}

impl Body for Noted {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        let noted = self.get_mut();
        noted.progress.begun.store(true, Ordering::Release);
        Poll::Ready(noted.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64)
    }
}

/// What a generated operation returns once every body is bytes.
pub(crate) type Sent = Result<ResponseValue<ByteStream>, progenitor_client::Error<ByteStream>>;

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

impl Attempt {
    /// The body to hand over to a generated operation.
    fn body(&self) -> reqwest::Body {
        match &self.body {
            None => reqwest::Body::from(Bytes::new()),
            Some(bytes) => reqwest::Body::wrap(Noted {
                bytes: Some(bytes.clone()),
                progress: Arc::clone(&self.progress),
            }),
        }
    }

    /// Sends, and reads the answer up to `limit` bytes; both until `deadline`.
    pub(crate) async fn send<F: Future<Output = Sent>>(
        self,
        base_url: &str,
        client: &reqwest::Client,
        operation: impl Fn(generated::Client, reqwest::Body) -> F,
        deadline: Instant,
        limit: usize,
    ) -> Result<Answer, Error> {
        let progress = Arc::clone(&self.progress);
        if self.body.is_none() {
            progress.begun.store(true, Ordering::Release); // Without a body to be asked for, take it for sent.
        }
        let body = self.body();
        let transport = generated::Client {
            baseurl: base_url.to_owned(),
            client: client.clone(),
            inner: self,
        };
        let response = match timeout_at(deadline, operation(transport, body)).await {
            Err(_) => return Err(Error::new(ErrorKind::Timeout, progress.outcome())),
            Ok(Ok(response)) => response,
            Ok(Err(progenitor_client::Error::ErrorResponse(response))) => response,
            Ok(Err(progenitor_client::Error::CommunicationError(error))) => {
                return Err(communication_error(error.without_url(), progress.outcome()));
            }
            Ok(Err(progenitor_client::Error::Custom(_))) => {
                return Err(Error::new(ErrorKind::Preview, Outcome::NotSent));
            }
            Ok(Err(progenitor_client::Error::InvalidRequest(detail))) => {
                return Err(Error::configuration(detail));
            }
            // None of these comes from an operation whose answers are bytes.
            Ok(Err(_)) => return Err(Error::new(ErrorKind::Interrupted, progress.outcome())),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let (body, cut) = read(response.into_inner(), deadline, limit).await;
        Ok(Answer {
            status,
            headers,
            body,
            cut,
        })
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

/// Reads up to `limit` bytes. What has come until it was cut off is kept.
async fn read(mut stream: ByteStream, deadline: Instant, limit: usize) -> (Bytes, Option<Cut>) {
    let mut body = Bytes::new();
    loop {
        let next = std::future::poll_fn(|context| stream.as_mut().poll_next(context));
        match timeout_at(deadline, next).await {
            Err(_) => return (body, Some(Cut::TooSlow)),
            Ok(None) => return (body, None),
            Ok(Some(Err(error))) => return (body, Some(Cut::Broken(error.without_url()))),
            Ok(Some(Ok(chunk))) => {
                let fits = chunk.len().min(limit - body.len());
                body = match body.is_empty() {
                    true => chunk.slice(..fits), // The usual answer comes in one piece.
                    false => {
                        let mut joined = Vec::from(body);
                        joined.extend_from_slice(&chunk[..fits]);
                        Bytes::from(joined)
                    }
                };
                if fits < chunk.len() {
                    return (body, Some(Cut::TooLarge(limit)));
                }
            }
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

    /// Whether the server said that it did what was asked.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.status, 200 | 201 | 202 | 204)
    }

    /// The error that this answer is.
    pub(crate) fn into_error(self, service_unavailable: Outcome, now: SystemTime) -> Error {
        let (kind, outcome) = meaning(self.status, service_unavailable);
        let charset = self.content_type().and_then(charset);
        let text = decode_text(&self.body, charset.as_deref());
        let body = text.as_deref().map_or(&self.body[..], str::as_bytes);
        let http_error = HttpError::from_json(body).or_else(|| HttpError::from_xml(body));
        let retry_after = self
            .headers
            .get(header::RETRY_AFTER)
            .and_then(|it| retry_after(it.to_str().ok()?, now));
        self.with(Error::new(kind, outcome)).with(|it| {
            it.http_error = http_error;
            it.retry_after = retry_after;
        })
    }

    /// Adds what came back to `error`.
    pub(crate) fn with(self, error: Error) -> Error {
        error.with(|it| {
            it.status = Some(self.status);
            // Copied when it is cut: a slice would keep the whole answer in memory.
            it.body = match self.body.len() > KEPT_BODY {
                true => Bytes::copy_from_slice(&self.body[..KEPT_BODY]),
                false => self.body,
            };
        })
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|it| it.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let at: SystemTime = chrono::DateTime::parse_from_rfc2822(value).ok()?.to_utc().into();
    Some(at.duration_since(now).unwrap_or(Duration::ZERO))
}
