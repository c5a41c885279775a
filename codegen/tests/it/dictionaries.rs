//! The pairs of a dictionary are named as the real DataContractSerializer names them (observed on Mono and .NET 8).

use vitec_connect_codegen::describe;
use vitec_connect_description::{Shape, Type};

use crate::{DOCUMENT, FILE};

const SCHEMAS: &str = "    Person:
      type: object
      properties: {name: {type: string, xml: {name: Name}}}
      xml: {namespace: http://schemas.datacontract.org/2004/07/N.A}
    Color:
      type: string
      enum: [Red]
      xml: {namespace: http://schemas.datacontract.org/2004/07/N.A}
    Registry:
      type: object
      xml: {namespace: http://schemas.datacontract.org/2004/07/N.B}
      properties:
        texts: {type: object, additionalProperties: {type: string}, xml: {name: Texts}}
        guids: {type: object, additionalProperties: {type: string, format: uuid}, xml: {name: Guids}}
        people: {type: object, additionalProperties: {$ref: \"#/components/schemas/Person\"}, xml: {name: People}}
        colors: {type: object, additionalProperties: {$ref: \"#/components/schemas/Color\"}, xml: {name: Colors}}
        lists: {type: object, additionalProperties: {type: array, items: {type: string}}, xml: {name: Lists}}
        nested:
          type: object
          additionalProperties: {type: object, additionalProperties: {$ref: \"#/components/schemas/Person\"}}
          xml: {name: Nested}
";

#[test]
fn pairs_are_named_as_dotnet_names_them() {
    let text = DOCUMENT.replacen("    Answer:\n", &format!("{SCHEMAS}    Answer:\n"), 1);
    let description = describe(FILE, &text).unwrap();
    let Shape::Object { members, .. } = &description.schemas["Registry"].shape else {
        panic!("an object");
    };
    let pairs = members.iter().map(|member| match &member.ty {
        Type::Dictionary(item) => (member.json.as_str(), item.xml.name.as_str()),
        other => panic!("{}: {other:?}", member.json),
    });
    assert_eq!(
        pairs.collect::<Vec<_>>(),
        [
            ("colors", "KeyValueOfstringColoruXm_PPMpk"),
            ("guids", "KeyValueOfstringguid"),
            ("lists", "KeyValueOfstringArrayOfstringty7Ep6D1"),
            (
                "nested",
                "KeyValueOfstringArrayOfKeyValueOfstringPersonuXm_PPMpkty7Ep6D1"
            ),
            ("people", "KeyValueOfstringPersonuXm_PPMpk"),
            ("texts", "KeyValueOfstringstring"),
        ]
    );
}
