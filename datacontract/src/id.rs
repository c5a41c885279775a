//! Ids: strings that stand in the path of a URL of a service behind IIS.
//!
//! [`id!`] gives a type of one's own all that an id can do, and refuses what would not arrive, or elsewhere:
//!
//! ```
//! use std::sync::Arc;
//!
//! #[derive(Clone, Debug, PartialEq)]
//! struct OrderId(Arc<str>);
//! // What it is called in errors, how many characters it has, and a pattern for JSON Schema.
//! datacontract::id::id!(OrderId, "order id", 1, Some(40), None);
//!
//! assert_eq!("4711".parse::<OrderId>()?.as_str(), "4711");
//! let error = "4711/..".parse::<OrderId>().unwrap_err();
//! assert!(error.to_string().starts_with("the order id contains '/'"), "{error}");
//! # Ok::<(), datacontract::id::IdError>(())
//! ```

use std::fmt;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// Why a text is no id. It was refused before anything was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdError {
    what: &'static str,
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    TooShort(usize),
    TooLong(usize, usize),
    Dots,
    Space,
    Character(char),
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} ", self.what)?;
        match &self.reason {
            Reason::TooShort(1) => write!(f, "is empty"),
            Reason::TooShort(min) => write!(f, "has fewer than {min} characters"),
            Reason::TooLong(max, length) => {
                write!(f, "has {length} characters, and at most {max} are allowed")
            }
            Reason::Dots => write!(f, "is `.` or `..`, which a URL parser turns into another path"),
            Reason::Space => write!(f, "begins or ends with a space"),
            Reason::Character(it) if it.is_control() => {
                write!(f, "contains the control character U+{:04X}", u32::from(*it))
            }
            Reason::Character(it) if is_invisible(*it) => write!(
                f,
                "contains U+{:04X}, a character that nobody sees: delete it, or type the id anew",
                u32::from(*it)
            ),
            Reason::Character(it) => {
                write!(
                    f,
                    "contains {it:?}, which a URL parser or IIS splits, cuts off or refuses in a path"
                )
            }
        }
    }
}

impl std::error::Error for IdError {}

/// Whether it is a format character (general category Cf), such as a zero-width space, a byte order mark, a soft hyphen or
/// a change of the reading direction: two texts look the same, and are not.
pub fn is_invisible(character: char) -> bool {
    !character.is_ascii() && CodePointMapData::<GeneralCategory>::new().get(character) == GeneralCategory::Format
}

/// What a URL parser or IIS splits, cuts off or refuses in a path, even percent-encoded.
pub const REFUSED: &str = r"/\?#%+:*&<>";

/// Refuses what a URL parser rewrites (`..` is another path, a newline vanishes) and what IIS refuses in a path even
/// percent-encoded. Lengths in characters.
#[doc(hidden)]
pub fn check(what: &'static str, text: &str, min: usize, max: Option<usize>) -> Result<(), IdError> {
    let refuse = |reason| Err(IdError { what, reason });
    let length = text.chars().count();
    if length < min {
        return refuse(Reason::TooShort(min));
    }
    let refused = |it: &char| it.is_control() || REFUSED.contains(*it) || is_invisible(*it);
    if let Some(character) = text.chars().find(refused) {
        return refuse(Reason::Character(character));
    }
    if let Some(max) = max.filter(|max| length > *max) {
        return refuse(Reason::TooLong(max, length));
    }
    if text == "." || text == ".." {
        return refuse(Reason::Dots);
    }
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return refuse(Reason::Space);
    }
    Ok(())
}

/// What every id type can do: see the [module](self).
#[doc(hidden)]
#[macro_export]
macro_rules! __id {
    ($name:ident, $what:literal, $min:literal, $max:expr, $pattern:expr) => {
        impl $name {
            /// The id as text, not percent-encoded.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text itself, for those who keep it.
            #[allow(dead_code, reason = "not everyone does")]
            pub(crate) fn shared(&self) -> ::std::sync::Arc<str> {
                ::std::sync::Arc::clone(&self.0)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::id::IdError;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::id::IdError> {
                $crate::id::check($what, text, $min, $max)?;
                Ok(Self(text.into()))
            }
        }

        impl ::std::convert::TryFrom<&str> for $name {
            type Error = $crate::id::IdError;

            fn try_from(text: &str) -> ::std::result::Result<Self, $crate::id::IdError> {
                text.parse()
            }
        }

        impl ::std::convert::TryFrom<::std::string::String> for $name {
            type Error = $crate::id::IdError;

            fn try_from(text: ::std::string::String) -> ::std::result::Result<Self, $crate::id::IdError> {
                $crate::id::check($what, &text, $min, $max)?;
                Ok(Self(text.into()))
            }
        }

        impl ::std::convert::AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $crate::reexported::serde::Serialize for $name {
            fn serialize<S: $crate::reexported::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> $crate::reexported::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::reexported::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let text = <::std::string::String as $crate::reexported::serde::Deserialize>::deserialize(deserializer)?;
                Self::try_from(text).map_err($crate::reexported::serde::de::Error::custom)
            }
        }

        impl $crate::reexported::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut $crate::reexported::schemars::SchemaGenerator) -> $crate::reexported::schemars::Schema {
                let mut schema = $crate::reexported::schemars::json_schema!({"type": "string", "minLength": $min});
                let max: ::std::option::Option<usize> = $max;
                if let Some(max) = max {
                    schema.insert("maxLength".to_owned(), max.into());
                }
                let pattern: ::std::option::Option<&str> = $pattern;
                if let Some(pattern) = pattern {
                    schema.insert("pattern".to_owned(), pattern.into());
                }
                schema
            }
        }

        $crate::plain_value!($name => "string");
    };
}
#[doc(inline)]
pub use __id as id;
