//! Every keyword of the document: known here, or refused by name. What is not understood is never dropped.

use serde_json::Value;

use crate::document::Node;

/// What may stand behind a keyword.
#[derive(Clone, Copy)]
enum Content {
    Text,
    Bool,
    /// A whole number, not below 0.
    Count,
    Number,
    /// A list of texts.
    Texts,
    /// Read elsewhere, or an example: nothing that is followed.
    Anything,
    Object(Object),
    List(Object),
    /// A schema, or `true` or `false`.
    SchemaOrBool,
    /// Names of the document's own, each with one of these.
    Map(Object),
    /// By status.
    Responses,
    /// An OpenAPI keyword that would be dropped, with what to do instead.
    Refused(&'static str),
}
use Content::{Anything, Bool, Count, List, Map, Number, Refused, Responses, SchemaOrBool, Text, Texts};

/// An object of OpenAPI 3.0.3, <https://spec.openapis.org/oas/v3.0.3>.
#[derive(Clone, Copy, PartialEq)]
enum Object {
    Document,
    Info,
    Contact,
    License,
    Server,
    Tag,
    PathItem,
    Operation,
    Parameter,
    Body,
    MediaType,
    Response,
    Header,
    Example,
    Components,
    Schema,
    Xml,
    SecurityScheme,
    SecurityRequirement,
}

const ELSEWHERE: &str = "it would be dropped: write it into the description";
const NOT_IN_SCHEMA: &str = "it would not reach the JSON Schema: write it into the description";
const NO_COUNTERPART: &str = "it has no counterpart in a .NET data contract";
const STYLE: &str = "it is not supported: a list is sent as `name=a&name=b`";

/// The keywords that this project has added to OpenAPI: where they stand, and what stands behind them.
const EXTENSIONS: &[(&str, Object, Content)] = &[
    ("x-enum-numbers", Object::Schema, Anything),
    ("x-enumDescriptions", Object::Schema, Anything),
    ("x-expires", Object::Schema, Bool),
    ("x-deliver", Object::Operation, Bool),
    ("x-credentials-key", Object::Parameter, Bool),
    ("x-body-name", Object::Body, Text),
    ("x-lower-case", Object::Xml, Bool),
];

impl Object {
    fn name(self) -> &'static str {
        match self {
            Self::Document => "a document",
            Self::Info => "`info`",
            Self::Contact => "`contact`",
            Self::License => "`license`",
            Self::Server => "a server",
            Self::Tag => "a tag",
            Self::PathItem => "a path",
            Self::Operation => "an operation",
            Self::Parameter => "a parameter",
            Self::Body => "a body",
            Self::MediaType => "a media type",
            Self::Response => "a response",
            Self::Header => "a header",
            Self::Example => "an example",
            Self::Components => "`components`",
            Self::Schema => "a schema",
            Self::Xml => "`xml`",
            Self::SecurityScheme => "a security scheme",
            Self::SecurityRequirement => "`security`",
        }
    }

