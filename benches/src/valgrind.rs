//! Counts instead of clocks: the same numbers on a busy machine.

use std::env;
use std::process::Command;

use crate::Result;

/// What one operation takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
    pub(crate) allocated_bytes: f64,
    /// What is still held at the end, for work that keeps what it makes.
    pub(crate) held_bytes: f64,
}

/// What one repetition of `bench work ARGUMENTS COUNT` takes: the difference of two counts, so that starting up does not
/// matter.
pub(crate) fn cost(arguments: &[&str], few: u32, many: u32) -> Result<Cost> {
    let (low, high) = (totals(arguments, few)?, totals(arguments, many)?);
    let each = |index: usize| (high[index] - low[index]) / f64::from(many - few);
    Ok(Cost {
        instructions: each(0),
        allocations: each(1),
        allocated_bytes: each(2),
        held_bytes: each(3),
    })
}

fn totals(arguments: &[&str], count: u32) -> Result<[f64; 4]> {
    let instructions = run(
        &["--tool=callgrind", "--callgrind-out-file=/dev/null"],
        arguments,
        count,
    )?;
    let heap = run(&["--tool=dhat", "--dhat-out-file=/dev/null"], arguments, count)?;
    let total = numbers(&heap, "Total:")?;
    let end = numbers(&heap, "At t-end:")?;
    let of = |numbers: &[f64], index: usize| numbers.get(index).copied().ok_or("valgrind printed too few numbers");
    Ok([
        of(&numbers(&instructions, "Collected :")?, 0)?,
        of(&total, 1)?,
        of(&total, 0)?,
        of(&end, 0)?,
    ])
}

fn run(tool: &[&str], arguments: &[&str], count: u32) -> Result<String> {
    let output = Command::new("valgrind")
        .args(tool)
        .arg(env::current_exe()?)
        .arg("work")
        .args(arguments)
        .arg(count.to_string())
        .output()
        .map_err(|error| format!("valgrind does not start ({error}); on Debian: apt-get install valgrind"))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.success() {
        true => Ok(text),
        false => Err(format!("bench work {arguments:?} failed under valgrind:\n{text}").into()),
    }
}

/// The numbers that follow a label, as in `Total: 1,234 bytes in 5 blocks`.
fn numbers(text: &str, label: &str) -> Result<Vec<f64>> {
    let (_, rest) = text
        .split_once(label)
        .ok_or_else(|| format!("valgrind did not print {label:?}:\n{text}"))?;
    let line = rest.lines().next().unwrap_or_default().replace(',', "");
    Ok(line.split_whitespace().filter_map(|word| word.parse().ok()).collect())
}
