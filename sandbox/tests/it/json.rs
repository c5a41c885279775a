//! JSON as Json.NET reads it, beyond the recorded exchanges.

use serde_json::{Value, json};
use vitec_connect_sandbox::{NoteKind, Sandbox};

use crate::http::{LOAN_PROMISE, post_json, send, start};

fn bound(sandbox: &Sandbox, body: &str) -> Value {
    let answered = post_json(sandbox, body);
    assert_eq!(answered.status, 200, "{body}: {}", answered.text());
    sandbox.received().pop().expect("a stored request").body
}

#[test]
fn values_are_bound_as_the_real_reader_binds_them() {
    let sandbox = start(Sandbox::builder());
    for (body, expected) in [
        (r#"{"bank":"a","BANK":"b"}"#, json!({"bank": "b"})),
        (r#"{"bank":"a","bank":null}"#, json!({})),
        (r#"{'bank':'it\'s'}"#, json!({"bank": "it's"})),
        (
            "{bank:\"x\"/* c */,// d\n estateId:\"y\"}",
            json!({"bank": "x", "estateId": "y"}),
        ),
        (r#"{"bank":"\ud83d\ude00\u00e5\ud83d"}"#, json!({"bank": "😀å\u{fffd}"})),
        (
            r#"{"bank":1.50,"estateId":false}"#,
            json!({"bank": "1.50", "estateId": "false"}),
        ),
        (r#"{"colour":{"a":[1,{"b":2}]},"bank":"x"}"#, json!({"bank": "x"})),
        (r#"{"estateType":"apartment"}"#, json!({"estateType": "Apartment"})),
        (r#"{"estateType":2}"#, json!({"estateType": "Cottage"})),
        (r#"{"estateType":"3"}"#, json!({"estateType": "House"})),
        (r#"{"estateType":"Apartment, Cottage"}"#, json!({"estateType": "House"})),
        (r#"{"estateType":42}"#, json!({"estateType": 42})),
        (r#"{"estateType":4294967297}"#, json!({"estateType": "Apartment"})),
        (r#"{"estateType":0}"#, json!({"estateType": 0})),
        (
            r#"{"validUntil":"2027-01-31T00:00:00.12345678"}"#,
            json!({"validUntil": "2027-01-31T00:00:00.1234568"}),
        ),
        (
            r#"{"validUntil":"2027-01-31T00:00:00.1230000"}"#,
            json!({"validUntil": "2027-01-31T00:00:00.123"}),
        ),
        (
            r#"{"validUntil":"2027-01-31T00:00:00+05:00"}"#,
            json!({"validUntil": "2027-01-30T20:00:00+01:00"}),
        ),
        (
            r#"{"validUntil":"2027-07-01T00:00:00+0000"}"#,
            json!({"validUntil": "2027-07-01T02:00:00+02:00"}),
        ),
        (
            r#"{"validUntil":"\/Date(1800000000000+0100)\/"}"#,
            json!({"validUntil": "2027-01-15T09:00:00+01:00"}),
        ),
        (
            r#"{"validUntil":"01/31/2027"}"#,
            json!({"validUntil": "2027-01-31T00:00:00"}),
        ),
        (r#"{}"#, json!({})),
        ("null", Value::Null),
        ("/* nothing */", Value::Null),
        (r#""""#, Value::Null),
    ] {
        assert_eq!(bound(&sandbox, body), expected, "{body}");
    }
}

#[test]
fn refused_bodies_are_complained_about_key_by_key() {
    let sandbox = start(Sandbox::builder());
    const ONE: &str = r#"["An error has occurred."]"#;
    const TWO: &str = r#"["An error has occurred.","An error has occurred."]"#;
    for (body, fields) in [
        ("[]", vec![("loanPromise", ONE)]),
        ("5", vec![("loanPromise", ONE)]),
        (r#""x""#, vec![("loanPromise", ONE)]),
        ("x", vec![("loanPromise", ONE)]),
        ("{", vec![("loanPromise", ONE)]),
        (r#"{"bank":[]}"#, vec![("loanPromise.bank", ONE), ("loanPromise", ONE)]),
        (r#"{"bank":{}}"#, vec![("loanPromise.bank", TWO)]),
        (r#"{"bank":"b""#, vec![("loanPromise.bank", ONE)]),
        (r#"{"bank":"b" "x":1}"#, vec![("loanPromise.bank", ONE)]),
        (r#"{"validUntil":1800000000}"#, vec![("loanPromise.validUntil", ONE)]),
        (r#"{"validUntil":true}"#, vec![("loanPromise.validUntil", TWO)]),
        (
            r#"{"estateType":{"a":{"b":1}},"validUntil":"x"}"#,
            vec![("loanPromise.estateType", ONE), ("loanPromise.validUntil", ONE)],
        ),
        (
            r#"{"estateType":99999999999999999999}"#,
            vec![("loanPromise.estateType", ONE)],
        ),
        (r#"{"estateType":"99999999999"}"#, vec![("loanPromise.estateType", ONE)]),
        (
            r#"{"VALIDUNTIL":"x","validUntil":"y"}"#,
            vec![("loanPromise.VALIDUNTIL", TWO)],
        ),
        (r#"{"validUntil":"2027-02-30"}"#, vec![("loanPromise.validUntil", ONE)]),
    ] {
        let answered = post_json(&sandbox, body);
        let fields: Vec<String> = fields
            .iter()
            .map(|(key, messages)| format!("\"{key}\":{messages}"))
            .collect();
        let expected = format!(
            r#"{{"message":"The request is invalid.","modelState":{{{}}}}}"#,
            fields.join(",")
        );
        assert_eq!((answered.status, answered.text()), (400, expected), "{body}");
    }
    assert_eq!(sandbox.stored(), 0);
}

#[test]
fn nesting_ends_at_256() {
    let sandbox = start(Sandbox::builder());
    let nested = |depth: usize| format!("{{\"x\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(post_json(&sandbox, &nested(255)).status, 200);
    let answered = post_json(&sandbox, &nested(256));
    assert_eq!(answered.status, 400);
    assert_eq!(answered.text().matches("An error has occurred.").count(), 1);
    assert_eq!(post_json(&sandbox, &"[".repeat(1_000_000)).status, 400);
    assert_eq!(
        post_json(&sandbox, &format!("{{\"x\":{}", "{\"x\":".repeat(500_000))).status,
        400
    );
}

#[test]
fn what_is_lost_without_a_word_is_noted() {
    let sandbox = start(Sandbox::builder());
    for (body, kind, member, message) in [
        (
            r#"{"validUntill":"2027-01-31"}"#,
            NoteKind::UnknownMember,
            "validUntill",
            "did you mean `validUntil`?",
        ),
        (
            r#"{"colour":{"a":1}}"#,
            NoteKind::UnknownMember,
            "colour",
            "`colour` is not known and was ignored",
        ),
        (
            r#"{"bank":"a","Bank":"b"}"#,
            NoteKind::Repeated,
            "Bank",
            "the last one counts",
        ),
        (
            r#"{"estateType":7}"#,
            NoteKind::UnknownNumber,
            "estateType",
            "7 is not a listed value",
        ),
        (
            r#"{"validUntil":"2027-01-31T23:30:00Z"}"#,
            NoteKind::OtherDay,
            "validUntil",
            "2027-02-01 in Sweden",
        ),
        (
            r#"{"validUntil":"2027-01-31T00:30:00+05:00"}"#,
            NoteKind::OtherDay,
            "validUntil",
            "2027-01-30 in Sweden",
        ),
        ("null", NoteKind::NoBody, "", "no object at all"),
    ] {
        assert_eq!(post_json(&sandbox, body).status, 200, "{body}");
        let notes = sandbox.received().pop().expect("a stored request").notes;
        assert_eq!(notes.len(), 1, "{body}: {notes:?}");
        assert_eq!((notes[0].kind, notes[0].member.as_str()), (kind, member), "{body}");
        assert!(notes[0].message.contains(message), "{body}: {}", notes[0].message);
    }
    post_json(&sandbox, r#"{"bank":"b","validUntil":"2027-01-31T12:00:00+01:00"}"#);
    assert_eq!(sandbox.received().pop().expect("a stored request").notes, []);
}

#[test]
fn text_comes_in_utf_8_or_utf_16() {
    let sandbox = start(Sandbox::builder());
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let body = r#"{"bank":"å😀"}"#;
    let post = |content_type: &str, body: &[u8]| {
        send(&sandbox, "POST", LOAN_PROMISE, &[("Content-Type", content_type)], body).expect("an answer")
    };
    let answered = post("application/json; charset=utf-16", &utf16(body));
    assert_eq!(
        answered.header("content-type"),
        Some("application/json; charset=utf-16")
    );
    assert_eq!(
        answered.body,
        [[0xFF, 0xFE].as_slice(), &utf16("\"sandbox-1\"")].concat()
    );
    assert_eq!(
        post("application/json", &[[0xFF, 0xFE].as_slice(), &utf16(body)].concat()).status,
        200
    );
    for received in sandbox.received() {
        assert_eq!(received.body, json!({"bank": "å😀"}));
    }
    assert_eq!(post("application/json", b"{\"bank\":\"\xE5\"}").status, 400);
    assert_eq!(post("application/json", b"\xEF\xBB\xBF{\"bank\":\"\xE5\"}").status, 200);
}

#[test]
fn forms_bind_too() {
    let sandbox = start(Sandbox::builder());
    let post = |body: &str| {
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "*/*")];
        send(&sandbox, "POST", LOAN_PROMISE, &headers, body.as_bytes()).expect("an answer")
    };
    assert_eq!(
        post("Bank=SBAB+%C3%A5&estateId=&validUntil=2027-01-31T00:00:00Z&colour=red").status,
        200
    );
    let received = sandbox.received().pop().expect("a stored request");
    assert_eq!(
        received.body,
        json!({"bank": "SBAB å", "validUntil": "2027-01-31T01:00:00+01:00"})
    );
    assert_eq!(received.notes[0].kind, NoteKind::UnknownMember);
    let answered = post("validUntil=x&estateType=Castle");
    assert_eq!(answered.status, 400);
    assert_eq!(
        answered.text(),
        r#"{"message":"The request is invalid.","modelState":{"loanPromise.EstateType":["The value 'Castle' is not valid for EstateType."],"loanPromise.ValidUntil":["The value 'x' is not valid for ValidUntil."]}}"#
    );
}
