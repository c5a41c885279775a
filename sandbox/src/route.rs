//! From a request's target to an operation of the document.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::operation::{Operation, Segment};

/// What IIS and ASP.NET refuse in a path, even percent-encoded. [observed on IIS]
const REFUSED: [char; 8] = ['<', '>', '*', '%', '&', ':', '\\', '?'];

/// A path, decoded as a whole before it is split, as IIS hands it to the framework.
#[derive(Debug)]
pub(crate) struct Path {
    /// Between slashes. Without the first slash and the last one.
    segments: Vec<String>,
}

/// What a path and a method lead to.
#[derive(Debug)]
pub(crate) enum Route<'a> {
    Operation(&'a Operation, BTreeMap<String, String>),
    /// 405: these methods are there, in alphabetical order.
    OtherMethods(Vec<&'a str>),
    /// 404.
    Nothing,
}

impl Path {
    /// `None` if the front server refuses it.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let decoded = percent_decode_str(path).decode_utf8().ok()?;
        if decoded.contains(REFUSED) || decoded.chars().any(char::is_control) {
            return None;
        }
        let mut segments: Vec<String> = Vec::new();
        for segment in decoded.strip_prefix('/').unwrap_or(&decoded).split('/') {
            match segment {
                "." => {}
                ".." => drop(segments.pop()),
                _ => segments.push(segment.to_owned()),
            }
        }
        if segments.last().is_some_and(String::is_empty) {
            segments.pop();
        }
        Some(Self { segments })
    }

    /// Finds the operation. Literal segments match in any case; a parameter is never empty.
    pub(crate) fn route<'a>(&self, method: &str, operations: &'a [Operation]) -> Route<'a> {
        let mut methods: Vec<&str> = Vec::new();
        for operation in operations {
            let Some(parameters) = self.matches(&operation.path) else {
                continue;
            };
            if operation.method == method {
                return Route::Operation(operation, parameters);
            }
            methods.push(&operation.method);
        }
        methods.sort_unstable();
        methods.dedup();
        if methods.is_empty() {
            Route::Nothing
        } else {
            Route::OtherMethods(methods)
        }
    }

    fn matches(&self, template: &[Segment]) -> Option<BTreeMap<String, String>> {
        if template.len() != self.segments.len() {
            return None;
        }
        let mut parameters = BTreeMap::new();
        for (segment, text) in template.iter().zip(&self.segments) {
            match segment {
                Segment::Literal(literal) if literal.to_lowercase() == text.to_lowercase() => {}
                Segment::Parameter(name) if !text.is_empty() => {
                    parameters.insert(name.clone(), text.clone());
                }
                Segment::Mixed(before, name, behind) => {
                    let text = text.strip_prefix(before.as_str())?.strip_suffix(behind.as_str())?;
                    parameters.insert(name.clone(), Some(text).filter(|it| !it.is_empty())?.to_owned());
                }
                _ => return None,
            }
        }
        Some(parameters)
    }
}

/// The URI as it stands in a 404: .NET's `Uri.ToString`, which decodes what is harmless.
pub(crate) fn displayed(host: &str, path: &str, query: Option<&str>) -> String {
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix(":80").unwrap_or(&host);
    let query = query.map(|query| format!("?{}", unescape(query))).unwrap_or_default();
    format!("http://{host}{}{query}", unescape(path))
}

/// Decodes percent-encoded characters but for those that would change what the URI means.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, encoded) = rest.split_at(at);
        out.push_str(before);
        let length = encoded
            .as_bytes()
            .chunks(3)
            .take_while(|chunk| chunk.len() == 3 && chunk[0] == b'%')
            .count()
            * 3;
        // A run of encoded bytes; anything else than ASCII may follow it, so cut at a character's border only.
        let (run, behind) = encoded.split_at_checked(length.max(1)).unwrap_or((encoded, ""));
        match percent_decode_str(run).decode_utf8() {
            Ok(decoded) => {
                for c in decoded.chars() {
                    if c.is_control() || "%#?/\\&+@=;,$![]()*'".contains(c) {
                        let mut buffer = [0; 4];
                        for byte in c.encode_utf8(&mut buffer).bytes() {
                            out.push_str(&format!("%{byte:02X}"));
                        }
                    } else {
                        out.push(c);
                    }
                }
            }
            Err(_) => out.push_str(run),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line but the last was printed by the real `Uri.ToString`.
    #[test]
    fn uris_are_displayed_as_observed() {
        for (path, expected) in [
            (
                "/a%20b/%C3%A5/%3Cx%3E/%23%3F%25%2F/%0A/%7B",
                "http://h:81/a b/å/<x>/%23%3F%25%2F/%0A/{",
            ),
            ("/%FF/%5C/%26%2B%3A%40/{}|^`'", "http://h:81/%FF/%5C/%26%2B:%40/{}|^`'"),
            ("/%", "http://h:81/%25"),
        ] {
            assert_eq!(displayed("h:81", path, None), expected);
        }
        assert_eq!(displayed("H:80", "/x", Some("y=%20%C3%A5&z=+")), "http://h/x?y= å&z=+");
    }

    #[test]
    fn dots_are_resolved_before_routing() {
        let path = Path::parse("/a/%2e%2e/b/./c/").expect("a fine path");
        assert_eq!(path.segments, ["b", "c"]);
        assert!(Path::parse("/a%3Ab").is_none());
        assert!(Path::parse("/%FF").is_none());
    }
}
