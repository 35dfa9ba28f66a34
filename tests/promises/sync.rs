//! Copies of the list: a snapshot is complete or an error, and a watch sees every change and no false removal.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{FutureExt as _, Stream, StreamExt as _};
use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{Change, Client, Error, Group, ListGroups, Result, RetryPolicy};
use tokio::time::{Instant, advance, sleep, timeout};

use crate::support::{groups, numbered};

const MINUTE: Duration = Duration::from_secs(60);

/// A list of so many groups whose last page has no cursor, so that no request confirms the end.
fn ending(count: usize) -> FakeGroups {
    FakeGroups::new(groups(count)).dialect(Dialect::default().cursors_at_the_ends(false))
}

/// Without retries and deadline.
fn list(fake: &FakeGroups) -> ListGroups {
    ListGroups::from_source(fake.clone()).retry(RetryPolicy::none())
}

fn refused_key() -> Fault {
    Fault::Error(Error::api(401, None, "Authentication Failed"))
}

/// The times of all requests, counted from now, in seconds.
fn timed(fake: &FakeGroups) -> Arc<Mutex<Vec<u64>>> {
    let (times, begun) = (Arc::<Mutex<Vec<u64>>>::default(), Instant::now());
    let log = Arc::clone(&times);
    fake.on_request(move |_, _| log.lock().unwrap().push(begun.elapsed().as_secs()));
    times
}

/// The next item of the watch within an hour, if there is one.
async fn next(changes: &mut (impl Stream<Item = Result<Change>> + Unpin)) -> Option<Result<Change>> {
    timeout(60 * MINUTE, changes.next()).await.expect("nothing came for an hour")
}

#[tokio::test]
async fn a_snapshot_holds_every_group_in_list_order() {
    for count in [0, 1, 25, 26, 2_500] {
        let snapshot = list(&ending(count)).snapshot().await.unwrap();
        assert_eq!(snapshot.into_iter().collect::<Vec<_>>(), groups(count));
    }
}

#[tokio::test]
async fn a_snapshot_of_a_broken_list_is_an_error_and_never_a_part() {
    for broken in 0..3 {
        let fake = ending(30).fault_at(broken, refused_key());
        let error = list(&fake).page_size(10).snapshot().await.unwrap_err();
        assert!(error.is_auth());
        assert_eq!(fake.requests().len(), broken + 1, "nothing is asked after an error");
    }
}

#[tokio::test]
async fn a_snapshot_survives_cursors_that_expire_and_holds_each_group_once() {
    let fake = ending(30)
        .dialect(Dialect::default().expire_cursors_on_change(true).cursors_at_the_ends(false))
        .on_request(|index, fake| {
            if index == 2 {
                fake.create(Group::new("new", "New", 1_800_000_000));
            }
        });
    let snapshot = list(&fake).page_size(10).snapshot().await.unwrap();
    assert_eq!(snapshot.len(), 31);
    assert!(fake.groups().iter().all(|group| snapshot.get(&group.id) == Some(group)));
}

#[tokio::test]
async fn a_setting_that_makes_it_a_part_of_the_list_is_refused_by_name_before_any_request() {
    let fake = ending(30);
    let cursor = || fake.cursor_at("3").unwrap();
    for (setting, part) in [
        ("max_groups", list(&fake).max_groups(1_000_000)),
        ("after", list(&fake).after(cursor())),
        ("before", list(&fake).before(cursor())),
        ("resume", list(&fake).resume(list(&fake).stream().checkpoint())),
    ] {
        for error in [part.snapshot().await.unwrap_err(), pin!(part.watch(MINUTE)).next().await.unwrap().unwrap_err()] {
            assert!(error.is_config(), "{error:?}");
            assert!(error.to_string().ends_with(&format!(": leave out `{setting}`")), "{error}");
        }
    }
    assert_eq!(fake.requests(), []);
}