    fn keywords(self) -> &'static [(&'static str, Content)] {
        match self {
            Self::Document => &[
                ("openapi", Text),
                (
                    "swagger",
                    Refused("an OpenAPI document of version 3.0.x is expected (`openapi: 3.0.3`)"),
                ),
                ("info", Content::Object(Self::Info)),
                ("servers", List(Self::Server)),
                ("security", List(Self::SecurityRequirement)),
                ("tags", List(Self::Tag)),
                ("paths", Map(Self::PathItem)),
                ("components", Content::Object(Self::Components)),
                ("externalDocs", Anything),
            ],
            Self::Info => &[
                ("title", Text),
                ("version", Text),
                ("description", Text),
                ("termsOfService", Text),
                ("contact", Content::Object(Self::Contact)),
                ("license", Content::Object(Self::License)),
            ],
            Self::Contact => &[("name", Text), ("url", Text), ("email", Text)],
            Self::License => &[("name", Text), ("url", Text)],
            Self::Server => &[
                ("url", Text),
                ("description", Text),
                ("variables", Refused("variables are not supported: write the URL out")),
            ],
            Self::Tag => &[
                ("name", Text),
                ("description", Text),
                ("externalDocs", Refused(ELSEWHERE)),
            ],
            Self::PathItem => &[
                ("get", Content::Object(Self::Operation)),
                ("put", Content::Object(Self::Operation)),
                ("post", Content::Object(Self::Operation)),
                ("delete", Content::Object(Self::Operation)),
                ("options", Content::Object(Self::Operation)),
                ("head", Content::Object(Self::Operation)),
                ("patch", Content::Object(Self::Operation)),
                ("trace", Content::Object(Self::Operation)),
                ("parameters", List(Self::Parameter)),
                (
                    "$ref",
                    Refused("a `$ref` in the place of a path is not followed: write its operations here"),
                ),
                ("servers", Refused("all calls go to the document's first server")),
                ("summary", Refused("it would be dropped: write it into each operation")),
                (
                    "description",
                    Refused("it would be dropped: write it into each operation"),
                ),
            ],
            Self::Operation => &[
                ("operationId", Text),
                ("tags", Texts),
                ("summary", Text),
                ("description", Text),
                ("deprecated", Bool),
                ("parameters", List(Self::Parameter)),
                ("requestBody", Content::Object(Self::Body)),
                ("responses", Responses),
                ("servers", Refused("all calls go to the document's first server")),
                (
                    "security",
                    Refused("all calls carry the credentials of a customer, as the document's `security` says"),
                ),
                ("callbacks", Refused("the client hears no calls")),
                ("externalDocs", Refused(ELSEWHERE)),
            ],
            Self::Parameter => &[
                ("name", Text),
                ("in", Text),
                ("description", Text),
                ("required", Bool),
                ("deprecated", Refused(ELSEWHERE)),
                ("schema", Content::Object(Self::Schema)),
                ("example", Anything),
                ("examples", Map(Self::Example)),
                ("style", Refused(STYLE)),
                ("explode", Refused(STYLE)),
                (
                    "allowReserved",
                    Refused("it is not supported: every value is percent-encoded"),
                ),
                (
                    "allowEmptyValue",
                    Refused("it is not supported: a value is sent, or none"),
                ),
                ("content", Refused("it is not supported: give the parameter a `schema`")),
            ],
            Self::Body => &[
                ("description", Text),
                ("content", Map(Self::MediaType)),
                ("required", Bool),
            ],
            Self::MediaType => &[
                ("schema", Content::Object(Self::Schema)),
                ("example", Anything),
                ("examples", Map(Self::Example)),
                ("encoding", Refused("forms are not sent")),
            ],
            Self::Response => &[
                ("description", Text),
                ("content", Map(Self::MediaType)),
                ("headers", Map(Self::Header)),
                ("links", Refused("links are not followed")),
            ],
            Self::Header => &[
                ("description", Text),
                ("required", Bool),
                ("deprecated", Bool),
                ("schema", Content::Object(Self::Schema)),
                ("example", Anything),
            ],
            Self::Example => &[
                ("summary", Text),
                ("description", Text),
                ("value", Anything),
                ("externalValue", Text),
            ],
            Self::Components => &[
                ("schemas", Map(Self::Schema)),
                ("responses", Map(Self::Response)),
                ("parameters", Map(Self::Parameter)),
                ("examples", Map(Self::Example)),
                ("requestBodies", Map(Self::Body)),
                ("headers", Map(Self::Header)),
                ("securitySchemes", Map(Self::SecurityScheme)),
                ("links", Refused("links are not followed")),
                ("callbacks", Refused("the client hears no calls")),
            ],
            Self::Schema => &[
                ("type", Text),
                ("format", Text),
                ("description", Text),
                ("title", Refused(ELSEWHERE)),
                ("enum", Anything),
                ("nullable", Bool),
                ("readOnly", Bool),
                ("properties", Map(Self::Schema)),
                ("required", Texts),
                ("additionalProperties", SchemaOrBool),
                ("items", Content::Object(Self::Schema)),
                ("allOf", List(Self::Schema)),
                ("xml", Content::Object(Self::Xml)),
                ("minLength", Count),
                ("maxLength", Count),
                ("pattern", Text),
                ("minimum", Number),
                ("maximum", Number),
                ("example", Anything),
                ("oneOf", Refused(NO_COUNTERPART)),
                ("anyOf", Refused(NO_COUNTERPART)),
                ("not", Refused(NO_COUNTERPART)),
                (
                    "discriminator",
                    Refused("which type stands in a value cannot be told apart: name the one that does"),
                ),
                ("writeOnly", Refused(ELSEWHERE)),
                ("deprecated", Refused(ELSEWHERE)),
                (
                    "default",
                    Refused("the server's default is the server's: write it into the description"),
                ),
                ("externalDocs", Refused(ELSEWHERE)),
                ("multipleOf", Refused(NOT_IN_SCHEMA)),
                ("exclusiveMinimum", Refused(NOT_IN_SCHEMA)),
                ("exclusiveMaximum", Refused(NOT_IN_SCHEMA)),
                ("minItems", Refused(NOT_IN_SCHEMA)),
                ("maxItems", Refused(NOT_IN_SCHEMA)),
                ("uniqueItems", Refused(NOT_IN_SCHEMA)),
                ("minProperties", Refused(NOT_IN_SCHEMA)),
                ("maxProperties", Refused(NOT_IN_SCHEMA)),
            ],
            Self::Xml => &[
                ("name", Text),
                ("namespace", Text),
                ("wrapped", Bool),
                ("attribute", Bool),
                ("prefix", Refused("the serializer chooses its prefixes itself")),
            ],
            Self::SecurityScheme => &[
                ("type", Text),
                ("scheme", Text),
                ("description", Text),
                ("bearerFormat", Refused("only HTTP Basic is known")),
                ("flows", Refused("only HTTP Basic is known")),
                ("openIdConnectUrl", Refused("only HTTP Basic is known")),
                ("name", Refused("only HTTP Basic is known")),
                ("in", Refused("only HTTP Basic is known")),
            ],
            // Names of schemes.
            Self::SecurityRequirement => &[],
        }
    }

    fn may_be_a_reference(self) -> bool {
        use Object::*;
        matches!(
            self,
            Parameter | Body | Response | Header | Example | Schema | SecurityScheme
        )
    }
}

