//! Every operation of the document can be called.

use heck::ToSnakeCase;
use serde_json::Value;

/// Where the methods stand, as a maintainer writes them.
const SOURCES: [(&str, &str); 2] = [
    ("src/client.rs", include_str!("../../src/client.rs")),
    ("src/blocking.rs", include_str!("../../src/blocking.rs")),
];

/// The public methods of `impl Client` in a source.
fn methods(source: &str) -> Vec<String> {
    let file = syn::parse_file(source).unwrap();
    let items = file.items.iter().filter_map(|item| match item {
        syn::Item::Impl(it) if it.trait_.is_none() => Some(&it.items),
        _ => None,
    });
    items
        .flatten()
        .filter_map(|item| match item {
            syn::ImplItem::Fn(it) if matches!(it.vis, syn::Visibility::Public(_)) => Some(it.sig.ident.to_string()),
            _ => None,
        })
        .collect()
}

fn operation_ids() -> Vec<String> {
    let document: Value = serde_json::from_str(vitec_connect::OPENAPI_JSON).unwrap();
    let items = document["paths"].as_object().unwrap().values();
    items
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_operation_has_its_method() {
    let ids = operation_ids();
    assert!(!ids.is_empty());
    let missing: Vec<String> = SOURCES
        .iter()
        .flat_map(|(file, source)| {
            let methods = methods(source);
            ids.iter()
                .map(|id| id.to_snake_case())
                .filter(move |name| !methods.contains(name))
                .map(move |name| format!("{file}: `impl Client` has no method `{name}`"))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "write these as README.md says:\n{}",
        missing.join("\n")
    );
}
