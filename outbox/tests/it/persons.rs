//! What a person decides: holds, releases, what is dropped or corrected, and what the history says of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use vitec_connect::LoanPromise;
use vitec_connect_outbox::{Control, Enqueued, ErrorKind, Event, Filter, State, follow};

use crate::server::{Reply, Server};
use crate::stores::{BASE_URL, Place, all, both, client, counts, options, row, rows, run};

both! {
    a_held_customer_is_not_called_until_it_is_released;
    one_row_at_a_time_until_the_first_answer_over_all_deliveries;
    a_late_refusal_says_nothing_of_credentials_that_were_released;
    what_is_dropped_stays_so;
    a_correction_replaces_what_was_not_accepted;
    a_history_tells_what_became_of_a_row_and_who_did_it;
    a_long_history_keeps_its_beginning_and_its_end;
    what_is_purged_is_purged_of_the_history_too;
    a_list_is_narrowed_by_state_customer_and_time;
    a_follower_sees_what_its_own_process_stores;
}

async fn a_held_customer_is_not_called_until_it_is_released(place: Place) {
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..5)).await.unwrap();
    outbox.enqueue(rows("M2", 0..5)).await.unwrap();
    let names = ["M1".parse().unwrap(), "M1".parse().unwrap()];
    outbox.hold(&names, Some("closed for the summer")).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    assert_eq!(counts(&outbox).await, [5, 0, 5, 0, 0]);
    let holds = outbox.holds().await.unwrap();
    assert_eq!((holds.len(), &*holds[0].customer_id, holds[0].waiting), (1, "M1", 5));
    assert_eq!(
        (holds[0].why.as_deref(), holds[0].status),
        (Some("closed for the summer"), None)
    );
    assert!(!holds[0].who.is_empty());
    assert_eq!(
        outbox
            .release(&["M1".parse().unwrap(), "M9".parse().unwrap()])
            .await
            .unwrap(),
        ["M1"]
    );
    assert_eq!(outbox.release(&["M1".parse().unwrap()]).await.unwrap(), [""; 0]);
    run(&outbox, &server.url, &options()).await;
    assert_eq!(counts(&outbox).await, [0, 0, 10, 0, 0]);
}

async fn one_row_at_a_time_until_the_first_answer_over_all_deliveries(place: Place) {
    let is_answered = watch::Sender::new(false);
    let answer = is_answered.clone();
    let server = Server::start(move |_| Reply::ok().until(&answer)).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..20)).await.unwrap();
    let mut deliveries = Vec::new();
    for _ in 0..3 {
        let (outbox, url) = (place.open(&server.url).await, server.url.clone());
        deliveries.push(tokio::spawn(async move {
            let control = Control::default();
            let shutdown = async {
                while outbox.counts().await.unwrap().accepted < 20 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let options = options().poll(Duration::from_millis(10)).concurrency(8);
            follow(&outbox, &client(&url), &options, &control, shutdown, |_| {})
                .await
                .unwrap();
        }));
    }
    while server.calls() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The others look again and again meanwhile.
    for _ in 0..20 {
        assert_eq!(place.open(&server.url).await.counts().await.unwrap().sending, 1);
    }
    assert_eq!(server.calls(), 1);
    is_answered.send_replace(true);
    for delivery in deliveries {
        delivery.await.unwrap();
    }
    assert_eq!((server.calls(), counts(&outbox).await), (20, [0, 0, 20, 0, 0]));
}

/// Its call began with the old password, and ends when the new one is there.
async fn a_late_refusal_says_nothing_of_credentials_that_were_released(place: Place) {
    let (begun, mut began) = tokio::sync::mpsc::unbounded_channel();
    let is_late = watch::Sender::new(false);
    let (late, status) = (is_late.clone(), Arc::new(AtomicU16::new(401)));
    let now = Arc::clone(&status);
    let server = Server::start(move |_| {
        _ = begun.send(());
        match now.load(Ordering::SeqCst) {
            200 => Reply::ok(),
            status => Reply::new(status, "{}").until(&late),
        }
    })
    .await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..3)).await.unwrap();
    let (first, url) = (outbox.clone(), server.url.clone());
    let first = tokio::spawn(async move { run(&first, &url, &options()).await });
    began.recv().await.unwrap();
    let m1 = ["M1".parse().unwrap()];
    outbox.hold(&m1, None).await.unwrap();
    outbox.release(&m1).await.unwrap();
    status.store(200, Ordering::SeqCst);
    is_late.send_replace(true);
    first.await.unwrap();
    run(&outbox, &server.url, &options()).await;
    assert_eq!(outbox.holds().await.unwrap(), []);
    assert_eq!((server.calls(), counts(&outbox).await), (4, [0, 0, 3, 0, 0]));
}

