//! The description's schemas, as the .NET types that stand behind them. No schema is named here.

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
    Int16,
    Int32,
    Int64,
    /// .NET's `double` or `float`.
    Double,
    Enumeration(Arc<Enumeration>),
    /// An index into [`Schemas`]: objects may contain themselves.
    Object(usize),
    List(Arc<Item>),
    /// Values by name; the item is a pair.
    Dictionary(Arc<Item>),
    /// A `Guid`.
    Uuid,
    /// Base64.
    Bytes,
    /// A whole body that is neither JSON nor XML.
    Binary,
    /// Anything: what nobody asked for.
    Any,
}

impl Type {
    /// Whether .NET can hold `null` in a list of it.
    pub(crate) fn is_nullable(&self) -> bool {
        matches!(
            self,
            Self::Text | Self::Object(_) | Self::List(_) | Self::Dictionary(_) | Self::Bytes | Self::Any
        )
    }
}

/// What a list or a dictionary holds.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) ty: Type,
    pub(crate) xml: XmlName,
}

/// An enumeration: names, and the numbers that stand for them, as far as they are known.
#[derive(Debug)]
pub(crate) struct Enumeration {
    pub(crate) values: Vec<(String, Option<i64>)>,
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
}

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
