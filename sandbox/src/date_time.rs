//! Dates as the server holds them: `Z` stays UTC, and an offset is converted to the server's own time, which is Swedish.

use std::time::SystemTime;

use chrono::{Datelike as _, Duration, NaiveDate, NaiveTime, TimeZone as _, Utc};
use vitec_connect::{DateTime, DateTimeKind, swedish_time};

/// The parts of a date-time as it was written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) year: u32,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    /// Ticks of 100 ns within the second. May be a whole second after rounding.
    pub(crate) fraction: u32,
    pub(crate) zone: Zone,
}

/// What was written behind the time.
#[derive(Clone, Copy, Debug, Default)]
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
#[derive(Clone, Debug)]
pub(crate) struct HeldDate {
    pub(crate) held: DateTime,
    pub(crate) other_day: Option<NaiveDate>,
}

impl Written {
    /// The `DateTime` that .NET makes of it. `None` if there is no such day or time. 24:00:00 is taken only by a caller that
    /// lets it through.
    pub(crate) fn read(self) -> Option<HeldDate> {
        if self.hour > 24 || self.minute > 59 || self.second > 59 {
            return None;
        }
        let seconds = (self.hour * 60 + self.minute) * 60 + self.second;
        let time = Duration::seconds(seconds.into()) + Duration::nanoseconds(i64::from(self.fraction) * 100);
        let day = NaiveDate::from_ymd_opt(i32::try_from(self.year).ok()?, self.month, self.day)?;
        let written = day.and_time(NaiveTime::MIN) + time;
        if !is_year(day.year()) || !is_year(written.year()) {
            return None;
        }
        let (held, instant) = match self.zone {
            Zone::None => (written.into(), None),
            Zone::Utc => (written.and_utc().into(), Some(written.and_utc())),
            Zone::Offset(minutes) => {
                let utc = (written - Duration::minutes(minutes)).and_utc();
                (swedish(utc), Some(utc))
            }
        };
        let day = instant.map(|utc| swedish(utc).date());
        Some(HeldDate {
            held,
            other_day: day.filter(|day| *day != written.date()),
        })
    }
}

/// The years that .NET knows.
fn is_year(year: i32) -> bool {
    (1..=9999).contains(&year)
}

/// An instant as the server's own time. Beyond the calendar's ends it stops at them, as .NET's does.
fn swedish(utc: chrono::DateTime<Utc>) -> DateTime {
    let there = swedish_time(utc);
    let end = match there.year() {
        ..1 => NaiveDate::from_ymd_opt(1, 1, 1).map(|day| day.and_time(NaiveTime::MIN)),
        10_000.. => NaiveDate::from_ymd_opt(9999, 12, 31).and_then(|day| day.and_hms_nano_opt(23, 59, 59, 999_999_900)),
        _ => None,
    };
    let end = end.and_then(|end| there.offset().from_local_datetime(&end).single());
    end.unwrap_or(there).into()
}

/// Milliseconds since 1970, as in `/Date(…)/`. `to_local`: an offset was written behind it.
pub(crate) fn from_unix_millis(millis: i64, to_local: bool) -> Option<DateTime> {
    let utc = chrono::DateTime::from_timestamp_millis(millis).filter(|utc| is_year(utc.year()))?;
    Some(if to_local { swedish(utc) } else { utc.into() })
}

/// A UTC time as the server's own, as `DateTime.Parse` without further options makes of `Z`.
pub(crate) fn into_local(date: DateTime) -> DateTime {
    match (date.kind(), date.to_utc()) {
        (DateTimeKind::Utc, Some(utc)) => swedish(utc),
        _ => date,
    }
}

/// Today in Sweden: the date that .NET fills in where only a time is written.
pub(crate) fn today() -> NaiveDate {
    swedish_time(SystemTime::now().into()).date_naive()
}
