//! The command line is a contract: flags, exit statuses, and what stands on stdout.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod add;
mod create;
mod credentials;
mod deliver;
mod follow;
mod follower;
mod import;
mod interrupted;
mod monitor;
mod others;
mod place;
mod printed;
mod report;
mod settle;
mod summary;
mod usage;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use vitec_connect_sandbox::Sandbox;

/// The command, without the caller's environment.
fn vitec_connect(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vitec-connect"));
    for variable in [
        "USERNAME",
        "PASSWORD",
        "PASSWORD_FILE",
        "BASIC",
        "BASIC_FILE",
        "BASE_URL",
        "OUTBOX",
    ] {
        command.env_remove(format!("VITEC_CONNECT_{variable}"));
    }
    command.env_remove("CREDENTIALS_DIRECTORY");
    command.args(arguments);
    command
}

const CREATE: [&str; 6] = [
    "loan-promise",
    "create",
    "--customer-id",
    "M30011",
    "--contact-id",
    "4711",
];

/// `loan-promise create` for a customer and contact, with more arguments.
fn create(more: &[&str]) -> Command {
    let mut command = vitec_connect(&CREATE);
    command.args(more);
    command
}

/// The same, to a sandbox and with its credentials.
fn create_at(sandbox: &Sandbox, more: &[&str]) -> Command {
    let mut command = create(more);
    command
        .args(["--base-url", sandbox.url()])
        .env("VITEC_CONNECT_USERNAME", sandbox.username())
        .env("VITEC_CONNECT_PASSWORD", sandbox.password());
    command
}

/// What a run came to.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn object(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("one object on stdout")
    }
}

fn run(command: &mut Command) -> Run {
    finish(command.stdin(Stdio::null()).output().expect("the command runs"))
}

fn run_with_stdin(command: &mut Command, stdin: &str) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    // A command that refuses its arguments does not wait for stdin.
    let _ = child.stdin.take().expect("piped").write_all(stdin.as_bytes());
    finish(child.wait_with_output().expect("it ends"))
}

fn finish(output: Output) -> Run {
    Run {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}
