//! The OpenAPI document: read once, with the line of every place, so that a mistake in it can be pointed at.

use std::collections::HashMap;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde_json::{Map, Value};

use crate::mistake::{Mistake, Mistakes};

/// The document as JSON, and the line on which each place of it (a JSON pointer, RFC 6901) stands.
pub(crate) struct Document {
    file: String,
    pub(crate) root: Value,
    lines: HashMap<String, usize>,
    mistakes: Mistakes,
}

impl Document {
    /// Reads YAML. `file` is the name that mistakes are reported under.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Vec<Mistake>> {
        let fatal = |line, message: String| vec![Mistake::new(file, line, String::new(), message)];
        let yaml = MarkedYaml::load_from_str(text)
            .map_err(|error| fatal(error.marker().line(), format!("not YAML: {}", error.info())))?;
        let [yaml] = &yaml[..] else {
            return Err(fatal(
                1,
                format!("one YAML document is expected, and {} found", yaml.len()),
            ));
        };
        let mut document = Self {
            file: file.to_owned(),
            root: Value::Null,
            lines: HashMap::new(),
            mistakes: Mistakes::default(),
        };
        document.root = document.json(yaml, "");
        Ok(document)
    }

    /// The whole document as a node.
    pub(crate) fn node(&self) -> Node<'_> {
        Node {
            document: self,
            value: &self.root,
            pointer: String::new(),
        }
    }

    /// The document, and all that is wrong in it in the order of the lines.
    pub(crate) fn into_parts(self) -> (Value, Vec<Mistake>) {
        (self.root, self.mistakes.into_sorted())
    }

    /// JSON from YAML 1.2's core schema, which is what OpenAPI 3.0 allows of YAML.
    fn json(&mut self, yaml: &MarkedYaml<'_>, pointer: &str) -> Value {
        let line = yaml.span.start.line();
        self.lines.entry(pointer.to_owned()).or_insert(line);
        match &yaml.data {
            YamlData::Value(Scalar::Null) => Value::Null,
            YamlData::Value(Scalar::Boolean(value)) => (*value).into(),
            YamlData::Value(Scalar::Integer(value)) => (*value).into(),
            YamlData::Value(Scalar::FloatingPoint(value)) => value.into_inner().into(),
            YamlData::Value(Scalar::String(value)) => value.to_string().into(),
            YamlData::Sequence(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.json(item, &format!("{pointer}/{index}")))
                .collect(),
            YamlData::Mapping(members) => {
                let mut object = Map::new();
                for (key, value) in members {
                    let line = key.span.start.line();
                    let Some(key) = self.key(&key.data, pointer, line) else {
                        continue;
                    };
                    let pointer = format!("{pointer}/{}", escape(&key));
                    self.lines.insert(pointer.clone(), line);
                    let value = self.json(value, &pointer);
                    object.insert(key, value);
                }
                object.into()
            }
            _ => {
                self.add(pointer, line, "this YAML has no counterpart in JSON");
                Value::Null
            }
        }
    }

    /// The text of a key. What cannot be one, and what looks like another, is a mistake.
    fn key<'y>(&self, key: &YamlData<'y, MarkedYaml<'y>>, pointer: &str, line: usize) -> Option<String> {
        let key = match key {
            YamlData::Value(Scalar::String(key)) => key.to_string(),
            YamlData::Value(Scalar::Integer(key)) => key.to_string(), // `200:` without quotes, as many write it
            YamlData::Value(Scalar::Boolean(key)) => key.to_string(),
            YamlData::Value(_) => {
                self.add(pointer, line, "a key is text");
                return None;
            }
            _ => {
                self.add(pointer, line, "a key is text, not a list or mapping");
                return None;
            }
        };
        if key == "<<" {
            let message =
                "YAML 1.2 has no merge keys, and OpenAPI neither: `<<` is not followed; write out what it stands for";
            self.add(pointer, line, message);
            return None;
        }
        if let Some(character) = key.chars().find(|it| is_invisible(*it)) {
            let code = u32::from(character);
            self.add(
                pointer,
                line,
                format!(
                    "the key {key:?} has a character that is not seen, U+{code:04X}: type it again, with plain spaces"
                ),
            );
            return None;
        }
        Some(key)
    }

    fn add(&self, pointer: &str, line: usize, message: impl Into<String>) {
        // Whatever it was meant to be: it stands in there.
        let inside = format!("{pointer}/ {line}");
        self.mistakes
            .add(&inside, Mistake::new(&self.file, line, place(pointer), message));
    }
}

/// White space but the plain space, control characters, and those that only say how others are set.
fn is_invisible(character: char) -> bool {
    (character.is_whitespace() && character != ' ')
        || character.is_control()
        || matches!(u32::from(character), 0xAD | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF)
}

/// A reference token of a JSON pointer, RFC 6901, section 3.
fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// A JSON pointer, for a person: `components.schemas.LoanPromise`.
fn place(pointer: &str) -> String {
    let place = pointer.trim_start_matches('/').replace('/', ".");
    place.replace("~1", "/").replace("~0", "~")
}

