//! What is drawn before a schedule begins: who does what and when, and how database and server behave.
//!
//! Each schedule draws the *kinds* of trouble that it has, and each of them often: faults find each other so, and not only
//! each one alone.

use std::time::Duration;

use fastrand::Rng;

use super::earlier::Earlier;
use crate::options::DeliverOptions;

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) files: Vec<Vec<Line>>,
    pub(super) earlier: Vec<Earlier>,
    pub(super) workers: Vec<Vec<Command>>,
    pub(super) visits: Vec<(Duration, Visit)>,
    pub(super) database: DatabasePlan,
    pub(super) server: ServerPlan,
}

/// A row of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) promise: usize,
    /// What is promised: another number is other content.
    pub(super) version: u32,
    pub(super) customer: usize,
    pub(super) has_reference: bool,
}

/// A process: it imports its file and delivers.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) file: usize,
    /// It only delivers, and has no file.
    pub(super) bare: bool,
    /// The same, and it does so until a signal comes.
    pub(super) follows: bool,
    pub(super) options: DeliverOptions,
    /// How many rows it stores in one transaction.
    pub(super) batch: usize,
    /// So long after the one before it has ended.
    pub(super) after: Duration,
    /// When the signal comes that asks it to end.
    pub(super) signal: Option<Duration>,
    /// How long after it the second one comes, that breaks everything off.
    pub(super) second_signal: Option<Duration>,
    pub(super) death: Option<Death>,
    /// It ends with a purge, which keeps what was finished within that time.
    pub(super) keep: Option<Duration>,
    /// When it alone cannot reach the database.
    pub(super) cut_off: Option<Outage>,
}

/// How a process dies: at once, wherever it waits.
#[derive(Clone, Copy, Debug)]
pub(super) enum Death {
    After(Duration),
    /// At so many wakings.
    AtPoll(u32),
}

/// What a person does with the outbox.
#[derive(Clone, Copy, Debug)]
pub(super) enum Visit {
    /// Looks in Vitec for each unknown row, and says what is there.
    Resolve,
    /// Sends again what is rejected or unknown.
    Requeue,
    RetryUnknown,
    /// Keeps what was finished within that time.
    Purge(Duration),
    /// Looks, from a program that starts: rows whose delivery is gone become unknown.
    Look,
    /// Holds a customer.
    Hold(usize),
    /// Releases all that are held.
    Release,
    /// Gives up some of the rows that wait for a person, and one that is pending.
    Drop,
    /// Gives rejected rows, and one that is pending, another content.
    Correct,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DatabaseTrouble {
    /// It says no, and nothing has happened.
    Refuses,
    /// It says nothing for a while, then no, and nothing has happened.
    RollsBack,
    /// It has happened, and the acknowledgement is lost.
    Unacknowledged,
    /// It says no, and it happens after that.
    LandsLate,
    /// It says nothing, for ever, and nothing happens.
    Silent,
    /// It says nothing, for ever, and it happens.
    SilentAndDone,
    /// It happens, and the answer takes long.
    Slow,
}

#[derive(Debug)]
pub(super) struct DatabasePlan {
    pub(super) troubles: Vec<DatabaseTrouble>,
    /// The share of transactions that meet with one of them, and how many do at most.
    pub(super) share: f64,
    pub(super) most: u32,
    pub(super) outages: Vec<Outage>,
    /// How long late means: one of these, give or take.
    pub(super) late: Vec<Duration>,
}

/// From when to when the database is away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) from: Duration,
    pub(super) until: Duration,
    /// It takes connections and says nothing, instead of refusing them.
    pub(super) silent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerTrouble {
    Rejects,
    Fails,
    TooMany,
    Unauthorized,
    /// There are no credentials.
    Uncredited,
    /// It points elsewhere.
    Moved,
    Refuses,
    Cuts,
    Late,
    Garbles,
}

#[derive(Debug)]
pub(super) struct ServerPlan {
    pub(super) troubles: Vec<ServerTrouble>,
    pub(super) share: f64,
    pub(super) most: u32,
    pub(super) late: Duration,
}

pub(super) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Half of them or so, at least one.
fn some<T: Copy>(rng: &mut Rng, all: &[T]) -> Vec<T> {
    let picked: Vec<_> = all.iter().copied().filter(|_| rng.u8(..) < 100).collect();
    match picked.is_empty() {
        true => vec![all[rng.usize(..all.len())]],
        false => picked,
    }
}

pub(super) fn pick<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())]
}

