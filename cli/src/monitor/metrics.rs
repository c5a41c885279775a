//! `/metrics`, in Prometheus's text format. No label names a customer, a row or a reference.

use std::fmt;
use std::sync::atomic::AtomicU64;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use vitec_connect_outbox::{Event, Sent, State};

use super::Monitor;
use super::asked::Numbers;

/// In seconds. A call has 60 at most, unless it was told otherwise.
const BUCKETS: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0];

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    outcome: &'static str,
    /// The HTTP status; `2xx` where it succeeded, `none` where there was no answer.
    status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Late {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

/// What is counted from the start of the process on.
pub(super) struct Counted {
    calls: Family<Call, Counter>,
    durations: Histogram,
    late: Family<Late, Counter>,
    database_errors: Counter,
}

impl Default for Counted {
    fn default() -> Self {
        let counted = Self {
            calls: Family::default(),
            durations: Histogram::new(BUCKETS),
            late: Family::default(),
            database_errors: Counter::default(),
        };
        // There from the beginning: what begins with 1 has not increased, for Prometheus.
        for (outcome, status) in [
            ("accepted", "2xx"),
            ("rejected", "400"),
            ("unknown", "none"),
            ("not_sent", "none"),
        ] {
            let status = status.to_owned();
            drop(counted.calls.get_or_create(&Call { outcome, status }));
        }
        for outcome in ["accepted", "rejected", "unknown", "not_sent"] {
            drop(counted.late.get_or_create(&Late { outcome }));
        }
        counted
    }
}

impl Counted {
    pub(super) fn event(&self, event: &Event<'_>) {
        match event {
            Event::Called(sent, took) => {
                self.calls.get_or_create(&Call::of(sent)).inc();
                self.durations.observe(took.as_secs_f64());
            }
            Event::TooLate(sent) => {
                _ = self
                    .late
                    .get_or_create(&Late {
                        outcome: outcome(sent.state),
                    })
                    .inc()
            }
            Event::Database(_) => _ = self.database_errors.inc(),
            _ => {}
        }
    }
}

impl Call {
    fn of(sent: &Sent) -> Self {
        let status = match (sent.status, sent.state) {
            (Some(status), _) => status.to_string(),
            (None, State::Accepted) => "2xx".to_owned(),
            (None, _) => "none".to_owned(),
        };
        Self {
            outcome: outcome(sent.state),
            status,
        }
    }
}

/// What is true of a call whose row is left in this state.
fn outcome(state: State) -> &'static str {
    match state {
        State::Pending => "not_sent",
        state => state.as_str(),
    }
}

impl Monitor {
    /// Everything there is to scrape. What the outbox does not say is left out: an old number would be a wrong one.
    pub(super) async fn metrics(&self) -> Result<String, fmt::Error> {
        let numbers = self.numbers().await;
        let (is_stuck, is_ready) = {
            let heard = self.lock();
            (heard.stuck.is_some(), heard.not_ready().is_none())
        };
        let mut registry = Registry::with_prefix("vitec_connect");
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program's version", version);
        gauge(&mut registry, "ready", "1 where /readyz says so", u64::from(is_ready));
        gauge(
            &mut registry,
            "stuck",
            "1 where the server is in trouble for too long, or points elsewhere",
            u64::from(is_stuck),
        );
        gauge(
            &mut registry,
            "database_up",
            "1 where the outbox's database answers",
            u64::from(numbers.is_ok()),
        );
        let counted = &self.counted;
        registry.register(
            "calls",
            "Calls that ended, by what is true of the row since",
            counted.calls.clone(),
        );
        let took = "How long calls took";
        registry.register("call_duration_seconds", took, counted.durations.clone());
        let late = "Results that came too late to be recorded; accepted ones may be there twice";
        registry.register("late_results", late, counted.late.clone());
        let failures = "How often the outbox's database failed a delivery";
        registry.register("database_errors", failures, counted.database_errors.clone());
        if let Ok(numbers) = &numbers {
            register(&mut registry, numbers, Utc::now());
        }
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

fn register(registry: &mut Registry, numbers: &Numbers, now: DateTime<Utc>) {
    let rows = Family::<OfState, Gauge<u64, AtomicU64>>::default();
    for state in State::ALL {
        let of = OfState { state: state.as_str() };
        rows.get_or_create(&of).set(numbers.counts.of(state));
    }
    registry.register("rows", "Rows of the outbox, by state", rows);
    gauge(registry, "holds", "Customers that are held", numbers.holds.len() as u64);
    // The database's clock may be ahead of this one.
    let waited = numbers.oldest.map_or(0, |oldest| (now - oldest).num_seconds().max(0));
    let oldest = "For how long the oldest pending row waits, those of held customers too; 0 where none does";
    gauge(registry, "oldest_pending_seconds", oldest, waited.unsigned_abs());
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge = Gauge::<u64, AtomicU64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}
