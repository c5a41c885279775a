//! What follows from the end of a call: for its row, and for the rest of the run. One pure decision.

use std::time::Duration;

use vitec_connect::{Error, ErrorKind, Outcome};

use crate::row::State;
use crate::store::{Claimed, Finished};

/// What is true of a row after its call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) state: State,
    pub(crate) answer: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) effect: Effect,
}

/// What follows for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing was sent, and nothing follows.
    None,
    /// The server works.
    Answered,
    /// No more calls for this customer: a partner who goes on after a 401 or 403 has been blocked.
    StopCustomer,
    /// Wait, for as long as the server asks at least, and give up where this goes on.
    SlowDown(Option<Duration>),
    /// The client cannot be used at all.
    Stop,
}

impl Verdict {
    /// A row that does not get as far as the client.
    pub(crate) fn not_sent(state: State, why: String, effect: Effect) -> Self {
        Self {
            state,
            answer: None,
            message: Some(format!("not sent: {why}")),
            kind: None,
            status: None,
            effect,
        }
    }

    pub(crate) fn of(result: Result<String, Error>) -> Self {
        let error = match result {
            Ok(answer) => {
                return Self {
                    state: State::Accepted,
                    answer: Some(answer),
                    message: None,
                    kind: None,
                    status: None,
                    effect: Effect::Answered,
                };
            }
            Err(error) => error,
        };
        let slow_down = Effect::SlowDown(error.retry_after());
        let (state, effect) = match (error.outcome(), error.kind()) {
            (Outcome::Accepted, _) => (State::Accepted, Effect::Answered),
            (_, ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::Credentials) => {
                (State::Pending, Effect::StopCustomer)
            }
            // Another address: every other row would fare the same.
            (Outcome::Rejected, ErrorKind::Redirect) => (State::Rejected, slow_down),
            (Outcome::Rejected, _) => (State::Rejected, Effect::Answered),
            (Outcome::Unknown, _) => (State::Unknown, slow_down),
            (Outcome::NotSent, ErrorKind::InvalidBody) => (State::Rejected, Effect::None),
            (Outcome::NotSent, ErrorKind::Configuration | ErrorKind::Preview) => (State::Pending, Effect::Stop),
            (Outcome::NotSent, _) => (State::Pending, slow_down),
        };
        let message = match error.kind() {
            ErrorKind::InvalidBody => format!("not sent: {}", chain(&error)),
            _ => chain(&error),
        };
        Self {
            state,
            answer: None,
            message: Some(message),
            kind: Some(format!("{:?}", error.kind())),
            status: error.status(),
            effect,
        }
    }

    pub(crate) fn finish(&self, row: &Claimed) -> Finished {
        Finished {
            id: row.id,
            attempt: row.attempt,
            state: self.state,
            answer: self.answer.clone(),
            message: self.message.clone(),
            kind: self.kind.clone(),
            status: self.status,
        }
    }
}

/// The error and what is behind it, in one line: it is all that is stored of it.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(" Cause: ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
