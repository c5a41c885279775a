//! One schedule: processes, people, a database and a server, on one thread, with a clock that stands still while anything
//! can be done.

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep, sleep_until};

use super::check::{Check, Who};
use super::database::{Access, lock};
use super::persons::{content, customer_id, release};
use super::plan::{Command, Death, Line, Plan, Visit};
use super::server::Server;
use crate::batch::Batch;
use crate::call::{Call, Caller};
use crate::deliver::{Control, How, deliver_by};
use crate::error::Error;
use crate::options::{DeliverOptions, End, Event};
use crate::outbox::Outbox;
use crate::row::NewRow;
use crate::store::Claimed;
use crate::verdict::Verdict;

/// What became of a schedule.
pub(super) struct Outcome {
    pub(super) wrong: Option<String>,
    pub(super) counts: BTreeMap<&'static str, u64>,
    pub(super) trace: Vec<String>,
}

/// Plays the schedule of a seed. The same seed is the same schedule.
pub(super) fn play(seed: u64, trace: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::draw(&mut rng);
        let check = Arc::new(Mutex::new(Check::new(trace)));
        lock(&check).note(|| format!("{plan:#?}"));
        // What comes after something that is wrong may never end.
        let is_wrong = lock(&check).is_wrong();
        tokio::select! {
            biased;
            () = is_wrong.notified() => {}
            () = World::new(plan, rng, &check).play() => {}
        }
        let (wrong, counts, trace) = lock(&check).end();
        Outcome { wrong, counts, trace }
    })
}

pub(super) struct World {
    files: Vec<Vec<Line>>,
    /// How many rows are there before.
    earlier: u32,
    workers: Vec<Vec<Command>>,
    pub(super) visits: Vec<(Duration, Visit)>,
    pub(super) check: Arc<Mutex<Check>>,
    pub(super) database: Access,
    server: Server,
    rng: Rng,
    /// How many troubles there are at most, of the database and of the server, and how long a call takes at most.
    troubles: (u32, u32),
    late: Duration,
}

impl World {
    fn new(plan: Plan, mut rng: Rng, check: &Arc<Mutex<Check>>) -> Arc<Self> {
        let troubles = (
            plan.database.most + plan.database.outages.len() as u32 + 2,
            plan.server.most,
        );
        let late = plan.server.late;
        let database = Access::new(plan.database, rng.fork(), check, Who::Person(0));
        let server = Server::new(plan.server, rng.fork(), check, &database);
        database.put(&plan.earlier);
        Arc::new(Self {
            earlier: plan.earlier.len() as u32,
            files: plan.files,
            workers: plan.workers,
            visits: plan.visits,
            check: Arc::clone(check),
            database,
            server,
            rng,
            troubles,
            late,
        })
    }

    async fn play(self: Arc<Self>) {
        let mut all = Vec::new();
        for worker in 0..self.workers.len() {
            let world = Arc::clone(&self);
            let rng = Rng::with_seed(self.rng.clone().u64(..).wrapping_add(worker as u64));
            all.push(tokio::spawn(async move { world.worker(worker, rng).await }));
        }
        for person in 0..self.visits.len() {
            let world = Arc::clone(&self);
            all.push(tokio::spawn(async move { world.visit(person).await }));
        }
        for one in all {
            if one.await.is_err() {
                lock(&self.check).wrong("a panic".to_owned());
            }
        }
        self.finish().await;
    }

    /// All that was late has happened, all leases are over, and everything works: two runs settle what is left.
    async fn finish(&self) {
        lock(&self.check).note(|| "everything works again".to_owned());
        self.database.heal();
        self.server.heal();
        sleep(Duration::from_secs(3600)).await;
        let person = Outbox::new(self.database.of(Who::Person(0)));
        if let Err(error) = release(&person).await {
            lock(&self.check).wrong(format!("customers cannot be released: {error}"));
        }
        for file in 0..self.files.len() {
            let command = Command {
                file,
                bare: false,
                follows: false,
                options: DeliverOptions::default(),
                batch: 100,
                after: Duration::ZERO,
                signal: None,
                second_signal: None,
                death: None,
                keep: None,
                cut_off: None,
            };
            self.command(&command, 0).await;
        }
        self.database.check_history();
        lock(&self.check).finally(&self.database.rows());
    }

