//! The three ways in which .NET reads a date from text: Json.NET, `DateTime.Parse`, and XML Schema's forms.

use chrono::Datelike as _;

use crate::date_cursor::{Cursor, fraction};
use crate::date_time::{HeldDate, Written, from_unix_millis, today};

/// As Json.NET reads a JSON string for a date: ISO 8601 first, `/Date(…)/`, then whatever `DateTime.Parse` takes.
pub(crate) fn json(text: &str) -> Option<HeldDate> {
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        return microsoft(inner);
    }
    iso(text).or_else(|| general(text))
}

/// A whole date-time of 19 to 40 characters. Only here is 24:00:00 the next day's midnight.
fn iso(text: &str) -> Option<HeldDate> {
    if !(19..=40).contains(&text.len()) {
        return None;
    }
    let mut cursor = Cursor::new(text);
    let mut written = cursor.iso_date()?;
    cursor.one_of("T")?;
    cursor.time(&mut written)?;
    if cursor.eat(".") {
        let digits = cursor.digits();
        if digits.is_empty() || digits.len() > 7 {
            return None;
        }
        written.fraction = fraction(digits);
    }
    written.zone = cursor.json_zone();
    let beyond_midnight = written.hour == 24 && (written.minute, written.second, written.fraction) != (0, 0, 0);
    if !cursor.rest.is_empty() || beyond_midnight {
        return None;
    }
    written.read()
}

/// The inside of `/Date(1800000000000)/` or `/Date(1800000000000+0100)/`.
fn microsoft(inner: &str) -> Option<HeldDate> {
    let split = inner.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-'));
    let millis = split.map_or(inner, |(at, _)| inner.get(..at).unwrap_or_default());
    let held = from_unix_millis(millis.parse().ok()?, split.is_some())?;
    Some(HeldDate { held, other_day: None })
}

/// The forms of `DateTime.Parse` in the invariant culture that a client is likely to send: year first or month first,
/// with `-`, `/` or `.`; a time behind a space or `T`; `Z`, `GMT` or an offset. Month names and two-digit years,
/// which .NET takes too, are refused.
pub(crate) fn general(text: &str) -> Option<HeldDate> {
    let mut cursor = Cursor::new(text.trim());
    let mut written = cursor.loose_date()?;
    let spaces = cursor.spaces();
    if cursor.starts_with_digit() && spaces > 0 {
        cursor.loose_time(&mut written)?;
    } else if written.day > 0 && cursor.one_of("Tt").is_some() {
        cursor.time_of_two_digits(&mut written)?;
    }
    cursor.spaces();
    written.zone = cursor.loose_zone()?;
    if !cursor.rest.is_empty() || written.hour > 23 {
        return None;
    }
    written.day = written.day.max(1);
    written.read()
}

