//! When a call is made again on its own: one pure decision.

use std::time::Duration;

use crate::error::{ErrorKind, Outcome};

/// When, how often and after how long a wait a failed call is made again.
///
/// The operation is not idempotent, so by default only what cannot have created anything is repeated: connections that
/// were never made, and 429. Exponential backoff with full jitter (a random wait between nothing and the bound), a
/// server's `Retry-After` up to a cap; always inside the whole call's timeout.
///
/// ```
/// use std::time::Duration;
/// use vitec_connect::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_attempts(6).max_backoff(Duration::from_secs(20));
/// let never = RetryPolicy::none();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    initial_backoff: Duration,
    max_backoff: Duration,
    max_retry_after: Duration,
    service_unavailable_is_not_sent: bool,
    retry_unknown: bool,
}

impl Default for RetryPolicy {
    /// 3 attempts, waits bounded by 0.5 s and 1 s, `Retry-After` up to 30 s.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(30),
            service_unavailable_is_not_sent: false,
            retry_unknown: false,
        }
    }
}

impl RetryPolicy {
    /// Every call is made once. The one repetition after a 401 with replaced credentials is no matter of a policy.
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// How often a call is made at most, the first attempt included; 0 counts as 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The bound of the first wait; it doubles with each attempt.
    #[must_use]
    pub fn initial_backoff(mut self, wait: Duration) -> Self {
        self.initial_backoff = wait;
        self
    }

    /// What the bound of a wait does not grow beyond.
    #[must_use]
    pub fn max_backoff(mut self, wait: Duration) -> Self {
        self.max_backoff = wait;
        self
    }

    /// The longest `Retry-After` that is waited for; a longer one ends the call.
    #[must_use]
    pub fn max_retry_after(mut self, wait: Duration) -> Self {
        self.max_retry_after = wait;
        self
    }

    /// Whether 503 means that nothing was created. Only you can know: the vendor does not say, and IIS may answer 503 for
    /// a request whose work was done.
    #[must_use]
    pub fn service_unavailable_is_not_sent(mut self, yes: bool) -> Self {
        self.service_unavailable_is_not_sent = yes;
        self
    }

    /// Whether a call with an unknown outcome is made again. It may create a second loan promise each time: only for
    /// receivers that are known to recognise duplicates.
    #[must_use]
    pub fn retry_unknown(mut self, yes: bool) -> Self {
        self.retry_unknown = yes;
        self
    }

    /// What a 503 is taken for.
    pub(crate) fn service_unavailable(&self) -> Outcome {
        match self.service_unavailable_is_not_sent {
            true => Outcome::NotSent,
            false => Outcome::Unknown,
        }
    }

    /// The wait before the next attempt, or none when the call ends here. `random` lies in 0..=1.
    pub(crate) fn wait(&self, failure: &Failure, random: f64) -> Option<Duration> {
        let may = match failure.outcome {
            Outcome::NotSent => failure.retryable,
            Outcome::Unknown => self.retry_unknown && failure.kind != ErrorKind::UnexpectedAnswer,
            Outcome::Rejected | Outcome::Accepted => false,
        };
        if !may || failure.attempts >= self.max_attempts {
            return None;
        }
        let doublings = failure.attempts.saturating_sub(1).min(31);
        let bound = self
            .initial_backoff
            .saturating_mul(1 << doublings)
            .min(self.max_backoff);
        let backoff = bound.as_secs_f64() * random.clamp(0.0, 1.0);
        let backoff = Duration::try_from_secs_f64(backoff).unwrap_or(Duration::MAX);
        let wait = match failure.retry_after {
            Some(asked) if asked > self.max_retry_after => return None,
            // Spread out even what the server asks for: others were told the same.
            Some(asked) => asked.saturating_add(backoff),
            None => backoff,
        };
        (wait < failure.remaining).then_some(wait)
    }
}

