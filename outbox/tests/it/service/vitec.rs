//! A Vitec Connect that fails at random, and knows what it has created.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::server::{Call, Reply, Server};

/// How long a follower waits for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Accepted,
    /// 400
    Rejected,
    /// 401 or 403
    Refused,
    /// 429
    Busy,
    /// 500, 503, or a connection that is cut, also after nobody waits for an answer any more: whatever was created.
    Failed,
}

impl Fate {
    /// Whether who hears of it knows that nothing was created.
    pub(super) fn may_be_sent_again(self) -> bool {
        matches!(self, Self::Refused | Self::Busy)
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Post {
    pub(super) fate: Fate,
    pub(super) created: bool,
}

/// A time in which a customer's credentials are refused: from then, or from a release, until the next release.
#[derive(Debug)]
pub(super) struct Refusal {
    /// They had worked until then: any number of calls may be under way.
    pub(super) at_once: bool,
    /// How often a person had to say so, where the database went away meanwhile.
    pub(super) releases: usize,
    pub(super) calls: usize,
    pub(super) begun: Instant,
    pub(super) ended: Option<Instant>,
}

#[derive(Default)]
pub(super) struct Known {
    /// By the promise's mark.
    pub(super) posts: BTreeMap<String, Vec<Post>>,
    pub(super) refusals: Vec<Refusal>,
    /// Whose credentials are refused now, by which refusal.
    refused: HashMap<String, usize>,
    is_down: bool,
    is_well: bool,
}

#[derive(Clone)]
pub(super) struct Vitec {
    pub(super) url: String,
    known: Arc<Mutex<Known>>,
}

impl Vitec {
    pub(super) async fn start(seed: u64) -> Self {
        let known: Arc<Mutex<Known>> = Arc::default();
        let shared = Arc::clone(&known);
        let server = Server::start(move |call| shared.lock().unwrap().reply(seed, call)).await;
        Self { url: server.url, known }
    }

    pub(super) fn known<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.known.lock().unwrap())
    }
}

impl Known {
    /// Almost every call fails.
    pub(super) fn is_down(&mut self, yes: bool) {
        self.is_down = yes;
    }

    /// No call fails any more.
    pub(super) fn is_well(&mut self) {
        self.is_well = true;
        self.refused.clear();
    }

    /// From now on the customer's credentials are refused; or still, after a release.
    pub(super) fn refuse(&mut self, customer: &str) {
        let now = Instant::now();
        let before = self.refused.insert(customer.to_owned(), self.refusals.len());
        if let Some(before) = before {
            self.refusals[before].ended = Some(now);
        }
        self.refusals.push(Refusal {
            at_once: before.is_none(),
            releases: 0,
            calls: 0,
            begun: now,
            ended: None,
        });
    }

    /// The customer's credentials work again.
    pub(super) fn let_in(&mut self, customer: &str) {
        if let Some(refusal) = self.refused.remove(customer) {
            self.refusals[refusal].ended = Some(Instant::now());
        }
    }

    pub(super) fn is_released(&mut self, customer: &str) {
        if let Some(refusal) = self.refused.get(customer) {
            self.refusals[*refusal].releases += 1;
        }
    }

    fn reply(&mut self, seed: u64, call: &Call) -> Reply {
        let posts = self.posts.entry(call.bank.clone()).or_default();
        let refusal = self.refused.get(&call.customer);
        if let Some(refusal) = refusal {
            self.refusals[*refusal].calls += 1;
        }
        let mut random = by_chance(seed, &call.bank, posts.len());
        let soon = Duration::from_millis(random.u64(0..30));
        let chance = random.bool();
        let percent = match (self.is_well, self.is_down) {
            (true, _) => 0,
            (false, true) => random.u32(75..100),
            (false, false) => random.u32(0..100),
        };
        let busy = || Reply::new(429, "").after(soon);
        let (fate, reply) = match percent {
            _ if refusal.is_some() => (
                Fate::Refused,
                Reply::new(if chance { 401 } else { 403 }, "").after(soon),
            ),
            0..85 => {
                // The customer's own answer.
                let answer = format!("\"{}\"", call.bank);
                (Fate::Accepted, Reply::new(200, &answer).after(soon))
            }
            85..88 => (Fate::Rejected, Reply::new(400, "").after(soon)),
            88 => (Fate::Busy, busy().headers("Retry-After: 1\r\n")),
            89..92 => (Fate::Busy, busy()),
            92..94 => (Fate::Failed, Reply::new(500, "").after(soon)),
            94..96 => (Fate::Failed, Reply::new(503, "").after(soon)),
            96..98 => (Fate::Failed, Reply::ok().after(soon).cut()),
            98 => (
                Fate::Accepted,
                Reply::new(200, &format!("\"{}\"", call.bank)).after(10 * soon),
            ),
            _ => (Fate::Failed, Reply::ok().after(PATIENCE + 10 * soon).cut()),
        };
        let created = fate == Fate::Accepted || fate == Fate::Failed && chance;
        posts.push(Post { fate, created });
        reply
    }
}

/// The same for the same promise, whatever came between.
fn by_chance(seed: u64, mark: &str, posts: usize) -> fastrand::Rng {
    let mut hasher = DefaultHasher::new();
    (seed, mark, posts).hash(&mut hasher);
    fastrand::Rng::with_seed(hasher.finish())
}
