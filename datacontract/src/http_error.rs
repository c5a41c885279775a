//! [`HttpError`]: the body of an error answer of ASP.NET Web API.

use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::decode_text;
use crate::media_type::ContentType;
use crate::tokens::{Token, Tokens, trimmed};

/// How deep elements, objects and lists may stand in each other. What lies deeper is skipped: Web API's own bodies
/// need three levels, and one more for each inner exception.
const MAX_DEPTH: usize = 32;

/// What the server says about a request it did not carry out: ASP.NET Web API's `HttpError`, from JSON or XML.
///
/// Which parts are there depends on the server's settings. With the usual ones `message` and, on 400,
/// `model_state` are all there is; the other parts are for the server's own developers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpError {
    /// What happened, in a sentence: `The request is invalid.`
    pub message: Option<String>,
    /// More about `message`.
    pub message_detail: Option<String>,
    /// The message of the exception on the server.
    pub exception_message: Option<String>,
    /// The .NET type of the exception on the server.
    pub exception_type: Option<String>,
    /// Where on the server the exception was thrown.
    pub stack_trace: Option<String>,
    /// What is wrong with which field (valideringsfel), in the server's order. A field may have several messages, the
    /// same one twice, or none.
    ///
    /// For a JSON body the name is the parameter's name and the path as it was sent (`loanPromise.validUntil`), for an
    /// XML body just the parameter's name (`loanPromise`) (observed). In XML several messages of a field are one text,
    /// joined with spaces.
    pub model_state: Vec<(String, Vec<String>)>,
    /// The exception behind the exception.
    pub inner_exception: Option<Box<HttpError>>,
}

impl HttpError {
    /// Reads a JSON body. Names may be in any case; unknown names and values of another type are ignored; of a
    /// part that stands there twice the last usable one counts.
    ///
    /// `None` when this is not JSON, or has no part of an `HttpError`: then the bytes themselves say more.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        let text = decode_text(bytes, None)?;
        let mut json = serde_json::Deserializer::from_str(&text);
        let root = JsonNode { depth: 0 }.deserialize(&mut json).ok()?;
        json.end().ok()?;
        Self::from_node(root)
    }

    /// Reads an XML body with the root `Error`. Namespaces and prefixes do not matter.
    ///
    /// `None` when this is not well-formed XML, has a DOCTYPE or an entity of its own, another root, or no part of an
    /// `HttpError`: then the bytes themselves say more.
    pub fn from_xml(bytes: &[u8]) -> Option<Self> {
        Self::from_node(read_xml(&decode_text(bytes, None)?)?)
    }

    /// Reads the body of an answer, JSON or XML. Of its Content-Type only the character set counts: what stands between may
    /// have changed the rest.
    pub fn from_answer(content_type: Option<&str>, body: &[u8]) -> Option<Self> {
        let charset = content_type.and_then(|it| ContentType::parse(it).charset);
        let text = decode_text(body, charset);
        let body = text.as_deref().map_or(body, str::as_bytes);
        Self::from_json(body).or_else(|| Self::from_xml(body))
    }

    fn from_node(node: Node) -> Option<Self> {
        let Node::Object(members) = node else {
            return None;
        };
        let mut error = Self::default();
        let mut found = false;
        for (name, value) in members {
            match (name.to_ascii_lowercase().as_str(), value) {
                ("message", Node::Text(text)) => error.message = Some(text),
                ("messagedetail", Node::Text(text)) => error.message_detail = Some(text),
                ("exceptionmessage", Node::Text(text)) => error.exception_message = Some(text),
                ("exceptiontype", Node::Text(text)) => error.exception_type = Some(text),
                ("stacktrace", Node::Text(text)) => error.stack_trace = Some(text),
                ("modelstate", Node::Object(fields)) => {
                    error.model_state = fields
                        .into_iter()
                        .map(|(name, node)| (name, node.into_messages()))
                        .collect();
                }
                ("innerexception", value) => match Self::from_node(value) {
                    Some(inner) => error.inner_exception = Some(Box::new(inner)),
                    None => continue,
                },
                _ => continue,
            }
            found = true;
        }
        found.then_some(error)
    }
}

/// One line: the messages of all kinds, then the messages of each field. Control characters become spaces, so that an answer cannot
/// forge a line of a log.
impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // "An error has occurred." alone helps nobody, and what the server adds to it may.
        let messages: Vec<&str> = [&self.message, &self.message_detail, &self.exception_message]
            .into_iter()
            .flatten()
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
            .collect();
        match messages.is_empty() {
            true => f.write_str("the server gave no message")?,
            false => write_line(f, &messages.join(" "))?,
        }

        for (index, (field, messages)) in self.model_state.iter().enumerate() {
            f.write_str(if index == 0 { " (" } else { "; " })?;
            write_line(f, field)?;
            f.write_char(':')?;
            for message in messages {
                f.write_char(' ')?;
                write_line(f, message)?;
            }
        }
        if self.model_state.is_empty() {
            Ok(())
        } else {
            f.write_char(')')
        }
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .try_for_each(|c| f.write_char(c))
}

