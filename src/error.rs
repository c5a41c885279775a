//! What went wrong, and what is then true of what was sent.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use smallvec::SmallVec;

use crate::{CustomerId, HttpError};

/// What is true of a loan promise (lånelöfte), or of whatever else was to be done, after a call failed.
///
/// A call that only reads (GET) is [`NotSent`](Self::NotSent) or [`Rejected`](Self::Rejected): nothing is left behind by it, and
/// it can be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing can have been created. Sending again is safe.
    NotSent,
    /// The server said no. Nothing was created; something has to change first.
    Rejected,
    /// It may have been created. Never send it again without looking: there is no idempotency key, and a second call may
    /// create a second one.
    Unknown,
    /// It was created, even though the answer could not be read.
    Accepted,
}

impl Outcome {
    /// `not_sent`, `rejected`, `unknown` or `accepted`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of thing went wrong. [`Error::outcome`] says what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built so: a base URL, a proxy or a certificate is unusable. Or a call has a header that it cannot
    /// have. Not sent.
    Configuration,
    /// A call by name has no such operation, or a parameter that is unknown, missing or no value of its type. Not sent.
    Argument,
    /// The body cannot be written: a number of an enumeration or a character that XML cannot carry, a date that .NET
    /// cannot hold. Not sent.
    InvalidBody,
    /// There are no credentials for the customer, or the provider failed. Not sent.
    Credentials,
    /// The name does not resolve, or the connection is refused, or takes too long. Not sent; worth trying again.
    Connect,
    /// The TLS handshake failed: a bad certificate, or no TLS at the port. Not sent; trying again does not help.
    Tls,
    /// No complete answer in time. Unknown once the request had begun to leave, else not sent.
    Timeout,
    /// The connection ended, or spoke no HTTP, before there was an answer. Unknown.
    Interrupted,
    /// 400: the body did not pass validation; see [`Error::validation`]. Rejected.
    Validation,
    /// 401: the Authorization header is not correct. Rejected.
    Unauthorized,
    /// 403: something was asked for that there is no access to. Rejected.
    Forbidden,
    /// Any other 4xx, such as 404 or 415. Rejected.
    Refused,
    /// 429: too many calls. Not sent; try again after [`Error::retry_after`].
    TooManyRequests,
    /// 408 or 5xx. Unknown (503: not sent, where the [`RetryPolicy`](crate::RetryPolicy) says so).
    Server,
    /// 3xx. Redirects are never followed: 302 would turn the call into a GET, 307 would send the body to another host.
    Redirect,
    /// An answer that is not Vitec Connect's: a login page, a firewall's notice, another document. Unknown.
    UnexpectedAnswer,
    /// It was accepted, and the answer cannot be read: cut off, too large, empty or malformed. Accepted.
    AnswerLost,
}

/// Why a call failed.
///
/// [`outcome`](Error::outcome) is what matters first: may the loan promise exist? `Display` says what happened, to which
/// customer, whether it may exist and what to do now. It does not repeat the [`source`](StdError::source), and neither
/// contains a password.
///
/// ```
/// use vitec_connect::{Error, Outcome};
///
/// fn handle(error: Error) {
///     match error.outcome() {
///         Outcome::Accepted => println!("it is there; only the answer is lost"),
///         Outcome::NotSent => println!("safe to send again, after {:?}", error.retry_after()),
///         Outcome::Rejected => {
///             for (field, messages) in error.validation() {
///                 println!("{field}: {}", messages.join(" "));
///             }
///         }
///         Outcome::Unknown => println!("sent at {:?}: look before sending again", error.sent_at()),
///     }
/// }
/// ```
///
/// # Troubleshooting
/// | kind | what helps |
/// |---|---|
/// | [`Connect`](ErrorKind::Connect) | check the base URL, the network and whether a proxy is needed |
/// | [`Tls`](ErrorKind::Tls) | add the root certificate of a proxy that inspects TLS; check the clock |
/// | [`Unauthorized`](ErrorKind::Unauthorized), [`Forbidden`](ErrorKind::Forbidden) | stop calling this customer: a partner who goes on has been blocked; ask the office or Vitec |
/// | [`Server`](ErrorKind::Server) | look at the contact in Vitec; on 500 contact Vitec |
/// | [`UnexpectedAnswer`](ErrorKind::UnexpectedAnswer) | something between here and Vitec answered: look at [`body`](Error::body) |
pub struct Error(Box<Inner>);

pub(crate) struct Inner {
    pub(crate) kind: ErrorKind,
    pub(crate) outcome: Outcome,
    /// What is wrong, where the kind alone does not say it.
    pub(crate) detail: Option<String>,
    pub(crate) about: Option<About>,
    pub(crate) status: Option<u16>,
    pub(crate) http_error: Option<HttpError>,
    pub(crate) body: Bytes,
    pub(crate) sent_at: Option<DateTime<Utc>>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Which call it was.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) operation: &'static str,
    pub(crate) effect: Effect,
    pub(crate) customer_id: CustomerId,
    /// What else stands in the path, such as the contact: parameters, and their texts.
    pub(crate) parameters: SmallVec<[(&'static str, Arc<str>); 2]>,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for customer {}", self.operation, self.customer_id)?;
        for (parameter, text) in &self.parameters {
            // `contact` of `contactId`.
            write!(f, ", {} {text}", parameter.strip_suffix("Id").unwrap_or(parameter))?;
        }
        Ok(())
    }
}

