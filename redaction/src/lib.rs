//! The password and the Basic value in an answer: a server, or what stands in front of it, may repeat the request, and what
//! it says is shown, logged and stored. Both are taken out before anything reads the answer.
//!
//! ```
//! use http::HeaderValue;
//! use vitec_connect_redaction::Secrets;
//!
//! // partner:hemligt-Tr0ub4dor
//! let secrets = Secrets::of(&HeaderValue::from_static("Basic cGFydG5lcjpoZW1saWd0LVRyMHViNGRvcg=="));
//! let answer = br#"{"message":"no such user: partner:hemligt\u002dTr0ub4dor"}"#;
//! let redacted = secrets.redact(answer, false);
//! assert_eq!(redacted.as_deref(), Some(&br#"{"message":"no such user: partner:[redacted]"}"#[..]));
//! assert_eq!(secrets.redact(b"\"sandbox-1\"", false), None);
//! ```
//!
//! # What is found
//! - as it is, in UTF-8, Latin-1 and UTF-16;
//! - escaped as in JSON (`\"`, `\u00e5`), in XML (`&amp;`, `&#229;`) and in a URL (`%C3%A5`, `+`), also one character so and
//!   the next otherwise;
//! - the beginning of one where an answer was cut off.
//!
//! # What is not
//! Passwords of fewer than 8 characters: they stand in ordinary words too. A password that is a number or a name of the
//! answer's own JSON or XML is left there: the answer stays what it was, and reads as before. Other encodings, and what was
//! compressed, hashed or encoded as a whole; the Basic value is base64 itself, and found.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde::de::IgnoredAny;
use smallvec::SmallVec;
use zeroize::Zeroizing;

const REDACTED: &[u8] = b"[redacted]";

/// Shorter ones stand in ordinary words too.
const SHORTEST: usize = 8;

/// So much of a secret at the end of an answer that was cut off is taken for it.
const BEGINNING: usize = 4;

/// The longest escape of a character: `\ud83d\ude00`.
const ESCAPE: usize = 12;

/// Places in an answer: few, and nothing is allocated for them.
type Places = SmallVec<[usize; 8]>;

/// What must not be repeated.
pub struct Secrets {
    /// Base64, without the padding.
    basic: Zeroizing<String>,
    /// Empty where it is too short.
    password: Zeroizing<String>,
}

impl Secrets {
    /// What an `Authorization: Basic …` holds.
    pub fn of(authorization: &HeaderValue) -> Self {
        let value = authorization.to_str().unwrap_or_default();
        let basic = value.strip_prefix("Basic ").unwrap_or(value);
        let plain = STANDARD.decode(basic).map(Zeroizing::new).unwrap_or_default();
        let colon = plain.iter().position(|byte| *byte == b':').map_or(0, |at| at + 1);
        let secret = |text: &str| match text.chars().nth(SHORTEST - 1) {
            Some(_) => text.to_owned(),
            None => String::new(),
        };
        Self {
            basic: secret(basic.trim_end_matches('=')).into(),
            password: secret(std::str::from_utf8(&plain[colon..]).unwrap_or_default()).into(),
        }
    }

    /// Takes them out of the values of headers.
    pub fn redact_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if let Some(redacted) = self.redact(value.as_bytes(), false) {
                *value = HeaderValue::from_bytes(&redacted).unwrap_or(HeaderValue::from_static("[redacted]"));
            }
        }
    }

    /// `bytes` without them; none where they are not in it. Whether it is `cut` off: then a secret may be, too.
    ///
    /// What was JSON or XML stays it: there the password is looked for in texts only, and left alone in numbers, names of
    /// elements and namespaces. It may be a word of the protocol, and no server names an element by what it was sent.
    pub fn redact(&self, bytes: &[u8], cut: bool) -> Option<Vec<u8>> {
        let starts = self.starts();
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(next) = bytes[at..].iter().position(|byte| starts[usize::from(*byte)]) {
            at += next;
            let secrets = [(&self.basic, true), (&self.password, false)];
            let hit = secrets.into_iter().find_map(|(secret, is_basic)| {
                let within = |text: Text<'_>| Some((at..end(secret, text, at, cut)?, text.encoding, is_basic));
                ENCODINGS
                    .into_iter()
                    .find_map(|encoding| within(Text { bytes, encoding }))
            });
            at = hit.as_ref().map_or(at + 1, |(range, ..)| range.end);
            found.extend(hit);
        }
        if found.is_empty() {
            return None;
        }
        let syntax = syntax(bytes);
        found.retain(|(it, _, is_basic)| {
            *is_basic || !syntax.iter().any(|own| own.start < it.end && it.start < own.end)
        });
        let mut redacted = Vec::with_capacity(bytes.len());
        let mut copied = 0;
        for (range, encoding, _) in &found {
            redacted.extend_from_slice(&bytes[copied..range.start]);
            match encoding {
                Encoding::Bytes => redacted.extend_from_slice(REDACTED),
                Encoding::Utf16Le => redacted.extend(REDACTED.iter().flat_map(|byte| [*byte, 0])),
                Encoding::Utf16Be => redacted.extend(REDACTED.iter().flat_map(|byte| [0, *byte])),
            }
            copied = range.end;
        }
        redacted.extend_from_slice(&bytes[copied..]);
        Some(redacted)
    }

    /// The bytes that a secret can begin with, in one form or another.
    fn starts(&self) -> [bool; 256] {
        let mut starts = [false; 256];
        for first in [&self.basic, &self.password]
            .into_iter()
            .filter_map(|it| it.chars().next())
        {
            // In UTF-16 the first byte of anything may be nothing.
            for byte in [b'\\', b'%', b'&', b'+', 0] {
                starts[usize::from(byte)] = true;
            }
            starts[usize::from(first.encode_utf8(&mut [0; 4]).as_bytes()[0])] = true;
            let unit = first.encode_utf16(&mut [0; 2])[0];
            unit.to_be_bytes()
                .iter()
                .for_each(|byte| starts[usize::from(*byte)] = true);
        }
        starts
    }
}

