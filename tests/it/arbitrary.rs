//! Loan promises made up at random, and the same ones in every run.

use chrono::{FixedOffset, NaiveDate, TimeZone as _, Utc};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngSeed, TestRunner};
use vitec_connect::{
    DateTime, LoanPromise, LoanPromiseEstateType as EstateType, LoanPromiseFinancing as Financing,
    LoanPromiseStatus as Status,
};

/// The same cases in every run: a test that fails must fail again.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(4711),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Any text that XML 1.0 can carry; mostly of what has to be escaped, is trimmed, or looks like something else.
pub(crate) fn text() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "&",
        "<",
        ">",
        "\"",
        "'",
        "\r",
        "\n",
        "\r\n",
        "\t",
        " ",
        "  ",
        "]]>",
        "<![CDATA[",
        "<!--",
        "-->",
        "&amp;",
        "&#xD;",
        "\\",
        "\\u0041",
        "/",
        "å",
        "Ö",
        "🏡",
        "\u{85}",
        "\u{2028}",
        "\u{7F}",
        "\u{A0}",
        "\u{FEFF}",
        "\u{FFFD}",
        "\u{10FFFF}",
        "a\u{30A}",
        "SBAB",
        "0",
        "null",
        "</Bank>",
        "{",
        "}",
        "[",
        ",",
        ":",
        "2027-01-31T00:00:00Z",
    ];
    let character = any::<char>().prop_filter(
        "XML 1.0 forbids it",
        |it| !matches!(it, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}'),
    );
    vec(
        prop_oneof![3 => select(PIECES).prop_map(str::to_owned), 1 => character.prop_map(String::from)],
        0..12,
    )
    .prop_map(|pieces| pieces.concat())
}

/// A date and time of every kind, to the tick, from the first year to the last.
pub(crate) fn date_time() -> impl Strategy<Value = DateTime> {
    let naive = (
        2..9999,
        1..=366u32,
        0..86_400u32,
        prop_oneof![Just(0), 0..10_000_000u32],
    )
        .prop_map(|(year, day, second, ticks)| {
            let last = if NaiveDate::from_yo_opt(year, 366).is_some() {
                366
            } else {
                365
            };
            let day = NaiveDate::from_yo_opt(year, day.min(last)).unwrap();
            let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(second, ticks * 100).unwrap();
            day.and_time(time)
        });
    (naive, 0..4, -840..=840).prop_map(|(naive, kind, minutes)| match kind {
        0 => naive.date().into(),
        1 => naive.into(),
        2 => Utc.from_utc_datetime(&naive).into(),
        _ => FixedOffset::east_opt(minutes * 60)
            .unwrap()
            .from_local_datetime(&naive)
            .unwrap()
            .into(),
    })
}

/// Values of an enumeration: listed, and unlisted names and numbers where these are wanted.
macro_rules! values {
    ($type:ident, $names:expr, $numbers:expr) => {{
        let listed: Vec<$type> = $type::listed().collect();
        let name = "[A-Za-zÅÄÖåäö_&<][A-Za-z0-9_åäö &<>-]{0,8}[A-Za-z0-9_åäö]"
            .prop_map(|name| name.parse::<$type>().unwrap());
        let number = any::<i32>().prop_map(|it| it.to_string().parse::<$type>().unwrap());
        prop_oneof![4 => select(listed), u32::from($names) * 2 => name, u32::from($numbers) * 2 => number]
    }};
}

/// Loan promises with any members missing. With `names`, their enumerations may hold unlisted names, which no server of
/// today reads; with `numbers` unlisted numbers, which XML cannot carry.
pub(crate) fn promise(names: bool, numbers: bool) -> impl Strategy<Value = LoanPromise> {
    (
        option::of(text()),
        option::of(text()),
        option::of(values!(EstateType, names, numbers)),
        option::of(values!(Financing, names, numbers)),
        option::of(values!(Status, names, numbers)),
        option::of(date_time()),
    )
        .prop_map(|(bank, estate_id, estate_type, financing, status, valid_until)| {
            LoanPromise::builder()
                .maybe_bank(bank)
                .maybe_estate_id(estate_id)
                .maybe_estate_type(estate_type)
                .maybe_financing(financing)
                .maybe_status(status)
                .maybe_valid_until(valid_until)
                .build()
        })
}

/// So many values, the same in every run.
pub(crate) fn some<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::new(config(1));
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}
