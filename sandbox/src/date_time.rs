//! What .NET's `DateTime` holds: clock time in ticks of 100 ns, and a kind. The server works in Swedish time.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// 100 ns ticks of one second, as in .NET.
const SECOND: i64 = 10_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Days from 0001-01-01 to 1970-01-01.
const UNIX_DAYS: i64 = 719_162;
/// The first tick after 9999-12-31.
const END: i64 = 3_652_059 * DAY;

/// How the clock time is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Written without an offset.
    Unspecified,
    /// Written with `Z`.
    Utc,
    /// Converted to the server's time; hours ahead of UTC.
    Local(i64),
}

/// A .NET `DateTime`, years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DateTime {
    ticks: i64,
    kind: Kind,
}

/// The parts of a date-time as it was written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    /// Ticks within the second. May be a whole second after rounding.
    pub(crate) fraction: i64,
    pub(crate) zone: Zone,
}

/// What was written behind the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Nothing.
    #[default]
    None,
    /// `Z`.
    Utc,
    /// Minutes ahead of UTC.
    Offset(i64),
}

/// A date-time that was read, and the day it stands for in Sweden where that is not the day that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) held: DateTime,
    pub(crate) other_day: Option<String>,
}

impl Written {
    /// The `DateTime` that .NET makes of it: `Z` stays UTC, an offset is converted to the server's time.
    /// `None` if there is no such day or time. 24:00:00 is taken only by a caller that lets it through.
    pub(crate) fn read(self) -> Option<Read> {
        let days = days(self.year, self.month, self.day)?;
        if self.hour > 24 || self.minute > 59 || self.second > 59 {
            return None;
        }
        let time = self.hour * HOUR + self.minute * MINUTE + self.second * SECOND + self.fraction;
        let ticks = days * DAY + time;
        if ticks >= END {
            return None;
        }
        let (held, instant) = match self.zone {
            Zone::None => (
                DateTime {
                    ticks,
                    kind: Kind::Unspecified,
                },
                None,
            ),
            Zone::Utc => (DateTime { ticks, kind: Kind::Utc }, Some(ticks)),
            Zone::Offset(minutes) => {
                let utc = ticks - minutes * MINUTE;
                (DateTime::swedish(utc), Some(utc))
            }
        };
        let there = instant.map(|utc| DateTime::swedish(utc).ticks);
        let other_day = there.filter(|swedish| swedish / DAY != ticks / DAY).map(|swedish| {
            let (year, month, day) = civil(swedish / DAY);
            format!("{year:04}-{month:02}-{day:02}")
        });
        Some(Read { held, other_day })
    }
}

impl DateTime {
    /// A UTC instant as the server's own time. Beyond the calendar's ends it stops at them, as .NET's does.
    fn swedish(utc: i64) -> Self {
        let ahead = swedish_offset(utc);
        let ticks = (utc + ahead * HOUR).clamp(0, END - 1);
        Self {
            ticks,
            kind: Kind::Local(ahead),
        }
    }

    /// Milliseconds since 1970, as in `/Date(…)/`. `to_local`: an offset was written behind it.
    pub(crate) fn from_unix_millis(millis: i64, to_local: bool) -> Option<Self> {
        let ticks = millis.checked_mul(SECOND / 1000)?.checked_add(UNIX_DAYS * DAY)?;
        if !(0..END).contains(&ticks) {
            return None;
        }
        Some(if to_local {
            Self::swedish(ticks)
        } else {
            Self { ticks, kind: Kind::Utc }
        })
    }

    /// A UTC time as the server's own, as `DateTime.Parse` without further options makes of `Z`.
    pub(crate) fn into_local(self) -> Self {
        match self.kind {
            Kind::Utc => Self::swedish(self.ticks),
            Kind::Unspecified | Kind::Local(_) => self,
        }
    }

    /// The clock of this machine, UTC.
    pub(crate) fn from_system(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let ticks = i64::try_from(since.as_nanos() / 100).unwrap_or(i64::MAX - UNIX_DAYS * DAY);
        Self {
            ticks: (ticks + UNIX_DAYS * DAY).min(END - 1),
            kind: Kind::Utc,
        }
    }

    /// Midnight of today in Swedish time, without an offset: the date .NET fills in where only a time is written.
    pub(crate) fn today() -> (i64, i64, i64) {
        let now = Self::swedish(Self::from_system(SystemTime::now()).ticks);
        civil(now.ticks / DAY)
    }
}

/// The round-trip form of .NET: zeros at the end of the fraction left out; `Z`, an offset or nothing behind it.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.ticks / DAY);
        let time = self.ticks % DAY;
        let (hour, minute, second) = (time / HOUR, time / MINUTE % 60, time / SECOND % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        let fraction = time % SECOND;
        if fraction != 0 {
            let digits = format!("{fraction:07}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        match self.kind {
            Kind::Unspecified => Ok(()),
            Kind::Utc => f.write_str("Z"),
            Kind::Local(ahead) => write!(f, "+{ahead:02}:00"),
        }
    }
}

/// Hours that Swedish clocks are ahead of UTC. The EU's rule, for every year: Windows knows no other for the zone
/// "W. Europe Standard Time", so that the server does the same for years before 1996.
fn swedish_offset(utc: i64) -> i64 {
    let (year, _, _) = civil(utc.div_euclid(DAY).max(0));
    let turn = |month| last_sunday(year, month) * DAY + HOUR;
    if (turn(3)..turn(10)).contains(&utc) { 2 } else { 1 }
}

/// The last Sunday of a month of 31 days, in days since 0001-01-01 (a Monday).
fn last_sunday(year: i64, month: i64) -> i64 {
    let last = days(year, month, 31).unwrap_or_default();
    last - (last + 1) % 7
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days before January 1 of a year, since 0001-01-01.
fn year_start(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past / 4 - past / 100 + past / 400
}

/// Days since 0001-01-01. `None` if the calendar has no such day.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=month_length(year, month)).contains(&day) {
        return None;
    }
    let months: i64 = (1..month).map(|before| month_length(year, before)).sum();
    Some(year_start(year) + months + day - 1)
}

/// Year, month and day of a number of days since 0001-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let mut year = days * 400 / 146_097 + 1;
    if year_start(year) > days {
        year -= 1;
    } else if year_start(year + 1) <= days {
        year += 1;
    }
    let mut rest = days - year_start(year);
    let mut month = 1;
    while rest >= month_length(year, month) {
        rest -= month_length(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_agrees_with_itself_from_end_to_end() {
        for day in (0..3_652_059).step_by(13).chain([3_652_058]) {
            let (year, month, date) = civil(day);
            assert_eq!(days(year, month, date), Some(day));
        }
        assert_eq!(days(1970, 1, 1), Some(UNIX_DAYS));
    }

    #[test]
    fn swedish_summer_time_turns_at_one_o_clock_utc() {
        let at = |month, day, hour, minute| Written {
            year: 2027,
            month,
            day,
            hour,
            minute,
            zone: Zone::Offset(0),
            ..Written::default()
        };
        let held = |written: Written| written.read().expect("a date").held.to_string();
        assert_eq!(held(at(3, 28, 0, 59)), "2027-03-28T01:59:00+01:00");
        assert_eq!(held(at(3, 28, 1, 0)), "2027-03-28T03:00:00+02:00");
        assert_eq!(held(at(10, 31, 0, 30)), "2027-10-31T02:30:00+02:00");
        assert_eq!(held(at(10, 31, 1, 30)), "2027-10-31T02:30:00+01:00");
    }
}
