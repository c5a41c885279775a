//! UTF-8 or Windows-1252, as Excel writes CSV.

use std::borrow::Cow;

use vitec_connect::datacontract::decode_text;

/// The file's encoding, once a letter outside of ASCII has shown it. Decided once: a single damaged row in a file of
/// UTF-8 is an error, and not a row with other letters in its names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    #[default]
    Undecided,
    Utf8,
    Windows1252,
    /// What DOS wrote. It has the same bytes as Windows-1252, and other letters: never read, only refused.
    CodePage850,
}

pub(super) const CODE_PAGE_850: &str =
    "the letters are those of code page 850 or 437 (DOS): save the file as CSV UTF-8";

impl Encoding {
    pub(super) fn decode<'a>(&mut self, bytes: &'a [u8]) -> Result<Cow<'a, str>, &'static str> {
        let utf8 = std::str::from_utf8(bytes).ok();
        if bytes.is_ascii() {
            return Ok(Cow::Borrowed(utf8.unwrap_or_default()));
        }
        if matches!(self, Self::Undecided | Self::Windows1252) && is_code_page_850(bytes) {
            *self = Self::CodePage850;
        }
        if *self == Self::Undecided {
            *self = if utf8.is_some() { Self::Utf8 } else { Self::Windows1252 };
        }
        match (*self, utf8) {
            (Self::CodePage850, _) => Err(CODE_PAGE_850),
            (Self::Windows1252, None) => windows_1252(bytes)
                .map(Cow::Owned)
                .ok_or("it is neither UTF-8 nor Windows-1252"),
            (Self::Windows1252, Some(_)) => {
                Err("it is UTF-8, and the rows before are Windows-1252: save the file anew")
            }
            (_, Some(text)) => Ok(Cow::Borrowed(text)),
            (_, None) => Err("it is not UTF-8, and the rows before are: save the file anew"),
        }
    }
}

fn windows_1252(bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 4);
    for byte in bytes {
        match byte.is_ascii() {
            true => text.push(char::from(*byte)),
            // One by one: several could look like a byte order mark.
            false => text.push_str(&decode_text(&[*byte], Some("windows-1252"))?),
        }
    }
    Some(text)
}

/// Whether a cell that is no UTF-8 has the letters of code page 850 or 437 (which agree in these): as Windows-1252 they
/// are quotation marks and other signs, and stand where no such sign does, as in `L„nsf”rs„kringar`.
pub(super) fn is_code_page_850(cell: &[u8]) -> bool {
    if cell.is_ascii() || std::str::from_utf8(cell).is_ok() {
        return false;
    }
    let letter = |byte: Option<&u8>| {
        byte.is_some_and(|it| {
            it.is_ascii_alphabetic() || matches!(it, 0x81 | 0x82 | 0x84 | 0x86 | 0x8E | 0x8F | 0x90 | 0x94 | 0x99)
        })
    };
    let marks = cell.iter().filter(|byte| matches!(byte, 0x84 | 0x93 | 0x94)).count();
    cell.iter().enumerate().any(|(index, byte)| {
        let before = letter(index.checked_sub(1).and_then(|it| cell.get(it)));
        let behind = letter(cell.get(index + 1));
        match byte {
            // ü Å É: Windows-1252 has nothing there.
            0x81 | 0x8F | 0x90 => true,
            // å, or a dagger.
            0x86 => before || behind,
            // ä ö, or quotation marks: inside of a word, or one alone.
            0x84 | 0x94 => (before && behind) || ((before || behind) && marks == 1),
            // é, or a low quotation mark.
            0x82 => before && behind,
            // Ö, or a trade mark.
            0x99 => behind,
            _ => false,
        }
    })
}
