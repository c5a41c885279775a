//! From a stored row to the call that sends it: the one place that tells operations apart.

use std::pin::Pin;

use vitec_connect::{Client, LoanPromise};

use crate::day::expired;
use crate::row::{CREATE_LOAN_PROMISE, State};
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
        if row.operation != CREATE_LOAN_PROMISE {
            return Err(refuse(format!(
                "this program does not know the operation {}",
                row.operation
            )));
        }
        let customer_id = row.customer_id.parse().map_err(|error| refuse(format!("{error}")))?;
        let contact_id = row.contact_id.parse().map_err(|error| refuse(format!("{error}")))?;
        let promise: LoanPromise = serde_json::from_str(&row.payload)
            .map_err(|error| refuse(format!("the stored content is unreadable: {error}")))?;
        if let Some(day) = expired(&promise, row.at) {
            return Err(refuse(format!("expired (valid until {day})")));
        }
        let client = self.clone();
        Ok(Box::pin(async move {
            Verdict::of(client.create_loan_promise(&customer_id, &contact_id, &promise).await)
        }))
    }
}
