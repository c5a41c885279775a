//! What arrived, in a log with bounds.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

use chrono::Utc;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::Value;
use vitec_connect::DateTime;

use crate::note::Note;

/// The log keeps the last so many entries …
const MAX_ENTRIES: usize = 10_000;
/// … that take no more than so many bytes of memory together, with all that they hold …
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// … and one alone no more than so many. A larger one is counted, and not kept.
const MAX_ENTRY: usize = 16 * 1024 * 1024;
/// What a member of a map takes beside its name and its value, roughly.
const MEMBER: usize = 64;

/// A request that the sandbox accepted and stored, as the real server would have understood it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// Counts from 1 since the start or the last reset.
    pub number: u64,
    /// The document's `operationId`.
    pub operation: String,
    /// The document's parameters, as far as they were sent: like the body in the document's own form, a list as a list.
    pub parameters: BTreeMap<String, Value>,
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

    /// How many bytes of memory it takes, roughly.
    fn size(&self) -> usize {
        let parameters = self
            .parameters
            .iter()
            .map(|(name, value)| MEMBER + name.len() + size_of_value(value));
        let notes = self
            .notes
            .iter()
            .map(|it| size_of::<Note>() + it.member.len() + it.message.len());
        size_of::<Self>()
            + self.operation.len()
            + parameters.sum::<usize>()
            + self.media_type.as_ref().map_or(0, String::len)
            + size_of_value(&self.body)
            + notes.sum::<usize>()
            + self.raw.len()
            + self.answer.len()
    }
}

fn size_of_value(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(size_of_value).sum(),
            Value::Object(members) => {
                let member = |(name, value): (&String, &Value)| MEMBER + name.len() + size_of_value(value);
                members.iter().map(member).sum()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}

fn as_text<S: Serializer>(raw: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(raw))
}

fn as_date_time<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&DateTime::from(chrono::DateTime::<Utc>::from(*at)))
}

/// The log. What no longer fits is forgotten from its beginning; the count goes on.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// With what each of them takes.
    entries: VecDeque<(Arc<Received>, usize)>,
    bytes: usize,
    stored: u64,
}

impl Log {
    /// Stores an entry, the next one in number.
    pub(crate) fn store(&mut self, entry: Received) {
        self.stored += 1;
        let size = entry.size();
        if size > MAX_ENTRY {
            let number = entry.number;
            tracing::warn!(number, size, "the request is too large to be kept in the log");
            return;
        }
        self.bytes += size;
        self.entries.push_back((Arc::new(entry), size));
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            let Some((_, size)) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= size;
        }
    }

    /// How many were stored, forgotten ones included.
    pub(crate) fn stored(&self) -> u64 {
        self.stored
    }

    /// How many of them are no longer kept.
    pub(crate) fn forgotten(&self) -> u64 {
        self.stored - self.entries.len() as u64
    }

    /// The entries with a higher number.
    pub(crate) fn after(&self, number: u64) -> Vec<Arc<Received>> {
        let entries = self.entries.iter().map(|(entry, _)| entry);
        entries.filter(|entry| entry.number > number).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::note::NoteKind;

    const MIB: usize = 1024 * 1024;

    fn stored(count: u64, change: impl Fn(&mut Received)) -> Log {
        let mut log = Log::default();
        for number in 1..=count {
            let mut entry = Received {
                number,
                operation: "create".to_owned(),
                parameters: BTreeMap::new(),
                media_type: None,
                body: Value::Null,
                notes: Vec::new(),
                raw: Vec::new(),
                answer: String::new(),
                at: SystemTime::UNIX_EPOCH,
            };
            change(&mut entry);
            log.store(entry);
        }
        log
    }

    type Change<'a> = &'a dyn Fn(&mut Received);

    /// Each of these makes an entry of one MiB and a little.
    #[test]
    fn whatever_an_entry_holds_counts() {
        let long = || "x".repeat(MIB);
        let parts: [(&str, Change); 9] = [
            ("path", &|it| {
                drop(it.parameters.insert("contactId".to_owned(), long().into()))
            }),
            ("name", &|it| drop(it.parameters.insert(long(), Value::Null))),
            ("type", &|it| it.media_type = Some(long())),
            ("text", &|it| it.body = json!({"bank": [long()]})),
            ("member", &|it| it.body = json!({long(): null})),
            ("numbers", &|it| {
                it.body = Value::Array(vec![Value::from(0); MIB / size_of::<Value>()])
            }),
            ("raw", &|it| it.raw = vec![0; MIB]),
            ("answer", &|it| it.answer = long()),
            ("notes", &|it| {
                let note = |_| Note {
                    kind: NoteKind::Repeated,
                    member: "m".repeat(MIB / 200),
                    message: "w".repeat(MIB / 200),
                };
                it.notes = (0..100).map(note).collect();
            }),
        ];
        for (name, change) in parts {
            let log = stored(80, change);
            let kept = log.after(0);
            assert!((60..64).contains(&kept.len()), "{name}: {}", kept.len());
            assert_eq!(kept.last().map(|it| it.number), Some(80), "{name}");
            assert_eq!((log.stored(), log.forgotten()), (80, 80 - kept.len() as u64), "{name}");
        }
    }

    #[test]
    fn one_that_is_too_large_does_not_push_the_others_out() {
        let log = stored(3, |it| it.raw = vec![0; if it.number == 2 { 16 * MIB } else { 1 }]);
        let kept: Vec<u64> = log.after(0).iter().map(|it| it.number).collect();
        assert_eq!((kept, log.stored(), log.forgotten()), (vec![1, 3], 3, 1));
    }

    #[test]
    fn small_ones_are_kept_by_their_count() {
        let log = stored(10_002, |_| {});
        assert_eq!((log.after(0).len(), log.forgotten()), (10_000, 2));
        assert_eq!(log.after(10_001).len(), 1);
    }
}