    /// The same process, started again and again.
    async fn worker(&self, worker: usize, mut rng: Rng) {
        for command in &self.workers[worker] {
            sleep(command.after).await;
            let random = rng.u64(..);
            let run = self.command(command, random);
            match command.death {
                None => run.await,
                Some(Death::After(time)) => _ = tokio::time::timeout(time, run).await,
                Some(Death::AtPoll(polls)) => {
                    _ = AtPoll {
                        run: Box::pin(run),
                        polls,
                    }
                    .await
                }
            }
        }
    }

    async fn command(&self, command: &Command, random: u64) {
        let number = lock(&self.check).run_begins();
        let _over = Over(Arc::clone(&self.check), number);
        self.database.check_history();
        lock(&self.check).note(|| format!("run {number} begins: file {}", command.file));
        if let Some(after) = command.signal {
            lock(&self.check).signal_comes(number, after);
        }
        let bound = self.bound(command);
        let run = async {
            match command.bare {
                true => self.deliver(number, command, random).await,
                false => self.import(number, command, random).await,
            }
        };
        if tokio::time::timeout(bound, run).await.is_err() {
            lock(&self.check).wrong(format!("run {number} has not ended after {bound:?}"));
        }
    }

    /// Longer than this no run may take: each trouble of the plan's costs what the options allow, and no more.
    fn bound(&self, command: &Command) -> Duration {
        let options = &command.options;
        let rows = self.files[0].len() as u32 + self.earlier;
        let second = Duration::from_secs(1);
        // Storing the file; a person's word; a purge.
        let long = u32::from(options.retry_unknown) + u32::from(command.keep.is_some());
        let stored = 60 * second * (rows + 1) + 3600 * second * long + second;
        let database = (options.database_patience + options.record_patience + second) * self.troubles.0;
        let posts = rows * (1 + self.visits.len() as u32) + self.troubles.1;
        let server = (self.late + 2 * second) * posts + 36 * second * self.troubles.1;
        let until_signal = command.signal.filter(|_| command.follows).unwrap_or_default();
        stored + database + server + options.lease + until_signal
    }

    async fn deliver(&self, number: usize, command: &Command, random: u64) {
        let outbox = Outbox::new(self.database.of(Who::Run(number)).cut_off(command.cut_off));
        let server = self.server.of(number);
        let begun = Instant::now();
        let signal = async {
            match command.signal {
                Some(after) => sleep_until(begun + after).await,
                None => std::future::pending().await,
            }
        };
        let how = How {
            control: &Control::default(),
            goes_on: command.follows,
            random: Rng::with_seed(random),
        };
        let hear = |event: Event<'_>| self.hear(number, &event);
        let ended = deliver_by(&outbox, &server, &command.options, how, signal, hear).await;
        let mut check = lock(&self.check);
        check.note(|| format!("run {number} has delivered: {ended:?}"));
        if let Ok(summary) = ended {
            for row in &summary.unrecorded {
                check.told(number, row.id, row.state, false);
            }
            check.delivered(number);
        }
    }

