//! A JSON body as Json.NET reads it into a .NET object behind Web API, which notes every error and reads on.

use serde_json::{Map, Value};

use crate::bind::{self, Bound, ERROR_OCCURRED, Parsed};
use crate::json::{Reader, Token, Want};
use crate::json_number::Number;
use crate::json_text::Fault;
use crate::note::{NoteKind, json_names};
use crate::schema::{Item, Schemas, Type};

/// Reads a body.
pub(crate) fn bind(text: &str, ty: &Type, parameter: &str, schemas: &Schemas) -> Bound {
    let mut binder = Binder {
        reader: Reader::new(text),
        schemas,
        parameter,
        bound: Bound::default(),
        ended: false,
    };
    let read = binder.root(ty);
    binder.bound.body = read.unwrap_or_else(|fault| {
        binder.fault(fault);
        None
    });
    binder.bound
}

/// What Json.NET asks its reader for, by the type of a member.
fn want(ty: &Type) -> Want {
    match ty {
        Type::Text | Type::Uuid | Type::Bytes | Type::Binary => Want::Text,
        Type::Date => Want::Date,
        Type::Boolean => Want::Boolean,
        Type::Int16 | Type::Int32 => Want::Int32,
        Type::Double => Want::Double,
        Type::Int64 => Want::Int64,
        // Read by a converter.
        Type::Enumeration(_) => Want::Token,
        Type::Object(_) | Type::List(_) | Type::Dictionary(_) | Type::Any => Want::Anything,
    }
}

struct Binder<'a> {
    reader: Reader<'a>,
    schemas: &'a Schemas,
    parameter: &'a str,
    bound: Bound,
    /// Nothing more is noted: the depth limit was met.
    ended: bool,
}

