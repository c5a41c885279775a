//! A call is a future like any other: it can be spawned on a runtime with many threads.

use vitec_connect::{Client, Credentials, Error, LoanPromise};

#[tokio::test]
async fn a_call_can_be_spawned() {
    let client = Client::builder()
        .base_url("http://127.0.0.1:1")
        .credentials(Credentials::basic("partner", "secret").unwrap())
        .retry(vitec_connect::RetryPolicy::none())
        .build()
        .unwrap();
    // It borrows nothing: what it was made of may be gone.
    let call = {
        let (customer, contact) = ("M30011".parse().unwrap(), "4711".parse().unwrap());
        client.create_loan_promise(&customer, &contact, &LoanPromise::default())
    };
    drop(client);
    let call = tokio::spawn(call.into_future());
    let error: Error = call.await.unwrap().unwrap_err();
    assert_eq!(error.outcome(), vitec_connect::Outcome::NotSent);
}
