//! What became of each row, as CSV.

use std::fs::File;
use std::path::Path;

use serde::Serialize;
use vitec_connect_outbox::{BadRow, Sent, State};

use crate::report::Mistake;

/// A line of the report; the members are its columns.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line<'a> {
    line: Option<u64>,
    reference: Option<&'a str>,
    customer_id: Option<&'a str>,
    contact_id: Option<&'a str>,
    row: Option<i64>,
    /// `accepted`, `rejected`, `unknown`, `pending`, or `bad` for a row that was not stored.
    state: &'a str,
    status: Option<u16>,
    answer: Option<&'a str>,
    message: Option<String>,
}

impl<'a> Line<'a> {
    pub(crate) fn sent(row: &'a Sent) -> Self {
        Self {
            line: row.line,
            reference: row.reference.as_deref(),
            customer_id: Some(&row.customer_id),
            contact_id: Some(&row.contact_id),
            row: Some(row.id),
            state: row.state.as_str(),
            status: row.status,
            answer: row.answer.as_deref(),
            message: row.message.clone(),
        }
    }

    pub(crate) fn known(line: u64, reference: Option<&'a str>, row: i64, state: State) -> Self {
        let message = Some("it was there before, and is not stored again".to_owned());
        Self {
            line: Some(line),
            reference,
            row: Some(row),
            state: state.as_str(),
            message,
            ..Self::default()
        }
    }

    pub(crate) fn other_content(line: u64, reference: &'a str, why: &str) -> Self {
        Self {
            line: Some(line),
            reference: Some(reference),
            state: "bad",
            message: Some(why.to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn bad(bad: &BadRow) -> Self {
        let message = bad.to_string();
        Self {
            line: Some(bad.line),
            state: "bad",
            message: Some(message),
            ..Self::default()
        }
    }
}

/// The report, where one is asked for. A report that cannot be written does not stop the delivery; it is told at the end.
pub(crate) struct ReportFile {
    file: Option<csv::Writer<File>>,
    failed: Option<csv::Error>,
}

impl ReportFile {
    pub(crate) fn create(path: Option<&Path>) -> Result<Self, Mistake> {
        let create = |path: &Path| {
            let mut options = File::options();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600); // Answers may be personal data.
            options
                .open(path)
                .map(csv::Writer::from_writer)
                .map_err(|error| Mistake::new(format!("--report {}: {error}", path.display())))
        };
        Ok(Self {
            file: path.map(create).transpose()?,
            failed: None,
        })
    }

    pub(crate) fn add(&mut self, line: &Line<'_>) {
        if let Some(file) = &mut self.file
            && self.failed.is_none()
        {
            self.failed = file.serialize(line).err();
        }
    }

    pub(crate) fn finish(self) -> Result<(), Mistake> {
        let flushed = self
            .file
            .map_or(Ok(()), |mut file| file.flush().map_err(csv::Error::from));
        match self.failed.map_or(flushed, Err) {
            Ok(()) => Ok(()),
            Err(error) => Err(Mistake::new(format!("the report could not be written: {error}"))),
        }
    }
}
