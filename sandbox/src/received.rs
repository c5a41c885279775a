//! What arrived, in a log with bounds.

use std::collections::{BTreeMap, VecDeque};
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::date_time::DateTime;
use crate::note::Note;

/// The log keeps the last so many entries …
const MAX_ENTRIES: usize = 10_000;
/// … and no more than so many bytes of bodies.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// A request that the sandbox accepted and stored, as the real server would have understood it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// Counts from 1 since the start or the last reset.
    pub number: u64,
    /// The document's `operationId`.
    pub operation: String,
    /// Path and query parameters, decoded.
    pub parameters: BTreeMap<String, String>,
    /// The request's `Content-Type`, if it had one.
    pub media_type: Option<String>,
    /// The body in the document's own form: null members left out, enumerations by name where the document lists
    /// the number, dates in .NET's round-trip form as the server holds them (an offset is converted to Swedish time).
    /// `null` if the body bound to nothing, or if there was none.
    pub body: Value,
    /// What the real server does silently with it.
    pub notes: Vec<Note>,
    /// The body's own bytes. As JSON: text.
    #[serde(serialize_with = "as_text")]
    pub raw: Vec<u8>,
    /// The string that was answered (or would have been, had a programmed answer not taken its place).
    pub answer: String,
    /// When it was stored. As JSON: UTC, `2027-01-31T12:00:00.1234567Z`.
    #[serde(serialize_with = "as_date_time")]
    pub at: SystemTime,
}

impl Received {
    /// The body as a model of one's own.
    ///
    /// # Errors
    /// If the body does not fit the type.
    pub fn body_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.body)
    }
}

fn as_text<S: Serializer>(raw: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(raw))
}

fn as_date_time<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&DateTime::from_system(*at))
}

/// The log. What no longer fits is forgotten from its beginning; the count goes on.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<Received>,
    bytes: usize,
    stored: u64,
}

impl Log {
    /// Stores an entry, the next one in number.
    pub(crate) fn store(&mut self, entry: Received) {
        self.stored += 1;
        self.bytes += entry.raw.len();
        self.entries.push_back(entry);
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.raw.len();
        }
    }

    /// How many were stored, forgotten ones included.
    pub(crate) fn stored(&self) -> u64 {
        self.stored
    }

    /// The entries with a higher number.
    pub(crate) fn after(&self, number: u64) -> Vec<Received> {
        self.entries
            .iter()
            .filter(|entry| entry.number > number)
            .cloned()
            .collect()
    }
}
