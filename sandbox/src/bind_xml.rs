//! An XML body as DataContractSerializer reads it: members in alphabetical order, and what comes too late or is
//! unknown is lost without an error. Any error at all gives one message under the parameter's name.

use serde_json::{Map, Value};
use vitec_connect::description::{Content, Description, Item, Member, Shape, Type};

use crate::bind::{self, Bound, ERROR_OCCURRED, Fault};
use crate::date_text;
use crate::note::{NoteKind, Notes};
use crate::xml::{Node, Xml, boolean};

/// Reads a body.
pub(crate) fn bind(text: &str, content: &Content, parameter: &str, description: &Description) -> Bound {
    let mut notes = Notes::default();
    match root(text, content, description, &mut notes) {
        Ok(body) => Bound {
            body,
            notes,
            ..Bound::default()
        },
        Err(fault) => {
            tracing::debug!(parameter, reason = fault.0, "the XML body does not bind");
            let mut bound = Bound::default();
            bound.errors.add(parameter.to_owned(), ERROR_OCCURRED);
            bound
        }
    }
}

fn root(text: &str, content: &Content, description: &Description, notes: &mut Notes) -> Result<Option<Value>, Fault> {
    let mut binder = Binder {
        xml: Xml::new(text)?,
        description,
        notes,
        path: String::new(),
    };
    loop {
        match binder.xml.next()? {
            Node::Text(text) if is_blank(&text) => {}
            Node::Start { name, namespace, nil } => {
                if name != content.xml.name || namespace != content.xml.namespace {
                    return Err(Fault("another root element or namespace"));
                }
                let value = binder.value(&content.ty, nil)?;
                binder.xml.leave_root()?;
                return Ok(value);
            }
            _ => return Err(Fault("no root element")),
        }
    }
}

/// White space as XML has it.
fn is_blank(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'))
}

struct Binder<'a> {
    xml: Xml<'a>,
    description: &'a Description,
    notes: &'a mut Notes,
    /// For the notes.
    path: String,
}

impl<'a> Binder<'a> {
    /// The value of the element that was just started. `None` is null.
    fn value(&mut self, ty: &Type, nil: bool) -> Result<Option<Value>, Fault> {
        if nil {
            self.xml.skip()?;
            return Ok(None);
        }
        let bad = Fault("text that is no value of the type");
        Ok(Some(match (ty, self.description.shape(ty)) {
            (_, Some(Shape::Object { members, .. })) => self.object(members)?,
            (_, Some(Shape::Enumeration { names, .. })) => {
                let text = self.text()?;
                if !names.iter().any(|it| it.name == text) {
                    return Err(Fault("not exactly a listed name"));
                }
                Value::from(text)
            }
            (Type::List(item), _) => self.list(item)?,
            (Type::Dictionary(item), _) => self.dictionary(item)?,
            (Type::DateTime, _) => {
                let date = date_text::xml(&self.text()?).ok_or(bad)?;
                self.notes.other_day(&self.path, date.other_day);
                Value::from(date.held.to_string())
            }
            (Type::Boolean, _) => Value::from(boolean(&self.text()?).ok_or(bad)?),
            (Type::Int16, _) => Value::from(self.text()?.trim().parse::<i16>().map_err(|_| bad)?),
            (Type::Int32, _) => Value::from(self.text()?.trim().parse::<i32>().map_err(|_| bad)?),
            (Type::Int64, _) => Value::from(self.text()?.trim().parse::<i64>().map_err(|_| bad)?),
            (Type::Float | Type::Double, _) => double(self.text()?.trim()).ok_or(bad)?,
            (Type::Text | Type::Uuid | Type::Bytes | Type::Binary | Type::Schema(_), _) => {
                bind::plain_text(ty, &self.text()?).ok_or(bad)?
            }
        }))
    }

    /// The text of an element that holds nothing else.
    fn text(&mut self) -> Result<String, Fault> {
        let mut content = String::new();
        loop {
            match self.xml.next()? {
                Node::Text(text) | Node::Verbatim(text) => content.push_str(&text),
                Node::End => return Ok(content),
                Node::Start { .. } => return Err(Fault("an element where text belongs")),
                Node::Eof => return Err(Fault("the body ends within an element")),
            }
        }
    }

    /// The next element within the current one. `None` at its end.
    fn child(&mut self) -> Result<Option<(String, String, bool)>, Fault> {
        loop {
            match self.xml.next()? {
                Node::Start { name, namespace, nil } => return Ok(Some((name, namespace, nil))),
                Node::End => return Ok(None),
                Node::Text(text) | Node::Verbatim(text) if is_blank(&text) => {}
                Node::Text(_) | Node::Verbatim(_) => {
                    return Err(Fault("text where elements belong"));
                }
                Node::Eof => return Err(Fault("the body ends within an element")),
            }
        }
    }

