//! [`DateTime`]: what .NET's `DateTime` carries on the wire.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::{ARRAYS, DataContract, Error, Reader, SERIALIZATION, Writer};

/// Nanoseconds in one tick, the smallest step of .NET's `DateTime`.
const TICK: u32 = 100;

/// The largest offset from UTC that XML Schema and .NET know, in seconds.
const MAX_OFFSET: i32 = 14 * 3600;

/// How much of a refused text an error quotes, in characters.
const QUOTED: usize = 40;

/// A date and time as .NET's `DateTime` carries it in JSON and XML: as written, in steps of 100 ns, with no
/// offset, with `Z` or with an offset from UTC.
///
/// The text is .NET's round-trip form: `2024-11-21T09:53:21.9146786+01:00`. Trailing zeros
/// of the fraction are not written, and the seconds always are.
///
/// # A day: leave the offset out
///
/// Where a day is meant (valid until, born on), a server that converts an offset to its own local time moves the day near
/// midnight, and so does `Z`. A [`NaiveDate`] goes out without one:
///
/// ```
/// use chrono::NaiveDate;
/// use datacontract::DateTime;
///
/// let day = NaiveDate::from_ymd_opt(2027, 1, 31).ok_or("no such day")?;
/// assert_eq!(DateTime::from(day).to_string(), "2027-01-31T00:00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Reading text
///
/// [`FromStr`] and `Deserialize` accept `2027-01-31`, `2027-01-31T12:00`, `2027-01-31T12:00:00` and this with 1 to 7
/// digits of a second, each followed by nothing, `Z` or an offset `±hh:mm` up to 14:00. A date alone means midnight; XML
/// Schema, and so .NET's `DataContractSerializer`, lets it carry `Z` or an offset too. `-00:00` becomes `+00:00`.
///
/// Refused, because the servers read them differently, change them or refuse them too: more than 7 digits of a
/// second (.NET rounds), `24:00`, second 60, white space, `t` and `z` in lower case, a space for `T`, days that do not
/// exist, and years other than 0001 to 9999. An offset that moves the instant out of these years in UTC is refused
/// as well: `DataContractSerializer` would silently take the first or last instant it knows instead (observed).
///
/// # Converting from chrono
///
/// Nanoseconds are cut to whole ticks of 100 ns, not rounded: rounding could move a time into the next day. A
/// chrono value can lie outside of what .NET holds (years, leap seconds, offsets beyond 14:00 or with seconds). The
/// conversion keeps such a value, and writing it as JSON or XML fails before anything is sent.
///
/// # Equality
///
/// Two values are equal when they are written alike: `…T12:00:00Z` and `…T12:00:00+00:00` differ. Compare instants
/// with [`DateTime::to_utc`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    naive: NaiveDateTime,
    kind: DateTimeKind,
}

/// What a [`DateTime`] says about its distance from UTC; the counterpart of .NET's `DateTimeKind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateTimeKind {
    /// Nothing, as in `2027-01-31T00:00:00`. Most servers take it for their own local time.
    Unspecified,
    /// UTC, as in `2027-01-31T00:00:00Z`.
    Utc,
    /// An offset from UTC, as in `2027-01-31T00:00:00+01:00`. .NET writes its kind `Local` so.
    Offset(FixedOffset),
}

impl DateTime {
    /// No offset, UTC, or an offset.
    pub fn kind(&self) -> DateTimeKind {
        self.kind
    }

    /// The day as written, in whatever offset it was written.
    pub fn date(&self) -> NaiveDate {
        self.naive.date()
    }

    /// The time of day as written, in whatever offset it was written.
    pub fn time(&self) -> NaiveTime {
        self.naive.time()
    }

    /// Day and time as written, in whatever offset they were written.
    pub fn naive(&self) -> NaiveDateTime {
        self.naive
    }

