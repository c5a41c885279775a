//! The check that CI runs: instruction counts against an alternative's in the same run, and allocations.

use crate::Result;
use crate::{call, codec};

/// How far a ratio may rise above what it was: compilers and C libraries differ.
const TOLERANCE: f64 = 0.10;

/// Operation, payload, what it is compared with, and the ratio of instructions that was measured.
const CODEC: [(&str, &str, &str, f64); 6] = [
    ("xml-encode", "sample", "push_str", 1.73),
    ("xml-encode", "worst", "push_str", 0.76),
    ("xml-decode", "sample", "quick-xml-serde", 0.32),
    ("xml-decode", "worst", "quick-xml-serde", 0.26),
    ("json-encode", "sample", "serde_json", 1.30),
    ("json-decode", "sample", "serde_json", 1.05),
];

/// Of a call, in JSON and in XML: the ratio of instructions, and how many allocations more.
const CALL: [(&str, f64, f64); 2] = [("json", 1.15, 8.0), ("xml", 1.21, 8.0)];

pub(crate) fn run() -> Result<()> {
    let mut failed = 0;
    let mut check = |name: &str, is: f64, limit: f64| {
        let passed = is <= limit;
        failed += u32::from(!passed);
        println!(
            "{} {name}: {is:.3}, at most {limit:.3}",
            if passed { "ok  " } else { "FAIL" }
        );
    };
    for (operation, payload, other, measured) in CODEC {
        let (ours, theirs) = (
            codec::costs(operation, "vitec-connect", payload)?,
            codec::costs(operation, other, payload)?,
        );
        let name = format!("{operation} {payload}, instructions / {other}'s");
        check(
            &name,
            ours.instructions / theirs.instructions,
            measured * (1.0 + TOLERANCE),
        );
        if operation == "xml-encode" && payload == "sample" {
            check("xml-encode sample, allocations", ours.allocations, 1.0);
        }
    }
    for (format, measured, more) in CALL {
        let (ours, bare) = call::costs(format)?;
        let name = format!("a call in {format}, instructions / bare reqwest's");
        check(
            &name,
            ours.instructions / bare.instructions,
            measured * (1.0 + TOLERANCE),
        );
        let name = format!("a call in {format}, allocations above bare reqwest's");
        // Counts of a few that depend on how the answer arrives: not a whole one a call.
        check(&name, ours.allocations - bare.allocations, more + 0.9);
    }
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} limits exceeded: find the cost with valgrind --tool=callgrind, or say in check.rs why it has to be").into()),
    }
}
