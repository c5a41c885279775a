//! [`DateTime`]: what .NET's `DateTime` carries on the wire.

mod parse;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

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
/// [`FromStr`](std::str::FromStr) and `Deserialize` accept `2027-01-31`, `2027-01-31T12:00`, `2027-01-31T12:00:00` and this with 1 to 7
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
