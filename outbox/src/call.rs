//! From a stored row to the call that sends it.

use std::error::Error as _;
use std::pin::Pin;

use vitec_connect::Client;

use crate::day::expired;
use crate::delivered::Delivered;
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
        let delivered = Delivered::operation()
            .filter(|it| it.name() == row.operation)
            .ok_or_else(|| {
                let operation = &row.operation;
                refuse(format!("this program does not know the operation {operation}"))
            })?;
        if let Some(day) = delivered.expires(&row.payload).and_then(|until| expired(until, row.at)) {
            return Err(refuse(format!("expired (valid until {day})")));
        }
        let call = delivered.call(self, &row.customer_id, &row.subject, &row.payload);
        let call = call.map_err(|error| {
            let cause = error.source().map_or(String::new(), |cause| format!(" Cause: {cause}"));
            refuse(format!("what is stored cannot be sent: {error}{cause}"))
        })?;
        Ok(Box::pin(async move { Verdict::of(call.await) }))
    }
}
