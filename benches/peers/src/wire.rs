//! The whole way: over loopback HTTP, against a loop of reqwest and serde_json as one would write it by hand, and against
//! fetching the same bytes and dropping them.
//!
//! The server is hyper on a thread of its own, and sends bodies that it made beforehand.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt;
use gupshup_groups::{Client, Group, ListGroups};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use crate::rounds::{Contestant, medians};
use crate::shape::StrictPage;

const GROUPS: usize = 300_000;
const PAGE: usize = 1024;
const ROUNDS: usize = 21;
/// How long the server thinks about a page in [`latency`].
const THINK: Duration = Duration::from_millis(20);

/// A server that lists so many groups, and takes this long before each answer.
fn serve(groups: usize, think: Duration) -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_addr().expect("an address")).expect("the other thread waits");
            let bodies: Arc<Mutex<HashMap<(usize, usize), Bytes>>> = Arc::default();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                stream.set_nodelay(true).expect("a socket");
                let bodies = bodies.clone();
                let answer = service_fn(move |request: Request<Incoming>| {
                    let (from, limit) = asked(request.uri().query().unwrap_or_default());
                    let body = bodies
                        .lock()
                        .expect("nobody panics")
                        .entry((from, limit))
                        .or_insert_with(|| body(from, limit, groups))
                        .clone();
                    async move {
                        if !think.is_zero() {
                            // The runtime's own timer counts whole milliseconds and rounds up: 20 would be 21 or 22.
                            let thought = tokio::task::spawn_blocking(move || std::thread::sleep(think));
                            thought.await.expect("sleeping does not panic");
                        }
                        Ok::<_, Infallible>(Response::new(Full::new(body)))
                    }
                });
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
    });
    told.recv().expect("the server starts")
}

/// Where the page begins, and how many groups it may have. A cursor is the number of the group after it.
fn asked(query: &str) -> (usize, usize) {
    let find = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.parse().ok());
    (find("after=").unwrap_or(0), find("limit=").unwrap_or(25))
}

