//! Sending: what is claimed, at what pace, and when it ends. The same for both databases.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use vitec_connect::{Credentials, CustomerId, LoanPromise, RetryPolicy};
use vitec_connect_outbox::{End, Event, NewRow, State, deliver};

use crate::server::{Reply, Server};
use crate::stores::{Place, all, both, client, counts, deliver_all, options, row, rows, run};

both! {
    every_row_is_sent_once_and_no_more_at_a_time_than_told;
    a_rate_is_kept;
    a_slow_office_does_not_hold_up_the_others;
    a_401_or_403_holds_that_customer_only;
    missing_credentials_stop_that_customer_only;
    an_unreachable_server_leaves_rows_pending;
    a_dead_server_does_not_make_every_row_unknown;
    a_429_slows_down_and_is_tried_again;
    a_retry_after_too_long_ends_the_run;
    an_expired_promise_is_not_sent;
    what_cannot_be_written_is_rejected;
    a_lost_answer_is_accepted;
    a_shutdown_waits_for_what_is_under_way;
    rows_stored_meanwhile_are_sent_too;
    an_operation_of_a_newer_program_is_not_sent;
}

async fn every_row_is_sent_once_and_no_more_at_a_time_than_told(place: Place) {
    // The first calls are answered when there are three.
    let (three, calls) = (watch::Sender::new(false), AtomicUsize::new(0));
    let server = Server::start(move |_| {
        if calls.fetch_add(1, Ordering::SeqCst) == 2 {
            three.send_replace(true);
        }
        Reply::ok().after(Duration::from_millis(2)).until(&three)
    })
    .await;
    let outbox = place.open(&server.url).await;
    for customer in ["M1", "M2", "M3"] {
        outbox.enqueue(rows(customer, 0..40)).await.unwrap();
    }
    let (summary, sent) = run(&outbox, &server.url, &options().concurrency(3)).await;
    assert!(matches!(summary.end, End::Done));
    assert_eq!((sent.len(), summary.results.accepted), (120, 120));
    assert_eq!(counts(&outbox).await, [0, 0, 120, 0, 0]);
    server.seen(|seen| {
        assert_eq!(seen.most_under_way, 3);
        assert_eq!(seen.stored.len(), 120);
        assert!(seen.stored.values().all(|count| *count == 1));
    });
}

async fn a_rate_is_kept(place: Place) {
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..21)).await.unwrap();
    let begun = Instant::now();
    run(&outbox, &server.url, &options().rate(100.0)).await;
    // 20 spaces of 10 ms, of which 100 ms may be caught up.
    assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());
    assert_eq!(server.calls(), 21);
}

