//! The database and its transactions.

use std::error::Error;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::TryStreamExt as _;
use gupshup_groups::{Checkpoint, Group, ListGroups, PageSource, Snapshot};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

/// A group is marked as removed, not deleted, so that your other data of it stays. It may return, since the API leaves
/// out suspended groups.
///
/// The app is part of the keys, so that several apps can share a database.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS groups (
        app_id     TEXT NOT NULL,
        id         TEXT NOT NULL,
        subject    TEXT NOT NULL,
        created_at INTEGER NOT NULL,  -- seconds since 1970, as the API says
        removed_at INTEGER,           -- when a consistent snapshot first lacked it; NULL while it is listed
        PRIMARY KEY (app_id, id)
    ) WITHOUT ROWID, STRICT;
    CREATE TABLE IF NOT EXISTS syncs (
        app_id     TEXT NOT NULL PRIMARY KEY,
        checkpoint TEXT,              -- where the first import of the app continues; NULL when it is done
        synced_at  INTEGER            -- when the rows were last the whole list; NULL until they are
    ) WITHOUT ROWID, STRICT";

/// The changes of a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Rows of the first import.
    pub(crate) imported: usize,
    pub(crate) created: usize,
    /// The subject or another value differs.
    pub(crate) changed: usize,
    /// No longer listed.
    pub(crate) removed: usize,
    /// Removed before, and listed again.
    pub(crate) returned: usize,
    pub(crate) unchanged: usize,
}

/// Whether a list without groups is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EmptyList {
    /// It is an error if the database has groups: a wrong app id or a failing server is more likely than an app that
    /// has lost all its groups.
    Refuse,
    /// The caller knows that the app has no groups.
    Accept,
}

/// Opens a database, or creates it.
pub(crate) fn open(path: impl AsRef<Path>) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.execute_batch(SCHEMA)?;
    Ok(db)
}

/// Makes the rows of an app equal to its list. On an error, only the first import may have written.
///
/// Only a consistent snapshot marks rows as removed: a plain one may lack a group because another was deleted
/// meanwhile.
pub(crate) async fn sync<S: PageSource + Clone>(
    groups: &ListGroups,
    db: &mut Connection,
    app_id: &str,
    empty: EmptyList,
) -> Result<Changes, Box<dyn Error>> {
    let imported = import(groups, db, app_id).await?;
    let snapshot = groups.consistent_snapshot().await?;
    Ok(Changes { imported, ..write(db, app_id, &snapshot, empty)? })
}

