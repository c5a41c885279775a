//! What the description says of the members: their names, which ones are plain, and what enumerations list.

use vitec_connect::description::{Description, Shape, Type};

#[derive(Clone, Debug)]
pub(super) struct DeliveredMember {
    /// As the document calls it.
    pub(super) name: String,
    /// Its column: its name, or `body.name` where that is the name of another column.
    pub(super) column: String,
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

/// The members of what is delivered, beside columns of these names.
pub(super) fn delivered(others: &[&str]) -> Option<Vec<DeliveredMember>> {
    let description = vitec_connect::description();
    let body = description.delivered()?.body.as_ref()?;
    let members = description
        .members(&body.content.ty)
        .iter()
        .map(|member| DeliveredMember {
            name: member.json.clone(),
            column: column(&member.json, others),
            kind: kind(description, &member.ty),
        });
    Some(members.collect())
}

fn column(name: &str, others: &[&str]) -> String {
    match others.iter().any(|other| other.eq_ignore_ascii_case(name)) {
        true => format!("body.{name}"),
        false => name.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::column;

    #[test]
    fn no_member_hides_behind_another_column() {
        let others = ["customerId", "contactId", "reference"];
        assert_eq!(column("bank", &others), "bank");
        assert_eq!(column("Reference", &others), "body.Reference");
        assert_eq!(column("contactId", &others), "body.contactId");
    }
}
