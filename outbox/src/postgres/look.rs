//! An outbox that is only looked at: what would become of rows.

use std::sync::Arc;

use tokio_postgres::{Client, Error as PgError};

use super::read::read_stored;
use super::statement::{query, query_one};
use super::{Connection, OPENING, Postgres, tables, transactions};
use crate::address::Address;
use crate::enqueue::{Look, Odd};
use crate::error::Error;
use crate::outbox::check_meta;
use crate::row::{Enqueued, NewRow};
use crate::sql;

/// Opens the outbox for reading; none where there are no tables.
pub(super) async fn open(address: &Address, base_url: &str) -> Result<Option<Postgres>, Error> {
    let mut store = Postgres {
        connection: Connection::new(address)?,
        base_url: Arc::default(),
        look: None,
    };
    let looking = store.write(|client, _| Box::pin(look(client)));
    let Some((version, owner, look)) = store.in_time(OPENING, looking).await? else {
        return Ok(None);
    };
    check_meta(&store.connection.place, &version, &owner, Some(base_url))?;
    store.base_url = owner.into();
    store.look = Some(Arc::new(look));
    Ok(Some(store))
}

async fn look(client: &Client) -> Result<Option<(String, String, Look)>, PgError> {
    if !query_one(client, tables::ARE_THERE, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let version = tables::meta(client, "version").await?.unwrap_or_default();
    let look = match &*version {
        sql::VERSION_2 => Look::Version2,
        sql::VERSION_1 => {
            let mut odd = Odd::default();
            for row in query(client, sql::REFERENCES_VERSION_1, &[]).await? {
                odd.add(row.try_get(3)?, read_stored(&row)?);
            }
            Look::Version1(odd)
        }
        _ => Look::Newest,
    };
    let base_url = tables::meta(client, "base_url").await?.unwrap_or_default();
    Ok(Some((version, base_url, look)))
}

/// What would become of a row.
pub(super) async fn outlook(client: &Client, look: &Look, row: &NewRow) -> Result<Enqueued, PgError> {
    let hash = row.content_hash();
    let key = row.key(&hash);
    let stored = match look {
        Look::Newest => transactions::find(client, sql::FIND, row.operation, &key).await?,
        Look::Version2 => transactions::find(client, sql::FIND_VERSION_2, row.operation, &key).await?,
        Look::Version1(odd) => {
            let stored = transactions::find(client, sql::FIND_VERSION_1, row.operation, &key).await?;
            odd.beside(&key, stored)
        }
    };
    Ok(row.outlook(&hash, &stored))
}
