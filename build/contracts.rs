//! What the document says, read into the few kinds of thing that go over this wire. Every mistake in it is found here.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use super::document::{Mistake, Node};
use super::narrow::DATE_TIME;

/// The operations of the document, and the models that they carry.
pub(crate) struct Contracts<'a> {
    /// The base URL that calls go to unless told otherwise.
    pub(crate) server: &'a str,
    pub(crate) operations: Vec<Operation<'a>>,
    /// By the name of the Rust type.
    pub(crate) models: BTreeMap<String, Model<'a>>,
}

pub(crate) struct Operation<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) parameters: Vec<Parameter<'a>>,
    pub(crate) has_body: bool,
}

pub(crate) struct Parameter<'a> {
    pub(crate) name: &'a str,
    pub(crate) place: &'a str,
    pub(crate) required: bool,
    pub(crate) description: Option<&'a str>,
    pub(crate) ty: Type,
}

/// A schema that becomes a type of its own in Rust.
pub(crate) struct Model<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) description: Option<&'a str>,
    pub(crate) kind: Kind<'a>,
}

pub(crate) enum Kind<'a> {
    /// Members in the order that DataContractSerializer demands: ordinal, by their names in XML.
    Object {
        xml: XmlName,
        members: Vec<Member<'a>>,
    },
    Enumeration {
        xml: XmlName,
        names: Vec<Listed<'a>>,
    },
    /// A string that stands in a path. Lengths in characters.
    Id {
        min: u64,
        max: u64,
        pattern: Option<&'a str>,
    },
}

pub(crate) struct Member<'a> {
    pub(crate) json: String,
    pub(crate) xml: XmlName,
    pub(crate) description: Option<&'a str>,
    pub(crate) required: bool,
    pub(crate) ty: Type,
}

/// A name that an enumeration lists.
pub(crate) struct Listed<'a> {
    pub(crate) name: &'a str,
    pub(crate) variant: String,
    pub(crate) number: Option<i32>,
    pub(crate) description: Option<&'a str>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct XmlName {
    pub(crate) name: String,
    pub(crate) namespace: String,
}

#[derive(Clone)]
pub(crate) enum Type {
    /// A type of JSON, and the format that says how wide it is.
    Plain(&'static str, Option<&'static str>),
    DateTime,
    Model(String),
    List(Box<Type>, XmlName),
}

const SERIALIZATION: &str = "http://schemas.microsoft.com/2003/10/Serialization/";
const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";
const MEDIA_TYPES: [&str; 4] = ["application/json", "text/json", "application/xml", "text/xml"];
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

impl<'a> Contracts<'a> {
    pub(crate) fn read(document: &Node<'a>) -> Result<Self, Mistake> {
        if !document
            .text("openapi")?
            .is_some_and(|version| version.starts_with("3.0."))
        {
            return Err(document.mistake("an OpenAPI document of version 3.0.x is expected (`openapi: 3.0.3`)"));
        }
        let server = document.require("servers")?.require("0")?;
        let mut contracts = Contracts {
            server: server.text("url")?.ok_or_else(|| server.mistake("`url` is missing"))?,
            operations: Vec::new(),
            models: BTreeMap::new(),
        };
        // Errors are decoded by the library itself, in any casing of their keys: a schema that only they use needs no
        // model, and has no namespace.
        let (mut in_use, mut in_errors) = (BTreeSet::new(), BTreeSet::new());
        all_references_lead_somewhere(document)?;
        // Parameters first: a string that stands in a path is an id everywhere.
        for (path, item) in document.require("paths")?.children() {
            contracts.read_path(&path, &item, &mut in_use)?;
        }
        contracts.read_bodies(&mut in_use, &mut in_errors)?;
        if let Some(schemas) = document
            .get("components")?
            .map(|it| it.get("schemas"))
            .transpose()?
            .flatten()
        {
            for (name, schema) in schemas.children() {
                if in_use.contains(&name) || !in_errors.contains(&name) {
                    contracts.read_type(&schema, &name)?;
                }
            }
        }
        contracts.no_xml_name_twice()?;
        Ok(contracts)
    }

