//! The state machine, in SQL: each transition is one statement that both databases run.
//!
//! `?1` is a parameter, and `NOW` the database's own clock; each database puts its own words in their place.

use crate::row::State;
use crate::store::Change;

/// The columns of a row, in the order in which they are read.
const COLUMNS: &str = "id, operation, key, reference, line, customer_id, contact_id, payload, state, attempt, \
     answer, message, kind, status, created_at, changed_at";

/// Stores a row unless its key is there.
pub(crate) const INSERT: &str = "INSERT INTO vitec_connect_outbox
    (operation, key, content_hash, reference, line, customer_id, contact_id, payload, state, created_at, changed_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'pending', NOW, NOW)
    ON CONFLICT (operation, key) DO NOTHING RETURNING id";

/// The row that has the key already.
pub(crate) const FIND: &str =
    "SELECT id, state, content_hash FROM vitec_connect_outbox WHERE operation = ?1 AND key = ?2";

/// pending → sending. To be committed before anything is sent. The claiming delivery is `?3`; `LEASE` is when the
/// claim ends unless it is renewed, and `SKIP_LOCKED` keeps two deliveries from waiting for each other.
pub(crate) const CLAIM: &str = "WITH picked(picked_id) AS MATERIALIZED (
        SELECT id FROM vitec_connect_outbox WHERE state = 'pending' AND customer_id = ?1 ORDER BY id LIMIT ?2 SKIP_LOCKED)
    UPDATE vitec_connect_outbox AS o
    SET state = 'sending', attempt = o.attempt + 1, owner = ?3, lease_until = LEASE, changed_at = NOW
    FROM picked WHERE o.id = picked_id
    RETURNING id, operation, customer_id, contact_id, payload, attempt, reference, line, NOW";

/// sending → anything, for the attempt that it is the answer of and no other.
///
/// An answer can be late: its row was taken for `unknown` when the lease ran out, and it still settles that. Where a
/// person has put the row back to `pending` since, only the news that it *was* accepted counts: it keeps the row from
/// being sent again.
pub(crate) const RECORD: &str = "UPDATE vitec_connect_outbox
    SET state = ?3, answer = ?4, message = ?5, kind = ?6, status = ?7, owner = NULL, lease_until = NULL, changed_at = NOW
    WHERE id = ?1 AND attempt = ?2
    AND (state IN ('sending', 'unknown') OR (state = 'pending' AND ?3 = 'accepted'))";

/// sending → unknown, for rows whose delivery is gone; the database adds which those are.
pub(crate) const ORPHANS: &str = "UPDATE vitec_connect_outbox
    SET state = 'unknown', message = ?1, owner = NULL, lease_until = NULL, changed_at = NOW
    WHERE state = 'sending'";

/// What [`ORPHANS`] says.
pub(crate) const ORPHANED: &str = "the delivery ended before the answer was recorded. It may have been created all the \
     same. Look in Vitec before sending it again.";

/// unknown → pending, for all of them.
pub(crate) const RETRY_UNKNOWN: &str = "UPDATE vitec_connect_outbox SET state = 'pending', changed_at = NOW
    WHERE state = 'unknown' AND payload IS NOT NULL";

/// rejected or unknown → pending.
pub(crate) const REQUEUE: &str = "UPDATE vitec_connect_outbox SET state = 'pending', changed_at = NOW
    WHERE id = ?1 AND state IN ('rejected', 'unknown') AND payload IS NOT NULL";

/// unknown → accepted, on a person's word.
pub(crate) const RESOLVE_ACCEPTED: &str =
    "UPDATE vitec_connect_outbox SET state = 'accepted', message = 'resolved as accepted', changed_at = NOW
    WHERE id = ?1 AND state = 'unknown'";

/// unknown → pending, on a person's word.
pub(crate) const RESOLVE_NOT_SENT: &str = "UPDATE vitec_connect_outbox SET state = 'pending', changed_at = NOW
    WHERE id = ?1 AND state = 'unknown'";

/// Removes what may be personal from finished rows; `BEFORE` is the end of the time to keep it.
pub(crate) const PURGE: &str = "UPDATE vitec_connect_outbox SET payload = NULL, answer = NULL, message = NULL
    WHERE state IN ('accepted', 'rejected') AND changed_at < BEFORE
    AND (payload IS NOT NULL OR answer IS NOT NULL OR message IS NOT NULL)";

/// The customers that rows wait for, by leaps through the index instead of a walk through all rows.
pub(crate) const CUSTOMERS: &str = "WITH RECURSIVE waiting(id) AS (
        SELECT min(customer_id) FROM vitec_connect_outbox WHERE state = 'pending'
        UNION ALL
        SELECT (SELECT min(customer_id) FROM vitec_connect_outbox WHERE state = 'pending' AND customer_id > waiting.id)
        FROM waiting WHERE waiting.id IS NOT NULL)
    SELECT id FROM waiting WHERE id IS NOT NULL";

/// How many rows are in each state.
pub(crate) const COUNTS: &str = "SELECT state, count(*) FROM vitec_connect_outbox GROUP BY state";

/// A fact about the outbox as a whole.
pub(crate) const META: &str = "SELECT value FROM vitec_connect_outbox_meta WHERE name = ?1";

/// The version of the tables. A program refuses tables that are newer than itself.
pub(crate) const VERSION: &str = "1";

/// Rows by their number, from the one behind `after`.
pub(crate) fn list(only: Option<State>, after: i64, limit: u32) -> String {
    let only = only.map_or(String::new(), |state| format!("AND state = '{state}' "));
    format!("SELECT {COLUMNS} FROM vitec_connect_outbox WHERE id > {after} {only}ORDER BY id LIMIT {limit}")
}

impl Change {
    pub(crate) fn statement(self) -> &'static str {
        match self {
            Self::Requeue => REQUEUE,
            Self::ResolveAccepted => RESOLVE_ACCEPTED,
            Self::ResolveNotSent => RESOLVE_NOT_SENT,
        }
    }
}
