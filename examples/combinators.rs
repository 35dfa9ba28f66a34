//! Uses combinators of `futures` on a listing: filter, take, fold, batch, merge and throttle.
//!
//! ```sh
//! cargo run --example combinators -- --demo
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --example combinators
//! ```
//!
//! With `--demo` it lists two demo servers, of 2,500 and 600 groups, and prints:
//!
//! ```text
//! filter: 500 groups are for support
//! take: the newest are "Support 2500", "Équipe livraison 2499"; requests made: 1
//! try_fold: the oldest is "Two\nlines 1"
//! ready_chunks: batches of [25, 500, 500, 24, 500, 500, 24, 427]
//! select: 2500 groups of one app, 600 of another
//! throttle: 5 groups, at most 20 a second
//! ```
//!
//! With the two variables it lists your app. Set `GUPSHUP_OTHER_APP_ID` to merge it with another app of the account.
//!
//! Each stops at the first error and returns it with `?`, so a part of the list is never taken for the list.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod demo;

use std::env;
use std::error::Error;
use std::future::ready;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Client, Group, ListGroups, Result};
use tokio::time::{Instant, MissedTickBehavior, interval};

use demo::DemoServer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (app, demo) = demo::app_or_demo(FakeGroups::new(demo::groups(2_500)))?;
    filter(&app).await?;
    take(&app).await?;
    try_fold(&app).await?;
    ready_chunks(&app).await?;
    if demo.is_some() {
        let other = DemoServer::start(FakeGroups::new(demo::groups(600)))?;
        select(&app, &other.list()?).await?;
    } else if let Ok(id) = env::var("GUPSHUP_OTHER_APP_ID") {
        select(&app, &Client::from_env()?.groups(id)).await?;
    }
    throttle(&app).await?;
    Ok(())
}

/// Filter: some of the groups. All are listed, because the API cannot search.
async fn filter(app: &ListGroups) -> Result<()> {
    let matching = app.stream().try_filter(|group| ready(group.subject.starts_with("Support")));
    let count = matching.try_fold(0, |count, _| ready(Ok(count + 1))).await?;
    println!("filter: {count} groups are for support");
    Ok(())
}

/// Take: the first groups, which are the newest. Pages that are not needed are not requested.
async fn take(app: &ListGroups) -> Result<()> {
    let mut groups = app.stream();
    // `by_ref` borrows the stream, so that its progress can be read afterwards.
    let newest: Vec<Group> = groups.by_ref().take(2).try_collect().await?;
    // Subjects are untrusted text, so `{:?}` escapes them for the terminal.
    let subjects: Vec<_> = newest.iter().map(|group| format!("{:?}", group.subject)).collect();
    println!("take: the newest are {}; requests made: {}", subjects.join(", "), groups.progress().requests);
    Ok(())
}

/// Fold: one value from all groups, without storing them.
async fn try_fold(app: &ListGroups) -> Result<()> {
    let older = |oldest: Option<Group>, group: Group| match oldest {
        Some(oldest) if oldest.creation_timestamp <= group.creation_timestamp => Some(oldest),
        _ => Some(group),
    };
    match app.stream().try_fold(None, |oldest, group| ready(Ok(older(oldest, group)))).await? {
        Some(oldest) => println!("try_fold: the oldest is {:?}", oldest.subject),
        None => println!("try_fold: there are no groups"),
    }
    Ok(())
}

/// Chunks: batches for a database, as large as possible without waiting. `chunks` would wait until each is full.
async fn ready_chunks(app: &ListGroups) -> Result<()> {
    let mut batches = app.stream().ready_chunks(500);
    let mut sizes = Vec::new();
    while let Some(batch) = batches.next().await {
        // An error is the last item of its batch. The groups before it are not the whole list.
        let groups = batch.into_iter().collect::<Result<Vec<Group>>>()?;
        sizes.push(groups.len());
    }
    println!("ready_chunks: batches of {sizes:?}");
    Ok(())
}

/// Select: two apps at once, each group as soon as it arrives.
async fn select(app: &ListGroups, other: &ListGroups) -> Result<()> {
    let first = app.stream().map_ok(|group| (0, group));
    let second = other.stream().map_ok(|group| (1, group));
    let count = |mut counts: [u32; 2], (app, _group): (usize, Group)| {
        counts[app] += 1;
        ready(Ok(counts))
    };
    let [first, second] = stream::select(first, second).try_fold([0, 0], count).await?;
    println!("select: {first} groups of one app, {second} of another");
    Ok(())
}

/// Throttle: one group every 50 ms, by zipping the stream with a timer.
async fn throttle(app: &ListGroups) -> Result<()> {
    let mut clock = interval(Duration::from_millis(50));
    // No burst of missed ticks after a slow page.
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ticks = stream::unfold(clock, |mut clock| async { Some((clock.tick().await, clock)) });

    let begun = Instant::now();
    let groups: Vec<Group> = app.stream().zip(ticks).map(|(group, _tick)| group).take(5).try_collect().await?;
    // The first tick is immediate.
    let least = (1..groups.len()).map(|_| Duration::from_millis(50)).sum();
    assert!(begun.elapsed() >= least, "the clock was not waited for");
    println!("throttle: {} groups, at most 20 a second", groups.len());
    Ok(())
}
