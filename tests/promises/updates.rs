//! Updates: every net change is reported at least once, also after restarts; removals are true; a tick starts a
//! listing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use futures::channel::mpsc;
use futures::executor::block_on;
use futures::{FutureExt as _, Stream, StreamExt as _, stream};
use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{
    Change, Client, Error, Group, ListGroups, Position, RemovalLimit, Result, RetryPolicy, Snapshot, Update,
};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::consistent::{changing, false_removals};
use crate::support::{groups, numbered};

const SECOND: Duration = Duration::from_secs(1);

fn list(fake: &FakeGroups) -> ListGroups {
    ListGroups::from_source(fake.clone()).retry(RetryPolicy::none())
}

/// How many listings were begun.
fn listings(fake: &FakeGroups) -> usize {
    fake.requests().iter().filter(|request| request.position == Position::Start).count()
}

/// The update of one listing.
fn once(fake: &FakeGroups, from: Option<Snapshot>) -> Option<Update> {
    let updates: Vec<_> = block_on(list(fake).updates(from, stream::empty()).collect());
    assert!(updates.len() <= 1);
    updates.into_iter().next().map(Result::unwrap)
}

#[test]
fn an_update_is_one_round_of_updates() {
    let fake = FakeGroups::new(groups(4));
    let list = list(&fake);
    let first = block_on(list.update(None)).unwrap().unwrap();
    assert_eq!(Some(&first), once(&fake, None).as_ref());
    assert_eq!(block_on(list.update(Some(&first.snapshot))).unwrap(), None, "nothing has changed");

    fake.create(numbered(9));
    let known = Some(&first.snapshot);
    let second = block_on(list.update(known)).unwrap().unwrap();
    assert_eq!(second.changes, [Change::Created(numbered(9))]);
    assert_eq!(Some(&second), once(&fake, known.cloned()).as_ref());
}

#[test]
fn an_update_of_a_listing_that_fails_is_its_error_and_the_next_has_every_change() {
    let fake = FakeGroups::new(groups(4));
    let list = list(&fake).app_id("7f3c");
    let known = block_on(list.update(None)).unwrap().unwrap().snapshot;
    fake.create(numbered(9));
    fake.script([Fault::Error(Error::api(401, None, "Authentication Failed"))]);
    let error = block_on(list.update(Some(&known))).unwrap_err();
    assert!(error.is_auth() && error.app_id() == Some("7f3c"), "{error}");
    assert_eq!(block_on(list.update(Some(&known))).unwrap().unwrap().changes, [Change::Created(numbered(9))]);
}

#[test]
fn an_update_lists_again_before_it_removes_a_group() {
    let fake = FakeGroups::new(groups(3));
    let known = state(groups(4));
    let update = block_on(list(&fake).update(Some(&known))).unwrap().unwrap();
    assert_eq!(update.changes, [Change::Removed(numbered(3))]);
    assert_eq!(listings(&fake), 2);
}

#[test]
fn an_update_that_is_dropped_leaves_no_request_and_the_next_lists_from_the_start() {
    let fake = FakeGroups::new(groups(60)).script([Fault::None, Fault::Hang]);
    let list = list(&fake).page_size(25);
    assert!(list.update(None).now_or_never().is_none());
    assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
    assert_eq!(block_on(list.update(None)).unwrap().unwrap().changes.len(), 60);
    assert_eq!(listings(&fake), 2);
}

/// The listing of a list that does not change.
fn state(groups: Vec<Group>) -> Snapshot {
    block_on(list(&FakeGroups::new(groups)).snapshot()).unwrap()
}

#[test]
fn without_a_saved_state_all_groups_are_created() {
    let update = once(&FakeGroups::new(groups(3)), None).unwrap();
    assert_eq!(update.changes, groups(3).into_iter().map(Change::Created).collect::<Vec<_>>());
    assert_eq!(update.snapshot, state(groups(3)));
}

