//! A soak: many listings and updates of one client, on tokio's paused clock, from servers that fail in every way at random.
//!
//! `SOAK_SECONDS=3600` lists for an hour of that clock, `SOAK_SEED=7` repeats one run.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use gupshup_groups::testing::{CursorAnswer, Dialect, FakeGroups};
use gupshup_groups::{Change, Client, Error, Group, ListGroups, Page, PageRequest, PageSource, Position, Result};
use peak_alloc::PeakAlloc;
use tokio::time::{Instant, sleep, sleep_until};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const SECOND: Duration = Duration::from_secs(1);
const MIB: usize = 1024 * 1024;

/// Groups that are never deleted, in each app.
const STABLE: usize = 300;
/// Those that may be, at first.
const VOLATILE: usize = 40;
/// The most groups of an app.
const MOST: usize = 380;

/// A listing begins every 18 s, and a round of updates of each watched app every 72 s: 200 and 50 in an hour.
const LISTING_EVERY: Duration = Duration::from_secs(18);
const UPDATE_EVERY: Duration = Duration::from_secs(72);

/// What is common to the servers of all apps.
struct World {
    rng: Rng,
    /// No request of the client may arrive earlier, since a server asked to wait.
    not_before: Instant,
    /// Until then every request fails.
    outage: Instant,
    /// No more faults and changes.
    quiet: bool,
    /// How often each thing happened.
    counts: BTreeMap<&'static str, u64>,
}

impl World {
    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Whether an event of this probability happens.
    fn per_mille(&mut self, chance: u32) -> bool {
        self.rng.u32(..1_000) < chance
    }
}

/// How the server of an app differs from the others.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
struct Habits {
    dialect: Dialect,
    /// Groups are deleted while they are listed. Where cursors are offsets that no change expires, a single listing then
    /// lacks groups, as documented.
    deletes: bool,
    /// It sends no links, so nothing tells an odd empty page from the end of the list, and it sends none but at the start.
    has_no_links: bool,
    /// Pages above 100 groups are answered 504.
    is_slow_above_100: bool,
    /// The list is empty for a while, now and then.
    is_empty_at_times: bool,
}

/// The server of an app.
#[derive(Clone)]
struct App {
    name: &'static str,
    fake: FakeGroups,
    habits: Arc<Habits>,
    world: Arc<Mutex<World>>,
    /// One listing at a time, since what the server does depends on what it asks.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// The listing under way confirms an empty first page.
    confirms: Arc<AtomicBool>,
    /// Groups that may be created until the next page, where offsets shift: fewer than the last page had. A page that began
    /// with groups of an earlier page than that would repeat them, as documented.
    room: Arc<AtomicUsize>,
    /// An empty page was sent, and no other since. Twice, it would be the end.
    was_empty: Arc<AtomicBool>,
    /// Until then the list is empty.
    empty_until: Arc<Mutex<Instant>>,
}

/// What the server does.
enum Answer {
    Page,
    Empty,
    Fails(Error),
    /// No answer: the client's timeout.
    Silence,
    Slow(Duration),
}

