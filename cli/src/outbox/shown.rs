//! How a row of an outbox is shown: to a person, to a program, in a table.

use serde_json::{Map, Value, json};
use vitec_connect_outbox::{Delivered, Row, Sent, Transition};

use crate::document::beside;
use crate::print::{escaped, harmless, json_escaped};

/// Each parameter beside the customer, with its text.
pub(super) fn texts(subject: &str) -> Vec<(&'static str, String)> {
    Delivered::operation().map(|it| it.texts(subject)).unwrap_or_default()
}

/// What the document calls the customer.
pub(super) fn customer() -> &'static str {
    Delivered::operation().map_or("customerId", Delivered::customer)
}

/// The customer and what else a call needs, as keys of an object or names of columns beside `own`.
fn called(own: &[&str], customer_id: &str, subject: &str) -> Vec<(String, String)> {
    let mut names = vec![(beside(own, customer()), customer_id.to_owned())];
    names.extend(texts(subject).into_iter().map(|(name, text)| (beside(own, name), text)));
    names
}

/// A row's result, in one line.
pub(crate) fn sent(row: &Sent) -> String {
    let mut what = format!("row {}, customer {}", row.id, row.customer_id);
    for (name, text) in texts(&row.subject) {
        // `contact` of `contactId`.
        what.push_str(&format!(", {} {text}", name.strip_suffix("Id").unwrap_or(name)));
    }
    what.push_str(&format!(": {}", row.state));
    if let Some(line) = row.line {
        what.insert_str(0, &format!("line {line}, "));
    }
    match &row.message {
        Some(message) => format!("{what}: {message}"),
        None => what,
    }
}

pub(super) fn line(row: &Row) -> String {
    let mut line = format!("{:>6}  {:<8}  {}", row.id, row.state, row.customer_id);
    for (_, text) in texts(&row.subject) {
        line.push_str("  ");
        line.push_str(&text);
    }
    for more in [&row.reference, &row.answer, &row.message].into_iter().flatten() {
        line.push_str("  ");
        line.push_str(more);
    }
    escaped(&line).into_owned()
}

pub(super) fn object(row: &Row) -> Map<String, Value> {
    let rest = json!({
        "reference": row.reference,
        "line": row.line,
        "attempt": row.attempt,
        "status": row.status,
        "answer": row.answer,
        "message": row.message,
        "createdAt": row.created_at.to_rfc3339(),
        "changedAt": row.changed_at.to_rfc3339(),
        "operation": row.operation,
        "payload": row.payload.as_deref().map(|it| serde_json::from_str(it).unwrap_or_else(|_| Value::from(it))),
    });
    let mut object = Map::new();
    object.insert("row".to_owned(), row.id.into());
    object.insert("state".to_owned(), row.state.as_str().into());
    let rest = rest.as_object().cloned().unwrap_or_default();
    let own: Vec<&str> = object
        .keys()
        .chain(rest.keys())
        .map(String::as_str)
        .chain(["history"])
        .collect();
    let names = called(&own, &row.customer_id, &row.subject);
    object.extend(names.into_iter().map(|(name, text)| (name, text.into())));
    object.extend(rest);
    object
}

pub(super) fn step(step: &Transition) -> Value {
    json!({
        "at": step.at.to_rfc3339(),
        "attempt": step.attempt,
        "state": step.state.as_str(),
        "status": step.status,
        "message": step.message,
        "who": step.who,
    })
}

/// Everything about a row, a line for each thing.
pub(super) fn lines(row: &Row, history: &[Transition]) -> String {
    let mut text = String::new();
    for (name, value) in object(row) {
        match value {
            Value::Null => continue,
            Value::String(value) => text.push_str(&format!("{name}: {}\n", escaped(&value))),
            value => text.push_str(&format!("{name}: {}\n", json_escaped(&value.to_string()))),
        }
    }
    let mut before = (None, None);
    for step in history {
        // What was wrong stays with the row until something else is true of it.
        let what = (step.status, step.message.as_deref());
        let is_new = what != std::mem::replace(&mut before, what);
        let status = step
            .status
            .filter(|_| is_new)
            .map_or(String::new(), |it| format!(", status {it}"));
        let message = step.message.as_deref().filter(|_| is_new);
        let message = message.map_or(String::new(), |it| format!(": {it}"));
        let line = format!(
            "  {}  {:<8}  attempt {}, by {}{status}{message}",
            step.at.format("%Y-%m-%d %H:%M:%S UTC"),
            step.state,
            step.attempt,
            step.who
        );
        text.push_str(&escaped(&line));
        text.push('\n');
    }
    text.push('\n');
    text
}

/// Before and behind what a row is for, in a table.
const BEFORE: [&str; 2] = ["row", "state"];
const BEHIND: [&str; 8] = [
    "reference",
    "line",
    "attempt",
    "status",
    "answer",
    "message",
    "createdAt",
    "changedAt",
];

pub(super) fn header() -> Vec<String> {
    let own = [&BEFORE[..], &BEHIND].concat();
    let parameters = Delivered::operation().map(|it| it.parameters()).unwrap_or_default();
    let names = std::iter::once(customer()).chain(parameters).map(|it| beside(&own, it));
    let before = BEFORE.map(str::to_owned).into_iter();
    before.chain(names).chain(BEHIND.map(str::to_owned)).collect()
}

/// References may be anybody's: a spreadsheet works nothing out of them either.
pub(super) fn cells(row: &Row) -> Vec<String> {
    let said = |text: &Option<String>| text.as_deref().map_or(String::new(), harmless);
    let mut cells = vec![row.id.to_string(), row.state.to_string(), harmless(&row.customer_id)];
    let texts = texts(&row.subject);
    let parameters = Delivered::operation().map(|it| it.parameters()).unwrap_or_default();
    cells.extend(parameters.iter().map(|name| {
        let text = texts.iter().find(|(of, _)| of == name);
        text.map_or(String::new(), |(_, text)| harmless(text))
    }));
    cells.extend([
        said(&row.reference),
        row.line.map_or(String::new(), |it| it.to_string()),
        row.attempt.to_string(),
        row.status.map_or(String::new(), |it| it.to_string()),
        said(&row.answer),
        said(&row.message),
        row.created_at.to_rfc3339(),
        row.changed_at.to_rfc3339(),
    ]);
    cells
}
