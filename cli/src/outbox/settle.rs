//! What only a person can decide: `requeue`, `drop`, `resolve`, `correct`.

use clap::ArgMatches;
use serde_json::json;
use vitec_connect_outbox::{Outbox, Resolution, State};

use crate::body::Body;
use crate::document::{self, Operation};
use crate::print::{self, say};
use crate::report::{Mistake, Output};
use crate::settings;

/// Decides about rows, as the command with this name does.
pub(super) async fn settle(
    name: &str,
    outbox: &Outbox,
    ids: &[i64],
    matches: &ArgMatches,
    output: Output,
) -> Result<(), Mistake> {
    let state = match (
        name,
        matches.try_get_one::<String>("as").ok().flatten().map(String::as_str),
    ) {
        ("requeue", _) => {
            outbox.requeue(ids).await?;
            State::Pending
        }
        ("drop", _) => {
            outbox.drop_rows(ids).await?;
            State::Dropped
        }
        (_, Some("accepted")) => {
            outbox.resolve(ids, Resolution::Accepted).await?;
            State::Accepted
        }
        _ => {
            outbox.resolve(ids, Resolution::NotSent).await?;
            State::Pending
        }
    };
    settled(ids, state, output)
}

/// Another body for one row, checked as `create` checks it.
pub(super) async fn correct(outbox: &Outbox, matches: &ArgMatches, output: Output) -> Result<(), Mistake> {
    let id = matches.get_one::<i64>("row").copied().unwrap_or_default();
    let operation = document::operations().into_iter().find(|it| it.is_delivered);
    let (operation, body) = match operation {
        Some(Operation {
            id, body: Some(body), ..
        }) => (id, body),
        _ => return Err(Mistake::new("the document marks no operation to deliver")),
    };
    let body = Body::from_input(&body, matches)?;
    let row = outbox.row(id).await?;
    let client = settings::checker()?.build()?;
    let mut named = client.operation(&operation).customer(row.customer_id);
    for (name, text) in super::shown::texts(&row.subject) {
        named = named.parameter(name, text);
    }
    let payload = body.stored(&named)?;
    outbox.correct(id, &payload).await?;
    settled(&[id], State::Pending, output)
}

/// What a person's decision came to.
fn settled(ids: &[i64], state: State, output: Output) -> Result<(), Mistake> {
    let then = match state {
        State::Pending => "; the next delivery sends them",
        State::Dropped => "; they are never sent",
        _ => "",
    };
    say(&format!("{} rows are {state}{then}", ids.len()));
    if output == Output::Json {
        print::object(&json!({"rows": ids, "state": state.as_str()}))?;
    }
    Ok(())
}
