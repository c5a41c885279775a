//! The page with documentation and test form, in a real browser.

#![allow(clippy::expect_used, clippy::panic)]

mod chromium;

use std::net::SocketAddr;
use std::process::Command;

use serde_json::{Value, json};
use vitec_connect::description::Description;
use vitec_connect_sandbox::Sandbox;

use chromium::Browser;

async fn start() -> Sandbox {
    Sandbox::start().await.expect("a free port")
}

/// The field with a label, in the first test form.
fn field(label: &str) -> String {
    format!(
        "[...document.querySelectorAll('form label')].find((it) => it.textContent.trim().startsWith('{label}')).control"
    )
}

fn fill(browser: &mut Browser, label: &str, text: &str) {
    browser.evaluate(&format!("{}.focus()", field(label)));
    browser.type_over(text);
}

fn choose(browser: &mut Browser, label: &str, value: &str) {
    let field = field(label);
    let set = format!("{field}.value = '{value}', {field}.dispatchEvent(new Event('input', {{bubbles: true}}))");
    browser.evaluate(&set);
}

fn click(browser: &mut Browser, button: &str) {
    browser.evaluate(&format!(
        "[...document.querySelectorAll('button')].find((it) => it.textContent.startsWith('{button}')).click()"
    ));
}

/// Sends the form, waits for the answer, and returns it raw.
fn send(browser: &mut Browser, status: u16) -> String {
    click(browser, "Send");
    browser.until(&format!(
        "document.querySelector('.outcome').textContent.startsWith('{status} ')"
    ));
    browser.text("document.querySelector('[aria-label=\"Answer, raw\"]').textContent")
}

fn request_body(browser: &mut Browser) -> String {
    let field = field("Body, as it will be sent");
    browser.text(&format!("{field}.value"))
}

#[tokio::test]
async fn what_is_filled_in_arrives_alike_as_json_and_as_xml() {
    let sandbox = start().await;
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };

    fill(&mut browser, "customerId", "M30011");
    fill(&mut browser, "contactId", "Åsa 4711");
    fill(&mut browser, "bank", "<b>Länsförsäkringar & \"Söner\"");
    fill(&mut browser, "validUntil", "2027-01-31T00:00:00");
    fill(&mut browser, "estateId", "");
    choose(&mut browser, "estateType", "Cottage");
    choose(&mut browser, "status", "VerifiedByBank");
    choose(&mut browser, "financing", "");
    let answer = send(&mut browser, 200);
    assert!(answer.starts_with("200 OK\n"), "{answer}");
    assert!(
        answer.contains("content-type: application/json; charset=utf-8\n"),
        "{answer}"
    );
    assert!(answer.ends_with("\n\n\"sandbox-1\""), "{answer}");

    browser.evaluate(&format!("{}.click()", field("XML")));
    assert_eq!(
        request_body(&mut browser),
        r#"<LoanPromise xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer">
  <Bank>&lt;b&gt;Länsförsäkringar &amp; &quot;Söner&quot;</Bank>
  <EstateType>Cottage</EstateType>
  <Status>VerifiedByBank</Status>
  <ValidUntil>2027-01-31T00:00:00</ValidUntil>
</LoanPromise>"#
    );
    let answer = send(&mut browser, 200);
    assert!(
        answer.contains("content-type: application/xml; charset=utf-8\n"),
        "{answer}"
    );
    assert!(answer.ends_with(">sandbox-2</string>"), "{answer}");

    let received = sandbox.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].parameters["contactId"], "Åsa 4711");
    assert_eq!(
        received[0].body,
        json!({
            "bank": "<b>Länsförsäkringar & \"Söner\"", "estateType": "Cottage", "status": "VerifiedByBank",
            "validUntil": "2027-01-31T00:00:00",
        })
    );
    assert_eq!(received[0].body, received[1].body);
    assert!(received.iter().all(|it| it.notes.is_empty()), "{received:?}");

    browser.until("document.querySelectorAll('#entries article').length === 2");
    let shown =
        browser.evaluate("[...document.querySelectorAll('.understood')].map((it) => JSON.parse(it.textContent))");
    assert_eq!(shown, json!([received[1].body, received[0].body]));
    assert_eq!(
        browser.text("document.getElementById('received-status').textContent"),
        "2 received."
    );
    browser.assert_quiet();
}

