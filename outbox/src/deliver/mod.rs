//! Sending what is pending: one loop that claims rows, lets calls run, and records what became of them.

mod ask;
mod hand;
mod run;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use vitec_connect::Client;

use self::run::Run;
use crate::call::Caller;
use crate::error::{Error, ErrorKind};
use crate::options::{DeliverOptions, End, Event, Summary};
use crate::outbox::Outbox;
use crate::row::Counts;

/// Sends the pending rows of an outbox, until there are none left that can be sent.
///
/// Any number of calls run at a time, in one process for SQLite and in any number of processes for PostgreSQL. Each row
/// is `sending` durably before its call begins, and its result is recorded before it is told. One transaction records what
/// has ended and claims what begins, so that a fast server costs few commits.
///
/// When `shutdown` is ready no more calls begin, and those under way are waited for. Use `std::future::pending()` where
/// nothing ends the run early. A dropped delivery leaves what was under way to be `unknown`.
///
/// The outbox repeats what may be repeated by itself, and slows down all calls together: give the client
/// [`RetryPolicy::none`](vitec_connect::RetryPolicy::none).
///
/// # Errors
/// Why it could not begin: another process delivers already ([`ErrorKind::Busy`]), the client calls another server
/// ([`ErrorKind::OtherBaseUrl`]), or what the database says. What happens later is the [`Summary`]'s.
pub async fn deliver(
    outbox: &Outbox,
    client: &Client,
    options: &DeliverOptions,
    shutdown: impl Future<Output = ()>,
    on_event: impl FnMut(Event<'_>),
) -> Result<Summary, Error> {
    same_server(outbox, client)?;
    deliver_by(outbox, client, options, fastrand::Rng::new(), shutdown, on_event).await
}

/// Refuses a client that would send the rows to another server than they are for.
pub(crate) fn same_server(outbox: &Outbox, client: &Client) -> Result<(), Error> {
    match client.base_url() == outbox.belongs_to() {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::OtherBaseUrl,
            format!(
                "{}: the outbox belongs to {}, and the client calls {}.",
                outbox.place(),
                outbox.belongs_to(),
                client.base_url()
            ),
        )),
    }
}

/// The same by any caller, and with chance of a known seed: nothing else in it depends on more than the clock.
pub(crate) async fn deliver_by(
    outbox: &Outbox,
    caller: &dyn Caller,
    options: &DeliverOptions,
    random: fastrand::Rng,
    shutdown: impl Future<Output = ()>,
    on_event: impl FnMut(Event<'_>),
) -> Result<Summary, Error> {
    let mut shutdown = pin!(shutdown);
    let begin = async {
        let patience = options.database_patience;
        let delivery = outbox.store.begin_delivery(options.lease);
        let delivery = Arc::new(outbox.wait(patience, delivery).await?);
        if options.retry_unknown {
            outbox.retry_unknown().await?;
        }
        let customers = outbox.wait(patience, outbox.store.customers()).await?;
        Ok((delivery, customers))
    };
    let (delivery, customers) = tokio::select! {
        biased;
        () = &mut shutdown => {
            return Ok(Summary {
                results: Counts::default(),
                stopped: BTreeMap::new(),
                unrecorded: Vec::new(),
                end: End::ShutDown,
            });
        }
        begun = begin => begun?,
    };
    let run = Run::new(outbox, caller, options, random, delivery, customers, on_event);
    Ok(run.drive(shutdown).await)
}
