//! The user name and password of a call.
//!
//! A partner has one user name, and one password for each customer (or group) and function group that it has rights to:
//! a sender to many offices holds many passwords. (Source: the vendor's "Teknisk Beskrivning".)

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::HeaderValue;
use vitec_connect_redaction::Secrets;
use zeroize::Zeroizing;

use crate::CustomerId;
use crate::id::is_invisible;

/// HTTP Basic credentials (RFC 7617). `Debug` does not show them, and memory that held them is overwritten on drop.
///
/// ```
/// # fn main() -> Result<(), vitec_connect::CredentialsError> {
/// let password = std::env::var("VITEC_CONNECT_PASSWORD").unwrap_or_default();
/// let credentials = vitec_connect::Credentials::basic("partner", &password)?;
/// assert_eq!(format!("{credentials:?}"), "Credentials([redacted])");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Credentials {
    /// `Basic …`. Each request has the same memory, which is overwritten when the last one lets go of it.
    header: HeaderValue,
    /// What no answer may repeat, made once.
    secrets: Arc<Secrets>,
}

const BASIC: &str = "Basic ";

/// Why credentials were refused when they were made. Never contains them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialsError(&'static str, Option<char>);

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        match self.1 {
            Some(character) => write!(f, " U+{:04X}: delete it, or type the name anew", u32::from(character)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CredentialsError {}

fn refused(why: &'static str) -> CredentialsError {
    CredentialsError(why, None)
}

impl Credentials {
    /// From a user name and a password, both sent as UTF-8.
    ///
    /// # Errors
    /// A user name that is empty or contains `:` or a format character (such as a zero-width space), and control
    /// characters in either (RFC 7617, section 2).
    pub fn basic(user: impl AsRef<str>, password: impl AsRef<str>) -> Result<Self, CredentialsError> {
        let (user, password) = (user.as_ref(), password.as_ref());
        if user.is_empty() {
            return Err(refused("the user name is empty"));
        }
        if user.contains(':') {
            return Err(refused("the user name contains `:`, which HTTP Basic cannot carry"));
        }
        if user.contains(char::is_control) {
            return Err(refused(
                "the user name contains a control character, such as a line break",
            ));
        }
        if let Some(character) = user.chars().find(|it| is_invisible(*it)) {
            return Err(CredentialsError(
                "the user name contains a character that nobody sees,",
                Some(character),
            ));
        }
        if password.contains(char::is_control) {
            return Err(refused(
                "the password contains a control character, such as a line break",
            ));
        }
        let mut plain = Zeroizing::new(String::with_capacity(user.len() + 1 + password.len()));
        plain.push_str(user);
        plain.push(':');
        plain.push_str(password);
        // Sized before it is filled: growing would leave a copy behind.
        let mut header = Zeroizing::new(String::with_capacity(BASIC.len() + plain.len().div_ceil(3) * 4));
        header.push_str(BASIC);
        STANDARD.encode_string(plain.as_bytes(), &mut header);
        // Base64 is always a valid header; were it not, nothing must be sent without it.
        let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(header))
            .map_err(|_| refused("these credentials make no valid header"))?;
        header.set_sensitive(true); // No `Debug` shows it.
        let secrets = Arc::new(Secrets::of(&header));
        Ok(Self { header, secrets })
    }

    /// From the finished base64 string that the vendor's portal shows, with or without `Basic` before it.
    ///
    /// # Errors
    /// A text that is no base64 of a user name, `:` and a password.
    pub fn encoded(base64: impl AsRef<str>) -> Result<Self, CredentialsError> {
        let text = base64.as_ref().trim();
        let base64 = match text.split_once(char::is_whitespace) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(BASIC.trim_end()) => rest.trim_start(),
            _ => text,
        };
        let plain = STANDARD
            .decode(base64)
            .map(Zeroizing::new)
            .map_err(|_| refused("this is not the base64 string that the portal shows"))?;
        let text = std::str::from_utf8(&plain).map_err(|_| refused("the base64 string does not hold text in UTF-8"))?;
        match text.split_once(':') {
            Some((user, password)) => Self::basic(user, password),
            None => Err(refused("the base64 string holds no user name, `:` and password")),
        }
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    pub(crate) fn secrets(&self) -> Arc<Secrets> {
        Arc::clone(&self.secrets)
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.header == other.header
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

/// Gives the credentials for a customer, at each attempt: one client serves many offices, and a password can be
/// replaced while it runs.
///
/// Implemented by [`Credentials`] (the same for every customer) and by `HashMap<CustomerId, Credentials>`.
///
/// ```
/// use vitec_connect::{Credentials, CredentialsProvider, CustomerId};
///
/// struct Vault;
///
/// impl CredentialsProvider for Vault {
///     async fn credentials(
///         &self,
///         customer_id: &CustomerId,
///     ) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
///         let password = read_from_vault(customer_id).await?;
///         Ok(Credentials::basic("partner", password)?)
///     }
/// }
/// # async fn read_from_vault(_: &CustomerId) -> Result<String, std::io::Error> { Ok(String::new()) }
/// ```
pub trait CredentialsProvider: Send + Sync + 'static {
    /// The credentials for this customer.
    ///
    /// # Errors
    /// Whatever keeps them from being found: the call then ends with [`ErrorKind::Credentials`](crate::ErrorKind), and
    /// nothing is sent.
    fn credentials(
        &self,
        customer_id: &CustomerId,
    ) -> impl Future<Output = Result<Credentials, Box<dyn std::error::Error + Send + Sync>>> + Send;
}

impl CredentialsProvider for Credentials {
    async fn credentials(&self, _: &CustomerId) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.clone())
    }
}

impl CredentialsProvider for HashMap<CustomerId, Credentials> {
    async fn credentials(
        &self,
        customer_id: &CustomerId,
    ) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        let missing = || format!("there are no credentials for customer {customer_id}").into();
        self.get(customer_id).cloned().ok_or_else(missing)
    }
}

impl<P: CredentialsProvider> CredentialsProvider for Arc<P> {
    async fn credentials(
        &self,
        customer_id: &CustomerId,
    ) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        P::credentials(self, customer_id).await
    }
}

/// Any provider behind a pointer.
pub(crate) trait AnyProvider: Send + Sync {
    /// Credentials that are the same for every customer: nobody has to be asked.
    fn same(&self) -> Option<&Credentials>;
    fn get<'a>(&'a self, customer_id: &'a CustomerId) -> ProviderFuture<'a>;
}

pub(crate) type ProviderFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>>;

impl<P: CredentialsProvider> AnyProvider for P {
    fn same(&self) -> Option<&Credentials> {
        (self as &dyn Any).downcast_ref()
    }

    fn get<'a>(&'a self, customer_id: &'a CustomerId) -> ProviderFuture<'a> {
        Box::pin(self.credentials(customer_id))
    }
}
