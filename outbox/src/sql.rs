//! The state machine, in SQL: each transition is one statement, and both databases run the very same text.
//!
//! `$1` is PostgreSQL's way to write a parameter, and a name for SQLite. What time it is, and when a lease ends, are
//! parameters too: a transaction asks its database's clock once, at its beginning.

/// The table of rows. Its name is another than in the versions before: their programs' statements fail as a whole.
macro_rules! rows {
    () => {
        "vitec_connect_rows"
    };
}

/// What is known of each customer's credentials: `new` until a first answer shows that they work, then `proven`; `held`
/// where they were refused, until somebody releases it.
macro_rules! customers {
    () => {
        "vitec_connect_customers"
    };
}

/// What became of each row when. Triggers of both databases write it: no statement can forget to.
macro_rules! history {
    () => {
        "vitec_connect_history"
    };
}

/// The columns of a row, in the order in which they are read.
macro_rules! columns {
    () => {
        "id, operation, key, reference, line, customer_id, contact_id, payload, state, attempt, answer, message, kind, \
         status, created_at, changed_at"
    };
}

/// What is said of a row that was corrected after it had been accepted.
macro_rules! superseded {
    () => {
        "'it was accepted with the content from before its correction; the correction was not sent, or was rejected. \
         Correct it in Vitec.'"
    };
}

/// Stores a row unless its key is there.
pub(crate) const INSERT: &str = concat!(
    "INSERT INTO ",
    rows!(),
    " (operation, key, content_hash, reference, line, customer_id, contact_id, payload, state, created_at, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, $9)
    ON CONFLICT (operation, key) DO NOTHING RETURNING id"
);

/// The rows that have the key already: one, or some of a time when a space more made another reference. Two searches, as
/// with `OR` SQLite takes neither of the two indexes.
macro_rules! find {
    ($rows:expr) => {
        concat!(
            "SELECT id, state, content_hash FROM ",
            $rows,
            " WHERE operation = $1 AND key = $2
    UNION SELECT id, state, content_hash FROM ",
            $rows,
            " WHERE operation = $1 AND lookup = $2 ORDER BY id"
        )
    };
}

/// In the newest tables.
pub(crate) const FIND: &str = find!(rows!());

/// In tables of version 2.
pub(crate) const FIND_VERSION_2: &str = find!("vitec_connect_outbox");

/// The same in tables of version 1, that have one form of each reference.
pub(crate) const FIND_VERSION_1: &str =
    "SELECT id, state, content_hash FROM vitec_connect_outbox WHERE operation = $1 AND key = $2";

/// All references in tables of version 1.
pub(crate) const REFERENCES_VERSION_1: &str = "SELECT id, state, content_hash, reference FROM vitec_connect_outbox
    WHERE reference IS NOT NULL ORDER BY id";

/// rejected → pending, with other content: nothing had been created. Attempts up to now were made with the old content.
pub(crate) const CORRECT: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET customer_id = $2, contact_id = $3, payload = $4, content_hash = $5, reference = $6, line = $7,
    state = 'pending', corrected = attempt, answer = NULL, message = NULL, kind = NULL, status = NULL, changed_at = $8
    WHERE id = $1 AND state = 'rejected' AND content_hash <> $5"
);

/// rejected or pending → pending, with another body, on a person's word. What was sent before was the old content.
pub(crate) const CORRECT_ROW: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET payload = $2, content_hash = $3,
    state = 'pending', corrected = attempt, answer = NULL, message = NULL, kind = NULL, status = NULL, changed_at = $4
    WHERE id = $1 AND state IN ('rejected', 'pending') AND payload IS NOT NULL"
);

