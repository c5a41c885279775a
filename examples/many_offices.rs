//! One client for many offices, each with a password of its own that may be replaced while the client runs.
//!
//! `cargo run -p vitec-connect --example many_offices`

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use vitec_connect::{Client, Credentials, CredentialsProvider, CustomerId, LoanPromise};
use vitec_connect_sandbox::Sandbox;

/// Passwords by customer. A real one would read from a vault.
#[derive(Default)]
struct Passwords(RwLock<HashMap<CustomerId, String>>);

impl Passwords {
    fn set(&self, customer: &CustomerId, password: &str) {
        if let Ok(mut passwords) = self.0.write() {
            passwords.insert(customer.clone(), password.to_owned());
        }
    }
}

impl CredentialsProvider for Passwords {
    async fn credentials(
        &self,
        customer: &CustomerId,
    ) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        let passwords = self.0.read().map_err(|_| "the passwords cannot be read")?;
        let password = passwords
            .get(customer)
            .ok_or_else(|| format!("there is no password for {customer}"))?;
        Ok(Credentials::basic("partner", password)?)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::builder()
        .customer("M30011", "partner", "first")
        .customer("S30164", "partner", "second")
        .start()
        .await?;
    let (stockholm, malmo): (CustomerId, CustomerId) = ("M30011".parse()?, "S30164".parse()?);
    let passwords = Arc::new(Passwords::default());
    passwords.set(&stockholm, "first");
    passwords.set(&malmo, "an old one");

    let client = Client::builder()
        .base_url(sandbox.url())
        .credentials(Arc::clone(&passwords))
        .build()?;
    let (contact, promise) = ("4711".parse()?, LoanPromise::builder().bank("SBAB").build());
    println!(
        "{stockholm}: {}",
        client.create_loan_promise(&stockholm, &contact, &promise).await?
    );
    if let Err(error) = client.create_loan_promise(&malmo, &contact, &promise).await {
        println!("{error}");
    }

    passwords.set(&malmo, "second"); // Replaced while the client runs.
    println!(
        "{malmo}: {}",
        client.create_loan_promise(&malmo, &contact, &promise).await?
    );
    Ok(())
}
