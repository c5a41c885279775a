//! Behind PgBouncer in transaction mode: each transaction may have another connection to the server.

use std::collections::HashSet;
use std::process::ChildStdin;
use std::time::Duration;

use tokio_postgres::NoTls;
use vitec_connect_outbox::{Outbox, enqueue_postgres};

use crate::postgres::{parts, place};
use crate::server::{Reply, Server};
use crate::stores::{BASE_URL, Place, counts, options, row, rows, run};

/// Ends the pooler, and removes its folder, when its input ends. Two connections to the server are fewer than there are
/// deliveries: they share them.
const SCRIPT: &str = r#"
    set -e
    dir=$(mktemp -d /tmp/outbox-pgbouncer.XXXXXX)
    trap 'rm -rf "$dir"' EXIT
    cat >"$dir/ini" <<END
[databases]
* = host=$1 user=postgres
[pgbouncer]
listen_addr =
unix_socket_dir = $dir
auth_type = any
pool_mode = transaction
default_pool_size = 2
END
    /usr/sbin/pgbouncer "$dir/ini" >"$dir/log" 2>&1 &
    echo "$dir"
    read -r _ || true
    kill -INT $! && wait $! || true
"#;

struct Pooler {
    folder: String,
    name: String,
    _input: ChildStdin,
}

impl Pooler {
    /// In front of a place's database; none, and said so, where PgBouncer is not installed.
    async fn before(place: &Place) -> Option<Self> {
        let (name, server) = parts(place);
        let installed = std::path::Path::new("/usr/sbin/pgbouncer").exists();
        let Some((folder, input)) = installed.then(|| crate::postgres::script(SCRIPT, &server)).flatten() else {
            let required = std::env::var("VITEC_CONNECT_REQUIRE_POSTGRES").is_ok_and(|it| it == "1");
            assert!(!required, "PgBouncer is required, and is not installed");
            eprintln!("skipped: PgBouncer is not installed");
            return None;
        };
        let pooler = Self {
            folder,
            name,
            _input: input,
        };
        for _ in 0..300 {
            if tokio_postgres::connect(&pooler.url(), NoTls).await.is_ok() {
                return Some(pooler);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("PgBouncer did not start in {}", pooler.folder);
    }

    fn url(&self) -> String {
        format!("postgres:///{}?host={}&port=6432&user=postgres", self.name, self.folder)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_deliveries_share_the_rows() {
    let Some(place) = place().await else { return };
    let Some(pooler) = Pooler::before(&place).await else {
        return;
    };
    let server = Server::start(|_| Reply::ok().after(Duration::from_millis(1))).await;
    let outbox = Outbox::open(&pooler.url(), Some(&server.url)).await.unwrap();
    for customer in ["M1", "M2", "S3"] {
        outbox.enqueue(rows(customer, 0..100)).await.unwrap();
    }
    let deliveries: Vec<_> = (0..4)
        .map(|_| {
            let (at, url) = (pooler.url(), server.url.clone());
            tokio::spawn(async move {
                let outbox = Outbox::open(&at, Some(&url)).await.unwrap();
                let (summary, sent) = run(&outbox, &url, &options()).await;
                assert!(matches!(summary.end, vitec_connect_outbox::End::Done), "{summary:?}");
                sent.into_iter().map(|row| row.id).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut sent = Vec::new();
    for delivery in deliveries {
        sent.extend(delivery.await.unwrap());
    }
    assert_eq!((sent.len(), sent.iter().collect::<HashSet<_>>().len()), (300, 300));
    assert_eq!(counts(&outbox).await, [0, 0, 300, 0, 0]);
    assert!(server.seen(|seen| seen.stored.len() == 300 && seen.stored.values().all(|count| *count == 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_is_stored_in_the_callers_own_transaction() {
    let Some(place) = place().await else { return };
    let Some(pooler) = Pooler::before(&place).await else {
        return;
    };
    let outbox = Outbox::open(&pooler.url(), Some(BASE_URL)).await.unwrap();
    // More clients than connections to the server: a statement prepared under a name would be another's.
    for number in 0..4 {
        let mut bank = crate::postgres::connect(&pooler.url()).await;
        let transaction = bank.transaction().await.unwrap();
        enqueue_postgres(&transaction, &row("M1", &number.to_string()))
            .await
            .unwrap();
        // As a program in another language does it.
        let call = format!("SELECT vitec_connect_enqueue_loan_promise('M2', '4711', '{{}}', '{number}')");
        transaction.batch_execute(&call).await.unwrap();
        transaction.commit().await.unwrap();
    }
    assert_eq!(counts(&outbox).await, [8, 0, 0, 0, 0]);
}

/// What is set for a session would be another client's, and what a session had set is not ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_set_but_inside_a_transaction() {
    let Some(place) = place().await else { return };
    place
        .execute(&format!(
            "ALTER DATABASE {} SET synchronous_commit = off",
            parts(&place).0
        ))
        .await;
    let Some(pooler) = Pooler::before(&place).await else {
        return;
    };
    let outbox = Outbox::open(&pooler.url(), Some(BASE_URL)).await.unwrap();
    let noted = "CREATE TABLE noted (setting text);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO noted VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
        CREATE TRIGGER note AFTER INSERT OR UPDATE ON vitec_connect_rows FOR EACH STATEMENT EXECUTE FUNCTION note()";
    place.execute(noted).await;
    outbox.enqueue(rows("M1", 0..1)).await.unwrap();
    outbox.retry_unknown().await.unwrap();
    let other = crate::postgres::connect(&pooler.url()).await;
    let row = other
        .query_typed_one("SELECT current_setting('synchronous_commit')", &[])
        .await;
    assert_eq!(row.unwrap().get::<_, &str>(0), "off", "another client's is as it was");
    let noted = other.query_typed("SELECT setting FROM noted", &[]).await.unwrap();
    let noted: Vec<&str> = noted.iter().map(|row| row.get(0)).collect();
    assert_eq!(noted, ["on", "on"]);
}
