//! Copies an app's groups into an SQLite database, and marks those that are no longer listed.
//!
//! ```sh
//! cargo run --manifest-path examples/sync-sqlite/Cargo.toml -- --demo
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --manifest-path examples/sync-sqlite/Cargo.toml -- groups.sqlite
//! ```
//!
//! With `--demo` it lists a demo server that it starts on loopback: once, then again after the list has
//! changed, then with a listing that breaks off half way. Without a path the database is in memory. It prints:
//!
//! ```text
//! sync: 2500 created, 0 renamed, 0 removed, 0 returned, 0 unchanged
//! sync: 2 created, 1 renamed, 1 removed, 0 returned, 2498 unchanged
//! sync: failed, and the database is as it was
//! ```
//!
//! With the two variables it lists the live API once, at `GUPSHUP_API_URL` if that is set: something for a timer. It exits
//! with 0 where the database is now as the list, and with 1 where it is as it was.
//!
//! Killed at any point, the database is as before or as after; `tests/kill.rs` kills it. Run one at a time: of two at
//! once, the one that ends last wins, though it may have listed first.

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
    let path = env::args_os().skip(1).find(|argument| argument != "--demo");
    let (groups, demo) = demo::app_or_demo(demo_list())?;
    match (demo, path) {
        (Some(demo), path) => {
            let mut db = store::open(path.unwrap_or_else(|| ":memory:".into()))?;
            demonstrate(&groups, &demo, &mut db).await
        }
        (None, Some(path)) => sync(&groups, &mut store::open(path)?, &env::var("GUPSHUP_APP_ID")?).await,
        (None, None) => Err("say where the database is: sync-sqlite groups.sqlite".into()),
    }
}

/// Syncs, and says what has changed.
async fn sync(groups: &ListGroups, db: &mut Connection, app_id: &str) -> Result<(), Box<dyn Error>> {
    let store::Changes { created, renamed, removed, returned, unchanged } = store::sync(groups, db, app_id).await?;
    println!(
        "sync: {created} created, {renamed} renamed, {removed} removed, {returned} returned, {unchanged} unchanged"
    );
    Ok(())
}

/// A sync, another after changes, and one that fails.
async fn demonstrate(groups: &ListGroups, demo: &DemoServer, db: &mut Connection) -> Result<(), Box<dyn Error>> {
    sync(groups, db, demo::APP_ID).await?;

    let list = demo.groups();
    let ids: Vec<String> = list.groups().into_iter().map(|group| group.id).collect();
    list.create(Group::new("new-1", "Night shift", 1_750_000_100));
    list.create(Group::new("new-2", "Day shift", 1_750_000_200));
    list.rename(&ids[1000], "Help desk");
    list.delete(&ids[2000]);
    sync(groups, db, demo::APP_ID).await?;

    match sync(groups, db, demo::APP_ID).await {
        Ok(()) => Err("the demo server should have refused the eleventh request".into()),
        Err(error) => {
            eprintln!("{error}");
            println!("sync: failed, and the database is as it was");
            Ok(())
        }
    }
}

/// A listing takes four requests, and the third listing is refused at its third.
fn demo_list() -> FakeGroups {
    FakeGroups::new(demo::groups(2500)).fault_at(10, Fault::Error(ListError::api(401, None, "Authentication Failed")))
}
