//! What reads as a loan promise can be written, and reads back equal. XML carries the same or refuses it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vitec_connect::LoanPromise;
use vitec_connect_fuzz::{survives_json, survives_xml};

fuzz_target!(|json: &[u8]| {
    if let Ok(promise) = serde_json::from_slice::<LoanPromise>(json) {
        survives_json(&promise).expect("it came from JSON");
        // Refused where XML has no form for it: control characters, unlisted numbers.
        let _ = survives_xml(&promise);
    }
});
