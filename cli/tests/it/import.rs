//! `loan-promise import` and `outbox`, against the sandbox.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use vitec_connect_sandbox::{Answer, Sandbox};

use crate::{Run, run, run_with_stdin, vitec_connect};

pub(crate) const ROWS: &str = "\
customerId;contactId;bank;validUntil;estateType;reference
M30011;4711;SBAB;2099-01-31;Apartment;r1
M30011;4712;Ålandsbanken;2099-01-31;3;r2
S30164;1;SEB;;;r3
";

/// A file of rows and an outbox in a folder of their own.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn with(rows: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rows.csv"), rows).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    pub(crate) fn import(&self, sandbox: &Sandbox, more: &[&str]) -> Command {
        let mut command = vitec_connect(&["loan-promise", "import", &self.path("rows.csv")]);
        command
            .args(["--outbox", &self.path("outbox.db"), "--base-url", sandbox.url()])
            .args(more)
            .env("VITEC_CONNECT_USERNAME", sandbox.username())
            .env("VITEC_CONNECT_PASSWORD", sandbox.password());
        command
    }

    pub(crate) fn outbox(&self, arguments: &[&str]) -> Run {
        run(vitec_connect(&["outbox"])
            .args(arguments)
            .args(["--outbox", &self.path("outbox.db")]))
    }

    pub(crate) fn status(&self) -> serde_json::Value {
        self.outbox(&["status", "--output", "json"]).object()
    }
}

#[tokio::test]
async fn every_row_arrives_once_also_when_the_file_comes_again() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    for format in ["json", "xml"] {
        let run = run(&mut place.import(&sandbox, &["--format", format]));
        assert_eq!(run.status, Some(0), "{run:?}");
    }
    assert_eq!(sandbox.stored(), 3);
    let status = place.outbox(&["status", "--output", "json"]);
    assert_eq!(
        status.stdout,
        "{\"pending\":0,\"sending\":0,\"accepted\":3,\"rejected\":0,\"unknown\":0,\"dropped\":0}\n"
    );
    let arrived: HashSet<String> = sandbox
        .received()
        .iter()
        .map(|it| it.body["bank"].to_string())
        .collect();
    assert_eq!(
        arrived,
        ["\"SBAB\"", "\"Ålandsbanken\"", "\"SEB\""].map(str::to_owned).into()
    );
}

#[tokio::test]
async fn a_bad_row_is_reported_and_stops_no_other() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(&format!(
        "{ROWS}M30011;4713;X;2027-02-30;Castle;r4\n../x;1;X;;;r5\nM30011;4711;other;;;r1\n"
    ));
    let run = run(&mut place.import(&sandbox, &["--report", &place.path("report.csv")]));
    assert_eq!(run.status, Some(2), "{run:?}");
    for reported in [
        "line 5: ",
        "validUntil: ",
        "estateType: ",
        "line 6: customerId: ",
        "line 7: reference: line 2 has it already",
    ] {
        assert!(run.stderr.contains(reported), "{reported}: {run:?}");
    }
    assert_eq!(sandbox.stored(), 3);
    let report = std::fs::read_to_string(place.path("report.csv")).unwrap();
    let mut states: Vec<&str> = report
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(5).unwrap())
        .collect();
    states.sort_unstable();
    assert_eq!(
        states,
        ["accepted", "accepted", "accepted", "bad", "bad", "bad"],
        "{report}"
    );
}

#[test]
fn a_dry_run_only_checks() {
    let outbox = Place::with("").path("outbox.db");
    let dry_run = ["loan-promise", "import", "-", "--dry-run", "--outbox", &outbox];
    let good = run_with_stdin(&mut vitec_connect(&dry_run), ROWS);
    assert_eq!(
        (good.status, good.stdout.as_str()),
        (Some(0), "3 rows can be sent, 0 cannot\n"),
        "{good:?}"
    );
    let bad = run_with_stdin(
        vitec_connect(&dry_run).args(["--format", "xml"]),
        "{\"customerId\":\"M1\",\"contactId\":\"1\",\"bank\":\"\\u0001\"}\n",
    );
    assert_eq!(bad.status, Some(2), "{bad:?}");
    assert!(bad.stderr.contains("line 1: "), "{bad:?}");
}

