//! The settings of a client.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::client::{Client, Inner};
use crate::credentials::{AnyProvider, CredentialsProvider};
use crate::error::Error;
use crate::generated::BASE_URL;
use crate::retry::RetryPolicy;
use crate::{MediaType, Proxy};

/// Longer than anybody waits, and short enough to be added to any point in time.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Builds a [`Client`].
///
/// ```
/// use std::time::Duration;
/// use vitec_connect::{Client, Credentials, MediaType, RetryPolicy};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder()
///     .credentials(Credentials::basic("partner", "secret")?)
///     .media_type(MediaType::Xml)
///     .call_timeout(Duration::from_secs(90))
///     .retry(RetryPolicy::none())
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    credentials: Option<Box<dyn AnyProvider>>,
    media_type: MediaType,
    user_agent: String,
    attempt_timeout: Duration,
    call_timeout: Duration,
    answer_limit: usize,
    retry: RetryPolicy,
    http: vitec_connect_http::Settings,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            base_url: BASE_URL.to_owned(),
            credentials: None,
            media_type: MediaType::default(),
            user_agent: concat!("vitec-connect/", env!("CARGO_PKG_VERSION")).to_owned(),
            attempt_timeout: Duration::from_secs(30),
            call_timeout: Duration::from_secs(60),
            answer_limit: 1024 * 1024,
            retry: RetryPolicy::default(),
            http: vitec_connect_http::Settings::default(),
        }
    }
}

impl ClientBuilder {
    /// Where calls go: an `https://` URL, with a path prefix if need be. Vitec Connect itself unless told otherwise.
    ///
    /// `http://` is for loopback hosts only, as credentials would travel in the clear. User name, password, query and
    /// fragment are refused.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// The credentials: [`Credentials`](crate::Credentials), a map by customer, or a provider of your own.
    pub fn credentials(mut self, provider: impl CredentialsProvider) -> Self {
        self.credentials = Some(Box::new(provider));
        self
    }

    /// JSON, unless told otherwise.
    pub fn media_type(mut self, media_type: MediaType) -> Self {
        self.media_type = media_type;
        self
    }

    /// `vitec-connect/` and the version, unless told otherwise.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// How long a connection may take to be made: 5 s unless told otherwise. Running into it is safe, as nothing was
    /// sent: keep it well below the others.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.http.connect_timeout = timeout;
        self
    }

    /// How long one attempt may take, its answer included: 30 s unless told otherwise.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How long a call may take, all attempts and waits included: 60 s unless told otherwise.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// How many bytes of an answer are read: 1 MiB unless told otherwise.
    pub fn answer_limit(mut self, bytes: usize) -> Self {
        self.answer_limit = bytes;
        self
    }

    /// When a call is made again on its own.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// No proxy, unless told otherwise; the system's is an explicit choice.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.http.proxy = proxy;
        self
    }

    /// Root certificates to trust beside the system's, in PEM; may be called several times.
    pub fn root_certificates_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.http.root_certificates.extend_from_slice(pem.as_ref());
        self.http.root_certificates.push(b'\n');
        self
    }

    /// reqwest's own builder, for what has no setting here. The settings of this builder are applied to it last, and so
    /// are the ones that keep a loan promise from being sent twice: no redirects, no resending, HTTP/1.1 only.
    pub fn http_client(mut self, builder: reqwest::ClientBuilder) -> Self {
        self.http.builder = builder;
        self
    }

    /// Builds the client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration): what is unusable, and why.
    pub fn build(self) -> Result<Client, Error> {
        let url = base_url(&self.base_url)?;
        let credentials = self
            .credentials
            .ok_or_else(|| Error::configuration("it has no credentials; use `ClientBuilder::credentials`"))?;
        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|_| Error::configuration("the user agent is not visible ASCII"))?;
        let http = self
            .http
            .client(&url)
            .map_err(|unusable| Error::configuration(unusable.what).with(|it| it.source = unusable.source))?;
        Ok(Client::from_inner(Inner {
            http,
            base_url: url.as_str().trim_end_matches('/').to_owned(),
            credentials,
            media_type: self.media_type,
            user_agent,
            call_timeout: self.call_timeout.min(LONGEST_TIMEOUT),
            attempt_timeout: self.attempt_timeout.min(LONGEST_TIMEOUT),
            answer_limit: self.answer_limit,
            retry: self.retry,
        }))
    }
}

/// A URL that a path can be put behind. Its errors do not repeat it: it may carry a password.
fn base_url(text: &str) -> Result<Url, Error> {
    let not_http = || Error::configuration("the base URL does not begin with https://");
    if !text.contains("://") {
        return Err(not_http());
    }
    let url = Url::parse(text).map_err(|error| Error::configuration(format!("the base URL is no URL: {error}")))?;
    if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
        return Err(not_http());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::configuration(
            "the base URL carries a user name or password; these come from the credentials",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::configuration(
            "the base URL has a query or fragment, behind which no path can stand",
        ));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(Error::configuration(
            "the base URL begins with http://, and credentials would travel in the clear; use https://",
        ));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
