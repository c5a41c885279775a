//! The OpenAPI document: read once, with the line of every place, so that a mistake in it can be pointed at.

use std::collections::HashMap;
use std::fmt;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde_json::{Map, Value};

/// The document as JSON, and the line on which each place of it (a JSON pointer, RFC 6901) stands.
pub(crate) struct Document {
    file: String,
    pub(crate) root: Value,
    lines: HashMap<String, usize>,
}

/// A mistake in the document: which file, where in it, and what is wrong.
#[derive(Debug)]
pub(crate) struct Mistake {
    file: String,
    line: usize,
    place: String,
    message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message)
    }
}

impl Document {
    /// Reads YAML. `file` is the name that mistakes are reported under.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Mistake> {
        let mistake = |line, message| Mistake {
            file: file.to_owned(),
            line,
            place: String::new(),
            message,
        };
        let yaml = MarkedYaml::load_from_str(text)
            .map_err(|error| mistake(error.marker().line(), format!("not YAML: {}", error.info())))?;
        let [yaml] = &yaml[..] else {
            return Err(mistake(
                1,
                format!("one YAML document is expected, and {} found", yaml.len()),
            ));
        };
        let mut lines = HashMap::new();
        let root = to_json(yaml, "", &mut lines).map_err(|(line, message)| mistake(line, message))?;
        Ok(Self {
            file: file.to_owned(),
            root,
            lines,
        })
    }

    /// The whole document as a node.
    pub(crate) fn node(&self) -> Node<'_> {
        Node {
            document: self,
            value: &self.root,
            pointer: String::new(),
        }
    }
}

/// JSON from YAML 1.2's core schema, which is what OpenAPI 3.0 allows of YAML.
fn to_json(yaml: &MarkedYaml<'_>, pointer: &str, lines: &mut HashMap<String, usize>) -> Result<Value, (usize, String)> {
    let line = yaml.span.start.line();
    lines.entry(pointer.to_owned()).or_insert(line);
    Ok(match &yaml.data {
        YamlData::Value(Scalar::Null) => Value::Null,
        YamlData::Value(Scalar::Boolean(value)) => (*value).into(),
        YamlData::Value(Scalar::Integer(value)) => (*value).into(),
        YamlData::Value(Scalar::FloatingPoint(value)) => value.into_inner().into(),
        YamlData::Value(Scalar::String(value)) => value.to_string().into(),
        YamlData::Sequence(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| to_json(item, &format!("{pointer}/{index}"), lines))
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        YamlData::Mapping(members) => {
            let mut object = Map::new();
            for (key, value) in members {
                let line = key.span.start.line();
                let YamlData::Value(key) = &key.data else {
                    return Err((line, "a key is text, not a list or mapping".to_owned()));
                };
                let key = match key {
                    Scalar::String(key) => key.to_string(),
                    Scalar::Integer(key) => key.to_string(), // `200:` without quotes, as many write it
                    Scalar::Boolean(key) => key.to_string(),
                    _ => return Err((line, "a key is text".to_owned())),
                };
                let pointer = format!("{pointer}/{}", escape(&key));
                lines.insert(pointer.clone(), line);
                object.insert(key, to_json(value, &pointer, lines)?);
            }
            object.into()
        }
        _ => return Err((line, "this YAML has no counterpart in JSON".to_owned())),
    })
}

/// A reference token of a JSON pointer, RFC 6901, section 3.
fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// A value of the document together with the place where it stands.
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
    pub(crate) fn get(&self, name: &str) -> Result<Option<Node<'a>>, Mistake> {
        self.child(name).map(Node::followed).transpose()
    }

    pub(crate) fn require(&self, name: &str) -> Result<Node<'a>, Mistake> {
        self.get(name)?
            .ok_or_else(|| self.mistake(format!("`{name}` is missing")))
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

    /// The text of the member `name`, where it has one.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Mistake> {
        match self.child(name) {
            None => Ok(None),
            Some(child) => match child.value {
                Value::String(text) => Ok(Some(text)),
                _ => Err(child.mistake("text is expected here")),
            },
        }
    }

    /// Whether the member `name` says `true`.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.value.get(name) == Some(&Value::Bool(true))
    }

    /// Where this node's `$ref` leads, where it is one.
    pub(crate) fn reference(&self) -> Result<Option<Node<'a>>, Mistake> {
        let Some(target) = self.text("$ref")? else {
            return Ok(None);
        };
        let here = self.child("$ref").unwrap_or_else(|| self.clone());
        let pointer = target.strip_prefix('#').ok_or_else(|| {
            here.mistake(format!(
                "`$ref` to {target:?}: only places of this document, `#/…`, are known"
            ))
        })?;
        let value = self
            .document
            .root
            .pointer(pointer)
            .ok_or_else(|| here.mistake(format!("`$ref` to {target:?}, and nothing stands there")))?;
        Ok(Some(Node {
            document: self.document,
            value,
            pointer: pointer.to_owned(),
        }))
    }

    /// This node, or what its `$ref` leads to in the end.
    fn followed(self) -> Result<Self, Mistake> {
        let start = self.clone();
        let mut node = self;
        for _ in 0..64 {
            match node.reference()? {
                Some(target) => node = target,
                None => return Ok(node),
            }
        }
        Err(start.mistake("`$ref` leads in a circle"))
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
        let place = self.pointer.trim_start_matches('/').replace('/', ".");
        place.replace("~1", "/").replace("~0", "~")
    }

    pub(crate) fn mistake(&self, message: impl Into<String>) -> Mistake {
        let mut known = self.pointer.as_str();
        let line = loop {
            match self.document.lines.get(known) {
                Some(line) => break *line,
                // What stands behind a YAML alias has the line of the alias.
                None => known = known.rsplit_once('/').map_or("", |(parent, _)| parent),
            }
        };
        Mistake {
            file: self.document.file.clone(),
            line,
            place: self.place(),
            message: message.into(),
        }
    }
}
