//! The body of a call, from flags or from a file.

use std::error::Error as _;
use std::io::Read;
use std::path::Path;

use clap::ArgMatches;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use vitec_connect::{Call, Error, ErrorKind, MediaType, OperationCall};

use crate::document::{self, Flag, FlagKind};
use crate::report::{Mistake, Report, chain};

/// A body that a person gave.
pub(crate) struct Body {
    members: Vec<Flag>,
    given: Given,
}

enum Given {
    Flags(Map<String, Value>),
    Text(MediaType, String),
    Bytes(Vec<u8>),
}

impl Body {
    /// From `--input`, or from the flags. None where the body may be left out, and is.
    pub(crate) fn read(body: &document::Body, matches: &ArgMatches) -> Result<Option<Self>, Mistake> {
        let given = match matches.get_one::<String>("input") {
            Some(input) => read_input(input, body.is_bytes)?,
            None => match flags(&body.members, matches)? {
                Some(flags) => Given::Flags(flags),
                None if !body.required => return Ok(None),
                None => return Err(not_given(&body.members)),
            },
        };
        Ok(Some(Self {
            members: body.members.clone(),
            given,
        }))
    }

    /// The same, where there has to be one.
    pub(crate) fn needed(body: &document::Body, matches: &ArgMatches) -> Result<Self, Mistake> {
        Self::read(body, matches)?.ok_or_else(|| not_given(&body.members))
    }

    /// From `--input` alone.
    pub(crate) fn from_input(body: &document::Body, matches: &ArgMatches) -> Result<Self, Mistake> {
        let input = matches.get_one::<String>("input").map_or("-", String::as_str);
        Ok(Self {
            members: body.members.clone(),
            given: read_input(input, body.is_bytes)?,
        })
    }

    /// The call with this body; a flag that is no value of its member is named.
    pub(crate) fn call(&self, named: &OperationCall) -> Result<Call<Value>, Box<Report>> {
        self.given(named).call().map_err(|error| {
            Box::new(match self.blame(&error, named) {
                Some(mistake) => Report::mistake(&mistake),
                None => Report::failed(&error),
            })
        })
    }

    /// The body as an outbox stores it: what the call would send as JSON, where there can be such a call.
    pub(crate) fn stored(&self, named: &OperationCall) -> Result<Box<RawValue>, Mistake> {
        let _never_sent = self.call(named).map_err(|report| report.into_mistake())?;
        let json = self.given(named).encoded_body(MediaType::Json)?.unwrap_or_default();
        Ok(RawValue::from_string(String::from_utf8(json.into())?)?)
    }

    fn given(&self, named: &OperationCall) -> OperationCall {
        match &self.given {
            Given::Text(media_type, text) => named.clone().body_text(*media_type, text),
            Given::Bytes(bytes) => named.clone().body_bytes(bytes.clone()),
            Given::Flags(flags) => named.clone().body(flags.clone().into()),
        }
    }

    /// What a person has to change, where that can be said.
    fn blame(&self, error: &Error, named: &OperationCall) -> Option<Mistake> {
        match &self.given {
            Given::Text(media_type, _) if error.kind() == ErrorKind::InvalidBody => {
                let format = match media_type {
                    MediaType::Json => "JSON",
                    MediaType::Xml => "XML",
                };
                let why = error.source().map(chain).unwrap_or_default();
                Some(Mistake::new(format!("the input is no body in {format}: {why}")))
            }
            Given::Text(..) | Given::Bytes(_) => None,
            Given::Flags(flags) => self.blame_flag(flags, named),
        }
    }

    /// Tries one flag at a time, so that the mistake can name it.
    fn blame_flag(&self, flags: &Map<String, Value>, named: &OperationCall) -> Option<Mistake> {
        for (name, value) in flags {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            let Err(error) = named.clone().body(alone.into()).call() else {
                continue;
            };
            let why = error.source().map(chain).unwrap_or_default();
            if let Some(member) = self.members.iter().find(|it| it.name == *name)
                && !why.is_empty()
                && !why.contains("missing field")
            {
                return Some(Mistake::new(format!("--{}: {why}", member.flag)));
            }
        }
        None
    }
}

fn read_input(input: &str, is_bytes: bool) -> Result<Given, Mistake> {
    let bytes = if input == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(Path::new(input))
    };
    let bytes = bytes.map_err(|error| Mistake::new(format!("the input {input} cannot be read: {error}")))?;
    if is_bytes {
        return Ok(Given::Bytes(bytes));
    }
    let text = String::from_utf8(bytes).map_err(|_| Mistake::new(format!("the input {input} is not UTF-8")))?;
    let text = text.trim_start_matches('\u{feff}').to_owned();
    match text.trim_start().chars().next() {
        None => Err(Mistake::new(format!("the input {input} is empty"))),
        Some('<') => Ok(Given::Text(MediaType::Xml, text)),
        Some(_) => Ok(Given::Text(MediaType::Json, text)),
    }
}

fn flags(members: &[Flag], matches: &ArgMatches) -> Result<Option<Map<String, Value>>, Mistake> {
    let mut flags = Map::new();
    for member in members.iter().filter(|it| it.kind != FlagKind::Nested) {
        if let Some(text) = matches.get_one::<String>(&member.flag) {
            flags.insert(member.name.clone(), value(member, text)?);
        }
    }
    Ok((!flags.is_empty()).then_some(flags))
}

fn not_given(members: &[Flag]) -> Mistake {
    let names: Vec<String> = members.iter().map(|it| format!("--{}", it.flag)).collect();
    Mistake::new(match names.is_empty() {
        true => "the body is missing; use --input".to_owned(),
        false => format!(
            "no member of the body is set; use {}, or --input with {{}} to send an empty one",
            names.join(", ")
        ),
    })
}

fn value(member: &Flag, text: &str) -> Result<Value, Mistake> {
    let wrong = |what: &str| Mistake::new(format!("--{}: {text:?} is {what}", member.flag));
    match member.kind {
        FlagKind::Boolean => text
            .parse::<bool>()
            .map(Value::from)
            .map_err(|_| wrong("neither true nor false")),
        FlagKind::Number => match serde_json::from_str::<Value>(text) {
            Ok(number @ Value::Number(_)) => Ok(number),
            _ => Err(wrong("no number")),
        },
        FlagKind::Text | FlagKind::DateTime | FlagKind::Name | FlagKind::Nested => Ok(text.into()),
    }
}
