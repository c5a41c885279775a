//! The loop against a database that fails as told: the clock stands still between events, so nothing here is by chance.

mod follow;
mod model;

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use self::model::{Fault, Model, Server};
use super::*;
use crate::options::Sent;
use crate::row::State;
use crate::sqlite::transactions;
use crate::store::Change;
use crate::verdict::{Effect, Verdict};

fn verdict(state: State, effect: Effect) -> Verdict {
    Verdict {
        message: None,
        ..Verdict::not_sent(state, String::new(), effect)
    }
}

fn accepted() -> Verdict {
    verdict(State::Accepted, Effect::Answered)
}

fn told_to_wait(seconds: u64) -> Verdict {
    verdict(State::Pending, Effect::SlowDown(Some(Duration::from_secs(seconds))))
}

const MILLIS: Duration = Duration::from_millis(1);

struct Told {
    rows: Vec<Sent>,
    too_late: Vec<Sent>,
    summary: Summary,
}

async fn run(model: &Model, server: &Server, options: &DeliverOptions, shutdown: impl Future<Output = ()>) -> Told {
    let (mut rows, mut too_late) = (Vec::new(), Vec::new());
    let outbox = Outbox::new(model.clone());
    let how = How {
        control: &Control::default(),
        goes_on: false,
        random: fastrand::Rng::with_seed(4711),
    };
    let delivered = deliver_by(&outbox, server, options, how, shutdown, |event| match event {
        Event::Row(row) => rows.push(row.clone()),
        Event::TooLate(row) => too_late.push(row.clone()),
        _ => {}
    });
    // An hour is for ever.
    let summary = tokio::time::timeout(Duration::from_secs(3600), delivered).await;
    let summary = summary.unwrap().unwrap();
    Told {
        rows,
        too_late,
        summary,
    }
}

fn options() -> DeliverOptions {
    DeliverOptions::default().concurrency(64)
}

/// Everything that an outage does to the exchanges, renewals and looks in it.
const OUTAGES: [Fault; 6] = [
    Fault::Before,
    Fault::After,
    Fault::Silent,
    Fault::SilentAfter,
    Fault::Late(Duration::from_millis(300)),
    Fault::Late(Duration::from_secs(20)),
];

/// The database is away from 2 s to 2.7 s after the beginning.
fn outage(model: &Model, fault: Fault) {
    let begun = Instant::now();
    model.plan(move |_, _| match begun.elapsed().as_millis() {
        2000..2700 => fault,
        _ => Fault::None,
    });
}

