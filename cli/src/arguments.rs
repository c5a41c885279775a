//! The command line, made from the document: a command for each operation, a flag for each member of its body.

use std::time::Duration;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgGroup, Command, value_parser};

use crate::document::{Flag, FlagKind, Operation};
use crate::report::EXIT_STATUSES;

pub(crate) const CREDENTIALS: &str = "\
Credentials never come from an argument. The first of these counts:
  a file with each customer's, named by --credentials;
  VITEC_CONNECT_USERNAME with VITEC_CONNECT_PASSWORD, VITEC_CONNECT_PASSWORD_FILE or --password-stdin;
  VITEC_CONNECT_BASIC or VITEC_CONNECT_BASIC_FILE: the base64 string that the portal shows.
A _FILE is the path of a file that only its owner can read; its first line counts. In systemd's CREDENTIALS_DIRECTORY
offices.toml, vitec-connect.password and vitec-connect.basic serve as the files of --credentials (unless
--password-stdin is given) and of these variables. Of a variable and its file only one may be there.
VITEC_CONNECT_BASE_URL replaces the base URL.";

const WORST_ROW: &str = "\
The exit status is that of the worst row of the file, whatever else fails: 2 says that some rows are bad and none is
worse, 5 that rows are still to be sent, 6 also that another process has rows under way. 130 after a signal, where rows
are still to be sent.";

/// The flags of a body together: no flag, but a name like one.
const MEMBERS: &str = "members";

/// What a file is imported with: a verb beside those of the operation that the document marks to be delivered.
pub(crate) const IMPORT: &str = "import";

/// What stores one row in the outbox, and sends nothing: another such verb.
pub(crate) const ADD: &str = "add";

