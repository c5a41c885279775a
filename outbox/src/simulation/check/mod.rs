//! What must be true, whatever happens. It sees every transaction, every call and every word of a run, and knows what the
//! rules are without their SQL.

mod customers;
mod report;
mod rules;
mod whole;

use self::report::Look;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::row::State;
use crate::simulation::database::Customers;
use crate::store::Claimed;
use crate::verdict::Effect;

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Run(usize),
    Person(usize),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(number) => write!(f, "run {number}"),
            Self::Person(number) => write!(f, "person {number}"),
        }
    }
}

/// A row as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) state: State,
    pub(super) attempt: i64,
    pub(super) customer: String,
    pub(super) payload: Option<String>,
    pub(super) lease_until: Option<DateTime<Utc>>,
    pub(super) changed_at: DateTime<Utc>,
    pub(super) operation: String,
    pub(super) reference: Option<String>,
    pub(super) has_answer: bool,
    pub(super) has_message: bool,
}

/// What the server was asked to do, and did.
#[derive(Clone, Debug)]
struct Post {
    run: usize,
    /// What the server says.
    state: State,
    /// Whether that was heard by a living process.
    heard: bool,
    /// Whether that process has said so.
    told: bool,
}

/// What is known of a row beyond the database.
#[derive(Default)]
struct Known {
    promise: String,
    /// To whom, and what: also where it is purged.
    content: (String, String),
    /// The same as it was first: what it is recognised by without a reference.
    first_content: (String, String),
    /// Each state that it was in, and since when.
    history: Vec<(Duration, State)>,
    /// Until when its attempt was claimed, at most, and since when that is known.
    leased: (i64, Option<DateTime<Utc>>, Duration),
    /// Which attempts were made before it was corrected.
    corrected: i64,
    /// Which answers are recorded.
    recorded: BTreeSet<(i64, State)>,
}

/// What is known of a loan promise.
#[derive(Default)]
struct Promise {
    /// The call that may have created it, since the last word of a person.
    may_exist: Option<(i64, i64)>,
    created: u32,
    /// How often a person has said that it is to be sent although it may exist.
    words: u32,
    resolved: bool,
}

/// What a run has seen.
#[derive(Default)]
struct Run {
    /// Answers that came to it.
    heard: Vec<(i64, State)>,
    /// What it said about them.
    told: Vec<(i64, State)>,
    /// Customers that it has no credentials for.
    left_out: BTreeSet<String>,
    /// Until when it leaves the server alone.
    stuck_until: Option<Duration>,
    /// When a signal comes to it.
    signal: Option<Duration>,
    over: bool,
    look: Look,
}

pub(super) struct Check {
    start: Instant,
    trace: Option<Vec<String>>,
    wrong: Option<String>,
    /// Told when something is wrong.
    is_wrong: Arc<Notify>,
    numbers: usize,
    counts: BTreeMap<&'static str, u64>,
    rows: BTreeMap<i64, Known>,
    promises: BTreeMap<String, Promise>,
    posts: BTreeMap<(i64, i64), Post>,
    runs: Vec<Run>,
    customers: Customers,
}

/// The mark of a loan promise, without its version: the plan writes it into its bank.
pub(super) fn promise_of(payload: &str) -> String {
    let from = payload.find("promise-").unwrap_or_default();
    let mark = payload[from..].split(['"', '.']).next();
    mark.unwrap_or_default().to_owned()
}

impl Check {
    pub(super) fn new(trace: bool) -> Self {
        Self {
            start: Instant::now(),
            trace: trace.then(Vec::new),
            wrong: None,
            is_wrong: Arc::default(),
            numbers: 0,
            counts: BTreeMap::new(),
            rows: BTreeMap::new(),
            promises: BTreeMap::new(),
            posts: BTreeMap::new(),
            runs: Vec::new(),
            customers: Customers::new(),
        }
    }

