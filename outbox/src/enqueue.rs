//! What becomes of a row that is to be stored, beside the rows that are.

use std::collections::BTreeMap;

use crate::reference;
use crate::row::{Enqueued, NewRow, State};

/// A stored row that has the same reference, or without one the same content.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) state: State,
    pub(crate) content_hash: String,
}

/// What is to be done with a new row.
#[derive(Debug)]
pub(crate) enum Step {
    Done(Enqueued),
    Insert,
    /// The stored row takes the new content, if it is rejected still.
    Correct(i64),
}

/// How rows are found where they are only looked at.
#[derive(Debug)]
pub(crate) enum Look {
    Newest,
    /// Tables of version 2 have another name.
    Version2,
    /// Tables of version 1 have each reference in one form: as it was written.
    Version1(Odd),
}

/// The references that are not in normal form, under that.
#[derive(Debug, Default)]
pub(crate) struct Odd(BTreeMap<String, Vec<Stored>>);

impl Odd {
    /// Only such a one is kept.
    pub(crate) fn add(&mut self, reference: &str, stored: Stored) {
        if reference::normal(reference) != reference {
            self.0.entry(reference::key(reference)).or_default().push(stored);
        }
    }

    /// All rows that the newest tables would find under a key, of those that these find.
    pub(crate) fn beside(&self, key: &str, mut stored: Vec<Stored>) -> Vec<Stored> {
        stored.extend(self.0.get(key).into_iter().flatten().cloned());
        stored.sort_by_key(|row| row.id);
        stored
    }
}

impl NewRow {
    /// A reference that cannot be stored is told only where it is not: rows that have one already stay known.
    pub(crate) fn beside(&self, content_hash: &str, stored: &[Stored]) -> Step {
        match stored {
            [] => match self.bad_reference() {
                Some(why) => Step::Done(Enqueued::BadReference(why)),
                None => Step::Insert,
            },
            // Without a reference it was found by its content: where it has another by now, a person has corrected it.
            [row] if row.content_hash == content_hash || self.reference.is_none() => {
                Step::Done(Enqueued::Known(row.id, row.state))
            }
            [row] if row.state == State::Rejected => Step::Correct(row.id),
            [row] => Step::Done(Enqueued::OtherContent(row.id, row.state)),
            rows => Step::Done(Enqueued::Ambiguous(rows.iter().map(|row| row.id).collect())),
        }
    }

    pub(crate) fn bad_reference(&self) -> Option<String> {
        self.reference.as_deref().and_then(reference::problem)
    }

    /// What [`beside`](Self::beside) comes to, where nothing is written.
    pub(crate) fn outlook(&self, content_hash: &str, stored: &[Stored]) -> Enqueued {
        match self.beside(content_hash, stored) {
            Step::Done(enqueued) => enqueued,
            Step::Insert => Enqueued::New(0),
            Step::Correct(id) => Enqueued::Corrected(id),
        }
    }
}

impl Enqueued {
    /// Why the row was not stored and what to do, for a person; nothing where it was, now or before.
    pub fn refusal(&self) -> Option<String> {
        let (id, state) = match self {
            Self::New(_) | Self::Known(..) | Self::Corrected(_) => return None,
            Self::BadReference(why) => return Some(format!("the reference cannot be stored: {why}")),
            Self::Ambiguous(ids) => {
                let ids: Vec<_> = ids.iter().map(i64::to_string).collect();
                return Some(format!(
                    "the reference is that of rows {}: an older version took them for different ones, by white space or by \
                     the form of a letter. Nothing was sent. Look at those rows, and give this one a reference of its own \
                     if it is another",
                    ids.join(" and ")
                ));
            }
            Self::OtherContent(id, state) => (id, state),
        };
        let advice = match state {
            State::Pending => {
                "is to be sent still. Let it be delivered first; then import this line again if it was rejected, or \
                 correct it in Vitec if it was accepted"
            }
            State::Sending => {
                "is under way. Wait for its outcome; then import this line again if it was rejected, or correct it in \
                 Vitec if it was accepted"
            }
            State::Accepted => {
                "was created. Correct it in Vitec; what is to be created beside it needs a reference of its own"
            }
            State::Unknown => {
                "may have been created. Look in Vitec, and say what you found (`outbox resolve`); if it is there, correct \
                 it there"
            }
            State::Rejected => "was rejected. Import this line again",
            State::Dropped => {
                "was given up (`outbox drop`) and is not sent. What is to be sent after all needs a reference of its own"
            }
        };
        Some(format!(
            "the reference is row {id} already, with other content, which {advice}"
        ))
    }
}
