//! The document's examples are the help page's samples, and what its own models write and read.

use serde_json::{Value, json};
use vitec_connect::{LoanPromise, datacontract};

fn document() -> Value {
    serde_json::from_str(vitec_connect::OPENAPI_JSON).unwrap()
}

fn example(name: &str) -> Value {
    document()["components"]["examples"][name]["value"].clone()
}

#[test]
fn the_examples_are_the_help_pages_samples() {
    let page: Value = serde_json::from_str(include_str!("samples/help_page.json")).unwrap();
    assert_eq!(example("LoanPromiseJson"), page);
    let in_order = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(in_order(&example("LoanPromiseJson")), in_order(&page));
    assert_eq!(
        example("LoanPromiseXml").as_str().unwrap(),
        include_str!("samples/help_page.xml").trim_end()
    );
    assert_eq!(example("AnswerJson"), "sample string 1");
    assert_eq!(
        example("AnswerXml"),
        r#"<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">sample string 1</string>"#
    );
}

#[test]
fn the_examples_are_of_their_schemas() {
    let from_json: LoanPromise = serde_json::from_value(example("LoanPromiseJson")).unwrap();
    let from_xml: LoanPromise =
        datacontract::from_slice(example("LoanPromiseXml").as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(from_json, from_xml);
    assert_eq!(serde_json::to_value(&from_xml).unwrap(), example("LoanPromiseJson"));
    let answer: String = datacontract::from_slice(example("AnswerXml").as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(answer, example("AnswerJson"));

    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        // In OpenAPI 3.0 a JSON Schema of draft 4, more or less: nothing here is read differently.
        let whole = json!({"components": document["components"], "allOf": [schema]});
        let validator = jsonschema::draft4::new(&whole).unwrap();
        let values = match name.as_str() {
            "LoanPromise" => vec![example("LoanPromiseJson")],
            "Answer" => vec![example("AnswerJson")],
            _ => schema.get("example").cloned().into_iter().collect(),
        };
        for value in values {
            validator
                .validate(&value)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
