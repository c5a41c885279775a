//! From the OpenAPI document of `vitec-connect` to its generated code: the steps, in order. Called by its `build.rs`.

mod builder;
mod contracts;
mod document;
mod emit;
mod json_schema;
mod narrow;
mod operations;
mod schemas;

use progenitor::{GenerationSettings, Generator, HooksMode, TypeImpl};

use contracts::{Contracts, Kind};
use document::Document;

/// What is generated from a document.
pub struct Generated {
    /// The client, the models and their data contracts.
    pub rust: String,
    /// The document as JSON.
    pub json: String,
}

/// Generates from `text`, the document called `file`.
///
/// # Errors
/// What is wrong in the document, and where: file, line and place.
pub fn generate(file: &str, text: &str) -> Result<Generated, String> {
    let document = Document::parse(file, text).map_err(|mistake| mistake.to_string())?;
    let contracts = Contracts::read(&document.node()).map_err(|mistake| mistake.to_string())?;
    let client = progenitor_client(file, &document, &contracts)?;
    let mut generated: syn::File =
        syn::parse2(client).map_err(|error| format!("{file}: progenitor generated no valid Rust: {error}"))?;
    emit::add_contracts(&mut generated, &contracts).map_err(|error| format!("{file}: {error}"))?;
    generated.items.push(emit::base_url(contracts.server));
    Ok(Generated {
        rust: prettyplease::unparse(&generated),
        json: format!("{:#}\n", document.root),
    })
}

/// progenitor's client and typify's models, from the narrowed document.
fn progenitor_client(
    file: &str,
    document: &Document,
    contracts: &Contracts<'_>,
) -> Result<proc_macro2::TokenStream, String> {
    let narrowed = narrow::narrow(contracts, &document.root["info"]);

    let mut settings = GenerationSettings::new();
    settings
        .with_hooks(HooksMode::Expected)
        .with_derive("PartialEq")
        .with_replacement(narrow::DATE_TIME, "crate::DateTime", [TypeImpl::Display].into_iter());
    for (name, model) in &contracts.models {
        match model.kind {
            Kind::Object { .. } => {}
            Kind::Enumeration { .. } | Kind::Id { .. } => {
                let path = format!("crate::generated::types::{name}");
                settings.with_replacement(name, path, [TypeImpl::Display].into_iter());
            }
        }
    }
    // progenitor asserts where it cannot go on. Nothing is known to get that far; if something does, say in which file.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(|| Generator::new(&settings).generate_tokens(&narrowed));
    std::panic::set_hook(hook);
    match outcome {
        Ok(tokens) => tokens.map_err(|error| format!("{file}: progenitor cannot generate from it: {error}")),
        Err(_) => Err(format!("{file}: progenitor cannot generate from it")),
    }
}
