//! Which characters need care, and where. Most text needs none.

/// Text that is written.
pub(super) const WRITE_TEXT: u8 = 1;
/// An attribute's value that is written.
pub(super) const WRITE_ATTRIBUTE: u8 = 2;
/// Text that is read, up to the next tag.
pub(super) const READ_TEXT: u8 = 4;
/// An attribute's value that is read.
pub(super) const READ_ATTRIBUTE: u8 = 8;
/// What may be a character that XML forbids.
const ANYWHERE: u8 = 16;
/// What cannot stand in a name, or only beyond its first character, or has to be looked at more closely.
const NAME: u8 = 32;
const NAME_START: u8 = 64;

/// The first byte of U+FFFE and U+FFFF in UTF-8, and of some allowed characters.
pub(super) const NONCHARACTER: u8 = 0xEF;

static SPECIAL: [u8; 256] = {
    let mut special = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let it = byte as u8;
        if it < b' ' && !matches!(it, b'\t' | b'\n' | b'\r') || it == NONCHARACTER {
            special[byte] |= WRITE_TEXT | WRITE_ATTRIBUTE | READ_TEXT | READ_ATTRIBUTE | ANYWHERE;
        }
        special[byte] |= match it {
            b'\r' => WRITE_TEXT | WRITE_ATTRIBUTE | READ_TEXT | READ_ATTRIBUTE,
            b'\t' | b'\n' => WRITE_ATTRIBUTE | READ_ATTRIBUTE,
            b'"' => WRITE_ATTRIBUTE,
            b'&' | b'<' => WRITE_TEXT | WRITE_ATTRIBUTE | READ_TEXT | READ_ATTRIBUTE,
            b'>' => WRITE_TEXT | WRITE_ATTRIBUTE,
            b']' => READ_TEXT,
            _ => 0,
        };
        special[byte] |= match it {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => 0,
            b'0'..=b'9' | b'-' | b'.' => NAME_START,
            _ => NAME | NAME_START,
        };
        byte += 1;
    }
    special
};

/// Whether a byte needs care at that place.
#[inline]
pub(super) fn is_special(byte: u8, place: u8) -> bool {
    SPECIAL[usize::from(byte)] & place != 0
}

/// How many bytes at the beginning need no care. Eight at once cost less than eight times one.
#[inline]
pub(super) fn plain(bytes: &[u8], place: u8) -> usize {
    let is_plain = |bytes: &[u8]| {
        let seen = bytes.iter().fold(0, |seen, &byte| seen | SPECIAL[usize::from(byte)]);
        seen & place == 0
    };
    let chunks = bytes.as_chunks::<8>().0;
    let whole = 8 * chunks.iter().take_while(|chunk| is_plain(&chunk[..])).count();
    let rest = bytes[whole..].iter();
    whole + rest.take_while(|&&byte| !is_special(byte, place)).count()
}

/// The first character that XML 1.0 forbids, and where it is.
pub(super) fn forbidden(text: &str) -> Option<(usize, char)> {
    let checked = plain(text.as_bytes(), ANYWHERE);
    if checked == text.len() {
        return None;
    }
    text.char_indices().find(|&(_, character)| is_forbidden(character))
}

pub(super) fn is_forbidden(character: char) -> bool {
    character < ' ' && !matches!(character, '\t' | '\n' | '\r') || matches!(character, '\u{FFFE}' | '\u{FFFF}')
}

/// Close to XML's rule for a name without a prefix: strict about ASCII, open to all letters beyond.
pub(super) fn is_name(name: &str) -> bool {
    let [first, rest @ ..] = name.as_bytes() else {
        return false;
    };
    if !is_special(*first, NAME_START) && rest.iter().all(|&byte| !is_special(byte, NAME)) {
        return true;
    }
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_' || c > '\u{BF}' && !is_forbidden(c);
    let goes_on = |c: char| begins(c) || c.is_ascii_digit() || matches!(c, '-' | '.' | '\u{B7}');
    name.starts_with(begins) && name.chars().all(goes_on)
}
