//! `loan-promise import`: a file of rows, through an outbox that loses nothing.

mod progress;
mod report_file;
mod tally;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::ArgMatches;
use vitec_connect::{MediaType, RetryPolicy};
use vitec_connect_outbox::{
    BadRow, DeliverOptions, End, Enqueued, Event, Imported, Outbox, ReadOptions, RowReader, deliver,
};
use vitec_connect_sandbox::Sandbox;

use crate::outbox::{ready, said_place};
use crate::print::{object, say};
use crate::report::{Mistake, Output, chain, output};
use crate::settings;
use crate::signals::Signals;
use progress::Progress;
use report_file::{Line, ReportFile};
use tally::Tally;

/// Runs the import; the exit status is that of the worst row.
pub(crate) async fn run(matches: &ArgMatches, signals: &Signals) -> Result<u8, Mistake> {
    let input = matches.get_one::<String>("file").map_or("-", String::as_str);
    if input == "-" && matches.get_flag("password-stdin") {
        return Err(Mistake::new(
            "stdin cannot be both the rows (-) and the password (--password-stdin)",
        ));
    }
    let is_xml = settings::media_type(matches)? == MediaType::Xml;
    let reader = RowReader::new(open(input)?, &ReadOptions::default().xml(is_xml))?;
    let mut report = ReportFile::create(matches.get_one::<String>("report").map(Path::new))?;
    let mut tally = Tally::new(matches.get_flag("retry-unknown"));
    if matches.get_flag("dry-run") {
        check(reader, &mut tally, &mut report)?;
        tally.write(output(matches))?;
        report.finish()?;
        return Ok(tally.exit());
    }

    let sandbox = match matches.get_flag("sandbox") {
        true => Some(Sandbox::start().await?),
        false => None,
    };
    // The outbox slows down and tries again by itself.
    let client = settings::builder(matches, sandbox.as_ref())?
        .retry(RetryPolicy::none())
        .build()?;
    // A sandbox is gone when this ends, and so may its outbox be; kept until then.
    let temporary = match (&sandbox, matches.get_one::<String>("outbox")) {
        (Some(_), None) => Some(tempfile::tempdir()?),
        _ => None,
    };
    let place = match &temporary {
        Some(folder) => folder.path().join("outbox.db").to_string_lossy().into_owned(),
        None => ready(matches)?,
    };
    let outbox = Outbox::open(&place, Some(client.base_url())).await?;
    said_place(&outbox);

    let stored = vitec_connect_outbox::import(&outbox, reader, |row| match row {
        Imported::Bad(bad) => refused(bad, &mut tally, &mut report),
        Imported::Row {
            line,
            reference,
            enqueued,
        } => known(line, reference, &enqueued, &mut tally, &mut report),
        _ => {}
    })
    .await;
    // What was read before the file ended early is stored, and is sent.
    let unread = stored.err();
    if let Some(error) = &unread {
        tally.bad += 1;
        say(&format!("error: {}", chain(error)));
    }

    signals.take().await; // From here on a signal ends the delivery in good order.
    let mut progress = Progress::new(outbox.counts().await?.pending);
    let options = deliver_options(matches);
    let summary = deliver(&outbox, &client, &options, in_order(signals), |event| match event {
        Event::Row(row) => {
            tally.row(row);
            report.add(&Line::sent(row));
            progress.row(row);
        }
        Event::Pause(pause, why) => progress.say(&format!("waiting {:.1} s: {why}", pause.as_secs_f64())),
        Event::CustomerStopped(customer, why) => {
            progress.say(&format!(
                "customer {customer} is left out for the rest of this run: {why}"
            ));
        }
        Event::Database(error) => progress.say(&chain(error)),
        _ => {}
    })
    .await?;
    progress.finish();

    tally.end(&summary, outbox.counts().await?.pending);
    match &summary.end {
        End::GaveUp(why) => say(&format!("error: {why}")),
        End::Database(error) => say(&format!("error: {}", chain(error))),
        _ => {}
    }
    if let Some(keep) = matches.get_one::<Duration>("keep") {
        outbox.purge(*keep).await?;
    }
    for note in sandbox.iter().flat_map(Sandbox::received).flat_map(|it| it.notes) {
        say(&format!("note: {}: {}", note.member, note.message));
    }
    report.finish()?;
    tally.write(output(matches))?;
    Ok(tally.exit())
}

