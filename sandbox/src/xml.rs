//! XML as .NET's `XmlDictionaryReader` reads it: elements and text only, no DOCTYPE, no processing instructions,
//! at most 256 deep.

use std::collections::HashSet;

use quick_xml::NsReader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::name::ResolveResult;

use crate::bind::Fault;

/// The namespace of `i:nil`.
pub(crate) const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const MAX_DEPTH: usize = 256;

/// A piece of a document. Comments are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Start {
        name: String,
        namespace: String,
        nil: bool,
    },
    End,
    Text(String),
    /// Text in a CDATA section.
    Verbatim(String),
    Eof,
}

/// Reads a document piece by piece.
pub(crate) struct Xml<'a> {
    reader: NsReader<&'a [u8]>,
    depth: usize,
    at_start: bool,
}

impl<'a> Xml<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Self, Fault> {
        if text.contains(['\u{fffe}', '\u{ffff}']) {
            return Err(Fault("a character that XML does not know"));
        }
        let mut reader = NsReader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        Ok(Self {
            reader,
            depth: 0,
            at_start: true,
        })
    }

    /// The next element, end or text.
    pub(crate) fn next(&mut self) -> Result<Node, Fault> {
        loop {
            if let Some(node) = self.step()? {
                return Ok(node);
            }
        }
    }

    /// The one step beyond the root's end that the serializer takes: white space, a comment or nothing is fine
    /// there, and what comes after that is never looked at.
    pub(crate) fn leave_root(&mut self) -> Result<(), Fault> {
        match self.step()? {
            None | Some(Node::Eof) => Ok(()),
            Some(Node::Text(text)) if text.starts_with([' ', '\t', '\r', '\n']) => Ok(()),
            Some(_) => Err(Fault("more behind the root element")),
        }
    }

    /// Goes past the element that was just started, whatever is in it.
    pub(crate) fn skip(&mut self) -> Result<(), Fault> {
        let outside = self.depth - 1;
        while self.depth > outside {
            if self.next()? == Node::Eof {
                return Err(Fault("the body ends within an element"));
            }
        }
        Ok(())
    }

    /// One event. `None` is a comment or the declaration.
    fn step(&mut self) -> Result<Option<Node>, Fault> {
        let at_start = std::mem::take(&mut self.at_start);
        let (resolved, event) = self
            .reader
            .read_resolved_event()
            .map_err(|_| Fault("not well-formed"))?;
        let namespace = match resolved {
            ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(_) => return Err(Fault("an undeclared prefix")),
        };
        Ok(Some(match event {
            Event::Start(start) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(Fault("nested more than 256 deep"));
                }
                Node::Start {
                    nil: self.nil(&start)?,
                    name: checked_name(&start)?,
                    namespace,
                }
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Node::End
            }
            // Outside of the root only the beginning matters, and whoever asks looks at that.
            Event::Text(text) if self.depth == 0 => Node::Text(text.into_inner().into_owned()),
            Event::GeneralRef(_) if self.depth == 0 => {
                return Err(Fault("a reference outside of the root element"));
            }
            Event::Text(text) if text.contains("]]>") || has_control(&text) => {
                return Err(Fault("]]> or a control character in text"));
            }
            Event::Text(text) => Node::Text(text.xml10_content().into_owned()),
            Event::CData(text) => Node::Verbatim(text.xml10_content().into_owned()),
            Event::GeneralRef(reference) => Node::Text(resolve(&reference.xml10_content())?.to_string()),
            Event::Comment(text) if has_control(&text) => {
                return Err(Fault("a control character in a comment"));
            }
            Event::Comment(_) => return Ok(None),
            Event::Decl(declaration) if at_start => {
                check_declaration(&declaration)?;
                return Ok(None);
            }
            Event::Eof => Node::Eof,
            Event::Empty(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {
                return Err(Fault("a processing instruction or a DOCTYPE"));
            }
        }))
    }

    /// Checks an element's attributes, and says whether it is `i:nil`.
    fn nil(&self, start: &BytesStart<'_>) -> Result<bool, Fault> {
        let raw = start.attributes_raw();
        if !are_separated(raw) || has_control(raw) {
            return Err(Fault("no space between attributes, or a control character"));
        }
        let mut nil = false;
        let mut seen = HashSet::new();
        // Its own check for duplicates takes time with the square of their number.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| Fault("a bad attribute"))?;
            let value = unescape(&attribute.value)?;
            if attribute.value.contains('<') || !is_name(attribute.key.into_inner()) {
                return Err(Fault("a bad attribute"));
            }
            let (resolved, local) = self.reader.resolver().resolve_attribute(attribute.key);
            let namespace = match resolved {
                ResolveResult::Bound(namespace) => namespace.into_inner(),
                ResolveResult::Unbound => "",
                ResolveResult::Unknown(_) => return Err(Fault("an undeclared prefix")),
            };
            if namespace == INSTANCE && local.into_inner() == "nil" {
                nil = boolean(&value).ok_or(Fault("i:nil is neither true nor false"))?;
            }
            if !seen.insert((namespace, attribute.key.local_name().into_inner().to_owned())) {
                return Err(Fault("an attribute given twice"));
            }
        }
        Ok(nil)
    }
}

