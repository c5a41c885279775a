//! The document that progenitor gets: types, paths and parameters as they are, every body as bytes.
//!
//! progenitor knows one media type a body and JSON answers only. Given `application/octet-stream` everywhere, its
//! operations take bytes and return status, headers and bytes, and the library puts JSON or XML into them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::contracts::{Contracts, Kind, Member, Operation, Parameter, Type};

/// The schema that stands for `crate::DateTime`.
pub(crate) const DATE_TIME: &str = "DateTime";

pub(crate) fn narrow(contracts: &Contracts<'_>, info: &Value) -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in &contracts.operations {
        paths
            .entry(&operation.path)
            .or_default()
            .insert(operation.method.clone(), narrow_operation(operation));
    }
    let mut schemas = Map::new();
    schemas.insert(DATE_TIME.to_owned(), json!({"type": "string"}));
    for (name, model) in &contracts.models {
        let schema = match &model.kind {
            Kind::Object { members, .. } => object(model.description, members),
            Kind::Enumeration { .. } | Kind::Id { .. } => json!({"type": "string"}),
        };
        schemas.insert(name.clone(), schema);
    }
    json!({
        "openapi": "3.0.3",
        "info": {"title": info["title"], "version": info["version"]},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

fn narrow_operation(operation: &Operation<'_>) -> Value {
    let bytes = json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}});
    let mut narrowed = json!({
        "operationId": operation.node.value["operationId"],
        "parameters": operation.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "responses": {"default": {"description": "Any answer.", "content": bytes}},
    });
    if let Some(summary) = operation.node.value.get("summary") {
        narrowed["summary"] = summary.clone();
    }
    if operation.has_body {
        narrowed["requestBody"] = json!({"required": true, "content": bytes});
    }
    narrowed
}

fn parameter(parameter: &Parameter<'_>) -> Value {
    json!({
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": schema(&parameter.ty),
    })
}

fn object(description: Option<&str>, members: &[Member<'_>]) -> Value {
    let properties: Map<String, Value> = members
        .iter()
        .map(|member| {
            let mut narrowed = schema(&member.ty);
            if matches!(member.ty, Type::List(..)) && !member.required {
                narrowed["nullable"] = true.into(); // .NET sends `null` for a list that is not there.
            }
            (member.json.clone(), narrowed)
        })
        .collect();
    let required: Vec<&str> = members
        .iter()
        .filter(|member| member.required)
        .map(|member| member.json.as_str())
        .collect();
    json!({"type": "object", "description": description, "properties": properties, "required": required})
}

fn schema(ty: &Type) -> Value {
    match ty {
        Type::Plain(ty, None) => json!({"type": ty}),
        Type::Plain(ty, Some(format)) => json!({"type": ty, "format": format}),
        Type::DateTime => json!({"$ref": format!("#/components/schemas/{DATE_TIME}")}),
        Type::Model(name) => json!({"$ref": format!("#/components/schemas/{name}")}),
        Type::List(item, _) => json!({"type": "array", "items": schema(item)}),
    }
}
