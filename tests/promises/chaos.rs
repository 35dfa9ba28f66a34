//! Many listings at once over a bad network, and ten thousand on one client.

use std::env;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use futures::{Stream, StreamExt};
use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{Checkpoint, Error, Group, GroupStream, ListGroups, PageRequest};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use crate::support::{groups, settle};

const GROUPS: usize = 1_000;
const SEEDS: u64 = 1_000;
/// Of a request.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Reports the seed of a failure.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the seed is {0}: CHAOS_SEED={0} repeats it", self.0);
        }
    }
}

/// Any transient failure.
fn failure(rng: &mut Rng) -> Error {
    let error = match rng.u8(0..10) {
        0..3 => Error::transport("reset"),
        3..5 => Error::api(429, None, "Too Many Requests"),
        5 => Error::api(400, Some(80_007), "Rate limit issues"),
        6 => Error::api(400, Some(2), "Temporary"),
        _ => Error::api(*rng.choice(&[408, 500, 502, 503, 504]).unwrap(), None, "no"),
    };
    error.with_retry_after((rng.u8(..) < 32).then(|| Duration::from_secs(rng.u64(0..100))))
}

/// A server of these groups: three requests in ten fail or hang, some of the others are slow, and pages are of any size.
fn bad_server(list: &[Group], seed: u64) -> FakeGroups {
    let rng = Mutex::new(Rng::with_seed(seed));
    FakeGroups::new(list.iter().cloned()).on_request(move |index, fake| {
        let mut rng = rng.lock().unwrap();
        let fault = match rng.u8(0..100) {
            0..29 => Fault::Error(failure(&mut rng)),
            29 => Fault::Hang,
            30..40 => Fault::Delay(Duration::from_millis(rng.u64(0..5_000))),
            40..50 => Fault::Pending(rng.u32(1..4)),
            _ => Fault::None,
        };
        fake.fault_at(index, fault).dialect(Dialect::default().clamp_page_size(1..=rng.u32(1..200)));
    })
}

/// A consumer that stops, reverses and resumes at random, and a model of what it should see.
struct Consumer {
    list: ListGroups,
    stream: GroupStream,
    rng: Rng,
    /// The number of groups before its place, in list order.
    at: usize,
    forward: bool,
    turns: u32,
    /// What happened: dropped futures, errors, saved places.
    dropped: u32,
    errors: u32,
    saved: u32,
}

impl Consumer {
    fn new(fake: &FakeGroups, seed: u64) -> Self {
        let list = ListGroups::from_source(fake.clone()).map_source(|server| {
            move |request: PageRequest| {
                let answer = server.clone();
                async move {
                    let answer = timeout(TIMEOUT, answer.fetch(request)).await;
                    answer.unwrap_or_else(|_| Err(Error::timeout("no answer in 30 s")))
                }
            }
        });
        let mut rng = Rng::with_seed(seed);
        let list = Self::any_settings(&list, &mut rng);
        let stream = list.stream();
        Self { list, stream, rng, at: 0, forward: true, turns: 0, dropped: 0, errors: 0, saved: 0 }
    }

    fn any_settings(list: &ListGroups, rng: &mut Rng) -> ListGroups {
        let list = list.clone().read_ahead(rng.bool());
        if rng.bool() { list.page_size(rng.u32(1..=1024)) } else { list }
    }

    /// Whether an event with this probability happens now.
    fn one_in(&mut self, many: u32) -> bool {
        self.rng.u32(..many) == 0
    }

    /// The next item, or `None` if the consumer dropped the future.
    async fn next(&mut self) -> Option<Option<Result<Group, Error>>> {
        if !self.one_in(8) {
            return Some(self.stream.next().await);
        }
        let patience = Duration::from_millis(self.rng.u64(0..2_000));
        let item = timeout(patience, self.stream.next()).await.ok();
        self.dropped += u32::from(item.is_none());
        item
    }

    /// Continues in a new stream, from the text of a place.
    fn restore(&mut self, place: &Checkpoint) {
        self.saved += 1;
        let place: Checkpoint = place.to_string().parse().unwrap();
        self.stream = Self::any_settings(&self.list, &mut self.rng).resume(place).stream();
    }

    /// Reverses the stream, directly or by a saved place.
    fn turn(&mut self) {
        self.turns += 1;
        self.forward = !self.forward;
        let place = self.stream.checkpoint().reversed();
        let fresh = self.list.clone().resume(place.clone()).stream();
        if self.one_in(3) {
            self.restore(&place);
        } else {
            self.stream = std::mem::replace(&mut self.stream, fresh).reverse();
        }
    }