    fn read_path(&mut self, path: &str, item: &Node<'a>, in_use: &mut BTreeSet<String>) -> Result<(), Mistake> {
        for (method, node) in item.children() {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let id = node.text("operationId")?.ok_or_else(|| {
                node.mistake("the operation has no operationId, and the client's method is named after it")
            })?;
            if syn::parse_str::<syn::Ident>(&id.to_snake_case()).is_err() {
                return Err(node.mistake(format!("operationId {id:?} gives no name for a method")));
            }
            if let Some(other) = self.operations.iter().find(|it| it.name() == id.to_snake_case()) {
                let place = other.node.pointer();
                return Err(node.mistake(format!("operationId {id:?} is taken already, by {place}")));
            }
            let mut parameters: Vec<Parameter<'a>> = Vec::new();
            for list in [node.get("parameters")?, item.get("parameters")?].into_iter().flatten() {
                for (index, _) in list.children() {
                    let parameter = list.require(&index)?;
                    mentioned_schemas(&parameter, in_use)?;
                    let parameter = self.read_parameter(path, &parameter)?;
                    // The operation's own come first, and override the path's.
                    if !parameters
                        .iter()
                        .any(|it| it.name == parameter.name && it.place == parameter.place)
                    {
                        parameters.push(parameter);
                    }
                }
            }
            path_and_parameters_agree(path, &parameters, &node)?;
            self.operations.push(Operation {
                has_body: node.child("requestBody").is_some(),
                path: path.to_owned(),
                node,
                method,
                parameters,
            });
        }
        Ok(())
    }

