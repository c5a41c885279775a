//! What follows from the end of a call: for its row, and for the rest of the run. One pure decision.

use std::time::Duration;

use serde_json::Value;
use vitec_connect::{Error, ErrorKind, Outcome};

use crate::row::State;
use crate::store::{Claimed, Credentials, Finished};

/// How much of a message is kept, in bytes: what the server says in one is for a person.
const MESSAGE: usize = 4 * 1024;
/// How much of an answer is kept, in bytes. An id is far shorter; a server gone wrong may answer with megabytes.
const ANSWER: usize = 64 * 1024;

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
    /// The customer is held: a partner who goes on after a 401 or 403 has been blocked.
    Hold,
    /// There are no credentials for the customer: this process leaves it out.
    LeaveOut,
    /// Wait, for as long as the server asks at least, and give up where this goes on.
    SlowDown(Option<Duration>),
    /// The server has moved, or something stands in its place: every other row would fare the same.
    Redirected,
    /// The client cannot be used at all.
    Stop,
}

impl Verdict {
    /// A row that does not get as far as the client.
    pub(crate) fn not_sent(state: State, why: String, effect: Effect) -> Self {
        Self {
            state,
            answer: None,
            message: Some(kept(format!("not sent: {why}"), MESSAGE)),
            kind: None,
            status: None,
            effect,
        }
    }

    pub(crate) fn of(result: Result<Value, Error>) -> Self {
        let error = match result {
            Ok(answer) => {
                let answer = match answer {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                return Self {
                    state: State::Accepted,
                    answer: Some(kept(answer, ANSWER)),
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
            (_, ErrorKind::Unauthorized | ErrorKind::Forbidden) => (State::Pending, Effect::Hold),
            (_, ErrorKind::Credentials) => (State::Pending, Effect::LeaveOut),
            (Outcome::Rejected, ErrorKind::Redirect) => (State::Rejected, Effect::Redirected),
            (Outcome::Unknown, ErrorKind::Redirect) => (State::Unknown, Effect::Redirected),
            (Outcome::Rejected, _) => (State::Rejected, Effect::Answered),
            (Outcome::Unknown, _) => (State::Unknown, slow_down),
            (Outcome::NotSent, ErrorKind::InvalidBody | ErrorKind::Argument) => (State::Rejected, Effect::None),
            (Outcome::NotSent, ErrorKind::Configuration) => (State::Pending, Effect::Stop),
            (Outcome::NotSent, _) => (State::Pending, slow_down),
        };
        let message = match error.kind() {
            ErrorKind::InvalidBody => format!("not sent: {}", chain(&error)),
            _ => chain(&error),
        };
        Self {
            state,
            answer: None,
            message: Some(kept(message, MESSAGE)),
            kind: Some(format!("{:?}", error.kind())),
            status: error.status(),
            effect,
        }
    }

    /// As every database can hold it: PostgreSQL's text has no NUL. It is written as in JSON, in both of them alike.
    pub(crate) fn storable(mut self) -> Self {
        for text in [&mut self.answer, &mut self.message].into_iter().flatten() {
            if text.contains('\0') {
                *text = text.replace('\0', "\\u0000");
            }
        }
        self
    }

    /// Without what the server said, for a database that cannot hold it.
    pub(crate) fn bare(&self) -> Self {
        Self {
            answer: None,
            message: Some("the outbox's database refused to store what was answered".to_owned()),
            ..self.clone()
        }
    }

    pub(crate) fn finish(&self, row: &Claimed) -> Finished {
        let shows = |refused| {
            Some(Credentials {
                customer_id: row.customer_id.clone(),
                release: row.release,
                refused,
            })
        };
        Finished {
            credentials: match self.effect {
                Effect::Hold => shows(true),
                Effect::Answered if row.is_first => shows(false),
                _ => None,
            },
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

/// A text as far as it is kept: cut between two characters, and said to be cut.
fn kept(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let note = format!(" … [cut: it had {} bytes]", text.len());
        let mut end = limit.saturating_sub(note.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(&note);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_an_answer_has_an_end_and_says_so() {
        let whole = "å".repeat(ANSWER / 2);
        assert_eq!(Verdict::of(Ok(whole.clone().into())).answer, Some(whole.clone()));
        let cut = Verdict::of(Ok((whole + "b").into())).answer.unwrap();
        assert!(cut.ends_with("å … [cut: it had 65537 bytes]"), "{cut}");
        assert!((ANSWER - 2..=ANSWER).contains(&cut.len()), "{}", cut.len());
    }

    #[test]
    fn what_is_kept_of_a_message_has_an_end_and_says_so() {
        let verdict = Verdict::not_sent(State::Rejected, "x".repeat(5000), Effect::None);
        let message = verdict.message.unwrap();
        assert_eq!(message.len(), MESSAGE);
        assert!(message.starts_with("not sent: xxx") && message.ends_with("x … [cut: it had 5010 bytes]"));
    }
}
