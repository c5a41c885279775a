//! What an import came to, in one line or one object.

use std::io;

use serde::Serialize;
use vitec_connect_outbox::Tally;

use crate::print::{self, say};
use crate::report::Output;

/// The numbers of the rows of the file; each row is counted once.
#[derive(Serialize)]
pub(crate) struct Summary {
    accepted: u64,
    rejected: u64,
    unknown: u64,
    /// Still to be sent: their office or the server could not be reached, or it was interrupted.
    pending: u64,
    /// Under way in another process, which has not let go of them.
    sending: u64,
    /// Rows that cannot be sent as they are.
    bad: u64,
    /// Rows of the file that were accepted before and are not sent again.
    known: u64,
    /// Rows that a dry run found sendable.
    checked: u64,
    /// What failed beside the rows, or before the first of them.
    error: Option<String>,
    #[serde(skip)]
    is_dry: bool,
}

impl Summary {
    pub(crate) fn new(tally: &Tally, is_dry: bool, error: Option<String>) -> Self {
        let (pending, checked) = match is_dry {
            true => (0, tally.pending),
            false => (tally.pending, 0),
        };
        Self {
            accepted: tally.accepted,
            rejected: tally.rejected,
            unknown: tally.unknown,
            pending,
            sending: tally.sending,
            bad: tally.bad,
            known: tally.known,
            checked,
            error,
            is_dry,
        }
    }

    /// On stdout, or on stderr where the report has stdout.
    pub(crate) fn write(&self, output: Output, is_stdout_taken: bool) -> io::Result<()> {
        if output == Output::Json {
            return print::object(self);
        }
        let text = self.to_string();
        match is_stdout_taken {
            true => say(&text),
            false => print::stdout(format!("{text}\n").as_bytes())?,
        }
        Ok(())
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stored = self.accepted + self.rejected + self.unknown + self.pending + self.sending + self.known;
        if self.is_dry || stored == 0 {
            write!(f, "{} rows can be sent, {} cannot", self.checked, self.bad)?;
            return match stored {
                0 => Ok(()),
                rows => write!(f, ", {rows} are in the outbox and are not sent again"),
            };
        }
        write!(
            f,
            "accepted {}, rejected {}, unknown {}, pending {}, bad {}, known before {}",
            self.accepted, self.rejected, self.unknown, self.pending, self.bad, self.known
        )?;
        match self.sending {
            0 => Ok(()),
            rows => write!(f, ", sending {rows}"),
        }
    }
}
