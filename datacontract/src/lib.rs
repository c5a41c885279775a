#![doc = include_str!("../README.md")]

mod binary;
mod characters;
mod date_time;
mod dictionary;
pub mod enumeration;
pub mod generic;
mod guid;
mod http_error;
pub mod id;
pub mod media_type;
mod read;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod values;
mod write;

use std::borrow::Cow;
use std::fmt;

pub use binary::{Base64, Base64Error};
pub use date_time::{DateTime, DateTimeError, DateTimeKind};
pub use enumeration::EnumerationError;
pub use guid::parse_guid;
pub use http_error::HttpError;
pub use read::Reader;
pub use text::decode_text;
pub use uuid::Uuid;
pub use values::List;
pub use write::Writer;

/// What the macros name, so that their callers need not depend on it themselves.
#[doc(hidden)]
pub mod reexported {
    pub use crate::generic::is_value_type;
    pub use {schemars, serde};
}

/// Namespace of a plain value (string, number, date) as the root element.
pub const SERIALIZATION: &str = "http://schemas.microsoft.com/2003/10/Serialization/";
/// Namespace of plain values as items of a list.
pub const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";
/// Namespace of items of a list of `Nullable<T>`: `int?`, `DateTime?`.
pub const SYSTEM: &str = "http://schemas.datacontract.org/2004/07/System";
/// Namespace of `i:nil`.
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// How deep elements may be nested, when written and when read. It bounds the recursion over a
/// value.
const MAX_DEPTH: usize = 64;

/// A type with a data contract: how it is written as XML and read back.
///
/// For a struct, list the members in the order that .NET wants: see the [crate's documentation](crate).
pub trait DataContract: Sized {
    /// Name of the root element, and of an item of a list: `LoanPromise`, `string`,
    /// `ArrayOfstring`.
    fn name() -> Cow<'static, str>;

    /// Namespace of the root element.
    const NAMESPACE: &'static str;

    /// Namespace of the elements inside the value, declared on the element that holds it. Empty
    /// where there are none: for plain values and enumerations.
    const CONTENT_NAMESPACE: &'static str = Self::NAMESPACE;

    /// Namespace of an item of a list. Differs from [`NAMESPACE`](Self::NAMESPACE) for plain
    /// values ([`ARRAYS`]) and `Nullable<T>` ([`SYSTEM`]).
    const ITEM_NAMESPACE: &'static str = Self::NAMESPACE;

    /// Whether it is a value type in .NET (`int`, `DateTime`, an enumeration): `null` then makes another type of it,
    /// `Nullable<T>`, whose items of a list have a namespace of their own.
    const IS_VALUE_TYPE: bool = false;

    /// Name of the type in the names of lists and dictionaries of it. Differs from [`name`](Self::name) for
    /// `Nullable<T>` only: a list of `int?` is `ArrayOfNullableOfint`, and its items are `int`.
    fn type_name() -> Cow<'static, str> {
        Self::name()
    }

    /// Writes what stands between the value's start tag and its end tag.
    ///
    /// # Errors
    /// When the value has no form in XML, such as a string with a character that XML 1.0 forbids.
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error>;

    /// Reads what stands between the value's start tag and its end tag, and the end tag.
    ///
    /// # Errors
    /// When the content is not that of this contract, or not well-formed.
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error>;

    /// Whether the value is .NET's `null`: left out as a member, `i:nil="true"` as an item or as
    /// the root.
    fn is_nil(&self) -> bool {
        false
    }

    /// What a missing member and `i:nil="true"` read as. `None`: the value is required.
    fn nil() -> Option<Self> {
        None
    }
}

/// The name of a member or an item: the namespace of the type that declares it, and its local name.
#[derive(Debug, Clone, Copy)]
pub struct Name<'n> {
    namespace: &'n str,
    local: &'n str,
}

impl<'n> Name<'n> {
    /// Makes a name. The writer takes `local` as it is: it must be a name that XML allows.
    pub const fn new(namespace: &'n str, local: &'n str) -> Self {
        Self { namespace, local }
    }
}

/// Writes a value as an XML document: UTF-8, no declaration, no indentation, as Web API writes it.
///
/// Members without a value are left out, which .NET reads as `null`.
///
/// ```
/// use datacontract::{from_slice, to_vec};
///
/// let xml = to_vec(&"Lånelöfte".to_owned())?;
/// assert_eq!(from_slice::<String>(&xml)?, "Lånelöfte");
/// # Ok::<(), datacontract::Error>(())
/// ```
///
/// # Errors
/// When the value has no form in XML: a character that XML 1.0 forbids, or elements nested deeper
/// than 64.
pub fn to_vec<T: DataContract>(value: &T) -> Result<Vec<u8>, Error> {
    write::document(value)
}

/// Reads an XML document in UTF-8. Strict: a document that says anything this contract does not
/// know is an error.
///
/// Members may come in any order, with any prefix.
///
/// # Errors
/// When the document is not well-formed, has a DOCTYPE, names another encoding, or is not of this
/// contract: another root, an unknown member, one given twice, a required one missing, a value that
/// does not read as its type.
pub fn from_slice<T: DataContract>(xml: &[u8]) -> Result<T, Error> {
    read::document(xml, false, false)
}

/// Reads an answer, like [`from_slice`], but skips unknown elements: what the server says may have
/// grown since this program was written.
///
/// `transcoded` says that the caller has turned another encoding into UTF-8, so that the one which
/// the declaration names is no longer true ([`decode_text`] returns an owned text then).
///
/// # Errors
/// As for [`from_slice`]. [`Error::is_other_document`] tells a foreign document from a damaged one.
pub fn from_answer<T: DataContract>(xml: &[u8], transcoded: bool) -> Result<T, Error> {
    read::document(xml, true, transcoded)
}

/// Why a value could not be written as XML, or a document could not be read.
///
/// Says what and where, and never shows a value of the document.
#[derive(Debug)]
pub struct Error(Box<Details>); // Boxed: each step of writing and reading returns one.

#[derive(Debug)]
struct Details {
    message: Cow<'static, str>,
    /// The elements on the way to the fault, outermost first.
    path: String,
    /// Line, counted from 1, and byte offset, counted from 0, in the document that was read.
    position: Option<(usize, usize)>,
    other_document: bool,
}

impl Error {
    /// An error of the writer. `message` must not show a value of the document.
    #[cold]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Details {
            message: message.into(),
            path: String::new(),
            position: None,
            other_document: false,
        }))
    }

    fn at(mut self, document: &[u8], offset: usize) -> Self {
        let before = document.get(..offset).unwrap_or(document);
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        self.0.position = Some((line, offset));
        self
    }

    fn other_document(mut self) -> Self {
        self.0.other_document = true;
        self
    }

    #[cold]
    fn inside(mut self, element: &str) -> Self {
        let path = &mut self.0.path;
        if !path.is_empty() {
            path.insert(0, '/');
        }
        path.insert_str(0, element);
        self
    }

    fn inside_item(self, element: &str, index: usize) -> Self {
        self.inside(&format!("{element}[{}]", index + 1))
    }

    /// Whether the document is not one of this contract at all: another root element or namespace,
    /// text before the root, or anything but comments after it. What such a document says of the
    /// request cannot be known.
    pub fn is_other_document(&self) -> bool {
        self.0.other_document
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details {
            message,
            path,
            position,
            ..
        } = &*self.0;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        f.write_str(message)?;
        match position {
            Some((line, offset)) => write!(f, " (line {line}, byte {offset})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
