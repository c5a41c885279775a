//! What the outbox says when it is asked: seldom, with an end to the wait, and for all who want to know together.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use vitec_connect_outbox::{Counts, Error, Filter, Held, Outbox, Row, State};

use super::Monitor;
use crate::report::chain;

/// For so long an answer serves.
const FRESH: Duration = Duration::from_secs(5);

/// So long it may take. Prometheus waits ten seconds for everything.
const PATIENCE: Duration = Duration::from_secs(3);

/// So many of a kind the page shows.
pub(super) const SHOWN: usize = 50;

/// What was asked, or why there was no answer.
pub(super) type Answer<T> = Result<Arc<T>, String>;

/// The last answers.
#[derive(Default)]
pub(super) struct Asked {
    numbers: Kept<Numbers>,
    waiting: Kept<Waiting>,
}

/// How the rows stand.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) counts: Counts,
    pub(super) oldest: Option<DateTime<Utc>>,
    pub(super) holds: Vec<Held>,
}

/// Rows that wait for a person, [the first](SHOWN) of each kind. Their payloads were thrown away: what is left says whether
/// there was one.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) unknown: Vec<Row>,
    pub(super) rejected: Vec<Row>,
}

impl Monitor {
    pub(super) async fn numbers(&self) -> Answer<Numbers> {
        let outbox = self.outbox()?;
        let ask = async move {
            Ok(Numbers {
                counts: outbox.counts().await?,
                oldest: outbox.oldest_pending().await?,
                holds: outbox.holds().await?,
            })
        };
        self.asked.numbers.get(ask).await
    }

    pub(super) async fn waiting(&self, counts: &Counts) -> Answer<Waiting> {
        let outbox = self.outbox()?;
        let (unknown, rejected) = (counts.unknown, counts.rejected);
        let ask = async move {
            Ok(Waiting {
                unknown: first(&outbox, State::Unknown, unknown).await?,
                rejected: first(&outbox, State::Rejected, rejected).await?,
            })
        };
        self.asked.waiting.get(ask).await
    }

    fn outbox(&self) -> Result<Outbox, String> {
        let heard = self.lock();
        heard.outbox.clone().ok_or_else(|| match &heard.database {
            Some(why) => why.clone(),
            None => "the outbox is not open yet".to_owned(),
        })
    }
}

/// No more is looked for than there is: the search for one that is not there goes through all rows.
async fn first(outbox: &Outbox, state: State, there: u64) -> Result<Vec<Row>, Error> {
    let limit = there.min(SHOWN as u64) as u32;
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut rows = outbox.list(&Filter::default().state(state), 0, limit).await?;
    for row in &mut rows {
        row.payload.as_mut().into_iter().for_each(String::clear);
    }
    Ok(rows)
}

/// An answer that serves for a while, a failure too: those who ask meanwhile do not wait.
struct Kept<T>(Mutex<Option<(Instant, Answer<T>)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Kept<T> {
    async fn get(&self, ask: impl Future<Output = Result<T, Error>>) -> Answer<T> {
        // Held while it is asked: whoever comes meanwhile waits for the same answer.
        let mut kept = self.0.lock().await;
        if let Some((at, answer)) = &*kept
            && at.elapsed() < FRESH
        {
            return answer.clone();
        }
        let answer = match timeout(PATIENCE, ask).await {
            Ok(Ok(answer)) => Ok(Arc::new(answer)),
            Ok(Err(error)) => Err(chain(&error)),
            Err(_) => Err(format!(
                "the outbox's database has not answered for {} s",
                PATIENCE.as_secs()
            )),
        };
        *kept = Some((Instant::now(), answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_serves_for_a_while() {
        let kept = Kept::default();
        let asked = Cell::new(0);
        let ask = async || {
            asked.set(asked.get() + 1);
            Ok(asked.get())
        };
        assert_eq!(*kept.get(ask()).await.unwrap(), 1);
        tokio::time::advance(FRESH / 2).await;
        assert_eq!(*kept.get(ask()).await.unwrap(), 1);
        tokio::time::advance(FRESH / 2).await;
        assert_eq!(*kept.get(ask()).await.unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_has_an_end_and_is_waited_for_once() {
        let kept = Kept::<()>::default();
        let begun = Instant::now();
        let silence = || std::future::pending::<Result<(), Error>>();
        let (one, other) = tokio::join!(kept.get(silence()), kept.get(silence()));
        assert!(one.unwrap_err().contains("has not answered"));
        assert!(other.is_err());
        assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
    }
}
