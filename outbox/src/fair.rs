//! Whose turn it is: one slow office does not hold up the others.

use std::collections::BTreeMap;

/// The customers that rows wait for. One entry each is held in memory, and no rows.
#[derive(Debug, Default)]
pub(crate) struct Customers {
    offices: BTreeMap<String, Office>,
    /// Counts the turns.
    turn: u64,
}

#[derive(Debug, Default)]
struct Office {
    /// Rows may be waiting.
    waits: bool,
    /// Calls under way.
    under_way: usize,
    /// A call was answered: the credentials work.
    proven: bool,
    /// No more calls in this run: there are no credentials for it.
    left_out: bool,
    /// The credentials were refused: no calls until it is seen to be released.
    held: bool,
    last_turn: u64,
}

impl Office {
    fn may_begin(&self) -> bool {
        self.may_be_served() && (self.proven || self.under_way == 0)
    }

    fn may_be_served(&self) -> bool {
        self.waits && !self.left_out && !self.held
    }
}

impl Customers {
    /// The outbox says that rows wait for these customers, and that none of them is held. Says whether one of them can be
    /// served.
    pub(crate) fn seen(&mut self, names: impl IntoIterator<Item = String>) -> bool {
        let mut any = false;
        for name in names {
            let office = self.offices.entry(name).or_default();
            office.waits = true;
            if std::mem::take(&mut office.held) {
                // It was released since.
                office.proven = false;
            }
            any |= office.may_be_served();
        }
        any
    }

    /// A row of this customer waits again.
    pub(crate) fn wait(&mut self, name: &str) {
        self.change(name, |office| office.waits = true);
    }

    /// Whether rows may be waiting that this run would send.
    pub(crate) fn any_wait(&self) -> bool {
        self.offices.values().any(Office::may_be_served)
    }

    /// Whether [`pick`](Self::pick) would find one.
    pub(crate) fn can_pick(&self) -> bool {
        self.offices.values().any(Office::may_begin)
    }

    /// The next customer to be served, counted as under way: of those that wait, the one with the fewest calls under
    /// way, then the one whose last turn is longest ago. Before a customer's first answer there is one call at a time:
    /// a wrong password is tried once, not four times.
    pub(crate) fn pick(&mut self) -> Option<String> {
        let (name, office) = self
            .offices
            .iter_mut()
            .filter(|(_, it)| it.may_begin())
            .min_by_key(|(_, it)| (it.under_way, it.last_turn))?;
        self.turn += 1;
        office.last_turn = self.turn;
        office.under_way += 1;
        Some(name.clone())
    }

    /// A call has ended, or what was picked did not come to a call.
    pub(crate) fn end(&mut self, name: &str) {
        self.change(name, |office| office.under_way = office.under_way.saturating_sub(1));
    }

    /// No row waits for this customer any more.
    pub(crate) fn empty(&mut self, name: &str) {
        self.change(name, |office| office.waits = false);
    }

    /// The customer's credentials work.
    pub(crate) fn prove(&mut self, name: &str) {
        self.change(name, |office| office.proven = true);
    }

    /// No more calls for this customer, as there are no credentials for it. Says whether that is new.
    pub(crate) fn leave_out(&mut self, name: &str) -> bool {
        let office = self.offices.entry(name.to_owned()).or_default();
        !std::mem::replace(&mut office.left_out, true)
    }

    /// Whether it was left out, and still is.
    pub(crate) fn is_left_out(&self, name: &str) -> bool {
        self.offices.get(name).is_some_and(|office| office.left_out)
    }

    /// There may be credentials again, for those that this is said of.
    pub(crate) fn take_in(&mut self, is_meant: impl Fn(&str) -> bool) {
        for (name, office) in &mut self.offices {
            office.left_out &= !is_meant(name);
        }
    }

    /// No more calls for this customer until it is [seen](Self::seen) to be released. Says whether that is new.
    pub(crate) fn hold(&mut self, name: &str) -> bool {
        let mut new = false;
        self.change(name, |office| new = !std::mem::replace(&mut office.held, true));
        new
    }

    /// Whether no more calls are made for the customer.
    pub(crate) fn is_stopped(&self, name: &str) -> bool {
        self.offices
            .get(name)
            .is_some_and(|office| office.left_out || office.held)
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Office)) {
        if let Some(office) = self.offices.get_mut(name) {
            change(office);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customers(names: &[&str]) -> Customers {
        let mut customers = Customers::default();
        customers.seen(names.iter().map(|name| name.to_string()));
        for name in names {
            customers.prove(name);
        }
        customers
    }

    fn picks(customers: &mut Customers, count: usize) -> String {
        (0..count).filter_map(|_| customers.pick()).collect()
    }

    #[test]
    fn they_take_turns() {
        let mut customers = customers(&["A", "B", "C"]);
        assert_eq!(picks(&mut customers, 7), "ABCABCA");
    }

    #[test]
    fn a_slow_one_keeps_no_more_than_its_share() {
        let mut customers = customers(&["A", "B"]);
        assert_eq!(picks(&mut customers, 4), "ABAB");
        // A's calls hang; B's end, and B alone gets what becomes free.
        for _ in 0..10 {
            customers.end("B");
            assert_eq!(picks(&mut customers, 1), "B");
        }
        customers.empty("B");
        customers.end("B");
        assert_eq!(picks(&mut customers, 1), "A");
    }

    #[test]
    fn one_call_at_a_time_before_the_first_answer() {
        let mut customers = Customers::default();
        customers.seen(["A".to_owned()]);
        assert_eq!(picks(&mut customers, 4), "A");
        customers.prove("A");
        assert_eq!(picks(&mut customers, 3), "AAA");
    }

    #[test]
    fn one_that_was_left_out_stays_so_until_there_are_credentials() {
        let mut customers = customers(&["A", "B"]);
        assert!(customers.leave_out("A"));
        assert!(!customers.leave_out("A"));
        assert!(customers.is_stopped("A") && !customers.is_stopped("B"));
        assert_eq!(picks(&mut customers, 2), "BB");
        customers.empty("B");
        assert!(!customers.seen(["A".to_owned()]));
        assert!(!customers.any_wait());
        customers.take_in(|name| name == "A");
        assert!(customers.any_wait());
    }

    #[test]
    fn one_that_is_held_is_served_when_it_is_seen_to_be_released_and_one_call_at_a_time() {
        let mut customers = customers(&["A"]);
        assert!(customers.hold("A"));
        assert!(!customers.hold("A"));
        customers.wait("A");
        assert!(!customers.any_wait());
        assert!(customers.seen(["A".to_owned()]));
        assert_eq!(picks(&mut customers, 4), "A");
    }
}