async fn a_slow_office_does_not_hold_up_the_others(place: Place) {
    let (all_in, fast) = (watch::Sender::new(false), AtomicUsize::new(0));
    // The slow office's calls hang until the fast one's are all in, but for the first: that until both are known to work.
    let (second, first) = (watch::Sender::new(false), AtomicBool::new(true));
    let server = Server::start(move |call| match call.customer.as_str() {
        "SLOW" if first.swap(false, Ordering::SeqCst) => Reply::ok().until(&second),
        "SLOW" => Reply::ok().until(&all_in),
        _ => {
            match fast.fetch_add(1, Ordering::SeqCst) {
                1 => _ = second.send_replace(true),
                99 => _ = all_in.send_replace(true),
                _ => {}
            }
            Reply::ok()
        }
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("SLOW", 0..8)).await.unwrap();
    outbox.enqueue(rows("M1", 0..100)).await.unwrap();
    let options = options().concurrency(4).lease(Duration::from_secs(3600));
    let delivery = run(&outbox, &server.url, &options);
    // Held up, it would never end.
    tokio::time::timeout(Duration::from_secs(60), delivery)
        .await
        .expect("it ends");
    let before_the_last = server.seen(|seen| {
        let fast = seen.calls.iter().enumerate().filter(|(_, call)| call.customer == "M1");
        let last = fast.map(|(at, _)| at).max().unwrap();
        seen.calls[..last].iter().filter(|call| call.customer == "SLOW").count()
    });
    assert!(
        (1..=3).contains(&before_the_last),
        "the first, and its share of four: {before_the_last}"
    );
    assert_eq!(counts(&outbox).await, [0, 0, 108, 0, 0]);
}

async fn a_401_or_403_holds_that_customer_only(place: Place) {
    let server = Server::start(|call| match call.customer.as_str() {
        "M1" => Reply::new(401, r#"{"message":"Authorization has been denied."}"#),
        "M2" => Reply::new(403, "{}"),
        _ => Reply::ok(),
    })
    .await;
    let outbox = place.open(&server.url).await;
    for customer in ["M1", "M2", "M3"] {
        outbox.enqueue(rows(customer, 0..10)).await.unwrap();
    }
    let mut held = Vec::new();
    let client = client(&server.url);
    let summary = deliver(&outbox, &client, &options(), std::future::pending(), |event| {
        if let Event::CustomerHeld(customer, _) = event {
            held.push(customer.to_owned());
        }
    })
    .await
    .unwrap();
    assert!(matches!(summary.end, End::Done));
    held.sort_unstable();
    assert_eq!(held, ["M1", "M2"]);
    let holds = outbox.holds().await.unwrap();
    let holds: Vec<_> = holds
        .iter()
        .map(|it| (&*it.customer_id, it.status, it.waiting))
        .collect();
    assert_eq!(holds, [("M1", Some(401), 10), ("M2", Some(403), 10)]);
    assert!(
        outbox.holds().await.unwrap()[0]
            .why
            .as_ref()
            .unwrap()
            .contains("Authorization has been denied.")
    );
    assert_eq!(counts(&outbox).await, [20, 0, 10, 0, 0]);
    // Another process, and another run, leave it at that.
    let another = place.open(&server.url).await;
    run(&another, &server.url, &options()).await;
    assert_eq!(counts(&outbox).await, [20, 0, 10, 0, 0]);
    for customer in ["M1", "M2"] {
        let calls = server.seen(|seen| seen.calls.iter().filter(|call| call.customer == customer).count());
        assert_eq!(calls, 1, "{customer}: the first one was enough");
    }
}

async fn missing_credentials_stop_that_customer_only(place: Place) {
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    let new = vec![row("M1", "a"), row("M2", "b"), row("M2", "c")];
    outbox.enqueue(new).await.unwrap();
    let known: CustomerId = "M1".parse().unwrap();
    let credentials = Credentials::basic("partner", "secret").unwrap();
    let client = vitec_connect::Client::builder()
        .base_url(&server.url)
        .credentials(std::collections::HashMap::from([(known, credentials)]))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let summary = deliver_all(&outbox, &client).await.unwrap();
    assert!(summary.left_out["M2"].contains("credentials"), "{:?}", summary.left_out);
    assert!(outbox.holds().await.unwrap().is_empty(), "it is no hold");
    assert_eq!(counts(&outbox).await, [2, 0, 1, 0, 0]);
}

async fn an_unreachable_server_leaves_rows_pending(place: Place) {
    // A port that nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}");
    let outbox = place.open(&url).await;
    outbox.enqueue(rows("M1", 0..20)).await.unwrap();
    let (summary, _) = run(&outbox, &url, &options().give_up_after(3)).await;
    let End::GaveUp(why) = summary.end else {
        panic!("{:?}", summary.end)
    };
    assert!(why.contains("could not be reached"), "{why}");
    assert_eq!(counts(&outbox).await, [20, 0, 0, 0, 0]);
}

async fn a_dead_server_does_not_make_every_row_unknown(place: Place) {
    let server = Server::start(|_| Reply::new(502, "{}")).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..100)).await.unwrap();
    let (summary, _) = run(&outbox, &server.url, &options().give_up_after(5)).await;
    assert!(matches!(summary.end, End::GaveUp(_)));
    assert_eq!(counts(&outbox).await, [95, 0, 0, 0, 5]);
}

async fn a_429_slows_down_and_is_tried_again(place: Place) {
    let calls = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) % 3 {
        0 => Reply::new(429, "{}"),
        _ => Reply::ok(),
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..10)).await.unwrap();
    let mut pauses = 0;
    let client = client(&server.url);
    deliver(&outbox, &client, &options(), std::future::pending(), |event| {
        pauses += usize::from(matches!(event, Event::Pause(..)));
    })
    .await
    .unwrap();
    assert!(pauses > 0);
    assert_eq!(counts(&outbox).await, [0, 0, 10, 0, 0]);
    assert!(server.seen(|seen| seen.stored.values().all(|count| *count == 1)));
}

