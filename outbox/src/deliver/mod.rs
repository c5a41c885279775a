//! Sending what is pending: one loop that claims rows, lets calls run, and records what became of them.

mod ask;
mod control;
mod hand;
mod run;
mod stuck;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::pin::pin;

use vitec_connect::Client;

pub use self::control::Control;
use self::run::Run;
use crate::call::Caller;
use crate::error::{Error, ErrorKind};
use crate::options::{DeliverOptions, End, Event, Summary};
use crate::outbox::Outbox;
use crate::row::Counts;
use crate::store::Delivery;

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
    deliver_with(outbox, client, options, &Control::default(), shutdown, on_event).await
}

/// The same with a hand on it: `control` is asked for what is under way where this is dropped.
///
/// # Errors
/// See [`deliver`].
pub async fn deliver_with(
    outbox: &Outbox,
    client: &Client,
    options: &DeliverOptions,
    control: &Control,
    shutdown: impl Future<Output = ()>,
    on_event: impl FnMut(Event<'_>),
) -> Result<Summary, Error> {
    same_server(outbox, client)?;
    deliver_by(outbox, client, options, How::new(control, false), shutdown, on_event).await
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

/// Sends the rows of an outbox as they come, until `shutdown` is ready: a service. Any number of them share a PostgreSQL
/// outbox; on a file of SQLite's one delivers, and a second one waits for its lock.
///
/// As [`deliver`], but for what would end that one:
/// - Where nothing is left it looks again, each [`poll`](DeliverOptions::poll).
/// - Where the server is in trouble too often in a row it is *stuck* ([`Event::Stuck`]): one row is tried, after
///   [`stuck_pause`](DeliverOptions::stuck_pause) and then ever more seldom, until one is answered. After a redirect none
///   is, until it is started anew.
/// - What the database fails in, also at the beginning, is tried again without end, and so long as the server asks for a
///   pause none is cut short.
///
/// `control` is told of credentials that have changed, and asked for what is under way where this is dropped.
///
/// # Errors
/// Why it could not begin, where waiting does not help: see [`deliver`], and [`ErrorKind::History`].
pub async fn follow(
    outbox: &Outbox,
    client: &Client,
    options: &DeliverOptions,
    control: &Control,
    shutdown: impl Future<Output = ()>,
    on_event: impl FnMut(Event<'_>),
) -> Result<Summary, Error> {
    same_server(outbox, client)?;
    deliver_by(outbox, client, options, How::new(control, true), shutdown, on_event).await
}

/// What a delivery depends on beside its options, its outbox and the clock.
pub(crate) struct How<'a> {
    pub(crate) control: &'a Control,
    /// It does not end where nothing is left to be sent.
    pub(crate) goes_on: bool,
    /// Chance, of a known seed where that is wanted.
    pub(crate) random: fastrand::Rng,
}

impl<'a> How<'a> {
    fn new(control: &'a Control, goes_on: bool) -> Self {
        Self {
            control,
            goes_on,
            random: fastrand::Rng::new(),
        }
    }
}

/// What a delivery begins with.
struct Begun {
    delivery: Delivery,
    customers: Vec<String>,
}

/// The same by any caller.
pub(crate) async fn deliver_by(
    outbox: &Outbox,
    caller: &dyn Caller,
    options: &DeliverOptions,
    how: How<'_>,
    shutdown: impl Future<Output = ()>,
    mut on_event: impl FnMut(Event<'_>),
) -> Result<Summary, Error> {
    let mut shutdown = pin!(shutdown);
    let begun = tokio::select! {
        biased;
        () = &mut shutdown => {
            return Ok(Summary {
                results: Counts::default(),
                left_out: BTreeMap::new(),
                unrecorded: Vec::new(),
                end: End::ShutDown,
            });
        }
        begun = begin(outbox, options, how.goes_on, &mut on_event) => begun?,
    };
    let run = Run::new(outbox, caller, options, how, begun, on_event);
    Ok(run.drive(shutdown).await)
}

/// Begins; a delivery that goes on waits until it can.
async fn begin(
    outbox: &Outbox,
    options: &DeliverOptions,
    goes_on: bool,
    on_event: &mut impl FnMut(Event<'_>),
) -> Result<Begun, Error> {
    let mut before = None;
    loop {
        let error = match try_to_begin(outbox, options).await {
            Ok(begun) => {
                match before {
                    Some(ErrorKind::Busy) => on_event(Event::Free),
                    Some(_) => on_event(Event::DatabaseWorks),
                    None => {}
                }
                return Ok(begun);
            }
            Err(error) if goes_on && error.kind().may_pass() => error,
            Err(error) => return Err(error),
        };
        if before.replace(error.kind()) != Some(error.kind()) {
            on_event(match error.kind() {
                ErrorKind::Busy => Event::Busy(&error),
                _ => Event::Database(&error),
            });
        }
        tokio::time::sleep(options.poll).await;
    }
}

async fn try_to_begin(outbox: &Outbox, options: &DeliverOptions) -> Result<Begun, Error> {
    let patience = options.database_patience;
    let delivery = outbox.store.begin_delivery(options.lease);
    let delivery = outbox.wait(patience, delivery).await?;
    if options.retry_unknown {
        outbox.retry_unknown().await?;
    }
    let customers = outbox.wait(patience, outbox.store.customers()).await?;
    Ok(Begun { delivery, customers })
}
