//! Enumerations that stay open: a name that a later version of the service knows is kept, not refused.
//!
//! A type lists its names in [`Enumeration`], and [`open_enumeration!`](crate::open_enumeration) does the rest: `Display`,
//! `FromStr`, serde, JSON Schema and [`DataContract`](crate::DataContract).
//!
//! ```
//! use datacontract::enumeration::{Enumeration, Listed, Open, Unlisted};
//!
//! #[derive(Clone, Debug, PartialEq)]
//! enum Color {
//!     Red,
//!     Green,
//!     Unlisted(String),
//!     UnlistedValue(i32),
//! }
//!
//! impl Enumeration for Color {
//!     const NAME: &'static str = "Color";
//!     const NAMESPACE: &'static str = "http://schemas.datacontract.org/2004/07/Shop";
//!     const LISTED: &'static [Listed<Self>] = &[
//!         Listed { value: Self::Red, name: "Red", number: Some(1) },
//!         Listed { value: Self::Green, name: "Green", number: Some(2) },
//!     ];
//!     fn open(value: Open) -> Self {
//!         match value {
//!             Open::Name(name) => Self::Unlisted(name),
//!             Open::Number(number) => Self::UnlistedValue(number),
//!         }
//!     }
//!     fn unlisted(&self) -> Option<Unlisted<'_>> {
//!         match self {
//!             Self::Unlisted(name) => Some(Unlisted::Name(name)),
//!             Self::UnlistedValue(number) => Some(Unlisted::Number(*number)),
//!             _ => None,
//!         }
//!     }
//! }
//! datacontract::open_enumeration!(Color);
//!
//! let xml = datacontract::to_vec(&Color::Red)?;
//! assert_eq!(xml, br#"<Color xmlns="http://schemas.datacontract.org/2004/07/Shop">Red</Color>"#);
//! assert_eq!("Blue".parse::<Color>()?, Color::Unlisted("Blue".to_owned()));
//! assert_eq!(Color::Green.number(), Some(2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserializer, Serializer, de, ser};

use crate::{Error, Reader, Writer};

/// A name that is known, and its value in Rust.
#[derive(Clone, Debug)]
pub struct Listed<T: 'static> {
    /// The variant.
    pub value: T,
    /// The name on the wire, the one in .NET (or of its `EnumMember`).
    pub name: &'static str,
    /// The number in .NET, which JSON may carry instead of the name. `None`: not known.
    pub number: Option<i32>,
}

/// A value that is not listed, to be kept.
#[derive(Clone, Debug)]
pub enum Open {
    /// A name.
    Name(String),
    /// A number.
    Number(i32),
}

/// A value that is not listed, as it was kept.
#[derive(Clone, Copy, Debug)]
pub enum Unlisted<'a> {
    /// A name.
    Name(&'a str),
    /// A number.
    Number(i32),
}

/// An open enumeration: see the [module](self) for an example.
pub trait Enumeration: Clone + PartialEq + 'static {
    /// The name of the type in XML.
    const NAME: &'static str;
    /// The namespace of the type in XML.
    const NAMESPACE: &'static str;
    /// The names that are known.
    const LISTED: &'static [Listed<Self>];

    /// Keeps a value that is not listed.
    fn open(value: Open) -> Self;
    /// What was kept; `None` for a listed value.
    fn unlisted(&self) -> Option<Unlisted<'_>>;
}

/// Why a text is no value of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumerationError {
    enumeration: &'static str,
    reason: &'static str,
}

impl fmt::Display for EnumerationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.enumeration, self.reason)
    }
}

impl std::error::Error for EnumerationError {}

fn error<T: Enumeration>(reason: &'static str) -> EnumerationError {
    EnumerationError {
        enumeration: T::NAME,
        reason,
    }
}

