//! .NET's `Guid`, as a [`Uuid`].

use std::borrow::Cow;

use uuid::Uuid;

use crate::{ARRAYS, DataContract, Error, Reader, SERIALIZATION, Writer};

/// `guid`. Written in lower case with hyphens; read in any case, also in braces or parentheses, or without hyphens.
impl DataContract for Uuid {
    fn name() -> Cow<'static, str> {
        "guid".into()
    }
    const NAMESPACE: &'static str = SERIALIZATION;
    const CONTENT_NAMESPACE: &'static str = "";
    const ITEM_NAMESPACE: &'static str = ARRAYS;
    const IS_VALUE_TYPE: bool = true;
    fn write_content(&self, writer: &mut Writer) -> Result<(), Error> {
        writer.plain(self)
    }
    fn read_content(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.plain("guid", parse_guid)
    }
}

/// A `Guid` in any of the forms that .NET reads: in any case, also in braces or parentheses, or without hyphens.
///
/// ```
/// assert!(datacontract::parse_guid("{3F2504E0-4F89-11D3-9A0C-0305E82C3301}").is_some());
/// assert!(datacontract::parse_guid("urn:uuid:3f2504e0-4f89-11d3-9a0c-0305e82c3301").is_none());
/// ```
pub fn parse_guid(text: &str) -> Option<Uuid> {
    let inside = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    let bracketed = inside('{', '}').or_else(|| inside('(', ')'));
    let text = bracketed.unwrap_or(text);
    // Without brackets .NET also reads 32 digits. What `Uuid` reads beyond that (`urn:uuid:`) .NET refuses.
    match text.len() {
        36 => Uuid::try_parse(text).ok(),
        32 if bracketed.is_none() => Uuid::try_parse(text).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{SERIALIZATION, from_slice, to_vec};
    use uuid::Uuid;

    const TEXT: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";

    fn read(text: &str) -> Option<Uuid> {
        from_slice(format!("<guid xmlns='{SERIALIZATION}'>{text}</guid>").as_bytes()).ok()
    }

    #[test]
    fn reads_what_dotnet_reads() {
        let guid = Uuid::try_parse(TEXT).unwrap();
        // All observed on Mono 6.8 and .NET 8.0.4.
        for text in [
            TEXT.to_owned(),
            TEXT.to_uppercase(),
            format!("{{{TEXT}}}"),
            format!("({TEXT})"),
            TEXT.replace('-', ""),
            format!(" {TEXT}\n"),
        ] {
            assert_eq!(read(&text), Some(guid), "{text}");
        }
        for text in [
            String::new(),
            format!("urn:uuid:{TEXT}"),
            format!("{{{}}}", TEXT.replace('-', "")),
            format!("{{{TEXT})"),
            format!("{{{TEXT}"),
            format!("{{{{{TEXT}}}}}"),
            TEXT.replace('3', "g"),
        ] {
            assert_eq!(read(&text), None, "{text}");
        }
        let xml = to_vec(&guid).unwrap();
        assert!(String::from_utf8(xml).unwrap().contains(&format!(">{TEXT}<")));
    }
}
