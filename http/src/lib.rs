//! A reqwest client for requests that must not be sent twice, nor to anybody else, and what is known of one that failed:
//! whether it had begun to leave ([`noted`]), whether TLS refused ([`is_tls`]), how far the answer came ([`read`]).
//!
//! Redirects are not followed and nothing is sent again; a connection that the server may be about to close is not used; a
//! proxy that cannot be followed is an error, as passed over it would let the request go direct. TLS is rustls with ring and
//! the system's root certificates (feature `rustls`), without a provider for the whole process, or the system's own
//! (`native-tls`). With both features, rustls serves; with neither, plain HTTP is all there is.
//!
//! ```
//! use vitec_connect_http::{Proxy, Settings};
//!
//! let url = "http://127.0.0.1:8080".parse()?;
//! let client = Settings::default().client(&url)?;
//! # let url = "https://example.com".parse()?;
//! let mut settings = Settings::default();
//! settings.proxy = Proxy::Url("ftp://proxy.example".to_owned());
//! assert!(settings.client(&url).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod body;
mod proxy;
mod tls;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Url, redirect};

pub use answer::{Cut, read, retry_after};
pub use body::noted;
pub use proxy::Proxy;
pub use tls::is_tls;

/// How long an unused connection is kept. Shorter than IIS keeps it (120 s): a connection that the server closes in the
/// moment in which it is used again would leave the outcome unknown.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);

/// What a client is made of.
#[derive(Debug)]
#[non_exhaustive]
pub struct Settings {
    /// For what has no setting here; these are applied to it last.
    pub builder: ClientBuilder,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// Which proxy requests go through.
    pub proxy: Proxy,
    /// To be trusted beside the system's, in PEM.
    pub root_certificates: Vec<u8>,
}

impl Default for Settings {
    /// 5 s for a connection, no proxy, and the system's root certificates.
    fn default() -> Self {
        Self {
            builder: ClientBuilder::default(),
            connect_timeout: Duration::from_secs(5),
            proxy: Proxy::None,
            root_certificates: Vec::new(),
        }
    }
}

impl Settings {
    /// A client for requests to `target`. Plain HTTP is for loopback: no proxy and no TLS serve there.
    ///
    /// # Errors
    /// What is unusable, and why.
    pub fn client(self, target: &Url) -> Result<Client, Unusable> {
        let http = self
            .builder
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connection_verbose(false)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(IDLE_CONNECTION);
        let http = proxy::proxied(http, &self.proxy, target)?;
        let http = tls::with_tls(http, &self.root_certificates, target.scheme() == "https")?;
        http.build()
            .map_err(|error| Unusable::new("the HTTP client cannot be set up").with_source(error.without_url()))
    }
}

/// Which setting is unusable, and why. It repeats no URL: that may carry a password.
#[derive(Debug)]
pub struct Unusable {
    /// What is wrong.
    pub what: String,
    /// What a library says of it.
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Unusable {
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            source: None,
        }
    }

    fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            source: Some(Box::new(source)),
            ..self
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl StdError for Unusable {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|it| it as &(dyn StdError + 'static))
    }
}