/// What JSON and XML bodies have in common: all that an [`HttpError`] is made of.
enum Node {
    Text(String),
    List(Vec<Node>),
    /// In order, with duplicates.
    Object(Vec<(String, Node)>),
    /// `null`, a number, or what lies too deep.
    Other,
}

impl Node {
    fn into_messages(self) -> Vec<String> {
        let text = |node| match node {
            Node::Text(text) => Some(text),
            _ => None,
        };
        match self {
            Node::List(list) => list.into_iter().filter_map(text).collect(),
            node => text(node).into_iter().collect(),
        }
    }
}

/// Reads any JSON value as a [`Node`], to a limited depth.
#[derive(Clone, Copy)]
struct JsonNode {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for JsonNode {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        if self.depth == MAX_DEPTH {
            // serde_json skips a value in a loop, however deep it is.
            deserializer.deserialize_ignored_any(IgnoredAny)?;
            return Ok(Node::Other);
        }
        deserializer.deserialize_any(JsonNode { depth: self.depth + 1 })
    }
}

impl<'de> Visitor<'de> for JsonNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(name) = members.next_key()? {
            object.push((name, members.next_value_seed(self)?));
        }
        Ok(Node::Object(object))
    }
}

/// Reads the document of an element `Error` as a [`Node`], to a limited depth.
fn read_xml(xml: &str) -> Option<Node> {
    // It is text already, whatever encoding its declaration names; and what lies deep is skipped, not refused.
    let mut tokens = Tokens::new(xml.as_bytes(), true, usize::MAX).ok()?;
    let mut root = None;
    loop {
        match tokens.next().ok()? {
            Token::Start if root.is_none() && tokens.local() == "Error" => root = Some(read_element(&mut tokens)?),
            Token::Text(text) if trimmed(&text).is_empty() => {}
            Token::Eof => return root,
            Token::Start | Token::End | Token::Text(_) => return None,
        }
    }
}

/// Reads the element that has just begun.
fn read_element(tokens: &mut Tokens<'_>) -> Option<Node> {
    let (mut text, mut children) = (String::new(), Vec::new());
    loop {
        match tokens.next().ok()? {
            Token::Start if tokens.depth() > MAX_DEPTH => tokens.skip().ok()?,
            Token::Start => {
                let name = decode_name(tokens.local());
                children.push((name, read_element(tokens)?));
            }
            // `&#0;`: no XML has that character.
            Token::Text(part) if part.contains('\0') => return None,
            Token::Text(part) => text.push_str(&part),
            Token::End | Token::Eof if children.is_empty() => return Some(Node::Text(text)),
            Token::End | Token::Eof => return Some(Node::Object(children)),
        }
    }
}

/// Undoes .NET's `XmlConvert.EncodeLocalName`: `loanPromise.rows_x005B_0_x005D_` is `loanPromise.rows[0]`.
///
/// Each `_xHHHH_` stands for a UTF-16 unit and each `_xHHHHHHHH_` for a character. A name that does not decode to
/// text is left as it is.
fn decode_name(name: &str) -> String {
    let mut units = Vec::new();
    let mut rest = name;
    while let Some(next) = rest.chars().next() {
        if let Some((code, after)) = escape(rest) {
            match u16::try_from(code) {
                Ok(unit) => units.push(unit),
                Err(_) => match char::from_u32(code) {
                    Some(c) => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
                    None => return name.to_owned(),
                },
            }
            rest = after;
        } else {
            units.extend_from_slice(next.encode_utf16(&mut [0; 2]));
            rest = &rest[next.len_utf8()..];
        }
    }
    String::from_utf16(&units).unwrap_or_else(|_| name.to_owned())
}

/// The code of the escape that `text` begins with, and what comes after it.
fn escape(text: &str) -> Option<(u32, &str)> {
    let digits = text.strip_prefix("_x").or_else(|| text.strip_prefix("_X"))?;
    [4, 8].into_iter().find_map(|length| {
        let (digits, after) = digits.split_at_checked(length)?;
        let after = after.strip_prefix('_')?;
        // `from_str_radix` alone would take a sign.
        let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| all_hex)?;
        Some((code, after))
    })
}

#[cfg(test)]
mod tests;
