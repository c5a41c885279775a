//! When two references are the same.

use unicode_normalization::{UnicodeNormalization, is_nfc};

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

#[cfg(test)]
mod tests {
    use super::*;

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
