//! Answers made from the document: a value of a type, and its XML as DataContractSerializer writes it.

use serde_json::{Map, Value};
use vitec_connect::description::{Content, Description, Item, Shape, Type, XmlName};

use crate::http_error::xml_text;
use crate::xml::INSTANCE;

/// How deep a made-up value, or an example, is at most.
const MAX_DEPTH: usize = 64;

/// A value of a type, with the members only that a reader demands.
pub(crate) fn made_up(description: &Description, ty: &Type) -> Value {
    of_type(description, ty, 0)
}

fn of_type(description: &Description, ty: &Type, depth: usize) -> Value {
    match (ty, description.shape(ty)) {
        // A schema that requires itself has no value at all.
        (_, Some(Shape::Object { .. })) if depth > MAX_DEPTH => Value::Null,
        (_, Some(Shape::Object { members, .. })) => {
            let required = members.iter().filter(|member| member.required);
            let members = required.map(|it| (it.json.clone(), of_type(description, &it.ty, depth + 1)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        (_, Some(Shape::Enumeration { names, .. })) => {
            names.first().map_or(Value::Null, |it| Value::from(it.name.as_str()))
        }
        (_, Some(Shape::Id { min, .. })) => "1".repeat(usize::try_from(*min).unwrap_or(1)).into(),
        (Type::Text | Type::Bytes | Type::Binary | Type::Schema(_), _) => Value::from(""),
        (Type::DateTime, _) => Value::from("2024-01-01T00:00:00"),
        (Type::Boolean, _) => Value::from(false),
        (Type::Int16 | Type::Int32 | Type::Int64, _) => Value::from(0),
        (Type::Float | Type::Double, _) => Value::from(0.0),
        (Type::Uuid, _) => Value::from("00000000-0000-0000-0000-000000000000"),
        (Type::List(_), _) => Value::Array(Vec::new()),
        (Type::Dictionary(_), _) => Value::Object(Map::new()),
    }
}

/// A value as a document of its own.
pub(crate) fn xml(description: &Description, content: &Content, value: &Value) -> String {
    let XmlName { name, namespace } = &content.xml;
    let holds_elements = match &content.ty {
        Type::List(_) | Type::Dictionary(_) => true,
        ty => matches!(description.shape(ty), Some(Shape::Object { .. })),
    };
    let mut writer = Writing {
        description,
        text: format!("<{name}"),
    };
    if holds_elements || value.is_null() {
        writer.text.push_str(&format!(" xmlns:i=\"{INSTANCE}\""));
    }
    if !namespace.is_empty() {
        writer.text.push_str(&format!(" xmlns=\"{}\"", xml_text(namespace)));
    }
    writer.content(&content.ty, value, &content.xml, 0);
    writer.text
}

struct Writing<'a> {
    description: &'a Description,
    text: String,
}

impl Writing<'_> {
    /// Completes an element whose start tag is still open.
    fn content(&mut self, ty: &Type, value: &Value, xml: &XmlName, depth: usize) {
        if value.is_null() || depth > MAX_DEPTH {
            self.text.push_str(" i:nil=\"true\"/>");
            return;
        }
        self.text.push('>');
        match (ty, value, self.description.shape(ty)) {
            (_, Value::Object(values), Some(Shape::Object { members, .. })) => {
                for member in members {
                    let value = values.get(&member.json).unwrap_or(&Value::Null);
                    self.element(&member.ty, value, &member.xml, &xml.namespace, depth);
                }
            }
            (Type::List(item), Value::Array(values), _) => {
                for value in values {
                    self.element(&item.ty, value, &item.xml, &xml.namespace, depth);
                }
            }
            (Type::Dictionary(item), Value::Object(values), _) => {
                for (key, value) in values {
                    self.pair(item, key, value, &xml.namespace, depth);
                }
            }
            // XML knows the names only.
            (_, Value::Number(number), Some(Shape::Enumeration { names, .. })) => {
                let number = number.as_i64();
                let listed = names.iter().find(|it| it.number.map(i64::from) == number);
                self.text.push_str(listed.map_or("", |it| it.name.as_str()));
            }
            (_, Value::String(content), _) => self.text.push_str(&xml_text(content)),
            (_, other, _) => self.text.push_str(&xml_text(&other.to_string())),
        }
        self.text.push_str(&format!("</{}>", xml.name));
    }

    /// One element.
    fn element(&mut self, ty: &Type, value: &Value, xml: &XmlName, around: &str, depth: usize) {
        self.start(xml, around);
        self.content(ty, value, xml, depth + 1);
    }

    /// A namespace that is not the one around it is declared on the spot.
    fn start(&mut self, XmlName { name, namespace }: &XmlName, around: &str) {
        self.text.push_str(&format!("<{name}"));
        if namespace != around {
            self.text.push_str(&format!(" xmlns=\"{}\"", xml_text(namespace)));
        }
    }

    fn pair(&mut self, item: &Item, key: &str, value: &Value, around: &str, depth: usize) {
        self.start(&item.xml, around);
        self.text.push_str(&format!("><Key>{}</Key>", xml_text(key)));
        let name = XmlName {
            name: "Value".to_owned(),
            namespace: item.xml.namespace.clone(),
        };
        self.element(&item.ty, value, &name, &item.xml.namespace, depth + 1);
        self.text.push_str(&format!("</{}>", item.xml.name));
    }
}
