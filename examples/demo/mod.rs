//! What an example lists: your app, or a demo server with `--demo`.

#![allow(dead_code, unused_imports, reason = "each program that includes this module uses a part of it")]

// The server of the program `gupshup-groups`.
#[path = "../../src/bin/gupshup-groups/demo/mod.rs"]
mod embedded;

use std::env;
use std::error::Error;

use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Client, ClientBuilder, ListGroups};

/// The client's settings, the app id, and the demo server if there is one.
pub(crate) type Account = (ClientBuilder, String, Option<DemoServer>);

pub(crate) use embedded::{API_KEY, APP_ID, DemoServer, groups};

/// The app of `GUPSHUP_API_KEY` and `GUPSHUP_APP_ID`; with the argument `--demo`, a demo server that lists `groups`. The
/// server stops when it is dropped.
pub(crate) fn app_or_demo(groups: FakeGroups) -> Result<(ListGroups, Option<DemoServer>), Box<dyn Error>> {
    let (builder, app_id, demo) = account_or_demo(groups)?;
    Ok((builder.build()?.groups(app_id), demo))
}

/// As [`app_or_demo`], with a client to be configured.
pub(crate) fn account_or_demo(groups: FakeGroups) -> Result<Account, Box<dyn Error>> {
    if is_wanted() {
        let demo = DemoServer::start(groups)?;
        return Ok((Client::builder(API_KEY).base_url(demo.base_url()), APP_ID.to_owned(), Some(demo)));
    }
    let value = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
    let (Some(key), Some(app_id)) = (value("GUPSHUP_API_KEY"), value("GUPSHUP_APP_ID")) else {
        return Err("set GUPSHUP_API_KEY and GUPSHUP_APP_ID, or list the demo: --demo".into());
    };
    let builder = value("GUPSHUP_API_URL").into_iter().fold(Client::builder(key), ClientBuilder::base_url);
    Ok((builder, app_id, None))
}

/// Whether `--demo` is given. Reports it on stderr, so that invented groups are not taken for an app's.
pub(crate) fn is_wanted() -> bool {
    let wanted = env::args().any(|argument| argument == "--demo");
    if wanted {
        eprintln!("demo: these groups are invented; they come from a server on this machine");
    }
    wanted
}
