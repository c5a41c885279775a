//! The password and the Basic value in an answer: a server, or what stands in front of it, may repeat the request, and what
//! it says is shown, logged and stored. Both are taken out before anything reads the answer.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use reqwest::header::{HeaderMap, HeaderValue};
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
pub(crate) struct Secrets {
    /// Base64, without the padding.
    basic: Zeroizing<String>,
    /// Empty where it is too short.
    password: Zeroizing<String>,
}

impl Secrets {
    /// What an `Authorization: Basic …` holds.
    pub(crate) fn of(authorization: &HeaderValue) -> Self {
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
    pub(crate) fn redact_headers(&self, headers: &mut HeaderMap) {
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
    pub(crate) fn redact(&self, bytes: &[u8], cut: bool) -> Option<Vec<u8>> {
        let starts = self.starts();
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(next) = bytes[at..].iter().position(|byte| starts[usize::from(*byte)]) {
            at += next;
            let end = |secret: &str| end(secret, bytes, at, cut);
            let basic = end(&self.basic);
            at = match basic.or_else(|| end(&self.password)) {
                Some(end) => {
                    found.push((at..end, basic.is_some()));
                    end
                }
                None => at + 1,
            };
        }
        if found.is_empty() {
            return None;
        }
        let syntax = syntax(bytes);
        found.retain(|(it, is_basic)| *is_basic || !syntax.iter().any(|own| own.start < it.end && it.start < own.end));
        let mut redacted = Vec::with_capacity(bytes.len());
        let mut copied = 0;
        for (range, _) in &found {
            redacted.extend_from_slice(&bytes[copied..range.start]);
            replace(bytes, range.clone(), &mut redacted);
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
            for byte in [b'\\', b'%', b'&', b'+'] {
                starts[usize::from(byte)] = true;
            }
            starts[usize::from(first.encode_utf8(&mut [0; 4]).as_bytes()[0])] = true;
            match first.encode_utf16(&mut [0; 2])[0].to_be_bytes() {
                [0, latin_1] => starts[usize::from(latin_1)] = true,
                unit => unit.iter().for_each(|byte| starts[usize::from(*byte)] = true),
            }
        }
        starts
    }
}

/// Puts the replacement for what stands at `range`: in UTF-16 where that is.
fn replace(bytes: &[u8], range: Range<usize>, redacted: &mut Vec<u8>) {
    let zeros = range.clone().filter(|at| bytes[*at] == 0 && at + 1 < range.end);
    let (high_first, low_first): (Vec<usize>, Vec<usize>) = zeros.partition(|at| at % 2 == 0);
    if high_first.is_empty() && low_first.is_empty() {
        return redacted.extend_from_slice(REDACTED);
    }
    match high_first.len() > low_first.len() {
        // The zero before a character belongs to it, and may have been left, or be the next one's.
        true => {
            let units = REDACTED.iter().flat_map(|byte| [0, *byte]);
            redacted.extend(units.skip(range.start % 2).chain((range.end % 2 == 1).then_some(0)));
        }
        false => redacted.extend(REDACTED.iter().flat_map(|byte| [*byte, 0])),
    }
}

/// Where `secret` ends, if it begins at `start`.
fn end(secret: &str, bytes: &[u8], start: usize, cut: bool) -> Option<usize> {
    let mut chars = secret.chars();
    // A character has several forms, and one may begin as another does: all places reached so far.
    let (mut reached, mut next) = (Places::new(), Places::new());
    forms(chars.next()?, bytes, start, &mut reached);
    if reached.is_empty() {
        return None; // Nearly always.
    }
    for (passed, c) in (1..).zip(chars) {
        for at in &reached {
            forms(c, bytes, *at, &mut next);
        }
        if next.is_empty() {
            let at_the_end = |at: &usize| match &bytes[*at..] {
                [b'\\' | b'%' | b'&', rest @ ..] => rest.len() < ESCAPE,
                rest => rest.len() < 4,
            };
            return (cut && passed >= BEGINNING && reached.iter().any(at_the_end)).then_some(bytes.len());
        }
        reached.clear();
        std::mem::swap(&mut reached, &mut next);
    }
    reached.into_iter().max()
}

/// Adds to `ends` where `c` ends, in each form that it has at `at`.
fn forms(c: char, bytes: &[u8], at: usize, ends: &mut Places) {
    let rest = &bytes[at..];
    let mut add = |end: usize| {
        // In UTF-16 a zero stands behind a character, or before the next one.
        let zero = bytes.get(end).filter(|byte| **byte == 0).map(|_| end + 1);
        for end in [Some(end), zero].into_iter().flatten() {
            if !ends.contains(&end) {
                ends.push(end);
            }
        }
    };
    let mut add_plain = |form: &[u8]| {
        if rest.starts_with(form) {
            add(at + form.len());
        }
    };
    add_plain(c.encode_utf8(&mut [0; 4]).as_bytes());
    if !c.is_ascii() {
        if let Ok(latin_1) = u8::try_from(c) {
            add_plain(&[latin_1]);
        } else {
            let units = c.encode_utf16(&mut [0; 2]).to_vec();
            add_plain(&units.iter().copied().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
            add_plain(&units.iter().copied().flat_map(u16::to_be_bytes).collect::<Vec<_>>());
        }
    }
    if c == ' ' {
        add_plain(b"+");
    }
    if let Some(end) = escaped(c, rest) {
        add(at + end);
    }
}

/// Where `c` ends, if it stands escaped at the beginning of `rest`: as in JSON, in XML or in a URL.
fn escaped(c: char, rest: &[u8]) -> Option<usize> {
    if !matches!(rest.first(), Some(b'\\' | b'%' | b'&')) {
        return None;
    }
    // Without the zeros of UTF-16.
    let mut text = [0; ESCAPE];
    let mut ends = [0; ESCAPE];
    let own = rest.iter().enumerate().filter(|(_, byte)| **byte != 0);
    for (slot, (index, byte)) in own.take(ESCAPE).enumerate() {
        text[slot] = *byte;
        ends[slot] = index + 1;
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
    length.map(|length| ends[length - 1])
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
