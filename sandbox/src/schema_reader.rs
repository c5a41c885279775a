//! Reads schemas out of a document: `$ref`, `allOf`, and the names that `xml` objects give or leave to .NET.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::schema::{DocumentError, Enumeration, Item, Member, Object, Schemas, Type, Typed, XmlName};

/// Where DataContractSerializer puts simple values that stand on their own.
const SIMPLE: &str = "http://schemas.microsoft.com/2003/10/Serialization/";
/// Where it puts the items of a list of simple values.
const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";

/// Reads schemas out of a document, each `$ref` once.
pub(crate) struct Reader<'a> {
    document: &'a Value,
    schemas: Schemas,
    known: HashMap<String, usize>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(document: &'a Value) -> Self {
        Self {
            document,
            schemas: Schemas::default(),
            known: HashMap::new(),
        }
    }

    pub(crate) fn into_schemas(self) -> Schemas {
        self.schemas
    }

    /// Follows `$ref`s. Returns the last one's text, too.
    pub(crate) fn follow(&self, mut value: &'a Value) -> Result<(&'a Value, Option<&'a str>), DocumentError> {
        let mut last = None;
        for _ in 0..32 {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                return Ok((value, last));
            };
            let pointer = reference
                .strip_prefix('#')
                .ok_or_else(|| DocumentError(format!("$ref `{reference}` is not within the document")))?;
            value = self
                .document
                .pointer(pointer)
                .ok_or_else(|| DocumentError(format!("$ref `{reference}` leads nowhere")))?;
            last = Some(reference);
        }
        Err(DocumentError("a $ref leads back to itself".to_owned()))
    }

    /// The type of a schema. `depth` bounds schemas nested within each other.
    pub(crate) fn typed(&mut self, schema: &'a Value, depth: usize) -> Result<Typed, DocumentError> {
        if depth > 64 {
            return Err(DocumentError("schemas are nested too deeply".to_owned()));
        }
        let (target, reference) = self.follow(schema)?;
        let name = reference.and_then(|text| text.rsplit('/').next()).map(str::to_owned);
        // `allOf` with one `$ref` is how the document gives a property of another type an `xml` of its own.
        if let (Some([only]), None) = (all_of(target), target.get("properties")) {
            let inner = self.typed(only, depth + 1)?;
            return Ok(Typed {
                xml: xml_name(target, &inner.xml),
                schema: name.or(inner.schema),
                ty: inner.ty,
            });
        }
        let ty = self.ty(target, reference, depth)?;
        let default = default_name(&ty, name.as_deref());
        Ok(Typed {
            xml: xml_name(target, &default),
            schema: name,
            ty,
        })
    }

    fn ty(&mut self, schema: &'a Value, reference: Option<&str>, depth: usize) -> Result<Type, DocumentError> {
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        Ok(match schema.get("type").and_then(Value::as_str) {
            Some("string") if schema.get("enum").is_some() => Type::Enumeration(Arc::new(enumeration(schema)?)),
            Some("string") if matches!(format, "date-time" | "date") => Type::Date,
            Some("string") => Type::Text,
            Some("boolean") => Type::Boolean,
            Some("integer") if format == "int64" => Type::Int64,
            Some("integer") => Type::Int32,
            Some("number") if matches!(format, "double" | "float") => Type::Double,
            Some("number") => Type::Decimal,
            Some("array") => {
                let items = schema
                    .get("items")
                    .ok_or_else(|| DocumentError("an array has no `items`".to_owned()))?;
                let typed = self.typed(items, depth + 1)?;
                Type::List(Arc::new(Item {
                    xml: item_name(items, &typed),
                    ty: typed.ty,
                }))
            }
            Some("object") | None if schema.get("properties").is_some() || all_of(schema).is_some() => {
                self.object(schema, reference, depth)?
            }
            _ => Type::Any,
        })
    }

    fn object(&mut self, schema: &'a Value, reference: Option<&str>, depth: usize) -> Result<Type, DocumentError> {
        if let Some(index) = reference.and_then(|reference| self.known.get(reference)) {
            return Ok(Type::Object(*index));
        }
        let index = self.schemas.objects.len();
        self.schemas.objects.push(Object::default());
        if let Some(reference) = reference {
            self.known.insert(reference.to_owned(), index);
        }
        let mut members = Vec::new();
        self.members(schema, &mut members, depth)?;
        self.schemas.objects[index].members = members;
        Ok(Type::Object(index))
    }

    /// A base type's members (`allOf`) come before the type's own, each group in ordinal order.
    fn members(&mut self, schema: &'a Value, all: &mut Vec<Member>, depth: usize) -> Result<(), DocumentError> {
        if depth > 64 {
            return Err(DocumentError("schemas are nested too deeply".to_owned()));
        }
        for part in all_of(schema).into_iter().flatten() {
            let (base, _) = self.follow(part)?;
            self.members(base, all, depth + 1)?;
        }
        let namespace = schema
            .pointer("/xml/namespace")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let required: Vec<&str> = list(schema.get("required")).filter_map(Value::as_str).collect();
        let mut own = Vec::new();
        for (json, property) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let typed = self.typed(property, depth + 1)?;
            let default = XmlName {
                name: pascal_case(json),
                namespace: namespace.to_owned(),
            };
            own.push(Member {
                json: json.clone(),
                xml: xml_name(property, &default),
                ty: typed.ty,
                required: required.contains(&json.as_str()),
            });
        }
        own.sort_by(|a, b| a.xml.name.cmp(&b.xml.name));
        all.append(&mut own);
        Ok(())
    }
}

