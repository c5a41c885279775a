//! What a run says about the rows of its file, against what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Check, Who};
use crate::batch::RowState;
use crate::row::State;
use crate::simulation::database::Asked;

/// When a run looked at its rows, and what it saw.
#[derive(Default)]
pub(super) struct Look {
    pub(super) begun: Duration,
    /// When it last did something else.
    worked: Duration,
    /// What the last look saw, and when.
    seen: (Duration, BTreeMap<i64, State>),
    /// The last look was answered.
    told: bool,
    /// What the run knows of each row.
    pub(super) knows: BTreeMap<i64, State>,
    /// A look is under way, or was not answered.
    open: bool,
    /// One has failed since it did something else.
    failed: bool,
}

impl Check {
    pub(in crate::simulation) fn asked(&mut self, who: Who, asked: &Asked) {
        let Who::Run(run) = who else { return };
        let look = &mut self.runs[run].look;
        if matches!(asked, Asked::Look("standing" | "holds") | Asked::Sweep) {
            // The one before was not answered in time.
            look.failed |= look.open;
            look.open = true;
        }
        if matches!(asked, Asked::Look("standing")) {
            look.told = false;
        }
    }

    pub(in crate::simulation) fn answered(&mut self, who: Who, what: &str, done: bool) {
        let at = self.start.elapsed();
        let Who::Run(run) = who else { return };
        let look = &mut self.runs[run].look;
        look.open = false;
        match what {
            // What is purged is over.
            purge if purge.starts_with("Purge") => {}
            "standing" => {
                look.told = done;
                look.failed |= !done;
                if done {
                    look.knows.extend(&look.seen.1);
                }
            }
            "Sweep" | "holds" => look.failed |= !done,
            _ => {
                look.worked = at;
                look.failed = false;
            }
        }
    }

    pub(super) fn looked(&mut self, who: Who, rows: impl Iterator<Item = (i64, State)>) {
        let at = self.start.elapsed();
        if let Who::Run(run) = who {
            self.runs[run].look.seen = (at, rows.collect());
        }
    }

    /// The report and the exit status of a run. `in_order`: nothing is left to be done but by others.
    pub(in crate::simulation) fn reported(
        &mut self,
        run: usize,
        report: &[(Option<i64>, RowState)],
        status: u8,
        in_order: bool,
    ) {
        for (id, state) in report {
            if let (Some(id), RowState::Stored(state)) = (*id, *state)
                && let Err(why) = self.may_say(run, id, state, in_order)
            {
                self.wrong(format!("run {run} says that row {id} is {state}: {why}"));
            }
        }
        let is = |wanted: State| report.iter().any(|(_, state)| *state == RowState::Stored(wanted));
        let statuses: &[u8] = match () {
            () if is(State::Unknown) || is(State::Sending) => &[6],
            () if is(State::Pending) => &[4, 5, 130],
            // The file was not read to its end.
            () if status == 130 => &[130],
            () if is(State::Rejected) => &[3],
            () if report.iter().any(|(_, state)| *state == RowState::Bad) => &[2],
            () => &[0],
        };
        if !statuses.contains(&status) {
            self.wrong(format!("run {run} ends with {status}, and it says {report:?}"));
        }
        self.count(match status {
            0 => "exit status 0",
            2 => "exit status 2",
            3 => "exit status 3",
            4 => "exit status 4",
            5 => "exit status 5",
            6 => "exit status 6",
            _ => "exit status 130",
        });
    }

    fn may_say(&self, run: usize, id: i64, state: State, in_order: bool) -> Result<(), String> {
        let Some(known) = self.rows.get(&id) else {
            return Err("there is no such row".to_owned());
        };
        let look = &self.runs[run].look;
        let (at, seen) = &look.seen;
        let stood = seen.get(&id).filter(|_| look.told);
        let looked = stood.is_some();
        let mut posts = self
            .posts
            .iter()
            .filter(|((row, _), post)| *row == id && post.run == run);
        // What it did since its last look may have changed what it saw.
        let may_be_under_way = matches!(stood, None | Some(State::Sending)) || look.worked > *at;
        if may_be_under_way && posts.any(|(_, post)| !post.told) {
            return match state {
                State::Unknown => Ok(()),
                _ => Err("what became of its call was not recorded".to_owned()),
            };
        }
        let (_, until, since) = known.leased;
        let waits = looked && state == State::Sending && in_order && !look.failed && since < look.worked;
        if waits && until.is_some_and(|until| self.time(*at) < until) {
            return Err("it was not waited for".to_owned());
        }
        // A look in the end is at all of which something new may be true.
        let since = if look.told { *at } else { look.begun };
        let first = known.history.iter().rposition(|(at, _)| *at <= since);
        let states: BTreeSet<_> = match look.knows.get(&id) {
            Some(known) => BTreeSet::from([*known]),
            None => known.history[first.unwrap_or_default()..]
                .iter()
                .map(|it| it.1)
                .collect(),
        };
        // What it has in hand and could not record is unknown for it, also where nothing of it was posted.
        let left = !looked && state == State::Unknown && states.contains(&State::Sending);
        match left || states.contains(&state) {
            true => Ok(()),
            false => Err(format!("it was {states:?}")),
        }
    }
}
