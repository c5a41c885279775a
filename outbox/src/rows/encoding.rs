//! UTF-8 or Windows-1252, as Excel writes CSV.

use std::borrow::Cow;

/// What Windows-1252 has for the bytes 0x80 to 0x9F. `\0` marks the five that it leaves undefined.
const WINDOWS_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”', '•',
    '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// The file's encoding, once a letter outside of ASCII has shown it. Decided once: a single damaged row in a file of
/// UTF-8 is an error, and not a row with other letters in its names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    #[default]
    Undecided,
    Utf8,
    Windows1252,
}

impl Encoding {
    pub(super) fn decode<'a>(&mut self, bytes: &'a [u8]) -> Result<Cow<'a, str>, &'static str> {
        let utf8 = std::str::from_utf8(bytes).ok();
        if bytes.is_ascii() {
            return Ok(Cow::Borrowed(utf8.unwrap_or_default()));
        }
        if *self == Self::Undecided {
            *self = if utf8.is_some() { Self::Utf8 } else { Self::Windows1252 };
        }
        match (*self, utf8) {
            (Self::Windows1252, None) => bytes
                .iter()
                .map(|byte| match byte {
                    0x80..=0x9F => WINDOWS_1252
                        .get(usize::from(byte - 0x80))
                        .copied()
                        .filter(|it| *it != '\0'),
                    _ => Some(char::from(*byte)),
                })
                .collect::<Option<String>>()
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
