//! What the real server does without a word, said aloud.

use chrono::NaiveDate;
use serde::Serialize;
use vitec_connect::description::Member;

/// No more notes than this are kept of one request.
const LIMIT: usize = 100;

/// Something that the real server does silently with what was sent, and that the sender would want to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Note {
    /// What happened.
    pub kind: NoteKind,
    /// Where: the path in the body, as it was written. Empty for the body itself.
    pub member: String,
    /// The same in words.
    pub message: String,
}

/// The kinds of [`Note`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub enum NoteKind {
    /// An XML element that came too late in the alphabetical order. Its value is lost.
    OutOfOrder,
    /// A member that the document does not know, or a misspelt one. Its value is lost.
    UnknownMember,
    /// A member that was sent more than once. In JSON the last one counts, in XML the first.
    Repeated,
    /// A number that the document does not list for the enumeration. The framework lets it through.
    UnknownNumber,
    /// A date with an offset or `Z` that stands for another day in Sweden than the day that was written.
    OtherDay,
    /// The body bound to nothing at all. What the real server does with that is not known.
    NoBody,
}

/// The notes of one request.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    pub(crate) fn add(&mut self, kind: NoteKind, member: impl Into<String>, message: impl Into<String>) {
        if !self.is_full() {
            self.0.push(Note {
                kind,
                member: shortened(&member.into()),
                message: shortened(&message.into()),
            });
        }
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.truncate(LIMIT);
    }

    /// Whether nothing more is kept: then nothing more needs to be found out either.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= LIMIT
    }

    pub(crate) fn into_vec(self) -> Vec<Note> {
        self.0
    }

    pub(crate) fn other_day(&mut self, member: &str, day: Option<NaiveDate>) {
        if let Some(day) = day {
            self.add(
                NoteKind::OtherDay,
                member,
                format!("with its offset this is {day} in Sweden"),
            );
        }
    }

    pub(crate) fn unknown(&mut self, member: &str, written: &str, names: impl Iterator<Item = String>) {
        let message = match nearest(written, names) {
            Some(name) => {
                format!("`{written}` is not known and was ignored; did you mean `{name}`?")
            }
            None => format!("`{written}` is not known and was ignored"),
        };
        self.add(NoteKind::UnknownMember, member, message);
    }
}

/// What a client made up may be as long as a body.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 300;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The JSON names of an object's members.
pub(crate) fn json_names(members: &[Member]) -> impl Iterator<Item = String> + '_ {
    members.iter().map(|member| member.json.clone())
}

/// The name that was probably meant: in another case, or at most two letters away.
fn nearest(written: &str, names: impl Iterator<Item = String>) -> Option<String> {
    if written.len() > 64 {
        return None;
    }
    let written = written.to_lowercase();
    names
        .map(|name| (distance(&written, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 2 && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The number of letters to add, leave out or change (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_recognised() {
        let names = || ["bank", "validUntil"].map(str::to_owned).into_iter();
        assert_eq!(nearest("validUntill", names()).as_deref(), Some("validUntil"));
        assert_eq!(nearest("BANK", names()).as_deref(), Some("bank"));
        assert_eq!(nearest("colour", names()), None);
    }
}