/// How an answer's characters may be written. UTF-8 and Latin-1 are told apart by the character.
#[derive(Clone, Copy)]
enum Encoding {
    Bytes,
    Utf16Le,
    Utf16Be,
}

const ENCODINGS: [Encoding; 3] = [Encoding::Bytes, Encoding::Utf16Le, Encoding::Utf16Be];

/// An answer, taken for text in one encoding.
#[derive(Clone, Copy)]
struct Text<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
}

impl Text<'_> {
    /// In bytes.
    fn width(self) -> usize {
        match self.encoding {
            Encoding::Bytes => 1,
            Encoding::Utf16Le | Encoding::Utf16Be => 2,
        }
    }

    fn unit(self, at: usize) -> Option<u16> {
        let byte = |at: usize| self.bytes.get(at).copied();
        match self.encoding {
            Encoding::Bytes => byte(at).map(u16::from),
            Encoding::Utf16Le => Some(u16::from_le_bytes([byte(at)?, byte(at + 1)?])),
            Encoding::Utf16Be => Some(u16::from_be_bytes([byte(at)?, byte(at + 1)?])),
        }
    }

    /// Where `form` ends, if it stands at `at`.
    fn end_of(self, at: usize, form: impl IntoIterator<Item = u16>) -> Option<usize> {
        form.into_iter()
            .try_fold(at, |at, unit| (self.unit(at) == Some(unit)).then(|| at + self.width()))
    }
}

/// Where `secret` ends, if it begins at `start`.
fn end(secret: &str, text: Text<'_>, start: usize, cut: bool) -> Option<usize> {
    let mut chars = secret.chars();
    // A character has several forms, and one may begin as another does: all places reached so far.
    let (mut reached, mut next) = (Places::new(), Places::new());
    forms(chars.next()?, text, start, &mut reached);
    if reached.is_empty() {
        return None; // Nearly always.
    }
    for (passed, c) in (1..).zip(chars) {
        for at in &reached {
            forms(c, text, *at, &mut next);
        }
        if next.is_empty() {
            let at_the_end = |at: &usize| {
                let rest = text.bytes.len() - at;
                let is_escape = text.unit(*at).is_some_and(is_escape);
                rest < 4 || is_escape && rest < ESCAPE * text.width()
            };
            return (cut && passed >= BEGINNING && reached.iter().any(at_the_end)).then_some(text.bytes.len());
        }
        reached.clear();
        std::mem::swap(&mut reached, &mut next);
    }
    reached.into_iter().max()
}

/// Adds to `ends` where `c` ends, in each form that it has at `at`.
fn forms(c: char, text: Text<'_>, at: usize, ends: &mut Places) {
    let mut buffer = [0; 4];
    let plain = match text.encoding {
        Encoding::Bytes => text.end_of(at, c.encode_utf8(&mut buffer).bytes().map(u16::from)),
        Encoding::Utf16Le | Encoding::Utf16Be => text.end_of(at, c.encode_utf16(&mut [0; 2]).iter().copied()),
    };
    let latin_1 = u8::try_from(c).ok().and_then(|it| text.end_of(at, [u16::from(it)]));
    let space = (c == ' ').then(|| text.end_of(at, [u16::from(b'+')])).flatten();
    for end in [plain, latin_1, space, escaped(c, text, at)].into_iter().flatten() {
        if !ends.contains(&end) {
            ends.push(end);
        }
    }
}

