//! Reads the text of a [`DateTime`].

use std::str::FromStr;

use chrono::{FixedOffset, NaiveDate, NaiveTime};

use super::{DateTime, DateTimeError, DateTimeKind, MAX_OFFSET, TICK};

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
