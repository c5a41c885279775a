//! Every recorded exchange with Web API 5.2.9, replayed: status, headers, error bodies, and what was bound.

use base64::Engine as _;
use serde_json::Value;
use vitec_connect::description::{Description, Shape};
use vitec_connect_sandbox::{Answer, Received, Sandbox};

use crate::http::{send, start};

const RECORDED: &str = include_str!("web-api-observations.ndjson");

/// The document, with enumerations that count from 0 as in the recording's model (Vitec's own count from 1).
pub(crate) fn counting_from_zero() -> Description {
    let mut description = vitec_connect::description().clone();
    for schema in description.schemas.values_mut() {
        if let Shape::Enumeration { names, .. } = &mut schema.shape {
            for (number, name) in (0..).zip(names) {
                name.number = Some(number);
            }
        }
    }
    description
}

/// What the recording's action answers: the values that were bound.
fn bound_values(received: &Received) -> String {
    if received.body.is_null() {
        return "null-body".to_owned();
    }
    let member = |name: &str| match &received.body[name] {
        Value::Null => "<null>".to_owned(),
        Value::String(text) if name == "validUntil" => {
            let (clock, zone, kind) = match text.strip_suffix('Z') {
                Some(clock) => (clock, "Z", "Utc"),
                None => (text.as_str(), "", "Unspecified"),
            };
            let (seconds, fraction) = clock.split_once('.').unwrap_or((clock, ""));
            format!("{seconds}.{fraction:0<7}{zone}/{kind}")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let parameter = |name: &str| received.parameters[name].as_str().expect("a text").to_owned();
    let mut values = vec![parameter("customerId"), parameter("contactId")];
    values.extend(["bank", "validUntil", "estateType", "estateId", "status", "financing"].map(member));
    values.join("|")
}

fn replay(sandbox: &Sandbox, recorded: &Value, error_body: &str) -> Vec<String> {
    let request = &recorded["request"];
    let url = request["url"].as_str().expect("a url");
    let headers: Vec<(&str, &str)> = request["headers"]
        .as_array()
        .expect("headers")
        .iter()
        .map(|pair| (pair[0].as_str().expect("a name"), pair[1].as_str().expect("a value")))
        .chain([("Host", "127.0.0.1:81xx")])
        .collect();
    let body = match request["body_base64"].as_str() {
        Some(encoded) => base64::engine::general_purpose::STANDARD
            .decode(encoded)
            .expect("base64"),
        None => request["body"].as_str().unwrap_or_default().as_bytes().to_vec(),
    };
    // The recording's action throws for this customer.
    if url.contains("/boom/") {
        sandbox.next(Answer::status(500));
    }
    let answered = send(
        sandbox,
        request["method"].as_str().expect("a method"),
        url,
        &headers,
        &body,
    )
    .expect("an answer");
    let text = answered.text();
    let mut differences = Vec::new();
    let mut compare = |what: &str, ours: Value, theirs: &Value| {
        if ours != *theirs {
            differences.push(format!("{}: {what} is {ours}, recorded was {theirs}", recorded["name"]));
        }
    };
    compare("status", answered.status.into(), &recorded["status"]);
    compare(
        "content type",
        answered.header("content-type").into(),
        &recorded["content_type"],
    );
    compare("Allow", answered.header("allow").into(), &recorded["allow"]);
    if recorded["status"] != 200 {
        compare("body", text.into(), &recorded[error_body]);
        return differences;
    }
    // The answered string is the sandbox's own; what stands around it is not.
    let theirs = recorded["body"].as_str().expect("a body");
    let open = r#"<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">"#;
    let received = sandbox.received().pop().expect("a stored request");
    let (values, around) = match theirs.strip_prefix(open) {
        Some(rest) => {
            let values = rest.strip_suffix("</string>").expect("the end");
            (
                values.replace("&lt;", "<").replace("&gt;", ">"),
                format!("{open}{}</string>", received.answer),
            )
        }
        None => (
            serde_json::from_str(theirs).expect("a JSON string"),
            format!("\"{}\"", received.answer),
        ),
    };
    compare("body", text.into(), &around.into());
    compare("what was bound", bound_values(&received).into(), &values.into());
    differences
}

fn replay_all(pascal_case: bool, error_body: &str) {
    let sandbox = start(
        Sandbox::builder()
            .document(counting_from_zero())
            .pascal_case(pascal_case),
    );
    let mut count = 0;
    let differences: Vec<String> = RECORDED
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a recorded exchange"))
        // XML errors have one casing only.
        .filter(|recorded| recorded["status"] == 200 || recorded.get(error_body).is_some())
        .inspect(|_| count += 1)
        .flat_map(|recorded| replay(&sandbox, &recorded, error_body))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // All of them; in PascalCase all but the XML errors.
    let xml_errors = if pascal_case { 3 } else { 0 };
    assert_eq!(count + xml_errors, RECORDED.lines().count());
}

#[test]
fn every_recorded_exchange_is_answered_alike_in_camel_case() {
    replay_all(false, "body");
}

#[test]
fn every_recorded_exchange_is_answered_alike_in_pascal_case() {
    replay_all(true, "body_pascal_stockholm");
}
