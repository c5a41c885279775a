//! What reads as a list, a dictionary, bytes or a Guid reads back once written, or the writer refuses it.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use vitec_connect::datacontract::{Base64, DataContract, DateTime, Uuid, from_answer, from_slice, to_vec};

type By<T> = BTreeMap<String, T>;

fuzz_target!(|xml: &[u8]| {
    survives::<By<Option<String>>>(xml);
    survives::<By<Option<i32>>>(xml);
    survives::<By<Vec<By<Base64>>>>(xml);
    survives::<Vec<Option<i64>>>(xml);
    survives::<Vec<Vec<DateTime>>>(xml);
    survives::<Option<Vec<f64>>>(xml);
    survives::<Vec<bool>>(xml);
    survives::<Base64>(xml);
    survives::<Uuid>(xml);
    if let Ok(text) = std::str::from_utf8(xml)
        && let Ok(bytes) = text.parse::<Base64>()
    {
        assert_eq!(bytes.to_string().parse(), Ok(bytes));
    }
});

fn survives<T: DataContract>(xml: &[u8]) {
    let Ok(value) = from_slice::<T>(xml) else {
        return;
    };
    assert!(from_answer::<T>(xml, false).is_ok(), "an answer is read with less care");
    // Refused: a control character. .NET writes one as a reference, which reads, and XML 1.0 forbids it.
    let Ok(written) = to_vec(&value) else {
        return;
    };
    let back: T = from_slice(&written).expect("what was written reads");
    let again = to_vec(&back).expect("written once, written again");
    assert_eq!(again, written, "{}", String::from_utf8_lossy(&written));
}
