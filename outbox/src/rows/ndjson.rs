//! One JSON object a line.

use std::fmt;
use std::io::{self, BufRead, Read};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::MAX_ROW;
use super::check::{Cells, Checker};
use super::{Problem, Raw};

/// Reads line by line.
pub(super) struct Lines<R> {
    file: R,
    line: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(file: R) -> Self {
        Self {
            file,
            line: 0,
            text: Vec::new(),
        }
    }

    /// The line on which the reading stands.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn next(&mut self, checker: &Checker) -> io::Result<Option<Raw>> {
        loop {
            self.line += 1;
            self.text.clear();
            let limit = MAX_ROW as u64 + 1;
            let read = self.file.by_ref().take(limit).read_until(b'\n', &mut self.text)?;
            if read == 0 {
                return Ok(None);
            }
            if self.text.len() > MAX_ROW {
                if self.text.last() != Some(&b'\n') {
                    self.file.skip_until(b'\n')?;
                }
                return Ok(Some(Raw::bad(self.line, "the row is longer than 1 MiB")));
            }
            if !self.text.trim_ascii().is_empty() {
                return Ok(Some(self.object(checker)));
            }
        }
    }

    fn object(&self, checker: &Checker) -> Raw {
        let mut twice = Vec::new();
        let mut json = serde_json::Deserializer::from_slice(&self.text);
        let value = Strict(&mut twice)
            .deserialize(&mut json)
            .and_then(|value| json.end().map(|()| value));
        let object = match value {
            Ok(Value::Object(object)) => object,
            Ok(_) => return Raw::bad(self.line, "it is no JSON object"),
            Err(error) => return Raw::bad(self.line, format!("it is no JSON: {}", place(&error))),
        };
        let mut cells = Cells::new();
        let mut problems: Vec<_> = twice
            .into_iter()
            .map(|name| match checker.column(&name) {
                Ok(column) => checker.problem(column, "it is there twice"),
                Err(_) => Problem {
                    column: None,
                    reason: format!("{name:?} is there twice"),
                },
            })
            .collect();
        for (name, value) in object {
            match checker.column(&name) {
                Ok(column) if cells.iter().any(|(other, _)| *other == column) => {
                    problems.push(checker.problem(column, "it is there twice"));
                }
                Ok(column) => cells.push((column, value)),
                Err(reason) => problems.push(Problem { column: None, reason }),
            }
        }
        cells.retain(|(_, value)| !value.is_null());
        Raw {
            line: self.line,
            last_line: self.line,
            cells,
            problems,
        }
    }
}

/// What serde_json says, with the place in the line: it counts the row as line 1.
fn place(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let what = said.rfind(" at line ").and_then(|end| said.get(..end));
    match what {
        Some(what) => format!("{what} at column {}", error.column()),
        None => said,
    }
}

/// A JSON value, and the names that stand twice in one of its objects: `Value` itself keeps the last of two and says
/// nothing.
struct Strict<'a>(&'a mut Vec<String>);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        match serde_json::Number::from_f64(value) {
            Some(number) => Ok(number.into()),
            None => Err(E::custom("a number that is none")),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict(self.0))? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Strict(self.0))?;
            match object.contains_key(&name) {
                true => self.0.push(name),
                false => drop(object.insert(name, value)),
            }
        }
        Ok(object.into())
    }
}
