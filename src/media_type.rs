//! How a body is written and an answer is read: JSON or DataContract XML.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::datacontract::decode_text;
use crate::datacontract::{self, DataContract};

/// The media type that bodies are sent in and answers are asked for in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `application/json`
    #[default]
    Json,
    /// `application/xml`, as .NET's DataContractSerializer reads it
    Xml,
}

impl MediaType {
    /// As it stands in the Content-Type and Accept headers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What can be sent as a body. A trait object of it lets an operation without a body say just `None`.
pub(crate) trait Encode: Sync {
    fn encode(&self, media_type: MediaType) -> Result<Bytes, EncodeError>;
}

impl<T: Serialize + DataContract + Sync> Encode for T {
    fn encode(&self, media_type: MediaType) -> Result<Bytes, EncodeError> {
        match media_type {
            MediaType::Json => {
                // Room for a typical document, so that it takes one allocation.
                let mut json = Vec::with_capacity(1024);
                serde_json::to_writer(&mut json, self).map_err(EncodeError::Json)?;
                Ok(Bytes::from(json))
            }
            MediaType::Xml => datacontract::to_vec(self).map(Bytes::from).map_err(EncodeError::Xml),
        }
    }
}

/// Why a value cannot be written. Nothing was sent.
#[derive(Debug)]
pub(crate) enum EncodeError {
    Json(serde_json::Error),
    Xml(datacontract::Error),
}

/// Why an answer is not what was asked for.
#[derive(Debug)]
pub(crate) enum DecodeError {
    /// Not an answer of Vitec Connect: a web page, a login form, another document.
    Foreign(&'static str),
    /// The right kind of answer, and it cannot be read.
    Unreadable(Box<dyn std::error::Error + Send + Sync>),
}

/// Reads an answer by its own Content-Type, not by the one that was asked for.
pub(crate) fn decode<T: DeserializeOwned + DataContract>(
    content_type: Option<&str>,
    body: &[u8],
) -> Result<T, DecodeError> {
    let content_type = content_type.map(ContentType::parse);
    let charset = content_type.as_ref().and_then(|it| it.charset);
    let kind = content_type.as_ref().map(|it| it.kind);
    if kind == Some(Kind::Other) {
        return Err(DecodeError::Foreign("it is neither JSON nor XML"));
    }
    if body.is_empty() {
        return Err(DecodeError::Unreadable("it is empty".into()));
    }
    // Without a type, what reads as neither may be anybody's answer.
    let neither = DecodeError::Foreign("it has no media type, and reads neither as JSON nor as XML");
    let Some(text) = decode_text(body, charset) else {
        return Err(match kind {
            Some(_) => DecodeError::Unreadable("it is not text in the character set that it declares".into()),
            None => neither,
        });
    };
    let is_xml = match kind {
        Some(kind) => kind == Kind::Xml,
        None => text.trim_start().starts_with('<'),
    };
    let read = match is_xml {
        true => datacontract::from_answer(text.as_bytes(), matches!(text, Cow::Owned(_))).map_err(|error| match error
            .is_other_document()
        {
            true => DecodeError::Foreign("it is XML, and another document than the one asked for"),
            false => DecodeError::Unreadable(error.into()),
        }),
        false => serde_json::from_str(&text).map_err(|error| DecodeError::Unreadable(error.into())),
    };
    match (read, kind) {
        (Err(_), None) => Err(neither),
        (read, _) => read,
    }
}

/// Whether a Content-Type is one of JSON or XML.
#[allow(dead_code, reason = "the document says whether it is needed")]
pub(crate) fn is_data(content_type: &str) -> bool {
    ContentType::parse(content_type).kind != Kind::Other
}

/// A Content-Type without its parameters.
#[allow(dead_code, reason = "the document says whether it is needed")]
pub(crate) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// The character set that a Content-Type names.
pub(crate) fn charset(content_type: &str) -> Option<&str> {
    ContentType::parse(content_type).charset
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Xml,
    Other,
}

/// The parts of a Content-Type that matter here (RFC 9110, section 8.3).
struct ContentType<'a> {
    kind: Kind,
    charset: Option<&'a str>,
}

impl<'a> ContentType<'a> {
    fn parse(value: &'a str) -> Self {
        let mut parts = value.as_bytes().split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let essence = parts.next().unwrap_or_default();
        let is = |name: &str| essence.eq_ignore_ascii_case(name.as_bytes());
        let ends_with = |suffix: &str| {
            let end = essence.len().checked_sub(suffix.len()).and_then(|at| essence.get(at..));
            end.is_some_and(|end| end.eq_ignore_ascii_case(suffix.as_bytes()))
        };
        let kind = match () {
            () if is("application/json") || is("text/json") || ends_with("+json") => Kind::Json,
            // XHTML is a web page.
            () if is("application/xhtml+xml") => Kind::Other,
            () if is("application/xml") || is("text/xml") || ends_with("+xml") => Kind::Xml,
            () => Kind::Other,
        };
        let charset = parts.find_map(|parameter| {
            let equals = parameter.iter().position(|&byte| byte == b'=')?;
            let (name, value) = (&parameter[..equals], &parameter[equals + 1..]);
            name.trim_ascii().eq_ignore_ascii_case(b"charset").then_some(value)
        });
        Self {
            kind,
            charset: charset.and_then(|it| std::str::from_utf8(it).ok()),
        }
    }
}

impl FromStr for MediaType {
    type Err = MediaTypeError;

    /// `json` or `xml`, or the whole media type.
    fn from_str(text: &str) -> Result<Self, MediaTypeError> {
        match text.to_ascii_lowercase().as_str() {
            "json" | "application/json" => Ok(Self::Json),
            "xml" | "application/xml" => Ok(Self::Xml),
            _ => Err(MediaTypeError),
        }
    }
}

/// A text that names no media type that this client writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaTypeError;

impl fmt::Display for MediaTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the format is json or xml")
    }
}

impl std::error::Error for MediaTypeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_around_the_parts_of_a_content_type_does_not_matter() {
        let latin_1 = b"\"\xE5\"";
        for content_type in [
            "application/json;charset=iso-8859-1",
            " application/json;charset=iso-8859-1",
            "\tapplication/json ;  charset = iso-8859-1 ",
            "application/json; q=1 ; CHARSET=\"iso-8859-1\"",
        ] {
            assert_eq!(
                decode::<String>(Some(content_type), latin_1).ok().as_deref(),
                Some("å"),
                "{content_type:?}"
            );
        }
        assert!(matches!(
            decode::<String>(Some("application / json"), b"\"a\""),
            Err(DecodeError::Foreign(_))
        ));
    }
}
