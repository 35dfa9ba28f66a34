//! The checkpoint of a tracked stream lies before the oldest group that is not acknowledged.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use futures::executor::block_on;
use futures::stream::FusedStream;
use futures::{Stream as _, StreamExt as _, TryStreamExt as _};
use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{
    Ack, Checkpoint, Direction, Error, Group, ListGroups, Processed, RetryPolicy, Tracked, TrackedStream,
};

use crate::support::{all, groups, ids, settle};

fn list(fake: &FakeGroups) -> ListGroups {
    ListGroups::from_source(fake.clone()).retry(RetryPolicy::none())
}

/// The groups that a listing resumed at `place` yields.
fn resumed(list: &ListGroups, place: Checkpoint) -> Vec<usize> {
    ids(&all(list.clone().resume(place).stream()))
}

/// Takes `count` groups.
fn take(stream: &mut TrackedStream, count: usize) -> Vec<Tracked> {
    block_on(stream.by_ref().take(count).try_collect()).unwrap()
}

#[test]
fn the_same_groups_come_in_the_same_order() {
    let list = list(&FakeGroups::new(groups(60))).page_size(25);
    let tracked: Vec<_> = all(list.stream().tracked()).into_iter().map(|tracked| tracked.group).collect();
    assert_eq!(tracked, all(list.stream()));
}

#[test]
fn nothing_is_requested_before_the_first_poll() {
    let fake = FakeGroups::new(groups(3));
    let stream = list(&fake).stream().tracked();
    assert!(stream.checkpoint().is_start());
    assert_eq!(fake.requests(), []);
}

#[test]
fn whichever_group_is_not_acknowledged_a_listing_resumed_at_the_checkpoint_begins_with_it() {
    let list = list(&FakeGroups::new(groups(25))).page_size(10);
    for open in 0..25 {
        let mut stream = list.stream().tracked();
        for tracked in take(&mut stream, 25) {
            if tracked.group.id != open.to_string() {
                tracked.ack.done();
            }
        }
        assert!(block_on(stream.next()).is_none());
        assert_eq!(resumed(&list, stream.checkpoint()), (open..25).collect::<Vec<_>>());
    }
}

#[test]
fn acknowledgements_in_reverse_order_move_the_checkpoint_at_the_last_one() {
    let list = list(&FakeGroups::new(groups(25))).page_size(10);
    let mut stream = list.stream().tracked();
    let mut taken = take(&mut stream, 12);
    while let Some(tracked) = taken.pop() {
        assert!(stream.checkpoint().is_start());
        assert_eq!(stream.processed().in_flight(), taken.len() + 1);
        tracked.ack.done();
    }
    assert_eq!(resumed(&list, stream.checkpoint()), (12..25).collect::<Vec<_>>());
}

#[test]
fn it_is_the_end_when_the_list_has_ended_and_every_group_is_acknowledged() {
    let list = list(&FakeGroups::new(groups(12))).page_size(10);
    let mut stream = list.stream().tracked();
    let mut taken = take(&mut stream, 12);
    assert!(block_on(stream.next()).is_none());
    let open = taken.remove(5);
    for tracked in taken {
        tracked.ack.done();
    }
    let processed = stream.processed();
    drop(stream);
    assert!(!processed.checkpoint().is_end());
    open.ack.done();
    assert!(processed.checkpoint().is_end());
}

#[test]
fn an_ack_that_is_dropped_undone_holds_the_place_for_good() {
    let list = list(&FakeGroups::new(groups(25))).page_size(10);
    let mut stream = list.stream().tracked();
    for tracked in take(&mut stream, 25) {
        if tracked.group.id == "7" {
            drop(tracked.ack);
        } else {
            tracked.ack.done();
        }
    }
    assert!(block_on(stream.next()).is_none());
    stream.resume();
    assert!(block_on(stream.next()).is_none());
    assert_eq!(stream.processed().in_flight(), 1);
    assert_eq!(resumed(&list, stream.checkpoint()), (7..25).collect::<Vec<_>>());
}

#[test]
fn an_error_carries_the_place_of_what_is_processed_and_resume_goes_on() {
    let fake = FakeGroups::new(groups(25)).fault_at(1, Fault::Error(Error::api(401, None, "Authentication Failed")));
    let list = list(&fake).page_size(10);
    let mut stream = list.stream().tracked();
    let mut taken = take(&mut stream, 10);
    let open = taken.remove(4);
    for tracked in taken {
        tracked.ack.done();
    }
    let error = block_on(stream.next()).unwrap().unwrap_err();
    assert!(error.is_auth());
    assert_eq!(error.checkpoint(), Some(&stream.checkpoint()));
    assert_eq!(resumed(&list, stream.checkpoint()), (4..25).collect::<Vec<_>>());
    assert!(block_on(stream.next()).is_none());

    stream.resume();
    open.ack.done();
    assert_eq!(resumed(&list, stream.checkpoint()), (10..25).collect::<Vec<_>>());
    let rest: Vec<_> = all(stream).into_iter().map(|tracked| tracked.group).collect();
    assert_eq!(ids(&rest), (10..25).collect::<Vec<_>>());
}

