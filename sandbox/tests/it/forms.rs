//! Each form of a value, of a parameter and of an answer, in JSON and in XML.

use serde_json::{Value, json};
use vitec_connect::description::Description;
use vitec_connect_sandbox::{Answer, NoteKind, Sandbox};

use crate::http::{Answered, send, start};

fn description() -> Description {
    let read = vitec_connect_codegen::describe("forms.yaml", include_str!("forms.yaml"));
    read.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

fn sandbox() -> Sandbox {
    start(Sandbox::builder().document(description()))
}

fn ask(sandbox: &Sandbox, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answered {
    send(sandbox, method, target, headers, body.as_bytes()).expect("an answer")
}

const ID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";

/// A form with everything that a sender sets.
fn form() -> Value {
    json!({
        "name": "n", "zone": "z", "bytes": "AQID", "short": -3, "ratio": 1.5, "id": ID, "since": "2027-01-31T00:00:00",
        "kind": "Large", "partly": "B", "level": 5, "texts": {"k": "v", "l": ""}, "forms": {"f": {"name": "m"}},
        "kinds": ["Small", "Large"], "amounts": [1.5, 2.0], "base": {"name": "b"}, "empty": {},
    })
}

/// The same. The base class's members stand first.
fn form_as_xml() -> String {
    let entry = datacontract_name("Form");
    format!(
        "<Form xmlns=\"urn:forms\" xmlns:b=\"urn:base\" xmlns:a=\"{ARRAYS}\"><b:Name>n</b:Name><b:Zone>z</b:Zone>\
         <Amounts><a:decimal>1.5</a:decimal><a:decimal>2</a:decimal></Amounts><Base><b:Name>b</b:Name></Base>\
         <Bytes>AQID</Bytes><Empty/>\
         <Forms><a:{entry}><a:Key>f</a:Key><a:Value><b:Name>m</b:Name></a:Value></a:{entry}></Forms>\
         <Id>{ID}</Id><Kind>Large</Kind><Kinds><Kind>Small</Kind><Kind>Large</Kind></Kinds><Level>5</Level>\
         <Partly>B</Partly><Ratio>1.5</Ratio><Short>-3</Short><Since>2027-01-31T00:00:00</Since>\
         <Texts><a:KeyValueOfstringstring><a:Key>k</a:Key><a:Value>v</a:Value></a:KeyValueOfstringstring>\
         <a:KeyValueOfstringstring><a:Key>l</a:Key><a:Value/></a:KeyValueOfstringstring></Texts></Form>"
    )
}

/// An entry's name has a digest of the value's namespace.
fn datacontract_name(value: &str) -> String {
    vitec_connect::datacontract::generic::dictionary_entry(value, "urn:forms")
}

#[test]
fn each_form_of_a_member_arrives_in_json_and_in_xml() {
    let sandbox = sandbox();
    for (media_type, body) in [("application/json", form().to_string()), ("text/xml", form_as_xml())] {
        // The number is the server's to set: it is required, and not demanded.
        let answered = ask(&sandbox, "POST", "/Forms", &[("Content-Type", media_type)], &body);
        assert_eq!(answered.status, 200, "{media_type}: {}", answered.text());
        let received = sandbox.received().pop().expect("stored");
        assert_eq!((received.body, received.notes), (form(), vec![]), "{media_type}");
    }
}

#[test]
fn what_is_no_value_of_its_type_is_refused() {
    let sandbox = sandbox();
    for (member, value, element) in [
        ("bytes", json!("!"), "<Bytes>!</Bytes>"),
        ("bytes", json!(1234), "<Bytes><x/></Bytes>"),
        ("short", json!(32768), "<Short>32768</Short>"),
        ("short", json!("x"), "<Short>1.5</Short>"),
        ("ratio", json!("much"), "<Ratio>much</Ratio>"),
        (
            "id",
            json!("urn:uuid:3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
            "<Id>1</Id>",
        ),
        ("id", json!(1), "<Id/>"),
        ("kind", json!("Middle"), "<Kind>7</Kind>"),
        ("kinds", json!([null]), "<Kinds><Kind>x</Kind></Kinds>"),
        ("texts", json!([]), "<Texts>k</Texts>"),
    ] {
        let body = json!({"name": "n", member: value}).to_string();
        let answered = ask(&sandbox, "POST", "/Forms", &[("Content-Type", "text/json")], &body);
        assert_eq!(answered.status, 400, "{body}");
        assert!(
            answered.text().contains(&format!("\"form.{member}")),
            "{}",
            answered.text()
        );
        let body = format!("<Form xmlns='urn:forms'><Name xmlns='urn:base'>n</Name>{element}</Form>");
        let answered = ask(&sandbox, "POST", "/Forms", &[("Content-Type", "text/xml")], &body);
        assert_eq!(answered.status, 400, "{body}");
    }
    let missing = ask(&sandbox, "POST", "/Forms", &[("Content-Type", "text/json")], "{}");
    assert_eq!(
        missing.text(),
        r#"{"message":"The request is invalid.","modelState":{"form.Name":["The Name field is required."]}}"#
    );
}

#[test]
fn numbers_of_enumerations_are_taken_as_far_as_they_are_known() {
    let sandbox = sandbox();
    for (sent, stored, noted) in [
        (json!({"kind": 7}), json!({"kind": "Large"}), false),
        (json!({"kind": 4}), json!({"kind": 4}), true),
        (json!({"partly": 1}), json!({"partly": "A"}), false),
        // It may be that of `B`.
        (json!({"partly": 2}), json!({"partly": 2}), false),
    ] {
        let with_name = |it: &Value| {
            let mut it = it.clone();
            it["name"] = json!("n");
            it
        };
        let answered = ask(
            &sandbox,
            "POST",
            "/Forms",
            &[("Content-Type", "application/json")],
            &with_name(&sent).to_string(),
        );
        assert_eq!(answered.status, 200, "{sent}");
        let received = sandbox.received().pop().expect("stored");
        assert_eq!(received.body, with_name(&stored));
        let kinds: Vec<NoteKind> = received.notes.iter().map(|it| it.kind).collect();
        assert_eq!(
            kinds,
            if noted { vec![NoteKind::UnknownNumber] } else { vec![] },
            "{sent}"
        );
    }
}

/// What the sandbox makes up is a value of the type: it takes it back.
#[test]
fn what_is_answered_can_be_read() {
    let sandbox = sandbox();
    let description = description();
    let values = description
        .operations
        .iter()
        .filter(|it| it.path.starts_with("/Values/"));
    let operations = values.chain(description.operation("createForm"));
    for operation in operations {
        for media_type in ["application/json", "application/xml"] {
            let headers = [("Content-Type", media_type), ("Accept", media_type)];
            // Nothing is needed to be told what comes back.
            let body = match operation.id.as_str() {
                "createForm" => form().to_string(),
                _ => String::new(),
            };
            let json = [("Content-Type", "application/json"), ("Accept", media_type)];
            let first = ask(&sandbox, "POST", &operation.path, &json, &body);
            let answer = sandbox.received().pop().expect("stored").answer;
            assert_eq!(first.status, 200, "{}: {}", operation.id, first.text());
            let second = ask(&sandbox, "POST", &operation.path, &headers, &first.text());
            assert_eq!(second.status, 200, "{}: {}", operation.id, first.text());
            let received = sandbox.received().pop().expect("stored");
            let told = received
                .body
                .as_str()
                .map_or_else(|| received.body.to_string(), str::to_owned);
            // A number of an enumeration is told by its name.
            let expected = if answer == "7" { "Large" } else { &answer };
            assert_eq!((told.as_str(), received.notes), (expected, vec![]), "{}", first.text());
        }
    }
}

#[test]
fn answers_without_content_and_answers_of_bytes() {
    let sandbox = sandbox();
    let json = [("Content-Type", "application/json")];
    let of = |method: &str, tail: &str, headers: &[(&str, &str)], body: &str| {
        ask(&sandbox, method, &format!("/Forms/{ID}{tail}"), headers, body)
    };
    let put = of("PUT", "", &json, r#"{"name":"n"}"#);
    assert_eq!((put.status, put.header("content-type"), put.body.len()), (204, None, 0));
    // It need not have a body, and nobody has to be told.
    assert_eq!(of("PUT", "", &json, "").status, 204);
    assert_eq!(sandbox.received().pop().expect("stored").notes, []);
    let delete = of("DELETE", "", &[], "");
    assert_eq!(
        (delete.status, delete.header("content-type"), delete.body.len()),
        (200, None, 0)
    );
    assert_eq!(of("GET", "", &[], "").text(), r#"{"name":""}"#);
    sandbox.next(Answer::status(204));
    let none = of("GET", "", &[], "");
    assert_eq!((none.status, none.body.len()), (204, 0));

    let file = of("GET", "/File", &[("Accept", "application/pdf")], "");
    assert_eq!(
        (file.status, file.header("content-type")),
        (200, Some("application/pdf"))
    );
    assert!(file.text().starts_with("sandbox-"), "{}", file.text());
    assert_eq!(
        of("PUT", "/File", &[("Content-Type", "image/png")], "\u{1}png").status,
        204
    );
    let received = sandbox.received().pop().expect("stored");
    assert_eq!((received.raw, received.body), (b"\x01png".to_vec(), Value::Null));
    assert_eq!(received.parameters["id"], ID);
    assert_eq!(ask(&sandbox, "DELETE", "/Forms/x", &[], "").status, 400);
    let others = ask(&sandbox, "POST", &format!("/Forms/{ID}"), &[], "");
    assert_eq!((others.status, others.header("allow")), (405, Some("DELETE, GET, PUT")));
}

#[test]
fn each_form_of_a_parameter_is_understood() {
    let sandbox = sandbox();
    let target = "/forms?customerid=M1&numbers=1&Numbers=-2&kinds=small&kinds=7&kind=Large&level=5\
                  &since=2027-01-31T12:00:00.5%2B01:00&ratio=1.5&text=a%20%26&text=b&unknown=x";
    let headers = [("X-Level", "3"), ("x-trace", ID)];
    assert_eq!(ask(&sandbox, "GET", target, &headers, "").status, 200);
    let received = sandbox.received().pop().expect("stored");
    assert_eq!(
        serde_json::to_value(&received.parameters).expect("JSON"),
        json!({
            "customerId": "M1", "numbers": [1, -2], "kinds": ["Small", "Large"], "kind": "Large", "level": 5,
            "since": "2027-01-31T12:00:00.5+01:00", "ratio": 1.5, "text": "a &", "X-Level": 3, "X-Trace": ID,
        })
    );
    assert_eq!(received.notes, []);
    for (query, headers, status, complaint) in [
        ("", &headers[..], 404, "No HTTP resource was found"),
        (
            "customerId=M1",
            &headers[1..],
            400,
            r#""X-Level":["The X-Level field is required."]"#,
        ),
        (
            "customerId=M1",
            &[("X-Level", "high")],
            400,
            r#""X-Level":["The value 'high' is not valid for Int32."]"#,
        ),
        (
            "customerId=M1&numbers=1&numbers=x",
            &headers,
            400,
            r#""numbers":["The value 'x' is not valid for Int64."]"#,
        ),
        (
            "customerId=M1&kind=Middle",
            &headers,
            400,
            r#""kind":["The value 'Middle' is not valid for Nullable`1."]"#,
        ),
    ] {
        let answered = ask(&sandbox, "GET", &format!("/Forms?{query}"), headers, "");
        assert_eq!(answered.status, status, "{query}");
        assert!(answered.text().contains(complaint), "{}", answered.text());
    }
}

/// The vendor has such paths.
#[test]
fn of_paths_that_differ_in_a_parameters_name_the_plural_takes_lists() {
    let sandbox = sandbox();
    for (id, operation) in [("a", "getPlace"), ("a,b", "getPlaces")] {
        assert_eq!(ask(&sandbox, "GET", &format!("/Places/{id}"), &[], "").status, 204);
        assert_eq!(sandbox.received().pop().expect("stored").operation, operation);
    }
}

#[test]
fn the_customer_in_the_query_is_the_one_whose_password_counts() {
    let builder = Sandbox::builder().document(description());
    let sandbox = start(builder.customer("M1", "partner", "one").forbidden("M2"));
    let one = crate::http::authorization("partner", "one");
    for (customer, status) in [("M1", 200), ("M2", 403), ("M3", 403)] {
        let headers = [("X-Level", "1"), ("Authorization", one.as_str())];
        let answered = ask(&sandbox, "GET", &format!("/Forms?customerId={customer}"), &headers, "");
        assert_eq!(answered.status, status, "{customer}");
    }
}
