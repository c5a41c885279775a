//! From a file into the outbox.

use crate::error::{Error, ErrorKind};
use crate::outbox::Outbox;
use crate::row::{Enqueued, NewRow};
use crate::rows::{BadRow, RowReader};

/// How many rows are stored in one transaction.
const BATCH: usize = 500;

/// What became of a row of a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Imported<'a> {
    /// It is stored, or was before, or its reference keeps it from being stored.
    Row {
        /// The line of the file.
        line: u64,
        /// The sender's own reference, where there is one.
        reference: Option<&'a str>,
        /// What became of it.
        enqueued: Enqueued,
    },
    /// It cannot be sent, and is not stored.
    Bad(&'a BadRow),
}

/// How an import went, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportSummary {
    /// Stored now.
    pub new: u64,
    /// Stored before: nothing is sent again.
    pub known: u64,
    /// Rejected before, and stored now with other content.
    pub corrected: u64,
    /// Not stored: the reference was stored before with other content, and not rejected, or more than once.
    pub other_content: u64,
    /// Not stored: they cannot be sent, or their reference cannot be stored.
    pub bad: u64,
}

/// Stores the rows of a file, durably, 500 to a transaction; each is told after it is stored. A bad row does not stop
/// the others. Run again after a crash or an error: what was stored is recognised.
///
/// # Errors
/// [`ErrorKind::Input`] where the file cannot be read on, or what the database says. What was told is stored.
pub async fn import(
    outbox: &Outbox,
    mut reader: RowReader,
    mut on_row: impl FnMut(Imported<'_>),
) -> Result<ImportSummary, Error> {
    let mut summary = ImportSummary::default();
    loop {
        let (back, rows, bad, more) = read(reader).await?;
        reader = back;
        for bad in &bad {
            summary.bad += 1;
            on_row(Imported::Bad(bad));
        }
        let told: Vec<_> = rows.iter().map(|row| (row.line, row.reference.clone())).collect();
        let enqueued = match rows.is_empty() {
            true => Vec::new(),
            false => outbox.enqueue(rows).await?,
        };
        for ((line, reference), enqueued) in told.into_iter().zip(enqueued) {
            match enqueued {
                Enqueued::New(_) => summary.new += 1,
                Enqueued::Known(..) => summary.known += 1,
                Enqueued::Corrected(_) => summary.corrected += 1,
                Enqueued::OtherContent(..) | Enqueued::Ambiguous(_) => summary.other_content += 1,
                Enqueued::BadReference(_) => summary.bad += 1,
            }
            on_row(Imported::Row {
                line: line.unwrap_or_default(),
                reference: reference.as_deref(),
                enqueued,
            });
        }
        // Rows before the place where the file cannot be read on are stored first.
        if !more? {
            return Ok(summary);
        }
    }
}

/// Rows for one transaction, the bad ones between them, and whether there are more.
///
/// Files wait, and so do pipes: not on a thread that others need.
pub(crate) async fn read(
    mut reader: RowReader,
) -> Result<(RowReader, Vec<NewRow>, Vec<BadRow>, Result<bool, Error>), Error> {
    let read = tokio::task::spawn_blocking(move || {
        let (rows, bad, more) = batch(&mut reader);
        (reader, rows, bad, more)
    });
    read.await
        .map_err(|error| Error::new(ErrorKind::Input, "the reading was broken off").with_source(error))
}

fn batch(reader: &mut RowReader) -> (Vec<NewRow>, Vec<BadRow>, Result<bool, Error>) {
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    while rows.len() + bad.len() < BATCH {
        match reader.next_row() {
            Ok(Some(Ok(row))) => rows.push(row),
            Ok(Some(Err(row))) => bad.push(row),
            Ok(None) => return (rows, bad, Ok(false)),
            Err(error) => return (rows, bad, Err(error)),
        }
    }
    (rows, bad, Ok(true))
}
