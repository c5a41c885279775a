//! Sends what is pending, and ends.

use std::time::Duration;

use serde_json::json;
use vitec_connect_outbox::{End, Error, ErrorKind, Outbox, deliver_with};

use super::log::Level;
use super::summary::Summary;
use super::told::Told;
use super::{Job, exit_of};
use crate::outbox::waits_for_release;
use crate::report::Mistake;

impl Job<'_> {
    /// The exit status and what it came to.
    pub(super) async fn once(&self) -> Result<(u8, Summary), Mistake> {
        let outbox = match Outbox::open(&self.place, Some(self.client.base_url())).await {
            Ok(outbox) => outbox,
            Err(error) => return self.not_begun(error),
        };
        self.started(&outbox);
        self.signals.take().await; // From here on a signal ends the run in good order.
        let mut told = Told::new(self.log, self.matches, self.signals, self.counted.clone());
        let delivery = deliver_with(
            &outbox,
            &self.client,
            &self.options,
            &self.control,
            self.in_order(),
            |event| told.event(&event),
        );
        let ended = tokio::select! {
            ended = delivery => Some(ended),
            () = self.signals.received_again() => None,
        };
        let mut summary = Summary::new(self.counted.results(), None);
        let mut is_done = false;
        match ended {
            Some(Ok(run)) => {
                summary.unknown += self.unrecorded(&run.unrecorded);
                match run.end {
                    End::Done => is_done = true,
                    End::ShutDown => summary.interrupted = true,
                    End::GaveUp(why) => {
                        self.log.tell(Level::Error, "gave-up", &why, json!({}));
                        summary.error = Some(why);
                    }
                    End::Database(error) => {
                        summary.error = Some(self.failed(&error));
                        if error.kind() == ErrorKind::History {
                            return Ok((6, summary));
                        }
                    }
                    _ => {}
                }
                if is_done && !run.left_out.is_empty() {
                    summary.stopped = u64::MAX;
                }
            }
            Some(Err(error)) => return self.not_begun(error),
            None => {
                summary.unknown += self.broken_off();
                summary.interrupted = true;
                return Ok((summary.exit_status(), summary));
            }
        }
        if is_done {
            self.purge_once(&outbox, &mut summary).await;
        }
        self.left(&outbox, &mut summary, &told).await;
        Ok((summary.exit_status(), summary))
    }

    /// It could not begin; where that says nothing against the command, rows are still to be sent.
    fn not_begun(&self, error: Error) -> Result<(u8, Summary), Mistake> {
        match exit_of(error.kind()) {
            2 => Err(error.into()),
            exit => {
                let summary = Summary {
                    error: Some(self.failed(&error)),
                    ..Summary::default()
                };
                Ok((exit, summary))
            }
        }
    }

    /// Removes what may be personal from rows that were finished long ago. It can wait, and does so at a signal.
    async fn purge_once(&self, outbox: &Outbox, summary: &mut Summary) {
        let Some(keep) = self.matches.get_one::<Duration>("keep") else {
            return;
        };
        tokio::select! {
            purged = outbox.purge(*keep) => if let Err(error) = purged {
                summary.error = Some(self.failed(&error));
            },
            () = self.signals.received() => {}
        }
    }

    /// What is left to be sent, and for whom a person has to do something.
    async fn left(&self, outbox: &Outbox, summary: &mut Summary, told: &Told<'_>) {
        let looking = async { Ok::<_, Error>((outbox.counts().await?, outbox.holds().await?)) };
        let looked = tokio::select! {
            looked = looking => looked,
            () = self.signals.another() => return,
        };
        match looked {
            Ok((counts, holds)) => {
                summary.pending = Some(counts.pending);
                for held in holds.iter().filter(|held| held.waiting > 0) {
                    summary.stopped = summary.stopped.saturating_add(held.waiting);
                    if told.knows_held(&held.customer_id) {
                        continue;
                    }
                    let fields = json!({"customer": held.customer_id, "waiting": held.waiting});
                    self.log
                        .tell(Level::Warning, "held", &waits_for_release(held, self.matches), fields);
                }
            }
            Err(error) => {
                let what = self.failed(&error);
                summary.error.get_or_insert(what);
            }
        }
    }
}
