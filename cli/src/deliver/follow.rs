//! Goes on delivering until a signal: a service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use vitec_connect_outbox::{End, ErrorKind, Event, Outbox, follow};

use super::log::Level;
use super::summary::Summary;
use super::told::Told;
use super::{Job, beside, exit_of, systemd};
use crate::credentials::Source;
use crate::monitor::{self, Monitor};
use crate::outbox::waits_for_release;
use crate::report::{Mistake, chain};

/// How long the database may take to say how many rows are left, when everything is over.
const GRACE: Duration = Duration::from_secs(3);

impl Job<'_> {
    /// How often it looks for new rows.
    pub(super) fn poll(&self) -> Duration {
        let poll = self.matches.get_one::<Duration>("poll").copied();
        poll.unwrap_or(Duration::from_secs(1))
    }

    /// The exit status and what it came to.
    pub(super) async fn follow(&self, source: Source) -> Result<(u8, Summary), Mistake> {
        self.signals.take().await; // From here on a signal ends it in good order.
        let monitor = Monitor::new();
        // There are some, or this would not have begun; a file that turns bad leaves those from before.
        monitor.credentials(true);
        let mut served = JoinSet::new();
        if let Some(listener) = self.listener().await? {
            self.listens(&listener)?;
            served.spawn(Arc::clone(&monitor).serve(listener, std::future::pending::<()>()));
        }
        let mut told = Told::new(self.log, self.matches, self.signals, self.counted.clone());
        told.monitor = Some(Arc::clone(&monitor));
        let opened = tokio::select! {
            opened = self.opened(&mut told, &monitor) => opened,
            () = self.signals.received() => return Ok((0, Summary::default())),
        };
        let outbox = match opened {
            Ok(outbox) => outbox,
            Err(error) if exit_of(error.kind()) == 2 => return Err(error.into()),
            Err(error) => {
                let error = Some(self.failed(&error));
                return Ok((
                    6,
                    Summary {
                        error,
                        ..Summary::default()
                    },
                ));
            }
        };
        monitor.opened(outbox.clone());
        self.started(&outbox);
        // Gone with this: dropped, they end.
        let mut beside = JoinSet::new();
        beside.spawn(beside::credentials(
            source,
            self.control.clone(),
            self.log,
            self.signals.hangups(),
        ));
        if let Some(keep) = self.matches.get_one::<Duration>("keep") {
            beside.spawn(beside::purge(outbox.clone(), *keep, self.log));
        }
        beside.spawn(beside::status(self.counted.clone()));
        systemd::ready();
        self.told_held(&outbox).await;

        let options = self.options.clone().poll(self.poll());
        let delivery = follow(
            &outbox,
            &self.client,
            &options,
            &self.control,
            self.in_order(),
            |event| told.event(&event),
        );
        let ended = tokio::select! {
            ended = delivery => Some(ended),
            () = self.signals.received_again() => None,
        };
        drop(beside);

        let results = self.counted.results();
        let mut summary = Summary::new(results, None);
        let exit = match ended {
            None => {
                let under_way = self.broken_off();
                summary.unknown += under_way;
                return Ok((unknown(results.unknown_at_the_end + under_way), summary));
            }
            Some(Err(error)) if exit_of(error.kind()) == 2 => return Err(error.into()),
            Some(Err(error)) => {
                let exit = exit_of(error.kind());
                summary.error = Some(self.failed(&error));
                exit
            }
            Some(Ok(run)) => {
                let unrecorded = self.unrecorded(&run.unrecorded);
                summary.unknown += unrecorded;
                let was_asked = self.signals.was_received();
                match run.end {
                    End::Database(error) => {
                        summary.error = Some(self.failed(&error));
                        match error.kind() {
                            ErrorKind::History => 6,
                            _ if unrecorded + results.unknown_at_the_end > 0 => 6,
                            _ if was_asked => 0,
                            kind => exit_of(kind),
                        }
                    }
                    End::GaveUp(why) => {
                        self.log.tell(Level::Error, "gave-up", &why, json!({}));
                        summary.error = Some(why);
                        unknown(unrecorded).max(5)
                    }
                    _ => unknown(unrecorded + results.unknown_at_the_end),
                }
            }
        };
        summary.pending = tokio::time::timeout(GRACE, outbox.counts())
            .await
            .ok()
            .and_then(Result::ok)
            .map(|counts| counts.pending);
        Ok((exit, summary))
    }

    /// Where `--listen` says.
    async fn listener(&self) -> Result<Option<TcpListener>, Mistake> {
        let Some(address) = self.matches.get_one::<SocketAddr>("listen") else {
            return Ok(None);
        };
        let listener = TcpListener::bind(address).await;
        listener
            .map(Some)
            .map_err(|error| Mistake::new(format!("--listen {address}: {error}")))
    }

    /// Says where it is shown how this goes.
    fn listens(&self, listener: &TcpListener) -> Result<(), Mistake> {
        let address = listener.local_addr()?;
        let what = format!("listening: http://{address}/");
        self.log
            .tell(Level::Info, "listening", &what, json!({"address": address.to_string()}));
        if let Some(warning) = monitor::warning(address) {
            self.log.tell(Level::Warning, "listening", &warning, json!({}));
        }
        Ok(())
    }

    /// The outbox, as soon as there is one to be had.
    async fn opened(&self, told: &mut Told<'_>, monitor: &Monitor) -> Result<Outbox, vitec_connect_outbox::Error> {
        loop {
            match Outbox::open(&self.place, Some(self.client.base_url())).await {
                Err(error) if error.kind().may_pass() => {
                    monitor.heard(&Event::Database(&error));
                    told.database(&format!("{}. It is waited for", chain(&error)));
                    systemd::starting("waiting for the outbox's database", self.poll() + 2 * WAIT);
                    tokio::time::sleep(self.poll()).await;
                }
                opened => return opened,
            }
        }
    }

    /// Who is held from before: nothing else would tell why their rows wait.
    async fn told_held(&self, outbox: &Outbox) {
        // Where the database fails again, that is told by the delivery.
        let holds = tokio::time::timeout(GRACE, outbox.holds()).await;
        for held in holds.ok().and_then(Result::ok).unwrap_or_default() {
            let fields = json!({"customer": held.customer_id, "waiting": held.waiting});
            self.log
                .tell(Level::Warning, "held", &waits_for_release(&held, self.matches), fields);
        }
    }
}

/// How long one try to reach the database may take, roughly.
const WAIT: Duration = Duration::from_secs(30);

/// The exit status where so many rows were left unknown.
fn unknown(rows: u64) -> u8 {
    if rows > 0 { 6 } else { 0 }
}
