//! What is written reads back as it was, and what reads comes out as it went in.

use proptest::prelude::*;
use vitec_connect::{LoanPromise, LoanPromiseEstateType, LoanPromiseFinancing, LoanPromiseStatus, datacontract};

use crate::arbitrary::{config, promise};
use crate::payloads::promises;
use crate::snapshot::snapshot;

const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer";

fn read(xml: &str) -> Result<LoanPromise, datacontract::Error> {
    datacontract::from_slice(xml.as_bytes())
}

/// JSON to model to JSON, and the model's own way round.
fn through_json(promise: &LoanPromise) {
    let json = serde_json::to_string(promise).unwrap();
    let back: LoanPromise = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), json);
    assert_eq!(
        serde_json::to_value(&back).unwrap(),
        serde_json::from_str::<serde_json::Value>(&json).unwrap()
    );
}

/// XML to model to XML.
fn through_xml(promise: &LoanPromise) -> LoanPromise {
    let xml = datacontract::to_vec(promise).unwrap();
    let back: LoanPromise = datacontract::from_slice(&xml).unwrap();
    assert_eq!(datacontract::to_vec(&back).unwrap(), xml);
    back
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn json(promise in promise(true, true)) {
        through_json(&promise);
        let back: LoanPromise = serde_json::from_slice(&serde_json::to_vec(&promise).unwrap()).unwrap();
        prop_assert_eq!(back, promise);
    }

    #[test]
    fn xml(promise in promise(true, false)) {
        prop_assert_eq!(through_xml(&promise), promise);
    }

    #[test]
    fn json_and_xml_say_the_same(promise in promise(true, false)) {
        let json: LoanPromise = serde_json::from_slice(&serde_json::to_vec(&promise).unwrap()).unwrap();
        let xml: LoanPromise = datacontract::from_slice(&datacontract::to_vec(&promise).unwrap()).unwrap();
        prop_assert_eq!(json, xml);
    }

    #[test]
    fn members_of_xml_may_come_in_any_order(
        promise in promise(true, false),
        order in Just((0..6).collect::<Vec<usize>>()).prop_shuffle(),
        prefix in "(p:)?",
    ) {
        let xml = String::from_utf8(datacontract::to_vec(&promise).unwrap()).unwrap();
        let names = ["Bank", "EstateId", "EstateType", "Financing", "Status", "ValidUntil"];
        let mut shuffled = String::new();
        for index in order {
            // A `<` in a text is escaped, so this finds elements only.
            let name = names[index];
            let found = xml.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
            if let Some((content, _)) = found {
                shuffled.push_str(&format!("\n  <{prefix}{name}>{content}</{prefix}{name}>"));
            }
        }
        let declared = prefix.replace("p:", ":p");
        let xml = format!("<{prefix}LoanPromise xmlns{declared}=\"{NAMESPACE}\">{shuffled}\n</{prefix}LoanPromise>");
        prop_assert_eq!(read(&xml).unwrap(), promise);
    }
}

/// XML cannot carry one.
fn has_unlisted_number(promise: &LoanPromise) -> bool {
    // A listed one, read, is its name.
    let promise: LoanPromise = serde_json::from_value(serde_json::to_value(promise).unwrap()).unwrap();
    matches!(promise.estate_type, Some(LoanPromiseEstateType::UnlistedValue(_)))
        || matches!(promise.financing, Some(LoanPromiseFinancing::UnlistedValue(_)))
        || matches!(promise.status, Some(LoanPromiseStatus::UnlistedValue(_)))
}

#[test]
fn every_named_case() {
    for case in promises() {
        through_json(&case.promise);
        match has_unlisted_number(&case.promise) || case.group == "forbidden_characters" {
            true => assert!(datacontract::to_vec(&case.promise).is_err(), "{}", case.name),
            false => drop(through_xml(&case.promise)),
        }
    }
}

