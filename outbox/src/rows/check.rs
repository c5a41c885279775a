//! From the cells of a row to a row that can be sent, or everything that is wrong with it.

use std::fmt::Display;

use serde_json::{Map, Value};
use vitec_connect::{ContactId, CustomerId, LoanPromise, datacontract};

use super::members::{Kind, Member, delivered};
use super::spreadsheet::{leftover, midnight, serial_number};
use super::{Problem, ReadOptions, input};
use crate::error::Error;
use crate::row::NewRow;

/// The columns that are no members of the body.
const CUSTOMER_ID: &str = "customerId";
const CONTACT_ID: &str = "contactId";
const REFERENCE: &str = "reference";

/// Where a column leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Customer,
    Contact,
    Reference,
    Member(usize),
}

/// What a row says, column by column; nothing for empty cells.
pub(super) type Cells = Vec<(Column, Value)>;

pub(super) struct Checker {
    members: Vec<Member>,
    options: ReadOptions,
}

impl Checker {
    pub(super) fn new(options: &ReadOptions) -> Result<Self, Error> {
        Ok(Self {
            members: delivered().ok_or_else(|| input("the document marks no operation to deliver"))?,
            options: options.clone(),
        })
    }

    /// The column with this name, in any case.
    pub(super) fn column(&self, name: &str) -> Result<Column, String> {
        for (fixed, column) in [
            (CUSTOMER_ID, Column::Customer),
            (CONTACT_ID, Column::Contact),
            (REFERENCE, Column::Reference),
        ] {
            if fixed.eq_ignore_ascii_case(name) {
                return Ok(column);
            }
        }
        let member = self.members.iter().position(|it| it.name.eq_ignore_ascii_case(name));
        member.map(Column::Member).ok_or_else(|| {
            let known: Vec<_> = self.members.iter().map(|it| it.name.as_str()).collect();
            format!(
                "there is no column {name:?}; known are {CUSTOMER_ID}, {CONTACT_ID}, {REFERENCE}, {}",
                known.join(", ")
            )
        })
    }

    pub(super) fn name(&self, column: Column) -> &str {
        match column {
            Column::Customer => CUSTOMER_ID,
            Column::Contact => CONTACT_ID,
            Column::Reference => REFERENCE,
            Column::Member(index) => self.members.get(index).map_or("", |it| &it.name),
        }
    }

    /// The text of a cell of a table, as the value that the column wants.
    pub(super) fn value(&self, column: Column, text: String) -> Result<Value, Problem> {
        let kind = match column {
            Column::Member(index) => self.members.get(index).map(|it| &it.kind),
            _ => None,
        };
        match kind {
            Some(Kind::Literal) => serde_json::from_str(&text).map_err(|_| {
                self.problem(
                    column,
                    format!("{text:?} is no number and neither true nor false, as JSON writes them"),
                )
            }),
            Some(Kind::Nested) => Err(self.problem(column, "a cell cannot hold this; use NDJSON")),
            _ => Ok(Value::String(text)),
        }
    }

    pub(super) fn problem(&self, column: Column, reason: impl Display) -> Problem {
        Problem {
            column: Some(self.name(column).to_owned()),
            reason: reason.to_string(),
        }
    }

    /// The row, or everything that is wrong with it beside what was found already.
    pub(super) fn row(&self, cells: Cells, mut problems: Vec<Problem>) -> Result<NewRow, Vec<Problem>> {
        let whole_row = problems.is_empty();
        let (mut customer, mut contact, mut reference) = (None, None, None);
        let mut body = Map::new();
        for (column, mut value) in cells {
            let checked = self.sound(column, &mut value).and_then(|()| match column {
                Column::Customer => parse::<CustomerId>(value).map(|it| customer = Some(it)),
                Column::Contact => parse::<ContactId>(value).map(|it| contact = Some(it)),
                Column::Reference => text(value).map(|it| reference = Some(it)),
                Column::Member(index) => match self.members.get(index) {
                    Some(member) => self.member(member, &value).map(|()| {
                        body.insert(member.name.clone(), value);
                    }),
                    None => Ok(()),
                },
            });
            if let Err(reason) = checked {
                problems.push(self.problem(column, reason));
            }
        }
        for (column, missing) in [
            (Column::Customer, customer.is_none()),
            (Column::Contact, contact.is_none()),
        ] {
            let told = |it: &Problem| it.column.as_deref() == Some(self.name(column));
            if missing && whole_row && !problems.iter().any(told) {
                problems.push(self.problem(column, "it is missing"));
            }
        }
        let whole = |error: serde_json::Error| Problem {
            column: None,
            reason: error.to_string(),
        };
        match (customer, contact) {
            (Some(customer), Some(contact)) if problems.is_empty() => {
                let promise: LoanPromise = serde_json::from_value(Value::Object(body)).map_err(|it| vec![whole(it)])?;
                let row = NewRow::loan_promise(customer, contact, &promise).map_err(|it| vec![whole(it)])?;
                Ok(match reference {
                    Some(reference) => row.reference(reference),
                    None => row,
                })
            }
            _ => Err(problems),
        }
    }

    /// Refuses what a spreadsheet or a program has left in place of a value. What it writes for a day becomes that day:
    /// here, and not in the library, which reads what .NET reads.
    fn sound(&self, column: Column, value: &mut Value) -> Result<(), String> {
        let kind = match column {
            Column::Member(index) => self.members.get(index).map(|it| &it.kind),
            _ => None,
        };
        let Value::String(text) = &*value else {
            return Ok(());
        };
        if let Some(why) = leftover(text) {
            return Err(why);
        }
        if matches!(kind, Some(Kind::DateTime)) {
            if let Some(why) = serial_number(text) {
                return Err(why);
            }
            if let Some(day) = midnight(text) {
                *value = day.into();
            }
        }
        Ok(())
    }

    /// One member by itself: what is wrong is then wrong with it.
    fn member(&self, member: &Member, value: &Value) -> Result<(), String> {
        if let Kind::Enumeration(names) = &member.kind {
            listed(names, value)?;
        }
        let alone = Map::from_iter([(member.name.clone(), value.clone())]);
        let promise: LoanPromise = serde_json::from_value(Value::Object(alone)).map_err(|it| it.to_string())?;
        if self.options.xml {
            datacontract::to_vec(&promise).map_err(|it| it.to_string())?;
        }
        Ok(())
    }
}

fn parse<T: std::str::FromStr<Err: Display>>(value: Value) -> Result<T, String> {
    text(value)?.parse().map_err(|error: T::Err| error.to_string())
}

/// A text, or a whole number that somebody's JSON writer made of one.
fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) if !number.is_f64() => Ok(number.to_string()),
        Value::Number(number) => Err(format!(
            "{number} is a number with decimals: a program has made it of a whole number or of a text; write it as text"
        )),
        _ => Err("it is no text".to_owned()),
    }
}

fn listed(names: &[(String, Option<i64>)], value: &Value) -> Result<(), String> {
    let known = match value {
        Value::String(text) => {
            let number = text.parse().ok();
            names
                .iter()
                .any(|(name, of)| name.eq_ignore_ascii_case(text) || (of.is_some() && *of == number))
        }
        Value::Number(number) => names.iter().any(|(_, of)| of.is_some() && *of == number.as_i64()),
        // The type says what is wrong with it.
        _ => true,
    };
    if known {
        return Ok(());
    }
    let names: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
    Err(format!("{value} is none of {}", names.join(", ")))
}
