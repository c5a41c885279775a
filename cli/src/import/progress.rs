//! How far the delivery has come: a bar on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use vitec_connect_outbox::{Sent, State};

use crate::print::{escaped, say};

/// How often a plain line says where it is.
const EVERY: Duration = Duration::from_secs(10);

pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    done: u64,
    failed: u64,
    started: Instant,
    said: Instant,
}

impl Progress {
    pub(crate) fn new(total: u64) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = "{bar:30} {pos}/{len}  {per_sec}  {msg}  {eta} left";
            ProgressBar::new(total)
                .with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        let now = Instant::now();
        Self {
            bar,
            total,
            done: 0,
            failed: 0,
            started: now,
            said: now,
        }
    }

    pub(crate) fn row(&mut self, row: &Sent) {
        self.done += 1;
        if row.state != State::Accepted {
            self.failed += 1;
            let mut what = format!(
                "row {}, customer {}, contact {}: {}",
                row.id, row.customer_id, row.contact_id, row.state
            );
            if let Some(line) = row.line {
                what.insert_str(0, &format!("line {line}, "));
            }
            self.say(&match &row.message {
                Some(message) => format!("{what}: {message}"),
                None => what,
            });
        }
        match &self.bar {
            Some(bar) => {
                bar.set_message(format!("{} errors", self.failed));
                bar.set_position(self.done);
            }
            None if self.said.elapsed() >= EVERY => {
                self.said = Instant::now();
                self.say(&self.line());
            }
            None => {}
        }
    }

    fn line(&self) -> String {
        let rate = self.done as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let left = Duration::from_secs_f64((self.total.saturating_sub(self.done) as f64 / rate.max(0.001)).min(1e9));
        let left = humantime::format_duration(Duration::from_secs(left.as_secs()));
        format!(
            "{} of {}, {rate:.0}/s, {} errors, {left} left",
            self.done, self.total, self.failed
        )
    }

    /// A line above the bar.
    pub(crate) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(escaped(text)),
            None => say(text),
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
