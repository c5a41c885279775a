//! Where credentials come from, and that they go nowhere else.

#[cfg(unix)]
mod files;

use serde_json::json;
use vitec_connect_sandbox::{Answer, Sandbox};

use crate::{create, create_at, run, run_with_stdin, vitec_connect};

async fn sandbox() -> Sandbox {
    Sandbox::builder()
        .credentials("partner", "hemligt-å")
        .start()
        .await
        .unwrap()
}

/// `partner:hemligt-å`
const BASIC: &str = "cGFydG5lcjpoZW1saWd0LcOl";

#[tokio::test]
async fn a_pasted_header_and_a_byte_order_mark_are_taken() {
    let sandbox = sandbox().await;
    let at = |variables: &[(&str, &str)]| {
        let mut command = create(&["--bank", "b", "--base-url", sandbox.url()]);
        command.envs(
            variables
                .iter()
                .map(|(name, value)| (format!("VITEC_CONNECT_{name}"), value)),
        );
        command
    };
    for basic in [
        format!("Basic {BASIC}"),
        format!("basic  {BASIC}\n"),
        format!("BASIC\t{BASIC}"),
        format!("\u{feff}{BASIC}"),
        format!("\u{feff}Basic {BASIC}"),
    ] {
        let run = run(&mut at(&[("BASIC", &basic)]));
        assert_eq!(run.status, Some(0), "{basic:?}: {run:?}");
    }
    let marked = run(&mut at(&[
        ("USERNAME", "\u{feff}partner"),
        ("PASSWORD", "\u{feff}hemligt-å"),
    ]));
    assert_eq!(marked.status, Some(0), "{marked:?}");
    let mut stdin = at(&[("USERNAME", "partner")]);
    let run = run_with_stdin(stdin.arg("--password-stdin"), "\u{feff}hemligt-å\r\n");
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_eq!(sandbox.stored(), 7);
}

#[test]
fn half_an_account_says_which_half_is_missing() {
    for (set, missing) in [("USERNAME", "PASSWORD"), ("PASSWORD", "USERNAME")] {
        let expected = format!("VITEC_CONNECT_{set} is set and VITEC_CONNECT_{missing} is not");
        for mut command in [create(&["--bank", "b"]), vitec_connect(&["sandbox"])] {
            let run = run(command.env(format!("VITEC_CONNECT_{set}"), "hemligt").env(
                format!("VITEC_CONNECT_{missing}"),
                "\u{feff}", // Empty.
            ));
            assert_eq!(run.status, Some(2), "{run:?}");
            assert!(
                run.stderr.contains(&expected) && !run.stderr.contains("hemligt"),
                "{run:?}"
            );
        }
    }
    // What the portal shows is both.
    let run = run(create(&["--bank", "b", "--base-url", "http://127.0.0.1:1"])
        .env("VITEC_CONNECT_USERNAME", "partner")
        .env("VITEC_CONNECT_BASIC", BASIC));
    assert!(run.stderr.contains("could not be reached"), "{run:?}");
}

#[test]
fn a_proxy_that_would_be_passed_over_is_refused() {
    let call = || {
        let mut command = create(&["--bank", "b", "--base-url", "https://127.0.0.1:1"]);
        command.env("VITEC_CONNECT_BASIC", BASIC);
        command
    };
    for url in [
        "ftp://user:hemligt@proxy.example",
        "socks4://user:hemligt@proxy.example",
    ] {
        let named = run(call().args(["--proxy", url]));
        let system = run(call().args(["--proxy", "system"]).env("ALL_PROXY", url));
        for run in [named, system] {
            assert_eq!(run.status, Some(2), "{run:?}");
            assert!(run.stderr.contains("does not begin with http://"), "{run:?}");
            assert!(!run.stderr.contains("hemligt"), "{run:?}");
        }
    }
}

