//! The real DataContractSerializer and Json.NET understand every payload as it is meant, and what they write reads back.

use serde_json::{Value, json};
use vitec_connect::description::Type;
use vitec_connect::{LoanPromise, datacontract, description};
use vitec_connect_judge::Judge;

use crate::arbitrary::{promise, some};
use crate::payloads::promises;
use crate::snapshot::snapshot;

const TYPE: &str = "LoanPromise";
const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer";

/// What .NET holds when it has understood a loan promise, in the judge's own form.
fn meant(promise: &LoanPromise) -> Value {
    let ty = Type::Schema(TYPE.to_owned());
    vitec_connect_judge::meant(description(), &ty, &serde_json::to_value(promise).unwrap())
}

fn to_xml(promise: &LoanPromise) -> Vec<u8> {
    datacontract::to_vec(promise).unwrap()
}

fn to_json(promise: &LoanPromise) -> Vec<u8> {
    serde_json::to_vec(promise).unwrap()
}

/// Whether an enumeration has a name that is not in the judge's model.
fn has_unlisted_name(promise: &LoanPromise) -> bool {
    use vitec_connect::{LoanPromiseEstateType, LoanPromiseFinancing, LoanPromiseStatus};
    matches!(promise.estate_type, Some(LoanPromiseEstateType::Unlisted(_)))
        || matches!(promise.financing, Some(LoanPromiseFinancing::Unlisted(_)))
        || matches!(promise.status, Some(LoanPromiseStatus::Unlisted(_)))
}

#[test]
fn every_named_payload_is_understood() {
    for mut judge in Judge::for_xml(description()).unwrap() {
        every_named_payload_is_understood_by(&mut judge);
    }
}

fn every_named_payload_is_understood_by(judge: &mut Judge) {
    let (mut understood, mut refused) = (0, 0);
    for case in promises() {
        let name = format!("{}: {}", case.group, case.name);
        let json = judge
            .knows_json()
            .then(|| judge.read_json(TYPE, &to_json(&case.promise)));
        let xml = datacontract::to_vec(&case.promise)
            .ok()
            .map(|xml| judge.read_xml(TYPE, &xml));
        if has_unlisted_name(&case.promise) {
            assert!(
                json.is_none_or(|it| it.is_err()) && xml.is_some_and(|it| it.is_err()),
                "{name}: an unlisted name is refused, not lost"
            );
            refused += 1;
            continue;
        }
        if let Some(json) = json {
            assert_eq!(json.unwrap(), meant(&case.promise), "{name}, JSON");
        }
        if let Some(xml) = xml {
            assert_eq!(xml.unwrap(), meant(&case.promise), "{name}, XML");
            understood += 1;
        }
    }
    assert!(
        understood > 100 && refused == 4,
        "{understood} understood, {refused} refused"
    );
}

#[test]
fn generated_promises_are_understood() {
    for mut judge in Judge::for_xml(description()).unwrap() {
        for promise in some(&promise(false, false), 400) {
            assert_eq!(judge.read_xml(TYPE, &to_xml(&promise)).unwrap(), meant(&promise), "XML");
        }
    }
    let Some(mut judge) = Judge::start(description()).unwrap() else {
        return;
    };
    for promise in some(&promise(false, false), 400) {
        assert_eq!(
            judge.read_json(TYPE, &to_json(&promise)).unwrap(),
            meant(&promise),
            "JSON"
        );
    }
    for promise in some(&promise(false, true), 100) {
        assert_eq!(
            judge.read_json(TYPE, &to_json(&promise)).unwrap(),
            meant(&promise),
            "JSON with numbers"
        );
    }
}

#[test]
fn unlisted_names_are_refused_and_not_lost() {
    let Some(mut judge) = Judge::start(description()).unwrap() else {
        return;
    };
    for promise in some(&promise(true, false), 100)
        .iter()
        .filter(|it| has_unlisted_name(it))
    {
        judge.read_xml(TYPE, &to_xml(promise)).unwrap_err();
        judge.read_json(TYPE, &to_json(promise)).unwrap_err();
    }
}

/// The serializer's writer turns every line end into the machine's own, which is a line feed under Mono.
fn with_line_feeds(promise: &LoanPromise) -> LoanPromise {
    let line_feeds = |text: String| text.replace("\r\n", "\n").replace('\r', "\n");
    let mut promise = promise.clone();
    promise.bank = promise.bank.map(line_feeds);
    promise.estate_id = promise.estate_id.map(line_feeds);
    promise
}

#[test]
fn what_the_serializers_write_reads_back() {
    for mut judge in Judge::for_xml(description()).unwrap() {
        what_it_writes_reads_back(&mut judge);
    }
}

fn what_it_writes_reads_back(judge: &mut Judge) {
    let named = promises()
        .into_iter()
        .map(|it| it.promise)
        .filter(|it| !has_unlisted_name(it));
    for promise in named.chain(some(&promise(false, false), 400)) {
        let value = meant(&promise);
        if judge.knows_json() {
            let json = judge.write_json(TYPE, &value).unwrap();
            let read: LoanPromise = serde_json::from_slice(&json).unwrap();
            assert_eq!(meant(&read), value, "{}", String::from_utf8_lossy(&json));
        }

        // The serializer cannot write an unlisted number either.
        match judge.write_xml(TYPE, &value) {
            Err(error) => {
                assert!(error.starts_with("SerializationException: Enum value"), "{error}");
                datacontract::to_vec(&promise).unwrap_err();
            }
            Ok(xml) => {
                let read: LoanPromise = datacontract::from_slice(&xml).unwrap();
                let expected = meant(&with_line_feeds(&promise));
                assert_eq!(meant(&read), expected, "{}", String::from_utf8_lossy(&xml));
            }
        }
    }
}