    fn read_bodies(&mut self, in_use: &mut BTreeSet<String>, in_errors: &mut BTreeSet<String>) -> Result<(), Mistake> {
        let operations: Vec<(Node<'a>, String)> =
            self.operations.iter().map(|it| (it.node.clone(), it.name())).collect();
        for (node, name) in operations {
            if let Some(body) = node.get("requestBody")? {
                mentioned_schemas(&body, in_use)?;
                self.read_content(&body, &format!("{name}_body"))?;
            }
            let responses = node.require("responses")?;
            for (status, _) in responses.children() {
                let response = responses.require(&status)?;
                if status.starts_with('2') {
                    mentioned_schemas(&response, in_use)?;
                    self.read_content(&response, &format!("{name}_answer"))?;
                } else {
                    mentioned_schemas(&response, in_errors)?;
                }
            }
        }
        Ok(())
    }

    fn read_parameter(&mut self, path: &str, parameter: &Node<'a>) -> Result<Parameter<'a>, Mistake> {
        let name = parameter
            .text("name")?
            .ok_or_else(|| parameter.mistake("`name` is missing"))?;
        let place = parameter
            .text("in")?
            .ok_or_else(|| parameter.mistake("`in` is missing"))?;
        if !["path", "query", "header"].contains(&place) {
            return Err(parameter.mistake(format!(
                "a parameter in {place:?}: only path, query and header are known"
            )));
        }
        if place == "path" && !parameter.says("required") {
            return Err(parameter.mistake("a parameter in the path is `required: true`"));
        }
        let schema = parameter
            .child("schema")
            .ok_or_else(|| parameter.mistake("`schema` is missing"))?;
        let ty = match place {
            "path" => self.read_path_type(&schema, name, path)?,
            _ => self.read_type(&schema, &name.to_upper_camel_case())?,
        };
        let carried = match &ty {
            Type::Model(name) => !matches!(self.models.get(name).map(|it| &it.kind), Some(Kind::Object { .. })),
            Type::List(item, _) => matches!(**item, Type::Plain(..)),
            _ => true,
        };
        if !carried {
            return Err(schema.mistake("an object cannot stand in a parameter"));
        }
        Ok(Parameter {
            name,
            place,
            required: parameter.says("required"),
            description: parameter.text("description")?,
            ty,
        })
    }

    /// A string in a path becomes a type of its own: two ids cannot be swapped, and what would lead to another path is
    /// refused when the id is made.
    fn read_path_type(&mut self, schema: &Node<'a>, parameter: &str, path: &str) -> Result<Type, Mistake> {
        let named = schema.reference()?;
        let target = named.as_ref().unwrap_or(schema);
        if target.text("type")? != Some("string") || target.child("enum").is_some() || is_date(target)? {
            return self.read_type(schema, &parameter.to_upper_camel_case());
        }
        let name = target.schema_name().unwrap_or(parameter).to_upper_camel_case();
        let length = |name: &str, otherwise: u64| match target.child(name) {
            None => Ok(otherwise),
            Some(node) => node
                .value
                .as_u64()
                .ok_or_else(|| node.mistake("a length is a whole number, not below 0")),
        };
        let kind = Kind::Id {
            min: length("minLength", 1)?.max(1),
            max: length("maxLength", 40)?,
            pattern: target.text("pattern")?,
        };
        if let Some(Model { node, kind: other, .. }) = self.models.get(&name) {
            if node.pointer() != target.pointer() && *other != kind {
                return Err(schema.mistake(format!(
                    "the parameter {parameter:?} of {path} and {} are both called {name}, and differ: give this one a schema of \
                     its own under components/schemas",
                    node.pointer()
                )));
            }
        } else {
            self.add(&name, target, kind)?;
        }
        Ok(Type::Model(name))
    }

    /// A body or an answer: the same schema in each media type, in JSON and in XML.
    fn read_content(&mut self, holder: &Node<'a>, hint: &str) -> Result<(), Mistake> {
        let Some(content) = holder.get("content")? else {
            return Ok(());
        };
        let mut first: Option<Node<'a>> = None;
        for (media_type, entry) in content.children() {
            if !MEDIA_TYPES.contains(&media_type.as_str()) {
                return Err(entry.mistake(format!(
                    "the media type is not one that this client writes and reads: {}",
                    MEDIA_TYPES.join(", ")
                )));
            }
            let schema = entry
                .child("schema")
                .ok_or_else(|| entry.mistake("`schema` is missing"))?;
            if first.as_ref().is_some_and(|first| first.value != schema.value) {
                return Err(schema.mistake("the schema is not that of the other media types beside it"));
            }
            first.get_or_insert(schema);
        }
        let Some(schema) = first else {
            return Ok(());
        };
        let ty = self.read_type(&schema, &hint.to_upper_camel_case())?;
        let (root, target) = (self.root(&ty), content_schema(&schema)?);
        let said = (xml_text(&target, "name")?, xml_text(&target, "namespace")?);
        if !matches!(ty, Type::Model(_))
            && (said.0.is_some_and(|it| it != root.name) || said.1.is_some_and(|it| it != root.namespace))
        {
            return Err(target.mistake(format!(
                "DataContractSerializer calls this root element {:?} in the namespace {:?}",
                root.name, root.namespace
            )));
        }
        Ok(())
    }

    /// The type of a schema. `hint` names the Rust type of a schema that stands in place, without a name of its own.
    fn read_type(&mut self, schema: &Node<'a>, hint: &str) -> Result<Type, Mistake> {
        let target = content_schema(schema)?;
        for word in ["oneOf", "anyOf", "not"] {
            if let Some(node) = target.child(word) {
                return Err(node.mistake(format!("`{word}` has no counterpart in a .NET data contract")));
            }
        }
        let name = target.schema_name().unwrap_or(hint).to_upper_camel_case();
        let is_known = self.models.contains_key(&name);
        if is_known
            && self
                .models
                .get(&name)
                .is_some_and(|it| it.node.pointer() != target.pointer())
        {
            return Err(target.mistake(format!("a second type would be called {name} in Rust")));
        }
        let ty = target
            .text("type")?
            .or(target.child("properties").map(|_| "object"))
            .ok_or_else(|| target.mistake("`type` is missing"))?;
        let format = target.text("format")?;
        Ok(match ty {
            // An id: its kind is known from the path that it stands in.
            "string" if is_known => Type::Model(name),
            "string" if target.child("enum").is_some() => {
                let kind = self.read_enumeration(&target, &name)?;
                self.add(&name, &target, kind)?;
                Type::Model(name)
            }
            "string" if is_date(&target)? => Type::DateTime,
            "string" => Type::Plain("string", None),
            "boolean" => Type::Plain("boolean", None),
            "integer" | "number" if target.child("enum").is_some() => {
                return Err(target.mistake("an enumeration is a `type: string` with the names in `enum`"));
            }
            "integer" => Type::Plain("integer", Some(if format == Some("int32") { "int32" } else { "int64" })),
            "number" => Type::Plain("number", Some(if format == Some("float") { "float" } else { "double" })),
            "array" => {
                let items = target
                    .child("items")
                    .ok_or_else(|| target.mistake("`items` is missing"))?;
                let item = self.read_type(&items, &format!("{hint}Item"))?;
                let mut xml = self.item(&item);
                xml.name = xml_text(&items, "name")?.map_or(xml.name, str::to_owned);
                xml.namespace = xml_text(&items, "namespace")?.map_or(xml.namespace, str::to_owned);
                is_xml_name(&xml.name, &items)?;
                Type::List(Box::new(item), xml)
            }
            "object" if is_known => Type::Model(name),
            "object" => {
                // Entered before its members are read, so that a schema may hold itself.
                let xml = read_xml(&target, &name)?.ok_or_else(|| {
                    target.mistake(
                        "the schema has no namespace in XML; add `xml: {namespace: http://schemas.datacontract.org/2004/07/…}`, \
                         the .NET namespace of the type",
                    )
                })?;
                let namespace = xml.namespace.clone();
                self.add(
                    &name,
                    &target,
                    Kind::Object {
                        xml: xml.clone(),
                        members: Vec::new(),
                    },
                )?;
                let members = self.read_members(&target, &name, &namespace)?;
                if let Some(model) = self.models.get_mut(&name) {
                    model.kind = Kind::Object { xml, members };
                }
                Type::Model(name)
            }
            other => return Err(target.mistake(format!("`type: {other}` is none of OpenAPI 3.0"))),
        })
    }

    fn read_members(&mut self, schema: &Node<'a>, name: &str, namespace: &str) -> Result<Vec<Member<'a>>, Mistake> {
        if let Some(node) = schema.child("additionalProperties")
            && *node.value != Value::Bool(false)
        {
            return Err(node.mistake("a dictionary is not supported: list the members under `properties`"));
        }
        let properties = schema
            .get("properties")?
            .ok_or_else(|| schema.mistake("an object without `properties` cannot be written as XML"))?;
        let required: Vec<&str> = match schema.child("required").map(|it| it.value) {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut members: Vec<Member<'a>> = Vec::new();
        for (json, property) in properties.children() {
            let Some(xml_name) = xml_text(&property, "name")? else {
                let hint = match property.child("$ref") {
                    Some(_) => {
                        " (what stands beside a `$ref` is ignored in OpenAPI 3.0: write `allOf: [{$ref: …}]` instead)"
                    }
                    None => "",
                };
                return Err(property.mistake(format!(
                    "the member has no name in XML, where a wrongly cased one is lost without an error; add `xml: {{name: {}}}`, \
                     its name in .NET{hint}",
                    json.to_upper_camel_case()
                )));
            };
            is_xml_name(xml_name, &property)?;
            if property.child("xml").is_some_and(|xml| xml.says("attribute")) {
                return Err(property.mistake("DataContractSerializer writes no member as an attribute"));
            }
            let xml = XmlName {
                name: xml_name.to_owned(),
                namespace: xml_text(&property, "namespace")?.unwrap_or(namespace).to_owned(),
            };
            if members.iter().any(|it| it.xml == xml) {
                return Err(property.mistake(format!("the name {xml_name:?} in XML is given twice in this schema")));
            }
            let ty = self.read_type(&property, &format!("{name}{}", json.to_upper_camel_case()))?;
            let description = match property.text("description")? {
                Some(text) => Some(text),
                None => content_schema(&property)?.text("description")?,
            };
            members.push(Member {
                required: required.contains(&json.as_str()) && !property.says("nullable"),
                json,
                xml,
                description,
                ty,
            });
        }
        if let Some(unknown) = required
            .iter()
            .find(|it| !members.iter().any(|member| member.json == **it))
        {
            return Err(schema.mistake(format!("`required` names {unknown:?}, which is no member")));
        }
        members.sort_by(|a, b| a.xml.name.cmp(&b.xml.name));
        Ok(members)
    }

    fn read_enumeration(&self, schema: &Node<'a>, name: &str) -> Result<Kind<'a>, Mistake> {
        let list = schema.require("enum")?;
        let numbers = schema.child("x-enum-numbers");
        let descriptions = schema.child("x-enumDescriptions");
        let mut names: Vec<Listed<'a>> = Vec::new();
        for (_, entry) in list.children() {
            let Value::String(text) = entry.value else {
                return Err(entry.mistake("a name of the enumeration is text"));
            };
            let number = match numbers.as_ref().and_then(|it| it.child(text)) {
                None => None,
                Some(node) => match node.value.as_i64().and_then(|it| i32::try_from(it).ok()) {
                    Some(number) if names.iter().any(|it| it.number == Some(number)) => {
                        return Err(node.mistake(format!("the number {number} is given twice")));
                    }
                    Some(number) => Some(number),
                    None => {
                        return Err(node.mistake("the number of a name is a whole number of 32 bits"));
                    }
                },
            };
            let variant = text.to_upper_camel_case();
            if syn::parse_str::<syn::Ident>(&variant).is_err()
                || ["Unlisted", "UnlistedValue"].contains(&variant.as_str())
            {
                return Err(entry.mistake(format!("{text:?} cannot name a variant of a Rust enumeration")));
            }
            if names
                .iter()
                .any(|it| it.variant == variant || it.name.eq_ignore_ascii_case(text))
            {
                return Err(entry.mistake(format!(
                    "{text:?} stands twice in the enumeration, or differs in case only"
                )));
            }
            let description = match &descriptions {
                Some(node) => node.text(text)?,
                None => None,
            };
            names.push(Listed {
                name: text,
                variant,
                number,
                description,
            });
        }
        if names.is_empty() {
            return Err(list.mistake("the enumeration lists no name"));
        }
        for (extension, node) in [("x-enum-numbers", &numbers), ("x-enumDescriptions", &descriptions)] {
            for (key, entry) in node.iter().flat_map(Node::children) {
                if !names.iter().any(|it| it.name == key) {
                    return Err(entry.mistake(format!("`{extension}` speaks of {key:?}, which `enum` does not list")));
                }
            }
        }
        // An enumeration without a namespace can still be a member: there it is text in its holder's namespace.
        let xml = read_xml(schema, name)?.unwrap_or(XmlName {
            name: name.to_owned(),
            namespace: String::new(),
        });
        Ok(Kind::Enumeration { xml, names })
    }

    fn add(&mut self, name: &str, node: &Node<'a>, kind: Kind<'a>) -> Result<(), Mistake> {
        if syn::parse_str::<syn::Ident>(name).is_err() || name == DATE_TIME {
            return Err(node.mistake(format!("{name:?} cannot name a Rust type")));
        }
        let model = Model {
            description: node.text("description")?,
            node: node.clone(),
            kind,
        };
        self.models.insert(name.to_owned(), model);
        Ok(())
    }

    /// What DataContractSerializer calls a value that is the whole document.
    fn root(&self, ty: &Type) -> XmlName {
        let mut root = self.item(ty);
        if matches!(ty, Type::Plain(..) | Type::DateTime) {
            root.namespace = SERIALIZATION.to_owned();
        }
        root
    }

    /// What DataContractSerializer calls a value in a list.
    fn item(&self, ty: &Type) -> XmlName {
        let arrays = |name: &str| XmlName {
            name: name.to_owned(),
            namespace: ARRAYS.to_owned(),
        };
        match ty {
            Type::Plain("boolean", _) => arrays("boolean"),
            Type::Plain("integer", Some("int32")) => arrays("int"),
            Type::Plain("integer", _) => arrays("long"),
            Type::Plain("number", Some("float")) => arrays("float"),
            Type::Plain("number", _) => arrays("double"),
            Type::Plain(..) => arrays("string"),
            Type::DateTime => arrays("dateTime"),
            Type::List(item, _) => {
                let item = self.item(item);
                XmlName {
                    name: format!("ArrayOf{}", item.name),
                    ..item
                }
            }
            Type::Model(name) => match self.models.get(name).map(|it| &it.kind) {
                Some(Kind::Object { xml, .. } | Kind::Enumeration { xml, .. }) => xml.clone(),
                _ => arrays("string"),
            },
        }
    }

    fn no_xml_name_twice(&self) -> Result<(), Mistake> {
        let mut seen: Vec<(&XmlName, &Node<'_>)> = Vec::new();
        for model in self.models.values() {
            let (Kind::Object { xml, .. } | Kind::Enumeration { xml, .. }) = &model.kind else {
                continue;
            };
            if let Some((_, other)) = seen.iter().find(|(it, _)| *it == xml) {
                return Err(model.node.mistake(format!(
                    "the name {:?} in XML is given twice in its namespace; the other place is {}",
                    xml.name,
                    other.pointer()
                )));
            }
            seen.push((xml, &model.node));
        }
        Ok(())
    }
}

impl Operation<'_> {
    /// The name of the generated method.
    pub(crate) fn name(&self) -> String {
        let id = self.node.value.get("operationId").and_then(Value::as_str);
        id.unwrap_or_default().to_snake_case()
    }
}

impl PartialEq for Kind<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Kind::Id { min, max, pattern },
                Kind::Id {
                    min: a,
                    max: b,
                    pattern: c,
                },
            ) => (min, max, pattern) == (a, b, c),
            _ => false,
        }
    }
}

/// A schema, its `$ref` or its `allOf` with one entry (a `$ref` that something stands beside) followed to the end.
fn content_schema<'a>(schema: &Node<'a>) -> Result<Node<'a>, Mistake> {
    let mut node = schema.clone();
    for _ in 0..64 {
        if let Some(target) = node.reference()? {
            node = target;
        } else if let Some(list) = node.child("allOf") {
            match &list.children()[..] {
                [(_, only)] => node = only.clone(),
                _ => {
                    return Err(list.mistake("`allOf` with one entry is known: list inherited members themselves"));
                }
            }
        } else {
            return Ok(node);
        }
    }
    Err(schema.mistake("the schema leads in a circle"))
}

