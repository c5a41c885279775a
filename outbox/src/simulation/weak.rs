//! Statements of which one condition is taken out: the simulation has to find each of them, or it proves nothing.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

use crate::sql;

/// The statements that move rows, or say where they are.
const STATEMENTS: [(&str, &str); 24] = [
    ("INSERT", sql::INSERT),
    ("FIND", sql::FIND),
    ("CORRECT", sql::CORRECT),
    ("CLAIM", sql::CLAIM),
    ("RECORD", sql::RECORD),
    ("SUPERSEDED", sql::SUPERSEDED),
    ("RECORDED", sql::RECORDED),
    ("RENEW", sql::RENEW),
    ("RELEASE", sql::RELEASE),
    ("EXPIRED", sql::EXPIRED),
    ("RETRY_UNKNOWN", sql::RETRY_UNKNOWN),
    ("REQUEUE", sql::REQUEUE),
    ("RESOLVE_ACCEPTED", sql::RESOLVE_ACCEPTED),
    ("RESOLVE_NOT_SENT", sql::RESOLVE_NOT_SENT),
    ("PURGE", sql::PURGE),
    ("CUSTOMERS", sql::CUSTOMERS),
    ("LIST", sql::LIST),
    ("CLAIM_FIRST", sql::CLAIM_FIRST),
    ("PROVE", sql::PROVE),
    ("HOLD", sql::HOLD),
    ("RELEASE_CUSTOMER", sql::RELEASE_CUSTOMER),
    ("HOLDS", sql::HOLDS),
    ("DROP", sql::DROP),
    ("CORRECT_ROW", sql::CORRECT_ROW),
];

/// Conditions that nothing here can miss, and what they are there for.
const ELSEWHERE: [(&str, &str, &str); 15] = [
    ("CORRECT", "state = 'rejected'", BETWEEN),
    ("CORRECT", "content_hash <> $5", BETWEEN),
    ("RELEASE", "state = 'sending'", INDEX),
    ("EXPIRED", "state = 'sending'", INDEX),
    ("HOLD", "releases = $2", TESTED),
    ("HOLD", "state <> 'held'", "it keeps who held it first, and why"),
    ("RECORD", "(corrected IS NULL OR corrected < $2)", TESTED),
    ("SUPERSEDED", "state IN ('pending', 'rejected', 'dropped')", TESTED),
    ("SUPERSEDED", SAID, TESTED),
    ("LIST", "($4 IS NULL OR customer_id = $4)", FILTER),
    ("LIST", "$4 IS NULL", FILTER),
    ("LIST", "customer_id = $4", FILTER),
    ("LIST", "($5 IS NULL OR changed_at >= $5)", FILTER),
    ("LIST", "$5 IS NULL", FILTER),
    ("LIST", "changed_at >= $5", FILTER),
];

const SAID: &str = "message = 'it was accepted with the content from before its correction; the correction was not \
     sent, or was rejected. Correct it in Vitec.'";
const TESTED: &str = "seldom here: there are tests of that";
const FILTER: &str = "a filter for persons: there are tests of that";
const BETWEEN: &str =
    "PostgreSQL only, where others write between two statements of a transaction: there are tests of that";
const INDEX: &str =
    "for the index by states: no other row has an owner's failed claim, or a lease, and none is looked at";

/// A statement, and the same without one of its conditions.
#[derive(Clone, Debug)]
pub(crate) struct Weak {
    pub(super) name: &'static str,
    pub(super) change: String,
    statement: &'static str,
    weakened: String,
}

thread_local! {
    static WEAK: RefCell<Option<Weak>> = const { RefCell::new(None) };
}

/// From now on, and on this thread.
pub(super) fn weaken(weak: Option<Weak>) {
    WEAK.set(weak);
}

/// What is run instead of a statement.
pub(crate) fn weakened(statement: &str) -> Cow<'_, str> {
    WEAK.with_borrow(|weak| match weak {
        Some(weak) if weak.statement == statement => Cow::Owned(weak.weakened.clone()),
        _ => Cow::Borrowed(statement),
    })
}

