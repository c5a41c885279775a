//! From the cells of a row to a row that can be sent, or everything that is wrong with it.

use std::error::Error as _;
use std::fmt::Display;

use serde_json::{Map, Value};
use vitec_connect::{Client, Credentials, CustomerId, MediaType, OperationCall};

use super::members::{CellKind, DeliveredMember, delivered};
use super::spreadsheet::{leftover, midnight, serial_number};
use super::{Problem, ReadOptions, input};
use crate::delivered::Delivered;
use crate::error::Error;
use crate::row::NewRow;

/// The column that the server knows nothing of.
const REFERENCE: &str = "reference";

/// Where a column leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Customer,
    Parameter(usize),
    Reference,
    Member(usize),
}

/// What a row says, column by column; nothing for empty cells.
pub(super) type Cells = Vec<(Column, Value)>;

pub(super) struct Checker {
    operation: Delivered,
    parameters: Vec<&'static str>,
    members: Vec<DeliveredMember>,
    options: ReadOptions,
    /// Makes calls, which are never sent.
    client: Client,
}

impl Checker {
    pub(super) fn new(options: &ReadOptions) -> Result<Self, Error> {
        let none = || input("the document marks no operation to deliver");
        let operation = Delivered::operation().ok_or_else(none)?;
        let client = Credentials::basic("nobody", "").map(|it| Client::builder().credentials(it));
        let client = client.map_err(|error| input("rows cannot be checked").with_source(error))?;
        let client = client.base_url("http://127.0.0.1").build();
        let parameters = operation.parameters();
        let others = [&[operation.customer(), REFERENCE], &*parameters].concat();
        Ok(Self {
            operation,
            members: delivered(&others).ok_or_else(none)?,
            parameters,
            options: options.clone(),
            client: client.map_err(|error| input("rows cannot be checked").with_source(error))?,
        })
    }

    /// The column with this name, in any case.
    pub(super) fn column(&self, name: &str) -> Result<Column, String> {
        let is = |other: &str| other.eq_ignore_ascii_case(name);
        if is(self.operation.customer()) {
            return Ok(Column::Customer);
        }
        if is(REFERENCE) {
            return Ok(Column::Reference);
        }
        let parameter = self.parameters.iter().position(|it| is(it)).map(Column::Parameter);
        let member = || self.members.iter().position(|it| is(&it.column)).map(Column::Member);
        parameter.or_else(member).ok_or_else(|| {
            let mut known = vec![self.operation.customer()];
            known.extend(&self.parameters);
            known.push(REFERENCE);
            known.extend(self.members.iter().map(|it| it.column.as_str()));
            format!("there is no column {name:?}; known are {}", known.join(", "))
        })
    }

    /// The columns that a row cannot do without.
    pub(super) fn needed(&self) -> impl Iterator<Item = Column> + use<> {
        let parameters = (0..self.parameters.len()).map(Column::Parameter);
        std::iter::once(Column::Customer).chain(parameters)
    }

    pub(super) fn name(&self, column: Column) -> &str {
        match column {
            Column::Customer => self.operation.customer(),
            Column::Parameter(index) => self.parameters.get(index).copied().unwrap_or_default(),
            Column::Reference => REFERENCE,
            Column::Member(index) => self.members.get(index).map_or("", |it| &it.column),
        }
    }