impl App {
    fn new(name: &'static str, world: &Arc<Mutex<World>>, habits: Habits) -> Self {
        let stable = (0..STABLE).map(|n| Group::new(format!("{name} {n}"), "stable", 0));
        let volatile = (0..VOLATILE).map(|n| Group::new(format!("{name} volatile {n}"), "volatile", 0));
        Self {
            name,
            fake: FakeGroups::new(volatile.chain(stable)).dialect(habits.dialect.clone()),
            habits: Arc::new(habits),
            world: Arc::clone(world),
            turn: Arc::default(),
            confirms: Arc::default(),
            room: Arc::default(),
            was_empty: Arc::default(),
            empty_until: Arc::new(Mutex::new(Instant::now())),
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn ids(&self) -> BTreeSet<String> {
        self.fake.groups().into_iter().map(|group| group.id).collect()
    }

    /// Takes the room of one group, if there is any.
    fn has_room(&self) -> bool {
        self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(1)).is_ok()
    }

    /// Creates, renames or deletes a group.
    fn change(&self, world: &mut World) {
        let groups = self.fake.groups();
        let new = world.counts.values().sum::<u64>();
        let volatile: Vec<_> = groups.iter().filter(|group| group.subject != "stable").collect();
        match world.rng.u8(..3) {
            0 if groups.len() < MOST && (self.habits.deletes || self.has_room()) => {
                world.count("created");
                self.fake.create(Group::new(format!("{} new {new}", self.name), "volatile", 1));
            }
            1 if self.habits.deletes && !volatile.is_empty() => {
                world.count("deleted");
                let group = world.rng.choice(&volatile).unwrap();
                assert!(self.fake.delete(&group.id));
            }
            _ => {
                world.count("renamed");
                if let Some(group) = world.rng.choice(&volatile) {
                    assert!(self.fake.rename(&group.id, format!("name {new}")));
                }
            }
        }
    }

    /// Answers a request that arrives now.
    fn arrives(&self, request: &PageRequest) -> Answer {
        let now = Instant::now();
        let mut world = self.world();
        world.count("requests");
        assert!(now >= world.not_before, "{}: a request {:?} too early", self.name, world.not_before - now);
        if world.quiet {
            return Answer::Page;
        }
        if world.per_mille(150) {
            self.change(&mut world);
        }
        if world.per_mille(4) {
            world.count("outages");
            world.outage = now + world.rng.u32(1..=30) * SECOND;
        }
        if now < world.outage {
            world.count("failed in an outage");
            return Answer::Fails(Error::transport("connection refused"));
        }
        if self.habits.is_slow_above_100 && request.limit.get() > 100 {
            world.count("refused sizes");
            return Answer::Fails(Error::api(504, None, "Gateway Timeout"));
        }
        let mut empty_until = self.empty_until.lock().unwrap();
        if self.habits.is_empty_at_times && world.per_mille(15) {
            *empty_until = now + world.rng.u32(1..=120) * SECOND;
        }
        if now < *empty_until {
            world.count("pages of a list that is empty for a while");
            return Answer::Empty;
        }
        let announced = match request.position {
            Position::Start => self.confirms.load(Ordering::Relaxed),
            _ => !self.habits.has_no_links,
        };
        if announced && !self.was_empty.load(Ordering::Relaxed) && world.per_mille(20) {
            world.count("single empty pages");
            return Answer::Empty;
        }
        match world.rng.u32(..1_000) {
            0..70 => {
                world.count("failed");
                Answer::Fails(failure(&mut world.rng))
            }
            70..80 => {
                world.count("told to wait");
                let wait = if world.per_mille(50) { 90 * SECOND } else { world.rng.u32(1..=20) * SECOND / 2 };
                world.not_before = world.not_before.max(now + wait);
                let status = *world.rng.choice(&[429, 503, 403]).unwrap();
                Answer::Fails(Error::api(status, None, "Slow down").with_retry_after(wait))
            }
            80..85 => {
                world.count("cursors expired");
                self.fake.expire_cursors();
                Answer::Page
            }
            85..90 => {
                world.count("cursors forgotten");
                self.fake.forget_cursors();
                Answer::Page
            }
            90..93 => {
                world.count("silences");
                Answer::Silence
            }
            93..200 => Answer::Slow(Duration::from_millis(world.rng.u64(..3_000))),
            _ => Answer::Page,
        }
    }
}

/// Any failure that may pass, without a time to wait.
fn failure(rng: &mut Rng) -> Error {
    match rng.u8(..10) {
        0 => Error::transport("reset"),
        1 => Error::transport("the body ends early"),
        2 => Error::api(403, Some(4), "Application request limit reached"),
        3 => Error::api(400, Some(80_008), "Rate limit issues"),
        4 => Error::api(500, Some(1), "An unknown error occurred"),
        5 => Error::api(200, Some(2), "Service temporarily unavailable"),
        6 => Error::api(429, None, "Too Many Requests"),
        7 => Error::api(rng.u16(520..=530), None, "a gateway's own"),
        _ => Error::api(*rng.choice(&[408, 425, 500, 502, 503, 504, 507]).unwrap(), None, "no"),
    }
}

impl PageSource for App {
    fn fetch(&self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        let app = self.clone();
        async move {
            let answer = app.arrives(&request);
            let is_empty = matches!(answer, Answer::Empty);
            let page = match answer {
                Answer::Page => app.fake.fetch(request).await,
                Answer::Empty => Ok(Page::default()),
                Answer::Fails(error) => return Err(error),
                Answer::Silence => {
                    sleep(30 * SECOND).await;
                    return Err(Error::timeout("no answer in 30 s"));
                }
                Answer::Slow(time) => {
                    sleep(time).await;
                    app.fake.fetch(request).await
                }
            };
            if let Ok(page) = &page {
                if !page.groups.is_empty() {
                    app.room.store(page.groups.len() - 1, Ordering::Relaxed);
                }
                app.was_empty.store(is_empty, Ordering::Relaxed);
            }
            page
        }
    }
}

/// An error that passes.
#[track_caller]
fn assert_passes(app: &App, error: &Error) {
    let passes =
        error.is_retryable() || error.is_cursor_expired() || error.is_inconsistent() || error.is_mass_removal();
    assert!(passes, "{}: {error}", app.name);
}

/// Waits as a user does: for as long as the error says, or a few seconds.
async fn recover(app: &App, error: &Error, errors: &mut u32) {
    assert_passes(app, error);
    app.world().count("errors of listings");
    *errors += 1;
    assert!(*errors < 100, "{}: a listing does not come to its end: {error}", app.name);
    sleep(error.retry_after().unwrap_or(5 * SECOND)).await;
}

/// One listing, to its end.
async fn list(app: App, list: ListGroups, seed: u64) {
    let turn = Arc::clone(&app.turn);
    let _turn = turn.lock().await;
    let mut rng = Rng::with_seed(seed);
    let by_snapshot = rng.bool();
    let confirms = by_snapshot || rng.bool();
    let mut list = list.read_ahead(rng.bool()).confirm_end(confirms);
    if rng.bool() {
        list = list.page_size(rng.u32(20..=60));
    }
    app.confirms.store(confirms, Ordering::Relaxed);
    let (before, mut errors) = (app.ids(), 0);
    let mut found: Vec<String> = Vec::new();
    if by_snapshot {
        let snapshot = loop {
            match list.snapshot().await {
                Ok(snapshot) => break snapshot,
                Err(error) => recover(&app, &error, &mut errors).await,
            }
        };
        found.extend(snapshot.into_iter().map(|group| group.id));
    } else {
        let mut stream = list.stream();
        loop {
            match stream.try_next().await {
                Ok(Some(group)) => found.push(group.id),
                Ok(None) => break,
                Err(error) => {
                    recover(&app, &error, &mut errors).await;
                    stream.resume();
                }
            }
        }
        assert!(stream.checkpoint().is_end());
    }
    let after = app.ids();
    let unique: BTreeSet<_> = found.iter().cloned().collect();
    assert_eq!(unique.len(), found.len(), "{} {seed}: a group comes twice", app.name);
    let missing: Vec<_> = before.intersection(&after).filter(|id| !unique.contains(*id)).collect();
    assert!(missing.is_empty(), "{} {seed}: lost {missing:?}, by snapshot: {by_snapshot}, errors: {errors}", app.name);
    app.world().count("listings");
}

/// Rounds of updates, which keep a copy of the list. Returns the copy.
async fn update(app: App, list: ListGroups, when: impl Stream<Item = ()> + Send + 'static) -> BTreeMap<String, Group> {
    app.confirms.store(true, Ordering::Relaxed);
    let (mut updates, mut copy) = (list.updates(None, when), BTreeMap::new());
    while let Some(update) = updates.next().await {
        let update = match update {
            Ok(update) => update,
            Err(error) => {
                assert_passes(&app, &error);
                let what = if error.is_mass_removal() { "mass removals refused" } else { "errors of updates" };
                app.world().count(what);
                continue;
            }
        };
        app.world().count("updates");
        for change in update.changes {
            let group = change.group().clone();
            let is_valid = match change {
                Change::Created(_) => copy.insert(group.id.clone(), group).is_none(),
                Change::Removed(_) => {
                    app.world().count("removals");
                    assert!(!app.ids().contains(&group.id), "{}: {} is removed, and exists", app.name, group.id);
                    copy.remove(&group.id).is_some()
                }
                _ => copy.insert(group.id.clone(), group).is_some(),
            };
            assert!(is_valid, "{}: a change that does not fit the copy", app.name);
        }
    }
    copy
}

/// A tick of each round, and three more once the servers are quiet.
fn ticks(rounds: u32, world: &Arc<Mutex<World>>) -> impl Stream<Item = ()> + Send + use<> {
    let (began, world) = (Instant::now(), Arc::clone(world));
    stream::iter(1..=rounds + 3).then(move |round| {
        let world = Arc::clone(&world);
        async move {
            sleep_until(began + UPDATE_EVERY * round).await;
            world.lock().unwrap().quiet |= round > rounds;
        }
    })
}

/// The listings and rounds of so much time. Returns how often each thing happened.
async fn soak(seed: u64, time: Duration) -> BTreeMap<&'static str, u64> {
    // The jitter of the crate's own waits.
    fastrand::seed(seed);
    let now = Instant::now();
    let rng = Rng::with_seed(seed);
    let world = World { rng, not_before: now, outage: now, quiet: false, counts: BTreeMap::new() };
    let world = Arc::new(Mutex::new(world));
    let app = |name, habits| App::new(name, &world, habits);
    let offsets = Dialect::default().expire_cursors_on_change(false);
    let listed = [
        app("versioned offsets", Habits { deletes: true, ..Habits::default() }),
        app("items", Habits { dialect: Dialect::graph_api(), deletes: true, ..Habits::default() }),
        app("offsets that shift", Habits { dialect: offsets.clone(), ..Habits::default() }),
        app(
            "no links, 2642 past the end",
            Habits {
                dialect: Dialect::default().next_links(false).past_the_end(CursorAnswer::Invalid),
                deletes: true,
                has_no_links: true,
                ..Habits::default()
            },
        ),
        app(
            "at most 100 a page",
            Habits { dialect: Dialect::default().refuse_page_size_above(100), deletes: true, ..Habits::default() },
        ),
        app("slow above 100 a page", Habits { is_slow_above_100: true, deletes: true, ..Habits::default() }),
        app(
            "clamps, and sends empty pages",
            Habits {
                dialect: Dialect::graph_api().clamp_page_size(1..=60).empty_page_every(3),
                deletes: true,
                ..Habits::default()
            },
        ),
    ];
    let watched = [
        ("versioned offsets, watched", Dialect::default()),
        ("items, watched", Dialect::graph_api()),
        ("offsets that shift, watched", offsets),
    ];
    let watched = watched.map(|(name, dialect)| {
        app(name, Habits { dialect, deletes: true, is_empty_at_times: true, ..Habits::default() })
    });
    let client = Client::new("key").unwrap();
    let groups = |app: &App| client.groups(app.name).map_source(|_| app.clone());

