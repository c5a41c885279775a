//! What a delivery tells, on its way to the log.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clap::ArgMatches;
use serde_json::json;
use vitec_connect_outbox::{Event, Sent, State};

use super::arguments::follows;
use super::log::{Level, Log};
use super::systemd;
use crate::monitor::Monitor;
use crate::outbox::{release_command, sent};
use crate::report::chain;
use crate::signals::Signals;

/// A database that fails for long is told of again after so long.
const AGAIN: Duration = Duration::from_secs(600);

/// How many rows came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Results {
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    pub(super) unknown: u64,
    /// Those of the unknown ones that became so after a signal.
    pub(super) unknown_at_the_end: u64,
}

/// The same for all who count or show it.
#[derive(Clone, Default)]
pub(super) struct Counted(Arc<Mutex<Results>>);

impl Counted {
    fn lock(&self) -> MutexGuard<'_, Results> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn results(&self) -> Results {
        *self.lock()
    }
}

/// Hears the events of one delivery.
pub(super) struct Told<'a> {
    log: Log,
    matches: &'a ArgMatches,
    signals: &'a Signals,
    counted: Counted,
    /// When it was last said that the database fails.
    failing: Option<Instant>,
    /// The customers of whom it was said that they are held.
    held: BTreeSet<String>,
    /// Where it is shown.
    pub(super) monitor: Option<Arc<Monitor>>,
}

impl<'a> Told<'a> {
    pub(super) fn new(log: Log, matches: &'a ArgMatches, signals: &'a Signals, counted: Counted) -> Self {
        Self {
            log,
            matches,
            signals,
            counted,
            failing: None,
            held: BTreeSet::new(),
            monitor: None,
        }
    }

    /// Whether it was said of this customer that it is held.
    pub(super) fn knows_held(&self, customer: &str) -> bool {
        self.held.contains(customer)
    }

    pub(super) fn event(&mut self, event: &Event<'_>) {
        if let Some(monitor) = &self.monitor {
            monitor.heard(event);
        }
        let log = self.log;
        match event {
            Event::Called(sent, took) => called(log, sent, *took),
            Event::Row(sent) => self.row(sent),
            Event::TooLate(row) => log.tell(
                Level::Error,
                "too-late",
                &format!(
                    "too late to be recorded{}: {}",
                    match row.state {
                        State::Accepted => ", look in Vitec whether it is there twice",
                        _ => "",
                    },
                    sent(row)
                ),
                about(row),
            ),
            Event::Pause(pause, why) => log.tell(
                Level::Warning,
                "pause",
                &format!("waiting {:.1} s: {why}", pause.as_secs_f64()),
                json!({"seconds": pause.as_secs_f64()}),
            ),
            Event::CustomerLeftOut(customer, why) => log.tell(
                Level::Warning,
                "left-out",
                &format!("customer {customer} is left out, and its rows wait: {why}"),
                json!({"customer": customer}),
            ),
            Event::CustomerHeld(customer, why) => self.held(customer, why),
            Event::CustomersReleased(customers) => log.tell(
                Level::Info,
                "released",
                &format!(
                    "released, as their credentials are others now: {}",
                    customers.join(", ")
                ),
                json!({"customers": customers}),
            ),
            Event::Stuck(why, again) => self.stuck(why, *again),
            Event::GoesOn => log.tell(
                Level::Info,
                "goes-on",
                "the server answers again, and delivery goes on",
                json!({}),
            ),
            Event::Database(error) => {
                let then = match follows(self.matches) {
                    true => ". It is tried again by itself, and nothing is sent before",
                    false => "",
                };
                self.database(&format!("{}{then}", chain(error)));
            }
            Event::DatabaseWorks => {
                self.failing = None;
                log.tell(
                    Level::Info,
                    "database-works",
                    "the outbox's database works again",
                    json!({}),
                );
            }
            Event::Busy(error) => log.tell(
                Level::Info,
                "busy",
                "another process delivers from this outbox; this one waits until that has ended",
                json!({"reason": chain(error)}),
            ),
            Event::Free => log.tell(
                Level::Info,
                "free",
                "the other process has ended; this one delivers",
                json!({}),
            ),
            _ => {}
        }
    }

    fn row(&self, row: &Sent) {
        let mut counts = self.counted.lock();
        let (level, then) = match row.state {
            State::Accepted => {
                counts.accepted += 1;
                return;
            }
            State::Rejected => {
                counts.rejected += 1;
                let then = format!("Correct it: vitec-connect outbox correct {} --input FILE", row.id);
                (Level::Warning, then)
            }
            State::Unknown => {
                counts.unknown += 1;
                counts.unknown_at_the_end += u64::from(self.signals.was_received());
                let then = format!(
                    "Settle it: vitec-connect outbox resolve {} --as accepted|not-sent",
                    row.id
                );
                (Level::Error, then)
            }
            // It is tried again; why it waits is told beside.
            State::Pending | State::Sending | State::Dropped => return,
        };
        drop(counts);
        self.log
            .tell(level, "row", &format!("{} {then}", sent(row)), about(row));
    }

    fn held(&mut self, customer: &str, why: &str) {
        self.held.insert(customer.to_owned());
        let otherwise = match follows(self.matches) && self.matches.get_one::<String>("credentials").is_some() {
            true => ", or correct its entry in the credentials' file",
            false => "",
        };
        let command = release_command(customer, self.matches);
        self.log.tell(
            Level::Error,
            "held",
            &format!(
                "customer {customer} is held, and its rows wait. Once its credentials are right: {command}{otherwise}. Why: {why}"
            ),
            json!({"customer": customer}),
        );
    }

    fn stuck(&self, why: &str, again: Option<Duration>) {
        let then = match again {
            Some(again) => format!(
                "one row is tried in {}",
                humantime::format_duration(Duration::from_secs(again.as_secs().max(1)))
            ),
            None => "nothing more is sent until a person has looked and starts this anew".to_owned(),
        };
        systemd::status(&format!("stuck, and {then}"));
        self.log.tell(
            Level::Error,
            "stuck",
            &format!("stuck, and {then}: {why}"),
            json!({"seconds": again.map(|it| it.as_secs())}),
        );
    }

    /// It is tried again several times a second.
    pub(super) fn database(&mut self, why: &str) {
        if self.failing.is_none_or(|said| said.elapsed() >= AGAIN) {
            self.failing = Some(Instant::now());
            self.log.tell(Level::Error, "database", why, json!({}));
        }
    }
}

/// A call, without anything that was sent or answered in it.
fn called(log: Log, sent: &Sent, took: Duration) {
    let outcome = match sent.state {
        State::Pending => "not_sent",
        state => state.as_str(),
    };
    let level = match sent.state {
        State::Accepted => Level::Info,
        State::Unknown => Level::Error,
        _ => Level::Warning,
    };
    let fields = json!({
        "row": sent.id,
        "reference": sent.reference,
        "customer": sent.customer_id,
        "status": sent.status,
        "outcome": outcome,
        "kind": sent.kind,
        "durationMs": took.as_millis() as u64,
    });
    log.note(level, "call", None, fields);
}

fn about(sent: &Sent) -> serde_json::Value {
    json!({
        "row": sent.id,
        "reference": sent.reference,
        "customer": sent.customer_id,
        "state": sent.state.as_str(),
        "status": sent.status,
    })
}
