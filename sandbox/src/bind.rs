//! What is common to reading a body as JSON, as XML and as a form.

use serde_json::{Map, Value};

use crate::json_number::Number;
use crate::note::{NoteKind, Notes};
use crate::schema::{Enumeration, Schemas, Type};

/// Web API's words for an exception that it keeps to itself.
pub(crate) const ERROR_OCCURRED: &str = "An error has occurred.";
/// The real server has no such limit. Nobody reads more, and memory stays bounded.
const MAX_ERRORS: usize = 1000;

/// Messages by field, as in Web API's `ModelStateDictionary`: keys differ in more than case.
#[derive(Debug, Default)]
pub(crate) struct ModelState {
    pub(crate) entries: Vec<(String, Vec<String>)>,
    count: usize,
}

impl ModelState {
    pub(crate) fn add(&mut self, key: String, message: impl Into<String>) {
        if self.count == MAX_ERRORS {
            return;
        }
        self.count += 1;
        match self
            .entries
            .iter_mut()
            .find(|(known, _)| known.to_lowercase() == key.to_lowercase())
        {
            Some((_, messages)) => messages.push(message.into()),
            None => self.entries.push((key, vec![message.into()])),
        }
    }

    pub(crate) fn append(&mut self, other: Self) {
        for (key, messages) in other.entries {
            for message in messages {
                self.add(key.clone(), message);
            }
        }
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A body that was read.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    /// `None`: no object at all, as after `null` or an empty body.
    pub(crate) body: Option<Value>,
    pub(crate) errors: ModelState,
    pub(crate) notes: Notes,
}

/// A key of `modelState`: the parameter's name, then the path within the body.
pub(crate) fn key(parameter: &str, path: &str) -> String {
    match path {
        "" => parameter.to_owned(),
        _ if path.starts_with('[') => format!("{parameter}{path}"),
        _ => format!("{parameter}.{path}"),
    }
}

/// An enumeration's number as the document writes it: by name if it is listed.
pub(crate) fn enumerated(enumeration: &Enumeration, number: i64, member: &str, notes: &mut Notes) -> Value {
    match enumeration.values.iter().find(|(_, listed)| *listed == number) {
        Some((name, _)) => Value::from(name.as_str()),
        None => {
            notes.add(
                NoteKind::UnknownNumber,
                member,
                format!("{number} is not a listed value of this enumeration"),
            );
            Value::from(number)
        }
    }
}

/// `Enum.Parse` without regard to case: a name, a number, or several names with commas between, whose numbers are
/// joined bit by bit.
pub(crate) fn parse_enumeration(enumeration: &Enumeration, text: &str) -> Option<i64> {
    let trimmed = text.trim();
    if trimmed.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+')) {
        match trimmed.parse::<i32>() {
            Ok(number) => return Some(number.into()),
            Err(_) if trimmed.bytes().skip(1).all(|b| b.is_ascii_digit()) => return None,
            Err(_) => {}
        }
    }
    let find = |name: &str| {
        let exact = enumeration.values.iter().find(|(listed, _)| listed == name);
        let any_case = || {
            enumeration
                .values
                .iter()
                .find(|(listed, _)| listed.to_lowercase() == name.to_lowercase())
        };
        exact.or_else(any_case).map(|(_, number)| *number)
    };
    trimmed
        .split(',')
        .map(|name| find(name.trim()))
        .try_fold(0, |joined, number| Some(joined | number?))
}

/// A floating number as a JSON value. JSON has no word for infinity: .NET's own stands for it.
pub(crate) fn float(value: f64) -> Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => Value::from("NaN"),
        None => Value::from(if value > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}

/// A number of a body as a JSON value.
pub(crate) fn number(number: Number) -> Value {
    match number {
        Number::Integer(value) => Value::from(value),
        Number::Big(value) | Number::Float(value) => float(value),
    }
}

/// `[Required]`, for members that the document requires. Inferred: the document at hand requires none.
pub(crate) fn check_required(schemas: &Schemas, ty: &Type, value: &Value, path: &str, errors: &mut ModelState) {
    match (ty, value) {
        (Type::Object(index), Value::Object(members)) => {
            for member in &schemas.object(*index).members {
                let path = format!("{path}.{}", member.xml.name);
                match members.get(&member.json) {
                    Some(value) => check_required(schemas, &member.ty, value, &path, errors),
                    None if member.required => {
                        errors.add(path, format!("The {} field is required.", member.xml.name));
                    }
                    None => {}
                }
            }
        }
        (Type::List(item), Value::Array(values)) => {
            for (index, value) in values.iter().enumerate() {
                check_required(schemas, &item.ty, value, &format!("{path}[{index}]"), errors);
            }
        }
        _ => {}
    }
}

/// Sets a member, or takes it away where it is null.
pub(crate) fn set(members: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
}