    let rounds = u32::try_from(time.as_secs() / UPDATE_EVERY.as_secs()).unwrap().max(1);
    let updates = watched.each_ref().map(|app| tokio::spawn(update(app.clone(), groups(app), ticks(rounds, &world))));
    let (mut listings, mut early) = (Vec::new(), None);
    for n in 0..time.as_secs() / LISTING_EVERY.as_secs() {
        sleep_until(now + LISTING_EVERY * u32::try_from(n).unwrap()).await;
        // Each app in turn, the first three more often: those that refuse large pages use up the retries that all share.
        let app = match n % 10 {
            n @ 0..7 => &listed[usize::try_from(n).unwrap()],
            n => &listed[usize::try_from(n).unwrap() - 7],
        };
        listings.push(tokio::spawn(list(app.clone(), groups(app), seed ^ (n << 32))));
        if n == 20 {
            early = Some(MEMORY.current_usage());
        }
    }
    for listing in listings {
        listing.await.unwrap();
    }
    for (app, copy) in watched.iter().zip(updates) {
        let copy = copy.await.unwrap();
        let list: BTreeMap<_, _> = app.fake.groups().into_iter().map(|group| (group.id.clone(), group)).collect();
        let differs = |id: &&String| copy.get(*id) != list.get(*id);
        let different: BTreeSet<_> = copy.keys().chain(list.keys()).filter(differs).collect();
        assert!(different.is_empty(), "{} {seed}: {different:?} of the copy and the list differ", app.name);
    }

