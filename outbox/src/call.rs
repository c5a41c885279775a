//! From a stored row to the call that sends it.

use std::error::Error as _;
use std::pin::Pin;

use serde_json::Value;
use vitec_connect::description::{Operation, Parameter};
use vitec_connect::{Client, DateTime, MediaType};

use crate::day::expired;
use crate::row::State;
use crate::store::Claimed;
use crate::verdict::{Effect, Verdict};

/// A call under way.
pub(crate) type Call = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// Who makes the calls.
pub(crate) trait Caller: Send + Sync {
    /// The call for a row, or why there is none.
    fn call(&self, row: &Claimed) -> Result<Call, Verdict>;
}

impl Caller for Client {
    fn call(&self, row: &Claimed) -> Result<Call, Verdict> {
        let refuse = |why: String| Verdict::not_sent(State::Rejected, why, Effect::None);
        let operation = delivered().filter(|it| it.name == row.operation).ok_or_else(|| {
            let operation = &row.operation;
            refuse(format!("this program does not know the operation {operation}"))
        })?;
        if let Some(day) = expires(operation, &row.payload).and_then(|until| expired(until, row.at)) {
            return Err(refuse(format!("expired (valid until {day})")));
        }
        let mut call = self.operation(&operation.id).customer(&row.customer_id);
        for (parameter, text) in parameters(operation).zip([&row.contact_id]) {
            call = call.parameter(&parameter.name, text);
        }
        let call = call.body_text(MediaType::Json, &row.payload).call().map_err(|error| {
            let cause = error.source().map_or(String::new(), |cause| format!(" Cause: {cause}"));
            refuse(format!("what is stored cannot be sent: {error}{cause}"))
        })?;
        Ok(Box::pin(async move { Verdict::of(call.await) }))
    }
}

/// The operation that is delivered.
pub(crate) fn delivered() -> Option<&'static Operation> {
    vitec_connect::description().delivered()
}

/// What stands in its path beside the customer.
pub(crate) fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    let is_key = |it: &&Parameter| operation.credentials_key.as_ref() == Some(&it.name);
    operation.parameters.iter().filter(move |it| !is_key(it))
}

/// The date after which a stored body is of no use.
fn expires(operation: &Operation, payload: &str) -> Option<DateTime> {
    let body = &operation.body.as_ref()?.content.ty;
    let member = vitec_connect::description()
        .members(body)
        .iter()
        .find(|it| it.expires)?;
    let body: Value = serde_json::from_str(payload).ok()?;
    body.get(&member.json)?.as_str()?.parse().ok()
}
