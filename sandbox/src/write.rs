//! Answers made from the document: a value for a schema, and its XML as DataContractSerializer writes it.

use serde_json::{Map, Value};

use crate::http_error::xml_text;
use crate::schema::{Schemas, Type, Typed};
use crate::xml::INSTANCE;

/// The smallest value that a schema allows: required members only.
pub(crate) fn minimal(schemas: &Schemas, ty: &Type, depth: usize) -> Value {
    match ty {
        Type::Text => Value::from(""),
        Type::Date => Value::from("2024-01-01T00:00:00"),
        Type::Boolean => Value::from(false),
        Type::Int16 | Type::Int32 | Type::Int64 => Value::from(0),
        Type::Double => Value::from(0.0),
        Type::Uuid => Value::from("00000000-0000-0000-0000-000000000000"),
        Type::Bytes | Type::Binary => Value::from(""),
        Type::Enumeration(enumeration) => enumeration
            .values
            .first()
            .map_or(Value::Null, |(name, _)| Value::from(name.as_str())),
        Type::List(_) => Value::Array(Vec::new()),
        // A schema that requires itself has no value at all.
        Type::Object(_) if depth > 16 => Value::Null,
        Type::Object(index) => {
            let required = schemas.object(*index).members.iter().filter(|member| member.required);
            let members = required.map(|member| (member.json.clone(), minimal(schemas, &member.ty, depth + 1)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Type::Dictionary(_) | Type::Any => Value::Object(Map::new()),
    }
}

/// A value as a document of its own.
pub(crate) fn xml(schemas: &Schemas, typed: &Typed, value: &Value) -> String {
    let namespace = &typed.xml.namespace;
    let name = &typed.xml.name;
    let mut text = format!("<{name}");
    if matches!(typed.ty, Type::Object(_) | Type::List(_) | Type::Dictionary(_)) || value.is_null() {
        text.push_str(&format!(" xmlns:i=\"{INSTANCE}\""));
    }
    if !namespace.is_empty() {
        text.push_str(&format!(" xmlns=\"{}\"", xml_text(namespace)));
    }
    content(schemas, &typed.ty, value, namespace, name, &mut text, 0);
    text
}

/// Completes an element whose start tag is still open.
fn content(schemas: &Schemas, ty: &Type, value: &Value, namespace: &str, name: &str, text: &mut String, depth: usize) {
    // Examples are part of the document: no deeper than it is.
    if value.is_null() || depth > 64 {
        text.push_str(" i:nil=\"true\"/>");
        return;
    }
    text.push('>');
    match (ty, value) {
        (Type::Object(index), Value::Object(members)) => {
            for member in &schemas.object(*index).members {
                let value = members.get(&member.json).unwrap_or(&Value::Null);
                element(
                    schemas,
                    &member.ty,
                    value,
                    (&member.xml.name, &member.xml.namespace),
                    namespace,
                    text,
                    depth,
                );
            }
        }
        (Type::List(item), Value::Array(values)) => {
            for value in values {
                element(
                    schemas,
                    &item.ty,
                    value,
                    (&item.xml.name, &item.xml.namespace),
                    namespace,
                    text,
                    depth,
                );
            }
        }
        (Type::Dictionary(item), Value::Object(values)) => {
            for (key, value) in values {
                let (pair, arrays) = (&item.xml.name, &item.xml.namespace);
                text.push_str(&format!("<{pair}"));
                if arrays != namespace {
                    text.push_str(&format!(" xmlns=\"{}\"", xml_text(arrays)));
                }
                text.push_str(&format!("><Key>{}</Key>", xml_text(key)));
                element(schemas, &item.ty, value, ("Value", arrays), arrays, text, depth);
                text.push_str(&format!("</{pair}>"));
            }
        }
        (_, Value::String(content)) => text.push_str(&xml_text(content)),
        (_, other) => text.push_str(&xml_text(&other.to_string())),
    }
    text.push_str(&format!("</{name}>"));
}

/// One element; a namespace that is not the one around it is declared on the spot.
fn element(
    schemas: &Schemas,
    ty: &Type,
    value: &Value,
    (name, namespace): (&str, &str),
    around: &str,
    text: &mut String,
    depth: usize,
) {
    text.push_str(&format!("<{name}"));
    if namespace != around {
        text.push_str(&format!(" xmlns=\"{}\"", xml_text(namespace)));
    }
    content(schemas, ty, value, namespace, name, text, depth + 1);
}