    /// What the program does for a file, without reading it and printing.
    async fn import(&self, number: usize, command: &Command, random: u64) {
        let outbox = Outbox::new(self.database.of(Who::Run(number)).cut_off(command.cut_off));
        let mut batch = Batch::new().unwrap();
        let begun = Instant::now();
        let at = |after: Option<Duration>| async move {
            match after {
                Some(after) => sleep_until(begun + after).await,
                None => std::future::pending().await,
            }
        };
        let mut signal = pin!(at(command.signal));
        let second = at(command
            .signal
            .zip(command.second_signal)
            .map(|(one, other)| one + other));
        let stored = self.store(&outbox, &mut batch, command, signal.as_mut()).await;
        let mut in_order = false;
        if stored && !batch.is_interrupted() {
            let server = self.server.of(number);
            let random = Rng::with_seed(random);
            let hear = |event: Event<'_>, _| self.hear(number, &event);
            let delivery = batch.deliver_by(&outbox, &server, &command.options, random, signal, hear);
            let ended = tokio::select! {
                biased;
                ended = delivery => Some(ended),
                () = second => None,
            };
            lock(&self.check).note(|| format!("run {number} has delivered: {ended:?}"));
            match ended {
                Some(ended) => {
                    in_order = matches!(ended, Ok(End::Done)) && !batch.is_interrupted();
                }
                None => batch.broken_off(&outbox).await,
            }
        }
        if let Some(keep) = command.keep.filter(|_| in_order) {
            let purged = outbox.purge(keep).await;
            lock(&self.check).note(|| format!("run {number} has purged: {purged:?}"));
        }
        let tally = batch.tally(Some(&outbox)).await;
        let mut report = Vec::new();
        batch
            .report::<Error>(|row| {
                report.push((row.id, row.state));
                Ok(())
            })
            .unwrap();
        let status = tally.exit_status();
        let mut check = lock(&self.check);
        check.note(|| format!("run {number} says: {report:?}, {tally:?}, exit status {status}"));
        check.reported(number, &report, status, in_order);
    }

    /// Whether the whole file was stored.
    async fn store(
        &self,
        outbox: &Outbox,
        batch: &mut Batch,
        command: &Command,
        mut signal: Pin<&mut impl Future<Output = ()>>,
    ) -> bool {
        for lines in self.files[command.file].chunks(command.batch) {
            let rows = lines.iter().map(Line::row).collect();
            let stored = batch.store(outbox, rows, signal.as_mut(), &mut |_| {}).await;
            if stored.is_err() || batch.is_interrupted() {
                return false;
            }
        }
        batch.read_to_its_end();
        true
    }

    fn hear(&self, run: usize, event: &Event<'_>) {
        let mut check = lock(&self.check);
        check.note(|| format!("run {run} says: {event:?}"));
        match event {
            Event::Row(row) => check.told(run, row.id, row.state, true),
            Event::TooLate(row) => check.told(run, row.id, row.state, false),
            Event::Stuck(_, wait) => check.is_stuck(run, Some(*wait)),
            Event::GoesOn => check.is_stuck(run, None),
            _ => {}
        }
    }
}

impl Line {
    pub(super) fn row(&self) -> NewRow {
        let mark = format!("promise-{}.{}", self.promise, self.version);
        let row = NewRow::new(customer_id(self.customer), ["4711"], &content(&mark)).unwrap();
        match self.has_reference {
            true => row.reference(format!("R{}", self.promise)),
            false => row,
        }
    }
}

impl Caller for Server {
    fn call(&self, row: &Claimed) -> Result<Call, Verdict> {
        Ok(Box::pin(self.clone().answer(row.clone())))
    }
}

/// A process is over, in order or not.
struct Over(Arc<Mutex<Check>>, usize);

impl Drop for Over {
    fn drop(&mut self) {
        let mut check = lock(&self.0);
        check.note(|| format!("run {} is over", self.1));
        check.run_is_over(self.1);
    }
}

/// A process that dies at so many wakings.
struct AtPoll<F> {
    run: Pin<Box<F>>,
    polls: u32,
}

impl<F: Future<Output = ()>> Future for AtPoll<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.polls.checked_sub(1) {
            None => return Poll::Ready(()),
            Some(left) => self.polls = left,
        }
        self.run.as_mut().poll(context)
    }
}
