//! What a transaction must have done: not only that what it did may be done, but that nothing is left out.

use chrono::{DateTime, Utc};

use super::{Check, Seen};
use crate::row::{Enqueued, NewRow, State};
use crate::simulation::database::{Asked, Rows};
use crate::store::Change;

impl Check {
    /// A transaction has happened, and the rows are so.
    pub(super) fn is_whole(&mut self, asked: &Asked, now: DateTime<Utc>, before: &Rows, after: &Rows) {
        for (id, row) in after {
            if let Some(why) = left_out(asked, now, before.get(id), row) {
                self.wrong(format!("row {id}: {why}, after {asked} at {now}: {row:?}"));
            }
        }
        if let Asked::Exchange(it) = asked {
            for want in &it.wanted {
                let is_claimed = |(id, row): (&i64, &Seen)| {
                    let is_new = before.get(id).is_none_or(|before| before.attempt < row.attempt);
                    row.customer == want.customer_id && row.state == State::Sending && is_new
                };
                let waits = |row: &&Seen| row.customer == want.customer_id && row.state == State::Pending;
                let claimed = after.iter().filter(|row| is_claimed(*row)).count();
                // What others have in hand, and keep.
                let stays = |id: &i64, row: &Seen| after.get(id).is_some_and(|now| now.attempt == row.attempt);
                let others: Rows = before
                    .iter()
                    .filter(|(id, row)| stays(id, row) && after[*id].state == State::Sending)
                    .map(|(id, row)| (*id, row.clone()))
                    .collect();
                if claimed < self.claimable(&want.customer_id, want.rows, &others)
                    && after.values().any(|row| waits(&row))
                {
                    self.wrong(format!("{want:?} brought {claimed}, and more wait"));
                }
            }
        }
    }

    /// It says how many rows it changed.
    pub(in crate::simulation) fn counted(&mut self, before: &Rows, after: &Rows, said: &u64) {
        let changed = after.iter().filter(|(id, row)| before.get(id) != Some(row)).count() as u64;
        if changed != *said {
            self.wrong(format!("{changed} rows were changed, and it says {said}"));
        }
    }

    /// What became of new rows beside those that were there.
    pub(in crate::simulation) fn enqueued(&mut self, asked: &[NewRow], before: &Rows, enqueued: &[Enqueued]) {
        for (row, done) in asked.iter().zip(enqueued) {
            let content = (row.customer_id.to_string(), row.payload.clone());
            let is_same = |id: &i64, it: &Seen| {
                it.operation == row.operation
                    && match (&row.reference, &it.reference) {
                        (Some(one), Some(other)) => one.trim() == other.trim(),
                        (None, None) => self.rows.get(id).is_some_and(|known| known.first_content == content),
                        _ => false,
                    }
            };
            let same: Vec<_> = before.iter().filter(|(id, it)| is_same(id, it)).collect();
            let is_right = match same[..] {
                [] => matches!(done, Enqueued::New(id) if !before.contains_key(id)),
                [(id, it)] => {
                    let is_same = self.rows.get(id).is_some_and(|known| known.content == content);
                    let is_known = is_same || row.reference.is_none();
                    *done
                        == match it.state {
                            state if is_known => Enqueued::Known(*id, state),
                            State::Rejected => Enqueued::Corrected(*id),
                            state => Enqueued::OtherContent(*id, state),
                        }
                }
                _ => *done == Enqueued::Ambiguous(same.iter().map(|(id, _)| **id).collect()),
            };
            if !is_right {
                self.wrong(format!("{row:?} beside {same:?} becomes {done:?}"));
            }
            if let Enqueued::Corrected(id) = done
                && let Some(known) = self.rows.get_mut(id)
            {
                known.content = content;
            }
        }
    }

    /// All of what a person decided is done, or the first row is named for which it cannot be.
    pub(in crate::simulation) fn decided(&mut self, ids: &[i64], change: Change, before: &Rows, refused: Option<i64>) {
        let may = |id: &i64| {
            before.get(id).is_some_and(|row| match change {
                Change::Requeue => matches!(row.state, State::Rejected | State::Unknown) && row.payload.is_some(),
                Change::ResolveAccepted | Change::ResolveNotSent => row.state == State::Unknown,
                Change::Drop => matches!(row.state, State::Pending | State::Rejected | State::Unknown),
            })
        };
        let expected = ids.iter().copied().find(|id| !may(id));
        if refused != expected {
            self.wrong(format!(
                "{change:?} of {ids:?} is refused for {refused:?}, not for {expected:?}"
            ));
        }
    }
}

/// What is wrong about a row of which that was asked.
fn left_out(asked: &Asked, now: DateTime<Utc>, before: Option<&Seen>, row: &Seen) -> Option<&'static str> {
    let is_finished = matches!(row.state, State::Accepted | State::Rejected | State::Dropped);
    if row.lease_until.is_some() != (row.state == State::Sending) {
        return Some("what is under way has a lease, and nothing else");
    }
    if row.payload.is_none() && !is_finished {
        return Some("only what is finished has nothing left to send");
    }
    match asked {
        Asked::Begin | Asked::Hold(_) | Asked::Sweep if row.lease_until.is_some_and(|until| until < now) => {
            Some("its lease is over")
        }
        Asked::RetryUnknown if before.is_some_and(|it| it.state == State::Unknown) && row.state != State::Pending => {
            Some("it was unknown")
        }
        Asked::Purge(keep)
            if is_finished
                && row.changed_at + *keep < now
                && (row.payload.is_some() || row.has_answer || row.has_message) =>
        {
            Some("it is kept")
        }
        _ => None,
    }
}
