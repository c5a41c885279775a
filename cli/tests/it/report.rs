//! `import --report`: one line for each row of the file, and nothing destroyed.

use std::path::Path;
use std::time::Duration;

use vitec_connect_sandbox::{Answer, Sandbox};

use crate::import::{Place, ROWS};
use crate::{finish, run};

/// The lines behind the names of the columns.
fn lines(path: &str) -> Vec<String> {
    let report = std::fs::read_to_string(path).unwrap();
    let mut lines = report.lines().map(str::to_owned);
    assert_eq!(
        lines.next().as_deref(),
        Some("line,reference,customerId,contactId,row,state,status,answer,message")
    );
    lines.collect()
}

/// It stores, and answers this.
fn answer(text: &str) -> Answer {
    Answer::body("application/json", serde_json::to_string(text).unwrap())
}

#[tokio::test]
async fn each_row_of_the_file_has_one_line_with_its_final_state() {
    let sandbox = Sandbox::builder().forbidden("S30164").start().await.unwrap();
    // A row of another file waits in the same outbox.
    let other = Place::with("customerId,contactId,bank,reference\nM30011,9,b,other\n");
    sandbox.next(Answer::status(429).retry_after(Duration::from_secs(400)));
    assert_eq!(run(&mut other.import(&sandbox, &[])).status, Some(5));
    std::fs::write(
        other.path("rows.csv"),
        format!("{ROWS}M30011;4713;;2027-02-30;;r4\nM30011;4711;SBAB;2099-01-31;Apartment;r1\nM30011;4714;;;;r1\n"),
    )
    .unwrap();
    // Tried twice, told once.
    sandbox.next(Answer::status(429));
    let report = other.path("report.csv");
    let run = run(&mut other.import(&sandbox, &["--report", &report, "--concurrency", "1"]));
    assert_eq!(run.status, Some(4), "{run:?}");
    assert_eq!(
        run.stdout, "accepted 2, rejected 0, unknown 0, pending 1, bad 2, known before 1\n",
        "{run:?}"
    );
    let lines = lines(&report);
    let begins = [
        "2,r1,M30011,4711,2,accepted,,sandbox-",
        "3,r2,M30011,4712,3,accepted,,sandbox-",
        "4,r3,S30164,1,4,pending,403,,",
        "5,r4,M30011,4713,,bad,,,\"line 5: validUntil: ",
        "6,r1,M30011,4711,2,accepted,,sandbox-",
        "7,r1,M30011,4714,,bad,,,",
    ];
    assert_eq!(lines.len(), begins.len(), "{lines:?}");
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "{begin}: {lines:?}");
    }
    assert!(
        run.stderr
            .contains("rows of other files were delivered too: accepted 1, rejected 0, unknown 0"),
        "{run:?}"
    );
}

