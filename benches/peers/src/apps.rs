//! Many apps through one client, compared with the loop by hand. Server and client have a thread each.

use std::future::ready;
use std::time::Duration;

use futures::{StreamExt, stream};

use crate::loopback::{Api, PAGE, Server, count, on_one_thread};
use crate::peak;
use crate::rounds::{COLUMNS, contestant, least};

pub const NAME: &str = "apps";

const APPS: usize = 1_000;
const FEW: usize = 100;
const GROUPS: usize = 1_000;
const ROUNDS: usize = 11;

/// Pairs of the loop by hand and this crate. The first pair of each four is what one would write, the second makes the
/// same requests.
const ROWS: [Row; 8] = [
    Row { by_hand: true, page: Some(PAGE), at_once: 8 },
    Row { by_hand: false, page: None, at_once: 8 },
    Row { by_hand: true, page: Some(250), at_once: 8 },
    Row { by_hand: false, page: Some(250), at_once: 8 },
    Row { by_hand: true, page: Some(PAGE), at_once: 32 },
    Row { by_hand: false, page: None, at_once: 32 },
    Row { by_hand: true, page: Some(250), at_once: 32 },
    Row { by_hand: false, page: Some(250), at_once: 32 },
];

#[derive(Clone, Copy)]
struct Row {
    by_hand: bool,
    /// `None`: this crate's default, 25 and then 1024.
    page: Option<usize>,
    at_once: usize,
}

impl Row {
    fn name(self) -> &'static str {
        if self.by_hand { "reqwest + serde_json by hand" } else { "gupshup-groups" }
    }
}

/// The listing of so many apps by this row, which returns the number of groups.
pub fn run(row: usize, api: Api) -> Box<dyn Fn(usize) -> usize> {
    let Row { by_hand, page, at_once } = ROWS[row];
    let runtime = on_one_thread();
    if by_hand {
        let by_hand = api.by_hand();
        let list = async move |app: String| by_hand.count(&app, page.unwrap_or(PAGE)).await;
        return Box::new(move |apps| runtime.block_on(list_all(apps, at_once, &list)));
    }
    let client = api.client("key").build().expect("a client");
    let list = async move |app: String| {
        let list = client.groups(app);
        count(&match page {
            Some(size) => list.page_size(size as u32),
            None => list,
        })
        .await
    };
    Box::new(move |apps| runtime.block_on(list_all(apps, at_once, &list)))
}

async fn list_all(apps: usize, at_once: usize, list: impl AsyncFn(String) -> usize) -> usize {
    let names = stream::iter((0..apps).map(|n| format!("app-{n}")));
    names.map(|app| list(app)).buffer_unordered(at_once).fold(0, |sum, groups| ready(sum + groups)).await
}

pub fn table() {
    let server = Server::start(GROUPS, Duration::ZERO);
    let runs: Vec<_> = (0..ROWS.len()).map(|row| run(row, server.api)).collect();
    let list_all = |row: usize| assert_eq!(runs[row](APPS), APPS * GROUPS);
    let mut contestants: Vec<_> =
        (0..ROWS.len()).map(|row| contestant(ROWS[row].name(), move || list_all(row))).collect();
    let costs = least(ROUNDS, &mut contestants);
    println!(
        "| {APPS} apps of {GROUPS} groups over loopback | pages of | at a time | requests | {COLUMNS} | peak memory, MiB | with {FEW} apps |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (row, what) in ROWS.into_iter().enumerate() {
        server.take_sent();
        list_all(row);
        let (requests, _) = server.take_sent();
        let cells = costs[row].cells(costs[row / 2 * 2]);
        let [many, few] = [APPS, FEW].map(|apps| peak::of(NAME, row, apps, server.api));
        let (name, at_once) = (what.name(), what.at_once);
        let page = what.page.map_or("25, 1024".to_owned(), |size| size.to_string());
        println!("| {name} | {page} | {at_once} | {requests} | {cells} | {many:.1} | {few:.1} |");
    }
    println!();
}
