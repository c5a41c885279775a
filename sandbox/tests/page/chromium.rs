//! A headless Chromium, driven over the DevTools protocol on a pipe: JSON messages that end with a NUL.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// Where it is set to `1`, a missing Chromium fails the tests.
const REQUIRE: &str = "VITEC_CONNECT_REQUIRE_CHROMIUM";

/// No answer takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One browser at a time: several at once are slower than one after the other.
static ONE: Mutex<()> = Mutex::new(());

pub(crate) struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    last_id: u64,
    session: Option<String>,
    events: Vec<Value>,
    profile: PathBuf,
    origin: String,
    _one: MutexGuard<'static, ()>,
}

impl Browser {
    /// Opens `url`/. `None`, with a message, where there is no Chromium.
    pub(crate) fn open(url: &str) -> Option<Self> {
        let Some(program) = find() else {
            assert!(
                env::var(REQUIRE).as_deref() != Ok("1"),
                "Chromium is missing, and {REQUIRE}=1"
            );
            eprintln!("skipped: Chromium is missing (Debian's package is `chromium`)");
            return None;
        };
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let profile = env::temp_dir().join(format!("vitec-connect-page-{}-{number}", std::process::id()));
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        // Chromium reads commands from descriptor 3 and answers on 4: the shell puts our pipes there.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#, "sh"])
            .arg(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
            ])
            .args([
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
            ])
            .args(["--disable-sync", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let input = child.stdin.take().expect("a pipe");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            while output.read_until(0, &mut bytes).is_ok_and(|length| length > 0) {
                bytes.pop();
                let message = serde_json::from_slice(&bytes).expect("DevTools messages are JSON");
                if sender.send(message).is_err() {
                    return;
                }
                bytes.clear();
            }
        });
        let mut browser = Self {
            child,
            input,
            messages,
            last_id: 0,
            session: None,
            events: Vec::new(),
            profile,
            origin: url.to_owned(),
            _one: one,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.call(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        );
        browser.session = Some(attached["sessionId"].as_str().expect("a session").to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call("Page.navigate", json!({"url": format!("{url}/")}));
        browser.until("document.readyState === 'complete' && location.protocol === 'http:'");
        Some(browser)
    }

    /// Sends a command and waits for its answer. Events on the way are kept.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).expect("Chromium listens");
        loop {
            let mut answer = self.messages.recv_timeout(PATIENCE).expect("Chromium answers");
            if answer["id"] == json!(self.last_id) {
                assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }

    /// What an expression in the page is, a promise's value included.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.call("Runtime.evaluate", params);
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression}: {}",
            answer["exceptionDetails"]
        );
        answer["result"]["value"].take()
    }

    pub(crate) fn text(&mut self, expression: &str) -> String {
        self.evaluate(expression)
            .as_str()
            .unwrap_or_else(|| panic!("{expression} is no text"))
            .to_owned()
    }

    /// Waits until a condition in the page holds.
    pub(crate) fn until(&mut self, condition: &str) {
        let held = self.evaluate(&format!(
            "new Promise((done) => {{
                const end = performance.now() + 20000;
                (function look() {{
                    if ({condition}) done(true);
                    else if (performance.now() > end) done(false);
                    else setTimeout(look, 10);
                }})();
            }})"
        ));
        assert_eq!(
            held,
            json!(true),
            "never came true: {condition}\n{}",
            self.text("document.body.innerText")
        );
    }

    /// Presses and releases a key.
    pub(crate) fn key(&mut self, key: &str) {
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, ""),
            "Enter" => ("Enter", 13, "\r"),
            "ArrowRight" => ("ArrowRight", 39, ""),
            "ArrowDown" => ("ArrowDown", 40, ""),
            _ => panic!("{key} is not in the table"),
        };
        let mut press = json!({"type": "rawKeyDown", "key": key, "code": code, "windowsVirtualKeyCode": number});
        if !text.is_empty() {
            press["type"] = json!("keyDown");
            press["text"] = json!(text);
        }
        self.call("Input.dispatchKeyEvent", press);
        self.call(
            "Input.dispatchKeyEvent",
            json!({"type": "keyUp", "key": key, "code": code, "windowsVirtualKeyCode": number}),
        );
    }

    /// Types over what the focused field holds.
    pub(crate) fn type_over(&mut self, text: &str) {
        self.evaluate("document.activeElement.select()");
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Nothing went wrong in the page, and it asked nobody but the sandbox.
    pub(crate) fn assert_quiet(&mut self) {
        // Events that were on their way arrive before this answer.
        self.evaluate("0");
        for event in &self.events {
            let params = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" => panic!("{params}"),
                "Runtime.consoleAPICalled" => panic!("the page wrote to the console: {params}"),
                // An error status is an answer like any other here.
                "Log.entryAdded" if params["entry"]["source"] == "network" => {}
                "Log.entryAdded" => panic!("{params}"),
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str().expect("a URL");
                    let own = url.strip_prefix(&self.origin).is_some_and(|rest| rest.starts_with('/'));
                    assert!(own || url.starts_with("data:"), "a request to elsewhere: {url}");
                }
                _ => {}
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let close = json!({"id": self.last_id + 1, "method": "Browser.close"});
        let _ = self.input.write_all(format!("{close}\0").as_bytes());
        // Its end of the pipe closes when it has ended.
        while !matches!(
            self.messages.recv_timeout(Duration::from_secs(10)),
            Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout)
        ) {}
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let directories: Vec<PathBuf> = env::split_paths(&path).collect();
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| directories.iter().map(move |directory| directory.join(name)))
        .find(|program| program.is_file())
}
