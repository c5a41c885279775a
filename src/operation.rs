//! Calls by name: parameters as text, the body as JSON, the answer as JSON. Underneath they are the typed ones.

use std::fmt::Display;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::str::FromStr;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use vitec_connect_description::{Operation, Shape};

use crate::call::Call;
use crate::client::Client;
use crate::datacontract::{self, DataContract};
use crate::error::{Error, ErrorKind, Outcome};
use crate::exchange::encoded;
use crate::{CustomerId, MediaType, description, generated};

/// A call of an operation that is known by its name only, ready to be completed: `.await` sends it.
///
/// For programs that know the operation at run time only: a command line, an outbox, a gateway. The document's own types
/// stand behind it, so that it is the same in JSON and in XML, and refuses what they refuse.
///
/// ```no_run
/// # async fn send(client: vitec_connect::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let answer = client
///     .operation("createLoanPromise")
///     .parameter("customerId", "M30011")
///     .parameter("contactId", "4711")
///     .body(serde_json::json!({"bank": "SBAB", "validUntil": "2027-01-31"}))
///     .await?;
/// println!("{answer}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct OperationCall<C = Client> {
    client: C,
    arguments: Arguments,
}

/// What a call by name is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    operation: String,
    parameters: Vec<(String, String)>,
    customer: Option<String>,
    body: Option<Body>,
}

#[derive(Clone, Debug)]
enum Body {
    Value(Value),
    Text(MediaType, String),
    Bytes(Bytes),
}

/// An operation, behind its name; generated for each.
pub(crate) struct ByName {
    pub(crate) id: &'static str,
    /// Makes the typed call.
    pub(crate) call: fn(&Client, &Arguments) -> Result<Call<Value>, Error>,
    /// The body that is given, read and written.
    pub(crate) body: fn(&Arguments, MediaType) -> Result<Option<Bytes>, Error>,
    /// Whether what is given for the parameter of this name is of its type.
    pub(crate) check: fn(&Arguments, &str) -> Result<(), Error>,
}

impl Client {
    /// A call of the operation that the document calls `id`, such as `createLoanPromise`; [`description()`](crate::description())
    /// lists them.
    pub fn operation(&self, id: &str) -> OperationCall {
        OperationCall::new(self.clone(), id)
    }
}

impl<C> OperationCall<C> {
    pub(crate) fn new(client: C, id: &str) -> Self {
        Self {
            client,
            arguments: Arguments {
                operation: id.to_owned(),
                ..Arguments::default()
            },
        }
    }

    /// A parameter, by the document's name, as text: a date as `2027-01-31`, a name of an enumeration, `true`. Of a list, one
    /// value after the other.
    pub fn parameter(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.arguments.parameters.push((name.into(), text.into()));
        self
    }

    /// The customer whose credentials serve: for operations that have no parameter that says so.
    pub fn customer(mut self, customer_id: impl Into<String>) -> Self {
        self.arguments.customer = Some(customer_id.into());
        self
    }

    /// The body. A member that the document does not know is refused: the server would drop it without a word.
    pub fn body(mut self, body: Value) -> Self {
        self.arguments.body = Some(Body::Value(body));
        self
    }

    /// The body as text in this media type.
    pub fn body_text(mut self, media_type: MediaType, text: impl Into<String>) -> Self {
        self.arguments.body = Some(Body::Text(media_type, text.into()));
        self
    }

    /// The body of an operation that takes neither JSON nor XML.
    pub fn body_bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.arguments.body = Some(Body::Bytes(bytes.into()));
        self
    }

    /// Whether the parameters that are given are what the operation takes, one by one; others may still be missing.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`]: the first one that is not.
    pub fn check_parameters(&self) -> Result<(), Error> {
        let by_name = self.arguments.find()?;
        let mut names = self.arguments.parameters.iter().map(|(name, _)| name);
        names.try_for_each(|name| (by_name.check)(&self.arguments, name))
    }

    /// The body that is given, as it would be sent in this media type; none where none is given. Members that are required
    /// have to be there.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidBody`]: why it cannot be read or written.
    pub fn encoded_body(&self, media_type: MediaType) -> Result<Option<Bytes>, Error> {
        let by_name = self.arguments.find()?;
        (by_name.body)(&self.arguments, media_type)
    }
}

