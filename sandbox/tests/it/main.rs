//! The sandbox's tests, one module a behaviour. They speak HTTP by hand, so that nothing stands between them and
//! the bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod documents;
mod forms;
mod http;
mod json;
mod logged;
mod malformed;
mod observed;
mod pages;
mod programmed;
mod xml;
