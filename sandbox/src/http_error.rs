//! Web API's `HttpError`, as JSON in either casing and as XML.

use crate::bind::ModelState;

/// The error object of an answer.
#[derive(Debug)]
pub(crate) struct HttpError {
    pub(crate) message: String,
    pub(crate) model_state: Vec<(String, Vec<String>)>,
}

impl HttpError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            model_state: Vec::new(),
        }
    }

    pub(crate) fn invalid(errors: ModelState) -> Self {
        Self {
            message: "The request is invalid.".to_owned(),
            model_state: errors.entries,
        }
    }

    /// The casing of the keys is the server's setting. The keys of `modelState` are data and stay as they are.
    pub(crate) fn to_json(&self, pascal_case: bool) -> String {
        let (message, model_state) = if pascal_case {
            ("Message", "ModelState")
        } else {
            ("message", "modelState")
        };
        let mut text = format!("{{\"{message}\":{}", json_string(&self.message));
        if !self.model_state.is_empty() {
            let fields: Vec<String> = self
                .model_state
                .iter()
                .map(|(key, messages)| {
                    let messages: Vec<String> = messages.iter().map(|message| json_string(message)).collect();
                    format!("{}:[{}]", json_string(key), messages.join(","))
                })
                .collect();
            text.push_str(&format!(",\"{model_state}\":{{{}}}", fields.join(",")));
        }
        text.push('}');
        text
    }

    /// No namespace; several messages of one key run together with a space.
    pub(crate) fn to_xml(&self) -> String {
        let mut text = format!("<Error><Message>{}</Message>", xml_text(&self.message));
        if !self.model_state.is_empty() {
            text.push_str("<ModelState>");
            for (key, messages) in &self.model_state {
                let name = encode_local_name(key);
                text.push_str(&format!("<{name}>{}</{name}>", xml_text(&messages.join(" "))));
            }
            text.push_str("</ModelState>");
        }
        text.push_str("</Error>");
        text
    }
}

/// A JSON string as Json.NET writes it: three more characters escaped than JSON asks for.
pub(crate) fn json_string(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{85}', "\\u0085")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Text as .NET's XML writer escapes it: control characters as references, although XML 1.0 forbids them.
pub(crate) fn xml_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' | '\n' => escaped.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push_str(&format!("&#x{:X};", u32::from(c))),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// `XmlConvert.EncodeLocalName`: what cannot stand in an element's name becomes `_x005B_`.
pub(crate) fn encode_local_name(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for (at, c) in name.char_indices() {
        let starts = c.is_alphabetic() || c == '_';
        let fits = if at == 0 {
            starts
        } else {
            starts || c.is_numeric() || matches!(c, '-' | '.' | '\u{b7}')
        };
        if fits && !(c == '_' && is_encoded(name.get(at..).unwrap_or_default())) {
            encoded.push(c);
        } else {
            let code = u32::from(c);
            let width = if code > 0xFFFF { 8 } else { 4 };
            encoded.push_str(&format!("_x{code:0width$X}_"));
        }
    }
    encoded
}

/// Whether the text starts with what looks encoded already.
fn is_encoded(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7 && bytes.starts_with(b"_x") && bytes[2..6].iter().all(u8::is_ascii_hexdigit) && bytes[6] == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line was encoded by the real `XmlConvert`.
    #[test]
    fn names_are_encoded_as_observed() {
        for (name, expected) in [
            ("loanPromise.bank", "loanPromise.bank"),
            ("loanPromise[0].x", "loanPromise_x005B_0_x005D_.x"),
            ("a b", "a_x0020_b"),
            ("a:b", "a_x003A_b"),
            ("1a", "_x0031_a"),
            ("å", "å"),
            ("_x0020_", "_x005F_x0020_"),
            ("a'b", "a_x0027_b"),
            ("-a", "_x002D_a"),
        ] {
            assert_eq!(encode_local_name(name), expected);
        }
    }

    #[test]
    fn several_messages_of_one_key_run_together_in_xml() {
        let error = HttpError {
            message: "a < b".to_owned(),
            model_state: vec![("p[0]".to_owned(), vec!["one".to_owned(), "two".to_owned()])],
        };
        assert_eq!(
            error.to_xml(),
            "<Error><Message>a &lt; b</Message><ModelState><p_x005B_0_x005D_>one two</p_x005B_0_x005D_></ModelState></Error>"
        );
        assert_eq!(
            error.to_json(true),
            r#"{"Message":"a < b","ModelState":{"p[0]":["one","two"]}}"#
        );
    }
}
