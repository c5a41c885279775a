//! The document, read into a description. What is wrong is told to the document, and reading goes on: what cannot be read is
//! `None`, and what it stands in says nothing more about it.

use std::collections::{BTreeMap, BTreeSet};

use vitec_connect_description::{Description, Limits, Operation, Schema, Shape, Type, XmlName};

use crate::commands;
use crate::document::Node;
use crate::names::{is_type_name, type_name};
use crate::operations::{Found, find_operations, read_operation};
use crate::parameters::read_ids;
use crate::schemas::read_type;

/// The type of every customer: the key to the credentials.
pub(crate) const CUSTOMER_ID: &str = "CustomerId";

pub(crate) struct DocumentReader<'a> {
    pub(crate) description: Description,
    /// The operations, and where each stands.
    pub(crate) operations: Vec<(Operation, Node<'a>)>,
    /// Where each type of the description stands.
    pub(crate) places: BTreeMap<String, Node<'a>>,
    /// What each place turned out to be.
    pub(crate) known: BTreeMap<String, Option<Type>>,
    /// The places that are just being read: a list that is met again would hold itself.
    pub(crate) open: Vec<String>,
}

/// All that the document says. Where something is wrong it is told to the document, and what comes back is only a part.
pub(crate) fn read(document: &Node<'_>) -> Description {
    let mut reader = DocumentReader {
        description: Description::default(),
        operations: Vec::new(),
        places: BTreeMap::new(),
        known: BTreeMap::new(),
        open: Vec::new(),
    };
    reader.read_head(document);
    let found = document
        .require("paths")
        .map_or_else(Vec::new, |it| find_operations(&it));
    // First of all the ids: a string that stands in a path is one everywhere.
    for operation in &found {
        read_ids(&mut reader, operation);
    }
    for operation in &found {
        read_operation(&mut reader, operation);
    }
    reader.read_schemas(document, &found);
    reader.no_xml_name_twice();
    reader.no_model_named_like_a_builder();
    if !reader.description.schemas.contains_key(CUSTOMER_ID) {
        let customer = Schema {
            description: Some("A customer, whose credentials a call takes.".to_owned()),
            shape: Shape::Id {
                min: 1,
                max: None,
                pattern: None,
            },
        };
        reader.description.schemas.insert(CUSTOMER_ID.to_owned(), customer);
    }
    commands::name_all(&mut reader.operations);
    one_is_delivered(&reader.operations);
    reader.description.operations = reader.operations.into_iter().map(|(operation, _)| operation).collect();
    reader.description
}

impl<'a> DocumentReader<'a> {
    fn read_head(&mut self, document: &Node<'a>) {
        if !document.text("openapi").is_some_and(|it| it.starts_with("3.0.")) {
            let message = "an OpenAPI document of version 3.0.x is expected (`openapi: 3.0.3`)";
            match document.child("openapi") {
                Some(here) if here.value.is_string() => document.mistake(message),
                _ => document.missing("openapi", message),
            }
        }
        if let Some(info) = document.require("info") {
            for name in ["title", "version"] {
                info.missing(name, format!("`{name}` is missing"));
            }
            self.description.title = info.text("title").unwrap_or_default().to_owned();
            self.description.version = info.text("version").unwrap_or_default().to_owned();
            self.description.description = info.text("description").map(str::to_owned);
        }
        self.description.server = read_server(document).unwrap_or_default();
        check_security(document);
    }

