//! What an import says of itself whatever fails: exit status, summary, and one object where one is asked for.

use std::process::Stdio;

use serde_json::json;
use vitec_connect_sandbox::{Answer, Sandbox};

use crate::import::{Place, ROWS};
use crate::{run, run_with_stdin, vitec_connect};

/// An address of a database that refuses every connection.
fn nobodys_database() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!(
        "postgres://u:hush@{}/x?connect_timeout=2",
        listener.local_addr().unwrap()
    )
}

#[tokio::test]
async fn one_object_in_every_case() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    let good = run(&mut place.import(&sandbox, &["--output", "json"]));
    assert_eq!(
        good.object(),
        json!({"accepted": 3, "rejected": 0, "unknown": 0, "pending": 0, "sending": 0, "bad": 0, "known": 0,
            "checked": 0, "error": null})
    );
    for (more, wrong) in [
        (&["--ca-file", "/nonexistent.pem"][..], "--ca-file"),
        (&["--credentials", "/nonexistent.toml"], "--credentials"),
        (&["--base-url", "http://example.com"], "clear"),
        (&["--keep", "900000y"], "--keep"),
        (&["--rate", "1e-320/h"], "--rate"),
        (&["--outbox", "/nonexistent/folder\0"], ""),
        (&["--report", "/nonexistent/report.csv"], "--report"),
    ] {
        if more.iter().any(|it| it.contains('\0')) {
            continue;
        }
        // The last of an option that is given twice would win, if clap took two.
        let file = place.path("rows.csv");
        let mut command = vitec_connect(&["loan-promise", "import", &file, "--output", "json"]);
        command
            .args(more)
            .env("VITEC_CONNECT_USERNAME", "partner")
            .env("VITEC_CONNECT_PASSWORD", "hemligt");
        if !more.contains(&"--outbox") {
            command.args(["--outbox", &place.path("other.db")]);
        }
        let run = run(&mut command);
        assert_eq!(run.status, Some(2), "{more:?}: {run:?}");
        let object = run.object();
        assert!(object["error"].as_str().unwrap().contains(wrong), "{more:?}: {object}");
        assert_eq!(object["accepted"], 0);
        assert!(!std::path::Path::new(&place.path("other.db")).exists(), "{more:?}");
    }
}

#[test]
fn the_outbox_commands_too() {
    for arguments in [
        &["outbox", "status", "--outbox", "/nonexistent/outbox.db"][..],
        &["outbox", "list", "--outbox", "/nonexistent/outbox.db"],
        &["outbox", "show", "1", "--outbox", "/nonexistent/outbox.db"],
        &["outbox", "requeue", "1", "--outbox", "/nonexistent/outbox.db"],
        &[
            "outbox",
            "resolve",
            "1",
            "--as",
            "accepted",
            "--outbox",
            "/nonexistent/outbox.db",
        ],
        &["outbox", "list", "--state", "lost"],
    ] {
        let run = run(vitec_connect(arguments).args(["--output", "json"]));
        assert_eq!(run.status, Some(2), "{arguments:?}: {run:?}");
        let object = run.object();
        let keys: Vec<_> = object.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["error"], "{arguments:?}");
    }
}

#[test]
fn a_database_that_cannot_be_reached_leaves_everything_to_be_sent() {
    let place = Place::with(&format!("{ROWS}../x;1;;;;r4\n"));
    let report = place.path("report.csv");
    let run = run(vitec_connect(&["loan-promise", "import", &place.path("rows.csv")])
        .args([
            "--outbox",
            &nobodys_database(),
            "--base-url",
            "http://127.0.0.1:9",
            "--report",
            &report,
        ])
        .env("VITEC_CONNECT_USERNAME", "partner")
        .env("VITEC_CONNECT_PASSWORD", "hemligt"));
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (
            Some(5),
            "accepted 0, rejected 0, unknown 0, pending 3, bad 1, known before 0\n"
        ),
        "{run:?}"
    );
    assert!(!format!("{run:?}").contains("hush"), "{run:?}");
    let report = std::fs::read_to_string(report).unwrap();
    assert_eq!(report.matches(",pending,,,\"not tried: ").count(), 3, "{report}");
}

#[test]
fn the_summary_tells_of_each_row_once() {
    let place = Place::with("customerId,contactId,bank\nM1,1,b\nM1,1,b\nM1,2,b\n../,1,b\n");
    let run = run(&mut vitec_connect(&[
        "loan-promise",
        "import",
        &place.path("rows.csv"),
        "--sandbox",
    ]));
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (
            Some(2),
            "accepted 3, rejected 0, unknown 0, pending 0, bad 1, known before 0\n"
        ),
        "{run:?}"
    );
}

/// What the file's rows are is what the exit status says, although nobody can read the rest.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_under_report_and_stdout_changes_no_exit_status() {
    let sandbox = Sandbox::start().await.unwrap();
    let full = || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());
    for output in ["text", "json"] {
        let place = Place::with(ROWS);
        let run = place
            .import(&sandbox, &["--report", "/dev/full", "--output", output])
            .stdout(full())
            .output()
            .unwrap();
        let stderr = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(0), "{stderr}");
        assert!(
            stderr.contains("the report could not be written to /dev/full"),
            "{stderr}"
        );
        assert!(stderr.contains("error: stdout cannot be written"), "{stderr}");
        assert!(stderr.contains("accepted 3, rejected 0"), "{stderr}");
    }
    let place = Place::with(ROWS);
    sandbox.next(Answer::status(400));
    let both = place
        .import(&sandbox, &["--report", "-"])
        .stdout(full())
        .stderr(full())
        .output()
        .unwrap();
    assert_eq!(both.status.code(), Some(3), "one row was rejected");
}

#[test]
fn stdin_may_be_the_rows_and_end_early() {
    let run = run_with_stdin(
        &mut vitec_connect(&["loan-promise", "import", "-", "--sandbox", "--output", "json"]),
        "customerId,contactId\n",
    );
    assert_eq!(
        (run.status, run.object()["accepted"].clone()),
        (Some(0), json!(0)),
        "{run:?}"
    );
}

/// No room for the outbox: a limit on the size of files stands for the full disk.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_room_for_the_outbox_leaves_everything_to_be_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let rows: String = (0..3000).map(|row| format!("M1,{row},{row:0200}\n")).collect();
    let place = Place::with(&format!("customerId,contactId,bank\n{rows}../x,1,b\n"));
    let import = place.import(&sandbox, &[]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 900; exec \"$0\" \"$@\""]);
    command.arg(import.get_program()).args(import.get_args());
    for (name, value) in import.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let run = run(&mut command);
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (
            Some(5),
            "accepted 0, rejected 0, unknown 0, pending 3000, bad 1, known before 0\n"
        ),
        "{run:?}"
    );
    assert!(sandbox.received().is_empty());
}