/// Json.NET reads an empty name as null, trims spaces, takes a number in a string for the number, combines the values
/// of names with a comma between them, and takes a listed name in any case. Each would turn an unlisted name into
/// something else without an error.
fn check_name<T: Enumeration>(name: &str) -> Result<(), EnumerationError> {
    if name.is_empty() {
        return Err(error::<T>("an empty name: the server would take it for no value"));
    }
    if name.starts_with(char::is_whitespace) || name.ends_with(char::is_whitespace) {
        return Err(error::<T>(
            "a name with space around it: the server would take it for another one",
        ));
    }
    if name.contains(',') {
        return Err(error::<T>(
            "a name with a comma: the server would take it for several names",
        ));
    }
    if name.starts_with(['+', '-']) || name.starts_with(|it: char| it.is_ascii_digit()) {
        return Err(error::<T>(
            "a name that begins like a number: the server would take it for one, and XML cannot carry it",
        ));
    }
    let other_case = |it: &Listed<T>| it.name != name && it.name.eq_ignore_ascii_case(name);
    if T::LISTED.iter().any(other_case) {
        return Err(error::<T>(
            "a listed name in another case: the server would take it for the listed one in JSON, and refuse it in XML",
        ));
    }
    Ok(())
}

/// A listed name in any case, as Json.NET reads it; a number; or an unlisted name.
///
/// # Errors
/// A name that the server would take for something else.
pub fn parse<T: Enumeration>(text: &str) -> Result<T, EnumerationError> {
    if let Some(listed) = T::LISTED.iter().find(|it| it.name.eq_ignore_ascii_case(text)) {
        return Ok(listed.value.clone());
    }
    if let Ok(number) = text.parse::<i32>() {
        return Ok(from_number(number));
    }
    unlisted_name(text)
}

fn unlisted_name<T: Enumeration>(name: &str) -> Result<T, EnumerationError> {
    check_name::<T>(name)?;
    Ok(T::open(Open::Name(name.to_owned())))
}

/// A known number reads as its name.
fn from_number<T: Enumeration>(number: i32) -> T {
    match T::LISTED.iter().find(|it| it.number == Some(number)) {
        Some(listed) => listed.value.clone(),
        None => T::open(Open::Number(number)),
    }
}

/// The name, or the number where there is no name for it.
fn written<T: Enumeration>(value: &T) -> Result<Unlisted<'_>, EnumerationError> {
    let listed = match value.unlisted() {
        None => T::LISTED.iter().find(|it| it.value == *value),
        Some(Unlisted::Number(number)) => T::LISTED.iter().find(|it| it.number == Some(number)),
        Some(Unlisted::Name(name)) => {
            check_name::<T>(name)?;
            return Ok(Unlisted::Name(name));
        }
    };
    match (listed, value.unlisted()) {
        (Some(listed), _) => Ok(Unlisted::Name(listed.name)),
        (None, Some(unlisted)) => Ok(unlisted),
        (None, None) => Err(error::<T>("a value without a name")),
    }
}

/// The number, where it is known.
pub fn number<T: Enumeration>(value: &T) -> Option<i32> {
    match value.unlisted() {
        Some(Unlisted::Number(number)) => Some(number),
        Some(Unlisted::Name(_)) => None,
        None => T::LISTED.iter().find(|it| it.value == *value)?.number,
    }
}

