//! The last hour as a picture, and as a table for those who do not see it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::hour::Minute;

/// A minute's width and the picture's height, in its own units: the page stretches it.
const WIDTH: i64 = 10;
const HEIGHT: u64 = 150;

/// Calls and failures, minute by minute.
pub(super) fn plot(minutes: &[Minute]) -> Markup {
    let highest = minutes.iter().map(|it| it.calls).max().unwrap_or(0);
    let top = round(highest);
    let calls: u64 = minutes.iter().map(|it| it.calls).sum();
    let failed: u64 = minutes.iter().map(|it| it.failed).sum();
    let width = WIDTH * minutes.len() as i64;
    html! {
        p { (calls) " calls in the last hour, " (failed) " of them not accepted." }
        figure {
            figcaption {
                span .key { svg viewBox="0 0 10 10" aria-hidden="true" { rect .calls width="10" height="10" {} } " accepted" }
                span .key { svg viewBox="0 0 10 10" aria-hidden="true" { rect .failed x="1" y="1" width="8" height="8" {} } " not accepted" }
                span .top { "up to " (top) " a minute" }
            }
            svg #plot viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-labelledby="plot-title plot-desc" {
                title #plot-title { "Calls of the last hour, by minute" }
                desc #plot-desc {
                    (calls) " calls, " (failed) " of them not accepted; at most " (highest)
                    " in a minute. The table below has each minute."
                }
                @for part in 0..=2 {
                    @let y = HEIGHT * part / 2;
                    line .grid x1="0" x2=(width) y1=(y) y2=(y) {}
                }
                @for (index, minute) in minutes.iter().enumerate().filter(|(_, it)| it.calls > 0) {
                    @let x = WIDTH * index as i64 + 1;
                    @let (all, bad) = (height(minute.calls, top), height(minute.failed, top));
                    g {
                        title { (clock(minute.number)) " UTC: " (minute.calls) " calls, " (minute.failed) " not accepted" }
                        rect .calls x=(x) y=(HEIGHT - all) width=(WIDTH - 2) height=(all - bad) {}
                        @if bad > 0 {
                            // Told apart by more than a colour: it stands below, and it has an edge.
                            rect .failed x=(x) y=(HEIGHT - bad) width=(WIDTH - 2) height=(bad) {}
                        }
                    }
                }
            }
            div .axis {
                @for minute in [minutes.first(), minutes.get(minutes.len() / 2), minutes.last()].into_iter().flatten() {
                    span { (clock(minute.number)) }
                }
            }
        }
        details #plot-table {
            summary #plot-summary { "The same as a table" }
            @if calls == 0 {
                p { "No call in the last hour." }
            } @else {
                table {
                    thead { tr { th scope="col" { "Minute (UTC)" } th scope="col" { "Calls" } th scope="col" { "Not accepted" } } }
                    tbody {
                        @for minute in minutes.iter().rev().filter(|it| it.calls > 0) {
                            tr { td { (clock(minute.number)) } td { (minute.calls) } td { (minute.failed) } }
                        }
                    }
                }
            }
        }
    }
}

/// What there is is seen.
fn height(calls: u64, top: u64) -> u64 {
    match calls {
        0 => 0,
        calls => (HEIGHT * calls / top).max(2),
    }
}

/// 1, 2 or 5 with noughts, and no less.
fn round(highest: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for first in [1, 2, 5] {
            let top = power.saturating_mul(first);
            if top >= highest.max(1) {
                return top;
            }
        }
        power = power.saturating_mul(10);
    }
}

fn clock(minute: i64) -> String {
    let at = DateTime::<Utc>::from_timestamp(minute * 60, 0).unwrap_or_default();
    at.format("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_holds_the_highest() {
        for (highest, top) in [
            (0, 1),
            (1, 1),
            (3, 5),
            (10, 10),
            (11, 20),
            (501, 1000),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(round(highest), top);
        }
        assert_eq!((height(0, 1000), height(1, 1000), height(1000, 1000)), (0, 2, HEIGHT));
    }

    #[test]
    fn a_bar_never_leaves_the_picture() {
        let minutes = [
            Minute {
                number: 1,
                calls: 1000,
                failed: 1,
            },
            Minute {
                number: 2,
                calls: 1,
                failed: 1,
            },
        ];
        let svg = plot(&minutes).into_string();
        assert!(svg.contains(r#"y="0" width="8" height="148""#), "{svg}");
        assert!(svg.contains(r#"y="148" width="8" height="2""#), "{svg}");
    }
}
