//! The page in a real browser: the sandbox's own way to drive one.

#[allow(dead_code, clippy::expect_used, clippy::panic, clippy::print_stderr)]
#[path = "../../../../sandbox/tests/page/chromium.rs"]
mod chromium;

use std::time::Duration;

use serde_json::json;
use vitec_connect_outbox::Event;

use super::stage::{HOSTILE, Stage};
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

    // Above what is read comes more: one that is unknown, and the one that the dropped delivery had under way.
    stage.sandbox.next(vitec_connect_sandbox::Answer::status(500));
    stage.add("M-later", 1).await;
    stage.deliver().await;
    browser.until("document.querySelector('main') !== window.mark");
    browser.until("document.getElementById('unknown').textContent === 'Unknown: 4'");
    let moved = browser.evaluate(top).as_f64().unwrap() - before.as_f64().unwrap();
    assert!(moved.abs() < 1.0, "what was read moved by {moved} pixels");
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

#[tokio::test(flavor = "multi_thread")]
async fn it_fits_narrow_screens_and_dark_ones() {
    let stage = Stage::played().await;
    stage
        .monitor
        .heard(&Event::Stuck(HOSTILE, Some(Duration::from_secs(300))));
    stage.monitor.heard(&Event::CustomerLeftOut("M1", HOSTILE));
    let Some(mut browser) = Browser::open(&format!("http://{}", stage.address)) else {
        return;
    };
    let background = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((it) => it < 64)";
    for (scheme, dark) in [("light", false), ("dark", true)] {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        browser.call("Emulation.setEmulatedMedia", json!({"features": features}));
        for width in [320, 768, 1280] {
            let size = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
            browser.call("Emulation.setDeviceMetricsOverride", size);
            browser.until(&format!("innerWidth === {width}"));
            let wide = browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(wide, json!(0), "{scheme}, {width} pixels");
            assert_eq!(browser.evaluate(background), json!(dark), "{scheme}");
        }
    }
    browser.assert_quiet();
}

/// Without a name nobody hears what a picture shows; and what is told by a picture is there as a table.
#[tokio::test(flavor = "multi_thread")]
async fn the_picture_has_a_name_and_a_table() {
    let stage = Stage::played().await;
    let Some(mut browser) = Browser::open(&format!("http://{}", stage.address)) else {
        return;
    };
    browser.call("Accessibility.enable", json!({}));
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let picture = nodes.iter().find(|it| it["role"]["value"] == "image").unwrap();
    let name = picture["name"]["value"].as_str().unwrap();
    assert!(
        name.starts_with("Calls of the last hour, by minute 6 calls, 4 of them not accepted"),
        "{name}"
    );
    let sums = "[1, 2].map((column) => [...document.querySelectorAll('#plot-table tbody tr')]\
                .reduce((sum, row) => sum + Number(row.cells[column].textContent), 0))";
    assert_eq!(browser.evaluate(sums), json!([6, 4]));
    browser.assert_quiet();
}
