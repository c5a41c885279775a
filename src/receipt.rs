//! What is known of a call while it runs, and after it was dropped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::error::Outcome;
use crate::transport::Progress;

/// What is known of a call: while it runs, when it succeeded, and after its future was dropped half way.
///
/// ```no_run
/// # async fn shutdown() {}
/// # async fn send(client: vitec_connect::Client, promise: vitec_connect::LoanPromise) -> Result<(), Box<dyn std::error::Error>> {
/// use vitec_connect::{Outcome, Receipt};
///
/// let receipt = Receipt::default();
/// let client = client.watched(&receipt);
/// let (customer, contact) = ("M30011".parse()?, "4711".parse()?);
/// tokio::select! {
///     answer = client.create_loan_promise(&customer, &contact, &promise) => println!("{}", answer?),
///     () = shutdown() => match receipt.outcome() {
///         Outcome::NotSent => println!("nothing was sent"),
///         _ => println!("sent at {:?}: look in Vitec before sending it again", receipt.sent_at()),
///     },
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Receipt(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    attempts: u32,
    /// Of the attempt under way: when it was started, and whether it has begun to leave.
    under_way: Option<(DateTime<Utc>, Arc<Progress>)>,
    sent_at: Option<DateTime<Utc>>,
    status: Option<u16>,
    outcome: Option<Outcome>,
}

impl Receipt {
    /// What is true of what was to be sent, as far as is known by now: [`Outcome::NotSent`] before the first byte leaves,
    /// [`Outcome::Unknown`] from then on, until the call has ended.
    pub fn outcome(&self) -> Outcome {
        let state = self.state();
        match (&state.outcome, &state.under_way) {
            (_, Some((_, progress))) if progress.begun() => Outcome::Unknown,
            (Some(outcome), _) => *outcome,
            (None, _) => Outcome::NotSent,
        }
    }

    /// When the last attempt that began to leave was made (UTC).
    pub fn sent_at(&self) -> Option<DateTime<Utc>> {
        let state = self.state();
        match &state.under_way {
            Some((at, progress)) if progress.begun() => Some(*at),
            _ => state.sent_at,
        }
    }

    /// The HTTP status of the last answer.
    pub fn status(&self) -> Option<u16> {
        self.state().status
    }

    /// How many attempts were made.
    pub fn attempts(&self) -> u32 {
        self.state().attempts
    }

    /// Forgets an earlier call.
    pub(crate) fn start(&self) {
        *self.state() = State::default();
    }

    pub(crate) fn begin(&self, at: DateTime<Utc>, progress: Arc<Progress>) {
        let mut state = self.state();
        state.attempts += 1;
        state.under_way = Some((at, progress));
    }

    /// Ends the attempt under way. What an earlier one may have created is still there when a later one was refused.
    pub(crate) fn end(&self, outcome: Outcome, status: Option<u16>) {
        let mut state = self.state();
        if let Some((at, progress)) = state.under_way.take()
            && progress.begun()
        {
            state.sent_at = Some(at);
        }
        state.outcome = match (state.outcome, outcome) {
            (Some(Outcome::Unknown), Outcome::NotSent | Outcome::Rejected) => Some(Outcome::Unknown),
            _ => Some(outcome),
        };
        state.status = status;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
