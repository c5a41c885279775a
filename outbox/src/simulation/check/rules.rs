//! The rules: which step a row may take, by whom, and what an answer of the database may say.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{Check, Known, Promise, Seen, Who, promise_of};
use crate::row::{Filter, Row, State};
use crate::simulation::database::Asked;
use crate::store::{Change, Exchange, Exchanged, Finished, Standing};

impl Check {
    /// A transaction has happened.
    pub(in crate::simulation) fn changed(
        &mut self,
        asked: &Asked,
        now: DateTime<Utc>,
        before: &BTreeMap<i64, Seen>,
        after: &BTreeMap<i64, Seen>,
    ) {
        if let Some(id) = before.keys().find(|id| !after.contains_key(id)) {
            self.wrong(format!("row {id} is gone after {asked}"));
        }
        for (id, row) in after {
            match before.get(id) {
                None => {
                    if !matches!(asked, Asked::Enqueue) || row.state != State::Pending || row.attempt != 0 {
                        self.wrong(format!("row {id} is new, by {asked}: {row:?}"));
                    }
                    let promise = promise_of(row.payload.as_deref().unwrap_or_default());
                    if self.rows.values().any(|it| it.promise == promise) {
                        self.wrong(format!("row {id}: {promise} has another row already"));
                    }
                    self.rows.insert(
                        *id,
                        Known {
                            promise,
                            content: (row.customer.clone(), row.payload.clone().unwrap_or_default()),
                            first_content: (row.customer.clone(), row.payload.clone().unwrap_or_default()),
                            ..Known::default()
                        },
                    );
                    self.now_is(*id, row);
                }
                Some(old) if old == row => {}
                Some(old) => {
                    let mut old = old.clone();
                    if row.attempt > old.attempt && old.state != State::Pending {
                        // It was given back and claimed again, in one transaction.
                        let between = Seen {
                            state: State::Pending,
                            ..old.clone()
                        };
                        self.step(asked, now, *id, &old, &between);
                        old = between;
                    }
                    self.step(asked, now, *id, &old, row);
                    if row.state == State::Sending
                        && row.attempt > old.attempt
                        && let Err(why) = self.may_claim(&row.customer, after)
                    {
                        self.wrong(format!("row {id} is claimed: {why}, by {asked}"));
                    }
                }
            }
        }
        self.is_whole(asked, now, before, after);
    }

    fn step(&mut self, asked: &Asked, now: DateTime<Utc>, id: i64, old: &Seen, row: &Seen) {
        if let Err(why) = self.may_step(asked, now, id, old, row) {
            self.wrong(format!("row {id}: {why}: from {old:?} to {row:?} at {now} by {asked}"));
        }
        self.count(match (old.state, row.state) {
            (State::Pending, State::Sending) => "claimed",
            (State::Pending, State::Accepted) => "accepted after a person said that it is to be sent",
            (State::Unknown, State::Accepted | State::Rejected) => "unknown, and settled by a late answer or a person",
            (State::Sending, State::Accepted | State::Rejected) => "answered",
            (State::Sending, State::Pending) => "given back",
            (State::Sending, State::Unknown) => "unknown",
            (State::Unknown | State::Rejected, State::Pending) => "to be sent again, by a person",
            _ => "else",
        });
        self.now_is(id, row);
    }

    fn now_is(&mut self, id: i64, row: &Seen) {
        let at = self.start.elapsed();
        let Some(known) = self.rows.get_mut(&id) else { return };
        if known.history.last().map(|(_, state)| *state) != Some(row.state) {
            known.history.push((at, row.state));
        }
        if row.state == State::Sending {
            let (attempt, until, _) = known.leased;
            if attempt != row.attempt || until < row.lease_until {
                known.leased = (row.attempt, row.lease_until, at);
            }
        }
    }

