//! What a run writes when it ends can wait for a reader for ever, in a pipe: a signal ends the wait.

use std::io;
use std::sync::Arc;

use vitec_connect_outbox::Batch;

use super::report_file::Destination;
use super::summary::Summary;
use crate::print::say;
use crate::report::{Mistake, Output};
use crate::signals::Signals;

/// Writes the report; whether stdout can still be used.
pub(super) async fn report(
    destination: Destination,
    mut batch: Batch,
    signals: &Signals,
) -> (Result<(), Mistake>, bool) {
    let Some(to) = destination.name() else {
        return (Ok(()), true);
    };
    let (may_wait, is_stdout) = (destination.may_wait(), destination.is_stdout());
    let written = signals
        .unless_another(may_wait, move || destination.write(&mut batch))
        .await;
    match written {
        Some(written) => (written, true),
        None => {
            let mistake = format!(
                "the report could not be written to {to}: a signal came while nobody read it. The same command writes it."
            );
            (Err(Mistake::new(mistake)), !is_stdout)
        }
    }
}

/// Writes the summary on stdout, or on stderr where the report has stdout; where that fails, on stderr.
pub(super) async fn summary(summary: Summary, output: Output, is_taken: bool, is_usable: bool, signals: &Signals) {
    let summary = Arc::new(summary);
    let writing = Arc::clone(&summary);
    let written = match is_usable {
        true => {
            signals
                .unless_another(true, move || writing.write(output, is_taken))
                .await
        }
        false => None,
    };
    let written = written.unwrap_or_else(|| Err(io::Error::other("a signal came while nobody read it")));
    if let Err(error) = written {
        say(&format!("error: stdout cannot be written: {error}"));
        // It has to stand somewhere.
        say(&summary.to_string());
    }
}
