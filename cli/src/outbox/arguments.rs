//! How `outbox` is asked on the command line.

use std::time::Duration;

use clap::{Arg, ArgAction, Command, value_parser};
use vitec_connect::CustomerId;
use vitec_connect_outbox::State;

use super::{place, rows};
use crate::arguments::{base_url, output};
use crate::deliver;

/// Longer than any outbox is old.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

pub(crate) fn command() -> Command {
    let subcommand =
        |name: &'static str, about: &'static str| Command::new(name).about(about).arg(place::argument()).arg(output());
    let settles = |name: &'static str, about: &'static str| subcommand(name, about).arg(rows::argument());
    Command::new("outbox")
        .about("Delivers from an outbox, looks at it, and settles rows")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            subcommand("init", "Makes the outbox's tables, or brings them up to date; says what it did")
                .arg(base_url().help("The server that its rows are for, where it is made [default: VITEC_CONNECT_BASE_URL, else Vitec Connect itself]"))
                .arg(
                    Arg::new("grant")
                        .long("grant")
                        .value_name("ROLE")
                        .help("PostgreSQL: this role may store loan promises by the tables' function and read what became of them"),
                )
                .arg(
                    Arg::new("accept-history")
                        .long("accept-history")
                        .action(ArgAction::SetTrue)
                        .help("PostgreSQL: deliver again from a database that went back in time, after a look at what it may have forgotten"),
                ),
        )
        .subcommand(deliver::command())
        .subcommand(subcommand("status", "How many rows are in each state"))
        .subcommand(list())
        .subcommand(settles("show", "Everything about rows, and what became of them step by step"))
        .subcommand(settles(
            "requeue",
            "Puts rejected and unknown rows back to pending: the next delivery sends them",
        ))
        .subcommand(settles(
            "drop",
            "Gives up pending, rejected and unknown rows: they are never sent, also when the same file comes again",
        ))
        .subcommand(
            settles("resolve", "Settles unknown rows, after a look in Vitec").arg(
                Arg::new("as")
                    .long("as")
                    .value_name("WHAT")
                    .required(true)
                    .value_parser(["accepted", "not-sent"])
                    .help("What the look showed"),
            ),
        )
        .subcommand(
            subcommand("correct", "Gives a rejected or pending row another body; the next delivery sends it")
                .arg(
                    Arg::new("row")
                        .value_name("ROW")
                        .required(true)
                        .value_parser(value_parser!(i64).range(1..))
                        .help("The row's number, as `outbox list` shows it"),
                )
                .arg(
                    Arg::new("input")
                        .long("input")
                        .value_name("FILE")
                        .required(true)
                        .help("The body as JSON or XML from a file, or from stdin with `-`"),
                ),
        )
        .subcommand(
            subcommand("hold", "Holds customers: none of their rows is sent until they are released")
                .arg(customers())
                .arg(Arg::new("why").long("why").value_name("TEXT").help("Why, for the next who looks")),
        )
        .subcommand(subcommand("release", "Releases customers that are held: their rows are sent again").arg(customers()))
        .subcommand(subcommand("holds", "The customers that are held, since when and why"))
}

fn list() -> Command {
    Command::new("list")
        .about("The rows")
        .arg(place::argument())
        .arg(output().value_parser(["text", "json", "csv"]))
        .arg(
            Arg::new("state")
                .long("state")
                .value_name("S")
                .value_parser(|text: &str| text.parse::<State>())
                .help("Only rows that are pending, sending, accepted, rejected, unknown or dropped"),
        )
        .arg(
            Arg::new("customer")
                .long("customer")
                .value_name("C")
                .value_parser(value_parser!(CustomerId))
                .help("Only this customer's rows"),
        )
        .arg(
            Arg::new("since")
                .long("since")
                .value_name("TIME")
                .value_parser(|text: &str| match humantime::parse_duration(text) {
                    Ok(time) if time <= LONGEST => Ok(time),
                    Ok(_) => Err("at most 100y".to_owned()),
                    Err(error) => Err(format!("{error}; as in 2h")),
                })
                .help("Only rows whose state changed so long ago at most, as in 2h"),
        )
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help("So many rows at most, from the first one"),
        )
}

fn customers() -> Arg {
    Arg::new("customers")
        .value_name("CUSTOMER")
        .required(true)
        .action(ArgAction::Append)
        .num_args(1..)
        .value_parser(value_parser!(CustomerId))
}
