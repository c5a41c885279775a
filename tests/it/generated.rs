//! What build.rs makes of the document: an edit of it shows its whole effect in this snapshot.

use crate::build::generate;
use crate::snapshot::snapshot;

const CODE: &str = include_str!(concat!(env!("OUT_DIR"), "/generated.rs"));

#[test]
fn the_code() {
    snapshot("generated__code", CODE);
}

#[test]
fn generating_again_gives_the_same() {
    let again = generate("spec/vitec-connect.yaml", vitec_connect::OPENAPI_YAML).unwrap();
    assert_eq!(again.rust, CODE);
    assert_eq!(again.json, vitec_connect::OPENAPI_JSON);
}
