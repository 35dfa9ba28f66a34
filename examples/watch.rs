//! Watches an app's groups, and prints the changes.
//!
//! ```sh
//! cargo run --example watch -- --demo
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --example watch
//! ```
//!
//! With `--demo` it watches a demo server whose list changes, and which refuses one listing. It ends after four items,
//! and prints:
//!
//! ```text
//! + "Night shift"
//! ! a listing failed; the next one continues from the last successful one
//! ~ "Support" is now "Help desk"
//! - "Sales"
//! ```
//!
//! With the two variables it lists your app once a minute, until you stop it (Ctrl-C).

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod demo;

use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Change, Error as ListError, Group, Position};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (groups, demo) = demo::app_or_demo(changing_list())?;
    let (every, most) = match demo {
        Some(_) => (Duration::from_millis(200), 4),
        None => (Duration::from_secs(60), usize::MAX),
    };
    // The first listing yields nothing; later ones yield what changed.
    let mut changes = pin!(groups.watch(every).take(most));
    while let Some(change) = changes.next().await {
        match change {
            // Subjects are untrusted text, so `{:?}` escapes them for the terminal.
            Ok(Change::Created(group)) => println!("+ {:?}", group.subject),
            Ok(Change::Renamed { before, after }) => println!("~ {:?} is now {:?}", before.subject, after.subject),
            Ok(Change::Removed(group)) => println!("- {:?}", group.subject),
            Ok(_) => {}
            // Invalid settings fail every time. Other errors may be transient.
            Err(error) if error.is_config() => return Err(error.into()),
            Err(error) => {
                println!("! a listing failed; the next one continues from the last successful one");
                eprintln!("{error}");
            }
        }
    }
    Ok(())
}

/// A list that changes before each listing, the third of which fails.
fn changing_list() -> FakeGroups {
    let groups = [Group::new("b", "Sales", 1_700_000_060), Group::new("a", "Support", 1_700_000_000)];
    FakeGroups::new(groups).on_request(|index, list| {
        let requests = list.requests();
        if requests.last().is_none_or(|request| request.position != Position::Start) {
            return;
        }
        match requests.iter().filter(|request| request.position == Position::Start).count() {
            2 => list.create(Group::new("c", "Night shift", 1_700_000_120)),
            3 => drop(list.fault_at(index, Fault::Error(ListError::api(401, None, "Authentication Failed")))),
            4 => drop(list.rename("a", "Help desk")),
            5 => drop(list.delete("b")),
            _ => {}
        }
    })
}
