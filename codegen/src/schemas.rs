//! A schema, as the type that it becomes in Rust and the names that it has in XML.

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use crate::contracts::{Contracts, Kind, Listed, Member, Model, Type, XmlName};
use crate::document::{Mistake, Node};
use crate::narrow::DATE_TIME;

const SERIALIZATION: &str = "http://schemas.microsoft.com/2003/10/Serialization/";
pub(crate) const NO_NAMESPACE: &str = "the schema has no namespace in XML; add \
     `xml: {namespace: http://schemas.datacontract.org/2004/07/…}`, the .NET namespace of the type";
const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";

impl<'a> Contracts<'a> {
    /// The type of a schema. `hint` names the Rust type of a schema that stands in place, without a name of its own.
    pub(crate) fn read_type(&mut self, schema: &Node<'a>, hint: &str) -> Result<Type, Mistake> {
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
            let other = self.models.get(&name).map_or_else(String::new, |it| it.node.place());
            return Err(target.mistake(format!(
                "a second type would be called {name} in Rust; the other place is {other}"
            )));
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
            "integer" => Type::Plain("integer", Some(one_of(&target, format, ["int64", "int32"])?)),
            "number" => Type::Plain("number", Some(one_of(&target, format, ["double", "float"])?)),
            "array" => {
                let items = target
                    .child("items")
                    .ok_or_else(|| target.mistake("`items` is missing"))?;
                if self.open_lists.iter().any(|it| it == target.pointer()) {
                    return Err(items.mistake("the list holds itself"));
                }
                self.open_lists.push(target.pointer().to_owned());
                let item = self.read_type(&items, &format!("{hint}Item"))?;
                self.open_lists.pop();
                self.default_item_names(&item, &items)?;
                if let Some(wrapped) = target.child("xml").and_then(|it| it.child("wrapped"))
                    && *wrapped.value == Value::Bool(false)
                {
                    return Err(wrapped
                        .mistake("DataContractSerializer puts a list into an element of its own: `wrapped: true`"));
                }
                let mut xml = self.item(&item);
                xml.name = xml_text(&items, "name")?.map_or(xml.name, str::to_owned);
                xml.namespace = xml_text(&items, "namespace")?.map_or(xml.namespace, str::to_owned);
                is_xml_name(&xml.name, &items)?;
                if xml.namespace.is_empty() {
                    return Err(items.mistake(NO_NAMESPACE));
                }
                Type::List(Box::new(item), xml)
            }
            "object" if is_known => Type::Model(name),
            "object" => {
                // Entered before its members are read, so that a schema may hold itself.
                let xml = read_xml(&target, &name)?.ok_or_else(|| target.mistake(NO_NAMESPACE))?;
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
            .filter(|it| !it.children().is_empty())
            .ok_or_else(|| schema.mistake("an object without `properties` cannot be written as XML"))?;
        let required = match schema.child("required") {
            Some(names) => texts(&names)?.into_iter().map(|(text, _)| text).collect(),
            None => Vec::new(),
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
            let field = json.to_snake_case();
            if field.is_empty() || members.iter().any(|it| it.json.to_snake_case() == field) {
                return Err(property.mistake(format!("the name {json:?} gives no field of its own in Rust")));
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
        let by_name = |extension: &str| match schema.child(extension) {
            Some(node) if !node.value.is_object() => {
                Err(node.mistake("a value for each name is expected, `Name: value`"))
            }
            other => Ok(other),
        };
        let (numbers, descriptions) = (by_name("x-enum-numbers")?, by_name("x-enumDescriptions")?);
        let mut names: Vec<Listed<'a>> = Vec::new();
        for (text, entry) in texts(&list)? {
            if text.trim() != text || text.contains(',') {
                return Err(entry.mistake(format!(
                    "{text:?} has a comma, or space around it: .NET would read other names in it"
                )));
            }
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

    pub(crate) fn add(&mut self, name: &str, node: &Node<'a>, kind: Kind<'a>) -> Result<(), Mistake> {
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
    pub(crate) fn root(&self, ty: &Type) -> XmlName {
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

    /// Item names of the document's own are written for a member only: any other list is named after its type.
    pub(crate) fn default_item_names(&self, ty: &Type, schema: &Node<'a>) -> Result<(), Mistake> {
        match ty {
            Type::List(item, xml) if *xml != self.item(item) => Err(schema.mistake(format!(
                "item names of one's own ({:?}) are known in a list that is a member, and nowhere else",
                xml.name
            ))),
            _ => Ok(()),
        }
    }

    pub(crate) fn no_xml_name_twice(&self) -> Result<(), Mistake> {
        let mut seen: Vec<(&XmlName, &Node<'_>)> = Vec::new();
        for model in self.models.values() {
            let (Kind::Object { xml, .. } | Kind::Enumeration { xml, .. }) = &model.kind else {
                continue;
            };
            if let Some((_, other)) = seen.iter().find(|(it, _)| *it == xml) {
                return Err(model.node.mistake(format!(
                    "the name {:?} in XML is given twice in its namespace; the other place is {}",
                    xml.name,
                    other.place()
                )));
            }
            seen.push((xml, &model.node));
        }
        Ok(())
    }

    /// Each object has a builder, which is a type too.
    pub(crate) fn no_model_named_like_a_builder(&self) -> Result<(), Mistake> {
        let is_object = |name: &str| matches!(self.models.get(name).map(|it| &it.kind), Some(Kind::Object { .. }));
        match self
            .models
            .iter()
            .find(|(name, _)| name.strip_suffix("Builder").is_some_and(is_object))
        {
            Some((name, model)) => Err(model
                .node
                .mistake(format!("{name} is what the builder of another schema is called"))),
            None => Ok(()),
        }
    }
}

/// A schema, its `$ref` or its `allOf` with one entry (a `$ref` that something stands beside) followed to the end.
pub(crate) fn content_schema<'a>(schema: &Node<'a>) -> Result<Node<'a>, Mistake> {
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

pub(crate) fn is_date(schema: &Node<'_>) -> Result<bool, Mistake> {
    // .NET Framework has no type for a date alone: a date is a DateTime.
    Ok(matches!(schema.text("format")?, Some("date-time" | "date")))
}

/// The format, where it is one of these; the first of them where the schema names none.
fn one_of(schema: &Node<'_>, format: Option<&str>, known: [&'static str; 2]) -> Result<&'static str, Mistake> {
    let Some(format) = format else {
        return Ok(known[0]);
    };
    known.into_iter().find(|it| *it == format).ok_or_else(|| {
        let here = schema.child("format").unwrap_or_else(|| schema.clone());
        here.mistake(format!(
            "the format {format:?} is not supported here, only {} and {}",
            known[0], known[1]
        ))
    })
}

/// The items of a list of texts.
fn texts<'a>(list: &Node<'a>) -> Result<Vec<(&'a str, Node<'a>)>, Mistake> {
    if !list.value.is_array() {
        return Err(list.mistake("a list of names is expected"));
    }
    let text = |item: Node<'a>| match item.value {
        Value::String(text) => Ok((text.as_str(), item)),
        _ => Err(item.mistake("a name is text; in YAML, a number or `null` as a name stands in quotes")),
    };
    list.children().into_iter().map(|(_, item)| text(item)).collect()
}

pub(crate) fn xml_text<'a>(schema: &Node<'a>, name: &str) -> Result<Option<&'a str>, Mistake> {
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
