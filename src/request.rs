//! From an operation that progenitor generated to the request of a call: made, shown, and not sent.

use std::cell::Cell;
use std::fmt::{self, Display as _, Write as _};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use progenitor_client::{ByteStream, ClientHooks, ClientInfo, OperationInfo, QueryParam, ResponseValue};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use crate::client::Inner;
use crate::error::Error;
use crate::generated;

/// The headers that the client or HTTP itself sets.
const RESERVED: [HeaderName; 16] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
];

/// Where the request of one call is left by the operation that makes it.
#[derive(Default)]
pub(crate) struct Slot(Cell<Option<reqwest::Request>>);

impl Clone for Slot {
    /// Another call's: empty.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

/// A generated operation makes its request, and does not send it: what comes back belongs to the transport, whole and
/// untouched.
impl ClientHooks<Slot> for generated::Client {
    async fn exec(&self, request: reqwest::Request, _: &OperationInfo) -> reqwest::Result<reqwest::Response> {
        self.inner().0.set(Some(request));
        std::future::pending().await
    }
}

/// A value as it stands in a path: what a URL parser would read as something else is percent-encoded.
pub(crate) struct Encoded<'a, T>(pub(crate) &'a T);

impl<T: fmt::Display> fmt::Display for Encoded<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Encoder(f), "{}", self.0)
    }
}

struct Encoder<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Encoder<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        utf8_percent_encode(text, IN_PATH).fmt(self.0)
    }
}

/// The path percent-encode set of the URL standard, and what ends a segment or begins an escape.
const IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b'%');

/// What a generated operation returns.
pub(crate) type Made = Result<ResponseValue<ByteStream>, progenitor_client::Error<()>>;

/// The request of a call, without what each attempt adds to it.
pub(crate) struct Prepared {
    /// With the parameters that stand in headers, and the headers that the caller adds.
    request: reqwest::Request,
    /// Its media type, and its bytes.
    pub(crate) body: Option<(&'static str, Bytes)>,
    /// What is asked for, where that is neither JSON nor XML.
    pub(crate) accept: Option<&'static str>,
    /// The headers that are parameters of the operation.
    pub(crate) header_parameters: &'static [&'static str],
}

impl Prepared {
    /// The request that `operation` makes. It waits for nothing: it ends in the hook.
    pub(crate) fn by(
        base_url: &str,
        http: &reqwest::Client,
        operation: impl AsyncFnOnce(&generated::Client) -> Made,
    ) -> Result<Self, Error> {
        let operations = generated::Client::new_with_client(base_url, http.clone(), Slot::default());
        let ended = pin!(operation(&operations)).poll(&mut Context::from_waker(Waker::noop()));
        match (operations.inner().0.take(), ended) {
            (Some(request), _) => Ok(Self {
                request,
                body: None,
                accept: None,
                header_parameters: &[],
            }),
            (None, Poll::Ready(Err(progenitor_client::Error::InvalidRequest(detail)))) => {
                Err(Error::configuration(detail))
            }
            (None, Poll::Ready(Err(progenitor_client::Error::CommunicationError(error)))) => {
                Err(Error::configuration("the request cannot be built").with_source(error.without_url()))
            }
            (None, _) => Err(Error::configuration("the operation made no request")),
        }
    }

    /// Sets a parameter in the query; once more, the last value counts.
    pub(crate) fn set_query(&mut self, name: &str, value: &impl Serialize) -> Result<(), Error> {
        let url = self.request.url_mut();
        let pairs = url.query_pairs().into_owned();
        let others: Vec<(String, String)> = pairs.filter(|(other, _)| other != name).collect();
        url.set_query(None);
        let mut pairs = url.query_pairs_mut();
        pairs.extend_pairs(others);
        // As progenitor and reqwest do it for those that are required.
        QueryParam::new(name, value)
            .serialize(serde_urlencoded::Serializer::new(&mut pairs))
            .map_err(|error| {
                Error::configuration(format!("the parameter {name} cannot be written")).with_source(error)
            })?;
        drop(pairs);
        if url.query() == Some("") {
            url.set_query(None);
        }
        Ok(())
    }

    /// Sets a parameter in a header; once more, the last value counts.
    pub(crate) fn set_header(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(name, "is no name of a header"))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| refused(name, "has a value with a character that no header can carry"))?;
        self.request.headers_mut().insert(key, value);
        Ok(())
    }

    /// Adds a header that is no parameter.
    pub(crate) fn add_header(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let is = |other: &str| other.eq_ignore_ascii_case(name);
        if RESERVED.iter().any(|it| is(it.as_str())) {
            return Err(refused(name, "is set by the client or by HTTP itself"));
        }
        if self.header_parameters.iter().copied().any(is) {
            return Err(refused(name, "is a parameter of the operation"));
        }
        self.set_header(name, value)
    }

    pub(crate) fn bytes(&self) -> Option<Bytes> {
        self.body.as_ref().map(|(_, bytes)| bytes.clone())
    }

    /// What an attempt sends, but for its body.
    pub(crate) fn attempt(&self, client: &Inner, authorization: HeaderValue) -> reqwest::Request {
        let accept = self.accept.unwrap_or(client.media_type.as_str());
        let mut request = reqwest::Request::new(self.request.method().clone(), self.request.url().clone());
        let own = self.request.headers();
        let mut headers = HeaderMap::with_capacity(own.len() + 4);
        headers.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        headers.insert(header::AUTHORIZATION, authorization);
        if let Some((media_type, _)) = self.body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        headers.insert(header::USER_AGENT, client.user_agent.clone());
        *request.headers_mut() = headers;
        request
    }
}

fn refused(header: &str, why: &str) -> Error {
    Error::configuration(format!("the header {header:?} {why}"))
}

/// The whole HTTP request of a call, as [`Call::preview`](crate::Call::preview) shows it. `Display` writes it as it
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
    pub(crate) fn of(request: &reqwest::Request, body: Option<Bytes>) -> Self {
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
        if let Some(body) = &body {
            headers.push(("content-length".to_owned(), body.len().to_string()));
        }
        Self {
            method: request.method().to_string(),
            url: request.url().to_string(),
            headers,
            body: body.unwrap_or_default(),
        }
    }
}
