//! A body's bytes as text, the way the two formatters do it.

use crate::bind::Fault;
use crate::negotiate::MediaType;

/// For Json.NET: a byte order mark decides, and then bad bytes are replaced; without one the charset decides
/// (UTF-16 or UTF-8, whatever else it says), and a bad byte is an error.
pub(crate) fn json(bytes: &[u8], media_type: Option<&MediaType>) -> Result<String, Fault> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Ok(String::from_utf8_lossy(rest).into_owned()),
        [0xFF, 0xFE, rest @ ..] => Ok(String::from_utf16_lossy(&units(rest, u16::from_le_bytes))),
        [0xFE, 0xFF, rest @ ..] => Ok(String::from_utf16_lossy(&units(rest, u16::from_be_bytes))),
        _ => strict(bytes, media_type),
    }
}

/// For XML: the charset decides, and a bad byte is an error.
pub(crate) fn xml(bytes: &[u8], media_type: Option<&MediaType>) -> Result<String, Fault> {
    let text = strict(bytes, media_type)?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn strict(bytes: &[u8], media_type: Option<&MediaType>) -> Result<String, Fault> {
    if !media_type.is_some_and(MediaType::is_utf16) {
        return String::from_utf8(bytes.to_vec()).map_err(|_| Fault("bytes that are not UTF-8"));
    }
    if bytes.len() % 2 == 1 {
        return Err(Fault("bytes that are not UTF-16"));
    }
    String::from_utf16(&units(bytes, u16::from_le_bytes)).map_err(|_| Fault("bytes that are not UTF-16"))
}

fn units(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect()
}

/// Text as UTF-16 with a byte order mark, as .NET writes it.
pub(crate) fn to_utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xFEFF)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect()
}
