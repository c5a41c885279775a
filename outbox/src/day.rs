//! The day in Sweden: a loan promise is valid until a day there.

use chrono::{DateTime, NaiveDate, Utc};
use vitec_connect::{DateTime as Until, swedish_time};

/// The day that it is in Sweden.
pub(crate) fn swedish_day(at: DateTime<Utc>) -> NaiveDate {
    swedish_time(at).date_naive()
}

/// The last day on which something is valid, if it lies before today, in Sweden.
pub(crate) fn expired(until: Until, now: DateTime<Utc>) -> Option<NaiveDate> {
    // Without an offset it is Swedish time already.
    let day = until.to_utc().map_or(until.date(), swedish_day);
    (day < swedish_day(now)).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_changes_at_midnight_in_sweden() {
        for (utc, day) in [
            ("2027-01-31T22:59:59Z", "2027-01-31"),
            ("2027-01-31T23:00:00Z", "2027-02-01"),
            ("2027-07-31T21:59:59Z", "2027-07-31"),
            ("2027-07-31T22:00:00Z", "2027-08-01"),
            // Summer time from 28 March to 31 October 2027.
            ("2027-03-27T22:30:00Z", "2027-03-27"),
            ("2027-03-28T22:30:00Z", "2027-03-29"),
            ("2027-10-30T22:30:00Z", "2027-10-31"),
            ("2027-10-31T22:30:00Z", "2027-10-31"),
        ] {
            let utc: DateTime<Utc> = utc.parse().unwrap();
            assert_eq!(swedish_day(utc).to_string(), day, "{utc}");
        }
    }

    #[test]
    fn a_promise_is_valid_through_its_last_day() {
        let now = "2027-02-01T22:59:59Z".parse().unwrap();
        for (until, is_expired) in [
            ("2027-01-31", true),
            ("2027-02-01", false),
            ("2027-02-01T00:00:00", false),
            // 1 February, 00:30 in Sweden.
            ("2027-01-31T23:30:00Z", false),
            ("2027-01-31T22:30:00Z", true),
        ] {
            assert_eq!(expired(until.parse().unwrap(), now).is_some(), is_expired, "{until}");
        }
    }
}
