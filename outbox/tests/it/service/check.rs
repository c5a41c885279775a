//! What has to be true when everything works again and nothing is left to be sent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use vitec_connect_outbox::{Filter, Outbox, Row, State, Transition};

use super::programs::Ledger;
use super::vitec::{Fate, Known, Post};
use super::{CONCURRENCY, LEASE, WORKERS};
use crate::stores::all;

/// What was done to the service.
#[derive(Default)]
pub(super) struct Done {
    pub(super) kills: Vec<Instant>,
    pub(super) ends: usize,
    pub(super) restarts: Vec<(Instant, Instant)>,
    pub(super) outages: usize,
}

/// Looks at each row, and prints what it came to.
pub(super) async fn check(outbox: &Outbox, ledger: &Ledger, known: &Known, done: &Done) {
    let rows = all(outbox).await;
    let mut by_state: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut broken_off, mut longest) = (0, 0);
    let mut marks = BTreeSet::new();
    for row in &rows {
        let payload: serde_json::Value = serde_json::from_str(row.payload.as_deref().unwrap()).unwrap();
        let mark = payload["bank"].as_str().unwrap();
        assert_eq!(
            ledger.committed.get(mark),
            Some(&(row.id, row.customer_id.as_str())),
            "what was committed, under the number that was returned: {row:?}"
        );
        assert!(marks.insert(mark.to_owned()), "stored once: {row:?}");
        let posts = known.posts.get(mark).map_or(&[][..], Vec::as_slice);
        settled(row, mark, posts);
        broken_off += usize::from(was_broken_off(row));
        let history = outbox.history(row.id).await.unwrap();
        consistent(row, &history);
        longest = longest.max(history.len());
        *by_state.entry(row.state.as_str()).or_default() += 1;
    }
    let lost: Vec<_> = ledger.committed.keys().filter(|mark| !marks.contains(*mark)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    for mark in known.posts.keys() {
        assert!(!ledger.rolled_back.contains(mark), "{mark} was rolled back, and sent");
        assert!(marks.contains(mark), "{mark} was never stored, and sent");
    }
    let most = (done.kills.len() + done.restarts.len() * WORKERS) * CONCURRENCY;
    assert!(
        broken_off <= most,
        "{broken_off} are unknown though the server answered, of {most} at most"
    );
    let refused = refusals(known, done);

    let posts: Vec<_> = known.posts.values().flatten().collect();
    let created = posts.iter().filter(|post| post.created).count();
    println!(
        "{} enqueued, {} rolled back; {} posted, {created} created, {refused} refused in {} times of that; \
         {by_state:?}, {broken_off} of the unknown broken off; {} kills, {} ends in good order, {} restarts of the \
         database, {} outages of the server; at most {longest} steps",
        ledger.committed.len(),
        ledger.rolled_back.len(),
        posts.len(),
        known.refusals.len(),
        done.kills.len(),
        done.ends,
        done.restarts.len(),
        done.outages,
    );
}

/// Says what is left though nothing should be.
pub(super) async fn left(outbox: &Outbox) -> ! {
    let (counts, holds) = (outbox.counts().await, outbox.holds().await);
    let mut rows = String::new();
    for state in [State::Sending, State::Pending] {
        for row in outbox.list(&Filter::default().state(state), 0, 3).await.unwrap() {
            rows += &format!("\n{row:?}: {:#?}", outbox.history(row.id).await);
        }
    }
    panic!("nothing should be left: {counts:?}, {holds:?}{rows}");
}

fn was_broken_off(row: &Row) -> bool {
    let message = row.message.as_deref().unwrap_or_default();
    row.state == State::Unknown && message.contains("the delivery ended before the answer was recorded")
}

/// The row says what is true, and nothing was sent again that may have been created.
fn settled(row: &Row, mark: &str, posts: &[Post]) {
    let about = || format!("{mark}, {posts:?}: {row:?}");
    let created = posts.iter().filter(|post| post.created).count();
    assert!(created <= 1, "doubled: {}", about());
    let (last, before) = posts
        .split_last()
        .map_or((None, posts), |(last, before)| (Some(last.fate), before));
    assert!(
        before.iter().all(|post| post.fate.may_be_sent_again()),
        "sent again though it may have been created: {}",
        about()
    );
    assert!(posts.len() as i64 <= row.attempt, "each is an attempt: {}", about());
    match row.state {
        State::Accepted => {
            assert_eq!(
                (last, row.answer.as_deref()),
                (Some(Fate::Accepted), Some(mark)),
                "{}",
                about()
            );
        }
        State::Rejected if mark.starts_with("bad-") => assert!(posts.is_empty(), "{}", about()),
        State::Rejected => assert_eq!(last, Some(Fate::Rejected), "{}", about()),
        State::Unknown => {
            let slow = row.kind.as_deref() == Some("Timeout");
            assert!(was_broken_off(row) || last == Some(Fate::Failed) || slow, "{}", about());
        }
        State::Pending | State::Sending | State::Dropped => panic!("not settled: {}", about()),
    }
}

fn consistent(row: &Row, history: &[Transition]) {
    let about = || format!("{row:?}: {history:#?}");
    let first = history.first().unwrap_or_else(|| panic!("{}", about()));
    assert_eq!((first.state, first.attempt), (State::Pending, 0), "{}", about());
    let last = history.last().unwrap_or(first);
    assert_eq!((last.state, last.attempt), (row.state, row.attempt), "{}", about());
    assert!(history.len() <= 50, "{}", about());
    // Of a long one, steps between the first ten and the last forty are gone.
    let parts = match history.len() {
        50 => [&history[..10], &history[10..]],
        _ => [history, &[]],
    };
    for pair in parts.iter().flat_map(|part| part.windows(2)) {
        let [before, after] = pair else { continue };
        assert!(before.attempt <= after.attempt, "{}", about());
        let claimed = after.state == State::Sending;
        assert_eq!(after.attempt - before.attempt, i64::from(claimed), "{}", about());
        assert!(!claimed || before.state == State::Pending, "{}", about());
        assert!(claimed || before.state != State::Accepted, "{}", about());
    }
}

/// A customer whose credentials are refused is called once for each release, and once more for each follower that was
/// killed, or lost its database for too long, before it had recorded that. How many calls were refused.
fn refusals(known: &Known, done: &Done) -> usize {
    for refusal in &known.refusals {
        let ended = refusal.ended.unwrap_or_else(Instant::now);
        let kills = done
            .kills
            .iter()
            .filter(|at| (refusal.begun..=ended).contains(*at))
            .count();
        // Until the leases of then are over.
        let away = |(from, to): &&(Instant, Instant)| *from <= ended && refusal.begun <= *to + 2 * LEASE;
        let restarts = done.restarts.iter().filter(away).count();
        let most = match refusal.at_once {
            true => (WORKERS + kills + restarts * WORKERS) * CONCURRENCY,
            false => refusal.releases + kills + restarts,
        };
        assert!(refusal.calls <= most, "at most {most}: {refusal:?}");
    }
    known.refusals.iter().map(|refusal| refusal.calls).sum()
}
