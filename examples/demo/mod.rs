//! What an example lists: your app, or a demo server with `--demo`.

#![allow(dead_code, unused_imports, reason = "each program that includes this module uses a part of it")]

// The server of the program `gupshup-groups`.
#[path = "../../src/bin/gupshup-groups/demo/mod.rs"]
mod embedded;

use std::env;
use std::error::Error;

use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Client, ListGroups};

pub(crate) use embedded::{API_KEY, APP_ID, DemoServer, groups};

/// The app of `GUPSHUP_API_KEY` and `GUPSHUP_APP_ID`; with the argument `--demo`, a demo server that lists `groups`. The
/// server stops when it is dropped.
pub(crate) fn app_or_demo(groups: FakeGroups) -> Result<(ListGroups, Option<DemoServer>), Box<dyn Error>> {
    if is_wanted() {
        let demo = DemoServer::start(groups)?;
        return Ok((demo.list()?, Some(demo)));
    }
    let client = Client::from_env().map_err(|error| format!("{error}; or list the demo: --demo"))?;
    let app_id = env::var("GUPSHUP_APP_ID")
        .map_err(|_| "the variable GUPSHUP_APP_ID is not set: set it to the app's id; or list the demo: --demo")?;
    Ok((client.groups(app_id), None))
}

/// Whether `--demo` is given. Reports it on stderr, so that invented groups are not taken for an app's.
pub(crate) fn is_wanted() -> bool {
    let wanted = env::args().any(|argument| argument == "--demo");
    if wanted {
        eprintln!("demo: these groups are invented; they come from a server on this machine");
    }
    wanted
}
