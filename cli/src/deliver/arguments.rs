//! How a delivery is asked for on the command line.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use vitec_connect_outbox::DeliverOptions;

use crate::arguments::{CREDENTIALS, base_url, credentials, output, transport};

pub(crate) const NAME: &str = "deliver";

/// Longer than any file of loan promises, and still a number of days that every database can take.
const LONGEST_KEEP: Duration = Duration::from_secs(1000 * 366 * 24 * 60 * 60);

const EXIT_STATUSES: &str = "\
Exit status: that of the worst row that it delivered.
  0    nothing is left to be sent. With --follow: a signal ended it, and nothing is unknown
  2    usage, missing credentials, or an outbox that is for another server: nothing was sent
  3    rows were rejected by the server
  4    rows wait, and each of them only because its customer is held or has no credentials
  5    rows are still to be sent, or the outbox cannot be reached
  6    rows are unknown: they may have been created. Or the database went back in time
  130  a signal ended it, nothing is under way, and rows are still to be sent
With --follow SIGHUP reads the credentials again, SIGINT and SIGTERM end it: what is under way is waited for, and a second
signal breaks it off.";

pub(crate) fn command() -> Command {
    let [format, timeout, proxy, ca_file] = transport();
    Command::new(NAME)
        .about("Sends what is pending, and ends; or goes on, as a service")
        .after_help(format!("{CREDENTIALS}\n\n{EXIT_STATUSES}"))
        .arg(
            Arg::new("follow")
                .long("follow")
                .action(ArgAction::SetTrue)
                .help("Go on, and send what is stored from now on, until a signal"),
        )
        .arg(
            Arg::new("poll")
                .long("poll")
                .value_name("TIME")
                .requires("follow")
                .value_parser(|text: &str| match humantime::parse_duration(text) {
                    Ok(time) if (Duration::from_millis(10)..=Duration::from_secs(3600)).contains(&time) => Ok(time),
                    Ok(_) => Err("from 10ms to 1h".to_owned()),
                    Err(error) => Err(format!("{error}; as in 1s")),
                })
                .help("How often it is looked for new rows [default: 1s]"),
        )
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDRESS")
                .requires("follow")
                .num_args(0..=1)
                .default_missing_value("127.0.0.1:9464")
                .value_parser(value_parser!(SocketAddr))
                .help("Serve metrics, health and a page for the operator; 127.0.0.1:9464 without an address"),
        )
        .args(pace())
        .arg(credentials())
        .args([format, timeout, proxy, ca_file])
        .arg(output().help("What stands on stdout at the end: one line, or one object"))
        .arg(
            Arg::new("log")
                .long("log")
                .value_name("LOG")
                .value_parser(["text", "json"])
                .default_value("text")
                .help("What stands on stderr: lines for a person, or one JSON object a line, with each call"),
        )
        .arg(crate::outbox::place_argument())
        .arg(base_url())
}

/// Whether it is to go on.
pub(crate) fn follows(matches: &ArgMatches) -> bool {
    matches.get_flag("follow")
}

/// What every delivery can be told.
pub(crate) fn pace() -> [Arg; 4] {
    [
        Arg::new("concurrency")
            .long("concurrency")
            .value_name("CALLS")
            .default_value("4")
            .value_parser(|text: &str| match text.parse::<usize>() {
                Ok(calls @ 1..=1024) => Ok(calls),
                _ => Err("from 1 to 1024 calls at a time"),
            })
            .help("How many calls are under way at a time"),
        Arg::new("rate")
            .long("rate")
            .value_name("RATE")
            .value_parser(rate)
            .help("At most so many calls, as in 10/s [default: unlimited]"),
        Arg::new("retry-unknown")
            .long("retry-unknown")
            .action(ArgAction::SetTrue)
            .help("Send rows with an unknown outcome again; each may be created a second time"),
        Arg::new("keep")
            .long("keep")
            .value_name("TIME")
            .default_value("30d")
            .value_parser(keep)
            .help("How long the payloads of finished rows are kept"),
    ]
}

/// What [`pace`] says.
pub(crate) fn options(matches: &ArgMatches) -> DeliverOptions {
    let mut options = DeliverOptions::default().retry_unknown(matches.get_flag("retry-unknown"));
    if let Some(concurrency) = matches.get_one::<usize>("concurrency") {
        options = options.concurrency(*concurrency);
    }
    if let Some(rate) = matches.get_one::<f64>("rate") {
        options = options.rate(*rate);
    }
    options
}

/// `10/s`, `600/m` or `36000/h`, as calls a second.
fn rate(text: &str) -> Result<f64, String> {
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let seconds = match unit {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("a rate is a number of calls a second, minute or hour: 10/s, 600/m, 36000/h".to_owned()),
    };
    let rate = number.parse::<f64>().map(|number| number / seconds);
    match rate {
        Ok(rate) if rate.is_finite() && rate >= 1.0 / 86400.0 => Ok(rate),
        Ok(rate) if rate.is_finite() && rate > 0.0 => Err("less than one call a day is no rate".to_owned()),
        _ => Err("a rate begins with a number above 0, as in 10/s".to_owned()),
    }
}

fn keep(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time <= LONGEST_KEEP => Ok(time),
        Ok(_) => Err("at most 1000y".to_owned()),
        Err(error) => Err(format!("{error}; as in 30d")),
    }
}