impl OperationCall {
    /// The call, which can be watched, shown and sent like any other. It gives the answer as JSON: `null` where there is none,
    /// base64 for bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] and [`ErrorKind::InvalidBody`]: what is wrong with what was given.
    pub fn call(self) -> Result<Call<Value>, Error> {
        let by_name = self.arguments.find()?;
        (by_name.call)(&self.client, &self.arguments)
    }
}

impl IntoFuture for OperationCall {
    type Output = Result<Value, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        match self.call() {
            Ok(call) => call.into_future(),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

#[cfg(feature = "blocking")]
impl OperationCall<crate::blocking::Client> {
    /// The call, as of the async client.
    ///
    /// # Errors
    /// As there.
    pub fn call(self) -> Result<crate::blocking::Call<Value>, Error> {
        let of_async = OperationCall {
            client: self.client.client.clone(),
            arguments: self.arguments,
        };
        Ok(self.client.call(of_async.call()?))
    }

    /// Sends it, and waits for the answer.
    ///
    /// # Errors
    /// What is wrong with what was given, and all that [`blocking::Call::send`](crate::blocking::Call::send) says.
    pub fn send(self) -> Result<Value, Error> {
        self.call()?.send()
    }
}

impl Arguments {
    /// The operation, which has what is given.
    fn find(&self) -> Result<&'static ByName, Error> {
        let known = &description().operations;
        let found = known
            .iter()
            .zip(&generated::BY_NAME)
            .find(|(_, it)| it.id == self.operation);
        let Some((operation, by_name)) = found else {
            return Err(unknown(
                "operation",
                &self.operation,
                known.iter().map(|it| it.id.as_str()),
            ));
        };
        self.are_of(operation)?;
        Ok(by_name)
    }

    /// Refuses what the operation does not have.
    fn are_of(&self, operation: &Operation) -> Result<(), Error> {
        for (index, (name, _)) in self.parameters.iter().enumerate() {
            let Some(parameter) = operation.parameters.iter().find(|it| it.name == *name) else {
                return Err(unknown(
                    "parameter",
                    name,
                    operation.parameters.iter().map(|it| it.name.as_str()),
                ));
            };
            let is_list = matches!(parameter.ty, vitec_connect_description::Type::List(_));
            if !is_list && self.parameters[..index].iter().any(|(before, _)| before == name) {
                return Err(self.wrong(format!("the parameter {name} is given twice, and is no list")));
            }
        }
        if self.body.is_some() && operation.body.is_none() {
            return Err(self.wrong("it takes no body"));
        }
        Ok(())
    }

    fn parsed<T: FromStr<Err: Display>>(&self, what: &str, text: &str) -> Result<T, Error> {
        text.parse()
            .map_err(|error: T::Err| self.wrong(what).with_source(error.to_string()))
    }

    fn wrong(&self, what: impl Display) -> Error {
        argument(format!("{}: {what}", self.operation))
    }
}

/// What a generated call by name takes out of it.
#[allow(dead_code, reason = "the document says which of these are needed")]
impl Arguments {
    /// Of an operation that says nowhere whose password it takes.
    pub(crate) fn customer(&self) -> Result<CustomerId, Error> {
        match &self.customer {
            Some(text) => self.parsed("the customer", text),
            None => Err(self.wrong("it takes no customer as a parameter: say whose credentials serve")),
        }
    }

    /// The parameter that says whose password the call takes.
    pub(crate) fn key(&self, name: &str) -> Result<CustomerId, Error> {
        match (self.optional(name)?, &self.customer) {
            (Some(customer_id), _) => Ok(customer_id),
            (None, Some(_)) => self.customer(),
            (None, None) => self.required(name),
        }
    }

    pub(crate) fn required<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Error> {
        self.optional(name)?
            .ok_or_else(|| self.wrong(format!("the parameter {name} is missing")))
    }

    pub(crate) fn optional<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Error> {
        let given = self.parameters.iter().find(|(it, _)| it == name);
        given
            .map(|(_, text)| self.parsed(&format!("the parameter {name}"), text))
            .transpose()
    }