/// Tells of every keyword of the document that is not known, and of every value that is not of its keyword's kind.
pub(crate) fn check(document: &Node<'_>) {
    check_object(document, Object::Document);
}

fn check_object(node: &Node<'_>, object: Object) {
    if !node.value.is_object() {
        node.mistake(format!("{} is expected here: `keyword: value`", object.name()));
        return;
    }
    if object.may_be_a_reference() && node.child("$ref").is_some() {
        check_reference(node, object);
        return;
    }
    if object == Object::SecurityRequirement {
        return;
    }
    for (keyword, value) in node.children() {
        match object.keywords().iter().find(|(known, _)| *known == keyword) {
            Some((_, content)) => check_content(&keyword, &value, *content),
            None if keyword.starts_with("x-") => check_extension(&keyword, &value, object),
            None => {
                let names = object.keywords().iter().map(|(name, _)| *name);
                let help = match similar(&keyword, names) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "it would be dropped; an extension of OpenAPI begins with `x-`".to_owned(),
                };
                value.mistake(format!("{} has no keyword {keyword:?}: {help}", object.name()));
            }
        }
    }
}

fn check_reference(node: &Node<'_>, object: Object) {
    let Some(here) = node.child("$ref") else {
        return;
    };
    let Some(target) = node.text("$ref") else {
        here.mistake("text is expected here");
        return;
    };
    if node.children().len() > 1 {
        let help = match object {
            Object::Schema => "; write `allOf: [{$ref: …}]` and the rest beside it",
            _ => "",
        };
        node.mistake(format!("what stands beside a `$ref` is ignored in OpenAPI 3.0{help}"));
    }
    if !target.starts_with('#') {
        here.mistake(format!(
            "`$ref` to {target:?}: only places of this document, `#/…`, are known"
        ));
    } else if node.reference().is_none() {
        here.mistake(format!("`$ref` to {target:?}, and nothing stands there"));
    } else if node.is_in_circle() {
        node.mistake("the `$ref` leads in a circle");
    }
}