    /// The instant, in the offset it was written with (`Z` is offset zero). `None` without `Z` or offset: the text
    /// alone does not say which instant it is.
    pub fn to_fixed_offset(&self) -> Option<chrono::DateTime<FixedOffset>> {
        let offset = self.offset()?;
        // Fails only at the very ends of chrono's own range of 262,000 years.
        let utc = self.naive.checked_sub_offset(offset)?;
        Some(chrono::DateTime::from_naive_utc_and_offset(utc, offset))
    }

    /// The instant in UTC. `None` without `Z` or offset: the text alone does not say which instant it is.
    pub fn to_utc(&self) -> Option<chrono::DateTime<Utc>> {
        Some(self.to_fixed_offset()?.to_utc())
    }

    /// Whether .NET can hold this value. Values read from text always pass; whoever writes a value calls this first.
    pub(crate) fn check(&self) -> Result<(), DateTimeError> {
        self.problem()
            .map_or(Ok(()), |problem| Err(DateTimeError::new(&self.to_string(), problem)))
    }

    fn offset(&self) -> Option<FixedOffset> {
        match self.kind {
            DateTimeKind::Unspecified => None,
            DateTimeKind::Utc => FixedOffset::east_opt(0),
            DateTimeKind::Offset(offset) => Some(offset),
        }
    }

    fn problem(&self) -> Option<&'static str> {
        if !year_fits(self.naive) {
            return Some("the year must lie between 0001 and 9999");
        }
        if self.naive.nanosecond() >= 1_000_000_000 {
            return Some("it is a leap second, which .NET does not know");
        }
        if let DateTimeKind::Offset(offset) = self.kind {
            let seconds = offset.local_minus_utc();
            if seconds % 60 != 0 {
                return Some("the offset must be whole minutes");
            }
            if seconds.abs() > MAX_OFFSET {
                return Some("the offset must be at most 14:00");
            }
            if !self.naive.checked_sub_offset(offset).is_some_and(year_fits) {
                return Some("its offset moves it out of the years 0001 to 9999 in UTC");
            }
        }
        None
    }

    fn new(naive: NaiveDateTime, kind: DateTimeKind) -> Self {
        let nanosecond = naive.nanosecond();
        // Always possible: a smaller nanosecond is as valid as the one that was there.
        let naive = naive.with_nanosecond(nanosecond - nanosecond % TICK).unwrap_or(naive);
        Self { naive, kind }
    }
}

fn year_fits(naive: NaiveDateTime) -> bool {
    (1..=9999).contains(&naive.year())
}

/// Midnight of that day, without an offset.
impl From<NaiveDate> for DateTime {
    fn from(date: NaiveDate) -> Self {
        Self::new(date.and_time(NaiveTime::MIN), DateTimeKind::Unspecified)
    }
}

/// Without an offset. Nanoseconds are cut to 100 ns.
impl From<NaiveDateTime> for DateTime {
    fn from(naive: NaiveDateTime) -> Self {
        Self::new(naive, DateTimeKind::Unspecified)
    }
}

/// With `Z`. Nanoseconds are cut to 100 ns.
impl From<chrono::DateTime<Utc>> for DateTime {
    fn from(utc: chrono::DateTime<Utc>) -> Self {
        Self::new(utc.naive_utc(), DateTimeKind::Utc)
    }
}

/// With the offset. Nanoseconds are cut to 100 ns.
impl From<chrono::DateTime<FixedOffset>> for DateTime {
    fn from(value: chrono::DateTime<FixedOffset>) -> Self {
        let utc = value.naive_utc();
        // `naive_local` panics at the ends of chrono's range. There the year is refused with any offset.
        let local = utc.checked_add_offset(*value.offset()).unwrap_or(utc);
        Self::new(local, DateTimeKind::Offset(*value.offset()))
    }
}

