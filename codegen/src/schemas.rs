//! A schema, as the type that it becomes in Rust and the names that it has in XML.

use datacontract::generic::dictionary_entry;
use datacontract::{ARRAYS, SERIALIZATION};
use vitec_connect_description::{Item, Shape, Type, XmlName};

use crate::document::Node;
use crate::enumerations::read_enumeration;
use crate::keywords::similar;
use crate::objects::read_object;
use crate::reader::{DocumentReader, name_of};

pub(crate) const NO_NAMESPACE: &str = "the schema has no namespace in XML; add \
     `xml: {namespace: http://schemas.datacontract.org/2004/07/…}`, the .NET namespace of the type";

const TYPES: [&str; 6] = ["string", "boolean", "integer", "number", "array", "object"];
/// The formats of each type, and what they become. Texts that only say what a person would type are texts.
const FORMATS: &[(&str, &str, Type)] = &[
    ("string", "date-time", Type::DateTime),
    ("string", "date", Type::DateTime), // .NET Framework has no type for a date alone.
    ("string", "byte", Type::Bytes),
    ("string", "uuid", Type::Uuid),
    ("string", "email", Type::Text),
    ("string", "hostname", Type::Text),
    ("string", "password", Type::Text),
    ("integer", "int16", Type::Int16),
    ("integer", "int32", Type::Int32),
    ("integer", "int64", Type::Int64),
    ("number", "float", Type::Float),
    ("number", "double", Type::Double),
];
/// Formats that .NET has a type for which is not carried: as a text, its values would be lost.
const NOT_CARRIED: &[(&str, &str)] = &[
    ("duration", "a `TimeSpan`"),
    ("time", "a `TimeSpan`"),
    ("uri", "a `Uri`"),
    ("uri-reference", "a `Uri`"),
];

/// The type of a schema. `hint` names the Rust type of a schema that stands in place, without a name of its own.
pub(crate) fn read_type<'a>(reader: &mut DocumentReader<'a>, schema: &Node<'a>, hint: &str) -> Option<Type> {
    let target = content_schema(schema)?;
    if let Some(known) = reader.known.get(target.pointer()) {
        return known.clone();
    }
    if reader.open.iter().any(|it| it == target.pointer()) {
        target.mistake_at("items", "the list holds itself");
        return None;
    }
    reader.open.push(target.pointer().to_owned());
    let ty = read_new(reader, &target, hint);
    reader.open.pop();
    reader.known.insert(target.pointer().to_owned(), ty.clone());
    ty
}

fn read_new<'a>(reader: &mut DocumentReader<'a>, target: &Node<'a>, hint: &str) -> Option<Type> {
    let is_object = target.child("properties").is_some() || target.child("allOf").is_some();
    if !is_object {
        target.missing("type", "`type` is missing");
    }
    let ty = match target.child("type") {
        None if is_object => "object",
        _ => target.text("type")?,
    };
    match ty {
        "object" => read_object(reader, target, hint),
        "array" => read_list(reader, target, hint),
        "string" if target.child("enum").is_some() => read_enumeration(reader, target, hint),
        "string" | "integer" | "number" | "boolean" => plain(target, ty),
        other => {
            let help = similar(other, TYPES.into_iter()).map_or_else(
                || format!("one of {}", TYPES.join(", ")),
                |it| format!("did you mean {it}?"),
            );
            target.mistake_at("type", format!("`type: {other}` is none of OpenAPI 3.0: {help}"));
            None
        }
    }
}

fn read_list<'a>(reader: &mut DocumentReader<'a>, target: &Node<'a>, hint: &str) -> Option<Type> {
    target.missing("items", "`items` is missing");
    if target
        .child("xml")
        .and_then(|it| it.child("wrapped"))
        .is_some_and(|it| *it.value == false)
    {
        let xml = target.child("xml")?;
        xml.mistake_at(
            "wrapped",
            "DataContractSerializer puts a list into an element of its own: `wrapped: true`",
        );
    }
    let items = target.child("items")?;
    let ty = read_type(reader, &items, &format!("{hint}Item"))?;
    no_null(&items);
    default_item_names(reader, &ty, &items);
    let mut xml = item_name(reader, &ty);
    if let Some(name) = xml_text(&items, "name") {
        xml.name = name.to_owned();
    }
    if let Some(namespace) = xml_text(&items, "namespace") {
        xml.namespace = namespace.to_owned();
    }
    is_xml_name(&xml.name, &items)?;
    if xml.namespace.is_empty() {
        items.mistake(NO_NAMESPACE);
        return None;
    }
    Some(Type::List(Box::new(Item { ty, xml })))
}

