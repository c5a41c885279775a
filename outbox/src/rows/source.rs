//! The two forms of a file, streamed.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use serde_json::Value;

use super::check::{Cells, Checker, Column};
use super::encoding::Encoding;
use super::{MAX_ROW, Problem, input};
use crate::error::Error;

type File = io::Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>;

/// A line of the file, and what stands there or what is wrong with it.
type Line = (u64, Result<Cells, Vec<Problem>>);

pub(super) enum Source {
    Csv {
        reader: Box<csv::Reader<Limited>>,
        columns: Vec<Column>,
        encoding: Encoding,
        record: csv::ByteRecord,
    },
    Ndjson {
        reader: BufReader<File>,
        line: u64,
        text: Vec<u8>,
    },
}

impl Source {
    pub(super) fn open(mut file: Box<dyn Read + Send>, checker: &Checker) -> Result<Self, Error> {
        let mut head = first_line(&mut file)?;
        let mut encoding = Encoding::Undecided;
        match head.as_slice() {
            [0xEF, 0xBB, 0xBF, ..] => {
                head.drain(..3);
                encoding = Encoding::Utf8;
            }
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
                return Err(input("the file is UTF-16: save it as CSV UTF-8"));
            }
            _ => {}
        }
        if head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
            return Ok(Self::Ndjson {
                reader: BufReader::new(Cursor::new(head).chain(file)),
                line: 0,
                text: Vec::new(),
            });
        }
        let delimiter = delimiter(&head);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            // With the crate's own CRLF, lines are counted one too few.
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(Limited {
                file: Cursor::new(head).chain(file),
                left: MAX_ROW,
            });
        let header = reader.byte_headers().map_err(|error| unreadable(1, error))?;
        let mut columns = Vec::new();
        for name in header {
            let name = encoding.decode(name).map_err(|why| input(format!("line 1: {why}")))?;
            let column = checker
                .column(name.trim())
                .map_err(|why| input(format!("line 1: {why}")))?;
            if columns.contains(&column) {
                return Err(input(format!(
                    "line 1: the column {} is there twice",
                    checker.name(column)
                )));
            }
            columns.push(column);
        }
        for needed in [Column::Customer, Column::Contact] {
            if !columns.contains(&needed) {
                return Err(input(format!("line 1: the column {} is missing", checker.name(needed))));
            }
        }
        Ok(Self::Csv {
            reader: Box::new(reader),
            columns,
            encoding,
            record: csv::ByteRecord::new(),
        })
    }

    pub(super) fn next(&mut self, checker: &Checker) -> Result<Option<Line>, Error> {
        match self {
            Self::Csv {
                reader,
                columns,
                encoding,
                record,
            } => loop {
                reader.get_mut().left = MAX_ROW;
                let line = reader.position().line();
                if !reader
                    .read_byte_record(record)
                    .map_err(|error| unreadable(line, error))?
                {
                    return Ok(None);
                }
                let line = record.position().map_or(line, csv::Position::line);
                if record.len() > 1 || record.get(0).is_some_and(|cell| !cell.trim_ascii().is_empty()) {
                    return Ok(Some((line, cells(checker, columns, encoding, record))));
                }
            },
            Self::Ndjson { reader, line, text } => loop {
                *line += 1;
                text.clear();
                let read = reader.by_ref().take(MAX_ROW as u64 + 1).read_until(b'\n', text);
                let read =
                    read.map_err(|error| input(format!("line {line}: the file cannot be read")).with_source(error))?;
                match read {
                    0 => return Ok(None),
                    _ if text.len() > MAX_ROW => return Err(too_long(*line)),
                    _ if text.trim_ascii().is_empty() => {}
                    _ => return Ok(Some((*line, object(checker, text)))),
                }
            },
        }
    }
}

/// The beginning of the file, to the end of its first line or as far as needed to see its form.
fn first_line(file: &mut Box<dyn Read + Send>) -> Result<Vec<u8>, Error> {
    let mut head = vec![0; 64 * 1024];
    let mut length = 0;
    while length < head.len() && !head[..length].contains(&b'\n') {
        match file.read(&mut head[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(input("the file cannot be read").with_source(error)),
        }
    }
    head.truncate(length);
    Ok(head)
}

/// `;` or `,`, whichever the names stand between.
fn delimiter(head: &[u8]) -> u8 {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted| line.iter().filter(|byte| **byte == wanted).count();
    if count(b';') > count(b',') { b';' } else { b',' }
}

fn cells(
    checker: &Checker,
    columns: &[Column],
    encoding: &mut Encoding,
    record: &csv::ByteRecord,
) -> Result<Cells, Vec<Problem>> {
    if record.len() != columns.len() {
        let reason = format!("it has {} cells, and there are {} columns", record.len(), columns.len());
        return Err(vec![Problem { column: None, reason }]);
    }
    let mut cells = Cells::new();
    let mut problems = Vec::new();
    for (index, (column, bytes)) in columns.iter().zip(record).enumerate() {
        let last = index + 1 == columns.len();
        let bytes = if last {
            bytes.strip_suffix(b"\r").unwrap_or(bytes)
        } else {
            bytes
        };
        let value = match encoding.decode(bytes) {
            Ok(text) if text.is_empty() => continue,
            Ok(text) => checker.value(*column, text.into_owned()),
            Err(why) => Err(checker.problem(*column, why)),
        };
        match value {
            Ok(value) => cells.push((*column, value)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(cells) } else { Err(problems) }
}

fn object(checker: &Checker, text: &[u8]) -> Result<Cells, Vec<Problem>> {
    let whole = |reason: String| vec![Problem { column: None, reason }];
    let value: Value = serde_json::from_slice(text).map_err(|error| whole(format!("it is no JSON: {error}")))?;
    let Value::Object(object) = value else {
        return Err(whole("it is no JSON object".to_owned()));
    };
    let mut cells = Cells::new();
    for (name, value) in object {
        let column = checker.column(&name).map_err(whole)?;
        if cells.iter().any(|(other, _)| *other == column) {
            return Err(vec![checker.problem(column, "it is there twice")]);
        }
        if !value.is_null() {
            cells.push((column, value));
        }
    }
    Ok(cells)
}

fn unreadable(line: u64, error: csv::Error) -> Error {
    match error.kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => too_long(line),
        _ => input(format!("line {line}: the file cannot be read")).with_source(error),
    }
}

fn too_long(line: u64) -> Error {
    input(format!(
        "line {line}: the row is longer than 1 MiB: is a quote left open?"
    ))
}

/// Ends where one row takes too much: the csv crate itself would read a row of any length.
pub(super) struct Limited {
    file: File,
    left: usize,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let most = buffer.len().min(self.left);
        let read = self.file.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left -= read;
        Ok(read)
    }
}
