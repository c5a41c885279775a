//! What the database is asked, one thing at a time and with an end to each wait.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::control::Changes;
use crate::error::Error;
use crate::outbox::Outbox;
use crate::store::{Delivery, Exchange, Exchanged, Hold, Want};

/// What was asked.
pub(super) enum Asked {
    /// To record the results that came first, so many, and to claim.
    Exchange {
        number: i64,
        finished: usize,
        wanted: Vec<Want>,
    },
    /// To keep what is in hand.
    Hold,
    /// Whom rows wait for.
    Look,
    /// To release customers whose credentials are others now.
    Release(Changes),
}

/// What was answered.
pub(super) enum Answered {
    Exchange(Exchanged),
    Hold(u64),
    /// None where nothing has changed since the last one.
    Look(Option<Vec<String>>),
    Release(Vec<String>),
}

/// A question that is under way.
pub(super) struct Asking {
    pub(super) asked: Asked,
    pub(super) begun: Instant,
    answer: Pin<Box<dyn Future<Output = Result<Answered, Error>> + Send>>,
}

impl Asking {
    fn new(
        asked: Asked,
        outbox: &Outbox,
        patience: Duration,
        answer: impl Future<Output = Result<Answered, Error>> + Send + 'static,
    ) -> Self {
        let outbox = outbox.clone();
        Self {
            asked,
            begun: Instant::now(),
            answer: Box::pin(async move { outbox.wait(patience, Box::pin(answer)).await }),
        }
    }

    pub(super) fn exchange(outbox: &Outbox, delivery: &Arc<Delivery>, patience: Duration, asked: Exchange) -> Self {
        let what = Asked::Exchange {
            number: asked.claim,
            finished: asked.finished.len(),
            wanted: asked.wanted.clone(),
        };
        let answer = outbox.store.exchange(delivery, asked);
        Self::new(what, outbox, patience, async { answer.await.map(Answered::Exchange) })
    }

    pub(super) fn hold(outbox: &Outbox, delivery: &Arc<Delivery>, patience: Duration, asked: Hold) -> Self {
        let answer = outbox.store.hold(delivery, asked);
        Self::new(Asked::Hold, outbox, patience, async {
            answer.await.map(Answered::Hold)
        })
    }

    /// `always`: also where nothing seems to have changed.
    pub(super) fn look(outbox: &Outbox, patience: Duration, always: bool) -> Self {
        let (has_changed, answer) = (outbox.store.has_changed(), outbox.store.customers());
        Self::new(Asked::Look, outbox, patience, async move {
            // Asked first: what changes meanwhile is seen by the next look.
            match has_changed.await? || always {
                true => answer.await.map(Some).map(Answered::Look),
                false => Ok(Answered::Look(None)),
            }
        })
    }

    /// Only those whose credentials were refused: one that a person holds stays held.
    pub(super) fn release(outbox: &Outbox, patience: Duration, changes: Changes) -> Self {
        let (store, meant) = (Arc::clone(&outbox.store), changes.clone());
        Self::new(Asked::Release(changes), outbox, patience, async move {
            let refused = store.holds().await?.into_iter().filter(|held| held.status.is_some());
            let names = refused.map(|held| held.customer_id);
            let names: Vec<String> = names.filter(|it| meant.all || meant.customers.contains(it)).collect();
            match names.is_empty() {
                true => Ok(Answered::Release(names)),
                false => store.release_customers(names).await.map(Answered::Release),
            }
        })
    }

    /// Its answer, or none where the wait for it is over. It can be waited for again and again, until it is there.
    pub(super) async fn answer(asking: &mut Option<Self>) -> Result<Answered, Error> {
        match asking {
            Some(asking) => asking.answer.as_mut().await,
            None => std::future::pending().await,
        }
    }
}
