//! What the description says of the members: their names, which ones are plain, and what enumerations list.

use vitec_connect::description::{Description, Shape, Type};

#[derive(Clone, Debug)]
pub(super) struct DeliveredMember {
    pub(super) name: String,
    pub(super) kind: CellKind,
}

#[derive(Clone, Debug)]
pub(super) enum CellKind {
    Text,
    DateTime,
    /// A number or a boolean: its text is JSON.
    Literal,
    /// The listed names, and their numbers where they are known.
    Enumeration(Vec<(String, Option<i64>)>),
    /// What a cell of a table cannot hold.
    Nested,
}

/// The members of what is delivered.
pub(super) fn delivered() -> Option<Vec<DeliveredMember>> {
    let description = vitec_connect::description();
    let body = description.delivered()?.body.as_ref()?;
    let members = description
        .members(&body.content.ty)
        .iter()
        .map(|member| DeliveredMember {
            name: member.json.clone(),
            kind: kind(description, &member.ty),
        });
    Some(members.collect())
}

fn kind(description: &Description, ty: &Type) -> CellKind {
    match ty {
        Type::Text | Type::Uuid | Type::Bytes => CellKind::Text,
        Type::DateTime => CellKind::DateTime,
        Type::Boolean | Type::Int16 | Type::Int32 | Type::Int64 | Type::Float | Type::Double => CellKind::Literal,
        Type::List(_) | Type::Dictionary(_) | Type::Binary => CellKind::Nested,
        Type::Schema(_) => match description.shape(ty) {
            Some(Shape::Enumeration { names, .. }) => {
                let names = names.iter().map(|it| (it.name.clone(), it.number.map(i64::from)));
                CellKind::Enumeration(names.collect())
            }
            Some(Shape::Id { .. }) => CellKind::Text,
            Some(Shape::Object { .. }) | None => CellKind::Nested,
        },
    }
}
