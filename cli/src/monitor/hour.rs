//! The calls of the last hour, minute by minute, from the process's own memory.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

const MINUTES: i64 = 60;

/// A minute's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Minute {
    /// Since 1970.
    pub(super) number: i64,
    pub(super) calls: u64,
    /// Those that were not accepted.
    pub(super) failed: u64,
}

/// The minutes that had calls, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Hour(VecDeque<Minute>);

impl Hour {
    pub(super) fn add(&mut self, now: DateTime<Utc>, has_failed: bool) {
        let number = minute(now);
        match self.0.back_mut() {
            // A clock that was set back makes no second minute of the same name.
            Some(last) if last.number >= number => {
                last.calls += 1;
                last.failed += u64::from(has_failed);
            }
            _ => self.0.push_back(Minute {
                number,
                calls: 1,
                failed: u64::from(has_failed),
            }),
        }
        while self.0.front().is_some_and(|it| it.number <= number - MINUTES) {
            self.0.pop_front();
        }
    }

    /// Each of the last sixty minutes, this one last.
    pub(super) fn minutes(&self, now: DateTime<Utc>) -> Vec<Minute> {
        let last = minute(now);
        let of = |number| self.0.iter().find(|it| it.number == number).copied();
        let minutes = last - MINUTES + 1..=last;
        minutes
            .map(|number| {
                of(number).unwrap_or(Minute {
                    number,
                    calls: 0,
                    failed: 0,
                })
            })
            .collect()
    }
}

fn minute(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60 + 59, 0).unwrap()
    }

    #[test]
    fn an_hour_is_kept_and_no_more() {
        let mut hour = Hour::default();
        for minute in 0..200 {
            hour.add(at(minute), minute % 10 == 0);
        }
        hour.add(at(199), true);
        assert_eq!(hour.0.len(), 60);
        let minutes = hour.minutes(at(199));
        assert_eq!(minutes.len(), 60);
        assert_eq!((minutes[0].number, minutes[0].calls, minutes[0].failed), (140, 1, 1));
        assert_eq!((minutes[59].number, minutes[59].calls, minutes[59].failed), (199, 2, 1));
        // What nobody called since has no calls, and is shown all the same.
        let later = hour.minutes(at(230));
        assert_eq!(later.iter().map(|it| it.calls).sum::<u64>(), 30);
        assert_eq!(later.len(), 60);
    }

    #[test]
    fn a_clock_that_is_set_back_loses_no_call() {
        let mut hour = Hour::default();
        hour.add(at(100), false);
        hour.add(at(90), true);
        assert_eq!(
            hour.minutes(at(100))[59],
            Minute {
                number: 100,
                calls: 2,
                failed: 1
            }
        );
    }
}
