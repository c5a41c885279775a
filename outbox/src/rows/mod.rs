//! Reading files of rows, one row at a time: CSV and NDJSON.

mod check;
mod csv;
mod encoding;
mod form;
mod members;
mod ndjson;
mod seen;
mod spreadsheet;
mod table;

use std::fmt;
use std::io::Read;

use serde_json::Value;

use self::check::{Cells, Checker, Column};
use self::form::{File, Head};
use self::ndjson::Lines;
use self::seen::Seen;
use self::table::Table;
use crate::error::{Error, ErrorKind};
use crate::row::NewRow;

/// The longest row, in bytes: what is longer is bad, most often a quote left open. Memory has an end.
const MAX_ROW: usize = 1 << 20;

/// How rows are checked.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    pub(crate) xml: bool,
}

impl ReadOptions {
    /// Whether the rows are to be sent as XML, which cannot carry every character.
    #[must_use]
    pub fn xml(mut self, yes: bool) -> Self {
        self.xml = yes;
        self
    }
}

/// Reads rows from CSV or NDJSON; which of them it is, the first character says.
///
/// A row has a column for each parameter of the operation that is delivered (`customerId`, `contactId`) and, as the sender has
/// them, `reference` and the members of its body ([`LoanPromise`](vitec_connect::LoanPromise)); names in any case. An empty cell is a member that is not there.
///
/// CSV (RFC 4180): the first line has the names; `;`, `,` or a tab between them; UTF-8 with or without a byte order mark,
/// or Windows-1252 as Excel writes it. The first row with a letter outside of ASCII decides between the two. Taken as
/// Excel writes it: a first line `sep=;`, empty columns at the end, rows of separators only, and `2027-01-31 00:00:00` for
/// that day. NDJSON: one JSON object a line, in UTF-8; a name that stands twice in an object is a bad row.
///
/// What would be read otherwise than it was meant is a bad row, and is not sent: a quote left open or with text behind it
/// (the lines that it swallows are that row), the names of the columns once more, what a spreadsheet leaves of a number
/// (`4711.0`, `1,23E+05`, `="4711"`, `#N/A`, 45688 for a date), `NULL` and `nan`, and a reference that stood in the file
/// before with other content. Workbooks (`.xlsx`, `.xls`), JSON arrays, UTF-16, the code pages of DOS and the line ends of
/// an old Mac are refused at once.
///
/// Memory does not grow with the file: what has to be remembered of it is in a temporary file.
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
    seen: Seen,
}

/// The two forms of a file.
enum Source {
    Table(Box<Table>),
    Lines(Lines<File>),
}

/// What stands in a row, and what is wrong with it so far.
struct Raw {
    line: u64,
    last_line: u64,
    cells: Cells,
    problems: Vec<Problem>,
}

impl fmt::Debug for RowReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowReader").finish_non_exhaustive()
    }
}

/// A row of a file: it can be sent, or says what is wrong with it.
pub type ReadRow = Result<NewRow, BadRow>;

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
    /// What else its call needs besides the body, such as the contact, as it stands in the file.
    pub subject: Option<String>,
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
    /// [`ErrorKind::Input`]: an unknown, missing or repeated column, a file of another form, or one that cannot be read.
    pub fn new(file: impl Read + Send + 'static, options: &ReadOptions) -> Result<Self, Error> {
        let checker = Checker::new(options)?;
        let mut file: Box<dyn Read + Send> = Box::new(file);
        let head = Head::read(&mut file)?;
        Ok(Self {
            source: match head.is_json() {
                true => Source::Lines(Lines::new(head.before(file))),
                false => Source::Table(Box::new(Table::open(head, file, &checker)?)),
            },
            checker,
            seen: Seen::new()?,
        })
    }

    /// The next row, a bad one, or none at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Input`]: the file cannot be read on.
    pub fn next_row(&mut self) -> Result<Option<ReadRow>, Error> {
        let raw = match &mut self.source {
            Source::Table(table) => table.next(&self.checker)?,
            Source::Lines(lines) => lines
                .next(&self.checker)
                .map_err(|error| input(format!("line {}: the file cannot be read", lines.line())).with_source(error))?,
        };
        let Some(Raw {
            line,
            last_line,
            cells,
            problems,
        }) = raw
        else {
            return Ok(None);
        };
        let [reference, customer_id] = [Column::Reference, Column::Customer].map(|column| as_read(&cells, column));
        let subject = self.checker.subject(&cells);
        let mut row = self.checker.row(cells, problems).map(|row| row.line(line));
        if let Some(reference) = &reference {
            let hash = row.as_ref().map(NewRow::content_hash).unwrap_or_default();
            let before = self.seen.reference(reference, &hash, line)?;
            if let (Some(why), true) = (before, row.is_ok()) {
                row = Err(vec![self.checker.problem(Column::Reference, why)]);
            }
        }
        Ok(Some(match row {
            // Counted for rows without a reference only: the others are recognised by that.
            Ok(row) if row.reference.is_none() => {
                let occurrence = self.seen.count(&row.content_hash())?;
                Ok(row.occurrence(occurrence))
            }
            Ok(row) => Ok(row),
            Err(problems) => Err(BadRow {
                line,
                last_line,
                reference,
                customer_id,
                subject,
                problems,
            }),
        }))
    }
}

impl Raw {
    fn new(line: u64, last_line: u64) -> Self {
        Self {
            line,
            last_line,
            cells: Cells::new(),
            problems: Vec::new(),
        }
    }

    fn bad(line: u64, reason: impl Into<String>) -> Self {
        let mut raw = Self::new(line, line);
        raw.problems.push(Self::problem(reason));
        raw
    }

    /// About no column.
    fn problem(reason: impl Into<String>) -> Problem {
        Problem {
            column: None,
            reason: reason.into(),
        }
    }

    /// The text of a cell of a table.
    fn cell(&mut self, checker: &Checker, column: Column, text: String) {
        match checker.value(column, text) {
            Ok(value) => self.cells.push((column, value)),
            Err(problem) => self.problems.push(problem),
        }
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
