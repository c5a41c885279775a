//! The two media types of ASP.NET Web API, side by side: a body is written in one of them, and an answer is read in the one
//! that it says it has.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{DataContract, decode_text, from_answer, to_vec};

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

/// The parts of a Content-Type that matter for reading (RFC 9110, section 8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentType<'a> {
    /// Without parameters: `text/xml`.
    pub essence: &'a str,
    /// How it is read: by its name or its suffix, such as `+json`. None where it is neither JSON nor XML.
    pub media_type: Option<MediaType>,
    /// The character set that it names, for [`decode_text`].
    pub charset: Option<&'a str>,
}

impl<'a> ContentType<'a> {
    /// Takes the value of a header apart.
    pub fn parse(value: &'a str) -> Self {
        let mut parts = value.split(';').map(str::trim_ascii);
        let essence = parts.next().unwrap_or_default();
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        let ends_with = |name: &str| {
            let suffix = essence.rsplit_once('+').map(|(_, suffix)| suffix);
            suffix.is_some_and(|it| it.eq_ignore_ascii_case(name))
        };
        let media_type = match () {
            () if is("application/json") || is("text/json") || ends_with("json") => Some(MediaType::Json),
            // XHTML is a web page.
            () if is("application/xhtml+xml") => None,
            () if is("application/xml") || is("text/xml") || ends_with("xml") => Some(MediaType::Xml),
            () => None,
        };
        let charset = parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim_ascii().eq_ignore_ascii_case("charset").then_some(value)
        });
        Self {
            essence,
            media_type,
            charset,
        }
    }
}

/// Writes a body.
///
/// # Errors
/// Why the value has no form in this media type: an error of serde_json's, or [`Error`](crate::Error).
pub fn encode<T: Serialize + DataContract>(
    media_type: MediaType,
    value: &T,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    match media_type {
        MediaType::Json => {
            // Room for a typical document, so that it takes one allocation.
            let mut json = Vec::with_capacity(1024);
            serde_json::to_writer(&mut json, value)?;
            Ok(json)
        }
        MediaType::Xml => Ok(to_vec(value)?),
    }
}

/// Why an answer is not what was asked for.
#[derive(Debug)]
pub enum DecodeError {
    /// Not an answer of the service: a web page, a login form, another document.
    Foreign(&'static str),
    /// The right kind of answer, and it cannot be read.
    Unreadable(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(why) => write!(f, "the answer is another than the one asked for: {why}"),
            Self::Unreadable(_) => f.write_str("the answer cannot be read"),
        }
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Foreign(_) => None,
            Self::Unreadable(error) => Some(&**error),
        }
    }
}

/// Reads an answer by its own Content-Type, not by the one that was asked for; without one, by how it begins.
///
/// # Errors
/// [`DecodeError`] tells an answer that is damaged from one that is not the service's.
pub fn decode<T: DeserializeOwned + DataContract>(content_type: Option<&str>, body: &[u8]) -> Result<T, DecodeError> {
    let content_type = content_type.map(ContentType::parse);
    let charset = content_type.and_then(|it| it.charset);
    let media_type = content_type.and_then(|it| it.media_type);
    if content_type.is_some() && media_type.is_none() {
        return Err(DecodeError::Foreign("it is neither JSON nor XML"));
    }
    if body.is_empty() {
        return Err(DecodeError::Unreadable("it is empty".into()));
    }
    // Without a type, what reads as neither may be anybody's answer.
    let neither = DecodeError::Foreign("it has no media type, and reads neither as JSON nor as XML");
    let Some(text) = decode_text(body, charset) else {
        return Err(match media_type {
            Some(_) => DecodeError::Unreadable("it is not text in the character set that it declares".into()),
            None => neither,
        });
    };
    let is_xml = match media_type {
        Some(media_type) => media_type == MediaType::Xml,
        None => text.trim_start().starts_with('<'),
    };
    let read = match is_xml {
        true => from_answer(text.as_bytes(), matches!(text, Cow::Owned(_))).map_err(|error| {
            match error.is_other_document() {
                true => DecodeError::Foreign("it is XML, and another document than the one asked for"),
                false => DecodeError::Unreadable(error.into()),
            }
        }),
        false => serde_json::from_str(&text).map_err(|error| DecodeError::Unreadable(error.into())),
    };
    match (read, media_type) {
        (Err(_), None) => Err(neither),
        (read, _) => read,
    }
}

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
