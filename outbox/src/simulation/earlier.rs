//! Rows that are there before a schedule begins, and could be taken for those of its files.

use chrono::{DateTime, Utc};
use fastrand::Rng;
use rusqlite::Transaction;

use super::plan::{Line, pick};
use crate::reference;
use crate::sqlite::transactions;

/// A row that has the same reference as a line of the files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Earlier {
    /// Whose reference it has.
    line: Line,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It is that line's own.
    Same,
    /// Another promise, whose reference has a space more: version 1 took it for another reference.
    Twin,
    /// It is for another operation.
    OtherOperation,
    /// Both.
    OtherTwin,
}

impl Earlier {
    /// For some of the lines.
    pub(super) fn draw(rng: &mut Rng, lines: &[Line]) -> Vec<Self> {
        let mut all = Vec::new();
        if rng.u8(..4) > 0 {
            return all;
        }
        for line in lines.iter().copied().filter(|line| line.has_reference) {
            if rng.u8(..3) > 0 {
                continue;
            }
            let kind = pick(rng, &[Kind::Twin, Kind::OtherOperation, Kind::OtherTwin]);
            if kind == Kind::Twin {
                // Alone it would have the key.
                all.push(Self { line, kind: Kind::Same });
            }
            all.push(Self { line, kind });
        }
        all
    }

    /// Stores it, as the upgrade from version 1 leaves it.
    pub(super) fn put(&self, transaction: &Transaction<'_>, now: DateTime<Utc>) -> rusqlite::Result<()> {
        let is_twin = matches!(self.kind, Kind::Twin | Kind::OtherTwin);
        let line = match self.kind {
            Kind::Same => self.line,
            // A promise of its own.
            kind => Line {
                promise: 100 * kind as usize + self.line.promise,
                ..self.line
            },
        };
        let reference = format!("R{}", self.line.promise);
        let mut row = line.row();
        row.reference = (!is_twin).then(|| reference.clone());
        if matches!(self.kind, Kind::OtherOperation | Kind::OtherTwin) {
            row.operation = "another_operation";
        }
        transactions::enqueue(transaction, now, &row)?;
        if is_twin {
            transaction.execute(
                "UPDATE vitec_connect_rows SET reference = ?1, key = 'reference:' || ?1, lookup = ?2
                 WHERE id = last_insert_rowid()",
                (format!(" {reference}"), reference::key(&reference)),
            )?;
        }
        Ok(())
    }
}
