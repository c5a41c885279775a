//! The loop: it asks the database one thing at a time, and hears calls, signals and the clock meanwhile.

mod calls;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::ask::{Answered, Asked, Asking};
use super::control::Control;
use super::hand::{Calls, Ended, Failed};
use super::stuck::Stuck;
use super::{Begun, How};
use crate::call::Caller;
use crate::error::{Error, ErrorKind};
use crate::fair::Customers;
use crate::options::{DeliverOptions, End, Event, Summary};
use crate::outbox::Outbox;
use crate::pace::Pace;
use crate::row::Counts;
use crate::store::{Delivery, Exchange, Exchanged, Want};

/// How long a failing database is left alone before it is tried again, and one whose rows others hold before it is
/// looked through again.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Run<'a, F> {
    outbox: &'a Outbox,
    caller: &'a dyn Caller,
    options: &'a DeliverOptions,
    control: &'a Control,
    /// It does not end where nothing is left to be sent.
    goes_on: bool,
    random: fastrand::Rng,
    delivery: Arc<Delivery>,
    customers: Customers,
    pace: Pace,
    calls: Calls,
    /// Calls that have ended, to be recorded, in this order.
    ended: Vec<Ended>,
    /// Results are recorded one by one, as one of them cannot be.
    singly: bool,
    /// What the database is asked.
    asking: Option<Asking>,
    /// The number of the last exchange.
    number: i64,
    failed: Failed,
    /// Whether a claim failed since it was last seen that none was left behind.
    unreleased: bool,
    /// When what is in hand is to be renewed.
    hold_at: Instant,
    /// Rows may wait that this run has not heard of.
    look: bool,
    /// When it is looked for new ones.
    look_at: Instant,
    /// The last claim brought nothing: others hold what waits, or were quicker.
    barren: bool,
    /// Nothing is claimed before: others hold what waits.
    claim_at: Instant,
    /// Set when no more calls begin.
    end: Option<End>,
    /// Set while the server is in trouble for too long.
    stuck: Option<Stuck>,
    /// Set while the database fails.
    failing: Option<Failing>,
    results: Counts,
    left_out: BTreeMap<String, String>,
    on_event: F,
}

struct Failing {
    since: Instant,
    again: Instant,
    /// It was a look or a renewal that failed: one that succeeds is the end of it.
    only_looking: bool,
    /// Since the run is over for it, and what there is to record was tried once more.
    in_vain: bool,
}

/// What is to be done where the database is not asked anything.
enum Step {
    Ask(Asking),
    Wait(Instant),
    End,
}

