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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INVALID: &str = "The request is invalid.";
    const OCCURRED: &str = "An error has occurred.";

    fn message(text: &str) -> HttpError {
        HttpError {
            message: Some(text.to_owned()),
            ..HttpError::default()
        }
    }

    fn invalid(fields: &[(&str, &[&str])]) -> HttpError {
        let model_state = fields
            .iter()
            .map(|(field, messages)| ((*field).to_owned(), messages.iter().map(|m| (*m).to_owned()).collect()))
            .collect();
        HttpError {
            model_state,
            ..message(INVALID)
        }
    }

    fn json(text: &str) -> Option<HttpError> {
        HttpError::from_json(text.as_bytes())
    }

    fn xml(text: &str) -> Option<HttpError> {
        HttpError::from_xml(text.as_bytes())
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
    }

    /// Every JSON error body that was observed on ASP.NET Web API 5.2.9, with either naming strategy.
    #[test]
    fn observed_json() {
        let not_found = "No HTTP resource was found that matches the request URI 'http://127.0.0.1:81xx/nope'.";
        let no_get = "The requested resource does not support http method 'GET'.";
        let octets = "The request entity's media type 'application/octet-stream' is not supported for this resource.";
        for (body, expected) in [
            (
                r#"{"message":"No HTTP resource was found that matches the request URI 'http://127.0.0.1:81xx/nope'."}"#,
                message(not_found),
            ),
            (
                r#"{"message":"The requested resource does not support http method 'GET'."}"#,
                message(no_get),
            ),
            (
                r#"{"message":"The request entity's media type 'application/octet-stream' is not supported for this resource."}"#,
                message(octets),
            ),
            (r#"{"message":"An error has occurred."}"#, message(OCCURRED)),
            (
                r#"{"message":"The request is invalid.","modelState":{"loanPromise":["An error has occurred."]}}"#,
                invalid(&[("loanPromise", &[OCCURRED])]),
            ),
            (
                r#"{"message":"The request is invalid.","modelState":{"loanPromise.bank":["An error has occurred.","An error has occurred."]}}"#,
                invalid(&[("loanPromise.bank", &[OCCURRED, OCCURRED])]),
            ),
            (
                r#"{"message":"The request is invalid.","modelState":{"loanPromise.estateType":["An error has occurred."]}}"#,
                invalid(&[("loanPromise.estateType", &[OCCURRED])]),
            ),
            (
                r#"{"message":"The request is invalid.","modelState":{"loanPromise.validUntil":["An error has occurred.","An error has occurred."]}}"#,
                invalid(&[("loanPromise.validUntil", &[OCCURRED, OCCURRED])]),
            ),
            (
                r#"{"message":"The request is invalid.","modelState":{"loanPromise.EstateType":["An error has occurred."],"loanPromise.ValidUntil":["An error has occurred."]}}"#,
                invalid(&[
                    ("loanPromise.EstateType", &[OCCURRED]),
                    ("loanPromise.ValidUntil", &[OCCURRED]),
                ]),
            ),
        ] {
            assert_eq!(json(body).as_ref(), Some(&expected), "{body}");
            let pascal = body
                .replace("\"message\"", "\"Message\"")
                .replace("\"modelState\"", "\"ModelState\"");
            assert_eq!(json(&pascal).as_ref(), Some(&expected), "{pascal}");
        }
    }

    /// Every XML error body that was observed on ASP.NET Web API 5.2.9.
    #[test]
    fn observed_xml() {
        for (body, expected) in [
            (
                "<Error><Message>No HTTP resource was found that matches the request URI 'http://127.0.0.1:81xx/nope'.</Message></Error>",
                message("No HTTP resource was found that matches the request URI 'http://127.0.0.1:81xx/nope'."),
            ),
            (
                "<Error><Message>An error has occurred.</Message></Error>",
                message(OCCURRED),
            ),
            (
                "<Error><Message>The request entity's media type 'text/plain' is not supported for this resource.</Message></Error>",
                message("The request entity's media type 'text/plain' is not supported for this resource."),
            ),
            (
                "<Error><Message>The request is invalid.</Message><ModelState><loanPromise.validUntil>An error has occurred.</loanPromise.validUntil></ModelState></Error>",
                invalid(&[("loanPromise.validUntil", &[OCCURRED])]),
            ),
            (
                "<Error><Message>The request is invalid.</Message><ModelState><loanPromise.bank>An error has occurred. An error has occurred.</loanPromise.bank></ModelState></Error>",
                invalid(&[("loanPromise.bank", &["An error has occurred. An error has occurred."])]),
            ),
        ] {
            assert_eq!(xml(body), Some(expected), "{body}");
        }
    }

    #[test]
    fn the_server_s_order_is_kept() {
        let fields = [("z", &["1"][..]), ("a", &["2"][..]), ("m", &["3", "4"][..])];
        let body = r#"{"message":"The request is invalid.","modelState":{"z":["1"],"a":["2"],"m":["3","4"]}}"#;
        assert_eq!(json(body), Some(invalid(&fields)));
        let body = "<Error><Message>The request is invalid.</Message><ModelState><z>1</z><a>2</a></ModelState></Error>";
        assert_eq!(xml(body), Some(invalid(&fields[..2])));
    }

    #[test]
    fn every_part_in_json_and_xml() {
        let inner = HttpError {
            exception_message: Some("inner".into()),
            exception_type: Some("System.Exception".into()),
            stack_trace: Some("   at B()\n   at A()".into()),
            ..message(OCCURRED)
        };
        let expected = HttpError {
            message_detail: Some("detail".into()),
            exception_message: Some("outer".into()),
            exception_type: Some("System.FormatException".into()),
            stack_trace: Some(String::new()),
            inner_exception: Some(Box::new(inner)),
            ..message(OCCURRED)
        };
        let body = r#"{"message":"An error has occurred.","messageDetail":"detail","exceptionMessage":"outer",
            "exceptionType":"System.FormatException","stackTrace":"","innerException":{"message":"An error has occurred.",
            "exceptionMessage":"inner","exceptionType":"System.Exception","stackTrace":"   at B()\n   at A()"}}"#;
        assert_eq!(json(body).as_ref(), Some(&expected));
        let body = "<Error><Message>An error has occurred.</Message><MessageDetail>detail</MessageDetail>\
            <ExceptionMessage>outer</ExceptionMessage><ExceptionType>System.FormatException</ExceptionType><StackTrace />\
            <InnerException><Message>An error has occurred.</Message><ExceptionMessage>inner</ExceptionMessage>\
            <ExceptionType>System.Exception</ExceptionType><StackTrace>   at B()\r\n   at A()</StackTrace></InnerException></Error>";
        assert_eq!(xml(body).as_ref(), Some(&expected));
    }

    #[test]
    fn both_casings_and_duplicates_in_json() {
        assert_eq!(json(r#"{"message":"a","Message":"b"}"#), Some(message("b")));
        assert_eq!(json(r#"{"MESSAGE":"b","message":null}"#), Some(message("b")));
        assert_eq!(json(r#"{"Message":"b","message":{"no":"text"}}"#), Some(message("b")));
        let body = r#"{"Message":"The request is invalid.","modelState":{"x":["1"]},"ModelState":null}"#;
        assert_eq!(json(body), Some(invalid(&[("x", &["1"])])));
    }

    #[test]
    fn unexpected_values_in_json_are_ignored() {
        let body = r#"{"code":7,"nested":{"a":[1,2,{}]},"message":"The request is invalid.","stackTrace":["x"],"exceptionType":1.5,
            "messageDetail":true,"innerException":"x","modelState":{"text":"one","null":null,"list":["a",null,1,["b"],{},"c"],"number":-1}}"#;
        let fields: [(&str, &[&str]); 4] = [
            ("text", &["one"]),
            ("null", &[]),
            ("list", &["a", "c"]),
            ("number", &[]),
        ];
        assert_eq!(json(body), Some(invalid(&fields)));
    }

    #[test]
    fn json_that_is_no_http_error() {
        for body in [
            "",
            " ",
            "null",
            "[]",
            "1",
            r#""message""#,
            r#"["message"]"#,
            "{}",
            r#"{"error":"invalid_grant"}"#,
            r#"{"message":null}"#,
            r#"{"message":5,"modelState":[]}"#,
            r#"{"message":"x"} junk"#,
            r#"{"message":"x""#,
            "<Error><Message>x</Message></Error>",
            "<!DOCTYPE html><html></html>",
        ] {
            assert_eq!(json(body), None, "{body}");
        }
        assert_eq!(HttpError::from_json(b"{\"message\":\"\xE5\"}"), None);
    }

    #[test]
    fn xml_that_is_no_http_error() {
        for body in [
            "",
            "text",
            "<Error/>",
            "<Error></Error>",
            "<Error>text</Error>",
            "<Error><Other>x</Other></Error>",
            "<error><Message>x</Message></error>",
            "<Exception><Message>x</Message></Exception>",
            "<Error><Message>x</Message>",
            "<Error><Message>x</Error></Message>",
            "<Error><Message>x</Message></Error><Error><Message>y</Message></Error>",
            "<Error><Message>x</Message></Error>junk",
            "<Error><Message>x</Message></Error>&amp;",
            "<Error><Message>x</Message></Error><![CDATA[]]>",
            "<Error><Message>x</Message></Error><junk",
            "junk<Error><Message>x</Message></Error>",
            "<Error><Message>a & b</Message></Error>",
            "<Error><Message>&nbsp;</Message></Error>",
            "<Error><Message>&#0;</Message></Error>",
            "<Error><Message>&#xD800;</Message></Error>",
            "<Error><Message>&#x110000;</Message></Error>",
            "<!DOCTYPE Error><Error><Message>x</Message></Error>",
            "<!DOCTYPE Error [<!ENTITY e \"x\">]><Error><Message>&e;</Message></Error>",
            "<!DOCTYPE html><html><head><title>401</title></head><body>Message</body></html>",
            "<html><body><h1>Server Error</h1><br></body></html>",
            r#"{"message":"x"}"#,
        ] {
            assert_eq!(xml(body), None, "{body}");
        }
        assert_eq!(HttpError::from_xml(b"<Error><Message>\xE5</Message></Error>"), None);
    }

    #[test]
    fn xml_text_in_every_notation() {
        for (body, text) in [
            ("<Message>a &lt;&gt;&amp;&apos;&quot; b</Message>", "a <>&'\" b"),
            ("<Message>&#229;&#xE4;&#x1F600;&#13;&#x1;</Message>", "åä😀\r\u{1}"),
            ("<Message>a<![CDATA[<b>&amp;]]>c</Message>", "a<b>&amp;c"),
            ("<Message><![CDATA[]]></Message>", ""),
            ("<Message>a<!-- x --><?y?>b</Message>", "ab"),
            ("<Message> a\r\nb </Message>", " a\nb "),
            ("<!-- x --><Message a='1'>Lånelöfte</Message><!-- y -->", "Lånelöfte"),
            ("<Message/>", ""),
            ("<Message>x</Message>\n  <Other><Deep>y</Deep></Other>\n", "x"),
            ("<e:Message xmlns:e='urn:e'>x</e:Message>", "x"),
            ("<Message xmlns='urn:e'>x</Message>", "x"),
        ] {
            let body =
                format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- c --><Error>{body}</Error>\n<?pi?>\n");
            assert_eq!(xml(&body), Some(message(text)), "{body}");
        }
        let prefixed = "<p:Error xmlns:p='urn:p'><p:Message>x</p:Message></p:Error>";
        assert_eq!(xml(prefixed), Some(message("x")));
    }

    #[test]
    fn byte_order_marks() {
        let bodies = [
            (
                r#"{"message":"Lånelöfte 😀"}"#,
                HttpError::from_json as fn(&[u8]) -> Option<HttpError>,
            ),
            ("<Error><Message>Lånelöfte 😀</Message></Error>", HttpError::from_xml),
        ];
        for (body, read) in bodies {
            for bytes in [
                format!("\u{feff}{body}").into_bytes(),
                utf16(body, u16::to_le_bytes),
                utf16(body, u16::to_be_bytes),
            ] {
                assert_eq!(read(&bytes), Some(message("Lånelöfte 😀")), "{body}");
            }
        }
        let declared = "<?xml version=\"1.0\" encoding=\"utf-16\"?><Error><Message>å</Message></Error>";
        assert_eq!(
            HttpError::from_xml(&utf16(declared, u16::to_le_bytes)),
            Some(message("å"))
        );
    }

    #[test]
    fn names_escaped_by_dotnet() {
        for (name, decoded) in [
            ("loanPromise.validUntil", "loanPromise.validUntil"),
            ("rows_x005B_0_x005D_.bank", "rows[0].bank"),
            ("_x0031_", "1"),
            ("a_x0020_b", "a b"),
            ("a_x005F_x0020_", "a_x0020_"),
            ("_x005F__x005F_", "__"),
            ("_x0001F600_", "😀"),
            ("_xD83D__xDE00_", "😀"),
            ("_X00e5_", "å"),
            ("å_x00E4_ö", "åäö"),
            // No escapes.
            ("a_b", "a_b"),
            ("_x", "_x"),
            ("_x005B", "_x005B"),
            ("_x5B_", "_x5B_"),
            ("_x005G_", "_x005G_"),
            ("_x+05B_", "_x+05B_"),
            ("_x00005B_", "_x00005B_"),
            ("_xååå_", "_xååå_"),
            // Not text when decoded.
            ("a_xD83D_", "a_xD83D_"),
            ("_xFFFFFFFF__x0020_", "_xFFFFFFFF__x0020_"),
        ] {
            assert_eq!(decode_name(name), decoded, "{name}");
        }
        let body = "<Error><Message>The request is invalid.</Message><ModelState>\
            <loanPromise.rows_x005B_0_x005D_>x</loanPromise.rows_x005B_0_x005D_></ModelState></Error>";
        assert_eq!(xml(body), Some(invalid(&[("loanPromise.rows[0]", &["x"])])));
    }

    #[test]
    fn deep_nesting_is_skipped_and_costs_no_stack() {
        const DEPTH: usize = 20_000;
        let element = format!("{}x{}", "<a>".repeat(DEPTH), "</a>".repeat(DEPTH));
        assert_eq!(
            xml(&format!("<Error>{element}<Message>m</Message></Error>")),
            Some(message("m"))
        );
        assert_eq!(xml(&element), None);
        assert_eq!(xml(&"<Error>".repeat(DEPTH)), None);

        let list = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
        let object = format!("{}1{}", r#"{"a":"#.repeat(DEPTH), "}".repeat(DEPTH));
        for value in [list, object] {
            assert_eq!(
                json(&format!(r#"{{"x":{value},"message":"m","modelState":{value}}}"#))
                    .unwrap()
                    .message,
                Some("m".into())
            );
            assert_eq!(json(&value), None);
        }
        assert_eq!(json(&"[".repeat(DEPTH)), None);
        assert_eq!(json(&r#"{"message":"#.repeat(DEPTH)), None);
    }

    #[test]
    fn inner_exceptions_are_read_to_a_limit() {
        const DEPTH: usize = 20_000;
        let open = "<InnerException><Message>m</Message>".repeat(DEPTH);
        let in_xml = format!(
            "<Error><Message>m</Message>{open}{}</Error>",
            "</InnerException>".repeat(DEPTH)
        );
        let open = r#"{"message":"m","innerException":"#.repeat(DEPTH);
        let in_json = format!("{open}null{}", "}".repeat(DEPTH));
        for error in [xml(&in_xml), json(&in_json)] {
            let chain = std::iter::successors(error.as_ref(), |error| error.inner_exception.as_deref());
            let count = chain
                .inspect(|error| assert_eq!(error.message.as_deref(), Some("m")))
                .count();
            assert!((MAX_DEPTH - 1..=MAX_DEPTH).contains(&count), "{count}");
        }
    }

    #[test]
    fn display_is_one_line() {
        assert_eq!(message(OCCURRED).to_string(), OCCURRED);
        assert_eq!(
            invalid(&[
                ("loanPromise.bank", &["One.", "Two."]),
                ("loanPromise.validUntil", &["Three."])
            ])
            .to_string(),
            "The request is invalid. (loanPromise.bank: One. Two.; loanPromise.validUntil: Three.)"
        );
        assert_eq!(message("a\r\nb\u{1b}[31m\u{85}c").to_string(), "a  b [31m c");
        assert_eq!(message(" ").to_string(), "the server gave no message");
        let error = json(r#"{"message":"","exceptionMessage":"outer","stackTrace":"secret"}"#).unwrap();
        assert_eq!(error.to_string(), "outer");
        let error = json(r#"{"message":"An error has occurred.","exceptionMessage":"Timeout expired."}"#).unwrap();
        assert_eq!(error.to_string(), "An error has occurred. Timeout expired.");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = (HttpError::from_json(&bytes), HttpError::from_xml(&bytes));
        }

        #[test]
        fn nearly_right_xml_is_read_or_refused(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "<Error>", "</Error>", "<Message>", "</Message>", "<a:b c='d'/>", "<", ">", "&amp;", "&#x1F600;", "&#",
                    "&x;", "<![CDATA[", "]]>", "<!--", "-->", "<?xml ?>", "<!DOCTYPE a>", "å", "_x005B_", " ",
                ]),
                0..20,
            )
        ) {
            let _ = xml(&parts.concat());
        }

        #[test]
        fn any_message_survives(text: String, field in "[a-zA-Z_.\\[\\]åäö😀]{0,20}") {
            let body = serde_json::json!({ "Message": text, "ModelState": { field.as_str(): [text] } }).to_string();
            let expected = HttpError { model_state: vec![(field, vec![text.clone()])], ..message(&text) };
            prop_assert_eq!(json(&body), Some(expected.clone()));
            prop_assert!(!expected.to_string().contains('\n'));
        }

        #[test]
        fn any_name_decodes_or_stays(name: String) {
            let _ = decode_name(&name);
            // What .NET would write for each character.
            let encoded: String = name.chars().map(|c| format!("_x{:08X}_", u32::from(c))).collect();
            prop_assert_eq!(decode_name(&encoded), name.as_str());
            let units: String = name.encode_utf16().map(|unit| format!("_x{unit:04x}_")).collect();
            prop_assert_eq!(decode_name(&units), name);
        }
    }
}
