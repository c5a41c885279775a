//! How operations are called on the command line.

use std::collections::BTreeMap;

use heck::ToKebabCase;
use vitec_connect_description::{Command, Operation};

use crate::document::Node;

/// The commands that are there without any operation.
const OWN_COMMANDS: [&str; 5] = ["completions", "help", "outbox", "sandbox", "spec"];

/// `createLoanPromise` becomes `loan-promise create`, and `Estate_GetList` becomes `estate get-list`.
fn command(id: &str) -> Command {
    if let Some((tag, rest)) = id
        .split_once('_')
        .filter(|(tag, rest)| !tag.is_empty() && !rest.is_empty())
    {
        return Command {
            noun: tag.to_kebab_case(),
            verb: rest.to_kebab_case(),
        };
    }
    let words = id.to_kebab_case();
    let (verb, noun) = words.split_once('-').unwrap_or((&words, "call"));
    Command {
        noun: noun.to_owned(),
        verb: verb.to_owned(),
    }
}

/// The verbs that stand beside those of the operation that is delivered.
const VERBS_OF_DELIVERED: [&str; 2] = ["add", "import"];

/// Gives each operation its command. Where two would have the same, the HTTP method is appended to both.
pub(crate) fn name_all(operations: &mut [(Operation, Node<'_>)]) {
    let mut count: BTreeMap<Command, usize> = BTreeMap::new();
    for (operation, _) in operations.iter_mut() {
        operation.command = command(&operation.id);
        *count.entry(operation.command.clone()).or_default() += 1;
    }
    let delivered = operations.iter().find(|(operation, _)| operation.deliver);
    let delivered = delivered.map(|(operation, _)| operation.command.noun.clone());
    let mut taken: BTreeMap<Command, String> = BTreeMap::new();
    for (operation, node) in operations {
        if count.get(&operation.command).is_some_and(|it| *it > 1) {
            operation.command.verb = format!("{}-{}", operation.command.verb, operation.method.to_lowercase());
        }
        let Command { noun, verb } = &operation.command;
        let is_ours = VERBS_OF_DELIVERED.contains(&verb.as_str()) && Some(noun) == delivered.as_ref();
        if OWN_COMMANDS.contains(&noun.as_str()) || verb == "help" || is_ours {
            node.mistake_at(
                "operationId",
                format!("its command would be `{noun} {verb}`, which the command line has for itself: choose another operationId"),
            );
        } else if let Some(place) = taken.insert(operation.command.clone(), node.place()) {
            node.mistake_at(
                "operationId",
                format!(
                    "its command would be `{noun} {verb}`, which is that of {place} too: choose another operationId"
                ),
            );
        }
    }
}
