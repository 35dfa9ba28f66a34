//! A listing with and without gzip. The server compresses each body once, before the rounds.

use crate::loopback::{PAGE, Server, count, on_one_thread};
use crate::rounds::{contestant, least, ms};

const GROUPS: usize = 10_000;
const ROUNDS: usize = 101;

pub fn table() {
    let server = Server::start_with_gzip(GROUPS);
    let runtime = on_one_thread();
    let list = |http| {
        let client = server.api.client("key").http(http).build().expect("a client");
        client.groups("app").page_size(PAGE as u32)
    };
    let rows = [
        ("without: `.http(reqwest::Client::builder().no_gzip())`", list(reqwest::Client::builder().no_gzip())),
        ("with gzip, the default", list(reqwest::Client::builder())),
    ];
    let list_all = |list| assert_eq!(runtime.block_on(count(list)), GROUPS);
    let sent = rows.each_ref().map(|(_, list)| {
        server.take_sent();
        list_all(list);
        server.take_sent()
    });
    let mut contestants = rows.each_ref().map(|(name, list)| contestant(name, || list_all(list)));
    let costs = least(ROUNDS, &mut contestants);
    println!("| {GROUPS} groups, pages of {PAGE} | requests | KiB of bodies | processor ms of the client |");
    println!("|---|---|---|---|");
    for (((name, _), (requests, bytes)), cost) in rows.iter().zip(sent).zip(costs) {
        println!("| {name} | {requests} | {:.0} | {:.1} |", bytes as f64 / 1024.0, ms(cost.processor));
    }
    println!();
}
