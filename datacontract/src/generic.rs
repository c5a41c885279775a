//! How .NET names generic types: `NullableOfint`, `KeyValueOfstringPersonuXm_PPMpk`.
//!
//! The contracts of lists, dictionaries and `Option` do it on their own. These functions are for programs that only
//! have the names: a code generator, a test server.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use md5::{Digest as _, Md5};

use crate::{ARRAYS, DataContract, SERIALIZATION};

/// Namespace of plain values as arguments of a generic type.
const XML_SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";

/// Name of an entry of a `Dictionary<string, T>`, going by the name and the namespace of `T` as the root of a document.
/// The dictionary itself is called `ArrayOf` and then this, and both stand in [`ARRAYS`].
///
/// Where `T` is not a plain value, .NET appends a digest of the namespaces, so that two types of one name stay apart.
///
/// ```
/// use datacontract::generic::dictionary_entry;
/// use datacontract::{ARRAYS, SERIALIZATION};
///
/// assert_eq!(dictionary_entry("int", SERIALIZATION), "KeyValueOfstringint");
/// assert_eq!(dictionary_entry("ArrayOfint", ARRAYS), "KeyValueOfstringArrayOfintty7Ep6D1");
/// ```
pub fn dictionary_entry(value: &str, namespace: &str) -> String {
    let digest = digest(namespace, |namespace| format!(" 2 {XML_SCHEMA} {namespace}"));
    format!("KeyValueOfstring{value}{digest}")
}

/// Name of a `Nullable<T>` in the names of lists and dictionaries of it, going by the name and the namespace of `T` as
/// the root of a document. Its namespace there is [`SYSTEM`](crate::SYSTEM).
///
/// ```
/// use datacontract::SERIALIZATION;
///
/// assert_eq!(datacontract::generic::nullable("int", SERIALIZATION), "NullableOfint");
/// ```
pub fn nullable(value: &str, namespace: &str) -> String {
    let digest = digest(namespace, |namespace| format!(" 1 {namespace}"));
    format!("NullableOf{value}{digest}")
}

/// Of the number of arguments and their namespaces; empty where the only one that could differ is that of plain values.
fn digest(namespace: &str, all: impl FnOnce(&str) -> String) -> String {
    if namespace == SERIALIZATION {
        return String::new();
    }
    let digest = Md5::digest(all(namespace));
    let text = BASE64_STANDARD.encode(&digest[..6]);
    text.replace('/', "_S").replace('+', "_P")
}

/// The namespace that goes with [`DataContract::type_name`].
pub(crate) fn namespace<T: DataContract>() -> &'static str {
    let is_plain = T::NAMESPACE == SERIALIZATION && T::ITEM_NAMESPACE == ARRAYS;
    match is_plain {
        true => SERIALIZATION,
        false => T::ITEM_NAMESPACE,
    }
}

/// Whether .NET makes the type nullable by `Nullable<T>`, going by its name in XML.
#[doc(hidden)]
pub const fn is_value_type(xml_name: &str) -> bool {
    !matches!(xml_name.as_bytes(), b"string" | b"base64Binary" | b"anyURI")
}
