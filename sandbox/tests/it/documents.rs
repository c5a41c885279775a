//! A document that has grown: nested objects, lists, numbers, booleans, other namespaces, GET, query parameters.

use serde::Deserialize;
use serde_json::{Value, json};
use vitec_connect::description::Description;
use vitec_connect_sandbox::{NoteKind, Sandbox};

use crate::http::{Answered, send, start};

fn document() -> String {
    json!({
        "openapi": "3.0.3",
        "info": {"title": "People", "version": "1"},
        "servers": [{"url": "https://people.example"}],
        "paths": {
            "/Office/{customerId}/People": {
                "post": {
                    "operationId": "createPerson",
                    "parameters": [{"name": "customerId", "in": "path", "required": true, "schema": {"type": "string"}}],
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}}},
                    "responses": {"200": {"description": "d", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}}}}
                },
                "get": {
                    "operationId": "listPeople",
                    "parameters": [
                        {"name": "customerId", "in": "path", "required": true, "schema": {"type": "string"}},
                        {"name": "from", "in": "query", "required": true, "schema": {"type": "integer", "format": "int32"}},
                        {"name": "active", "in": "query", "schema": {"type": "boolean"}}
                    ],
                    "responses": {"200": {"description": "d", "content": {"application/json": {
                        "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}},
                        "example": [{"name": "n", "tags": ["t"]}]
                    }}}}
                }
            },
            "/Office/{customerId}/Many": {"post": {
                "operationId": "createPeople",
                "parameters": [{"name": "customerId", "in": "path", "required": true, "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Person"}}}}},
                "responses": {"204": {"description": "done"}}
            }}
        },
        "components": {"schemas": {
            "Person": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "xml": {"name": "Name"}},
                    "age": {"type": "integer", "format": "int32", "xml": {"name": "Age"}},
                    "loan": {"type": "number", "format": "double", "xml": {"name": "Loan"}},
                    "id": {"type": "integer", "format": "int64", "xml": {"name": "Id"}},
                    "ratio": {"type": "number", "format": "double", "xml": {"name": "Ratio"}},
                    "active": {"type": "boolean", "xml": {"name": "Active"}},
                    "partner": {"allOf": [{"$ref": "#/components/schemas/Person"}], "xml": {"name": "Partner"}},
                    "home": {"allOf": [{"$ref": "#/components/schemas/Address"}], "xml": {"name": "Home"}},
                    "tags": {"type": "array", "items": {"type": "string"}, "xml": {"name": "Tags"}},
                    "sizes": {"type": "array", "items": {"type": "integer", "format": "int32"}, "xml": {"name": "Sizes"}},
                    "others": {"type": "array", "items": {"$ref": "#/components/schemas/Address"}, "xml": {"name": "Others"}}
                },
                "xml": {"name": "Person", "namespace": "urn:people"}
            },
            "Address": {
                "type": "object",
                "properties": {
                    "street": {"type": "string", "xml": {"name": "Street"}},
                    "city": {"type": "string", "xml": {"name": "City"}}
                },
                "xml": {"name": "Address", "namespace": "urn:places"}
            }
        }}
    })
    .to_string()
}

fn description() -> Description {
    vitec_connect_codegen::describe("people.json", &document()).expect("a fine document")
}

fn post(sandbox: &Sandbox, target: &str, media_type: &str, body: &str) -> Answered {
    send(
        sandbox,
        "POST",
        target,
        &[("Content-Type", media_type)],
        body.as_bytes(),
    )
    .expect("an answer")
}

/// A person with everything.
fn person() -> Value {
    json!({
        "name": "n", "age": 3, "loan": 1_500_000.5, "id": 9_007_199_254_740_993_i64, "ratio": 0.5, "active": true,
        "partner": {"name": "p"}, "home": {"street": "s", "city": "c"},
        "tags": ["a", "b"], "sizes": [1, 2], "others": [{"city": "x"}, {}]
    })
}

const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";

fn person_as_xml() -> String {
    format!(
        "<Person xmlns=\"urn:people\" xmlns:a=\"urn:places\" xmlns:b=\"{ARRAYS}\">\
         <Active>true</Active><Age>3</Age>\
         <Home><a:City>c</a:City><a:Street>s</a:Street></Home>\
         <Id>9007199254740993</Id><Loan>1500000.5</Loan><Name>n</Name>\
         <Others><a:Address><a:City>x</a:City></a:Address><a:Address/></Others>\
         <Partner><Name>p</Name></Partner><Ratio>0.5</Ratio>\
         <Sizes><b:int>1</b:int><b:int>2</b:int></Sizes>\
         <Tags><b:string>a</b:string><b:string>b</b:string></Tags></Person>"
    )
}

#[test]
fn json_and_xml_arrive_as_the_same_object() {
    let sandbox = start(Sandbox::builder().document(description()));
    let target = "/Office/M1/People";
    assert_eq!(
        post(&sandbox, target, "application/json", &person().to_string()).status,
        200
    );
    let answered = post(&sandbox, target, "application/xml", &person_as_xml());
    assert_eq!(answered.status, 200, "{}", answered.text());
    let received = sandbox.received();
    assert_eq!(received[0].body, person());
    assert_eq!(received[1].body, person());
    assert_eq!(received[1].notes, []);
    assert_eq!(received[1].operation, "createPerson");

    #[derive(Deserialize)]
    struct Person {
        age: i32,
        tags: Vec<String>,
    }
    let person: Person = received[1].body_as().expect("a person");
    assert_eq!((person.age, person.tags.len()), (3, 2));
}