/// The text that goes over the wire. Allocates nothing.
///
/// A value from chrono that .NET cannot hold is shown as it is, in chrono's notation, so that an error can quote it.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.naive.date(), self.naive.time());
        // chrono counts a leap second as nanoseconds beyond the 59th second.
        let second = time.second() + time.nanosecond() / 1_000_000_000;
        let mut ticks = time.nanosecond() % 1_000_000_000 / TICK;

        // Digits by hand: with `{:02}` a date took two fifths of what it takes to write a whole loan promise.
        let mut text = *b"0000-00-00T00:00:00.0000000";
        digits(&mut text[0..4], date.year().unsigned_abs());
        digits(&mut text[5..7], date.month());
        digits(&mut text[8..10], date.day());
        digits(&mut text[11..13], time.hour());
        digits(&mut text[14..16], time.minute());
        digits(&mut text[17..19], second);
        let mut end = 19;
        if ticks > 0 {
            end = 27;
            while ticks.is_multiple_of(10) {
                ticks /= 10;
                end -= 1;
            }
            digits(&mut text[20..end], ticks);
        }
        let mut start = 0;
        if !year_fits(self.naive) {
            write!(f, "{date}")?;
            start = "0000-00-00".len();
        }
        // Always ASCII.
        f.write_str(std::str::from_utf8(&text[start..end]).map_err(|_| fmt::Error)?)?;

        match self.kind {
            DateTimeKind::Unspecified => Ok(()),
            DateTimeKind::Utc => f.write_str("Z"),
            DateTimeKind::Offset(offset) => {
                let seconds = offset.local_minus_utc();
                if seconds % 60 != 0 {
                    return write!(f, "{offset}");
                }
                let minutes = seconds.unsigned_abs() / 60;
                let mut text = *b"+00:00";
                text[0] = if seconds < 0 { b'-' } else { b'+' };
                digits(&mut text[1..3], minutes / 60);
                digits(&mut text[4..6], minutes % 60);
                f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }
    }
}

/// Fills `text` with the last digits of a number.
fn digits(text: &mut [u8], mut number: u32) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Reads the forms listed at [`DateTime`].
///
/// # Errors
///
/// [`DateTimeError`] quotes the text, and says what is wrong with it and what is accepted.
impl FromStr for DateTime {
    type Err = DateTimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map_err(|problem| DateTimeError::new(text, problem))
    }
}

const SHAPE: &str = "it does not have the form yyyy-MM-ddTHH:mm:ss";

fn parse(text: &str) -> Result<DateTime, &'static str> {
    if text.trim() != text {
        return Err("there is white space around it");
    }
    let mut rest = Rest(text.as_bytes());
    let date = parse_date(&mut rest)?;
    let time = match rest.0.first() {
        Some(b'T') => {
            rest.0 = &rest.0[1..];
            parse_time(&mut rest)?
        }
        Some(b't') => return Err("T must be in upper case"),
        Some(b' ') => return Err("T must stand between date and time, not a space"),
        _ => NaiveTime::MIN,
    };
    let kind = parse_kind(&mut rest)?;
    if !rest.0.is_empty() {
        return Err(SHAPE);
    }
    let value = DateTime::new(date.and_time(time), kind);
    value.problem().map_or(Ok(value), Err)
}

