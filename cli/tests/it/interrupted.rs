//! Ctrl-C in the middle.
#![cfg(unix)]

use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::{create, finish};

fn interrupt(process: u32) {
    assert!(
        Command::new("kill")
            .args(["-INT", &process.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

fn sending_to(url: &str) -> std::process::Child {
    create(&["--bank", "b", "--base-url", url])
        .env("VITEC_CONNECT_USERNAME", "partner")
        .env("VITEC_CONNECT_PASSWORD", "secret")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_request_under_way_has_an_unknown_outcome() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let child = sending_to(&format!("http://{}", server.local_addr().unwrap()));
    let (mut connection, _) = server.accept().unwrap();
    let mut first = [0];
    connection.read_exact(&mut first).unwrap(); // It has begun to leave.
    interrupt(child.id());
    let run = finish(child.wait_with_output().unwrap());
    assert_eq!((run.status, run.stdout.as_str()), (Some(6), ""), "{run:?}");
    assert!(
        run.stderr.contains("M30011") && run.stderr.contains("Look in Vitec"),
        "{run:?}"
    );
}

#[test]
fn nothing_is_under_way_before_tls_stands() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let child = sending_to(&format!("https://{}", server.local_addr().unwrap()));
    let (mut connection, _) = server.accept().unwrap();
    let mut first = [0];
    connection.read_exact(&mut first).unwrap(); // The TLS handshake has begun, and gets no answer.
    interrupt(child.id());
    let run = finish(child.wait_with_output().unwrap());
    assert_eq!((run.status, run.stdout.as_str()), (Some(130), ""), "{run:?}");
    assert!(run.stderr.contains("Nothing was sent."), "{run:?}");
}
