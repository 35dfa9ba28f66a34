//! The cost of a listing in allocations and wakes. It is a test binary with one test, because the counting allocator is
//! global.

#![expect(clippy::unwrap_used, reason = "a test that fails says so")]

use std::alloc::System;
use std::future::{Future, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures::executor::block_on;
use futures::{Stream, StreamExt};
use futures_test::future::FutureTestExt;
use futures_test::task::new_count_waker;
use gupshup_groups::{Cursors, Group, GroupStream, ListGroups, Page, PageRequest, PageSource, PageStream, Result};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::task::yield_now;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

// Checked by the compiler, because a second test would be counted.
const _: () = assert!(size_of::<GroupStream>() <= 64 && size_of::<PageStream>() <= 64);

/// The size of a full page.
const PAGE: usize = 1024;

/// Makes its pages on request, so that no list is in memory.
#[derive(Clone)]
struct Made {
    count: usize,
    requests: Arc<AtomicUsize>,
}

impl Made {
    fn new(count: usize) -> Self {
        Self { count, requests: Arc::default() }
    }

    fn page(&self, request: &PageRequest) -> Page {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let from = request.position.cursor().map_or(0, |cursor| cursor.as_str().parse().unwrap());
        let to = (from + request.limit.get() as usize).min(self.count);
        let groups =
            (from..to).map(|n| Group::new(format!("Y2FwaV9ncm91cDo{n:012}"), "Support", 1_700_000_000)).collect();
        let after = (to < self.count).then(|| to.to_string());
        let before = from.to_string();
        Page::new(groups, Cursors::new(after.as_deref(), Some(&before))).with_next_link(after.is_some())
    }
}

impl PageSource for Made {
    fn fetch(&self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        ready(Ok(self.page(&request)))
    }
}

/// The same, but each page is pending once.
#[derive(Clone)]
struct Late(Made);

impl PageSource for Late {
    fn fetch(&self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        self.0.fetch(request).pending_once()
    }
}

/// The bytes in use while the listing holds its last page.
fn live_bytes(count: usize, restarts: u32) -> usize {
    let list = ListGroups::from_source(Made::new(count)).page_size(1024).max_restarts(restarts);
    let before = Region::new(ALLOCATOR);
    let mut groups = list.stream();
    let mut most = 0;
    block_on(async {
        let mut index = 0;
        while let Some(group) = groups.next().await {
            drop(group.unwrap());
            // Most bytes are in use when a page has just arrived.
            if index % PAGE == 0 {
                let change = before.change();
                most = most.max(change.bytes_allocated - change.bytes_deallocated);
            }
            index += 1;
        }
        assert_eq!(index, count);
    });
    most
}

/// Allocations of a listing of this many pages, without those of the source. It runs in a tokio runtime, which has
/// timers.
fn allocations(source: impl PageSource, made: &Made, pages: usize, restarts: u32, ahead: bool) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let list = ListGroups::from_source(source).page_size(1024).max_restarts(restarts).read_ahead(ahead);
    let walk = Region::new(ALLOCATOR);
    let mut groups = pin!(list.stream());
    let count = runtime.block_on(async {
        let mut count = 0;
        while let Some(group) = groups.next().await {
            drop(group.unwrap());
            count += 1;
        }
        count
    });
    let change = walk.change();
    assert_eq!(count, pages * PAGE);
    assert_eq!(made.requests.load(Ordering::Relaxed), pages, "one request a page");

    // Two strings a group, their vector, two cursors and their texts; the last page has one cursor.
    let of_the_source = pages * (2 * PAGE + 5) - 2;
    change.allocations + change.reallocations - of_the_source
}

/// How often a listing is polled and woken.
async fn polls_and_wakes(groups: GroupStream) -> (usize, usize) {
    let mut groups = pin!(groups);
    let (waker, woken) = new_count_waker();
    let mut polls = 0;
    loop {
        polls += 1;
        match groups.as_mut().poll_next(&mut Context::from_waker(&waker)) {
            Poll::Ready(Some(group)) => drop(group.unwrap()),
            Poll::Ready(None) => return (polls, woken.get()),
            Poll::Pending => yield_now().await,
        }
    }
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn a_walk_costs_few_allocations_and_one_wake_a_page_and_eight_bytes_a_group() {
    const PAGES: usize = 10;
    const SLACK: usize = 192 * 1024;
    /// The most allocations by which the sets of cursors and pages and the hashes of groups grow in 100 pages.
    const TABLES: usize = 50;
    /// Asserts the most allocations for each further page.
    fn assert_a_page_takes<S: PageSource>(most: usize, restarts: u32, ahead: bool, source: impl Fn(Made) -> S) {
        let count = |pages| {
            let made = Made::new(pages * PAGE);
            allocations(source(made.clone()), &made, pages, restarts, ahead)
        };
        let (few, many) = (count(10), count(110));
        let most = 100 * most + TABLES;
        assert!(many <= few + most, "restarts {restarts}: {few} allocations for 10 pages, {many} for 110");
    }
    for restarts in [0, 3] {
        // The future of the attempts, and that of the source. It makes no difference whether the page arrives later.
        assert_a_page_takes(2, restarts, false, |made| made);
        assert_a_page_takes(2, restarts, false, Late);
        // A page ahead also needs a task, and the set that aborts it.
        assert_a_page_takes(5, restarts, true, Late);
    }

    // Besides a page, a listing keeps a hash of every cursor and, if it may restart, of every group. The slack is for
    // the growth of tables and blocks.
    let growth = |restarts| live_bytes(1_000_000, restarts) - live_bytes(10_000, restarts);
    let (bare, with_restarts) = (growth(0), growth(3));
    assert!(bare < SLACK, "{bare} bytes more for 990,000 groups more");
    assert!(with_restarts < 8 * 990_000 + SLACK, "{with_restarts} bytes more for 990,000 groups more");
    assert!(live_bytes(10, 3) < 8 * 1024, "a short list takes little");

    // A source that is ready wakes nothing. One that responds later wakes the listing once a page, for one more poll.
    let at_once = ListGroups::from_source(Made::new(PAGES * PAGE)).page_size(1024);
    assert_eq!(block_on(polls_and_wakes(at_once.stream())), (PAGES * PAGE + 1, 0));
    let late = ListGroups::from_source(Late(Made::new(PAGES * PAGE))).page_size(1024);
    assert_eq!(block_on(polls_and_wakes(late.stream())), (PAGES * PAGE + 1 + PAGES, PAGES));

    // A page ahead wakes the listing once, when its task ends.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (_, wakes) = runtime.block_on(polls_and_wakes(late.read_ahead(true).stream()));
    assert_eq!(wakes, PAGES);
}
