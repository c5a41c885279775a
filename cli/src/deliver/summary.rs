//! What a delivery came to: in one line or one object, and as an exit status.

use std::fmt;
use std::io;

use serde::Serialize;
use vitec_connect_outbox::Tally;

use super::told::Results;
use crate::print::{self, say};
use crate::report::{Mistake, Output};
use crate::signals::Signals;

#[derive(Clone, Default, Serialize)]
pub(super) struct Summary {
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    pub(super) unknown: u64,
    /// Still to be sent; null where the outbox could not say.
    pub(super) pending: Option<u64>,
    /// What failed beside the rows.
    pub(super) error: Option<String>,
    /// Of the pending ones: those of customers that are held or left out.
    #[serde(skip)]
    pub(super) stopped: u64,
    #[serde(skip)]
    pub(super) interrupted: bool,
}

impl Summary {
    pub(super) fn new(results: Results, error: Option<String>) -> Self {
        Self {
            accepted: results.accepted,
            rejected: results.rejected,
            unknown: results.unknown,
            error,
            ..Self::default()
        }
    }

    /// Of what could not begin.
    pub(super) fn of(mistake: &Mistake) -> Self {
        Self {
            error: Some(mistake.to_string()),
            ..Self::default()
        }
    }

    /// As an import's. What is not known to be sent is to be sent still.
    pub(super) fn exit_status(&self) -> u8 {
        let mut tally = Tally::default();
        (tally.accepted, tally.rejected, tally.unknown) = (self.accepted, self.rejected, self.unknown);
        tally.pending = self.pending.unwrap_or(1);
        tally.stopped = self.stopped.min(tally.pending);
        tally.interrupted = self.interrupted && tally.pending > 0;
        tally.exit_status()
    }

    /// On stdout; where that cannot be, on stderr. A reader who never comes is not waited for after a signal.
    pub(super) async fn write(self, output: Output, signals: &Signals) {
        let writing = self.clone();
        let written = signals.unless_another(true, move || writing.print(output)).await;
        let written = written.unwrap_or_else(|| Err(io::Error::other("a signal came while nobody read it")));
        if let Err(error) = written {
            say(&format!("error: stdout cannot be written: {error}"));
            say(&self.to_string());
        }
    }

    pub(super) fn print(&self, output: Output) -> io::Result<()> {
        match output {
            Output::Json => print::object(self),
            Output::Text => print::stdout(format!("{self}\n").as_bytes()),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            accepted,
            rejected,
            unknown,
            ..
        } = self;
        write!(f, "accepted {accepted}, rejected {rejected}, unknown {unknown}")?;
        match self.pending {
            Some(pending) => write!(f, ", pending {pending}"),
            None => Ok(()),
        }
    }
}