fn body(from: usize, limit: usize, groups: usize) -> Bytes {
    let to = (from + limit).min(groups);
    let data: Vec<_> = (from..to)
        .map(|n| format!(r#"{{"creation_timestamp":{},"id":"Y2FwaV9ncm91cDoxNTU1MDc4MzgxMToxMjAzNjMwMTg{n:012}ZD","subject":"Customer support, region {n}"}}"#, 1_700_000_000 - n))
        .collect();
    let next = if to < groups {
        format!(r#","next":"https://graph.facebook.com/v20.0/1/groups?after={to}""#)
    } else {
        String::new()
    };
    format!(
        r#"{{"data":[{}],"paging":{{"cursors":{{"after":"{to}","before":"{from}"}}{next}}},"status":"success"}}"#,
        data.join(",")
    )
    .into()
}

/// One page's bytes, by hand.
async fn fetch(http: &reqwest::Client, server: SocketAddr, limit: usize, after: &str) -> Bytes {
    let mut url = format!("http://{server}/app/app/group?limit={limit}");
    if !after.is_empty() {
        url += "&after=";
        url += after;
    }
    let response = http.get(url).header("apikey", "key").send().await.expect("an answer");
    response.error_for_status().expect("a page").bytes().await.expect("a body")
}

async fn by_hand(http: &reqwest::Client, server: SocketAddr, limit: usize) -> usize {
    let (mut count, mut after) = (0, String::new());
    loop {
        let page: StrictPage = serde_json::from_slice(&fetch(http, server, limit, &after).await).expect("a page");
        for group in page.data {
            std::hint::black_box(group);
            count += 1;
        }
        if page.paging.next.is_none() {
            return count;
        }
        after = page.paging.cursors.after;
    }
}

async fn bytes_only(http: &reqwest::Client, server: SocketAddr, groups: usize) -> usize {
    for from in (0..groups).step_by(PAGE) {
        let after = if from == 0 { String::new() } else { from.to_string() };
        std::hint::black_box(fetch(http, server, PAGE, &after).await);
    }
    groups
}

async fn ours(list: &ListGroups) -> usize {
    let mut groups = list.stream();
    let mut count = 0;
    while let Some(group) = groups.next().await {
        std::hint::black_box::<Group>(group.expect("no group fails"));
        count += 1;
    }
    count
}

fn client(server: SocketAddr) -> Client {
    Client::builder("key").base_url(format!("http://{server}")).build().expect("a client")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// As `#[tokio::main]` makes it.
fn threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

/// Times this until it has counted all groups.
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

/// On each of tokio's runtimes, against the loop by hand on the same.
pub fn table() {
    let server = serve(GROUPS, Duration::ZERO);
    let (one, many) = (runtime(), threads());
    // A connection belongs to the runtime that opened it: each has clients of its own.
    let sides = [("one thread", &one), ("`#[tokio::main]`", &many)].map(|(name, runtime)| {
        let list = client(server).groups("app").page_size(PAGE as u32);
        (name, runtime, reqwest::Client::builder().no_proxy().build().expect("a client"), list)
    });
    let mut contestants: Vec<Contestant<'_>> = Vec::new();
    for (_, runtime, http, list) in &sides {
        contestants.extend([
            contestant!("reqwest + serde_json by hand", runtime, GROUPS, by_hand(http, server, PAGE)),
            contestant!("gupshup-groups", runtime, GROUPS, ours(list)),
            contestant!("gupshup-groups, `read_ahead(true)`", runtime, GROUPS, ours(&list.clone().read_ahead(true))),
            contestant!("the same bytes, fetched and dropped", runtime, GROUPS, bytes_only(http, server, GROUPS)),
        ]);
    }
    let times = medians(ROUNDS, &mut contestants);
    let each = contestants.len() / sides.len();
    let ratio = |time: Duration, of: Duration| time.as_secs_f64() / of.as_secs_f64();
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

/// 10,000 groups from a server that thinks 20 ms about each page.
pub fn latency() {
    const GROUPS: usize = 10_000;
    let server = serve(GROUPS, THINK);
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let list = client(server).groups("app");
    let large = list.clone().page_size(PAGE as u32);
    let runtime = runtime();
    let first = |list: &ListGroups| {
        let mut groups = list.stream();
        async move { groups.next().await.map_or(0, |group| group.map_or(0, |_| 1)) }
    };
    let mut contestants: Vec<Contestant<'_>> = vec![
        contestant!("gupshup-groups: first group", runtime, 1, first(&list)),
        contestant!("gupshup-groups, `page_size(1024)`: first group", runtime, 1, first(&large)),
        contestant!("gupshup-groups: all", runtime, GROUPS, ours(&list)),
        contestant!("gupshup-groups, `page_size(1024)`: all", runtime, GROUPS, ours(&large)),
        contestant!("by hand, the API's default of 25: all", runtime, GROUPS, by_hand(&http, server, 25)),
    ];
    let times = medians(3, &mut contestants);
    println!("| {GROUPS} groups, the server thinks 20 ms a page | ms | in units of 20 ms |");
    println!("|---|---|---|");
    for ((name, _), time) in contestants.iter().zip(&times) {
        println!("| {name} | {:.0} | {:.2} |", time.as_secs_f64() * 1e3, time.as_secs_f64() / THINK.as_secs_f64());
    }
    println!();
}

/// A consumer that works 20 ms on each page, of a server that thinks 20 ms about each.
pub fn read_ahead() {
    const PAGES: usize = 50;
    const GROUPS: usize = PAGES * PAGE;

    /// Lists all groups, and works after each page.
    async fn consume<F: Future<Output = ()>>(list: ListGroups, work: impl Fn() -> F) -> usize {
        let mut groups = list.stream();
        let mut count = 0;
        while let Some(group) = groups.next().await {
            std::hint::black_box::<Group>(group.expect("no group fails"));
            count += 1;
            if count % PAGE == 0 {
                work().await;
            }
        }
        count
    }
    async fn sleep() {
        tokio::time::sleep(THINK).await;
    }
    async fn block() {
        std::thread::sleep(THINK);
    }

    let server = serve(GROUPS, THINK);
    let list = client(server).groups("app").page_size(PAGE as u32);
    let ahead = list.clone().read_ahead(true);
    let threads = threads();
    let mut contestants: Vec<Contestant<'_>> = vec![
        contestant!("the server alone: a consumer without work", threads, GROUPS, consume(list.clone(), || async {})),
        contestant!("the consumer alone: 50 times 20 ms", threads, GROUPS, async {
            for _ in 0..PAGES {
                sleep().await;
            }
            GROUPS
        }),
        contestant!("without read-ahead, a consumer that awaits", threads, GROUPS, consume(list.clone(), sleep)),
        contestant!("read-ahead, a consumer that awaits", threads, GROUPS, consume(ahead.clone(), sleep)),
        contestant!(
            "read-ahead, one that blocks its thread, in `main`",
            threads,
            GROUPS,
            consume(ahead.clone(), block)
        ),
        contestant!("read-ahead, one that blocks its thread, in a task", threads, GROUPS, async {
            tokio::spawn(consume(ahead.clone(), block)).await.expect("no panic")
        }),
    ];
    let times = medians(3, &mut contestants);
    let larger = times[0].max(times[1]).as_secs_f64();
    println!("| {PAGES} pages, 20 ms a page on both sides | ms | of the larger of the first two |");
    println!("|---|---|---|");
    for ((name, _), time) in contestants.iter().zip(&times) {
        println!("| {name} | {:.0} | {:.2} |", time.as_secs_f64() * 1e3, time.as_secs_f64() / larger);
    }
    println!();
}