/// Values by name: `additionalProperties` with a schema.
pub(crate) fn read_dictionary<'a>(reader: &mut DocumentReader<'a>, values: &Node<'a>, hint: &str) -> Option<Type> {
    let ty = read_type(reader, values, &format!("{hint}Value"))?;
    no_null(values);
    default_item_names(reader, &ty, values);
    let value = root_name(reader, &ty);
    let xml = XmlName {
        name: dictionary_entry(&value.name, &value.namespace),
        namespace: ARRAYS.to_owned(),
    };
    Some(Type::Dictionary(Box::new(Item { ty, xml })))
}

/// What DataContractSerializer calls a value that is the whole document.
pub(crate) fn root_name<'a>(reader: &DocumentReader<'a>, ty: &Type) -> XmlName {
    let mut root = item_name(reader, ty);
    let is_id = matches!(reader.description.shape(ty), Some(Shape::Id { .. }));
    if is_id || !matches!(ty, Type::Schema(_) | Type::List(_) | Type::Dictionary(_)) {
        root.namespace = SERIALIZATION.to_owned();
    }
    root
}

/// What DataContractSerializer calls a value in a list.
pub(crate) fn item_name<'a>(reader: &DocumentReader<'a>, ty: &Type) -> XmlName {
    let arrays = |name: &str| XmlName {
        name: name.to_owned(),
        namespace: ARRAYS.to_owned(),
    };
    match ty {
        Type::Boolean => arrays("boolean"),
        Type::Int16 => arrays("short"),
        Type::Int32 => arrays("int"),
        Type::Int64 => arrays("long"),
        Type::Float => arrays("float"),
        Type::Double => arrays("double"),
        Type::Uuid => arrays("guid"),
        Type::Bytes => arrays("base64Binary"),
        Type::DateTime => arrays("dateTime"),
        Type::Text | Type::Binary => arrays("string"),
        Type::List(item) => {
            let item = item_name(reader, &item.ty);
            XmlName {
                name: format!("ArrayOf{}", item.name),
                ..item
            }
        }
        Type::Dictionary(item) => arrays(&format!("ArrayOf{}", item.xml.name)),
        Type::Schema(_) => match reader.description.shape(ty) {
            Some(Shape::Object { xml, .. } | Shape::Enumeration { xml, .. }) => xml.clone(),
            _ => arrays("string"),
        },
    }
}

/// Item names of the document's own are written for a member only: any other list is named after its type.
pub(crate) fn default_item_names<'a>(reader: &DocumentReader<'a>, ty: &Type, schema: &Node<'a>) {
    if let Type::List(item) = ty
        && item.xml != item_name(reader, &item.ty)
    {
        schema.mistake(format!(
            "item names of one's own ({:?}) are known in a list that is a member, and nowhere else",
            item.xml.name
        ));
    }
}

/// The name and namespace of a schema in XML; no namespace where the document gives none.
pub(crate) fn read_xml(schema: &Node<'_>, hint: &str) -> Option<XmlName> {
    // A type without a name of its own is called like its type in Rust.
    let own = schema.schema_name().map(str::to_owned);
    let name = xml_text(schema, "name").map(str::to_owned).or(own);
    let name = name.unwrap_or_else(|| name_of(schema, hint));
    is_xml_name(&name, schema)?;
    upper_case(&name, schema);
    Some(XmlName {
        name,
        namespace: xml_text(schema, "namespace").unwrap_or_default().to_owned(),
    })
}

fn no_null(items: &Node<'_>) {
    if items.says("nullable") || content_schema(items).is_some_and(|it| it.says("nullable")) {
        items.mistake_at(
            "nullable",
            "a `null` in a list or dictionary is not supported: in XML its items may have another name",
        );
    }
}