impl Plan {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let lease = ms(pick(rng, &[1000, 2000, 5000, 20_000]));
        let files = Self::files(rng);
        let workers = (0..pick(rng, &[1, 1, 2, 2, 3]))
            .map(|worker| {
                // Some begin together, and some after a while.
                let first = if worker == 0 || rng.bool() { 0 } else { rng.u64(..6000) };
                let commands = pick(rng, &[1, 1, 2, 3]);
                let mut commands: Vec<_> = (0..commands).map(|_| Self::command(rng, files.len(), lease)).collect();
                commands[0].after = ms(first);
                commands
            })
            .collect();
        let visits = match rng.u8(..3) {
            0 => Vec::new(),
            _ => (0..rng.usize(1..6))
                .map(|_| {
                    let visits = [
                        Visit::Resolve,
                        Visit::Resolve,
                        Visit::Requeue,
                        Visit::RetryUnknown,
                        Visit::Purge(ms(2000)),
                        Visit::Look,
                        Visit::Release,
                        Visit::Release,
                        Visit::Hold(rng.usize(..3)),
                        Visit::Drop,
                        Visit::Correct,
                    ];
                    (ms(rng.u64(..30_000)), pick(rng, &visits))
                })
                .collect(),
        };
        let mut plan = Self {
            files,
            earlier: Vec::new(),
            workers,
            visits,
            database: Self::database(rng, lease),
            server: Self::server(rng, lease),
        };
        // By a chance of its own: what is drawn above stays what it was for every seed.
        plan.draw_more(&mut Rng::with_seed(rng.clone().u64(..)));
        plan
    }

    fn draw_more(&mut self, rng: &mut Rng) {
        self.earlier = Earlier::draw(rng, &self.files[0]);
        for command in self.workers.iter_mut().flatten() {
            command.keep = (rng.u8(..4) == 0).then(|| ms(pick(rng, &[0, 100, 2000])));
            if command.bare && rng.bool() {
                command.follows = true;
                command.signal = Some(ms(rng.u64(..20_000)));
                if rng.bool() {
                    command.options = command.options.clone().give_up_after(2);
                }
            }
        }
        for (_, visit) in &mut self.visits {
            if let Visit::Purge(keep) = visit {
                *keep = ms(pick(rng, &[0, 100, 2000]));
            }
        }
        if rng.u8(..4) == 0 {
            self.cut_off(rng);
        }
    }

    /// One process cannot reach the database for longer than its claims last, with calls under way: what it says of them
    /// comes late. Persons decide meanwhile, and another process goes on: it is told no, and corrects that.
    fn cut_off(&mut self, rng: &mut Rng) {
        if rng.bool() {
            self.server.troubles.clear();
        }
        self.server.troubles.push(ServerTrouble::Rejects);
        self.server.share = self.server.share.max(0.5);
        self.server.most += 8;
        let corrected = self.files[0].iter().map(|line| Line {
            version: if line.has_reference { 3 } else { 1 },
            ..*line
        });
        let corrected = corrected.collect();
        self.files.push(corrected);
        let command = &mut self.workers[0][0];
        let from = command.after + ms(rng.u64(10..400));
        let over = from + command.options.lease;
        command.options = command.options.clone().record_patience(ms(60_000));
        (command.bare, command.follows) = (false, false);
        (command.signal, command.death) = (None, None);
        command.cut_off = Some(Outage {
            from,
            until: over + ms(rng.u64(3000..20_000)),
            silent: rng.bool(),
        });
        let decided = over + ms(rng.u64(100..2000));
        let decisions = [Visit::RetryUnknown, Visit::Requeue, Visit::RetryUnknown, Visit::Resolve];
        self.visits.extend([
            (over + ms(50), Visit::Look),
            (decided, pick(rng, &decisions)),
            (decided + ms(rng.u64(500..5000)), pick(rng, &decisions)),
        ]);
        let mut other = Command {
            file: 0,
            cut_off: None,
            after: decided + ms(rng.u64(..500)),
            ..command.clone()
        };
        let again = Command {
            file: self.files.len() - 1,
            after: ms(rng.u64(..1000)),
            // Some are ended before anything is sent.
            signal: rng.bool().then(|| ms(rng.u64(5..100))),
            ..other.clone()
        };
        (other.bare, other.follows) = (rng.bool(), false);
        self.workers.push(vec![other, again]);
    }

    fn files(rng: &mut Rng) -> Vec<Vec<Line>> {
        let promises = rng.usize(1..=10);
        let customers = rng.usize(1..=3);
        let all: Vec<_> = (0..promises)
            .map(|promise| Line {
                promise,
                version: 1,
                customer: rng.usize(..customers),
                has_reference: rng.u8(..4) > 0,
            })
            .collect();
        let mut files = vec![all.clone()];
        if rng.bool() {
            // A later file: some of the same rows, and corrections.
            let corrected = |mut line: Line| {
                if line.has_reference && rng.u8(..3) == 0 {
                    line.version = 2;
                }
                line
            };
            files.push(all.into_iter().map(corrected).collect());
        }
        files
    }

    fn command(rng: &mut Rng, files: usize, lease: Duration) -> Command {
        let mut options = DeliverOptions::default()
            .concurrency(pick(rng, &[1, 2, 4, 16]))
            .lease(lease)
            .initial_backoff(ms(pick(rng, &[10, 500, 2000])))
            .give_up_after(pick(rng, &[2, 4, 8]))
            .max_pause(ms(pick(rng, &[5000, 300_000])))
            .database_patience(ms(pick(rng, &[300, 2000, 10_000])))
            .record_patience(ms(pick(rng, &[500, 3000, 10_000, 60_000])))
            .poll(ms(pick(rng, &[100, 1000, 3000])))
            .stuck_pause(ms(pick(rng, &[1000, 10_000])))
            .retry_unknown(rng.u8(..20) == 0);
        if rng.u8(..3) == 0 {
            options = options.rate(pick(rng, &[0.5, 2.0, 4.0, 20.0]));
        }
        Command {
            file: rng.usize(..files),
            bare: rng.u8(..3) == 0,
            follows: false,
            options,
            batch: rng.usize(1..=10),
            // The next one is started by hand, or by something that restarts it at once.
            after: ms(pick(rng, &[0, 0, 50, 3000, 30_000])),
            signal: (rng.u8(..5) == 0).then(|| ms(rng.u64(..8000))),
            second_signal: (rng.u8(..3) == 0).then(|| ms(rng.u64(..3000))),
            death: match rng.u8(..6) {
                0 => Some(Death::After(ms(rng.u64(..8000)))),
                1 => Some(Death::AtPoll(rng.u32(1..60))),
                _ => None,
            },
            keep: None,
            cut_off: None,
        }
    }

    fn database(rng: &mut Rng, lease: Duration) -> DatabasePlan {
        use DatabaseTrouble::{LandsLate, Refuses, RollsBack, Silent, SilentAndDone, Slow, Unacknowledged};
        let all = [
            Refuses,
            RollsBack,
            Unacknowledged,
            LandsLate,
            Silent,
            SilentAndDone,
            Slow,
        ];
        let outages = match rng.u8(..3) {
            0 => (0..rng.usize(1..=3))
                .map(|_| {
                    let from = ms(rng.u64(..10_000));
                    let for_good = rng.u8(..10) == 0;
                    let length = if for_good {
                        ms(1_000_000_000)
                    } else {
                        ms(rng.u64(200..3000))
                    };
                    Outage {
                        from,
                        until: from + length,
                        silent: rng.u8(..3) == 0,
                    }
                })
                .collect(),
            _ => Vec::new(),
        };
        DatabasePlan {
            troubles: some(rng, &all),
            share: pick(rng, &[0.0, 0.03, 0.1, 0.3]),
            most: rng.u32(1..12),
            outages,
            late: vec![ms(20), ms(500), lease / 3, lease, lease * 2, ms(120_000)],
        }
    }

    fn server(rng: &mut Rng, lease: Duration) -> ServerPlan {
        use ServerTrouble::{Cuts, Fails, Garbles, Late, Moved, Refuses, Rejects, TooMany, Unauthorized, Uncredited};
        let all = [
            Rejects,
            Fails,
            TooMany,
            Unauthorized,
            Uncredited,
            Moved,
            Refuses,
            Cuts,
            Late,
            Garbles,
        ];
        ServerPlan {
            troubles: some(rng, &all),
            share: pick(rng, &[0.0, 0.1, 0.3, 0.7]),
            most: rng.u32(1..16),
            late: lease * rng.u32(1..4),
        }
    }
}
