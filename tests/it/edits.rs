//! Generation follows an edited document: a copy of the package, its document edited and nothing else, compiled and run. The real DataContractSerializer judges its XML where Mono is installed.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::{env, fs};

use serde_json::{Value, json};
use vitec_connect_judge::Judge;

use crate::build::FILE;

/// The document as it once was: an edit of today's changes nothing here.
const DOCUMENT: &str = include_str!("../../codegen/tests/it/document.yaml");

/// What the README adds before the first of the members, and other texts of the document and what they are replaced by.
const FIRST_MEMBER: &str = "        bank:\n";
const EDITS: &[(&str, &str)] = &[
    ("        - House\n", "        - House\n        - Plot\n        - Ship\n"),
    ("        House: 3\n", "        House: 3\n        Plot: 4\n"),
    ("            name: Financing\n", "            name: FormOfFinancing\n"),
    ("paths:\n", concat!("paths:\n", include_str!("edits/paths.yaml"))),
    (
        "    Answer:\n",
        concat!(include_str!("edits/schemas.yaml"), "    Answer:\n"),
    ),
];

#[test]
fn generation_follows_an_edited_document() {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("edited");
    copy_package(&package);
    let ran = run(&package, b"");
    let household = String::from_utf8(ran).unwrap();
    let household = household.trim_end();

    let description = vitec_connect_codegen::describe(FILE, &edited()).unwrap();
    for mut judge in Judge::for_xml(&description).unwrap() {
        understands(&mut judge, household, &package);
    }
}

fn understands(judge: &mut Judge, household: &str, package: &Path) {
    let understood = judge.read_xml("Household", household.as_bytes()).unwrap();
    let ticks = |member: &Value| member["text"].clone();
    assert_eq!(ticks(&understood["Since"]), "2026-10-04T12:00:00.0000000");
    assert_eq!(
        ticks(&understood["Promise"]["ValidUntil"]),
        "2027-01-31T00:00:00.0000000"
    );
    let mut compared = understood.clone();
    compared["Since"] = Value::Null;
    compared["Promise"]["ValidUntil"] = Value::Null;
    assert_eq!(
        compared,
        json!({
            "Adults": 2,
            "Applicants": [{"Age": 3, "Name": "n"}, {"Age": null, "Name": "Å & <b>"}],
            "CoSigner": {"Age": null, "Name": "c"},
            "Income": 1_500_000.5,
            "Notes": [" a ", ""],
            "Numbers": [1, -2],
            "Promise": {
                "Bank": "SBAB", "Broker": null, "EstateId": null, "EstateType": "House", "FormOfFinancing": null, "Status": null,
                "ValidUntil": null,
            },
            "Since": null,
            "Verified": true,
        })
    );

    let written = judge.write_xml("Household", &understood).unwrap();
    let read: Value = serde_json::from_slice(&run(package, &written)).unwrap();
    assert_eq!(
        read,
        json!({
            "adults": 2,
            "applicants": [{"age": 3, "name": "n"}, {"name": "Å & <b>"}],
            "coSigner": {"name": "c"},
            "income": 1_500_000.5,
            "notes": [" a ", ""],
            "numbers": [1, -2],
            "promise": {"bank": "SBAB", "estateType": "House", "validUntil": "2027-01-31T00:00:00"},
            "since": "2026-10-04T12:00:00Z",
            "verified": true,
        })
    );
}

fn edited() -> String {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("\n## Edit the document\n").unwrap();
    let (_, example) = section.split_once("\n```yaml\n").unwrap();
    let (example, _) = example.split_once("```\n").unwrap();
    let first = [(FIRST_MEMBER, &*format!("{example}{FIRST_MEMBER}"))];
    first.iter().chain(EDITS).fold(DOCUMENT.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the document has no {from:?}");
        text.replacen(from, to, 1)
    })
}

/// The library alone, with what the edits need.
fn copy_package(package: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "codegen", "datacontract", "description", "http", "redaction"] {
        copy_folder(&root.join(folder), &package.join(folder));
    }
    for file in ["build.rs", "README.md", "Cargo.lock"] {
        // The copy's lock file loses what the copy does not need: not written again when that has happened.
        if file != "Cargo.lock" || !package.join(file).exists() {
            write(&package.join(file), &fs::read_to_string(root.join(file)).unwrap());
        }
    }
    write(&package.join(FILE), &edited());

    write(&package.join("examples/edited.rs"), include_str!("edits/example.rs"));
    write(
        &package.join("Cargo.toml"),
        &manifest(&fs::read_to_string(root.join("Cargo.toml")).unwrap()),
    );
}

/// A workspace of its own, without its other members and without what only its tests need.
fn manifest(text: &str) -> String {
    let mut section = "";
    let mut kept = String::new();
    for line in text.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let elsewhere = section == "[workspace]" && line.contains("members")
            || ["[[", "[dev-dependencies"].iter().any(|it| section.starts_with(it));
        if !elsewhere {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept + "[dev-dependencies]\ntokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n"
}

fn copy_folder(from: &Path, to: &Path) {
    // What has gone since the last run would still be compiled.
    for entry in fs::read_dir(to).into_iter().flatten() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            _ if from.join(entry.file_name()).exists() => {}
            true => fs::remove_dir_all(entry.path()).unwrap(),
            false => fs::remove_file(entry.path()).unwrap(),
        }
    }
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => write(&target, &fs::read_to_string(entry.path()).unwrap()),
        }
    }
}

/// Only what has changed, so that a second run compiles nothing.
fn write(file: &Path, text: &str) {
    if fs::read_to_string(file).is_ok_and(|before| before == text) {
        return;
    }
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// What the example writes when it reads `input`. Its target directory is its own: the other one may be locked.
fn run(package: &Path, input: &[u8]) -> Vec<u8> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut child = Command::new(cargo)
        .args([
            "run",
            "--quiet",
            "--offline",
            "--no-default-features",
            "--example",
            "edited",
            "--target-dir",
        ])
        .arg(package.join("target"))
        .current_dir(package)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert!(status.success(), "{status}\n{}", String::from_utf8_lossy(&stderr));
    stdout
}
