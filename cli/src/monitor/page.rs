//! The page for the operator: what waits for a person comes first, each with the command that settles it. Without payloads,
//! and without anything that changes something.

use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};
use vitec_connect_outbox::{Delivered, Row, State};

use super::asked::{Answer, Numbers, SHOWN, Waiting};
use super::heard::{Heard, TIME};
use super::{Monitor, plot};
use crate::print::escaped;

pub(super) const STYLE: &str = include_str!("page.css");
pub(super) const SCRIPT: &str = include_str!("page.js");

const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' \
                    height='16' rx='3' fill='%230b5cad'/%3E%3Cpath d='M3 5h10M3 8h10M3 11h6' stroke='%23fff' \
                    stroke-width='2'/%3E%3C/svg%3E";

/// What a server says can be longer than anybody reads.
const LONGEST: usize = 500;

impl Monitor {
    /// The page as of now.
    pub(super) async fn page(&self) -> String {
        let numbers = self.numbers().await;
        let rows = match &numbers {
            Ok(numbers) => self.waiting(&numbers.counts).await,
            Err(why) => Err(why.clone()),
        };
        let now = Utc::now();
        let heard = self.lock();
        let place = heard.outbox.as_ref().map(|it| it.place());
        let not_ready = heard.not_ready();
        let said = match &not_ready {
            Some(why) => format!("Not ready: {why}"),
            None => "Ready: rows are sent as they come.".to_owned(),
        };
        let person = person(&heard, now, &numbers, &rows);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { "Outbox" }
                    link rel="icon" href=(ICON);
                    link rel="stylesheet" href="page.css";
                    script src="page.js" defer {}
                    noscript { meta http-equiv="refresh" content="10"; }
                }
                body {
                    header {
                        h1 { "Outbox" }
                        @if let Some(place) = place { p #place { code { (shown(&place)) } } }
                        p #state .(if not_ready.is_some() { "bad" } else { "good" }) role="status" { (shown(&said)) }
                        p #lost .note hidden { "The process does not answer: what stands here is old." }
                    }
                    main {
                        section .card aria-labelledby="person" { h2 #person { "What waits for a person" } (person) }
                        section .card aria-labelledby="counts" { h2 #counts { "Rows" } (counts(&numbers, now)) }
                        section .card aria-labelledby="hour" { h2 #hour { "The last hour" } (plot::plot(&heard.hour.minutes(now))) }
                    }
                    footer {
                        p { "As of " span #now { (time(now)) } ". Counted since the process began: " (time(self.started)) "." }
                        p { "vitec-connect " (env!("CARGO_PKG_VERSION")) ". This page only shows." }
                    }
                }
            }
        };
        page.into_string()
    }
}

fn person(heard: &Heard, now: DateTime<Utc>, numbers: &Answer<Numbers>, rows: &Answer<Waiting>) -> Markup {
    let parts = [
        delivery(heard, now),
        database(heard, numbers, rows),
        settled(numbers, rows),
        late(heard),
    ];
    let any = parts.iter().any(|it| !it.0.is_empty());
    html! {
        @if !any { p { "Nothing." } }
        @for part in parts { (part) }
    }
}

/// What keeps everything from being sent, and customers without credentials.
fn delivery(heard: &Heard, now: DateTime<Utc>) -> Markup {
    html! {
        @if let Some(stuck) = &heard.stuck {
            div .note #stuck {
                h3 { "Stuck" }
                p { (shown(&stuck.why)) }
                @match stuck.again {
                    Some(again) => p { "One row is tried at " (time(again)) "; if it is answered, the rest follows by itself." },
                    None => p { "Nothing is sent until a person has looked at the address (" code { "--base-url" } ") and started the delivery anew." },
                }
            }
        } @else if let Some(pause) = heard.paused(now) {
            div .note #pause {
                h3 { "Pause until " (time(pause.until)) }
                p { (shown(&pause.why)) " It ends by itself." }
            }
        }
        @if let Some(why) = &heard.busy {
            div .note #busy {
                h3 { "Another process delivers" }
                p { (shown(why)) " This one waits for its end." }
            }
        }
        @if !heard.credentials {
            div .note #credentials {
                h3 { "No credentials" }
                p { "Nothing can be sent. Correct the file or the variables; a file is read again when it changes, or on SIGHUP." }
            }
        }
        @if !heard.left_out.is_empty() {
            h3 { "Customers without credentials: " (heard.left_out.len()) }
            p { "Their rows stay pending. Give each an entry in the credentials file: it is read again when it changes." }
            ul {
                @for (customer, why) in heard.left_out.iter().take(SHOWN) {
                    li { code { (shown(customer)) } ": " (shown(why)) }
                }
            }
            (more(heard.left_out.len() as u64, "outbox list --state pending"))
        }
    }
}

