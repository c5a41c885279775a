//! From the OpenAPI document of `vitec-connect` to its generated code: the steps, in order. Called by its `build.rs`.

mod bodies;
mod builder;
mod by_name;
mod commands;
mod doc;
mod document;
mod emit;
mod enumerations;
mod json_schema;
mod keywords;
mod methods;
mod mistake;
mod names;
mod narrow;
mod objects;
mod operations;
mod parameters;
mod reader;
mod requests;
mod schemas;

use progenitor::{GenerationSettings, Generator, HooksMode, TypeImpl};
use serde_json::Value;
use vitec_connect_description::{Description, Shape};

use document::Document;
pub use mistake::Mistake;

/// What is generated from a document.
pub struct Generated {
    /// The client, the models and their data contracts.
    pub rust: String,
    /// The document as JSON.
    pub json: String,
    /// The description as JSON.
    pub description: String,
}

/// Generates from `text`, the document called `file`.
///
/// # Errors
/// All that is wrong in the document, in the order of its lines.
pub fn generate(file: &str, text: &str) -> Result<Generated, Vec<Mistake>> {
    let (document, description) = read(file, text)?;
    let broken = |message: String| vec![Mistake::new(file, 1, String::new(), message)];
    let client = progenitor_client(&description).map_err(broken)?;
    let mut generated: syn::File =
        syn::parse2(client).map_err(|error| broken(format!("progenitor generated no valid Rust: {error}")))?;
    requests::lighten(&mut generated);
    emit::add_contracts(&mut generated, &description).map_err(|error| broken(error.to_string()))?;
    generated.items.push(emit::base_url(&description.server));
    let methods = syn::parse2::<syn::File>(methods::methods(&description, &generated))
        .map_err(|error| broken(error.to_string()))?;
    generated.items.extend(methods.items);
    Ok(Generated {
        rust: prettyplease::unparse(&generated),
        json: format!("{document:#}\n"),
        description: serde_json::to_string(&description).map_err(|error| broken(error.to_string()))?,
    })
}

/// What `text`, the document called `file`, says.
///
/// # Errors
/// All that is wrong in the document, in the order of its lines.
pub fn describe(file: &str, text: &str) -> Result<Description, Vec<Mistake>> {
    read(file, text).map(|(_, description)| description)
}

fn read(file: &str, text: &str) -> Result<(Value, Description), Vec<Mistake>> {
    let document = Document::parse(file, text)?;
    keywords::check(&document.node());
    let description = reader::read(&document.node());
    let (root, mistakes) = document.into_parts();
    match mistakes.is_empty() {
        true => Ok((root, description)),
        false => Err(mistakes),
    }
}

/// progenitor's client and typify's models, from the narrowed document.
fn progenitor_client(description: &Description) -> Result<proc_macro2::TokenStream, String> {
    let narrowed = narrow::narrow(description);

    let mut settings = GenerationSettings::new();
    settings
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote::quote!(crate::request::Slot))
        .with_derive("PartialEq")
        .with_map_type("::std::collections::BTreeMap");
    for (name, path) in narrow::OWN {
        settings.with_replacement(name, path, [TypeImpl::Display].into_iter());
    }
    for (name, schema) in &description.schemas {
        if matches!(schema.shape, Shape::Enumeration { .. } | Shape::Id { .. }) {
            let path = format!("crate::generated::types::{name}");
            settings.with_replacement(name, path, [TypeImpl::Display].into_iter());
        }
    }
    // progenitor asserts where it cannot go on. Nothing is known to get that far; if something does, say so.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(|| Generator::new(&settings).generate_tokens(&narrowed));
    std::panic::set_hook(hook);
    match outcome {
        Ok(tokens) => tokens.map_err(|error| format!("progenitor cannot generate from it: {error}")),
        Err(_) => Err("progenitor cannot generate from it".to_owned()),
    }
}