fn open(input: &str) -> Result<Box<dyn Read + Send>, Mistake> {
    match input {
        "-" => Ok(Box::new(io::stdin())),
        path => match File::open(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(Mistake::new(format!("{path} cannot be read: {error}"))),
        },
    }
}

/// A dry run: every row is read and checked, and nothing else happens.
fn check(mut reader: RowReader, tally: &mut Tally, report: &mut ReportFile) -> Result<(), Mistake> {
    while let Some(row) = reader.next_row()? {
        match row {
            Ok(_) => tally.checked += 1,
            Err(bad) => refused(&bad, tally, report),
        }
    }
    Ok(())
}

fn refused(bad: &BadRow, tally: &mut Tally, report: &mut ReportFile) {
    tally.bad += 1;
    report.add(&Line::bad(bad));
    say(&format!("error: {bad}"));
}

fn known(line: u64, reference: Option<&str>, enqueued: &Enqueued, tally: &mut Tally, report: &mut ReportFile) {
    match enqueued {
        Enqueued::Known(id, state) => {
            tally.known(*state);
            report.add(&Line::known(line, reference, *id, *state));
        }
        Enqueued::OtherContent(id) => {
            let reference = reference.unwrap_or_default();
            let why = format!("the reference {reference:?} is row {id} already, with other content");
            tally.bad += 1;
            report.add(&Line::other_content(line, reference, &why));
            say(&format!("error: line {line}: {why}"));
        }
        _ => {}
    }
}

fn deliver_options(matches: &ArgMatches) -> DeliverOptions {
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
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let seconds = match unit {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err("a rate is a number of calls a second, minute or hour: 10/s, 600/m, 36000/h".to_owned()),
    };
    match number.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number / seconds),
        _ => Err("a rate begins with a number above 0, as in 10/s".to_owned()),
    }
}

/// How the import is asked for on the command line, beside what `create` has too.
pub(crate) fn arguments() -> Vec<clap::Arg> {
    use clap::{Arg, ArgAction};
    vec![
        Arg::new("file")
            .value_name("FILE")
            .required(true)
            .help("CSV or NDJSON with the columns customerId, contactId, the members of a loan promise, and perhaps reference; `-` is stdin"),
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
        Arg::new("credentials")
            .long("credentials")
            .value_name("FILE")
            .help("Each customer's user name and password, in TOML: [M30011] username = \"…\" password = \"…\"; readable by its owner only"),
        Arg::new("retry-unknown")
            .long("retry-unknown")
            .action(ArgAction::SetTrue)
            .help("Send rows with an unknown outcome again; each may be created a second time"),
        Arg::new("report").long("report").value_name("FILE").help("What became of each row, as CSV"),
        Arg::new("keep")
            .long("keep")
            .value_name("TIME")
            .default_value("30d")
            .value_parser(|text: &str| {
                humantime::parse_duration(text).map_err(|error| format!("{error}; as in 30d"))
            })
            .help("How long the payloads of finished rows are kept"),
    ]
}

/// Waits for a signal. What is under way is waited for then; a second one breaks it off.
async fn in_order(signals: &Signals) {
    signals.received().await;
    say("ending: what is under way is waited for; once more to break it off");
    let signals = signals.clone();
    tokio::spawn(async move {
        signals.received_again().await;
        std::process::exit(6); // What was under way is unknown, and the outbox says so at its next start.
    });
}

/// What could not even begin: on stderr, and as one object where one is asked for.
pub(crate) fn failed(mistake: &Mistake, output: Output) -> ExitCode {
    say(&format!("error: {mistake}"));
    if output == Output::Json {
        // Where stdout cannot be written, the exit status still tells.
        let _ = object(&Tally::default());
    }
    ExitCode::from(2)
}
