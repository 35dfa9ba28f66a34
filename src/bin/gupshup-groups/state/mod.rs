//! The state of `diff` and `watch`: the lists as last seen, and the changes that are or were to be reported.
//!
//! A listing is saved in one transaction with its changes, before they are reported; each change is marked after its
//! report. So every change is reported at least once, even the removal of a group whose creation was reported just before a
//! crash, and a run that was stopped repeats only what it has not marked.

mod outbox;
mod schema;

use std::path::{Path, PathBuf};

use gupshup_groups::{Change, Group, Snapshot, Update};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::now;
use crate::span::span;

#[derive(Debug)]
pub(crate) struct State {
    db: Connection,
    path: PathBuf,
}

/// The list of an app as last seen.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) list: Snapshot,
    /// The number of saved listings.
    revision: i64,
}

/// What became of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    /// It is saved, with its changes.
    Yes,
    /// Another run has saved a listing meanwhile, and reports its changes: this one is dropped.
    Overtaken,
}

impl State {
    pub(crate) fn open(path: &Path, must_exist: bool) -> Result<Self, Failure> {
        Ok(Self { db: schema::open(path, must_exist)?, path: path.to_owned() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The list of an app, if there is one.
    pub(crate) fn known(&self, app: &str) -> Result<Option<Known>, Failure> {
        let Some(revision) = revision(&self.db, app).map_err(|error| self.problem(&error))? else { return Ok(None) };
        let groups = active(&self.db, app).map_err(|error| self.problem(&error))?;
        let list = snapshot(groups)
            .map_err(|error| Failure::file(&self.path, format_args!("its list of {app} is damaged ({error})"), ""))?;
        Ok(Some(Known { list, revision }))
    }

    /// Saves a listing that was compared with `known`. `initial`: the groups of a first list are changes.
    pub(crate) fn save(
        &self,
        app: &str,
        known: Option<&Known>,
        update: Option<&Update>,
        initial: bool,
    ) -> Result<Saved, Failure> {
        let is_first = known.is_none();
        let changes = update.map_or(&[][..], |update| &*update.changes);
        let to_report = if is_first && !initial { &[][..] } else { changes };
        let save = || {
            // A report must not be older than the state after a power cut. Without changes, the next commit is soon enough.
            self.db.pragma_update(None, "synchronous", if to_report.is_empty() { "NORMAL" } else { "FULL" })?;
            let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
            if revision(&transaction, app)? != known.map(|known| known.revision) {
                return Ok(Saved::Overtaken);
            }
            let now = now();
            let before = touch(&transaction, app, &now)?;
            apply(&transaction, app, changes, &before, &now)?;
            outbox::add(&transaction, app, to_report, &now)?;
            transaction.commit()?;
            Ok(Saved::Yes)
        };
        save().map_err(|error: rusqlite::Error| self.problem(&error))
    }

    fn problem(&self, error: &rusqlite::Error) -> Failure {
        problem(&self.path, error)
    }
}

/// SQLite's error in the words of the person who reads it.
fn problem(path: &Path, error: &rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failure::new(
            Exit::Locked,
            format!("{}: another run writes to it; waited {}", path.display(), span(schema::PATIENCE)),
            "run again when it has ended",
        ),
        Some(ErrorCode::DiskFull) => Failure::file(path, "the disk is full, so the state is as before", "make room"),
        Some(ErrorCode::SystemIoFailure) => Failure::file(
            path,
            format_args!("reading or writing failed ({error}); what was saved stays"),
            "make room if the disk is full; otherwise check it",
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Failure::file(
            path,
            format_args!("it cannot be written ({error})"),
            "let this user write to it and its directory",
        ),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Failure::file(
            path,
            format_args!("it is damaged or not a database ({error})"),
            "restore it, or move it away: the first run saves the lists again",
        ),
        _ => Failure::file(path, error, ""),
    }
}

fn revision(db: &Connection, app: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT revision FROM apps WHERE app_id = ?1")?.query_row([app], |row| row.get(0)).optional()
}

/// The newest first, as the API lists them.
fn active(db: &Connection, app: &str) -> rusqlite::Result<Vec<Group>> {
    db.prepare_cached(
        "SELECT id, subject, created FROM group_rows WHERE app_id = ?1 AND removed IS NULL ORDER BY created DESC, id",
    )?
    .query_map([app], |row| Ok(Group::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?)))?
    .collect()
}

/// A snapshot has no constructor, only a saved form.
fn snapshot(groups: Vec<Group>) -> serde_json::Result<Snapshot> {
    #[derive(Serialize)]
    struct Form {
        version: u32,
        groups: Vec<Group>,
    }
    serde_json::from_str(&serde_json::to_string(&Form { version: 1, groups })?)
}

/// Notes the listing. Returns the time of the one before it.
fn touch(db: &Connection, app: &str, now: &str) -> rusqlite::Result<String> {
    let before = db.prepare_cached("SELECT last_listed FROM apps WHERE app_id = ?1")?;
    let before = { before }.query_row([app], |row| row.get(0)).optional()?;
    db.prepare_cached(
        "INSERT INTO apps (app_id, first_listed, last_listed, revision) VALUES (?1, ?2, ?2, 1)
         ON CONFLICT DO UPDATE SET last_listed = excluded.last_listed, revision = revision + 1",
    )?
    .execute(params![app, now])?;
    Ok(before.unwrap_or_else(|| now.to_owned()))
}

/// `before`: when the app was listed before, and so a removed group was last seen.
fn apply(db: &Connection, app: &str, changes: &[Change], before: &str, now: &str) -> rusqlite::Result<()> {
    // A group that was removed may return: the API leaves out suspended ones.
    let mut upsert = db.prepare_cached(
        "INSERT INTO group_rows (app_id, id, subject, created, first_seen) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET subject = excluded.subject, created = excluded.created, last_seen = NULL, removed = NULL",
    )?;
    let mut remove =
        db.prepare_cached("UPDATE group_rows SET removed = ?3, last_seen = ?4 WHERE app_id = ?1 AND id = ?2")?;
    for change in changes {
        let Group { id, subject, creation_timestamp, .. } = change.group();
        match change {
            Change::Removed(_) => remove.execute(params![app, id, now, before])?,
            _ => upsert.execute(params![app, id, subject, creation_timestamp, now])?,
        };
    }
    Ok(())
}
