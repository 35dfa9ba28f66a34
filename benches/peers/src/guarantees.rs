//! What each guarantee costs a listing over loopback HTTP, on one thread. Each row adds one to a listing without any.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use gupshup_groups::{ClientBuilder, Credential, ListGroups, RetryPolicy};

use crate::loopback::{Api, PAGE, Server, count, on_one_thread};
use crate::peak;
use crate::rounds::{COLUMNS, contestant, least};

pub const NAME: &str = "guarantees";

const GROUPS: usize = 300_000;
const ROUNDS: usize = 21;

struct Row {
    name: &'static str,
    client: fn(Api) -> ClientBuilder,
    list: fn(ListGroups) -> ListGroups,
    acknowledges: bool,
}

const NONE: Row = Row { name: "none of these", client: with_key, list: |list| list, acknowledges: false };

const ROWS: [Row; 10] = [
    NONE,
    Row { name: "restarts: `max_restarts(3)`, not 0", list: |list| list.max_restarts(3), ..NONE },
    Row { name: "retries: `RetryPolicy::default()`, not `none()`", list: with_retries, ..NONE },
    Row { name: "the end confirmed: `confirm_end(true)`", list: |list| list.confirm_end(true), ..NONE },
    Row { name: "acknowledgements: `tracked()`", acknowledges: true, ..NONE },
    Row { name: "`read_ahead(true)`", list: |list| list.read_ahead(true), ..NONE },
    Row { name: "a credential provider, not a key", client: with_provider, ..NONE },
    Row { name: "a rate limit that is never reached", client: |api| with_rate_limit(with_key(api)), ..NONE },
    Row { name: "an observer", client: |api| with_observer(with_key(api)), ..NONE },
    Row {
        name: "all of these",
        client: |api| with_observer(with_rate_limit(with_provider(api))),
        list: |list| with_retries(list).max_restarts(3).confirm_end(true).read_ahead(true),
        acknowledges: true,
    },
];

fn with_key(api: Api) -> ClientBuilder {
    api.client("key")
}

fn with_provider(api: Api) -> ClientBuilder {
    api.client(|_: &str, _: Option<&Credential>| async {
        Ok(Credential::bearer("token").expires_at(SystemTime::now() + Duration::from_secs(3_600)))
    })
}

fn with_rate_limit(client: ClientBuilder) -> ClientBuilder {
    client.rate_limit(1_000_000, Duration::from_secs(1))
}

fn with_observer(client: ClientBuilder) -> ClientBuilder {
    let groups = AtomicU64::new(0);
    client.observer(move |attempt| {
        groups.fetch_add(attempt.groups() as u64, Ordering::Relaxed);
    })
}

fn with_retries(list: ListGroups) -> ListGroups {
    list.retry(RetryPolicy::default())
}

/// The listing of this row, which returns the number of groups.
pub fn run(row: usize, api: Api) -> impl Fn() -> usize {
    let runtime = on_one_thread();
    let Row { client, list, acknowledges, .. } = ROWS[row];
    let plain = client(api).build().expect("a client").groups("app").page_size(PAGE as u32);
    let list = list(plain.max_restarts(0).retry(RetryPolicy::none()));
    move || runtime.block_on(async { if acknowledges { count_acknowledged(&list).await } else { count(&list).await } })
}

/// Lists all groups, acknowledges each at once, and counts them.
async fn count_acknowledged(list: &ListGroups) -> usize {
    let mut groups = list.stream().tracked();
    let mut count = 0;
    while let Some(tracked) = groups.next().await {
        let tracked = tracked.expect("no group fails");
        std::hint::black_box(tracked.group);
        tracked.ack.done();
        count += 1;
    }
    count
}

pub fn table() {
    let server = Server::start(GROUPS, Duration::ZERO);
    let runs: Vec<_> = (0..ROWS.len()).map(|row| run(row, server.api)).collect();
    let list_all = |row: usize| assert_eq!(runs[row](), GROUPS);
    let mut contestants: Vec<_> =
        (0..ROWS.len()).map(|row| contestant(ROWS[row].name, move || list_all(row))).collect();
    let costs = least(ROUNDS, &mut contestants);
    println!("| {GROUPS} groups over loopback, with | requests | {COLUMNS} | peak memory, MiB |");
    println!("|---|---|---|---|---|---|---|");
    for (row, (Row { name, .. }, cost)) in ROWS.iter().zip(&costs).enumerate() {
        server.take_sent();
        list_all(row);
        let (requests, _) = server.take_sent();
        let peak = peak::of(NAME, row, GROUPS, server.api);
        println!("| {name} | {requests} | {} | {peak:.1} |", cost.cells(costs[0]));
    }
    println!();
}
