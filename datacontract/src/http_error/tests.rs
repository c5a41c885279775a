//! What the framework was seen to answer, and what hostile answers come to.

use super::*;
use proptest::prelude::*;

const INVALID: &str = "The request is invalid.";
const OCCURRED: &str = "An error has occurred.";

fn message(text: &str) -> HttpError {
    HttpError {
        message: Some(text.to_owned()),
        ..HttpError::default()
    }
}

fn invalid(fields: &[(&str, &[&str])]) -> HttpError {
    let model_state = fields
        .iter()
        .map(|(field, messages)| ((*field).to_owned(), messages.iter().map(|m| (*m).to_owned()).collect()))
        .collect();
    HttpError {
        model_state,
        ..message(INVALID)
    }
}

fn json(text: &str) -> Option<HttpError> {
    HttpError::from_json(text.as_bytes())
}

fn xml(text: &str) -> Option<HttpError> {
    HttpError::from_xml(text.as_bytes())
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
}

/// Every JSON error body that was observed on ASP.NET Web API 5.2.9, with either naming strategy.
#[test]
fn observed_json() {
    let not_found = "No HTTP resource was found that matches the request URI 'http://127.0.0.1:81xx/nope'.";
    let no_get = "The requested resource does not support http method 'GET'.";
    let octets = "The request entity's media type 'application/octet-stream' is not supported for this resource.";
    for (body, expected) in [
        (
            r#"{"message":"No HTTP resource was found that matches the request URI 'http://127.0.0.1:81xx/nope'."}"#,
            message(not_found),
        ),
        (
            r#"{"message":"The requested resource does not support http method 'GET'."}"#,
            message(no_get),
        ),
        (
            r#"{"message":"The request entity's media type 'application/octet-stream' is not supported for this resource."}"#,
            message(octets),
        ),
        (r#"{"message":"An error has occurred."}"#, message(OCCURRED)),
        (
            r#"{"message":"The request is invalid.","modelState":{"loanPromise":["An error has occurred."]}}"#,
            invalid(&[("loanPromise", &[OCCURRED])]),
        ),
        (
            r#"{"message":"The request is invalid.","modelState":{"loanPromise.bank":["An error has occurred.","An error has occurred."]}}"#,
            invalid(&[("loanPromise.bank", &[OCCURRED, OCCURRED])]),
        ),
        (
            r#"{"message":"The request is invalid.","modelState":{"loanPromise.estateType":["An error has occurred."]}}"#,
            invalid(&[("loanPromise.estateType", &[OCCURRED])]),
        ),
        (
            r#"{"message":"The request is invalid.","modelState":{"loanPromise.validUntil":["An error has occurred.","An error has occurred."]}}"#,
            invalid(&[("loanPromise.validUntil", &[OCCURRED, OCCURRED])]),
        ),
        (
            r#"{"message":"The request is invalid.","modelState":{"loanPromise.EstateType":["An error has occurred."],"loanPromise.ValidUntil":["An error has occurred."]}}"#,
            invalid(&[
                ("loanPromise.EstateType", &[OCCURRED]),
                ("loanPromise.ValidUntil", &[OCCURRED]),
            ]),
        ),
    ] {
        assert_eq!(json(body).as_ref(), Some(&expected), "{body}");
        let pascal = body
            .replace("\"message\"", "\"Message\"")
            .replace("\"modelState\"", "\"ModelState\"");
        assert_eq!(json(&pascal).as_ref(), Some(&expected), "{pascal}");
    }
}

/// Every XML error body that was observed on ASP.NET Web API 5.2.9.
#[test]
fn observed_xml() {
    for (body, expected) in [
        (
            "<Error><Message>No HTTP resource was found that matches the request URI 'http://127.0.0.1:81xx/nope'.</Message></Error>",
            message("No HTTP resource was found that matches the request URI 'http://127.0.0.1:81xx/nope'."),
        ),
        (
            "<Error><Message>An error has occurred.</Message></Error>",
            message(OCCURRED),
        ),
        (
            "<Error><Message>The request entity's media type 'text/plain' is not supported for this resource.</Message></Error>",
            message("The request entity's media type 'text/plain' is not supported for this resource."),
        ),
        (
            "<Error><Message>The request is invalid.</Message><ModelState><loanPromise.validUntil>An error has occurred.</loanPromise.validUntil></ModelState></Error>",
            invalid(&[("loanPromise.validUntil", &[OCCURRED])]),
        ),
        (
            "<Error><Message>The request is invalid.</Message><ModelState><loanPromise.bank>An error has occurred. An error has occurred.</loanPromise.bank></ModelState></Error>",
            invalid(&[("loanPromise.bank", &["An error has occurred. An error has occurred."])]),
        ),
    ] {
        assert_eq!(xml(body), Some(expected), "{body}");
    }
}

#[test]
fn the_server_s_order_is_kept() {
    let fields = [("z", &["1"][..]), ("a", &["2"][..]), ("m", &["3", "4"][..])];
    let body = r#"{"message":"The request is invalid.","modelState":{"z":["1"],"a":["2"],"m":["3","4"]}}"#;
    assert_eq!(json(body), Some(invalid(&fields)));
    let body = "<Error><Message>The request is invalid.</Message><ModelState><z>1</z><a>2</a></ModelState></Error>";
    assert_eq!(xml(body), Some(invalid(&fields[..2])));
}

#[test]
fn every_part_in_json_and_xml() {
    let inner = HttpError {
        exception_message: Some("inner".into()),
        exception_type: Some("System.Exception".into()),
        stack_trace: Some("   at B()\n   at A()".into()),
        ..message(OCCURRED)
    };
    let expected = HttpError {
        message_detail: Some("detail".into()),
        exception_message: Some("outer".into()),
        exception_type: Some("System.FormatException".into()),
        stack_trace: Some(String::new()),
        inner_exception: Some(Box::new(inner)),
        ..message(OCCURRED)
    };
    let body = r#"{"message":"An error has occurred.","messageDetail":"detail","exceptionMessage":"outer",
        "exceptionType":"System.FormatException","stackTrace":"","innerException":{"message":"An error has occurred.",
        "exceptionMessage":"inner","exceptionType":"System.Exception","stackTrace":"   at B()\n   at A()"}}"#;
    assert_eq!(json(body).as_ref(), Some(&expected));
    let body = "<Error><Message>An error has occurred.</Message><MessageDetail>detail</MessageDetail>\
        <ExceptionMessage>outer</ExceptionMessage><ExceptionType>System.FormatException</ExceptionType><StackTrace />\
        <InnerException><Message>An error has occurred.</Message><ExceptionMessage>inner</ExceptionMessage>\
        <ExceptionType>System.Exception</ExceptionType><StackTrace>   at B()\r\n   at A()</StackTrace></InnerException></Error>";
    assert_eq!(xml(body).as_ref(), Some(&expected));
}

