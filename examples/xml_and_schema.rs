//! The models without a network: DataContract XML both ways, and their JSON Schema.
//!
//! `cargo run -p vitec-connect --example xml_and_schema`

use vitec_connect::{LoanPromise, LoanPromiseFinancing, datacontract};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let promise = LoanPromise::builder()
        .bank("Länsförsäkringar & Co")
        .financing(LoanPromiseFinancing::Bank)
        .build();

    let xml = datacontract::to_vec(&promise)?;
    println!("{}\n", String::from_utf8_lossy(&xml));
    assert_eq!(datacontract::from_slice::<LoanPromise>(&xml)?, promise);

    // XML carries an enumeration's names only: a number that the document does not list is an error, not a loss.
    let unlisted = LoanPromise::builder()
        .financing("9".parse::<LoanPromiseFinancing>()?)
        .build();
    if let Err(error) = datacontract::to_vec(&unlisted) {
        println!("{error}\n");
    }

    println!("{}", serde_json::to_string_pretty(&schemars::schema_for!(LoanPromise))?);
    Ok(())
}
