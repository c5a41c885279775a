//! `outbox deliver --follow`: goes on until a signal.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use vitec_connect_sandbox::{Answer, Sandbox};

use crate::follower::{Follower, received};
use crate::import::Place;
use crate::{finish, run};

const FAST: [&str; 3] = ["--follow", "--poll", "20ms"];

fn follower(place: &Place, sandbox: &Sandbox, more: &[&str]) -> Follower {
    let mut follower = Follower::start(&mut place.deliver(sandbox, &[&FAST[..], more].concat()));
    follower.until("started");
    follower
}

#[tokio::test]
async fn it_sends_what_comes_and_ends_in_good_order() {
    for name in ["-TERM", "-INT"] {
        let sandbox = Sandbox::start().await.unwrap();
        let place = Place::stored(&sandbox, &["first"]);
        let mut follower = follower(&place, &sandbox, &[]);
        assert_eq!(received(&sandbox, 1).await, ["first"]);
        place.add(sandbox.url(), &["--bank", "second"]);
        received(&sandbox, 2).await;
        // What is under way is waited for.
        sandbox.next(Answer::delay(Duration::from_millis(1500)));
        place.add(sandbox.url(), &["--bank", "third"]);
        received(&sandbox, 3).await;
        follower.signal(name);
        follower.until("once more to break it off");
        let run = follower.end();
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (Some(0), "accepted 3, rejected 0, unknown 0, pending 0\n"),
            "{run:?}"
        );
        assert_eq!(place.status()["accepted"], 3);
    }
}

#[tokio::test]
async fn what_is_unknown_at_the_end_is_told_by_the_exit_status() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    sandbox.next(Answer::drop_after_storing());
    let mut early = follower(&place, &sandbox, &[]);
    early.until("vitec-connect outbox resolve 1");
    let early = early.stop();
    assert_eq!(early.status, Some(0), "unknown long before the signal: {early:?}");
    sandbox.next(Answer::drop_after_storing().delayed(Duration::from_millis(1500)));
    place.add(sandbox.url(), &["--bank", "b"]);
    let late = follower(&place, &sandbox, &[]);
    received(&sandbox, 2).await;
    let late = late.stop();
    assert_eq!(late.status, Some(6), "{late:?}");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once_and_says_what_is_unknown() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    // With --follow and without.
    for more in [&FAST[..], &[]] {
        sandbox.next(Answer::delay(Duration::from_secs(600)));
        let mut follower = Follower::start(&mut place.deliver(&sandbox, more));
        follower.until("started");
        received(&sandbox, 1).await;
        follower.signal("-TERM");
        follower.until("once more to break it off");
        follower.signal("-TERM");
        let run = follower.end();
        assert_eq!(run.status, Some(6), "{run:?}");
        assert!(
            run.stdout.contains("unknown 1") && run.stderr.contains("rows 1."),
            "{run:?}"
        );
        assert_eq!(place.outbox(&["resolve", "1", "--as", "not-sent"]).status, Some(0));
        sandbox.reset();
    }
}

#[tokio::test]
async fn a_second_follower_waits_and_takes_over() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    let first = follower(&place, &sandbox, &[]);
    received(&sandbox, 1).await;
    let mut second = follower(&place, &sandbox, &[]);
    second.until("another process delivers from this outbox");
    place.add(sandbox.url(), &["--bank", "b"]);
    received(&sandbox, 2).await;
    first.kill();
    place.add(sandbox.url(), &["--bank", "c"]);
    received(&sandbox, 3).await;
    let second = second.stop();
    assert_eq!(
        (second.status, second.stdout.as_str()),
        (Some(0), "accepted 1, rejected 0, unknown 0, pending 0\n"),
        "{second:?}"
    );
    assert_eq!(sandbox.stored(), 3);
}

#[tokio::test]
async fn an_import_beside_it_stores_and_waits_for_what_becomes_of_its_rows() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    let follower = follower(&place, &sandbox, &[]);
    received(&sandbox, 1).await;
    std::fs::write(place.path("rows.csv"), "customerId,contactId,bank\nM1,1,b\nM1,2,b\n").unwrap();
    let import = run(&mut place.import(&sandbox, &["--report", &place.path("report.csv")]));
    assert_eq!(import.status, Some(0), "{import:?}");
    assert!(import.stdout.starts_with("accepted 2, "), "{import:?}");
    assert!(
        import.stderr.contains("another process delivers from this outbox"),
        "{import:?}"
    );
    let follower = follower.stop();
    assert_eq!((follower.status, sandbox.stored()), (Some(0), 3), "{follower:?}");
    // A delivery that ends does not wait for another.
    let other = self::follower(&place, &sandbox, &[]);
    let busy = run(&mut place.deliver(&sandbox, &[]));
    assert_eq!(busy.status, Some(5), "{busy:?}");
    other.stop();
}

fn written(path: &str, password: &str) {
    office(path, "M30011", password);
}