#[test]
fn the_state_of_an_empty_list_comes_too() {
    let update = once(&FakeGroups::new([]), None).unwrap();
    assert_eq!((update.changes, update.snapshot.len()), (vec![], 0));
}

#[test]
fn after_a_restart_the_first_update_has_what_changed_meanwhile() {
    let fake = FakeGroups::new(groups(4));
    let saved = serde_json::to_string(&once(&fake, None).unwrap()).unwrap();
    fake.create(numbered(9));
    fake.rename("1", "another name");
    fake.delete("2");

    let saved: Update = serde_json::from_str(&saved).unwrap();
    let update = once(&fake, Some(saved.snapshot)).unwrap();
    let renamed = Group::new("1", "another name", numbered(1).creation_timestamp);
    assert_eq!(
        update.changes,
        [
            Change::Created(numbered(9)),
            Change::Renamed { before: numbered(1), after: renamed },
            Change::Removed(numbered(2))
        ],
    );
    assert_eq!(once(&fake, Some(update.snapshot)), None, "nothing has changed since");
}

#[test]
fn a_listing_that_lacks_no_known_group_is_the_only_one() {
    let fake = FakeGroups::new(groups(4));
    let known = state(groups(4));
    fake.create(numbered(9));
    assert_eq!(once(&fake, Some(known)).unwrap().changes, [Change::Created(numbered(9))]);
    assert_eq!(listings(&fake), 1);
}

#[test]
fn a_listing_that_lacks_a_known_group_is_followed_by_another_before_the_group_is_removed() {
    let fake = FakeGroups::new(groups(3));
    assert_eq!(once(&fake, Some(state(groups(4)))).unwrap().changes, [Change::Removed(numbered(3))]);
    assert_eq!(listings(&fake), 2);
}

/// Scenario: the first listing lacks a group because another one is created and deleted meanwhile. Expected: the second
/// has it, and nothing is reported as removed.
#[test]
fn a_group_that_the_second_listing_has_is_not_removed() {
    let fake = FakeGroups::new(groups(8)).dialect(Dialect::default().expire_cursors_on_change(false));
    let fake = fake.on_request(|index, fake| match index {
        1 => fake.create(numbered(9)),
        2 => assert!(fake.delete("9")),
        _ => {}
    });
    let updates: Vec<_> = block_on(list(&fake).page_size(2).updates(Some(state(groups(8))), stream::empty()).collect());
    assert!(updates.is_empty(), "{updates:?}");
    assert_eq!(listings(&fake), 2);
}

#[test]
fn a_list_that_changes_too_often_to_confirm_a_removal_is_an_error_and_the_removal_comes_later() {
    let restless = Arc::new(AtomicBool::new(true));
    let is_restless = Arc::clone(&restless);
    let fake = FakeGroups::new(groups(3)).on_request(move |index, fake| {
        let is_first = fake.requests()[index].position == Position::Start;
        if is_first && is_restless.load(Ordering::Relaxed) {
            fake.create(numbered(100 + index));
        }
    });
    let (tick, ticks) = mpsc::unbounded();
    let mut updates = pin!(list(&fake).updates(Some(state(groups(4))), ticks));
    assert!(block_on(updates.next()).unwrap().unwrap_err().is_inconsistent());

    restless.store(false, Ordering::Relaxed);
    tick.unbounded_send(()).unwrap();
    let update = block_on(updates.next()).unwrap().unwrap();
    assert_eq!(update.changes.last(), Some(&Change::Removed(numbered(3))));
    assert_eq!(update.changes.len(), 1 + 8, "and the groups that were created meanwhile");
}