    /// The database's time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.time(self.start.elapsed())
    }

    fn time(&self, at: Duration) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000) + at
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        let at = self.start.elapsed();
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>9.3} {}", at.as_secs_f64(), what()));
        }
    }

    /// That something has happened at all is worth knowing: else a check may check nothing.
    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(super) fn number(&mut self) -> usize {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn wrong(&mut self, what: String) {
        self.note(|| format!("WRONG: {what}"));
        self.wrong.get_or_insert(what);
        self.is_wrong.notify_one();
    }

    pub(super) fn is_wrong(&self) -> Arc<Notify> {
        Arc::clone(&self.is_wrong)
    }

    /// The first thing that was wrong, what happened at all, and what happened in words.
    pub(super) fn end(&mut self) -> (Option<String>, BTreeMap<&'static str, u64>, Vec<String>) {
        (
            self.wrong.take(),
            std::mem::take(&mut self.counts),
            self.trace.take().unwrap_or_default(),
        )
    }

    pub(super) fn run_begins(&mut self) -> usize {
        let mut run = Run::default();
        run.look.begun = self.start.elapsed();
        self.runs.push(run);
        self.runs.len() - 1
    }

    /// So long after now a signal comes to it.
    pub(super) fn signal_comes(&mut self, run: usize, after: Duration) {
        self.runs[run].signal = Some(self.start.elapsed() + after);
    }

    /// No word, and no call, from it any more.
    pub(super) fn run_is_over(&mut self, run: usize) {
        self.runs[run].over = true;
    }

    /// A call begins, the server will say this, and the database says that about its row.
    pub(super) fn posted(&mut self, run: usize, claimed: &Claimed, row: Option<&Seen>, state: State, created: bool) {
        let key = (claimed.id, claimed.attempt);
        match row {
            Some(row) if row.state == State::Sending && row.attempt == claimed.attempt => {
                if row.payload.as_deref() != Some(&claimed.payload) {
                    self.wrong(format!(
                        "row {}: it is posted, and its content is another: {row:?}",
                        key.0
                    ));
                }
            }
            row => self.wrong(format!("row {}: attempt {} is posted, and it is {row:?}", key.0, key.1)),
        }
        if self.runs[run].over {
            self.wrong(format!("row {}: it is posted by run {run}, which is over", key.0));
        }
        if self.runs[run].signal.is_some_and(|at| at < self.start.elapsed()) {
            self.wrong(format!("row {}: run {run} posts it after its signal", key.0));
        }
        if self.runs[run].left_out.contains(&claimed.customer_id) {
            self.wrong(format!("row {}: {} was left out before", key.0, claimed.customer_id));
        }
        if self.runs[run]
            .stuck_until
            .is_some_and(|until| until > self.start.elapsed())
        {
            self.wrong(format!("row {}: run {run} is stuck, and posts it", key.0));
        }
        let post = Post {
            run,
            state,
            heard: false,
            told: false,
        };
        if self.posts.insert(key, post).is_some() {
            self.wrong(format!("row {}: attempt {} is posted twice", key.0, key.1));
        }
        let promise = self.promises.entry(promise_of(&claimed.payload)).or_default();
        promise.created += u32::from(created);
        if let Some(before) = promise.may_exist.replace(key) {
            self.wrong(format!(
                "row {}: it is posted by attempt {}, and {before:?} may have created it; nobody has said that it is to be",
                key.0, key.1
            ));
        }
    }

    /// The answer has come to the process.
    pub(super) fn heard(&mut self, claimed: &Claimed, effect: Effect) {
        let key = (claimed.id, claimed.attempt);
        let Some(post) = self.posts.get_mut(&key) else { return };
        post.heard = true;
        let (run, state) = (post.run, post.state);
        self.runs[run].heard.push((claimed.id, state));
        if effect == Effect::LeaveOut {
            self.runs[run].left_out.insert(claimed.customer_id.clone());
        }
        let promise = self.promises.entry(promise_of(&claimed.payload)).or_default();
        if matches!(state, State::Pending | State::Rejected) && promise.may_exist == Some(key) {
            promise.may_exist = None;
        }
    }

    /// A run has said what has become of a row; `recorded`: that this stands in the database.
    pub(super) fn told(&mut self, run: usize, id: i64, state: State, recorded: bool) {
        let known = self.rows.get(&id);
        let is_so = known
            .and_then(|it| it.history.last())
            .is_some_and(|(_, now)| *now == state);
        if recorded && !known.is_some_and(|it| it.recorded.iter().any(|(_, it)| *it == state)) {
            self.wrong(format!("row {id}: run {run} says {state}, and that is not recorded"));
        }
        self.runs[run].told.push((id, state));
        if recorded {
            let knows = &mut self.runs[run].look.knows;
            // What it has claimed again since is not what it was.
            match is_so {
                true => _ = knows.insert(id, state),
                false => _ = knows.remove(&id),
            }
        }
        let mut posts = self.posts.iter_mut().filter(|((row, _), _)| *row == id);
        if let Some((_, post)) = posts.find(|(_, it)| it.run == run && it.state == state && it.heard && !it.told) {
            post.told = true;
        }
    }

    /// A delivery has ended in order: each answer that came to it was told, as recorded, as too late, or as not recorded.
    pub(super) fn delivered(&mut self, run: usize) {
        let mut told = self.runs[run].told.clone();
        for heard in self.runs[run].heard.clone() {
            match told.iter().position(|it| *it == heard) {
                Some(at) => _ = told.swap_remove(at),
                None => self.wrong(format!(
                    "run {run} does not say what it was told: row {} is {}",
                    heard.0, heard.1
                )),
            }
        }
        let invented = told
            .iter()
            .find(|(_, state)| !matches!(state, State::Pending | State::Rejected));
        if let Some((id, state)) = invented {
            self.wrong(format!("run {run} says that row {id} is {state}, and nobody told it"));
        }
    }

    /// What a person who looks in Vitec finds.
    pub(super) fn exists(&mut self, id: i64) -> bool {
        self.promise(id).created > 0
    }

    /// All is over, and everything works again: what the rows say is what the server did.
    pub(super) fn finally(&mut self, rows: &BTreeMap<i64, Seen>) {
        for (id, row) in rows {
            let promise = self.promise(*id);
            let (created, words, resolved) = (promise.created, promise.words, promise.resolved);
            match row.state {
                State::Pending | State::Sending => self.wrong(format!("row {id} is {} in the end", row.state)),
                State::Accepted if created == 0 && !resolved => {
                    self.wrong(format!("row {id} is accepted, and the server has created nothing"));
                }
                State::Rejected if created > words => {
                    self.wrong(format!("row {id} is rejected, and the server has created it"));
                }
                _ => {}
            }
            if created > words + 1 {
                self.wrong(format!(
                    "row {id} was created {created} times, and a person said so {words} times"
                ));
            }
        }
    }
}
