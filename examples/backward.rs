//! Walks backward: from a saved place, and turns round in the middle.
//!
//! ```sh
//! cargo run --example backward -- --demo
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --example backward
//! ```
//!
//! With `--demo` it lists a demo server, and prints:
//!
//! ```text
//! forward, from the start: "Support 60", "Équipe livraison 59", "बिक\u{94d}री टीम 58", "Orders 📦 57", "Two\nlines 56"
//! backward, from the saved place: "Two\nlines 56", "Orders 📦 57", "बिक\u{94d}री टीम 58"
//! turned round: "बिक\u{94d}री टीम 58", "Orders 📦 57", "Two\nlines 56", "Support 55"
//! turned again, to the start: "Support 55", "Two\nlines 56", "Orders 📦 57", "बिक\u{94d}री टीम 58", "Équipe livraison 59", "Support 60"
//! at the end of this walk: true
//! before the first page's last group: "Orders 📦 37", "बिक\u{94d}री टीम 38", "Équipe livraison 39"
//! ```
//!
//! With the two variables it lists the live API.

mod demo;

use std::error::Error;

use futures::{StreamExt, TryStreamExt};
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Checkpoint, Group, GroupStream, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (app, _demo) = demo::app_or_demo(FakeGroups::new(demo::groups(60)))?;

    let mut groups = app.stream();
    println!("forward, from the start: {}", next(&mut groups, 5).await?);
    // A place lies between two groups. As text it can be kept in a file or a database.
    let saved = groups.checkpoint().to_string();
    drop(groups);

    // Another day, another process: the same place, facing the other way. What came last comes back first.
    let place: Checkpoint = saved.parse()?;
    let mut groups = app.clone().resume(place.reversed()).stream();
    println!("backward, from the saved place: {}", next(&mut groups, 3).await?);

    // A stream can turn round at any place, as often as you like.
    let mut groups = groups.reverse();
    println!("turned round: {}", next(&mut groups, 4).await?);

    // And all the way back: the start of the list is where a walk backward ends.
    let mut groups = groups.reverse();
    println!("turned again, to the start: {}", next(&mut groups, usize::MAX).await?);
    println!("at the end of this walk: {}", groups.checkpoint().is_end());

    // A cursor of a page is a place too. It points at a group; backward begins just before that one.
    if let Some(cursor) = app.page().await?.cursors.after {
        let mut groups = app.before(cursor).stream();
        println!("before the first page's last group: {}", next(&mut groups, 3).await?);
    }
    Ok(())
}

/// The next few subjects. They are text of others, so `{:?}`: escaped, they cannot steer the terminal.
async fn next(groups: &mut GroupStream, count: usize) -> Result<String> {
    let groups: Vec<Group> = groups.take(count).try_collect().await?;
    let subjects: Vec<_> = groups.iter().map(|group| format!("{:?}", group.subject)).collect();
    Ok(subjects.join(", "))
}
