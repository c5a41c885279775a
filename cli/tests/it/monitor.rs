//! `outbox deliver --follow --listen`: what a delivery shows of itself.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpStream;

use vitec_connect_sandbox::{Answer, Sandbox};

use crate::follower::{Follower, received};
use crate::import::Place;

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// It is asked until it says so: what was heard is shown at once, what the rows are a few seconds later.
fn until(address: &str, path: &str, text: &str) {
    let begun = std::time::Instant::now();
    while !get(address, path).contains(text) {
        assert!(
            begun.elapsed().as_secs() < 60,
            "{text:?} is not in\n{}",
            get(address, path)
        );
        std::thread::yield_now();
    }
}

fn listening(place: &Place, sandbox: &Sandbox, address: &str) -> (Follower, String) {
    let listen = ["--follow", "--poll", "20ms", "--listen", address];
    let mut follower = Follower::start(&mut place.deliver(sandbox, &listen));
    let line = follower.until("listening: http://");
    let address = line.split("http://").nth(1).unwrap().trim_end_matches('/').to_owned();
    (follower, address)
}

#[tokio::test]
async fn a_delivery_shows_what_it_does() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    sandbox.next(Answer::status(400));
    let (follower, address) = listening(&place, &sandbox, "127.0.0.1:0");
    until(&address, "/healthz", "alive");
    until(&address, "/readyz", "200 OK");
    until(
        &address,
        "/metrics",
        "vitec_connect_calls_total{outcome=\"rejected\",status=\"400\"} 1",
    );
    until(&address, "/metrics", "vitec_connect_rows{state=\"rejected\"} 1");
    until(&address, "/", "vitec-connect outbox requeue 1<");
    let run = follower.stop();
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(!run.stderr.contains("other machines"), "{run:?}");
    assert!(TcpStream::connect(&address).is_err(), "nothing is left that listens");
}

#[tokio::test]
async fn it_is_alive_and_not_ready_while_another_one_delivers() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    let (first, _) = listening(&place, &sandbox, "127.0.0.1:0");
    received(&sandbox, 1).await;
    let (second, address) = listening(&place, &sandbox, "127.0.0.1:0");
    until(&address, "/healthz", "alive");
    until(&address, "/readyz", "503 Service Unavailable");
    until(&address, "/readyz", "waits for another process: ");
    first.stop();
    place.add(sandbox.url(), &["--bank", "b"]);
    until(&address, "/readyz", "200 OK");
    second.stop();
}

#[tokio::test]
async fn an_address_for_everybody_is_warned_of() {
    let sandbox = Sandbox::start().await.unwrap();
    let place = Place::stored(&sandbox, &["a"]);
    let (mut follower, _) = listening(&place, &sandbox, "0.0.0.0:0");
    follower.until("can be reached by other machines");
    follower.stop();
}
