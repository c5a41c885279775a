//! From a request's target to an operation of the document.

use percent_encoding::percent_decode_str;

use vitec_connect::description::{Description, Operation};

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
    /// With the parameters in the path.
    Operation(&'a Operation, Vec<(&'a str, String)>),
    /// 405: these methods are there, in alphabetical order.
    OtherMethods(Vec<&'a str>),
    /// 404.
    Nothing,
}

/// The paths of a description, and which of its operations each belongs to.
#[derive(Debug)]
pub(crate) struct Routes(Vec<(Vec<Segment>, usize)>);

/// A part of a path between slashes.
#[derive(Debug)]
enum Segment {
    Literal(String),
    Parameter(String),
    /// A parameter with something before or behind it: `{year}.json`.
    Mixed(String, String, String),
}

impl Routes {
    pub(crate) fn of(description: &Description) -> Self {
        let operations = description.operations.iter().enumerate();
        let mut routes: Vec<(Vec<Segment>, usize)> = operations
            .map(|(index, it)| (it.path.trim_matches('/').split('/').map(segment).collect(), index))
            .collect();
        // A literal segment is a better match than a parameter.
        routes.sort_by_key(|(path, _)| ranks(path));
        Self(routes)
    }

    /// Finds the operation. Literal segments match in any case; a parameter is never empty.
    pub(crate) fn route<'a>(&'a self, method: &str, path: &Path, description: &'a Description) -> Route<'a> {
        let matching = self.0.iter().filter_map(|(template, index)| {
            let operation = description.operations.get(*index)?;
            Some((operation, path.matches(template)?, ranks(template)))
        });
        let (mut fitting, others): (Vec<_>, Vec<_>) = matching.partition(|(it, ..)| it.method == method);
        // The vendor has paths that differ in the name of a parameter alone, `{contactId}` and `{contactIds}`: the second is
        // a list with commas.
        let is_meant = |parameters: &[(&str, String)]| {
            let is_list = parameters.iter().any(|(name, _)| name.ends_with('s'));
            is_list == parameters.iter().any(|(_, text)| text.contains(','))
        };
        let best = fitting.first().map(|(.., ranks)| ranks.clone()).unwrap_or_default();
        let meant = fitting
            .iter()
            .position(|(_, parameters, ranks)| *ranks == best && is_meant(parameters));
        if !fitting.is_empty() {
            let (operation, parameters, _) = fitting.swap_remove(meant.unwrap_or_default());
            return Route::Operation(operation, parameters);
        }
        let mut methods: Vec<&str> = others.iter().map(|(it, ..)| it.method.as_str()).collect();
        methods.sort_unstable();
        methods.dedup();
        if methods.is_empty() {
            Route::Nothing
        } else {
            Route::OtherMethods(methods)
        }
    }
}

fn ranks(path: &[Segment]) -> Vec<u8> {
    let rank = |segment: &Segment| match segment {
        Segment::Literal(_) => 0,
        Segment::Mixed(..) => 1,
        Segment::Parameter(_) => 2,
    };
    path.iter().map(rank).collect()
}

fn segment(part: &str) -> Segment {
    let parts = part.split_once('{').and_then(|(before, rest)| {
        let (name, behind) = rest.split_once('}')?;
        Some((before, name, behind))
    });
    match parts {
        None => Segment::Literal(part.to_owned()),
        Some(("", name, "")) => Segment::Parameter(name.to_owned()),
        Some((before, name, behind)) => Segment::Mixed(before.to_owned(), name.to_owned(), behind.to_owned()),
    }
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

    fn matches<'a>(&self, template: &'a [Segment]) -> Option<Vec<(&'a str, String)>> {
        if template.len() != self.segments.len() {
            return None;
        }
        let mut parameters = Vec::new();
        for (segment, text) in template.iter().zip(&self.segments) {
            match segment {
                Segment::Literal(literal) if literal.to_lowercase() == text.to_lowercase() => {}
                Segment::Parameter(name) if !text.is_empty() => parameters.push((name.as_str(), text.clone())),
                Segment::Mixed(before, name, behind) => {
                    let text = text.strip_prefix(before.as_str())?.strip_suffix(behind.as_str())?;
                    parameters.push((name, Some(text).filter(|it| !it.is_empty())?.to_owned()));
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
