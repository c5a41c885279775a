//! What goes to the log, and what never does.

use std::io::Write;
use std::sync::{Arc, Mutex};

use vitec_connect_sandbox::{Answer, Sandbox};

use crate::http::{authorization, post_json, post_xml, start};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_note_is_logged_and_no_password() {
    // For the whole process: the sandbox logs on a thread of its own.
    let captured = Captured::default();
    let writer = captured.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let sandbox = start(Sandbox::builder().credentials("logged-partner", "logged-secret"));
    post_xml(&sandbox, "<Status>VerifiedByBank</Status><Bank>logged-body</Bank>");
    post_json(&sandbox, "[]");
    sandbox.next(Answer::drop_after_storing());
    let dropped = crate::http::send(
        &sandbox,
        "POST",
        crate::http::LOAN_PROMISE,
        &[("Content-Type", "text/json")],
        b"{}",
    );
    assert!(dropped.is_none());
    drop(sandbox);

    let log = captured.0.lock().expect("the log").clone();
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains("WARN"), "{log}");
    assert!(log.contains("`Bank` came after `Status`"), "{log}");
    let authorization = authorization("logged-partner", "logged-secret");
    let encoded = authorization.strip_prefix("Basic ").expect("base64");
    for secret in ["logged-secret", encoded, "logged-body"] {
        assert!(!log.contains(secret), "{secret} was logged");
    }
}
