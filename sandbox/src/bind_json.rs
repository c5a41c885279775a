//! A JSON body as Json.NET binds it to a .NET object behind Web API, which notes every error and goes on.

use serde_json::{Map, Value};
use vitec_connect::description::{Content, Description, Item, Listed, Member, Shape, Type};

use crate::bind::{self, Bound, ERROR_OCCURRED, Fault, Parsed};
use crate::date_text;
use crate::json::{self, Json, JsonPath};
use crate::json_number::Number;
use crate::note::{NoteKind, json_names};

/// Reads a body.
pub(crate) fn bind(text: &str, ty: &Type, parameter: &str, description: &Description) -> Bound {
    let mut binder = Binder {
        description,
        parameter,
        path: JsonPath::default(),
        bound: Bound::default(),
    };
    match json::read(text) {
        Ok(None) => {}
        Ok(Some(json)) => match binder.value(ty, json, None) {
            Ok(body) => binder.bound.body = body,
            Err(refusal) => binder.complain(refusal.fault),
        },
        Err((path, fault)) => {
            binder.path = path;
            binder.complain(fault);
        }
    }
    binder.bound
}

/// The document's example, if it is a value of its type: a client could not read another.
pub(crate) fn example(content: &Content, description: &Description) -> Option<Value> {
    let text = content.example.as_deref()?;
    let Bound { body, mut errors, .. } = bind(text, &content.ty, "", description);
    bind::check_required(description, &content.ty, &body?, "", &mut errors);
    serde_json::from_str(text).ok().filter(|_| errors.is_valid())
}

struct Binder<'a> {
    description: &'a Description,
    parameter: &'a str,
    /// Where it is. After a refusal: where it happened.
    path: JsonPath,
    bound: Bound,
}

/// Why a value does not bind.
struct Refusal {
    fault: Fault,
    /// Json.NET stumbles over the value's first character. It cannot read on, and every level around complains again.
    ends: bool,
    /// The bracket that closes the value is taken for the one of the object around.
    closes: bool,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            ends: false,
            closes: false,
        }
    }
}

/// Whether Json.NET asks its reader for exactly this type. Others it looks at when they are read.
fn is_asked_for(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Text | Type::DateTime | Type::Boolean | Type::Int16 | Type::Int32 | Type::Float | Type::Double
    )
}

impl<'a> Binder<'a> {
    fn complain(&mut self, fault: Fault) {
        let key = bind::key(self.parameter, &self.path.to_string());
        tracing::debug!(key, reason = fault.0, "the JSON body does not bind");
        self.bound.errors.add(key, ERROR_OCCURRED);
    }

    /// Notes a refusal, and says whether there is no going on.
    fn recover(&mut self, mut refusal: Refusal) -> Result<(), Refusal> {
        self.complain(refusal.fault);
        if std::mem::take(&mut refusal.closes) {
            self.path.pop();
        }
        match refusal.ends {
            true => Err(refusal),
            false => Ok(()),
        }
    }

    /// `None` is null. An object or a list that is there already is filled further.
    fn value(&mut self, ty: &Type, json: Json<'_>, existing: Option<Value>) -> Result<Option<Value>, Refusal> {
        let shape = self.description.shape(ty);
        if let Some(Shape::Enumeration { names, .. }) = shape {
            return Ok(self.enumeration(names, &json)?);
        }
        let is_text = matches!(ty, Type::Text) || matches!(shape, Some(Shape::Id { .. }));
        Ok(match (json, ty, shape) {
            (Json::Null, ..) => None,
            (Json::Text(text), ..) if is_text => Some(text.into()),
            (Json::Text(text), ..) if text.is_empty() => None,
            (Json::Text(text), ..) => Some(self.text(ty, &text)?),
            (Json::Number(text), ..) if is_text => Some(text.into()),
            (Json::Number(text), ..) => Some(number(ty, text)?),
            (Json::Boolean(value), ..) if is_text => Some(value.to_string().into()),
            (Json::Boolean(value), Type::Boolean, _) => Some(value.into()),
            (Json::Boolean(value), Type::Int64, _) => Some(i64::from(value).into()),
            (Json::Object(members), _, Some(Shape::Object { members: known, .. })) => {
                Some(self.object(known, members, existing)?)
            }
            (Json::Object(members), Type::Dictionary(item), _) => Some(self.dictionary(item, members, existing)?),
            (Json::Array(items), Type::List(item), _) => Some(self.list(item, items, existing)?),
            (Json::Undefined, Type::List(_) | Type::Dictionary(_), _)
            | (Json::Undefined, _, Some(Shape::Object { .. })) => None,
            (json, ..) => {
                let refusal = Refusal {
                    fault: Fault("a value of another type"),
                    ends: is_text || is_asked_for(ty),
                    closes: matches!(json, Json::Array(_)) && (is_text || is_asked_for(ty)),
                };
                // Json.NET has read a step into it.
                if let Json::Object(members) = json
                    && let (false, Some((name, _))) = (refusal.ends, members.first())
                {
                    self.path.push_member(name);
                }
                return Err(refusal);
            }
        })
    }

