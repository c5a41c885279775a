//! One call, from its arguments to its report.

use clap::ArgMatches;
use serde_json::{Map, Value};
use vitec_connect::{OperationCall, Receipt};
use vitec_connect_sandbox::Sandbox;

use crate::body::Body;
use crate::document::{Flag, Operation, beside};
use crate::print::say;
use crate::report::{Mistake, OWN_KEYS, Report};
use crate::settings;
use crate::signals::Signals;

pub(crate) async fn run(operation: Operation, matches: &ArgMatches, signals: &Signals) -> Result<Report, Mistake> {
    if matches.get_flag("password-stdin")
        && matches
            .try_get_one::<String>("input")
            .ok()
            .flatten()
            .is_some_and(|it| it == "-")
    {
        return Err(Mistake::new(
            "stdin cannot be both the body (--input -) and the password (--password-stdin)",
        ));
    }
    let body = match &operation.body {
        Some(body) => Body::read(body, matches)?,
        None => None,
    };
    let sandbox = match matches.get_flag("sandbox") {
        true => Some(Sandbox::start().await?),
        false => None,
    };
    let client = settings::builder(matches, sandbox.as_ref())?.build()?;
    let named = with_parameters(client.operation(&operation.id), &operation.parameters, matches);
    let call = match &body {
        Some(body) => body.call(&named),
        None => named.call().map_err(|error| Box::new(Report::failed(&error))),
    };
    let call = match call {
        Ok(call) => call,
        Err(report) => return Ok(*report),
    };
    if matches.get_flag("dry-run") {
        return Ok(match call.preview() {
            Ok(request) => Report::shown(request.to_string()),
            Err(error) => Report::failed(&error),
        });
    }
    signals.take().await; // From here on the receipt tells what an interruption means.
    let receipt = Receipt::default();
    let report = tokio::select! {
        result = call.receipt(&receipt).into_future() => match result {
            Ok(answer) => Report::accepted(answer, &receipt),
            Err(error) => Report::failed(&error),
        },
        () = signals.received() => Report::interrupted(&receipt, &described(&operation.parameters, matches)),
    };
    if let Some(sandbox) = &sandbox {
        for received in sandbox.received() {
            say(&format!(
                "the sandbox received {}: {}",
                received.operation, received.body
            ));
            for note in &received.notes {
                say(&format!("note: {}: {}", note.member, note.message));
            }
        }
    }
    Ok(report)
}

pub(crate) fn with_parameters(mut call: OperationCall, parameters: &[Flag], matches: &ArgMatches) -> OperationCall {
    for parameter in parameters {
        for text in matches.get_many::<String>(&parameter.flag).into_iter().flatten() {
            call = match parameter.is_sent {
                true => call.parameter(&parameter.name, text),
                false => call.customer(text),
            };
        }
    }
    call
}

/// `customerId M30011, contactId 4711`
fn described(parameters: &[Flag], matches: &ArgMatches) -> String {
    let in_path = parameters.iter().filter(|it| it.identifies);
    let given = in_path.filter_map(|it| Some((&it.name, matches.get_one::<String>(&it.flag)?)));
    given
        .map(|(name, value)| format!("{name} {value}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The ids that a call is for, by name, as far as they were given.
pub(crate) fn parameters(parameters: &[Flag], matches: &ArgMatches) -> Map<String, Value> {
    parameters_beside(&OWN_KEYS, parameters, matches)
}

/// The same beside other keys.
pub(crate) fn parameters_beside(own: &[&str], parameters: &[Flag], matches: &ArgMatches) -> Map<String, Value> {
    let given = |it: &Flag| {
        matches
            .get_one::<String>(&it.flag)
            .map_or(Value::Null, |it| it.as_str().into())
    };
    let ids = parameters.iter().filter(|it| it.identifies);
    ids.map(|it| (beside(own, &it.name), given(it))).collect()
}

/// Their names: the customer's, and of those in the path.
pub(crate) fn names(parameters: &[Flag]) -> Map<String, Value> {
    let ids = parameters.iter().filter(|it| it.identifies);
    ids.map(|it| (beside(&OWN_KEYS, &it.name), Value::Null)).collect()
}
