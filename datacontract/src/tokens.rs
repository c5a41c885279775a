//! Finds the tokens of a document. quick-xml's parsers find where markup ends, and read attributes; this module reads the
//! text between, and adds what quick-xml leaves open: namespaces, limits, and the parts of well-formedness that it does
//! not look at.

use super::characters::{NONCHARACTER, READ_ATTRIBUTE, READ_TEXT, forbidden, is_name, is_special, plain};
use super::{Error, Name, SERIALIZATION, XSI};
use quick_xml::XmlVersion;
use quick_xml::errors::{Error as Fault, IllFormedError};
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesDecl, Event};
use quick_xml::parser::{ElementParser, Parser as _};
use smallvec::SmallVec;
use std::borrow::Cow;

/// How many namespaces may be declared at one place. No contract comes near; it keeps the search
/// among them short in a document made to be slow.
const MAX_NAMESPACES: usize = 256;

/// Namespace of the prefix `xml`, as in `xml:lang`.
const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Namespace of the prefix `xmlns`.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// What comes next in a document. Comments and processing instructions are left out.
pub(super) enum Token<'a> {
    /// An element begins: [`Tokens::element`].
    Start,
    /// An element ends, written as `<a></a>` or `<a/>`.
    End,
    /// Part of a text. CDATA and comments divide it.
    Text(Cow<'a, str>),
    /// The document ends, with all elements closed.
    Eof,
}

pub(super) struct Tokens<'a> {
    document: &'a [u8],
    /// The document without its byte order mark.
    input: &'a str,
    /// Whether the declared encoding is to be ignored.
    transcoded: bool,
    /// How deep elements may be nested.
    max_depth: usize,
    /// Where the last token began, in `input`.
    at: usize,
    /// Where it ended.
    end: usize,
    element: Element<'a>,
    /// The names of the elements that are open, as they stand in the document.
    open: SmallVec<[&'a str; 8]>,
    /// The namespaces declared at this place, outermost first.
    namespaces: SmallVec<[Declaration<'a>; 4]>,
    /// Whether the last element that began was `<a/>`, and is still to end.
    is_empty: bool,
}

/// The last element that began.
#[derive(Default)]
struct Element<'a> {
    local: &'a str,
    /// Index of its declaration; `None`: no namespace.
    namespace: Option<usize>,
    mark: Option<Mark>,
}

/// What an attribute says of an element: that its value is not inside.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    /// `i:nil="true"`: it has none.
    Nil,
    /// `z:Ref`: it stands elsewhere, where a `z:Id` has the same number.
    Reference,
}

