//! What the beginning of a file says of its form.

use std::io::{self, Read};

use super::encoding::{CODE_PAGE_850, is_code_page_850};
use super::input;
use crate::error::Error;

/// How much of a file is looked at.
const HEAD: usize = 64 * 1024;

/// The beginning of the file, without a byte order mark.
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    /// Whether there was a byte order mark, that of UTF-8.
    pub(super) marked: bool,
}

impl Head {
    /// Reads it, and refuses by name what is neither CSV nor NDJSON.
    pub(super) fn read(file: &mut dyn Read) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        file.take(HEAD as u64)
            .read_to_end(&mut bytes)
            .map_err(|error| input("the file cannot be read").with_source(error))?;
        let whole = bytes.len() < HEAD;
        let marked = bytes.starts_with(&[0xEF, 0xBB, 0xBF]);
        if marked {
            bytes.drain(..3);
        }
        match refused(&bytes, whole, marked) {
            Some(why) => Err(input(why)),
            None => Ok(Self { bytes, marked }),
        }
    }

    /// The file from its beginning.
    pub(super) fn before(self, rest: Box<dyn Read + Send>) -> File {
        io::BufReader::new(io::Cursor::new(self.bytes).chain(rest))
    }

    pub(super) fn is_json(&self) -> bool {
        first(&self.bytes) == Some(b'{')
    }

    /// The line on which the names of the columns stand: the first one on which anything does.
    pub(super) fn names(&self) -> &[u8] {
        let separators = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b';' | b',' | b'"');
        let mut lines = self.bytes.split(|byte| *byte == b'\n');
        lines.find(|line| !line.iter().all(separators)).unwrap_or_default()
    }

    /// The separator that Excel's line `sep=;` names, which is taken out; it is no row.
    pub(super) fn take_separator(&mut self) -> Result<Option<u8>, Error> {
        let end = self.bytes.iter().position(|byte| *byte == b'\n');
        let line = self.bytes.get(..end.unwrap_or(self.bytes.len())).unwrap_or_default();
        // The separator can be a tab: that is no space around.
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let quoted = line.strip_prefix(b"\"").and_then(|it| it.strip_suffix(b"\""));
        let separator = match quoted.unwrap_or(line).split_at_checked(4) {
            Some((name, [separator @ (b';' | b',' | b'\t')])) if name.eq_ignore_ascii_case(b"sep=") => *separator,
            Some((name, _)) if name.eq_ignore_ascii_case(b"sep=") => {
                return Err(input("line 1: sep= names a separator that is none of `;`, `,` and tab"));
            }
            _ => return Ok(None),
        };
        self.bytes.drain(..end.map_or(self.bytes.len(), |it| it + 1));
        Ok(Some(separator))
    }
}

pub(super) type File = io::BufReader<io::Chain<io::Cursor<Vec<u8>>, Box<dyn Read + Send>>>;

fn first(bytes: &[u8]) -> Option<u8> {
    bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

fn refused(bytes: &[u8], whole: bool, marked: bool) -> Option<&'static str> {
    match bytes {
        [b'P', b'K', 3, 4, ..] => {
            return Some("the file is a workbook (.xlsx or another zip file): open it, and save it as CSV UTF-8");
        }
        [0xD0, 0xCF, 0x11, 0xE0, ..] => {
            return Some("the file is a workbook of an old Excel (.xls): open it, and save it as CSV UTF-8");
        }
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..] => {
            return Some("the file is UTF-16: save it as CSV UTF-8");
        }
        _ => {}
    }
    if first(bytes) == Some(b'[') {
        return Some("the file is a JSON array: write one object a line (NDJSON), as `jq -c '.[]'` does");
    }
    let mut lines = bytes.split(|byte| *byte == b'\r');
    lines.next();
    if !bytes.contains(&b'\n') && lines.any(|line| first(line).is_some()) {
        return Some("the file has the line ends of an old Mac (carriage returns only): save it as CSV UTF-8");
    }
    // The last piece may be cut inside of a character.
    let end = match whole {
        true => bytes.len(),
        false => bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or_default(),
    };
    let mut cells = bytes
        .get(..end)
        .unwrap_or_default()
        .split(|byte| b";,\t\r\n\"".contains(byte));
    if !marked && cells.any(is_code_page_850) {
        return Some(CODE_PAGE_850);
    }
    None
}