    fn object(&mut self, known: &[Member]) -> Result<Value, Fault> {
        let mut members = Map::new();
        let mut next = 0;
        let outside = self.path.len();
        while let Some((name, namespace, nil)) = self.child()? {
            if outside > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name);
            let is_it = |member: &Member| member.xml.name == name && member.xml.namespace == namespace;
            match known.iter().skip(next).position(is_it) {
                Some(offset) => {
                    let member = &known[next + offset];
                    next += offset + 1;
                    let value = self.value(&member.ty, nil)?;
                    bind::set(&mut members, &member.json, value);
                }
                None => {
                    self.lost(known, &members, next, &name, &namespace);
                    self.xml.skip()?;
                }
            }
            self.path.truncate(outside);
        }
        Ok(Value::Object(members))
    }

    /// Says why an element is ignored.
    fn lost(&mut self, known: &[Member], members: &Map<String, Value>, next: usize, name: &str, namespace: &str) {
        if self.notes.is_full() {
            return;
        }
        // A derived class may have a member of the same name as its base, in another namespace.
        let of_name = || known.iter().filter(|member| member.xml.name == name);
        let same_name = of_name()
            .find(|it| it.xml.namespace == namespace)
            .or_else(|| of_name().next());
        let path = self.path.clone();
        match same_name {
            Some(member) if member.xml.namespace != namespace => {
                let wanted = &member.xml.namespace;
                let message =
                    format!("`{name}` stands in the namespace `{namespace}` instead of `{wanted}` and was ignored");
                self.notes.add(NoteKind::UnknownMember, path, message);
            }
            Some(member) if members.contains_key(&member.json) => {
                self.notes
                    .add(NoteKind::Repeated, path, "sent more than once; the first one counts");
            }
            Some(_) => {
                let before = next.checked_sub(1).and_then(|last| known.get(last));
                let before = before.map_or("another member", |member| member.xml.name.as_str());
                let message =
                    format!("`{name}` came after `{before}`: out of alphabetical order, so its value was lost");
                self.notes.add(NoteKind::OutOfOrder, path, message);
            }
            None => self
                .notes
                .unknown(&path, name, known.iter().map(|member| member.xml.name.clone())),
        }
    }

    fn list(&mut self, item: &Item) -> Result<Value, Fault> {
        let mut values = Vec::new();
        while let Some((name, namespace, nil)) = self.child()? {
            if name == item.xml.name && namespace == item.xml.namespace {
                if nil && !bind::is_nullable(self.description, &item.ty) {
                    return Err(Fault("null where a list holds values"));
                }
                values.push(self.value(&item.ty, nil)?.unwrap_or_default());
            } else {
                if !self.notes.is_full() {
                    let names = [item.xml.name.clone()];
                    self.notes.unknown(&self.path, &name, names.into_iter());
                }
                self.xml.skip()?;
            }
        }
        Ok(Value::Array(values))
    }

    /// Pairs of a key and a value.
    fn dictionary(&mut self, item: &Item) -> Result<Value, Fault> {
        let mut values = Map::new();
        while let Some((name, namespace, nil)) = self.child()? {
            if name != item.xml.name || namespace != item.xml.namespace {
                if !self.notes.is_full() {
                    self.notes
                        .unknown(&self.path, &name, [item.xml.name.clone()].into_iter());
                }
                self.xml.skip()?;
                continue;
            }
            if nil {
                return Err(Fault("null where a dictionary holds pairs"));
            }
            let (mut key, mut value) = (None, None);
            while let Some((part, namespace, nil)) = self.child()? {
                match part.as_str() {
                    _ if namespace != item.xml.namespace => self.xml.skip()?,
                    "Key" if key.is_none() && !nil => key = Some(self.text()?),
                    "Value" => value = self.value(&item.ty, nil)?,
                    _ => self.xml.skip()?,
                }
            }
            let key = key.ok_or(Fault("a pair without a key"))?;
            if values.insert(key, value.unwrap_or_default()).is_some() {
                return Err(Fault("a key that was given before"));
            }
        }
        Ok(Value::Object(values))
    }
}

fn double(text: &str) -> Option<Value> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match text {
        "INF" => Some(bind::float(f64::INFINITY)),
        "-INF" => Some(bind::float(f64::NEG_INFINITY)),
        "NaN" => Some(bind::float(f64::NAN)),
        _ => text
            .parse()
            .ok()
            .filter(|value: &f64| plain && value.is_finite())
            .map(bind::float),
    }
}