    fn enumeration(&mut self, names: &[Listed], json: &Json<'_>) -> Result<Option<Value>, Fault> {
        let parsed = match json {
            Json::Null => return Ok(None),
            Json::Text(text) if text.is_empty() => return Ok(None),
            Json::Text(text) => bind::parse_enumeration(names, text).ok_or(Fault("an unlisted name"))?,
            // One beyond 32 bits wraps around.
            #[allow(clippy::cast_possible_truncation)]
            Json::Number(text) => Parsed::Number(Number::read(text)?.integer::<i64>()? as i32),
            _ => return Err(Fault("neither a name nor a number")),
        };
        let path = self.path.to_string();
        Ok(Some(bind::enumerated(names, parsed, &path, &mut self.bound.notes)))
    }

    /// A string that is not empty, of a type that is no text.
    fn text(&mut self, ty: &Type, text: &str) -> Result<Value, Fault> {
        Ok(match ty {
            Type::DateTime => {
                let date = date_text::json(text).ok_or(Fault("a string that is no date"))?;
                self.bound.notes.other_day(&self.path.to_string(), date.other_day);
                date.held.to_string().into()
            }
            Type::Boolean => match text.trim().to_ascii_lowercase().as_str() {
                "true" => true.into(),
                "false" => false.into(),
                _ => return Err(Fault("a string that is no boolean")),
            },
            Type::Int16 => Number::quoted(text)?.integer::<i16>()?.into(),
            Type::Int32 => Number::quoted(text)?.integer::<i32>()?.into(),
            Type::Int64 => Number::quoted(text)?.integer::<i64>()?.into(),
            Type::Float | Type::Double => bind::float(Number::quoted_float(text)?.as_f64()),
            Type::Uuid | Type::Bytes => {
                bind::plain_text(ty, text).ok_or(Fault("a string that is no value of the type"))?
            }
            _ => return Err(Fault("a string for something else")),
        })
    }

    fn object(
        &mut self,
        known: &[Member],
        members: Vec<(String, Json<'_>)>,
        existing: Option<Value>,
    ) -> Result<Value, Refusal> {
        let mut values = match existing {
            Some(Value::Object(values)) => values,
            _ => Map::new(),
        };
        let depth = self.path.len();
        for (name, json) in members {
            self.path.push_member(&name);
            if let Err(refusal) = self.member(known, &name, json, &mut values) {
                self.recover(refusal)?;
            }
            self.path.truncate(depth);
        }
        Ok(Value::Object(values))
    }

    fn member(
        &mut self,
        known: &[Member],
        name: &str,
        json: Json<'_>,
        values: &mut Map<String, Value>,
    ) -> Result<(), Refusal> {
        let any_case = || known.iter().find(|it| it.json.to_lowercase() == name.to_lowercase());
        let Some(member) = known.iter().find(|it| it.json == name).or_else(any_case) else {
            if !self.bound.notes.is_full() {
                let path = self.path.to_string();
                self.bound.notes.unknown(&path, name, json_names(known));
            }
            return Ok(());
        };
        if values.contains_key(&member.json) && !self.bound.notes.is_full() {
            let path = self.path.to_string();
            let message = "sent more than once; the last one counts";
            self.bound.notes.add(NoteKind::Repeated, path, message);
        }
        let existing = match json {
            Json::Object(_) | Json::Array(_) => values.remove(&member.json),
            _ => None,
        };
        let value = self.value(&member.ty, json, existing)?;
        bind::set(values, &member.json, value);
        Ok(())
    }

    /// Values by name; a name that comes again has its last value.
    fn dictionary(
        &mut self,
        item: &Item,
        members: Vec<(String, Json<'_>)>,
        existing: Option<Value>,
    ) -> Result<Value, Refusal> {
        let mut values = match existing {
            Some(Value::Object(values)) => values,
            _ => Map::new(),
        };
        let depth = self.path.len();
        for (name, json) in members {
            self.path.push_member(&name);
            let value = self.item(item, json)?;
            values.insert(name, value);
            self.path.truncate(depth);
        }
        Ok(Value::Object(values))
    }

    fn list(&mut self, item: &Item, items: Vec<Json<'_>>, existing: Option<Value>) -> Result<Value, Refusal> {
        let mut values = match existing {
            Some(Value::Array(values)) => values,
            _ => Vec::new(),
        };
        let depth = self.path.len();
        for (index, json) in items.into_iter().enumerate() {
            self.path.push_item(index);
            match self.item(item, json) {
                Ok(value) => values.push(value),
                Err(refusal) => self.recover(refusal)?,
            }
            self.path.truncate(depth);
        }
        Ok(Value::Array(values))
    }

    fn item(&mut self, item: &Item, json: Json<'_>) -> Result<Value, Refusal> {
        match self.value(&item.ty, json, None)? {
            None if !bind::is_nullable(self.description, &item.ty) => Err(Fault("null where values are held").into()),
            value => Ok(value.unwrap_or_default()),
        }
    }
}

/// A number for a type that is no text.
fn number(ty: &Type, text: &str) -> Result<Value, Fault> {
    let number = Number::read(text)?;
    Ok(match ty {
        Type::Boolean => (number.as_f64() != 0.0).into(),
        Type::Int16 => number.integer::<i16>()?.into(),
        Type::Int32 => number.integer::<i32>()?.into(),
        Type::Int64 => number.rounded()?.into(),
        Type::Float | Type::Double => bind::float(number.as_f64()),
        _ => return Err(Fault("a number for something else")),
    })
}