#[tokio::test]
async fn the_same_command_writes_it_again() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    assert_eq!(run(&mut place.import(&sandbox, &[])).status, Some(0));
    let report = place.path("report.csv");
    let again = run(&mut place.import(&sandbox, &["--report", &report]));
    assert_eq!(
        (again.status, again.stdout.as_str()),
        (
            Some(0),
            "accepted 0, rejected 0, unknown 0, pending 0, bad 0, known before 3\n"
        )
    );
    let lines = lines(&report);
    assert!(
        lines.len() == 3 && lines.iter().all(|it| it.contains(",accepted,,sandbox-")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_long_answer_is_kept_in_part_and_no_line_is_forged() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with("customerId,contactId,bank\nM1,1,b\nM1,2,b\n");
    sandbox.next(answer("=1\n\u{1b}[2J\u{202e}"));
    sandbox.next(answer(&"a".repeat(300_000)));
    let report = place.path("report.csv");
    let run = run(&mut place.import(&sandbox, &["--report", &report, "--concurrency", "1"]));
    assert_eq!(run.status, Some(0), "{run:?}");
    let lines = lines(&report);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains(",'=1\\n\\u{1b}[2J\\u{202e},"), "{}", lines[0]);
    assert!(lines[1].len() < 66_000 && lines[1].contains("[cut: it had 300000 bytes]"));
    let listed = place.outbox(&["list"]);
    assert_eq!(listed.stdout.lines().count(), 2, "{listed:?}");
    let shown = place.outbox(&["show", "1"]);
    assert!(
        shown.stdout.contains("\nanswer: =1\\n\\u{1b}[2J\\u{202e}\n"),
        "{shown:?}"
    );
    let object = place.outbox(&["show", "1", "--output", "json"]);
    assert!(object.stdout.is_ascii(), "{object:?}");
    assert_eq!(object.object()[0]["answer"], "=1\n\u{1b}[2J\u{202e}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_is_replaced_and_a_links_target_kept() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    let (report, link) = (place.path("report.csv"), place.path("link.csv"));
    std::fs::write(&report, "yesterday's").unwrap();
    std::fs::set_permissions(&report, PermissionsExt::from_mode(0o644)).unwrap();
    let before = std::fs::metadata(&report).unwrap().ino();
    symlink("report.csv", &link).unwrap();
    assert_eq!(run(&mut place.import(&sandbox, &["--report", &link])).status, Some(0));
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let after = std::fs::metadata(&report).unwrap();
    assert_eq!(after.mode() & 0o777, 0o600);
    assert_ne!(after.ino(), before, "a reader of the old one keeps it");
    assert_eq!(lines(&report).len(), 3);
    // A link to a file that is not there yet.
    let dangling = place.path("dangling.csv");
    symlink(place.path("new.csv"), &dangling).unwrap();
    assert_eq!(
        run(&mut place.import(&sandbox, &["--report", &dangling])).status,
        Some(0)
    );
    assert_eq!(lines(&place.path("new.csv")).len(), 3);
    let left: Vec<_> = std::fs::read_dir(Path::new(&report).parent().unwrap())
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .filter(|it| it.starts_with(".vitec"))
        .collect();
    assert_eq!(left, [""; 0]);
}

#[cfg(unix)]
#[tokio::test]
async fn it_never_destroys_what_the_import_needs() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    let offices = place.path("offices.toml");
    std::fs::write(
        &offices,
        format!(
            "[M30011]\nusername = \"{0}\"\npassword = \"{1}\"\n[S30164]\nusername = \"{0}\"\npassword = \"{1}\"\n",
            sandbox.username(),
            sandbox.password()
        ),
    )
    .unwrap();
    std::fs::set_permissions(&offices, PermissionsExt::from_mode(0o600)).unwrap();
    let (hard, soft) = (place.path("hard"), place.path("soft"));
    std::fs::hard_link(place.path("rows.csv"), &hard).unwrap();
    symlink(&offices, &soft).unwrap();
    for (path, what) in [
        (place.path("rows.csv"), "the file of rows"),
        (place.path("./rows.csv"), "the file of rows"),
        (hard, "the file of rows"),
        (place.path("outbox.db"), "the outbox"),
        (place.path("outbox.db-wal"), "the outbox"),
        (place.path("outbox.db.lock"), "the outbox"),
        (soft, "the credentials' file"),
    ] {
        let run = run(&mut place.import(&sandbox, &["--credentials", &offices, "--report", &path]));
        assert_eq!(run.status, Some(2), "{path}: {run:?}");
        assert!(run.stderr.contains(&format!("this is {what}")), "{path}: {run:?}");
        assert!(!Path::new(&place.path("outbox.db")).exists(), "nothing was touched");
    }
    let input = std::fs::File::open(place.path("rows.csv")).unwrap();
    let stdin = crate::vitec_connect(&[
        "loan-promise",
        "import",
        "-",
        "--sandbox",
        "--report",
        &place.path("rows.csv"),
    ])
    .stdin(input)
    .output()
    .unwrap();
    assert_eq!(stdin.status.code(), Some(2), "{stdin:?}");
    for path in ["/nonexistent/report.csv", "/"] {
        let run = run(&mut place.import(&sandbox, &["--report", path]));
        assert_eq!(run.status, Some(2), "{path}: {run:?}");
    }
    assert_eq!(std::fs::read_to_string(place.path("rows.csv")).unwrap(), ROWS);
    assert!(sandbox.received().is_empty());
}

