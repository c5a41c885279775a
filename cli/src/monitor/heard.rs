//! What the delivery has told, and whether it is ready by that.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use vitec_connect_outbox::{Event, Outbox, State};

use super::hour::Hour;
use crate::report::chain;

/// How a time is written.
pub(super) const TIME: &str = "%Y-%m-%d %H:%M:%S UTC";

/// Of results that came too late so many are kept.
const LATE: usize = 50;

/// What is known by what was told.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) outbox: Option<Outbox>,
    pub(super) credentials: bool,
    /// Why the database fails.
    pub(super) database: Option<String>,
    /// Why another process has to end first.
    pub(super) busy: Option<String>,
    pub(super) stuck: Option<Stuck>,
    pub(super) pause: Option<Pause>,
    /// Customers without credentials, and why.
    pub(super) left_out: BTreeMap<String, String>,
    /// Accepted, which could not be recorded any more: they may be there twice.
    pub(super) late: VecDeque<Late>,
    pub(super) hour: Hour,
}

/// The server is in trouble for too long, or points elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Stuck {
    pub(super) why: String,
    /// When the next row is tried; none where a person has to start it anew.
    pub(super) again: Option<DateTime<Utc>>,
}

/// No call begins until then.
#[derive(Clone, Debug)]
pub(super) struct Pause {
    pub(super) why: String,
    pub(super) until: DateTime<Utc>,
}

/// An accepted result that was not recorded.
#[derive(Clone, Debug)]
pub(super) struct Late {
    pub(super) row: i64,
    pub(super) customer: String,
    pub(super) at: DateTime<Utc>,
}

impl Heard {
    pub(super) fn event(&mut self, event: &Event<'_>, now: DateTime<Utc>) {
        // Whatever else is told, it delivers.
        if !matches!(event, Event::Busy(_) | Event::Database(_) | Event::Waiting(..)) {
            self.busy = None;
        }
        match event {
            Event::Called(sent, _) => {
                self.hour.add(now, sent.state != State::Accepted);
                // One that came to nothing for want of credentials does not say that there are some.
                if sent.kind.as_deref() != Some("Credentials") {
                    self.left_out.remove(&sent.customer_id);
                }
            }
            Event::CustomerLeftOut(customer, why) => {
                self.left_out.insert((*customer).to_owned(), (*why).to_owned());
            }
            Event::CustomersReleased(customers) => {
                customers.iter().for_each(|it| _ = self.left_out.remove(it));
            }
            Event::TooLate(sent) if sent.state == State::Accepted => {
                self.late.truncate(LATE - 1);
                self.late.push_front(Late {
                    row: sent.id,
                    customer: sent.customer_id.clone(),
                    at: now,
                });
            }
            Event::Pause(pause, why) => {
                self.pause = Some(Pause {
                    why: (*why).to_owned(),
                    until: after(now, *pause),
                });
            }
            Event::Stuck(why, again) => {
                self.pause = None;
                self.stuck = Some(Stuck {
                    why: (*why).to_owned(),
                    again: again.map(|it| after(now, it)),
                });
            }
            Event::GoesOn => self.stuck = None,
            Event::Database(error) => self.database = Some(chain(*error)),
            Event::DatabaseWorks => self.database = None,
            Event::Busy(error) => {
                // The database has answered so much.
                self.database = None;
                self.busy = Some(chain(*error));
            }
            _ => {}
        }
    }

    /// Why nothing is delivered now, in a line without an id.
    pub(super) fn not_ready(&self) -> Option<String> {
        if let Some(why) = &self.database {
            return Some(format!("the database cannot be reached: {why}"));
        }
        if self.outbox.is_none() {
            return Some("the outbox is not open yet".to_owned());
        }
        if let Some(why) = &self.busy {
            return Some(format!("waits for another process: {why}"));
        }
        if !self.credentials {
            return Some("the credentials are not loaded".to_owned());
        }
        // The server's own words have ids in them.
        self.stuck.as_ref().map(|stuck| match stuck.again {
            Some(again) => format!(
                "stuck: the server is in trouble for too long; one row is tried at {}",
                again.format(TIME)
            ),
            None => "stuck: the server points elsewhere; nothing is sent until the delivery is started anew".to_owned(),
        })
    }

    /// The pause that lasts still.
    pub(super) fn paused(&self, now: DateTime<Utc>) -> Option<&Pause> {
        self.pause.as_ref().filter(|it| it.until > now)
    }
}

fn after(now: DateTime<Utc>, time: std::time::Duration) -> DateTime<Utc> {
    let time = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(time).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
