//! Which proxy calls go through. One that cannot be followed is an error: passed over, the call would go direct.

use std::ffi::OsString;
use std::str::FromStr;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Url};

use crate::Unusable;

/// Which proxy calls go through.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// None.
    #[default]
    None,
    /// This one, such as `http://proxy.example:3128`: `http`, `https`, `socks5` (this machine resolves Vitec Connect's
    /// name) or `socks5h` (the proxy does); `http` where it says nothing. It may carry a user name and password.
    Url(String),
    /// The system's, as it is when the client is built: from the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`,
    /// in either case), else from the system's settings. A variable that cannot be followed is refused.
    System,
}

/// Without the URL, which may carry a password.
impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Url(_) => "Url([redacted])",
            Self::System => "System",
        })
    }
}

impl FromStr for Proxy {
    type Err = std::convert::Infallible;

    /// `none`, `system`, or a URL. Building a client checks the URL.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "none" => Self::None,
            "system" => Self::System,
            url => Self::Url(url.to_owned()),
        })
    }
}

/// The builder with this proxy for `target`, and no other.
pub(crate) fn proxied(http: ClientBuilder, proxy: &Proxy, target: &Url) -> Result<ClientBuilder, Unusable> {
    // Forgets every proxy, also one of a builder that was handed in.
    let http = http.no_proxy();
    // Plain HTTP is for loopback, and would show the credentials to a proxy.
    if target.scheme() == "http" {
        return Ok(http);
    }
    let proxy = match proxy {
        Proxy::None => None,
        Proxy::Url(text) => Some(usable(text).map_err(|why| Unusable::new(format!("the proxy {why}")))?),
        Proxy::System => system(target, |name| std::env::var_os(name))?,
    };
    match proxy {
        None => Ok(http),
        Some(url) => reqwest::Proxy::all(url)
            .map(|proxy| http.proxy(proxy))
            .map_err(|error| Unusable::new("the proxy is no URL").with_source(error.without_url())),
    }
}

/// The URL of a proxy that will be followed, or what is wrong with it. That does not repeat it: it may carry a password.
fn usable(text: &str) -> Result<Url, &'static str> {
    let url = match text.contains("://") {
        true => Url::parse(text),
        false => Url::parse(&format!("http://{text}")),
    };
    let url = url.map_err(|_| "is no URL such as http://proxy.example:3128")?;
    if !["http", "https", "socks5", "socks5h"].contains(&url.scheme()) {
        return Err("does not begin with http://, https://, socks5:// or socks5h://, and would be passed over");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("names no host");
    }
    // What reqwest's own matcher does not take, it passes over without a word.
    match intercepts(&Matcher::builder().all(url.as_str()).build(), "https://host.example/") {
        true => Ok(url),
        false => Err("has a host, user name or password that cannot be followed"),
    }
}

fn intercepts(matcher: &Matcher, target: &str) -> bool {
    target.parse().is_ok_and(|uri| matcher.intercept(&uri).is_some())
}

/// The system's proxy for `target`.
fn system(target: &Url, variable: impl Fn(&str) -> Option<OsString>) -> Result<Option<Url>, Unusable> {
    let first = |names: &[&'static str]| {
        let set = names.iter().filter_map(|&name| Some((name, variable(name)?)));
        set.into_iter().find(|(_, value)| !value.is_empty())
    };
    if let Some((name, value)) = first(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) {
        let (_, direct) = first(&["NO_PROXY", "no_proxy"]).unwrap_or_default();
        let unless_direct = Matcher::builder()
            .all("http://proxy.example")
            .no(direct.to_string_lossy().into_owned());
        if !intercepts(&unless_direct.build(), target.as_str()) {
            return Ok(None);
        }
        let text = value.to_str().ok_or("is not UTF-8");
        let url = text.and_then(usable);
        return url.map(Some).map_err(|why| {
            Unusable::new(format!(
                "the system's proxy, from the variable {name}, {why}; correct it, or name the proxy itself"
            ))
        });
    }
    // The settings of macOS or Windows; elsewhere there are none.
    let found = target
        .as_str()
        .parse()
        .ok()
        .and_then(|uri| Matcher::from_system().intercept(&uri));
    match found {
        None => Ok(None),
        Some(found) => usable(&found.uri().to_string())
            .map(Some)
            .map_err(|why| Unusable::new(format!("the proxy of the system's settings {why}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_followed_is_taken() {
        for (text, url) in [
            ("http://proxy.example:3128", "http://proxy.example:3128/"),
            (
                "HTTPS://user:p%40ss@proxy.example",
                "https://user:p%40ss@proxy.example/",
            ),
            ("socks5://[::1]:1080", "socks5://[::1]:1080"),
            ("socks5h://proxy.example", "socks5h://proxy.example"),
            ("proxy.example:3128", "http://proxy.example:3128/"),
            ("localhost", "http://localhost/"),
        ] {
            assert_eq!(usable(text).as_ref().map(Url::as_str), Ok(url));
        }
    }

    #[test]
    fn what_would_be_passed_over_is_refused() {
        for text in [
            "",
            "http://",
            "http://user:hemligt@:3128",
            "ftp://proxy.example",
            "socks4://proxy.example",
            "socks://proxy.example",
            "file:///etc/proxy",
            "socks5://:1080",
            "socks5://a\"b{c}",
            "socks5:proxy.example",
            "http://proxy.example:99999",
        ] {
            assert!(usable(text).is_err(), "{text}");
        }
        // Longer than hyper takes a URL.
        assert!(usable(&format!("http://{}@host", "p".repeat(70_000))).is_err());
    }

    fn from(variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let target = Url::parse("https://connect.example/prefix").expect("a URL");
        let variable = |name: &str| {
            variables
                .iter()
                .find(|(it, _)| *it == name)
                .map(|(_, value)| value.into())
        };
        match system(&target, variable) {
            Ok(url) => Ok(url.map(String::from)),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_systems_variables_are_followed_or_refused() {
        let proxy = |url: &str| Ok(Some(url.to_owned()));
        assert_eq!(from(&[]), Ok(None));
        assert_eq!(
            from(&[("HTTPS_PROXY", "http://a"), ("ALL_PROXY", "http://b")]),
            proxy("http://a/")
        );
        assert_eq!(
            from(&[("HTTPS_PROXY", ""), ("https_proxy", "a:81")]),
            proxy("http://a:81/")
        );
        assert_eq!(from(&[("all_proxy", "socks5h://u:p@a")]), proxy("socks5h://u:p@a"));
        assert_eq!(from(&[("HTTP_PROXY", "ftp://a")]), Ok(None), "it is for plain HTTP");
        for direct in ["*", "other.example, connect.example", ".example"] {
            assert_eq!(
                from(&[("HTTPS_PROXY", "ftp://a"), ("no_proxy", direct)]),
                Ok(None),
                "{direct}"
            );
        }
        for (name, value) in [
            ("ALL_PROXY", "ftp://u:hemligt@a"),
            ("https_proxy", "http://u:hemligt@a:x"),
        ] {
            let error = from(&[(name, value), ("NO_PROXY", "other.example")]).expect_err(value);
            assert!(error.contains(name) && !error.contains("hemligt"), "{error}");
        }
        // A good one in the second place does not excuse a bad one in the first.
        assert!(from(&[("HTTPS_PROXY", "ftp://a"), ("ALL_PROXY", "http://b")]).is_err());
    }
}
