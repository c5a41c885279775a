//! `application/x-www-form-urlencoded` bodies, and parameters in the path and the query: Web API's model binding.

use serde_json::{Map, Value};

use crate::bind::{self, Bound, ERROR_OCCURRED, ModelState};
use crate::date_text;
use crate::note::{NoteKind, Notes, json_names};
use crate::operation::Parameter;
use crate::schema::{Schemas, Type};

/// ASP.NET's limit (`aspnet:MaxHttpCollectionKeys`).
const MAX_FIELDS: usize = 1000;

/// Reads a body. A form carries objects with simple members, objects in them (`a.b`, `a[b]`) and lists of simple
/// values (`a`, `a[]`).
pub(crate) fn bind(text: &str, ty: &Type, parameter: &str, schemas: &Schemas) -> Bound {
    let mut bound = Bound::default();
    let Type::Object(index) = ty else {
        return bound;
    };
    if form_urlencoded::parse(text.as_bytes()).count() > MAX_FIELDS {
        bound.errors.add(parameter.to_owned(), ERROR_OCCURRED);
        return bound;
    }
    let fields: Vec<Field> = form_urlencoded::parse(text.as_bytes())
        .map(|(name, value)| Field {
            name: normalise(&name),
            written: name.into_owned(),
            value: value.into_owned(),
            used: false,
        })
        .collect();
    let mut form = Form { fields, schemas };
    let body = form.object(*index, "", parameter, &mut bound, 0).unwrap_or_default();
    bound.body = Some(Value::Object(body));
    let object = schemas.object(*index);
    for field in form.fields.iter().filter(|field| !field.used) {
        bound.notes.unknown(&field.written, &field.written, json_names(object));
    }
    bound
}

struct Field {
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
    fields: Vec<Field>,
    schemas: &'a Schemas,
}

impl Form<'_> {
    /// `None` if no field is meant for the object.
    fn object(
        &mut self,
        index: usize,
        prefix: &str,
        key: &str,
        bound: &mut Bound,
        depth: usize,
    ) -> Option<Map<String, Value>> {
        let mut members = Map::new();
        let mut met = false;
        for member in &self.schemas.object(index).members {
            let name = format!("{prefix}{}", member.json.to_lowercase());
            let key = format!("{key}.{}", member.xml.name);
            let value = match &member.ty {
                Type::Object(inner) if depth < 8 && self.has_prefix(&name) => self
                    .object(*inner, &format!("{name}."), &key, bound, depth + 1)
                    .map(Value::Object),
                Type::Object(_) | Type::Dictionary(_) | Type::Any => continue,
                Type::List(item) => {
                    let texts = self.take(&name);
                    met |= !texts.is_empty();
                    let values: Vec<Value> = texts
                        .iter()
                        .filter_map(|text| convert(&item.ty, text, &member.xml.name, &key, bound))
                        .collect();
                    (!values.is_empty()).then_some(Value::Array(values))
                }
                ty => {
                    let texts = self.take(&name);
                    met |= !texts.is_empty();
                    let text = texts.into_iter().next();
                    text.and_then(|text| convert(ty, &text, &member.xml.name, &key, bound))
                }
            };
            met |= value.is_some();
            bind::set(&mut members, &member.json, value);
        }
        met.then_some(members)
    }

    fn has_prefix(&self, name: &str) -> bool {
        self.fields
            .iter()
            .any(|field| field.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    }

    fn take(&mut self, name: &str) -> Vec<String> {
        let fields = self.fields.iter_mut().filter(|field| field.name == name);
        fields
            .map(|field| {
                field.used = true;
                field.value.clone()
            })
            .collect()
    }
}

/// One value. What is empty or blank is null, also for a string.
fn convert(ty: &Type, text: &str, name: &str, key: &str, bound: &mut Bound) -> Option<Value> {
    if text.trim().is_empty() {
        return None;
    }
    let value = from_text(ty, text, key, &mut bound.notes);
    if value.is_none() {
        bound
            .errors
            .add(key.to_owned(), format!("The value '{text}' is not valid for {name}."));
    }
    value
}

/// .NET's type converters. `None` if the text is no value of the type.
fn from_text(ty: &Type, text: &str, path: &str, notes: &mut Notes) -> Option<Value> {
    let trimmed = text.trim();
    match ty {
        Type::Date => {
            let date = date_text::general(text)?;
            notes.other_day(path, date.other_day.as_ref());
            Some(Value::from(date.held.into_local().to_string()))
        }
        Type::Boolean => match trimmed.to_ascii_lowercase().as_str() {
            "true" => Some(Value::from(true)),
            "false" => Some(Value::from(false)),
            _ => None,
        },
        Type::Int16 => trimmed.parse::<i16>().ok().map(Value::from),
        Type::Int32 => trimmed.parse::<i32>().ok().map(Value::from),
        Type::Int64 => trimmed.parse::<i64>().ok().map(Value::from),
        Type::Double => trimmed
            .parse::<f64>()
            .ok()
            .filter(|value| value.is_finite())
            .map(bind::float),
        Type::Enumeration(enumeration) => {
            let parsed = bind::parse_enumeration(enumeration, text)?;
            Some(bind::enumerated(enumeration, parsed, path, notes))
        }
        ty => bind::plain_text(ty, text),
    }
}

/// Checks a path or query parameter, as Web API binds a simple type.
pub(crate) fn check_parameter(parameter: &Parameter, text: &str, errors: &mut ModelState) {
    let ty = match &parameter.ty {
        Type::List(item) => &item.ty,
        ty => ty,
    };
    let name = match ty {
        Type::Int16 => "Int16",
        Type::Int32 => "Int32",
        Type::Int64 => "Int64",
        Type::Boolean => "Boolean",
        Type::Date => "DateTime",
        Type::Double => "Double",
        Type::Uuid => "Guid",
        _ => parameter.name.as_str(),
    };
    if from_text(ty, text, &parameter.name, &mut Notes::default()).is_none() {
        errors.add(
            parameter.name.clone(),
            format!("The value '{text}' is not valid for {name}."),
        );
    }
}

/// Says that a body bound to nothing.
pub(crate) fn note_no_body(notes: &mut Notes) {
    notes.add(
        NoteKind::NoBody,
        "",
        "no object at all was sent; the framework lets that through, and what Vitec does with it is not known",
    );
}
