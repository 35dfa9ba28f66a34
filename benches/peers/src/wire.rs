//! A whole listing over loopback HTTP, compared with a loop of reqwest and serde_json, and with fetching the same bytes
//! and dropping them.

use std::time::{Duration, Instant};

use crate::loopback::{
    PAGE, Server, THINK, awaits, blocks, count, count_and_work, first, on_many_threads, on_one_thread,
};
use crate::rounds::{Contestant, medians};

/// Measures the time until all groups are counted.
macro_rules! contestant {
    ($name:expr, $runtime:expr, $groups:expr, $walk:expr) => {
        (
            $name,
            Box::new(|| {
                let begun = Instant::now();
                assert_eq!($runtime.block_on($walk), $groups);
                begun.elapsed()
            }) as Box<dyn FnMut() -> Duration>,
        )
    };
}

fn ratio(time: Duration, of: Duration) -> f64 {
    time.as_secs_f64() / of.as_secs_f64()
}

/// On each of tokio's runtimes, compared with the loop on the same runtime.
pub fn table() {
    const GROUPS: usize = 300_000;
    let server = Server::start(GROUPS, Duration::ZERO);
    let (one, many) = (on_one_thread(), on_many_threads());
    let sides = [("one thread", &one), ("`#[tokio::main]`", &many)].map(|(side, runtime)| {
        let list = server.list().page_size(PAGE as u32);
        (side, runtime, server.by_hand(), list.clone(), list.read_ahead(true))
    });
    let mut contestants: Vec<Contestant<'_>> = Vec::new();
    for (_, runtime, by_hand, list, ahead) in &sides {
        contestants.extend([
            contestant!("reqwest + serde_json by hand", runtime, GROUPS, by_hand.count(PAGE)),
            contestant!("gupshup-groups", runtime, GROUPS, count(list)),
            contestant!("gupshup-groups, `read_ahead(true)`", runtime, GROUPS, count(ahead)),
            contestant!("the same bytes, fetched and dropped", runtime, GROUPS, by_hand.fetch_and_drop(GROUPS)),
        ]);
    }
    let times = medians(21, &mut contestants);
    let each = contestants.len() / sides.len();
    println!("| {GROUPS} groups over loopback, pages of {PAGE} | runtime | ms | of the loop by hand | of the bytes |");
    println!("|---|---|---|---|---|");
    for (((side, ..), contestants), times) in sides.iter().zip(contestants.chunks(each)).zip(times.chunks(each)) {
        for ((name, _), time) in contestants.iter().zip(times) {
            let (loops, bytes) = (ratio(*time, times[0]), ratio(*time, times[each - 1]));
            println!("| {name} | {side} | {:.0} | {loops:.2} | {bytes:.1} |", time.as_secs_f64() * 1e3);
        }
    }
    println!();
}

/// 10,000 groups from a server with a delay for each page.
pub fn latency() {
    const GROUPS: usize = 10_000;
    let server = Server::start(GROUPS, THINK);
    let (list, by_hand, runtime) = (server.list(), server.by_hand(), on_one_thread());
    let large = list.clone().page_size(PAGE as u32);
    let mut contestants: Vec<Contestant<'_>> = vec![
        contestant!("gupshup-groups: first group", runtime, 1, first(&list)),
        contestant!("gupshup-groups, `page_size(1024)`: first group", runtime, 1, first(&large)),
        contestant!("gupshup-groups: all", runtime, GROUPS, count(&list)),
        contestant!("gupshup-groups, `page_size(1024)`: all", runtime, GROUPS, count(&large)),
        contestant!("by hand, the API's default of 25: all", runtime, GROUPS, by_hand.count(25)),
    ];
    let times = medians(5, &mut contestants);
    println!("| {GROUPS} groups, the server takes 20 ms a page | requests | ms | in units of 20 ms |");
    println!("|---|---|---|---|");
    for ((name, run), time) in contestants.iter_mut().zip(times) {
        server.take_requests();
        run();
        let requests = server.take_requests();
        println!("| {name} | {requests} | {:.0} | {:.2} |", time.as_secs_f64() * 1e3, ratio(time, THINK));
    }
    println!();
}

/// A consumer that takes as long for each page as the server.
pub fn read_ahead() {
    const PAGES: usize = 50;
    const GROUPS: usize = PAGES * PAGE;
    let server = Server::start(GROUPS, THINK);
    let list = server.list().page_size(PAGE as u32);
    let ahead = list.clone().read_ahead(true);
    let runtime = on_many_threads();
    let mut contestants: Vec<Contestant<'_>> = vec![
        contestant!("the server alone: a consumer without work", runtime, GROUPS, count(&list)),
        contestant!("the consumer alone: 50 times 20 ms", runtime, GROUPS, async {
            for _ in 0..PAGES {
                awaits().await;
            }
            GROUPS
        }),
        contestant!("without read-ahead, a consumer that awaits", runtime, GROUPS, count_and_work(&list, awaits)),
        contestant!("read-ahead, a consumer that awaits", runtime, GROUPS, count_and_work(&ahead, awaits)),
        contestant!(
            "read-ahead, one that blocks its thread, in `main`",
            runtime,
            GROUPS,
            count_and_work(&ahead, blocks)
        ),
        contestant!("read-ahead, one that blocks its thread, in a task", runtime, GROUPS, {
            let ahead = ahead.clone();
            async { tokio::spawn(async move { count_and_work(&ahead, blocks).await }).await.expect("no panic") }
        }),
    ];
    let times = medians(5, &mut contestants);
    let larger = times[0].max(times[1]);
    println!("| {PAGES} pages, 20 ms a page on both sides | ms | of the larger of the first two |");
    println!("|---|---|---|");
    for ((name, _), time) in contestants.iter().zip(times) {
        println!("| {name} | {:.0} | {:.2} |", time.as_secs_f64() * 1e3, ratio(time, larger));
    }
    println!();
}
