//! Generates the client and the models from `spec/vitec-connect.yaml`, into `OUT_DIR`.

use std::path::PathBuf;
use std::{env, fs};

const DOCUMENT: &str = "spec/vitec-connect.yaml";

fn main() {
    println!("cargo::rerun-if-changed={DOCUMENT}");
    println!("cargo::rerun-if-changed=build.rs");
    for error in run().err().iter().flatten() {
        println!("cargo::error={}", error.replace('\n', " "));
    }
}

/// The errors: every mistake in the document.
fn run() -> Result<(), Vec<String>> {
    let text = fs::read_to_string(DOCUMENT).map_err(|error| vec![format!("{DOCUMENT}: cannot be read: {error}")])?;
    let generated = vitec_connect_codegen::generate(DOCUMENT, &text)
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let out = env::var_os("OUT_DIR").ok_or_else(|| vec!["cargo sets OUT_DIR, and did not".to_owned()])?;
    let out = PathBuf::from(out);
    for (name, content) in [
        ("generated.rs", generated.rust),
        ("openapi.json", generated.json),
        ("description.json", generated.description),
    ] {
        let file = out.join(name);
        fs::write(&file, content).map_err(|error| vec![format!("{}: cannot be written: {error}", file.display())])?;
    }
    Ok(())
}
