//! What a run has in hand: calls under way, results that are not recorded yet, and claims that came to nothing.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use crate::call::Call;
use crate::options::Sent;
use crate::row::State;
use crate::store::{Claimed, Hold};
use crate::verdict::{Effect, Verdict};

/// A call that has ended, and is to be recorded.
pub(super) struct Ended {
    pub(super) row: Claimed,
    pub(super) verdict: Verdict,
    /// All that could keep it from being stored is left out already.
    pub(super) bare: bool,
}

impl Ended {
    pub(super) fn sent(self) -> Sent {
        Sent::of(&self.row, &self.verdict)
    }
}

impl Sent {
    /// What became of a row.
    pub(super) fn of(row: &Claimed, verdict: &Verdict) -> Self {
        Self {
            id: row.id,
            reference: row.reference.clone(),
            line: row.line.map(|line| line as u64),
            customer_id: row.customer_id.clone(),
            subject: row.subject.clone(),
            state: verdict.state,
            answer: verdict.answer.clone(),
            message: verdict.message.clone(),
            kind: verdict.kind.clone(),
            status: verdict.status,
        }
    }
}

/// The calls under way. A row can be there twice: a person may have had it sent again before its first answer came.
#[derive(Default)]
pub(super) struct Calls {
    set: JoinSet<Verdict>,
    keys: HashMap<Id, (i64, i64)>,
    rows: BTreeMap<(i64, i64), (Claimed, Instant)>,
}

impl Calls {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn begin(&mut self, row: Claimed, call: Call, now: Instant) {
        let key = (row.id, row.attempt);
        self.keys.insert(self.set.spawn(call).id(), key);
        self.rows.insert(key, (row, now));
    }

    /// The next call that ends: its row, when it began, and what became of it. None where there is no call.
    pub(super) async fn next(&mut self) -> Option<(Claimed, Instant, Verdict)> {
        loop {
            let ended = self.set.join_next_with_id().await?;
            if let Some(ended) = self.ended(ended) {
                return Some(ended);
            }
        }
    }

    /// The same of those that have ended already.
    pub(super) fn try_next(&mut self) -> Option<(Claimed, Instant, Verdict)> {
        loop {
            let ended = self.set.try_join_next_with_id()?;
            if let Some(ended) = self.ended(ended) {
                return Some(ended);
            }
        }
    }

    fn ended(&mut self, ended: Result<(Id, Verdict), JoinError>) -> Option<(Claimed, Instant, Verdict)> {
        let (id, verdict) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let mut verdict = Verdict::not_sent(State::Unknown, String::new(), Effect::SlowDown(None));
                verdict.message = Some(format!(
                    "the call was broken off: {error}. Look in Vitec before sending it again."
                ));
                (error.id(), verdict)
            }
        };
        let (row, begun) = self.rows.remove(&self.keys.remove(&id)?)?;
        Some((row, begun, verdict))
    }

    /// The rows in hand, each with its attempt.
    pub(super) fn hold(&self, ended: &[Ended], failed: &Failed) -> Hold {
        let ended = ended.iter().map(|it| (it.row.id, it.row.attempt));
        Hold {
            in_hand: self.rows.keys().copied().chain(ended).collect(),
            failed: failed.numbers(),
        }
    }
}

/// Claims that failed, as far as could be heard: none of their rows is ever sent, and they are given back. Again and
/// again, as the commit of such a claim may land late, until what it leaves behind has run out by itself.
#[derive(Debug, Default)]
pub(super) struct Failed(Vec<(RangeInclusive<i64>, Instant)>);

impl Failed {
    pub(super) fn add(&mut self, claim: i64, until: Instant) {
        match self.0.last_mut() {
            Some((numbers, end)) if numbers.end() + 1 == claim => {
                *numbers = *numbers.start()..=claim;
                *end = until;
            }
            _ => self.0.push((claim..=claim, until)),
        }
    }

    pub(super) fn forget(&mut self, now: Instant) {
        self.0.retain(|(_, until)| *until > now);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn numbers(&self) -> Vec<RangeInclusive<i64>> {
        self.0.iter().map(|(numbers, _)| numbers.clone()).collect()
    }
}
