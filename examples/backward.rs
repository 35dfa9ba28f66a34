//! Lists backward from a checkpoint, and reverses a stream.
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
//! backward, from the checkpoint: "Two\nlines 56", "Orders 📦 57", "बिक\u{94d}री टीम 58"
//! reversed: "बिक\u{94d}री टीम 58", "Orders 📦 57", "Two\nlines 56", "Support 55"
//! reversed again, to the start: "Support 55", "Two\nlines 56", "Orders 📦 57", "बिक\u{94d}री टीम 58", "Équipe livraison 59", "Support 60"
//! at the end of the list, backward: true
//! before the first page's last group: "Orders 📦 37", "बिक\u{94d}री टीम 38", "Équipe livraison 39"
//! ```
//!
//! With the two variables it lists your app.

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
    // A checkpoint is a place between two groups. Its text can be saved in a file or a database.
    let saved = groups.checkpoint().to_string();
    drop(groups);

    // In another process: the same place, in the other direction. The group that was yielded last is yielded first.
    let place: Checkpoint = saved.parse()?;
    let mut groups = app.clone().resume(place.reversed()).stream();
    println!("backward, from the checkpoint: {}", next(&mut groups, 3).await?);

    // A stream can be reversed anywhere, any number of times.
    let mut groups = groups.reverse();
    println!("reversed: {}", next(&mut groups, 4).await?);

    // To the start of the list, where a backward listing ends.
    let mut groups = groups.reverse();
    println!("reversed again, to the start: {}", next(&mut groups, usize::MAX).await?);
    println!("at the end of the list, backward: {}", groups.checkpoint().is_end());

    // A page's cursor points at a group. Backward, the listing starts just before it.
    if let Some(cursor) = app.page().await?.cursors.after {
        let mut groups = app.before(cursor).stream();
        println!("before the first page's last group: {}", next(&mut groups, 3).await?);
    }
    Ok(())
}

/// The next `count` subjects. They are untrusted text, so `{:?}` escapes them for the terminal.
async fn next(groups: &mut GroupStream, count: usize) -> Result<String> {
    let groups: Vec<Group> = groups.take(count).try_collect().await?;
    let subjects: Vec<_> = groups.iter().map(|group| format!("{:?}", group.subject)).collect();
    Ok(subjects.join(", "))
}
