//! A statement of the state machine's, with its parameters.

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::types::ToSqlOutput;
use rusqlite::{CachedStatement, Result, Row, ToSql, Transaction};

/// A time, made to sort as text, so that a person can read the table.
pub(crate) struct Time(pub(crate) DateTime<Utc>);

impl ToSql for Time {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.0.to_rfc3339_opts(SecondsFormat::Millis, true).into())
    }
}

/// A prepared statement. `$1` is a name for SQLite, which counts names in the order in which it meets them: they are bound
/// by name.
pub(crate) struct Bound<'c>(CachedStatement<'c>);

impl<'c> Bound<'c> {
    pub(crate) fn new(transaction: &'c Transaction<'_>, sql: &str) -> Result<Self> {
        #[cfg(test)]
        let sql = &*crate::simulation::weakened(sql);
        transaction.prepare_cached(sql).map(Self)
    }

    /// `$1` and so on.
    pub(crate) fn all(mut self, values: &[&dyn ToSql]) -> Result<Self> {
        for (number, value) in (1..).zip(values) {
            let name = format!("${number}");
            let index = self.0.parameter_index(&name)?;
            let index = index.ok_or(rusqlite::Error::InvalidParameterName(name))?;
            self.0.raw_bind_parameter(index, value)?;
        }
        Ok(self)
    }

    /// How many rows it changed.
    pub(crate) fn execute(mut self) -> Result<u64> {
        self.0.raw_execute().map(|changed| changed as u64)
    }

    pub(crate) fn rows<T>(mut self, mut read: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        let mut rows = self.0.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(read(row)?);
        }
        Ok(all)
    }
}
