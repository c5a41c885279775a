//! The page in a real browser: the sandbox's own way to drive one.

#[allow(dead_code, clippy::expect_used, clippy::panic, clippy::print_stderr)]
#[path = "../../../../sandbox/tests/page/chromium.rs"]
mod chromium;

use serde_json::json;

use super::Stage;
use chromium::Browser;

#[tokio::test(flavor = "multi_thread")]
async fn it_refreshes_itself_and_leaves_the_reader_where_he_is() {
    let stage = Stage::played().await;
    let Some(mut browser) = Browser::open(&format!("http://{}", stage.address)) else {
        return;
    };
    assert_eq!(
        browser.text("document.getElementById('count-rejected').textContent"),
        "2"
    );
    // Small enough that there is something to scroll.
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        json!({"width": 900, "height": 300, "deviceScaleFactor": 1, "mobile": false}),
    );
    browser.evaluate("document.getElementById('plot-table').open = true");
    browser.evaluate("document.getElementById('row-6').scrollIntoView()");
    browser.evaluate("document.getElementById('plot-summary').focus({preventScroll: true})");
    let top = "document.getElementById('row-6').getBoundingClientRect().top";
    let before = browser.evaluate(&format!("window.mark = document.querySelector('main'); {top}"));

    // Above of what is read comes more: an unknown row.
    stage.sandbox.next(vitec_connect_sandbox::Answer::status(500));
    stage.add("M-later", 1).await;
    stage.deliver(None).await;
    browser.until("document.querySelector('main') !== window.mark");
    browser.until("document.getElementById('unknown').textContent === 'Unknown: 3'");
    assert_eq!(browser.evaluate(top), before);
    assert_eq!(
        browser.evaluate("document.getElementById('plot-table').open"),
        json!(true)
    );
    assert_eq!(browser.text("document.activeElement.id"), "plot-summary");

    // What somebody is about to copy stays until he is done.
    browser.evaluate("getSelection().selectAllChildren(document.querySelector('.command'))");
    assert!(
        browser
            .text("getSelection().toString()")
            .starts_with("vitec-connect outbox resolve 7 --as accepted")
    );
    browser.evaluate("window.mark = document.querySelector('main')");
    browser.evaluate("new Promise((done) => setTimeout(done, EVERY + 500))");
    assert_eq!(
        browser.evaluate("document.querySelector('main') === window.mark"),
        json!(true)
    );
    browser.assert_quiet();
}