#[tokio::test]
async fn the_request_is_shown_without_the_password() {
    let sandbox = start().await;
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };
    let head = browser.text("document.querySelector('[aria-label=\"Request, without its body\"]').textContent");
    let expected = format!(
        "POST {}/CRM/Buyer/M30011/StringValue/LoanPromise\nAccept: application/json\n\
         Authorization: Basic •••••• (user name: partner, password hidden)\nContent-Type: application/json",
        sandbox.url()
    );
    assert_eq!(head, expected);
}

#[tokio::test]
async fn a_validation_error_stands_at_its_field() {
    let sandbox = start().await;
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };
    let date = field("validUntil");

    fill(&mut browser, "validUntil", "tomorrow");
    let answer = send(&mut browser, 400);
    assert!(answer.contains("\"modelState\""), "{answer}");
    assert_eq!(
        browser.evaluate(&format!("{date}.getAttribute('aria-invalid')")),
        json!("true")
    );
    let message = browser.text(&format!(
        "{date}.getAttribute('aria-describedby').split(' ').map((id) => document.getElementById(id)?.textContent).at(-1)"
    ));
    assert!(!message.is_empty());
    let listed = browser.text("document.querySelector('.problems').textContent");
    assert_eq!(listed, format!("loanPromise.validUntil: {message}"));
    assert_eq!(
        browser.evaluate(&format!(
            "document.querySelector('.problems a').hash === '#' + {date}.id"
        )),
        json!(true)
    );

    browser.evaluate(&format!("{}.click()", field("XML")));
    let answer = send(&mut browser, 400);
    assert!(answer.contains("<ModelState>"), "{answer}");
    assert!(
        browser
            .text("document.querySelector('.problems').textContent")
            .starts_with("loanPromise: ")
    );

    fill(&mut browser, "validUntil", "2027-01-31");
    send(&mut browser, 200);
    assert_eq!(
        browser.evaluate("document.querySelector('[aria-invalid], .problems')"),
        json!(null)
    );

    // A wrong password is an answer like any other: no dialogue of the browser's own.
    fill(&mut browser, "Password", "wrong");
    let answer = send(&mut browser, 401);
    assert!(
        answer.contains("Authorization has been denied for this request."),
        "{answer}"
    );
    browser.assert_quiet();
}

#[tokio::test]
async fn a_body_edited_by_hand_is_sent_as_it_is_and_its_loss_is_said() {
    let sandbox = start().await;
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };
    let body = r#"{"bnak": "<img src=x onerror=alert(1)>"}"#;
    fill(&mut browser, "Body, as it will be sent", body);
    // A change of another field leaves it alone.
    fill(&mut browser, "contactId", "4711");
    send(&mut browser, 200);
    assert_eq!(sandbox.received()[0].raw, body.as_bytes());

    browser.until("document.querySelector('#entries .note')");
    let note = browser.text("document.querySelector('#entries .note').textContent");
    assert!(note.contains("bnak") && note.contains("did you mean bank?"), "{note}");
    let raw = browser.text("document.querySelector('#entries details pre').textContent");
    assert_eq!(raw, body);

    click(&mut browser, "Take the body from the fields again");
    assert!(request_body(&mut browser).contains("\"bank\": \"sample string 1\""));
    browser.assert_quiet();
}

