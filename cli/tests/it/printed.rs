//! Nothing that prints can panic, and a signal ends a run in good order.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use vitec_connect_sandbox::{Answer, Sandbox};

use crate::import::Place;
use crate::{create_at, finish, run, vitec_connect};

/// SIGHUP, or SIGTERM where these tests themselves run with SIGHUP ignored (`nohup`): what they start inherits that.
fn hangup() -> &'static str {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    match ignored {
        Some(mask) if mask & 1 == 0 => "-HUP",
        _ => "-TERM",
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// A stream that nobody reads.
fn closed() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    Stdio::from(writer)
}

const TWENTY: &str = "customerId,contactId,bank\n";

fn twenty() -> Place {
    let rows: String = (0..20).map(|row| format!("M1,{row},b\n")).collect();
    Place::with(&format!("{TWENTY}{rows}"))
}

#[tokio::test]
async fn a_closed_stderr_keeps_the_answer_and_the_status() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.next(Answer::status(500));
    for (status, stdout) in [(6, ""), (0, "sandbox-1\n")] {
        let output = create_at(&sandbox, &["--bank", "b", "-v"])
            .stderr(closed())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(status));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), stdout);
    }
}

/// Waits until the sandbox has so many calls under way or behind it.
async fn received(sandbox: &Sandbox, calls: usize) {
    let wait = async {
        while sandbox.received().len() < calls {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap();
}

#[tokio::test]
async fn a_signal_ends_an_import_in_good_order_also_with_stderr_closed() {
    for name in ["-TERM", hangup(), "-INT"] {
        let sandbox = Sandbox::start().await.unwrap();
        let place = twenty();
        // The first call is under way until the signal was sent, and answered then.
        sandbox.next(Answer::delay(Duration::from_millis(1500)));
        let report = place.path("report.csv");
        let mut child = place
            .import(&sandbox, &["--report", &report, "--concurrency", "1"])
            .stdout(Stdio::piped())
            .stderr(closed())
            .spawn()
            .unwrap();
        received(&sandbox, 1).await;
        signal(&child, name);
        let mut stdout = String::new();
        child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{name}: {stdout}");
        assert_eq!(
            stdout, "accepted 1, rejected 0, unknown 0, pending 19, bad 0, known before 0\n",
            "{name}"
        );
        let report = std::fs::read_to_string(report).unwrap();
        assert_eq!(report.lines().count(), 21, "{name}: {report}");
        assert_eq!(report.matches(",pending,").count(), 19, "{name}: {report}");
    }
}

#[tokio::test]
async fn a_second_signal_breaks_it_off_and_says_what_is_unknown() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = twenty();
    sandbox.next(Answer::delay(Duration::from_secs(600)));
    let mut child = place
        .import(&sandbox, &["--concurrency", "1", "--output", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    received(&sandbox, 1).await;
    signal(&child, "-TERM");
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("once more to break it off") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0);
    }
    signal(&child, "-TERM");
    let run = finish(child.wait_with_output().unwrap());
    assert_eq!(run.status, Some(6), "{run:?}");
    let object = run.object();
    assert_eq!(
        (
            object["unknown"].as_u64().unwrap() + object["sending"].as_u64().unwrap(),
            &object["pending"]
        ),
        (1, &serde_json::json!(19)),
        "{object}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nohup_is_respected() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = twenty();
    sandbox.next(Answer::delay(Duration::from_millis(1500)));
    let import = place.import(&sandbox, &["--concurrency", "1"]);
    let mut command = Command::new("nohup");
    command.arg(import.get_program()).args(import.get_args());
    for (name, value) in import.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    received(&sandbox, 1).await;
    signal(&child, "-HUP");
    let run = finish(child.wait_with_output().unwrap());
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(run.stdout.contains("accepted 20"), "{run:?}");
}

#[test]
fn a_signal_while_rows_are_waited_for_ends_it() {
    let child = vitec_connect(&["loan-promise", "import", "-", "--sandbox", "--output", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = child;
    // It says where the outbox lies before it waits for rows.
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("outbox: "), "{line}");
    signal(&child, "-TERM");
    let stdin = child.stdin.take();
    let run = finish(child.wait_with_output().unwrap());
    drop(stdin);
    assert_eq!(run.status, Some(130), "{run:?}");
    assert_eq!(run.object()["accepted"], 0, "{run:?}");
}

#[test]
fn a_signal_before_anything_is_sent_is_told_in_one_object() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let child = crate::create(&["--bank", "b", "--output", "json", "--base-url"])
        .arg(format!("https://{}", silent.local_addr().unwrap()))
        .env("VITEC_CONNECT_USERNAME", "partner")
        .env("VITEC_CONNECT_PASSWORD", "secret")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _connection = silent.accept().unwrap();
    signal(&child, hangup());
    let run = finish(child.wait_with_output().unwrap());
    assert_eq!(run.status, Some(130), "{run:?}");
    let object = run.object();
    assert_eq!(
        (&object["outcome"], &object["customerId"], &object["attempts"]),
        (&"not_sent".into(), &"M30011".into(), &1.into()),
        "{object}"
    );
}

#[tokio::test]
async fn a_listing_that_nobody_reads_to_its_end_is_no_failure() {
    let sandbox = Sandbox::start().await.unwrap();
    let rows: String = (0..100).map(|row| format!("M1,{row},b\n")).collect();
    let place = Place::with(&format!("customerId,contactId,bank\n{rows}"));
    sandbox.next(Answer::status(403));
    assert_eq!(
        run(&mut place.import(&sandbox, &["--concurrency", "1"])).status,
        Some(4)
    );
    for output in ["text", "json"] {
        let child = vitec_connect(&[
            "outbox",
            "list",
            "--outbox",
            &place.path("outbox.db"),
            "--output",
            output,
        ])
        .stdout(closed())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        let run = finish(child.wait_with_output().unwrap());
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{output}");
    }
    assert_eq!(place.outbox(&["release", "M1"]).status, Some(0));
    let child = place
        .import(&sandbox, &["--report", "-"])
        .stdout(closed())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let run = finish(child.wait_with_output().unwrap());
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(!run.stderr.contains("could not be written"), "{run:?}");
}

#[tokio::test]
async fn what_the_server_says_forges_no_line() {
    let sandbox = Sandbox::start().await.unwrap();
    let body = r#"{"message": "bad\nerror: forged \u001b[2J", "modelState": {"a\nb\u202e": ["c\r\nd"]}}"#;
    sandbox.next(Answer::status(400).content("application/json", body));
    let run = run(&mut create_at(&sandbox, &["--bank", "b"]));
    assert_eq!(run.status, Some(3), "{run:?}");
    assert!(
        !run.stderr.contains('\u{1b}') && !run.stderr.contains("\nerror: forged"),
        "{run:?}"
    );
    assert!(run.stderr.contains("a\\nb\\u{202e}: c\\r\\nd"), "{run:?}");
}