fn is_escape(unit: u16) -> bool {
    [b'\\', b'%', b'&'].map(u16::from).contains(&unit)
}

/// Where `c` ends, if it stands escaped at `at`: as in JSON, in XML or in a URL.
fn escaped(c: char, answer: Text<'_>, at: usize) -> Option<usize> {
    if !answer.unit(at).is_some_and(is_escape) {
        return None;
    }
    let mut text = [0; ESCAPE];
    for (index, slot) in text.iter_mut().enumerate() {
        let unit = answer.unit(at + index * answer.width());
        *slot = unit.and_then(|it| u8::try_from(it).ok()).unwrap_or(0);
    }
    let hex = |from: usize, digits: usize| {
        let digits = std::str::from_utf8(text.get(from..from + digits)?).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let length = match text {
        [b'\\', b'u', ..] => {
            let units = c.encode_utf16(&mut [0; 2]).to_vec();
            let is = |(index, unit): (usize, &u16)| {
                text[index * 6..].starts_with(b"\\u") && hex(index * 6 + 2, 4) == Some(u32::from(*unit))
            };
            units.iter().enumerate().all(is).then_some(units.len() * 6)
        }
        [b'\\', next, ..] => (char::from(next) == c && r#""\/'"#.contains(c)).then_some(2),
        [b'%', ..] => {
            let mut buffer = [0; 4];
            let utf8 = c.encode_utf8(&mut buffer).as_bytes();
            let is = |(index, byte): (usize, &u8)| {
                text[index * 3] == b'%' && hex(index * 3 + 1, 2) == Some(u32::from(*byte))
            };
            utf8.iter().enumerate().all(is).then_some(utf8.len() * 3)
        }
        _ => {
            let end = text.iter().position(|byte| *byte == b';')?;
            let is = match std::str::from_utf8(&text[1..end]).ok()? {
                "amp" => c == '&',
                "lt" => c == '<',
                "gt" => c == '>',
                "quot" => c == '"',
                "apos" => c == '\'',
                reference => {
                    let number = reference.strip_prefix('#')?;
                    let number = match number.strip_prefix(['x', 'X']) {
                        Some(hex) => u32::from_str_radix(hex, 16),
                        None => number.parse(),
                    };
                    number.is_ok_and(|it| it == u32::from(c))
                }
            };
            is.then_some(end + 1)
        }
    };
    length.map(|length| at + length * answer.width())
}

/// What makes `bytes` JSON or XML and is no text; nothing where they are neither.
fn syntax(bytes: &[u8]) -> Vec<Range<usize>> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match serde_json::from_slice::<IgnoredAny>(text) {
        Ok(_) => outside_of_strings(bytes),
        Err(_) => std::str::from_utf8(bytes).map(names).unwrap_or_default(),
    }
}

/// In JSON.
fn outside_of_strings(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut outside = Vec::new();
    let (mut since, mut in_string, mut at) = (0, false, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_string => at += 1, // And what it escapes.
            b'"' => {
                in_string = !in_string;
                match in_string {
                    true => outside.push(since..at + 1),
                    false => since = at,
                }
            }
            _ => {}
        }
        at += 1;
    }
    outside.push(since..bytes.len());
    outside
}

/// The names of elements, and the namespaces, in XML.
fn names(text: &str) -> Vec<Range<usize>> {
    let range = |part: &str| {
        let start = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        Some(start..start.checked_add(part.len())?)
    };
    let mut names = Vec::new();
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => names.extend(names_of(&tag).into_iter().filter_map(range)),
            Ok(Event::End(tag)) => names.extend(range(&tag)),
            Ok(Event::Eof) | Err(_) => return names,
            Ok(_) => {}
        }
    }
}

fn names_of<'a>(tag: &'a BytesStart) -> Vec<&'a str> {
    let mut names = vec![tag.name().into_inner()];
    for attribute in tag.attributes().with_checks(false) {
        match attribute {
            Ok(attribute) if !attribute.key.into_inner().starts_with("xmlns") => {}
            Ok(attribute) => match attribute.value {
                std::borrow::Cow::Borrowed(value) => names.extend([attribute.key.into_inner(), value]),
                std::borrow::Cow::Owned(_) => return vec![tag],
            },
            // UTF-16, for one.
            Err(_) => return vec![tag],
        }
    }
    names
}

#[cfg(test)]
mod tests;