/// Implements what every [`Enumeration`] can do.
#[macro_export]
macro_rules! open_enumeration {
    ($name:ident) => {
        impl $name {
            /// The values that the document lists, in its order.
            pub fn listed() -> impl ::std::iter::Iterator<Item = Self> {
                <Self as $crate::enumeration::Enumeration>::LISTED
                    .iter()
                    .map(|it| it.value.clone())
            }

            /// The vendor's number; none for an unlisted name.
            pub fn number(&self) -> ::std::option::Option<i32> {
                $crate::enumeration::number(self)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::enumeration::display(self, f)
            }
        }

        /// A listed name in any case, a number, or a name that the document does not list.
        impl ::std::str::FromStr for $name {
            type Err = $crate::EnumerationError;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::EnumerationError> {
                $crate::enumeration::parse(text)
            }
        }

        impl $crate::reexported::serde::Serialize for $name {
            fn serialize<S>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error>
            where
                S: $crate::reexported::serde::Serializer,
            {
                $crate::enumeration::serialize(self, serializer)
            }
        }

        impl<'de> $crate::reexported::serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: $crate::reexported::serde::Deserializer<'de>,
            {
                $crate::enumeration::deserialize(deserializer)
            }
        }

        impl $crate::reexported::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(
                _: &mut $crate::reexported::schemars::SchemaGenerator,
            ) -> $crate::reexported::schemars::Schema {
                $crate::enumeration::json_schema::<Self>()
            }
        }

        impl $crate::DataContract for $name {
            const NAMESPACE: &'static str = <Self as $crate::enumeration::Enumeration>::NAMESPACE;
            const CONTENT_NAMESPACE: &'static str = "";
            const IS_VALUE_TYPE: bool = true;

            fn name() -> ::std::borrow::Cow<'static, str> {
                <Self as $crate::enumeration::Enumeration>::NAME.into()
            }

            fn write_content(&self, writer: &mut $crate::Writer) -> ::std::result::Result<(), $crate::Error> {
                $crate::enumeration::write(self, writer)
            }

            fn read_content(reader: &mut $crate::Reader<'_>) -> ::std::result::Result<Self, $crate::Error> {
                $crate::enumeration::read(reader)
            }
        }
    };
}

/// The name, or the number where there is no name for it.
#[doc(hidden)]
pub fn display<T: Enumeration>(value: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value.unlisted() {
        Some(Unlisted::Name(name)) => f.pad(name),
        Some(Unlisted::Number(number)) => fmt::Display::fmt(&number, f),
        None => match T::LISTED.iter().find(|it| it.value == *value) {
            Some(listed) => f.pad(listed.name),
            None => Ok(()),
        },
    }
}

#[doc(hidden)]
pub fn write<T: Enumeration>(value: &T, writer: &mut Writer) -> Result<(), Error> {
    match written(value) {
        Ok(Unlisted::Name(name)) => writer.text(name),
        Ok(Unlisted::Number(number)) => Err(Error::new(format!(
            "the number {number} is no name that the document lists, and XML carries names only; send it as JSON"
        ))),
        Err(error) => Err(Error::new(error.to_string())),
    }
}

/// An exact name, as DataContractSerializer reads it; an unlisted one is kept as it stands.
#[doc(hidden)]
pub fn read<T: Enumeration>(reader: &mut Reader<'_>) -> Result<T, Error> {
    let text = reader.text()?;
    if let Some(listed) = T::LISTED.iter().find(|it| it.name == text) {
        return Ok(listed.value.clone());
    }
    unlisted_name(&text).map_err(|error| reader.error(error.to_string()))
}

#[doc(hidden)]
pub fn json_schema<T: Enumeration>() -> schemars::Schema {
    let names: Vec<&str> = T::LISTED.iter().map(|it| it.name).collect();
    schemars::json_schema!({
        "anyOf": [
            {"type": "string", "enum": names},
            {"type": "string", "description": "A name that the document does not list", "pattern": r"^[^\s,+\-0-9]([^,]*[^\s,])?$"},
            {"type": "integer", "format": "int32", "description": "A number"},
        ]
    })
}

#[doc(hidden)]
pub fn serialize<T: Enumeration, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    match written(value).map_err(ser::Error::custom)? {
        Unlisted::Name(name) => serializer.serialize_str(name),
        Unlisted::Number(number) => serializer.serialize_i32(number),
    }
}

#[doc(hidden)]
pub fn deserialize<'de, T: Enumeration, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Visitor(PhantomData))
}

struct Visitor<T>(PhantomData<T>);

impl<T: Enumeration> de::Visitor<'_> for Visitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a name or a 32-bit number for {}", T::NAME)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        parse(text).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        i32::try_from(number).map(from_number).map_err(|_| {
            E::custom(error::<T>(
                "a number that does not fit in 32 bits: the server would wrap it around",
            ))
        })
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }
}
