//! The pieces that dates in text are made of.

use crate::date_time::{Written, Zone};

/// Fractional digits as ticks; what is beyond 100 ns is rounded.
pub(crate) fn fraction(digits: &str) -> u32 {
    let kept = digits.get(..digits.len().min(7)).unwrap_or_default();
    let ticks: u32 = format!("{kept:0<7}").parse().unwrap_or_default();
    let round_up = digits.as_bytes().get(7).is_some_and(|digit| *digit >= b'5');
    ticks + u32::from(round_up)
}

/// Text that is read from its beginning.
pub(crate) struct Cursor<'a> {
    pub(crate) rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(crate) fn eat(&mut self, text: &str) -> bool {
        let left = self.rest.strip_prefix(text);
        self.rest = left.unwrap_or(self.rest);
        left.is_some()
    }

    pub(crate) fn one_of(&mut self, set: &str) -> Option<char> {
        let next = self.rest.chars().next().filter(|c| set.contains(*c))?;
        self.rest = self.rest.get(next.len_utf8()..).unwrap_or_default();
        Some(next)
    }

    pub(crate) fn digits(&mut self) -> &'a str {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits
    }

    pub(crate) fn starts_with_digit(&self) -> bool {
        self.rest.starts_with(|c: char| c.is_ascii_digit())
    }

    pub(crate) fn spaces(&mut self) -> usize {
        let trimmed = self.rest.trim_start();
        let count = self.rest.len() - trimmed.len();
        self.rest = trimmed;
        count
    }

    /// A number of exactly so many digits.
    pub(crate) fn number(&mut self, digits: usize) -> Option<u32> {
        let text = self
            .rest
            .get(..digits)
            .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
        self.rest = self.rest.get(digits..).unwrap_or_default();
        text.parse().ok()
    }

    pub(crate) fn short_number(&mut self) -> Option<u32> {
        let digits = self.digits();
        (1..=2).contains(&digits.len()).then(|| digits.parse().ok())?
    }

    pub(crate) fn iso_date(&mut self) -> Option<Written> {
        let year = self.number(4)?;
        self.one_of("-")?;
        let month = self.number(2)?;
        self.one_of("-")?;
        let day = self.number(2)?;
        Some(Written {
            year,
            month,
            day,
            ..Written::default()
        })
    }

    pub(crate) fn time(&mut self, written: &mut Written) -> Option<()> {
        written.hour = self.number(2)?;
        self.one_of(":")?;
        written.minute = self.number(2)?;
        self.one_of(":")?;
        written.second = self.number(2)?;
        Some(())
    }

    pub(crate) fn xml_time(&mut self, written: &mut Written) -> Option<()> {
        self.time(written)?;
        self.long_fraction(written)
    }

    pub(crate) fn long_fraction(&mut self, written: &mut Written) -> Option<()> {
        if self.eat(".") {
            let digits = self.digits();
            if digits.is_empty() {
                return None;
            }
            written.fraction = fraction(digits);
        }
        Some(())
    }

    /// The day is 0 where only a month was written.
    pub(crate) fn loose_date(&mut self) -> Option<Written> {
        let first = self.digits();
        let separator = self.one_of("-/.")?;
        let second = self.short_number()?;
        let (year, month, day) = if matches!(first.len(), 3 | 4) {
            let day = if self.eat(separator.encode_utf8(&mut [0; 4])) {
                self.short_number().filter(|day| *day > 0)?
            } else {
                0
            };
            (first.parse().ok()?, second, day)
        } else {
            self.one_of("-/.").filter(|c| *c == separator)?;
            (
                self.number(4)?,
                first.parse().ok().filter(|_| first.len() <= 2)?,
                second,
            )
        };
        Some(Written {
            year,
            month,
            day,
            ..Written::default()
        })
    }

    /// Behind a `T` every number has two digits, and the seconds may be missing.
    pub(crate) fn time_of_two_digits(&mut self, written: &mut Written) -> Option<()> {
        written.hour = self.number(2)?;
        self.one_of(":")?;
        written.minute = self.number(2)?;
        if self.eat(":") {
            written.second = self.number(2)?;
            self.long_fraction(written)?;
        }
        Some(())
    }

    pub(crate) fn loose_time(&mut self, written: &mut Written) -> Option<()> {
        written.hour = self.short_number()?;
        self.one_of(":")?;
        written.minute = self.short_number()?;
        if self.eat(":") {
            written.second = self.short_number()?;
            self.long_fraction(written)?;
        }
        let before = self.rest;
        self.spaces();
        let half: String = self.rest.chars().take(2).collect::<String>().to_ascii_uppercase();
        match half.as_str() {
            "AM" | "PM" => {
                if !(1..=12).contains(&written.hour) {
                    return None;
                }
                written.hour = written.hour % 12 + if half == "PM" { 12 } else { 0 };
                self.rest = self.rest.get(2..).unwrap_or_default();
            }
            _ => self.rest = before,
        }
        Some(())
    }

    pub(crate) fn loose_zone(&mut self) -> Option<Zone> {
        if self.one_of("Zz").is_some() || self.eat("GMT") {
            return Some(Zone::Utc);
        }
        let Some(sign) = self.one_of("+-") else {
            return Some(Zone::None);
        };
        let digits = self.digits();
        let number: u32 = digits.parse().ok()?;
        // `+1`, `+01`, `+1:00`, `+01:0`, `+100` or `+0100`.
        let (hours, minutes) = match digits.len() {
            1 | 2 if self.eat(":") => (number, self.short_number()?),
            1 | 2 => (number, 0),
            3 | 4 => (number / 100, number % 100),
            _ => return None,
        };
        let offset = hours * 60 + minutes;
        (offset <= 14 * 60 && minutes < 60).then_some(Zone::Offset(signed(sign, offset)))
    }

    pub(crate) fn xml_zone(&mut self) -> Option<Zone> {
        if self.one_of("Zz").is_some() {
            return Some(Zone::Utc);
        }
        let Some(sign) = self.one_of("+-") else {
            return Some(Zone::None);
        };
        let hours = self.number(2)?;
        self.one_of(":")?;
        let minutes = self.number(2)?;
        let offset = hours * 60 + minutes;
        Some(Zone::Offset(signed(sign, offset)))
    }

    /// Json.NET takes two digits of hours, and two of minutes with or without a colon, up to 99 each.
    pub(crate) fn json_zone(&mut self) -> Zone {
        if self.one_of("Zz").is_some() {
            return Zone::Utc;
        }
        let start = self.rest;
        let Some(sign) = self.one_of("+-") else {
            return Zone::None;
        };
        let Some(hours) = self.number(2) else {
            self.rest = start;
            return Zone::None;
        };
        self.eat(":");
        let offset = hours * 60 + self.number(2).unwrap_or_default();
        Zone::Offset(signed(sign, offset))
    }
}

fn signed(sign: char, minutes: u32) -> i64 {
    let minutes = i64::from(minutes);
    if sign == '-' { -minutes } else { minutes }
}
