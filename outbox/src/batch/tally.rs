//! What is true of the rows of a file, in numbers, and the exit status that says so.

use crate::row::Counts;

/// How many rows of a file are in which state. Each row is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Created.
    pub accepted: u64,
    /// Refused by the server, or not sendable any more; nothing was created.
    pub rejected: u64,
    /// It may have been created: a person looks.
    pub unknown: u64,
    /// Still to be sent.
    pub pending: u64,
    /// Under way in another process that has not let go of it.
    pub sending: u64,
    /// Not stored: it cannot be sent as it is.
    pub bad: u64,
    /// Accepted before this run, or the same row as an earlier one of the file.
    pub known: u64,
    /// Of the pending ones: how many wait because their customer was stopped (401, 403).
    pub stopped: u64,
    /// The run was ended before it was through.
    pub interrupted: bool,
    /// Neither the file's rows nor the outbox's could be counted, or the database went back in time: some may be unknown.
    pub uncertain: bool,
}

impl Tally {
    /// The exit status of a command: that of the worst row, whatever else has failed.
    ///
    /// | status | what is true |
    /// |---|---|
    /// | 6 | a row is unknown, or another process has it under way still; or the database went back in time |
    /// | 130 | the run was ended early, nothing is under way, and something is still to be sent |
    /// | 5 | a row is still to be sent |
    /// | 4 | the same, and each of them only because its customer was stopped |
    /// | 3 | a row was rejected |
    /// | 2 | a row is bad |
    /// | 0 | every row is accepted |
    pub fn exit_status(&self) -> u8 {
        match self {
            it if it.unknown + it.sending > 0 || it.uncertain => 6,
            it if it.interrupted => 130,
            it if it.pending > it.stopped => 5,
            it if it.pending > 0 => 4,
            it if it.rejected > 0 => 3,
            it if it.bad > 0 => 2,
            _ => 0,
        }
    }

    /// What can be said where the file's own rows are not known: all rows of the outbox.
    pub(super) fn of_outbox(counts: &Counts) -> Self {
        Self {
            accepted: counts.accepted,
            rejected: counts.rejected,
            unknown: counts.unknown,
            pending: counts.pending,
            sending: counts.sending,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_status_is_that_of_the_worst_row() {
        let good = Tally {
            accepted: 7,
            known: 2,
            ..Tally::default()
        };
        let bad = Tally { bad: 1, ..good };
        let rejected = Tally { rejected: 1, ..bad };
        let stopped = Tally {
            pending: 2,
            stopped: 2,
            ..rejected
        };
        let pending = Tally { pending: 3, ..stopped };
        let interrupted = Tally {
            interrupted: true,
            ..pending
        };
        let sending = Tally {
            sending: 1,
            ..interrupted
        };
        let unknown = Tally {
            unknown: 1,
            ..interrupted
        };
        let uncertain = Tally {
            uncertain: true,
            ..good
        };
        for (tally, status) in [
            (good, 0),
            (bad, 2),
            (rejected, 3),
            (stopped, 4),
            (pending, 5),
            (interrupted, 130),
            (sending, 6),
            (unknown, 6),
            (uncertain, 6),
        ] {
            assert_eq!(tally.exit_status(), status, "{tally:?}");
        }
    }
}
