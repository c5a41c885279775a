//! An answer as far as it has come, and how long it asks to wait.

use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{self, HeaderMap};

/// Why an answer is not complete.
#[derive(Debug)]
pub enum Cut {
    /// It has more than so many bytes.
    TooLarge(usize),
    /// Its end did not come in time.
    TooSlow,
    /// The connection ended.
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

/// Reads up to `limit` bytes into `body`. What has come until it was cut off is kept.
pub async fn read(response: &mut reqwest::Response, body: &mut Bytes, limit: usize) -> Option<Cut> {
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

/// `Retry-After`: seconds, or a date in one of the three forms of HTTP (RFC 9110, sections 5.6.7 and 10.2.3).
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|it| it.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let at = httpdate::parse_http_date(value).ok();
    // Of mail's forms too: the day with one digit, another zone.
    let at = at.or_else(|| Some(chrono::DateTime::parse_from_rfc2822(value).ok()?.to_utc().into()))?;
    Some(at.duration_since(now).unwrap_or(Duration::ZERO))
}
