//! Sending what is pending: one loop that claims rows, lets calls run, and records what became of them.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::Arc;

use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use vitec_connect::Client;

use crate::call::prepare;
use crate::error::{Error, ErrorKind};
use crate::fair::Customers;
use crate::options::{DeliverOptions, End, Event, Sent, Summary};
use crate::outbox::Outbox;
use crate::pace::Pace;
use crate::row::{Counts, State};
use crate::store::{Claimed, Delivery, Exchange, Hold, Want};
use crate::verdict::{Effect, Verdict};

/// How long a failing database is left alone before it is tried again.
const DATABASE_PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// Sends the pending rows of an outbox, until there are none left that can be sent.
///
/// Any number of calls run at a time, in one process for SQLite and in any number of processes for PostgreSQL. Each row
/// is `sending` durably before its call begins, and its result is recorded before it is told. One transaction records what
/// has ended and claims what begins, so that a fast server costs few commits.
///
/// When `shutdown` is ready no more calls begin, and those under way are waited for. Use `std::future::pending()` where
/// nothing ends the run early. A dropped delivery leaves what was under way to be `unknown`.
///
/// The outbox repeats what may be repeated by itself, and slows down all calls together: give the client
/// [`RetryPolicy::none`](vitec_connect::RetryPolicy::none).
///
/// # Errors
/// Why it could not begin: another process delivers already ([`ErrorKind::Busy`]), the client calls another server
/// ([`ErrorKind::OtherBaseUrl`]), or what the database says. What happens later is the [`Summary`]'s.
pub async fn deliver(
    outbox: &Outbox,
    client: &Client,
    options: &DeliverOptions,
    shutdown: impl Future<Output = ()>,
    on_event: impl FnMut(Event<'_>),
) -> Result<Summary, Error> {
    if client.base_url() != outbox.belongs_to() {
        return Err(Error::new(
            ErrorKind::OtherBaseUrl,
            format!(
                "{}: the outbox belongs to {}, and the client calls {}.",
                outbox.place(),
                outbox.belongs_to(),
                client.base_url()
            ),
        ));
    }
    let delivery = Arc::new(outbox.store.begin_delivery(options.lease).await?);
    if options.retry_unknown {
        outbox.retry_unknown().await?;
    }
    let mut customers = Customers::default();
    customers.wait(outbox.store.customers().await?);
    let now = Instant::now();
    let run = Run {
        outbox,
        client,
        options,
        delivery,
        customers,
        pace: Pace::new(options.concurrency, options.rate, options.initial_backoff, now),
        calls: JoinSet::new(),
        rows: HashMap::new(),
        ended: Vec::new(),
        claim: 0,
        failed: Vec::new(),
        end: None,
        failing: None,
        results: Counts::default(),
        stopped: BTreeMap::new(),
        on_event,
    };
    Ok(run.drive(shutdown).await)
}

struct Run<'a, F> {
    outbox: &'a Outbox,
    client: &'a Client,
    options: &'a DeliverOptions,
    delivery: Arc<Delivery>,
    customers: Customers,
    pace: Pace,
    calls: JoinSet<Verdict>,
    /// The rows of the calls under way, and when each began.
    rows: HashMap<Id, (Claimed, Instant)>,
    /// Calls that have ended, to be recorded.
    ended: Vec<(Claimed, Verdict)>,
    /// The number of the last exchange.
    claim: i64,
    /// The numbers of those that failed.
    failed: Vec<i64>,
    /// Set when no more calls begin.
    end: Option<End>,
    /// Set while the database fails.
    failing: Option<Failing>,
    results: Counts,
    stopped: BTreeMap<String, String>,
    on_event: F,
}

struct Failing {
    since: Instant,
    again: Instant,
}