async fn what_is_dropped_stays_so(place: Place) {
    let server = Server::start(|call| match call.bank.as_str() {
        "rejected" => Reply::new(400, "{}"),
        "unknown" => Reply::new(500, "{}"),
        _ => Reply::ok(),
    })
    .await;
    let outbox = place.open(&server.url).await;
    let stored = ["accepted", "rejected", "unknown"]
        .map(|bank| row("M1", bank).reference(bank))
        .to_vec();
    outbox.enqueue(stored.clone()).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    outbox.enqueue(vec![row("M1", "pending")]).await.unwrap();
    let ids: Vec<_> = all(&outbox).await.iter().map(|row| row.id).collect();
    let refused = outbox.drop_rows(&ids).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Row);
    assert!(
        refused.to_string().contains(&format!("row {} is accepted", ids[0])),
        "{refused}"
    );
    assert_eq!(outbox.counts().await.unwrap().dropped, 0, "all of them or none");
    outbox.drop_rows(&ids[1..]).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    let again = outbox.enqueue(stored).await.unwrap();
    assert_eq!(
        again[1..],
        [
            Enqueued::Known(ids[1], State::Dropped),
            Enqueued::Known(ids[2], State::Dropped)
        ]
    );
    let other = outbox
        .enqueue(vec![row("M1", "other").reference("rejected")])
        .await
        .unwrap();
    assert!(other[0].refusal().unwrap().contains("given up"), "{other:?}");
    assert_eq!((server.calls(), outbox.counts().await.unwrap().dropped), (3, 3));
    for refused in [
        outbox.requeue(&ids[1..2]).await,
        outbox.correct(ids[1], &LoanPromise::default()).await,
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Row);
    }
}

