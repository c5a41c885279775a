//! What the description says of the body's types, as `body.sql` reads it: `["text"]`, `["list", kind]`,
//! `["schema", "LoanPromise"]`, and by the schemas' names `["object", [[member, kind, required], …]]` and
//! `["enumeration", [[name, number], …]]`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vitec_connect::description::{Description, Shape, Type};

/// A type.
pub(super) fn kind(description: &Description, ty: &Type) -> Value {
    match ty {
        Type::Text | Type::Binary => json!(["text"]),
        Type::DateTime => json!(["date-time"]),
        Type::Boolean => json!(["boolean"]),
        Type::Int16 => json!(["integer", [i16::MIN, i16::MAX]]),
        Type::Int32 => json!(["integer", [i32::MIN, i32::MAX]]),
        Type::Int64 => json!(["integer", [i64::MIN, i64::MAX]]),
        Type::Float => json!(["float"]),
        Type::Double => json!(["double"]),
        Type::Uuid => json!(["uuid"]),
        Type::Bytes => json!(["bytes"]),
        Type::Schema(name) => match description.shape(ty) {
            None | Some(Shape::Id { .. }) => json!(["text"]),
            Some(_) => json!(["schema", name]),
        },
        Type::List(item) => json!(["list", kind(description, &item.ty)]),
        Type::Dictionary(item) => json!(["dictionary", kind(description, &item.ty)]),
    }
}

/// All the schemas that a type leads to.
pub(super) fn schemas(description: &Description, ty: &Type) -> Value {
    let mut schemas = BTreeMap::new();
    add(description, ty, &mut schemas);
    json!(schemas)
}

fn add<'a>(description: &'a Description, ty: &'a Type, schemas: &mut BTreeMap<&'a str, Value>) {
    match ty {
        Type::List(item) | Type::Dictionary(item) => add(description, &item.ty, schemas),
        Type::Schema(name) if !schemas.contains_key(name.as_str()) => match description.shape(ty) {
            Some(Shape::Object { members, .. }) => {
                // The order in which the generated types have them, and so write them.
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_by_key(|it| &it.json);
                let listed = sorted
                    .iter()
                    .map(|it| json!([it.json, kind(description, &it.ty), it.required]));
                schemas.insert(name, json!(["object", listed.collect::<Vec<_>>()]));
                members.iter().for_each(|it| add(description, &it.ty, schemas));
            }
            Some(Shape::Enumeration { names, .. }) => {
                let listed = names.iter().map(|it| json!([it.name, it.number]));
                schemas.insert(name, json!(["enumeration", listed.collect::<Vec<_>>()]));
            }
            Some(Shape::Id { .. }) | None => {}
        },
        _ => {}
    }
}