#[tokio::test]
async fn the_received_are_followed_and_can_be_reset() {
    let sandbox = start().await;
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };
    send(&mut browser, 200);
    browser.until("document.querySelectorAll('#entries article').length === 1");
    click(&mut browser, "Reset");
    browser.until("document.querySelectorAll('#entries article').length === 0");
    assert_eq!(sandbox.stored(), 0);
    assert_eq!(
        browser.text("document.getElementById('received-status').textContent"),
        "Nothing yet."
    );
    send(&mut browser, 200);
    browser.until("document.querySelectorAll('#entries article').length === 1");
    // Reset behind the page's back: the numbers begin anew.
    sandbox.reset();
    browser.until("document.querySelectorAll('#entries article').length === 0");
    browser.assert_quiet();
}

#[tokio::test]
async fn programmed_answers_are_seen() {
    let sandbox = start().await;
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };
    fill(&mut browser, "Programmed answer", "code=403");
    send(&mut browser, 403);
    fill(&mut browser, "Programmed answer", "truncate=5");
    click(&mut browser, "Send");
    browser.until("document.querySelector('.outcome').textContent.includes('The body was cut off.')");
    fill(&mut browser, "Programmed answer", "drop=before");
    click(&mut browser, "Send");
    browser.until("document.querySelector('.outcome').textContent.startsWith('No answer')");
    browser.assert_quiet();
}

#[tokio::test]
async fn the_keyboard_is_enough() {
    let sandbox = start().await;
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };
    let tab_to = |browser: &mut Browser, wanted: &str| {
        for _ in 0..200 {
            browser.key("Tab");
            // The parts of a date field outline themselves.
            let unseen = "document.activeElement.type !== 'date' \
                && getComputedStyle(document.activeElement).outlineStyle === 'none' \
                && document.activeElement.outerHTML";
            assert_eq!(browser.evaluate(unseen), json!(false), "focus is not to be seen");
            if browser.evaluate(&format!("document.activeElement === {wanted}")) == json!(true) {
                return;
            }
        }
        panic!("{wanted} is not reached");
    };
    tab_to(&mut browser, "document.querySelector('[role=tab]')");
    browser.key("ArrowRight");
    assert_eq!(browser.text("document.activeElement.textContent"), "PowerShell");
    assert_eq!(
        browser.evaluate(
            "document.querySelector('[role=tabpanel]:not([hidden])').innerText.includes('Invoke-WebRequest')"
        ),
        json!(true)
    );
    tab_to(&mut browser, &field("bank"));
    browser.type_over("Keyboard");
    tab_to(&mut browser, &field("estateType"));
    browser.key("ArrowDown");
    tab_to(&mut browser, &field("JSON"));
    browser.key("ArrowRight");
    tab_to(&mut browser, "document.querySelector('[type=submit]')");
    browser.key("Enter");
    browser.until("document.querySelector('.outcome').textContent.startsWith('200 ')");
    let received = sandbox.received();
    assert_eq!(received[0].media_type.as_deref(), Some("application/xml"));
    assert_eq!(received[0].body["bank"], "Keyboard");
    assert_eq!(received[0].body["estateType"], "Cottage");
    browser.assert_quiet();
}

#[tokio::test]
async fn narrow_screens_and_dark_ones() {
    let sandbox = start().await;
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };
    let background = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((it) => it < 64)";
    for (scheme, dark) in [("light", false), ("dark", true)] {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        browser.call("Emulation.setEmulatedMedia", json!({"features": features}));
        for width in [320, 768, 1280] {
            browser.call(
                "Emulation.setDeviceMetricsOverride",
                json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false}),
            );
            browser.until(&format!("innerWidth === {width}"));
            let wide = browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(wide, json!(0), "{scheme}, {width} pixels");
            assert_eq!(browser.evaluate(background), json!(dark), "{scheme}");
        }
    }
    browser.assert_quiet();
}

fn description(document: &Value) -> Description {
    vitec_connect_codegen::describe("page.json", &document.to_string()).expect("a fine document")
}

