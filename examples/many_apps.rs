//! Lists a hundred apps, eight at a time, under one rate limit. An app that fails does not stop the others.
//!
//! ```sh
//! cargo run --example many_apps -- --demo
//! GUPSHUP_API_KEY=… GUPSHUP_APP_IDS=…,… cargo run --example many_apps
//! ```
//!
//! With `--demo` it lists a demo server of a hundred apps, one of which refuses its second page and another
//! of which the server does not know. It prints:
//!
//! ```text
//! app demo-app-13: page 2 failed: 403 Access Denied
//! app demo-app-71: page 1 failed: 404 App not found
//! 98 of 100 apps listed, 58947 groups
//! the longest list is that of demo-app-37: 1182 groups
//! ```
//!
//! With the two variables it lists those apps of the account, their ids separated by commas.

mod demo;

use std::env;
use std::error::Error;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Client, ClientBuilder, Error as ListError, Snapshot};

use demo::DemoServer;

/// Apps listed at the same time.
const AT_ONCE: usize = 8;
/// Requests a second, over all apps.
const PER_SECOND: u32 = 100;

/// The client's settings, the ids of the apps, and the demo server if there is one.
type Account = (ClientBuilder, Vec<String>, Option<DemoServer>);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (builder, apps, _demo) = apps_or_demo()?;
    // All listings of a client and its clones share the limit and the connections.
    let client = builder.rate_limit(PER_SECOND, Duration::from_secs(1)).build()?;

    // A snapshot is the whole list or an error.
    let list = |app: String| {
        let groups = client.groups(&app);
        async move { (app, groups.snapshot().await) }
    };
    // `collect` keeps the errors as items. `try_collect` would stop at the first.
    let mut results: Vec<(String, Result<Snapshot, ListError>)> =
        stream::iter(apps).map(list).buffer_unordered(AT_ONCE).collect().await;
    results.sort_by(|(one, _), (other, _)| one.cmp(other));

    let mut lists = Vec::new();
    for (app, result) in &results {
        match result {
            Ok(groups) => lists.push((groups.len(), app)),
            // The error names the app.
            Err(error) => println!("{error}"),
        }
    }
    let groups: usize = lists.iter().map(|(groups, _)| groups).sum();
    println!("{} of {} apps listed, {groups} groups", lists.len(), results.len());
    if let Some((groups, app)) = lists.iter().max() {
        println!("the longest list is that of {app}: {groups} groups");
    }
    Ok(())
}

/// The apps that `GUPSHUP_APP_IDS` names and a client for `GUPSHUP_API_KEY`, or with `--demo` a demo server and its apps.
fn apps_or_demo() -> Result<Account, Box<dyn Error>> {
    let value = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
    if demo::is_wanted() {
        let name = |n: u32| format!("demo-app-{n:02}");
        let known = (0..100).filter(|n| *n != 71);
        let demo = DemoServer::start_apps(known.map(|n| (name(n), demo_list(n))))?;
        let builder = Client::builder(demo::API_KEY).base_url(demo.base_url());
        return Ok((builder, (0..100).map(name).collect(), Some(demo)));
    }
    let (Some(key), Some(ids)) = (value("GUPSHUP_API_KEY"), value("GUPSHUP_APP_IDS")) else {
        return Err("set GUPSHUP_API_KEY and GUPSHUP_APP_IDS, or list the demo: --demo".into());
    };
    let mut builder = Client::builder(key);
    if let Some(url) = value("GUPSHUP_API_URL") {
        builder = builder.base_url(url);
    }
    let ids = ids.split(',').map(str::trim).filter(|id| !id.is_empty());
    Ok((builder, ids.map(str::to_owned).collect(), None))
}

/// Lists of up to 1,200 groups. The second page of app 13 is refused.
fn demo_list(app: u32) -> FakeGroups {
    let list = FakeGroups::new(demo::groups(app * 389 % 1_201));
    match app {
        13 => list.fault_at(1, Fault::Error(ListError::api(403, None, "Access Denied"))),
        _ => list,
    }
}
