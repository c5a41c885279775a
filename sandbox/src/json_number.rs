//! Numbers in a JSON body, as Json.NET reads them: leading zeros are octal, `0x` is hexadecimal.

use crate::bind::Fault;

/// A number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Integer(i64),
    /// An integer beyond 64 bits, as near as a double comes.
    Big(f64),
    Float(f64),
}

impl Number {
    /// A number without quotes.
    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let second = text.as_bytes().get(1);
        let in_other_base = text.starts_with('0') && second.is_some_and(|b| !matches!(b, b'.' | b'e' | b'E'));
        let number = match in_other_base {
            true => other_base(text),
            false => named(text).or_else(|| plain(text)),
        };
        number.ok_or(Fault("a bad number"))
    }

    /// A number in quotes.
    pub(crate) fn quoted(text: &str) -> Result<Self, Fault> {
        plain(text.trim()).ok_or(Fault("a string that is no number"))
    }

    /// A floating point number in quotes. Its digits may be grouped, as in "1,500,000.50".
    pub(crate) fn quoted_float(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let number = named(text).or_else(|| plain(&text.replace(',', "")));
        number.ok_or(Fault("a string that is no number"))
    }

    /// As an integer of a type that is smaller than .NET's `long`.
    pub(crate) fn integer<T: TryFrom<i64>>(self) -> Result<T, Fault> {
        match self {
            Self::Integer(value) => T::try_from(value).map_err(|_| Fault("a number beyond the type")),
            Self::Big(_) | Self::Float(_) => Err(Fault("no integer")),
        }
    }

    /// As .NET's `long`. Half a number is rounded to the even one.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    pub(crate) fn rounded(self) -> Result<i64, Fault> {
        match self {
            Self::Integer(value) => Ok(value),
            Self::Float(value) if (i64::MIN as f64..i64::MAX as f64).contains(&value.round_ties_even()) => {
                Ok(value.round_ties_even() as i64)
            }
            Self::Big(_) | Self::Float(_) => Err(Fault("a number beyond 64 bits")),
        }
    }

    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Big(value) | Self::Float(value) => value,
        }
    }
}

/// JavaScript's numbers that are words.
fn named(word: &str) -> Option<Number> {
    Some(Number::Float(match word {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ => return None,
    }))
}

fn other_base(text: &str) -> Option<Number> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let value = match hexadecimal {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
        None => i64::from_str_radix(text, 8).ok(),
    };
    value.map(Number::Integer)
}

fn plain(text: &str) -> Option<Number> {
    if let Ok(value) = text.parse() {
        return Some(Number::Integer(value));
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let is_whole = unsigned.bytes().all(|b| b.is_ascii_digit());
    // Rust would read words too.
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let value = text.parse().ok().filter(|value: &f64| is_number && value.is_finite())?;
    Some(match is_whole {
        true => Number::Big(value),
        false => Number::Float(value),
    })
}
