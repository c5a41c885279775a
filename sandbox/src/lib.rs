//! A stand-in for Vitec Connect, for tests: an HTTP server on loopback that answers as ASP.NET Web API 2 (5.2.9)
//! does, keeps what it received, and says what the real server would have lost without a word.
//!
//! It is driven by the description of the OpenAPI document: routes, parameters, bodies and answers all come from it.
//!
//! ```
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! use vitec_connect_sandbox::{Answer, Sandbox};
//!
//! let sandbox = Sandbox::start().await?;
//! println!("{} as {}", sandbox.url(), sandbox.username());
//! // … send something to it …
//! for received in sandbox.received() {
//!     println!("{} {} {:?}", received.operation, received.body, received.notes);
//! }
//! # Ok::<_, vitec_connect_sandbox::StartError>(())
//! # })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where the behaviour comes from
//!
//! What Web API, Json.NET and DataContractSerializer do was observed on the real software, or read in its public
//! source. What Vitec's own installation does beyond its documentation is inferred: that it checks the route before
//! the credentials and those before the body, that it answers a body that binds to nothing with 200, the casing of an
//! error's keys (see [`Builder::pascal_case`]), the message with a 403, and that a required header is demanded with 400.
//!
//! The answered string is the sandbox's own (`sandbox-1`, `sandbox-2`, …): what Vitec's means is not documented. An answer
//! of another type is the document's example, else made up.
//!
//! # Over HTTP
//!
//! The sandbox has pages of its own, without credentials: `GET /` with documentation and a form, `GET /received` (what
//! arrived, as JSON: how many were `stored`, how many of those `forgotten`, and the others, `received`; `?after=7` for
//! what came after number 7), `DELETE /received`, and unless [`Builder::document`] gives another document also
//! `GET /openapi.json` and `GET /openapi.yaml`. On loopback they answer only to the names of this machine.
//!
//! A request's `Prefer` header (RFC 7240) programmes its own answer: `code=503`, `html`, `retry-after=30`, `delay=1.5`
//! (seconds), `drop=before` or `drop=after` (storing), `truncate=10` (bytes of the body that still arrive), `stored`
//! (although the code is an error). What was understood comes back as `Preference-Applied`. One of these names with
//! anything else behind it is answered with 400 and this list, and nothing is stored; preferences of other names are
//! ignored, as the RFC wants it.
//!
//! # Bounds
//!
//! Of what arrives the last 10,000 requests are kept, and no more than 64 MiB of memory with all that they hold: the
//! oldest are forgotten first, and counted ([`Sandbox::forgotten`]). One that would take more than 16 MiB is counted
//! only. A request's head has about 64 KiB at most (else 414 or 431), its body as much as [`Builder::body_limit`] says, and no more than 500
//! connections are served at a time: others wait.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod access;
mod action;
mod bind;
mod bind_form;
mod bind_json;
mod bind_xml;
mod builder;
mod date_cursor;
mod date_text;
mod date_time;
mod decode;
mod http_error;
mod json;
mod json_number;
mod negotiate;
mod note;
mod page;
mod programme;
mod received;
mod reply;
mod route;
mod server;
mod service;
mod write;
mod xml;

use std::convert::Infallible;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use builder::{Builder, StartError};
pub use note::{Note, NoteKind};
pub use programme::Answer;
pub use received::Received;

use server::Shared;
use service::lock;

/// A running sandbox. It stops when it is dropped.
///
/// It runs on a thread of its own: blocking clients and a paused clock of the test's runtime do not trouble it.
///
/// # Panics
/// Dropping it panics if a programmed answer was never used: the test does not test what it says. (Not if the thread
/// is panicking already.) [`reset`](Self::reset) takes programmed answers back.
#[must_use = "the sandbox stops when it is dropped"]
pub struct Sandbox {
    url: String,
    shared: Arc<Shared>,
    /// Gone, it tells the server to stop.
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox on 127.0.0.1, at a free port, for the user `partner` with a random password and any customer.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// A sandbox with settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Its URL, without a slash at the end: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The user name that works for every customer (see [`Builder::credentials`]).
    #[must_use]
    pub fn username(&self) -> &str {
        &self.shared.service.access.general.username
    }

    /// The password that goes with it.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.shared.service.access.general.password
    }

    /// What was stored since the start or the last reset, oldest first. The last 10,000 requests are kept, and no more
    /// than 64 MiB of memory with all that they hold; see [`forgotten`](Self::forgotten).
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        let kept = lock(&self.shared.service.log).after(0);
        kept.into_iter().map(Arc::unwrap_or_clone).collect()
    }

    /// How many of the stored requests are no longer kept: the oldest, or those that were too large (16 MiB).
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        lock(&self.shared.service.log).forgotten()
    }

    /// How many requests were stored since the start or the last reset, also those no longer kept.
    #[must_use]
    pub fn stored(&self) -> u64 {
        lock(&self.shared.service.log).stored()
    }

    /// Programmes an answer for the next request that would be accepted. Several wait in line.
    pub fn next(&self, answer: Answer) {
        lock(&self.shared.service.programme).push_back(answer);
    }

    /// Forgets what was received, and takes programmed answers back.
    pub fn reset(&self) {
        self.shared.service.reset();
    }
}

/// Without the password.
impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was printed there.
            let _ = thread.join();
        }
        let unused = lock(&self.shared.service.programme).len();
        #[allow(clippy::manual_assert)]
        if unused > 0 && !std::thread::panicking() {
            #[expect(clippy::panic, reason = "it fails the test that leaves a programmed answer unused")]
            {
                panic!("{unused} programmed answer(s) of the sandbox were never used");
            }
        }
    }
}
