//! What reads as a date and time can be written, and every way of writing it reads back equal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vitec_connect::{DateTime, datacontract};

fuzz_target!(|text: &str| {
    let Ok(value) = text.parse::<DateTime>() else {
        return;
    };
    let shown = value.to_string();
    assert_eq!(shown.parse(), Ok(value), "{shown}");
    let json = serde_json::to_string(&value).expect("it came from text");
    assert_eq!(json, format!("\"{shown}\""));
    let xml = datacontract::to_vec(&value).expect("it came from text");
    assert_eq!(
        datacontract::from_slice::<DateTime>(&xml).expect("what was written reads"),
        value
    );
    // The text alone says which instant it is, or that it does not.
    assert_eq!(value.to_utc().is_some(), value.to_fixed_offset().is_some());
});
