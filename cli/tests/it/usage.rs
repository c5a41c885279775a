//! What is refused before anything is sent, and what is only shown.

use std::process::Stdio;

use serde_json::Value;

use crate::{create, run, run_with_stdin, vitec_connect};

/// Arguments, standard input, and what the message has to say.
const REFUSED: &[(&[&str], &str, &str)] = &[
    (&[], "", "no member of the body is set"),
    (&["--bank", "b"], "", "there are no credentials"),
    (&["--valid-until", "2027-02-30", "--dry-run"], "", "--valid-until"),
    (
        &["--valid-until", "2027-01-31T24:00:00", "--dry-run"],
        "",
        "--valid-until",
    ),
    (&["--estate-type", "", "--dry-run"], "", "--estate-type"),
    (&["--estate-type", " House", "--dry-run"], "", "--estate-type"),
    (
        &["--estate-type", "9", "--format", "xml", "--dry-run"],
        "",
        "the body cannot be written",
    ),
    (&["--bank", "\u{1}", "--format", "xml", "--dry-run"], "", "U+0001"),
    (&["--input", "-", "--dry-run"], "", "is empty"),
    (&["--input", "-", "--dry-run"], "[]", "the input is no body in JSON"),
    (
        &["--input", "-", "--dry-run"],
        r#"{"bank":"b"} junk"#,
        "the input is no body in JSON",
    ),
    (&["--input", "-", "--dry-run"], r#"{"bnak":"b"}"#, "bnak"),
    (
        &["--input", "-", "--dry-run"],
        r#"{"Bank":"b"}"#,
        "did you mean \"bank\"",
    ),
    (
        &["--input", "-", "--dry-run"],
        "<LoanPromise/>",
        "the input is no body in XML",
    ),
    (
        &["--input", "/nonexistent/promise.json", "--dry-run"],
        "",
        "cannot be read",
    ),
    (&["--input", "-", "--password-stdin"], "{}", "stdin cannot be both"),
    (&["--password-stdin", "--bank", "b"], "secret", "VITEC_CONNECT_USERNAME"),
    (&["--input", "-", "--bank", "b"], "{}", "cannot be used with"),
    (
        &["--bank", "b", "--base-url", "http://example.com"],
        "",
        "credentials would travel in the clear",
    ),
    (
        &["--bank", "b", "--base-url", "https://a:b@example.com"],
        "",
        "carries a user name or password",
    ),
    (
        &["--bank", "b", "--sandbox", "--base-url", "https://example.com"],
        "",
        "cannot be used with",
    ),
    (&["--bank", "b", "--timeout", "0s"], "", "--timeout"),
    (&["--bank", "b", "--format", "csv"], "", "--format"),
    (&["--bank", "b", "--ca-file", "/nonexistent.pem"], "", "--ca-file"),
    (&["--password", "secret"], "", "unexpected argument"),
];

#[test]
fn bad_input_ends_with_2_and_one_object_when_asked() {
    for (arguments, stdin, message) in REFUSED {
        // Credentials for the rows that are about something else.
        let with = |more: &[&str]| {
            let mut command = create(arguments);
            command.args(more);
            if !message.contains("credentials") && !arguments.contains(&"--password-stdin") || message.contains("clear")
            {
                command
                    .env("VITEC_CONNECT_USERNAME", "partner")
                    .env("VITEC_CONNECT_PASSWORD", "hush");
            }
            command
        };
        let text = run_with_stdin(&mut with(&[]), stdin);
        assert_eq!(
            (text.status, text.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}: {text:?}"
        );
        assert!(text.stderr.contains(message), "{arguments:?}: {text:?}");
        assert!(!text.stderr.contains("hush"), "{text:?}");
        let json = run_with_stdin(&mut with(&["--output", "json"]), stdin);
        assert_eq!(json.status, Some(2), "{arguments:?}: {json:?}");
        let object = json.object();
        assert_eq!(object["outcome"], "not_sent", "{arguments:?}");
        assert!(
            object["message"].as_str().unwrap().contains(message),
            "{arguments:?}: {object}"
        );
        let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "outcome",
                "status",
                "answer",
                "message",
                "validation",
                "customerId",
                "contactId",
                "kind",
                "attempts",
                "sentAt",
                "retryAfter"
            ],
            "{arguments:?}"
        );
        for nothing in ["status", "answer", "attempts", "sentAt", "retryAfter"] {
            assert_eq!(object[nothing], Value::Null, "{arguments:?}: {object}");
        }
    }
}

