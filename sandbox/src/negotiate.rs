//! Which media type a request has, and which one its answer gets: Web API's `DefaultContentNegotiator`, as observed.

use hyper::header::{ACCEPT, ACCEPT_CHARSET, CONTENT_TYPE, HeaderMap, HeaderName};

/// The two formatters that write answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
    /// Forms are read, never written.
    Form,
}

/// Supported media types in the order in which Web API asks its formatters.
const SUPPORTED: [(Format, &str); 5] = [
    (Format::Json, "application/json"),
    (Format::Json, "text/json"),
    (Format::Xml, "application/xml"),
    (Format::Xml, "text/xml"),
    (Format::Form, "application/x-www-form-urlencoded"),
];

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Negotiated {
    pub(crate) format: Format,
    pub(crate) media_type: &'static str,
    pub(crate) utf16: bool,
}

/// A media type or range, with its parameters.
#[derive(Clone, Debug)]
pub(crate) struct MediaType {
    /// `type/subtype`, as the client wrote it.
    pub(crate) name: String,
    pub(crate) charset: Option<String>,
    quality: f64,
}

impl MediaType {
    /// `None` if the text is no media type.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = split_unquoted(text, ';');
        let name = parts.next()?.trim().to_owned();
        let (main, sub) = name.split_once('/')?;
        if !is_token(main) || !is_token(sub) {
            return None;
        }
        let mut media_type = Self {
            name,
            charset: None,
            quality: 1.0,
        };
        for parameter in parts {
            let (key, value) = match parameter.split_once('=') {
                Some((key, value)) => (key.trim(), value.trim().trim_matches('"')),
                None if parameter.trim().is_empty() => continue,
                None => (parameter.trim(), ""),
            };
            if !is_token(key) {
                return None;
            }
            match key.to_ascii_lowercase().as_str() {
                "charset" => media_type.charset = Some(value.to_owned()),
                "q" => media_type.quality = value.parse().unwrap_or(1.0),
                _ => {}
            }
        }
        Some(media_type)
    }

    /// How well a supported media type fits this range: 3 literally, 2 `type/*`, 1 `*/*`.
    fn fits(&self, supported: &str) -> Option<u8> {
        let (main, sub) = self.name.split_once('/')?;
        let (supported_main, supported_sub) = supported.split_once('/')?;
        match (main, sub) {
            ("*", "*") => Some(1),
            (_, "*") if main.eq_ignore_ascii_case(supported_main) => Some(2),
            _ if main.eq_ignore_ascii_case(supported_main) && sub.eq_ignore_ascii_case(supported_sub) => Some(3),
            _ => None,
        }
    }

    fn wildcards(&self) -> usize {
        self.name.matches('*').count()
    }

    /// Whether the charset is UTF-16, the only one besides UTF-8 that Web API knows.
    pub(crate) fn is_utf16(&self) -> bool {
        self.charset
            .as_deref()
            .is_some_and(|charset| charset.eq_ignore_ascii_case("utf-16"))
    }

    /// The formatter that reads a body of this type. `None`: 415.
    pub(crate) fn reader(&self) -> Option<Format> {
        SUPPORTED
            .iter()
            .find(|(_, supported)| self.fits(supported).is_some())
            .map(|(format, _)| *format)
    }
}

/// The request's own media type. `None` if there is none, or it is malformed.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<MediaType> {
    MediaType::parse(headers.get(CONTENT_TYPE)?.to_str().ok()?)
}

/// The form of the answer to a request with these headers. Never "not acceptable": JSON is the last resort.
pub(crate) fn negotiate(headers: &HeaderMap) -> Negotiated {
    let request = content_type(headers);
    let mut accept: Vec<MediaType> = values(headers, &ACCEPT)
        .iter()
        .filter_map(|text| MediaType::parse(text))
        .collect();
    // The client's favourites first; of equal ones the more literal.
    accept.sort_by(|a, b| b.quality.total_cmp(&a.quality).then(a.wildcards().cmp(&b.wildcards())));

    let script = headers
        .get("x-requested-with")
        .is_some_and(|with| with.as_bytes().eq_ignore_ascii_case(b"XMLHttpRequest"));
    let by_script = script && (accept.is_empty() || (accept.len() == 1 && accept[0].name == "*/*"));
    let (format, media_type) = if by_script {
        SUPPORTED[0]
    } else {
        by_accept(&accept)
            .or_else(|| by_request(request.as_ref()))
            .unwrap_or(SUPPORTED[0])
    };
    Negotiated {
        format,
        media_type,
        utf16: utf16(headers, request.as_ref()),
    }
}

/// The best range counts; among equals the more literal one, then JSON.
fn by_accept(accept: &[MediaType]) -> Option<(Format, &'static str)> {
    let mut best: Option<(f64, u8, (Format, &'static str))> = None;
    for format in [Format::Json, Format::Xml] {
        // A formatter is judged by the first of the client's ranges that fits it.
        let fit = accept.iter().filter(|range| range.quality > 0.0).find_map(|range| {
            let supported = SUPPORTED.iter().filter(|(supported, _)| *supported == format);
            supported
                .into_iter()
                .find_map(|found| Some((range.quality, range.fits(found.1)?, *found)))
        });
        if let Some(fit) = fit
            && best.is_none_or(|best| (fit.0, fit.1) > (best.0, best.1))
        {
            best = Some(fit);
        }
    }
    best.map(|(_, _, found)| found)
}

fn by_request(request: Option<&MediaType>) -> Option<(Format, &'static str)> {
    let request = request?;
    let supported = SUPPORTED.iter().filter(|(format, _)| *format != Format::Form);
    supported
        .into_iter()
        .find(|(_, name)| request.fits(name).is_some())
        .copied()
}

/// `Accept-Charset` decides, else the charset of the request itself.
fn utf16(headers: &HeaderMap, request: Option<&MediaType>) -> bool {
    let mut charsets: Vec<(f64, String)> = values(headers, &ACCEPT_CHARSET)
        .iter()
        .map(|text| {
            let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
            let quality = parameters
                .trim()
                .strip_prefix("q=")
                .and_then(|q| q.parse().ok())
                .unwrap_or(1.0);
            (quality, name.trim().to_ascii_lowercase())
        })
        .filter(|(quality, _)| *quality > 0.0)
        .collect();
    charsets.sort_by(|a, b| b.0.total_cmp(&a.0));
    let known = charsets
        .iter()
        .find(|(_, name)| matches!(name.as_str(), "utf-8" | "utf-16" | "*"));
    match known {
        Some((_, name)) => name == "utf-16",
        None => request.is_some_and(MediaType::is_utf16),
    }
}

/// The items of a list header, over all its lines.
pub(crate) fn values(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| split_unquoted(line, ','))
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// Splits at a character that does not stand in quotes.
pub(crate) fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c| {
        let separates = c == separator && !quoted;
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        separates
    })
}

/// A token of RFC 9110.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