/// A database that is away: what is known of it is told once.
fn database(heard: &Heard, numbers: &Answer<Numbers>, rows: &Answer<Waiting>) -> Markup {
    let asked = numbers.as_ref().err().or(rows.as_ref().err());
    let Some(why) = heard.database.as_ref().or(asked) else {
        return html! {};
    };
    html! {
        div .note #database {
            h3 { "The database does not answer" }
            p { (shown(why)) }
            p { "Nothing is sent until it does; it is tried again without end. Rows and holds are not shown meanwhile." }
        }
    }
}

/// Rows and customers about which a person decides.
fn settled(numbers: &Answer<Numbers>, rows: &Answer<Waiting>) -> Markup {
    let (Ok(numbers), Ok(rows)) = (numbers, rows) else {
        return html! {};
    };
    let Numbers { counts, holds, .. } = &**numbers;
    html! {
        @if counts.unknown + counts.rejected + holds.len() as u64 > 0 {
            p .hint { "The commands need the outbox that stands above: " code { "--outbox" } " or " code { "VITEC_CONNECT_OUTBOX" } "." }
        }
        @if counts.unknown > 0 {
            h3 #unknown { "Unknown: " (counts.unknown) }
            p { "Each may have been created. Look in Vitec, then say what you found: it is never sent again by itself." }
            (table(&rows.unknown, |row| html! {
                (command(&["outbox", "resolve", &row.id.to_string(), "--as", "accepted"]))
                (command(&["outbox", "resolve", &row.id.to_string(), "--as", "not-sent"]))
            }))
            (more(counts.unknown, "outbox list --state unknown"))
        }
        @if !holds.is_empty() {
            h3 #held { "Held customers: " (holds.len()) }
            p { "Nothing is sent for them. Where Vitec refused the credentials, correct those first." }
            div .scroll tabindex="0" role="group" aria-labelledby="held" {
                table {
                    thead { tr { th scope="col" { "Customer" } th scope="col" { "Since" } th scope="col" { "Why" } th scope="col" { "Rows" } th scope="col" { "Then" } } }
                    tbody {
                        @for held in holds.iter().take(SHOWN) {
                            tr id={ "held-" (held.customer_id) } {
                                th scope="row" { (shown(&held.customer_id)) }
                                td { (time(held.since)) br; "by " (shown(&held.who)) }
                                td { @if let Some(status) = held.status { (status) " " } (shown(held.why.as_deref().unwrap_or_default())) }
                                td { (held.waiting) }
                                td { (command(&["outbox", "release", &held.customer_id])) }
                            }
                        }
                    }
                }
            }
            (more(holds.len() as u64, "outbox holds"))
        }
        @if counts.rejected > 0 {
            h3 #rejected { "Rejected: " (counts.rejected) }
            p { "None was created. Correct it, send it again as it is, or give it up with " code { "vitec-connect outbox drop ROW" } "." }
            (table(&rows.rejected, |row| {
                let id = row.id.to_string();
                match row.payload {
                    Some(_) => html! { (command(&["outbox", "correct", &id, "--input", "FILE"])) (command(&["outbox", "requeue", &id])) },
                    // Purged: there is nothing to send.
                    None => command(&["outbox", "drop", &id]),
                }
            }))
            (more(counts.rejected, "outbox list --state rejected"))
        }
    }
}

