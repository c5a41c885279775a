//! What more than one target checks.

use vitec_connect::{LoanPromise, datacontract};

/// Panics unless the promise comes back from JSON as it went in, or is refused.
pub fn survives_json(promise: &LoanPromise) -> Result<(), serde_json::Error> {
    let json = serde_json::to_vec(promise)?;
    let back: LoanPromise = serde_json::from_slice(&json).expect("what was written reads");
    assert_eq!(&back, promise, "{}", String::from_utf8_lossy(&json));
    assert_eq!(serde_json::to_vec(&back).expect("written once, written again"), json);
    Ok(())
}

/// Panics unless the promise comes back from XML as it went in, or is refused.
pub fn survives_xml(promise: &LoanPromise) -> Result<(), datacontract::Error> {
    let xml = datacontract::to_vec(promise)?;
    let back: LoanPromise = datacontract::from_slice(&xml).expect("what was written reads");
    assert_eq!(&back, promise, "{}", String::from_utf8_lossy(&xml));
    assert_eq!(datacontract::to_vec(&back).expect("written once, written again"), xml);
    Ok(())
}
