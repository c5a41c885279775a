//! What an import came to, and its exit status.

use std::io;

use serde::Serialize;
use vitec_connect_outbox::{End, Sent, State, Summary};

use crate::print;
use crate::report::Output;

/// How many rows ended how.
#[derive(Default, Serialize)]
pub(crate) struct Tally {
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    pub(crate) unknown: u64,
    /// Still to be sent: their office or the server could not be reached, or it was interrupted.
    pub(crate) pending: u64,
    /// Rows that cannot be sent as they are.
    pub(crate) bad: u64,
    /// Rows of the file that were there before and are not sent again.
    pub(crate) known: u64,
    /// Rows that a dry run found sendable.
    pub(crate) checked: u64,
    #[serde(skip)]
    exit: u8,
    #[serde(skip)]
    interrupted: bool,
    /// Whether this run sends unknown rows again.
    #[serde(skip)]
    retry_unknown: bool,
}

impl Tally {
    pub(crate) fn new(retry_unknown: bool) -> Self {
        Self {
            retry_unknown,
            ..Self::default()
        }
    }

    /// A row of the file that is in the outbox already.
    pub(crate) fn known(&mut self, state: State) {
        match state {
            // These are delivered by this run, and counted then.
            State::Pending | State::Sending => return,
            State::Unknown if self.retry_unknown => return,
            State::Accepted => {}
            State::Rejected => self.worse(3),
            State::Unknown => self.worse(6),
        }
        self.known += 1;
    }

    pub(crate) fn row(&mut self, row: &Sent) {
        match row.state {
            State::Accepted => self.accepted += 1,
            State::Rejected => {
                self.rejected += 1;
                self.worse(3);
            }
            State::Unknown => {
                self.unknown += 1;
                self.worse(6);
            }
            State::Pending | State::Sending => {}
        }
    }

    pub(crate) fn end(&mut self, summary: &Summary, pending: u64) {
        self.pending = pending;
        if !summary.stopped.is_empty() {
            self.worse(4);
        }
        match summary.end {
            End::Done => {}
            End::ShutDown => self.interrupted = true,
            // What was under way when the database failed is unknown at the next start.
            End::Database(_) => self.worse(6),
            _ => self.worse(5),
        }
    }

    fn worse(&mut self, exit: u8) {
        self.exit = self.exit.max(exit);
    }

    pub(crate) fn exit(&self) -> u8 {
        let bad = if self.bad > 0 { 2 } else { 0 };
        match self.exit.max(bad) {
            6 => 6,
            _ if self.interrupted => 130,
            worst => worst,
        }
    }

    /// The summary, on stdout.
    pub(crate) fn write(&self, output: Output) -> io::Result<()> {
        match output {
            Output::Json => print::object(self),
            Output::Text
                if self.checked > 0
                    || self.accepted + self.rejected + self.unknown + self.pending + self.known == 0 =>
            {
                print::stdout(format!("{} rows can be sent, {} cannot\n", self.checked, self.bad).as_bytes())
            }
            Output::Text => print::stdout(
                format!(
                    "accepted {}, rejected {}, unknown {}, pending {}, bad {}, known before {}\n",
                    self.accepted, self.rejected, self.unknown, self.pending, self.bad, self.known
                )
                .as_bytes(),
            ),
        }
    }
}
