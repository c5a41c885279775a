//! Generates the client and the models from `spec/vitec-connect.yaml`, into `OUT_DIR`.

use std::path::PathBuf;
use std::{env, fs};

const DOCUMENT: &str = "spec/vitec-connect.yaml";

fn main() {
    println!("cargo::rerun-if-changed={DOCUMENT}");
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(error) = run() {
        println!("cargo::error={}", error.replace('\n', " "));
    }
}

fn run() -> Result<(), String> {
    let text = fs::read_to_string(DOCUMENT).map_err(|error| format!("{DOCUMENT}: cannot be read: {error}"))?;
    let generated = vitec_connect_codegen::generate(DOCUMENT, &text)?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR, and did not")?);
    for (name, content) in [("generated.rs", generated.rust), ("openapi.json", generated.json)] {
        let file = out.join(name);
        fs::write(&file, content).map_err(|error| format!("{}: cannot be written: {error}", file.display()))?;
    }
    Ok(())
}
