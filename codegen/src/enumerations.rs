//! Enumerations: names, and the numbers and texts that the document gives them.

use heck::ToUpperCamelCase;
use serde_json::Value;
use vitec_connect_description::{Listed, Shape, Type};

use crate::document::Node;
use crate::reader::{DocumentReader, name_of};
use crate::schemas::read_xml;

/// Variants that every enumeration has besides the document's.
const OWN_VARIANTS: [&str; 2] = ["Unlisted", "UnlistedValue"];

pub(crate) fn read_enumeration<'a>(reader: &mut DocumentReader<'a>, schema: &Node<'a>, hint: &str) -> Option<Type> {
    if let Some(format) = schema.child("format") {
        format.mistake("an enumeration has no format");
    }
    let list = schema.child("enum")?;
    if !list.value.is_array() {
        list.mistake("a list of names is expected");
        return None;
    }
    let (numbers, descriptions) = (by_name(schema, "x-enum-numbers"), by_name(schema, "x-enumDescriptions"));
    let mut names: Vec<Listed> = Vec::new();
    let entries = list.children();
    for (_, entry) in &entries {
        // OpenAPI 3.0.3 wants `null` listed where it may stand.
        if entry.value.is_null() && schema.says("nullable") {
            continue;
        }
        if let Some(name) = entry.value.as_str() {
            names.extend(read_name(name, entry, &names));
        } else {
            entry.mistake(match entry.value {
                Value::Null => {
                    "`null` stands in an enumeration that is `nullable: true`; as a name, it stands in quotes"
                }
                _ => "a name is text; in YAML, a number as a name stands in quotes",
            });
        }
    }
    if entries.is_empty() {
        list.mistake("the enumeration lists no name");
    }
    let mut seen = Vec::new();
    for (name, node) in numbers.iter().flat_map(Node::children) {
        match node.value.as_i64().and_then(|it| i32::try_from(it).ok()) {
            Some(number) if seen.contains(&number) => node.mistake(format!("the number {number} is given twice")),
            Some(number) => {
                seen.push(number);
                if let Some(listed) = names.iter_mut().find(|it| it.name == name) {
                    listed.number = Some(number);
                }
            }
            None => node.mistake("the number of a name is a whole number of 32 bits"),
        }
    }
    for (name, node) in descriptions.iter().flat_map(Node::children) {
        match node.value.as_str() {
            Some(text) => {
                if let Some(listed) = names.iter_mut().find(|it| it.name == name) {
                    listed.description = Some(text.to_owned());
                }
            }
            None => node.mistake("text is expected here"),
        }
    }
    for (extension, node) in [("x-enum-numbers", &numbers), ("x-enumDescriptions", &descriptions)] {
        for (key, entry) in node.iter().flat_map(Node::children) {
            if list.is_right() && !entries.iter().any(|(_, it)| it.value.as_str() == Some(&key)) {
                entry.mistake(format!("`{extension}` speaks of {key:?}, which `enum` does not list"));
            }
        }
    }
    // An enumeration without a namespace can still be a member: there it is text in its holder's namespace.
    let name = name_of(schema, hint);
    let xml = read_xml(schema, hint)?;
    reader.add(&name, schema, Shape::Enumeration { xml, names })?;
    Some(Type::Schema(name))
}

fn by_name<'a>(schema: &Node<'a>, extension: &str) -> Option<Node<'a>> {
    let node = schema.child(extension)?;
    if !node.value.is_object() {
        node.mistake("a value for each name is expected, `Name: value`");
        return None;
    }
    Some(node)
}

fn read_name(name: &str, entry: &Node<'_>, before: &[Listed]) -> Option<Listed> {
    if name.trim() != name || name.contains(',') {
        entry.mistake(format!(
            "{name:?} has a comma, or space around it: .NET would read other names in it"
        ));
        return None;
    }
    let variant = name.to_upper_camel_case();
    if syn::parse_str::<syn::Ident>(&variant).is_err() || OWN_VARIANTS.contains(&variant.as_str()) {
        entry.mistake(format!("{name:?} cannot name a variant of a Rust enumeration"));
        return None;
    }
    if before
        .iter()
        .any(|it| it.variant == variant || it.name.eq_ignore_ascii_case(name))
    {
        entry.mistake(format!(
            "{name:?} stands twice in the enumeration, or differs in case only"
        ));
        return None;
    }
    Some(Listed {
        name: name.to_owned(),
        variant,
        number: None,
        description: None,
    })
}
