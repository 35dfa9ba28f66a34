//! Keeps an SQLite database equal to an app's list of groups.
//!
//! ```sh
//! cargo run --example sync -- --demo
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --example sync -- groups.sqlite
//! ```
//!
//! Each sync lists all groups, compares them with the database, and writes the changes in one transaction: after a crash, the
//! database is as before or as after. A group that is no longer listed is marked, not deleted, so that your other data of it
//! stays, and since the API leaves out suspended groups, which may return. If the list suddenly lacks most groups, the sync
//! fails, and nothing is marked.
//!
//! With `--demo` it syncs four times: at first, after the list has changed, while the server refuses, and while it answers with
//! an empty list. The database is in memory. It prints:
//!
//! ```text
//! 2500 created, 0 changed, 0 removed; 2500 groups
//! 2 created, 1 changed, 1 removed; 2501 groups
//! failed; the database is unchanged
//! failed; the database is unchanged
//! ```
//!
//! Otherwise it syncs once: run it from a timer. Two syncs at the same time are safe: the later one to write compares its list
//! with what the database held when it began, so it fails if that has changed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

mod demo;

use std::env;
use std::error::Error;

use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Change, Error as ListError, Group, ListGroups, Snapshot, Update};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

/// `snapshots` holds each app's list as the library saves it; `groups` is what you query.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS snapshots (app_id TEXT NOT NULL PRIMARY KEY, snapshot TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS groups (
        app_id     TEXT NOT NULL,
        id         TEXT NOT NULL,
        subject    TEXT NOT NULL,
        created_at INTEGER NOT NULL,  -- seconds since 1970, as the API says
        removed_at INTEGER,           -- when a listing first lacked it; NULL while it is listed
        PRIMARY KEY (app_id, id)
    ) STRICT";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().skip(1).find(|argument| argument != "--demo");
    let mut db = Connection::open(path.as_deref().unwrap_or(":memory:"))?;
    db.execute_batch(SCHEMA)?;
    let (groups, demo) = demo::app_or_demo(FakeGroups::new(demo::groups(2500)))?;
    let Some(demo) = demo else {
        return sync(&groups, &mut db, &env::var("GUPSHUP_APP_ID")?).await;
    };

    let list = demo.groups();
    sync(&groups, &mut db, demo::APP_ID).await?;
    let ids: Vec<String> = list.groups().into_iter().map(|group| group.id).collect();
    list.create(Group::new("new-1", "Night shift", 1_750_000_100));
    list.create(Group::new("new-2", "Day shift", 1_750_000_200));
    list.rename(&ids[1000], "Help desk");
    list.delete(&ids[2000]);
    sync(&groups, &mut db, demo::APP_ID).await?;

    list.script([Fault::Error(ListError::api(401, None, "Authentication Failed"))]);
    report_failure(sync(&groups, &mut db, demo::APP_ID).await)?;
    for group in list.groups() {
        list.delete(&group.id);
    }
    report_failure(sync(&groups, &mut db, demo::APP_ID).await)
}

/// Lists the app, and writes what has changed since the last sync.
async fn sync(groups: &ListGroups, db: &mut Connection, app_id: &str) -> Result<(), Box<dyn Error>> {
    let saved = saved(db, app_id)?;
    let known: Option<Snapshot> = saved.as_deref().map(serde_json::from_str).transpose()?;
    // No lock is held while the network is used.
    let Some(update) = groups.update(known.as_ref()).await? else {
        println!("nothing has changed");
        return Ok(());
    };
    write(db, app_id, saved.as_deref(), &update)
}

fn saved(db: &Connection, app_id: &str) -> rusqlite::Result<Option<String>> {
    db.query_row("SELECT snapshot FROM snapshots WHERE app_id = ?1", [app_id], |row| row.get(0)).optional()
}

/// Writes the changes and the list that they lead to, in one transaction.
fn write(db: &mut Connection, app_id: &str, before: Option<&str>, update: &Update) -> Result<(), Box<dyn Error>> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if saved(&transaction, app_id)?.as_deref() != before {
        return Err("another sync of this app was faster: run again".into());
    }
    let (mut created, mut changed, mut removed) = (0, 0, 0);
    for change in &update.changes {
        match change {
            Change::Created(_) => created += 1,
            Change::Removed(_) => removed += 1,
            _ => changed += 1,
        }
        let group = change.group();
        if let Change::Removed(_) = change {
            let sql = "UPDATE groups SET removed_at = unixepoch() WHERE app_id = ?1 AND id = ?2";
            transaction.execute(sql, params![app_id, group.id])?;
        } else {
            let sql = "INSERT INTO groups (app_id, id, subject, created_at) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT DO UPDATE SET
                           subject = excluded.subject, created_at = excluded.created_at, removed_at = NULL";
            transaction.execute(sql, params![app_id, group.id, group.subject, group.creation_timestamp])?;
        }
    }
    let sql = "INSERT INTO snapshots (app_id, snapshot) VALUES (?1, ?2)
               ON CONFLICT DO UPDATE SET snapshot = excluded.snapshot";
    transaction.execute(sql, params![app_id, serde_json::to_string(&update.snapshot)?])?;
    transaction.commit()?;
    println!("{created} created, {changed} changed, {removed} removed; {} groups", update.snapshot.len());
    Ok(())
}

/// What is expected of the demo's last syncs.
fn report_failure(result: Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let Err(error) = result else { return Err("the demo should have failed".into()) };
    eprintln!("{error}");
    println!("failed; the database is unchanged");
    Ok(())
}