/// What an operation does when it is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(dead_code, reason = "the document says whether it is needed")]
pub(crate) enum Effect {
    /// Nothing: it only reads.
    Reads,
    /// Something is changed.
    #[default]
    Changes,
    /// Something is created, which must not be created twice: what an outbox delivers.
    Creates,
}

impl Effect {
    /// What is true once a call has begun to leave, and nothing was heard of it.
    pub(crate) fn unheard_of(self) -> Outcome {
        match self {
            Self::Reads => Outcome::NotSent,
            Self::Changes | Self::Creates => Outcome::Unknown,
        }
    }

    /// Of what only reads nothing is left behind, whatever came of it.
    pub(crate) fn narrow(self, error: Error) -> Error {
        match (self, error.outcome()) {
            (Self::Reads, Outcome::Unknown | Outcome::Accepted) => error.with(|it| it.outcome = Outcome::NotSent),
            _ => error,
        }
    }

    /// What is true of it after this outcome, and what was `sent_at` or not at all.
    fn is_true(self, outcome: Outcome, sent_at: Option<DateTime<Utc>>) -> String {
        let (not, may, was) = match self {
            Self::Creates => ("Nothing was created", "It may have been created", "It was created"),
            Self::Changes => (
                "It was not carried out",
                "It may have been carried out",
                "It was carried out",
            ),
            Self::Reads => ("Nothing was changed", "Nothing was changed", "Nothing was changed"),
        };
        match (outcome, sent_at) {
            (Outcome::NotSent, None) => "Nothing was sent".to_owned(),
            (Outcome::NotSent | Outcome::Rejected, _) => not.to_owned(),
            (Outcome::Unknown, None) => format!("{may} all the same"),
            (Outcome::Unknown, Some(at)) => {
                let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
                format!("{may} all the same; it was sent at {at}")
            }
            (Outcome::Accepted, _) => was.to_owned(),
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, outcome: Outcome) -> Self {
        Self(Box::new(Inner {
            kind,
            outcome,
            detail: None,
            about: None,
            status: None,
            http_error: None,
            body: Bytes::new(),
            sent_at: None,
            retry_after: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            source: None,
        }))
    }

    pub(crate) fn configuration(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, Outcome::NotSent).with(|it| it.detail = Some(detail.into()))
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(&mut self.0);
        self
    }

    pub(crate) fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.with(|it| it.source = Some(source.into()))
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What is true of what was sent.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Whether sending the same again is safe and may help.
    pub fn is_retryable(&self) -> bool {
        self.0.outcome == Outcome::NotSent
            && matches!(
                self.0.kind,
                ErrorKind::Connect
                    | ErrorKind::Timeout
                    | ErrorKind::Interrupted
                    | ErrorKind::TooManyRequests
                    | ErrorKind::Server
            )
    }

    /// How long the server asks to wait (`Retry-After`), where it does.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The HTTP status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The server's own error object, where it sent one. IIS in front of it answers with HTML: then there is none, and
    /// [`body`](Self::body) has the bytes.
    pub fn http_error(&self) -> Option<&HttpError> {
        self.0.http_error.as_ref()
    }

    /// Validation messages by field, in the server's order; empty unless the server sent some.
    pub fn validation(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0
            .http_error
            .iter()
            .flat_map(|error| &error.model_state)
            .map(|(field, messages)| (field.as_str(), messages.as_slice()))
    }

    /// The answer's bytes, at most 64 KiB of them: as they came, but for what repeats the credentials, which is redacted.
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// The operation, as its method is called.
    pub fn operation(&self) -> Option<&str> {
        self.0.about.as_ref().map(|it| it.operation)
    }

    /// The customer that the call was for.
    pub fn customer_id(&self) -> Option<&str> {
        self.0.about.as_ref().map(|it| it.customer_id.as_str())
    }

