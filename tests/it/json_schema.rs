//! The JSON Schema that the generated models derive says the same as the document.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vitec_connect::{LoanPromise, OPENAPI_JSON};

fn document() -> Value {
    serde_json::from_str(OPENAPI_JSON).unwrap()
}

fn derived() -> Value {
    serde_json::to_value(schemars::schema_for!(LoanPromise)).unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The schema behind a `$ref` into `root`, directly or as the one part of an `allOf`, or beside `null` in an `anyOf`.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = ["allOf", "anyOf"]
        .iter()
        .filter_map(|it| schema[*it].as_array())
        .flatten()
        .chain([schema])
        .find_map(|it| it["$ref"].as_str());
    reference.map_or(schema, |it| root.pointer(it.strip_prefix('#').unwrap()).unwrap())
}

/// Whether a schema that may be `null` says so, and its type without that.
fn type_and_null(schema: &Value) -> (Option<&str>, bool) {
    match &schema["type"] {
        Value::Array(types) => {
            let is_null = |it: &&Value| **it != json!("null");
            (
                types.iter().find(is_null).and_then(Value::as_str),
                types.contains(&json!("null")),
            )
        }
        Value::String(it) => (Some(it), false),
        _ => (
            None,
            schema["anyOf"]
                .as_array()
                .is_some_and(|it| it.contains(&json!({"type": "null"}))),
        ),
    }
}

#[test]
fn the_members_are_the_documents() {
    let (document, derived) = (document(), derived());
    let schema = &document["components"]["schemas"]["LoanPromise"];
    assert_eq!(derived["title"], "LoanPromise");
    assert_eq!(derived["type"], schema["type"]);
    assert_eq!(keys(&derived["properties"]), keys(&schema["properties"]));
    assert!(keys(&schema["properties"]).len() >= 6);

    let required = |name: &str| {
        schema["required"]
            .as_array()
            .is_some_and(|it| it.contains(&json!(name)))
    };
    for (name, member) in schema["properties"].as_object().unwrap() {
        let found = &derived["properties"][name];
        let (kind, may_be_null) = type_and_null(found);
        assert_eq!(may_be_null, !required(name), "{name}: {found}");
        assert_eq!(
            found["description"].as_str().map(str::trim),
            member["description"].as_str().map(str::trim),
            "{name}"
        );
        let whole = match member.get("allOf") {
            Some(_) => resolved(&document, member),
            None => member,
        };
        match whole.get("enum") {
            Some(names) => {
                let open = &resolved(&derived, found)["anyOf"];
                assert_eq!(open[0]["type"], whole["type"], "{name}");
                assert_eq!(open[0]["enum"], *names, "{name}: the same names, in the same order");
                assert_eq!(
                    (&open[1]["type"], &open[2]["type"]),
                    (&json!("string"), &json!("integer")),
                    "{name}"
                );
            }
            None if member.get("allOf").is_none() => {
                assert_eq!(kind, member["type"].as_str(), "{name}");
                assert_eq!(found.get("format"), member.get("format"), "{name}");
            }
            // A type of its own.
            None => {}
        }
    }
}

#[test]
fn nothing_is_required() {
    assert_eq!(document()["components"]["schemas"]["LoanPromise"].get("required"), None);
    assert_eq!(derived().get("required"), None);
}

/// What the schema takes is what the model reads.
#[test]
fn instances() {
    let schema = derived();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let document = document();
    let valid = [
        json!({}),
        document["components"]["examples"]["LoanPromiseJson"]["value"].clone(),
        json!({"bank": "", "estateId": "å"}),
        json!({"bank": null, "validUntil": null, "estateType": null, "estateId": null, "status": null, "financing": null}),
        json!({"estateType": "House", "status": "PreApprovalVerifiedByBank", "financing": "Other"}),
        json!({"estateType": "TerracedHouse"}),
        json!({"estateType": "Radhus å"}),
        json!({"estateType": 0}),
        json!({"estateType": 1, "status": -1, "financing": i32::MAX}),
        json!({"validUntil": "2027-01-31T00:00:00Z"}),
    ];
    for instance in &valid {
        assert!(
            validator.is_valid(instance),
            "{instance}: {:?}",
            validator.validate(instance)
        );
        let promise: LoanPromise = serde_json::from_value(instance.clone()).unwrap();
        let written = serde_json::to_value(promise).unwrap();
        assert!(validator.is_valid(&written), "{written}");
    }
    let invalid = [
        json!([]),
        json!("House"),
        json!({"bank": 1}),
        json!({"bank": {}}),
        json!({"estateType": ""}),
        json!({"estateType": " House"}),
        json!({"estateType": "House "}),
        json!({"estateType": "Apartment,Cottage"}),
        json!({"estateType": "-x"}),
        json!({"estateType": true}),
        json!({"estateType": 1.5}),
        json!({"estateType": []}),
        json!({"validUntil": 20270131}),
        json!({"validUntil": "tomorrow"}),
        json!({"validUntil": "2027-02-30T00:00:00Z"}),
    ];
    for instance in &invalid {
        assert!(!validator.is_valid(instance), "{instance}");
        assert!(
            serde_json::from_value::<LoanPromise>(instance.clone()).is_err(),
            "{instance}"
        );
    }
}