#[tokio::test]
async fn it_may_have_stdout_and_the_summary_stderr() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    let run_text = run(&mut place.import(&sandbox, &["--report", "-"]));
    assert_eq!(run_text.status, Some(0), "{run_text:?}");
    assert_eq!(run_text.stdout.lines().count(), 4, "{run_text:?}");
    assert!(run_text.stderr.contains("accepted 3, rejected 0"), "{run_text:?}");
    let both = run(&mut place.import(&sandbox, &["--report", "-", "--output", "json"]));
    assert_eq!(both.status, Some(2), "{both:?}");
    assert!(both.object()["error"].is_string(), "{both:?}");
}

#[test]
fn a_dry_run_writes_one_too() {
    let place = Place::with(&format!("{ROWS}M30011;4713;;2027-02-30;;r4\n"));
    let report = place.path("report.csv");
    let run = run(&mut crate::vitec_connect(&[
        "loan-promise",
        "import",
        &place.path("rows.csv"),
        "--dry-run",
        "--outbox",
        &place.path("outbox.db"),
        "--report",
        &report,
    ]));
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(2), "3 rows can be sent, 1 cannot\n"),
        "{run:?}"
    );
    let states: Vec<_> = lines(&report)
        .iter()
        .map(|it| it.split(',').nth(5).unwrap().to_owned())
        .collect();
    assert_eq!(states, ["pending", "pending", "pending", "bad"]);
    assert!(!Path::new(&place.path("outbox.db")).exists());
}

/// A pipe that nobody reads.
#[cfg(unix)]
fn pipe(place: &Place) -> String {
    let path = place.path("report.pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    path
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_the_wait_for_a_reader() {
    use std::process::Stdio;
    for output in ["text", "json"] {
        let sandbox = Sandbox::start().await.unwrap();
        let place = Place::with(ROWS);
        let path = pipe(&place);
        let more = ["--report", &path, "--output", output];
        let mut command = place.import(&sandbox, &more);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        // Everything is sent, and the outbox is let go of: what is left is the report.
        let outbox = place.path("outbox.db.lock");
        let is_free = || std::fs::File::open(&outbox).is_ok_and(|it| it.try_lock().is_ok());
        while sandbox.stored() < 3 || !is_free() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // One that comes while the run itself is ending is for the run.
        let pid = child.id().to_string();
        let ended = tokio::task::spawn_blocking(move || finish(child.wait_with_output().unwrap()));
        while !ended.is_finished() {
            std::process::Command::new("kill")
                .args(["-TERM", &pid])
                .stderr(Stdio::null())
                .status()
                .unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let run = ended.await.unwrap();
        assert_eq!(run.status, Some(0), "what is true of the rows: {run:?}");
        assert!(
            run.stderr.contains("error: the report could not be written to") && run.stderr.contains("a signal came"),
            "{run:?}"
        );
        match output {
            "text" => assert!(run.stdout.starts_with("accepted 3,"), "{run:?}"),
            _ => assert!(
                run.object()["error"].as_str().unwrap().contains("a signal came"),
                "{run:?}"
            ),
        }
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_comes_late_gets_all_of_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    let path = pipe(&place);
    let mut command = place.import(&sandbox, &["--report", &path]);
    let import = tokio::task::spawn_blocking(move || run(&mut command));
    while sandbox.stored() < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let read = tokio::task::spawn_blocking(move || lines(&path)).await.unwrap();
    assert_eq!((read.len(), import.await.unwrap().status), (3, Some(0)));
}
