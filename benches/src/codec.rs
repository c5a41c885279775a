//! A loan promise to JSON and XML and back.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use vitec_connect::datacontract::{from_slice, to_vec};
use vitec_connect::{DateTime, LoanPromise, LoanPromiseEstateType, LoanPromiseFinancing, LoanPromiseStatus};

use crate::valgrind::{Cost, cost};
use crate::{Result, dotnet};

const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/Vitec.Housing.Connect.Api.Models.Buyer";

/// The payloads: the help page's sample, and long strings full of what has to be escaped.
pub(crate) const PAYLOADS: [&str; 2] = ["sample", "worst"];

/// What is measured: the operation, and who does it. The first of an operation is what the others are compared with.
const CONTENDERS: [(&str, &[&str]); 4] = [
    ("xml-encode", &["push_str", "vitec-connect", "quick-xml-serde"]),
    ("xml-decode", &["quick-xml-serde", "vitec-connect"]),
    ("json-encode", &["serde_json", "vitec-connect"]),
    ("json-decode", &["serde_json", "vitec-connect"]),
];

pub(crate) fn promise(payload: &str) -> Result<LoanPromise> {
    let text = match payload {
        "sample" => "sample string 1".to_owned(),
        _ => "<&>\"'\r\n\t ]]> åäö € 😀 ".repeat(400),
    };
    Ok(LoanPromise::builder()
        .bank(text.as_str())
        .estate_id(text.as_str())
        .estate_type(LoanPromiseEstateType::Apartment)
        .financing(LoanPromiseFinancing::Bank)
        .status(LoanPromiseStatus::AutomaticVerification)
        .valid_until("2024-11-21T09:53:21.9146786+01:00".parse::<DateTime>()?)
        .build())
}

/// The same, as somebody writes it who has no generated models: every value is a string.
macro_rules! plain {
    ($name:ident, $casing:literal $(, $attribute:literal $namespace:ident)?) => {
        #[derive(Deserialize, Serialize)]
        #[serde(rename = "LoanPromise", rename_all = $casing)]
        struct $name {
            $(#[serde(rename = $attribute)] $namespace: String,)?
            bank: Option<String>,
            estate_id: Option<String>,
            estate_type: Option<String>,
            financing: Option<String>,
            status: Option<String>,
            valid_until: Option<String>,
        }

        impl From<&LoanPromise> for $name {
            fn from(promise: &LoanPromise) -> Self {
                Self {
                    $($namespace: NAMESPACE.to_owned(),)?
                    bank: promise.bank.clone(),
                    estate_id: promise.estate_id.clone(),
                    estate_type: promise.estate_type.as_ref().map(ToString::to_string),
                    financing: promise.financing.as_ref().map(ToString::to_string),
                    status: promise.status.as_ref().map(ToString::to_string),
                    valid_until: promise.valid_until.as_ref().map(ToString::to_string),
                }
            }
        }
    };
}
plain!(PlainJson, "camelCase");
plain!(PlainXml, "PascalCase", "@xmlns" namespace);

/// XML as it is written by hand for this one payload: no check for characters that XML forbids.
fn push_str(promise: &LoanPromise) -> String {
    let mut out = String::with_capacity(1024);
    out.push_str("<LoanPromise xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns=\"");
    out.push_str(NAMESPACE);
    out.push_str("\">");
    let mut text = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            out.push('<');
            out.push_str(name);
            out.push('>');
            let mut copied = 0;
            for (index, byte) in value.bytes().enumerate() {
                let escaped = match byte {
                    b'&' => "&amp;",
                    b'<' => "&lt;",
                    b'>' => "&gt;",
                    b'\r' => "&#xD;",
                    _ => continue,
                };
                out.push_str(&value[copied..index]);
                out.push_str(escaped);
                copied = index + 1;
            }
            out.push_str(&value[copied..]);
            out.push_str("</");
            out.push_str(name);
            out.push('>');
        }
    };
    text("Bank", promise.bank.as_deref());
    text("EstateId", promise.estate_id.as_deref());
    // Writing to a string does not fail.
    if let Some(it) = &promise.estate_type {
        let _ = write!(out, "<EstateType>{it}</EstateType>");
    }
    if let Some(it) = &promise.financing {
        let _ = write!(out, "<Financing>{it}</Financing>");
    }
    if let Some(it) = &promise.status {
        let _ = write!(out, "<Status>{it}</Status>");
    }
    if let Some(it) = &promise.valid_until {
        let _ = write!(out, "<ValidUntil>{it}</ValidUntil>");
    }
    out.push_str("</LoanPromise>");
    out
}

