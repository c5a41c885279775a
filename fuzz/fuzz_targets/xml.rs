//! What reads as a loan promise or an answer can be written, and reads back equal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vitec_connect::{LoanPromise, datacontract};
use vitec_connect_fuzz::{survives_json, survives_xml};

fuzz_target!(|xml: &[u8]| {
    if let Ok(promise) = datacontract::from_slice::<LoanPromise>(xml) {
        survives_xml(&promise).expect("it came from XML");
        survives_json(&promise).expect("JSON carries whatever XML does");
    }
    if let Ok(text) = datacontract::from_slice::<String>(xml) {
        let written = datacontract::to_vec(&text).expect("it came from XML");
        let back: String = datacontract::from_slice(&written).expect("what was written reads");
        assert_eq!(back, text);
    }
});