/// The page knows nothing but what the document says.
#[tokio::test]
async fn another_document_makes_another_page() {
    let document = json!({
        "openapi": "3.0.3",
        "info": {"title": "</script><script>alert(1)</script>{{SANDBOX_JSON}}{{NONCE}}", "version": "1"},
        "servers": [{"url": "https://example.com"}],
        "paths": {
            "/Things/{id}": {"put": {
                "operationId": "putThing",
                "parameters": [
                    {"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "format": "int32"}, "example": 7},
                    {"name": "dry", "in": "query", "schema": {"type": "boolean"}},
                ],
                "requestBody": {"content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
                    "application/xml": {"schema": {"$ref": "#/components/schemas/Thing"}},
                }},
                "responses": {"204": {"description": "Done"}},
            }},
            "/Things/{id}/Copy": {"get": {
                "operationId": "getThing",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "format": "int32"}}],
                "responses": {"200": {"description": "A thing", "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
                    "application/xml": {"schema": {"$ref": "#/components/schemas/Thing"}},
                }}},
            }},
        },
        "components": {"schemas": {
            "Thing": {
                "type": "object",
                "xml": {"name": "Thing", "namespace": "urn:things"},
                "properties": {
                    "sum": {"type": "number", "format": "double", "xml": {"name": "Amount"}},
                    "tags": {"type": "array", "items": {"type": "string"}, "xml": {"name": "Tags"}},
                    "open": {"type": "boolean", "xml": {"name": "Open"}},
                    "owner": {"allOf": [{"$ref": "#/components/schemas/Owner"}], "xml": {"name": "Owner"}},
                    "parent": {"allOf": [{"$ref": "#/components/schemas/Thing"}], "xml": {"name": "Parent"}},
                },
            },
            "Owner": {
                "type": "object",
                "xml": {"name": "Owner", "namespace": "urn:owners"},
                "properties": {
                    "name": {"type": "string", "xml": {"name": "Name"}},
                    "age": {"type": "integer", "format": "int32", "xml": {"name": "Age"}},
                },
            },
        }},
    });
    let sandbox = Sandbox::builder()
        .document(description(&document))
        .start()
        .await
        .expect("a fine document");
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };
    assert_eq!(
        browser.text("document.querySelector('h1').textContent"),
        "</script><script>alert(1)</script>{{SANDBOX_JSON}}{{NONCE}} sandbox"
    );
    assert_eq!(
        browser.evaluate("document.querySelectorAll('main form').length"),
        json!(3)
    );

    browser.evaluate(&format!("{}.click()", field("XML")));
    assert!(
        request_body(&mut browser).contains("<Name xmlns"),
        "{}",
        request_body(&mut browser)
    );
    send(&mut browser, 204);
    browser.evaluate(&format!("{}.click()", field("JSON")));
    browser.evaluate("document.querySelector('.outcome').textContent = ''");
    send(&mut browser, 204);
    let received = sandbox.received();
    assert_eq!(received[0].body["owner"]["name"], "sample string");
    assert_eq!(received[0].body["tags"], json!(["sample string"]));
    assert_eq!(received[0].body, received[1].body);
    assert!(received.iter().all(|it| it.notes.is_empty()), "{received:?}");
    browser.assert_quiet();
}