/// As `XmlConvert` reads it: date, date-time, or a part of one, with `Z` or an offset; space around it is fine.
pub(crate) fn xml(text: &str) -> Option<HeldDate> {
    let mut cursor = Cursor::new(text.trim());
    let today = today();
    let mut written = Written {
        year: today.year().unsigned_abs(),
        month: today.month(),
        day: today.day(),
        ..Written::default()
    };
    if cursor.eat("---") {
        (written.month, written.day) = (1, cursor.number(2)?);
    } else if cursor.eat("--") {
        written.month = cursor.number(2)?;
        written.day = 1;
        if !cursor.eat("--") && cursor.eat("-") {
            // XML Schema's month and day: .NET counts it to a leap year.
            written.year = 1904;
            written.day = cursor.number(2)?;
        }
    } else if cursor.rest.as_bytes().get(2) == Some(&b':') {
        cursor.xml_time(&mut written)?;
    } else {
        written.year = cursor.number(4)?;
        (written.month, written.day) = (1, 1);
        if cursor.eat("-") {
            written.month = cursor.number(2)?;
            if cursor.eat("-") {
                written.day = cursor.number(2)?;
                if cursor.eat("T") {
                    cursor.xml_time(&mut written)?;
                }
            }
        }
    }
    written.zone = cursor.xml_zone()?;
    if !cursor.rest.is_empty() || written.hour > 23 {
        return None;
    }
    written.read()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(read: Option<HeldDate>) -> String {
        read.map_or_else(|| "refused".to_owned(), |read| read.held.to_string())
    }

    /// Each line was read by the real `XmlConvert`, in the time zone Europe/Stockholm.
    #[test]
    fn xml_dates_are_read_as_observed() {
        for (text, expected) in [
            ("2027-01-31", "2027-01-31T00:00:00"),
            ("2027-01-31T00:00:00Z", "2027-01-31T00:00:00Z"),
            ("2027-01-31T00:00:00z", "2027-01-31T00:00:00Z"),
            ("2027-01-31Z", "2027-01-31T00:00:00Z"),
            ("2027-01-31+01:00", "2027-01-31T00:00:00+01:00"),
            ("2027-01-31T00:00", "refused"),
            ("2027-01-31T24:00:00", "refused"),
            ("2027-01-31T00:00:00+05:00", "2027-01-30T20:00:00+01:00"),
            ("2027-01-31T00:00:00+14:01", "2027-01-30T10:59:00+01:00"),
            ("2027-01-31T00:00:00-15:00", "2027-01-31T16:00:00+01:00"),
            ("2027-01-31T00:00:00+0100", "refused"),
            ("2027-01-31T00:00:00.12345675", "2027-01-31T00:00:00.1234568"),
            ("2027-01-31T00:00:00.123456749", "2027-01-31T00:00:00.1234567"),
            ("2027-01-31T00:00:00.99999999", "2027-01-31T00:00:01"),
            ("2027-01-31T00:00:00.", "refused"),
            ("2027-01-31 00:00:00", "refused"),
            ("2027-1-31", "refused"),
            ("2027", "2027-01-01T00:00:00"),
            ("2027-01", "2027-01-01T00:00:00"),
            ("--01-31", "1904-01-31T00:00:00"),
            ("0000-01-01", "refused"),
            ("10000-01-01", "refused"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.9999999+01:00"),
            ("2027-02-30T00:00:00", "refused"),
            ("2027-01-31T23:59:60", "refused"),
            ("2027-07-01T00:00:00+00:00", "2027-07-01T02:00:00+02:00"),
            ("", "refused"),
        ] {
            assert_eq!(held(xml(text)), expected, "{text}");
        }
    }

    /// Each line was read by the real `DateTime.Parse`, in the time zone Europe/Stockholm.
    #[test]
    fn general_dates_are_read_as_observed() {
        for (text, expected) in [
            ("2027-01-31T00:00Z", "2027-01-31T00:00:00Z"),
            ("2027-01-31T00:00:00 Z", "2027-01-31T00:00:00Z"),
            ("2027-01-31 12:00:30.5", "2027-01-31T12:00:30.5"),
            (
                "2027-01-31T00:00:00.123456749+02:00",
                "2027-01-30T23:00:00.1234567+01:00",
            ),
            ("2027-01-31 +02:00", "2027-01-30T23:00:00+01:00"),
            ("2027-1-5", "2027-01-05T00:00:00"),
            ("2027/01/31", "2027-01-31T00:00:00"),
            ("01/31/2027", "2027-01-31T00:00:00"),
            ("31-01-2027", "refused"),
            ("2027-01", "2027-01-01T00:00:00"),
            ("2027", "refused"),
            ("20270131", "refused"),
            ("2027-01-31 24:00:00", "refused"),
            ("2027-01-31T00:00:00+15:00", "refused"),
            ("2027-01-31 1:05 PM", "2027-01-31T13:05:00"),
            ("2027-01-31T1:05", "refused"),
            ("2027-01-31T", "refused"),
            ("2027-01-31T12", "refused"),
            ("2027-01-31T00:00:60", "refused"),
            ("2027-01-31T00:00:00+1:00", "2027-01-31T00:00:00+01:00"),
            ("2027-03-01T01:00:0", "refused"),
            ("2027-01-31 00:00:00+0100", "2027-01-31T00:00:00+01:00"),
            ("2027-01-31T00:00:00+100", "2027-01-31T00:00:00+01:00"),
            ("x", "refused"),
        ] {
            assert_eq!(held(general(text)), expected, "{text}");
        }
    }
}