    let counts = world.lock().unwrap().counts.clone();
    if let Some(early) = early {
        // The servers keep a record of their requests.
        let record = usize::try_from(counts["requests"]).unwrap() * 300;
        let late = MEMORY.current_usage();
        assert!(late <= early + record + MIB, "{seed}: {early} bytes after 20 listings, {late} at the end");
    }
    counts
}

#[test]
fn of_many_listings_and_updates_from_servers_that_fail_in_every_way_no_group_is_lost_repeated_or_removed() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let time = Duration::from_secs(number("SOAK_SECONDS").unwrap_or(1_800));
    let seeds = number("SOAK_SEED").map_or(0..4, |seed| seed..seed + 1);
    let mut total = BTreeMap::<_, u64>::new();
    for seed in seeds.clone() {
        println!("seed {seed}: SOAK_SEED={seed} SOAK_SECONDS={} repeats it", time.as_secs());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let counts = runtime.block_on(soak(seed, time));
        let peak = MEMORY.peak_usage() - before;
        println!("  {counts:?}, {peak} bytes at most");
        assert!(peak <= 32 * MIB, "{seed}: {peak} bytes");
        for (what, count) in counts {
            *total.entry(what).or_default() += count;
        }
    }
    for what in ["failed", "failed in an outage", "told to wait", "single empty pages", "silences", "cursors expired"] {
        assert!(
            total.get(what).is_some_and(|count| *count > 0),
            "the test shows nothing of this: {what}, seeds {seeds:?}"
        );
    }
}
