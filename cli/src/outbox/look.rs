//! Looking at an outbox: `status`, `list`, `show`.

use std::time::Duration;

use chrono::Utc;
use clap::ArgMatches;
use serde_json::Value;
use vitec_connect::CustomerId;
use vitec_connect_outbox::{Filter, Outbox, Row, State};

use super::{PAGE, shown};
use crate::print::{self, json_escaped, say};
use crate::report::{Mistake, Output, output};

pub(super) async fn status(outbox: &Outbox, output: Output) -> Result<(), Mistake> {
    let counts = outbox.counts().await?;
    let mut object = serde_json::Map::new();
    for state in State::ALL {
        object.insert(state.to_string(), counts.of(state).into());
    }
    let text = match output {
        Output::Json => format!("{}\n", Value::from(object)),
        Output::Text => {
            let lines = object.iter().map(|(state, count)| format!("{state:<9} {count}\n"));
            lines.collect()
        }
    };
    print::listed(text.as_bytes())?;
    Ok(())
}

/// Row by row, a page at a time: an outbox may hold millions.
pub(super) async fn list(outbox: &Outbox, matches: &ArgMatches) -> Result<u8, Mistake> {
    let since = matches.get_one::<Duration>("since");
    let since = since.and_then(|it| Utc::now().checked_sub_signed(chrono::Duration::from_std(*it).ok()?));
    let only = Filter::default()
        .state(matches.get_one::<State>("state").copied())
        .customer(matches.get_one::<CustomerId>("customer").map(ToString::to_string))
        .since(since);
    let form = match matches.get_one::<String>("output").map(String::as_str) {
        Some("csv") => Form::Csv,
        _ if output(matches) == Output::Json => Form::Json,
        _ => Form::Text,
    };
    let mut left = matches.get_one::<u64>("limit").copied().unwrap_or(u64::MAX);
    let mut after = 0;
    let mut listing = Listing::new(form);
    while left > 0 {
        let page = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        let rows = match outbox.list(&only, after, page).await {
            Ok(rows) => rows,
            Err(error) => return listing.broken(error.into()),
        };
        let Some(last) = rows.last() else { break };
        after = last.id;
        left -= rows.len() as u64;
        let mut text = String::new();
        for row in &rows {
            text.push_str(&listing.row(row)?);
        }
        if !print::listed(text.as_bytes())? {
            return Ok(0);
        }
    }
    listing.end()?;
    Ok(0)
}

pub(super) async fn show(outbox: &Outbox, ids: &[i64], output: Output) -> Result<u8, Mistake> {
    let mut listing = Listing::new(match output {
        Output::Json => Form::Json,
        Output::Text => Form::Text,
    });
    for id in ids {
        let read = async { Ok::<_, Mistake>((outbox.row(*id).await?, outbox.history(*id).await?)) };
        let (row, history) = match read.await {
            Ok(read) => read,
            Err(error) => return listing.broken(error),
        };
        let text = match output {
            Output::Json => {
                let mut object = shown::object(&row);
                object.insert("history".to_owned(), history.iter().map(shown::step).collect());
                listing.element(&object.into())
            }
            Output::Text => shown::lines(&row, &history),
        };
        if !print::listed(text.as_bytes())? {
            return Ok(0);
        }
    }
    listing.end()?;
    Ok(0)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Csv,
}

/// A list that is written piece by piece.
struct Listing {
    form: Form,
    is_empty: bool,
}

impl Listing {
    fn new(form: Form) -> Self {
        Self { form, is_empty: true }
    }

    fn row(&mut self, row: &Row) -> Result<String, Mistake> {
        match self.form {
            Form::Json => Ok(self.element(&shown::object(row).into())),
            Form::Text => Ok(format!("{}\n", shown::line(row))),
            Form::Csv => {
                let header = std::mem::take(&mut self.is_empty).then(shown::header);
                csv(header.into_iter().chain([shown::cells(row)]))
            }
        }
    }

    /// An element of the list that JSON has.
    fn element(&mut self, value: &Value) -> String {
        let before = if std::mem::take(&mut self.is_empty) {
            "[\n  "
        } else {
            ",\n  "
        };
        format!("{before}{}", json_escaped(&value.to_string()))
    }

    fn end(self) -> Result<(), Mistake> {
        let end = match (self.form, self.is_empty) {
            (Form::Json, true) => "[]\n".to_owned(),
            (Form::Json, false) => "\n]\n".to_owned(),
            (Form::Csv, true) => csv([shown::header()])?,
            (Form::Csv | Form::Text, _) => return Ok(()),
        };
        print::listed(end.as_bytes())?;
        Ok(())
    }

    /// What was listed stays readable; the exit status says that it is not all.
    fn broken(self, error: Mistake) -> Result<u8, Mistake> {
        if self.form == Form::Json && self.is_empty {
            return Err(error);
        }
        say(&format!("error: {error}"));
        if self.form == Form::Json {
            self.end()?;
        }
        Ok(2)
    }
}

fn csv(records: impl IntoIterator<Item = Vec<String>>) -> Result<String, Mistake> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record)?;
    }
    let bytes = writer.into_inner().map_err(|error| Mistake::new(error.error()))?;
    Ok(String::from_utf8(bytes)?)
}
