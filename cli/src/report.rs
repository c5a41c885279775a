//! What a call came to: one line for a person, one object for a program, and the exit status.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::ArgMatches;
use serde::Serialize;
use serde_json::{Map, Value};
use vitec_connect::{Error, ErrorKind, Outcome, Receipt};

use crate::print::{self, say};

/// Documented in `--help`.
pub(crate) const EXIT_STATUSES: &str = "\
Exit status:
  0    accepted (also when only the answer was lost: then nothing on stdout, and a warning)
  2    usage, bad input, missing credentials, or a body that cannot be written: nothing was sent
  3    rejected by the server
  4    no access (401, 403)
  5    not sent: unreachable, certificate, or refused for now
  6    outcome unknown: it may have been created; look in Vitec before sending it again
  130  interrupted with nothing under way";

/// A mistake of the caller's. Nothing was sent.
#[derive(Debug)]
pub(crate) struct Mistake(String);

impl Mistake {
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Mistake {
    fn from(error: E) -> Self {
        Self(chain(&error))
    }
}

/// An error and what is behind it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Text,
    Json,
}

/// What `--output` says.
pub(crate) fn output(matches: &ArgMatches) -> Output {
    match matches
        .try_get_one::<String>("output")
        .ok()
        .flatten()
        .map(String::as_str)
    {
        Some("json") => Output::Json,
        _ => Output::Text,
    }
}

/// How a call ended.
pub(crate) struct Report {
    exit: u8,
    outcome: Outcome,
    status: Option<u16>,
    answer: Option<Value>,
    message: Option<String>,
    validation: Map<String, Value>,
    /// The ids that the call was for, by name.
    parameters: Map<String, Value>,
    kind: Option<ErrorKind>,
    attempts: u32,
    /// RFC 3339.
    sent_at: Option<String>,
    retry_after: Option<Duration>,
    request: Option<String>,
}

impl Report {
    fn new(exit: u8, outcome: Outcome) -> Self {
        Self {
            exit,
            outcome,
            status: None,
            answer: None,
            message: None,
            validation: Map::new(),
            parameters: Map::new(),
            kind: None,
            attempts: 0,
            sent_at: None,
            retry_after: None,
            request: None,
        }
    }

    /// Names the ids that the call was for.
    pub(crate) fn about(self, parameters: Map<String, Value>) -> Self {
        Self { parameters, ..self }
    }

    fn watched(self, receipt: &Receipt) -> Self {
        Self {
            status: receipt.status(),
            attempts: receipt.attempts(),
            sent_at: receipt.sent_at().map(|at| at.to_rfc3339()),
            ..self
        }
    }

    pub(crate) fn accepted(answer: Value, receipt: &Receipt) -> Self {
        Self {
            answer: Some(answer),
            ..Self::new(0, Outcome::Accepted).watched(receipt)
        }
    }

    /// A request that was only shown.
    pub(crate) fn shown(request: String) -> Self {
        Self {
            request: Some(request),
            ..Self::new(0, Outcome::NotSent)
        }
    }

    pub(crate) fn mistake(mistake: &Mistake) -> Self {
        Self {
            message: Some(mistake.0.clone()),
            ..Self::new(2, Outcome::NotSent)
        }
    }

    /// Before there was anything to send.
    pub(crate) fn interrupted_early() -> Self {
        Self {
            message: Some("interrupted. Nothing was sent.".to_owned()),
            ..Self::new(130, Outcome::NotSent)
        }
    }

    /// Of what was `about` to be sent, or on its way.
    pub(crate) fn interrupted(receipt: &Receipt, about: &str) -> Self {
        let (exit, outcome, what) = match receipt.outcome() {
            Outcome::NotSent => (130, Outcome::NotSent, "interrupted. Nothing was sent."),
            _ => (
                6,
                Outcome::Unknown,
                "interrupted while it was under way. It may have been created all the same. Look in Vitec before \
                 sending it again.",
            ),
        };
        Self {
            message: Some(format!("{about}: {what}")),
            ..Self::new(exit, outcome).watched(receipt)
        }
    }

