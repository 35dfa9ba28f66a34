//! The cost of the stream for each group: one million groups in memory, in pages of 1024, compared with a nested loop.
//!
//! `cargo bench --bench walk`. `benches/peers` measures the same beside other crates, in interleaved rounds.

use std::collections::VecDeque;
use std::future::{Future, ready};
use std::hint::black_box;
use std::sync::{Arc, Mutex};

use criterion::{BatchSize, Criterion, Throughput};
use futures::StreamExt;
use futures::executor::block_on;
use gupshup_groups::{Cursors, Group, ListGroups, Page, PageRequest, PageSource, Result};

const GROUPS: usize = 1_000_000;
const PAGE: usize = 1024;

/// Prebuilt pages.
#[derive(Clone)]
struct Depot(Arc<Mutex<VecDeque<Page>>>);

impl Depot {
    fn new() -> Self {
        let starts = (0..GROUPS).step_by(PAGE);
        let page = |from: usize| {
            let to = (from + PAGE).min(GROUPS);
            let group = |n| {
                Group::new(format!("Y2FwaV9ncm91cDoxNTU1MDc4MzgxMToxMjAzNjMwMTg{n:012}ZD"), "Support", 1_700_000_000)
            };
            let after = (to < GROUPS).then(|| to.to_string());
            Page::new((from..to).map(group).collect(), Cursors::new(after.as_deref(), None))
                .with_next_link(after.is_some())
        };
        Self(Arc::new(Mutex::new(starts.map(page).collect())))
    }

    fn page(&self) -> Page {
        self.0.lock().unwrap().pop_front().unwrap_or_default()
    }
}

impl PageSource for Depot {
    fn fetch(&self, _: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        ready(Ok(self.page()))
    }
}

/// The work of every consumer: it reads the whole id of a group, and keeps the group.
fn keep(out: &mut Vec<Group>, group: Group) {
    let id = group.id.as_bytes();
    black_box((id.first().copied(), id.last().copied()));
    out.push(group);
}

fn main() {
    let mut c = Criterion::default().sample_size(10).configure_from_args();
    let mut group = c.benchmark_group("walk");
    group.throughput(Throughput::Elements(GROUPS as u64));
    let fresh = || (Depot::new(), Vec::with_capacity(GROUPS));
    group.bench_function("nested loop", |b| {
        b.iter_batched(
            fresh,
            |(depot, mut out)| {
                loop {
                    let page = depot.page();
                    for group in page.groups {
                        keep(&mut out, group);
                    }
                    if !page.has_next {
                        return out;
                    }
                }
            },
            BatchSize::PerIteration,
        );
    });
    for restarts in [0, 3] {
        group.bench_function(format!("stream, max_restarts({restarts})"), |b| {
            b.iter_batched(
                fresh,
                |(depot, mut out)| {
                    let mut groups = ListGroups::from_source(depot).page_size(1024).max_restarts(restarts).stream();
                    block_on(async {
                        while let Some(group) = groups.next().await {
                            keep(&mut out, group.expect("no group fails"));
                        }
                    });
                    out
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
    c.final_summary();
}