#[test]
fn answers_are_made_from_the_document() {
    let sandbox = start(Sandbox::builder().document(description()));
    let answered = post(&sandbox, "/Office/M1/People", "application/json", r#"{"name":"n"}"#);
    assert_eq!(answered.text(), r#"{"name":""}"#);
    let get =
        |target: &str, accept: &str| send(&sandbox, "GET", target, &[("Accept", accept)], b"").expect("an answer");
    assert_eq!(
        get("/office/m1/people?FROM=1&active=True", "*/*").text(),
        r#"[{"name":"n","tags":["t"]}]"#
    );
    let xml = get("/Office/M1/People?from=1", "application/xml").text();
    assert!(xml.starts_with("<ArrayOfPerson xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns=\"urn:people\"><Person><Active i:nil=\"true\"/>"), "{xml}");
    assert!(
        xml.contains(&format!(
            "<Tags><string xmlns=\"{ARRAYS}\">t</string></Tags></Person></ArrayOfPerson>"
        )),
        "{xml}"
    );
    assert_eq!(sandbox.received()[1].parameters["from"], 1);

    let many = "<ArrayOfPerson xmlns='urn:people'><Person><Name>n</Name></Person></ArrayOfPerson>";
    let answered = post(&sandbox, "/Office/M1/Many", "text/xml", many);
    assert_eq!((answered.status, answered.body.len()), (204, 0));
    assert_eq!(sandbox.received().pop().expect("stored").body, json!([{"name": "n"}]));
}

#[test]
fn parameters_are_checked() {
    let sandbox = start(Sandbox::builder().document(description()));
    let get = |target: &str| send(&sandbox, "GET", target, &[], b"").expect("an answer");
    assert_eq!(get("/Office/M1/People").status, 404);
    let answered = get("/Office/M1/People?from=x&active=maybe");
    assert_eq!(answered.status, 400);
    assert_eq!(
        answered.text(),
        r#"{"message":"The request is invalid.","modelState":{"from":["The value 'x' is not valid for Int32."],"active":["The value 'maybe' is not valid for Nullable`1."]}}"#
    );
    let answered = send(&sandbox, "DELETE", "/Office/M1/People", &[], b"").expect("an answer");
    assert_eq!((answered.status, answered.header("allow")), (405, Some("GET, POST")));
}

#[test]
fn paths_lead_into_nested_values() {
    let sandbox = start(Sandbox::builder().document(description()));
    for (body, fields) in [
        // By Json.NET's public source: each level that fails to read on complains again.
        (
            r#"{"name":"n","home":{"city":{}}}"#,
            r#""person.home.city":["An error has occurred.","An error has occurred.","An error has occurred."]"#,
        ),
        (
            r#"{"name":"n","sizes":[1,"x",3,"y"]}"#,
            r#""person.sizes[1]":["An error has occurred."],"person.sizes[3]":["An error has occurred."]"#,
        ),
        (
            r#"{"name":"n","others":[{},{"city":"c","street":"s"},5]}"#,
            r#""person.others[2]":["An error has occurred."]"#,
        ),
        (
            r#"{"name":"n","tags":{"a":1}}"#,
            r#""person.tags.a":["An error has occurred."]"#,
        ),
        (
            r#"{"name":"n","age":1.5}"#,
            r#""person.age":["An error has occurred."]"#,
        ),
        (
            r#"{"name":"n","active":"maybe"}"#,
            r#""person.active":["An error has occurred."]"#,
        ),
        (
            r#"{"age":3,"partner":{}}"#,
            r#""person.Name":["The Name field is required."],"person.Partner.Name":["The Name field is required."]"#,
        ),
    ] {
        let answered = post(&sandbox, "/Office/M1/People", "application/json", body);
        let expected = format!(r#"{{"message":"The request is invalid.","modelState":{{{fields}}}}}"#);
        assert_eq!((answered.status, answered.text()), (400, expected), "{body}");
    }
    for (body, expected) in [
        (
            r#"{"name":"n","home":{"city":"c"},"home":{"street":"s"}}"#,
            json!({"name": "n", "home": {"city": "c", "street": "s"}}),
        ),
        (
            r#"{"name":"n","age":"7","active":1,"loan":"1,500.5","id":"8","ratio":2}"#,
            json!({"name": "n", "age": 7, "active": true, "loan": 1500.5, "id": 8, "ratio": 2.0}),
        ),
        (
            r#"{"name":"n","tags":["a",null,1,],"sizes":[]}"#,
            json!({"name": "n", "tags": ["a", null, "1"], "sizes": []}),
        ),
    ] {
        assert_eq!(
            post(&sandbox, "/Office/M1/People", "application/json", body).status,
            200,
            "{body}"
        );
        assert_eq!(sandbox.received().pop().expect("stored").body, expected, "{body}");
    }
}

#[test]
fn a_lost_nested_member_is_noted_with_its_path() {
    let sandbox = start(Sandbox::builder().document(description()));
    let body = "<Person xmlns='urn:people'><Home xmlns:a='urn:places'><a:Street>s</a:Street><a:City>c</a:City></Home><Name>n</Name><Tags><string>t</string></Tags></Person>";
    assert_eq!(post(&sandbox, "/Office/M1/People", "text/xml", body).status, 200);
    let received = sandbox.received().pop().expect("stored");
    assert_eq!(received.body, json!({"name": "n", "home": {"street": "s"}, "tags": []}));
    let notes: Vec<(NoteKind, &str)> = received
        .notes
        .iter()
        .map(|note| (note.kind, note.member.as_str()))
        .collect();
    assert_eq!(
        notes,
        [(NoteKind::OutOfOrder, "Home.City"), (NoteKind::UnknownMember, "Tags")]
    );
}
