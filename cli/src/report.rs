//! What a call came to: one line for a person, one object for a program, and the exit status.

use std::error::Error as _;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::ArgMatches;
use serde::Serialize;
use serde_json::{Map, Value};
use vitec_connect::{Error, ErrorKind, Outcome};

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
            request: None,
        }
    }

    pub(crate) fn accepted(answer: Value, status: Option<u16>) -> Self {
        Self {
            answer: Some(answer),
            status,
            ..Self::new(0, Outcome::Accepted)
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

    pub(crate) fn interrupted(outcome: Outcome, about: &str) -> Self {
        let (exit, message) = match outcome {
            Outcome::NotSent => (130, format!("{about}: interrupted. Nothing was sent.")),
            _ => (
                6,
                format!(
                    "{about}: interrupted while it was under way. It may have been created all the same. Look in Vitec before \
                     sending it again."
                ),
            ),
        };
        let outcome = if exit == 130 {
            Outcome::NotSent
        } else {
            Outcome::Unknown
        };
        Self {
            message: Some(message),
            ..Self::new(exit, outcome)
        }
    }

    pub(crate) fn failed(error: &Error) -> Self {
        let exit = match (error.outcome(), error.kind()) {
            (Outcome::Accepted, _) => 0,
            (Outcome::Unknown, _) => 6,
            (_, ErrorKind::Unauthorized | ErrorKind::Forbidden) => 4,
            (Outcome::Rejected, _) => 3,
            (_, ErrorKind::Configuration | ErrorKind::InvalidBody | ErrorKind::Credentials) => 2,
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
            ..Self::new(exit, error.outcome())
        }
    }

    /// Writes the report and gives the exit status. On stdout: the answered string, or the object, and nothing else.
    pub(crate) fn write(&self, output: Output) -> ExitCode {
        let written = match output {
            Output::Text => self.write_text(),
            Output::Json => serde_json::to_string_pretty(&self.object())
                .map_err(io::Error::from)
                .and_then(|object| writeln!(io::stdout(), "{object}")),
        };
        if let Err(error) = written {
            // The exit status still says what became of the call.
            let _ = writeln!(io::stderr(), "warning: stdout cannot be written: {error}");
        }
        ExitCode::from(self.exit)
    }

    fn write_text(&self) -> io::Result<()> {
        if let Some(message) = &self.message {
            let level = if self.exit == 0 { "warning" } else { "error" };
            writeln!(io::stderr(), "{level}: {message}")?;
        }
        for (field, messages) in &self.validation {
            for message in messages.as_array().into_iter().flatten() {
                writeln!(io::stderr(), "  {field}: {}", message.as_str().unwrap_or_default())?;
            }
        }
        match (&self.request, &self.answer) {
            (Some(request), _) => write!(io::stdout(), "{request}"),
            (None, Some(Value::String(answer))) => writeln!(io::stdout(), "{answer}"),
            (None, Some(answer)) => writeln!(io::stdout(), "{answer:#}"),
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
            request: self.request.as_deref(),
        }
    }
}

/// A report as a program reads it.
#[derive(Serialize)]
struct Object<'a> {
    outcome: &'static str,
    status: Option<u16>,
    answer: Option<&'a Value>,
    message: Option<&'a str>,
    /// Messages by field, in the server's order.
    validation: &'a Map<String, Value>,
    /// Of a dry run: the request that was not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
}