fn plain(target: &Node<'_>, ty: &str) -> Option<Type> {
    let Some(format) = target.text("format") else {
        if target.child("format").is_some() {
            return None;
        }
        return match ty {
            "boolean" => Some(Type::Boolean),
            "string" => Some(Type::Text),
            // Guessed wrongly, a list of them is lost without an error: its items have another name.
            "integer" => {
                target.missing("format", "the width is missing: say `format: int32` or `format: int64`");
                None
            }
            _ => {
                target.missing(
                    "format",
                    "the kind is missing: say `format: double`, or `format: decimal`",
                );
                None
            }
        };
    };
    if ty == "integer" {
        let values = target.child("enum");
        for (_, value) in values.iter().flat_map(Node::children) {
            let null = value.value.is_null() && target.says("nullable");
            if value.value.as_i64().is_none() && !null {
                value.mistake("a whole number is expected: the enumeration is a `type: integer`");
            }
        }
    } else if target.child("enum").is_some() {
        target.mistake_at(
            "enum",
            "an enumeration is a `type: string` with names, or a `type: integer` with numbers",
        );
    }
    let of_type = || FORMATS.iter().filter(|(of, ..)| *of == ty);
    if let Some((.., known)) = of_type().find(|(_, name, _)| *name == format) {
        return Some(known.clone());
    }
    let message = match NOT_CARRIED.iter().find(|(name, _)| *name == format) {
        Some((_, dotnet)) if ty == "string" => {
            format!(
                "the format {format:?} ({dotnet} in .NET) is not carried yet: as a plain text, its values would be lost"
            )
        }
        _ if ty == "string" && format == "binary" => {
            "bytes in JSON and XML are base64: `format: byte`; `binary` is a whole body".to_owned()
        }
        // As a plain double in a list its items would have the wrong name, and be read over without an error.
        _ if format == "decimal" => {
            "decimals are not carried as such: say `type: number`, `format: double`, which .NET reads for a \
                                     `decimal` too, and on the items of a list `xml: {name: decimal}`"
                .to_owned()
        }
        _ => {
            let names: Vec<&str> = of_type().map(|(_, name, _)| *name).collect();
            match similar(format, names.iter().copied()) {
                Some(name) => format!("the format {format:?} is not known: did you mean {name:?}?"),
                None => format!(
                    "the format {format:?} is not supported here, only {}",
                    if names.is_empty() {
                        "none".to_owned()
                    } else {
                        names.join(", ")
                    }
                ),
            }
        }
    };
    target.mistake_at("format", message);
    None
}

/// A schema, its `$ref` or its `allOf` with one entry (a `$ref` that something stands beside) followed to the end.
pub(crate) fn content_schema<'a>(schema: &Node<'a>) -> Option<Node<'a>> {
    let mut node = schema.clone();
    for step in 0..64 {
        if step > 0 && node.pointer() == schema.pointer() {
            schema.mistake("the `$ref` leads in a circle");
            return None;
        }
        if node.child("$ref").is_some() {
            node = node.reference()?;
            continue;
        }
        let list = match node.child("allOf") {
            // With members of its own it is a derived type.
            Some(list) if node.child("properties").is_none() => list,
            _ => return Some(node),
        };
        match &list.children()[..] {
            [] => {
                list.mistake("`allOf` has no entry");
                return None;
            }
            [(_, only)] => node = only.clone(),
            _ => return Some(node),
        }
    }
    None
}

pub(crate) fn xml_text<'a>(schema: &Node<'a>, name: &str) -> Option<&'a str> {
    schema.child("xml")?.text(name)
}

/// Whether DataContractSerializer could have made this name: a letter or underscore, then also digits, `-` and `.`.
pub(crate) fn is_xml_name(name: &str, node: &Node<'_>) -> Option<()> {
    let mut characters = name.chars();
    let start = characters.next().is_some_and(|it| it.is_alphabetic() || it == '_');
    if start && characters.all(|it| it.is_alphanumeric() || ['_', '-', '.'].contains(&it)) {
        return Some(());
    }
    node.mistake(format!("{name:?} is no name of an element in XML"));
    None
}

/// .NET's names begin in upper case: one that does not is JSON's, and the server would drop its element without an error.
pub(crate) fn upper_case(name: &str, node: &Node<'_>) {
    let is_meant = node.child("xml").is_some_and(|xml| xml.says("x-lower-case"));
    if name.starts_with(char::is_lowercase) && !is_meant {
        let mut characters = name.chars();
        let first = characters
            .next()
            .map(|it| it.to_uppercase().to_string())
            .unwrap_or_default();
        node.mistake(format!(
            "the name {name:?} in XML begins in lower case: .NET's is probably `{first}{}`; where it really is so, add \
             `x-lower-case: true` beside it",
            characters.as_str()
        ));
    }
}
