//! What an OpenAPI document in `vitec-connect`'s form says, as data.
//!
//! `vitec-connect-codegen` reads the document once, checks it and makes this of it; the library embeds it
//! (`vitec_connect::description()`). Whoever wants to know an operation, a parameter or a member asks here and nowhere else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The document's own title.
    pub title: String,
    /// The document's own version.
    pub version: String,
    /// What it is about, in Markdown.
    pub description: Option<String>,
    /// The base URL that calls go to unless told otherwise, without a slash at its end.
    pub server: String,
    /// In the order of the document.
    pub operations: Vec<Operation>,
    /// By the name of the type in Rust.
    pub schemas: BTreeMap<String, Schema>,
}

/// A method and a path: what can be called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// `createLoanPromise`
    pub id: String,
    /// `create_loan_promise`: the client's method.
    pub name: String,
    /// `loan-promise` and `create`: the command.
    pub command: Command,
    /// In capitals: `POST`.
    pub method: String,
    /// With the parameters in braces: `/CRM/Buyer/{customerId}/{contactId}/LoanPromise`.
    pub path: String,
    /// The document's groups that it is in.
    pub tags: Vec<String>,
    /// What it does, in a line.
    pub summary: Option<String>,
    /// What it does, in Markdown.
    pub description: Option<String>,
    /// Whether the document advises against it.
    pub deprecated: bool,
    /// Those in the path first, in its order; then the others, in the document's.
    pub parameters: Vec<Parameter>,
    /// The parameter that says whose password a call takes. Without one, the caller names a customer, who is not sent.
    pub credentials_key: Option<String>,
    /// What is sent; none for an operation without a body.
    pub body: Option<Body>,
    /// What comes back when all is well.
    pub answer: Answer,
    /// All the answers that the document speaks of, errors included.
    pub statuses: Vec<Status>,
    /// Whether it is the one that an outbox delivers (`x-deliver`).
    pub deliver: bool,
}

/// How an operation is called on the command line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Command {
    /// `loan-promise`
    pub noun: String,
    /// `create`
    pub verb: String,
}

/// A value in the path, the query or a header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// As the server calls it: `contactId`.
    pub name: String,
    /// As Rust calls it: `contact_id`.
    pub argument: String,
    /// Where it stands.
    pub place: Place,
    /// Whether a call needs it.
    pub required: bool,
    /// What it is, in Markdown.
    pub description: Option<String>,
    /// Its type. In a path, a text is a schema of the kind [`Shape::Id`].
    pub ty: Type,
    /// What the document demands of it beside its type.
    pub limits: Limits,
    /// The document's example, as JSON text.
    pub example: Option<String>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// Between slashes.
    Path,
    /// Behind the `?`. A list is sent as `name=a&name=b`.
    Query,
    /// In a header.
    Header,
}

/// What an operation is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// The action's parameter in .NET, which leads the keys of `modelState`: `loanPromise`.
    pub parameter: String,
    /// Whether a call needs it.
    pub required: bool,
    /// What it is, in Markdown.
    pub description: Option<String>,
    /// What it carries.
    pub content: Content,
}

/// What an operation answers when all is well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The status of the answer with content; where none has any, of the first in the document.
    pub status: u16,
    /// What it is, in Markdown.
    pub description: Option<String>,
    /// What it carries; none for an answer without a body.
    pub content: Option<Content>,
    /// Whether there is another success, without content.
    pub optional: bool,
}

/// An answer that the document speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// `403`, also `4XX` or `default`.
    pub code: String,
    /// What it means, in Markdown.
    pub description: Option<String>,
}

/// A value as a whole body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// The document's media types that are JSON or XML; where there are none, the others.
    pub media_types: Vec<String>,
    /// [`Type::Binary`] where neither JSON nor XML is offered.
    pub ty: Type,
    /// The root element in XML.
    pub xml: XmlName,
    /// The document's example, as JSON text.
    pub example: Option<String>,
}