/// Does one thing `count` times.
pub(crate) fn work(name: &str, count: u32) -> Result<()> {
    let mut once = operation(name)?;
    for _ in 0..count {
        once()?;
    }
    Ok(())
}

/// `xml-encode/push_str/sample`
fn operation(name: &str) -> Result<Box<dyn FnMut() -> Result<()>>> {
    let [operation, contender, payload] = name.split('/').collect::<Vec<_>>()[..] else {
        return Err("OPERATION/CONTENDER/PAYLOAD".into());
    };
    let promise = promise(payload)?;
    let (xml, json) = (to_vec(&promise)?, serde_json::to_vec(&promise)?);
    // The hand-written one has to write the same, or it is no alternative.
    if push_str(&promise).as_bytes() != xml {
        return Err("the hand-written XML is not the same".into());
    }
    let (plain_json, plain_xml) = (PlainJson::from(&promise), PlainXml::from(&promise));
    Ok(match (operation, contender) {
        ("xml-encode", "vitec-connect") => Box::new(move || keep(to_vec(black_box(&promise))?)),
        ("xml-encode", "push_str") => Box::new(move || keep(push_str(black_box(&promise)))),
        ("xml-encode", _) => Box::new(move || keep(quick_xml::se::to_string(black_box(&plain_xml))?)),
        ("xml-decode", "vitec-connect") => Box::new(move || keep(from_slice::<LoanPromise>(black_box(&xml))?)),
        ("xml-decode", _) => Box::new(move || {
            let text = std::str::from_utf8(black_box(&xml))?;
            keep(quick_xml::de::from_str::<PlainXml>(text)?)
        }),
        ("json-encode", "vitec-connect") => Box::new(move || keep(serde_json::to_vec(black_box(&promise))?)),
        ("json-encode", _) => Box::new(move || keep(serde_json::to_vec(black_box(&plain_json))?)),
        ("json-decode", "vitec-connect") => {
            Box::new(move || keep(serde_json::from_slice::<LoanPromise>(black_box(&json))?))
        }
        ("json-decode", _) => Box::new(move || keep(serde_json::from_slice::<PlainJson>(black_box(&json))?)),
        _ => return Err(format!("no operation {name}").into()),
    })
}

fn keep<T>(value: T) -> Result<()> {
    black_box(value);
    Ok(())
}

/// What `vitec-connect` takes and what it is compared with.
pub(crate) fn costs(operation: &str, contender: &str, payload: &str) -> Result<Cost> {
    cost(&[&format!("{operation}/{contender}/{payload}")], 100, 600)
}

/// The median time of one repetition, in nanoseconds, of contenders that take turns.
fn times(names: &[String]) -> Result<Vec<f64>> {
    const ROUNDS: usize = 21;
    let mut operations = names.iter().map(|name| operation(name)).collect::<Result<Vec<_>>>()?;
    let mut rounds = vec![Vec::new(); names.len()];
    for _ in 0..ROUNDS {
        for (operation, times) in operations.iter_mut().zip(&mut rounds) {
            let started = Instant::now();
            let mut count = 0_u32;
            while started.elapsed() < Duration::from_millis(20) {
                for _ in 0..20 {
                    operation()?;
                }
                count += 20;
            }
            times.push(started.elapsed().as_secs_f64() * 1e9 / f64::from(count));
        }
    }
    Ok(rounds
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[ROUNDS / 2]
        })
        .collect())
}

pub(crate) fn report() -> Result<()> {
    println!("| operation | payload | by | instructions | ratio | allocations | µs | ratio |");
    println!("|---|---|---|--:|--:|--:|--:|--:|");
    let mut ours = Vec::new();
    for (operation, contenders) in CONTENDERS {
        for payload in PAYLOADS {
            let names: Vec<String> = contenders
                .iter()
                .map(|contender| format!("{operation}/{contender}/{payload}"))
                .collect();
            let times = times(&names)?;
            let mut first = None;
            for (contender, time) in contenders.iter().zip(&times) {
                let cost = costs(operation, contender, payload)?;
                let (instructions, first_time) = *first.get_or_insert((cost.instructions, *time));
                println!(
                    "| {operation} | {payload} | {contender} | {:.0} | {:.2} | {:.0} | {:.2} | {:.2} |",
                    cost.instructions,
                    cost.instructions / instructions,
                    cost.allocations,
                    time / 1000.0,
                    time / first_time,
                );
                if *contender == "vitec-connect" {
                    ours.push((format!("{operation}/{payload}"), *time));
                }
            }
        }
    }
    dotnet::report(&ours)
}
