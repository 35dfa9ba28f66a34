//! A whole listing over loopback HTTP, compared with a loop of `reqwest` and `serde_json`.
//!
//! `cargo bench --bench wire` takes about four minutes; `-- throughput`, `-- ahead` and `-- trips` each measure a part.
//! Each round also counts its requests. `benches/peers` measures the same in interleaved rounds.

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use tokio::runtime::Runtime;

mod loopback;
mod shape;

use loopback::{PAGE, Server, THINK, awaits, blocks, count, count_and_work, first, on_many_threads, on_one_thread};

fn main() {
    let mut c = Criterion::default().sample_size(10).configure_from_args();
    throughput(&mut c);
    read_ahead(&mut c);
    round_trips(&mut c);
    c.final_summary();
}

/// Measures a listing of this many groups with this many requests.
fn bench<F: Future<Output = usize>>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    (name, server, runtime): (&str, &Server, &Runtime),
    (groups, requests): (usize, usize),
    walk: impl Fn() -> F,
) {
    group.bench_function(name, |b| {
        b.iter_custom(|times| {
            server.take_sent();
            let begun = Instant::now();
            for _ in 0..times {
                assert_eq!(runtime.block_on(walk()), groups);
            }
            let time = begun.elapsed();
            assert_eq!(server.take_sent().0 as u64, times * requests as u64, "requests of {name}");
            time
        });
    });
}

/// The cost of a listing from a server without delay.
fn throughput(c: &mut Criterion) {
    const GROUPS: usize = 300_000;
    let done = (GROUPS, GROUPS.div_ceil(PAGE));
    let server = Server::start(GROUPS, Duration::ZERO);
    for (side, runtime) in [("one thread", on_one_thread()), ("tokio::main", on_many_threads())] {
        let by_hand = server.api.by_hand();
        let list = server.api.list().page_size(1024);
        let ahead = list.clone().read_ahead(true);
        let mut group = c.benchmark_group(format!("throughput, {side}"));
        group.throughput(Throughput::Elements(GROUPS as u64));
        bench(&mut group, ("by hand", &server, &runtime), done, || by_hand.count("app", PAGE));
        bench(&mut group, ("this crate", &server, &runtime), done, || count(&list));
        bench(&mut group, ("this crate, read_ahead(true)", &server, &runtime), done, || count(&ahead));
        bench(&mut group, ("fetched and dropped", &server, &runtime), done, || by_hand.fetch_and_drop(GROUPS));
        group.finish();
    }
}

/// 20 pages, with a delay of 20 ms on each side: in sequence, or at the same time.
fn read_ahead(c: &mut Criterion) {
    const PAGES: usize = 20;
    let done = (PAGES * PAGE, PAGES);
    let server = Server::start(PAGES * PAGE, THINK);
    let list = server.api.list().page_size(1024);
    let ahead = list.clone().read_ahead(true);
    let runtime = on_many_threads();
    let mut group = c.benchmark_group("ahead");
    bench(&mut group, ("without", &server, &runtime), done, || count_and_work(&list, awaits));
    bench(&mut group, ("read_ahead(true)", &server, &runtime), done, || count_and_work(&ahead, awaits));
    bench(&mut group, ("read_ahead(true), a consumer that blocks", &server, &runtime), done, || {
        count_and_work(&ahead, blocks)
    });
    group.finish();
}

/// 10,000 groups, with a delay of 20 ms a page: the number of requests decides.
fn round_trips(c: &mut Criterion) {
    const GROUPS: usize = 10_000;
    let server = Server::start(GROUPS, THINK);
    let list = server.api.list();
    let large = list.clone().page_size(1024);
    let by_hand = server.api.by_hand();
    let runtime = on_one_thread();
    let mut group = c.benchmark_group("trips");
    bench(&mut group, ("first group", &server, &runtime), (1, 1), || first(&list));
    bench(&mut group, ("first group, page_size(1024)", &server, &runtime), (1, 1), || first(&large));
    bench(&mut group, ("all: 11 requests", &server, &runtime), (GROUPS, 11), || count(&list));
    bench(&mut group, ("all, page_size(1024): 10 requests", &server, &runtime), (GROUPS, 10), || count(&large));
    bench(
        &mut group,
        ("all, by hand at the API's default of 25: 400 requests", &server, &runtime),
        (GROUPS, 400),
        || by_hand.count("app", 25),
    );
    group.finish();
}
