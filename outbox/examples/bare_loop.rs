//! What an import is measured against: the same client in a loop, with no file, no checks and no database.
//!
//! `cargo run --release -p vitec-connect-outbox --example bare_loop -- URL ROWS CONCURRENCY`, with the user name and password
//! in `VITEC_CONNECT_USERNAME` and `VITEC_CONNECT_PASSWORD`.

use std::env;
use std::time::Instant;

use tokio::task::JoinSet;
use vitec_connect::{Client, Credentials, LoanPromise, LoanPromiseEstateType, RetryPolicy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, rows, concurrency] = &arguments[..] else {
        return Err("URL ROWS CONCURRENCY".into());
    };
    let (rows, concurrency): (usize, usize) = (rows.parse()?, concurrency.parse()?);
    let credentials = Credentials::basic(env::var("VITEC_CONNECT_USERNAME")?, env::var("VITEC_CONNECT_PASSWORD")?)?;
    let client = Client::builder()
        .base_url(url)
        .credentials(credentials)
        .retry(RetryPolicy::none())
        .build()?;
    let started = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..concurrency {
        let client = client.clone();
        workers.spawn(async move {
            for row in (worker..rows).step_by(concurrency) {
                let promise = LoanPromise::builder()
                    .bank("SBAB")
                    .estate_type(LoanPromiseEstateType::Apartment)
                    .valid_until("2099-01-31".parse::<vitec_connect::DateTime>()?)
                    .build();
                client
                    .create_loan_promise(&"M30011".parse()?, &row.to_string().parse()?, &promise)
                    .await?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    let elapsed = started.elapsed().as_secs_f64();
    println!("{rows} rows in {elapsed:.1} s: {:.0} a second", rows as f64 / elapsed);
    Ok(())
}