impl Weak {
    /// What the condition is there for, where the model has no use for it.
    pub(super) fn elsewhere(&self) -> Option<&'static str> {
        let found = ELSEWHERE
            .iter()
            .find(|(name, condition, _)| *name == self.name && self.change.split(" -> ").next() == Some(condition));
        found.map(|(_, _, why)| *why)
    }
}

/// Every condition of every statement, taken out one at a time; of a list of values each value.
pub(super) fn all() -> Vec<Weak> {
    let mut all = Vec::new();
    for (name, statement) in STATEMENTS {
        let text = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        for (condition, instead) in conditions(&text) {
            let mut weakened = text.clone();
            weakened.replace_range(condition.clone(), &instead);
            all.push(Weak {
                name,
                change: format!("{} -> {instead}", &text[condition]),
                statement,
                weakened,
            });
        }
    }
    all
}

/// Where the conditions of a statement are, and what stands there without them. Its parameters stay.
fn conditions(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    for (at, word) in text.match_indices("WHERE ") {
        let from = at + word.len();
        let ends = top_level(text, from..text.len(), &[" ORDER BY", " UNION", " RETURNING", ")"]);
        split(text, from..ends.first().map_or(text.len(), |end| end.start), &mut found);
    }
    found
}

fn split(text: &str, whole: Range<usize>, found: &mut Vec<(Range<usize>, String)>) {
    let either = top_level(text, whole.clone(), &[" OR "]);
    let (words, neutral) = match either.is_empty() {
        true => (top_level(text, whole.clone(), &[" AND "]), "TRUE OR"),
        false => (either, "FALSE AND"),
    };
    let starts = std::iter::once(whole.start).chain(words.iter().map(|word| word.end));
    let ends = words.iter().map(|word| word.start).chain([whole.end]);
    for part in starts.zip(ends).map(|(start, end)| start..end) {
        let condition = &text[part.clone()];
        found.push((part.clone(), format!("({neutral} {condition})")));
        if condition.starts_with('(') {
            split(text, part.start + 1..part.end - 1, found);
        } else if let Some((before, list)) = condition.split_once(" IN (") {
            let values: Vec<_> = list.trim_end_matches(')').split(", ").collect();
            for left_out in &values {
                let others: Vec<_> = values.iter().filter(|it| *it != left_out).copied().collect();
                found.push((part.clone(), format!("{before} IN ({})", others.join(", "))));
            }
        }
    }
}

/// Where one of these words stands, outside of parentheses.
fn top_level(text: &str, whole: Range<usize>, words: &[&str]) -> Vec<Range<usize>> {
    let (mut depth, mut found) = (0, Vec::new());
    for at in whole.clone() {
        let rest = &text[at..whole.end];
        if let (0, Some(word)) = (depth, words.iter().find(|word| rest.starts_with(**word))) {
            found.push(at..at + word.len());
        }
        match rest.as_bytes()[0] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
    }
    found
}

#[test]
fn each_condition_is_taken_out() {
    let all = all();
    let texts: Vec<_> = all
        .iter()
        .map(|weak| format!("{}: {}", weak.name, weak.weakened))
        .collect();
    for end in [
        "WHERE id = $1 AND (TRUE OR state = 'unknown')",
        "WHERE id = $1 AND state IN ('unknown') AND payload IS NOT NULL",
        "(TRUE OR (state IN ('sending', 'unknown') OR state = $3 OR $3 = 'accepted'))",
        "(state IN ('sending', 'unknown') OR (FALSE AND state = $3) OR $3 = 'accepted')",
    ] {
        assert!(texts.iter().any(|it| it.ends_with(end)), "{end}: {texts:#?}");
    }
    for (name, condition, _) in ELSEWHERE {
        let is_meant = |weak: &&Weak| weak.name == name && weak.change.split(" -> ").next() == Some(condition);
        assert!(all.iter().any(|weak| is_meant(&weak)), "{name}: {condition}");
    }
}
