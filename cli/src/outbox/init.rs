//! `outbox init`: the tables, made or brought up to date on purpose.

use clap::ArgMatches;
use serde_json::json;
use vitec_connect_outbox::{Done, InitOptions, Outbox};

use super::place;
use crate::print::{self, escaped};
use crate::report::{Mistake, Output};
use crate::settings;

pub(super) async fn run(matches: &ArgMatches, output: Output) -> Result<(), Mistake> {
    let client = settings::checker()?;
    let (client, is_said) = match settings::base_url(matches)? {
        Some(url) => (client.base_url(url), true),
        None => (client, false),
    };
    let options = InitOptions::new(client.build()?.base_url())
        .keep_base_url(!is_said)
        .grant(matches.get_one::<String>("grant").cloned())
        .accept_history(matches.get_flag("accept-history"));
    let place = place::ready(matches)?;
    let done = Outbox::init(&place, &options).await?;
    let outbox = Outbox::open(&place, None).await?;
    if output == Output::Json {
        let done: Vec<_> = done.iter().map(object).collect();
        print::object(&json!({"outbox": outbox.place(), "done": done}))?;
        return Ok(());
    }
    let lines = done
        .iter()
        .map(|it| format!("{}\n", escaped(&format!("{}: {}", outbox.place(), line(it)))));
    print::stdout(lines.collect::<String>().as_bytes())?;
    Ok(())
}

fn line(done: &Done) -> String {
    match done {
        Done::Made => "the tables were made".to_owned(),
        Done::Updated(version) => {
            format!("the tables had version {version} and were brought up to date; every row is as it was")
        }
        Done::UpToDate => "the tables are up to date".to_owned(),
        Done::HistoryAccepted => {
            "the past that the database has now is the one that counts: delivery can go on".to_owned()
        }
        Done::Granted(role) => format!("{role} may store loan promises by the function and read the view"),
        other => format!("{other:?}"),
    }
}

fn object(done: &Done) -> serde_json::Value {
    match done {
        Done::Made => json!({"what": "made"}),
        Done::Updated(version) => json!({"what": "updated", "from": version}),
        Done::UpToDate => json!({"what": "up-to-date"}),
        Done::HistoryAccepted => json!({"what": "history-accepted"}),
        Done::Granted(role) => json!({"what": "granted", "role": role}),
        other => json!({"what": format!("{other:?}")}),
    }
}
