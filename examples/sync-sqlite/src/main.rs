//! Copies an app's groups into an SQLite database, and marks those that are no longer listed.
//!
//! ```sh
//! cargo run --manifest-path examples/sync-sqlite/Cargo.toml -- --demo
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --manifest-path examples/sync-sqlite/Cargo.toml -- groups.sqlite
//! ```
//!
//! The first sync of an app imports its groups page by page. Each transaction writes one page and the checkpoint after
//! it, so that a stopped import resumes there. Every sync then takes a consistent snapshot and writes, in one
//! transaction, what was created, changed or removed, and when. If the list is empty and the database has groups, the
//! sync fails, unless `--allow-empty` confirms that the app has none.
//!
//! With `--demo` it lists a demo server three times: once, again after the list has changed, and with a listing that
//! fails half-way. Without a path, the database is in memory. It prints:
//!
//! ```text
//! import: 2500 groups
//! sync: 0 created, 0 changed, 0 removed, 0 returned, 2500 unchanged
//! sync: 2 created, 1 changed, 1 removed, 0 returned, 2498 unchanged
//! sync: failed; the database is unchanged
//! ```
//!
//! Otherwise it lists the live API once, at `GUPSHUP_API_URL` if that is set: run it from a timer. It exits with 0 if
//! the database equals the list, and with 1 if the database is unchanged.
//!
//! If it is killed, the database is as before or as after, or between two pages of the first import; `tests/kill.rs`
//! tests that. Run only one at a time: of two, the last to end overwrites the other, even with an older list.

#[path = "../../demo/mod.rs"]
mod demo;
mod store;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Error as ListError, Group, ListGroups};
use rusqlite::Connection;

use demo::DemoServer;
use store::{Changes, EmptyList};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let (flags, paths): (Vec<_>, Vec<_>) =
        env::args_os().skip(1).partition(|argument| argument == "--demo" || argument == "--allow-empty");
    let allows_empty = flags.iter().any(|flag| flag == "--allow-empty");
    let empty = if allows_empty { EmptyList::Accept } else { EmptyList::Refuse };
    let (groups, demo) = demo::app_or_demo(FakeGroups::new(demo::groups(2500)))?;
    match (demo, &*paths) {
        (Some(demo), []) => demonstrate(&groups, &demo, &mut store::open(":memory:")?).await,
        (Some(demo), [path]) => demonstrate(&groups, &demo, &mut store::open(path)?).await,
        (None, [path]) => sync(&groups, &mut store::open(path)?, &env::var("GUPSHUP_APP_ID")?, empty).await,
        (None, []) => Err("give the path of the database: sync-sqlite groups.sqlite".into()),
        (_, [_, _, ..]) => Err("expected one database: sync-sqlite [--demo] [--allow-empty] groups.sqlite".into()),
    }
}

/// Syncs, and prints the changes.
async fn sync(groups: &ListGroups, db: &mut Connection, app_id: &str, empty: EmptyList) -> Result<(), Box<dyn Error>> {
    let Changes { imported, created, changed, removed, returned, unchanged } =
        store::sync(groups, db, app_id, empty).await?;
    if imported > 0 {
        println!("import: {imported} groups");
    }
    println!(
        "sync: {created} created, {changed} changed, {removed} removed, {returned} returned, {unchanged} unchanged"
    );
    Ok(())
}

/// A sync, another after changes, and one that fails.
async fn demonstrate(groups: &ListGroups, demo: &DemoServer, db: &mut Connection) -> Result<(), Box<dyn Error>> {
    sync(groups, db, demo::APP_ID, EmptyList::Refuse).await?;

    let list = demo.groups();
    let ids: Vec<String> = list.groups().into_iter().map(|group| group.id).collect();
    list.create(Group::new("new-1", "Night shift", 1_750_000_100));
    list.create(Group::new("new-2", "Day shift", 1_750_000_200));
    list.rename(&ids[1000], "Help desk");
    list.delete(&ids[2000]);
    sync(groups, db, demo::APP_ID, EmptyList::Refuse).await?;

    // The third request of the next sync is refused.
    let refused = ListError::api(401, None, "Authentication Failed");
    list.fault_at(list.requests().len() + 2, Fault::Error(refused));
    match sync(groups, db, demo::APP_ID, EmptyList::Refuse).await {
        Ok(()) => Err("the demo server should have refused a request".into()),
        Err(error) => {
            eprintln!("{error}");
            println!("sync: failed; the database is unchanged");
            Ok(())
        }
    }
}