#[tokio::test(start_paused = true)]
async fn a_tick_starts_a_listing_at_once() {
    let times = Arc::<Mutex<Vec<Instant>>>::default();
    let log = Arc::clone(&times);
    let fake = FakeGroups::new(groups(3)).on_request(move |_, _| log.lock().unwrap().push(Instant::now()));
    let (tick, ticks) = mpsc::unbounded();
    let updates = list(&fake).updates(Some(state(groups(3))), ticks);
    let task = tokio::spawn(updates.for_each(|update| async move { panic!("nothing has changed: {update:?}") }));
    sleep(SECOND).await;
    for _ in 0..20 {
        sleep(SECOND.mul_f64(7.3)).await;
        times.lock().unwrap().clear();
        let begun = Instant::now();
        tick.unbounded_send(()).unwrap();
        sleep(Duration::from_millis(100)).await;
        let times = times.lock().unwrap();
        assert!(!times.is_empty(), "no listing within 100 ms");
        assert!(times[0] - begun <= Duration::from_millis(100));
    }
    drop(tick);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn ticks_that_arrive_while_a_listing_runs_lead_to_one_more() {
    let fake = FakeGroups::new(groups(3)).on_request(|index, fake| {
        fake.fault_at(index, Fault::Delay(10 * SECOND));
    });
    let (tick, ticks) = mpsc::unbounded();
    let mut updates = pin!(list(&fake).updates(Some(state(groups(3))), ticks));
    assert!(timeout(5 * SECOND, updates.next()).await.is_err());
    assert_eq!(listings(&fake), 1);
    for _ in 0..50 {
        tick.unbounded_send(()).unwrap();
    }
    assert!(timeout(SECOND, updates.next()).await.is_err());
    assert_eq!(listings(&fake), 1, "two listings do not overlap");
    // This change comes after the first listing, with the ticks: one listing finds it.
    fake.create(numbered(9));
    let update = timeout(100 * SECOND, updates.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(update.changes, [Change::Created(numbered(9))]);
    assert!(timeout(100 * SECOND, updates.next()).await.is_err());
    assert_eq!(listings(&fake), 2);
}

#[test]
fn ticks_that_arrive_before_the_first_poll_are_part_of_the_first_listing() {
    let fake = FakeGroups::new(groups(3));
    let mut updates = pin!(list(&fake).updates(None, stream::iter([(); 9]).chain(stream::pending())));
    assert!(updates.next().now_or_never().is_some());
    assert!(updates.next().now_or_never().is_none());
    assert_eq!(listings(&fake), 1);
}

#[test]
fn a_tick_in_the_middle_of_a_listing_starts_another_after_it_also_when_it_was_the_last() {
    let fake = FakeGroups::new(groups(3)).script([Fault::Pending(1)]);
    let (tick, ticks) = mpsc::unbounded();
    let mut updates = pin!(list(&fake).updates(Some(state(groups(3))), ticks));
    assert!(updates.next().now_or_never().is_none());
    tick.unbounded_send(()).unwrap();
    drop(tick);
    assert!(block_on(updates.next()).is_none());
    assert_eq!(listings(&fake), 2);
    assert!(block_on(updates.next()).is_none());
}

#[test]
fn endless_ready_ticks_do_not_block_the_listing() {
    let fake = FakeGroups::new(groups(3)).on_request(|index, fake| {
        fake.fault_at(index, Fault::Pending(1));
        if fake.requests()[index].position == Position::Start {
            fake.create(numbered(100 + index));
        }
    });
    let updates: Vec<_> = block_on(list(&fake).updates(None, stream::repeat(())).take(5).collect());
    assert!(updates.iter().skip(1).all(|update| update.as_ref().unwrap().changes.len() == 1));
    assert_eq!(listings(&fake), 5);
}

#[test]
fn endless_ready_ticks_and_pages_without_changes_do_not_block_other_tasks() {
    let fake = FakeGroups::new(groups(3)).on_request(|index, _| assert!(index < 100, "it never returns"));
    let mut updates = pin!(list(&fake).updates(Some(state(groups(3))), stream::repeat(())));
    for polls in 1..=3 {
        assert!(updates.next().now_or_never().is_none());
        assert_eq!(listings(&fake), polls);
    }
    fake.create(numbered(3));
    assert_eq!(block_on(updates.next()).unwrap().unwrap().changes.len(), 1);
}

#[test]
fn a_failed_listing_is_an_error_and_the_next_tick_lists_again_and_loses_nothing() {
    let refused = || Fault::Error(Error::api(401, None, "Authentication Failed"));
    let fake = FakeGroups::new(groups(3)).script([refused(), refused()]);
    let (tick, ticks) = mpsc::unbounded();
    let mut updates = pin!(list(&fake).updates(Some(state(groups(4))), ticks));
    assert!(block_on(updates.next()).unwrap().unwrap_err().is_auth());
    assert!(updates.next().now_or_never().is_none(), "it waits for a tick");
    tick.unbounded_send(()).unwrap();
    assert!(block_on(updates.next()).unwrap().unwrap_err().is_auth());
    tick.unbounded_send(()).unwrap();
    assert_eq!(block_on(updates.next()).unwrap().unwrap().changes, [Change::Removed(numbered(3))]);
}

#[test]
fn invalid_input_ends_it_after_its_error() {
    let fake = FakeGroups::new(groups(3));
    for part in [list(&fake).max_groups(3), list(&fake).after("")] {
        let mut updates = pin!(part.updates(None, stream::repeat(())));
        assert!(block_on(updates.next()).unwrap().unwrap_err().is_config());
        assert!(block_on(updates.next()).is_none());
        assert!(block_on(updates.next()).is_none());
    }
    assert_eq!(fake.requests(), []);
}

#[test]
fn nothing_is_requested_before_the_first_poll() {
    let fake = FakeGroups::new(groups(3));
    let updates = list(&fake).updates(None, stream::repeat(()));
    assert_eq!(fake.requests(), []);
    drop(updates);
}

#[test]
fn it_can_move_to_a_task_and_needs_no_pin() {
    fn moves<T: Send + Unpin + 'static>(_: T) {}
    moves(Client::new("key").unwrap().groups("app").updates(None, stream::repeat(())));
    moves(Client::new("key").unwrap().groups("app").watch(SECOND));
    moves(list(&FakeGroups::new([])).updates(None, stream::repeat(())));
}

/// The data that outlives a process: a copy of the list, and the last saved update.
#[derive(Default)]
struct Disk {
    copy: RefCell<BTreeMap<String, Group>>,
    saved: RefCell<Option<String>>,
    /// Changes of the saved update that are copied.
    copied: Cell<usize>,
}

impl Disk {
    fn saved(&self) -> Option<Update> {
        self.saved.borrow().as_deref().map(|update| serde_json::from_str(update).unwrap())
    }

    /// Copies the changes of the saved update, in steps between which the process can be killed.
    async fn copy(&self) {
        self.copied.set(0);
        for change in self.saved().into_iter().flat_map(|update| update.changes) {
            yield_now().await;
            let group = change.group().clone();
            match change {
                Change::Removed(_) => drop(self.copy.borrow_mut().remove(&group.id)),
                _ => drop(self.copy.borrow_mut().insert(group.id.clone(), group)),
            }
            self.copied.set(self.copied.get() + 1);
        }
    }
}

/// Copies the list as it changes.
async fn service(list: ListGroups, disk: &Disk, when: impl Stream<Item = ()> + Send + 'static) {
    disk.copy().await;
    let mut updates = pin!(list.updates(disk.saved().map(|update| update.snapshot), when));
    while let Some(update) = updates.next().await {
        let Ok(update) = update else { continue };
        yield_now().await;
        *disk.saved.borrow_mut() = Some(serde_json::to_string(&update).unwrap());
        disk.copy().await;
    }
}

/// Scenario: a service copies a list that changes at any time, and is killed 50 times. Expected: when the list no
/// longer changes, the copy equals the list.
#[test]
fn killed_at_fifty_points_every_net_change_is_reported() {
    let mut halfway = 0;
    for seed in 0..10 {
        let mut random = fastrand::Rng::with_seed(seed);
        let resting = Arc::new(AtomicBool::new(false));
        let (rests, world) = (Arc::clone(&resting), Mutex::new(random.fork()));
        let dialect = Dialect::default().expire_cursors_on_change(seed % 2 == 0);
        let fake = FakeGroups::new(groups(7)).dialect(dialect).on_request(move |index, fake| {
            fake.fault_at(index, Fault::Pending(1));
            if !rests.load(Ordering::Relaxed) {
                change(fake, &mut world.lock().unwrap(), index);
            }
        });
        // The list is short, so all groups may go at once.
        let list = || list(&fake).page_size(3).max_removed(RemovalLimit::none());
        let disk = Disk::default();
        for _ in 0..50 {
            {
                let mut process = pin!(service(list(), &disk, stream::repeat(())));
                for _ in 0..random.u8(1..120) {
                    assert!(process.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
                }
            }
            let changes = disk.saved().map_or(0, |update| update.changes.len());
            halfway += usize::from(disk.copied.get() < changes);
            for n in 0..3 {
                change(&fake, &mut random, 10_000 + fake.requests().len() * 3 + n);
            }
        }
        resting.store(true, Ordering::Relaxed);
        block_on(service(list(), &disk, stream::empty()));
        let groups: BTreeMap<_, _> = fake.groups().into_iter().map(|group| (group.id.clone(), group)).collect();
        assert_eq!(*disk.copy.borrow(), groups, "seed {seed}");
    }
    println!("10 times 50 kills, {halfway} of them before the last change of an update");
    assert!((25..475).contains(&halfway));
}

/// Creates, renames or deletes a group, or does nothing. Keeps the list short.
fn change(fake: &FakeGroups, random: &mut fastrand::Rng, new: usize) {
    let groups = fake.groups();
    match (random.u8(..12), random.choice(&groups)) {
        (0, _) if groups.len() < 10 => fake.insert(random.usize(..3), numbered(100 + new)),
        (1, Some(group)) => assert!(fake.rename(&group.id, format!("name {new}"))),
        (2, Some(group)) if groups.len() > 4 => assert!(fake.delete(&group.id)),
        _ => {}
    }
}

#[tokio::test(start_paused = true)]
async fn of_three_thousand_watched_lists_that_change_no_group_is_removed_that_exists() {
    let (mut removed, mut inconsistent, mut plain) = (0, 0, 0);
    for seed in 0..3_000 {
        let fake = changing(seed);
        // The lists are short, so all groups may go at once.
        let mut changes = list(&fake).page_size(3).max_removed(RemovalLimit::none()).watch(SECOND);
        let end = Instant::now() + SECOND * 3 / 2;
        while let Ok(change) = timeout_at(end, changes.next()).await {
            match change.unwrap() {
                Ok(Change::Removed(group)) => {
                    assert!(!fake.groups().contains(&group), "seed {seed}: a group that exists is removed");
                    removed += 1;
                }
                Ok(_) => {}
                Err(error) => {
                    assert!(error.is_inconsistent() || error.is_cursor_expired(), "seed {seed}: {error}");
                    inconsistent += 1;
                }
            }
        }
        plain += false_removals_of_plain_listings(&changing(seed)).await;
    }
    println!(
        "3,000 lists watched: {removed} removals, all true; {inconsistent} listings without one, since the list changed too \
         often; {plain} false removals by as many plain snapshots"
    );
    assert!(removed > 1_500 && plain > 150);
}

/// The false removals of a watch that compares plain snapshots.
async fn false_removals_of_plain_listings(fake: &FakeGroups) -> usize {
    let list = list(fake).page_size(3);
    match (list.snapshot().await, list.snapshot().await) {
        (Ok(known), Ok(newer)) => false_removals(&newer, &known, fake),
        _ => 0,
    }
}
