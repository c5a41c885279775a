//! The delivery of a batch: what it tells is noted, and what others have under way is waited for.

use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::time::Instant;
use vitec_connect::Client;

use super::spool::{Now, Which};
use super::{Batch, GRACE, Progress};
use crate::call::Caller;
use crate::deliver::{How, deliver_by, same_server};
use crate::error::{Error, ErrorKind, silent};
use crate::options::{DeliverOptions, End, Event, Sent};
use crate::outbox::Outbox;
use crate::row::State;
use crate::sql;

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
        on_event: impl FnMut(Event<'_>, Progress),
    ) -> Result<End, Error> {
        same_server(outbox, client)?;
        self.deliver_by(outbox, client, options, fastrand::Rng::new(), shutdown, on_event)
            .await
    }

    /// The same by any caller, and with chance of a known seed.
    pub(crate) async fn deliver_by(
        &mut self,
        outbox: &Outbox,
        caller: &dyn Caller,
        options: &DeliverOptions,
        mut random: fastrand::Rng,
        shutdown: impl Future<Output = ()>,
        mut on_event: impl FnMut(Event<'_>, Progress),
    ) -> Result<End, Error> {
        let control = self.control.clone();
        let patience = options.database_patience;
        let mut shutdown = pin!(shutdown);
        if let Err(error) = self.count(options) {
            self.broken.get_or_insert(error);
        }
        let mut options = options.clone();
        let mut round = 0;
        let end = loop {
            round += 1;
            let told = |event: Event<'_>| {
                if self.heard(&event) {
                    on_event(event, self.progress);
                }
            };
            let how = How {
                control: &control,
                goes_on: false,
                random: random.fork(),
            };
            let summary = match deliver_by(outbox, caller, &options, how, shutdown.as_mut(), told).await {
                Ok(summary) => summary,
                // Another process sends what is stored: what becomes of it is waited for. Where it ends before, this one goes on.
                Err(error) if error.kind() == ErrorKind::Busy => {
                    on_event(Event::Busy(&error), self.progress);
                    match self.others_send(outbox, patience, shutdown.as_mut()).await {
                        Others::Sent => break End::Done,
                        Others::Ended => continue,
                        Others::NotWaitedFor => break End::ShutDown,
                    }
                }
                Err(error) => {
                    self.uncertain |= error.kind() == ErrorKind::History;
                    // Where this fails too, what was known before is said.
                    let _ = self.look_again(outbox, patience).await;
                    return Err(error);
                }
            };
            self.left_out.extend(summary.left_out);
            for sent in &summary.unrecorded {
                self.unrecorded(sent);
            }
            let end = summary.end;
            let goes_on = matches!(end, End::Done) && round < ROUNDS;
            if !goes_on
                || !self
                    .others_let_go(outbox, patience, shutdown.as_mut(), &mut on_event)
                    .await
            {
                break end;
            }
            // Once is what the person has said; and a customer that was left out stays so through the whole run.
            options = options.retry_unknown(false);
            options.left_out.clone_from(&self.left_out);
        };
        self.interrupted |= matches!(end, End::ShutDown);
        self.uncertain |= matches!(&end, End::Database(error) if error.kind() == ErrorKind::History);
        if let Err(error) = self.look_again(outbox, patience).await {
            on_event(Event::Database(&error), self.progress);
        }
        Ok(end)
    }

    /// Says what is true after [`deliver`](Self::deliver) was dropped: what was under way is unknown, unless the outbox
    /// knows better at once.
    pub async fn broken_off(&mut self, outbox: &Outbox) {
        self.interrupted = true;
        for id in self.control.under_way() {
            self.note(&Now {
                id,
                state: State::Unknown,
                answer: None,
                message: Some(sql::ORPHANED),
                status: None,
            });
        }
        let look = async {
            outbox.sweep().await?;
            self.look_again(outbox, GRACE).await
        };
        // Where it fails, that is what is known.
        let _ = tokio::time::timeout(GRACE, look).await;
    }

    /// Notes what an event says of the rows of this file. Whether it is to be told.
    fn heard(&mut self, event: &Event<'_>) -> bool {
        let sent = match event {
            Event::Row(sent) | Event::TooLate(sent) => sent,
            _ => return true,
        };
        // What came too late is not what the row is.
        if matches!(event, Event::TooLate(_)) {
            return true;
        }
        let is_ours = self.note(&(*sent).into());
        // A row that waits for another try is counted when that has ended.
        if !is_ours && !matches!(sent.state, State::Pending | State::Sending) {
            *self.others.of_mut(sent.state) += 1;
        }
        is_ours
    }

    /// A result that the outbox does not know: its row becomes unknown there.
    fn unrecorded(&mut self, sent: &Sent) {
        let what = match &sent.message {
            Some(message) => format!("{}: {message}", sent.state),
            None => sent.state.to_string(),
        };
        let message = format!("the database failed before the result was recorded, which is: {what}");
        self.note(&Now {
            state: State::Unknown,
            message: Some(&message),
            ..sent.into()
        });
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
        patience: Duration,
        mut shutdown: Pin<&mut impl Future<Output = ()>>,
        on_event: &mut impl FnMut(Event<'_>, Progress),
    ) -> bool {
        let mut end = None;
        loop {
            // Those that stood as pending when they were stored may be in another's hands by now.
            let which = if end.is_none() { Which::Open } else { Which::Sending };
            let swept = end.is_some();
            let looking = async {
                if swept {
                    in_time(outbox, patience, outbox.sweep()).await?;
                }
                // What waits for a customer that is held is not sent by anybody.
                self.look_at_holds(outbox, patience).await?;
                self.look(outbox, which, patience).await
            };
            let looked = tokio::select! {
                biased;
                () = shutdown.as_mut() => {
                    self.interrupted = true;
                    return false;
                }
                looked = looking => looked,
            };
            let now = Instant::now();
            match looked {
                Ok(looked) => {
                    match self.spool.count_sendable(&self.stopped()) {
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
                    end.get_or_insert_with(|| {
                        on_event(Event::Waiting(looked.sending, looked.lease), self.progress);
                        now + looked.lease + SLACK
                    });
                }
                // A database that is away for a moment does not end the wait.
                Err(_) if end.is_some() => {}
                Err(_) => return false,
            }
            let Some(end) = end.filter(|end| *end > now) else {
                return false;
            };
            tokio::select! {
                biased;
                () = shutdown.as_mut() => {
                    self.interrupted = true;
                    return false;
                }
                () = tokio::time::sleep_until(end.min(now + LOOK)) => {}
            }
        }
    }

    /// Waits until another process has sent the rows of the file, or has ended.
    async fn others_send(
        &mut self,
        outbox: &Outbox,
        patience: Duration,
        mut shutdown: Pin<&mut impl Future<Output = ()>>,
    ) -> Others {
        loop {
            let looking = async {
                self.look_at_holds(outbox, patience).await?;
                let looked = self.look(outbox, Which::Open, patience).await?;
                let sendable = self.spool.count_sendable(&self.stopped())?;
                Ok::<_, Error>(looked.sending > 0 || sendable > 0)
            };
            let is_open = tokio::select! {
                biased;
                () = shutdown.as_mut() => {
                    self.interrupted = true;
                    return Others::NotWaitedFor;
                }
                // What cannot be looked at now is looked at later.
                is_open = looking => is_open.unwrap_or(true),
            };
            if !is_open {
                return Others::Sent;
            }
            tokio::select! {
                biased;
                () = shutdown.as_mut() => {
                    self.interrupted = true;
                    return Others::NotWaitedFor;
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            if let Ok(delivery) = in_time(outbox, patience, outbox.store.begin_delivery(Duration::ZERO)).await {
                drop(delivery);
                return Others::Ended;
            }
        }
    }

    /// Which of the file's customers are held.
    async fn look_at_holds(&mut self, outbox: &Outbox, patience: Duration) -> Result<(), Error> {
        let holds = in_time(outbox, patience, outbox.store.holds()).await?;
        self.held = holds.into_iter().map(|held| (held.customer_id.clone(), held)).collect();
        Ok(())
    }

    /// Looks up every row of which something new may be true, and which customers are held.
    async fn look_again(&mut self, outbox: &Outbox, patience: Duration) -> Result<(), Error> {
        self.look_at_holds(outbox, patience).await?;
        self.look(outbox, Which::NotTold, patience).await.map(|_| ())
    }

    async fn look(&mut self, outbox: &Outbox, which: Which, patience: Duration) -> Result<Looked, Error> {
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
            for row in in_time(outbox, patience, outbox.standing(&ids)).await? {
                if row.state == State::Sending && self.control.is_under_way(row.id) {
                    // This run's own, which has ended: it is noted as what it will be.
                    continue;
                }
                if row.state == State::Sending {
                    looked.sending += 1;
                    looked.lease = looked.lease.max(row.lease.unwrap_or_default());
                }
                self.note(&(&row).into());
            }
        }
    }
}

/// Every wait for a database has an end.
async fn in_time<T>(
    outbox: &Outbox,
    patience: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let answer = tokio::time::timeout(patience, answer).await;
    answer.unwrap_or_else(|_| Err(silent(&outbox.place(), patience)))
}

/// What became of rows that another process sends.
enum Others {
    /// Nothing of the file is left to be sent.
    Sent,
    /// The other process has ended.
    Ended,
    NotWaitedFor,
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
