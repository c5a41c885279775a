//! How the import is asked for on the command line, beside what `create` has too.

use std::time::Duration;

use clap::{Arg, ArgAction};
use vitec_connect_outbox::Delivered;

/// Longer than any file of loan promises, and still a number of days that every database can take.
const LONGEST_KEEP: Duration = Duration::from_secs(1000 * 366 * 24 * 60 * 60);

/// The columns that a row cannot do without.
fn needed() -> String {
    let delivered = Delivered::operation();
    let columns = delivered.map(|it| [vec![it.customer()], it.parameters()].concat());
    columns.unwrap_or_default().join(", ")
}

pub(crate) fn arguments() -> Vec<Arg> {
    vec![
        Arg::new("file")
            .value_name("FILE")
            .required(true)
            .help(format!("CSV or NDJSON with the columns {}, the members of the body, and perhaps reference; `-` is stdin", needed())),
        crate::outbox::place_argument(),
        Arg::new("concurrency")
            .long("concurrency")
            .value_name("CALLS")
            .default_value("4")
            .value_parser(|text: &str| match text.parse::<usize>() {
                Ok(calls @ 1..=1024) => Ok(calls),
                _ => Err("from 1 to 1024 calls at a time"),
            })
            .help("How many calls are under way at a time"),
        Arg::new("rate").long("rate").value_name("RATE").value_parser(rate).help("At most so many calls, as in 10/s [default: unlimited]"),
        Arg::new("retry-unknown")
            .long("retry-unknown")
            .action(ArgAction::SetTrue)
            .help("Send rows with an unknown outcome again; each may be created a second time"),
        Arg::new("report")
            .long("report")
            .value_name("FILE")
            .help("What became of each row of the file, as CSV, written when the run ends; `-` is stdout, and the summary goes to stderr"),
        Arg::new("keep")
            .long("keep")
            .value_name("TIME")
            .default_value("30d")
            .value_parser(keep)
            .help("How long the payloads of finished rows are kept"),
    ]
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