impl<'a, F: FnMut(Event<'_>)> Run<'a, F> {
    pub(super) fn new(
        outbox: &'a Outbox,
        caller: &'a dyn Caller,
        options: &'a DeliverOptions,
        how: How<'a>,
        begun: Begun,
        on_event: F,
    ) -> Self {
        let now = Instant::now();
        let mut customers = Customers::default();
        customers.seen(begun.customers);
        for name in options.left_out.keys() {
            customers.leave_out(name);
        }
        Self {
            outbox,
            caller,
            options,
            control: how.control,
            goes_on: how.goes_on,
            random: how.random,
            delivery: Arc::new(begun.delivery),
            customers,
            pace: Pace::new(options.concurrency, options.rate, options.initial_backoff, now),
            calls: Calls::default(),
            ended: Vec::new(),
            singly: false,
            asking: None,
            number: 0,
            failed: Failed::default(),
            unreleased: false,
            hold_at: now + options.lease / 3,
            look: false,
            look_at: now + options.poll,
            barren: false,
            claim_at: now,
            end: None,
            stuck: None,
            failing: None,
            results: Counts::default(),
            left_out: options.left_out.clone(),
            on_event,
        }
    }

    pub(super) async fn drive(mut self, mut shutdown: Pin<&mut impl Future<Output = ()>>) -> Summary {
        loop {
            let mut wake = None;
            if self.asking.is_none() {
                match self.step() {
                    Step::Ask(asking) => self.asking = Some(asking),
                    Step::Wait(until) => wake = Some(until),
                    Step::End => break,
                }
            }
            // In this order always: the same events come to the same end.
            tokio::select! {
                biased;
                () = &mut shutdown, if self.end.is_none() => self.end = Some(End::ShutDown),
                Some(call) = self.calls.next() => {
                    self.call_ended(call);
                    while let Some(call) = self.calls.try_next() {
                        self.call_ended(call);
                    }
                }
                answer = Asking::answer(&mut self.asking), if self.asking.is_some() => {
                    if let Some(asking) = self.asking.take() {
                        self.answered(asking, answer);
                    }
                }
                () = self.control.changed(), if wake.is_some() => {}
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
        }
        Summary {
            results: self.results,
            left_out: self.left_out,
            unrecorded: self.ended.into_iter().map(Ended::sent).collect(),
            end: self.end.unwrap_or(End::Done),
        }
    }

    fn step(&mut self) -> Step {
        let now = Instant::now();
        self.failed.forget(now);
        let in_vain = self.failing.as_ref().is_some_and(|failing| failing.in_vain);
        if in_vain && self.calls.is_empty() {
            return Step::End;
        }
        if self.hold_at <= now {
            return Step::Ask(self.hold());
        }
        if let Some(failing) = self.failing.as_ref().filter(|failing| failing.again > now) {
            return Step::Wait(failing.again.min(self.hold_at));
        }
        let changes = self.control.changes();
        if !changes.is_empty() && self.end.is_none() {
            return Step::Ask(Asking::release(self.outbox, self.options.database_patience, changes));
        }
        // While the database fails, what has ended comes first: nothing is sent that may not be recorded.
        let may_claim = self.end.is_none() && (self.failing.is_none() || self.ended.is_empty()) && !self.singly;
        let wanted = match may_claim && self.claim_at <= now {
            true => self.plan(now),
            false => Vec::new(),
        };
        if !self.ended.is_empty() || !wanted.is_empty() {
            return Step::Ask(self.exchange(wanted));
        }
        let room = self.calls.len() < self.pace.allowed();
        let is_due = self.goes_on && self.look_at <= now;
        if may_claim && room && (is_due || (self.look && !self.customers.any_wait())) {
            return Step::Ask(Asking::look(self.outbox, self.options.database_patience, self.look));
        }
        let is_over = self.end.is_some() || !(self.goes_on || self.customers.any_wait());
        if self.calls.is_empty() && is_over {
            return match self.unreleased && !self.failed.is_empty() {
                // A look has shown that nothing waits. A claim that was not committed by then has nothing to take; one
                // that was is given back here.
                true => Step::Ask(self.hold()),
                false => Step::End,
            };
        }
        let mut until = self.hold_at;
        if may_claim && room && self.goes_on {
            until = until.min(self.look_at);
        }
        if may_claim && room && self.customers.can_pick() {
            let begin = match &self.stuck {
                None => Some(self.pace.next(0)),
                Some(stuck) => stuck.again().filter(|_| self.calls.is_empty()),
            };
            until = until.min(begin.map_or(until, |begin| begin.max(self.claim_at)));
        }
        Step::Wait(until)
    }

    /// The rows that may begin now, by the pace and the customers' turns.
    fn plan(&mut self, now: Instant) -> Vec<Want> {
        let mut wanted: Vec<Want> = Vec::new();
        let mut planned = 0;
        let may_begin = |calls: usize, next: Instant| match &self.stuck {
            None => calls < self.pace.allowed() && next <= now,
            Some(stuck) => calls == 0 && stuck.again().is_some_and(|again| again <= now),
        };
        while may_begin(self.calls.len() + planned, self.pace.next(planned)) {
            let Some(customer_id) = self.customers.pick() else {
                break;
            };
            planned += 1;
            match wanted.iter_mut().find(|want| want.customer_id == customer_id) {
                Some(want) => want.rows += 1,
                None => wanted.push(Want { customer_id, rows: 1 }),
            }
        }
        wanted.sort_by(|one, other| one.customer_id.cmp(&other.customer_id));
        wanted
    }

    fn exchange(&mut self, wanted: Vec<Want>) -> Asking {
        self.number += 1;
        let finished = self.ended.iter().take(if self.singly { 1 } else { usize::MAX });
        let asked = Exchange {
            claim: self.number,
            failed: self.failed.numbers(),
            finished: finished.map(|it| it.verdict.finish(&it.row)).collect(),
            wanted,
        };
        Asking::exchange(self.outbox, &self.delivery, self.options.database_patience, asked)
    }

    fn hold(&self) -> Asking {
        let asked = self.calls.hold(&self.ended, &self.failed);
        Asking::hold(self.outbox, &self.delivery, self.options.database_patience, asked)
    }

    fn answered(&mut self, asking: Asking, answer: Result<Answered, Error>) {
        let begun = asking.begun;
        match (asking.asked, answer) {
            (Asked::Exchange { finished, wanted, .. }, Ok(Answered::Exchange(exchanged))) => {
                self.exchanged(begun, finished, wanted, exchanged);
            }
            (
                Asked::Exchange {
                    number,
                    finished,
                    wanted,
                },
                Err(error),
            ) => {
                for want in &wanted {
                    (0..want.rows).for_each(|_| self.customers.end(&want.customer_id));
                }
                if !wanted.is_empty() {
                    // What it leaves behind was claimed by now, or not at all.
                    let until = Instant::now() + self.options.lease + self.options.database_patience;
                    self.failed.add(number, until);
                    self.unreleased = true;
                }
                self.sort_out(finished, wanted.is_empty(), &error);
                self.database_failed(begun, error, false);
            }
            (_, Ok(Answered::Hold(released))) => {
                self.hold_at = Instant::now() + self.options.lease / 3;
                self.unreleased = released > 0;
                self.look |= released > 0;
                self.looked();
            }
            (_, Ok(Answered::Look(names))) => {
                self.look = false;
                self.look_at = Instant::now() + self.options.poll;
                self.looked();
                let any = names.is_some_and(|names| self.customers.seen(names));
                if std::mem::take(&mut self.barren) && any {
                    self.claim_at = Instant::now() + PAUSE;
                }
            }
            (Asked::Release(changes), Ok(Answered::Release(released))) => {
                self.looked();
                self.customers
                    .take_in(|name| changes.all || changes.customers.contains(name));
                self.left_out.retain(|name, _| self.customers.is_left_out(name));
                self.look = true;
                if !released.is_empty() {
                    (self.on_event)(Event::CustomersReleased(&released));
                }
            }
            (Asked::Hold, Err(error)) => {
                // What counts is whether results can be recorded, and that is tried when there are some.
                tracing::warn!(%error, "the claims could not be renewed");
                self.hold_at = Instant::now() + self.options.lease / 12;
                if self.calls.is_empty() && self.ended.is_empty() && self.unreleased {
                    match self.end {
                        // They become unknown by themselves, later.
                        Some(_) => self.unreleased = false,
                        None => self.database_failed(begun, error, true),
                    }
                }
            }
            (asked, Err(error)) => {
                if let Asked::Release(changes) = asked {
                    self.control.put_back(changes);
                }
                self.look = true;
                self.database_failed(begun, error, true);
            }
            // An answer is made where the question is.
            (_, Ok(Answered::Exchange(_) | Answered::Release(_))) => {}
        }
    }

    fn exchanged(&mut self, begun: Instant, finished: usize, wanted: Vec<Want>, exchanged: Exchanged) {
        self.works_again();
        self.look |= exchanged.released > 0 || finished > 0;
        for (ended, recorded) in self.ended.drain(..finished).zip(exchanged.recorded).collect::<Vec<_>>() {
            self.tell(ended, recorded);
        }
        self.singly &= !self.ended.is_empty();
        if !wanted.is_empty() {
            self.barren = exchanged.claimed.is_empty();
        }
        let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
        for want in &wanted {
            *missing.entry(&want.customer_id).or_default() += want.rows;
        }
        let mut claimed = exchanged.claimed;
        claimed.sort_by_key(|row| row.id);
        for row in claimed {
            if let Some(missing) = missing.get_mut(row.customer_id.as_str()) {
                *missing = missing.saturating_sub(1);
            }
            self.begin(row, begun);
        }
        for (customer, missing) in missing.into_iter().filter(|(_, missing)| *missing > 0) {
            self.customers.empty(customer);
            self.look = true;
            (0..missing).for_each(|_| self.customers.end(customer));
        }
    }

    /// A look or a renewal has succeeded.
    fn looked(&mut self) {
        if self.failing.as_ref().is_some_and(|failing| failing.only_looking) {
            self.works_again();
        }
    }

    fn works_again(&mut self) {
        if self.failing.take().is_some() {
            (self.on_event)(Event::DatabaseWorks);
        }
    }

    fn database_failed(&mut self, begun: Instant, error: Error, only_looking: bool) {
        tracing::warn!(%error, "the outbox's database fails");
        (self.on_event)(Event::Database(&error));
        let now = Instant::now();
        let since = self.failing.as_ref().map_or(begun, |failing| failing.since);
        let was_over = matches!(self.end, Some(End::Database(_)));
        // Another file, a second name, another past: no patience makes that better.
        let is_hopeless = matches!(error.kind(), ErrorKind::File | ErrorKind::History);
        let is_too_long = now.duration_since(since) >= self.options.record_patience;
        let waits_on = self.goes_on && self.end.is_none();
        if is_hopeless || (is_too_long && !waits_on) {
            self.end = Some(End::Database(error));
        }
        self.failing = Some(Failing {
            since,
            again: now + PAUSE.min(self.options.record_patience),
            only_looking,
            in_vain: was_over || (self.ended.is_empty() && matches!(self.end, Some(End::Database(_)))),
        });
    }
}
