//! A whole listing over loopback HTTP, compared with a loop of reqwest and serde_json, and with fetching the same bytes
//! and dropping them.

use std::time::Duration;

use crate::loopback::{
    PAGE, Server, THINK, awaits, blocks, count, count_and_work, first, on_many_threads, on_one_thread,
};
use crate::rounds::{COLUMNS, Contestant, contestant, least, ms, ratio};

/// Lists on this runtime, and checks the number of groups.
macro_rules! lists {
    ($name:expr, $runtime:expr, $groups:expr, $walk:expr) => {
        contestant($name, || assert_eq!($runtime.block_on($walk), $groups))
    };
}

const ONE_THREAD: &str = "one thread";

/// On each of tokio's runtimes, compared with the loop on the same runtime.
pub fn table() {
    const GROUPS: usize = 300_000;
    let server = Server::start(GROUPS, Duration::ZERO);
    let (one, many) = (on_one_thread(), on_many_threads());
    let sides = [(ONE_THREAD, &one), ("`#[tokio::main]`", &many)].map(|(side, runtime)| {
        let list = server.api.list().page_size(PAGE as u32);
        (side, runtime, server.api.by_hand(), list.clone(), list.read_ahead(true))
    });
    let mut contestants: Vec<Contestant<'_>> = Vec::new();
    for (_, runtime, by_hand, list, ahead) in &sides {
        contestants.extend([
            lists!("reqwest + serde_json by hand", runtime, GROUPS, by_hand.count("app", PAGE)),
            lists!("gupshup-groups", runtime, GROUPS, count(list)),
            lists!("gupshup-groups, `read_ahead(true)`", runtime, GROUPS, count(ahead)),
            lists!("by hand, each body validated first", runtime, GROUPS, by_hand.count_fast("app", PAGE)),
            lists!("the same bytes, fetched and dropped", runtime, GROUPS, by_hand.fetch_and_drop(GROUPS)),
        ]);
    }
    let costs = least(21, &mut contestants);
    let each = contestants.len() / sides.len();
    println!("| {GROUPS} groups over loopback, pages of {PAGE} | runtime | {COLUMNS} |");
    println!("|---|---|---|---|---|---|");
    for (((side, ..), contestants), costs) in sides.iter().zip(contestants.chunks(each)).zip(costs.chunks(each)) {
        for ((name, _), cost) in contestants.iter().zip(costs) {
            // Of several threads, the one that measures does only a part.
            let cells =
                if *side == ONE_THREAD { cost.cells(costs[0]) } else { cost.wall_cells(costs[0]) + " | – | –" };
            println!("| {name} | {side} | {cells} |");
        }
    }
    println!();
}

/// 10,000 groups from a server with a delay for each page.
pub fn latency() {
    const GROUPS: usize = 10_000;
    let server = Server::start(GROUPS, THINK);
    let (list, by_hand, runtime) = (server.api.list(), server.api.by_hand(), on_one_thread());
    let large = list.clone().page_size(PAGE as u32);
    let mut contestants: Vec<Contestant<'_>> = vec![
        lists!("gupshup-groups: first group", runtime, 1, first(&list)),
        lists!("gupshup-groups, `page_size(1024)`: first group", runtime, 1, first(&large)),
        lists!("gupshup-groups: all", runtime, GROUPS, count(&list)),
        lists!("gupshup-groups, `page_size(1024)`: all", runtime, GROUPS, count(&large)),
        lists!("by hand, the API's default of 25: all", runtime, GROUPS, by_hand.count("app", 25)),
    ];
    let costs = least(5, &mut contestants);
    println!("| {GROUPS} groups, the server takes 20 ms a page | requests | ms | in units of 20 ms |");
    println!("|---|---|---|---|");
    for ((name, run), cost) in contestants.iter_mut().zip(costs) {
        server.take_sent();
        run();
        let (requests, _) = server.take_sent();
        println!("| {name} | {requests} | {:.0} | {:.2} |", ms(cost.wall), ratio(cost.wall, THINK));
    }
    println!();
}

/// A consumer that takes as long for each page as the server.
pub fn read_ahead() {
    const PAGES: usize = 50;
    const GROUPS: usize = PAGES * PAGE;
    let server = Server::start(GROUPS, THINK);
    let list = server.api.list().page_size(PAGE as u32);
    let ahead = list.clone().read_ahead(true);
    let runtime = on_many_threads();
    let mut contestants: Vec<Contestant<'_>> = vec![
        lists!("the server alone: a consumer without work", runtime, GROUPS, count(&list)),
        lists!("the consumer alone: 50 times 20 ms", runtime, GROUPS, async {
            for _ in 0..PAGES {
                awaits().await;
            }
            GROUPS
        }),
        lists!("without read-ahead, a consumer that awaits", runtime, GROUPS, count_and_work(&list, awaits)),
        lists!("read-ahead, a consumer that awaits", runtime, GROUPS, count_and_work(&ahead, awaits)),
        lists!("read-ahead, one that blocks its thread, in `main`", runtime, GROUPS, count_and_work(&ahead, blocks)),
        lists!("read-ahead, one that blocks its thread, in a task", runtime, GROUPS, {
            let ahead = ahead.clone();
            async { tokio::spawn(async move { count_and_work(&ahead, blocks).await }).await.expect("no panic") }
        }),
    ];
    let costs = least(5, &mut contestants);
    let larger = costs[0].wall.max(costs[1].wall);
    println!("| {PAGES} pages, 20 ms a page on both sides | ms | of the larger of the first two |");
    println!("|---|---|---|");
    for ((name, _), cost) in contestants.iter().zip(costs) {
        println!("| {name} | {:.0} | {:.2} |", ms(cost.wall), ratio(cost.wall, larger));
    }
    println!();
}
