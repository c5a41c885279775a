//! The rules about customers: who may hold and release them, and what follows for their rows.

use std::time::Duration;

use super::Check;
use crate::row::{Held, State};
use crate::simulation::database::{Asked, Customers, Rows};

impl Check {
    /// A transaction has happened, and the customers are so.
    pub(in crate::simulation) fn customers_changed(&mut self, asked: &Asked, before: &Customers, after: &Customers) {
        for (name, (state, releases)) in after {
            let old = before.get(name).map(|(state, releases)| (state.as_str(), *releases));
            if old == Some((state, *releases)) {
                continue;
            }
            let shown = |refused| match asked {
                Asked::Exchange(it) => it
                    .finished
                    .iter()
                    .filter_map(|it| it.credentials.as_ref())
                    .any(|it| it.customer_id == *name && it.refused == refused && it.release == *releases),
                _ => false,
            };
            let named = |names: &Vec<String>| names.contains(name);
            let may = match (old, state.as_str()) {
                (None, "new") => matches!(asked, Asked::Exchange(_)) && *releases == 0,
                // Met, and shown to work or not, in one transaction.
                (None | Some(("new", _)), "proven") => shown(false),
                (_, "held") => {
                    let same = old.is_none_or(|(_, before)| before == *releases);
                    same && (shown(true) || matches!(asked, Asked::HoldCustomers(names) if named(names)))
                }
                (Some(("held", before)), "new") => {
                    matches!(asked, Asked::Release(names) if named(names)) && *releases == before + 1
                }
                _ => false,
            };
            if !may {
                self.wrong(format!(
                    "customer {name} becomes {state} {releases} from {old:?} by {asked}"
                ));
            }
            self.count(match state.as_str() {
                "held" => "held",
                "proven" => "proven",
                _ => "met, or released",
            });
        }
        if let Asked::Exchange(it) = asked {
            for it in it.finished.iter().filter_map(|it| it.credentials.as_ref()) {
                let now = after
                    .get(&it.customer_id)
                    .map(|(state, releases)| (state.as_str(), *releases));
                let counts = now.is_some_and(|(_, releases)| releases == it.release);
                if counts && it.refused && now != Some(("held", it.release)) {
                    self.wrong(format!("{it:?} does not hold: {now:?}"));
                }
                if counts && !it.refused && now == Some(("new", it.release)) {
                    self.wrong(format!("{it:?} proves nothing: {now:?}"));
                }
            }
        }
        if let Asked::Release(names) = asked
            && let Some(name) = names
                .iter()
                .find(|name| after.get(*name).is_some_and(|it| it.0 == "held"))
        {
            self.wrong(format!("customer {name} is held after {asked}"));
        }
        self.customers.clone_from(after);
    }

    /// A row was claimed, and now the rows are so.
    pub(super) fn may_claim(&self, customer: &str, rows: &Rows) -> Result<(), &'static str> {
        match self.customers.get(customer).map(|(state, _)| state.as_str()) {
            Some("proven") => Ok(()),
            Some("new") => {
                let under_way = rows
                    .values()
                    .filter(|it| it.customer == customer && it.state == State::Sending);
                match under_way.count() {
                    1 => Ok(()),
                    _ => Err("more than one is under way before the first answer"),
                }
            }
            _ => Err("its customer is held"),
        }
    }

    /// How many rows of a customer a claim brings that wants so many.
    pub(super) fn claimable(&self, customer: &str, wanted: usize, before: &Rows) -> usize {
        let under_way = |it: &&super::Seen| it.customer == customer && it.state == State::Sending;
        match self.customers.get(customer).map(|(state, _)| state.as_str()) {
            Some("held") => 0,
            Some("proven") => wanted,
            _ => usize::from(!before.values().any(|it| under_way(&it))),
        }
    }

    pub(super) fn is_held(&self, customer: &str) -> bool {
        self.customers.get(customer).is_some_and(|(state, _)| state == "held")
    }

    pub(in crate::simulation) fn holds(&mut self, rows: &Rows, holds: &[Held]) {
        for it in holds {
            let waits = |row: &&super::Seen| row.state == State::Pending && row.customer == it.customer_id;
            if rows.values().filter(waits).count() as u64 != it.waiting {
                self.wrong(format!("so many rows do not wait: {it:?}"));
            }
        }
        let expected = self.customers.iter().filter(|(_, (state, _))| state == "held");
        if !holds
            .iter()
            .map(|it| &it.customer_id)
            .eq(expected.map(|(name, _)| name))
        {
            self.wrong(format!("others are held than {holds:?}"));
        }
    }

    /// Each row's history ends in what the row is.
    pub(in crate::simulation) fn history(&mut self, steps: &[(i64, i64, i64, State)], rows: &Rows) {
        for (id, row) in rows {
            let of_it: Vec<_> = steps.iter().filter(|(row, ..)| row == id).collect();
            let is_there = of_it
                .iter()
                .any(|(_, _, attempt, state)| (*attempt, *state) == (row.attempt, row.state));
            let is_last = of_it.last().is_some_and(|(_, _, attempt, _)| *attempt == row.attempt);
            if !is_there || !is_last || of_it.len() > 50 {
                self.wrong(format!("row {id} is {row:?}, and its history is {of_it:?}"));
            }
        }
    }

    /// A run says that the server is in trouble, and when it tries again; or that it works again.
    pub(in crate::simulation) fn is_stuck(&mut self, run: usize, wait: Option<Option<Duration>>) {
        let now = self.start.elapsed();
        self.runs[run].stuck_until = wait.map(|wait| wait.map_or(Duration::MAX, |wait| now + wait));
        self.count(if wait.is_some() { "stuck" } else { "goes on" });
    }

    /// A person has corrected a row, or could not.
    pub(in crate::simulation) fn was_corrected(&mut self, id: i64, before: &Rows, after: &Rows, corrected: bool) {
        let may = before
            .get(&id)
            .is_some_and(|row| matches!(row.state, State::Pending | State::Rejected) && row.payload.is_some());
        if corrected != may {
            self.wrong(format!(
                "row {id} is corrected: {corrected}, and it was {:?}",
                before.get(&id)
            ));
        }
        if let (true, Some(known), Some(row)) = (corrected, self.rows.get_mut(&id), after.get(&id)) {
            known.content = (row.customer.clone(), row.payload.clone().unwrap_or_default());
        }
    }
}