/// What the page makes up is taken by the sandbox without a word, whatever the operation.
#[tokio::test]
async fn each_form_can_be_sent() {
    let read = vitec_connect_codegen::describe("forms.yaml", include_str!("../it/forms.yaml"));
    let builder = Sandbox::builder().document(read.expect("a fine document"));
    let sandbox = builder.start().await.expect("a free port");
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };
    let forms = browser.evaluate("document.querySelectorAll('main form:has([type=submit])').length");
    let forms = forms.as_u64().expect("a count");
    assert!(forms > 15, "{forms}");
    for index in 0..forms {
        let form = format!("document.querySelectorAll('main form:has([type=submit])')[{index}]");
        let formats = browser.evaluate(&format!("{form}.querySelectorAll('[type=radio]').length"));
        let mut first = None;
        // Without a body there is nothing to choose.
        for format in 0..formats.as_u64().expect("a count").max(1) {
            browser.evaluate(&format!("{form}.querySelectorAll('[type=radio]')[{format}]?.click()"));
            browser.evaluate(&format!("{form}.querySelector('.outcome').textContent = ''"));
            browser.evaluate(&format!("{form}.querySelector('[type=submit]').click()"));
            browser.until(&format!(
                "/^2|^4|^N/.test({form}.querySelector('.outcome').textContent)"
            ));
            let outcome = browser.text(&format!("{form}.textContent"));
            let received = sandbox.received().pop();
            sandbox.reset();
            let received = received.unwrap_or_else(|| panic!("{outcome}"));
            assert_eq!(received.notes, [], "{outcome}");
            assert_eq!(received.body, *first.get_or_insert(received.body.clone()), "{outcome}");
        }
    }
    browser.assert_quiet();
}

/// Those whose interpreter is here. Quotes and the like in the example have to survive each language's own quoting.
#[tokio::test]
async fn the_samples_work_as_they_are_shown() {
    let bank = r#"O'Neill "& Söner" \ $HOME `x` ’quoted’ #" {{NONCE}}"#;
    let document = json!({
        "openapi": "3.0.3",
        "info": {"title": "Samples", "version": "1"},
        "servers": [{"url": "https://example.com"}],
        "paths": {"/Banks/{id}": {"post": {
            "operationId": "addBank",
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}, "example": "Åsa's [1]"},
            ],
            "requestBody": {"content": {"application/json": {
                "schema": {"type": "object", "properties": {"bank": {"type": "string", "xml": {"name": "Bank"}}}, "xml": {"namespace": "urn:banks"}},
                "example": {"bank": bank},
            }}},
            "responses": {"200": {"description": "Done", "content": {"application/json": {"schema": {"type": "string"}}}}},
        }}},
    });
    let sandbox = Sandbox::builder()
        .document(description(&document))
        .start()
        .await
        .expect("a fine document");
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };
    let samples = browser.evaluate("[...document.querySelectorAll('[role=tabpanel] pre')].map((it) => it.textContent)");
    let sample = |index: usize| samples[index].as_str().expect("a sample").to_owned();
    let mut answers = 0;
    for (program, arguments, code, answer) in [
        (
            "sh",
            ["-c"],
            format!(
                "curl --silent --show-error --noproxy '*' {}",
                sample(0).trim_start_matches("curl")
            ),
            "",
        ),
        ("php", ["-r"], sample(3).trim_start_matches("<?php").to_owned(), "200\n"),
    ] {
        let needs = if program == "sh" { "curl" } else { program };
        if Command::new(needs).arg("--version").output().is_err() {
            eprintln!("skipped: {needs} is missing");
            continue;
        }
        answers += 1;
        let output = Command::new(program)
            .args(arguments)
            .arg(code)
            .output()
            .expect("it starts");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            printed.trim_end(),
            format!("{answer}\"sandbox-{answers}\""),
            "{output:?}"
        );
    }
    for received in sandbox.received() {
        assert_eq!(received.parameters["id"], "Åsa's [1]");
        assert_eq!(received.body, json!({"bank": bank}));
    }
    browser.assert_quiet();
}

#[tokio::test]
async fn a_password_of_the_operators_own_is_not_in_the_page() {
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let sandbox = Sandbox::builder()
        .listen(any)
        .credentials("bank", "the operator's")
        .start()
        .await
        .expect("a free port");
    let Some(mut browser) = Browser::open(sandbox.url()) else {
        return;
    };
    assert_eq!(browser.evaluate(&format!("{}.value", field("Password"))), json!(""));
    assert!(
        !browser
            .text("document.documentElement.outerHTML")
            .contains("the operator")
    );
    fill(&mut browser, "Password", "the operator's");
    send(&mut browser, 200);
    browser.assert_quiet();
}
