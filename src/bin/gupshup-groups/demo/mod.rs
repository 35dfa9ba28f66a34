//! A server on this machine that answers as the API does, with invented groups: for `--demo`, the examples and tests.
//!
//! The list and its cursors are a [`FakeGroups`]. `api` is the API without I/O; `server` is the HTTP.

#![allow(dead_code, unused_imports, reason = "each program that includes this module uses a part of it")]

mod api;
mod server;

use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Credential, Group};

pub(crate) use api::{ApiRequest, Apps, answer};
pub(crate) use server::DemoServer;

/// The key that the server accepts.
pub(crate) const API_KEY: &str = "demo-key";
/// The app of a server with one app.
pub(crate) const APP_ID: &str = "demo";

/// `count` groups, the newest first, as the API lists them. Every id begins with `DEMO`.
pub(crate) fn groups(count: u32) -> Vec<Group> {
    const SUBJECTS: [&str; 5] = ["Support", "Équipe livraison", "बिक्री टीम", "Orders 📦", "Two\nlines"];
    const NEWEST: i64 = 1_750_000_000;
    const EVERY: i64 = 3 * 3600 + 417;
    let group = |n: u32, subject: &str| {
        // Real ids are base64 with characters that a URL must escape, so these have such characters too.
        let id = format!("DEMO+{:08x}/{n}==", n.wrapping_mul(2_654_435_761));
        Group::new(id, format!("{subject} {n}"), NEWEST - EVERY * i64::from(count - n))
    };
    (1..=count).rev().zip(SUBJECTS.iter().cycle()).map(|(n, subject)| group(n, subject)).collect()
}

/// A list that accepts [`API_KEY`] only, until it demands another credential.
pub(crate) fn demand_key(list: &FakeGroups) -> FakeGroups {
    let key = Credential::api_key(API_KEY);
    list.demand(move |credential| *credential == key)
}

/// Creates, renames or deletes a group, in turn.
pub(crate) fn change(list: &FakeGroups, turn: u64) {
    let now = list.groups();
    let nth = |n: usize| now.get(n).map_or("", |group| &*group.id);
    match turn % 3 {
        0 => list.create(Group::new(format!("DEMO+new/{turn}=="), "Night shift", 1_750_000_100)),
        1 => drop(list.rename(nth(3), "Help desk")),
        _ => drop(list.delete(nth(5))),
    }
}
