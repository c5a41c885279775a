//! Finds the tokens of a document. quick-xml does the cutting; this module adds what it leaves
//! open: namespaces, limits, and the parts of well-formedness that it does not look at.

use super::{Error, MAX_DEPTH, Name, XSI};
use quick_xml::XmlVersion;
use quick_xml::errors::{Error as Fault, IllFormedError};
use quick_xml::events::{BytesDecl, BytesStart, Event};
use std::borrow::Cow;

/// How many namespaces may be declared at one place. No contract comes near; it keeps the search
/// among them short in a document made to be slow.
const MAX_NAMESPACES: usize = 256;

/// What comes next in a document. Comments and processing instructions are left out.
pub(super) enum Token<'a> {
    /// An element begins: [`Tokens::element`].
    Start,
    /// An element ends, written as `<a></a>` or `<a/>`.
    End,
    /// Part of a text. References, CDATA and comments divide it.
    Text(Cow<'a, str>),
    /// The document ends, with all elements closed.
    Eof,
}

pub(super) struct Tokens<'a> {
    xml: quick_xml::Reader<&'a [u8]>,
    document: &'a [u8],
    /// The document without its byte order mark.
    input: &'a str,
    /// Whether the declared encoding is to be ignored.
    transcoded: bool,
    /// Where the last token began, in `input`.
    at: usize,
    element: Element<'a>,
    /// The namespaces declared at this place, outermost first.
    namespaces: Vec<Declaration>,
    depth: usize,
}

/// The last element that began.
#[derive(Default)]
struct Element<'a> {
    local: &'a str,
    /// Index of its declaration; `None`: no namespace.
    namespace: Option<usize>,
    nil: bool,
}

struct Declaration {
    prefix: String,
    namespace: String,
    /// Depth of the element that declares it.
    depth: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(document: &'a [u8], transcoded: bool) -> Result<Self, Error> {
        let input = characters(document)?;
        let mut xml = quick_xml::Reader::from_str(input);
        xml.config_mut().expand_empty_elements = true;
        xml.config_mut().check_comments = true;
        Ok(Self {
            xml,
            document,
            input,
            transcoded,
            at: 0,
            element: Element::default(),
            namespaces: Vec::new(),
            depth: 0,
        })
    }