fn table(rows: &[Row], settle: impl Fn(&Row) -> Markup) -> Markup {
    html! {
        div .scroll tabindex="0" role="group" aria-label="Rows" {
            table {
                thead { tr { th scope="col" { "Row" } th scope="col" { "For" } th scope="col" { "Since" } th scope="col" { "What is known" } th scope="col" { "Then" } } }
                tbody {
                    @for row in rows {
                        tr id={ "row-" (row.id) } {
                            th scope="row" { (row.id) }
                            td {
                                (shown(&row.customer_id))
                                @for (name, text) in Delivered::operation().map(|it| it.texts(&row.subject)).unwrap_or_default() {
                                    br; span .hint { (name) " " } (shown(&text))
                                }
                                @if let Some(reference) = &row.reference { br; span .hint { "reference " } (shown(reference)) }
                            }
                            td { (time(row.changed_at)) @if row.attempt > 1 { br; (row.attempt) " attempts" } }
                            td { @if let Some(status) = row.status { (status) " " } (shown(row.message.as_deref().unwrap_or_default())) }
                            td { (settle(row)) }
                        }
                    }
                }
            }
        }
    }
}

/// Accepted after it was given up: nobody can say by itself whether it was sent twice.
fn late(heard: &Heard) -> Markup {
    html! {
        @if !heard.late.is_empty() {
            h3 #late { "Accepted too late" }
            p { "Their results came when a person had decided already, or while they were sent anew. Look in Vitec whether they are there twice." }
            ul {
                @for late in &heard.late {
                    li { "Row " (late.row) " for " (shown(&late.customer)) ", " (time(late.at)) ". " (command(&["outbox", "show", &late.row.to_string()])) }
                }
            }
        }
    }
}

fn counts(numbers: &Answer<Numbers>, now: DateTime<Utc>) -> Markup {
    let Ok(numbers) = numbers else {
        return html! { p { "Not known: the database does not answer." } };
    };
    html! {
        dl .counts {
            @for state in State::ALL {
                div { dt { (state) } dd id={ "count-" (state) } { (numbers.counts.of(state)) } }
            }
        }
        @if let Some(oldest) = numbers.oldest {
            p { "The oldest pending row waits since " (time(oldest)) " (" (age(now - oldest)) ")." }
        }
    }
}

fn more(there: u64, command: &str) -> Markup {
    let more = there.saturating_sub(SHOWN as u64);
    html! {
        @if more > 0 { p .more { "And " (more) " more: " code { "vitec-connect " (command) } } }
    }
}

/// A command as a shell takes it.
fn command(words: &[&str]) -> Markup {
    let mut line = "vitec-connect".to_owned();
    for word in words {
        line.push(' ');
        line.push_str(&quoted(word));
    }
    html! { code .command { (line) } }
}

/// A word that a shell takes as it is: an id that came from elsewhere is never a second command.
fn quoted(word: &str) -> String {
    let is_plain = |it: char| it.is_alphanumeric() || "-_.".contains(it);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", escaped(word).replace('\'', r"'\''")),
    }
}

/// A text from elsewhere, with everything written out that would not be seen as what it is.
pub(super) fn shown(text: &str) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    escaped(&short).into_owned()
}

fn time(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (at.format(TIME)) } }
}

fn age(age: chrono::TimeDelta) -> String {
    match age.num_seconds().max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_never_a_second_command() {
        for (word, line) in [
            ("M30011", "M30011"),
            ("Åsa.2-b_c", "Åsa.2-b_c"),
            ("M1;reboot", "'M1;reboot'"),
            ("a b", "'a b'"),
            ("$(x)", "'$(x)'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), line);
        }
    }

    #[test]
    fn what_is_shown_has_an_end_and_hides_nothing() {
        assert_eq!(shown("a\n\u{202e}b"), "a\\n\\u{202e}b");
        assert_eq!(shown(&"å".repeat(501)), format!("{}…", "å".repeat(500)));
    }
}
