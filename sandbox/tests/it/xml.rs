//! XML as DataContractSerializer reads it, beyond the recorded exchanges. Every line of the tables was tried on the
//! real serializer.

use serde_json::{Value, json};
use vitec_connect_sandbox::{NoteKind, Sandbox};

use crate::http::{LOAN_PROMISE, post_xml, send, start};

const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer";

#[test]
fn members_are_bound_as_the_serializer_binds_them() {
    let sandbox = start(Sandbox::builder());
    for (members, expected) in [
        ("", json!({})),
        ("<Bank/>", json!({"bank": ""})),
        ("<Bank> a </Bank>", json!({"bank": " a "})),
        ("<Bank>a\r\nb&#xD;c&#x1;</Bank>", json!({"bank": "a\nb\rc\u{1}"})),
        ("<Bank>&#xD800;&amp;lt;</Bank>", json!({"bank": "\u{fffd}&lt;"})),
        ("<Bank><!-- a -->x<![CDATA[<&]]>y</Bank >", json!({"bank": "x<&y"})),
        ("<Bank>&#;<![CDATA[\u{2}]]></Bank>", json!({"bank": "\0\u{2}"})),
        ("<Bank i:nil='1'>x</Bank>", json!({})),
        ("<Bank i:nil=' true '/><EstateId>e</EstateId>", json!({"estateId": "e"})),
        ("<Bank i:type='x'>b</Bank>", json!({"bank": "b"})),
        (
            "\n  <Bank>b</Bank>\n  <Financing>Other</Financing>\n",
            json!({"bank": "b", "financing": "Other"}),
        ),
        (
            "<EstateType>House</EstateType><Bank>late</Bank>",
            json!({"estateType": "House"}),
        ),
        ("<Bank>a</Bank><Bank>b</Bank>", json!({"bank": "a"})),
        ("<Colour><x/>text</Colour><Bank>b</Bank>", json!({"bank": "b"})),
        ("<b:Bank xmlns:b='urn:other'>b</b:Bank>", json!({})),
        (
            "<ValidUntil>2027-01-31+01:00</ValidUntil>",
            json!({"validUntil": "2027-01-31T00:00:00+01:00"}),
        ),
    ] {
        let answered = post_xml(&sandbox, members);
        assert_eq!(answered.status, 200, "{members}: {}", answered.text());
        assert_eq!(answered.header("content-type"), Some("application/xml; charset=utf-8"));
        assert_eq!(
            sandbox.received().pop().expect("a stored request").body,
            expected,
            "{members}"
        );
    }
}

#[test]
fn refused_documents_are_complained_about_under_the_parameter_alone() {
    let sandbox = start(Sandbox::builder());
    for members in [
        "stray<Bank>b</Bank>",
        "<Bank>b</Bank>stray",
        "<Bank>\u{1}</Bank>",
        "<Bank>\u{fffe}</Bank>",
        "<Bank>&foo;</Bank>",
        "<Bank>]]></Bank>",
        "<Bank i:nil='maybe'/>",
        "<Bank><?pi?>x</Bank>",
        "<Bank><b/></Bank>",
        "<Bank a='1' a='2'>x</Bank>",
        "<Bank x='<'>x</Bank>",
        "<Bank x=\"1\"y=\"2\">x</Bank>",
        "<Colour><x></y></Colour>",
        "<Colour z:a='1'/>",
        "<z:Colour/>",
        "<Bank>--<!-- a -- b --></Bank>",
        "<1x/>",
        "<Colour>\u{1}</Colour>",
        "<!-- \u{1} -->",
        "<EstateType>house</EstateType>",
        "<EstateType>1</EstateType>",
        "<EstateType/>",
        "<ValidUntil/>",
        "<ValidUntil>2027-01-31T00:00</ValidUntil>",
        "<Bank>unclosed",
    ] {
        let answered = post_xml(&sandbox, members);
        assert_eq!(
            (answered.status, answered.text().as_str()),
            (
                400,
                "<Error><Message>The request is invalid.</Message><ModelState><loanPromise>An error has occurred.</loanPromise></ModelState></Error>"
            ),
            "{members}"
        );
    }
    let deep = format!("{}{}", "<x>".repeat(300), "</x>".repeat(300));
    assert_eq!(post_xml(&sandbox, &deep).status, 400);
    assert_eq!(sandbox.stored(), 0);
}

