//! What goes on beside a delivery that follows: credentials, old payloads, a line for systemd.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use vitec_connect_outbox::{Control, Outbox};

use super::log::{Level, Log};
use super::systemd;
use super::told::{Counted, Results};
use crate::credentials::{Change, Source};
use crate::report::chain;

/// How often the file of credentials is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How often payloads of finished rows are purged.
const PURGE: Duration = Duration::from_secs(3600);

/// How often systemd is told how many rows were sent.
const STATUS: Duration = Duration::from_secs(10);

/// Looks whether the credentials are others, and reads them at each of `hangups`.
pub(super) async fn credentials(source: Source, control: Control, log: Log, mut hangups: watch::Receiver<u32>) {
    let source = Arc::new(source);
    loop {
        let is_asked = tokio::select! {
            Ok(()) = hangups.changed() => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        if is_asked {
            systemd::reloading();
        }
        let looking = Arc::clone(&source);
        let change = tokio::task::spawn_blocking(move || match is_asked {
            true => looking.reread(),
            false => looking.check(),
        });
        let change = change.await.ok().flatten();
        told(change.as_ref(), is_asked, log);
        match change {
            Some(Change::All) => control.all_credentials_changed(),
            Some(Change::Customers(customers)) => control.credentials_changed(customers),
            Some(Change::Kept(_)) | None => {}
        }
        if is_asked {
            systemd::ready();
        }
    }
}

fn told(change: Option<&Change>, is_asked: bool, log: Log) {
    let read = |message: &str, customers: &[String]| {
        log.tell(Level::Info, "credentials", message, json!({"customers": customers}));
    };
    match change {
        Some(Change::All) => read("credentials read again: they are others for every customer", &[]),
        Some(Change::Customers(customers)) if customers.is_empty() => {
            read(
                "credentials read again: the file is good again, and says what it said before",
                &[],
            );
        }
        Some(Change::Customers(customers)) => {
            read(
                &format!("credentials read again: others for {}", customers.join(", ")),
                customers,
            );
        }
        Some(Change::Kept(why)) => log.tell(Level::Error, "credentials-kept", why, json!({})),
        None if is_asked => read("credentials read again: nothing has changed", &[]),
        None => {}
    }
}

/// Removes what may be personal from rows that were finished long ago, now and every hour.
pub(super) async fn purge(outbox: Outbox, keep: Duration, log: Log) {
    loop {
        match outbox.purge(keep).await {
            Ok(rows) => log.note(Level::Info, "purged", None, json!({"rows": rows})),
            Err(error) => log.tell(
                Level::Warning,
                "purge",
                &format!(
                    "old payloads could not be removed; it is tried again in an hour: {}",
                    chain(&error)
                ),
                json!({}),
            ),
        }
        tokio::time::sleep(PURGE).await;
    }
}

/// Tells systemd how many rows came to which end.
pub(super) async fn status(counted: Counted) {
    let mut said = None;
    loop {
        let results = counted.results();
        if said.replace(results) != Some(results) {
            let Results {
                accepted,
                rejected,
                unknown,
                ..
            } = results;
            systemd::status(&format!("accepted {accepted}, rejected {rejected}, unknown {unknown}"));
        }
        tokio::time::sleep(STATUS).await;
    }
}