/// pending → sending, for `$2` rows of customer `$1`. To be committed before anything is sent. `$3` is the claiming
/// delivery, `$4` its number for this claim, and `$5` the end of the lease. Together with the row comes how often its
/// customer was released by then.
macro_rules! claim {
    ($customer:literal, $also:literal, $lock:literal) => {
        concat!(
            "WITH picked(picked_id) AS MATERIALIZED (
        SELECT id FROM ",
            rows!(),
            " WHERE state = 'pending' AND customer_id = $1
        AND EXISTS (SELECT 1 FROM ",
            customers!(),
            " WHERE customer_id = $1 AND state = ",
            $customer,
            ")",
            $also,
            " ORDER BY id LIMIT $2",
            $lock,
            ")
    UPDATE ",
            rows!(),
            " AS o
    SET state = 'sending', attempt = o.attempt + 1, owner = $3, claim = $4, lease_until = $5, changed_at = $6
    FROM picked WHERE o.id = picked_id
    RETURNING id, operation, customer_id, contact_id, payload, attempt, reference, line,
    (SELECT releases FROM ",
            customers!(),
            " WHERE customer_id = $1)"
        )
    };
}

/// Of a customer whose credentials work. Where one transaction writes at a time.
pub(crate) const CLAIM: &str = claim!("'proven'", "", "");

/// Of one whose credentials were not answered yet: one row at a time, over all deliveries.
pub(crate) const CLAIM_FIRST: &str = claim!(
    "'new'",
    " AND NOT EXISTS (SELECT 1 FROM vitec_connect_rows WHERE state = 'sending' AND customer_id = $1)",
    ""
);

/// The same where several transactions write: two deliveries do not wait for each other.
#[cfg(feature = "postgres")]
pub(crate) const CLAIM_SKIPPING_LOCKED: &str = claim!("'proven'", "", " FOR UPDATE SKIP LOCKED");

/// See [`CLAIM_FIRST`]. [`TURN_SKIPPING_LOCKED`] comes before.
#[cfg(feature = "postgres")]
pub(crate) const CLAIM_FIRST_SKIPPING_LOCKED: &str = claim!(
    "'new'",
    " AND NOT EXISTS (SELECT 1 FROM vitec_connect_rows WHERE state = 'sending' AND customer_id = $1)",
    " FOR UPDATE SKIP LOCKED"
);

/// A customer of whom nothing is known yet.
pub(crate) const MEET: &str = concat!(
    "INSERT INTO ",
    customers!(),
    " (customer_id, state, releases, changed_at) VALUES ($1, 'new', 0, $2) ON CONFLICT (customer_id) DO NOTHING"
);

/// The one delivery that may send a customer's first row: the others pass by while its transaction lasts, and see its
/// row under way afterwards.
#[cfg(feature = "postgres")]
pub(crate) const TURN_SKIPPING_LOCKED: &str = concat!(
    "SELECT customer_id FROM ",
    customers!(),
    " WHERE customer_id = $1 AND state = 'new' FOR UPDATE SKIP LOCKED"
);

/// new → proven: a call that was claimed after release `$2` was answered.
pub(crate) const PROVE: &str = concat!(
    "UPDATE ",
    customers!(),
    " SET state = 'proven', changed_at = $3 WHERE customer_id = $1 AND releases = $2 AND state = 'new'"
);

/// new or proven → held: a call that was claimed after release `$2` was refused. One that was claimed before says nothing
/// of the credentials that there are now.
pub(crate) const HOLD: &str = concat!(
    "UPDATE ",
    customers!(),
    " SET state = 'held', why = $3, status = $4, who = NULL, changed_at = $5
    WHERE customer_id = $1 AND releases = $2 AND state <> 'held'"
);

/// anything → held, on a person's word.
pub(crate) const HOLD_CUSTOMER: &str = concat!(
    "INSERT INTO ",
    customers!(),
    " (customer_id, state, releases, why, changed_at) VALUES ($1, 'held', 0, $2, $3)
    ON CONFLICT (customer_id) DO UPDATE SET state = 'held', why = $2, status = NULL, who = NULL, changed_at = $3"
);

/// held → new, on a person's word, or as its credentials are others now.
pub(crate) const RELEASE_CUSTOMER: &str = concat!(
    "UPDATE ",
    customers!(),
    " SET state = 'new', releases = releases + 1, why = NULL, status = NULL, who = NULL, changed_at = $2
    WHERE customer_id = $1 AND state = 'held'"
);

/// All that are held, and how many rows wait for each.
pub(crate) const HOLDS: &str = concat!(
    "SELECT customer_id, why, status, who, changed_at, (SELECT count(*) FROM ",
    rows!(),
    " AS o WHERE o.state = 'pending' AND o.customer_id = c.customer_id) FROM ",
    customers!(),
    " AS c WHERE c.state = 'held' ORDER BY customer_id"
);

/// sending → anything, for the attempt that it is the answer of and no other.
///
/// An answer can be late: its row was taken for `unknown` when the lease ran out, and it still settles that. Where a
/// person has put the row back to `pending` since, only the news that it *was* accepted counts: it keeps the row from
/// being sent again. The same answer can come twice, where it was not heard that the first was recorded: delivery `$9` is
/// the row's owner, for [`RECORDED`], also where the lease had run out and it had none.
pub(crate) const RECORD: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET state = $3, answer = $4, message = $5, kind = $6, status = $7, lease_until = NULL, changed_at = $8, owner = $9
    WHERE id = $1 AND attempt = $2
    AND (state IN ('sending', 'unknown') OR state = $3 OR $3 = 'accepted')"
);

/// What no [`RECORD`] takes: attempt `$2`, made with the content from before the row was corrected, was accepted. The
/// correction is then not sent any more, and the message says so. It can be asked again, as there.
pub(crate) const SUPERSEDED: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET state = 'accepted', answer = $3, message = ",
    superseded!(),
    ", kind = NULL, status = NULL, lease_until = NULL, changed_at = $4
    WHERE id = $1 AND corrected >= $2 AND (state IN ('pending', 'rejected', 'dropped') OR message = ",
    superseded!(),
    ")"
);

/// Whether delivery `$3` has recorded the attempt already, and a person has decided about the row since. A row that
/// became `unknown` because its lease ran out has no owner until its answer is recorded, and one that is `sending` was
/// taken by [`RECORD`].
pub(crate) const RECORDED: &str = concat!(
    "SELECT id FROM ",
    rows!(),
    " WHERE id = $1 AND attempt = $2 AND owner = $3"
);

/// A delivery's row that is in hand stays its own. A renewal that lands late shortens nothing; a row that is not `sending`
/// has no lease.
pub(crate) const RENEW: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET lease_until = $3 WHERE id = $1 AND attempt = $2 AND lease_until < $3"
);

