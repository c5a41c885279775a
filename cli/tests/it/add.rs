//! `loan-promise add`: one row, durably, and nothing is sent.

use serde_json::json;
use vitec_connect_sandbox::{Answer, Sandbox};

use crate::import::Place;
use crate::{Run, run, run_with_stdin, vitec_connect};

const ADD: [&str; 6] = ["loan-promise", "add", "--customer-id", "M30011", "--contact-id", "4711"];

impl Place {
    /// `loan-promise add` for this server, with more arguments.
    pub(crate) fn add(&self, base_url: &str, more: &[&str]) -> Run {
        run(vitec_connect(&ADD)
            .args(more)
            .args(["--outbox", &self.path("outbox.db"), "--base-url", base_url]))
    }
}

const NOWHERE: &str = "http://127.0.0.1:9";

#[test]
fn the_row_s_number_stands_alone_on_stdout_and_the_same_again_is_the_same_row() {
    let place = Place::with("");
    let add = |more: &[&str]| {
        let run = place.add(NOWHERE, more);
        (run.status, run.stdout.clone(), run)
    };
    for _ in 0..2 {
        let (status, stdout, run) = add(&["--bank", "SBAB", "--reference", "case 1"]);
        assert_eq!((status, stdout.as_str()), (Some(0), "1\n"), "{run:?}");
    }
    // Without a reference it is the content that counts.
    for _ in 0..2 {
        let (status, stdout, run) = add(&["--bank", "SEB"]);
        assert_eq!((status, stdout.as_str()), (Some(0), "2\n"), "{run:?}");
    }
    let (status, stdout, run) = add(&["--bank", "SEB", "--reference", "case 1"]);
    assert_eq!((status, stdout.as_str()), (Some(2), ""), "{run:?}");
    assert!(run.stderr.contains("row 1 already, with other content"), "{run:?}");
    let object = add(&["--bank", "SEB", "--output", "json"]).2.object();
    assert_eq!(
        object,
        json!({"row": 2, "state": "pending", "stored": "known", "reference": null,
            "customerId": "M30011", "contactId": "4711"})
    );
    assert_eq!(place.status()["pending"], 2);
}

#[test]
fn a_body_comes_from_flags_or_a_file_and_is_stored_as_it_would_be_sent() {
    let place = Place::with("");
    let file = place.path("promise.xml");
    let xml = "<LoanPromise xmlns=\"http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer\">\
               <Bank>b</Bank><ValidUntil>2027-01-31T00:00:00</ValidUntil></LoanPromise>";
    std::fs::write(&file, xml).unwrap();
    assert_eq!(place.add(NOWHERE, &["--input", &file]).stdout, "1\n");
    let flags = ["--bank", "b", "--valid-until", "2027-01-31"];
    assert_eq!(place.add(NOWHERE, &flags).stdout, "1\n", "the same content");
    // An import knows it too.
    std::fs::write(
        place.path("rows.csv"),
        "customerId,contactId,bank,validUntil\nM30011,4711,b,2027-01-31\n",
    )
    .unwrap();
    let dry = run(
        vitec_connect(&["loan-promise", "import", &place.path("rows.csv"), "--dry-run"]).args([
            "--outbox",
            &place.path("outbox.db"),
            "--base-url",
            NOWHERE,
        ]),
    );
    assert_eq!(dry.status, Some(0), "{dry:?}");
    assert_eq!(place.status()["pending"], 1);
    let stdin = run_with_stdin(
        vitec_connect(&ADD).args([
            "--input",
            "-",
            "--outbox",
            &place.path("outbox.db"),
            "--base-url",
            NOWHERE,
        ]),
        "{\"bank\": \"c\"}",
    );
    assert_eq!(stdin.stdout, "2\n", "{stdin:?}");
}

#[test]
fn what_create_would_refuse_is_not_stored() {
    let place = Place::with("");
    for (more, message) in [
        (&["--valid-until", "2027-02-30"][..], "--valid-until"),
        (&["--estate-type", ""], "--estate-type"),
        (&[], "no member of the body is set"),
        (&["--bank", "b", "--reference", " "], "white space only"),
        (&["--input", "/nonexistent.json"], "cannot be read"),
    ] {
        let text = place.add(NOWHERE, more);
        assert_eq!((text.status, text.stdout.as_str()), (Some(2), ""), "{more:?}: {text:?}");
        assert!(text.stderr.contains(message), "{more:?}: {text:?}");
        let json = place.add(NOWHERE, &[more, &["--output", "json"]].concat());
        assert!(
            json.object()["error"].as_str().unwrap().contains(message),
            "{more:?}: {json:?}"
        );
    }
    let clear = place.add("http://example.com", &["--bank", "b"]);
    assert_eq!(clear.status, Some(2), "{clear:?}");
    let other =
        run(vitec_connect(&["loan-promise", "add", "--contact-id", "1", "--bank", "b"]).arg("--customer-id=a/b"));
    assert_eq!(other.status, Some(2), "{other:?}");
    let status = place.outbox(&["status", "--output", "json"]);
    assert!(
        status.status == Some(2) || status.object()["pending"] == 0,
        "{status:?}"
    );
}

#[tokio::test]
async fn a_rejected_row_is_corrected_under_its_reference() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with("");
    place.add(sandbox.url(), &["--bank", "wrong", "--reference", "r"]);
    sandbox.next(Answer::status(400));
    assert_eq!(run(&mut place.deliver(&sandbox, &[])).status, Some(3));
    let again = place.add(sandbox.url(), &["--bank", "right", "--reference", "r"]);
    assert_eq!((again.status, again.stdout.as_str()), (Some(0), "1\n"), "{again:?}");
    assert_eq!(run(&mut place.deliver(&sandbox, &[])).status, Some(0));
    assert_eq!(sandbox.received()[0].body["bank"], "right");
}

#[test]
fn where_the_database_cannot_be_reached_the_same_command_may_be_given_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let database = format!(
        "postgres://u:hush@{}/x?connect_timeout=2",
        listener.local_addr().unwrap()
    );
    drop(listener);
    let run = run(vitec_connect(&ADD).args(["--bank", "b", "--base-url", NOWHERE, "--outbox", &database]));
    assert_eq!((run.status, run.stdout.as_str()), (Some(5), ""), "{run:?}");
    assert!(
        run.stderr.contains("may be given again safely") && !run.stderr.contains("hush"),
        "{run:?}"
    );
}
