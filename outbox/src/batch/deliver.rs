//! The delivery of a batch: what it tells is noted, and what others have under way is waited for.

use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::time::Instant;
use vitec_connect::Client;

use super::spool::{Now, Which};
use super::{Batch, GRACE, Progress};
use crate::deliver::deliver;
use crate::error::Error;
use crate::options::{DeliverOptions, End, Event, Sent, Summary};
use crate::outbox::Outbox;
use crate::row::State;

/// How often it is looked whether others have let go of a row.
const LOOK: Duration = Duration::from_secs(1);

/// How much longer than their lease others are waited for: their row becomes unknown with the first look behind it.
const SLACK: Duration = Duration::from_millis(100);

/// How often rows that came back from others are delivered. Each time one has become pending in another's hands.
const ROUNDS: u32 = 10;

impl Batch {
    /// Sends what is pending in the outbox, as [`deliver`](crate::deliver()) does, and notes what becomes of the rows of
    /// this file. Rows that another process has under way are waited for until its lease ends; where one comes back it is
    /// sent. Afterwards each row is looked up once more.
    ///
    /// `on_event` is told of this file's rows, and of everything else but other rows, with how far the file's have come.
    ///
    /// # Errors
    /// Why it could not begin; see [`deliver`](crate::deliver()). What was pending is pending.
    pub async fn deliver(
        &mut self,
        outbox: &Outbox,
        client: &Client,
        options: &DeliverOptions,
        shutdown: impl Future<Output = ()>,
        mut on_event: impl FnMut(Event<'_>, Progress),
    ) -> Result<End, Error> {
        let mut shutdown = pin!(shutdown);
        if let Err(error) = self.count(options) {
            self.broken.get_or_insert(error);
        }
        let mut options = options.clone();
        let mut round = 0;
        let end = loop {
            round += 1;
            let summary = deliver(outbox, client, &options, shutdown.as_mut(), |event| match event {
                Event::Row(sent) if !self.note(&sent.into()) => {
                    // A row that waits for another try is counted when that has ended.
                    if !matches!(sent.state, State::Pending | State::Sending) {
                        *self.others.of_mut(sent.state) += 1;
                    }
                }
                event => on_event(event, self.progress),
            })
            .await;
            let Summary { stopped, end, .. } = match summary {
                Ok(summary) => summary,
                Err(error) => {
                    // What it says of the rows is as true as what was known before.
                    let _ = self.look_again(outbox).await;
                    return Err(error);
                }
            };
            self.stopped.extend(stopped);
            let goes_on = matches!(end, End::Done) && round < ROUNDS;
            if !goes_on || !self.others_let_go(outbox, shutdown.as_mut(), &mut on_event).await {
                break end;
            }
            // Once is what the person has said.
            options = options.retry_unknown(false);
        };
        self.interrupted |= matches!(end, End::ShutDown);
        if let Err(error) = self.look_again(outbox).await {
            on_event(Event::Database(&error), self.progress);
        }
        Ok(end)
    }

    /// Breaks the delivery off: what was under way is looked up, and where that fails nobody knows.
    ///
    /// For a program that has dropped [`deliver`](Self::deliver).
    pub async fn broken_off(&mut self, outbox: &Outbox) {
        self.interrupted = true;
        let look = async {
            outbox.sweep().await?;
            self.look_again(outbox).await
        };
        let looked = tokio::time::timeout(GRACE, look).await;
        self.uncertain = !matches!(looked, Ok(Ok(())));
    }

    /// Counts what there is to be sent.
    fn count(&mut self, options: &DeliverOptions) -> Result<(), Error> {
        self.progress.rows = self.spool.count(State::Pending)? + self.spool.count(State::Sending)?;
        if options.retry_unknown {
            self.progress.rows += self.spool.count(State::Unknown)?;
        }
        Ok(())
    }

    /// Notes what is true of a row. Whether it is one of this file.
    fn note(&mut self, now: &Now<'_>) -> bool {
        let (before, rows) = match self.spool.note(now) {
            Ok(Some(noted)) => noted,
            Ok(None) => return false,
            Err(error) => {
                self.broken.get_or_insert(error);
                return false;
            }
        };
        let is_open = |state| matches!(state, State::Pending | State::Sending);
        if !is_open(now.state) && (is_open(before) || before == State::Unknown && now.state != State::Unknown) {
            self.progress.done = (self.progress.done + rows).min(self.progress.rows);
            if now.state != State::Accepted {
                self.progress.failed += rows;
            }
        }
        true
    }

    /// Waits until no other process has a row of the file under way, or its lease has ended. Whether one came back to be
    /// sent.
    async fn others_let_go(
        &mut self,
        outbox: &Outbox,
        mut shutdown: Pin<&mut impl Future<Output = ()>>,
        on_event: &mut impl FnMut(Event<'_>, Progress),
    ) -> bool {
        let mut end = None;
        loop {
            // Those that stood as pending when they were stored may be in another's hands by now.
            let which = if end.is_none() { Which::Open } else { Which::Sending };
            let Ok(looked) = self.look(outbox, which).await else {
                return false;
            };
            match self.spool.count_sendable(&self.stopped) {
                Ok(0) => {}
                Ok(_) => return true,
                Err(error) => {
                    self.broken.get_or_insert(error);
                    return false;
                }
            }
            if looked.sending == 0 {
                return false;
            }
            let now = Instant::now();
            let end = *end.get_or_insert_with(|| {
                on_event(Event::Waiting(looked.sending, looked.lease), self.progress);
                now + looked.lease + SLACK
            });
            if now >= end {
                return false;
            }
            tokio::select! {
                biased;
                () = shutdown.as_mut() => {
                    self.interrupted = true;
                    return false;
                }
                () = tokio::time::sleep_until(end.min(now + LOOK)) => {}
            }
            if outbox.sweep().await.is_err() {
                return false;
            }
        }
    }

    /// Looks up every row of which something new may be true.
    async fn look_again(&mut self, outbox: &Outbox) -> Result<(), Error> {
        self.look(outbox, Which::NotTold).await.map(|_| ())
    }

    async fn look(&mut self, outbox: &Outbox, which: Which) -> Result<Looked, Error> {
        let mut looked = Looked::default();
        let mut after = 0;
        loop {
            let ids = match self.spool.page(which, after) {
                Ok(ids) => ids,
                Err(error) => {
                    self.broken.get_or_insert(error);
                    return Ok(looked);
                }
            };
            let Some(last) = ids.last() else {
                return Ok(looked);
            };
            after = *last;
            for row in outbox.standing(&ids).await? {
                if row.state == State::Sending {
                    looked.sending += 1;
                    looked.lease = looked.lease.max(row.lease.unwrap_or_default());
                }
                self.note(&(&row).into());
            }
        }
    }
}

/// What a look at the rows of the file showed.
#[derive(Debug, Default)]
struct Looked {
    /// How many are under way in other processes.
    sending: u64,
    /// For how long the longest of those claims goes on.
    lease: Duration,
}

impl<'a> From<&'a Sent> for Now<'a> {
    fn from(sent: &'a Sent) -> Self {
        Self {
            id: sent.id,
            state: sent.state,
            answer: sent.answer.as_deref(),
            message: sent.message.as_deref(),
            status: sent.status,
        }
    }
}
