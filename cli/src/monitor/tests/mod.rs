//! The monitor over HTTP, beside an outbox in a file with rows in every state.

mod in_browser;
mod stage;

use std::time::Duration;

use vitec_connect_outbox::{Error, Event, Outbox};
use vitec_connect_sandbox::Answer;

use self::stage::{HOSTILE, SECRET, Stage};
use super::warning;

/// An error of an outbox, as its library says it.
async fn an_error() -> Error {
    Outbox::open("/nowhere/outbox.db", None).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_say_what_was_called_and_what_the_rows_are() {
    let stage = Stage::played().await;
    let scraped = stage.get("/metrics");
    assert_eq!(scraped.status, 200);
    assert!(
        scraped.head.contains("content-type: text/plain; version=0.0.4"),
        "{}",
        scraped.head
    );
    for line in [
        "vitec_connect_rows{state=\"pending\"} 1",
        "vitec_connect_rows{state=\"sending\"} 1",
        "vitec_connect_rows{state=\"accepted\"} 2",
        "vitec_connect_rows{state=\"rejected\"} 2",
        "vitec_connect_rows{state=\"unknown\"} 2",
        "vitec_connect_rows{state=\"dropped\"} 1",
        "vitec_connect_calls_total{outcome=\"accepted\",status=\"2xx\"} 2",
        "vitec_connect_calls_total{outcome=\"rejected\",status=\"400\"} 2",
        "vitec_connect_calls_total{outcome=\"unknown\",status=\"500\"} 2",
        "vitec_connect_call_duration_seconds_count 6",
        "vitec_connect_call_duration_seconds_bucket{le=\"+Inf\"} 6",
        "vitec_connect_holds 1",
        "vitec_connect_database_up 1",
        "vitec_connect_database_errors_total 0",
        "vitec_connect_ready 1",
        "vitec_connect_stuck 0",
        "vitec_connect_oldest_pending_seconds ",
        "vitec_connect_build_info{version=\"0.1.0\"} 1",
    ] {
        let found = scraped
            .body
            .lines()
            .any(|it| it == line || (line.ends_with(' ') && it.starts_with(line)));
        assert!(found, "{line} is not in\n{}", scraped.body);
    }
    for secret in ["M-", "4711", "alert", SECRET] {
        assert!(!scraped.body.contains(secret), "{}", scraped.body);
    }
}

/// Also while nobody knows anything of the outbox a scrape is answered, without numbers that would be wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_never_fails() {
    let stage = Stage::new().await;
    stage.monitor.heard(&Event::Database(&an_error().await));
    let scraped = stage.get("/metrics");
    assert_eq!(scraped.status, 200);
    for line in [
        "vitec_connect_database_up 0",
        "vitec_connect_database_errors_total 1",
        "vitec_connect_ready 0",
    ] {
        assert!(
            scraped.body.lines().any(|it| it == line),
            "{line} is not in\n{}",
            scraped.body
        );
    }
    for absent in ["vitec_connect_rows", "vitec_connect_holds", "vitec_connect_oldest"] {
        assert!(!scraped.body.contains(absent), "{}", scraped.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_is_what_delivers() {
    let stage = Stage::new().await;
    let monitor = &stage.monitor;
    let error = an_error().await;
    let ready = || {
        assert_eq!(
            (stage.get("/healthz").status, stage.get("/healthz").body.as_str()),
            (200, "alive\n")
        );
        let answered = stage.get("/readyz");
        assert_eq!(answered.status == 200, answered.body == "ready\n", "{}", answered.body);
        answered.body
    };
    assert_eq!(ready(), "the outbox is not open yet\n");
    monitor.heard(&Event::Database(&error));
    assert!(ready().starts_with("the database cannot be reached: "));
    monitor.heard(&Event::DatabaseWorks);
    monitor.opened(stage.outbox.clone());
    assert_eq!(ready(), "the credentials are not loaded\n");
    monitor.credentials(true);
    assert_eq!(ready(), "ready\n");
    monitor.heard(&Event::Busy(&error));
    assert!(ready().starts_with("waits for another process: "));
    monitor.heard(&Event::DatabaseWorks);
    assert_eq!(ready(), "ready\n");
    monitor.heard(&Event::Stuck("M30011: no answer", Some(Duration::from_secs(300))));
    let stuck = ready();
    assert!(
        stuck.starts_with("stuck: ") && stuck.ends_with("UTC\n") && !stuck.contains("M30011"),
        "{stuck}"
    );
    monitor.heard(&Event::GoesOn);
    assert_eq!(ready(), "ready\n");
    monitor.heard(&Event::Stuck("redirected", None));
    assert!(ready().ends_with("until the delivery is started anew\n"));
    // The database comes first: without it nobody knows the rest.
    monitor.heard(&Event::Database(&error));
    assert!(ready().starts_with("the database cannot be reached: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_the_command_for_each_thing_that_waits() {
    let stage = Stage::played().await;
    let page = stage.get("/").body;
    for part in [
        "vitec-connect outbox resolve 7 --as accepted<",
        "vitec-connect outbox resolve 8 --as not-sent<",
        "vitec-connect outbox correct 5 --input FILE<",
        "vitec-connect outbox requeue 6<",
        "vitec-connect outbox release M-held<",
        "Unknown: 2",
        "Rejected: 2",
        "Held customers: 1",
        "6 calls in the last hour, 4 of them not accepted",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    // What a server, a file or a person said is text, and nothing hides in it.
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;"),
        "{page}"
    );
    assert!(page.contains("\\u{202e}") && !page.contains('\u{202e}'), "{page}");
    assert!(!page.contains("<script>") && !page.contains(SECRET), "{page}");
    assert!(!page.contains(" more: "), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_fifty_are_shown_and_the_rest_is_counted() {
    let stage = Stage::new().await;
    stage.monitor.opened(stage.outbox.clone());
    for _ in 0..53 {
        stage.sandbox.next(Answer::status(400));
    }
    stage.add("M1", 53).await;
    stage.deliver().await;
    let page = stage.get("/").body;
    assert_eq!(page.matches("outbox requeue ").count(), 50);
    assert!(
        page.contains("And 3 more: <code>vitec-connect outbox list --state rejected</code>"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_what_keeps_everything_from_being_sent() {
    let stage = Stage::new().await;
    let monitor = &stage.monitor;
    assert!(stage.get("/").body.contains("the outbox is not open yet"));
    monitor.opened(stage.outbox.clone());
    assert!(stage.get("/").body.contains("No credentials"));
    monitor.credentials(true);
    assert!(stage.get("/").body.contains("<p>Nothing.</p>"));
    monitor.heard(&Event::Pause(Duration::from_secs(60), HOSTILE));
    assert!(stage.get("/").body.contains("Pause until "));
    monitor.heard(&Event::Stuck(HOSTILE, None));
    let page = stage.get("/").body;
    assert!(
        page.contains("<h3>Stuck</h3>") && !page.contains("Pause until") && !page.contains("<script>"),
        "{page}"
    );
    monitor.heard(&Event::GoesOn);
    monitor.heard(&Event::CustomerLeftOut("M1", HOSTILE));
    assert!(stage.get("/").body.contains("Customers without credentials: 1"));
    // A call that was answered shows that there are some now.
    stage.add("M1", 1).await;
    stage.deliver().await;
    assert!(!stage.get("/").body.contains("Customers without credentials"));
    monitor.heard(&Event::Database(&an_error().await));
    assert!(stage.get("/").body.contains("The database does not answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_to_this_machine_only_and_changes_nothing() {
    let stage = Stage::new().await;
    let port = stage.address.port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("LocalHost:{port}"), 200),
        ("localhost".to_owned(), 200),
        (format!("[::1]:{port}"), 200),
        (format!("attacker.example:{port}"), 421),
        ("localhost.attacker.example".to_owned(), 421),
        ("127.0.0.1.attacker.example".to_owned(), 421),
        ("10.0.0.1".to_owned(), 421),
        ("a b".to_owned(), 421),
        (String::new(), 421),
    ] {
        for path in ["/", "/metrics", "/healthz"] {
            assert_eq!(stage.ask("GET", path, &host).status, status, "{host}");
        }
    }
    let page = stage.get("/");
    for header in [
        "content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "content-type: text/html; charset=utf-8",
    ] {
        assert!(page.head.contains(header), "{}", page.head);
    }
    let head = stage.ask("HEAD", "/", "localhost");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let refused = stage.ask(method, "/", "localhost");
        assert_eq!(refused.status, 405);
        assert!(refused.head.contains("allow: get, head"), "{}", refused.head);
    }
    for path in ["/nope", "/metrics/", "/page", "//", "/readyz/.."] {
        assert_eq!(stage.get(path).status, 404, "{path}");
    }
}

#[test]
fn an_address_that_others_reach_is_warned_of() {
    for (address, warned) in [
        ("127.0.0.1:9464", false),
        ("127.8.0.1:9464", false),
        ("[::1]:9464", false),
        ("[::ffff:127.0.0.1]:9464", false),
        ("0.0.0.0:9464", true),
        ("[::]:9464", true),
        ("10.1.2.3:9464", true),
    ] {
        assert_eq!(warning(address.parse().unwrap()).is_some(), warned, "{address}");
    }
}
