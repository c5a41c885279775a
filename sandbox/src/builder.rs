//! A sandbox's settings, and its start.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, mpsc};

use tokio::sync::oneshot;
use vitec_connect::description::Description;

use crate::Sandbox;
use crate::access::{Access, Account};
use crate::received::Log;
use crate::route::Routes;
use crate::server::{Shared, serve};
use crate::service::Service;

/// ASP.NET's own limit for a body.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// Settings of a sandbox.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// use vitec_connect_sandbox::Sandbox;
///
/// let sandbox = Sandbox::builder()
///     .customer("M30011", "partner", "one password")
///     .customer("M30012", "partner", "another password")
///     .forbidden("M2")
///     .start()
///     .await?;
/// # Ok::<_, vitec_connect_sandbox::StartError>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it starts with `start`"]
pub struct Builder {
    listen: SocketAddr,
    credentials: Option<Account>,
    customers: Vec<(String, Account)>,
    forbidden: Vec<String>,
    pascal_case: bool,
    body_limit: usize,
    document: Option<Description>,
}

/// Why a sandbox did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address is taken or not allowed, or the system gave no thread.
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, .. } => {
                write!(
                    f,
                    "the sandbox cannot listen on {address}: choose another address, or port 0 for a free one"
                )
            }
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } => Some(source),
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            credentials: None,
            customers: Vec::new(),
            forbidden: Vec::new(),
            pascal_case: false,
            body_limit: BODY_LIMIT,
            document: None,
        }
    }
}

impl Builder {
    /// Where to listen. Port 0 is a free one. Beyond loopback the sandbox's own pages are open to everyone.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The user name and password for every customer, instead of `partner` and a random password.
    pub fn credentials(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some(Account {
            username: username.into(),
            password: password.into(),
        });
        self
    }

    /// A customer with a password of its own. As soon as there is one, other customers are refused: 403 with
    /// credentials that are right for another customer, 401 with wrong ones.
    pub fn customer(mut self, id: impl Into<String>, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.customers.push((
            id.into(),
            Account {
                username: username.into(),
                password: password.into(),
            },
        ));
        self
    }

    /// A customer that the partner has no access to: 403.
    pub fn forbidden(mut self, id: impl Into<String>) -> Self {
        self.forbidden.push(id.into());
        self
    }

    /// Errors with keys such as `Message` instead of `message`. Which of the two Vitec sends is not documented.
    pub fn pascal_case(mut self, pascal_case: bool) -> Self {
        self.pascal_case = pascal_case;
        self
    }

    /// The largest body in bytes; 413 beyond it. ASP.NET's 4 MiB unless told otherwise.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// What another document says. Its text is not known then: `/openapi.json` and `/openapi.yaml` are not found.
    pub fn document(mut self, description: Description) -> Self {
        self.document = Some(description);
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn start(self) -> Result<Sandbox, StartError> {
        let is_own_document = self.document.is_none();
        let description = self.document.unwrap_or_else(|| vitec_connect::description().clone());
        let failed = |source| StartError::Listen {
            address: self.listen,
            source,
        };
        let made_up_password = self.credentials.is_none();
        let general = match self.credentials {
            Some(account) => account,
            None => Account {
                username: "partner".to_owned(),
                password: random_password().map_err(failed)?,
            },
        };
        let listener = TcpListener::bind(self.listen).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared {
            service: Service {
                routes: Routes::of(&description),
                description,
                access: Access {
                    general,
                    customers: self.customers,
                    forbidden: self.forbidden,
                },
                pascal_case: self.pascal_case,
                body_limit: self.body_limit,
                log: Mutex::new(Log::default()),
                programme: Mutex::new(VecDeque::new()),
            },
            is_own_document,
            loopback: address.ip().is_loopback(),
            made_up_password,
        });
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("vitec-connect-sandbox".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || run(listener, shared, stopped, &ready)
            })
            .map_err(failed)?;
        started
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("its thread ended")))
            .map_err(failed)?;
        Ok(Sandbox {
            url: url(address),
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// The thread of a sandbox: a runtime of its own, so that it does not depend on the caller's.
fn run(
    listener: TcpListener,
    shared: Arc<Shared>,
    stopped: oneshot::Receiver<Infallible>,
    ready: &mpsc::Sender<io::Result<()>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(async {
        let listener = listener
            .set_nonblocking(true)
            .and_then(|()| tokio::net::TcpListener::from_std(listener));
        match listener {
            Ok(listener) => {
                let _ = ready.send(Ok(()));
                serve(listener, shared, stopped).await;
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    });
}

/// The URL of an address. One that stands for all of the machine's is reached through loopback.
fn url(address: SocketAddr) -> String {
    let mut address = address;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    format!("http://{address}")
}

fn random_password() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