    /// What else stands in the path of the call, such as the contact: parameters by the document's names, and their texts.
    ///
    /// ```
    /// # fn about(error: &vitec_connect::Error) -> Option<&str> {
    /// error.parameters().find_map(|(name, text)| (name == "contactId").then_some(text))
    /// # }
    /// ```
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let about = self.0.about.iter();
        about.flat_map(|it| &it.parameters).map(|(name, text)| (*name, &**text))
    }

    /// When the last attempt began to leave (UTC). None when nothing was sent.
    pub fn sent_at(&self) -> Option<DateTime<Utc>> {
        self.0.sent_at
    }

    /// How many attempts were made.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the call took, all attempts and waits together.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// What happened, in a few words, with the vendor's own where it has some.
    fn happened(&self) -> String {
        let it = &self.0;
        let mut what = match it.kind {
            ErrorKind::Configuration if it.about.is_none() => "the client cannot be built",
            ErrorKind::Configuration => "the request cannot be made",
            ErrorKind::Argument => "the call cannot be made",
            ErrorKind::InvalidBody if it.about.is_none() => "the body cannot be read",
            ErrorKind::InvalidBody => "the body cannot be written",
            ErrorKind::Credentials => "there are no usable credentials for this customer",
            ErrorKind::Connect => "Vitec Connect could not be reached",
            ErrorKind::Tls => "no trusted TLS connection could be made",
            ErrorKind::Timeout => "there was no answer in time",
            ErrorKind::Interrupted => "the connection brought no HTTP answer",
            ErrorKind::Validation => "the server found the request invalid",
            ErrorKind::Unauthorized => {
                "the Authorization header is not correct (Authorization headern är inte korrekt)"
            }
            ErrorKind::Forbidden => {
                "there is no access to what was asked for (begärt data som det saknas åtkomst till)"
            }
            ErrorKind::Refused => "the server refused the request",
            ErrorKind::TooManyRequests => "the server wants fewer calls",
            ErrorKind::Server if it.status == Some(500) => {
                "unexpected error on the server (oväntat fel, kontakta Vitec)"
            }
            ErrorKind::Server => "the server failed",
            ErrorKind::Redirect => "the server pointed to another address, which is never followed",
            ErrorKind::UnexpectedAnswer => "the answer is not Vitec Connect's",
            ErrorKind::AnswerLost => "the answer cannot be read",
        }
        .to_owned();
        if let Some(status) = it.status {
            what.push_str(&format!(" ({status})"));
        }
        // What answers in Vitec's place has no say.
        let is_vitecs = !matches!(it.kind, ErrorKind::Redirect | ErrorKind::UnexpectedAnswer);
        if let Some(error) = it.http_error.as_ref().filter(|_| is_vitecs) {
            what.push_str(&format!(": {error}"));
        }
        if let Some(detail) = &it.detail {
            what.push_str(&format!(": {detail}"));
        }
        if it.attempts > 1 {
            let seconds = it.elapsed.as_secs_f32();
            what.push_str(&format!(" ({} attempts in {seconds:.1} s)", it.attempts));
        }
        what
    }

    fn to_do(&self) -> &'static str {
        match (self.0.outcome, self.0.kind) {
            (Outcome::Unknown, ErrorKind::Unauthorized | ErrorKind::Forbidden) => {
                "Look in Vitec before sending it again, and stop calling for this customer until its user name, password \
                 and rights are checked: Vitec has blocked partners who went on."
            }
            (Outcome::Unknown, ErrorKind::Server) if self.0.status == Some(500) => {
                "Look in Vitec before sending it again, and contact Vitec."
            }
            (Outcome::Unknown, ErrorKind::UnexpectedAnswer | ErrorKind::Redirect) => {
                "Find out what answered in Vitec's place, and look in Vitec before sending it again."
            }
            (Outcome::Unknown, _) => "Look in Vitec before sending it again.",
            (_, ErrorKind::Configuration) => "Correct the setting.",
            (_, ErrorKind::Argument) => "Correct it and send it again.",
            (_, ErrorKind::InvalidBody) => "Correct the value and send it again.",
            (_, ErrorKind::Credentials) => "Supply the user name and password for this customer and send it again.",
            (_, ErrorKind::Tls) => "Check the base URL, the clock, and whether a root certificate has to be added.",
            (_, ErrorKind::Unauthorized | ErrorKind::Forbidden) => {
                "Stop calling for this customer until its user name, password and rights are checked: Vitec has blocked \
                 partners who went on."
            }
            (Outcome::Accepted, _) => "Do not send it again.",
            (Outcome::Rejected, ErrorKind::Redirect) => "Check the base URL.",
            (Outcome::Rejected, ErrorKind::Refused) if matches!(self.0.status, Some(404 | 405)) => {
                "Check the base URL and the ids, and send it again."
            }
            (Outcome::Rejected, _) => "Correct the request and send it again.",
            (Outcome::NotSent, ErrorKind::UnexpectedAnswer | ErrorKind::Redirect) => {
                "Find out what answered in Vitec's place, and send it again."
            }
            (Outcome::NotSent, ErrorKind::AnswerLost) => "Send it again.",
            (Outcome::NotSent, ErrorKind::Connect) => "Check the base URL and the network, and send it again.",
            (Outcome::NotSent, _) => "Wait, and send it again.",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(about) = &self.0.about {
            write!(f, "{about}: ")?;
        }
        // The server's own words may end with a full stop too.
        write!(f, "{}.", self.happened().trim_end_matches('.'))?;
        if let Some(about) = &self.0.about {
            write!(f, " {}.", about.effect.is_true(self.0.outcome, self.0.sent_at))?;
        }
        match (self.to_do(), self.0.retry_after) {
            (_, Some(wait)) if self.0.outcome == Outcome::NotSent && !wait.is_zero() => {
                write!(f, " Wait {} s, and send it again.", wait.as_secs_f64().ceil())
            }
            (to_do, _) => write!(f, " {to_do}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the body: it is another party's data, and may be long.
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("outcome", &self.0.outcome)
            .field("message", &self.to_string())
            .field("status", &self.0.status)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
