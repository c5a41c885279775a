//! The client for code without async.

use std::future::Future;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::{ClientBuilder, ContactId, Credentials, CustomerId, Error, LoanPromise};

/// A client whose calls block. It runs the async client on a thread of its own.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use vitec_connect::{Credentials, LoanPromise, blocking::Client};
///
/// let client = Client::new(Credentials::basic("partner", std::env::var("VITEC_CONNECT_PASSWORD")?)?)?;
/// let promise = LoanPromise::builder().bank("SBAB").build();
/// println!("{}", client.create_loan_promise(&"M30011".parse()?, &"4711".parse()?, &promise)?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Client {
    client: crate::Client,
    /// Some until it is dropped.
    runtime: Option<Runtime>,
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
        // Before there is a runtime: an error here would drop it, which panics inside async code.
        let client = builder.build()?;
        // A worker, not the caller's thread: connections are looked after between calls too, so that one that the server
        // closed is not used again.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| Error::configuration("no thread could be started").with_source(error))?;
        Ok(Self {
            client,
            runtime: Some(runtime),
        })
    }

    /// Registers a loan promise (lånelöfte) on a buyer; see [`crate::Client::create_loan_promise`].
    ///
    /// # Errors
    /// As there; and when called from async code, which it would block. That includes `spawn_blocking`: use the async
    /// client there.
    pub fn create_loan_promise(
        &self,
        customer_id: &CustomerId,
        contact_id: &ContactId,
        loan_promise: &LoanPromise,
    ) -> Result<String, Error> {
        self.wait(self.client.create_loan_promise(customer_id, contact_id, loan_promise))
    }

    fn wait<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        match &self.runtime {
            Some(runtime) if Handle::try_current().is_err() => runtime.block_on(call),
            _ => Err(Error::configuration(
                "the blocking client was called from async code; use vitec_connect::Client",
            )),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Not waited for: inside async code that would panic.
            runtime.shutdown_background();
        }
    }
}
