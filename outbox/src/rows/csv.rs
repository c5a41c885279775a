//! Records of CSV (RFC 4180).
//!
//! Taken apart by hand: the csv crate reads on where a quote is left open or text stands behind a closing one, and does
//! not say so. Two rows are then one, and go to one customer.

use std::io::{self, BufRead, ErrorKind};

use super::MAX_ROW;

/// Why a record cannot be what its writer meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// The file ends inside of quotes.
    OpenQuote,
    BehindQuote,
    /// A carriage return outside of quotes, and no line feed behind it.
    CarriageReturn,
    TooLong,
}

/// One record: its cells without their quotes.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// The line on which it ends.
    pub(super) last_line: u64,
    /// What is wrong with it, and with which cell.
    pub(super) damage: Option<(Damage, usize)>,
    text: Vec<u8>,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins
            .zip(&self.ends)
            .map(|(begin, end)| self.text.get(begin..*end).unwrap_or_default())
    }

    /// A blank line, or separators only.
    pub(super) fn is_blank(&self) -> bool {
        self.damage.is_none() && self.cells().all(|cell| cell.trim_ascii().is_empty())
    }

    fn begin(&mut self, line: u64) {
        self.line = line;
        self.damage = None;
        self.text.clear();
        self.ends.clear();
    }

    /// A longer record is read to its end, so that the next one begins where it should, and is not kept.
    fn push(&mut self, byte: u8) {
        match self.text.len() + self.ends.len() < MAX_ROW {
            true => self.text.push(byte),
            false => self.damaged(Damage::TooLong),
        }
    }

    fn end_cell(&mut self) {
        match self.text.len() + self.ends.len() < MAX_ROW {
            true => self.ends.push(self.text.len()),
            false => self.damaged(Damage::TooLong),
        }
    }

    /// The first damage is told. A quote that is still open explains every other.
    fn damaged(&mut self, damage: Damage) {
        if self.damage.is_none() {
            self.damage = Some((damage, self.ends.len()));
        } else if let (Damage::OpenQuote, Some(told)) = (damage, &mut self.damage) {
            told.0 = damage;
        }
    }
}

/// Where in a record a byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Begin,
    Plain,
    Quoted,
    /// Behind a quote inside of quotes: it closes them, or the next quote makes it one of the text.
    Closed,
    Return,
}

/// Reads record by record.
pub(super) struct Records<R> {
    file: R,
    delimiter: u8,
    line: u64,
}

impl<R: BufRead> Records<R> {
    /// `line` is the one on which `file` stands, from 1.
    pub(super) fn new(file: R, delimiter: u8, line: u64) -> Self {
        Self { file, delimiter, line }
    }