    /// Local name of the last element that began.
    pub(super) fn local(&self) -> &'a str {
        self.element.local
    }

    /// Namespace of the last element that began; empty for none.
    pub(super) fn namespace(&self) -> &str {
        let declaration = self.element.namespace.and_then(|index| self.namespaces.get(index));
        declaration.map_or("", |declaration| &declaration.namespace)
    }

    /// Whether the last element that began has this name.
    pub(super) fn is(&self, name: &Name<'_>) -> bool {
        self.element.local == name.local && self.namespace() == name.namespace
    }

    /// Whether the last element that began has `i:nil`.
    pub(super) fn is_nil(&self) -> bool {
        self.element.nil
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Where the last token began.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// An error at the last token.
    pub(super) fn error(&self, message: impl Into<Cow<'static, str>>) -> Error {
        self.error_at(self.at, message)
    }

    pub(super) fn error_at(&self, at: usize, message: impl Into<Cow<'static, str>>) -> Error {
        let byte_order_mark = self.document.len() - self.input.len();
        Error::new(message).at(self.document, byte_order_mark.saturating_add(at))
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, Error> {
        loop {
            self.at = offset(self.xml.buffer_position());
            let event = match self.xml.read_event() {
                Ok(event) => event,
                Err(fault) => return Err(self.syntax_error(&fault)),
            };
            match event {
                Event::Start(start) => {
                    self.start(&start)?;
                    return Ok(Token::Start);
                }
                Event::End(_) => {
                    self.end();
                    return Ok(Token::End);
                }
                Event::Text(text) if text.contains("]]>") => {
                    return Err(self.error("]]> in text: XML forbids it"));
                }
                Event::Text(text) => return Ok(Token::Text(text.xml10_content())),
                Event::CData(_) | Event::GeneralRef(_) if self.depth == 0 => {
                    let error = self.error("text outside of the root element");
                    return Err(error.other_document());
                }
                Event::CData(text) => return Ok(Token::Text(text.xml10_content())),
                Event::GeneralRef(reference) => {
                    return match character(&reference) {
                        Some(character) => Ok(Token::Text(character.to_string().into())),
                        None => Err(self.error("a reference that XML does not define")),
                    };
                }
                Event::Decl(declaration) => self.declaration(&declaration)?,
                Event::DocType(_) => return Err(self.error("a DOCTYPE, which is not accepted")),
                Event::Eof if self.depth > 0 => {
                    return Err(self.error("the document ends inside an element"));
                }
                Event::Eof => return Ok(Token::Eof),
                Event::Comment(_) | Event::PI(_) | Event::Empty(_) => {}
            }
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Error> {
        if self.depth == MAX_DEPTH {
            return Err(self.error("elements nested deeper than 64"));
        }
        self.depth += 1;
        // The name stands right after the `<`. Taken from the input, it outlives the event.
        let name = start.name().0;
        let in_input = self.input.get(self.at + 1..self.at + 1 + name.len());
        let (prefix, local) = self.split(in_input.filter(|&same| same == name).unwrap_or(""))?;
        // Attributes first: they may declare the element's own prefix.
        let nil = self.attributes(start)?;
        let namespace = self.resolve(prefix)?;
        self.element = Element { local, namespace, nil };
        Ok(())
    }

    fn end(&mut self) {
        while self.namespaces.last().is_some_and(|last| last.depth >= self.depth) {
            self.namespaces.pop();
        }
        self.depth = self.depth.saturating_sub(1);
    }

    /// Takes in the namespaces that an element declares, and tells whether it has `i:nil`. Other
    /// attributes only have to be well-formed.
    fn attributes(&mut self, start: &BytesStart<'_>) -> Result<bool, Error> {
        let mut prefixed = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| self.error("a malformed or repeated attribute"))?;
            let (prefix, local) = self.split(attribute.key.0)?;
            if attribute.value.contains('<') {
                return Err(self.error("< in an attribute: XML forbids it"));
            }
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| self.error("a reference in an attribute that XML does not define"))?;
            match (prefix, local) {
                ("xmlns", _) => self.declare(local, &value)?,
                ("", "xmlns") => self.declare("", &value)?,
                ("" | "xml", _) => {}
                _ => prefixed.push((prefix.to_owned(), local == "nil", value.into_owned())),
            }
        }
        // Only now: an attribute's prefix may be declared after it.
        let mut nil = false;
        for (prefix, is_named_nil, value) in prefixed {
            let namespace = self.resolve(&prefix)?;
            let namespace = namespace.and_then(|index| self.namespaces.get(index));
            if is_named_nil && namespace.is_some_and(|declared| declared.namespace == XSI) {
                nil = boolean(trimmed(&value)).ok_or_else(|| self.error("i:nil is neither true nor false"))?;
            }
        }
        Ok(nil)
    }

    fn declare(&mut self, prefix: &str, namespace: &str) -> Result<(), Error> {
        if self.namespaces.len() == MAX_NAMESPACES {
            return Err(self.error("more than 256 namespaces declared at one place"));
        }
        if prefix == "xmlns" || !prefix.is_empty() && namespace.is_empty() {
            return Err(self.error("a prefix that cannot be declared so"));
        }
        self.namespaces.push(Declaration {
            prefix: prefix.to_owned(),
            namespace: namespace.to_owned(),
            depth: self.depth,
        });
        Ok(())
    }

    /// Index of the declaration of a prefix, or of the default namespace. That one may be missing.
    fn resolve(&self, prefix: &str) -> Result<Option<usize>, Error> {
        let declared = self.namespaces.iter().rposition(|last| last.prefix == prefix);
        if declared.is_none() && !prefix.is_empty() {
            return Err(self.error("a prefix that is not declared"));
        }
        Ok(declared)
    }

    /// Divides a name into prefix and local name.
    fn split<'n>(&self, name: &'n str) -> Result<(&'n str, &'n str), Error> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let has_prefix = local.len() < name.len();
        if !is_name(local) || has_prefix && !is_name(prefix) {
            return Err(self.error("a name that XML forbids"));
        }
        Ok((prefix, local))
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), Error> {
        if self.at > 0 {
            return Err(self.error("an XML declaration that is not at the beginning"));
        }
        if !declaration.version().is_ok_and(|version| version == "1.0") {
            return Err(self.error("an XML version other than 1.0"));
        }
        let is_utf_8 = declaration
            .encoding()
            .is_none_or(|encoding| encoding.is_ok_and(|encoding| encoding.eq_ignore_ascii_case("utf-8")));
        if !is_utf_8 && !self.transcoded {
            return Err(self.error("the declared encoding is not UTF-8"));
        }
        Ok(())
    }

    fn syntax_error(&self, fault: &Fault) -> Error {
        // quick-xml's own words may hold names of any length.
        let message: Cow<'static, str> = match fault {
            Fault::Syntax(fault) => fault.to_string().into(),
            Fault::IllFormed(IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_)) => {
                "an end tag that does not match the start tag".into()
            }
            Fault::IllFormed(IllFormedError::UnclosedReference) => "a & that begins no reference".into(),
            Fault::IllFormed(IllFormedError::DoubleHyphenInComment) => "-- in a comment: XML forbids it".into(),
            _ => "the document is not well-formed".into(),
        };
        self.error_at(offset(self.xml.error_position()), message)
    }
}

/// The document as text, without its byte order mark, when it has only characters that XML 1.0
/// allows.
fn characters(document: &[u8]) -> Result<&str, Error> {
    let text = std::str::from_utf8(document)
        .map_err(|error| Error::new("the document is not UTF-8").at(document, error.valid_up_to()))?;
    if let Some((offset, character)) = text.char_indices().find(|&(_, c)| is_forbidden(c)) {
        let message = format!("U+{:04X}: XML 1.0 forbids it", u32::from(character));
        return Err(Error::new(message).at(document, offset));
    }
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

fn is_forbidden(c: char) -> bool {
    c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// What a reference stands for: a character by its number, or one of the five that XML names.
fn character(reference: &str) -> Option<char> {
    let numbered = |digits: &str, radix| {
        // Rust would take a sign too.
        let is_number = digits.chars().all(|digit| digit.is_digit(radix));
        let number = u32::from_str_radix(digits, radix).ok().filter(|_| is_number)?;
        char::from_u32(number)
    };
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match reference.strip_prefix("#x") {
            Some(digits) => numbered(digits, 16),
            None => numbered(reference.strip_prefix('#')?, 10),
        },
    }
}

/// Close to XML's rule for a name without a prefix: strict about ASCII, open to all letters beyond.
fn is_name(name: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_' || c > '\u{BF}';
    let goes_on = |c: char| begins(c) || c.is_ascii_digit() || matches!(c, '-' | '.' | '\u{B7}');
    name.starts_with(begins) && name.chars().all(goes_on)
}

/// Text without the whitespace around it; XML counts four characters as such.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// The XML Schema type of that name.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
