//! What the description of the document says, as far as arguments, flags and help need it.

use vitec_connect::description::{Description, Shape, Type};

/// An operation of the document.
pub(crate) struct Operation {
    pub(crate) id: String,
    /// `loan-promise`
    pub(crate) noun: String,
    /// `create`
    pub(crate) verb: String,
    pub(crate) summary: String,
    pub(crate) parameters: Vec<Field>,
    /// None for an operation without a body.
    pub(crate) members: Option<Vec<Field>>,
}

/// A parameter of an operation or a member of its body.
pub(crate) struct Field {
    /// As the document calls it.
    pub(crate) name: String,
    /// `valid-until`
    pub(crate) flag: String,
    pub(crate) help: String,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    DateTime,
    Name,
    Number,
    Boolean,
    /// An object or a list: it can only be given with `--input`.
    Nested,
}

/// All operations of the document.
pub(crate) fn operations() -> Vec<Operation> {
    let description = vitec_connect::description();
    let operations = description.operations.iter().map(|operation| Operation {
        id: operation.id.clone(),
        noun: operation.command.noun.clone(),
        verb: operation.command.verb.clone(),
        summary: operation.summary.clone().unwrap_or_else(|| operation.id.clone()),
        parameters: operation
            .parameters
            .iter()
            .map(|it| Field {
                required: it.required,
                ..field(description, &it.name, &it.ty, it.description.as_deref())
            })
            .collect(),
        members: operation.body.as_ref().map(|body| {
            let members = description.members(&body.content.ty).iter();
            members
                .map(|it| field(description, &it.json, &it.ty, it.description.as_deref()))
                .collect()
        }),
    });
    operations.collect()
}

fn field(description: &Description, name: &str, ty: &Type, text: Option<&str>) -> Field {
    let of_schema = match ty {
        Type::Schema(name) => description.schemas.get(name).and_then(|it| it.description.as_deref()),
        _ => None,
    };
    let text = text.or(of_schema).unwrap_or_default().trim();
    let (kind, help) = match (ty, description.shape(ty)) {
        (_, Some(Shape::Enumeration { names, .. })) => {
            let names: Vec<&str> = names.iter().map(|it| it.name.as_str()).collect();
            let help = format!("{text}: {}; or another name or number", names.join(", "));
            (Kind::Name, help)
        }
        (Type::DateTime, _) => (
            Kind::DateTime,
            format!("{text} As in 2027-01-31 or 2027-01-31T12:00:00+01:00"),
        ),
        (Type::Int16 | Type::Int32 | Type::Int64 | Type::Float | Type::Double, _) => (Kind::Number, text.to_owned()),
        (Type::Boolean, _) => (Kind::Boolean, text.to_owned()),
        (Type::Text | Type::Uuid | Type::Bytes, _) | (_, Some(Shape::Id { .. })) => (Kind::Text, text.to_owned()),
        (Type::List(_) | Type::Dictionary(_) | Type::Binary | Type::Schema(_), _) => (Kind::Nested, text.to_owned()),
    };
    Field {
        name: name.to_owned(),
        flag: kebab(name),
        help,
        kind,
        required: false,
    }
}

/// The name of the schema member that `name` differs from in case only.
pub(crate) fn similar<'a>(members: &'a [Field], name: &str) -> Option<&'a str> {
    members
        .iter()
        .find(|it| it.name.eq_ignore_ascii_case(name))
        .map(|it| it.name.as_str())
}

/// `validUntil` to `valid-until`.
fn kebab(name: &str) -> String {
    let mut words = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.extend(character.to_lowercase());
    }
    words
}