#[tokio::test]
async fn a_dry_run_says_what_the_import_would_and_changes_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    sandbox.next(Answer::status(400));
    let first = run(&mut place.import(&sandbox, &["--concurrency", "1"]));
    assert_eq!(first.status, Some(3), "{first:?}");
    // A correction of the rejected row, a known row, other content for an accepted one, and twice the same reference.
    let rows = "\
customerId;contactId;bank;validUntil;estateType;reference
M30011;4711;Swedbank;2099-01-31;Apartment;r1
M30011;4712;Ålandsbanken;2099-01-31;3;r2
S30164;1;SBAB;;;r3
S30164;2;SBAB;;;r4
S30164;2;SEB;;;r4
";
    std::fs::write(place.path("rows.csv"), rows).unwrap();
    let before = std::fs::read(place.path("outbox.db")).unwrap();
    let dry = run(&mut place.import(&sandbox, &["--dry-run"]));
    assert_eq!(
        (dry.status, dry.stdout.as_str()),
        (
            Some(2),
            "2 rows can be sent, 2 cannot, 1 are in the outbox and are not sent again\n"
        ),
        "{dry:?}"
    );
    assert_eq!(std::fs::read(place.path("outbox.db")).unwrap(), before);
    let real = run(&mut place.import(&sandbox, &[]));
    assert_eq!(real.status, Some(2), "{real:?}");
    let errors = |run: &Run| {
        let errors = run.stderr.lines().filter(|line| line.starts_with("error: "));
        errors.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(errors(&dry), errors(&real));
    assert!(
        errors(&real)
            .iter()
            .any(|it| it.contains("line 4: ") && it.contains("Correct it in Vitec"))
    );
    assert!(
        real.stdout
            .starts_with("accepted 2, rejected 0, unknown 0, pending 0, bad 2, known before 1"),
        "{real:?}"
    );
}

#[test]
fn with_a_sandbox_nothing_is_needed_and_nothing_stays() {
    let run = run_with_stdin(&mut vitec_connect(&["loan-promise", "import", "-", "--sandbox"]), ROWS);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(run.stdout.starts_with("accepted 3, "), "{run:?}");
    let place = run
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("outbox: "))
        .unwrap();
    assert!(!Path::new(place).exists(), "{place}");
}

#[tokio::test]
async fn the_exit_status_is_that_of_the_worst_row_and_an_unknown_one_waits_for_a_person() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    sandbox.next(Answer::status(400));
    sandbox.next(Answer::drop_after_storing());
    let first = run(&mut place.import(&sandbox, &["--concurrency", "1"]));
    assert_eq!(first.status, Some(6), "{first:?}");
    assert_eq!(
        place.status(),
        json!({"pending": 0, "sending": 0, "accepted": 1, "rejected": 1, "unknown": 1, "dropped": 0})
    );
    // Again: nothing is sent again by itself.
    let again = run(&mut place.import(&sandbox, &[]));
    assert_eq!(again.status, Some(6), "{again:?}");
    assert_eq!(sandbox.stored(), 2);
    // A person has looked.
    let list = place
        .outbox(&["list", "--state", "unknown", "--output", "json"])
        .object();
    let row = list[0]["row"].to_string();
    assert_eq!(place.outbox(&["resolve", &row, "--as", "accepted"]).status, Some(0));
    let rejected = place
        .outbox(&["list", "--state", "rejected", "--output", "json"])
        .object()[0]["row"]
        .to_string();
    assert_eq!(place.outbox(&["requeue", &rejected]).status, Some(0));
    assert_eq!(place.outbox(&["requeue", &row]).status, Some(2), "it is accepted");
    let last = run(&mut place.import(&sandbox, &[]));
    assert_eq!(last.status, Some(0), "{last:?}");
    assert_eq!(place.status()["accepted"], 3);
    let shown = place.outbox(&["show", &row]);
    assert!(shown.stdout.contains("state: accepted"), "{shown:?}");
}

#[tokio::test]
async fn retry_unknown_sends_again_on_a_persons_word() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with("customerId,contactId,bank\nM1,1,b\n");
    sandbox.next(Answer::drop_before_storing());
    assert_eq!(run(&mut place.import(&sandbox, &[])).status, Some(6));
    let again = run(&mut place.import(&sandbox, &["--retry-unknown"]));
    assert_eq!(again.status, Some(0), "{again:?}");
    assert_eq!(sandbox.stored(), 1);
}

