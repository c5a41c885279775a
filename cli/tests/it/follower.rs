//! A delivery in another process, watched by what it says.
#![cfg(unix)]

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use vitec_connect_sandbox::Sandbox;

use crate::Run;

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Follower {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Follower {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines() {
                let _ = sender.send(line.unwrap());
            }
        });
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// Waits until it says this, from here on.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(error) => panic!("{text:?}: {error}: {:#?}", self.said),
            }
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends by itself.
    pub(crate) fn end(mut self) -> Run {
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let status = self.child.wait().unwrap().code();
        self.said.extend(self.lines.iter());
        Run {
            status,
            stdout,
            stderr: self.said.join("\n"),
        }
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn stop(self) -> Run {
        self.signal("-TERM");
        self.end()
    }
}

/// What the sandbox has received, once that is so many.
pub(crate) async fn received(sandbox: &Sandbox, calls: usize) -> VecDeque<String> {
    let wait = async {
        while sandbox.received().len() < calls {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
    let received = sandbox.received();
    let bank = |it: &vitec_connect_sandbox::Received| it.body["bank"].as_str().unwrap_or_default().to_owned();
    received.iter().map(bank).collect()
}
