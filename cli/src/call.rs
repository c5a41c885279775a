//! One call, from its arguments to its report.

use clap::ArgMatches;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use vitec_connect::datacontract::DataContract;
use vitec_connect::{IdError, Receipt};
use vitec_connect_sandbox::Sandbox;

use crate::body::Body;
use crate::document::{Field, Operation};
use crate::print::say;
use crate::report::{Mistake, Report};
use crate::signals::Signals;
use crate::{operations, settings};

/// What a person gave for a call.
pub(crate) struct Arguments<'a> {
    matches: &'a ArgMatches,
    body: Option<Body>,
}

impl Arguments<'_> {
    /// An id in the path.
    pub(crate) fn id<T: std::str::FromStr<Err = IdError>>(&self, parameter: &str) -> Result<T, Mistake> {
        let text = self.matches.get_one::<String>(parameter).map_or("", String::as_str);
        Ok(text.parse()?)
    }

    pub(crate) fn body<T: DeserializeOwned + DataContract>(&self) -> Result<T, Mistake> {
        match &self.body {
            Some(body) => body.model(),
            None => Err(Mistake::new("the operation has no body")),
        }
    }
}

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
    let body = operation
        .members
        .map(|members| Body::read(members, matches))
        .transpose()?;
    let arguments = Arguments { matches, body };
    let sandbox = match matches.get_flag("sandbox") {
        true => Some(Sandbox::start().await?),
        false => None,
    };
    let client = settings::builder(matches, sandbox.as_ref())?.build()?;
    if matches.get_flag("dry-run") {
        let mut mistake = None;
        let shown = client
            .preview(
                async |client| match operations::call(&operation.id, &client, &arguments).await {
                    Ok(result) => result.map(Some),
                    Err(wrong) => {
                        mistake = Some(wrong);
                        Ok(None)
                    }
                },
            )
            .await;
        return match (mistake, shown) {
            (Some(mistake), _) => Err(mistake),
            (None, Ok(request)) => Ok(Report::shown(request.to_string())),
            (None, Err(error)) => Ok(Report::failed(&error)),
        };
    }
    signals.take().await; // From here on the receipt tells what an interruption means.
    let receipt = Receipt::default();
    let client = client.watched(&receipt);
    let report = tokio::select! {
        result = operations::call(&operation.id, &client, &arguments) => match result? {
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

/// `customerId M30011, contactId 4711`
fn described(parameters: &[Field], matches: &ArgMatches) -> String {
    let given = parameters
        .iter()
        .filter_map(|it| Some((&it.name, matches.get_one::<String>(&it.name)?)));
    given
        .map(|(name, value)| format!("{name} {value}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The ids that a call is for, by name, as far as they were given.
pub(crate) fn parameters(parameters: &[Field], matches: &ArgMatches) -> Map<String, Value> {
    let mut named = names(parameters);
    for (name, value) in &mut named {
        *value = matches
            .get_one::<String>(name)
            .map_or(Value::Null, |it| it.as_str().into());
    }
    named
}

/// Their names. Those in the path, which are the required ones.
pub(crate) fn names(parameters: &[Field]) -> Map<String, Value> {
    let required = parameters.iter().filter(|it| it.required);
    required.map(|it| (it.name.clone(), Value::Null)).collect()
}