/// The root name of a schema that gives none, as DataContractSerializer makes it up.
fn default_name(ty: &Type, schema_name: Option<&str>) -> XmlName {
    let (name, namespace) = match (ty, simple_name(ty)) {
        (_, Some(name)) => (name.to_owned(), SIMPLE),
        (Type::List(item), None) => (format!("ArrayOf{}", item.xml.name), item.xml.namespace.as_str()),
        (_, None) => (schema_name.unwrap_or("anyType").to_owned(), ""),
    };
    XmlName {
        name,
        namespace: namespace.to_owned(),
    }
}

/// DataContractSerializer's name for a simple type.
fn simple_name(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Text => "string",
        Type::Date => "dateTime",
        Type::Boolean => "boolean",
        Type::Int32 => "int",
        Type::Int64 => "long",
        Type::Decimal => "decimal",
        Type::Double => "double",
        Type::Enumeration(_) | Type::Object(_) | Type::List(_) | Type::Any => return None,
    })
}

/// The name of a list's items: `xml` on the items, else the type's own; simple values in the arrays' namespace.
fn item_name(items: &Value, typed: &Typed) -> XmlName {
    let default = match simple_name(&typed.ty) {
        Some(name) => XmlName {
            name: name.to_owned(),
            namespace: ARRAYS.to_owned(),
        },
        None => typed.xml.clone(),
    };
    xml_name(items, &default)
}

/// The `xml` object of a schema, over what holds without it.
fn xml_name(schema: &Value, default: &XmlName) -> XmlName {
    let given = |key: &str| schema.get("xml").and_then(|xml| xml.get(key)).and_then(Value::as_str);
    XmlName {
        name: given("name").unwrap_or(&default.name).to_owned(),
        namespace: given("namespace").unwrap_or(&default.namespace).to_owned(),
    }
}

fn all_of(schema: &Value) -> Option<&[Value]> {
    schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
}

/// The items of an array, or none.
pub(crate) fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// `x-enum-numbers` says the numbers; without it they count from 0, as in C#.
fn enumeration(schema: &Value) -> Result<Enumeration, DocumentError> {
    let numbers = schema.get("x-enum-numbers");
    let mut values = Vec::new();
    for (position, name) in list(schema.get("enum")).filter_map(Value::as_str).enumerate() {
        let number = match numbers {
            None => i64::try_from(position).unwrap_or(i64::MAX),
            Some(numbers) => numbers
                .get(name)
                .and_then(Value::as_i64)
                .ok_or_else(|| DocumentError(format!("`x-enum-numbers` has no number for `{name}`")))?,
        };
        values.push((name.to_owned(), number));
    }
    Ok(Enumeration { values })
}

/// `bank` to `Bank`: how a member without an `xml` name is called in .NET.
fn pascal_case(name: &str) -> String {
    let mut chars = name.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