fn check_content(keyword: &str, value: &Node<'_>, content: Content) {
    match content {
        Anything => {}
        Text if !value.value.is_string() => value.mistake("text is expected here"),
        Bool if !value.value.is_boolean() => {
            value.mistake("`true` or `false` is expected here; `yes` and `no` are texts in YAML 1.2");
        }
        Count if !value.value.is_u64() => value.mistake("a whole number, not below 0, is expected here"),
        Number if !value.value.is_number() => value.mistake("a number is expected here"),
        Texts => {
            let texts = value.value.as_array().is_some_and(|it| it.iter().all(Value::is_string));
            if !texts {
                value.mistake("a list of names is expected");
            }
        }
        Content::Object(object) => check_object(value, object),
        SchemaOrBool if value.value.is_boolean() => {}
        SchemaOrBool => check_object(value, Object::Schema),
        List(object) if value.value.is_array() => value.children().iter().for_each(|(_, it)| check_object(it, object)),
        List(_) => value.mistake("a list is expected here"),
        Map(object) if value.value.is_object() => check_map(value, object),
        Responses if value.value.is_object() => {
            for (status, response) in value.children() {
                let class = status.len() == 3 && status.starts_with(|it: char| ('1'..='5').contains(&it));
                let known = status == "default" || (class && status[1..].chars().all(|it| it.is_ascii_digit()));
                if status.starts_with("x-") {
                    continue;
                }
                if !known {
                    response.mistake(format!(
                        "{status:?} is no status: `\"200\"`, or `default` for all others"
                    ));
                }
                check_object(&response, Object::Response);
            }
        }
        Map(_) | Responses => value.mistake("a value for each name is expected, `name: value`"),
        Refused(why) => value.mistake(format!("`{keyword}` is refused: {why}")),
        Text | Bool | Count | Number => {}
    }
}

fn check_map(map: &Node<'_>, object: Object) {
    let mut seen: Vec<&Value> = Vec::new();
    for (name, value) in map.children() {
        // Paths may be extended too; a member may be called `x-…`.
        if object == Object::PathItem && name.starts_with("x-") {
            continue;
        }
        // Said once for media types that say the same.
        if object == Object::MediaType && seen.contains(&value.value) {
            continue;
        }
        seen.push(value.value);
        check_object(&value, object);
    }
}

fn check_extension(keyword: &str, value: &Node<'_>, object: Object) {
    match EXTENSIONS.iter().find(|(known, ..)| *known == keyword) {
        Some((_, place, content)) if *place == object => check_content(keyword, value, *content),
        Some((_, place, _)) => value.mistake(format!("`{keyword}` stands in {}", place.name())),
        None => {
            if let Some(name) = similar(keyword, EXTENSIONS.iter().map(|(name, ..)| *name)) {
                value.mistake(format!(
                    "the extension {keyword:?} is not known: did you mean `{name}`?"
                ));
            }
        }
    }
}

/// The name that was probably meant: the same letters in another case, or at most two letters wrong.
pub(crate) fn similar<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let letters = |text: &str| {
        text.chars()
            .filter(|it| it.is_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    };
    let written = letters(name);
    let wrong = if written.chars().count() < 5 { 1 } else { 2 };
    names
        .map(|known| (strsim::osa_distance(&written, &letters(known)), known))
        .filter(|(distance, _)| *distance <= wrong)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