#[tokio::test]
async fn a_snapshot_says_of_other_bad_input_what_the_stream_says() {
    let fake = ending(3);
    let bad = list(&fake).after("");
    let said = bad.stream().next().await.unwrap().unwrap_err().to_string();
    assert_eq!(bad.snapshot().await.unwrap_err().to_string(), said);
    assert_eq!(fake.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn a_watch_yields_nothing_at_first_and_then_the_changes() {
    let fake = ending(40);
    let mut changes = pin!(list(&fake).watch(MINUTE));
    assert!(timeout(MINUTE / 2, changes.next()).await.is_err(), "the first listing yields nothing");

    fake.create(numbered(100));
    fake.rename("7", "another name");
    fake.delete("30");
    let renamed = Group::new("7", "another name", numbered(7).creation_timestamp);
    assert_eq!(next(&mut changes).await.unwrap().unwrap(), Change::Created(numbered(100)));
    assert_eq!(next(&mut changes).await.unwrap().unwrap(), Change::Renamed { before: numbered(7), after: renamed });
    assert_eq!(next(&mut changes).await.unwrap().unwrap(), Change::Removed(numbered(30)));

    assert!(timeout(10 * MINUTE, changes.next()).await.is_err(), "what was yielded is not yielded again");
    fake.delete("100");
    assert_eq!(next(&mut changes).await.unwrap().unwrap(), Change::Removed(numbered(100)));
}

#[tokio::test(start_paused = true)]
async fn a_failed_listing_is_an_error_and_no_removal_and_then_every_change_since_the_last_complete_one_comes() {
    // Four pages a listing. The second listing fails at its second page, the third at its first.
    let fake = ending(40).fault_at(5, refused_key()).fault_at(6, Fault::Error(Error::transport("connection reset")));
    let mut changes = pin!(list(&fake).page_size(10).watch(MINUTE));
    assert!(timeout(MINUTE / 2, changes.next()).await.is_err());

    fake.delete("39");
    assert!(next(&mut changes).await.unwrap().unwrap_err().is_auth());
    fake.delete("0");
    assert!(next(&mut changes).await.unwrap().unwrap_err().is_retryable());
    fake.rename("1", "another name");
    let rest: Vec<_> = changes.take(3).map(Result::unwrap).collect().await;
    assert!(matches!(&rest[0], Change::Renamed { before, .. } if *before == numbered(1)));
    assert_eq!(rest[1..], [Change::Removed(numbered(0)), Change::Removed(numbered(39))]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_whose_first_listing_fails_tries_again_and_does_not_take_all_groups_for_new() {
    let fake = ending(3).script([refused_key(), refused_key()]);
    let mut changes = pin!(list(&fake).watch(MINUTE));
    let begun = Instant::now();
    assert!(next(&mut changes).await.unwrap().unwrap_err().is_auth());
    assert_eq!(begun.elapsed().as_secs(), 0);
    assert!(next(&mut changes).await.unwrap().unwrap_err().is_auth());
    assert_eq!(begun.elapsed().as_secs(), 60);
    assert!(timeout(10 * MINUTE, changes.next()).await.is_err(), "the first complete listing yields nothing");
    fake.delete("1");
    assert_eq!(next(&mut changes).await.unwrap().unwrap(), Change::Removed(numbered(1)));
}

#[tokio::test(start_paused = true)]
async fn an_interval_lasts_from_start_to_start() {
    let slow = || Fault::Delay(MINUTE / 2);
    let fake = ending(3).script([slow(), slow(), slow()]);
    let times = timed(&fake);
    let changes = pin!(list(&fake).watch(MINUTE));
    assert!(timeout(MINUTE * 7 / 2, changes.into_future()).await.is_err());
    assert_eq!(*times.lock().unwrap(), [0, 60, 120, 180]);
}

#[tokio::test(start_paused = true)]
async fn a_listing_longer_than_the_interval_is_followed_by_one_at_once_and_the_later_starts_stay() {
    let fake = ending(3).fault_at(1, Fault::Delay(MINUTE * 5 / 2));
    let times = timed(&fake);
    let mut changes = pin!(list(&fake).watch(MINUTE));
    for _ in 0..290 {
        assert!(timeout(Duration::from_secs(1), changes.next()).await.is_err());
        assert!(fake.in_flight() <= 1);
    }
    assert_eq!(*times.lock().unwrap(), [0, 60, 210, 240]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_gets_one_listing_for_the_starts_that_passed_and_loses_no_change() {
    let fake = ending(4);
    let times = timed(&fake);
    let mut changes = pin!(list(&fake).watch(MINUTE));
    assert!(changes.next().now_or_never().is_none());
    fake.delete("0");
    assert_eq!(next(&mut changes).await.unwrap().unwrap(), Change::Removed(numbered(0)));

    fake.delete("1");
    sleep(MINUTE * 5 / 2).await;
    fake.delete("2");
    assert_eq!(next(&mut changes).await.unwrap().unwrap(), Change::Removed(numbered(1)));
    assert_eq!(next(&mut changes).await.unwrap().unwrap(), Change::Removed(numbered(2)));
    // Each listing that lacks a group is followed by a second one.
    assert_eq!(*times.lock().unwrap(), [0, 60, 60, 210, 210]);
}

#[tokio::test(start_paused = true)]
async fn an_interval_of_zero_is_refused_and_the_longest_is_not() {
    let fake = ending(3);
    let mut never = pin!(list(&fake).watch(Duration::ZERO));
    let error = next(&mut never).await.unwrap().unwrap_err();
    assert!(error.is_config() && error.to_string().contains("interval"), "{error}");
    assert!(next(&mut never).await.is_none());
    assert!(next(&mut never).await.is_none());
    assert_eq!(fake.requests(), []);

    let mut once = pin!(list(&fake).watch(Duration::MAX));
    assert!(timeout(1_000 * MINUTE, once.next()).await.is_err());
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn bad_input_ends_a_watch_after_its_error() {
    let mut changes = pin!(list(&ending(3)).max_groups(3).watch(MINUTE));
    assert!(next(&mut changes).await.unwrap().unwrap_err().is_config());
    assert!(next(&mut changes).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watch_asks_nothing_before_it_is_polled_and_nothing_between_polls() {
    let fake = ending(3);
    let mut changes = pin!(list(&fake).watch(MINUTE));
    advance(10 * MINUTE).await;
    assert_eq!(fake.requests(), []);
    assert!(changes.next().now_or_never().is_none());
    assert_eq!(fake.requests().len(), 1);
    advance(10 * MINUTE).await;
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_next_that_is_dropped_in_the_middle_of_a_listing_loses_and_repeats_nothing() {
    let slow = || Fault::Delay(Duration::from_secs(3));
    let fake = ending(30).script((0..9).map(|_| slow()));
    let mut changes = pin!(list(&fake).page_size(10).watch(MINUTE));
    for second in 0..120 {
        if second == 30 {
            fake.delete("29");
        }
        if let Ok(change) = timeout(Duration::from_secs(1), changes.next()).await {
            assert_eq!(change.unwrap().unwrap(), Change::Removed(numbered(29)));
            assert_eq!((fake.requests().len(), fake.dropped()), (9, 0), "three listings of three pages");
            return;
        }
    }
    panic!("the removal was not seen");
}

#[tokio::test(start_paused = true)]
async fn a_watch_dropped_in_the_middle_of_a_listing_leaves_nothing_in_flight_and_asks_no_more() {
    let fake = ending(30).fault_at(1, Fault::Hang);
    {
        let mut changes = pin!(list(&fake).page_size(10).watch(MINUTE));
        assert!(timeout(10 * MINUTE, changes.next()).await.is_err());
        assert_eq!(fake.in_flight(), 1);
    }
    assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
    sleep(10 * MINUTE).await;
    assert_eq!(fake.requests().len(), 2);
}

#[test]
fn a_watch_outlives_its_listing_and_a_snapshot_can_move_to_a_task_with_it() {
    fn moves<T: Send + 'static>(_: T) {}
    let live = Client::new("key").unwrap().groups("app");
    moves(live.watch(MINUTE));
    moves(async move { live.snapshot().await });
    let fake = list(&FakeGroups::new([]));
    moves(fake.watch(MINUTE));
    moves(async move { fake.snapshot().await });
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_snapshot_or_an_update_does_not_advise_to_resume() {
    let list = ListGroups::from_source(|_| async { Err(Error::api(503, None, "Service Unavailable")) });
    for error in [list.snapshot().await.unwrap_err(), list.update(None).await.unwrap_err()] {
        assert_eq!((error.checkpoint(), error.advice()), (None, "retry later"));
    }
}