fn parse_date(rest: &mut Rest<'_>) -> Result<NaiveDate, &'static str> {
    let signed = matches!(rest.0, [b'+' | b'-', b'0'..=b'9', ..]);
    let digits = rest.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if signed || (digits != 4 && rest.0.get(digits) == Some(&b'-')) {
        return Err("the year must have 4 digits");
    }
    let year = rest.number(4).ok_or(SHAPE)?;
    rest.skip(b'-').ok_or(SHAPE)?;
    let month = rest.number(2).ok_or(SHAPE)?;
    rest.skip(b'-').ok_or(SHAPE)?;
    let day = rest.number(2).ok_or(SHAPE)?;
    let year = i32::try_from(year).map_err(|_| SHAPE)?;
    NaiveDate::from_ymd_opt(year, month, day).ok_or("there is no such day")
}

fn parse_time(rest: &mut Rest<'_>) -> Result<NaiveTime, &'static str> {
    let hour = rest.number(2).ok_or(SHAPE)?;
    rest.skip(b':').ok_or(SHAPE)?;
    let minute = rest.number(2).ok_or(SHAPE)?;
    let mut second = 0;
    let mut ticks = 0;
    if rest.skip(b':').is_some() {
        second = rest.number(2).ok_or(SHAPE)?;
        if rest.skip(b'.').is_some() {
            let digits = rest.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let missing = match digits {
                0 => return Err("digits must follow the point"),
                1..=7 => 7 - digits,
                _ => return Err("a second has at most 7 digits after the point (100 ns)"),
            };
            ticks = rest.number(digits).ok_or(SHAPE)?;
            for _ in 0..missing {
                ticks *= 10;
            }
        }
    }
    match (hour, minute, second) {
        (24, ..) => Err("the hour 24 is not accepted: write 00:00 of the next day"),
        (25.., ..) => Err("the hour must lie between 00 and 23"),
        (_, 60.., _) => Err("the minute must lie between 00 and 59"),
        (_, _, 60..) => Err("the second must lie between 00 and 59, .NET knows no leap seconds"),
        _ => NaiveTime::from_hms_nano_opt(hour, minute, second, ticks * TICK).ok_or(SHAPE),
    }
}

fn parse_kind(rest: &mut Rest<'_>) -> Result<DateTimeKind, &'static str> {
    const OFFSET: &str = "the offset must be Z or ±hh:mm, at most 14:00";
    let sign = match rest.0.first() {
        None => return Ok(DateTimeKind::Unspecified),
        Some(b'Z') => {
            rest.0 = &rest.0[1..];
            return Ok(DateTimeKind::Utc);
        }
        Some(b'z') => return Err("Z must be in upper case"),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return Err(SHAPE),
    };
    rest.0 = &rest.0[1..];
    let hours = rest.number(2).ok_or(OFFSET)?;
    rest.skip(b':').ok_or(OFFSET)?;
    let minutes = rest.number(2).filter(|minutes| *minutes < 60).ok_or(OFFSET)?;
    let seconds = i32::try_from(hours * 3600 + minutes * 60).map_err(|_| OFFSET)?;
    if seconds > MAX_OFFSET {
        return Err(OFFSET);
    }
    FixedOffset::east_opt(sign * seconds)
        .map(DateTimeKind::Offset)
        .ok_or(OFFSET)
}

/// The part of a text that is not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Exactly so many digits; at most 7, so that the number fits.
    fn number(&mut self, digits: usize) -> Option<u32> {
        let (head, tail) = self.0.split_at_checked(digits)?;
        let mut number = 0;
        for byte in head {
            number = number * 10 + char::from(*byte).to_digit(10)?;
        }
        self.0 = tail;
        Some(number)
    }

    /// Passes over this byte, if it comes next.
    fn skip(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }
}

/// Why a text is no [`DateTime`], or why a [`DateTime`] made from a chrono value cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateTimeError {
    quoted: String,
    problem: &'static str,
}

impl DateTimeError {
    fn new(text: &str, problem: &'static str) -> Self {
        let mut quoted: String = text.chars().take(QUOTED).collect();
        if quoted.len() < text.len() {
            quoted.push('…');
        }
        Self { quoted, problem }
    }
}

impl fmt::Display for DateTimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a date-time that .NET can hold: {}. Accepted: 2027-01-31, 2027-01-31T12:00 or \
             2027-01-31T12:00:00 with up to 7 more digits after a point, then nothing, Z or an offset such as +01:00",
            self.quoted, self.problem
        )
    }
}

impl std::error::Error for DateTimeError {}

