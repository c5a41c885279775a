//! What users of the library rely on: a module a behaviour.
#![allow(missing_docs)]

mod hostile;