    /// The text of a cell of a table, as the value that the column wants.
    pub(super) fn value(&self, column: Column, text: String) -> Result<Value, Problem> {
        let kind = match column {
            Column::Member(index) => self.members.get(index).map(|it| &it.kind),
            _ => None,
        };
        match kind {
            Some(CellKind::Literal) => serde_json::from_str(&text).map_err(|_| {
                self.problem(
                    column,
                    format!("{text:?} is no number and neither true nor false, as JSON writes them"),
                )
            }),
            Some(CellKind::Nested) => Err(self.problem(column, "a cell cannot hold this; use NDJSON")),
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
        let (mut customer, mut reference) = (None, None);
        let mut parameters: Vec<Option<String>> = vec![None; self.parameters.len()];
        let mut body = Map::new();
        let mut checked = Vec::with_capacity(cells.len());
        for (column, mut value) in cells {
            let sound = self.sound(column, &mut value).and_then(|()| match column {
                Column::Customer => parse::<CustomerId>(value).map(|it| customer = Some(it)),
                Column::Parameter(index) => text(value).and_then(|text| {
                    let named = self.call().parameter(self.name(column), &text);
                    named.check_parameters().map_err(|error| cause(&error))?;
                    parameters[index] = Some(text);
                    Ok(())
                }),
                Column::Reference => text(value).map(|it| reference = Some(it)),
                Column::Member(index) => match self.members.get(index) {
                    Some(member) => known(member, &value).map(|()| {
                        body.insert(member.name.clone(), value);
                    }),
                    None => Ok(()),
                },
            });
            checked.push((column, sound));
        }
        let payload = self.payload(&body);
        for (column, sound) in checked {
            let sound = match column {
                Column::Member(index) if payload.is_err() => sound.and_then(|()| self.alone(index, &body)),
                _ => sound,
            };
            problems.extend(sound.err().map(|reason| self.problem(column, reason)));
        }
        for column in self.needed() {
            let missing = match column {
                Column::Parameter(index) => parameters.get(index).is_none_or(Option::is_none),
                _ => customer.is_none(),
            };
            let told = |it: &Problem| it.column.as_deref() == Some(self.name(column));
            if missing && whole_row && !problems.iter().any(told) {
                problems.push(self.problem(column, "it is missing"));
            }
        }
        let parameters: Option<Vec<String>> = parameters.into_iter().collect();
        match (customer, parameters) {
            (Some(customer), Some(parameters)) if problems.is_empty() => {
                let payload = payload.map_err(|reason| vec![Problem { column: None, reason }])?;
                let row = NewRow::stored(self.operation, customer, &parameters, payload);
                Ok(match reference {
                    Some(reference) => row.reference(reference),
                    None => row,
                })
            }
            _ => Err(problems),
        }
    }

    /// The parameters as they stand in the file, as far as they do.
    pub(super) fn subject(&self, cells: &[(Column, Value)]) -> Option<String> {
        let columns = (0..self.parameters.len()).map(Column::Parameter);
        let texts: Vec<Option<String>> = columns.map(|column| super::as_read(cells, column)).collect();
        match texts.iter().any(Option::is_some) {
            true => Some(Delivered::subject(
                &texts.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>(),
            )),
            false => None,
        }
    }

    fn call(&self) -> OperationCall {
        self.operation.named(&self.client)
    }

    /// The body as it is stored, as it would be sent in JSON: where it can be sent in the format that is wanted.
    fn payload(&self, body: &Map<String, Value>) -> Result<String, String> {
        let call = self.call().body(Value::Object(body.clone()));
        let encoded = |media_type| call.encoded_body(media_type).map_err(|error| cause(&error));
        if self.options.xml {
            encoded(MediaType::Xml)?;
        }
        let json = encoded(MediaType::Json)?.unwrap_or_default();
        String::from_utf8(json.into()).map_err(|error| error.to_string())
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
        if matches!(kind, Some(CellKind::DateTime)) {
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
    fn alone(&self, index: usize, body: &Map<String, Value>) -> Result<(), String> {
        let alone = self.members.get(index).and_then(|it| body.get_key_value(&it.name));
        let alone = alone.map(|(name, value)| (name.clone(), value.clone()));
        match self.payload(&alone.into_iter().collect()) {
            // Of another member, which the row may have.
            Err(why) if why.starts_with("missing field") => Ok(()),
            payload => payload.map(|_| ()),
        }
    }
}

/// What is wrong, without the words of a call.
fn cause(error: &vitec_connect::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
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

/// Whether a name of an enumeration is one that the document lists.
fn known(member: &DeliveredMember, value: &Value) -> Result<(), String> {
    match &member.kind {
        CellKind::Enumeration(names) => listed(names, value),
        _ => Ok(()),
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
