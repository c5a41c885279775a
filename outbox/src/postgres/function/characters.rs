//! Which characters ids and references may have, for PostgreSQL's regular expressions: the facts are the library's.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use vitec_connect::datacontract::id::{REFUSED, is_invisible};

static CONTROL: LazyLock<String> = LazyLock::new(|| class(char::is_control));
static INVISIBLE: LazyLock<String> = LazyLock::new(|| class(is_invisible));
static SPACE: LazyLock<String> = LazyLock::new(|| class(char::is_whitespace));

/// The checks with their characters.
pub(super) fn filled(sql: &str) -> String {
    let spaces = all(char::is_whitespace).map(|it| u32::from(it).to_string());
    let refused = class(|it| REFUSED.contains(it));
    sql.replace("{refused}", &format!("{}{refused}{}", *CONTROL, *INVISIBLE))
        .replace("{control}", &CONTROL)
        .replace("{invisible}", &INVISIBLE)
        .replace("{space}", &SPACE)
        .replace("{spaces}", &spaces.collect::<Vec<_>>().join(","))
}

/// No text of PostgreSQL's has a NUL.
fn all(is: impl Fn(char) -> bool) -> impl Iterator<Item = char> {
    ('\u{1}'..=char::MAX).filter(move |it| is(*it))
}

/// What stands between brackets.
fn class(is: impl Fn(char) -> bool) -> String {
    let mut ranges: Vec<RangeInclusive<u32>> = Vec::new();
    for code in all(is).map(u32::from) {
        match ranges.last_mut() {
            Some(last) if *last.end() + 1 == code => *last = *last.start()..=code,
            _ => ranges.push(code..=code),
        }
    }
    let ranges = ranges
        .iter()
        .map(|it| format!("\\U{:08x}-\\U{:08x}", it.start(), it.end()));
    ranges.collect()
}
