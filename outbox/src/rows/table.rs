//! A table in CSV: the names of the columns, and the cells below them.

use std::io;

use super::check::{Checker, Column};
use super::csv::{Damage, Record, Records};
use super::encoding::Encoding;
use super::form::{File, Head};
use super::{Raw, input};
use crate::error::Error;

pub(super) struct Table {
    records: Records<File>,
    record: Record,
    columns: Vec<Column>,
    delimiter: u8,
    encoding: Encoding,
}

impl Table {
    /// Reads as far as the names of the columns.
    pub(super) fn open(mut head: Head, file: Box<dyn io::Read + Send>, checker: &Checker) -> Result<Self, Error> {
        let separator = head.take_separator()?;
        let delimiter = separator.unwrap_or_else(|| delimiter(head.names()));
        let line = if separator.is_some() { 2 } else { 1 };
        let mut table = Self {
            encoding: if head.marked {
                Encoding::Utf8
            } else {
                Encoding::Undecided
            },
            records: Records::new(head.before(file), delimiter, line),
            record: Record::default(),
            columns: Vec::new(),
            delimiter,
        };
        table.advance()?;
        table.columns = table.names(checker)?;
        Ok(table)
    }

    /// To the next record in which anything stands.
    fn advance(&mut self) -> Result<bool, Error> {
        loop {
            let line = self.record.last_line + 1;
            let more = self.records.read(&mut self.record);
            if !more.map_err(|error| input(format!("line {line}: the file cannot be read")).with_source(error))? {
                return Ok(false);
            }
            if !self.record.is_blank() {
                return Ok(true);
            }
        }
    }

    fn names(&mut self, checker: &Checker) -> Result<Vec<Column>, Error> {
        let line = self.record.line;
        let wrong = |why: String| input(format!("line {line}: {why}"));
        if let Some((damage, _)) = self.record.damage {
            return Err(wrong(damage.reason(false).to_owned()));
        }
        let mut names = Vec::new();
        for cell in self.record.cells() {
            let name = self.encoding.decode(cell).map_err(|why| wrong(why.to_owned()))?;
            names.push(name.trim().to_owned());
        }
        // A spreadsheet writes a column as soon as one of its cells was ever touched.
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        let mut columns = Vec::new();
        for name in names {
            let column = checker.column(&name).map_err(wrong)?;
            if columns.contains(&column) {
                return Err(wrong(format!("the column {} is there twice", checker.name(column))));
            }
            columns.push(column);
        }
        for needed in checker.needed() {
            if !columns.contains(&needed) {
                return Err(wrong(format!("the column {} is missing", checker.name(needed))));
            }
        }
        Ok(columns)
    }

    pub(super) fn next(&mut self, checker: &Checker) -> Result<Option<Raw>, Error> {
        if !self.advance()? {
            return Ok(None);
        }
        let (record, columns) = (&self.record, &self.columns);
        let mut raw = Raw::new(record.line, record.last_line);
        let mut readable = columns.len();
        if let Some((damage, cell)) = record.damage {
            let reason = damage.reason(record.last_line > record.line);
            raw.problems.push(match columns.get(cell) {
                Some(column) => checker.problem(*column, reason),
                None => Raw::problem(reason),
            });
            readable = cell;
        } else if let Some(reason) = self.misfit() {
            raw.problems.push(Raw::problem(reason));
            // Too few are those from the left; of too many nobody knows.
            readable = if record.len() < columns.len() { record.len() } else { 0 };
        }
        for (column, bytes) in columns.iter().zip(record.cells()).take(readable) {
            match self.encoding.decode(bytes) {
                Ok(text) if text.is_empty() => {}
                Ok(text) => raw.cell(checker, *column, text.into_owned()),
                Err(why) => raw.problems.push(checker.problem(*column, why)),
            }
        }
        if raw.problems.is_empty() {
            self.refuse_names(&mut raw, checker)?;
        }
        Ok(Some(raw))
    }

    /// Why the cells do not belong to the columns.
    fn misfit(&self) -> Option<String> {
        let (cells, columns) = (self.record.len(), self.columns.len());
        let beyond = self.record.cells().skip(columns);
        if cells < columns || beyond.map(<[u8]>::trim_ascii).any(|cell| !cell.is_empty()) {
            return Some(format!("it has {cells} cells, and there are {columns} columns"));
        }
        // Two stray quotes that close each other can leave a row with as many cells as it should have. A whole row less
        // one cell is then inside of one, or empty cells are left over.
        let swallowed = self.record.cells().any(|cell| {
            let separators = cell.iter().filter(|byte| **byte == self.delimiter).count();
            cell.contains(&b'\n') && (separators + 1 >= columns || cells > columns)
        });
        swallowed.then(|| {
            format!(
                "lines {} to {} are in one cell, in quotes: delete the stray quotes; nothing of these lines is sent",
                self.record.line, self.record.last_line
            )
        })
    }

    /// The names of the columns once more, as where files were put together.
    fn refuse_names(&self, raw: &mut Raw, checker: &Checker) -> Result<(), Error> {
        let named = |wanted| {
            let cell = raw.cells.iter().find(|(column, _)| *column == wanted);
            cell.and_then(|(_, value)| checker.column(value.as_str()?.trim()).ok())
        };
        let needed: Vec<Column> = checker.needed().collect();
        let Some(stand) = needed.iter().map(|it| named(*it)).collect::<Option<Vec<_>>>() else {
            return Ok(());
        };
        if stand != needed {
            return Err(input(format!(
                "line {}: the names of the columns stand there again, in another order: what follows would be read wrongly. \
                 Make a file of its own of it",
                raw.line
            )));
        }
        raw.cells.clear();
        raw.problems
            .push(Raw::problem("it is the names of the columns once more"));
        Ok(())
    }
}

impl Damage {
    fn reason(self, several: bool) -> &'static str {
        match (self, several) {
            (Self::OpenQuote, false) => "a quote is left open: close it, or delete it",
            (Self::OpenQuote, true) => {
                "a quote is left open, and all lines behind it are in one cell: close it, or delete it; nothing of these \
                 lines is sent"
            }
            (Self::BehindQuote, false) => {
                "text stands behind a closing quote; inside of quotes, a quote is written twice"
            }
            (Self::BehindQuote, true) => {
                "text stands behind a closing quote, and these lines are in one cell: delete the stray quotes; nothing of \
                 these lines is sent"
            }
            (Self::CarriageReturn, _) => {
                "a carriage return without a line feed stands outside of quotes, as an old Mac ends a line: save the file \
                 anew"
            }
            (Self::TooLong, false) => "the row is longer than 1 MiB",
            (Self::TooLong, true) => {
                "the row is longer than 1 MiB, and these lines are in one cell: is a quote left open? Nothing of these \
                 lines is sent"
            }
        }
    }
}

/// `;`, `,` or a tab, whichever the names stand between.
fn delimiter(names: &[u8]) -> u8 {
    let count = |wanted| names.iter().filter(|byte| **byte == wanted).count();
    // Of equals the last one: a comma, where there is only one column.
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|it| count(*it))
        .unwrap_or(b',')
}