#[test]
fn null_members_are_written_as_nil_and_read_as_not_set() {
    let Some(mut judge) = Judge::start(description()).unwrap() else {
        return;
    };
    let xml = judge.write_xml(TYPE, &json!({})).unwrap();
    let text = String::from_utf8(xml.clone()).unwrap();
    let members = description().members(&Type::Schema(TYPE.to_owned())).len();
    assert_eq!(text.matches(r#" i:nil="true" />"#).count(), members, "{text}");
    assert_eq!(
        datacontract::from_slice::<LoanPromise>(&xml).unwrap(),
        LoanPromise::default()
    );
    let json = judge.write_json(TYPE, &json!({})).unwrap();
    assert_eq!(
        String::from_utf8(json.clone()).unwrap().matches(":null").count(),
        members
    );
    assert_eq!(
        serde_json::from_slice::<LoanPromise>(&json).unwrap(),
        LoanPromise::default()
    );
}

/// Why our writers refuse what they refuse, and keep the order they keep: it would be refused or, worse, changed.
#[test]
fn what_our_writers_never_send() {
    let Some(mut judge) = Judge::start(description()).unwrap() else {
        return;
    };
    let xml = |content: &str| format!("<LoanPromise xmlns=\"{NAMESPACE}\">{content}</LoanPromise>").into_bytes();

    // Refused.
    for content in [
        "<EstateType>1</EstateType>",
        "<EstateType>4</EstateType>",
        "<EstateType>house</EstateType>",
        "<EstateType> House</EstateType>",
        "<EstateType>Apartment,Cottage</EstateType>",
        "<EstateType></EstateType>",
        "<Bank>a\u{1}b</Bank>",
        "<Bank>a\u{FFFE}b</Bank>",
        "<Bank>a]]>b</Bank>",
        "<ValidUntil>10000-01-01T00:00:00</ValidUntil>",
        "<ValidUntil>0000-01-01T00:00:00</ValidUntil>",
        "<ValidUntil>2027-01-31T24:00:00</ValidUntil>",
        "<ValidUntil>2027-01-31T23:59:60</ValidUntil>",
    ] {
        assert!(judge.read_xml(TYPE, &xml(content)).is_err(), "{content}");
    }

    // Changed without a word.
    let mut understood = |content: &str, member: &str| judge.read_xml(TYPE, &xml(content)).unwrap()[member].clone();
    assert_eq!(
        understood("<EstateId>1</EstateId><Bank>lost</Bank>", "Bank"),
        json!(null),
        "out of order"
    );
    assert_eq!(understood("<bank>lost</bank>", "Bank"), json!(null), "another case");
    assert_eq!(
        understood("<Bank>a\rb\r\nc</Bank>", "Bank"),
        json!("a\nb\nc"),
        "a carriage return as it is"
    );
    let rounded = understood("<ValidUntil>2027-01-31T23:59:59.99999996</ValidUntil>", "ValidUntil");
    assert_eq!(
        rounded["text"], "2027-02-01T00:00:00.0000000",
        "rounded into the next day"
    );
    let clamped = understood("<ValidUntil>0001-01-01T00:00:00+14:00</ValidUntil>", "ValidUntil");
    assert_eq!(
        clamped["text"], "0001-01-01T00:00:00.0000000",
        "14 hours later than it was written"
    );

    let mut understood = |json: &str| judge.read_json(TYPE, json.as_bytes()).unwrap()["EstateType"].clone();
    assert_eq!(understood(r#"{"estateType":""}"#), json!(null), "an empty name");
    assert_eq!(
        understood(r#"{"estateType":" House "}"#),
        json!("House"),
        "a name with space around it"
    );
    assert_eq!(
        understood(r#"{"estateType":"Apartment,Cottage"}"#),
        json!("House"),
        "1 | 2"
    );
    assert_eq!(
        understood(r#"{"estateType":"3"}"#),
        json!("House"),
        "a number as a name"
    );
    assert_eq!(
        understood(r#"{"estateType":4294967299}"#),
        json!("House"),
        "wrapped around"
    );
}

/// Every character that XML 1.0 allows in the first plane, in one text.
#[test]
fn every_character_arrives() {
    let text: String = ['\t', '\n', '\r'].into_iter().chain(' '..='\u{FFFD}').collect();
    let promise = LoanPromise::builder().bank(text).build();
    for mut judge in Judge::for_xml(description()).unwrap() {
        assert_eq!(judge.read_xml(TYPE, &to_xml(&promise)).unwrap(), meant(&promise));
        if judge.knows_json() {
            assert_eq!(judge.read_json(TYPE, &to_json(&promise)).unwrap(), meant(&promise));
        }
    }
}

/// What the judge takes the document for: an edit of the document is reviewed here too.
#[test]
fn the_contracts_in_csharp() {
    snapshot("reference__contracts", &vitec_connect_judge::csharp(description()));
}