#[test]
fn both_casings_and_duplicates_in_json() {
    assert_eq!(json(r#"{"message":"a","Message":"b"}"#), Some(message("b")));
    assert_eq!(json(r#"{"MESSAGE":"b","message":null}"#), Some(message("b")));
    assert_eq!(json(r#"{"Message":"b","message":{"no":"text"}}"#), Some(message("b")));
    let body = r#"{"Message":"The request is invalid.","modelState":{"x":["1"]},"ModelState":null}"#;
    assert_eq!(json(body), Some(invalid(&[("x", &["1"])])));
}

#[test]
fn unexpected_values_in_json_are_ignored() {
    let body = r#"{"code":7,"nested":{"a":[1,2,{}]},"message":"The request is invalid.","stackTrace":["x"],"exceptionType":1.5,
        "messageDetail":true,"innerException":"x","modelState":{"text":"one","null":null,"list":["a",null,1,["b"],{},"c"],"number":-1}}"#;
    let fields: [(&str, &[&str]); 4] = [
        ("text", &["one"]),
        ("null", &[]),
        ("list", &["a", "c"]),
        ("number", &[]),
    ];
    assert_eq!(json(body), Some(invalid(&fields)));
}

#[test]
fn json_that_is_no_http_error() {
    for body in [
        "",
        " ",
        "null",
        "[]",
        "1",
        r#""message""#,
        r#"["message"]"#,
        "{}",
        r#"{"error":"invalid_grant"}"#,
        r#"{"message":null}"#,
        r#"{"message":5,"modelState":[]}"#,
        r#"{"message":"x"} junk"#,
        r#"{"message":"x""#,
        "<Error><Message>x</Message></Error>",
        "<!DOCTYPE html><html></html>",
    ] {
        assert_eq!(json(body), None, "{body}");
    }
    assert_eq!(HttpError::from_json(b"{\"message\":\"\xE5\"}"), None);
}

#[test]
fn xml_that_is_no_http_error() {
    for body in [
        "",
        "text",
        "<Error/>",
        "<Error></Error>",
        "<Error>text</Error>",
        "<Error><Other>x</Other></Error>",
        "<error><Message>x</Message></error>",
        "<Exception><Message>x</Message></Exception>",
        "<Error><Message>x</Message>",
        "<Error><Message>x</Error></Message>",
        "<Error><Message>x</Message></Error><Error><Message>y</Message></Error>",
        "<Error><Message>x</Message></Error>junk",
        "<Error><Message>x</Message></Error>&amp;",
        "<Error><Message>x</Message></Error><![CDATA[]]>",
        "<Error><Message>x</Message></Error><junk",
        "junk<Error><Message>x</Message></Error>",
        "<Error><Message>a & b</Message></Error>",
        "<Error><Message>&nbsp;</Message></Error>",
        "<Error><Message>&#0;</Message></Error>",
        "<Error><Message>&#xD800;</Message></Error>",
        "<Error><Message>&#x110000;</Message></Error>",
        "<!DOCTYPE Error><Error><Message>x</Message></Error>",
        "<!DOCTYPE Error [<!ENTITY e \"x\">]><Error><Message>&e;</Message></Error>",
        "<!DOCTYPE html><html><head><title>401</title></head><body>Message</body></html>",
        "<html><body><h1>Server Error</h1><br></body></html>",
        r#"{"message":"x"}"#,
    ] {
        assert_eq!(xml(body), None, "{body}");
    }
    assert_eq!(HttpError::from_xml(b"<Error><Message>\xE5</Message></Error>"), None);
}

#[test]
fn xml_text_in_every_notation() {
    for (body, text) in [
        ("<Message>a &lt;&gt;&amp;&apos;&quot; b</Message>", "a <>&'\" b"),
        ("<Message>&#229;&#xE4;&#x1F600;&#13;&#x1;</Message>", "åä😀\r\u{1}"),
        ("<Message>a<![CDATA[<b>&amp;]]>c</Message>", "a<b>&amp;c"),
        ("<Message><![CDATA[]]></Message>", ""),
        ("<Message>a<!-- x --><?y?>b</Message>", "ab"),
        ("<Message> a\r\nb </Message>", " a\nb "),
        ("<!-- x --><Message a='1'>Lånelöfte</Message><!-- y -->", "Lånelöfte"),
        ("<Message/>", ""),
        ("<Message>x</Message>\n  <Other><Deep>y</Deep></Other>\n", "x"),
        ("<e:Message xmlns:e='urn:e'>x</e:Message>", "x"),
        ("<Message xmlns='urn:e'>x</Message>", "x"),
    ] {
        let body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- c --><Error>{body}</Error>\n<?pi?>\n");
        assert_eq!(xml(&body), Some(message(text)), "{body}");
    }
    let prefixed = "<p:Error xmlns:p='urn:p'><p:Message>x</p:Message></p:Error>";
    assert_eq!(xml(prefixed), Some(message("x")));
}

#[test]
fn byte_order_marks() {
    let bodies = [
        (
            r#"{"message":"Lånelöfte 😀"}"#,
            HttpError::from_json as fn(&[u8]) -> Option<HttpError>,
        ),
        ("<Error><Message>Lånelöfte 😀</Message></Error>", HttpError::from_xml),
    ];
    for (body, read) in bodies {
        for bytes in [
            format!("\u{feff}{body}").into_bytes(),
            utf16(body, u16::to_le_bytes),
            utf16(body, u16::to_be_bytes),
        ] {
            assert_eq!(read(&bytes), Some(message("Lånelöfte 😀")), "{body}");
        }
    }
    let declared = "<?xml version=\"1.0\" encoding=\"utf-16\"?><Error><Message>å</Message></Error>";
    assert_eq!(
        HttpError::from_xml(&utf16(declared, u16::to_le_bytes)),
        Some(message("å"))
    );
}

#[test]
fn names_escaped_by_dotnet() {
    for (name, decoded) in [
        ("loanPromise.validUntil", "loanPromise.validUntil"),
        ("rows_x005B_0_x005D_.bank", "rows[0].bank"),
        ("_x0031_", "1"),
        ("a_x0020_b", "a b"),
        ("a_x005F_x0020_", "a_x0020_"),
        ("_x005F__x005F_", "__"),
        ("_x0001F600_", "😀"),
        ("_xD83D__xDE00_", "😀"),
        ("_X00e5_", "å"),
        ("å_x00E4_ö", "åäö"),
        // No escapes.
        ("a_b", "a_b"),
        ("_x", "_x"),
        ("_x005B", "_x005B"),
        ("_x5B_", "_x5B_"),
        ("_x005G_", "_x005G_"),
        ("_x+05B_", "_x+05B_"),
        ("_x00005B_", "_x00005B_"),
        ("_xååå_", "_xååå_"),
        // Not text when decoded.
        ("a_xD83D_", "a_xD83D_"),
        ("_xFFFFFFFF__x0020_", "_xFFFFFFFF__x0020_"),
    ] {
        assert_eq!(decode_name(name), decoded, "{name}");
    }
    let body = "<Error><Message>The request is invalid.</Message><ModelState>\
        <loanPromise.rows_x005B_0_x005D_>x</loanPromise.rows_x005B_0_x005D_></ModelState></Error>";
    assert_eq!(xml(body), Some(invalid(&[("loanPromise.rows[0]", &["x"])])));
}

#[test]
fn deep_nesting_is_skipped_and_costs_no_stack() {
    const DEPTH: usize = 20_000;
    let element = format!("{}x{}", "<a>".repeat(DEPTH), "</a>".repeat(DEPTH));
    assert_eq!(
        xml(&format!("<Error>{element}<Message>m</Message></Error>")),
        Some(message("m"))
    );
    assert_eq!(xml(&element), None);
    assert_eq!(xml(&"<Error>".repeat(DEPTH)), None);

    let list = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let object = format!("{}1{}", r#"{"a":"#.repeat(DEPTH), "}".repeat(DEPTH));
    for value in [list, object] {
        assert_eq!(
            json(&format!(r#"{{"x":{value},"message":"m","modelState":{value}}}"#))
                .unwrap()
                .message,
            Some("m".into())
        );
        assert_eq!(json(&value), None);
    }
    assert_eq!(json(&"[".repeat(DEPTH)), None);
    assert_eq!(json(&r#"{"message":"#.repeat(DEPTH)), None);
}

#[test]
fn inner_exceptions_are_read_to_a_limit() {
    const DEPTH: usize = 20_000;
    let open = "<InnerException><Message>m</Message>".repeat(DEPTH);
    let in_xml = format!(
        "<Error><Message>m</Message>{open}{}</Error>",
        "</InnerException>".repeat(DEPTH)
    );
    let open = r#"{"message":"m","innerException":"#.repeat(DEPTH);
    let in_json = format!("{open}null{}", "}".repeat(DEPTH));
    for error in [xml(&in_xml), json(&in_json)] {
        let chain = std::iter::successors(error.as_ref(), |error| error.inner_exception.as_deref());
        let count = chain
            .inspect(|error| assert_eq!(error.message.as_deref(), Some("m")))
            .count();
        assert!((MAX_DEPTH - 1..=MAX_DEPTH).contains(&count), "{count}");
    }
}

#[test]
fn display_is_one_line() {
    assert_eq!(message(OCCURRED).to_string(), OCCURRED);
    assert_eq!(
        invalid(&[
            ("loanPromise.bank", &["One.", "Two."]),
            ("loanPromise.validUntil", &["Three."])
        ])
        .to_string(),
        "The request is invalid. (loanPromise.bank: One. Two.; loanPromise.validUntil: Three.)"
    );
    assert_eq!(message("a\r\nb\u{1b}[31m\u{85}c").to_string(), "a  b [31m c");
    assert_eq!(message(" ").to_string(), "the server gave no message");
    let error = json(r#"{"message":"","exceptionMessage":"outer","stackTrace":"secret"}"#).unwrap();
    assert_eq!(error.to_string(), "outer");
    let error = json(r#"{"message":"An error has occurred.","exceptionMessage":"Timeout expired."}"#).unwrap();
    assert_eq!(error.to_string(), "An error has occurred. Timeout expired.");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = (HttpError::from_json(&bytes), HttpError::from_xml(&bytes));
    }

    #[test]
    fn nearly_right_xml_is_read_or_refused(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "<Error>", "</Error>", "<Message>", "</Message>", "<a:b c='d'/>", "<", ">", "&amp;", "&#x1F600;", "&#",
                "&x;", "<![CDATA[", "]]>", "<!--", "-->", "<?xml ?>", "<!DOCTYPE a>", "å", "_x005B_", " ",
            ]),
            0..20,
        )
    ) {
        let _ = xml(&parts.concat());
    }

    #[test]
    fn any_message_survives(text: String, field in "[a-zA-Z_.\\[\\]åäö😀]{0,20}") {
        let body = serde_json::json!({ "Message": text, "ModelState": { field.as_str(): [text] } }).to_string();
        let expected = HttpError { model_state: vec![(field, vec![text.clone()])], ..message(&text) };
        prop_assert_eq!(json(&body), Some(expected.clone()));
        prop_assert!(!expected.to_string().contains('\n'));
    }

    #[test]
    fn any_name_decodes_or_stays(name: String) {
        let _ = decode_name(&name);
        // What .NET would write for each character.
        let encoded: String = name.chars().map(|c| format!("_x{:08X}_", u32::from(c))).collect();
        prop_assert_eq!(decode_name(&encoded), name.as_str());
        let units: String = name.encode_utf16().map(|unit| format!("_x{unit:04x}_")).collect();
        prop_assert_eq!(decode_name(&units), name);
    }
}
