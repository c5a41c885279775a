//! The client for code without async.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::{ClientBuilder, Credentials, Error, OperationCall, Receipt, Request, Response};

/// A client whose calls block. It runs the async client on a thread of its own. Cheap to clone; clones share it.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use vitec_connect::{Credentials, LoanPromise, blocking::Client};
///
/// let client = Client::new(Credentials::basic("partner", std::env::var("VITEC_CONNECT_PASSWORD")?)?)?;
/// let promise = LoanPromise::builder().bank("SBAB").build();
/// println!("{}", client.create_loan_promise(&"M30011".parse()?, &"4711".parse()?, &promise).send()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) client: crate::Client,
    worker: Arc<Worker>,
}

impl Client {
    /// A client for Vitec Connect itself, with these credentials for every customer.
    ///
    /// # Errors
    /// As [`crate::Client::new`].
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Self::from_builder(crate::Client::builder().credentials(credentials))
    }

    /// A client with settings of its own.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    pub fn from_builder(builder: ClientBuilder) -> Result<Self, Error> {
        // Before there is a runtime: an error here would drop it.
        let client = builder.build()?;
        let worker = Arc::new(Worker::start()?);
        Ok(Self { client, worker })
    }

    /// A call of an operation by its name; see [`crate::Client::operation`].
    pub fn operation(&self, id: &str) -> OperationCall<Self> {
        OperationCall::new(self.clone(), id)
    }

    pub(crate) fn call<T, O>(&self, call: crate::Call<T, O>) -> Call<T, O> {
        Call {
            call,
            worker: Arc::clone(&self.worker),
        }
    }
}

/// A call of an operation, ready to be sent: [`send`](Self::send) sends it. See [`crate::Call`].
#[must_use = "nothing is sent until `send` is called"]
pub struct Call<T, O = ()> {
    pub(crate) call: crate::Call<T, O>,
    worker: Arc<Worker>,
}

impl<T: 'static, O> Call<T, O> {
    /// Sends it, and waits for the answer.
    ///
    /// # Errors
    /// As the operation's method of [`crate::Client`] says; and when called from async code, which it would block. That
    /// includes `spawn_blocking`: use the async client there.
    pub fn send(self) -> Result<T, Error> {
        self.worker.wait(self.call.into_future())
    }

    /// As [`crate::Call::receipt`].
    pub fn receipt(self, receipt: &Receipt) -> Self {
        self.with(|call| call.receipt(receipt))
    }

    /// As [`crate::Call::header`].
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.with(|call| call.header(name, value))
    }

    /// As [`crate::Call::with_answer`].
    pub fn with_answer(self) -> Call<Response<T>, O> {
        self.with(crate::Call::with_answer)
    }

    /// As [`crate::Call::preview`].
    ///
    /// # Errors
    /// As there.
    pub fn preview(self) -> Result<Request, Error> {
        self.call.preview()
    }

    pub(crate) fn with<U, P>(self, change: impl FnOnce(crate::Call<T, O>) -> crate::Call<U, P>) -> Call<U, P> {
        Call {
            call: change(self.call),
            worker: self.worker,
        }
    }
}

impl<T, O> fmt::Debug for Call<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)
    }
}

/// The thread that runs the async client. Connections are looked after between calls too, so that one that the server closed
/// is not used again.
#[derive(Debug)]
struct Worker(Option<Runtime>);

impl Worker {
    fn start() -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| Error::configuration("no thread could be started").with_source(error))?;
        Ok(Self(Some(runtime)))
    }

    fn wait<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match &self.0 {
            Some(runtime) if Handle::try_current().is_err() => runtime.block_on(call),
            _ => Err(Error::configuration(
                "the blocking client was called from async code; use vitec_connect::Client",
            )),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Not waited for: inside async code that would panic.
            runtime.shutdown_background();
        }
    }
}
