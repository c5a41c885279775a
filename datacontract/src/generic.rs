//! How .NET names generic types: `NullableOfint`, `KeyValueOfstringPersonuXm_PPMpk`.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use md5::{Digest as _, Md5};

use crate::{ARRAYS, DataContract, SERIALIZATION};

/// Namespace of plain values as arguments of a generic type. .NET takes it, and the one of `guid`, for known.
const XML_SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";

/// Name of a `T?` that .NET holds as `Nullable<T>`.
pub(crate) fn nullable<T: DataContract>() -> String {
    format!("NullableOf{}{}", T::type_name(), suffix::<T>(1, ""))
}

/// Name of an entry of a `Dictionary<string, T>`.
pub(crate) fn entry<T: DataContract>() -> String {
    format!("KeyValueOfstring{}{}", T::type_name(), suffix::<T>(2, XML_SCHEMA))
}

/// Whether .NET makes the type nullable by `Nullable<T>`, going by its name in XML.
#[doc(hidden)]
pub const fn is_value_type(xml_name: &str) -> bool {
    !matches!(xml_name.as_bytes(), b"string" | b"base64Binary" | b"anyURI")
}

/// What keeps apart the types whose arguments have the same name in two namespaces: nothing for plain values, else a
/// digest of the arguments' number and namespaces. `first` is the namespace of the argument before `T`, if there is one.
fn suffix<T: DataContract>(arguments: usize, first: &str) -> String {
    let is_plain = T::NAMESPACE == SERIALIZATION && T::ITEM_NAMESPACE == ARRAYS;
    if is_plain {
        return String::new();
    }
    let first = match first {
        "" => String::new(),
        first => format!(" {first}"),
    };
    let namespaces = format!(" {arguments}{first} {}", T::ITEM_NAMESPACE);
    let digest = Md5::digest(namespaces);
    let text = BASE64_STANDARD.encode(&digest[..6]);
    text.replace('/', "_S").replace('+', "_P")
}
