//! When two references are the same, and which ones can be stored.

use unicode_normalization::{UnicodeNormalization, is_nfc};
use vitec_connect::datacontract::id::is_invisible;

/// The longest reference, in bytes: PostgreSQL's index takes little more than twice as much.
pub(crate) const MAX_BYTES: usize = 1024;

/// The form in which references are compared: white space at the ends does not count, no-break spaces neither, and `å` is
/// the same in one character and in two (Unicode's normal form C).
pub(crate) fn normal(reference: &str) -> String {
    match is_nfc(reference) {
        true => reference.trim().to_owned(),
        false => reference.nfc().collect::<String>().trim().to_owned(),
    }
}

/// What a row with this reference is looked up by.
pub(crate) fn key(reference: &str) -> String {
    format!("reference:{}", normal(reference))
}

/// Why a reference is not taken, on either database.
pub(crate) fn problem(reference: &str) -> Option<String> {
    let of = |character: char, what| format!("it contains U+{:04X}, {what}", u32::from(character));
    if normal(reference).is_empty() {
        return Some("it is empty, or white space only: leave it out, or give one".to_owned());
    }
    if reference.len() > MAX_BYTES {
        let length = reference.len();
        return Some(format!(
            "it has {length} bytes, and at most {MAX_BYTES} are allowed: shorten it"
        ));
    }
    reference.chars().find_map(|character| match character {
        '\0' => Some(of(character, "which PostgreSQL cannot store: delete it")),
        // As in ids: such as a zero-width space, or a change of the reading direction.
        _ if is_invisible(character) => Some(of(
            character,
            "a character that nobody sees: delete it, or type the reference anew",
        )),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_that_cannot_be_stored_says_why() {
        assert_eq!(problem("\u{e5} 17\t"), None);
        assert_eq!(problem(&"\u{e5}".repeat(512)), None);
        for (reference, part) in [
            ("", "empty"),
            (" \u{a0}", "white space only"),
            (&*"x".repeat(1025), "has 1025 bytes"),
            ("r\0", "U+0000"),
            ("r\u{200b}", "U+200B"),
            ("r\u{2067}", "U+2067"),
        ] {
            assert!(problem(reference).is_some_and(|it| it.contains(part)), "{reference:?}");
        }
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        for (written, same) in [
            ("decision 17", "decision 17"),
            (" decision 17\t", "decision 17"),
            ("\u{a0}17\u{202f}\u{3000}", "17"),
            ("a\u{30a}rsbesked", "\u{e5}rsbesked"),
            // The sign for the unit is the letter.
            ("\u{212b}", "\u{c5}"),
            // In a space of a width of its own and a plain one there is a difference inside.
            ("17\u{a0}4", "17\u{a0}4"),
            ("", ""),
        ] {
            assert_eq!(normal(written), same, "{written:?}");
            assert_eq!(normal(same), same);
        }
    }
}
