//! The time in Sweden, where a time without an offset belongs.

use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, Offset, Utc};

/// An instant as the clocks in Sweden show it. Vitec's server converts an offset to it, and a loan promise is valid until a
/// day there.
///
/// Summer time by the EU's rule (directive 2000/84/EC) in every year: from the last Sunday of March to the last Sunday of
/// October, both at 01:00 UTC. Windows knows no other rule for the zone, whatever the clocks did before 1996. Written out,
/// as a table of all time zones would weigh more than the rest of the library.
///
/// ```
/// let utc = "2027-07-31T22:30:00Z".parse()?;
/// assert_eq!(vitec_connect::swedish_time(utc).to_string(), "2027-08-01 00:30:00 +02:00");
/// # Ok::<(), chrono::ParseError>(())
/// ```
pub fn swedish_time(utc: DateTime<Utc>) -> DateTime<FixedOffset> {
    let now = utc.naive_utc();
    let change = |month| {
        let last = NaiveDate::from_ymd_opt(now.year(), month, 31)?;
        let sunday = last - Days::new(last.weekday().num_days_from_sunday().into());
        sunday.and_hms_opt(1, 0, 0)
    };
    let summer = change(3).is_some_and(|begin| now >= begin) && change(10).is_some_and(|end| now < end);
    let ahead = FixedOffset::east_opt(if summer { 7200 } else { 3600 });
    utc.with_timezone(&ahead.unwrap_or(Utc.fix()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_time_turns_at_one_o_clock_utc() {
        for (utc, there) in [
            ("2027-01-31T22:59:59Z", "2027-01-31T23:59:59+01:00"),
            ("2027-03-28T00:59:59Z", "2027-03-28T01:59:59+01:00"),
            ("2027-03-28T01:00:00Z", "2027-03-28T03:00:00+02:00"),
            ("2027-10-31T00:30:00Z", "2027-10-31T02:30:00+02:00"),
            ("2027-10-31T01:00:00Z", "2027-10-31T02:00:00+01:00"),
            // The 31st itself is a Sunday, or the Sunday is the 25th.
            ("2024-03-31T01:00:00Z", "2024-03-31T03:00:00+02:00"),
            ("2026-10-25T00:59:59Z", "2026-10-25T02:59:59+02:00"),
        ] {
            let utc: DateTime<Utc> = utc.parse().unwrap();
            assert_eq!(swedish_time(utc).to_rfc3339(), there, "{utc}");
        }
    }
}