struct Declaration<'a> {
    prefix: &'a str,
    namespace: Cow<'a, str>,
    /// Depth of the element that declares it.
    depth: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(document: &'a [u8], transcoded: bool, max_depth: usize) -> Result<Self, Error> {
        let input = std::str::from_utf8(document)
            .map_err(|error| Error::new("the document is not UTF-8").at(document, error.valid_up_to()))?;
        let input = input.strip_prefix('\u{FEFF}').unwrap_or(input);
        Ok(Self {
            document,
            input,
            transcoded,
            max_depth,
            at: 0,
            end: 0,
            element: Element::default(),
            open: SmallVec::new(),
            namespaces: SmallVec::new(),
            is_empty: false,
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

    /// What an attribute of the last element that began says of its value.
    pub(super) fn mark(&self) -> Option<Mark> {
        self.element.mark
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Where the last token began.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// An error at the last token.
    pub(super) fn error(&self, message: impl Into<Cow<'static, str>>) -> Error {
        self.error_at(self.at, message)
    }

    #[cold]
    pub(super) fn error_at(&self, at: usize, message: impl Into<Cow<'static, str>>) -> Error {
        let byte_order_mark = self.document.len() - self.input.len();
        Error::new(message).at(self.document, byte_order_mark.saturating_add(at))
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, Error> {
        if self.is_empty {
            self.is_empty = false;
            self.at = self.end;
            self.close();
            return Ok(Token::End);
        }
        loop {
            self.at = self.end;
            let rest = self.input.get(self.at..).unwrap_or_default();
            match rest.as_bytes() {
                [] if self.open.is_empty() => return Ok(Token::Eof),
                [] => return Err(self.error("the document ends inside an element")),
                [b'<', b'!' | b'?', ..] => {
                    if let Some(text) = self.other_markup(rest)? {
                        return Ok(Token::Text(text));
                    }
                }
                [b'<', b'/', ..] => {
                    self.end_tag(rest)?;
                    return Ok(Token::End);
                }
                [b'<', ..] => {
                    self.start_tag(rest)?;
                    return Ok(Token::Start);
                }
                _ => return self.text(rest).map(Token::Text),
            }
        }
    }

    /// Passes over the element that has just begun, whatever it holds.
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        let depth = self.depth();
        while self.depth() >= depth {
            self.next()?;
        }
        Ok(())
    }

    fn start_tag(&mut self, rest: &'a str) -> Result<(), Error> {
        if self.open.len() == self.max_depth {
            return Err(self.error(format!("elements nested deeper than {}", self.max_depth)));
        }
        let ends = |byte: u8| matches!(byte, b'>' | b'/') || is_space(byte);
        let name_end = rest.bytes().position(ends).unwrap_or(rest.len());
        let name = &rest[1..name_end];
        let markup = self.markup(rest, name_end)?;
        let content = &markup[1..markup.len() - 1];
        let content = match content.strip_suffix('/') {
            None => content,
            Some(content) => {
                self.is_empty = true;
                content
            }
        };
        self.open.push(name);
        let (prefix, local) = self.split(name)?;
        // Attributes first: they may declare the element's own prefix.
        let mark = match name.len() < content.len() {
            true => self.attributes(markup, Attributes::new(content, name.len()))?,
            false => None,
        };
        let namespace = self.resolve(prefix)?;
        self.element = Element { local, namespace, mark };
        Ok(())
    }

    fn end_tag(&mut self, rest: &'a str) -> Result<(), Error> {
        let name = self.open.last().copied().filter(|name| rest[2..].starts_with(name));
        let name_end = 2 + name.map_or(0, str::len);
        let markup = self.markup(rest, name_end)?;
        // Behind the name may be whitespace.
        if name.is_none() || !markup[name_end..markup.len() - 1].bytes().all(is_space) {
            return Err(self.error("an end tag that does not match the start tag"));
        }
        self.close();
        Ok(())
    }

    /// The tag at the beginning of `rest`, from its `<` to its `>`. That mostly stands where the name ends.
    fn markup(&mut self, rest: &'a str, name_end: usize) -> Result<&'a str, Error> {
        let bytes = rest.as_bytes();
        let mut parser = ElementParser::Outside;
        let end = match bytes.get(name_end) {
            Some(b'>') => name_end,
            _ => parser
                .feed(bytes)
                .ok_or_else(|| self.error(parser.eof_error(bytes).to_string()))?,
        };
        self.end = self.at + end + 1;
        Ok(&rest[..=end])
    }

    /// Ends the element that began last.
    fn close(&mut self) {
        let depth = self.open.len();
        while self.namespaces.last().is_some_and(|last| last.depth >= depth) {
            self.namespaces.pop();
        }
        self.open.pop();
    }

    /// Reads markup that is no tag; the text, if it is CDATA.
    #[cold]
    fn other_markup(&mut self, rest: &'a str) -> Result<Option<Cow<'a, str>>, Error> {
        let mut xml = quick_xml::Reader::from_str(rest);
        xml.config_mut().check_comments = true;
        let event = xml
            .read_event()
            .map_err(|fault| self.syntax_error(&fault, offset(xml.error_position())))?;
        let length = offset(xml.buffer_position());
        self.end = self.at + length;
        self.check_characters(&rest[..length])?;
        match event {
            Event::CData(_) if self.open.is_empty() => {
                let error = self.error("text outside of the root element");
                Err(error.other_document())
            }
            Event::CData(text) => Ok(Some(text.xml10_content())),
            Event::Decl(declaration) => self.declaration(&declaration).map(|()| None),
            Event::DocType(_) => Err(self.error("a DOCTYPE, which is not accepted")),
            _ => Ok(None),
        }
    }

    /// Reads the text at the beginning of `rest`, up to the next markup, in one pass: line ends, references, and what XML
    /// forbids.
    #[inline(never)] // Alone, it has registers enough for its loop: a tenth of the time for much text.
    fn text(&mut self, rest: &'a str) -> Result<Cow<'a, str>, Error> {
        let mut index = plain(rest.as_bytes(), READ_TEXT);
        let raw = &rest[..rest[index..].find('<').map_or(rest.len(), |length| index + length)];
        self.end = self.at + raw.len();
        if index == raw.len() {
            return Ok(Cow::Borrowed(raw));
        }
        let bytes = raw.as_bytes();
        // It is never longer than what it is read from.
        let mut text = String::with_capacity(raw.len());
        let mut copied = 0;
        while let Some(special) = bytes[index..].iter().position(|&byte| is_special(byte, READ_TEXT)) {
            index += special;
            // What is to be read instead, and where it goes on.
            let (instead, next) = match bytes[index] {
                b'&' => self.reference(raw, index)?,
                b'\r' if bytes.get(index + 1) == Some(&b'\n') => ('\n', index + 2),
                b'\r' => ('\n', index + 1),
                b']' if !bytes[index..].starts_with(b"]]>") => {
                    index += 1;
                    continue;
                }
                b']' => return Err(self.text_error(index, "]]> in text: XML forbids it")),
                NONCHARACTER if !matches!(bytes[index + 1..], [0xBF, 0xBE | 0xBF, ..]) => {
                    index += 3;
                    continue;
                }
                _ => return Err(self.forbidden(index, raw[index..].chars().next().unwrap_or_default())),
            };
            text.push_str(&raw[copied..index]);
            text.push(instead);
            (index, copied) = (next, next);
        }
        text.push_str(&raw[copied..]);
        Ok(Cow::Owned(text))
    }

    /// What the reference at `index` stands for, and where the text goes on.
    fn reference(&self, text: &str, index: usize) -> Result<(char, usize), Error> {
        if self.open.is_empty() {
            return Err(self.text_error(index, "text outside of the root element"));
        }
        let (character, length) = match text.as_bytes()[index..] {
            [_, b'a', b'm', b'p', b';', ..] => ('&', 5),
            [_, b'l', b't', b';', ..] => ('<', 4),
            [_, b'g', b't', b';', ..] => ('>', 4),
            [_, b'q', b'u', b'o', b't', b';', ..] => ('"', 6),
            [_, b'a', b'p', b'o', b's', b';', ..] => ('\'', 6),
            [_, b'#', b'x', b'D', b';', ..] => ('\r', 5), // What the serializer writes most.
            _ => {
                let end = text[index + 1..].find([';', '&']).map(|length| index + 1 + length);
                let Some(reference) = end.and_then(|end| text[index + 1..=end].strip_suffix(';')) else {
                    return Err(self.text_error(index, "a & that begins no reference"));
                };
                let Some(character) = numbered(reference) else {
                    return Err(self.text_error(index, "a reference that XML does not define"));
                };
                (character, 1 + reference.len() + 1)
            }
        };
        Ok((character, index + length))
    }

    /// An error in the text that begins at the last token.
    #[cold]
    fn text_error(&self, index: usize, message: impl Into<Cow<'static, str>>) -> Error {
        let error = self.error_at(self.at + index, message);
        match self.open.is_empty() {
            true => error.other_document(),
            false => error,
        }
    }

    fn forbidden(&self, index: usize, character: char) -> Error {
        self.text_error(index, format!("U+{:04X}: XML 1.0 forbids it", u32::from(character)))
    }

    /// Looks for characters that XML forbids in the markup that was read last.
    fn check_characters(&self, markup: &str) -> Result<(), Error> {
        match forbidden(markup) {
            Some((index, character)) => Err(self.forbidden(index, character)),
            None => Ok(()),
        }
    }

    /// Takes in the namespaces that an element declares, and tells whether it has `i:nil` or `z:Ref`. Other attributes
    /// only have to be well-formed.
    fn attributes(&mut self, markup: &str, mut attributes: Attributes<'a>) -> Result<Option<Mark>, Error> {
        let mut prefixed = Vec::new();
        let mut keys = [""; 8];
        let mut all = attributes.clone();
        for (index, attribute) in attributes.with_checks(false).enumerate() {
            let attribute = attribute.map_err(|_| self.error("a malformed or repeated attribute"))?;
            let is_repeated = match keys.get_mut(index) {
                Some(key) => {
                    *key = attribute.key.0;
                    keys[..index].contains(&attribute.key.0)
                }
                // So many are looked through once, by quick-xml with a hash table.
                None => index == keys.len() && all.any(|attribute| attribute.is_err()),
            };
            if is_repeated {
                return Err(self.error("a malformed or repeated attribute"));
            }
            let (prefix, local) = self.split(attribute.key.0)?;
            let value = match plain(attribute.value.as_bytes(), READ_ATTRIBUTE) == attribute.value.len() {
                true => attribute.value,
                false if attribute.value.contains('<') => {
                    return Err(self.error("< in an attribute: XML forbids it"));
                }
                false => {
                    self.check_characters(markup)?;
                    attribute
                        .normalized_value(XmlVersion::Implicit1_0)
                        .map_err(|_| self.error("a reference in an attribute that XML does not define"))?
                }
            };
            match (prefix, local) {
                ("xmlns", _) => self.declare(local, value)?,
                ("", "xmlns") => self.declare("", value)?,
                ("" | "xml", _) => {}
                _ => prefixed.push((prefix, local, value)),
            }
        }
        // Only now: an attribute's prefix may be declared after it.
        let mut mark = None;
        for (prefix, local, value) in prefixed {
            let namespace = self.resolve(prefix)?;
            let namespace = namespace.and_then(|index| self.namespaces.get(index));
            let is_in = |namespaced: &str| namespace.is_some_and(|declared| declared.namespace == namespaced);
            match local {
                "nil" if is_in(XSI) => {
                    let nil = boolean(trimmed(&value)).ok_or_else(|| self.error("i:nil is neither true nor false"))?;
                    mark = mark.or(nil.then_some(Mark::Nil));
                }
                // The serializer writes `i:nil` beside it, which is not what it means.
                "Ref" if is_in(SERIALIZATION) => mark = Some(Mark::Reference),
                _ => {}
            }
        }
        Ok(mark)
    }

    fn declare(&mut self, prefix: &'a str, namespace: Cow<'a, str>) -> Result<(), Error> {
        if self.namespaces.len() == MAX_NAMESPACES {
            return Err(self.error("more than 256 namespaces declared at one place"));
        }
        // XML Namespaces, section 3: `xml` and `xmlns` have a namespace each, which no other prefix may have.
        let is_reserved = match prefix {
            "xml" => namespace != XML,
            "xmlns" => true,
            _ => namespace == XML || namespace == XMLNS,
        };
        if is_reserved || !prefix.is_empty() && namespace.is_empty() {
            return Err(self.error("a prefix that cannot be declared so"));
        }
        self.namespaces.push(Declaration {
            prefix,
            namespace,
            depth: self.open.len(),
        });
        Ok(())
    }

    /// Index of the declaration of a prefix, or of the default namespace. That one may be missing.
    fn resolve(&self, prefix: &str) -> Result<Option<usize>, Error> {
        // Not compared when both are empty: with no text at their address, that took most of the time of reading.
        let is =
            |last: &Declaration<'_>| last.prefix.len() == prefix.len() && (prefix.is_empty() || last.prefix == prefix);
        let declared = self.namespaces.iter().rposition(is);
        if declared.is_none() && !prefix.is_empty() {
            return Err(self.error("a prefix that is not declared"));
        }
        Ok(declared)
    }

    /// Divides a name into prefix and local name.
    fn split<'n>(&self, name: &'n str) -> Result<(&'n str, &'n str), Error> {
        if is_name(name) {
            return Ok(("", name));
        }
        let colon = name.bytes().position(|byte| byte == b':');
        match colon.map(|colon| (&name[..colon], &name[colon + 1..])) {
            Some((prefix, local)) if is_name(prefix) && is_name(local) => Ok((prefix, local)),
            _ => Err(self.error("a name that XML forbids")),
        }
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

    /// An error in the markup that begins at the last token.
    fn syntax_error(&self, fault: &Fault, index: usize) -> Error {
        // quick-xml's own words may hold names of any length.
        let message: Cow<'static, str> = match fault {
            Fault::Syntax(fault) => fault.to_string().into(),
            Fault::IllFormed(IllFormedError::DoubleHyphenInComment) => "-- in a comment: XML forbids it".into(),
            _ => "the document is not well-formed".into(),
        };
        self.error_at(self.at + index, message)
    }
}

/// The character that a reference gives by its number: `#10` or `#xA`.
fn numbered(reference: &str) -> Option<char> {
    let (digits, radix) = match reference.strip_prefix("#x") {
        Some(digits) => (digits, 16),
        None => (reference.strip_prefix('#')?, 10),
    };
    // Rust would take a sign too.
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    let number = u32::from_str_radix(digits, radix).ok().filter(|_| is_number)?;
    char::from_u32(number)
}

/// XML counts four characters as whitespace.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Text without the whitespace around it.
pub(super) fn trimmed(text: &str) -> &str {
    let is_bare = |byte: Option<&u8>| byte.is_some_and(|&byte| !is_space(byte));
    match is_bare(text.as_bytes().first()) && is_bare(text.as_bytes().last()) {
        true => text,
        false => text.trim_matches([' ', '\t', '\n', '\r']),
    }
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