/// sending → pending, for claims `$2` to `$3` of delivery `$1`, of which it is known that none of their rows was sent.
pub(crate) const RELEASE: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET state = 'pending', owner = NULL, lease_until = NULL, changed_at = $4
    WHERE state = 'sending' AND owner = $1 AND claim >= $2 AND claim <= $3"
);

/// sending → unknown.
macro_rules! orphans {
    ($which:literal) => {
        concat!(
            "UPDATE ",
            rows!(),
            " SET state = 'unknown', message = $1, owner = NULL, lease_until = NULL, changed_at = $2
    WHERE state = 'sending'",
            $which
        )
    };
}

/// For rows whose lease ran out: whoever claimed them may have sent them.
pub(crate) const EXPIRED: &str = orphans!(" AND lease_until < $2");

/// For all rows, where it is known that nobody delivers.
pub(crate) const ORPHANS: &str = orphans!("");

/// What [`EXPIRED`] and [`ORPHANS`] say.
pub(crate) const ORPHANED: &str = "the delivery ended before the answer was recorded. It may have been created all the \
     same. Look in Vitec before sending it again.";

/// unknown → pending, for all of them. Only what is finished is ever purged: there is something to send.
pub(crate) const RETRY_UNKNOWN: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET state = 'pending', changed_at = $1 WHERE state = 'unknown'"
);

/// rejected or unknown → pending.
pub(crate) const REQUEUE: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET state = 'pending', changed_at = $2
    WHERE id = $1 AND state IN ('rejected', 'unknown') AND payload IS NOT NULL"
);

/// unknown → accepted, on a person's word.
pub(crate) const RESOLVE_ACCEPTED: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET state = 'accepted', message = 'resolved as accepted', changed_at = $2 WHERE id = $1 AND state = 'unknown'"
);

/// unknown → pending, on a person's word.
pub(crate) const RESOLVE_NOT_SENT: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET state = 'pending', changed_at = $2 WHERE id = $1 AND state = 'unknown'"
);

/// pending, rejected or unknown → dropped, on a person's word. It stays: the same file does not bring it back.
pub(crate) const DROP: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET state = 'dropped', changed_at = $2 WHERE id = $1 AND state IN ('pending', 'rejected', 'unknown')"
);

/// Removes what may be personal from rows that were finished before `$1`. A trigger does the same in their history.
pub(crate) const PURGE: &str = concat!(
    "UPDATE ",
    rows!(),
    " SET payload = NULL, answer = NULL, message = NULL
    WHERE state IN ('accepted', 'rejected', 'dropped') AND changed_at < $1
    AND (payload IS NOT NULL OR answer IS NOT NULL OR message IS NOT NULL)"
);

