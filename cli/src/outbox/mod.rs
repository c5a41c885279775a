//! `outbox`: looking at an outbox, and deciding what only a person can decide.

mod arguments;
mod holds;
mod init;
mod look;
mod place;
mod rows;
mod settle;
mod shown;

use std::process::ExitCode;

use clap::ArgMatches;
use serde_json::json;
use vitec_connect_outbox::Outbox;

pub(crate) use self::arguments::command;
pub(crate) use self::holds::{release_command, waits_for_release};
pub(crate) use self::place::{argument as place_argument, is_said, named, ready, said_place};
pub(crate) use self::shown::sent;
use crate::print::{self, say};
use crate::report::{Mistake, Output, output};

const PAGE: u32 = 500;

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
    let output = output(matches);
    if name == "init" {
        init::run(matches, output).await?;
        return Ok(0);
    }
    let outbox = Outbox::open(&named(matches)?, None).await?;
    if !is_said(matches) {
        said_place(&outbox);
    }
    match name {
        "status" => look::status(&outbox, output).await?,
        "list" => return look::list(&outbox, matches).await,
        "show" => return look::show(&outbox, &rows::ids(&outbox, matches).await?, output).await,
        "correct" => settle::correct(&outbox, matches, output).await?,
        "hold" => holds::hold(&outbox, matches, output).await?,
        "release" => holds::release(&outbox, matches, output).await?,
        "holds" => holds::list(&outbox, output).await?,
        _ => {
            let ids = rows::ids(&outbox, matches).await?;
            settle::settle(name, &outbox, &ids, matches, output).await?;
        }
    }
    Ok(0)
}