#[tokio::test(start_paused = true)]
async fn an_outage_while_a_rate_holds_calls_back_doubles_nothing() {
    for fault in OUTAGES {
        let model = Model::new();
        model.enqueue_rows(30);
        outage(&model, fault);
        let server = Server::new(|_, _| (100 * MILLIS, accepted()));
        let told = run(&model, &server, &options().rate(4.0), std::future::pending()).await;
        assert!(matches!(told.summary.end, End::Done), "{fault:?}: {:?}", told.summary);
        assert_eq!(server.posts(), [1; 30], "{fault:?}");
        assert_eq!((told.rows.len(), model.counts()), (30, [0, 0, 30, 0, 0]), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_while_a_pause_holds_calls_back_doubles_nothing() {
    for fault in OUTAGES {
        let model = Model::new();
        model.enqueue_rows(30);
        outage(&model, fault);
        // The 6th call meets a server that wants to be left alone, from before the outage until after it.
        let server = Server::new(|_, before| match before {
            5 => (1500 * MILLIS, told_to_wait(3)),
            _ => (100 * MILLIS, accepted()),
        });
        let told = run(&model, &server, &options().rate(4.0), std::future::pending()).await;
        assert!(matches!(told.summary.end, End::Done), "{fault:?}: {:?}", told.summary);
        let mut posts = server.posts();
        posts.sort_unstable();
        assert_eq!((posts[..29].to_vec(), posts[29]), (vec![1; 29], 2), "{fault:?}");
        assert_eq!(model.counts(), [0, 0, 30, 0, 0], "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_is_told_though_it_was_not_heard_that_it_was_recorded() {
    for (state, effect) in [
        (State::Accepted, Effect::Answered),
        (State::Rejected, Effect::Answered),
        (State::Unknown, Effect::Answered),
        (State::Pending, Effect::Hold),
    ] {
        for fault in [Fault::After, Fault::SilentAfter, Fault::Late(300 * MILLIS)] {
            let model = Model::new();
            model.enqueue_rows(1);
            let once = Mutex::new(Some(fault));
            model.plan(move |_, exchange| match exchange {
                Some(exchange) if !exchange.finished.is_empty() => once.lock().unwrap().take().unwrap_or(Fault::None),
                _ => Fault::None,
            });
            let server = Server::new(move |_, _| (MILLIS, verdict(state, effect)));
            let told = run(&model, &server, &options(), std::future::pending()).await;
            assert_eq!(told.summary.results.of(state), 1, "{state} {fault:?}");
            assert_eq!((told.rows.len(), told.too_late.len()), (1, 0), "{state} {fault:?}");
            assert_eq!((model.rows()[0].state, server.posts()), (state, vec![1]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_that_was_recorded_stays_told_where_a_person_was_quicker() {
    let model = Model::new();
    model.enqueue_rows(1);
    let (once, requeued) = (Mutex::new(true), model.clone());
    model.plan(move |_, exchange| match exchange {
        Some(exchange) if !exchange.finished.is_empty() => match std::mem::take(&mut *once.lock().unwrap()) {
            true => Fault::After,
            false => {
                // The answer was there to see, and a person wants it sent again.
                let id = exchange.finished[0].id;
                requeued.run(|transaction, now| transactions::change(transaction, now, &[id], Change::Requeue));
                Fault::None
            }
        },
        _ => Fault::None,
    });
    let server = Server::new(|_, before| match before {
        0 => (MILLIS, verdict(State::Rejected, Effect::Answered)),
        _ => (MILLIS, accepted()),
    });
    let told = run(&model, &server, &options(), std::future::pending()).await;
    let states: Vec<_> = told.rows.iter().map(|row| row.state).collect();
    assert_eq!(
        (states, told.too_late.len()),
        (vec![State::Rejected, State::Accepted], 0)
    );
    assert_eq!((server.posts(), model.counts()), (vec![2], [0, 0, 1, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn what_comes_too_late_is_told() {
    let model = Model::new();
    model.enqueue_rows(1);
    let server = Server::new(|_, _| (30_000 * MILLIS, verdict(State::Rejected, Effect::Answered)));
    let person = model.clone();
    // No renewal comes through, the lease runs out, and a person decides.
    model.plan(|asked, _| if asked == "hold" { Fault::Before } else { Fault::None });
    let decision = async move {
        sleep(Duration::from_secs(20)).await;
        person.run(transactions::sweep);
        person.run(|transaction, now| transactions::change(transaction, now, &[1], Change::ResolveAccepted));
    };
    let options = options().lease(Duration::from_secs(10));
    let (told, ()) = tokio::join!(run(&model, &server, &options, std::future::pending()), decision);
    assert_eq!((told.rows.len(), told.too_late.len()), (0, 1));
    assert_eq!(model.counts(), [0, 0, 1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_database_at_the_start_has_an_end_and_signals_are_heard() {
    for asked in ["begin", "look"] {
        let model = Model::new();
        model.plan(move |it, _| if it == asked { Fault::Silent } else { Fault::None });
        let (outbox, server, options) = (
            Outbox::new(model.clone()),
            Server::new(|_, _| (MILLIS, accepted())),
            options(),
        );
        let begun = Instant::now();
        let how = How {
            control: &Control::default(),
            goes_on: false,
            random: fastrand::Rng::new(),
        };
        let error = deliver_by(&outbox, &server, &options, how, std::future::pending(), |_| {}).await;
        assert_eq!(
            (error.unwrap_err().kind(), begun.elapsed().as_secs()),
            (ErrorKind::Gone, 10)
        );
        let begun = Instant::now();
        let told = run(&model, &server, &options, sleep(Duration::from_secs(3))).await;
        assert!(matches!(told.summary.end, End::ShutDown), "{:?}", told.summary);
        assert_eq!(begun.elapsed().as_secs(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_falls_silent_ends_the_run_with_what_it_could_not_record() {
    for shutdown in [Duration::from_secs(5), Duration::from_secs(3000)] {
        for fault in [Fault::Silent, Fault::Before] {
            let model = Model::new();
            model.enqueue_rows(30);
            let begun = Instant::now();
            model.plan(move |_, _| {
                if begun.elapsed().as_secs() < 2 {
                    Fault::None
                } else {
                    fault
                }
            });
            let server = Server::new(|_, _| (600 * MILLIS, accepted()));
            let told = run(&model, &server, &options().rate(4.0), sleep(shutdown)).await;
            let End::Database(error) = told.summary.end else {
                panic!("{fault:?}: {:?}", told.summary)
            };
            assert_eq!(error.kind(), ErrorKind::Gone);
            // A minute to record, and the last answer that was waited for.
            assert!(begun.elapsed() < Duration::from_secs(100), "{:?}", begun.elapsed());
            let posts = server.posts().len();
            assert_eq!(told.rows.len() + told.summary.unrecorded.len(), posts, "{fault:?}");
            assert!(!told.summary.unrecorded.is_empty() && posts < 12, "{posts}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_result_that_cannot_be_stored_does_not_keep_the_others() {
    let model = Model::new();
    model.enqueue_rows(30);
    model.plan(|_, exchange| {
        let finished = exchange.map(|it| &it.finished[..]).unwrap_or_default();
        match finished.iter().any(|it| it.answer.as_deref() == Some("poison")) {
            true => Fault::Refused,
            false => Fault::None,
        }
    });
    let server = Server::new(|_, before| {
        let answer = if before == 7 { "poison" } else { "a\0b" };
        (
            100 * MILLIS,
            Verdict {
                answer: Some(answer.to_owned()),
                ..accepted()
            },
        )
    });
    let told = run(&model, &server, &options(), std::future::pending()).await;
    assert!(matches!(told.summary.end, End::Done), "{:?}", told.summary);
    assert_eq!((server.posts(), model.counts()), (vec![1; 30], [0, 0, 30, 0, 0]));
    let (kept, lost): (Vec<_>, Vec<_>) = model.rows().into_iter().partition(|row| row.answer.is_some());
    assert!(kept.iter().all(|row| row.answer.as_deref() == Some("a\\u0000b")));
    assert_eq!((kept.len(), lost.len()), (29, 1));
    assert!(lost[0].message.as_deref().unwrap().contains("refused"), "{lost:?}");
}

#[tokio::test(start_paused = true)]
async fn one_result_that_can_never_be_stored_ends_the_run_and_the_others_are_recorded() {
    let model = Model::new();
    model.enqueue_rows(30);
    model.plan(|_, exchange| match exchange {
        Some(exchange) if exchange.finished.iter().any(|it| it.id == 7) => Fault::Refused,
        _ => Fault::None,
    });
    let server = Server::new(|_, _| (100 * MILLIS, accepted()));
    let told = run(&model, &server, &options(), std::future::pending()).await;
    assert!(matches!(told.summary.end, End::Database(_)), "{:?}", told.summary);
    assert_eq!(told.summary.unrecorded.len(), 1);
    let posted = server.posts().len() as u64;
    assert_eq!(model.counts(), [30 - posted, 1, posted - 1, 0, 0]);
}

/// The first call is answered at 10 ms. Of the two that follow one is answered at 20 ms, and the place that becomes free is
/// claimed for until 1 s later; the other is answered at 500 ms.
async fn claimed_meanwhile(other: Verdict, shutdown: Duration) -> (Model, Server, Told) {
    let model = Model::new();
    model.enqueue_rows(10);
    model.plan(|_, exchange| match exchange {
        Some(exchange) if !exchange.wanted.is_empty() && exchange.claim > 2 => Fault::Slow(Duration::from_secs(1)),
        _ => Fault::None,
    });
    let server = Server::new(move |_, before| match before {
        1 => (490 * MILLIS, other.clone()),
        _ => (10 * MILLIS, accepted()),
    });
    let told = run(&model, &server, &options().concurrency(2), sleep(shutdown)).await;
    (model, server, told)
}

#[tokio::test(start_paused = true)]
async fn what_is_claimed_when_the_run_ends_is_given_back() {
    let (model, server, told) = claimed_meanwhile(accepted(), 300 * MILLIS).await;
    assert!(matches!(told.summary.end, End::ShutDown));
    assert_eq!((server.posts().len(), model.counts()), (3, [7, 0, 3, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn what_is_claimed_for_a_customer_that_was_stopped_is_given_back() {
    let stop = verdict(State::Pending, Effect::Hold);
    let (model, server, told) = claimed_meanwhile(stop, Duration::from_secs(3000)).await;
    assert!(told.summary.left_out.is_empty());
    assert_eq!((server.posts().len(), model.counts()), (3, [8, 0, 2, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn what_is_claimed_when_a_pause_begins_waits_for_its_end() {
    let begun = Instant::now();
    let (model, server, _) = claimed_meanwhile(told_to_wait(30), Duration::from_secs(3000)).await;
    assert_eq!(model.counts(), [0, 0, 10, 0, 0]);
    let in_the_pause = |post: &&Instant| (500 * MILLIS..30_500 * MILLIS).contains(&(**post - begun));
    assert_eq!(server.times().iter().filter(in_the_pause).count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_commit_lands_after_it_was_given_back_is_given_back_again() {
    let model = Model::new();
    model.enqueue_rows(5);
    let once = Mutex::new(true);
    model.plan(move |_, exchange| match exchange {
        Some(exchange) if !exchange.wanted.is_empty() && std::mem::take(&mut *once.lock().unwrap()) => {
            Fault::Late(Duration::from_secs(2))
        }
        _ => Fault::None,
    });
    // Slow enough for the late commit to find a row.
    let server = Server::new(|_, _| (1000 * MILLIS, accepted()));
    let told = run(&model, &server, &options().concurrency(1), std::future::pending()).await;
    assert!(matches!(told.summary.end, End::Done));
    assert_eq!((server.posts(), model.counts()), (vec![1; 5], [0, 0, 5, 0, 0]));
    assert_eq!(
        model.rows().iter().map(|row| row.attempt).sum::<i64>(),
        6,
        "one was claimed in vain"
    );
}
