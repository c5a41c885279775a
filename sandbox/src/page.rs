//! The page with the documentation and a test form: one file, filled in here.

use bytes::Bytes;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};
use vitec_connect::description::Description;

use crate::reply::{iis, respond};

const TEMPLATE: &str = include_str!("../page/index.html");

/// The page, for a description and for the account that its form and its samples use. Without a password the page asks
/// for one. `document`: it can be had as a document, too.
pub(crate) fn page(
    description: &Description,
    document: bool,
    username: &str,
    password: Option<&str>,
) -> Response<Bytes> {
    let mut random = [0; 16];
    if getrandom::fill(&mut random).is_err() {
        return iis(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let nonce = format!("{:032x}", u128::from_ne_bytes(random));
    let Ok(description) = serde_json::to_string(description) else {
        return iis(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let sandbox = serde_json::json!({"username": username, "password": password, "document": document}).to_string();
    let html = TEMPLATE
        .replace("{{NONCE}}", &nonce)
        .replace("{{SANDBOX_JSON}}", &embedded(&sandbox))
        .replace("{{DESCRIPTION_JSON}}", &embedded(&description));
    let mut response = respond(StatusCode::OK, "text/html; charset=utf-8", html);
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(CONTENT_SECURITY_POLICY, &policy);
    set(REFERRER_POLICY, "no-referrer");
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

/// JSON that can stand in a `<script>`: it ends no element, and nothing in it is taken for a place to fill in.
/// Outside of strings JSON has neither `<` nor `{{`.
fn embedded(json: &str) -> String {
    json.replace('<', "\\u003c").replace("{{", "{\\u007b")
}