/// As text.
///
/// # Errors
///
/// For a value from chrono that .NET cannot hold.
impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.check().map_err(ser::Error::custom)?;
        serializer.collect_str(self)
    }
}

/// From text, in the forms listed at [`DateTime`].
impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = DateTime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date-time as text, such as 2027-01-31T00:00:00")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DateTime, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

impl JsonSchema for DateTime {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "DateTime".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::DateTime").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// `dateTime`, as DataContractSerializer writes a .NET `DateTime`.
impl DataContract for DateTime {
    fn name() -> Cow<'static, str> {
        "dateTime".into()
    }
    const NAMESPACE: &'static str = SERIALIZATION;
    const CONTENT_NAMESPACE: &'static str = "";
    const ITEM_NAMESPACE: &'static str = ARRAYS;
    const IS_VALUE_TYPE: bool = true;
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        self.check().map_err(|error| Error::new(error.to_string()))?;
        writer.plain(self)
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.plain("dateTime", |text| text.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    fn read(text: &str) -> DateTime {
        text.parse().unwrap()
    }

    fn offset(seconds: i32) -> FixedOffset {
        FixedOffset::east_opt(seconds).unwrap()
    }

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn reads_every_accepted_form_and_writes_the_round_trip_form() {
        for (text, written) in [
            ("2027-01-31", "2027-01-31T00:00:00"),
            ("2027-01-31Z", "2027-01-31T00:00:00Z"),
            ("2027-01-31+01:00", "2027-01-31T00:00:00+01:00"),
            ("2027-01-31-05:00", "2027-01-31T00:00:00-05:00"),
            ("2027-01-31T12:34", "2027-01-31T12:34:00"),
            ("2027-01-31T12:34Z", "2027-01-31T12:34:00Z"),
            ("2027-01-31T12:34-05:30", "2027-01-31T12:34:00-05:30"),
            ("2027-01-31T12:34:56", "2027-01-31T12:34:56"),
            ("2027-01-31T12:34:56Z", "2027-01-31T12:34:56Z"),
            ("2027-01-31T12:34:56.5", "2027-01-31T12:34:56.5"),
            ("2027-01-31T12:34:56.0000000", "2027-01-31T12:34:56"),
            ("2027-01-31T12:34:56.0100Z", "2027-01-31T12:34:56.01Z"),
            ("2027-01-31T12:34:56.0000001", "2027-01-31T12:34:56.0000001"),
            ("2027-01-31T12:34:56+00:00", "2027-01-31T12:34:56+00:00"),
            ("2027-01-31T12:34:56-00:00", "2027-01-31T12:34:56+00:00"),
            ("2027-01-31T12:34:56+14:00", "2027-01-31T12:34:56+14:00"),
            ("2027-01-31T12:34:56-14:00", "2027-01-31T12:34:56-14:00"),
            ("2028-02-29", "2028-02-29T00:00:00"),
            ("0001-01-01", "0001-01-01T00:00:00"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("0001-01-01T14:00:00+14:00", "0001-01-01T14:00:00+14:00"),
            ("9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.9999999"),
            ("9999-12-31T09:59:59.9999999-14:00", "9999-12-31T09:59:59.9999999-14:00"),
            // The samples of the help page.
            ("2024-11-21T09:53:21.9146786+01:00", "2024-11-21T09:53:21.9146786+01:00"),
            ("2015-01-01T12:00:00", "2015-01-01T12:00:00"),
        ] {
            assert_eq!(read(text).to_string(), written, "{text}");
            read(text).check().unwrap();
        }
    }

    #[test]
    fn refuses_everything_else_and_says_why() {
        for (text, why) in [
            ("", "form"),
            ("x", "form"),
            ("2027", "form"),
            ("2027-01", "form"),
            ("2027-1-31", "form"),
            ("20270131", "form"),
            ("31/01/2027", "form"),
            ("12:00:00", "form"),
            ("2027-01-31T", "form"),
            ("2027-01-31T12", "form"),
            ("2027-01-31T12:00:0", "form"),
            ("2027-01-31T1:00:00", "form"),
            ("2027-01-31T12:00:00,5", "form"),
            ("2027-01-31T12:00:00ZZ", "form"),
            ("2027-01-31T12:00:00+01:00x", "form"),
            ("2027-01-31T12:00.5", "form"),
            ("/Date(1800000000000)/", "form"),
            ("２０２７-01-31", "form"),
            ("2027-01-31T12:00:00\0", "form"),
            ("2027-01-31T12:00:00é", "form"),
            (" 2027-01-31", "white space"),
            ("2027-01-31\n", "white space"),
            ("2027-01-31\u{a0}", "white space"),
            ("0000-01-01", "between 0001 and 9999"),
            ("10000-01-01", "4 digits"),
            ("027-01-31", "4 digits"),
            ("-2027-01-31", "4 digits"),
            ("+2027-01-31", "4 digits"),
            ("2027-02-29", "no such day"),
            ("2027-02-30T00:00:00", "no such day"),
            ("2027-13-01", "no such day"),
            ("2027-00-01", "no such day"),
            ("2027-01-00", "no such day"),
            ("2027-01-31T24:00:00", "24"),
            ("2027-01-31T25:00:00", "hour"),
            ("2027-01-31T12:60:00", "minute"),
            ("2016-12-31T23:59:60Z", "leap"),
            ("2027-01-31T12:00:00.", "digits must follow"),
            ("2027-01-31T12:00:00.12345678", "7 digits"),
            ("2027-01-31T12:00:00.00000000", "7 digits"),
            ("2027-01-31t12:00:00", "upper case"),
            ("2027-01-31T12:00:00z", "upper case"),
            ("2027-01-31z", "upper case"),
            ("2027-01-31 12:00", "space"),
            ("2027-01-31T12:00:00+14:01", "14:00"),
            ("2027-01-31T12:00:00-15:00", "14:00"),
            ("2027-01-31T12:00:00+99:99", "14:00"),
            ("2027-01-31T12:00:00+01:60", "±hh:mm"),
            ("2027-01-31T12:00:00+01", "±hh:mm"),
            ("2027-01-31T12:00:00+0100", "±hh:mm"),
            ("2027-01-31T12:00:00+01:00:00", "form"),
            ("2027-01-31T12:00:00−01:00", "form"),
            ("0001-01-01T00:00:00+14:00", "UTC"),
            ("0001-01-01T00:00:00+00:01", "UTC"),
            ("9999-12-31T23:59:59.9999999-00:01", "UTC"),
        ] {
            let error = text.parse::<DateTime>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
            assert!(error.contains(&format!("{text:?}")), "{text}: {error}");
            assert!(error.contains("Accepted: 2027-01-31"), "{error}");
        }
    }

    #[test]
    fn an_error_quotes_a_bounded_part() {
        let error = "å\n".repeat(100_000).parse::<DateTime>().unwrap_err().to_string();
        assert!(error.len() < 400, "{}", error.len());
        assert!(error.contains("å\\nå\\n…\""), "{error}");
    }

    #[test]
    fn the_kind_and_the_instant() {
        let unspecified = read("2027-01-31T00:30:00");
        assert_eq!(unspecified.kind(), DateTimeKind::Unspecified);
        assert_eq!(unspecified.to_utc(), None);
        assert_eq!(unspecified.to_fixed_offset(), None);

        let utc = read("2027-01-31T00:30:00Z");
        assert_eq!(utc.kind(), DateTimeKind::Utc);
        assert_eq!(utc.to_utc(), Utc.with_ymd_and_hms(2027, 1, 31, 0, 30, 0).single());
        assert_ne!(utc, read("2027-01-31T00:30:00+00:00"));

        let local = read("2027-01-31T00:30:00+01:00");
        assert_eq!(local.kind(), DateTimeKind::Offset(offset(3600)));
        assert_eq!(local.date(), day(2027, 1, 31));
        assert_eq!(local.time(), NaiveTime::from_hms_opt(0, 30, 0).unwrap());
        assert_eq!(local.naive(), day(2027, 1, 31).and_hms_opt(0, 30, 0).unwrap());
        assert_eq!(local.to_utc(), Utc.with_ymd_and_hms(2027, 1, 30, 23, 30, 0).single());
        let instant = local.to_fixed_offset().unwrap();
        assert_eq!(
            (instant.naive_local(), *instant.offset()),
            (local.naive(), offset(3600))
        );
    }

    #[test]
    fn from_chrono() {
        let naive = day(2027, 1, 31).and_hms_nano_opt(23, 59, 59, 999_999_999).unwrap();
        assert_eq!(DateTime::from(day(2027, 1, 31)).to_string(), "2027-01-31T00:00:00");
        assert_eq!(DateTime::from(naive).to_string(), "2027-01-31T23:59:59.9999999");
        assert_eq!(
            DateTime::from(naive.and_utc()).to_string(),
            "2027-01-31T23:59:59.9999999Z"
        );
        let stockholm = naive.and_local_timezone(offset(3600)).unwrap();
        assert_eq!(
            DateTime::from(stockholm).to_string(),
            "2027-01-31T23:59:59.9999999+01:00"
        );
        assert_eq!(
            DateTime::from(day(2027, 1, 31).and_hms_nano_opt(0, 0, 0, 99).unwrap()),
            DateTime::from(day(2027, 1, 31))
        );
    }

    #[test]
    fn what_dotnet_cannot_hold_is_refused_when_written() {
        let leap = day(2016, 12, 31).and_hms_nano_opt(23, 59, 59, 1_500_000_000).unwrap();
        let noon = day(2027, 1, 31).and_hms_opt(12, 0, 0).unwrap();
        let at = |seconds| DateTime::from(noon.and_local_timezone(offset(seconds)).unwrap());
        for (value, shown, why) in [
            (DateTime::from(day(0, 1, 1)), "0000-01-01T00:00:00", "year"),
            (DateTime::from(day(10_000, 1, 1)), "+10000-01-01T00:00:00", "year"),
            (DateTime::from(day(-5, 1, 1)), "-0005-01-01T00:00:00", "year"),
            (
                DateTime::from(NaiveDateTime::MAX),
                "+262142-12-31T23:59:59.9999999",
                "year",
            ),
            (DateTime::from(leap), "2016-12-31T23:59:60.5", "leap second"),
            (at(14 * 3600 + 60), "2027-01-31T12:00:00+14:01", "14:00"),
            (at(-86_399), "2027-01-31T12:00:00-23:59:59", "whole minutes"),
            (at(3601), "2027-01-31T12:00:00+01:00:01", "whole minutes"),
        ] {
            assert_eq!(value.to_string(), shown);
            let error = serde_json::to_string(&value).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains(shown), "{error}");
            assert_eq!(error, value.check().unwrap_err().to_string());
        }
    }

    #[test]
    fn the_ends_of_chrono_do_not_panic() {
        for utc in [chrono::DateTime::<Utc>::MIN_UTC, chrono::DateTime::<Utc>::MAX_UTC] {
            for seconds in [-86_399, 0, 86_399] {
                let value = DateTime::from(utc.with_timezone(&offset(seconds)));
                assert!(value.check().is_err());
                let _ = (value.to_utc(), value.to_fixed_offset(), value.to_string());
            }
            assert!(DateTime::from(utc).check().is_err());
            assert!(DateTime::from(utc.naive_utc()).check().is_err());
        }
    }

    #[test]
    fn serde_as_text() {
        let value = read("2024-11-21T09:53:21.9146786+01:00");
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, r#""2024-11-21T09:53:21.9146786+01:00""#);
        assert_eq!(serde_json::from_str::<DateTime>(&json).unwrap(), value);
        // An escape makes serde_json hand out a copy instead of a slice of the input.
        assert_eq!(
            serde_json::from_str::<DateTime>(r#""2027\u002d01-31""#).unwrap(),
            read("2027-01-31")
        );
        assert_eq!(
            serde_json::from_value::<DateTime>("2027-01-31".into()).unwrap(),
            read("2027-01-31")
        );
        for json in ["null", "1", "{}", "[]", "true", r#""x""#] {
            assert!(serde_json::from_str::<DateTime>(json).is_err(), "{json}");
        }
        let error = serde_json::from_str::<DateTime>(r#""2027-02-30""#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("no such day"), "{error}");
    }

    #[test]
    fn json_schema() {
        let schema = DateTime::json_schema(&mut SchemaGenerator::default());
        assert_eq!(
            schema.as_value(),
            &serde_json::json!({ "type": "string", "format": "date-time" })
        );
    }

    proptest! {
        #[test]
        fn text_to_value_to_text_is_the_identity(
            date in "[0-9]{3}[1-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])",
            time in "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{0,6}[1-9])?",
            kind in "|Z|[+](0[0-9]|1[0-3]):[0-5][0-9]|-(0[1-9]|1[0-3]):[0-5][0-9]|[+-]14:00",
        ) {
            let text = format!("{date}T{time}{kind}");
            // The ends, where an offset leads out of the years, have tests of their own.
            prop_assume!(!text.starts_with("0001-01-01") && !text.starts_with("9999-12-31"));
            let value: DateTime = text.parse().unwrap();
            prop_assert_eq!(value.to_string(), text.as_str());
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(&json, &format!("\"{text}\""));
            prop_assert_eq!(serde_json::from_str::<DateTime>(&json).unwrap(), value);
        }

        #[test]
        fn whatever_is_accepted_reads_back_the_same(
            text in "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,8})?)?)?(Z|[+-][01][0-9]:[0-9]{2})?"
        ) {
            if let Ok(value) = text.parse::<DateTime>() {
                prop_assert!(value.check().is_ok());
                prop_assert_eq!(value.to_string().parse::<DateTime>().unwrap(), value);
            }
        }

        #[test]
        fn any_string_reads_or_is_refused(text in ".*") {
            let _ = text.parse::<DateTime>();
        }

        #[test]
        fn nearly_right_strings_read_or_are_refused(text in "[0-9TZtz:.+ é-]{0,40}") {
            let _ = text.parse::<DateTime>();
        }

        #[test]
        fn any_chrono_instant_is_written_readably_or_refused(
            seconds in -8_334_000_000_000_i64..8_210_000_000_000,
            nanos in 0_u32..2_000_000_000,
            shift in -86_399..=86_399,
        ) {
            if let Some(utc) = chrono::DateTime::from_timestamp(seconds, nanos) {
                for value in [DateTime::from(utc), DateTime::from(utc.with_timezone(&offset(shift)))] {
                    if value.check().is_ok() {
                        prop_assert_eq!(value.to_string().parse::<DateTime>().unwrap(), value);
                    }
                }
            }
        }

        #[test]
        fn an_instant_survives_to_the_tick(
            seconds in -62_000_000_000_i64..253_000_000_000,
            nanos in 0_u32..1_000_000_000,
            minutes in -840..=840,
        ) {
            let utc = chrono::DateTime::from_timestamp(seconds, nanos).unwrap();
            let value = DateTime::from(utc.with_timezone(&offset(minutes * 60)));
            prop_assert!(value.check().is_ok());
            let back: DateTime = value.to_string().parse().unwrap();
            let cut = chrono::DateTime::from_timestamp(seconds, nanos - nanos % 100).unwrap();
            prop_assert_eq!(back.to_utc(), Some(cut));
        }
    }
}
