//! A call: made, and not yet sent.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use reqwest::header::HeaderMap;
use serde::Serialize;

use crate::error::Error;
use crate::exchange::Exchange;
use crate::receipt::Receipt;
use crate::request::Request;
use crate::transport::Answer;

/// How an answer is read.
type Read<T> = Box<dyn FnOnce(&mut Answer) -> Result<T, Error> + Send>;

/// A call of an operation, ready to be sent: `.await` sends it.
///
/// The URL is written and the body encoded already; it borrows nothing, and can be moved to another task. What was wrong
/// with its making comes out when it is awaited. `T` is what comes back; `O` is the [operation](crate::operations) whose
/// optional parameters can be set.
///
/// ```no_run
/// # async fn send(client: vitec_connect::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use vitec_connect::{LoanPromise, Receipt};
///
/// let promise = LoanPromise::builder().bank("SBAB").build();
/// let receipt = Receipt::default();
/// let call = client
///     .create_loan_promise(&"M30011".parse()?, &"4711".parse()?, &promise)
///     .header("X-Request-Id", "7f3a")
///     .receipt(&receipt);
/// let answer = tokio::spawn(call.into_future()).await??;
/// # Ok(())
/// # }
/// # use std::future::IntoFuture;
/// ```
#[must_use = "nothing is sent until it is awaited"]
pub struct Call<T, O = ()> {
    exchange: Exchange,
    read: Read<T>,
    operation: PhantomData<fn() -> O>,
}

/// What an operation answered, with all that came beside it: see [`Call::with_answer`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response<T> {
    /// What was read.
    pub value: T,
    /// The HTTP status.
    pub status: u16,
    /// The headers, without what repeats the credentials.
    pub headers: HeaderMap,
}

impl<T, O> Call<T, O> {
    pub(crate) fn new(exchange: Exchange, read: impl FnOnce(&mut Answer) -> Result<T, Error> + Send + 'static) -> Self {
        Self {
            exchange,
            read: Box::new(read),
            operation: PhantomData,
        }
    }

    /// Notes in `receipt` how far the call has come: it tells more than the call's end does, also after its future was
    /// dropped. A receipt is for one call.
    pub fn receipt(mut self, receipt: &Receipt) -> Self {
        self.exchange.receipt = receipt.clone();
        self
    }

    /// Adds a header, such as the id of a trace or a request; set once more, the last value counts.
    ///
    /// One that the client or HTTP itself sets, one that is a parameter of the operation, and one that is malformed make the
    /// call fail with [`ErrorKind::Configuration`](crate::ErrorKind::Configuration); then nothing is sent.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        self.exchange = self.exchange.with(|prepared| prepared.add_header(name, value));
        self
    }

    /// The status and the headers too.
    ///
    /// ```no_run
    /// # async fn send(client: vitec_connect::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// # let promise = vitec_connect::LoanPromise::builder().bank("SBAB").build();
    /// let call = client.create_loan_promise(&"M30011".parse()?, &"4711".parse()?, &promise);
    /// let response = call.with_answer().await?;
    /// println!("{} {:?}: {}", response.status, response.headers.get("date"), response.value);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_answer(self) -> Call<Response<T>, O>
    where
        T: 'static,
    {
        let read = self.read;
        Call::new(self.exchange, move |answer| {
            let value = read(answer)?;
            Ok(Response {
                value,
                status: answer.status,
                headers: std::mem::take(&mut answer.headers),
            })
        })
    }

    /// The whole HTTP request, which is not sent. No credentials are asked for: they are never shown.
    ///
    /// ```
    /// use vitec_connect::{Client, Credentials, LoanPromise};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::new(Credentials::basic("partner", "secret")?)?;
    /// let promise = LoanPromise::builder().bank("SBAB").build();
    /// let request = client.create_loan_promise(&"M30011".parse()?, &"4711".parse()?, &promise).preview()?;
    /// assert_eq!(request.url, "https://connect.maklare.vitec.net/CRM/Buyer/M30011/4711/LoanPromise");
    /// assert_eq!(&request.body[..], br#"{"bank":"SBAB"}"#);
    /// assert!(!request.to_string().contains("secret"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Whatever would keep the request from being sent, but for missing credentials.
    pub fn preview(self) -> Result<Request, Error> {
        self.exchange.preview()
    }
}

/// What generated methods make of it.
#[allow(dead_code, reason = "the document says which of these are needed")]
impl<T, O> Call<T, O> {
    /// Reads something else out of what is read.
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> Result<U, Error> + Send + 'static) -> Call<U>
    where
        T: 'static,
    {
        let read = self.read;
        Call::new(self.exchange, move |answer| map(read(answer)?))
    }

    /// Sets a parameter in the query.
    pub(crate) fn query(mut self, name: &str, value: &impl Serialize) -> Self {
        self.exchange = self.exchange.with(|prepared| prepared.set_query(name, value));
        self
    }

    /// Sets a parameter in a header.
    pub(crate) fn header_parameter(mut self, name: &str, value: &impl ToString) -> Self {
        let text = value.to_string();
        self.exchange = self.exchange.with(|prepared| prepared.set_header(name, &text));
        self
    }
}

impl<T: 'static, O> IntoFuture for Call<T, O> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.exchange.run(self.read))
    }
}

impl<T, O> fmt::Debug for Call<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.exchange.about).finish()
    }
}
