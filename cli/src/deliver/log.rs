//! What a delivery says on stderr: lines for a person, or an object a line for a program.

use chrono::{SecondsFormat, Utc};
use clap::ArgMatches;
use serde_json::{Value, json};

use crate::print::{say, say_object};

/// How much it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warn",
            Self::Error => "error",
        }
    }
}

/// Where it is said.
#[derive(Clone, Copy)]
pub(super) struct Log {
    is_json: bool,
}

impl Log {
    pub(super) fn of(matches: &ArgMatches) -> Self {
        let is_json = matches.get_one::<String>("log").is_some_and(|it| it == "json");
        Self { is_json }
    }

    /// Something that matters to a person: `message` in lines, all of it in objects.
    pub(super) fn tell(self, level: Level, event: &str, message: &str, fields: Value) {
        match (self.is_json, level) {
            (true, _) => self.note(level, event, Some(message), fields),
            (false, Level::Error) => say(&format!("error: {message}")),
            (false, Level::Info | Level::Warning) => say(message),
        }
    }

    /// Something for programs only.
    pub(super) fn note(self, level: Level, event: &str, message: Option<&str>, fields: Value) {
        if !self.is_json {
            return;
        }
        let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut object = json!({"time": time, "level": level.as_str(), "event": event});
        if let Some(object) = object.as_object_mut() {
            object.extend(message.map(|it| ("message".to_owned(), it.into())));
            object.extend(fields.as_object().cloned().unwrap_or_default());
        }
        say_object(&object);
    }
}
