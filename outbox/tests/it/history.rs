//! A database that went back in time may have forgotten what was sent.

use vitec_connect_outbox::{Batch, Control, End, ErrorKind, InitOptions, Outbox, ReadOptions, RowReader, follow};

use crate::server::{Reply, Server};
use crate::stores::{client, counts, options, rows, run};

#[tokio::test]
async fn delivery_stops_until_a_person_has_looked() {
    let Some(place) = crate::postgres::place().await else {
        return;
    };
    let server = Server::start(|_| Reply::ok()).await;
    let outbox = place.open(&server.url).await;
    outbox.enqueue(rows("M1", 0..5)).await.unwrap();
    run(&outbox, &server.url, &options()).await;
    // As if it had been another cluster's, or another timeline's.
    let another = "UPDATE vitec_connect_outbox_meta SET value = '1/00000001' WHERE name = 'history'";
    place.execute(another).await;
    outbox.enqueue(rows("M2", 0..5)).await.unwrap();

    let (client, control, never) = (client(&server.url), Control::default(), std::future::pending());
    let error = follow(&outbox, &client, &options(), &control, never, |_| {}).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::History);
    assert!(error.to_string().contains("outbox init --accept-history"), "{error}");
    // What a file's rows are is not known either.
    let file = std::io::Cursor::new("customerId;contactId;bank\nM2;4711;M2-0\n");
    let reader = RowReader::new(file, &ReadOptions::default()).unwrap();
    let mut batch = Batch::new().unwrap();
    let never = std::future::pending;
    batch.import(&outbox, reader, never(), |_| {}).await.unwrap();
    let error = batch.deliver(&outbox, &client, &options(), never(), |_, _| {}).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::History);
    let tally = batch.tally(Some(&outbox)).await;
    assert_eq!((tally.exit_status(), tally.pending), (6, 1), "{tally:?}");
    assert_eq!((server.calls(), counts(&outbox).await), (5, [5, 0, 5, 0, 0]));

    let accept = InitOptions::new(&server.url).accept_history(true);
    Outbox::init(&place.at, &accept).await.unwrap();
    let (summary, _) = run(&outbox, &server.url, &options()).await;
    assert!(matches!(summary.end, End::Done));
    assert_eq!(counts(&outbox).await, [0, 0, 10, 0, 0]);
}
