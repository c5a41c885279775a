//! `bench codec|call|service|check`: what this library costs, beside its alternatives. Prints Markdown. See BENCHMARKS.md.

use std::env;

mod call;
mod check;
mod codec;
mod dotnet;
mod server;
mod service;
mod valgrind;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["codec"] => codec::report(),
        ["call"] => call::report(),
        ["service", program, postgres @ ..] => service::report(program, postgres.first().copied()),
        ["check"] => check::run(),
        // What the others start in a process of its own.
        ["serve"] => server::serve(),
        ["work", "call", what, url, count] => call::work(what, url, count.parse()?),
        ["work", name, count] => codec::work(name, count.parse()?),
        _ => Err("usage: bench codec|call|check, or bench service PROGRAM [POSTGRESQL]".into()),
    }
}