    /// None where there is no value.
    pub(crate) fn list<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<Vec<T>>, Error> {
        let given = self.parameters.iter().filter(|(it, _)| it == name);
        let values = given.map(|(_, text)| self.parsed(&format!("the parameter {name}"), text));
        let values: Vec<T> = values.collect::<Result<_, _>>()?;
        Ok((!values.is_empty()).then_some(values))
    }

    pub(crate) fn required_list<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Vec<T>, Error> {
        self.list(name)?
            .ok_or_else(|| self.wrong(format!("the parameter {name} is missing")))
    }

    pub(crate) fn body<T: DeserializeOwned + DataContract>(&self) -> Result<T, Error> {
        self.optional_body()?.ok_or_else(|| self.wrong("its body is missing"))
    }

    pub(crate) fn optional_body<T: DeserializeOwned + DataContract>(&self) -> Result<Option<T>, Error> {
        let invalid = || Error::new(ErrorKind::InvalidBody, Outcome::NotSent);
        let not_json = |error: serde_json::Error| invalid().with_source(error);
        let mut unknown = Vec::new();
        let mut keep = |path: serde_ignored::Path<'_>| unknown.push(path.to_string());
        let body = match &self.body {
            None => return Ok(None),
            Some(Body::Value(value)) => serde_ignored::deserialize(value, &mut keep).map_err(not_json)?,
            Some(Body::Text(MediaType::Json, text)) => {
                let mut json = serde_json::Deserializer::from_str(text);
                let body = serde_ignored::deserialize(&mut json, &mut keep).map_err(not_json)?;
                json.end().map_err(not_json)?;
                body
            }
            Some(Body::Text(MediaType::Xml, text)) => {
                datacontract::from_slice(text.as_bytes()).map_err(|error| invalid().with_source(error))?
            }
            Some(Body::Bytes(_)) => return Err(self.wrong("it takes its body in JSON or XML, and was given bytes")),
        };
        match unknown.first() {
            None => Ok(Some(body)),
            Some(path) => Err(invalid().with_source(unknown_member(path))),
        }
    }

    pub(crate) fn encoded_body<T: Serialize + DeserializeOwned + DataContract>(
        &self,
        media_type: MediaType,
    ) -> Result<Option<Bytes>, Error> {
        let body = self.optional_body::<T>()?;
        body.map(|body| encoded(&body, media_type)).transpose()
    }

    pub(crate) fn body_bytes(&self) -> Result<Bytes, Error> {
        self.optional_body_bytes()?
            .ok_or_else(|| self.wrong("its body is missing"))
    }

    pub(crate) fn optional_body_bytes(&self) -> Result<Option<Bytes>, Error> {
        match &self.body {
            None => Ok(None),
            Some(Body::Bytes(bytes)) => Ok(Some(bytes.clone())),
            Some(_) => Err(self.wrong("it takes its body as bytes")),
        }
    }
}

fn argument(detail: String) -> Error {
    Error::new(ErrorKind::Argument, Outcome::NotSent).with(|it| it.detail = Some(detail))
}

/// What there is instead, where it is not too much to read.
fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Error {
    let hint = match known.clone().find(|it| it.eq_ignore_ascii_case(name)) {
        Some(meant) => format!("; did you mean {meant:?}?"),
        None if known.clone().count() > 12 => String::new(),
        None => format!("; there is {}", known.collect::<Vec<_>>().join(", ")),
    };
    argument(format!("the document has no {what} {name:?}{hint}"))
}

fn unknown_member(path: &str) -> String {
    let name = path.rsplit('.').next().unwrap_or(path);
    let members = description().schemas.values().filter_map(|it| match &it.shape {
        Shape::Object { members, .. } => Some(members),
        Shape::Enumeration { .. } | Shape::Id { .. } => None,
    });
    let meant = members.flatten().find(|it| it.json.eq_ignore_ascii_case(name));
    let hint = meant.map_or(String::new(), |it| format!("; did you mean {:?}?", it.json));
    format!(
        "it has the member {path:?}, which the document does not know and the server would drop without a word{hint}"
    )
}

/// Any answer as JSON.
pub(crate) fn json(value: impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::new(ErrorKind::AnswerLost, Outcome::Accepted).with_source(error))
}