impl<F: FnMut(Event<'_>)> Run<'_, F> {
    async fn drive(mut self, shutdown: impl Future<Output = ()>) -> Summary {
        let mut shutdown = pin!(shutdown);
        let period = self.options.lease / 3;
        let mut renewal = tokio::time::interval_at(Instant::now() + period, period);
        renewal.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.exchange().await;
            let database_failed = matches!(self.end, Some(End::Database(_)));
            if self.rows.is_empty() && (self.ended.is_empty() || database_failed) {
                if self.end.is_some() {
                    break;
                }
                if self.failing.is_none() && !self.customers.any_wait() {
                    self.end = Some(End::Done);
                    break;
                }
            }
            let wake = self.wake();
            tokio::select! {
                Some(call) = self.calls.join_next_with_id() => {
                    self.call_ended(call);
                    while let Some(call) = self.calls.try_join_next_with_id() {
                        self.call_ended(call);
                    }
                }
                () = &mut shutdown, if self.end.is_none() => self.end = Some(End::ShutDown),
                _ = renewal.tick() => self.renew().await,
                () = tokio::time::sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
        }
        Summary {
            results: self.results,
            stopped: self.stopped,
            end: self.end.unwrap_or(End::Done),
        }
    }

    /// When there is something to do even if no call ends: none where only a call can change anything.
    fn wake(&self) -> Option<Instant> {
        match &self.failing {
            Some(failing) => Some(failing.again),
            None if self.end.is_none() && self.rows.len() < self.pace.allowed() && self.customers.can_pick() => {
                Some(self.pace.next(0))
            }
            None => None,
        }
    }

    /// Records what has ended and claims what may begin, until neither is left.
    async fn exchange(&mut self) {
        loop {
            if self.failing.as_ref().is_some_and(|it| it.again > Instant::now()) {
                return;
            }
            let wanted = self.wanted().await;
            if wanted.is_empty() && self.ended.is_empty() {
                return;
            }
            let finished: Vec<_> = self.ended.iter().map(|(row, verdict)| verdict.finish(row)).collect();
            let claimed_at = Instant::now();
            self.claim += 1;
            let asked = Exchange {
                claim: self.claim,
                failed: self.failed.clone(),
                finished,
                wanted: wanted.clone(),
            };
            let exchanged = match self.outbox.store.exchange(&self.delivery, asked).await {
                Ok(exchanged) => exchanged,
                Err(error) => {
                    self.failed.push(self.claim);
                    for want in &wanted {
                        (0..want.rows).for_each(|_| self.customers.end(&want.customer_id));
                    }
                    return self.database_failed(error);
                }
            };
            self.failing = None;
            let ended = std::mem::take(&mut self.ended);
            for ((row, verdict), recorded) in ended.into_iter().zip(exchanged.recorded) {
                self.tell(row, verdict, recorded);
            }
            let mut missing: HashMap<&str, usize> = HashMap::new();
            for want in &wanted {
                *missing.entry(&want.customer_id).or_default() += want.rows;
            }
            for row in exchanged.claimed {
                if let Some(missing) = missing.get_mut(row.customer_id.as_str()) {
                    *missing = missing.saturating_sub(1);
                }
                self.begin(row, claimed_at);
            }
            for (customer, missing) in missing.into_iter().filter(|(_, missing)| *missing > 0) {
                self.customers.empty(customer);
                (0..missing).for_each(|_| self.customers.end(customer));
            }
        }
    }

    /// The rows that may begin now, by the pace, the customers' turns and the state of the run.
    async fn wanted(&mut self) -> Vec<Want> {
        let mut wanted: Vec<Want> = Vec::new();
        // While the database fails, what has ended comes first: nothing is sent that may not be recorded.
        if self.end.is_some() || (self.failing.is_some() && !self.ended.is_empty()) {
            return wanted;
        }
        let mut planned = 0;
        while self.rows.len() + planned < self.pace.allowed() && self.pace.next(planned) <= Instant::now() {
            if !self.customers.any_wait() {
                // Others may have stored rows since.
                match self.outbox.store.customers().await {
                    Ok(names) => {
                        if !self.customers.wait(names) {
                            break;
                        }
                    }
                    Err(error) => {
                        self.database_failed(error);
                        break;
                    }
                }
            }
            let Some(customer_id) = self.customers.pick() else {
                break;
            };
            planned += 1;
            match wanted.iter_mut().find(|want| want.customer_id == customer_id) {
                Some(want) => want.rows += 1,
                None => wanted.push(Want { customer_id, rows: 1 }),
            }
        }
        wanted
    }

    /// Starts the call for a row that is claimed, durably.
    fn begin(&mut self, row: Claimed, claimed_at: Instant) {
        let now = Instant::now();
        self.pace.begun(now);
        // After a long halt, of the machine or of the database, the claim may have run out already.
        let verdict = match now.duration_since(claimed_at) > self.options.lease / 2 {
            true => Err(Verdict::not_sent(
                State::Pending,
                "the claim took too long".to_owned(),
                Effect::None,
            )),
            false => prepare(self.client, &row),
        };
        match verdict {
            Ok(call) => {
                let id = self.calls.spawn(call).id();
                self.rows.insert(id, (row, now));
            }
            Err(verdict) => {
                self.customers.end(&row.customer_id);
                self.ended.push((row, verdict));
            }
        }
    }

    /// Notes what became of a call, and what follows for the others.
    fn call_ended(&mut self, call: Result<(Id, Verdict), tokio::task::JoinError>) {
        let (id, verdict) = match call {
            Ok(ended) => ended,
            Err(error) => {
                let mut verdict = Verdict::not_sent(State::Unknown, String::new(), Effect::SlowDown(None));
                verdict.message = Some(format!(
                    "the call was broken off: {error}. Look in Vitec before sending it again."
                ));
                (error.id(), verdict)
            }
        };
        let Some((row, begun)) = self.rows.remove(&id) else {
            return;
        };
        let customer = row.customer_id.as_str();
        let why = verdict.message.as_deref().unwrap_or_default();
        self.customers.end(customer);
        match verdict.effect {
            Effect::None => {}
            Effect::Answered => {
                self.customers.prove(customer);
                self.pace.answered(begun);
            }
            Effect::StopCustomer => {
                self.pace.answered(begun);
                if self.customers.stop(customer) {
                    self.stopped.insert(customer.to_owned(), why.to_owned());
                    (self.on_event)(Event::CustomerStopped(customer, why));
                }
            }
            Effect::SlowDown(asked) => {
                let (pause, troubles) = self.pace.trouble(begun, Instant::now(), asked, fastrand::f64());
                if troubles >= self.options.give_up_after || pause > self.options.max_pause {
                    self.end.get_or_insert_with(|| End::GaveUp(why.to_owned()));
                } else if self.end.is_none() {
                    (self.on_event)(Event::Pause(pause, why));
                }
            }
            Effect::Stop => {
                self.end.get_or_insert_with(|| End::GaveUp(why.to_owned()));
            }
        }
        if verdict.state == State::Pending {
            self.customers.wait([customer.to_owned()]);
        }
        self.ended.push((row, verdict));
    }

    fn database_failed(&mut self, error: Error) {
        tracing::warn!(%error, "the outbox's database fails");
        (self.on_event)(Event::Database(&error));
        let now = Instant::now();
        let since = self.failing.as_ref().map_or(now, |failing| failing.since);
        if now.duration_since(since) >= self.options.record_patience {
            self.end = Some(End::Database(error));
        }
        self.failing = Some(Failing {
            since,
            again: now + DATABASE_PAUSE.min(self.options.record_patience),
        });
    }

    /// Says that the rows in hand are in hand.
    async fn renew(&mut self) {
        let under_way = self.rows.values().map(|(row, _)| (row.id, row.attempt));
        let ended = self.ended.iter().map(|(row, _)| (row.id, row.attempt));
        let asked = Hold {
            in_hand: under_way.chain(ended).collect(),
            failed: self.failed.clone(),
        };
        if let Err(error) = self.outbox.store.hold(&self.delivery, asked).await {
            // What counts is whether results can be recorded, and that is tried when there are some.
            tracing::warn!(%error, "the claims could not be renewed");
        }
    }

    fn tell(&mut self, row: Claimed, verdict: Verdict, recorded: bool) {
        if !recorded {
            tracing::warn!(row = row.id, attempt = row.attempt, state = %verdict.state, "too late to be recorded");
            return;
        }
        *self.results.of_mut(verdict.state) += 1;
        (self.on_event)(Event::Row(&Sent {
            id: row.id,
            reference: row.reference,
            line: row.line.map(|line| line as u64),
            customer_id: row.customer_id,
            contact_id: row.contact_id,
            state: verdict.state,
            answer: verdict.answer,
            message: verdict.message,
            kind: verdict.kind,
            status: verdict.status,
        }));
    }
}