#[tokio::test]
async fn one_customer_without_access_does_not_stop_the_others() {
    let sandbox = Sandbox::builder().forbidden("M30011").start().await.unwrap();
    let place = Place::with(ROWS);
    let run = run(&mut place.import(&sandbox, &["--concurrency", "1"]));
    assert_eq!(run.status, Some(4), "{run:?}");
    assert_eq!(
        place.status(),
        json!({"pending": 2, "sending": 0, "accepted": 1, "rejected": 0, "unknown": 0, "dropped": 0})
    );
    assert!(run.stderr.contains("vitec-connect outbox release M30011"), "{run:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn each_customers_password_comes_from_a_file_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::builder()
        .customer("M30011", "partner", "hemligt-ett")
        .customer("S30164", "partner", "hemligt-två")
        .start()
        .await
        .unwrap();
    let place = Place::with(ROWS);
    let file = place.path("offices.toml");
    let offices = "[M30011]\nusername = \"partner\"\npassword = \"hemligt-ett\"\n\n[S30164]\nusername = \"partner\"\npassword = \"hemligt-två\"\n";
    std::fs::write(&file, offices).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let open = run(&mut place.import(&sandbox, &["--credentials", &file]));
    assert_eq!(open.status, Some(2), "{open:?}");
    assert!(open.stderr.contains("chmod 600"), "{open:?}");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let closed = run(&mut place.import(&sandbox, &["--credentials", &file]));
    assert_eq!(closed.status, Some(0), "{closed:?}");
    std::fs::write(&file, "[M30011]\nusername = \"partner\"\npasswort = \"hemligt-ett\"\n").unwrap();
    let wrong = run(&mut place.import(&sandbox, &["--credentials", &file]));
    assert_eq!(wrong.status, Some(2), "{wrong:?}");
    assert!(!format!("{open:?}{closed:?}{wrong:?}").contains("hemligt"), "{wrong:?}");
}

#[tokio::test]
async fn an_outbox_belongs_to_one_base_url() {
    let (first, second) = (Sandbox::start().await.unwrap(), Sandbox::start().await.unwrap());
    let place = Place::with(ROWS);
    assert_eq!(run(&mut place.import(&first, &[])).status, Some(0));
    let other = run(&mut place.import(&second, &[]));
    assert_eq!(other.status, Some(2), "{other:?}");
    assert!(
        other.stderr.contains(first.url()) && second.received().is_empty(),
        "{other:?}"
    );
}

#[tokio::test]
async fn an_unreachable_server_leaves_rows_pending() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let run = run(vitec_connect(&["loan-promise", "import", &place.path("rows.csv")])
        .args([
            "--outbox",
            &place.path("outbox.db"),
            "--base-url",
            &format!("http://{closed}"),
        ])
        .env("VITEC_CONNECT_USERNAME", sandbox.username())
        .env("VITEC_CONNECT_PASSWORD", sandbox.password()));
    assert_eq!(run.status, Some(5), "{run:?}");
    assert_eq!(place.status()["pending"], 3);
}

/// Killed at any moment, and run again: nothing accepted is sent twice, nothing pending is lost, and only what was under
/// way is unknown.
#[cfg(unix)]
#[tokio::test]
async fn killed_at_any_moment_it_continues() {
    let sandbox = Sandbox::start().await.unwrap();
    let rows: String = (0..400).map(|row| format!("M1,{row},bank {row}\n")).collect();
    let place = Place::with(&format!("customerId,contactId,bank\n{rows}"));
    for stored in [0, 1, 17, 60, 130, 250] {
        let mut child = place
            .import(&sandbox, &["--concurrency", "8"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(60), async {
            while sandbox.stored() < stored && child.try_wait().unwrap().is_none() {
                tokio::task::yield_now().await;
            }
        });
        ended.await.unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let last = run(&mut place.import(&sandbox, &["--output", "json"]));
    assert!(matches!(last.status, Some(0 | 6)), "{last:?}");
    let status = place.status();
    let (accepted, unknown) = (
        status["accepted"].as_u64().unwrap(),
        status["unknown"].as_u64().unwrap(),
    );
    assert_eq!(
        (accepted + unknown, &status["pending"], &status["sending"]),
        (400, &json!(0), &json!(0)),
        "{status}"
    );
    assert!(unknown <= 6 * 8, "only what was under way: {status}");
    let stored: Vec<String> = sandbox
        .received()
        .iter()
        .map(|it| it.parameters["contactId"].to_string())
        .collect();
    let distinct: HashSet<&String> = stored.iter().collect();
    assert_eq!(stored.len(), distinct.len(), "nothing was sent twice");
    assert!(stored.len() as u64 >= accepted, "nothing that was accepted is missing");
}

#[test]
fn bad_arguments_end_with_2() {
    let wrong: [&[&str]; 7] = [
        &["loan-promise", "import"],
        &["loan-promise", "import", "/nonexistent.csv", "--sandbox"],
        &["loan-promise", "import", "-", "--password-stdin"],
        &["loan-promise", "import", "-", "--rate", "fast", "--sandbox"],
        &["loan-promise", "import", "-", "--concurrency", "0", "--sandbox"],
        &["outbox", "status", "--outbox", "/nonexistent/outbox.db"],
        &["outbox", "resolve", "1"],
    ];
    for arguments in wrong {
        let run = run_with_stdin(&mut vitec_connect(arguments), "customerId,contactId\n");
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}: {run:?}"
        );
    }
    let unknown = run_with_stdin(
        &mut vitec_connect(&["loan-promise", "import", "-", "--sandbox"]),
        "customerId,contactId,banc\nM1,1,b\n",
    );
    assert_eq!(unknown.status, Some(2), "{unknown:?}");
    assert!(unknown.stderr.contains("banc"), "{unknown:?}");
}
