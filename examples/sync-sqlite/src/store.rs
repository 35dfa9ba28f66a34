//! The database: what it holds, and the one transaction that changes it.

use std::error::Error;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use gupshup_groups::{ListGroups, PageSource, Snapshot};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

/// A group is marked as gone, not deleted: what else you know of it stays, and it may come back, since the API leaves out
/// groups that are suspended.
///
/// The app is part of the key. Two apps in one database do not take each other's groups for missing.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS groups (
        app_id     TEXT NOT NULL,
        id         TEXT NOT NULL,
        subject    TEXT NOT NULL,
        created_at INTEGER NOT NULL,  -- seconds since 1970, as the API says
        gone_at    INTEGER,           -- when a complete listing first lacked it; NULL while it is listed
        PRIMARY KEY (app_id, id)
    ) WITHOUT ROWID, STRICT";

/// What a sync has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) created: usize,
    pub(crate) renamed: usize,
    /// Listed before, and now for the first time not.
    pub(crate) removed: usize,
    /// Marked as gone before, and now listed again.
    pub(crate) returned: usize,
    pub(crate) unchanged: usize,
}

/// A row, without what is its key.
type Row = (String, i64, Option<i64>);

/// Opens a database, or makes it where there is none.
pub(crate) fn open(path: impl AsRef<Path>) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.execute_batch(SCHEMA)?;
    Ok(db)
}

/// Lists all groups and puts them into the database: all of them, or on any error nothing.
///
/// Only a `Snapshot` comes as far as the database, and there is none of a listing that stopped early. So nothing is taken
/// for missing because the network failed.
pub(crate) async fn sync<S: PageSource + Clone>(
    groups: &ListGroups<S>,
    db: &mut Connection,
    app_id: &str,
) -> Result<Changes, Box<dyn Error>> {
    let snapshot = groups.snapshot().await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    // The lock is taken after the listing, so that nobody waits for the network; and before the rows are read, so that
    // nobody changes them in between.
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let changes = apply(&transaction, app_id, &snapshot, i64::try_from(now)?)?;
    // Until here the database is as before, and from here as after, whatever happens to this process or its machine. An
    // error on the way drops the transaction, which rolls it back.
    transaction.commit()?;
    Ok(changes)
}

fn apply(db: &Transaction<'_>, app_id: &str, snapshot: &Snapshot, now: i64) -> rusqlite::Result<Changes> {
    let mut find = db.prepare("SELECT subject, created_at, gone_at FROM groups WHERE app_id = ?1 AND id = ?2")?;
    let mut upsert = db.prepare(
        "INSERT INTO groups (app_id, id, subject, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET subject = excluded.subject, created_at = excluded.created_at, gone_at = NULL",
    )?;
    let mut changes = Changes::default();
    for group in snapshot {
        let mut rows = find.query(params![app_id, group.id])?;
        let row: Option<Row> = match rows.next()? {
            Some(row) => Some((row.get(0)?, row.get(1)?, row.get(2)?)),
            None => None,
        };
        drop(rows);
        match row {
            None => changes.created += 1,
            Some((_, _, Some(_gone_at))) => changes.returned += 1,
            Some((subject, created_at, None)) if subject == group.subject && created_at == group.creation_timestamp => {
                changes.unchanged += 1;
                continue;
            }
            Some(_) => changes.renamed += 1,
        }
        upsert.execute(params![app_id, group.id, group.subject, group.creation_timestamp])?;
    }
    for id in missing(db, app_id, snapshot)? {
        db.execute("UPDATE groups SET gone_at = ?3 WHERE app_id = ?1 AND id = ?2", params![app_id, id, now])?;
        changes.removed += 1;
    }
    Ok(changes)
}

/// The groups that the database has, and the listing has not.
fn missing(db: &Transaction<'_>, app_id: &str, snapshot: &Snapshot) -> rusqlite::Result<Vec<String>> {
    let mut known = db.prepare("SELECT id FROM groups WHERE app_id = ?1 AND gone_at IS NULL")?;
    let ids = known.query_map([app_id], |row| row.get::<_, String>(0))?;
    ids.filter(|id| id.as_ref().map_or(true, |id| snapshot.get(id).is_none())).collect()
}

#[cfg(test)]
mod tests;
