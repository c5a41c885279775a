//! How fast a run may go: a rate, a number of calls at a time, and pauses where the server is in trouble.

use std::time::Duration;

use tokio::time::Instant;

/// What no pause grows beyond, unless the server asks for more.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// How far a rate may catch up after a delay: a timer is not exact.
const CATCH_UP: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Pace {
    /// At most so many calls at a time.
    max: usize,
    /// So many now.
    allowed: usize,
    /// Between the beginnings of two calls.
    interval: Duration,
    /// When the next call may begin, by the rate.
    next: Instant,
    /// When calls may begin again, by the server.
    paused_until: Instant,
    initial_backoff: Duration,
    /// How often in a row the server was in trouble.
    troubles: u32,
    last_trouble: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(max: usize, rate: Option<f64>, initial_backoff: Duration, now: Instant) -> Self {
        let interval = rate.filter(|rate| rate.is_finite() && *rate > 0.0);
        Self {
            max,
            allowed: max,
            interval: interval.map_or(Duration::ZERO, |rate| {
                Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::MAX)
            }),
            next: now,
            paused_until: now,
            initial_backoff,
            troubles: 0,
            last_trouble: None,
        }
    }

    /// How many calls may be under way.
    pub(crate) fn allowed(&self) -> usize {
        self.allowed
    }

    /// When another call may begin, where so many are about to.
    pub(crate) fn next(&self, planned: usize) -> Instant {
        let wait = self.interval.saturating_mul(planned.try_into().unwrap_or(u32::MAX));
        let by_rate = self.next.checked_add(wait).unwrap_or(self.next + MAX_BACKOFF);
        by_rate.max(self.paused_until)
    }

    /// Whether the server is left alone.
    pub(crate) fn paused(&self, now: Instant) -> bool {
        self.paused_until > now
    }

    /// A call has begun.
    pub(crate) fn begun(&mut self, now: Instant) {
        let earliest = now.checked_sub(CATCH_UP).unwrap_or(now);
        let next = self.next.max(earliest);
        self.next = next.checked_add(self.interval).unwrap_or(next + MAX_BACKOFF);
    }

    /// A call that began then was answered: faster again, step by step.
    pub(crate) fn answered(&mut self, begun: Instant) {
        if self.last_trouble.is_none_or(|trouble| begun >= trouble) {
            self.troubles = 0;
            self.allowed = (self.allowed + 1).min(self.max);
        }
    }

    /// A call that began then met with trouble: half as many at a time, and a pause that doubles each time in a row.
    /// Calls that were under way together count once. Returns the pause, and how often in a row it is by now.
    pub(crate) fn trouble(
        &mut self,
        begun: Instant,
        now: Instant,
        asked: Option<Duration>,
        random: f64,
    ) -> (Duration, u32) {
        if self.last_trouble.is_none_or(|trouble| begun >= trouble) {
            self.troubles += 1;
            self.allowed = (self.allowed / 2).max(1);
            self.last_trouble = Some(now);
        }
        let doublings = self.troubles.saturating_sub(1).min(16);
        let bound = self.initial_backoff.saturating_mul(1 << doublings).min(MAX_BACKOFF);
        // Half of it at least, the rest by chance: other processes wait for the same server.
        let backoff = bound.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0));
        let pause = asked.unwrap_or_default().saturating_add(backoff);
        let until = now.checked_add(pause).unwrap_or(now + MAX_BACKOFF);
        self.paused_until = self.paused_until.max(until);
        (pause, self.troubles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_rate_spaces_the_beginnings() {
        let start = Instant::now();
        let mut pace = Pace::new(4, Some(2.0), SECOND, start);
        assert_eq!(pace.next(0), start);
        assert_eq!(pace.next(1), start + SECOND / 2);
        pace.begun(start);
        assert_eq!(pace.next(0), start + SECOND / 2);
        // A long delay is not made up for.
        pace.begun(start + 10 * SECOND);
        assert!(pace.next(0) > start + 10 * SECOND + SECOND / 4);
    }

    #[test]
    fn no_rate_or_nonsense_is_no_limit() {
        let start = Instant::now();
        for rate in [None, Some(0.0), Some(-1.0), Some(f64::NAN), Some(f64::INFINITY)] {
            assert_eq!(Pace::new(4, rate, SECOND, start).next(1000), start);
        }
        // Less than once in the lifetime of the universe, and still no overflow.
        let mut pace = Pace::new(4, Some(f64::MIN_POSITIVE), SECOND, start);
        pace.begun(start);
        assert!(pace.next(1000) > start);
    }

    #[test]
    fn trouble_in_a_row_doubles_the_pause_and_an_answer_ends_it() {
        let mut now = Instant::now();
        let mut pace = Pace::new(4, None, SECOND, now);
        for (pause, allowed) in [(1, 2), (2, 1), (4, 1), (8, 1), (16, 1), (30, 1), (30, 1)] {
            now += 100 * SECOND;
            assert_eq!(pace.trouble(now, now, None, 1.0).0, pause * SECOND);
            assert_eq!((pace.next(0), pace.allowed()), (now + pause * SECOND, allowed));
        }
        now += 100 * SECOND;
        pace.answered(now);
        assert_eq!(pace.allowed(), 2);
        now += 100 * SECOND;
        assert_eq!(pace.trouble(now, now, None, 0.0), (SECOND / 2, 1));
        assert_eq!(pace.trouble(now, now, Some(7 * SECOND), 0.0).0, 8 * SECOND);
    }

    #[test]
    fn calls_under_way_together_count_once() {
        let start = Instant::now();
        let mut pace = Pace::new(8, None, SECOND, start);
        let later = start + SECOND;
        assert_eq!(pace.trouble(start, later, None, 0.0).1, 1);
        assert_eq!(pace.trouble(start, later, None, 0.0).1, 1);
        // An answer to what began before the trouble says nothing of what is now.
        pace.answered(start);
        assert_eq!((pace.allowed(), pace.trouble(later, later, None, 0.0).1), (4, 2));
    }
}
