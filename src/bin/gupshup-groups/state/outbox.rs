//! The changes that are to be reported.

use gupshup_groups::{Change, Group};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use super::State;
use crate::exit::Failure;
use crate::output::now;

/// A change that is not reported yet.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    number: i64,
    pub(crate) change: Change,
    /// When the listing that showed it ended.
    pub(crate) observed: String,
}

/// The right to report the changes of an app. While it is held, other runs wait.
///
/// Dropping it keeps the marks only if [`end`](Self::end) was called.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    state: &'a State,
    transaction: Transaction<'a>,
    app: &'a str,
}

/// Adds changes in the order of their report.
pub(super) fn add(db: &Connection, app: &str, changes: &[Change], now: &str) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO changes (app_id, change, id, subject, created, subject_before, created_before, observed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for change in changes {
        let (kind, before) = match change {
            Change::Created(_) => ("created", None),
            Change::Renamed { before, .. } => ("renamed", Some(before)),
            Change::Removed(_) => ("removed", None),
            Change::Changed { before, .. } => ("changed", Some(before)),
            // The library may add kinds.
            _ => ("changed", None),
        };
        let Group { id, subject, creation_timestamp, .. } = change.group();
        let (subject_before, created_before) = (before.map(|it| &it.subject), before.map(|it| it.creation_timestamp));
        insert.execute(params![app, kind, id, subject, creation_timestamp, subject_before, created_before, now])?;
    }
    Ok(())
}

impl State {
    /// Whether changes of an app are to be reported.
    pub(crate) fn has_unreported(&self, app: &str) -> Result<bool, Failure> {
        self.db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM changes WHERE app_id = ?1 AND reported IS NULL)")
            .and_then(|mut exists| exists.query_row([app], |row| row.get(0)))
            .map_err(|error| self.problem(&error))
    }

    /// How many changes of an app are to be reported.
    pub(crate) fn unreported(&self, app: &str) -> Result<u64, Failure> {
        self.db
            .prepare_cached("SELECT count(*) FROM changes WHERE app_id = ?1 AND reported IS NULL")
            .and_then(|mut count| count.query_row([app], |row| row.get::<_, i64>(0)))
            .map(i64::unsigned_abs)
            .map_err(|error| self.problem(&error))
    }

    /// Begins to report the changes of an app.
    pub(crate) fn report<'a>(&'a self, app: &'a str) -> Result<Report<'a>, Failure> {
        // A mark that a power cut loses is a change that is reported again.
        self.db
            .pragma_update(None, "synchronous", "NORMAL")
            .and_then(|()| Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate))
            .map(|transaction| Report { state: self, transaction, app })
            .map_err(|error| self.problem(&error))
    }
}

impl Report<'_> {
    /// The next changes, in order.
    pub(crate) fn next(&self, limit: usize) -> Result<Vec<Pending>, Failure> {
        let read = || {
            self.transaction
                .prepare_cached(
                    "SELECT number, change, id, subject, created, subject_before, created_before, observed FROM changes
                     WHERE app_id = ?1 AND reported IS NULL ORDER BY number LIMIT ?2",
                )?
                .query_map(params![self.app, i64::try_from(limit).unwrap_or(i64::MAX)], pending)?
                .collect::<rusqlite::Result<_>>()
        };
        read().map_err(|error| self.state.problem(&error))
    }

    /// Marks changes as reported.
    pub(crate) fn mark(&self, changes: &[Pending]) -> Result<(), Failure> {
        let mark = || {
            let now = now();
            let mut mark = self.transaction.prepare_cached("UPDATE changes SET reported = ?2 WHERE number = ?1")?;
            changes.iter().try_for_each(|change| mark.execute(params![change.number, now]).map(drop))
        };
        mark().map_err(|error| self.state.problem(&error))
    }

    /// Keeps the marks, and lets other runs write.
    pub(crate) fn end(self) -> Result<(), Failure> {
        self.transaction.commit().map_err(|error| self.state.problem(&error))
    }
}

fn pending(row: &Row<'_>) -> rusqlite::Result<Pending> {
    let after = Group::new(row.get::<_, String>(2)?, row.get::<_, String>(3)?, row.get(4)?);
    let before = match (row.get::<_, Option<String>>(5)?, row.get(6)?) {
        (Some(subject), Some(created)) => Some(Group::new(after.id.clone(), subject, created)),
        _ => None,
    };
    let change = match (&*row.get::<_, String>(1)?, before) {
        ("removed", _) => Change::Removed(after),
        ("renamed", Some(before)) => Change::Renamed { before, after },
        ("changed", Some(before)) => Change::Changed { before, after },
        _ => Change::Created(after),
    };
    Ok(Pending { number: row.get(0)?, change, observed: row.get(7)? })
}