#[tokio::test]
async fn what_a_server_repeats_is_neither_shown_nor_stored() {
    let sandbox = sandbox().await;
    let directory = tempfile::tempdir().unwrap();
    let rows = directory.path().join("rows.csv");
    let outbox = directory.path().join("outbox.db");
    let report = directory.path().join("report.csv");
    std::fs::write(&rows, "customerId,contactId,bank\nM1,1,a\nM1,2,b\n").unwrap();
    let answers = || {
        let error = format!(r#"{{"message":"hemligt-å","modelState":{{"x":["hemligt-\u00e5 Basic {BASIC}"]}}}}"#);
        [
            Answer::status(400).content("application/json", error),
            Answer::body(
                "application/json; charset=utf-8",
                format!("\"hemligt-å Basic {BASIC}\""),
            ),
        ]
    };
    let mut said = Vec::new();
    for answer in answers() {
        sandbox.next(answer);
        said.push(run(&mut create_at(
            &sandbox,
            &["--bank", "b", "--output", "json", "-v"],
        )));
    }
    answers().into_iter().for_each(|answer| sandbox.next(answer));
    let paths = [&rows, &outbox, &report].map(|path| path.to_str().unwrap().to_owned());
    let import = [
        "loan-promise",
        "import",
        &paths[0],
        "--outbox",
        &paths[1],
        "--report",
        &paths[2],
    ];
    let mut import = vitec_connect(&import);
    import
        .args(["--base-url", sandbox.url()])
        .env("VITEC_CONNECT_USERNAME", sandbox.username())
        .env("VITEC_CONNECT_PASSWORD", sandbox.password());
    said.push(run(&mut import));
    assert_eq!(said[0].object()["outcome"], json!("rejected"), "{said:?}");
    assert_eq!(
        said[1].object()["answer"],
        json!("[redacted] Basic [redacted]"),
        "{said:?}"
    );
    let mut all: Vec<u8> = said
        .iter()
        .flat_map(|run| [run.stdout.clone(), run.stderr.clone()].concat().into_bytes())
        .collect();
    assert!(
        String::from_utf8_lossy(&all).matches("[redacted]").count() >= 4,
        "{said:?}"
    );
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        all.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let all = String::from_utf8_lossy(&all);
    for secret in ["hemligt-å", r"hemligt-\u00e5", BASIC] {
        assert!(!all.contains(secret), "{secret}: {said:?}");
    }
}

#[cfg(unix)]
mod terminal {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::process::{Child, Stdio};

    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    use super::*;

    /// A terminal with `loan-promise create --password-stdin` at it, which has asked for the password.
    fn asked(sandbox: &Sandbox) -> (File, Child) {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let end = File::from(rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap());
        let child = create(&["--bank", "b", "--password-stdin", "--base-url", sandbox.url()])
            .env("VITEC_CONNECT_USERNAME", "partner")
            .stdin(end.try_clone().unwrap())
            .stderr(end)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut terminal = File::from(terminal);
        let mut shown = Vec::new();
        while !shown.ends_with(b"Password for partner: ") {
            let mut byte = [0];
            terminal.read_exact(&mut byte).unwrap();
            shown.extend(byte);
        }
        (terminal, child)
    }

    fn echoes(terminal: &File) -> bool {
        tcgetattr(terminal).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    #[tokio::test]
    async fn the_password_is_asked_for_and_typed_unseen() {
        let sandbox = sandbox().await;
        let (mut terminal, child) = asked(&sandbox);
        assert!(!echoes(&terminal));
        terminal.write_all("hemligt-å\n".as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(output.stdout, b"sandbox-1\n");
        assert!(echoes(&terminal));
        let mut shown = Vec::new();
        let _ = terminal.read_to_end(&mut shown); // Ends with an error: nobody has the other end.
        assert_eq!(String::from_utf8_lossy(&shown), "\r\n");
    }

    #[tokio::test]
    async fn a_signal_meanwhile_leaves_the_terminal_as_it_was() {
        let sandbox = sandbox().await;
        let (terminal, mut child) = asked(&sandbox);
        assert!(!echoes(&terminal));
        let id = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(echoes(&terminal));
        assert_eq!(sandbox.stored(), 0);
    }
}
