//! The command `vitec-connect`. `vitec-connect --help` says what it does.
// `println!` panics where stdout is closed: what is printed goes through `print`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod add;
mod arguments;
mod body;
mod call;
mod credentials;
mod deliver;
mod document;
mod import;
mod monitor;
mod offices;
mod outbox;
mod password;
mod print;
mod report;
mod sandbox;
mod settings;
mod signals;

use std::process::ExitCode;

use clap::error::ErrorKind;
use document::Operation;
use report::{Mistake, Output, Report, output};
use signals::{Hangup, Signals};

fn main() -> ExitCode {
    let operations = document::operations();
    let mut command = arguments::command(&operations);
    let matches = match command.try_get_matches_from_mut(std::env::args_os()) {
        Ok(matches) => matches,
        Err(error) => return usage(&error, &operations),
    };
    match matches.subcommand() {
        Some(("spec", matches)) => print(match matches.get_flag("json") {
            true => vitec_connect::OPENAPI_JSON.as_bytes(),
            false => vitec_connect::OPENAPI_YAML.as_bytes(),
        }),
        Some(("completions", matches)) => {
            let Some(shell) = matches.get_one::<clap_complete::Shell>("shell") else {
                return ExitCode::from(2);
            };
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command, "vitec-connect", &mut script);
            print(&script)
        }
        Some(("sandbox", matches)) => {
            log(true);
            match run(
                Hangup::Ends,
                || {},
                async |signals| sandbox::run(matches, signals).await,
            ) {
                Ok(()) => ExitCode::SUCCESS,
                Err(mistake) => Report::mistake(&mistake).write(Output::Text),
            }
        }
        Some(("outbox", matches)) if matches.subcommand_name() == Some(deliver::NAME) => {
            let matches = matches.subcommand_matches(deliver::NAME).unwrap_or(matches);
            let output = output(matches);
            let early = move || _ = deliver::failed(&Mistake::new("interrupted: nothing was sent"), output);
            let hangup = if deliver::follows(matches) {
                Hangup::Rereads
            } else {
                Hangup::Ends
            };
            match run(hangup, early, async |signals| Ok(deliver::run(matches, signals).await)) {
                Ok(exit) => ExitCode::from(exit),
                Err(mistake) => deliver::failed(&mistake, output),
            }
        }
        Some(("outbox", matches)) => {
            let output = matches
                .subcommand()
                .map_or(Output::Text, |(_, matches)| report::output(matches));
            let early = move || _ = outbox::failed(&Mistake::new("interrupted"), output);
            match run(Hangup::Ends, early, async |_| outbox::run(matches).await) {
                Ok(exit) => ExitCode::from(exit),
                Err(mistake) => outbox::failed(&mistake, output),
            }
        }
        Some((noun, matches)) if is_own(noun, matches, arguments::ADD, &operations) => {
            let matches = matches.subcommand_matches(arguments::ADD).unwrap_or(matches);
            let output = output(matches);
            let why = "interrupted: the same command may be given again safely";
            let early = move || _ = outbox::failed(&Mistake::new(why), output);
            let Some(operation) = operations.iter().find(|it| it.is_delivered) else {
                return outbox::failed(&Mistake::new("no such operation"), output);
            };
            match run(Hangup::Ends, early, async |_| add::run(operation, matches).await) {
                Ok(exit) => ExitCode::from(exit),
                Err(mistake) => outbox::failed(&mistake, output),
            }
        }
        Some((noun, matches)) if is_own(noun, matches, arguments::IMPORT, &operations) => {
            let matches = matches.subcommand_matches(arguments::IMPORT).unwrap_or(matches);
            log(matches.get_flag("verbose"));
            let output = output(matches);
            let early = move || _ = import::failed(&Mistake::new("interrupted: nothing was sent"), output);
            match run(Hangup::Ends, early, async |signals| import::run(matches, signals).await) {
                Ok(exit) => ExitCode::from(exit),
                Err(mistake) => import::failed(&mistake, output),
            }
        }
        Some((noun, matches)) => {
            let (verb, matches) = matches.subcommand().unwrap_or(("", matches));
            let Some(operation) = operations.into_iter().find(|it| it.noun == noun && it.verb == verb) else {
                return Report::mistake(&Mistake::new("no such operation")).write(Output::Text);
            };
            log(matches.get_flag("verbose"));
            let output = output(matches);
            let parameters = call::parameters(&operation.parameters, matches);
            let about = parameters.clone();
            let early = move || _ = Report::interrupted_early().about(about.clone()).write(output);
            let report = run(Hangup::Ends, early, async |signals| {
                call::run(operation, matches, signals).await
            })
            .unwrap_or_else(|mistake| Report::mistake(&mistake));
            report.about(parameters).write(output)
        }
        None => ExitCode::from(2),
    }
}

/// Whether it is a verb of our own, beside those of the operation that is delivered.
fn is_own(noun: &str, matches: &clap::ArgMatches, verb: &str, operations: &[Operation]) -> bool {
    matches.subcommand_name() == Some(verb) && operations.iter().any(|it| it.is_delivered && it.noun == noun)
}

/// Runs a command to its end. Until it takes signals itself, one ends it with nothing under way, after `early`.
fn run<T>(
    hangup: Hangup,
    early: impl Fn() + Send + 'static,
    command: impl AsyncFnOnce(&Signals) -> Result<T, Mistake>,
) -> Result<T, Mistake> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        let signals = Signals::listen(hangup, move || {
            password::show_again();
            early();
        });
        command(&signals).await
    });
    // Whatever still runs was interrupted, and is not waited for.
    runtime.shutdown_background();
    result
}

/// What clap refused, or was asked to show.
fn usage(error: &clap::Error, operations: &[Operation]) -> ExitCode {
    let is_mistake = !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wants_json = arguments.iter().any(|it| it == "--output=json")
        || arguments.windows(2).any(|it| it[0] == "--output" && it[1] == "json");
    if !is_mistake || !wants_json {
        let _ = error.print();
        return ExitCode::from(if is_mistake { 2 } else { 0 });
    }
    // One object on stdout in every case.
    let mistake = Mistake::new(error);
    let is_delivered = |noun: &str| operations.iter().any(|it| it.is_delivered && it.noun == noun);
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["outbox", deliver::NAME, ..] => deliver::failed(&mistake, Output::Json),
        ["outbox", ..] => outbox::failed(&mistake, Output::Json),
        [noun, arguments::ADD, ..] if is_delivered(noun) => outbox::failed(&mistake, Output::Json),
        [noun, arguments::IMPORT, ..] if is_delivered(noun) => import::failed(&mistake, Output::Json),
        ref arguments => {
            let meant = operations
                .iter()
                .find(|it| arguments.starts_with(&[it.noun.as_str(), it.verb.as_str()]));
            let names = meant.map(|it| call::names(&it.parameters)).unwrap_or_default();
            Report::mistake(&mistake).about(names).write(Output::Json)
        }
    }
}

/// This command's own events, on stderr. Nothing of the HTTP library: it may log headers.
fn log(verbose: bool) {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;
    if verbose {
        let ours = Targets::new().with_target("vitec_connect", LevelFilter::DEBUG);
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(print::Lines::default)
            // Of a line that cannot be written it would tell by `eprintln!`.
            .log_internal_errors(false)
            .with_ansi(false);
        tracing_subscriber::registry().with(lines).with(ours).init();
    }
}

fn print(bytes: &[u8]) -> ExitCode {
    match print::listed(bytes) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => Report::mistake(&error.into()).write(Output::Text),
    }
}