#[test]
fn bad_input_is_an_error_without_a_place() {
    let mut stream = list(&FakeGroups::new(groups(3))).after("").stream().tracked();
    let error = block_on(stream.next()).unwrap().unwrap_err();
    assert!(error.is_config());
    assert_eq!(error.checkpoint(), None);
}

#[test]
fn backward_the_place_is_before_the_oldest_in_the_order_of_the_walk() {
    let fake = FakeGroups::new(groups(25));
    let backward = list(&fake).page_size(10).before(fake.cursor_at("20").unwrap());
    let mut stream = backward.stream().tracked();
    assert_eq!(stream.direction(), Direction::Backward);
    let taken = take(&mut stream, 15);
    assert_eq!(taken[14].group.id, "5");
    for tracked in taken {
        if tracked.group.id != "9" {
            tracked.ack.done();
        }
    }
    assert_eq!(resumed(&list(&fake), stream.checkpoint()), (0..=9).rev().collect::<Vec<_>>());
}

#[test]
fn after_a_restart_a_listing_resumes_at_the_place_without_loss() {
    let fake = FakeGroups::new(groups(30)).dialect(Dialect::default().expire_cursors_on_change(true)).on_request(
        |index, fake| {
            if index == 2 {
                fake.create(Group::new("100", "new", 1_800_000_000));
            }
        },
    );
    let list = list(&fake).page_size(10);
    let mut stream = list.stream().tracked();
    let mut handled: BTreeSet<_> = (0..30).chain([100]).collect();
    // The listing has restarted when the 21st group arrives. All but the last are acknowledged.
    let mut taken = take(&mut stream, 25);
    assert_eq!(stream.progress().restarts, 1);
    taken.pop();
    for tracked in taken {
        handled.remove(&tracked.group.id.parse().unwrap());
        tracked.ack.done();
    }
    for again in resumed(&list, stream.checkpoint()) {
        handled.remove(&again);
    }
    assert_eq!(handled, BTreeSet::new());
}

#[tokio::test]
async fn a_handler_that_panics_on_a_task_of_its_own_leaves_its_group_unprocessed() {
    let list = list(&FakeGroups::new(groups(25))).page_size(10);
    let stream = list.stream().tracked();
    let processed = stream.processed();
    let tasks: Vec<_> = stream
        .map_ok(|Tracked { group, ack, .. }| {
            tokio::spawn(async move {
                settle().await;
                assert_ne!(group.id, "13", "the handler of this group fails");
                ack.done();
            })
        })
        .try_collect()
        .await
        .unwrap();
    let mut failed = 0;
    for task in tasks {
        failed += usize::from(task.await.is_err());
    }
    assert_eq!((failed, processed.in_flight()), (1, 1));
    assert_eq!(resumed(&list, processed.checkpoint()), (13..25).collect::<Vec<_>>());
}

#[tokio::test]
async fn buffer_unordered_reaches_the_end_in_any_order_of_completion() {
    let stream = list(&FakeGroups::new(groups(100))).page_size(10).stream().tracked();
    let processed = stream.processed();
    let handled: Vec<Group> = stream
        .map_ok(|Tracked { group, ack, .. }| async move {
            for _ in 0..fastrand::u8(..9) {
                tokio::task::yield_now().await;
            }
            ack.done();
            Ok(group)
        })
        .try_buffer_unordered(16)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids(&handled).into_iter().collect::<BTreeSet<_>>(), (0..100).collect());
    assert!(processed.checkpoint().is_end());
}

#[test]
fn size_hint_and_termination_are_those_of_the_groups() {
    let list = list(&FakeGroups::new(groups(12))).page_size(10);
    let (mut plain, mut tracked) = (list.stream(), list.stream().tracked());
    loop {
        assert_eq!(tracked.size_hint(), plain.size_hint());
        assert_eq!(tracked.is_terminated(), plain.is_terminated());
        match (block_on(plain.next()), block_on(tracked.next())) {
            (Some(group), Some(tracked)) => assert_eq!(tracked.unwrap().group, group.unwrap()),
            (None, None) => break,
            other => panic!("one has ended: {other:?}"),
        }
    }
    assert!(tracked.is_terminated());
    assert_eq!(tracked.progress(), plain.progress());
}

#[test]
fn an_ack_goes_to_any_task_and_the_stream_too() {
    fn moves<T: Send + Sync + Unpin + Debug + 'static>() {}
    moves::<Ack>();
    moves::<Tracked>();
    moves::<Processed>();
    moves::<TrackedStream>();
}

