//! `loan-promise import`: a file of rows, through an outbox that loses nothing.

mod arguments;
mod progress;
mod report_file;
mod summary;
mod written;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::ArgMatches;
use vitec_connect::{Client, MediaType, RetryPolicy};
use vitec_connect_outbox::{
    Address, Batch, DeliverOptions, End, Error, ErrorKind, Outbox, ReadOptions, RowReader, Tally,
};
use vitec_connect_sandbox::Sandbox;

pub(crate) use self::arguments::arguments;
use self::progress::Shown;
use self::report_file::{Destination, Needed};
use self::summary::Summary;
use crate::credentials::files;
use crate::deliver;
use crate::outbox::{named, ready, said_place, waits_for_release};
use crate::print::say;
use crate::report::{Mistake, Output, chain, output};
use crate::settings;
use crate::signals::Signals;

/// Runs the import; the exit status is that of the worst row. Whatever fails after the first row was read is told, and
/// changes nothing of that.
pub(crate) async fn run(matches: &ArgMatches, signals: &Signals) -> Result<u8, Mistake> {
    // Every option is looked at before the first row is read.
    let is_dry = matches.get_flag("dry-run");
    let input = matches.get_one::<String>("file").map_or("-", String::as_str);
    if input == "-" && matches.get_flag("password-stdin") {
        return Err(Mistake::new(
            "stdin cannot be both the rows (-) and the password (--password-stdin)",
        ));
    }
    let is_xml = settings::media_type(matches)? == MediaType::Xml;
    let options = deliver::options(matches);
    let sandbox = match matches.get_flag("sandbox") && !is_dry {
        true => Some(Sandbox::start().await?),
        false => None,
    };
    // A sandbox is gone when this ends, and so may its outbox be; kept until then.
    let temporary = match (matches.get_flag("sandbox"), matches.get_one::<String>("outbox")) {
        (true, None) => Some(tempfile::tempdir()?),
        _ => None,
    };
    let place = match &temporary {
        Some(folder) => folder.path().join("outbox.db").to_string_lossy().into_owned(),
        None if is_dry => named(matches)?,
        None => ready(matches)?,
    };
    let report = destination(matches, input, &place)?;
    // The outbox slows down and tries again by itself.
    let client = settings::builder(matches, sandbox.as_ref())?
        .retry(RetryPolicy::none())
        .build()?;
    let file = open(input)?;
    let outbox = opened(&place, &client, is_dry).await?;

    signals.take().await; // From here on a signal ends the run in good order.
    let mut import = Import {
        batch: Batch::new()?,
        error: None,
    };
    let read = ReadOptions::default().xml(is_xml);
    let reader = tokio::task::spawn_blocking(move || RowReader::new(file, &read));
    let reader = tokio::select! {
        reader = reader => Some(reader??),
        () = signals.received() => None,
    };
    match (reader, &outbox) {
        (None, _) => import.batch.interrupted(),
        (Some(reader), Ok(outbox)) => {
            let stored = import.batch.import(outbox, reader, signals.received(), bad).await;
            // What was read before the file ended early is stored, and is sent.
            let goes_on = stored.as_ref().err().is_none_or(|it| it.kind() == ErrorKind::Input);
            import.note(stored);
            // A dry run has heard by now what would become of each row.
            if !is_dry {
                if goes_on && !import.batch.is_interrupted() {
                    import.deliver(outbox, &client, &options, signals).await;
                }
                import.purge(outbox, matches, signals).await;
            }
        }
        (Some(reader), Err(unreachable)) => {
            import.failed(&chain(unreachable));
            let why = format!("not tried: {unreachable}");
            let read = import.batch.import_nowhere(&why, reader, signals.received(), bad).await;
            import.note(read);
        }
    }

    import.told_others();
    import.told_held(matches);
    for note in sandbox.iter().flat_map(Sandbox::received).flat_map(|it| it.notes) {
        say(&format!("note: {}: {}", note.member, note.message));
    }
    let tally = import.batch.tally(outbox.as_ref().ok()).await;
    let exit = match is_dry {
        true if tally.interrupted => 130,
        true if outbox.is_err() => 5,
        true if tally.bad > 0 => 2,
        true => 0,
        false => tally.exit_status(),
    };
    import.end(report, &tally, is_dry, output(matches), signals).await;
    Ok(exit)
}

/// What could not even begin: on stderr, and as one object where one is asked for.
pub(crate) fn failed(mistake: &Mistake, output: Output) -> ExitCode {
    say(&format!("error: {mistake}"));
    if output == Output::Json {
        // Where stdout cannot be written, the exit status still tells.
        let _ = Summary::new(&Tally::default(), true, Some(mistake.to_string())).write(output, false);
    }
    ExitCode::from(2)
}

struct Import {
    batch: Batch,
    /// The first thing that failed, beside the rows themselves.
    error: Option<String>,
}

impl Import {
    fn failed(&mut self, what: &str) {
        failure(&mut self.error, what);
    }