/// XML Schema's booleans.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Control characters that XML 1.0 forbids. .NET lets them through in CDATA and as references.
fn has_control(text: &str) -> bool {
    text.contains(|c| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}'))
}

fn checked_name(start: &BytesStart<'_>) -> Result<String, Fault> {
    if is_name(start.name().into_inner()) {
        Ok(start.local_name().into_inner().to_owned())
    } else {
        Err(Fault("a bad element name"))
    }
}

/// A name with at most one prefix.
fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}'))
    };
    name.splitn(2, ':').all(is_part)
}

/// Whether there is white space behind each attribute's value.
fn are_separated(attributes: &str) -> bool {
    let mut quote = None;
    let mut chars = attributes.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if open == c => {
                quote = None;
                if chars.peek().is_some_and(|next| !next.is_whitespace()) {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}

/// An attribute's value without references.
fn unescape(text: &str) -> Result<String, Fault> {
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        value.push_str(before);
        let (reference, behind) = behind.split_once(';').ok_or(Fault("a lone ampersand"))?;
        value.push(resolve(reference)?);
        rest = behind;
    }
    value.push_str(rest);
    Ok(value)
}

/// An entity or character reference. Half a surrogate pair becomes U+FFFD, and no digits at all are a 0, as observed.
fn resolve(name: &str) -> Result<char, Fault> {
    let bad = Fault("an undefined entity or character");
    let Some(number) = name.strip_prefix('#') else {
        return resolve_predefined_entity(name)
            .and_then(|text| text.chars().next())
            .ok_or(bad);
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(bad);
    }
    match u32::from_str_radix(&format!("0{digits}"), radix) {
        Ok(code @ 0..=0x0010_FFFF) => Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
        _ => Err(bad),
    }
}

/// Version 1.0 only, and no other encoding than the one the body was read in.
fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), Fault> {
    let bad = Fault("a bad XML declaration");
    let content = declaration.strip_prefix("xml").ok_or(bad)?;
    let mut allowed = ["version", "encoding", "standalone"].into_iter();
    for attribute in Attributes::new(content, 0) {
        let attribute = attribute.map_err(|_| bad)?;
        let name = attribute.key.into_inner();
        let value = attribute.value.to_ascii_lowercase();
        let fits = match name {
            "version" => value == "1.0",
            "encoding" => matches!(value.as_str(), "utf-8" | "utf-16"),
            _ => matches!(&*attribute.value, "yes" | "no"),
        };
        if !fits || !allowed.any(|known| known == name) {
            return Err(bad);
        }
    }
    let has_version = content.trim_start().starts_with("version");
    if has_version && are_separated(content) {
        Ok(())
    } else {
        Err(bad)
    }
}
