//! `outbox`: looking at an outbox, and deciding what only a person can decide.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::{Map, Value, json};
use vitec_connect_outbox::{Address, Delivered, Outbox, Resolution, Row, State};

use crate::document::beside;
use crate::print::{self, escaped, json_escaped, say};
use crate::report::{Mistake, Output, chain, output};
use crate::settings::variable;

const PAGE: u32 = 500;

pub(crate) fn command() -> Command {
    let rows = || {
        Arg::new("rows")
            .value_name("ROW")
            .required(true)
            .action(ArgAction::Append)
            .num_args(1..)
            .value_parser(value_parser!(i64))
            .help("Numbers of rows, as `outbox list` shows them")
    };
    let output = || {
        Arg::new("output")
            .long("output")
            .value_name("OUTPUT")
            .value_parser(["text", "json"])
            .default_value("text")
    };
    let subcommand = |name: &'static str, about: &'static str| Command::new(name).about(about).arg(place_argument());
    Command::new("outbox")
        .about("Looks at an outbox of `loan-promise import`, and settles rows")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(subcommand("status", "How many rows are in each state").arg(output()))
        .subcommand(
            subcommand("list", "The rows").arg(output()).arg(
                Arg::new("state")
                    .long("state")
                    .value_name("S")
                    .value_parser(|text: &str| text.parse::<State>())
                    .help("Only rows that are pending, sending, accepted, rejected or unknown"),
            ),
        )
        .subcommand(subcommand("show", "Everything about rows").arg(output()).arg(rows()))
        .subcommand(
            subcommand(
                "requeue",
                "Puts rejected and unknown rows back to pending: the next import sends them",
            )
            .arg(output())
            .arg(rows()),
        )
        .subcommand(
            subcommand("resolve", "Settles unknown rows, after a look in Vitec")
                .arg(output())
                .arg(rows())
                .arg(
                    Arg::new("as")
                        .long("as")
                        .value_name("WHAT")
                        .required(true)
                        .value_parser(["accepted", "not-sent"])
                        .help("What the look showed"),
                ),
        )
}

/// `--outbox`, wherever it is taken. Its text is looked at by [`place`] and not by clap, whose errors repeat it.
pub(crate) fn place_argument() -> Arg {
    Arg::new("outbox")
        .long("outbox")
        .value_name("PATH|postgres://…")
        .help("Where the outbox lies [default: VITEC_CONNECT_OUTBOX, else outbox.db in the user's data directory]")
}

/// The place that was given, or the default one, its folder made.
pub(crate) fn ready(matches: &ArgMatches) -> Result<String, Mistake> {
    let (place, said) = place(matches)?;
    if said == Said::Nowhere
        && let Some(folder) = std::path::Path::new(&place).parent()
    {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(folder)
            .map_err(|error| Mistake::new(format!("{}: {error}", folder.display())))?;
    }
    Ok(place)
}

/// The place that was given, or the default one, to look: no folder is made.
pub(crate) fn named(matches: &ArgMatches) -> Result<String, Mistake> {
    place(matches).map(|(place, _)| place)
}

/// Where the place was said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    InArgument,
    InVariable,
    Nowhere,
}

const VARIABLE: &str = "VITEC_CONNECT_OUTBOX";

fn place(matches: &ArgMatches) -> Result<(String, Said), Mistake> {
    let checked = |place: &str, name: &str| match place.parse::<Address>() {
        Ok(_) => Ok(place.to_owned()),
        Err(error) => Err(Mistake::new(format!("{name}: {error}"))),
    };
    if let Some(place) = matches.get_one::<String>("outbox") {
        return Ok((checked(place, "--outbox")?, Said::InArgument));
    }
    if let Some(place) = variable(VARIABLE)? {
        return Ok((checked(&place, VARIABLE)?, Said::InVariable));
    }
    let folder = dirs::data_local_dir()
        .ok_or_else(|| Mistake::new("this system names no data directory; say where the outbox lies with --outbox"))?;
    let place = folder.join("vitec-connect").join("outbox.db");
    Ok((place.to_string_lossy().into_owned(), Said::Nowhere))
}

/// Says where the outbox lies, on stderr.
pub(crate) fn said_place(outbox: &Outbox) {
    say(&format!("outbox: {}", outbox.place()));
}

/// What could not be done: on stderr, and as one object where one is asked for.
pub(crate) fn failed(mistake: &Mistake, output: Output) -> ExitCode {
    say(&format!("error: {mistake}"));
    if output == Output::Json {
        // Where stdout cannot be written, the exit status still tells.
        let _ = print::object(&json!({"error": mistake.to_string()}));
    }
    ExitCode::from(2)
}