/// A value of the document together with the place where it stands.
///
/// Its readers give nothing where something else stands than they look for: `keywords` has told of that already.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    document: &'a Document,
    pub(crate) value: &'a Value,
    pointer: String,
}

impl<'a> Node<'a> {
    /// The member `name` as it stands, a `$ref` not followed.
    pub(crate) fn child(&self, name: &str) -> Option<Node<'a>> {
        let value = match self.value {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
            other => other.get(name)?,
        };
        Some(Node {
            document: self.document,
            value,
            pointer: format!("{}/{}", self.pointer, escape(name)),
        })
    }

    /// The member `name`, with its `$ref` followed to the end.
    pub(crate) fn get(&self, name: &str) -> Option<Node<'a>> {
        self.child(name)?.followed()
    }

    /// [`Node::get`]; a mistake where there is no such member.
    pub(crate) fn require(&self, name: &str) -> Option<Node<'a>> {
        if self.child(name).is_none() {
            self.missing(name, format!("`{name}` is missing"));
        }
        self.get(name)
    }

    /// The members of an object or the items of a list, with their names or numbers.
    pub(crate) fn children(&self) -> Vec<(String, Node<'a>)> {
        let names: Vec<String> = match self.value {
            Value::Object(members) => members.keys().cloned().collect(),
            Value::Array(items) => (0..items.len()).map(|index| index.to_string()).collect(),
            _ => Vec::new(),
        };
        names
            .into_iter()
            .filter_map(|name| self.child(&name).map(|child| (name, child)))
            .collect()
    }

    /// The text of the member `name`.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str()
    }

    /// The texts in the list `name`.
    pub(crate) fn texts(&self, name: &str) -> Vec<&'a str> {
        let items = self.value.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The whole number of the member `name`, not below 0.
    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        self.value.get(name)?.as_u64()
    }

    /// Whether the member `name` says `true`.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.value.get(name) == Some(&Value::Bool(true))
    }

    /// Where this node's `$ref` leads, where it is one that leads somewhere.
    pub(crate) fn reference(&self) -> Option<Node<'a>> {
        let pointer = self.text("$ref")?.strip_prefix('#')?;
        Some(Node {
            document: self.document,
            value: self.document.root.pointer(pointer)?,
            pointer: pointer.to_owned(),
        })
    }

    /// This node, or what its `$ref` leads to in the end.
    pub(crate) fn followed(self) -> Option<Self> {
        let mut node = self;
        for _ in 0..64 {
            match node.child("$ref") {
                Some(_) => node = node.reference()?,
                None => return Some(node),
            }
        }
        None
    }

    /// Whether its `$ref` leads back to it.
    pub(crate) fn is_in_circle(&self) -> bool {
        let mut node = self.reference();
        for _ in 0..64 {
            match node {
                Some(it) if it.pointer == self.pointer => return true,
                Some(it) => node = it.reference(),
                None => return false,
            }
        }
        false
    }

    /// The schema of that name under `components/schemas`.
    pub(crate) fn schema(&self, name: &str) -> Option<Node<'a>> {
        self.document.node().child("components")?.child("schemas")?.child(name)
    }

    /// The name of the schema that this node is, where it stands under `components/schemas`.
    pub(crate) fn schema_name(&self) -> Option<&str> {
        let name = self.pointer.strip_prefix("/components/schemas/")?;
        (!name.contains('/')).then_some(name)
    }

    /// The JSON pointer of this node.
    pub(crate) fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The place of this node, for a person: `components.schemas.LoanPromise`.
    pub(crate) fn place(&self) -> String {
        place(&self.pointer)
    }

    /// The line on which it stands, from 1.
    pub(crate) fn line(&self) -> usize {
        self.document.lines.get(&self.pointer).copied().unwrap_or(1)
    }

    /// Something is wrong here.
    pub(crate) fn mistake(&self, message: impl Into<String>) {
        let mistake = Mistake::new(&self.document.file, self.line(), self.place(), message);
        self.document.mistakes.add(&self.pointer, mistake);
    }

    /// Something is wrong with the member `name`, or here where it is absent.
    pub(crate) fn mistake_at(&self, name: &str, message: impl Into<String>) {
        self.child(name).unwrap_or_else(|| self.clone()).mistake(message);
    }

    /// Whether no mistake was found in what stands directly in here, nor here.
    pub(crate) fn is_right(&self) -> bool {
        !self.document.mistakes.are_in(&self.pointer) && !self.document.mistakes.are_at(&self.pointer)
    }

    /// The member `name` is not there. Nothing is said where something beside it is wrong: it may be that one.
    pub(crate) fn missing(&self, name: &str, message: impl Into<String>) {
        if self.child(name).is_none() && !self.document.mistakes.are_in(&self.pointer) {
            self.mistake(message);
        }
    }
}
