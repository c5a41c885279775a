//! The body of a call, from flags or from a file.

use std::io::Read;
use std::path::Path;

use clap::ArgMatches;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use vitec_connect::datacontract::{self, DataContract};

use crate::document::{Field, Kind, similar};
use crate::report::Mistake;

/// A body that a person gave, not yet a model.
pub(crate) struct Body {
    members: Vec<Field>,
    given: Given,
}

enum Given {
    Flags(Map<String, Value>),
    Json(String),
    Xml(String),
}

impl Body {
    /// From `--input`, or from the flags.
    pub(crate) fn read(members: Vec<Field>, matches: &ArgMatches) -> Result<Self, Mistake> {
        let given = match matches.get_one::<String>("input") {
            Some(input) => read_input(input)?,
            None => Given::Flags(flags(&members, matches)?),
        };
        Ok(Self { members, given })
    }

    pub(crate) fn model<T: DeserializeOwned + DataContract>(&self) -> Result<T, Mistake> {
        match &self.given {
            Given::Xml(text) => datacontract::from_slice(text.as_bytes())
                .map_err(|error| Mistake::new(format!("the input is no body in XML: {error}"))),
            Given::Json(text) => self.read_json(text),
            Given::Flags(flags) => {
                for (name, value) in flags {
                    // One at a time, so that the mistake can name the flag.
                    let alone = Map::from_iter([(name.clone(), value.clone())]);
                    if let Err(error) = serde_json::from_value::<T>(alone.into()) {
                        let flag = self
                            .members
                            .iter()
                            .find(|it| it.name == *name)
                            .map_or("", |it| it.flag.as_str());
                        return Err(Mistake::new(format!("--{flag}: {error}")));
                    }
                }
                Ok(serde_json::from_value(flags.clone().into())?)
            }
        }
    }

    fn read_json<T: DeserializeOwned>(&self, text: &str) -> Result<T, Mistake> {
        let wrong = |error: serde_json::Error| Mistake::new(format!("the input is no body in JSON: {error}"));
        let mut unknown = Vec::new();
        let mut json = serde_json::Deserializer::from_str(text);
        let model = serde_ignored::deserialize(&mut json, |path| unknown.push(path.to_string())).map_err(wrong)?;
        json.end().map_err(wrong)?;
        match unknown.first() {
            None => Ok(model),
            Some(name) => {
                let hint = similar(&self.members, name).map_or(String::new(), |it| format!("; did you mean {it:?}?"));
                Err(Mistake::new(format!(
                    "the input has the member {name:?}, which the document does not know and the server would drop without \
                     a word{hint}"
                )))
            }
        }
    }
}

fn read_input(input: &str) -> Result<Given, Mistake> {
    let bytes = if input == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(Path::new(input))
    };
    let bytes = bytes.map_err(|error| Mistake::new(format!("the input {input} cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| Mistake::new(format!("the input {input} is not UTF-8")))?;
    let text = text.trim_start_matches('\u{feff}').to_owned();
    match text.trim_start().chars().next() {
        None => Err(Mistake::new(format!("the input {input} is empty"))),
        Some('<') => Ok(Given::Xml(text)),
        Some(_) => Ok(Given::Json(text)),
    }
}

fn flags(members: &[Field], matches: &ArgMatches) -> Result<Map<String, Value>, Mistake> {
    let mut flags = Map::new();
    for member in members.iter().filter(|it| it.kind != Kind::Nested) {
        if let Some(text) = matches.get_one::<String>(&member.name) {
            flags.insert(member.name.clone(), value(member, text)?);
        }
    }
    if flags.is_empty() {
        let names: Vec<String> = members.iter().map(|it| format!("--{}", it.flag)).collect();
        return Err(Mistake::new(format!(
            "no member of the body is set; use {}, or --input with {{}} to send an empty one",
            names.join(", ")
        )));
    }
    Ok(flags)
}

fn value(member: &Field, text: &str) -> Result<Value, Mistake> {
    let wrong = |what: &str| Mistake::new(format!("--{}: {text:?} is {what}", member.flag));
    match member.kind {
        Kind::Boolean => text
            .parse::<bool>()
            .map(Value::from)
            .map_err(|_| wrong("neither true nor false")),
        Kind::Number => match serde_json::from_str::<Value>(text) {
            Ok(number @ Value::Number(_)) => Ok(number),
            _ => Err(wrong("no number")),
        },
        Kind::Text | Kind::DateTime | Kind::Name | Kind::Nested => Ok(text.into()),
    }
}
