//! The operations that this command can call: the one place of it that names them.

use serde_json::Value;
use vitec_connect::{Client, Error};

use crate::call::Arguments;
use crate::report::Mistake;

/// Calls the operation `id` of the document.
///
/// A new operation of the document gets its arguments, its flags and its help by itself; its call gets a line here.
pub(crate) async fn call(
    id: &str,
    client: &Client,
    arguments: &Arguments<'_>,
) -> Result<Result<Value, Error>, Mistake> {
    Ok(match id {
        "createLoanPromise" => {
            let (customer, contact) = (arguments.id("customerId")?, arguments.id("contactId")?);
            client
                .create_loan_promise(&customer, &contact, &arguments.body()?)
                .await
                .map(Value::from)
        }
        other => return Err(Mistake::new(format!("this version of the command cannot call {other}"))),
    })
}