async fn a_correction_replaces_what_was_not_accepted(place: Place) {
    let server = Server::start(|call| match call.bank.as_str() {
        "wrong" => Reply::new(400, r#"{"message": "no"}"#),
        _ => Reply::ok(),
    })
    .await;
    let outbox = place.open(&server.url).await;
    let wrong = row("M1", "wrong");
    outbox.enqueue(vec![wrong.clone(), row("M2", "kept")]).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    let ids: Vec<_> = all(&outbox).await.iter().map(|row| row.id).collect();
    let right = LoanPromise::builder().bank("right").build();
    let refused = outbox.correct(ids[1], &right).await.unwrap_err();
    assert!(refused.to_string().contains("Correct it in Vitec"), "{refused}");
    outbox.correct(ids[0], &right).await.unwrap();
    let corrected = outbox.row(ids[0]).await.unwrap();
    assert_eq!(
        (corrected.state, corrected.message, corrected.status),
        (State::Pending, None, None)
    );
    // It can be thought better of before it is sent.
    outbox
        .correct(ids[0], &LoanPromise::builder().bank("better").build())
        .await
        .unwrap();
    // Without a reference, it is the row of that content still.
    assert_eq!(
        outbox.enqueue(vec![wrong]).await.unwrap(),
        [Enqueued::Known(ids[0], State::Pending)]
    );
    run(&outbox, &server.url, &options()).await;
    let sent: Vec<_> = server.seen(|seen| seen.calls.iter().map(|call| call.bank.clone()).collect());
    assert_eq!((&*sent[2], sent.len()), ("better", 3));
    assert_eq!(counts(&outbox).await, [0, 0, 2, 0, 0]);
}

async fn a_history_tells_what_became_of_a_row_and_who_did_it(place: Place) {
    let server = Server::start(|_| Reply::new(400, r#"{"message": "no such contact"}"#)).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(vec![row("M1", "a")]).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    let id = all(&outbox).await[0].id;
    outbox.requeue(&[id]).await.unwrap();
    let history = outbox.history(id).await.unwrap();
    let steps: Vec<_> = history
        .iter()
        .map(|step| (step.attempt, step.state, step.status))
        .collect();
    let expected = [
        (0, State::Pending, None),
        (1, State::Sending, None),
        (1, State::Rejected, Some(400)),
        (1, State::Pending, Some(400)),
    ];
    assert_eq!(steps, expected);
    assert!(history[2].message.as_ref().unwrap().contains("no such contact"));
    assert!(history.iter().all(|step| !step.who.is_empty()), "{history:?}");
    assert!(history.is_sorted_by_key(|step| step.at));
}

async fn a_long_history_keeps_its_beginning_and_its_end(place: Place) {
    let server = Server::start(|_| Reply::new(400, "{}")).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(vec![row("M1", "a")]).await.unwrap();
    let id = all(&outbox).await[0].id;
    for _ in 0..25 {
        run(&outbox, &server.url, &options()).await;
        outbox.requeue(&[id]).await.unwrap();
    }
    // pending, and three steps each time.
    let history = outbox.history(id).await.unwrap();
    assert_eq!(history.len(), 50);
    let attempts: Vec<_> = history.iter().map(|step| step.attempt).collect();
    assert_eq!(attempts[..10], [0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    assert_eq!((attempts[10], attempts[49]), (12, 25));
}

async fn what_is_purged_is_purged_of_the_history_too(place: Place) {
    let server = Server::start(|_| Reply::new(400, r#"{"message": "Anna Svensson is no buyer"}"#)).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(vec![row("M1", "a"), row("M1", "b")]).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    let ids: Vec<_> = all(&outbox).await.iter().map(|row| row.id).collect();
    outbox.drop_rows(&ids[1..]).await.unwrap();
    // The clock of the database counts milliseconds.
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(outbox.purge(Duration::ZERO).await.unwrap(), 2);
    for id in ids {
        let row = outbox.row(id).await.unwrap();
        assert_eq!((row.payload, row.message), (None, None));
        let history = outbox.history(id).await.unwrap();
        assert!(
            history.len() >= 3 && history.iter().all(|step| step.message.is_none()),
            "{history:?}"
        );
    }
}

async fn a_list_is_narrowed_by_state_customer_and_time(place: Place) {
    let outbox = place.open(BASE_URL).await;
    outbox
        .enqueue(vec![row("M1", "a"), row("M2", "b"), row("M1", "c")])
        .await
        .unwrap();
    let rows = all(&outbox).await;
    outbox.drop_rows(&[rows[0].id]).await.unwrap();
    let ids = async |filter: Filter| -> Vec<i64> {
        outbox
            .list(&filter, 0, 10)
            .await
            .unwrap()
            .iter()
            .map(|row| row.id)
            .collect()
    };
    let all = || Filter::default();
    assert_eq!(ids(all().customer("M1".to_owned())).await, [rows[0].id, rows[2].id]);
    assert_eq!(
        ids(all().customer("M1".to_owned()).state(State::Pending)).await,
        [rows[2].id]
    );
    assert_eq!(ids(all().since(rows[0].created_at)).await.len(), 3);
    let later = rows[0].created_at + chrono::TimeDelta::hours(1);
    assert_eq!(ids(all().since(later)).await, [0; 0]);
    assert_eq!(outbox.oldest_pending().await.unwrap(), Some(rows[1].changed_at));
}

/// On one connection, of which SQLite does not count the changes.
async fn a_follower_sees_what_its_own_process_stores(place: Place) {
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    let (done, is_done) = tokio::sync::oneshot::channel();
    let (following, url) = (outbox.clone(), server.url.clone());
    let follower = tokio::spawn(async move {
        let options = options().poll(Duration::from_millis(10));
        let shutdown = async { _ = is_done.await };
        let control = Control::default();
        follow(&following, &client(&url), &options, &control, shutdown, |event| {
            assert!(!matches!(event, Event::Database(_)), "{event:?}");
        })
        .await
    });
    for number in 0..3 {
        outbox.enqueue(rows("M1", number..number + 1)).await.unwrap();
        while counts(&outbox).await[2] <= number as u64 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    done.send(()).unwrap();
    follower.await.unwrap().unwrap();
}
