//! What the OpenAPI document says, as far as arguments, flags and help need it.

use serde_json::Value;

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
pub(crate) fn operations() -> Result<Vec<Operation>, serde_json::Error> {
    let document: Value = serde_json::from_str(vitec_connect::OPENAPI_JSON)?;
    let mut operations = Vec::new();
    for item in members(&document["paths"]).map(|(_, item)| item) {
        for operation in members(item)
            .filter(|(method, _)| *method != "parameters")
            .map(|(_, operation)| operation)
        {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let words = kebab(id);
            let (verb, noun) = words.split_once('-').unwrap_or((&words, "call"));
            let shared = item["parameters"].as_array().into_iter().flatten();
            let own = operation["parameters"].as_array().into_iter().flatten();
            let body = content_schema(follow(&document, &operation["requestBody"]));
            operations.push(Operation {
                id: id.to_owned(),
                noun: noun.to_owned(),
                verb: verb.to_owned(),
                summary: operation["summary"].as_str().unwrap_or(id).to_owned(),
                parameters: own
                    .chain(shared)
                    .map(|it| parameter(&document, follow(&document, it)))
                    .collect(),
                members: body.map(|schema| {
                    let schema = target(&document, schema);
                    members(&schema["properties"])
                        .map(|(name, it)| field(&document, name, it, it))
                        .collect()
                }),
            });
        }
    }
    Ok(operations)
}

fn parameter(document: &Value, parameter: &Value) -> Field {
    let name = parameter["name"].as_str().unwrap_or_default();
    let mut field = field(document, name, &parameter["schema"], parameter);
    field.required = parameter["required"] == Value::Bool(true);
    field
}

fn field(document: &Value, name: &str, schema: &Value, described: &Value) -> Field {
    let schema = target(document, schema);
    let names: Vec<&str> = schema["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let description = described["description"]
        .as_str()
        .or(schema["description"].as_str())
        .unwrap_or_default()
        .trim();
    let kind = match (schema["type"].as_str(), schema["format"].as_str()) {
        _ if !names.is_empty() => Kind::Name,
        (Some("string"), Some("date" | "date-time")) => Kind::DateTime,
        (Some("string"), _) => Kind::Text,
        (Some("integer" | "number"), _) => Kind::Number,
        (Some("boolean"), _) => Kind::Boolean,
        _ => Kind::Nested,
    };
    let help = match kind {
        Kind::Name => format!("{description}: {}; or another name or number", names.join(", ")),
        Kind::DateTime => format!("{description} As in 2027-01-31 or 2027-01-31T12:00:00+01:00"),
        _ => description.to_owned(),
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

fn content_schema(body: &Value) -> Option<&Value> {
    body["content"].as_object()?.values().next()?.get("schema")
}

/// A schema behind its `$ref`, also one that something stands beside in an `allOf`.
fn target<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let followed = follow(document, schema);
    match followed["allOf"].as_array().map(Vec::as_slice) {
        Some([only]) => target(document, only),
        _ => followed,
    }
}

fn follow<'a>(document: &'a Value, node: &'a Value) -> &'a Value {
    match node["$ref"]
        .as_str()
        .and_then(|it| document.pointer(it.trim_start_matches('#')))
    {
        Some(there) => follow(document, there),
        None => node,
    }
}

fn members(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
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
