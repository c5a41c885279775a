//! The contracts of plain values, of `null` and of lists.

use super::{ARRAYS, DataContract, Error, Name, Reader, SERIALIZATION, SYSTEM, Writer, generic};
use std::borrow::Cow;

/// Implements [`DataContract`] for a plain value by its `Display` and `FromStr`.
///
/// Both must agree with the XML Schema type of that name. Whitespace around the text is dropped
/// when reading.
///
/// ```
/// # #[derive(Debug, PartialEq)]
/// struct OrderNumber(u32);
/// # impl std::fmt::Display for OrderNumber {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{}", self.0) }
/// # }
/// # impl std::str::FromStr for OrderNumber {
/// #     type Err = std::num::ParseIntError;
/// #     fn from_str(text: &str) -> Result<Self, Self::Err> { text.parse().map(Self) }
/// # }
/// // OrderNumber implements Display and FromStr.
/// datacontract::plain_value! { OrderNumber => "unsignedInt" }
///
/// let xml = datacontract::to_vec(&OrderNumber(7))?;
/// assert_eq!(datacontract::from_slice::<OrderNumber>(&xml)?, OrderNumber(7));
/// # Ok::<(), datacontract::Error>(())
/// ```
#[macro_export]
macro_rules! plain_value {
    ($($type:ty => $name:literal),+ $(,)?) => {$(
        impl $crate::DataContract for $type {
            fn name() -> ::std::borrow::Cow<'static, str> {
                $name.into()
            }
            const NAMESPACE: &'static str = $crate::SERIALIZATION;
            const CONTENT_NAMESPACE: &'static str = "";
            const ITEM_NAMESPACE: &'static str = $crate::ARRAYS;
            const IS_VALUE_TYPE: bool = $crate::reexported::is_value_type($name);
            fn write_content(
                &self,
                writer: &mut $crate::Writer,
            ) -> ::std::result::Result<(), $crate::Error> {
                writer.plain(self)
            }
            fn read_content(
                reader: &mut $crate::Reader<'_>,
            ) -> ::std::result::Result<Self, $crate::Error> {
                reader.plain($name, |text| text.parse().ok())
            }
        }
    )+};
}
plain_value! {
    i8 => "byte", i16 => "short", i32 => "int", i64 => "long",
    u8 => "unsignedByte", u16 => "unsignedShort", u32 => "unsignedInt", u64 => "unsignedLong",
}

impl DataContract for String {
    fn name() -> Cow<'static, str> {
        "string".into()
    }
    const NAMESPACE: &'static str = SERIALIZATION;
    const CONTENT_NAMESPACE: &'static str = "";
    const ITEM_NAMESPACE: &'static str = ARRAYS;
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        writer.text(self)
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.text().map(Cow::into_owned)
    }
}

impl DataContract for bool {
    fn name() -> Cow<'static, str> {
        "boolean".into()
    }
    const NAMESPACE: &'static str = SERIALIZATION;
    const CONTENT_NAMESPACE: &'static str = "";
    const ITEM_NAMESPACE: &'static str = ARRAYS;
    const IS_VALUE_TYPE: bool = true;
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        writer.plain(self)
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.plain("boolean", super::tokens::boolean)
    }
}

/// Floating point numbers are written without an exponent: .NET reads that for a `decimal` too,
/// which refuses one.
macro_rules! floating_point {
    ($($type:ty => $name:literal),+) => {$(
        impl DataContract for $type {
            fn name() -> Cow<'static, str> {
                $name.into()
            }
            const NAMESPACE: &'static str = SERIALIZATION;
            const CONTENT_NAMESPACE: &'static str = "";
            const ITEM_NAMESPACE: &'static str = ARRAYS;
            const IS_VALUE_TYPE: bool = true;
            fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
                match *self {
                    Self::INFINITY => writer.text("INF"),
                    Self::NEG_INFINITY => writer.text("-INF"),
                    _ => writer.plain(self),
                }
            }
            fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
                reader.plain($name, |text| match text {
                    "INF" => Some(Self::INFINITY),
                    "-INF" => Some(Self::NEG_INFINITY),
                    "NaN" => Some(Self::NAN),
                    // Rust reads `inf` and `nan` in any case, and a number beyond the type's range as
                    // infinite: none of these is a value of the XML Schema type.
                    _ => text.parse().ok().filter(|value: &Self| value.is_finite()),
                })
            }
        }
    )+};
}
floating_point! { f32 => "float", f64 => "double" }

impl<T: DataContract> DataContract for Box<T> {
    fn name() -> Cow<'static, str> {
        T::name()
    }
    const NAMESPACE: &'static str = T::NAMESPACE;
    const CONTENT_NAMESPACE: &'static str = T::CONTENT_NAMESPACE;
    const ITEM_NAMESPACE: &'static str = T::ITEM_NAMESPACE;
    const IS_VALUE_TYPE: bool = T::IS_VALUE_TYPE;
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        (**self).write_content(writer)
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        T::read_content(reader).map(Box::new)
    }
    fn is_nil(&self) -> bool {
        (**self).is_nil()
    }
    fn nil() -> Option<Self> {
        T::nil().map(Box::new)
    }
}

/// `None` is .NET's `null`.
impl<T: DataContract> DataContract for Option<T> {
    fn name() -> Cow<'static, str> {
        T::name()
    }
    const NAMESPACE: &'static str = T::NAMESPACE;
    const CONTENT_NAMESPACE: &'static str = T::CONTENT_NAMESPACE;
    const ITEM_NAMESPACE: &'static str = match T::IS_VALUE_TYPE {
        true => SYSTEM,
        false => T::ITEM_NAMESPACE,
    };
    fn type_name() -> Cow<'static, str> {
        match T::IS_VALUE_TYPE {
            true => generic::nullable(&T::type_name(), generic::namespace::<T>()).into(),
            false => T::type_name(),
        }
    }
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        self.as_ref().map_or(Ok(()), |value| value.write_content(writer))
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        T::read_content(reader).map(Some)
    }
    fn is_nil(&self) -> bool {
        self.as_ref().is_none_or(T::is_nil)
    }
    fn nil() -> Option<Self> {
        Some(None)
    }
}

/// A list, with items named as their type. A missing list and `null` read as the empty list.
impl<T: DataContract> DataContract for Vec<T> {
    fn name() -> Cow<'static, str> {
        format!("ArrayOf{}", T::type_name()).into()
    }
    const NAMESPACE: &'static str = T::ITEM_NAMESPACE;
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        writer.items(&T::name(), T::ITEM_NAMESPACE, self)
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.items(&Name::new(T::ITEM_NAMESPACE, &T::name()))
    }
    fn nil() -> Option<Self> {
        Some(Self::new())
    }
}

/// What a list with item names of its own can be held in: `Vec<T>`, or `Option<Vec<T>>`.
pub trait List: DataContract {
    /// The items' type.
    type Item: DataContract;
    /// The items, or `None` for `null`.
    fn items(&self) -> Option<&[Self::Item]>;
    /// The list of these items.
    fn from_items(items: Vec<Self::Item>) -> Self;
}

impl<T: DataContract> List for Vec<T> {
    type Item = T;
    fn items(&self) -> Option<&[T]> {
        Some(self)
    }
    fn from_items(items: Vec<T>) -> Self {
        items
    }
}

impl<T: DataContract> List for Option<Vec<T>> {
    type Item = T;
    fn items(&self) -> Option<&[T]> {
        self.as_deref()
    }
    fn from_items(items: Vec<T>) -> Self {
        Some(items)
    }
}
