//! What becomes of a transaction, drawn by the plan.

use fastrand::Rng;
use tokio::time::Instant;

use super::plan::{DatabasePlan, DatabaseTrouble, Outage, ms};

/// What becomes of a transaction. Times are those of the schedule.
pub(super) struct Fate {
    /// When it asks for the time.
    pub(super) begins: Instant,
    /// When its commit happens, if it does.
    pub(super) done: Option<Instant>,
    /// It happens although nobody waits for the answer any longer.
    pub(super) outlives: bool,
    pub(super) answer: Reply,
}

pub(super) enum Reply {
    Result(Instant),
    Error(Instant),
    Never,
}

impl DatabasePlan {
    /// Draws it for the transaction that is asked for now, and says why.
    /// `cut_off`: when whoever asks cannot reach the database.
    pub(super) fn fate(&mut self, rng: &mut Rng, start: Instant, cut_off: Option<Outage>) -> (Fate, &'static str) {
        let now = Instant::now();
        let begins = now + ms(rng.u64(..2));
        let done = begins + ms(rng.u64(1..4));
        let answered = done + ms(rng.u64(..3));
        let mut fate = Fate {
            begins,
            done: Some(done),
            outlives: rng.bool(),
            answer: Reply::Result(answered),
        };
        let outage = self
            .outages
            .iter()
            .chain(&cut_off)
            .find(|outage| start + outage.until > now && start + outage.from <= answered);
        if let Some(outage) = outage {
            let from = start + outage.from;
            if from <= now {
                fate.done = None;
            } else if from <= done && rng.bool() {
                // Its commit is under way when the connection breaks.
                fate.done = rng.bool().then(|| done + ms(rng.u64(..5000)));
            }
            fate.outlives = true;
            fate.answer = match outage.silent {
                true => Reply::Never,
                false => Reply::Error(from.max(now + ms(1))),
            };
            return (fate, "the database is away");
        }
        if self.most == 0 || rng.f64() >= self.share {
            return (fate, "the database works");
        }
        self.most -= 1;
        let late = self.late[rng.usize(..self.late.len())].mul_f64(0.5 + rng.f64());
        let trouble = self.troubles[rng.usize(..self.troubles.len())];
        let why = match trouble {
            DatabaseTrouble::Refuses => {
                fate.done = None;
                fate.answer = Reply::Error(begins + ms(1));
                "refused"
            }
            DatabaseTrouble::RollsBack => {
                fate.done = None;
                fate.answer = Reply::Error(now + late);
                "rolled back"
            }
            DatabaseTrouble::Unacknowledged => {
                fate.answer = Reply::Error(answered);
                "the acknowledgement is lost"
            }
            DatabaseTrouble::LandsLate => {
                fate.outlives = true;
                fate.done = Some(done + late);
                fate.answer = Reply::Error(now + ms(rng.u64(1..500)).min(late));
                "the commit lands late"
            }
            DatabaseTrouble::Silent => {
                fate.done = None;
                fate.answer = Reply::Never;
                "silence, not done"
            }
            DatabaseTrouble::SilentAndDone => {
                fate.done = Some(if rng.bool() { done } else { done + late });
                fate.outlives = true;
                fate.answer = Reply::Never;
                "silence, done"
            }
            DatabaseTrouble::Slow => {
                let (before, after) = if rng.bool() { (late, ms(1)) } else { (ms(1), late) };
                // The time is asked for at the beginning, and the commit waits; or everything waits.
                if rng.bool() {
                    fate.begins = begins + before;
                }
                fate.done = Some(done + before);
                fate.answer = Reply::Result(answered + before + after);
                "slow"
            }
        };
        (fate, why)
    }
}
