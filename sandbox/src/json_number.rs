//! Numbers in a JSON body, as Json.NET reads them: leading zeros are octal, `0x` is hexadecimal.

use crate::json::Want;
use crate::json_text::Fault;

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Integer(i64),
    /// An integer beyond 64 bits, as near as a double comes.
    Big(f64),
    Float(f64),
}

impl Number {
    /// A number without quotes.
    pub(crate) fn read(text: &str, want: Want) -> Result<Self, Fault> {
        let second = text.as_bytes().get(1);
        let in_other_base = text.starts_with('0') && second.is_some_and(|b| !matches!(b, b'.' | b'e' | b'E'));
        let number = if in_other_base {
            other_base(text)
        } else {
            plain(text, want)
        };
        number.ok_or(Fault("a bad number"))
    }

    /// A number in quotes.
    pub(crate) fn quoted(text: &str, want: Want) -> Option<Self> {
        let text = text.trim();
        match want {
            // Digits may be grouped, as in "1,500,000.50".
            Want::Double => match text {
                "NaN" | "Infinity" | "-Infinity" => Some(Self::named(text)),
                _ => plain(&text.replace(',', ""), want),
            },
            _ => plain(text, want),
        }
    }

    /// JavaScript's numbers that are words.
    pub(crate) fn named(word: &str) -> Self {
        Self::Float(match word {
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            _ => f64::NAN,
        })
    }

    pub(crate) fn is_zero(self) -> bool {
        match self {
            Self::Integer(value) => value == 0,
            Self::Big(value) | Self::Float(value) => value == 0.0,
        }
    }

    pub(crate) fn as_f64(self) -> f64 {
        match self {
            #[allow(clippy::cast_precision_loss)]
            Self::Integer(value) => value as f64,
            Self::Big(value) | Self::Float(value) => value,
        }
    }
}

fn other_base(text: &str) -> Option<Number> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let value = match hexadecimal {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
        None => i64::from_str_radix(text, 8).ok(),
    };
    value.map(Number::Integer)
}

fn plain(text: &str, want: Want) -> Option<Number> {
    let floats = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let float = || text.parse::<f64>().ok().filter(|value| floats && value.is_finite());
    match want {
        Want::Int32 => text.parse::<i32>().ok().map(|value| Number::Integer(value.into())),
        Want::Double => float().map(Number::Float),
        _ => {
            let whole = text
                .strip_prefix('-')
                .unwrap_or(text)
                .bytes()
                .all(|b| b.is_ascii_digit());
            match text.parse() {
                Ok(value) => Some(Number::Integer(value)),
                Err(_) if whole => float().map(Number::Big),
                Err(_) => float().map(Number::Float),
            }
        }
    }
}
