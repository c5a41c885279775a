//! What the open enumerations share: generated code lists the names, this file reads and writes them.

use std::fmt;

/// A name that the document lists, and its value in Rust.
pub(crate) struct Listed<T: 'static> {
    pub(crate) value: T,
    pub(crate) name: &'static str,
    pub(crate) number: Option<i32>,
}

/// A value that the document does not list, to be kept.
pub(crate) enum Open {
    Name(String),
    Number(i32),
}

/// A value that the document does not list, as it was kept.
pub(crate) enum Unlisted<'a> {
    Name(&'a str),
    Number(i32),
}

/// An open enumeration.
pub(crate) trait Enumeration: Clone + PartialEq + 'static {
    const NAME: &'static str;
    const NAMESPACE: &'static str;
    const LISTED: &'static [Listed<Self>];

    fn open(value: Open) -> Self;
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
pub(crate) fn parse<T: Enumeration>(text: &str) -> Result<T, EnumerationError> {
    if let Some(listed) = T::LISTED.iter().find(|it| it.name.eq_ignore_ascii_case(text)) {
        return Ok(listed.value.clone());
    }
    if let Ok(number) = text.parse::<i32>() {
        return Ok(from_number(number));
    }
    check_name::<T>(text)?;
    Ok(T::open(Open::Name(text.to_owned())))
}

/// A known number reads as its name.
pub(crate) fn from_number<T: Enumeration>(number: i32) -> T {
    match T::LISTED.iter().find(|it| it.number == Some(number)) {
        Some(listed) => listed.value.clone(),
        None => T::open(Open::Number(number)),
    }
}

/// The name, or the number where there is no name for it.
pub(crate) fn written<T: Enumeration>(value: &T) -> Result<Unlisted<'_>, EnumerationError> {
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
pub(crate) fn number<T: Enumeration>(value: &T) -> Option<i32> {
    match value.unlisted() {
        Some(Unlisted::Number(number)) => Some(number),
        Some(Unlisted::Name(_)) => None,
        None => T::LISTED.iter().find(|it| it.value == *value)?.number,
    }
}

/// What every enumeration can do; generated code calls it for each.
macro_rules! open_enumeration {
    ($name:ident) => {
        impl $name {
            /// The values that the document lists, in its order.
            pub fn listed() -> impl ::std::iter::Iterator<Item = Self> {
                <Self as $crate::enumeration::Enumeration>::LISTED.iter().map(|it| it.value.clone())
            }

            /// The vendor's number; none for an unlisted name.
            pub fn number(&self) -> ::std::option::Option<i32> {
                $crate::enumeration::number(self)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                use $crate::enumeration::{Enumeration, Unlisted};
                match self.unlisted() {
                    Some(Unlisted::Name(name)) => f.pad(name),
                    Some(Unlisted::Number(number)) => ::std::fmt::Display::fmt(&number, f),
                    None => match Self::LISTED.iter().find(|it| it.value == *self) {
                        Some(listed) => f.pad(listed.name),
                        None => Ok(()),
                    },
                }
            }
        }

        /// A listed name in any case, a number, or a name that the document does not list.
        impl ::std::str::FromStr for $name {
            type Err = $crate::EnumerationError;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::EnumerationError> {
                $crate::enumeration::parse(text)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                use $crate::enumeration::Unlisted;
                match $crate::enumeration::written(self).map_err(::serde::ser::Error::custom)? {
                    Unlisted::Name(name) => serializer.serialize_str(name),
                    Unlisted::Number(number) => serializer.serialize_i32(number),
                }
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                deserializer.deserialize_any($crate::enumeration::Visitor(::std::marker::PhantomData))
            }
        }

        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                $crate::enumeration::json_schema::<Self>()
            }
        }

        impl $crate::datacontract::DataContract for $name {
            const NAMESPACE: &'static str = <Self as $crate::enumeration::Enumeration>::NAMESPACE;
            const CONTENT_NAMESPACE: &'static str = "";

            fn name() -> ::std::borrow::Cow<'static, str> {
                <Self as $crate::enumeration::Enumeration>::NAME.into()
            }

            fn write_content(
                &self,
                writer: &mut $crate::datacontract::Writer,
            ) -> ::std::result::Result<(), $crate::datacontract::Error> {
                use $crate::enumeration::Unlisted;
                match $crate::enumeration::written(self) {
                    Ok(Unlisted::Name(name)) => writer.text(name),
                    Ok(Unlisted::Number(number)) => Err($crate::datacontract::Error::new(format!(
                        "the number {number} is no name that the document lists, and XML carries names only; send it as JSON"
                    ))),
                    Err(error) => Err($crate::datacontract::Error::new(error.to_string())),
                }
            }

            fn read_content(
                reader: &mut $crate::datacontract::Reader<'_>,
            ) -> ::std::result::Result<Self, $crate::datacontract::Error> {
                let text = reader.text()?;
                $crate::enumeration::from_xml(&text).map_err(|error| reader.error(error.to_string()))
            }
        }
    };
}
pub(crate) use open_enumeration;

/// An exact name, as DataContractSerializer reads it; an unlisted one is kept as it stands.
pub(crate) fn from_xml<T: Enumeration>(text: &str) -> Result<T, EnumerationError> {
    if let Some(listed) = T::LISTED.iter().find(|it| it.name == text) {
        return Ok(listed.value.clone());
    }
    check_name::<T>(text)?;
    Ok(T::open(Open::Name(text.to_owned())))
}

pub(crate) fn json_schema<T: Enumeration>() -> schemars::Schema {
    let names: Vec<&str> = T::LISTED.iter().map(|it| it.name).collect();
    schemars::json_schema!({
        "anyOf": [
            {"type": "string", "enum": names},
            {"type": "string", "description": "A name that the document does not list", "pattern": r"^[^\s,+\-0-9]([^,]*[^\s,])?$"},
            {"type": "integer", "format": "int32", "description": "A number"},
        ]
    })
}

pub(crate) struct Visitor<T>(pub(crate) std::marker::PhantomData<T>);

impl<T: Enumeration> serde::de::Visitor<'_> for Visitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a name or a 32-bit number for {}", T::NAME)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        parse(text).map_err(E::custom)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
        i32::try_from(number).map(from_number).map_err(|_| {
            E::custom(error::<T>(
                "a number that does not fit in 32 bits: the server would wrap it around",
            ))
        })
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }
}
