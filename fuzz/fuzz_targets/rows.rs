//! A file of rows reads the same in one piece and in pieces of any size, each bad row says where it stands and why, and no
//! more rows are read than lines can hold.
#![no_main]

use std::io::{self, Cursor, Read};

use libfuzzer_sys::fuzz_target;
use vitec_connect_outbox::{BadRow, NewRow, ReadOptions, RowReader};

fuzz_target!(|input: &[u8]| {
    // The first byte is the size of the pieces, and how the rows are to be sent.
    let Some((first, file)) = input.split_first() else {
        return;
    };
    let options = ReadOptions::default().xml(first & 1 == 1);
    let whole = read(file, file.len().max(1), &options);
    let (rows, _) = &whole;
    assert!(rows.len() <= 1 + file.iter().filter(|it| matches!(it, b'\n' | b'\r')).count());
    let mut before = 0;
    for bad in rows.iter().filter_map(|row| row.as_ref().err()) {
        assert!(before < bad.line && bad.line <= bad.last_line, "{bad:?}");
        assert!(!bad.problems.is_empty(), "{bad:?}");
        before = bad.last_line;
    }
    let pieces = read(file, 1 + usize::from(first / 2 % 16), &options);
    assert_eq!(pieces, whole, "{}", String::from_utf8_lossy(file));
});

type Rows = Vec<Result<NewRow, BadRow>>;

/// The rows, and why the file could not be read on.
fn read(file: &[u8], size: usize, options: &ReadOptions) -> (Rows, Option<String>) {
    let file = Pieces(Cursor::new(file.to_vec()), size);
    let mut rows = Vec::new();
    let mut reader = match RowReader::new(file, options) {
        Ok(reader) => reader,
        Err(error) => return (rows, Some(error.to_string())),
    };
    loop {
        match reader.next_row() {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => return (rows, None),
            Err(error) => return (rows, Some(error.to_string())),
        }
    }
}

/// Gives no more than so many bytes at a time, as a pipe may.
struct Pieces(Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.1.min(buffer.len());
        self.0.read(&mut buffer[..size])
    }
}
