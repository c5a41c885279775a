//! Bytes of an answer to text.

use std::borrow::Cow;

/// What windows-1252 has for the bytes 0x80 to 0x9F. `\0` marks the five that it leaves undefined.
const WINDOWS_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”', '•',
    '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// The text in `bytes`, without a byte order mark.
///
/// A byte order mark decides; without one `charset`, the label of a Content-Type; without either it is UTF-8, the
/// default of JSON and XML. `utf-16` without a mark is little-endian, as .NET means it. `None` where a byte does not
/// belong to the encoding, or the label is none of these: a guess could change a name or an amount unnoticed.
///
/// Written by hand: Web API answers in UTF-8 or UTF-16, and what stands in front of it adds these few at most.
pub fn decode_text<'a>(bytes: &'a [u8], charset: Option<&str>) -> Option<Cow<'a, str>> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return utf8(rest),
        [0xFF, 0xFE, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        _ => {}
    }
    let label = charset.unwrap_or("utf-8").trim_matches(['"', ' ', '\t']);
    let is = |names: &[&str]| names.iter().any(|name| label.eq_ignore_ascii_case(name));
    match () {
        () if is(&["utf-8", "utf8"]) => utf8(bytes),
        () if is(&["utf-16", "utf-16le"]) => utf16(bytes, u16::from_le_bytes),
        () if is(&["utf-16be"]) => utf16(bytes, u16::from_be_bytes),
        () if is(&["us-ascii", "ascii"]) && bytes.is_ascii() => utf8(bytes),
        () if is(&["iso-8859-1", "latin1"]) => Some(bytes.iter().copied().map(char::from).collect()),
        () if is(&["windows-1252", "cp1252"]) => bytes.iter().copied().map(windows_1252).collect(),
        () => None,
    }
}

fn utf8(bytes: &[u8]) -> Option<Cow<'_, str>> {
    std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'_, str>> {
    let (pairs, []) = bytes.as_chunks::<2>() else {
        return None;
    };
    char::decode_utf16(pairs.iter().copied().map(unit))
        .collect::<Result<_, _>>()
        .ok()
}

fn windows_1252(byte: u8) -> Option<char> {
    match byte {
        0x80..=0x9F => Some(WINDOWS_1252[usize::from(byte - 0x80)]).filter(|c| *c != '\0'),
        _ => Some(char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Lånelöfte €😀";

    fn utf16_bytes(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf_8_is_borrowed_and_the_default() {
        for label in [None, Some("utf-8"), Some("UTF-8"), Some("\"utf-8\""), Some("utf8")] {
            assert!(
                matches!(decode_text(TEXT.as_bytes(), label), Some(Cow::Borrowed(TEXT))),
                "{label:?}"
            );
        }
        let marked = format!("\u{feff}{TEXT}");
        assert!(matches!(
            decode_text(marked.as_bytes(), None),
            Some(Cow::Borrowed(TEXT))
        ));
        assert_eq!(decode_text(b"", None).as_deref(), Some(""));
        assert_eq!(decode_text(b"\xEF\xBB\xBF", None).as_deref(), Some(""));
    }

    #[test]
    fn utf_16_by_label() {
        let little = utf16_bytes(TEXT, u16::to_le_bytes);
        let big = utf16_bytes(TEXT, u16::to_be_bytes);
        assert_eq!(decode_text(&little, Some("utf-16")).as_deref(), Some(TEXT));
        assert_eq!(decode_text(&little, Some("UTF-16LE")).as_deref(), Some(TEXT));
        assert_eq!(decode_text(&big, Some("utf-16BE")).as_deref(), Some(TEXT));
    }

    #[test]
    fn a_byte_order_mark_beats_the_label() {
        let marked = format!("\u{feff}{TEXT}");
        for label in [
            None,
            Some("utf-8"),
            Some("utf-16"),
            Some("utf-16be"),
            Some("iso-8859-1"),
            Some("nope"),
        ] {
            for bytes in [
                marked.as_bytes().to_vec(),
                utf16_bytes(&marked, u16::to_le_bytes),
                utf16_bytes(&marked, u16::to_be_bytes),
            ] {
                assert_eq!(decode_text(&bytes, label).as_deref(), Some(TEXT), "{label:?}");
            }
        }
    }

    #[test]
    fn one_byte_encodings() {
        assert_eq!(
            decode_text(b"L\xE5n \x80", Some("ISO-8859-1")).as_deref(),
            Some("Lån \u{80}")
        );
        assert_eq!(
            decode_text(b"L\xE5n \x80\x9F", Some("windows-1252")).as_deref(),
            Some("Lån €Ÿ")
        );
        assert_eq!(decode_text(b"plain", Some("us-ascii")).as_deref(), Some("plain"));
    }

    #[test]
    fn what_does_not_belong_to_the_encoding_is_none() {
        assert_eq!(decode_text(b"L\xE5n", None), None);
        assert_eq!(decode_text(b"\xEF\xBB\xBF\xE5", None), None);
        assert_eq!(decode_text(b"L\xE5n", Some("us-ascii")), None);
        assert_eq!(decode_text(b"abc", Some("utf-16")), None);
        assert_eq!(decode_text(b"\xFF\xFEa", None), None);
        assert_eq!(decode_text(b"\xFF\xFE\x00\xD8", None), None);
        assert_eq!(decode_text(b"abc", Some("utf-7")), None);
        for undefined in [0x81, 0x8D, 0x8F, 0x90, 0x9D] {
            assert_eq!(decode_text(&[undefined], Some("windows-1252")), None);
        }
    }
}