    async fn recover(&mut self, error: &Error) {
        self.errors += 1;
        // The server may ask for more than the retries wait for.
        sleep(error.retry_after().unwrap_or_default()).await;
        assert!(error.is_retryable(), "{error:?}");
        assert_eq!(error.checkpoint(), Some(&self.stream.checkpoint()));
        match self.rng.u8(0..4) {
            0 => self.restore(&error.checkpoint().cloned().unwrap()),
            1 if self.turns < 6 => self.turn(),
            _ => self.stream.resume(),
        }
    }

    /// Lists in both directions until the list has been seen to its end.
    async fn walk(&mut self, list: &[Group]) {
        loop {
            let Some(item) = self.next().await else { continue };
            match item {
                Some(Ok(group)) => {
                    let expected =
                        if self.forward { list.get(self.at) } else { self.at.checked_sub(1).map(|at| &list[at]) };
                    assert_eq!(Some(&group), expected, "at {}, forward: {}", self.at, self.forward);
                    self.at = if self.forward { self.at + 1 } else { self.at - 1 };
                    if self.one_in(500) && self.turns < 6 {
                        self.turn();
                    } else if self.one_in(150) {
                        let place = self.stream.checkpoint();
                        self.restore(&place);
                    }
                }
                Some(Err(error)) => self.recover(&error).await,
                None => {
                    assert_eq!(self.at, if self.forward { list.len() } else { 0 }, "forward: {}", self.forward);
                    assert!(self.stream.checkpoint().is_end());
                    if self.forward {
                        break;
                    }
                    self.turn();
                }
            }
        }
        assert!(self.stream.next().await.is_none());
    }
}
#[tokio::test(start_paused = true)]
async fn a_thousand_walks_over_a_bad_network_by_a_bad_consumer_each_see_the_exact_list() {
    let list = groups(GROUPS);
    let seeds = match env::var("CHAOS_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("CHAOS_SEED is a number");
            seed..seed + 1
        }
        Err(_) => 0..SEEDS,
    };
    let seed_count = seeds.end - seeds.start;
    let (mut dropped, mut errors, mut saved, mut turns, mut requests) = (0, 0, 0, 0, 0);
    for seed in seeds {
        let seed = Seed(seed);
        // The jitter of the crate's own waits.
        fastrand::seed(seed.0);
        let fake = bad_server(&list, seed.0);
        let mut consumer = Consumer::new(&fake, !seed.0);
        consumer.walk(&list).await;
        dropped += consumer.dropped;
        errors += consumer.errors;
        saved += consumer.saved;
        turns += consumer.turns;
        drop(consumer);
        settle().await;
        assert_eq!((fake.in_flight(), Handle::current().metrics().num_alive_tasks()), (0, 0), "nothing is left behind");
        requests += fake.requests().len();
    }
    println!("{seed_count} walks: {requests} requests, {errors} errors, {dropped} drops, {saved} saves, {turns} turns");
    if seed_count == SEEDS {
        // Each event happened often.
        assert!(errors > 1_000 && dropped > 1_000 && saved > 1_000 && turns > 1_000);
    }
}
#[tokio::test]
async fn ten_thousand_streams_at_once_on_one_client_hold_a_page_each_and_complete() {
    const STREAMS: usize = 10_000;
    const PAGE: usize = 5;
    for ahead in [false, true] {
        let most = Arc::new(AtomicUsize::new(0));
        let fake = FakeGroups::new(groups(3 * PAGE)).on_request({
            let most = Arc::clone(&most);
            move |index, fake| {
                most.fetch_max(fake.in_flight(), Ordering::Relaxed);
                fake.fault_at(index, Fault::Pending(1));
            }
        });
        let list = ListGroups::from_source(fake.clone()).page_size(5).read_ahead(ahead);
        let walks: Vec<_> = (0..STREAMS)
            .map(|_| {
                let mut stream = list.stream();
                tokio::spawn(async move {
                    let mut held = 0;
                    let mut count = 0;
                    while let Some(group) = stream.next().await {
                        assert_eq!(group.unwrap().id, count.to_string());
                        count += 1;
                        held = held.max(stream.size_hint().0);
                    }
                    (count, held)
                })
            })
            .collect();
        for walk in walks {
            let (count, held) = walk.await.unwrap();
            assert_eq!((count, held), (3 * PAGE, PAGE - 1), "no more than the rest of a page is held");
        }
        // All were under way at the same time, with one request each.
        assert_eq!(most.load(Ordering::Relaxed), STREAMS);
        assert_eq!(fake.requests().len(), 3 * STREAMS);
        settle().await;
        assert_eq!((fake.in_flight(), fake.dropped(), Handle::current().metrics().num_alive_tasks()), (0, 0, 0));
    }
}
