//! What a person decides about rows, and what is shown of them.

use serde_json::{Value, json};
use vitec_connect_sandbox::{Answer, Sandbox};

use crate::import::{Place, ROWS};
use crate::run;

#[tokio::test]
async fn show_tells_what_became_of_a_row_step_by_step() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    sandbox.next(Answer::status(400));
    run(&mut place.deliver(&sandbox, &[]));
    assert_eq!(place.outbox(&["requeue", "1"]).status, Some(0));
    run(&mut place.deliver(&sandbox, &[]));
    let shown = place.outbox(&["show", "1", "--output", "json"]).object();
    let history = shown[0]["history"].as_array().unwrap();
    let steps: Vec<[&Value; 2]> = history.iter().map(|it| [&it["attempt"], &it["state"]]).collect();
    let expected = json!([
        [0, "pending"],
        [1, "sending"],
        [1, "rejected"],
        [1, "pending"],
        [2, "sending"],
        [2, "accepted"]
    ]);
    assert_eq!(json!(steps), expected, "{shown:#}");
    assert_eq!(history[2]["status"], 400, "{shown:#}");
    for step in history {
        assert!(
            step["at"].is_string() && !step["who"].as_str().unwrap().is_empty(),
            "{step}"
        );
    }
    let text = place.outbox(&["show", "1"]).stdout;
    assert!(text.contains("state: accepted"), "{text}");
    assert_eq!(text.matches("  attempt 1, by ").count(), 3, "{text}");
    assert!(
        text.contains("attempt 1, by ") && text.contains(", status 400: "),
        "{text}"
    );
}

#[tokio::test]
async fn rows_are_given_one_by_one_and_from_to() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a", "b", "c", "d", "e", "f"]);
    let rows = |arguments: &[&str]| {
        let run = place.outbox(&[arguments, &["--output", "json"]].concat());
        assert_eq!(run.status, Some(0), "{run:?}");
        run.object()["rows"].clone()
    };
    assert_eq!(rows(&["drop", "1", "2,3"]), json!([1, 2, 3]));
    // Those that are there.
    assert_eq!(rows(&["drop", "5-9"]), json!([5, 6]));
    let shown = place.outbox(&["show", "1-3,5", "--output", "json"]).object();
    let states: Vec<&Value> = shown.as_array().unwrap().iter().map(|it| &it["state"]).collect();
    assert_eq!(states, ["dropped"; 4]);
    for wrong in ["9-6", "7", "7-9", "1-1000001", "x", "1,"] {
        let refused = place.outbox(&["drop", wrong]);
        assert_eq!(
            (refused.status, refused.stdout.as_str()),
            (Some(2), ""),
            "{wrong}: {refused:?}"
        );
    }
    // All or none.
    assert_eq!(place.outbox(&["drop", "3-4"]).status, Some(2));
    assert_eq!(place.status()["pending"], 1);
}

#[tokio::test]
async fn a_dropped_row_does_not_come_back_with_its_file() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    sandbox.next(Answer::status(400));
    sandbox.next(Answer::status(400));
    sandbox.next(Answer::status(400));
    assert_eq!(run(&mut place.import(&sandbox, &[])).status, Some(3));
    assert_eq!(place.outbox(&["drop", "1-3"]).status, Some(0));
    let again = run(&mut place.import(&sandbox, &[]));
    assert_eq!(again.status, Some(0), "{again:?}");
    assert_eq!((sandbox.stored(), &place.status()["dropped"]), (0, &json!(3)));
}