fn is_date(schema: &Node<'_>) -> Result<bool, Mistake> {
    // .NET Framework has no type for a date alone: a date is a DateTime.
    Ok(matches!(schema.text("format")?, Some("date-time" | "date")))
}

fn xml_text<'a>(schema: &Node<'a>, name: &str) -> Result<Option<&'a str>, Mistake> {
    match schema.child("xml") {
        Some(xml) => xml.text(name),
        None => Ok(None),
    }
}

/// The name and namespace of a schema in XML; none without a namespace.
fn read_xml(schema: &Node<'_>, name: &str) -> Result<Option<XmlName>, Mistake> {
    let Some(namespace) = xml_text(schema, "namespace")?.filter(|it| !it.is_empty()) else {
        return Ok(None);
    };
    let name = xml_text(schema, "name")?.unwrap_or(schema.schema_name().unwrap_or(name));
    is_xml_name(name, schema)?;
    Ok(Some(XmlName {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
    }))
}

/// Whether DataContractSerializer could have made this name: a letter or underscore, then also digits, `-` and `.`.
fn is_xml_name(name: &str, node: &Node<'_>) -> Result<(), Mistake> {
    let mut characters = name.chars();
    let start = characters.next().is_some_and(|it| it.is_alphabetic() || it == '_');
    if start && characters.all(|it| it.is_alphanumeric() || ['_', '-', '.'].contains(&it)) {
        return Ok(());
    }
    Err(node.mistake(format!("{name:?} is no name of an element in XML")))
}

