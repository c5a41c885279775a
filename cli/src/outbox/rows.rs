//! Numbers of rows as a person gives them: `6`, `6,7`, `6-9`.

use std::ops::RangeInclusive;

use clap::{Arg, ArgAction, ArgMatches};
use vitec_connect_outbox::{Filter, Outbox};

use super::PAGE;
use crate::report::Mistake;

/// How many rows a command takes at most.
const MOST: u64 = 1_000_000;

/// What one argument says.
type Ranges = Vec<RangeInclusive<i64>>;

pub(super) fn argument() -> Arg {
    Arg::new("rows")
        .value_name("ROW")
        .required(true)
        .action(ArgAction::Append)
        .num_args(1..)
        .value_parser(ranges)
        .help("Numbers of rows, as `outbox list` shows them: 6, or 6,7, or 6-9")
}

fn ranges(text: &str) -> Result<Ranges, String> {
    text.split(',').map(|part| range(part.trim())).collect()
}

fn range(text: &str) -> Result<RangeInclusive<i64>, String> {
    // Without a sign, which `parse` would take.
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let number = |text: &str| match is_number(text) {
        true => text.parse::<i64>().map_err(|_| format!("there is no row {text}")),
        false => Err("rows are given as 6, as 6,7 or as 6-9".to_owned()),
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    match first <= last {
        true => Ok(first..=last),
        false => Err(format!("{first} is behind {last}: give the smaller number first")),
    }
}

/// The rows that are meant. One that is named by itself has to be there; of a range it is those that are: PostgreSQL leaves
/// numbers out.
pub(super) async fn ids(outbox: &Outbox, matches: &ArgMatches) -> Result<Vec<i64>, Mistake> {
    let ranges: Ranges = matches
        .get_many::<Ranges>("rows")
        .into_iter()
        .flatten()
        .flatten()
        .cloned()
        .collect();
    let count = |range: &RangeInclusive<i64>| range.end().abs_diff(*range.start()).saturating_add(1);
    if ranges.iter().map(count).fold(0, u64::saturating_add) > MOST {
        return Err(Mistake::new(format!("at most {MOST} rows at a time")));
    }
    let mut ids = Vec::new();
    for range in ranges {
        let before = ids.len();
        match range.start() == range.end() {
            true => ids.push(outbox.row(*range.start()).await?.id),
            false => within(outbox, &range, &mut ids).await?,
        }
        if ids.len() == before {
            return Err(Mistake::new(format!(
                "there is no row from {} to {}",
                range.start(),
                range.end()
            )));
        }
    }
    Ok(ids)
}

async fn within(outbox: &Outbox, range: &RangeInclusive<i64>, ids: &mut Vec<i64>) -> Result<(), Mistake> {
    let mut after = range.start().saturating_sub(1);
    while after < *range.end() {
        let page = outbox.list(&Filter::default(), after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        ids.extend(page.iter().map(|row| row.id).filter(|id| range.contains(id)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_given_one_by_one_or_from_to() {
        assert_eq!(ranges("6"), Ok(vec![6..=6]));
        assert_eq!(ranges("6,7, 9-12"), Ok(vec![6..=6, 7..=7, 9..=12]));
        assert_eq!(ranges("9223372036854775807"), Ok(vec![i64::MAX..=i64::MAX]));
        for wrong in [
            "",
            "6,",
            "a",
            "6-",
            "-6",
            "6--7",
            "6-7-8",
            "+6",
            "9-6",
            "9223372036854775808",
        ] {
            assert!(ranges(wrong).is_err(), "{wrong:?}");
        }
    }
}