impl Binder<'_> {
    fn root(&mut self, ty: &Type) -> Result<Option<Value>, Fault> {
        if self.reader.read_as(want(ty))? {
            self.value(ty, None)
        } else {
            Ok(None)
        }
    }

    fn fault(&mut self, fault: Fault) {
        if self.ended {
            return;
        }
        self.ended = self.reader.is_too_deep();
        let key = bind::key(self.parameter, &self.reader.path());
        tracing::debug!(key, reason = fault.0, "the JSON body does not bind");
        self.bound.errors.add(key, ERROR_OCCURRED);
    }

    /// Notes an error and goes on behind the value that caused it.
    fn recover(&mut self, fault: Fault, depth: usize) -> Result<(), Fault> {
        self.fault(fault);
        if self.ended {
            return Err(fault);
        }
        self.reader.skip()?;
        while self.reader.depth() > depth && self.reader.read()? {}
        Ok(())
    }

    /// The value of the reader's token. `None` is null.
    fn value(&mut self, ty: &Type, existing: Option<Value>) -> Result<Option<Value>, Fault> {
        if let Type::Enumeration(enumeration) = ty {
            let parsed = match &self.reader.token {
                Token::Null => return Ok(None),
                Token::Text(text) if text.is_empty() => return Ok(None),
                Token::Text(text) => bind::parse_enumeration(enumeration, text).ok_or(Fault("an unlisted name"))?,
                // A number beyond 32 bits wraps around.
                #[allow(clippy::cast_possible_truncation)]
                Token::Number(Number::Integer(number)) => Parsed::Number(i64::from(*number as i32)),
                _ => return Err(Fault("neither a name nor a number")),
            };
            let path = self.reader.path();
            return Ok(Some(bind::enumerated(
                enumeration,
                parsed,
                &path,
                &mut self.bound.notes,
            )));
        }
        let token = std::mem::replace(&mut self.reader.token, Token::None);
        let simple = match (&token, ty) {
            (Token::Null | Token::Undefined, _) => None,
            (Token::Text(text), Type::Text | Type::Any) => Some(Value::from(text.as_str())),
            (Token::Text(text), _) if text.is_empty() => None,
            (Token::Text(text), Type::Uuid | Type::Bytes) => {
                Some(bind::plain_text(ty, text).ok_or(Fault("a string that is no value of the type"))?)
            }
            (Token::Text(text), Type::Int64) => Some(Value::from(
                text.trim()
                    .parse::<i64>()
                    .map_err(|_| Fault("a string that is no number"))?,
            )),
            (Token::Date(date), Type::Date) => {
                let path = self.reader.path();
                self.bound.notes.other_day(&path, date.other_day.as_ref());
                Some(Value::from(date.held.to_string()))
            }
            (Token::Boolean(value), Type::Boolean | Type::Any) => Some(Value::from(*value)),
            (Token::Boolean(value), Type::Int64) => Some(Value::from(i64::from(*value))),
            (Token::Number(Number::Big(_)), Type::Int64) => {
                return Err(Fault("a number beyond 64 bits"));
            }
            // .NET rounds half a number to the even one.
            #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
            (Token::Number(Number::Float(value)), Type::Int64) => {
                let whole = value.round_ties_even();
                if !(i64::MIN as f64..i64::MAX as f64).contains(&whole) {
                    return Err(Fault("a number beyond 64 bits"));
                }
                Some(Value::from(whole as i64))
            }
            (Token::Number(number), Type::Double) => Some(bind::float(number.as_f64())),
            (Token::Number(Number::Integer(number)), Type::Int16) if i16::try_from(*number).is_err() => {
                return Err(Fault("a number beyond 16 bits"));
            }
            (Token::Number(number), Type::Int16 | Type::Int32 | Type::Int64 | Type::Any) => Some(bind::number(*number)),
            _ => return self.structure(token, ty, existing),
        };
        self.reader.token = token;
        Ok(simple)
    }

    fn structure(&mut self, token: Token, ty: &Type, existing: Option<Value>) -> Result<Option<Value>, Fault> {
        self.reader.token = token;
        match (&self.reader.token, ty) {
            (Token::StartObject, Type::Object(index)) => self.object(*index, existing).map(Some),
            (Token::StartObject, Type::Dictionary(item)) => self.dictionary(item, existing).map(Some),
            (Token::StartArray, Type::List(item)) => self.list(item, existing).map(Some),
            (Token::StartObject | Token::StartArray, Type::Any) => self.anything().map(Some),
            (Token::StartObject, _) => {
                self.next()?;
                Err(Fault("an object for something else"))
            }
            _ => Err(Fault("a value of another type")),
        }
    }

    /// Reads the next token, of which there has to be one.
    fn next(&mut self) -> Result<(), Fault> {
        if self.reader.read()? {
            Ok(())
        } else {
            Err(Fault("the body ends too early"))
        }
    }

    fn object(&mut self, index: usize, existing: Option<Value>) -> Result<Value, Fault> {
        let mut members = match existing {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        self.next()?;
        let depth = self.reader.depth();
        loop {
            match std::mem::replace(&mut self.reader.token, Token::Comment) {
                Token::Name(name) => {
                    self.reader.token = Token::Name(name.clone());
                    if let Err(fault) = self.member(index, &name, &mut members) {
                        self.recover(fault, depth)?;
                    }
                }
                Token::EndObject => {
                    self.reader.token = Token::EndObject;
                    return Ok(Value::Object(members));
                }
                Token::Comment => {}
                other => {
                    self.reader.token = other;
                    return Err(Fault("something else than a member"));
                }
            }
            if !self.reader.read()? {
                self.fault(Fault("the body ends within an object"));
                return Ok(Value::Object(members));
            }
        }
    }

    fn member(&mut self, index: usize, name: &str, members: &mut Map<String, Value>) -> Result<(), Fault> {
        let object = self.schemas.object(index);
        let exact = object.members.iter().find(|member| member.json == name);
        let any_case = || {
            object
                .members
                .iter()
                .find(|member| member.json.to_lowercase() == name.to_lowercase())
        };
        let Some(member) = exact.or_else(any_case) else {
            if !self.bound.notes.is_full() {
                let path = self.reader.path();
                self.bound.notes.unknown(&path, name, json_names(object));
            }
            if self.reader.read()? {
                self.reader.skip()?;
            }
            return Ok(());
        };
        if members.contains_key(&member.json) && !self.bound.notes.is_full() {
            let path = self.reader.path();
            self.bound
                .notes
                .add(NoteKind::Repeated, path, "sent more than once; the last one counts");
        }
        if !self.reader.read_as(want(&member.ty))? {
            return Err(Fault("the body ends before a value"));
        }
        // An object or a list that is there already is filled further.
        let existing = match self.reader.token {
            Token::StartObject | Token::StartArray => members.remove(&member.json),
            _ => None,
        };
        let value = self.value(&member.ty, existing)?;
        bind::set(members, &member.json, value);
        Ok(())
    }

    /// Values by name; a name that comes again has its last value.
    fn dictionary(&mut self, item: &Item, existing: Option<Value>) -> Result<Value, Fault> {
        let mut values = match existing {
            Some(Value::Object(values)) => values,
            _ => Map::new(),
        };
        self.next()?;
        loop {
            match std::mem::replace(&mut self.reader.token, Token::Comment) {
                Token::Name(name) => {
                    self.reader.token = Token::Name(name.clone());
                    if !self.reader.read_as(want(&item.ty))? {
                        return Err(Fault("the body ends before a value"));
                    }
                    let value = self.value(&item.ty, None)?;
                    if value.is_none() && !item.ty.is_nullable() {
                        return Err(Fault("null where a dictionary holds values"));
                    }
                    values.insert(name, value.unwrap_or_default());
                }
                Token::EndObject => {
                    self.reader.token = Token::EndObject;
                    return Ok(Value::Object(values));
                }
                Token::Comment => {}
                other => {
                    self.reader.token = other;
                    return Err(Fault("something else than a name"));
                }
            }
            self.next()?;
        }
    }

    fn list(&mut self, item: &Item, existing: Option<Value>) -> Result<Value, Fault> {
        let mut values = match existing {
            Some(Value::Array(values)) => values,
            _ => Vec::new(),
        };
        let depth = self.reader.depth();
        let mut last_fault = None;
        loop {
            match self.item(item, &mut values) {
                Ok(Some(true)) => {}
                Ok(Some(false)) => return Ok(Value::Array(values)),
                Ok(None) => {
                    self.fault(Fault("the body ends within a list"));
                    return Ok(Value::Array(values));
                }
                Err(fault) => {
                    let at = self.reader.index_at(depth);
                    self.recover(fault, depth + 1)?;
                    if last_fault.replace(at) == Some(at) {
                        return Err(Fault("the same item fails again"));
                    }
                }
            }
        }
    }

    /// Reads one item. `false` at the list's end, `None` at the body's.
    fn item(&mut self, item: &Item, values: &mut Vec<Value>) -> Result<Option<bool>, Fault> {
        if !self.reader.read_as(want(&item.ty))? {
            return Ok(None);
        }
        match self.reader.token {
            Token::EndArray => return Ok(Some(false)),
            Token::Comment => return Ok(Some(true)),
            _ => {}
        }
        let value = self.value(&item.ty, None)?;
        let nullable = item.ty.is_nullable();
        match value {
            None if !nullable => return Err(Fault("null where a list holds values")),
            value => values.push(value.unwrap_or_default()),
        }
        Ok(Some(true))
    }

    /// An object or array that the document says nothing about.
    fn anything(&mut self) -> Result<Value, Fault> {
        let is_object = self.reader.token == Token::StartObject;
        let (mut members, mut values) = (Map::new(), Vec::new());
        loop {
            self.next()?;
            let mut name = None;
            match std::mem::replace(&mut self.reader.token, Token::Comment) {
                Token::EndObject | Token::EndArray => break,
                Token::Comment => continue,
                Token::Name(text) => {
                    name = Some(text);
                    if !self.reader.read_content()? {
                        return Err(Fault("the body ends before a value"));
                    }
                }
                other => self.reader.token = other,
            }
            let value = self.value(&Type::Any, None)?.unwrap_or_default();
            match name {
                Some(name) => drop(members.insert(name, value)),
                None => values.push(value),
            }
        }
        Ok(if is_object {
            Value::Object(members)
        } else {
            Value::Array(values)
        })
    }
}