fn path_and_parameters_agree(path: &str, parameters: &[Parameter<'_>], node: &Node<'_>) -> Result<(), Mistake> {
    let in_path: Vec<&str> = path
        .split('{')
        .skip(1)
        .filter_map(|it| it.split_once('}').map(|(name, _)| name))
        .collect();
    for name in &in_path {
        if !parameters.iter().any(|it| it.place == "path" && it.name == *name) {
            return Err(node.mistake(format!("the path has {{{name}}}, and no parameter describes it")));
        }
    }
    match parameters
        .iter()
        .find(|it| it.place == "path" && !in_path.contains(&it.name))
    {
        Some(parameter) => Err(node.mistake(format!(
            "the path has no {{{}}}, which is a parameter in it",
            parameter.name
        ))),
        None => Ok(()),
    }
}

fn all_references_lead_somewhere(node: &Node<'_>) -> Result<(), Mistake> {
    node.reference()?;
    node.children()
        .iter()
        .try_for_each(|(_, child)| all_references_lead_somewhere(child))
}

/// The names of the schemas that `node` speaks of, and of those that they speak of in turn.
fn mentioned_schemas(node: &Node<'_>, names: &mut BTreeSet<String>) -> Result<(), Mistake> {
    if let Some(target) = node.reference()? {
        if target.schema_name().is_some_and(|name| !names.insert(name.to_owned())) {
            return Ok(());
        }
        mentioned_schemas(&target, names)?;
    }
    node.children()
        .iter()
        .try_for_each(|(_, child)| mentioned_schemas(child, names))
}