    fn note(&mut self, done: Result<(), Error>) {
        if let Err(error) = done {
            self.failed(&chain(&error));
        }
    }

    async fn deliver(&mut self, outbox: &Outbox, client: &Client, options: &DeliverOptions, signals: &Signals) {
        let mut shown = Shown::new();
        let delivery = self
            .batch
            .deliver(outbox, client, options, in_order(signals), |event, progress| {
                shown.event(&event, progress);
            });
        let ended = tokio::select! {
            ended = delivery => Some(ended),
            () = signals.received_again() => None,
        };
        shown.finish();
        match ended {
            Some(Ok(End::GaveUp(why))) => self.failed(&why),
            Some(Ok(End::Database(error)) | Err(error)) => self.failed(&chain(&error)),
            Some(Ok(_)) => {}
            None => {
                self.failed("broken off: what was under way may have been created");
                self.batch.broken_off(outbox).await;
            }
        }
    }

    /// Removes what may be personal from rows that were finished long ago. It can wait, and does so at a signal.
    async fn purge(&mut self, outbox: &Outbox, matches: &ArgMatches, signals: &Signals) {
        let Some(keep) = matches.get_one::<Duration>("keep") else {
            return;
        };
        if self.batch.is_interrupted() || self.error.is_some() {
            return;
        }
        tokio::select! {
            purged = outbox.purge(*keep) => self.note(purged.map(|_| ())),
            () = signals.received() => {}
        }
    }

    /// What else was delivered, in one line.
    fn told_others(&self) {
        let others = self.batch.others();
        if others.total() > 0 {
            say(&format!(
                "rows of other files were delivered too: accepted {}, rejected {}, unknown {}",
                others.accepted, others.rejected, others.unknown
            ));
        }
    }

    /// Who has to be released by a person, with the command that does it.
    fn told_held(&mut self, matches: &ArgMatches) {
        match self.batch.held() {
            Ok(held) => held.into_iter().for_each(|held| say(&waits_for_release(held, matches))),
            Err(error) => failure(&mut self.error, &chain(&error)),
        }
    }

    async fn end(mut self, report: Destination, tally: &Tally, is_dry: bool, output: Output, signals: &Signals) {
        if let Some(error) = self.batch.broken() {
            let error = format!("{}; the numbers are those of the whole outbox", chain(error));
            self.failed(&error);
        }
        let is_taken = report.has_stdout();
        let (written, is_usable) = written::report(report, self.batch, signals).await;
        if let Err(mistake) = written {
            failure(&mut self.error, &mistake.to_string());
        }
        let summary = Summary::new(tally, is_dry, self.error);
        written::summary(summary, output, is_taken, is_usable, signals).await;
    }
}

/// Something failed; the first thing is kept.
fn failure(first: &mut Option<String>, what: &str) {
    say(&format!("error: {what}"));
    first.get_or_insert_with(|| what.to_owned());
}

/// A row that cannot be sent.
fn bad(row: &str) {
    say(&format!("error: {row}"));
}

/// Where the report goes: none of the files that this import needs.
fn destination(matches: &ArgMatches, input: &str, place: &str) -> Result<Destination, Mistake> {
    let given = matches.get_one::<String>("report").map(String::as_str);
    if given == Some("-") && output(matches) == Output::Json {
        return Err(Mistake::new(
            "stdout cannot be both the report (--report -) and the object (--output json)",
        ));
    }
    let mut needed = Vec::new();
    needed.extend(match input {
        "-" => Needed::stdin("the file of rows"),
        path => Needed::new("the file of rows", Path::new(path)),
    });
    if let Some(path) = place.parse::<Address>()?.path() {
        needed.extend(Needed::outbox(path));
    }
    for (option, what) in [("credentials", "the credentials' file"), ("ca-file", "the --ca-file")] {
        let path = matches.get_one::<String>(option).map(PathBuf::from);
        needed.extend(path.and_then(|path| Needed::new(what, &path)));
    }
    needed.extend(
        files()
            .iter()
            .filter_map(|path| Needed::new("the credentials' file", path)),
    );
    Destination::check(given, &needed)
}

/// The outbox; or why it cannot be reached now, which says nothing against the command.
async fn opened(place: &str, client: &Client, is_dry: bool) -> Result<Result<Outbox, Error>, Mistake> {
    let outbox = match is_dry {
        true => Outbox::open_to_look(place, client.base_url()).await,
        false => Outbox::open(place, Some(client.base_url())).await,
    };
    match outbox {
        Ok(outbox) => {
            if !is_dry {
                said_place(&outbox);
            }
            Ok(Ok(outbox))
        }
        Err(error) => match error.kind() {
            ErrorKind::Gone | ErrorKind::Locked | ErrorKind::Full => Ok(Err(error)),
            _ => Err(error.into()),
        },
    }
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

/// Waits for a signal, and says what follows.
async fn in_order(signals: &Signals) {
    signals.received().await;
    say("ending: what is under way is waited for; once more to break it off");
}
