//! Sends one loan promise to an embedded sandbox, and shows what arrived.
//!
//! `cargo run -p vitec-connect --example send_one`

use vitec_connect::{Client, Credentials, LoanPromise, LoanPromiseEstateType, LoanPromiseStatus};
use vitec_connect_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let client = Client::builder()
        .base_url(sandbox.url())
        .credentials(Credentials::basic(sandbox.username(), sandbox.password())?)
        .build()?;

    let promise = LoanPromise::builder()
        .bank("SBAB")
        .valid_until(chrono::NaiveDate::from_ymd_opt(2027, 1, 31).ok_or("no such day")?)
        .estate_type(LoanPromiseEstateType::Apartment)
        .status(LoanPromiseStatus::VerifiedByBank)
        .build();
    let answer = client
        .create_loan_promise(&"M30011".parse()?, &"4711".parse()?, &promise)
        .await?;
    println!("answered: {answer}");

    for received in sandbox.received() {
        println!("arrived:  {}", received.body);
    }
    Ok(())
}
