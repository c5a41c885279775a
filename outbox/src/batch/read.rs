//! From the file into the outbox: its rows are stored, and what became of each is noted.

use std::pin::pin;

use vitec_connect::CustomerId;

use super::spool::Entry;
use super::{Batch, GRACE};
use crate::error::Error;
use crate::import::read;
use crate::outbox::Outbox;
use crate::row::{Enqueued, NewRow, State};
use crate::rows::{BadRow, RowReader};

impl Batch {
    /// Stores the rows of the file, 500 to a transaction. A bad row stops no other; `on_bad` is told of each, in a line for
    /// a person. When `shutdown` is ready no more is read.
    ///
    /// Where the outbox fails the rest of the file is read all the same: each row has its line in the report.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) where the file cannot be read on: what was read is stored, and can be
    /// delivered. Or what the database says: what was stored before stays stored.
    pub async fn import(
        &mut self,
        outbox: &Outbox,
        reader: RowReader,
        shutdown: impl Future<Output = ()>,
        on_bad: impl FnMut(&str),
    ) -> Result<(), Error> {
        self.read(Some(outbox), None, reader, shutdown, on_bad).await
    }

    /// Reads the file although there is no outbox that could be reached: each row has its line in the report, as one that
    /// is to be sent still. `why` stands beside it.
    /// Also for a look at the file alone.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) where the file cannot be read on.
    pub async fn import_nowhere(
        &mut self,
        why: &str,
        reader: RowReader,
        shutdown: impl Future<Output = ()>,
        on_bad: impl FnMut(&str),
    ) -> Result<(), Error> {
        self.read(None, Some(why.to_owned()), reader, shutdown, on_bad).await
    }

    async fn read(
        &mut self,
        outbox: Option<&Outbox>,
        mut untried: Option<String>,
        mut reader: RowReader,
        shutdown: impl Future<Output = ()>,
        mut on_bad: impl FnMut(&str),
    ) -> Result<(), Error> {
        let mut shutdown = pin!(shutdown);
        let mut failure = None;
        loop {
            // A pipe can wait for ever: not on a thread that others need, and not deaf.
            let (back, rows, bad, more) = tokio::select! {
                biased;
                () = &mut shutdown => {
                    self.interrupted = true;
                    return failure.map_or(Ok(()), Err);
                }
                read = read(reader) => read?,
            };
            reader = back;
            for bad in &bad {
                self.bad(bad, &mut on_bad);
            }
            match (outbox, &untried) {
                (Some(outbox), None) => {
                    let ended = self.store(outbox, rows, shutdown.as_mut(), &mut on_bad).await;
                    if let Err((error, why)) = ended {
                        untried = Some(why);
                        failure = failure.or(Some(error));
                    }
                    if self.interrupted {
                        return failure.map_or(Ok(()), Err);
                    }
                }
                _ => {
                    for row in &rows {
                        self.not_stored(&row.into(), untried.as_deref().unwrap_or_default());
                    }
                }
            }
            match more {
                Ok(true) => {}
                Ok(false) => {
                    self.read_to_its_end();
                    return failure.map_or(Ok(()), Err);
                }
                // What stands behind is not known: counted as one bad row.
                Err(error) => {
                    self.unreadable(&error);
                    return Err(failure.unwrap_or(error));
                }
            }
        }
    }

    /// Nothing of the file is left to be read.
    pub(crate) fn read_to_its_end(&mut self) {
        self.is_read = true;
    }

    /// Stores rows in one transaction, and notes what became of each. Where it fails: why, and why none further is tried.
    pub(crate) async fn store(
        &mut self,
        outbox: &Outbox,
        rows: Vec<NewRow>,
        shutdown: impl Future<Output = ()>,
        on_bad: &mut impl FnMut(&str),
    ) -> Result<(), (Error, String)> {
        if rows.is_empty() {
            return Ok(());
        }
        let read: Vec<Read> = rows.iter().map(Read::from).collect();
        let mut enqueue = pin!(outbox.enqueue(rows));
        let enqueued = tokio::select! {
            biased;
            enqueued = &mut enqueue => Some(enqueued),
            () = shutdown => {
                self.interrupted = true;
                // What a database that answers has begun is waited for.
                tokio::time::timeout(GRACE, enqueue).await.ok()
            }
        };
        let (error, why) = match enqueued {
            Some(Ok(enqueued)) => {
                for (row, enqueued) in read.iter().zip(enqueued) {
                    self.stored(row, &enqueued, on_bad);
                }
                return Ok(());
            }
            Some(Err(error)) => (Some(error), "not stored"),
            None => (None, "interrupted while it was being stored: the same import finds out"),
        };
        let why = error.as_ref().map_or(why.to_owned(), |error| format!("{why}: {error}"));
        for row in &read {
            self.not_stored(row, &why);
        }
        error.map_or(Ok(()), |error| Err((error, why)))
    }

    fn stored(&mut self, row: &Read, enqueued: &Enqueued, on_bad: &mut impl FnMut(&str)) {
        let (id, state) = match enqueued {
            // Of an outbox that is only looked at: it has no number yet.
            Enqueued::New(0) => (None, State::Pending),
            Enqueued::New(id) | Enqueued::Corrected(id) => (Some(*id), State::Pending),
            Enqueued::Known(id, state) => (Some(*id), *state),
            refused => {
                let why = refused.refusal().unwrap_or_default();
                on_bad(&format!("line {}: {why}", row.line));
                return self.add(&Entry {
                    message: Some(&why),
                    ..row.entry()
                });
            }
        };
        self.add(&Entry {
            id,
            state: Some(state),
            known: state == State::Accepted,
            ..row.entry()
        });
    }

    fn not_stored(&mut self, row: &Read, why: &str) {
        self.add(&Entry {
            state: Some(State::Pending),
            message: Some(why),
            ..row.entry()
        });
    }

    fn bad(&mut self, bad: &BadRow, on_bad: &mut impl FnMut(&str)) {
        let message = bad.to_string();
        on_bad(&message);
        self.add(&Entry {
            line: Some(bad.line),
            reference: bad.reference.as_deref(),
            customer_id: bad.customer_id.as_deref(),
            subject: bad.subject.as_deref(),
            message: Some(&message),
            ..Entry::default()
        });
    }

    /// The place from which the file cannot be read on.
    fn unreadable(&mut self, error: &Error) {
        let message = error.to_string();
        self.add(&Entry {
            message: Some(&message),
            ..Entry::default()
        });
    }

    fn add(&mut self, entry: &Entry<'_>) {
        if let Err(error) = self.spool.add(entry) {
            self.broken.get_or_insert(error);
        }
    }
}

/// What is kept of a row while it is being stored.
struct Read {
    line: u64,
    reference: Option<String>,
    customer_id: CustomerId,
    subject: String,
}

impl From<&NewRow> for Read {
    fn from(row: &NewRow) -> Self {
        Self {
            line: row.line.unwrap_or_default(),
            reference: row.reference.clone(),
            customer_id: row.customer_id.clone(),
            subject: row.subject.clone(),
        }
    }
}

impl Read {
    fn entry(&self) -> Entry<'_> {
        Entry {
            line: Some(self.line),
            reference: self.reference.as_deref(),
            customer_id: Some(self.customer_id.as_str()),
            subject: Some(&self.subject),
            ..Entry::default()
        }
    }
}