/// A schema that is a type of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// What it is, in Markdown.
    pub description: Option<String>,
    /// What it holds.
    pub shape: Shape,
}

/// What a schema holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// Members. They stand in the order that DataContractSerializer demands: those of the base type first, then ordinal by
    /// their names in XML.
    Object {
        /// Its element where it is the root or in a list.
        xml: XmlName,
        /// What it holds.
        members: Vec<Member>,
    },
    /// A name out of a list.
    Enumeration {
        /// Its element where it is the root or in a list. Without a namespace it can only be a member.
        xml: XmlName,
        /// The names known today, in the order of the document.
        names: Vec<Listed>,
    },
    /// A text that stands in a path. Lengths in characters.
    Id {
        /// At least so many, and at least 1.
        min: u64,
        /// At most so many, where the document says.
        max: Option<u64>,
        /// A regular expression (ECMA 262).
        pattern: Option<String>,
    },
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// `validUntil`
    pub json: String,
    /// `ValidUntil`, in the namespace of the type that declares it.
    pub xml: XmlName,
    /// What it is, in Markdown.
    pub description: Option<String>,
    /// Its type.
    pub ty: Type,
    /// Whether it has to be there. Never one that is read-only or may be `null`.
    pub required: bool,
    /// Whether only the server sets it.
    pub read_only: bool,
    /// What the document demands of it beside its type.
    pub limits: Limits,
    /// Whether the object is of no use after this date (`x-expires`).
    pub expires: bool,
}

/// A name that an enumeration lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// As it is sent: `VerifiedByBank`.
    pub name: String,
    /// As Rust calls it.
    pub variant: String,
    /// Its number in .NET, where the document says it.
    pub number: Option<i32>,
    /// What it means.
    pub description: Option<String>,
}

/// What the document demands of a value beside its type. Nothing here is checked by the client: the server says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// In characters.
    pub min_length: Option<u64>,
    /// In characters.
    pub max_length: Option<u64>,
    /// A regular expression (ECMA 262).
    pub pattern: Option<String>,
    /// At least this.
    pub minimum: Option<f64>,
    /// At most this.
    pub maximum: Option<f64>,
    /// Whole numbers out of this list; empty for any.
    pub values: Vec<i64>,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Type {
    /// A string.
    Text,
    /// A date, with or without a time: .NET Framework has no type for a date alone.
    DateTime,
    /// `true` or `false`.
    Boolean,
    /// .NET's `short`.
    Int16,
    /// .NET's `int`.
    Int32,
    /// .NET's `long`.
    Int64,
    /// .NET's `float`.
    Float,
    /// .NET's `double`.
    Double,
    /// .NET's `Guid`.
    Uuid,
    /// .NET's `byte[]`: base64 in JSON and in XML.
    Bytes,
    /// A whole body that is neither JSON nor XML.
    Binary,
    /// A schema of that name.
    Schema(String),
    /// A list.
    List(Box<Item>),
    /// Values by name.
    Dictionary(Box<Item>),
}

/// What a list or a dictionary holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The type of each value.
    pub ty: Type,
    /// The element of each value; in a dictionary, of each pair.
    pub xml: XmlName,
}

/// The name of an element in XML.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct XmlName {
    /// `Bank`
    pub name: String,
    /// A URI.
    pub namespace: String,
}

impl Description {
    /// The operation that the document calls `id`.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|it| it.id == id)
    }

    /// The operation that an outbox delivers.
    pub fn delivered(&self) -> Option<&Operation> {
        self.operations.iter().find(|it| it.deliver)
    }

    /// What a type holds, where it is a schema.
    pub fn shape(&self, ty: &Type) -> Option<&Shape> {
        match ty {
            Type::Schema(name) => self.schemas.get(name).map(|it| &it.shape),
            _ => None,
        }
    }

    /// The members of a type; none for what is no object.
    pub fn members(&self, ty: &Type) -> &[Member] {
        match self.shape(ty) {
            Some(Shape::Object { members, .. }) => members,
            _ => &[],
        }
    }
}