#[test]
fn debug_shows_no_group() {
    let mut stream = list(&FakeGroups::new([Group::new("Z3JvdXA", "Support", 0)])).stream().tracked();
    let tracked = take(&mut stream, 1).remove(0);
    let debug = format!("{stream:?} {:?} {:?}", stream.processed(), tracked.ack);
    assert!(debug.contains("in_flight: 1") && !debug.contains("Z3Jv") && !debug.contains("Support"), "{debug}");
}

/// A process that is killed at its `kill`-th step.
struct Process {
    steps: Cell<usize>,
    kill: usize,
}

impl Process {
    /// One step of some work. Other work continues meanwhile; nothing continues after the kill.
    async fn step(&self) {
        let mut waited = false;
        poll_fn(|cx| {
            if self.steps.get() == self.kill {
                return Poll::Pending;
            }
            if std::mem::replace(&mut waited, true) {
                self.steps.set(self.steps.get() + 1);
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// The data that outlives a process.
#[derive(Default)]
struct Disk {
    /// How often each group was handled.
    handled: RefCell<Vec<usize>>,
    /// The checkpoint saved last.
    place: RefCell<Option<Checkpoint>>,
    /// The oldest group that was not acknowledged at that time.
    oldest: Cell<usize>,
}

/// The number of steps of the work on a group.
fn work(seed: u64, group: usize) -> usize {
    fastrand::Rng::with_seed(seed ^ (group as u64) << 32).usize(1..12)
}

/// Processes 64 groups at a time, each in a random number of steps and two more, and saves the place after each.
/// Returns whether it reached the end.
fn process(list: &ListGroups, disk: &Disk, seed: u64, kill: usize) -> bool {
    let place = disk.place.borrow().as_ref().map(|place| place.to_string().parse().unwrap());
    let list = place.map_or(list.clone(), |place| list.clone().resume(place));
    let this = Process { steps: Cell::new(0), kill };
    let stream = list.stream().tracked();
    let processed = stream.processed();
    // The groups that are not acknowledged, and the next group, for comparison.
    let open = RefCell::new(BTreeSet::new());
    let next = Cell::new(0);
    let mut run = pin!(stream.try_for_each_concurrent(64, |Tracked { group, ack, .. }| {
        let number: usize = group.id.parse().unwrap();
        open.borrow_mut().insert(number);
        next.set(number + 1);
        let (this, open, next, processed) = (&this, &open, &next, &processed);
        async move {
            for _ in 0..work(seed, number) {
                this.step().await;
            }
            disk.handled.borrow_mut()[number] += 1;
            this.step().await;
            ack.done();
            open.borrow_mut().remove(&number);
            this.step().await;
            *disk.place.borrow_mut() = Some(processed.checkpoint());
            disk.oldest.set(open.borrow().first().copied().unwrap_or(next.get()));
            Ok(())
        }
    }));
    loop {
        match run.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => {
                result.unwrap();
                return true;
            }
            Poll::Pending if this.steps.get() == kill => return false,
            Poll::Pending => {}
        }
    }
}

/// Scenario: 64 groups are processed at a time, and the process is killed at one of 300 points of its run. Expected:
/// the saved place is before the oldest group that was not acknowledged then, and a resumed process handles all the
/// rest.
#[test]
fn killed_at_three_hundred_points_no_group_is_left_unhandled_and_only_what_was_in_flight_is_repeated() {
    const GROUPS: usize = 120;
    const POINTS: usize = 300;
    let list = list(&FakeGroups::new(groups(GROUPS))).page_size(16);
    let disk = || Disk { handled: RefCell::new(vec![0; GROUPS]), ..Disk::default() };
    let (mut repeats, mut most) = (0, 0);
    for point in 0..POINTS {
        let seed = point as u64;
        let steps: usize = (0..GROUPS).map(|group| work(seed, group) + 2).sum();
        let disk = disk();
        assert!(!process(&list, &disk, seed, steps * point / POINTS), "the kill came too late");

        let handled = disk.handled.borrow().clone();
        let saved = disk.place.borrow().clone();
        let begins = match saved {
            Some(place) => resumed(&list, place).first().copied().unwrap_or(GROUPS),
            None => 0,
        };
        assert_eq!(begins, disk.oldest.get());

        assert!(process(&list, &disk, seed + 1, usize::MAX));
        let after = disk.handled.borrow();
        assert!(after.iter().all(|&times| times >= 1), "killed at point {point}: a group is unhandled");
        assert!(after[..begins].iter().all(|&times| times == 1), "a group before the place was repeated");
        let repeated = after.iter().filter(|&&times| times > 1).count();
        assert_eq!(repeated, handled[begins..].iter().sum::<usize>());
        repeats += repeated;
        most = most.max(repeated);
    }
    println!("{POINTS} kills: {repeats} groups were handled twice, at most {most} after one kill");
    assert!(repeats > 0, "no kill fell between a group's work and its acknowledgement");
}
