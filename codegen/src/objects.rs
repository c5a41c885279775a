//! Objects: their members, those of the type that they are derived from first.

use heck::{ToSnakeCase, ToUpperCamelCase};
use vitec_connect_description::{Member, Shape, Type, XmlName};

use crate::document::Node;
use crate::reader::{DocumentReader, limits, name_of};
use crate::schemas::{
    NO_NAMESPACE, content_schema, is_xml_name, read_dictionary, read_type, read_xml, upper_case, xml_text,
};

pub(crate) fn read_object<'a>(reader: &mut DocumentReader<'a>, target: &Node<'a>, hint: &str) -> Option<Type> {
    if let Some(values) = target.child("additionalProperties").filter(|it| it.value.is_object()) {
        if target.child("properties").is_some() || target.child("allOf").is_some() {
            values
                .mistake("an object has members or is a dictionary: `properties` or `additionalProperties`, not both");
            return None;
        }
        return read_dictionary(reader, &values, hint);
    }
    if target.says("additionalProperties") && target.child("properties").is_none() {
        target.mistake_at(
            "additionalProperties",
            "a dictionary says of what: `additionalProperties: {type: string}`",
        );
        return None;
    }
    for (_, part) in target.child("allOf").iter().flat_map(Node::children) {
        let is_other = |it: &Node<'a>| it.text("type").is_some_and(|ty| ty != "object");
        if content_schema(&part).as_ref().is_some_and(is_other) {
            part.mistake("`allOf` with several entries, or with `properties` beside it, is a derived class: its entries are objects");
            return None;
        }
    }
    let name = name_of(target, hint);
    let xml = read_xml(target, hint)?;
    if xml.namespace.is_empty() {
        target.mistake(NO_NAMESPACE);
        return None;
    }
    // Entered before its members are read, so that a schema may hold itself.
    let members = Vec::new();
    let namespace = xml.namespace.clone();
    reader.add(&name, target, Shape::Object { xml, members })?;
    let ty = Type::Schema(name.clone());
    reader.known.insert(target.pointer().to_owned(), Some(ty.clone()));
    let read = read_members(reader, target, &name, &namespace);
    if let Some(Shape::Object { members, .. }) = reader.description.schemas.get_mut(&name).map(|it| &mut it.shape) {
        *members = read;
    }
    Some(ty)
}

/// Those that can be read: of the others it is told.
fn read_members<'a>(reader: &mut DocumentReader<'a>, schema: &Node<'a>, name: &str, namespace: &str) -> Vec<Member> {
    let mut parts = vec![schema.clone()];
    let mut members = Vec::new();
    let mut base: Option<Node<'a>> = None;
    for (_, part) in schema.child("allOf").iter().flat_map(Node::children) {
        if part.child("$ref").is_none() {
            if part.child("allOf").is_some() || part.child("xml").is_some() {
                part.mistake("a part in place has `properties` and `required` only; `xml` stands beside the `allOf`");
            }
            parts.push(part);
        } else if base.is_some() {
            part.mistake("a class in .NET has one base class, and another `$ref` stands before this one");
        } else {
            base = Some(part.clone());
            members = read_base(reader, &part, schema);
        }
    }
    let inherited = members.len();
    let mut required = Vec::new();
    for part in &parts {
        required.extend(part.texts("required"));
    }
    for part in &parts {
        for (json, property) in part.child("properties").iter().flat_map(Node::children) {
            if let Some(member) = read_member(reader, &json, &property, name, namespace, &required)
                && is_new(&member, &members, &property)
            {
                members.push(member);
            }
        }
    }
    for unknown in &required {
        let is_there = |part: &Node<'a>| part.child("properties").is_some_and(|it| it.child(unknown).is_some());
        if !parts.iter().any(is_there) && !members.iter().any(|it| it.json == *unknown) {
            schema.mistake_at("required", format!("`required` names {unknown:?}, which is no member"));
        }
    }
    for member in members.iter_mut().take(inherited) {
        member.required |= required.contains(&member.json.as_str()) && !member.read_only;
    }
    if let Some(own) = members.get_mut(inherited..) {
        own.sort_by(|a, b| a.xml.name.cmp(&b.xml.name));
    }
    let mut expiring = members.iter().filter(|it| it.expires);
    if let (Some(first), Some(second)) = (expiring.next(), expiring.next()) {
        schema.mistake(format!(
            "`x-expires` stands at {:?} and at {:?}: an object expires once",
            first.json, second.json
        ));
    }
    members
}

