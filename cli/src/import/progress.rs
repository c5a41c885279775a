//! How far the delivery has come: a bar on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use vitec_connect_outbox::{Event, Progress, State};

use crate::outbox::sent;
use crate::print::{escaped, say};
use crate::report::chain;

/// How often a plain line says where it is.
const EVERY: Duration = Duration::from_secs(10);

pub(crate) struct Shown {
    bar: Option<ProgressBar>,
    started: Instant,
    said: Instant,
    /// When it was last said that the database fails.
    failing: Option<Instant>,
}

impl Shown {
    pub(crate) fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            // The text is cut to the terminal's width, and never wraps.
            ProgressBar::new(0).with_style(
                ProgressStyle::with_template("{bar:12} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar()),
            )
        });
        let now = Instant::now();
        Self {
            // A terminal that can draw none (`TERM=dumb`) would swallow what is said above it.
            bar: bar.filter(|bar| !bar.is_hidden()),
            started: now,
            said: now,
            failing: None,
        }
    }

    pub(crate) fn event(&mut self, event: &Event<'_>, progress: Progress) {
        match event {
            Event::Row(row) if row.state != State::Accepted => self.say(&sent(row)),
            Event::Row(_) => {}
            Event::TooLate(row) => self.say(&format!(
                "too late to be recorded{}: {}",
                match row.state {
                    State::Accepted => ", look in Vitec whether it is there twice",
                    _ => "",
                },
                sent(row)
            )),
            Event::Pause(pause, why) => self.say(&format!("waiting {:.1} s: {why}", pause.as_secs_f64())),
            Event::CustomerLeftOut(customer, why) => self.say(&format!(
                "customer {customer} is left out for the rest of this run: {why}"
            )),
            // What to do about it is said at the end.
            Event::CustomerHeld(customer, why) => self.say(&format!("customer {customer} is held: {why}")),
            Event::Busy(_) => self.say(
                "another process delivers from this outbox: the rows of this file are stored, it sends them, and what becomes \
                 of them is waited for",
            ),
            // It is tried again several times a second.
            Event::Database(error) if self.failing.is_none_or(|said| said.elapsed() >= EVERY) => {
                self.failing = Some(Instant::now());
                self.say(&chain(error));
            }
            Event::Waiting(rows, time) => self.say(&format!(
                "waiting up to {} for {rows} rows of this file that another process is sending",
                humantime::format_duration(Duration::from_secs(time.as_secs().max(1)))
            )),
            _ => {}
        }
        match &self.bar {
            Some(bar) => {
                bar.set_length(progress.rows);
                bar.set_message(line(progress, self.started.elapsed()));
                bar.set_position(progress.done);
            }
            None if self.said.elapsed() >= EVERY => {
                self.said = Instant::now();
                self.say(&line(progress, self.started.elapsed()));
            }
            None => {}
        }
    }

    /// A line above the bar.
    fn say(&self, text: &str) {
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

/// `8 of 20, 2.5/s, 1 errors, 4s left`
fn line(progress: Progress, elapsed: Duration) -> String {
    let rate = progress.done as f64 / elapsed.as_secs_f64().max(0.001);
    let speed = match rate {
        10.0.. => format!("{rate:.0}/s"),
        0.1.. => format!("{rate:.1}/s"),
        _ => format!("{:.1}/min", rate * 60.0),
    };
    let left = match progress.done {
        0 => String::new(),
        done => {
            let seconds = (progress.rows.saturating_sub(done) as f64 / rate).min(1e9);
            let left = humantime::format_duration(Duration::from_secs(seconds as u64));
            format!(", {left} left")
        }
    };
    format!(
        "{} of {}, {speed}, {} errors{left}",
        progress.done, progress.rows, progress.failed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_one_sensible_precision() {
        for (done, seconds, shown) in [
            (0, 5, "0 of 600, 0.0/min, 0 errors"),
            (1, 60, "1 of 600, 1.0/min, 0 errors, 9h 59m left"),
            (10, 4, "10 of 600, 2.5/s, 0 errors, 3m 56s left"),
            (500, 4, "500 of 600, 125/s, 0 errors, 0s left"),
        ] {
            let mut progress = Progress::default();
            (progress.rows, progress.done) = (600, done);
            assert_eq!(line(progress, Duration::from_secs(seconds)), shown);
        }
    }
}