/// What the decision rests on.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) outcome: Outcome,
    pub(crate) retryable: bool,
    pub(crate) retry_after: Option<Duration>,
    /// How many attempts were made.
    pub(crate) attempts: u32,
    /// What is left of the whole call's time.
    pub(crate) remaining: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: ErrorKind, outcome: Outcome) -> Failure {
        Failure {
            kind,
            outcome,
            retryable: outcome == Outcome::NotSent && kind != ErrorKind::Tls,
            retry_after: None,
            attempts: 1,
            remaining: Duration::from_secs(60),
        }
    }

    fn seconds(seconds: f64) -> Option<Duration> {
        Some(Duration::from_secs_f64(seconds))
    }

    #[test]
    fn decisions() {
        use ErrorKind::*;
        use Outcome::*;
        let default = RetryPolicy::default();
        let unknown = RetryPolicy::default().retry_unknown(true);
        let none = RetryPolicy::none();
        let capped = RetryPolicy::default().max_retry_after(Duration::from_secs(5));
        let at = |attempts, base: Failure| Failure { attempts, ..base };
        let asked = |seconds, base: Failure| Failure {
            retry_after: Some(Duration::from_secs(seconds)),
            ..base
        };
        let left = |millis, base: Failure| Failure {
            remaining: Duration::from_millis(millis),
            ..base
        };
        let connect = || failure(Connect, NotSent);
        let table = [
            ("not sent", &default, connect(), 1.0, seconds(0.5)),
            ("full jitter", &default, connect(), 0.0, seconds(0.0)),
            ("half of the bound", &default, connect(), 0.5, seconds(0.25)),
            ("the bound doubles", &default, at(2, connect()), 1.0, seconds(1.0)),
            ("attempts are bounded", &default, at(3, connect()), 1.0, None),
            ("never without a policy", &none, connect(), 1.0, None),
            ("bad certificate", &default, failure(Tls, NotSent), 1.0, None),
            (
                "429 without a wish",
                &default,
                failure(TooManyRequests, NotSent),
                1.0,
                seconds(0.5),
            ),
            (
                "Retry-After is honoured",
                &default,
                asked(2, failure(TooManyRequests, NotSent)),
                0.0,
                seconds(2.0),
            ),
            (
                "Retry-After has a cap",
                &default,
                asked(31, failure(TooManyRequests, NotSent)),
                0.0,
                None,
            ),
            (
                "the longest Retry-After that is honoured",
                &default,
                asked(30, failure(TooManyRequests, NotSent)),
                0.0,
                seconds(30.0),
            ),
            (
                "a cap of the user's own",
                &capped,
                asked(6, failure(TooManyRequests, NotSent)),
                0.0,
                None,
            ),
            ("no time left", &default, left(400, connect()), 1.0, None),
            (
                "not a moment left for the attempt",
                &default,
                left(500, connect()),
                1.0,
                None,
            ),
            (
                "just enough time left",
                &default,
                left(501, connect()),
                1.0,
                seconds(0.5),
            ),
            ("unknown", &default, failure(Interrupted, Unknown), 1.0, None),
            (
                "unknown, opted in",
                &unknown,
                failure(Interrupted, Unknown),
                1.0,
                seconds(0.5),
            ),
            (
                "somebody else's answer, opted in",
                &unknown,
                failure(UnexpectedAnswer, Unknown),
                1.0,
                None,
            ),
            ("rejected, opted in", &unknown, failure(Validation, Rejected), 1.0, None),
            ("accepted, opted in", &unknown, failure(AnswerLost, Accepted), 1.0, None),
        ];
        for (name, policy, failure, random, expected) in table {
            assert_eq!(policy.wait(&failure, random), expected, "{name}");
        }
    }

    #[test]
    fn unavailable_is_what_the_user_says_that_it_is() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.service_unavailable(), Outcome::Unknown);
        let policy = policy.service_unavailable_is_not_sent(true);
        assert_eq!(policy.service_unavailable(), Outcome::NotSent);
    }

    #[test]
    fn the_bound_does_not_grow_beyond_its_cap_nor_overflow() {
        let policy = RetryPolicy::default()
            .max_attempts(u32::MAX)
            .max_backoff(Duration::from_secs(7));
        for attempts in [5, 20, 31, 32, 33, u32::MAX - 1] {
            let failure = Failure {
                attempts,
                ..failure(ErrorKind::Connect, Outcome::NotSent)
            };
            assert_eq!(policy.wait(&failure, 1.0), seconds(7.0), "{attempts}");
        }
        let policy = policy.initial_backoff(Duration::MAX).max_backoff(Duration::MAX);
        for random in [0.1, 0.999_999, 1.0, f64::INFINITY] {
            let failure = failure(ErrorKind::Connect, Outcome::NotSent);
            assert_eq!(policy.wait(&failure, random), None, "{random}");
        }
    }
}
