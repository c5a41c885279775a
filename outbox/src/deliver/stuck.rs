//! A server that is in trouble for too long is left alone: one row is tried now and then, so that an outage never becomes a
//! heap of unknowns.

use std::time::Duration;

use tokio::time::Instant;

/// Between two tries no more than this.
const LONGEST: Duration = Duration::from_secs(3600);

/// Since the server was in trouble too often in a row, or pointed elsewhere.
#[derive(Debug)]
pub(super) struct Stuck {
    /// When the next row is tried; never where only a person can help.
    again: Option<Instant>,
    pause: Duration,
    since: Instant,
}

impl Stuck {
    /// After troubles: they may pass.
    pub(super) fn after_troubles(now: Instant, pause: Duration) -> Self {
        Self {
            again: now.checked_add(pause),
            pause,
            since: now,
        }
    }

    /// After a redirect: what is at the address is not what it was.
    pub(super) fn for_good(now: Instant) -> Self {
        Self {
            again: None,
            pause: LONGEST,
            since: now,
        }
    }

    /// The row that was tried fared no better: twice the pause, or as long as the server asks. What was under way before says
    /// nothing new.
    pub(super) fn trouble(&mut self, begun: Instant, now: Instant, asked: Option<Duration>) {
        if begun < self.since {
            return;
        }
        self.pause = self.pause.saturating_mul(2).min(LONGEST);
        if self.again.is_some() {
            self.again = now.checked_add(self.pause.max(asked.unwrap_or_default()));
        }
    }

    /// Whether the answer to a call that began then is the end of it.
    pub(super) fn ends_with(&self, begun: Instant) -> bool {
        self.again.is_some() && begun >= self.since
    }

    /// When a row may be tried.
    pub(super) fn again(&self) -> Option<Instant> {
        self.again
    }

    /// How long it is until then.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        self.again.map(|again| again.saturating_duration_since(now))
    }
}
