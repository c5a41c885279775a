//! Customers of whom nothing is sent: `hold`, `release`, `holds`.

use clap::ArgMatches;
use serde_json::{Map, Value, json};
use vitec_connect::CustomerId;
use vitec_connect_outbox::{Held, Outbox};

use super::{place, shown};
use crate::document::beside;
use crate::print::{self, escaped, json_escaped, say};
use crate::report::{Mistake, Output};

const KEYS: [&str; 5] = ["since", "status", "why", "who", "waiting"];

fn customers(matches: &ArgMatches) -> Vec<CustomerId> {
    matches.get_many("customers").into_iter().flatten().cloned().collect()
}

pub(super) async fn hold(outbox: &Outbox, matches: &ArgMatches, output: Output) -> Result<(), Mistake> {
    let customers = customers(matches);
    outbox
        .hold(&customers, matches.get_one::<String>("why").map(String::as_str))
        .await?;
    let names: Vec<String> = customers.iter().map(ToString::to_string).collect();
    for name in &names {
        say(&format!(
            "customer {name} is held: nothing is sent for it until {}",
            release_command(name, matches)
        ));
    }
    if output == Output::Json {
        print::object(&json!({"held": names}))?;
    }
    Ok(())
}

pub(super) async fn release(outbox: &Outbox, matches: &ArgMatches, output: Output) -> Result<(), Mistake> {
    let customers = customers(matches);
    let released = outbox.release(&customers).await?;
    let names = customers.iter().map(ToString::to_string);
    let others: Vec<String> = names.filter(|name| !released.contains(name)).collect();
    for name in &released {
        say(&format!(
            "customer {name} is released: its rows are sent by the next delivery, one at first"
        ));
    }
    for name in &others {
        say(&format!("customer {name} was not held"));
    }
    if output == Output::Json {
        print::object(&json!({"released": released, "notHeld": others}))?;
    }
    Ok(())
}

pub(super) async fn list(outbox: &Outbox, output: Output) -> Result<(), Mistake> {
    let holds = outbox.holds().await?;
    let text = match output {
        Output::Json => {
            let holds: Vec<Value> = holds.iter().map(object).collect();
            format!("{}\n", json_escaped(&format!("{:#}", Value::from(holds))))
        }
        Output::Text => holds.iter().map(|held| format!("{}\n", escaped(&line(held)))).collect(),
    };
    print::listed(text.as_bytes())?;
    Ok(())
}

fn object(held: &Held) -> Value {
    let mut object = Map::new();
    object.insert(beside(&KEYS, shown::customer()), held.customer_id.as_str().into());
    let since = held.since.to_rfc3339();
    let values: [Value; 5] = [
        since.into(),
        held.status.into(),
        held.why.as_deref().into(),
        held.who.as_str().into(),
        held.waiting.into(),
    ];
    object.extend(KEYS.map(str::to_owned).into_iter().zip(values));
    object.into()
}

fn line(held: &Held) -> String {
    let status = held.status.map_or("-".to_owned(), |status| status.to_string());
    let since = held.since.format("%Y-%m-%d %H:%M:%S UTC");
    let why = held.why.as_deref().unwrap_or_default();
    format!(
        "{}  since {since}  status {status}  {} rows wait  by {}  {why}",
        held.customer_id, held.waiting, held.who
    )
    .trim_end()
    .to_owned()
}

/// Of a customer that is held: since when and why, and the command that a person releases it with.
pub(crate) fn waits_for_release(held: &Held, matches: &ArgMatches) -> String {
    let since = held.since.format("%Y-%m-%d %H:%M:%S UTC");
    let status = held
        .status
        .map_or(String::new(), |status| format!(" (status {status})"));
    let why = held.why.as_deref().map_or(String::new(), |why| format!(". Why: {why}"));
    format!(
        "customer {} is held since {since}{status}, and its rows wait. Once its credentials are right: {}{why}",
        held.customer_id,
        release_command(&held.customer_id, matches)
    )
}

/// The command that releases a customer.
pub(crate) fn release_command(customer: &str, matches: &ArgMatches) -> String {
    let place = match place::is_said(matches) {
        true => " (with the same --outbox)",
        false => "",
    };
    format!("vitec-connect outbox release {customer}{place}")
}
