//! What is common to reading a body as JSON, as XML and as a form.

use serde_json::{Map, Value};
use vitec_connect::datacontract::{Base64, parse_guid};
use vitec_connect::description::{Description, Listed, Shape, Type};

use crate::note::{NoteKind, Notes};

/// Web API's words for an exception that it keeps to itself.
pub(crate) const ERROR_OCCURRED: &str = "An error has occurred.";
/// The real server has no such limit. Nobody reads more, and memory stays bounded.
const MAX_ERRORS: usize = 1000;

/// Why a body does not bind. The answer never says so ("An error has occurred."); the log does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) &'static str);

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

/// A value of an enumeration.
pub(crate) enum Parsed {
    /// A listed name, or several, whose numbers are not known.
    Name(String),
    /// The number of a listed name, or another one.
    Number(i32),
}

/// An enumeration's value as the document writes it: by name if it is listed.
pub(crate) fn enumerated(names: &[Listed], parsed: Parsed, member: &str, notes: &mut Notes) -> Value {
    let number = match parsed {
        Parsed::Name(name) => return Value::from(name),
        Parsed::Number(number) => number,
    };
    let is_complete = names.iter().all(|it| it.number.is_some());
    match names.iter().find(|it| it.number == Some(number)) {
        Some(listed) => Value::from(listed.name.as_str()),
        // It may be that of a name whose number nobody knows.
        None if !is_complete => Value::from(number),
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
pub(crate) fn parse_enumeration(names: &[Listed], text: &str) -> Option<Parsed> {
    let trimmed = text.trim();
    if trimmed.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+')) {
        match trimmed.parse::<i32>() {
            Ok(number) => return Some(Parsed::Number(number)),
            Err(_) if trimmed.bytes().skip(1).all(|b| b.is_ascii_digit()) => return None,
            Err(_) => {}
        }
    }
    let find = |name: &str| {
        let any_case = || names.iter().find(|it| it.name.to_lowercase() == name.to_lowercase());
        names.iter().find(|it| it.name == name).or_else(any_case)
    };
    let found = trimmed.split(',').map(|name| find(name.trim()));
    let found = found.collect::<Option<Vec<_>>>()?;
    let joined = found.iter().try_fold(0, |joined, it| Some(joined | it.number?));
    Some(match joined {
        Some(number) => Parsed::Number(number),
        None => Parsed::Name(found.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ")),
    })
}

/// A text of a type that is written as text, in the form in which .NET holds it. `None` if it is no value of the type.
pub(crate) fn plain_text(ty: &Type, text: &str) -> Option<Value> {
    match ty {
        Type::Bytes => Some(text.parse::<Base64>().ok()?.to_string().into()),
        Type::Uuid => Some(parse_guid(text.trim())?.to_string().into()),
        _ => Some(text.into()),
    }
}

/// Whether .NET can hold `null` in a list of it.
pub(crate) fn is_nullable(description: &Description, ty: &Type) -> bool {
    match ty {
        Type::Text | Type::Bytes | Type::List(_) | Type::Dictionary(_) => true,
        Type::Schema(_) => !matches!(description.shape(ty), Some(Shape::Enumeration { .. })),
        _ => false,
    }
}

/// A floating number as a JSON value. JSON has no word for infinity: .NET's own stands for it.
pub(crate) fn float(value: f64) -> Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => Value::from("NaN"),
        None => Value::from(if value > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}

/// `[Required]`, for members that the document requires. Inferred: the document at hand requires none.
pub(crate) fn check_required(description: &Description, ty: &Type, value: &Value, path: &str, errors: &mut ModelState) {
    match (ty, value) {
        (Type::List(item), Value::Array(values)) => {
            for (index, value) in values.iter().enumerate() {
                check_required(description, &item.ty, value, &format!("{path}[{index}]"), errors);
            }
        }
        (Type::Dictionary(item), Value::Object(values)) => {
            for (name, value) in values {
                check_required(description, &item.ty, value, &format!("{path}[{name}]"), errors);
            }
        }
        (_, Value::Object(values)) => {
            for member in description.members(ty) {
                let path = format!("{path}.{}", member.xml.name);
                match values.get(&member.json) {
                    Some(value) => check_required(description, &member.ty, value, &path, errors),
                    None if member.required => {
                        errors.add(path, format!("The {} field is required.", member.xml.name));
                    }
                    None => {}
                }
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
