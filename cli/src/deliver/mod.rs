//! `outbox deliver`: sends what is pending, and ends; or goes on.

mod arguments;
mod beside;
mod follow;
mod log;
mod once;
mod summary;
mod systemd;
mod told;

use std::process::ExitCode;

use clap::ArgMatches;
use serde_json::json;
use vitec_connect::{Client, RetryPolicy};
use vitec_connect_outbox::{Control, DeliverOptions, Error, ErrorKind, Outbox, Sent};

pub(crate) use self::arguments::{NAME, command, follows, options, pace};
use self::log::{Level, Log};
use self::summary::Summary;
use self::told::Counted;
use crate::outbox::{ready, sent};
use crate::print::say;
use crate::report::{Mistake, Output, chain, output};
use crate::settings;
use crate::signals::Signals;

/// What a delivery needs, of either kind.
struct Job<'a> {
    matches: &'a ArgMatches,
    signals: &'a Signals,
    client: Client,
    place: String,
    options: DeliverOptions,
    control: Control,
    log: Log,
    counted: Counted,
}

/// Runs the delivery; the exit status.
pub(crate) async fn run(matches: &ArgMatches, signals: &Signals) -> u8 {
    let (log, output) = (Log::of(matches), output(matches));
    let (exit, summary) = match delivered(matches, signals, log).await {
        Ok(ended) => ended,
        Err(mistake) => {
            log.tell(Level::Error, "failed", &mistake.to_string(), json!({"exitStatus": 2}));
            if output == Output::Json {
                Summary::of(&mistake).write(output, signals).await;
            }
            return 2;
        }
    };
    let what = format!("ended: {summary}");
    let fields = json!({"accepted": summary.accepted, "rejected": summary.rejected, "unknown": summary.unknown,
        "pending": summary.pending, "exitStatus": exit});
    match follows(matches) {
        true => log.tell(Level::Info, "ended", &what, fields),
        // A person reads it on stdout.
        false => log.note(Level::Info, "ended", Some(&what), fields),
    }
    summary.write(output, signals).await;
    exit
}

async fn delivered(matches: &ArgMatches, signals: &Signals, log: Log) -> Result<(u8, Summary), Mistake> {
    let (client, source) = settings::with_source(matches)?;
    let job = Job {
        matches,
        signals,
        // The outbox slows down and tries again by itself.
        client: client.retry(RetryPolicy::none()).build()?,
        place: ready(matches)?,
        options: options(matches),
        control: Control::default(),
        log,
        counted: Counted::default(),
    };
    match follows(matches) {
        true => job.follow(source).await,
        false => job.once().await,
    }
}

/// What could not even begin: on stderr, and as one object where one is asked for.
pub(crate) fn failed(mistake: &Mistake, output: Output) -> ExitCode {
    say(&format!("error: {mistake}"));
    if output == Output::Json {
        // Where stdout cannot be written, the exit status still tells.
        let _ = Summary::of(mistake).print(output);
    }
    ExitCode::from(2)
}

impl Job<'_> {
    fn started(&self, outbox: &Outbox) {
        let (place, base_url) = (outbox.place(), self.client.base_url());
        let poll = self.poll();
        let poll = follows(self.matches).then(|| humantime::format_duration(poll).to_string());
        let looks = poll.as_deref().map_or(String::new(), |poll| format!(", poll {poll}"));
        self.log.tell(
            Level::Info,
            "started",
            &format!("started: outbox {place}, base URL {base_url}{looks}"),
            json!({"outbox": place, "baseUrl": base_url, "poll": poll, "version": env!("CARGO_PKG_VERSION")}),
        );
    }

    /// Waits for a signal, and says what follows.
    async fn in_order(&self) {
        self.signals.received().await;
        systemd::stopping();
        let what = "ending: what is under way is waited for; once more to break it off";
        self.log.tell(Level::Info, "ending", what, json!({}));
    }

    /// Something failed that is no row.
    fn failed(&self, error: &Error) -> String {
        let what = chain(error);
        self.log.tell(Level::Error, "failed", &what, json!({}));
        what
    }

    /// After a second signal: what was under way. How many rows it is.
    fn broken_off(&self) -> u64 {
        let rows = self.control.under_way();
        let names: Vec<String> = rows.iter().map(ToString::to_string).collect();
        let what = match rows.is_empty() {
            true => "broken off, with nothing under way".to_owned(),
            false => format!(
                "broken off: unknown, as they were under way and may have been created, are rows {}. Look in Vitec, then: \
                 vitec-connect outbox resolve {} --as accepted|not-sent",
                names.join(", "),
                names.join(",")
            ),
        };
        let level = if rows.is_empty() { Level::Info } else { Level::Error };
        self.log.tell(level, "broken-off", &what, json!({"rows": rows}));
        rows.len() as u64
    }

    /// Results that the outbox does not know. How many there are.
    fn unrecorded(&self, unrecorded: &[Sent]) -> u64 {
        for row in unrecorded {
            let what = format!(
                "the database failed before the result was recorded, and the row becomes unknown; the result is: {}",
                sent(row)
            );
            let fields = json!({"row": row.id, "reference": row.reference, "state": row.state.as_str()});
            self.log.tell(Level::Error, "unrecorded", &what, fields);
        }
        unrecorded.len() as u64
    }
}

/// The exit status where a delivery could not begin, or ended by what the outbox says.
fn exit_of(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::History => 6,
        kind if kind.may_pass() => 5,
        _ => 2,
    }
}