    /// Whether there was one more. A quote opens a quoted cell at the beginning of a cell only; further on it is a
    /// character like others, as for Excel.
    pub(super) fn read(&mut self, record: &mut Record) -> io::Result<bool> {
        record.begin(self.line);
        let mut at = At::Begin;
        let mut last = None;
        loop {
            let chunk = match self.file.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            let mut used = 0;
            for &byte in chunk {
                used += 1;
                last = Some(byte);
                at = match (at, byte) {
                    (At::Quoted, b'"') => At::Closed,
                    (At::Quoted, _) => {
                        self.line += u64::from(byte == b'\n');
                        record.push(byte);
                        At::Quoted
                    }
                    (At::Closed, b'"') => {
                        record.push(byte);
                        At::Quoted
                    }
                    (At::Begin, b'"') => At::Quoted,
                    (_, b'\n') => {
                        self.file.consume(used);
                        record.end_cell();
                        record.last_line = self.line;
                        self.line += 1;
                        return Ok(true);
                    }
                    // Several of them before a line feed: a program has made CRLF of CRLF.
                    (_, b'\r') => At::Return,
                    (At::Return, _) => {
                        record.damaged(Damage::CarriageReturn);
                        At::Plain
                    }
                    (_, byte) if byte == self.delimiter => {
                        record.end_cell();
                        At::Begin
                    }
                    (At::Closed, _) => {
                        record.damaged(Damage::BehindQuote);
                        record.push(byte);
                        At::Plain
                    }
                    (_, _) => {
                        record.push(byte);
                        At::Plain
                    }
                };
            }
            self.file.consume(used);
        }
        if at == At::Quoted {
            record.damaged(Damage::OpenQuote);
        }
        if last.is_some() {
            record.end_cell();
        }
        // Behind the last line feed no line begins.
        record.last_line = self.line - u64::from(last == Some(b'\n'));
        Ok(last.is_some())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Read = (Vec<Vec<Vec<u8>>>, Vec<(u64, u64, Option<(Damage, usize)>)>);

    fn read(file: &[u8]) -> Read {
        let mut records = Records::new(file, b';', 1);
        let mut record = Record::default();
        let (mut cells, mut lines) = (Vec::new(), Vec::new());
        while records.read(&mut record).unwrap() {
            cells.push(record.cells().map(<[u8]>::to_vec).collect());
            lines.push((record.line, record.last_line, record.damage));
        }
        (cells, lines)
    }

    #[test]
    fn damage_has_its_lines_and_its_cell() {
        for (file, expected) in [
            (&b"a;\"b\nc;d\ne;f\n"[..], vec![(1, 3, Some((Damage::OpenQuote, 1)))]),
            (b"a;\"b", vec![(1, 1, Some((Damage::OpenQuote, 1)))]),
            (
                b"a;\"b\nc;d\"e\nf;g\n",
                vec![(1, 2, Some((Damage::BehindQuote, 1))), (3, 3, None)],
            ),
            (b"\"a\" ;b\n", vec![(1, 1, Some((Damage::BehindQuote, 0)))]),
            // Text behind a quote, and then a quote left open: the second explains more.
            (b"\"a\"b;\"c\nd\n", vec![(1, 2, Some((Damage::OpenQuote, 0)))]),
            (
                b"a;b\rc;d\r\ne;f\r\r\ng;h\r",
                vec![(1, 1, Some((Damage::CarriageReturn, 1))), (2, 2, None), (3, 3, None)],
            ),
            (b"a;b\"c\n", vec![(1, 1, None)]),
            (b"\"a\r\nb\";\"\"\"\"\n\n", vec![(1, 2, None), (3, 3, None)]),
        ] {
            assert_eq!(read(file).1, expected, "{}", file.escape_ascii());
        }
        assert_eq!(
            read(b"\"a\r\nb\";\"\"\"\"\nc\"d\"\"").0,
            [vec![&b"a\r\nb"[..], b"\""], vec![b"c\"d\"\""]]
        );
    }

    #[test]
    fn what_is_too_long_is_read_to_its_end_and_not_kept() {
        let mut file = vec![b'x'; 3 << 20];
        file.extend(b"\n;");
        file.extend(vec![b';'; 3 << 20]);
        file.extend(b"\na;b\n");
        let (cells, lines) = read(&file);
        assert_eq!(
            lines.iter().map(|it| it.2.map(|it| it.0)).collect::<Vec<_>>(),
            [Some(Damage::TooLong), Some(Damage::TooLong), None]
        );
        assert!(cells[0].concat().len() <= MAX_ROW && cells[1].len() <= MAX_ROW);
        assert_eq!(cells[2], [b"a", b"b"]);
    }

    proptest! {
        #[test]
        fn what_the_csv_crate_writes_is_read_back(
            rows in prop::collection::vec(prop::collection::vec("[ab\";,\t\r\n ]{0,6}", 1..5), 0..6),
            crlf: bool,
        ) {
            let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
            let mut writer =
                csv::WriterBuilder::new().delimiter(b';').flexible(true).terminator(terminator).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let (cells, lines) = read(&writer.into_inner().unwrap());
            let expected: Vec<Vec<Vec<u8>>> =
                rows.iter().map(|row| row.iter().map(|cell| cell.clone().into_bytes()).collect()).collect();
            prop_assert_eq!(cells, expected);
            prop_assert!(lines.iter().all(|it| it.2.is_none()));
        }

        #[test]
        fn an_undamaged_file_reads_as_the_csv_crate_reads_it(file in "[ab\";\n]{0,30}") {
            let (cells, lines) = read(file.as_bytes());
            let mut next = 1;
            for (first, last, _) in &lines {
                prop_assert_eq!(*first, next);
                next = last + 1;
            }
            if lines.iter().all(|it| it.2.is_none()) {
                let mut reader = csv::ReaderBuilder::new()
                    .delimiter(b';')
                    .flexible(true)
                    .has_headers(false)
                    .from_reader(file.as_bytes());
                let expected: Vec<Vec<Vec<u8>>> =
                    reader.byte_records().map(|row| row.unwrap().iter().map(<[u8]>::to_vec).collect()).collect();
                // That one leaves out empty lines.
                let cells: Vec<_> = cells.into_iter().filter(|it| it != &[b""]).collect();
                let expected: Vec<_> = expected.into_iter().filter(|it| it != &[b""]).collect();
                prop_assert_eq!(cells, expected);
            }
        }
    }
}
