//! Statements without a name: behind a pooler that gives each transaction another connection, a named one is somebody
//! else's. The types of the parameters are sent along, and a statement takes one round trip.

use chrono::{DateTime, Utc};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error as PgError, Row};

/// A parameter that knows its type.
pub(super) trait Parameter: Sync {
    fn typed(&self) -> (&(dyn ToSql + Sync), Type);
}

macro_rules! parameters {
    ($($of:ty => $is:ident;)*) => {
        $(impl Parameter for $of {
            fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
                (self, Type::$is)
            }
        })*
    };
}

parameters! {
    i64 => INT8;
    Option<i64> => INT8;
    Option<i32> => INT4;
    &str => TEXT;
    String => TEXT;
    Option<String> => TEXT;
    DateTime<Utc> => TIMESTAMPTZ;
    Option<DateTime<Utc>> => TIMESTAMPTZ;
}

pub(super) type Parameters<'a> = &'a [&'a dyn Parameter];

/// How many rows it changed.
pub(super) async fn execute(client: &Client, sql: &str, parameters: Parameters<'_>) -> Result<u64, PgError> {
    client.execute_typed(sql, &typed(parameters)).await
}

pub(super) async fn query(client: &Client, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, PgError> {
    client.query_typed(sql, &typed(parameters)).await
}

/// An error where it is not one row.
pub(super) async fn query_one(client: &Client, sql: &str, parameters: Parameters<'_>) -> Result<Row, PgError> {
    client.query_typed_one(sql, &typed(parameters)).await
}

fn typed<'a>(parameters: Parameters<'a>) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    parameters.iter().map(|it| it.typed()).collect()
}
