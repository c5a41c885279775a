//! The document's schemas, as the .NET types that stand behind them. No schema is named here.

use std::fmt;
use std::sync::Arc;

/// The name of an XML element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct XmlName {
    pub(crate) name: String,
    pub(crate) namespace: String,
}

/// The type of a value.
#[derive(Clone, Debug)]
pub(crate) enum Type {
    Text,
    Date,
    Boolean,
    Int32,
    Int64,
    /// .NET's `decimal`: a number without a format.
    Decimal,
    /// .NET's `double` or `float`.
    Double,
    Enumeration(Arc<Enumeration>),
    /// An index into [`Schemas`]: objects may contain themselves.
    Object(usize),
    List(Arc<Item>),
    /// Anything that the document says nothing usable about.
    Any,
}

/// What a list holds.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) ty: Type,
    pub(crate) xml: XmlName,
}

/// An enumeration: names, and the numbers that stand for them.
#[derive(Debug)]
pub(crate) struct Enumeration {
    pub(crate) values: Vec<(String, i64)>,
}

/// An object with members, in the order in which DataContractSerializer reads and writes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    pub(crate) members: Vec<Member>,
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) json: String,
    pub(crate) xml: XmlName,
    pub(crate) ty: Type,
    pub(crate) required: bool,
}

/// A type, and the name of its element where it is the root.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) ty: Type,
    pub(crate) xml: XmlName,
    /// The schema's name in the document, where it has one.
    pub(crate) schema: Option<String>,
}

/// Why a document cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError(pub(crate) String);

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the OpenAPI document cannot be served: {}", self.0)
    }
}

impl std::error::Error for DocumentError {}

/// All object schemas in use.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    pub(crate) objects: Vec<Object>,
}

impl Schemas {
    /// An object by the index in its [`Type`].
    pub(crate) fn object(&self, index: usize) -> &Object {
        // Indices come from `Reader` only, which hands out no other.
        &self.objects[index]
    }
}