#[test]
fn null_is_a_member_that_is_not_set() {
    let json = r#"{"bank":null,"estateId":null,"estateType":null,"financing":null,"status":null,"validUntil":null}"#;
    assert_eq!(
        serde_json::from_str::<LoanPromise>(json).unwrap(),
        LoanPromise::default()
    );
    let members = ["Bank", "EstateId", "EstateType", "Financing", "Status", "ValidUntil"]
        .map(|name| format!(r#"<{name} i:nil="true"/>"#))
        .concat();
    let xml = format!(
        r#"<LoanPromise xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="{NAMESPACE}">{members}</LoanPromise>"#
    );
    assert_eq!(read(&xml).unwrap(), LoanPromise::default());
}

/// Found by fuzzing: written as JSON, it came back as the listed name, which is another value.
#[test]
fn a_listed_name_in_another_case_is_no_unlisted_name() {
    let promise = LoanPromise::builder()
        .financing(LoanPromiseFinancing::Unlisted("UnknowN".to_owned()))
        .build();
    let json = serde_json::to_string(&promise).unwrap_err().to_string();
    let xml = datacontract::to_vec(&promise).unwrap_err().to_string();
    assert!(json.contains("in another case"), "{json}");
    assert!(xml.contains("in another case"), "{xml}");
    assert_eq!("UnknowN".parse(), Ok(LoanPromiseFinancing::Unknown));
}

/// A document that says anything else than a loan promise does is an error, which says where.
#[test]
fn strict_about_xml() {
    let of = |members: &str| format!("<LoanPromise xmlns=\"{NAMESPACE}\">{members}</LoanPromise>");
    let cases = [
        ("unknown member", of("<Bnk>a</Bnk>")),
        ("member in another case", of("<bank>a</bank>")),
        ("member in another namespace", of("<Bank xmlns=\"urn:other\">a</Bank>")),
        ("member in no namespace", of("<Bank xmlns=\"\">a</Bank>")),
        ("member twice", of("<Bank>a</Bank><Bank>a</Bank>")),
        (
            "member twice, first nil",
            of("<Bank xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"/><Bank>a</Bank>"),
        ),
        (
            "object reference",
            of(
                "<Bank xmlns:z=\"http://schemas.microsoft.com/2003/10/Serialization/\" z:Id=\"2\">SBAB</Bank>\
                <EstateId xmlns:z=\"http://schemas.microsoft.com/2003/10/Serialization/\" z:Ref=\"2\" \
                xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"/>",
            ),
        ),
        ("another root", format!("<LoanPromises xmlns=\"{NAMESPACE}\"/>")),
        (
            "root in another namespace",
            "<LoanPromise xmlns=\"urn:other\"/>".to_owned(),
        ),
        ("root in no namespace", "<LoanPromise/>".to_owned()),
        ("text after the root", of("") + "a"),
        ("second root", of("") + &of("")),
        ("text before the root", "a".to_owned() + &of("")),
        ("text between members", of("<Bank>a</Bank>b")),
        ("element in a text", of("<Bank>a<b/></Bank>")),
        ("empty date", of("<ValidUntil/>")),
        ("no date", of("<ValidUntil>tomorrow</ValidUntil>")),
        ("empty name", of("<EstateType/>")),
        ("number as a name", of("<EstateType>1</EstateType>")),
        ("name in another case", of("<EstateType>house</EstateType>")),
        ("space around a name", of("<EstateType> House</EstateType>")),
        ("DOCTYPE", "<!DOCTYPE LoanPromise>".to_owned() + &of("")),
        ("undefined entity", of("<Bank>&nbsp;</Bank>")),
        ("forbidden character", of("<Bank>\u{1}</Bank>")),
        ("undeclared prefix", of("<p:Bank>a</p:Bank>")),
        (
            "not closed",
            format!("<LoanPromise xmlns=\"{NAMESPACE}\"><Bank>a</Bank>"),
        ),
        ("closed wrongly", of("<Bank>a</Bnk>")),
        ("empty", String::new()),
        ("JSON", "{}".to_owned()),
    ];
    let text: String = cases
        .iter()
        .map(|(name, xml)| format!("{name}: {}\n", read(xml).expect_err(name)))
        .collect();
    snapshot("loan_promise__strict_xml", &text);
}

#[test]
fn what_means_the_same_in_xml_reads_the_same() {
    let bank = |xml: &str| read(xml).unwrap().bank;
    let of = |content: &str| format!("<LoanPromise xmlns=\"{NAMESPACE}\"><Bank>{content}</Bank></LoanPromise>");
    assert_eq!(bank(&of("a<![CDATA[<&]]>b")).as_deref(), Some("a<&b"));
    assert_eq!(bank(&of("a<!-- c -->b")).as_deref(), Some("ab"));
    assert_eq!(bank(&of("&#xD;&#13;&#x1F3E1;")).as_deref(), Some("\r\r🏡"));
    // DataContractSerializer itself writes control characters so, though XML 1.0 forbids them.
    assert_eq!(bank(&of("&#x1;")).as_deref(), Some("\u{1}"));
    // XML 1.0, section 2.11.
    assert_eq!(bank(&of("a\r\nb\rc")).as_deref(), Some("a\nb\nc"));
    assert_eq!(bank(&of("")).as_deref(), Some(""));
    assert_eq!(
        bank(&format!(
            "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{}\n<!-- -->",
            of("a")
        ))
        .as_deref(),
        Some("a")
    );
}