#[tokio::test]
async fn a_corrected_row_is_sent_with_its_new_body() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with("");
    place.add(sandbox.url(), &["--bank", "wrong", "--valid-until", "2099-01-31"]);
    sandbox.next(Answer::status(400));
    assert_eq!(run(&mut place.deliver(&sandbox, &[])).status, Some(3));
    let file = place.path("promise.json");
    let correct = |body: &str| {
        std::fs::write(&file, body).unwrap();
        place.outbox(&["correct", "1", "--input", &file])
    };
    for (body, message) in [
        ("{\"validUntil\": \"2027-02-30\"}", "the input is no body in JSON"),
        ("{\"bnak\": \"b\"}", "bnak"),
        ("", "is empty"),
    ] {
        let wrong = correct(body);
        assert_eq!(wrong.status, Some(2), "{wrong:?}");
        assert!(wrong.stderr.contains(message), "{wrong:?}");
    }
    let right = correct("{ \"validUntil\": \"2099-01-31\",\n \"bank\": \"right\" }");
    assert_eq!(right.status, Some(0), "{right:?}");
    // It is what Rust would have written: the same content comes to the same row.
    let shown = place.outbox(&["show", "1", "--output", "json"]).object();
    assert_eq!(
        shown[0]["payload"],
        json!({"bank": "right", "validUntil": "2099-01-31T00:00:00"})
    );
    assert_eq!(run(&mut place.deliver(&sandbox, &[])).status, Some(0));
    assert_eq!(sandbox.received()[0].body["bank"], "right");
    let late = correct("{}");
    assert_eq!(late.status, Some(2), "{late:?}");
    assert!(late.stderr.contains("Correct it in Vitec"), "{late:?}");
    assert_eq!(place.outbox(&["correct", "7", "--input", &file]).status, Some(2));
}

#[tokio::test]
async fn a_list_is_narrowed_and_can_be_a_table() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with(ROWS);
    sandbox.next(Answer::body("application/json", "\"=1+1\""));
    assert_eq!(
        run(&mut place.import(&sandbox, &["--concurrency", "1"])).status,
        Some(0)
    );
    let table = place.outbox(&["list", "--output", "csv"]).stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines[0],
        "row,state,customerId,contactId,reference,line,attempt,status,answer,message,createdAt,changedAt"
    );
    assert!(
        lines[1].starts_with("1,accepted,M30011,4711,r1,2,1,,'=1+1,,20"),
        "{table}"
    );
    assert_eq!(lines.len(), 4, "{table}");
    let count = |arguments: &[&str]| {
        let run = place.outbox(&[&["list", "--output", "json"], arguments].concat());
        assert_eq!(run.status, Some(0), "{run:?}");
        run.object().as_array().unwrap().len()
    };
    assert_eq!(count(&["--customer", "S30164"]), 1);
    assert_eq!(count(&["--limit", "2"]), 2);
    assert_eq!(count(&["--since", "2h"]), 3);
    assert_eq!(count(&["--since", "0s"]), 0);
    assert_eq!(count(&["--state", "rejected"]), 0);
    let empty = place.outbox(&["list", "--output", "csv", "--state", "dropped"]).stdout;
    assert_eq!(empty.lines().count(), 1, "{empty}");
    for wrong in [
        ["--since", "soon"],
        ["--limit", "0"],
        ["--state", "lost"],
        ["--customer", "a/b"],
    ] {
        assert_eq!(
            place.outbox(&[&["list"][..], &wrong].concat()).status,
            Some(2),
            "{wrong:?}"
        );
    }
}

#[test]
fn init_says_what_it_did() {
    let place = Place::with("");
    let init = |more: &[&str]| place.outbox(&[&["init"], more].concat());
    let made = init(&["--base-url", "http://127.0.0.1:9"]);
    assert_eq!(made.status, Some(0), "{made:?}");
    assert!(made.stdout.ends_with("outbox.db: the tables were made\n"), "{made:?}");
    // Whichever server it is for, where none is named.
    let again = init(&["--output", "json"]);
    assert_eq!(
        (again.status, again.object()["done"].clone()),
        (Some(0), json!([{"what": "up-to-date"}])),
        "{again:?}"
    );
    let other = init(&["--base-url", "http://127.0.0.1:10", "--output", "json"]);
    assert_eq!(other.status, Some(2), "{other:?}");
    assert!(other.object()["error"].is_string(), "{other:?}");
    let roles = init(&["--grant", "bank"]);
    assert_eq!(roles.status, Some(2), "{roles:?}");
    assert!(roles.stderr.contains("roles"), "{roles:?}");
}