fn office(path: &str, customer: &str, password: &str) {
    let new = format!("{path}.new");
    let text = format!("[{customer}]\nusername = \"partner\"\npassword = \"{password}\"\n");
    std::fs::write(&new, text).unwrap();
    std::fs::set_permissions(&new, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::rename(new, path).unwrap();
}

#[tokio::test]
async fn a_held_customer_is_released_by_its_new_credentials() {
    let sandbox = Sandbox::builder().customer("M30011", "partner", "nytt-hemligt");
    let sandbox = sandbox.start().await.unwrap();
    let place = Place::stored(&sandbox, &["a", "b"]);
    let offices = place.path("offices.toml");
    written(&offices, "hemligt");
    let mut follower = follower(&place, &sandbox, &["--credentials", &offices]);
    let held = follower.until("customer M30011 is held");
    assert!(held.contains("vitec-connect outbox release M30011"), "{held}");
    std::fs::write(&offices, "[M30011]\n").unwrap();
    follower.until("go on serving");
    written(&offices, "nytt-hemligt");
    follower.until("others for M30011");
    follower.until("released, as their credentials are others now: M30011");
    received(&sandbox, 2).await;
    // SIGHUP asks for it, and ends nothing.
    follower.signal("-HUP");
    follower.until("credentials read again: nothing has changed");
    let run = follower.stop();
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(!format!("{run:?}").contains("hemligt"), "{run:?}");
}

#[tokio::test]
async fn a_customer_without_credentials_is_left_out_until_there_are_some() {
    let sandbox = Sandbox::builder().customer("M30011", "partner", "hemligt");
    let sandbox = sandbox.start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    let offices = place.path("offices.toml");
    office(&offices, "S30164", "hemligt");
    let once = run(&mut place.deliver(&sandbox, &["--credentials", &offices]));
    assert_eq!(once.status, Some(4), "{once:?}");
    let mut follower = follower(&place, &sandbox, &["--credentials", &offices]);
    follower.until("customer M30011 is left out");
    office(&offices, "M30011", "hemligt");
    received(&sandbox, 1).await;
    assert_eq!(follower.stop().status, Some(0));
}

#[tokio::test]
async fn after_a_redirect_it_is_stuck_until_a_person_has_looked() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a", "b"]);
    sandbox.next(Answer::status(302));
    let mut stuck = follower(&place, &sandbox, &["--concurrency", "1", "--log", "json"]);
    let line = stuck.until("\"event\":\"stuck\"");
    assert!(line.contains("until a person has looked"), "{line}");
    // Recorded before the signal: it leaves nothing unknown behind.
    stuck.until("\"event\":\"row\"");
    let stuck = stuck.stop();
    assert_eq!((stuck.status, sandbox.stored()), (Some(0), 0), "{stuck:?}");
    assert_eq!(place.status()["pending"], 1);
}

#[tokio::test]
async fn old_payloads_are_removed() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    assert_eq!(run(&mut place.deliver(&sandbox, &["--keep", "0s"])).status, Some(0));
    let payload = |row: &str| place.outbox(&["show", row, "--output", "json"]).object()[0]["payload"].clone();
    assert!(payload("1").is_null());
    place.add(sandbox.url(), &["--bank", "b"]);
    assert_eq!(run(&mut place.deliver(&sandbox, &[])).status, Some(0));
    assert!(!payload("2").is_null());
    let mut follower = follower(&place, &sandbox, &["--keep", "0s", "--log", "json"]);
    follower.until("\"event\":\"purged\"");
    follower.stop();
    assert!(payload("2").is_null());
}

#[tokio::test]
async fn a_signal_ends_a_delivery_that_does_not_follow_with_130_where_rows_are_left() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a", "b"]);
    sandbox.next(Answer::delay(Duration::from_millis(1500)));
    let once = Follower::start(&mut place.deliver(&sandbox, &["--concurrency", "1"]));
    received(&sandbox, 1).await;
    let once = once.stop();
    assert_eq!(
        (once.status, once.stdout.as_str()),
        (Some(130), "accepted 1, rejected 0, unknown 0, pending 1\n"),
        "{once:?}"
    );
}

#[tokio::test]
async fn an_outbox_that_cannot_be_reached_is_waited_for() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::with("");
    let nobodys = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut command = crate::vitec_connect(&["outbox", "deliver", "--base-url", sandbox.url(), "--log", "json"]);
    command
        .args(FAST)
        .args(["--outbox", &format!("postgres://u:hush@{nobodys}/x?connect_timeout=2")])
        .env("VITEC_CONNECT_USERNAME", sandbox.username())
        .env("VITEC_CONNECT_PASSWORD", sandbox.password());
    let mut waiting = Follower::start(&mut command);
    waiting.until("It is waited for");
    let waiting = waiting.stop();
    assert_eq!(waiting.status, Some(0), "{waiting:?}");
    assert_eq!(
        waiting.stderr.matches("It is waited for").count(),
        1,
        "said once: {waiting:?}"
    );
    assert!(!waiting.stderr.contains("hush"), "{waiting:?}");
    drop(place);
}

/// systemd's side of `Type=notify-reload`: a socket that hears everything.
#[tokio::test]
async fn systemd_is_told() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    let path = place.path("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let told = |wanted: &str| {
        let mut bytes = [0; 1024];
        loop {
            let length = socket.recv(&mut bytes).expect(wanted);
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if text.contains(wanted) {
                return text;
            }
        }
    };
    let follower = Follower::start(place.deliver(&sandbox, &FAST).env("NOTIFY_SOCKET", &path));
    told("READY=1");
    received(&sandbox, 1).await;
    follower.signal("-HUP");
    assert!(told("RELOADING=1").contains("MONOTONIC_USEC="));
    told("READY=1");
    follower.signal("-TERM");
    told("STOPPING=1");
    let run = follower.end();
    assert_eq!(run.status, Some(0), "{run:?}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_before_anything_is_sent() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = finish(
        place
            .deliver(&sandbox, &["--follow", "--listen", &address])
            .output()
            .unwrap(),
    );
    assert_eq!(run.status, Some(2), "{run:?}");
    assert!(run.stderr.contains(&format!("--listen {address}")), "{run:?}");
    assert_eq!(sandbox.stored(), 0);
}
