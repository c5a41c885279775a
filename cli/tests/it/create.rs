//! `loan-promise create`, against the sandbox.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use vitec_connect_sandbox::{Answer, Sandbox};

use crate::{create, create_at, run, run_with_stdin};

const MEMBERS: [&str; 12] = [
    "--bank",
    "Ålandsbanken & \"Co\"",
    "--valid-until",
    "2027-01-31",
    "--estate-type",
    "apartment",
    "--estate-id",
    "<E-1>",
    "--status",
    "3",
    "--financing",
    "Bank",
];

#[tokio::test]
async fn json_and_xml_arrive_as_the_same_loan_promise() {
    let sandbox = Sandbox::start().await.unwrap();
    for (number, format) in ["json", "xml"].iter().enumerate() {
        let run = run(create_at(&sandbox, &MEMBERS).args(["--format", format]));
        assert_eq!(run.status, Some(0), "{run:?}");
        assert_eq!(run.stdout, format!("sandbox-{}\n", number + 1));
        assert_eq!(run.stderr, "");
    }
    let received = sandbox.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(
        received[0].body,
        json!({
            "bank": "Ålandsbanken & \"Co\"",
            "validUntil": "2027-01-31T00:00:00",
            "estateType": "Apartment",
            "estateId": "<E-1>",
            "status": "VerifiedByBank",
            "financing": "Bank",
        })
    );
    assert!(received.iter().all(|it| it.notes.is_empty()), "{received:?}");
}

#[test]
fn the_embedded_sandbox_needs_no_account() {
    let run = run(&mut create(&["--sandbox", "--bank", "SBAB"]));
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_eq!(run.stdout, "sandbox-1\n");
    assert!(
        run.stderr
            .contains(r#"the sandbox received createLoanPromise: {"bank":"SBAB"}"#),
        "{run:?}"
    );
}

#[tokio::test]
async fn the_portals_string_and_a_password_on_stdin_are_credentials() {
    let sandbox = Sandbox::builder()
        .credentials("partner", "secret")
        .start()
        .await
        .unwrap();
    let basic =
        run(create(&["--base-url", sandbox.url(), "--bank", "b"]).env("VITEC_CONNECT_BASIC", "cGFydG5lcjpzZWNyZXQ="));
    assert_eq!(basic.status, Some(0), "{basic:?}");
    let stdin = run_with_stdin(
        create(&["--bank", "b", "--password-stdin"])
            .env("VITEC_CONNECT_BASE_URL", sandbox.url())
            .env("VITEC_CONNECT_USERNAME", "partner"),
        "secret\r\nmore\n",
    );
    assert_eq!(stdin.status, Some(0), "{stdin:?}");
}

#[tokio::test]
async fn wrong_credentials_are_no_access() {
    let sandbox = Sandbox::start().await.unwrap();
    let run = run(create_at(&sandbox, &["--bank", "b", "--output", "json"]).env("VITEC_CONNECT_PASSWORD", "wrong"));
    assert_eq!(run.status, Some(4), "{run:?}");
    let object = run.object();
    assert_eq!(object["outcome"], "rejected");
    assert_eq!(object["status"], 401);
    assert_eq!(object["answer"], json!(null));
    assert!(sandbox.received().is_empty());
}

#[tokio::test]
async fn no_access_to_the_customer() {
    let sandbox = Sandbox::builder().forbidden("M30011").start().await.unwrap();
    let run = run(&mut create_at(&sandbox, &["--bank", "b"]));
    assert_eq!((run.status, run.stdout.as_str()), (Some(4), ""), "{run:?}");
    assert!(run.stderr.contains("M30011") && run.stderr.contains("403"), "{run:?}");
}

#[tokio::test]
async fn a_validation_error_is_shown_by_field() {
    let sandbox = Sandbox::start().await.unwrap();
    let arguments = ["--estate-type", "Castle", "--output", "json"];
    let run_json = run(&mut create_at(&sandbox, &arguments));
    assert_eq!(run_json.status, Some(3), "{run_json:?}");
    let object = run_json.object();
    assert_eq!(object["outcome"], "rejected");
    assert_eq!(object["status"], 400);
    assert_eq!(
        object["validation"],
        json!({"loanPromise.estateType": ["An error has occurred."]})
    );
    let run_text = run(&mut create_at(&sandbox, &arguments[..2]));
    assert_eq!((run_text.status, run_text.stdout.as_str()), (Some(3), ""));
    assert!(
        run_text
            .stderr
            .contains("loanPromise.estateType: An error has occurred."),
        "{run_text:?}"
    );
}

#[tokio::test]
async fn a_lost_answer_is_accepted_with_a_warning() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.next(Answer::truncated(3));
    let run = run(&mut create_at(&sandbox, &["--bank", "b"]));
    assert_eq!((run.status, run.stdout.as_str()), (Some(0), ""), "{run:?}");
    assert!(
        run.stderr.starts_with("warning: ") && run.stderr.contains("It was created."),
        "{run:?}"
    );
    assert_eq!(sandbox.received().len(), 1);
}

#[tokio::test]
async fn a_connection_that_ends_leaves_the_outcome_unknown() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.next(Answer::drop_after_storing());
    let run = run(&mut create_at(&sandbox, &["--bank", "b", "--output", "json"]));
    assert_eq!(run.status, Some(6), "{run:?}");
    let object = run.object();
    assert_eq!(
        (&object["outcome"], &object["status"]),
        (&json!("unknown"), &json!(null))
    );
    assert!(
        object["message"].as_str().unwrap().contains("Look in Vitec"),
        "{object}"
    );
    assert_eq!(sandbox.received().len(), 1, "never sent again on its own");
}

#[test]
fn an_unknown_host_and_a_closed_port_are_not_sent() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in ["https://nothing.invalid".to_owned(), format!("http://{closed}")] {
        let run = run(create(&[
            "--bank",
            "b",
            "--output",
            "json",
            "--timeout",
            "10s",
            "--base-url",
            &url,
        ])
        .env("VITEC_CONNECT_USERNAME", "partner")
        .env("VITEC_CONNECT_PASSWORD", "secret"));
        assert_eq!(run.status, Some(5), "{run:?}");
        assert_eq!(run.object()["outcome"], "not_sent");
    }
}

#[tokio::test]
async fn the_timeout_bounds_the_call() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.next(Answer::delay(Duration::from_secs(600)));
    let run = run(&mut create_at(&sandbox, &["--bank", "b", "--timeout", "300ms"]));
    assert_eq!(run.status, Some(6), "{run:?}");
    assert!(run.stderr.contains("there was no answer in time"), "{run:?}");
}

#[tokio::test]
async fn the_password_stands_in_no_output() {
    let sandbox = Sandbox::builder()
        .credentials("partner", "hemligt-lösen")
        .start()
        .await
        .unwrap();
    let encoded = "cGFydG5lcjpoZW1saWd0LWzDtnNlbg==";
    sandbox.next(Answer::status(500));
    for more in [
        &["-v", "--bank", "b"][..],
        &["-v", "--bank", "b", "--output", "json"],
        &["--bank", "b", "--dry-run", "-v"],
    ] {
        let run = run(&mut create_at(&sandbox, more));
        for output in [&run.stdout, &run.stderr] {
            assert!(
                !output.contains("hemligt-lösen") && !output.contains(encoded),
                "{run:?}"
            );
        }
    }
}
