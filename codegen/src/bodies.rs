//! Bodies and answers: what an operation is sent and what it answers, in JSON, in XML or as bytes.

use heck::ToLowerCamelCase;
use serde_json::Value;
use vitec_connect_description::{Answer, Body, Content, Type, XmlName};

use crate::document::Node;
use crate::keywords::similar;
use crate::reader::DocumentReader;
use crate::schemas::{NO_NAMESPACE, content_schema, default_item_names, read_type, root_name, xml_text};

/// What the client writes and reads as JSON and as XML.
const MEDIA_TYPES: [&str; 4] = ["application/json", "text/json", "application/xml", "text/xml"];

/// `Some(None)` for an operation without a body; `None` for one that cannot be read.
pub(crate) fn read_body<'a>(reader: &mut DocumentReader<'a>, operation: &Node<'a>, id: &str) -> Option<Option<Body>> {
    if operation.child("requestBody").is_none() {
        return Some(None);
    }
    let body = operation.get("requestBody")?;
    body.require("content")?;
    let Some(content) = read_content(reader, &body, &format!("{id}_Body"))? else {
        body.mistake_at("content", "the body has no media type");
        return None;
    };
    let parameter = match (body.text("x-body-name"), &content.ty) {
        (Some(name), _) => name.to_owned(),
        // .NET's habit: the type's name in camel case.
        (None, Type::Schema(name)) => name.to_lower_camel_case(),
        (None, _) => "body".to_owned(),
    };
    Some(Some(Body {
        parameter,
        required: body.says("required"),
        description: body.text("description").map(str::to_owned),
        content,
    }))
}

/// What comes back when all is well: one content, or none, or either.
pub(crate) fn read_answer<'a>(reader: &mut DocumentReader<'a>, operation: &Node<'a>, id: &str) -> Option<Answer> {
    let responses = operation.require("responses")?;
    let mut answer: Option<Answer> = None;
    let mut first: Option<Value> = None;
    let mut complete = true;
    let mut any = false;
    for (status, response) in responses.children() {
        let Some(number) = success(&status) else {
            continue;
        };
        any = true;
        let Some(response) = response.followed() else {
            complete = false;
            continue;
        };
        if let Some(content) = response.child("content")
            && matches!(number, 204 | 205)
        {
            content.mistake(format!("an answer of status {number} has no content"));
        }
        // Another success with the same content is read once.
        let is_same = first.is_some() && first.as_ref() == response.value.get("content");
        let content = match is_same {
            true => continue,
            false => read_content(reader, &response, &format!("{id}_Answer")),
        };
        let Some(content) = content else {
            complete = false;
            continue;
        };
        let here = Answer {
            status: number,
            description: response.text("description").map(str::to_owned),
            content,
            optional: false,
        };
        answer = match (answer, here) {
            (None, here) => {
                first = response.value.get("content").cloned();
                Some(here)
            }
            (Some(before), here) => match (&before.content, &here.content) {
                (Some(_), None) => Some(Answer {
                    optional: true,
                    ..before
                }),
                (None, Some(_)) => {
                    first = response.value.get("content").cloned();
                    Some(Answer { optional: true, ..here })
                }
                (None, None) => Some(before),
                (Some(one), Some(other)) => {
                    if one.ty != other.ty {
                        response.mistake_at(
                            "content",
                            "another success has another content: a method gives one type, or none",
                        );
                    }
                    Some(before)
                }
            },
        };
    }
    if !any {
        responses.mistake("no response with a status 2xx says what comes back");
    }
    answer.filter(|_| complete)
}

