//! What is known of a call while it runs, and after it was dropped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::error::{Effect, Outcome};

/// What is known of a call: while it runs, when it succeeded, and after its future was dropped half way.
///
/// ```no_run
/// # async fn shutdown() {}
/// # async fn send(client: vitec_connect::Client, promise: vitec_connect::LoanPromise) -> Result<(), Box<dyn std::error::Error>> {
/// use vitec_connect::{Outcome, Receipt};
///
/// let receipt = Receipt::default();
/// let call = client.create_loan_promise(&"M30011".parse()?, &"4711".parse()?, &promise).receipt(&receipt);
/// tokio::select! {
///     answer = call.into_future() => println!("{}", answer?),
///     () = shutdown() => match receipt.outcome() {
///         Outcome::NotSent => println!("nothing was sent"),
///         _ => println!("sent at {:?}: look in Vitec before sending it again", receipt.sent_at()),
///     },
/// }
/// # Ok(())
/// # }
/// # use std::future::IntoFuture;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Receipt(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    effect: Effect,
    attempts: u32,
    /// Which attempt this is, of all that the receipt was ever for: a late one must not be taken for the present one.
    number: u32,
    /// Of the attempt under way: when it was started.
    under_way: Option<DateTime<Utc>>,
    /// Whether it has begun to leave.
    begun: bool,
    sent_at: Option<DateTime<Utc>>,
    status: Option<u16>,
    outcome: Option<Outcome>,
}

impl Receipt {
    /// What is true of what was to be sent, as far as is known by now: [`Outcome::NotSent`] before the first byte leaves,
    /// [`Outcome::Unknown`] from then on, until the call has ended. What only reads is never unknown.
    pub fn outcome(&self) -> Outcome {
        let state = self.state();
        match state.outcome {
            _ if state.under_way.is_some() && state.begun => state.effect.unheard_of(),
            Some(outcome) => outcome,
            None => Outcome::NotSent,
        }
    }

    /// When the last attempt that began to leave was made (UTC).
    pub fn sent_at(&self) -> Option<DateTime<Utc>> {
        let state = self.state();
        match state.under_way {
            Some(at) if state.begun => Some(at),
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
    pub(crate) fn start(&self, effect: Effect) {
        let mut state = self.state();
        *state = State {
            effect,
            number: state.number,
            ..State::default()
        };
    }

    /// Begins an attempt.
    pub(crate) fn begin(&self, at: DateTime<Utc>) -> Progress {
        let mut state = self.state();
        state.attempts += 1;
        state.number += 1;
        state.under_way = Some(at);
        state.begun = false;
        Progress {
            receipt: self.clone(),
            number: state.number,
        }
    }

    /// Ends the attempt under way. What an earlier one may have created is still there when a later one was refused.
    pub(crate) fn end(&self, outcome: Outcome, status: Option<u16>) {
        let mut state = self.state();
        if let Some(at) = state.under_way.take()
            && state.begun
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

/// How far one attempt has come.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    receipt: Receipt,
    number: u32,
}

impl Progress {
    /// Notes that the request begins to leave.
    pub(crate) fn leave(&self) {
        let mut state = self.receipt.state();
        state.begun |= state.number == self.number;
    }

    /// What is true of what was to be sent when nothing comes back.
    pub(crate) fn outcome(&self) -> Outcome {
        let state = self.receipt.state();
        match state.begun && state.number == self.number {
            true => Outcome::Unknown,
            false => Outcome::NotSent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_given_up_that_leaves_later_is_not_the_present_one() {
        let receipt = Receipt::default();
        let late = receipt.begin(Utc::now());
        receipt.end(Outcome::NotSent, None);
        let present = receipt.begin(Utc::now());
        late.leave();
        assert_eq!((receipt.outcome(), receipt.sent_at()), (Outcome::NotSent, None));
        assert_eq!(
            (late.outcome(), present.outcome()),
            (Outcome::NotSent, Outcome::NotSent)
        );
        present.leave();
        assert_eq!(
            (receipt.outcome(), present.outcome()),
            (Outcome::Unknown, Outcome::Unknown)
        );

        receipt.start(Effect::default());
        late.leave();
        assert_eq!((receipt.outcome(), receipt.attempts()), (Outcome::NotSent, 0));
        receipt.begin(Utc::now());
        late.leave();
        present.leave();
        assert_eq!(receipt.outcome(), Outcome::NotSent);
    }

    #[test]
    fn the_life_of_a_call() {
        let seen = |receipt: &Receipt| {
            (
                receipt.outcome(),
                receipt.sent_at(),
                receipt.status(),
                receipt.attempts(),
            )
        };
        let receipt = Receipt::default();
        assert_eq!(seen(&receipt), (Outcome::NotSent, None, None, 0));
        let at = Utc::now();
        let first = receipt.begin(at);
        assert_eq!(seen(&receipt), (Outcome::NotSent, None, None, 1));
        first.leave();
        assert_eq!(seen(&receipt), (Outcome::Unknown, Some(at), None, 1));
        receipt.end(Outcome::Unknown, Some(500));
        assert_eq!(seen(&receipt), (Outcome::Unknown, Some(at), Some(500), 1));
        // A second attempt: what the first may have created is still there, whatever comes of this one.
        let again = at + chrono::TimeDelta::seconds(1);
        let second = receipt.begin(again);
        assert_eq!(seen(&receipt), (Outcome::Unknown, Some(at), Some(500), 2));
        second.leave();
        assert_eq!(seen(&receipt), (Outcome::Unknown, Some(again), Some(500), 2));
        receipt.end(Outcome::Rejected, Some(400));
        assert_eq!(seen(&receipt), (Outcome::Unknown, Some(again), Some(400), 2));
        receipt.begin(again);
        receipt.end(Outcome::NotSent, None);
        assert_eq!(seen(&receipt), (Outcome::Unknown, Some(again), None, 3));
        receipt.begin(again).leave();
        receipt.end(Outcome::Accepted, Some(200));
        assert_eq!(seen(&receipt), (Outcome::Accepted, Some(again), Some(200), 4));
    }
}