async fn a_retry_after_too_long_ends_the_run(place: Place) {
    let server = Server::start(|_| Reply::new(429, "{}").headers("Retry-After: 3600\r\n")).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..10)).await.unwrap();
    let (summary, _) = run(&outbox, &server.url, &options()).await;
    assert!(matches!(summary.end, End::GaveUp(_)));
    assert_eq!((server.calls(), counts(&outbox).await), (1, [10, 0, 0, 0, 0]));
}

async fn an_expired_promise_is_not_sent(place: Place) {
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    let valid_until = |day: &str| {
        let day: vitec_connect::DateTime = day.parse().unwrap();
        let promise = LoanPromise::builder().valid_until(day).build();
        NewRow::new("M1".parse().unwrap(), ["4711"], &promise).unwrap()
    };
    let new = vec![valid_until("2020-01-31"), valid_until("9998-01-31")];
    outbox.enqueue(new).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    assert_eq!((server.calls(), counts(&outbox).await), (1, [0, 0, 1, 1, 0]));
    let row = &all(&outbox).await[0];
    let message = row.message.as_deref();
    assert_eq!(message, Some("not sent: expired (valid until 2020-01-31)"));
}

async fn what_cannot_be_written_is_rejected(place: Place) {
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(vec![row("M1", "bell \u{7}")]).await.unwrap();
    let client = vitec_connect::Client::builder()
        .base_url(&server.url)
        .credentials(Credentials::basic("partner", "secret").unwrap())
        .media_type(vitec_connect::MediaType::Xml)
        .build()
        .unwrap();
    deliver_all(&outbox, &client).await.unwrap();
    let row = &all(&outbox).await[0];
    assert_eq!((row.state, server.calls()), (State::Rejected, 0));
    assert!(row.message.as_deref().unwrap().starts_with("not sent: "), "{row:?}");
}

async fn a_lost_answer_is_accepted(place: Place) {
    let server = Server::start(|_| Reply::new(200, "")).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..1)).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    let row = &all(&outbox).await[0];
    assert_eq!((row.state, row.answer.as_deref()), (State::Accepted, None));
    assert_eq!(row.kind.as_deref(), Some("AnswerLost"));
}

async fn a_shutdown_waits_for_what_is_under_way(place: Place) {
    let (begun, mut began) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_| {
        _ = begun.send(());
        Reply::ok().after(Duration::from_millis(50))
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..50)).await.unwrap();
    let shutdown = async {
        for _ in 0..3 {
            began.recv().await.unwrap();
        }
    };
    let client = client(&server.url);
    let options = options().concurrency(3);
    let summary = deliver(&outbox, &client, &options, shutdown, |_| {}).await.unwrap();
    assert!(matches!(summary.end, End::ShutDown));
    let accepted = server.calls() as u64;
    assert!((3..=6).contains(&accepted), "{accepted}");
    assert_eq!(counts(&outbox).await, [50 - accepted, 0, accepted, 0, 0]);
}

async fn rows_stored_meanwhile_are_sent_too(place: Place) {
    let (begun, mut began) = tokio::sync::mpsc::unbounded_channel();
    let stored = watch::Sender::new(false);
    let waiting = stored.clone();
    let server = Server::start(move |_| {
        _ = begun.send(());
        Reply::ok().until(&waiting)
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..1)).await.unwrap();
    let (url, delivering) = (server.url.clone(), outbox.clone());
    // Spawned: a delivery can run on any thread.
    let delivery = tokio::spawn(async move {
        let client = client(&url);
        deliver_all(&delivering, &client).await
    });
    began.recv().await.unwrap();
    outbox.enqueue(rows("M2", 0..3)).await.unwrap();
    stored.send_replace(true);
    delivery.await.unwrap().unwrap();
    assert_eq!(counts(&outbox).await, [0, 0, 4, 0, 0]);
}

async fn an_operation_of_a_newer_program_is_not_sent(place: Place) {
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..2)).await.unwrap();
    let id = all(&outbox).await[0].id;
    place
        .execute(&format!(
            "UPDATE vitec_connect_rows SET operation = 'create_bid' WHERE id = {id}"
        ))
        .await;
    run(&outbox, &server.url, &options()).await;
    assert_eq!((server.calls(), counts(&outbox).await), (1, [0, 0, 1, 1, 0]));
}