#[test]
fn the_document_around_the_members_is_read_as_observed() {
    let sandbox = start(Sandbox::builder());
    let whole = format!("<LoanPromise xmlns=\"{NAMESPACE}\"><Bank>b</Bank></LoanPromise>");
    let post = |body: &str| {
        send(
            &sandbox,
            "POST",
            LOAN_PROMISE,
            &[("Content-Type", "text/xml")],
            body.as_bytes(),
        )
        .expect("an answer")
        .status
    };
    for (body, status) in [
        (whole.clone(), 200),
        (format!("\u{feff}{whole}"), 200),
        (
            format!("<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n<!-- c -->{whole}\n"),
            200,
        ),
        (format!(" \n{whole}<!-- c --><junk"), 200),
        (format!("{whole} x"), 200),
        (
            format!("<a:LoanPromise xmlns:a=\"{NAMESPACE}\"><a:Bank>b</a:Bank></a:LoanPromise>"),
            200,
        ),
        (format!("{whole}x"), 400),
        (format!("{whole}<a/>"), 400),
        (format!("{whole}<junk"), 400),
        (format!("{whole}<?pi x?>"), 400),
        (format!("<?pi x?>{whole}"), 400),
        (format!("<!DOCTYPE LoanPromise>{whole}"), 400),
        (format!("<?xml version='1.1'?>{whole}"), 400),
        (format!("<?xml encoding='utf-8'?>{whole}"), 400),
        (format!("<?xml version='1.0' coding='utf-8'?>{whole}"), 400),
        (format!("{whole}&#9;"), 400),
        (format!(" <?xml version='1.0'?>{whole}"), 400),
        (format!("<loanPromise xmlns=\"{NAMESPACE}\"/>"), 400),
        ("<LoanPromise/>".to_owned(), 400),
        ("<LoanPromise xmlns=\"urn:other\"/>".to_owned(), 400),
        ("   ".to_owned(), 400),
        ("{}".to_owned(), 400),
    ] {
        assert_eq!(post(&body), status, "{body}");
    }
    for received in sandbox.received() {
        assert_eq!(received.body, json!({"bank": "b"}));
    }
}

#[test]
fn a_nil_root_binds_to_nothing() {
    let sandbox = start(Sandbox::builder());
    let body = format!(
        "<LoanPromise xmlns=\"{NAMESPACE}\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"/>"
    );
    let answered = send(
        &sandbox,
        "POST",
        LOAN_PROMISE,
        &[("Content-Type", "text/xml")],
        body.as_bytes(),
    );
    assert_eq!(answered.expect("an answer").status, 200);
    let received = sandbox.received().pop().expect("a stored request");
    assert_eq!((received.body, received.notes[0].kind), (Value::Null, NoteKind::NoBody));
}

#[test]
fn what_is_lost_without_a_word_is_noted() {
    let sandbox = start(Sandbox::builder());
    for (members, kind, member, message) in [
        (
            "<Status>VerifiedByBank</Status><Bank>b</Bank>",
            NoteKind::OutOfOrder,
            "Bank",
            "`Bank` came after `Status`",
        ),
        (
            "<bank>b</bank>",
            NoteKind::UnknownMember,
            "bank",
            "did you mean `Bank`?",
        ),
        (
            "<Bank>a</Bank><Bank>b</Bank>",
            NoteKind::Repeated,
            "Bank",
            "the first one counts",
        ),
        (
            "<Bank xmlns='urn:x'>b</Bank>",
            NoteKind::UnknownMember,
            "Bank",
            "in the namespace `urn:x`",
        ),
        (
            "<ValidUntil>2027-01-31T00:00:00+03:00</ValidUntil>",
            NoteKind::OtherDay,
            "ValidUntil",
            "2027-01-30 in Sweden",
        ),
    ] {
        assert_eq!(post_xml(&sandbox, members).status, 200, "{members}");
        let notes = sandbox.received().pop().expect("a stored request").notes;
        assert_eq!(notes.len(), 1, "{members}: {notes:?}");
        assert_eq!((notes[0].kind, notes[0].member.as_str()), (kind, member), "{members}");
        assert!(notes[0].message.contains(message), "{members}: {}", notes[0].message);
    }
}