/// The members of a base class, which stand before those of its derived classes whatever they are called.
fn read_base<'a>(reader: &mut DocumentReader<'a>, base: &Node<'a>, derived: &Node<'a>) -> Vec<Member> {
    let target = content_schema(base);
    if target.as_ref().is_some_and(|it| it.pointer() == derived.pointer())
        || target
            .as_ref()
            .is_some_and(|it| reader.open.iter().any(|open| open == it.pointer()))
    {
        base.mistake("the base class is derived from this one");
        return Vec::new();
    }
    let Some(ty) = read_type(reader, base, "Base") else {
        return Vec::new();
    };
    reader.description.members(&ty).to_vec()
}

fn read_member<'a>(
    reader: &mut DocumentReader<'a>,
    json: &str,
    property: &Node<'a>,
    holder: &str,
    namespace: &str,
    required: &[&str],
) -> Option<Member> {
    let xml = read_member_name(json, property, namespace);
    if json.to_snake_case().is_empty() {
        property.mistake(format!("the name {json:?} gives no field of its own in Rust"));
        return None;
    }
    let ty = read_type(reader, property, &format!("{holder}{}", json.to_upper_camel_case()))?;
    let content = content_schema(property)?;
    let description = property.text("description").or(content.text("description"));
    let read_only = property.says("readOnly") || content.says("readOnly");
    let nullable = property.says("nullable") || content.says("nullable");
    let expires = property.says("x-expires");
    let is_date = ty == Type::DateTime;
    if expires && !is_date {
        property.mistake_at(
            "x-expires",
            "what says when an object expires is a date: `format: date-time`",
        );
    }
    Some(Member {
        json: json.to_owned(),
        xml: xml?,
        description: description.map(str::to_owned),
        ty,
        required: required.contains(&json) && !nullable && !read_only,
        read_only,
        limits: limits(&content),
        expires: expires && is_date,
    })
}

fn read_member_name(json: &str, property: &Node<'_>, namespace: &str) -> Option<XmlName> {
    let Some(name) = xml_text(property, "name") else {
        let hint = match property.child("$ref") {
            Some(_) => " (what stands beside a `$ref` is ignored in OpenAPI 3.0: write `allOf: [{$ref: …}]` instead)",
            None => "",
        };
        let message = format!(
            "the member has no name in XML, where a wrongly cased one is lost without an error; add `xml: {{name: {}}}`, \
             its name in .NET{hint}",
            json.to_upper_camel_case()
        );
        // Nothing is said where the `xml` has a mistake of its own: the name may be in it.
        if property.child("xml").is_none_or(|xml| xml.is_right()) {
            property.missing("xml.name", message);
        }
        return None;
    };
    if property.child("xml").is_some_and(|xml| xml.says("attribute")) {
        property.mistake("DataContractSerializer writes no member as an attribute");
    }
    is_xml_name(name, property)?;
    upper_case(name, property);
    Some(XmlName {
        name: name.to_owned(),
        namespace: xml_text(property, "namespace").unwrap_or(namespace).to_owned(),
    })
}

fn is_new(member: &Member, members: &[Member], property: &Node<'_>) -> bool {
    if members.iter().any(|it| it.xml == member.xml) {
        let name = &member.xml.name;
        property.mistake(format!("the name {name:?} in XML is given twice in this schema"));
        return false;
    }
    let field = member.json.to_snake_case();
    if members.iter().any(|it| it.json.to_snake_case() == field) {
        let name = &member.json;
        property.mistake(format!("the name {name:?} gives no field of its own in Rust"));
        return false;
    }
    true
}
