//! The command `vitec-connect`. `vitec-connect --help` says what it does.

mod arguments;
mod body;
mod call;
mod document;
mod import;
mod offices;
mod operations;
mod outbox;
mod report;
mod sandbox;
mod settings;
mod signals;

use std::io::Write;
use std::process::ExitCode;

use clap::error::ErrorKind;
use report::{Mistake, Output, Report, output};
use tokio::task::AbortHandle;

fn main() -> ExitCode {
    let operations = match document::operations() {
        Ok(operations) => operations,
        Err(error) => return Report::mistake(&error.into()).write(Output::Text),
    };
    let mut command = arguments::command(&operations);
    let matches = match command.try_get_matches_from_mut(std::env::args_os()) {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
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
            match run(async |early| sandbox::run(matches, early).await) {
                Ok(()) => ExitCode::SUCCESS,
                Err(mistake) => Report::mistake(&mistake).write(Output::Text),
            }
        }
        Some(("outbox", matches)) => ended(run(async |_| outbox::run(matches).await)),
        Some((arguments::LOAN_PROMISE, matches)) if matches.subcommand_name() == Some("import") => {
            let matches = matches.subcommand_matches("import").unwrap_or(matches);
            log(matches.get_flag("verbose"));
            ended(run(async |early| import::run(matches, early).await))
        }
        Some((noun, matches)) => {
            let (verb, matches) = matches.subcommand().unwrap_or(("", matches));
            let Some(operation) = operations.into_iter().find(|it| it.noun == noun && it.verb == verb) else {
                return Report::mistake(&Mistake::new("no such operation")).write(Output::Text);
            };
            log(matches.get_flag("verbose"));
            let report = run(async |early| call::run(operation, matches, early).await)
                .unwrap_or_else(|mistake| Report::mistake(&mistake));
            report.write(output(matches))
        }
        None => ExitCode::from(2),
    }
}

fn ended(exit: Result<u8, Mistake>) -> ExitCode {
    match exit {
        Ok(exit) => ExitCode::from(exit),
        Err(mistake) => Report::mistake(&mistake).write(Output::Text),
    }
}

/// Runs a command to its end. Until it takes care of signals itself, one ends it with nothing under way.
fn run<T>(command: impl AsyncFnOnce(AbortHandle) -> Result<T, Mistake>) -> Result<T, Mistake> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let early = runtime.spawn(async {
        signals::Signals::listen().received().await;
        std::process::exit(130);
    });
    let result = runtime.block_on(command(early.abort_handle()));
    // Whatever still runs was interrupted, and is not waited for.
    runtime.shutdown_background();
    result
}

/// What clap refused, or was asked to show.
fn usage(error: &clap::Error) -> ExitCode {
    let is_mistake = !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let arguments: Vec<String> = std::env::args().collect();
    let wants_json = arguments.iter().any(|it| it == "--output=json")
        || arguments.windows(2).any(|it| it[0] == "--output" && it[1] == "json");
    if is_mistake && wants_json {
        // One object on stdout in every case.
        return Report::mistake(&Mistake::new(error)).write(Output::Json);
    }
    let _ = error.print();
    ExitCode::from(if is_mistake { 2 } else { 0 })
}

/// This command's own events, on stderr. Nothing of the HTTP library: it may log headers.
fn log(verbose: bool) {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;
    if verbose {
        let ours = Targets::new().with_target("vitec_connect", LevelFilter::DEBUG);
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false);
        tracing_subscriber::registry().with(lines).with(ours).init();
    }
}

fn print(bytes: &[u8]) -> ExitCode {
    match std::io::stdout()
        .write_all(bytes)
        .and_then(|()| std::io::stdout().flush())
    {
        Ok(()) => ExitCode::SUCCESS,
        // `| head` closes early, and that is no mistake.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => Report::mistake(&error.into()).write(Output::Text),
    }
}
