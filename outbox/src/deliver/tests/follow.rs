//! A delivery that goes on: what it waits for, and what for ever.

use super::*;

/// Looks once a minute: hours pass quickly so.
fn seldom() -> DeliverOptions {
    options().poll(Duration::from_secs(60))
}

/// What a delivery that goes on says, and when.
async fn follow(
    model: &Model,
    server: &Server,
    options: &DeliverOptions,
    control: &Control,
    shutdown: impl Future<Output = ()>,
) -> (Summary, Vec<(u64, String)>) {
    let begun = Instant::now();
    let mut said = Vec::new();
    let outbox = Outbox::new(model.clone());
    let how = How {
        control,
        goes_on: true,
        random: fastrand::Rng::with_seed(4711),
    };
    let summary = deliver_by(&outbox, server, options, how, shutdown, |event| {
        let what = match event {
            Event::Stuck(_, Some(wait)) => format!("stuck for {} s", wait.as_secs()),
            Event::Stuck(_, None) => "stuck for good".to_owned(),
            Event::GoesOn => "goes on".to_owned(),
            Event::CustomerHeld(name, _) => format!("{name} is held"),
            Event::CustomersReleased(names) => format!("released {names:?}"),
            Event::Database(_) => "the database fails".to_owned(),
            Event::DatabaseWorks => "the database works".to_owned(),
            _ => return,
        };
        said.push((begun.elapsed().as_secs(), what));
    });
    let summary = tokio::time::timeout(Duration::from_secs(1_000_000), summary).await;
    (summary.unwrap().unwrap(), said)
}

#[tokio::test(start_paused = true)]
async fn a_follower_sends_what_comes_and_ends_at_the_signal() {
    let (model, server) = (Model::new(), Server::new(|_, _| (100 * MILLIS, accepted())));
    let shutdown = async {
        for _ in 0..3 {
            sleep(Duration::from_secs(10)).await;
            model.enqueue_rows(30);
        }
        // Seen within a second, and under way at the signal.
        sleep(1050 * MILLIS).await;
    };
    let (summary, said) = follow(&model, &server, &options(), &Control::default(), shutdown).await;
    assert!(matches!(summary.end, End::ShutDown));
    assert_eq!(
        (said, model.counts()),
        (Vec::new(), [0, 0, 30, 0, 0]),
        "the same rows are stored once"
    );
    assert_eq!(server.posts(), [1; 30]);
}

/// 8 troubles in a row, and then one row at 5, 10, 20, 40 and 60 minutes: an outage of a day costs a dozen unknowns.
#[tokio::test(start_paused = true)]
async fn a_follower_whose_server_is_in_trouble_tries_one_row_now_and_then() {
    let model = Model::new();
    model.enqueue_rows(100);
    let begun = Instant::now();
    let server = Server::new(move |_, _| match begun.elapsed().as_secs() {
        ..20_000 => (MILLIS, verdict(State::Unknown, Effect::SlowDown(None))),
        _ => (MILLIS, accepted()),
    });
    let shutdown = sleep(Duration::from_secs(30_000));
    let options = seldom().concurrency(1);
    let (_, said) = follow(&model, &server, &options, &Control::default(), shutdown).await;
    let waits: Vec<_> = said.iter().map(|(_, what)| what.as_str()).collect();
    let hour = "stuck for 3600 s";
    let expected = [
        "stuck for 300 s",
        "stuck for 600 s",
        "stuck for 1200 s",
        "stuck for 2400 s",
        hour,
        hour,
        hour,
        hour,
        hour,
    ];
    assert_eq!(waits[..expected.len()], expected, "{said:?}");
    assert_eq!(waits[expected.len()..], ["goes on"], "{said:?}");
    assert_eq!(model.counts(), [0, 0, 84, 0, 16]);
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_is_pointed_elsewhere_waits_for_a_person() {
    let model = Model::new();
    model.enqueue_rows(100);
    let server = Server::new(|_, _| (MILLIS, verdict(State::Rejected, Effect::Redirected)));
    let shutdown = sleep(Duration::from_secs(100_000));
    let (summary, said) = follow(&model, &server, &seldom(), &Control::default(), shutdown).await;
    assert_eq!(
        (said, model.counts()),
        (vec![(0, "stuck for good".to_owned())], [99, 0, 0, 1, 0])
    );
    assert!(matches!(summary.end, End::ShutDown));
}

#[tokio::test(start_paused = true)]
async fn a_follower_waits_out_a_database_that_is_away_for_hours() {
    let model = Model::new();
    model.enqueue_rows(3);
    let begun = Instant::now();
    // From the beginning, and again while a result is to be recorded.
    model.plan(move |asked, exchange| match begun.elapsed().as_secs() {
        ..500 => Fault::Before,
        500..2000 if asked != "exchange" || exchange.is_some_and(|it| it.finished.is_empty()) => Fault::None,
        500..2000 => Fault::Silent,
        _ => Fault::None,
    });
    let server = Server::new(|_, _| (MILLIS, accepted()));
    let shutdown = sleep(Duration::from_secs(2500));
    let (summary, said) = follow(&model, &server, &options(), &Control::default(), shutdown).await;
    assert!(summary.unrecorded.is_empty());
    assert_eq!((server.posts(), model.counts()), (vec![1; 3], [0, 0, 3, 0, 0]));
    let first = |what: &str| said.iter().find(|(_, it)| it == what).map(|(at, _)| *at);
    assert_eq!(first("the database fails"), Some(0));
    assert_eq!(first("the database works"), Some(500));
    assert!(
        said.last()
            .is_some_and(|(at, what)| *at >= 2000 && what == "the database works"),
        "{said:?}"
    );
}

/// However many rows, in an hour: once, and once more when its credentials are others.
#[tokio::test(start_paused = true)]
async fn a_customer_whose_credentials_are_refused_is_called_once_per_release() {
    let model = Model::new();
    model.enqueue_rows(100);
    let begun = Instant::now();
    let server = Server::new(move |_, _| match begun.elapsed().as_secs() {
        ..3000 => {
            let refused = verdict(State::Pending, Effect::Hold);
            let status = Some(401);
            (MILLIS, Verdict { status, ..refused })
        }
        _ => (MILLIS, accepted()),
    });
    let control = Control::default();
    let of_release = control.clone();
    let shutdown = async move {
        sleep(Duration::from_secs(1000)).await;
        of_release.credentials_changed(["M2".to_owned()]);
        sleep(Duration::from_secs(1000)).await;
        of_release.credentials_changed(["M1".to_owned()]);
        sleep(Duration::from_secs(1600)).await;
        of_release.all_credentials_changed();
        sleep(Duration::from_secs(60)).await;
    };
    let (_, said) = follow(&model, &server, &options(), &control, shutdown).await;
    let expected = [
        (0, "M1 is held"),
        (2000, "released [\"M1\"]"),
        (2000, "M1 is held"),
        (3600, "released [\"M1\"]"),
    ];
    let said: Vec<_> = said.iter().map(|(at, what)| (*at, what.as_str())).collect();
    assert_eq!(said, expected);
    let refused = server
        .times()
        .iter()
        .filter(|at| at.duration_since(begun).as_secs() < 3000)
        .count();
    assert_eq!((refused, model.counts()), (2, [0, 0, 100, 0, 0]));
}
