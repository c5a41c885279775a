//! What the description of the document says, as far as arguments, flags and help need it.

use vitec_connect::description::{self, Description, Place, Shape, Type};

/// The flag that names the customer where no parameter does.
const CUSTOMER: &str = "customerId";

/// An operation of the document.
pub(crate) struct Operation {
    pub(crate) id: String,
    /// `loan-promise`
    pub(crate) noun: String,
    /// `create`
    pub(crate) verb: String,
    pub(crate) summary: String,
    pub(crate) parameters: Vec<Flag>,
    pub(crate) body: Option<Body>,
    /// Whether it is the one whose calls an outbox keeps.
    pub(crate) is_delivered: bool,
}

/// What an operation is sent.
pub(crate) struct Body {
    pub(crate) required: bool,
    /// Whether it is neither JSON nor XML.
    pub(crate) is_bytes: bool,
    pub(crate) members: Vec<Flag>,
}

/// A parameter of an operation or a member of its body.
#[derive(Clone)]
pub(crate) struct Flag {
    /// As the document calls it.
    pub(crate) name: String,
    /// `--valid-until`, without the dashes. No two of a command are the same.
    pub(crate) flag: String,
    pub(crate) help: String,
    pub(crate) kind: FlagKind,
    pub(crate) required: bool,
    /// Whether it can be given several times.
    pub(crate) is_list: bool,
    /// Of a parameter: whether it says what a call is for.
    pub(crate) identifies: bool,
    /// Of a parameter: whether the server gets it. The customer whose credentials serve may be no parameter of it.
    pub(crate) is_sent: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlagKind {
    Text,
    DateTime,
    Name,
    Number,
    Boolean,
    /// An object or a list: it can only be given with `--input`.
    Nested,
}

/// What a parameter is called beside names of our own, where a program reads it: `contactId`, or `parameter.status`.
pub(crate) fn beside(own: &[&str], name: &str) -> String {
    match own.contains(&name) {
        true => format!("parameter.{name}"),
        false => name.to_owned(),
    }
}

/// All operations of the document.
pub(crate) fn operations() -> Vec<Operation> {
    let description = vitec_connect::description();
    let operations = description.operations.iter().map(|operation| {
        name_flags(Operation {
            id: operation.id.clone(),
            noun: operation.command.noun.clone(),
            verb: operation.command.verb.clone(),
            summary: operation.summary.clone().unwrap_or_else(|| operation.id.clone()),
            is_delivered: operation.deliver,
            parameters: parameters(description, operation),
            body: operation.body.as_ref().map(|body| Body {
                required: body.required,
                is_bytes: body.content.ty == Type::Binary,
                members: description
                    .members(&body.content.ty)
                    .iter()
                    .map(|it| field(description, &it.json, &it.ty, it.description.as_deref()))
                    .collect(),
            }),
        })
    });
    operations.collect()
}

/// A flag that is taken, by one of our own or by a parameter of this name, says what it stands for.
fn name_flags(mut operation: Operation) -> Operation {
    let mut taken = crate::arguments::own_flags(operation.is_delivered);
    let parameters = operation.parameters.iter_mut().map(|it| ("parameter", it));
    let members = operation
        .body
        .iter_mut()
        .flat_map(|it| &mut it.members)
        .map(|it| ("body", it));
    for (what, field) in parameters.chain(members) {
        while taken.contains(&field.flag) {
            field.flag = format!("{what}-{}", field.flag);
        }
        taken.push(field.flag.clone());
    }
    operation
}

fn parameters(description: &Description, operation: &description::Operation) -> Vec<Flag> {
    let is_key = |name: &str| operation.credentials_key.as_deref() == Some(name);
    let mut parameters: Vec<Flag> = Vec::new();
    if operation.credentials_key.is_none() {
        let text = Some("The customer whose credentials serve; it is not sent.");
        let taken = operation.parameters.iter().any(|it| it.name == CUSTOMER);
        parameters.push(Flag {
            required: true,
            identifies: true,
            is_sent: false,
            ..field(
                description,
                if taken { "forCustomer" } else { CUSTOMER },
                &Type::Text,
                text,
            )
        });
    }
    parameters.extend(operation.parameters.iter().map(|it| {
        let (ty, is_list) = match &it.ty {
            Type::List(item) => (&item.ty, true),
            ty => (ty, false),
        };
        Flag {
            flag: it.argument.replace('_', "-"),
            required: it.required,
            is_list,
            identifies: it.place == Place::Path || is_key(&it.name),
            ..field(description, &it.name, ty, it.description.as_deref())
        }
    }));
    parameters
}

fn field(description: &Description, name: &str, ty: &Type, text: Option<&str>) -> Flag {
    let of_schema = match ty {
        Type::Schema(name) => description.schemas.get(name).and_then(|it| it.description.as_deref()),
        _ => None,
    };
    let text = text.or(of_schema).unwrap_or_default().trim();
    let (kind, help) = match (ty, description.shape(ty)) {
        (_, Some(Shape::Enumeration { names, .. })) => {
            let names: Vec<&str> = names.iter().map(|it| it.name.as_str()).collect();
            let help = format!("{text}: {}; or another name or number", names.join(", "));
            (FlagKind::Name, help)
        }
        (Type::DateTime, _) => (
            FlagKind::DateTime,
            format!("{text} As in 2027-01-31 or 2027-01-31T12:00:00+01:00"),
        ),
        (Type::Int16 | Type::Int32 | Type::Int64 | Type::Float | Type::Double, _) => {
            (FlagKind::Number, text.to_owned())
        }
        (Type::Boolean, _) => (FlagKind::Boolean, text.to_owned()),
        (Type::Text | Type::Uuid | Type::Bytes, _) | (_, Some(Shape::Id { .. })) => (FlagKind::Text, text.to_owned()),
        (Type::List(_) | Type::Dictionary(_) | Type::Binary | Type::Schema(_), _) => {
            (FlagKind::Nested, text.to_owned())
        }
    };
    Flag {
        name: name.to_owned(),
        flag: kebab(name),
        help,
        kind,
        required: false,
        is_list: false,
        identifies: false,
        is_sent: true,
    }
}

/// `validUntil` to `valid-until`.
fn kebab(name: &str) -> String {
    let mut words = String::new();
    for character in name.chars() {
        let character = if character.is_alphanumeric() { character } else { '-' };
        if character.is_uppercase() && !words.is_empty() && !words.ends_with('-') {
            words.push('-');
        }
        words.extend(character.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_parameter_takes_the_place_of_what_is_our_own() {
        let own = ["outcome", "status"];
        assert_eq!(beside(&own, "contactId"), "contactId");
        assert_eq!(beside(&own, "status"), "parameter.status");
    }

    #[test]
    fn no_flag_takes_the_place_of_one_of_our_own() {
        let flag = |name: &str| field(vitec_connect::description(), name, &Type::Text, None);
        let named = |is_delivered| {
            let operation = name_flags(Operation {
                id: "call".to_owned(),
                noun: "noun".to_owned(),
                verb: "call".to_owned(),
                summary: String::new(),
                is_delivered,
                parameters: vec![flag("credentials")],
                body: Some(Body {
                    required: true,
                    is_bytes: false,
                    members: vec![flag("credentials"), flag("bank"), flag("reference")],
                }),
            });
            let members = operation.body.into_iter().flat_map(|it| it.members);
            let flags = operation.parameters.into_iter().chain(members);
            flags.map(|it| it.flag).collect::<Vec<_>>()
        };
        let flags = ["parameter-credentials", "body-credentials", "bank", "reference"];
        assert_eq!(named(false), flags);
        assert_eq!(named(true), [&flags[..3], &["body-reference"]].concat());
    }
}