    /// The rules: which step may be taken by whom.
    fn may_step(
        &mut self,
        asked: &Asked,
        now: DateTime<Utc>,
        id: i64,
        old: &Seen,
        row: &Seen,
    ) -> Result<(), &'static str> {
        use State::{Accepted, Dropped, Pending, Rejected, Sending, Unknown};
        let rule = |kept: bool, why| if kept { Ok(()) } else { Err(why) };
        let by_person = matches!(asked, Asked::Correct(of) if *of == id) && matches!(old.state, Rejected | Pending);
        let by_file = matches!(asked, Asked::Enqueue) && old.state == Rejected;
        let correction = (by_person || by_file) && row.state == Pending;
        let purge = match asked {
            Asked::Purge(keep) => {
                matches!(old.state, Accepted | Rejected | Dropped)
                    && old.changed_at + *keep <= now
                    && row.payload.is_none()
            }
            _ => false,
        };
        rule(
            old.payload == row.payload || correction || purge,
            "its content is another",
        )?;
        rule(old.customer == row.customer || by_file, "its customer is another")?;
        if purge && old.state == row.state {
            return Ok(());
        }
        let finished = match asked {
            Asked::Exchange(it) => it.finished.iter().find(|it| it.id == id && it.attempt == old.attempt),
            _ => None,
        };
        let claims_again = old.state == Pending && row.state == Sending;
        if let (Some(finished), false) = (finished, claims_again) {
            rule(
                finished.state == row.state && row.attempt == old.attempt,
                "it is not what the answer says",
            )?;
            return match (old.state, row.state) {
                (Sending | Unknown, _) => Ok(()),
                (Pending | Dropped, Accepted) => Ok(()),
                (before, now) => rule(
                    before == now,
                    "what was settled, by an answer or a person, is overwritten",
                ),
            };
        }
        let word = match (old.state, row.state, asked) {
            (Pending, Sending, Asked::Exchange(it)) => {
                rule(
                    it.wanted.iter().any(|want| want.customer_id == old.customer),
                    "nobody wanted its customer",
                )?;
                return rule(row.attempt == old.attempt + 1, "it is not one attempt more");
            }
            (Sending, Sending, Asked::Hold(it)) => {
                rule(
                    it.in_hand.contains(&(id, old.attempt)),
                    "it was renewed by one who has it not in hand",
                )?;
                rule(old.lease_until <= row.lease_until, "its lease was cut short")?;
                return rule(row.attempt == old.attempt, "the attempt is another");
            }
            (Sending, Pending, Asked::Exchange(_) | Asked::Hold(_)) => {
                return rule(
                    !self.posts.contains_key(&(id, old.attempt)),
                    "it was posted, and is given back",
                );
            }
            (Sending, Unknown, Asked::Begin | Asked::Hold(_) | Asked::Sweep) => {
                let leased = self.rows.get(&id).map(|known| known.leased);
                let over = leased.is_some_and(|(attempt, until, _)| attempt == old.attempt && until < Some(now));
                return rule(over, "its claim was not over");
            }
            (Unknown, Accepted, Asked::Change(ids, Change::ResolveAccepted)) => {
                self.promise(id).resolved = true;
                return rule(ids.contains(&id), "nobody named it");
            }
            (Pending | Rejected | Unknown, Dropped, Asked::Change(ids, Change::Drop)) => {
                return rule(ids.contains(&id), "nobody named it");
            }
            (Rejected, Pending, Asked::Enqueue) | (Rejected | Pending, Pending, Asked::Correct(_)) => {
                if let Some(known) = self.rows.get_mut(&id) {
                    known.corrected = old.attempt;
                }
                return Ok(());
            }
            (Pending | Rejected | Dropped, Accepted, Asked::Exchange(it)) => {
                let corrected = self.corrected(id);
                let late = |it: &Finished| it.id == id && it.state == Accepted && it.attempt <= corrected;
                return rule(it.finished.iter().any(late), "no content of it was accepted");
            }
            (Accepted, Accepted, Asked::Exchange(it)) => {
                let known = self.rows.get(&id);
                let again = |it: &Finished| {
                    it.id == id && known.is_some_and(|known| known.recorded.contains(&(it.attempt, Accepted)))
                };
                return rule(it.finished.iter().any(again), "that was not said before");
            }
            (Unknown, Pending, Asked::Change(ids, Change::Requeue | Change::ResolveNotSent))
            | (Rejected, Pending, Asked::Change(ids, Change::Requeue)) => ids.contains(&id),
            (Unknown, Pending, Asked::RetryUnknown) => true,
            _ => return Err("nobody may do that"),
        };
        rule(word, "nobody named it")?;
        rule(row.payload.is_some(), "there is nothing left to send")?;
        let promise = self.promise(id);
        promise.words += 1;
        promise.may_exist = None;
        Ok(())
    }

    fn corrected(&self, id: i64) -> i64 {
        self.rows.get(&id).map_or(0, |known| known.corrected)
    }

    pub(super) fn promise(&mut self, id: i64) -> &mut Promise {
        let name = self.rows.get(&id).map(|known| known.promise.clone());
        self.promises.entry(name.unwrap_or_default()).or_default()
    }

    /// What an exchange brought, and before it the rows were so.
    pub(in crate::simulation) fn exchanged(
        &mut self,
        asked: &Exchange,
        before: &BTreeMap<i64, Seen>,
        exchanged: &Exchanged,
    ) {
        for (finished, recorded) in asked.finished.iter().zip(&exchanged.recorded) {
            let (id, attempt, state) = (finished.id, finished.attempt, finished.state);
            match self.posts.get(&(id, attempt)) {
                Some(post) if post.heard && post.state == state => {}
                Some(post) => self.wrong(format!("row {id}: {state} is recorded, and the server says {post:?}")),
                None if matches!(state, State::Pending | State::Rejected) => {}
                None => self.wrong(format!("row {id}: {state} is recorded, and nothing was posted")),
            }
            let Some(row) = before.get(&id) else { continue };
            let said_before = self
                .rows
                .get(&id)
                .is_some_and(|it| it.recorded.contains(&(attempt, state)));
            let counts = row.attempt == attempt
                && (matches!(row.state, State::Sending | State::Unknown)
                    || row.state == state
                    || (matches!(row.state, State::Pending | State::Dropped) && state == State::Accepted));
            let is_old = attempt <= self.corrected(id);
            let corrected = is_old && state == State::Accepted;
            let waits = matches!(row.state, State::Pending | State::Rejected | State::Dropped);
            let counts = if is_old { corrected && waits } else { counts };
            // A purge takes the words that say it.
            let still_said = state == State::Accepted && row.state == State::Accepted && row.has_message;
            let is_recorded = counts || (said_before && (row.attempt == attempt || still_said));
            if *recorded && !(is_recorded || said_before) {
                self.wrong(format!("row {id}: {state} is told as recorded, and it is not: {row:?}"));
            }
            if !*recorded && is_recorded {
                self.wrong(format!(
                    "row {id}: {state} is dropped as too late, and it is not: {row:?}"
                ));
            }
            if corrected && *recorded {
                self.count("accepted with the content from before a correction");
            }
            self.count(match (*recorded, said_before) {
                (true, false) => "recorded",
                (true, true) => "recorded, and it was before",
                (false, _) => "too late to be recorded",
            });
            if *recorded && let Some(known) = self.rows.get_mut(&id) {
                known.recorded.insert((attempt, state));
            }
        }
        for row in &exchanged.claimed {
            let known = self.customers.get(&row.customer_id);
            let is_new = known.is_some_and(|(state, _)| state == "new");
            if known.map(|(_, releases)| *releases) != Some(row.release) || is_new != row.is_first {
                self.wrong(format!(
                    "row {} is claimed as of another release than {known:?}: {row:?}",
                    row.id
                ));
            }
        }
        for want in &asked.wanted {
            let claimed = exchanged
                .claimed
                .iter()
                .filter(|row| row.customer_id == want.customer_id);
            if claimed.count() > want.rows {
                self.wrong(format!("more was claimed than was wanted: {want:?}"));
            }
        }
    }

    pub(in crate::simulation) fn customers(&mut self, rows: &BTreeMap<i64, Seen>, customers: &[String]) {
        let waiting = rows
            .values()
            .filter(|row| row.state == State::Pending && !self.is_held(&row.customer));
        let waiting: BTreeSet<_> = waiting.map(|row| row.customer.as_str()).collect();
        if !customers.iter().map(String::as_str).eq(waiting) {
            self.wrong(format!("rows do not wait for these customers: {customers:?}"));
        }
    }

    pub(in crate::simulation) fn list(
        &mut self,
        rows: &BTreeMap<i64, Seen>,
        only: &Filter,
        after: i64,
        limit: u32,
        list: &[Row],
    ) {
        let expected = rows
            .iter()
            .filter(|(id, row)| **id > after && only.state.is_none_or(|only| row.state == only));
        let expected = expected.map(|(id, row)| (*id, row.state)).take(limit as usize);
        if !list.iter().map(|row| (row.id, row.state)).eq(expected) {
            self.wrong(format!("a list of {only:?} behind {after} is not that: {list:?}"));
        }
    }

    pub(in crate::simulation) fn standing(
        &mut self,
        who: Who,
        rows: &BTreeMap<i64, Seen>,
        ids: &[i64],
        standing: &[Standing],
    ) {
        let expected = rows.iter().filter(|(id, _)| ids.contains(id));
        let expected = expected.map(|(id, row)| (*id, row.state));
        if !standing.iter().map(|row| (row.id, row.state)).eq(expected) {
            self.wrong(format!("the rows {ids:?} do not stand so: {standing:?}"));
        }
        self.looked(who, standing.iter().map(|row| (row.id, row.state)));
    }
}
