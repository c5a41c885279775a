//! The generation of build.rs, as a function that a test can call on any document.

// Belongs to build.rs as a whole; a test uses a part of it.
#![allow(dead_code)]

#[path = "../../build/contracts.rs"]
mod contracts;
#[path = "../../build/document.rs"]
mod document;
#[path = "../../build/emit.rs"]
mod emit;
#[path = "../../build/generate.rs"]
mod generate;
#[path = "../../build/narrow.rs"]
mod narrow;

pub(crate) use generate::generate;