/// Runs a command on an outbox; the exit status.
pub(crate) async fn run(matches: &ArgMatches) -> Result<u8, Mistake> {
    let (name, matches) = matches.subcommand().ok_or_else(|| Mistake::new("no such command"))?;
    let (place, said) = place(matches)?;
    let outbox = Outbox::open(&place, None).await?;
    if said != Said::InArgument {
        said_place(&outbox);
    }
    let ids: Vec<i64> = matches
        .try_get_many::<i64>("rows")
        .ok()
        .flatten()
        .into_iter()
        .flatten()
        .copied()
        .collect();
    match name {
        "status" => status(&outbox, output(matches)).await?,
        "list" => return list(&outbox, matches.get_one::<State>("state").copied(), output(matches)).await,
        "show" => show(&outbox, &ids, output(matches)).await?,
        "requeue" => {
            outbox.requeue(&ids).await?;
            settled(&ids, State::Pending, output(matches))?;
        }
        _ => {
            let (resolution, state) = match matches.get_one::<String>("as").map(String::as_str) {
                Some("accepted") => (Resolution::Accepted, State::Accepted),
                _ => (Resolution::NotSent, State::Pending),
            };
            outbox.resolve(&ids, resolution).await?;
            settled(&ids, state, output(matches))?;
        }
    }
    Ok(0)
}

/// What a person's decision came to.
fn settled(ids: &[i64], state: State, output: Output) -> Result<(), Mistake> {
    let then = match state {
        State::Pending => "; the next import sends them",
        _ => "",
    };
    say(&format!("{} rows are {state}{then}", ids.len()));
    if output == Output::Json {
        print::object(&json!({"rows": ids, "state": state.as_str()}))?;
    }
    Ok(())
}

async fn status(outbox: &Outbox, output: Output) -> Result<(), Mistake> {
    let counts = outbox.counts().await?;
    let mut object = serde_json::Map::new();
    for state in State::ALL {
        object.insert(state.to_string(), counts.of(state).into());
    }
    let text = match output {
        Output::Json => format!("{}\n", Value::from(object)),
        Output::Text => {
            let lines = object.iter().map(|(state, count)| format!("{state:<9} {count}\n"));
            lines.collect()
        }
    };
    print::listed(text.as_bytes())?;
    Ok(())
}

/// Row by row, a page at a time: an outbox may hold millions.
async fn list(outbox: &Outbox, state: Option<State>, output: Output) -> Result<u8, Mistake> {
    let mut after = 0;
    let mut is_first = true;
    loop {
        let rows = match outbox.list(state, after, PAGE).await {
            Ok(rows) => rows,
            Err(error) if is_first => return Err(error.into()),
            Err(error) => {
                say(&format!("error: {}", chain(&error)));
                if output == Output::Json {
                    // What was listed stays readable; the exit status says that it is not all.
                    print::listed(b"\n]\n")?;
                }
                return Ok(2);
            }
        };
        let Some(last) = rows.last() else { break };
        after = last.id;
        let mut page = String::new();
        for row in &rows {
            match output {
                Output::Json => {
                    page.push_str(if is_first { "[\n  " } else { ",\n  " });
                    page.push_str(&json_escaped(&object(row).to_string()));
                }
                Output::Text => {
                    page.push_str(&line(row));
                    page.push('\n');
                }
            }
            is_first = false;
        }
        if !print::listed(page.as_bytes())? {
            return Ok(0);
        }
    }
    if output == Output::Json {
        print::listed(if is_first { b"[]\n" } else { b"\n]\n" })?;
    }
    Ok(0)
}

async fn show(outbox: &Outbox, ids: &[i64], output: Output) -> Result<(), Mistake> {
    let mut rows = Vec::new();
    for id in ids {
        rows.push(object(&outbox.row(*id).await?));
    }
    let mut text = String::new();
    match output {
        Output::Json => {
            text.push_str(&json_escaped(&format!("{:#}", Value::from(rows))));
            text.push('\n');
        }
        Output::Text => {
            for row in rows {
                for (name, value) in row.as_object().into_iter().flatten() {
                    match value {
                        Value::Null => continue,
                        Value::String(value) => text.push_str(&format!("{name}: {}\n", escaped(value))),
                        value => text.push_str(&format!("{name}: {}\n", json_escaped(&value.to_string()))),
                    }
                }
                text.push('\n');
            }
        }
    }
    print::listed(text.as_bytes())?;
    Ok(())
}

fn line(row: &Row) -> String {
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

/// Each parameter beside the customer, with its text.
fn texts(subject: &str) -> Vec<(&'static str, String)> {
    Delivered::operation().map(|it| it.texts(subject)).unwrap_or_default()
}

fn object(row: &Row) -> Value {
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
    let Value::Object(rest) = rest else {
        return rest;
    };
    let mut object = Map::new();
    object.insert("row".to_owned(), row.id.into());
    object.insert("state".to_owned(), row.state.as_str().into());
    let own: Vec<&str> = object.keys().chain(rest.keys()).map(String::as_str).collect();
    let customer = Delivered::operation().map_or("customerId", Delivered::customer);
    let mut names = vec![(beside(&own, customer), row.customer_id.as_str().into())];
    names.extend(
        texts(&row.subject)
            .into_iter()
            .map(|(name, text)| (beside(&own, name), text.into())),
    );
    object.extend(names);
    object.extend(rest);
    object.into()
}