/// The same schema in each media type, in JSON and in XML; bytes where neither is offered.
fn read_content<'a>(reader: &mut DocumentReader<'a>, holder: &Node<'a>, hint: &str) -> Option<Option<Content>> {
    let entries = match holder.child("content") {
        Some(content) => content.children(),
        None => return Some(None),
    };
    let mut data: Vec<(String, Node<'a>)> = Vec::new();
    let mut others: Vec<(String, Node<'a>)> = Vec::new();
    for (media_type, entry) in entries {
        let is_one = |text: &str| {
            text.split_once('/')
                .is_some_and(|(a, b)| !a.is_empty() && !b.is_empty())
        };
        if MEDIA_TYPES.contains(&media_type.as_str()) {
            data.push((media_type, entry));
        } else if let Some(meant) = similar(&media_type, MEDIA_TYPES.into_iter()) {
            entry.mistake(format!(
                "{media_type:?} is no media type that is known: did you mean {meant}?"
            ));
        } else if !is_one(&media_type) || media_type.contains(['*', ';', ' ']) {
            entry.mistake(format!(
                "{media_type:?} is no media type: one of {}, or for bytes another one, without parameters",
                MEDIA_TYPES.join(", ")
            ));
        } else {
            others.push((media_type, entry));
        }
    }
    if data.is_empty() {
        return read_bytes(&others);
    }
    let mut first: Option<Node<'a>> = None;
    for (_, entry) in &data {
        entry.missing("schema", "`schema` is missing");
        let schema = entry.child("schema")?;
        let differs = |first: &Node<'a>| first.value != schema.value && first.clone().followed().is_some();
        if first.as_ref().is_some_and(differs) {
            schema.mistake("the schema is not that of the other media types beside it");
        }
        first.get_or_insert(schema);
    }
    let schema = first?;
    let ty = read_type(reader, &schema, hint)?;
    let xml = read_root(reader, &schema, &ty)?;
    let json = data.iter().find(|(media_type, _)| media_type.contains("json"));
    let (_, holder) = json.or(data.first())?;
    Some(Some(Content {
        example: example(holder, &schema),
        media_types: data.into_iter().map(|(media_type, _)| media_type).collect(),
        ty,
        xml,
    }))
}

/// The root is named after the type: in Rust a value does not know in which answer it stands.
fn read_root<'a>(reader: &DocumentReader<'a>, schema: &Node<'a>, ty: &Type) -> Option<XmlName> {
    let root = root_name(reader, ty);
    if root.namespace.is_empty() {
        schema.mistake(NO_NAMESPACE);
        return None;
    }
    let target = content_schema(schema)?;
    default_item_names(reader, ty, &target);
    for said_by in [schema, &target] {
        if xml_text(said_by, "name").is_some_and(|it| it != root.name)
            || xml_text(said_by, "namespace").is_some_and(|it| it != root.namespace)
        {
            said_by.mistake(format!(
                "DataContractSerializer calls this root element {:?} in the namespace {:?}",
                root.name, root.namespace
            ));
            return None;
        }
    }
    Some(root)
}

/// The status that a success is read as: `2XX` is 200.
fn success(status: &str) -> Option<u16> {
    match status {
        "2XX" => Some(200),
        _ => status.parse().ok().filter(|it| (200..300).contains(it)),
    }
}

fn read_bytes(others: &[(String, Node<'_>)]) -> Option<Option<Content>> {
    match others {
        [] => Some(None),
        [(media_type, entry)] => {
            let schema = entry.get("schema");
            let is_bytes = |it: &Node<'_>| {
                it.text("type") == Some("string") && matches!(it.text("format"), Some("binary" | "byte"))
            };
            if let Some(schema) = schema.filter(|it| !is_bytes(it)) {
                schema.mistake(format!(
                    "{media_type} is carried as bytes: `type: string`, `format: binary`; what has members is JSON or XML"
                ));
                return None;
            }
            Some(Some(Content {
                media_types: vec![media_type.clone()],
                ty: Type::Binary,
                xml: XmlName::default(),
                example: None,
            }))
        }
        [_, (_, second), ..] => {
            second.mistake("neither JSON nor XML is offered, and of the others one is expected");
            None
        }
    }
}

/// That of a media type or a parameter, else of its schema, as JSON text.
pub(crate) fn example(holder: &Node<'_>, schema: &Node<'_>) -> Option<String> {
    let listed = || {
        let (_, first) = holder.child("examples")?.children().into_iter().next()?;
        first.followed()?.child("value")
    };
    let own = || schema.clone().followed()?.child("example");
    let example = holder.child("example").or_else(listed).or_else(own)?;
    Some(example.value.to_string())
}
