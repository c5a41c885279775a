//! [`Base64`]: bytes as text.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::alphabet::STANDARD;
use base64::display::Base64Display;
use base64::engine::{Engine as _, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{ARRAYS, DataContract, Error, Reader, SERIALIZATION, Writer};

/// Bytes: .NET's `byte[]`, base64 text in JSON and XML.
///
/// Written with padding, on one line. White space inside is skipped when reading, as .NET does it.
///
/// ```
/// use datacontract::{Base64, from_slice, to_vec};
///
/// let bytes = Base64(vec![1, 2, 3]);
/// assert_eq!(bytes.to_string(), "AQID");
/// let xml = to_vec(&bytes)?;
/// assert_eq!(from_slice::<Base64>(&xml)?, bytes);
/// # Ok::<(), datacontract::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Base64(pub Vec<u8>);

/// Bits beyond the last byte may be set: .NET reads over them (observed).
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

impl From<Vec<u8>> for Base64 {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<Base64> for Vec<u8> {
    fn from(bytes: Base64) -> Self {
        bytes.0
    }
}

impl AsRef<[u8]> for Base64 {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// As base64.
impl fmt::Display for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(&self.0, &BASE64_STANDARD).fmt(f)
    }
}

/// From base64 with padding.
impl FromStr for Base64 {
    type Err = Base64Error;

    fn from_str(text: &str) -> Result<Self, Base64Error> {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let bytes = match text.bytes().any(|byte| is_space(&byte)) {
            true => LENIENT.decode(text.bytes().filter(|byte| !is_space(byte)).collect::<Vec<_>>()),
            false => LENIENT.decode(text),
        };
        bytes.map(Self).map_err(|_| Base64Error(()))
    }
}

/// The text is not base64. Does not show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base64Error(());

impl fmt::Display for Base64Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text is not base64: A-Z, a-z, 0-9, + and /, with = to fill the last four")
    }
}

impl std::error::Error for Base64Error {}

/// As base64 text.
impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From base64 text.
impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Base64 {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Base64".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "byte", "contentEncoding": "base64" })
    }
}

/// `base64Binary`.
impl DataContract for Base64 {
    fn name() -> Cow<'static, str> {
        "base64Binary".into()
    }
    const NAMESPACE: &'static str = SERIALIZATION;
    const CONTENT_NAMESPACE: &'static str = "";
    const ITEM_NAMESPACE: &'static str = ARRAYS;
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        writer.plain(self)
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.plain("base64Binary", |text| text.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_dotnet_reads() {
        // All observed on Mono 6.8 and .NET 8.0.4.
        for (text, bytes) in [
            ("", &[][..]),
            ("AQID", &[1, 2, 3]),
            ("AQ ID", &[1, 2, 3]),
            ("\n AQ\r\n\tID ", &[1, 2, 3]),
            ("AQI=", &[1, 2]),
            ("AQJ=", &[1, 2]),
            ("AQ==", &[1]),
            ("AR==", &[1]),
        ] {
            assert_eq!(text.parse::<Base64>().unwrap().0, bytes, "{text:?}");
        }
        for text in ["AQI", "A", "A===", "AQID==", "AQ==ID", "!", "AQ-_", "=", "é"] {
            assert!(text.parse::<Base64>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn json_is_text() {
        let bytes = Base64(vec![0, 255, 16]);
        assert_eq!(serde_json::to_string(&bytes).unwrap(), r#""AP8Q""#);
        assert_eq!(serde_json::from_str::<Base64>(r#""AP8Q""#).unwrap(), bytes);
        assert_eq!(serde_json::from_str::<Base64>(r#""AP\u0038Q""#).unwrap(), bytes);
        assert_eq!(serde_json::from_value::<Base64>("AP8Q".into()).unwrap(), bytes);
        for json in ["null", "1", "[0, 255, 16]", r#""%""#] {
            assert!(serde_json::from_str::<Base64>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn an_error_does_not_show_the_text() {
        let error = "secret!".parse::<Base64>().unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
