//! `application/x-www-form-urlencoded` bodies, and parameters: Web API's model binding.

use serde_json::{Map, Value};
use vitec_connect::description::{Description, Member, Parameter, Shape, Type};

use crate::bind::{self, Bound, ERROR_OCCURRED, ModelState};
use crate::note::{NoteKind, Notes, json_names};
use crate::{date_text, date_time};

/// ASP.NET's limit (`aspnet:MaxHttpCollectionKeys`).
const MAX_FIELDS: usize = 1000;

/// Reads a body. A form carries objects with simple members, objects in them (`a.b`, `a[b]`) and lists of simple
/// values (`a`, `a[]`).
pub(crate) fn bind(text: &str, ty: &Type, parameter: &str, description: &Description) -> Bound {
    let mut bound = Bound::default();
    let Some(Shape::Object { members, .. }) = description.shape(ty) else {
        return bound;
    };
    if form_urlencoded::parse(text.as_bytes()).count() > MAX_FIELDS {
        bound.errors.add(parameter.to_owned(), ERROR_OCCURRED);
        return bound;
    }
    let pairs = form_urlencoded::parse(text.as_bytes()).map(|(name, value)| Pair {
        name: normalise(&name),
        written: name.into_owned(),
        value: value.into_owned(),
        used: false,
    });
    let pairs = pairs.collect();
    let mut form = Form { pairs, description };
    let body = form.object(members, "", parameter, &mut bound, 0).unwrap_or_default();
    bound.body = Some(Value::Object(body));
    for pair in form.pairs.iter().filter(|pair| !pair.used) {
        bound.notes.unknown(&pair.written, &pair.written, json_names(members));
    }
    bound
}

struct Pair {
    /// In lower case, with dots.
    name: String,
    written: String,
    value: String,
    used: bool,
}

/// `a[b][]` to `a.b`, in lower case.
fn normalise(name: &str) -> String {
    name.to_lowercase().replace("[]", "").replace('[', ".").replace(']', "")
}

struct Form<'a> {
    pairs: Vec<Pair>,
    description: &'a Description,
}

impl Form<'_> {
    /// `None` if no field is meant for the object.
    fn object(
        &mut self,
        known: &[Member],
        prefix: &str,
        key: &str,
        bound: &mut Bound,
        depth: usize,
    ) -> Option<Map<String, Value>> {
        let mut members = Map::new();
        let mut met = false;
        for member in known {
            let name = format!("{prefix}{}", member.json.to_lowercase());
            let key = format!("{key}.{}", member.xml.name);
            let value = match (&member.ty, self.description.shape(&member.ty)) {
                (_, Some(Shape::Object { members, .. })) if depth < 8 && self.has_prefix(&name) => self
                    .object(members, &format!("{name}."), &key, bound, depth + 1)
                    .map(Value::Object),
                (_, Some(Shape::Object { .. })) | (Type::Dictionary(_), _) => continue,
                (Type::List(item), _) => {
                    let texts = self.take(&name);
                    met |= !texts.is_empty();
                    let texts = texts.iter();
                    let values = texts.filter_map(|text| self.convert(&item.ty, text, &member.xml.name, &key, bound));
                    let values: Vec<Value> = values.collect();
                    (!values.is_empty()).then_some(Value::Array(values))
                }
                (ty, _) => {
                    let texts = self.take(&name);
                    met |= !texts.is_empty();
                    let text = texts.first();
                    text.and_then(|text| self.convert(ty, text, &member.xml.name, &key, bound))
                }
            };
            met |= value.is_some();
            bind::set(&mut members, &member.json, value);
        }
        met.then_some(members)
    }

    fn has_prefix(&self, name: &str) -> bool {
        self.pairs
            .iter()
            .any(|pair| pair.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    }

    fn take(&mut self, name: &str) -> Vec<String> {
        let pairs = self.pairs.iter_mut().filter(|pair| pair.name == name);
        pairs
            .map(|pair| {
                pair.used = true;
                pair.value.clone()
            })
            .collect()
    }

    /// One value. What is empty or blank is null, also for a string.
    fn convert(&self, ty: &Type, text: &str, name: &str, key: &str, bound: &mut Bound) -> Option<Value> {
        if text.trim().is_empty() {
            return None;
        }
        let value = from_text(self.description, ty, text, key, &mut bound.notes);
        if value.is_none() {
            let message = format!("The value '{text}' is not valid for {name}.");
            bound.errors.add(key.to_owned(), message);
        }
        value
    }
}

/// .NET's type converters. `None` if the text is no value of the type.
fn from_text(description: &Description, ty: &Type, text: &str, path: &str, notes: &mut Notes) -> Option<Value> {
    let trimmed = text.trim();
    match (ty, description.shape(ty)) {
        (_, Some(Shape::Enumeration { names, .. })) => {
            let parsed = bind::parse_enumeration(names, text)?;
            Some(bind::enumerated(names, parsed, path, notes))
        }
        (Type::DateTime, _) => {
            let date = date_text::general(text)?;
            notes.other_day(path, date.other_day);
            Some(date_time::into_local(date.held).to_string().into())
        }
        (Type::Boolean, _) => trimmed.to_ascii_lowercase().parse::<bool>().ok().map(Value::from),
        (Type::Int16, _) => trimmed.parse::<i16>().ok().map(Value::from),
        (Type::Int32, _) => trimmed.parse::<i32>().ok().map(Value::from),
        (Type::Int64, _) => trimmed.parse::<i64>().ok().map(Value::from),
        (Type::Float | Type::Double, _) => {
            let value = trimmed.parse().ok().filter(|value: &f64| value.is_finite());
            value.map(bind::float)
        }
        _ => bind::plain_text(ty, text),
    }
}

/// The value of a parameter, as Web API binds a simple type; all the values of a list.
pub(crate) fn parameter(
    description: &Description,
    parameter: &Parameter,
    texts: &[String],
    errors: &mut ModelState,
    notes: &mut Notes,
) -> Value {
    let mut value = |ty: &Type, text: &String| {
        let value = from_text(description, ty, text, &parameter.name, notes);
        if value.is_none() {
            // A value that may be missing is a `Nullable` in .NET, whose name says nothing of what is in it.
            let name = match dotnet_name(ty) {
                Some(_) if !parameter.required && *ty == parameter.ty => "Nullable`1",
                Some(name) => name,
                None => parameter.name.as_str(),
            };
            let message = format!("The value '{text}' is not valid for {name}.");
            errors.add(parameter.name.clone(), message);
        }
        value.unwrap_or_default()
    };
    match (&parameter.ty, texts) {
        (Type::List(item), _) => texts.iter().map(|text| value(&item.ty, text)).collect(),
        (ty, [text, ..]) => value(ty, text),
        (_, []) => Value::Null,
    }
}

/// What .NET calls a value type. `None` for what can be null there.
fn dotnet_name(ty: &Type) -> Option<&str> {
    Some(match ty {
        Type::Int16 => "Int16",
        Type::Int32 => "Int32",
        Type::Int64 => "Int64",
        Type::Boolean => "Boolean",
        Type::DateTime => "DateTime",
        Type::Float => "Single",
        Type::Double => "Double",
        Type::Uuid => "Guid",
        // An enumeration: nothing else of a name can be wrong.
        Type::Schema(name) => name,
        _ => return None,
    })
}

/// Says that a body bound to nothing.
pub(crate) fn note_no_body(notes: &mut Notes) {
    notes.add(
        NoteKind::NoBody,
        "",
        "no object at all was sent; the framework lets that through, and what Vitec does with it is not known",
    );
}
