//! The document's operations: which requests there are, what they take and what they answer.

use serde_json::Value;

use crate::schema::{DocumentError, Schemas, Type, Typed};
use crate::schema_reader::{Reader, list};

/// The methods an OpenAPI path can have.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A document, ready to be served.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) schemas: Schemas,
    pub(crate) operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    /// In capitals, as in a request.
    pub(crate) method: String,
    pub(crate) path: Vec<Segment>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    pub(crate) success: Success,
}

/// A part of a path between slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    Parameter(String),
}

/// A path or query parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) in_path: bool,
    pub(crate) required: bool,
    pub(crate) ty: Type,
}

/// A request body.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) typed: Typed,
    /// The action's parameter, as it leads the keys of `modelState`.
    pub(crate) parameter: String,
}

/// What is answered when all is well.
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) status: u16,
    /// `None`: no body.
    pub(crate) typed: Option<Typed>,
    /// The document's JSON example.
    pub(crate) example: Option<Value>,
}

impl Api {
    pub(crate) fn read(document: &Value) -> Result<Self, DocumentError> {
        let mut reader = Reader::new(document);
        let mut operations = Vec::new();
        for (template, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
            let (item, _) = reader.follow(item)?;
            for method in METHODS {
                if let Some(operation) = item.get(method) {
                    operations.push(
                        read_operation(&mut reader, template, item, method, operation)
                            .map_err(|error| DocumentError(format!("{method} {template}: {}", error.0)))?,
                    );
                }
            }
        }
        // A literal segment is a better match than a parameter.
        operations.sort_by_key(|operation| {
            operation
                .path
                .iter()
                .map(|segment| matches!(segment, Segment::Parameter(_)))
                .collect::<Vec<_>>()
        });
        Ok(Self {
            schemas: reader.into_schemas(),
            operations,
        })
    }
}

fn read_operation<'a>(
    reader: &mut Reader<'a>,
    template: &str,
    item: &'a Value,
    method: &str,
    operation: &'a Value,
) -> Result<Operation, DocumentError> {
    let id = operation
        .get("operationId")
        .and_then(Value::as_str)
        .ok_or_else(|| DocumentError("no operationId".to_owned()))?;
    Ok(Operation {
        id: id.to_owned(),
        method: method.to_ascii_uppercase(),
        path: segments(template)?,
        parameters: parameters(reader, item, operation)?,
        body: body(reader, operation)?,
        success: success(reader, operation)?,
    })
}

fn segments(template: &str) -> Result<Vec<Segment>, DocumentError> {
    let parts = template.trim_matches('/').split('/');
    parts
        .map(
            |part| match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) => Ok(Segment::Parameter(name.to_owned())),
                None if part.contains(['{', '}']) => Err(DocumentError(format!(
                    "`{part}`: a parameter must be a whole segment of the path"
                ))),
                None => Ok(Segment::Literal(part.to_owned())),
            },
        )
        .collect()
}

fn parameters<'a>(
    reader: &mut Reader<'a>,
    item: &'a Value,
    operation: &'a Value,
) -> Result<Vec<Parameter>, DocumentError> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for parameter in list(operation.get("parameters")).chain(list(item.get("parameters"))) {
        let (parameter, _) = reader.follow(parameter)?;
        let text = |key| parameter.get(key).and_then(Value::as_str).unwrap_or_default();
        let in_path = text("in") == "path";
        let known = parameters
            .iter()
            .any(|known| known.name == text("name") && known.in_path == in_path);
        if known || !(in_path || text("in") == "query") {
            continue;
        }
        let ty = match parameter.get("schema") {
            Some(schema) => reader.typed(schema, 0)?.ty,
            None => Type::Text,
        };
        parameters.push(Parameter {
            name: text("name").to_owned(),
            in_path,
            required: parameter.get("required").and_then(Value::as_bool).unwrap_or(in_path),
            ty,
        });
    }
    Ok(parameters)
}

/// The schema of the first media type that has one: the document says the same of all of them.
fn content(holder: &Value) -> Option<(&Value, &Value)> {
    let media_types = holder.get("content").and_then(Value::as_object)?;
    let json = media_types.iter().find(|(name, _)| name.contains("json"));
    json.into_iter()
        .chain(media_types.iter())
        .find_map(|(_, media_type)| Some((media_type, media_type.get("schema")?)))
}

fn body<'a>(reader: &mut Reader<'a>, operation: &'a Value) -> Result<Option<Body>, DocumentError> {
    let Some(request) = operation.get("requestBody") else {
        return Ok(None);
    };
    let (request, _) = reader.follow(request)?;
    let Some((_, schema)) = content(request) else {
        return Ok(None);
    };
    let typed = reader.typed(schema, 0)?;
    // Code generators know `x-body-name`; without it .NET's habit: the type's name in camel case.
    let named = request.get("x-body-name").and_then(Value::as_str).map(str::to_owned);
    let parameter = named
        .or_else(|| typed.schema.as_deref().map(camel_case))
        .unwrap_or_else(|| "body".to_owned());
    Ok(Some(Body { typed, parameter }))
}

fn success<'a>(reader: &mut Reader<'a>, operation: &'a Value) -> Result<Success, DocumentError> {
    let responses = operation.get("responses").and_then(Value::as_object);
    let first = responses
        .into_iter()
        .flatten()
        .find_map(|(code, response)| Some((code.parse::<u16>().ok().filter(|c| (200..300).contains(c))?, response)));
    let Some((status, response)) = first else {
        return Ok(Success {
            status: 200,
            typed: None,
            example: None,
        });
    };
    let (response, _) = reader.follow(response)?;
    let Some((media_type, schema)) = content(response) else {
        return Ok(Success {
            status,
            typed: None,
            example: None,
        });
    };
    let first_example = media_type
        .get("examples")
        .and_then(Value::as_object)
        .and_then(|examples| examples.values().next());
    let example = match (media_type.get("example"), first_example) {
        (Some(example), _) => Some(example),
        (None, Some(example)) => reader.follow(example)?.0.get("value"),
        (None, None) => reader.follow(schema)?.0.get("example"),
    };
    Ok(Success {
        status,
        example: example.cloned(),
        typed: Some(reader.typed(schema, 0)?),
    })
}

fn camel_case(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_cannot_be_served_says_where_and_why() {
        let document = serde_json::json!({"paths": {"/a": {"get": {"responses": {}}}}});
        let error = Api::read(&document).expect_err("no operationId");
        assert_eq!(
            error.to_string(),
            "the OpenAPI document cannot be served: get /a: no operationId"
        );

        let document = serde_json::json!({"paths": {"/a": {"$ref": "#/nowhere"}}});
        assert!(
            Api::read(&document)
                .expect_err("a dangling $ref")
                .to_string()
                .contains("leads nowhere")
        );
    }
}
