//! The model of the server: it carries out, refuses, breaks off or is late by the plan, and each call is noted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::sleep;

use super::check::Check;
use super::database::{Access, lock};
use super::plan::{ServerPlan, ServerTrouble, ms};
use crate::row::State;
use crate::store::Claimed;
use crate::verdict::{Effect, Verdict};

struct Model {
    plan: ServerPlan,
    rng: Rng,
}

/// The server, as one run reaches it.
#[derive(Clone)]
pub(super) struct Server {
    model: Arc<Mutex<Model>>,
    check: Arc<Mutex<Check>>,
    database: Access,
    run: usize,
}

struct Reply {
    created: bool,
    verdict: Verdict,
    after: Duration,
}

impl Server {
    pub(super) fn new(plan: ServerPlan, rng: Rng, check: &Arc<Mutex<Check>>, database: &Access) -> Self {
        Self {
            model: Arc::new(Mutex::new(Model { plan, rng })),
            check: Arc::clone(check),
            database: database.clone(),
            run: 0,
        }
    }

    pub(super) fn of(&self, run: usize) -> Self {
        Self { run, ..self.clone() }
    }

    /// From now on it creates everything.
    pub(super) fn heal(&self) {
        lock(&self.model).plan.most = 0;
    }

    /// The call for a row. It begins when it is waited for, and a process that dies takes it with it.
    pub(super) async fn answer(self, row: Claimed) -> Verdict {
        let mut reply = lock(&self.model).reply();
        // Some operations answer nothing.
        if row.id % 4 == 0 {
            reply.verdict.answer = None;
        }
        let stored = self.database.rows().remove(&row.id);
        {
            let mut check = lock(&self.check);
            check.note(|| {
                let created = if reply.created { "created" } else { "not created" };
                format!(
                    "run {}: posts row {} attempt {}: {created}, {} after {:?}",
                    self.run, row.id, row.attempt, reply.verdict.state, reply.after
                )
            });
            check.count("posted");
            check.posted(self.run, &row, stored.as_ref(), reply.verdict.state, reply.created);
        }
        sleep(reply.after).await;
        let mut check = lock(&self.check);
        check.note(|| format!("run {}: hears of row {}: {}", self.run, row.id, reply.verdict.state));
        check.heard(&row, reply.verdict.effect);
        reply.verdict
    }
}

impl Model {
    fn reply(&mut self) -> Reply {
        let rng = &mut self.rng;
        let mut reply = Reply {
            created: true,
            verdict: verdict(State::Accepted, None, Effect::Answered),
            after: ms(rng.u64(1..300)),
        };
        reply.verdict.answer = Some("\"4711\"".to_owned());
        reply.verdict.message = None;
        if self.plan.most == 0 || rng.f64() >= self.plan.share {
            return reply;
        }
        self.plan.most -= 1;
        if rng.u8(..4) == 0 {
            reply.after = self.plan.late.mul_f64(rng.f64());
        }
        let (state, status, effect) = match self.plan.troubles[rng.usize(..self.plan.troubles.len())] {
            ServerTrouble::Late => {
                reply.after = self.plan.late;
                return reply;
            }
            ServerTrouble::Garbles => {
                reply.verdict.answer = Some(format!("\u{0}{}", "\u{e5}".repeat(70_000)));
                return reply;
            }
            ServerTrouble::Rejects => (State::Rejected, Some(400), Effect::Answered),
            ServerTrouble::Unauthorized => (State::Pending, Some(401), Effect::Hold),
            ServerTrouble::Uncredited => (State::Pending, None, Effect::LeaveOut),
            ServerTrouble::Moved => (State::Rejected, Some(301), Effect::Redirected),
            ServerTrouble::TooMany => {
                let asked = rng.bool().then(|| Duration::from_secs(rng.u64(..6)));
                (State::Pending, Some(429), Effect::SlowDown(asked))
            }
            ServerTrouble::Refuses => (State::Pending, None, Effect::SlowDown(None)),
            ServerTrouble::Fails => (State::Unknown, Some(500), Effect::SlowDown(None)),
            ServerTrouble::Cuts => (State::Unknown, None, Effect::SlowDown(None)),
        };
        reply.created = state == State::Unknown && rng.bool();
        reply.verdict = verdict(state, status, effect);
        reply
    }
}

fn verdict(state: State, status: Option<u16>, effect: Effect) -> Verdict {
    Verdict {
        state,
        answer: None,
        message: Some("by the plan".to_owned()),
        kind: None,
        status,
        effect,
    }
}
