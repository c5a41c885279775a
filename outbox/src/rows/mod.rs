//! Reading files of rows, one row at a time: CSV and NDJSON.

mod check;
mod encoding;
mod members;
mod occurrences;
mod source;

use std::fmt;
use std::io::Read;

use serde_json::Value;

use self::check::{Cells, Checker, Column};
use self::occurrences::Occurrences;
use self::source::Source;
use crate::error::{Error, ErrorKind};
use crate::row::NewRow;

/// The longest row, in bytes: what is longer is a quote left open, and memory has an end.
const MAX_ROW: usize = 1 << 20;

/// How rows are checked.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    pub(crate) xml: bool,
    pub(crate) unlisted: bool,
}

impl ReadOptions {
    /// Whether the rows are to be sent as XML, which cannot carry every character.
    #[must_use]
    pub fn xml(mut self, yes: bool) -> Self {
        self.xml = yes;
        self
    }

    /// Whether enumerations may have values that the document does not list: the vendor's lists may have grown.
    #[must_use]
    pub fn unlisted(mut self, yes: bool) -> Self {
        self.unlisted = yes;
        self
    }
}

/// Reads rows from CSV or NDJSON; which of them it is, the first character says.
///
/// A row has the columns `customerId`, `contactId` and, as the sender has them, `reference` and the members of
/// [`LoanPromise`](vitec_connect::LoanPromise); names in any case. An empty cell is a member that is not there.
///
/// CSV: the first line has the names; `;` or `,`; UTF-8 with or without a byte order mark, or Windows-1252 as Excel
/// writes it. The first row with a letter outside of ASCII decides between the two. NDJSON: one JSON object a line, in
/// UTF-8. Memory does not grow with the file: what has to be counted is counted in a temporary file.
///
/// ```
/// use vitec_connect_outbox::{ReadOptions, RowReader};
///
/// let file = "customerId;contactId;bank;validUntil\nM30011;4711;SBAB;2027-01-31\nM30011;4712;SBAB;2027-02-31\n";
/// let mut reader = RowReader::new(file.as_bytes(), &ReadOptions::default())?;
/// assert!(reader.next_row()?.is_some_and(|row| row.is_ok()));
/// let bad = reader.next_row()?.and_then(Result::err).ok_or("it is bad")?;
/// assert_eq!((bad.line, bad.problems[0].column.as_deref()), (3, Some("validUntil")));
/// assert!(reader.next_row()?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RowReader {
    source: Source,
    checker: Checker,
    occurrences: Occurrences,
}

impl fmt::Debug for RowReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowReader").finish_non_exhaustive()
    }
}

/// A row that cannot be sent, and everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadRow {
    /// The line of the file on which the row begins, from 1.
    pub line: u64,
    /// The line on which it ends: a quote left open swallows the rows behind it.
    pub last_line: u64,
    /// The sender's own reference, as far as it could be read.
    pub reference: Option<String>,
    /// The customer's id, as it stands in the file.
    pub customer_id: Option<String>,
    /// The contact's id, as it stands in the file.
    pub contact_id: Option<String>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The column, where it is about one.
    pub column: Option<String>,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last_line > self.line {
            true => write!(f, "lines {} to {}", self.line, self.last_line)?,
            false => write!(f, "line {}", self.line)?,
        }
        for (index, problem) in self.problems.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            if let Some(column) = &problem.column {
                write!(f, "{column}: ")?;
            }
            f.write_str(&problem.reason)?;
        }
        Ok(())
    }
}

impl std::error::Error for BadRow {}

impl RowReader {
    /// Reads as far as the names of the columns.
    ///
    /// # Errors
    /// [`ErrorKind::Input`]: an unknown, missing or repeated column, or a file that cannot be read.
    pub fn new(file: impl Read + Send + 'static, options: &ReadOptions) -> Result<Self, Error> {
        let checker = Checker::new(options)?;
        Ok(Self {
            source: Source::open(Box::new(file), &checker)?,
            checker,
            occurrences: Occurrences::new()?,
        })
    }

    /// The next row, a bad one, or none at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Input`]: the file cannot be read on, such as a row longer than 1 MiB.
    pub fn next_row(&mut self) -> Result<Option<Result<NewRow, BadRow>>, Error> {
        let Some((line, cells)) = self.source.next(&self.checker)? else {
            return Ok(None);
        };
        let read = cells.as_deref().unwrap_or_default();
        let [reference, customer_id, contact_id] =
            [Column::Reference, Column::Customer, Column::Contact].map(|column| as_read(read, column));
        let row = match cells.and_then(|cells: Cells| self.checker.row(cells)) {
            Ok(row) => row.line(line),
            Err(problems) => {
                return Ok(Some(Err(BadRow {
                    line,
                    last_line: line,
                    reference,
                    customer_id,
                    contact_id,
                    problems,
                })));
            }
        };
        // Counted for rows without a reference only: the others are recognised by that.
        let occurrence = match row.reference {
            Some(_) => 1,
            None => self.occurrences.count(&row.content_hash())?,
        };
        Ok(Some(Ok(row.occurrence(occurrence))))
    }
}

/// The text of a cell, for a person who looks for the row.
fn as_read(cells: &[(Column, Value)], column: Column) -> Option<String> {
    let (_, value) = cells.iter().find(|(it, _)| *it == column)?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn input(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Input, message)
}