    pub(crate) fn failed(error: &Error) -> Self {
        let exit = match (error.outcome(), error.kind()) {
            (Outcome::Accepted, _) => 0,
            (Outcome::Unknown, _) => 6,
            (_, ErrorKind::Unauthorized | ErrorKind::Forbidden) => 4,
            (Outcome::Rejected, _) => 3,
            (_, ErrorKind::Argument | ErrorKind::Configuration | ErrorKind::InvalidBody | ErrorKind::Credentials) => 2,
            (Outcome::NotSent, _) => 5,
        };
        let mut message = error.to_string();
        if let Some(source) = error.source() {
            message.push_str(" Cause: ");
            message.push_str(&chain(source));
        }
        Self {
            status: error.status(),
            message: Some(message),
            validation: error
                .validation()
                .map(|(field, messages)| (field.to_owned(), messages.into()))
                .collect(),
            kind: Some(error.kind()),
            attempts: error.attempts(),
            sent_at: error.sent_at().map(|at| at.to_rfc3339()),
            retry_after: error.retry_after(),
            ..Self::new(exit, error.outcome())
        }
    }

    /// What was wrong, where nothing was sent.
    pub(crate) fn into_mistake(self) -> Mistake {
        Mistake(self.message.unwrap_or_default())
    }

    /// Writes the report and gives the exit status. On stdout: the answered string, or the object, and nothing else.
    pub(crate) fn write(&self, output: Output) -> ExitCode {
        let written = match output {
            Output::Text => self.write_text(),
            Output::Json => print::object(&self.object()),
        };
        if let Err(error) = written {
            // The exit status still says what became of the call.
            say(&format!("warning: stdout cannot be written: {error}"));
        }
        ExitCode::from(self.exit)
    }

    fn write_text(&self) -> io::Result<()> {
        if let Some(message) = &self.message {
            let level = if self.exit == 0 { "warning" } else { "error" };
            say(&format!("{level}: {message}"));
        }
        for (field, messages) in &self.validation {
            for message in messages.as_array().into_iter().flatten() {
                say(&format!("  {field}: {}", message.as_str().unwrap_or_default()));
            }
        }
        match (&self.request, &self.answer) {
            (Some(request), _) => print::stdout(request.as_bytes()),
            (None, Some(Value::String(answer))) => print::answer(answer),
            (None, Some(answer)) => print::object(answer),
            (None, None) => Ok(()),
        }
    }

    fn object(&self) -> Object<'_> {
        Object {
            outcome: self.outcome.as_str(),
            status: self.status,
            answer: self.answer.as_ref(),
            message: self.message.as_deref(),
            validation: &self.validation,
            parameters: &self.parameters,
            kind: self.kind.map(|it| format!("{it:?}")),
            attempts: Some(self.attempts).filter(|it| *it > 0),
            sent_at: self.sent_at.as_deref(),
            retry_after: self
                .retry_after
                .map(|it| it.as_secs() + u64::from(it.subsec_nanos() > 0)),
            request: self.request.as_deref(),
        }
    }
}

/// The keys of an [`Object`] that are no parameters.
pub(crate) const OWN_KEYS: [&str; 10] = [
    "outcome",
    "status",
    "answer",
    "message",
    "validation",
    "kind",
    "attempts",
    "sentAt",
    "retryAfter",
    "request",
];

/// A report as a program reads it. What there is not is null.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    outcome: &'static str,
    status: Option<u16>,
    answer: Option<&'a Value>,
    message: Option<&'a str>,
    /// Messages by field, in the server's order.
    validation: &'a Map<String, Value>,
    #[serde(flatten)]
    parameters: &'a Map<String, Value>,
    /// The name of a [`vitec_connect::ErrorKind`].
    kind: Option<String>,
    attempts: Option<u32>,
    /// RFC 3339, UTC.
    sent_at: Option<&'a str>,
    /// In seconds.
    retry_after: Option<u64>,
    /// Of a dry run: the request that was not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_of_the_object_is_forgotten() {
        let mut report = Report::new(0, Outcome::Accepted);
        report.request = Some("POST / HTTP/1.1".to_owned());
        let object = serde_json::to_value(report.object()).unwrap();
        let keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, OWN_KEYS);
    }
}
