//! What the document says of the members: their names, which ones are plain, and what enumerations list.

use serde_json::Value;
use vitec_connect::OPENAPI_JSON;

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Text,
    DateTime,
    /// A number or a boolean: its text is JSON.
    Literal,
    /// The listed names, and their numbers where they are known.
    Enumeration(Vec<(String, Option<i64>)>),
    /// What a cell of a table cannot hold.
    Nested,
}

/// The members of the body of a loan promise.
pub(super) fn loan_promise() -> Option<Vec<Member>> {
    let document: Value = serde_json::from_str(OPENAPI_JSON).ok()?;
    let properties = document
        .pointer("/components/schemas/LoanPromise/properties")?
        .as_object()?;
    let members = properties.iter().map(|(name, schema)| Member {
        name: name.clone(),
        kind: kind(&document, schema),
    });
    Some(members.collect())
}

fn kind(document: &Value, schema: &Value) -> Kind {
    let reference = schema.get("$ref").or_else(|| schema.pointer("/allOf/0/$ref"));
    let target = reference
        .and_then(Value::as_str)
        .and_then(|it| document.pointer(it.strip_prefix('#')?));
    let schema = target.unwrap_or(schema);
    if let Some(names) = schema.get("enum").and_then(Value::as_array) {
        let names = names.iter().filter_map(Value::as_str);
        let number = |name| schema.get("x-enum-numbers")?.get(name)?.as_i64();
        return Kind::Enumeration(names.map(|name| (name.to_owned(), number(name))).collect());
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("string") if schema.get("format").and_then(Value::as_str) == Some("date-time") => Kind::DateTime,
        Some("string") => Kind::Text,
        Some("integer" | "number" | "boolean") => Kind::Literal,
        _ => Kind::Nested,
    }
}
