//! `loan-promise add`: one row into an outbox, durably. Something else sends it.

use clap::ArgMatches;
use serde_json::{Map, Value};
use vitec_connect::CustomerId;
use vitec_connect_outbox::{Delivered, Enqueued, NewRow, Outbox, State};

use crate::body::Body;
use crate::call::{parameters_beside, with_parameters};
use crate::document::{Flag, Operation};
use crate::outbox::{failed, is_said, ready, said_place};
use crate::print::{self, say};
use crate::report::{Mistake, Output, chain, output};
use crate::settings;

pub(crate) const HELP: &str = "\
The same reference and content again is the same row: its number is printed, and nothing is stored twice. Without a
reference the content counts. The same reference with other content corrects a row that was rejected, and is refused
for any other.

Exit status:
  0  stored, now or before: the row's number stands on stdout
  2  usage, bad input, or a reference that stands for something else: nothing was stored
  5  the outbox's database cannot be used now: the same command may be given again safely";

/// The keys of the object that are no parameters.
const OWN: [&str; 4] = ["row", "state", "stored", "reference"];

/// The parameters that a row is stored with: the customer, and what the call cannot do without.
pub(crate) fn parameters(operation: &Operation) -> impl Iterator<Item = &Flag> {
    operation.parameters.iter().filter(|it| !it.is_sent || it.required)
}

/// The flag of the customer.
fn customer(operation: &Operation, delivered: Delivered) -> Option<&Flag> {
    let mut flags = parameters(operation);
    let not_sent = parameters(operation).find(|it| !it.is_sent);
    not_sent.or_else(|| flags.find(|it| it.name == delivered.customer()))
}

/// Stores the row; the exit status.
pub(crate) async fn run(operation: &Operation, matches: &ArgMatches) -> Result<u8, Mistake> {
    let none = || Mistake::new("the document marks no operation to deliver");
    let delivered = Delivered::operation().ok_or_else(none)?;
    let body = Body::needed(operation.body.as_ref().ok_or_else(none)?, matches)?;
    let client = match settings::base_url(matches)? {
        Some(url) => settings::checker()?.base_url(url).build()?,
        None => settings::checker()?.build()?,
    };
    let flags: Vec<Flag> = parameters(operation).cloned().collect();
    let named = with_parameters(client.operation(&operation.id), &flags, matches);
    let payload = body.stored(&named)?;

    let text = |flag: &Flag| matches.get_one::<String>(&flag.flag).cloned().unwrap_or_default();
    let customer = customer(operation, delivered).map(text).unwrap_or_default();
    let sent: Vec<String> = delivered
        .parameters()
        .iter()
        .filter_map(|name| flags.iter().find(|it| it.is_sent && it.name == *name).map(text))
        .collect();
    let mut row = NewRow::new(customer.parse::<CustomerId>()?, &sent, &payload)?;
    let reference = matches.get_one::<String>("reference");
    if let Some(reference) = reference {
        row = row.reference(reference);
    }

    let place = ready(matches)?;
    let store = async {
        let outbox = Outbox::open(&place, Some(client.base_url())).await?;
        if !is_said(matches) {
            said_place(&outbox);
        }
        outbox.enqueue(vec![row]).await
    };
    let enqueued = match store.await {
        Ok(enqueued) => enqueued,
        Err(error) if error.kind().may_pass() => {
            let again = "The same command may be given again safely: it stores nothing twice";
            failed(&Mistake::new(format!("{}. {again}.", chain(&error))), output(matches));
            return Ok(5);
        }
        Err(error) => return Err(error.into()),
    };
    let enqueued = enqueued.first().ok_or_else(|| Mistake::new("nothing was stored"))?;
    let (id, state, stored) = match enqueued {
        Enqueued::New(id) => (*id, State::Pending, "new"),
        Enqueued::Known(id, state) => (*id, *state, "known"),
        Enqueued::Corrected(id) => (*id, State::Pending, "corrected"),
        refused => return Err(Mistake::new(refused.refusal().unwrap_or_default())),
    };
    match stored {
        "known" if state != State::Pending => say(&format!("row {id} was stored before, and is {state}")),
        "corrected" => say(&format!(
            "row {id} had been rejected; it has this content now, and is pending"
        )),
        _ => {}
    }
    let written = match output(matches) {
        Output::Text => print::stdout(format!("{id}\n").as_bytes()),
        Output::Json => {
            let mut object = Map::new();
            let own: [Value; 4] = [
                id.into(),
                state.as_str().into(),
                stored.into(),
                reference.cloned().into(),
            ];
            object.extend(OWN.map(str::to_owned).into_iter().zip(own));
            object.extend(parameters_beside(&OWN, &flags, matches));
            print::object(&Value::from(object))
        }
    };
    if let Err(error) = written {
        say(&format!(
            "warning: row {id} is stored, and stdout cannot be written: {error}"
        ));
    }
    Ok(0)
}
