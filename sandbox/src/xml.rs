//! XML as .NET's `XmlDictionaryReader` reads it: elements and text only, no DOCTYPE, no processing instructions,
//! at most 256 deep.

use quick_xml::NsReader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;

use crate::json_text::Fault;

/// The namespace of `i:nil`.
pub(crate) const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const MAX_DEPTH: usize = 256;

/// A piece of a document. Comments are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Start { name: String, namespace: String, nil: bool },
    End,
    Text(String),
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
        if text.chars().any(is_forbidden) {
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
            Some(Node::Text(text)) if text.starts_with(char::is_whitespace) => Ok(()),
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
            Event::Text(text) if text.contains("]]>") => return Err(Fault("]]> in text")),
            Event::Text(text) => Node::Text(text.xml10_content().into_owned()),
            Event::CData(text) => Node::Text(text.xml10_content().into_owned()),
            Event::GeneralRef(reference) => Node::Text(resolve(&reference)?.to_string()),
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
        if !are_separated(start.attributes_raw()) {
            return Err(Fault("no space between attributes"));
        }
        let mut nil = false;
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| Fault("a bad attribute"))?;
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Explicit1_0)
                .map_err(|_| Fault("a bad attribute value"))?;
            if attribute.value.contains('<') || !is_name(attribute.key.into_inner()) {
                return Err(Fault("a bad attribute"));
            }
            match self.reader.resolver().resolve_attribute(attribute.key) {
                (ResolveResult::Unknown(_), _) => return Err(Fault("an undeclared prefix")),
                (ResolveResult::Bound(namespace), local)
                    if namespace.into_inner() == INSTANCE && local.into_inner() == "nil" =>
                {
                    nil = boolean(&value).ok_or(Fault("i:nil is neither true nor false"))?;
                }
                _ => {}
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

/// What XML 1.0 forbids unless it is written as a character reference, which .NET lets through.
fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
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

/// An entity or character reference. Half a surrogate pair becomes U+FFFD, as observed.
fn resolve(reference: &BytesRef<'_>) -> Result<char, Fault> {
    let name = reference.xml10_content();
    let bad = Fault("an undefined entity or character");
    let Some(digits) = name.strip_prefix('#') else {
        return resolve_predefined_entity(&name)
            .and_then(|text| text.chars().next())
            .ok_or(bad);
    };
    let number = match digits.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    match number {
        Ok(number @ 0..=0x0010_FFFF) if !digits.contains('+') => {
            Ok(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER))
        }
        _ => Err(bad),
    }
}

/// Version 1.0 only, and no other encoding than the one the body was read in.
fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), Fault> {
    let version = declaration.version().map_err(|_| Fault("a bad XML declaration"))?;
    let encoding = match declaration.encoding() {
        Some(encoding) => encoding.map_err(|_| Fault("a bad XML declaration"))?.to_lowercase(),
        None => "utf-8".to_owned(),
    };
    if version == "1.0" && matches!(encoding.as_str(), "utf-8" | "utf-16") {
        Ok(())
    } else {
        Err(Fault("another version or encoding of XML"))
    }
}
