//! What build.rs makes of the document: an edit of it shows its whole effect in this snapshot.

use crate::build::{DOCUMENT, FILE, generate};
use crate::snapshot::snapshot;

const CODE: &str = include_str!(concat!(env!("OUT_DIR"), "/generated.rs"));

#[test]
fn the_code() {
    snapshot("generated__code", CODE);
}

#[test]
fn generating_again_gives_the_same() {
    let again = generate(FILE, DOCUMENT).unwrap();
    assert_eq!(again.rust, CODE);
    assert_eq!(again.json, vitec_connect::OPENAPI_JSON);
    let description: vitec_connect::description::Description = serde_json::from_str(&again.description).unwrap();
    assert_eq!(&description, vitec_connect::description());
}