#[test]
fn ids_that_would_lead_elsewhere_are_refused() {
    for id in [
        "",
        ".",
        "..",
        "%2e%2e",
        "a/b",
        "a\\b",
        "a?b",
        "a#b",
        "a\nb",
        " a",
        "a ",
        &"x".repeat(41),
    ] {
        let mut command = vitec_connect(&[
            "loan-promise",
            "create",
            "--contact-id",
            "4711",
            "--bank",
            "b",
            "--dry-run",
        ]);
        let run = run(command.arg(format!("--customer-id={id}")));
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{id:?}: {run:?}");
        assert!(run.stderr.contains("customer id"), "{id:?}: {run:?}");
    }
}

#[test]
fn a_dry_run_shows_the_whole_request_and_needs_no_credentials() {
    let json = run(&mut create(&[
        "--bank",
        "Å & Ö",
        "--valid-until",
        "2027-01-31",
        "--dry-run",
    ]));
    assert_eq!((json.status, json.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("create_loan_promise__dry_run_json", json.stdout);
    let xml = run(&mut create(&[
        "--bank",
        "Å & Ö",
        "--status",
        "House",
        "--format",
        "xml",
        "--dry-run",
    ]));
    insta::assert_snapshot!("create_loan_promise__dry_run_xml", xml.stdout);
    let object = run(&mut create(&["--bank", "b", "--dry-run", "--output", "json"])).object();
    assert_eq!(object["outcome"], "not_sent");
    assert!(
        object["request"].as_str().unwrap().ends_with("\n\n{\"bank\":\"b\"}"),
        "{object}"
    );
}

#[test]
fn a_body_from_a_file_may_be_json_or_xml() {
    let xml = "<LoanPromise xmlns=\"http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer\">\
               <Status>IsBeingProcessed</Status><Bank>b</Bank></LoanPromise>";
    for (input, expected) in [
        ("{}", "{}"),
        (
            "\u{feff}{\"bank\": \"b\", \"estateType\": 0}",
            r#"{"bank":"b","estateType":0}"#,
        ),
        (xml, r#"{"bank":"b","status":"IsBeingProcessed"}"#),
    ] {
        let run = run_with_stdin(&mut create(&["--input", "-", "--dry-run"]), input);
        assert_eq!(run.status, Some(0), "{run:?}");
        assert!(run.stdout.ends_with(&format!("\n\n{expected}")), "{run:?}");
    }
}

#[test]
fn help_is_printed_for_every_operation_and_documents_the_exit_statuses() {
    let document: Value = serde_json::from_str(vitec_connect::OPENAPI_JSON).unwrap();
    let mut operations = 0;
    for operation in document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|it| it.as_object().unwrap().values())
    {
        let Some(id) = operation["operationId"].as_str() else {
            continue;
        };
        let words: Vec<String> =
            id.split_inclusive(|_: char| true)
                .map(str::to_owned)
                .fold(Vec::new(), |mut words: Vec<String>, letter| {
                    match words.last_mut() {
                        Some(word) if letter.chars().all(char::is_lowercase) => word.push_str(&letter),
                        _ => words.push(letter.to_lowercase()),
                    }
                    words
                });
        let help = run(&mut vitec_connect(&[&words[1..].join("-"), &words[0], "--help"]));
        assert_eq!(help.status, Some(0), "{id}: {help:?}");
        assert!(help.stdout.contains("outcome unknown"), "{id}");
        operations += 1;
    }
    assert!(operations > 0);
}

#[test]
fn a_closed_stdout_is_no_panic() {
    let mut child = create(&["--bank", "b", "--sandbox"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "accepted is accepted");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}
