//! Making the tables and bringing them up to date, in one transaction: all of it or nothing.

use tokio_postgres::{Client, Error as PgError};

use super::connection::Begun;
use super::function;
use super::statement::execute;
use super::tables::{self, HISTORY, UnderWay};
use crate::error::{Error, ErrorKind};
use crate::init::{Done, InitOptions};
use crate::outbox::check_meta;
use crate::sql;

/// What was done, or why nothing was.
pub(super) async fn init(
    client: &Client,
    place: &str,
    begun: &Begun,
    options: &InitOptions,
) -> Result<Result<Vec<Done>, Error>, PgError> {
    let history = begun.history.as_deref();
    if tables::make(client, &options.base_url, history).await? {
        return more(client, place, begun, options, Done::Made).await;
    }
    let (version, owner) = super::facts(client).await?;
    if let Err(refused) = check_meta(
        place,
        &version,
        &owner,
        (!options.keeps_base_url).then_some(&*options.base_url),
    ) {
        return Ok(Err(refused));
    }
    let done = match tables::upgrade(client, begun.now, history).await? {
        Ok(Some(version)) => Done::Updated(version),
        Ok(None) => Done::UpToDate,
        Err(UnderWay(rows, until)) => {
            let until = until.format("%H:%M:%S UTC");
            return Ok(Err(Error::new(
                ErrorKind::Busy,
                format!(
                    "{place}: {rows} rows are under way in a program of the older version. End the older programs, and run \
                     it again: at {until} the claims have ended, unless they are renewed. Nothing was changed."
                ),
            )));
        }
    };
    // The document may be another one than when they were made.
    function::make(client).await?;
    more(client, place, begun, options, done).await
}

async fn more(
    client: &Client,
    place: &str,
    begun: &Begun,
    options: &InitOptions,
    first: Done,
) -> Result<Result<Vec<Done>, Error>, PgError> {
    let mut done = vec![first];
    if let (true, Some(history)) = (options.accept_history, &begun.history) {
        execute(client, sql::CHANGE_META, &[&HISTORY, history]).await?;
        done.push(Done::HistoryAccepted);
    }
    if let Some(role) = &options.grant {
        if let Err(refused) = function::grant(client, role).await? {
            let refused = format!("{place}: {refused}. Nothing was changed.");
            return Ok(Err(Error::new(ErrorKind::Unsupported, refused)));
        }
        done.push(Done::Granted(role.clone()));
    }
    Ok(Ok(done))
}