/// The whole command line.
pub(crate) fn command(operations: &[Operation]) -> Command {
    let mut nouns: Vec<Command> = Vec::new();
    for operation in operations {
        let call = call(operation);
        match nouns.iter().position(|it| it.get_name() == operation.noun) {
            Some(index) => {
                let noun = nouns.remove(index);
                nouns.insert(index, noun.subcommand(call));
            }
            None => nouns.push(
                Command::new(operation.noun.clone())
                    .about(format!("Operations on a {}", operation.noun.replace('-', " ")))
                    .subcommand_required(true)
                    .arg_required_else_help(true)
                    .subcommand(call),
            ),
        }
    }
    let delivered = operations.iter().find(|it| it.is_delivered);
    let nouns = nouns.into_iter().map(|noun| match delivered {
        Some(operation) if operation.noun == noun.get_name() => noun.subcommand(add(operation)).subcommand(import()),
        _ => noun,
    });
    Command::new("vitec-connect")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Sends loan promises (lånelöften) to Vitec Connect")
        .after_help(EXIT_STATUSES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(nouns)
        .subcommand(crate::outbox::command())
        .subcommand(
            Command::new("sandbox")
                .about("Serves a stand-in for Vitec Connect, with a page to try it, until Ctrl-C")
                .after_help(
                    "User name and password come from VITEC_CONNECT_USERNAME and VITEC_CONNECT_PASSWORD (or its file); without them it is \
                     `partner` with a random password, which is shown.",
                )
                .arg(
                    Arg::new("listen")
                        .long("listen")
                        .value_name("ADDRESS")
                        .help("Where to listen; port 0 takes a free one")
                        .default_value("127.0.0.1:8080")
                        .value_parser(value_parser!(std::net::SocketAddr)),
                ),
        )
        .subcommand(
            Command::new("spec").about("Prints the OpenAPI document").arg(
                Arg::new("json").long("json").help("As JSON instead of YAML").action(ArgAction::SetTrue),
            ),
        )
        .subcommand(
            Command::new("completions").about("Prints a completion script for a shell").arg(
                Arg::new("shell").value_name("SHELL").required(true).value_parser(value_parser!(clap_complete::Shell)),
            ),
        )
}

fn call(operation: &Operation) -> Command {
    let parameters = operation
        .parameters
        .iter()
        .map(|it| flag(it, "Parameters").required(it.required));
    let command = Command::new(operation.verb.clone())
        .about(operation.summary.clone())
        .after_help(format!("{CREDENTIALS}\n\n{EXIT_STATUSES}"))
        .args(parameters);
    with_body(command, operation).args(settings())
}

fn with_body(command: Command, operation: &Operation) -> Command {
    let Some(body) = &operation.body else {
        return command;
    };
    let members = body.members.iter().filter(|it| it.kind != FlagKind::Nested);
    let flags: Vec<String> = members.clone().map(|it| it.flag.clone()).collect();
    command
        .args(members.map(|it| flag(it, "Body")))
        .arg(
            option("input", "FILE")
                .help("The body as JSON or XML from a file, or from stdin with `-`, instead of flags")
                .help_heading("Body"),
        )
        .group(
            ArgGroup::new(MEMBERS)
                .args(flags)
                .multiple(true)
                .conflicts_with("input"),
        )
}

fn add(operation: &Operation) -> Command {
    let parameters = crate::add::parameters(operation);
    let command = Command::new(ADD)
        .about("Stores one loan promise in an outbox, durably, and sends nothing: `outbox deliver` does")
        .after_help(crate::add::HELP)
        .args(parameters.map(|it| flag(it, "Parameters").required(true)));
    with_body(command, operation).args(add_settings())
}

fn add_settings() -> [Arg; 4] {
    [
        option("reference", "R")
            .help("Your own reference: the same again stores nothing twice [default: the content counts]"),
        crate::outbox::place_argument(),
        base_url(),
        output().help("What stands on stdout: the row's number alone, or one object"),
    ]
}

fn import() -> Command {
    Command::new(IMPORT)
        .about("Sends many loan promises from a file, through an outbox that loses nothing and sends nothing twice")
        .after_help(format!("{CREDENTIALS}\n\n{EXIT_STATUSES}\n{WORST_ROW}"))
        .args(crate::import::arguments())
        .args(settings())
}

fn flag(field: &Flag, heading: &'static str) -> Arg {
    let value_name = match field.kind {
        FlagKind::DateTime => "DATE",
        FlagKind::Name => "NAME",
        FlagKind::Number => "NUMBER",
        FlagKind::Boolean => "true|false",
        FlagKind::Text | FlagKind::Nested => "TEXT",
    };
    Arg::new(field.flag.clone())
        .long(field.flag.clone())
        .value_name(value_name)
        .help(field.help.clone())
        .help_heading(heading)
        .action(if field.is_list {
            ArgAction::Append
        } else {
            ArgAction::Set
        })
        .allow_hyphen_values(true)
}

fn option(name: &'static str, value_name: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value_name)
}

/// The flags that the commands for an operation have whatever the operation.
pub(crate) fn own_flags(is_delivered: bool) -> Vec<String> {
    let mut settings = settings();
    if is_delivered {
        settings.extend(add_settings());
    }
    let longs = settings.iter().filter_map(Arg::get_long);
    let others = ["help", "input", MEMBERS];
    longs.chain(others).map(str::to_owned).collect()
}

/// For every command that calls.
pub(crate) fn credentials() -> Arg {
    option("credentials", "FILE").help(
        "Each customer's user name and password, in TOML: [M30011] username = \"…\" password = \"…\"; readable by its owner only",
    )
}

pub(crate) fn base_url() -> Arg {
    option("base-url", "URL").help("Where to send it instead of Vitec Connect itself")
}

pub(crate) fn output() -> Arg {
    option("output", "OUTPUT")
        .value_parser(["text", "json"])
        .default_value("text")
}

/// How a client sends: for every command that calls.
pub(crate) fn transport() -> [Arg; 4] {
    let seconds = ValueParser::from(|text: &str| match humantime::parse_duration(text) {
        Ok(time) if time > Duration::ZERO => Ok(time),
        Ok(_) => Err("must be longer than nothing".to_owned()),
        Err(error) => Err(format!("{error}; as in 60s or 2m")),
    });
    [
        option("format", "FORMAT")
            .help("How the body is sent")
            .value_parser(["json", "xml"])
            .default_value("json"),
        option("timeout", "TIME")
            .help("How long the whole call may take [default: 60s]")
            .value_parser(seconds),
        option("proxy", "URL")
            .help("Go through this proxy (http, https, socks5 or socks5h), or through the `system`'s"),
        Arg::new("ca-file")
            .long("ca-file")
            .value_name("PEM")
            .help("Trust these root certificates too"),
    ]
}

fn settings() -> Vec<Arg> {
    let [format, timeout, proxy, ca_file] = transport();
    vec![
        format,
        base_url().conflicts_with("sandbox"),
        option("sandbox", "")
            .action(ArgAction::SetTrue)
            .help("Send it to an embedded sandbox; no account needed"),
        Arg::new("dry-run")
            .long("dry-run")
            .action(ArgAction::SetTrue)
            .help("Send nothing; print the whole HTTP request; no credentials needed"),
        output().help("What stands on stdout: the answered string alone, or one object in every case"),
        timeout,
        proxy,
        ca_file,
        credentials(),
        Arg::new("password-stdin")
            .long("password-stdin")
            .conflicts_with("credentials")
            .action(ArgAction::SetTrue)
            .help("Read the password from the first line of stdin; asks for it at a terminal"),
        Arg::new("verbose")
            .short('v')
            .long("verbose")
            .action(ArgAction::SetTrue)
            .help("Say what happens, on stderr"),
    ]
}
