//! Programmed answers: what a test, or `Prefer` in a request, puts in place of the ordinary answer.

use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName};

use crate::negotiate::{split_unquoted, values};
use crate::note::shortened;

/// What `Prefer` may say.
const PREFERENCES: [&str; 7] = ["code", "html", "retry-after", "delay", "drop", "truncate", "stored"];
/// The same, with what may stand behind it.
const UNDERSTOOD: &str = "It understands code=200 to code=599, html, retry-after=SECONDS, delay=SECONDS, drop=before, \
    drop=after, truncate=BYTES and stored.";
/// No delay is longer.
const MAX_DELAY: Duration = Duration::from_secs(3600);

/// An answer that takes the ordinary one's place, once. Given to [`Sandbox::next`](crate::Sandbox::next).
///
/// It is used by the next request that would have been accepted: one that is routed, authorised and well-formed.
/// Unless said otherwise, nothing is stored with a status other than 2xx.
///
/// ```
/// use std::time::Duration;
/// use vitec_connect_sandbox::Answer;
///
/// let busy = Answer::status(503).retry_after(Duration::from_secs(30));
/// let iis = Answer::html(502);
/// let lost = Answer::drop_after_storing();
/// let slow_and_cut = Answer::truncated(5).delayed(Duration::from_millis(20));
/// # drop((busy, iis, lost, slow_and_cut));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "give it to `Sandbox::next`"]
pub struct Answer {
    pub(crate) status: Option<StatusCode>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) content: Option<(String, Bytes)>,
    pub(crate) html: bool,
    pub(crate) delay: Duration,
    pub(crate) truncate: Option<usize>,
    pub(crate) dropped: bool,
    stores: Option<bool>,
}

impl Answer {
    /// A status with the body that belongs to it: the ordinary answer for 2xx, an `HttpError` for 4xx and 5xx.
    /// A number that is no final HTTP status (200 to 599) counts as 500.
    pub fn status(code: u16) -> Self {
        let status = final_status(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            status: Some(status),
            ..Self::default()
        }
    }

    /// A status with an HTML page, as IIS answers in front of the framework.
    pub fn html(code: u16) -> Self {
        Self {
            html: true,
            ..Self::status(code)
        }
    }

    /// Closes the connection without a word, and stores nothing.
    pub fn drop_before_storing() -> Self {
        Self {
            dropped: true,
            stores: Some(false),
            ..Self::default()
        }
    }

    /// Stores the request, then closes the connection without a word.
    pub fn drop_after_storing() -> Self {
        Self {
            dropped: true,
            stores: Some(true),
            ..Self::default()
        }
    }

    /// The ordinary answer, of which only the first bytes of the body arrive before the connection is closed. A body
    /// that is no longer than that arrives whole.
    pub fn truncated(bytes: usize) -> Self {
        Self {
            truncate: Some(bytes),
            ..Self::default()
        }
    }

    /// The ordinary answer, late.
    pub fn delay(by: Duration) -> Self {
        Self::default().delayed(by)
    }

    /// Status 200 with a body of one's own.
    pub fn body(content_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self::default().content(content_type, bytes)
    }

    /// Adds a `Retry-After` header, in whole seconds.
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after.as_secs());
        self
    }

    /// Waits before answering (or dropping), at most an hour. What is stored is stored before.
    pub fn delayed(mut self, by: Duration) -> Self {
        self.delay = by.min(MAX_DELAY);
        self
    }

    /// Replaces the body.
    pub fn content(mut self, content_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        self.content = Some((content_type.into(), bytes.into()));
        self
    }

    /// Cuts the body off, as [`truncated`](Self::truncated) does.
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.truncate = Some(bytes);
        self
    }

    /// Stores the request although the status is an error: the server failed after the work was done.
    pub fn after_storing(mut self) -> Self {
        self.stores = Some(true);
        self
    }

    pub(crate) fn stores(&self) -> bool {
        self.stores
            .unwrap_or_else(|| self.status.is_none_or(|status| status.is_success()))
    }

    /// Reads `Prefer` (RFC 7240): see [`UNDERSTOOD`]. Of a preference given twice the first counts; those of other names
    /// are ignored. Returns what was understood, for `Preference-Applied`.
    ///
    /// # Errors
    /// One of these names with an unusable value, in words: a test that asks for 503 and is answered with 200 tests
    /// something else than it says.
    pub(crate) fn prefer(headers: &HeaderMap) -> Result<Option<(Self, String)>, String> {
        let not_understood = |what: &str| format!("The sandbox does not understand `Prefer: {what}`. {UNDERSTOOD}");
        let mut answer = Self::default();
        let mut applied: Vec<String> = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        let header = HeaderName::from_static("prefer");
        if let Some(line) = headers.get_all(&header).iter().find(|line| line.to_str().is_err()) {
            return Err(not_understood(&shortened(&String::from_utf8_lossy(line.as_bytes()))));
        }
        for item in values(headers, &header) {
            // Parameters behind a semicolon say nothing that is known here.
            let preference = split_unquoted(&item, ';').next().unwrap_or_default();
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            let known = |known: &&str| known.eq_ignore_ascii_case(name.trim());
            let Some(name) = PREFERENCES.into_iter().find(known) else {
                continue;
            };
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            let value = value.trim().trim_matches('"');
            if answer.apply(name, value).is_none() {
                return Err(not_understood(&shortened(preference.trim())));
            }
            applied.push(match value {
                "" => name.to_owned(),
                _ => format!("{name}={value}"),
            });
        }
        Ok((!applied.is_empty()).then(|| (answer, applied.join(", "))))
    }

    fn apply(&mut self, name: &str, value: &str) -> Option<()> {
        match (name, value) {
            ("code", _) => self.status = Some(final_status(value.parse().ok()?)?),
            ("html", "") => self.html = true,
            ("retry-after", _) => self.retry_after = Some(value.parse().ok()?),
            ("delay", _) => {
                let delay = Duration::try_from_secs_f64(value.parse().ok()?).ok()?;
                self.delay = delay.min(MAX_DELAY);
            }
            ("drop", "before" | "after") => {
                self.dropped = true;
                self.stores = Some(value == "after");
            }
            ("truncate", _) => self.truncate = Some(value.parse().ok()?),
            ("stored", "") => self.stores = Some(true),
            _ => return None,
        }
        Some(())
    }
}

fn final_status(code: u16) -> Option<StatusCode> {
    StatusCode::from_u16(code)
        .ok()
        .filter(|status| (200..600).contains(&status.as_u16()))
}