    /// Those that no operation has led to. Errors are decoded by the library itself, in any casing of their keys: a schema
    /// that only they use needs no type, and has no namespace.
    fn read_schemas(&mut self, document: &Node<'a>, operations: &[Found<'a>]) {
        let (mut in_use, mut in_errors) = (BTreeSet::new(), BTreeSet::new());
        for operation in operations {
            for value in ["parameters", "requestBody"]
                .map(|it| operation.node.child(it))
                .iter()
                .flatten()
            {
                mentioned_places(value, &mut in_use);
            }
            for (status, response) in operation.node.child("responses").iter().flat_map(Node::children) {
                let success = status.starts_with('2');
                mentioned_places(&response, if success { &mut in_use } else { &mut in_errors });
            }
        }
        let components = document.get("components");
        // Of operations that could not be found, as far as that can be told.
        for (_, response) in components
            .iter()
            .filter_map(|it| it.get("responses"))
            .flat_map(|it| it.children())
        {
            mentioned_places(&response, &mut in_errors);
        }
        let schemas = components.and_then(|it| it.get("schemas"));
        for (name, schema) in schemas.iter().flat_map(Node::children) {
            if in_use.contains(schema.pointer()) || !in_errors.contains(schema.pointer()) {
                read_type(self, &schema, &name);
            }
        }
    }

    /// Enters a type under its name in Rust.
    pub(crate) fn add(&mut self, name: &str, node: &Node<'a>, shape: Shape) -> Option<()> {
        if !is_type_name(name) {
            node.mistake(format!("{name:?} cannot name a Rust type"));
            return None;
        }
        if let Some(other) = self.places.get(name) {
            let place = other.place();
            node.mistake(format!(
                "a second type would be called {name} in Rust; the other place is {place}"
            ));
            return None;
        }
        let schema = Schema {
            description: node.text("description").map(str::to_owned),
            shape,
        };
        self.description.schemas.insert(name.to_owned(), schema);
        self.places.insert(name.to_owned(), node.clone());
        Some(())
    }

    fn no_xml_name_twice(&self) {
        let mut seen: BTreeMap<&XmlName, &Node<'_>> = BTreeMap::new();
        // In the order of the document, so that the later one is told of.
        for (name, node) in &self.places {
            let schema = self.description.schemas.get(name).map(|it| &it.shape);
            let Some(Shape::Object { xml, .. } | Shape::Enumeration { xml, .. }) = schema else {
                continue;
            };
            if xml.namespace.is_empty() {
                continue;
            }
            if let Some(other) = seen.insert(xml, node) {
                let (first, second) = if other.line() <= node.line() {
                    (other, node)
                } else {
                    (node, other)
                };
                seen.insert(xml, first);
                second.mistake(format!(
                    "the name {:?} in XML is given twice in its namespace; the other place is {}",
                    xml.name,
                    first.place()
                ));
            }
        }
    }

    /// Each object has a builder, which is a type too.
    fn no_model_named_like_a_builder(&self) {
        let schemas = &self.description.schemas;
        let is_object = |name: &str| matches!(schemas.get(name).map(|it| &it.shape), Some(Shape::Object { .. }));
        for (name, node) in &self.places {
            if name.strip_suffix("Builder").is_some_and(is_object) {
                node.mistake(format!("{name} is what the builder of another schema is called"));
            }
        }
    }
}

/// An outbox delivers one operation.
fn one_is_delivered(operations: &[(Operation, Node<'_>)]) {
    let mut delivered = operations.iter().filter(|(operation, _)| operation.deliver);
    let first = delivered.next();
    for (_, node) in delivered {
        let place = first.map_or_else(String::new, |(_, first)| first.place());
        node.mistake_at(
            "x-deliver",
            format!("an outbox delivers one operation, and {place} is it already"),
        );
    }
}

fn read_server(document: &Node<'_>) -> Option<String> {
    let server = document.require("servers")?.require("0")?;
    server.missing("url", "`url` is missing");
    let url = server.text("url")?;
    if !(url.starts_with("https://") || url.starts_with("http://")) || url.contains(['{', '?', '#']) {
        let message = "a whole URL is expected, `https://…`, without variables, query and fragment";
        server.mistake_at("url", message);
    }
    Some(url.trim_end_matches('/').to_owned())
}

/// HTTP Basic is what the client sends, whatever the document says: anything else would be a promise not kept.
fn check_security(document: &Node<'_>) {
    let schemes = document.get("components").and_then(|it| it.get("securitySchemes"));
    for (_, scheme) in schemes.iter().flat_map(Node::children) {
        let Some(scheme) = scheme.followed() else {
            continue;
        };
        let says = |name: &str, value: &str| match scheme.text(name) {
            Some(text) if !text.eq_ignore_ascii_case(value) => {
                scheme.mistake_at(name, "only HTTP Basic is known: `type: http`, `scheme: basic`");
            }
            _ => scheme.missing(name, format!("`{name}` is missing: `{name}: {value}`")),
        };
        says("type", "http");
        says("scheme", "basic");
    }
    let names: Vec<String> = schemes.iter().flat_map(Node::children).map(|(name, _)| name).collect();
    for (_, requirement) in document.child("security").iter().flat_map(Node::children) {
        for (name, scheme) in requirement.children() {
            if !names.contains(&name) {
                scheme.mistake(format!("{name:?} is no scheme of `components.securitySchemes`"));
            }
        }
    }
}

/// The places that `node` refers to, and those that they refer to in turn.
fn mentioned_places(node: &Node<'_>, places: &mut BTreeSet<String>) {
    if let Some(target) = node.reference()
        && places.insert(target.pointer().to_owned())
    {
        mentioned_places(&target, places);
    }
    node.children()
        .iter()
        .for_each(|(_, child)| mentioned_places(child, places));
}

/// What stands beside a type.
pub(crate) fn limits(schema: &Node<'_>) -> Limits {
    let number = |name: &str| schema.value.get(name).and_then(serde_json::Value::as_f64);
    Limits {
        min_length: schema.count("minLength"),
        max_length: schema.count("maxLength"),
        pattern: schema.text("pattern").map(str::to_owned),
        minimum: number("minimum"),
        maximum: number("maximum"),
        values: match schema.text("type") {
            Some("integer") => {
                let values = schema.child("enum");
                values
                    .iter()
                    .flat_map(Node::children)
                    .filter_map(|(_, it)| it.value.as_i64())
                    .collect()
            }
            _ => Vec::new(),
        },
    }
}

/// The name of the type of a schema: its own, or the one of the place where it stands.
pub(crate) fn name_of(schema: &Node<'_>, hint: &str) -> String {
    type_name(schema.schema_name().unwrap_or(hint))
}
