//! What persons do with the outbox while it is delivered from: they look, decide, hold and release.

use std::time::Duration;

use tokio::time::sleep;
use vitec_connect::{CustomerId, LoanPromise};

use super::check::{Who, promise_of};
use super::database::lock;
use super::plan::Visit;
use super::world::World;
use crate::error::Error;
use crate::outbox::{Outbox, Resolution};
use crate::row::{Filter, Row, State};

/// No person waits longer, whatever the database does.
const LONGEST_VISIT: Duration = Duration::from_secs(86_400);

impl World {
    pub(super) async fn visit(&self, person: usize) {
        let (at, visit) = self.visits[person];
        sleep(at).await;
        lock(&self.check).note(|| format!("person {person} comes: {visit:?}"));
        let outbox = Outbox::new(self.database.of(Who::Person(person)));
        let asks = async {
            match visit {
                Visit::Resolve | Visit::Requeue => self.decide(&outbox, visit).await,
                Visit::RetryUnknown => outbox.retry_unknown().await.map(|_| ()),
                Visit::Purge(keep) => outbox.purge(keep).await.map(|_| ()),
                Visit::Look => outbox.sweep().await.map(|_| ()),
                Visit::Hold(customer) => outbox.hold(&[customer_id(customer)], Some("by the plan")).await,
                Visit::Release => self.release(&outbox).await,
                Visit::Drop => self.give_up(&outbox).await,
                Visit::Correct => self.correct(&outbox).await,
            }
        };
        match tokio::time::timeout(LONGEST_VISIT, asks).await {
            Ok(result) => lock(&self.check).note(|| format!("person {person} is done: {result:?}")),
            Err(_) => lock(&self.check).wrong(format!("person {person} waits after {LONGEST_VISIT:?}")),
        }
    }

    /// Looks in Vitec, and at one row after another.
    async fn decide(&self, outbox: &Outbox, visit: Visit) -> Result<(), Error> {
        let first = outbox.list(&Filter::default(), 0, 1).await?.pop();
        if let Some(first) = first.filter(|row| !matches!(row.state, State::Rejected | State::Unknown)) {
            // A number that was typed wrongly.
            let refused = match visit {
                Visit::Requeue => outbox.requeue(&[first.id]).await,
                _ => outbox.resolve(&[first.id], Resolution::NotSent).await,
            };
            lock(&self.check).note(|| format!("row {} cannot be decided about: {refused:?}", first.id));
        }
        let mut rows = Vec::new();
        loop {
            let after = rows.last().map_or(0, |row: &Row| row.id);
            let page = outbox.list(&Filter::default().state(State::Unknown), after, 2).await?;
            if page.is_empty() {
                break;
            }
            rows.extend(page);
        }
        if matches!(visit, Visit::Requeue) {
            rows.extend(outbox.list(&Filter::default().state(State::Rejected), 0, 3).await?);
            let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
            return outbox.requeue(&ids).await;
        }
        let (there, not): (Vec<_>, Vec<_>) = rows
            .iter()
            .map(|row| row.id)
            .partition(|id| lock(&self.check).exists(*id));
        outbox.resolve(&there, Resolution::Accepted).await?;
        outbox.resolve(&not, Resolution::NotSent).await
    }

    /// Releases one that is held, and one that perhaps is not.
    async fn release(&self, outbox: &Outbox) -> Result<(), Error> {
        let held = outbox.holds().await?;
        let mut names: Vec<CustomerId> = held.iter().map(|held| held.customer_id.parse().unwrap()).collect();
        names.truncate(1);
        names.push(customer_id(held.len() % 3));
        outbox.release(&names).await.map(|_| ())
    }

    /// Some of what waits for a person, one row that is pending, and one that cannot be given up.
    async fn give_up(&self, outbox: &Outbox) -> Result<(), Error> {
        for state in [State::Unknown, State::Rejected, State::Pending, State::Accepted] {
            let rows = outbox.list(&Filter::default().state(state), 0, 1).await?;
            let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
            let given_up = outbox.drop_rows(&ids).await;
            lock(&self.check).note(|| format!("{ids:?}, {state}, are given up: {given_up:?}"));
        }
        Ok(())
    }

    /// One row that was rejected, one that is pending, and one that cannot be corrected.
    async fn correct(&self, outbox: &Outbox) -> Result<(), Error> {
        for state in [State::Rejected, State::Pending, State::Unknown] {
            for row in outbox.list(&Filter::default().state(state), 0, 1).await? {
                let promise = promise_of(row.payload.as_deref().unwrap_or_default());
                let corrected = outbox.correct(row.id, &content(&format!("{promise}.9"))).await;
                lock(&self.check).note(|| format!("row {}, {state}, is corrected: {corrected:?}", row.id));
            }
        }
        Ok(())
    }
}

/// Releases all that are held.
pub(super) async fn release(outbox: &Outbox) -> Result<(), Error> {
    let held = outbox.holds().await?;
    let names: Vec<CustomerId> = held.iter().map(|held| held.customer_id.parse().unwrap()).collect();
    outbox.release(&names).await.map(|_| ())
}

pub(super) fn customer_id(customer: usize) -> CustomerId {
    format!("M{customer}").parse().unwrap()
}

pub(super) fn content(mark: &str) -> LoanPromise {
    LoanPromise::builder().bank(mark).build()
}
