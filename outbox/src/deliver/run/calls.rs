//! From a claimed row to its recorded result.

use std::time::Duration;

use tokio::time::Instant;

use super::Run;
use crate::deliver::hand::Ended;
use crate::deliver::stuck::Stuck;
use crate::error::{Error, ErrorKind};
use crate::options::{End, Event, Sent};
use crate::row::State;
use crate::store::Claimed;
use crate::verdict::{Effect, Verdict};

impl<F: FnMut(Event<'_>)> Run<'_, F> {
    /// Starts the call for a row that is claimed, durably, unless something has come up meanwhile.
    pub(super) fn begin(&mut self, row: Claimed, claimed_at: Instant) {
        let now = Instant::now();
        let not_now = if self.end.is_some() {
            Some("the run was ending")
        } else if self.customers.is_stopped(&row.customer_id) {
            Some("the customer was stopped")
        } else if !self.may_begin(now) {
            Some("the server was in trouble")
        } else if now.duration_since(claimed_at) > self.options.lease / 2 {
            // After a long halt, of the machine or of the database, the claim may have run out already.
            Some("the claim took too long")
        } else {
            None
        };
        let call = match not_now {
            Some(why) => Err(Verdict::not_sent(State::Pending, why.to_owned(), Effect::None)),
            None => self.caller.call(&row),
        };
        match call {
            Ok(call) => {
                self.pace.begun(now);
                self.control.begun(row.id);
                self.calls.begin(row, call, now);
            }
            Err(verdict) => self.conclude(row, verdict),
        }
    }

    /// Whether the server is to be called: what was planned when the claim was asked for may be otherwise by now.
    fn may_begin(&self, now: Instant) -> bool {
        match &self.stuck {
            None => !self.pace.paused(now) && self.calls.len() < self.pace.allowed(),
            Some(stuck) => self.calls.is_empty() && stuck.again().is_some_and(|again| again <= now),
        }
    }

    /// Notes what became of a call, and what follows for the others.
    pub(super) fn call_ended(&mut self, (row, begun, verdict): (Claimed, Instant, Verdict)) {
        let now = Instant::now();
        (self.on_event)(Event::Called(&Sent::of(&row, &verdict), now.duration_since(begun)));
        let customer = row.customer_id.as_str();
        let why = verdict.message.as_deref().unwrap_or_default();
        match verdict.effect {
            Effect::None => {}
            Effect::Answered => {
                self.customers.prove(customer);
                self.answered_again(begun);
            }
            Effect::Hold => {
                self.answered_again(begun);
                if self.customers.hold(customer) {
                    (self.on_event)(Event::CustomerHeld(customer, why));
                }
            }
            Effect::LeaveOut => {
                if self.customers.leave_out(customer) {
                    self.left_out.insert(customer.to_owned(), why.to_owned());
                    (self.on_event)(Event::CustomerLeftOut(customer, why));
                }
            }
            Effect::SlowDown(asked) => self.trouble(begun, asked, why),
            Effect::Redirected => match self.goes_on {
                true => self.is_stuck(Stuck::for_good(now), why),
                false => _ = self.end.get_or_insert_with(|| End::GaveUp(why.to_owned())),
            },
            Effect::Stop => {
                self.end.get_or_insert_with(|| End::GaveUp(why.to_owned()));
            }
        }
        self.conclude(row, verdict);
    }

    /// The server has answered: it works, or works again.
    fn answered_again(&mut self, begun: Instant) {
        self.pace.answered(begun);
        // After a redirect only a person can say that it does.
        if self.stuck.as_ref().is_some_and(|stuck| stuck.ends_with(begun)) {
            self.stuck = None;
            (self.on_event)(Event::GoesOn);
        }
    }

    /// The server is in trouble: slower, and where this goes on, no more.
    fn trouble(&mut self, begun: Instant, asked: Option<Duration>, why: &str) {
        let now = Instant::now();
        let (pause, troubles) = self.pace.trouble(begun, now, asked, self.random.f64());
        let too_many = troubles >= self.options.give_up_after;
        match &mut self.stuck {
            Some(stuck) => {
                stuck.trouble(begun, now, asked);
                let wait = stuck.wait(now);
                (self.on_event)(Event::Stuck(why, wait));
            }
            None if too_many && self.goes_on => {
                let pause = self.options.stuck_pause.max(asked.unwrap_or_default());
                self.is_stuck(Stuck::after_troubles(now, pause), why);
            }
            None if !self.goes_on && (too_many || pause > self.options.max_pause) => {
                self.end.get_or_insert_with(|| End::GaveUp(why.to_owned()));
            }
            None if self.end.is_none() => (self.on_event)(Event::Pause(pause, why)),
            None => {}
        }
    }

    fn is_stuck(&mut self, stuck: Stuck, why: &str) {
        (self.on_event)(Event::Stuck(why, stuck.wait(Instant::now())));
        self.stuck = Some(stuck);
    }

    fn conclude(&mut self, row: Claimed, verdict: Verdict) {
        self.customers.end(&row.customer_id);
        if verdict.state == State::Pending {
            self.customers.wait(&row.customer_id);
        }
        if let Some(failing) = &mut self.failing {
            failing.in_vain = false;
        }
        self.ended.push(Ended {
            row,
            verdict: verdict.storable(),
            bare: false,
        });
    }

    /// One result that a database cannot hold does not keep the others from being recorded: they are recorded one by
    /// one, and it is recorded without what the server said.
    pub(super) fn sort_out(&mut self, finished: usize, alone: bool, error: &Error) {
        if error.kind() != ErrorKind::Database || finished == 0 {
            return;
        }
        if !(finished == 1 && alone) {
            self.singly = true;
            return;
        }
        let Some(first) = self.ended.first_mut() else {
            return;
        };
        match std::mem::replace(&mut first.bare, true) {
            false => first.verdict = first.verdict.bare(),
            true => self.ended.rotate_left(1),
        }
    }

    pub(super) fn tell(&mut self, ended: Ended, recorded: bool) {
        self.control.ended(ended.row.id);
        let sent = ended.sent();
        match recorded {
            true => {
                *self.results.of_mut(sent.state) += 1;
                (self.on_event)(Event::Row(&sent));
            }
            false => {
                tracing::warn!(row = sent.id, state = %sent.state, "too late to be recorded");
                (self.on_event)(Event::TooLate(&sent));
            }
        }
    }
}