/// The customers that rows wait for and that are not held, by leaps through the index instead of a walk through all rows. `UNION` ends the
/// leaps: behind the last customer comes NULL, and behind that the same again.
pub(crate) const CUSTOMERS: &str = concat!(
    "WITH RECURSIVE waiting(id) AS (
        SELECT min(customer_id) FROM ",
    rows!(),
    " WHERE state = 'pending'
        UNION
        SELECT (SELECT min(customer_id) FROM ",
    rows!(),
    " WHERE state = 'pending' AND customer_id > waiting.id)
        FROM waiting)
    SELECT id FROM waiting WHERE id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ",
    customers!(),
    " WHERE customer_id = waiting.id AND state = 'held')"
);

/// How many rows are in each state.
pub(crate) const COUNTS: &str = concat!("SELECT state, count(*) FROM ", rows!(), " GROUP BY state");

/// At most `$2` rows with numbers above `$1`, in their order; those in state `$3`, of customer `$4`, changed since `$5`,
/// where that is given.
pub(crate) const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM ",
    rows!(),
    " WHERE id > $1 AND ($3 IS NULL OR state = $3) AND ($4 IS NULL OR customer_id = $4)
    AND ($5 IS NULL OR changed_at >= $5) ORDER BY id LIMIT $2"
);

/// What became of row `$1`, in order.
pub(crate) const HISTORY: &str = concat!(
    "SELECT at, attempt, state, status, message, who FROM ",
    history!(),
    " WHERE row_id = $1 ORDER BY number"
);

/// Since when the row waits that has waited longest.
pub(crate) const OLDEST: &str = concat!("SELECT min(changed_at) FROM ", rows!(), " WHERE state = 'pending'");

/// What has become of so many rows, by their numbers.
pub(crate) fn standing(rows: usize) -> String {
    let numbers: Vec<_> = (1..=rows).map(|number| format!("${number}")).collect();
    format!(
        concat!(
            "SELECT id, state, answer, message, kind, status, lease_until FROM ",
            rows!(),
            " WHERE id IN ({}) ORDER BY id"
        ),
        numbers.join(", ")
    )
}

/// A fact about the outbox as a whole.
pub(crate) const META: &str = "SELECT value FROM vitec_connect_outbox_meta WHERE name = $1";

/// Notes such a fact, unless it is known.
pub(crate) const SET_META: &str = "INSERT INTO vitec_connect_outbox_meta VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// Notes what such a fact is now.
pub(crate) const CHANGE_META: &str = "INSERT INTO vitec_connect_outbox_meta VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = $2";

/// The version of the tables. A program refuses tables that are newer than itself.
pub(crate) const VERSION: &str = "3";

/// The version before: there were no holds and no history, and no row could be dropped.
pub(crate) const VERSION_2: &str = "2";

/// The version before that: there were no claim numbers, and a space more made another reference.
pub(crate) const VERSION_1: &str = "1";

/// From [`VERSION_1`]: rows with references, from the one behind `$1`.
pub(crate) const UPGRADE_REFERENCES: &str = "SELECT id, reference FROM vitec_connect_outbox
    WHERE id > $1 AND reference IS NOT NULL ORDER BY id LIMIT $2";

/// From [`VERSION_1`]: row `$1` is found under `$2` too. No newer row needs that.
pub(crate) const RENAME: &str = "UPDATE vitec_connect_outbox SET lookup = $2 WHERE id = $1";

/// From [`VERSION_1`]: `$2` becomes row `$1`'s key, unless another row has it. So a new row with the same reference meets
/// the constraint.
pub(crate) const REKEY: &str = "UPDATE vitec_connect_outbox SET key = $2 WHERE id = $1
    AND NOT EXISTS (SELECT 1 FROM vitec_connect_outbox AS o WHERE o.operation = vitec_connect_outbox.operation
    AND o.key = $2)";

/// From an older version: how each row's history begins.
pub(crate) const FIRST_HISTORY: &str = concat!(
    "INSERT INTO ",
    history!(),
    " (row_id, number, at, attempt, state, status, message, who)
    SELECT id, 1, changed_at, attempt, state, status, message, 'before version 3' FROM ",
    rows!()
);

/// From an older version: customers whose credentials have worked.
pub(crate) const FIRST_CUSTOMERS: &str = concat!(
    "INSERT INTO ",
    customers!(),
    " (customer_id, state, releases, changed_at)
    SELECT customer_id, 'proven', 0, max(changed_at) FROM ",
    rows!(),
    " WHERE state = 'accepted' GROUP BY customer_id"
);
