//! Everything that this command prints goes through here: nothing that prints can panic, and nothing that a server said
//! can forge a line or move a cursor.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// A line on stderr. Where stderr is closed or full the line is lost, and nothing else is.
pub(crate) fn say(line: &str) {
    let mut line = escaped(line).into_owned();
    line.push('\n');
    // In one piece: others may write to the same place.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// An object on a line of its own, on stderr.
pub(crate) fn say_object(object: &serde_json::Value) {
    let _ = io::stderr().write_all(format!("{}\n", json_escaped(&object.to_string())).as_bytes());
}

/// Whole lines for stderr, from a writer of events: each goes the way of [`say`].
#[derive(Default)]
pub(crate) struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        say(String::from_utf8_lossy(bytes).trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// On stdout, to its end.
pub(crate) fn stdout(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush())
}

/// A part of a listing, on stdout. False where its reader has seen enough (`| head`): that is no failure.
pub(crate) fn listed(bytes: &[u8]) -> io::Result<bool> {
    match stdout(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// One object on stdout, for a program.
pub(crate) fn object(object: &impl Serialize) -> io::Result<()> {
    let json = serde_json::to_string_pretty(object)?;
    stdout(format!("{}\n", json_escaped(&json)).as_bytes())
}

/// What a server answered, on stdout: as it came, unless a terminal would act on what stands in it.
pub(crate) fn answer(text: &str) -> io::Result<()> {
    let shown = match io::stdout().is_terminal() {
        true => escaped(text),
        false => Cow::Borrowed(text),
    };
    stdout(format!("{shown}\n").as_bytes())
}

/// A text with everything written out that would not be seen as what it is: control characters (`\n`, `\u{1b}`), and
/// those that are invisible or turn the direction of writing (`\u{202e}`).
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    replaced(text, is_hidden, |escaped, character| {
        let _ = match character {
            '\n' | '\r' | '\t' => write!(escaped, "{}", character.escape_default()),
            _ => write!(escaped, "\\u{{{:x}}}", u32::from(character)),
        };
    })
}

/// What somebody else said, for a cell of a table: no line of its own, and nothing that a spreadsheet would work out.
pub(crate) fn harmless(text: &str) -> String {
    let text = escaped(text);
    match text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err() {
        true => format!("'{text}"),
        false => text.into_owned(),
    }
}

/// The same in JSON that is written already: its own escapes leave DEL, C1 and the invisible characters as they are.
/// They can stand within strings only, so that what is read from it stays the same; line ends only outside of them.
pub(crate) fn json_escaped(json: &str) -> Cow<'_, str> {
    replaced(
        json,
        |it| it != '\n' && is_hidden(it),
        |escaped, character| {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        },
    )
}

fn replaced(text: &str, is_meant: fn(char) -> bool, write: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if !text.contains(is_meant) {
        return Cow::Borrowed(text);
    }
    let mut replaced = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match is_meant(character) {
            true => write(&mut replaced, character),
            false => replaced.push(character),
        }
    }
    Cow::Owned(replaced)
}

/// Control characters (Cc), line and paragraph separators, and the format characters (Cf) that hide or reorder text.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_be_seen_is_written_out() {
        for (text, shown) in [
            ("Ålandsbanken \"Co\" \\ 😀", "Ålandsbanken \"Co\" \\ 😀"),
            ("a\nerror: b\r\t", "a\\nerror: b\\r\\t"),
            ("\u{1b}[2J\u{7f}\u{9b}0m\0", "\\u{1b}[2J\\u{7f}\\u{9b}0m\\u{0}"),
            (
                "\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}",
                "\\u{202e}\\u{2066}\\u{200b}\\u{feff}\\u{2028}",
            ),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }

    #[test]
    fn json_stays_the_same_json() {
        let value = serde_json::json!({"å\u{9b}": ["\u{7f}\u{202e}\n\u{1b}\u{e0041}", 1], "😀": null});
        for json in [value.to_string(), format!("{value:#}")] {
            let escaped = json_escaped(&json);
            assert!(!escaped.replace('\n', "").contains(is_hidden), "{escaped}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
        }
        assert!(matches!(json_escaped("{\n  \"a\": 1\n}"), Cow::Borrowed(_)));
    }
}