/// Writes the rows of an app that was never synced, page by page, so that they can be read before the list is complete.
/// Returns their number.
///
/// Each transaction writes a page and the checkpoint after it, so a killed import resumes after its last row. Nothing
/// is marked as removed here.
async fn import<S: PageSource + Clone>(
    groups: &ListGroups,
    db: &mut Connection,
    app_id: &str,
) -> Result<usize, Box<dyn Error>> {
    let (mut pages, is_resumed) = match state(db, app_id)? {
        State::Synced => return Ok(0),
        State::Importing(place) => (Box::pin(groups.clone().resume(place.parse()?).pages()), true),
        State::New => (Box::pin(groups.pages()), false),
    };
    let mut imported = 0;
    loop {
        match pages.try_next().await {
            Ok(Some(page)) => {
                write_page(db, app_id, &page.groups, &pages.checkpoint())?;
                imported += page.groups.len();
            }
            Ok(None) => return Ok(imported),
            // The checkpoint has expired. Its rows are written, and the snapshot has the rest.
            Err(error) if error.is_cursor_expired() && is_resumed => return Ok(imported),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The state of an app's syncs.
enum State {
    New,
    /// The first import is not finished. It resumes at this checkpoint.
    Importing(String),
    Synced,
}

fn state(db: &Connection, app_id: &str) -> rusqlite::Result<State> {
    let sql = "SELECT checkpoint FROM syncs WHERE app_id = ?1";
    let row: Option<Option<String>> = db.query_row(sql, [app_id], |row| row.get(0)).optional()?;
    Ok(match row {
        None => State::New,
        Some(Some(checkpoint)) => State::Importing(checkpoint),
        Some(None) => State::Synced,
    })
}

/// Writes the rows of a page, and the checkpoint after it.
fn write_page(db: &mut Connection, app_id: &str, groups: &[Group], checkpoint: &Checkpoint) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    upsert(&transaction, app_id, groups)?;
    let sql = "INSERT INTO syncs (app_id, checkpoint) VALUES (?1, ?2)
               ON CONFLICT DO UPDATE SET checkpoint = excluded.checkpoint";
    transaction.execute(sql, params![app_id, checkpoint.to_string()])?;
    transaction.commit()
}

/// Makes the rows of an app equal to a consistent snapshot, in one transaction with the state of the sync.
pub(crate) fn write(
    db: &mut Connection,
    app_id: &str,
    snapshot: &Snapshot,
    empty: EmptyList,
) -> Result<Changes, Box<dyn Error>> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    // The lock is taken after the listing, so that no writer waits for the network, and before the rows are read, so
    // that they do not change meanwhile.
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let missing = missing(&transaction, app_id, snapshot)?;
    if snapshot.is_empty() && !missing.is_empty() && empty == EmptyList::Refuse {
        let rows = missing.len();
        return Err(format!(
            "the list is empty, and the database has {rows} groups of this app: nothing was changed; check the app id, or \
             pass --allow-empty if the app has no groups"
        )
        .into());
    }
    let mut changes = upsert(&transaction, app_id, snapshot)?;
    for id in &missing {
        let sql = "UPDATE groups SET removed_at = ?3 WHERE app_id = ?1 AND id = ?2";
        transaction.execute(sql, params![app_id, id, now])?;
        changes.removed += 1;
    }
    let sql = "INSERT INTO syncs (app_id, synced_at) VALUES (?1, ?2)
               ON CONFLICT DO UPDATE SET checkpoint = NULL, synced_at = excluded.synced_at";
    transaction.execute(sql, params![app_id, now])?;
    // The commit is atomic, also in a crash. An error before it drops the transaction, which rolls it back.
    transaction.commit()?;
    Ok(changes)
}

/// A row without its key.
type Row = (String, i64, Option<i64>);

/// Writes the rows of listed groups.
fn upsert<'a>(
    db: &Transaction<'_>,
    app_id: &str,
    groups: impl IntoIterator<Item = &'a Group>,
) -> rusqlite::Result<Changes> {
    let mut find =
        db.prepare_cached("SELECT subject, created_at, removed_at FROM groups WHERE app_id = ?1 AND id = ?2")?;
    let mut upsert = db.prepare_cached(
        "INSERT INTO groups (app_id, id, subject, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET subject = excluded.subject, created_at = excluded.created_at, removed_at = NULL",
    )?;
    let mut changes = Changes::default();
    for group in groups {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let row: Option<Row> = find.query_row(params![app_id, group.id], row).optional()?;
        match row {
            None => changes.created += 1,
            Some((_, _, Some(_removed_at))) => changes.returned += 1,
            Some((subject, created_at, None)) if subject == group.subject && created_at == group.creation_timestamp => {
                changes.unchanged += 1;
                continue;
            }
            Some(_) => changes.changed += 1,
        }
        upsert.execute(params![app_id, group.id, group.subject, group.creation_timestamp])?;
    }
    Ok(changes)
}

/// The groups of the database that the list lacks.
fn missing(db: &Transaction<'_>, app_id: &str, snapshot: &Snapshot) -> rusqlite::Result<Vec<String>> {
    let mut known = db.prepare_cached("SELECT id FROM groups WHERE app_id = ?1 AND removed_at IS NULL")?;
    let ids = known.query_map([app_id], |row| row.get::<_, String>(0))?;
    ids.filter(|id| id.as_ref().map_or(true, |id| snapshot.get(id).is_none())).collect()
}

#[cfg(test)]
mod tests;
