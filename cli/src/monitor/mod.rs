//! What a delivery that goes on shows of itself over HTTP: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever
//! starts and stops it, and `/`, a page for the operator. Read only.
//!
//! What happens is told by the delivery's events; what the rows are is asked of the outbox, seldom and with an end to each
//! wait. The server is hyper, as the sandbox's: nothing more is compiled. The metrics are prometheus-client's: no global
//! state, and what is not known at a scrape is left out of it, which the `metrics` facade cannot do. The page is maud's,
//! which escapes every text that it is given.

mod asked;
mod heard;
mod hour;
mod metrics;
mod page;
mod plot;
mod server;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use vitec_connect_outbox::{Event, Outbox};

use self::asked::Asked;
use self::heard::Heard;
use self::metrics::Counted;

/// What is known of a delivery, for those who ask over HTTP.
pub(crate) struct Monitor {
    heard: Mutex<Heard>,
    counted: Counted,
    asked: Asked,
    started: DateTime<Utc>,
}

impl Monitor {
    /// Nothing is known yet: it is not ready.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            heard: Mutex::default(),
            counted: Counted::default(),
            asked: Asked::default(),
            started: Utc::now(),
        })
    }

    /// To be called with each event of the delivery; where the outbox cannot be opened, with [`Event::Database`].
    pub(crate) fn heard(&self, event: &Event<'_>) {
        self.counted.event(event);
        self.lock().event(event, Utc::now());
    }

    /// The outbox is open: from here on it can be asked.
    pub(crate) fn opened(&self, outbox: Outbox) {
        let mut heard = self.lock();
        heard.outbox = Some(outbox);
        heard.database = None;
    }

    /// Whether there are credentials to deliver with. There are none until this says so.
    pub(crate) fn credentials(&self, loaded: bool) {
        self.lock().credentials = loaded;
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be said, once, of an address that others may reach.
pub(crate) fn warning(address: SocketAddr) -> Option<String> {
    (!is_loopback(address)).then(|| {
        format!(
            "{address} can be reached by other machines, and what is served there needs no password: the page names \
             customers, contacts and references. Let a firewall or a proxy with a login stand before it"
        )
    })
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}
