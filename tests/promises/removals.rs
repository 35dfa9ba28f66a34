//! Nothing is removed in bulk on the server's word alone.

use std::time::Duration;

use futures::channel::mpsc;
use futures::executor::block_on;
use futures::{FutureExt as _, StreamExt as _};
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Change, Error, Group, ListGroups, Page, RemovalLimit, Snapshot};
use tokio::time::{Instant, timeout};

use crate::support::{groups, numbered};

const SECOND: Duration = Duration::from_secs(1);

fn list(fake: &FakeGroups) -> ListGroups {
    ListGroups::from_source(fake.clone()).app_id("7f3c")
}

fn snapshot(groups: Vec<Group>) -> Snapshot {
    block_on(ListGroups::from_source(FakeGroups::new(groups)).snapshot()).unwrap()
}

/// Takes these groups off the list, until [`show`] adds them again.
fn hide(fake: &FakeGroups, hidden: std::ops::Range<usize>) {
    hidden.for_each(|n| assert!(fake.delete(&n.to_string())));
}

/// Adds them again, in their places.
fn show(fake: &FakeGroups, hidden: std::ops::Range<usize>) {
    hidden.for_each(|n| fake.insert(n, numbered(n)));
}

#[track_caller]
fn is_refused(error: &Error, removed: usize, known: usize) {
    assert!(error.is_mass_removal(), "{error}");
    assert_eq!(error.to_string(), format!("app 7f3c: the list lacks {removed} of the {known} known groups"));
    assert!(error.advice().contains("max_removed"), "{}", error.advice());
}

#[test]
fn an_update_that_would_remove_all_groups_or_more_than_ten_and_half_of_them_is_an_error_with_the_numbers() {
    for (known, left, refused) in
        [(1, 0, true), (9, 0, true), (9, 1, false), (20, 10, false), (22, 11, false), (22, 10, true), (2_000, 0, true)]
    {
        let before = snapshot(groups(known));
        let result = block_on(list(&FakeGroups::new(groups(left))).update(Some(&before)));
        if refused {
            is_refused(&result.unwrap_err(), known - left, known);
        } else {
            let changes = result.unwrap().unwrap().changes;
            assert_eq!(changes, (left..known).map(|n| Change::Removed(numbered(n))).collect::<Vec<_>>());
        }
    }
}

#[test]
fn max_removed_lowers_raises_or_lifts_the_limit() {
    let before = snapshot(groups(40));
    for (limit, most) in [
        (RemovalLimit::none(), 40),
        (RemovalLimit::percent(100), 40),
        (RemovalLimit::percent(25), 10),
        (RemovalLimit::count(3), 3),
        (RemovalLimit::count(0), 0),
        (RemovalLimit::count_or_percent(3, 50), 20),
    ] {
        for removed in [most, most + 1] {
            if removed > 40 {
                continue;
            }
            let fake = FakeGroups::new((removed..40).map(numbered));
            let result = block_on(list(&fake).max_removed(limit).update(Some(&before)));
            if removed > most {
                is_refused(&result.unwrap_err(), removed, 40);
            } else {
                assert_eq!(result.unwrap().map_or(0, |update| update.changes.len()), removed, "{limit:?}");
            }
        }
    }
}

#[test]
fn updates_keep_what_they_knew_and_the_next_tick_tries_again() {
    let fake = FakeGroups::new(groups(40));
    let (tick, ticks) = mpsc::unbounded();
    let mut updates = list(&fake).updates(None, ticks);
    assert_eq!(block_on(updates.next()).unwrap().unwrap().changes.len(), 40);

    hide(&fake, 5..40);
    fake.create(numbered(99));
    for _ in 0..3 {
        tick.unbounded_send(()).unwrap();
        is_refused(&block_on(updates.next()).unwrap().unwrap_err(), 35, 40);
        assert!(updates.next().now_or_never().is_none(), "it waits for a tick");
    }
    fake.delete("99");
    show(&fake, 5..40);
    fake.delete("7");
    tick.unbounded_send(()).unwrap();
    let update = block_on(updates.next()).unwrap().unwrap();
    assert_eq!(update.changes, [Change::Removed(numbered(7))], "compared with the forty groups, not with the five");
    assert_eq!(update.snapshot.len(), 39);
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_a_list_that_is_empty_for_a_while_removes_nothing_and_goes_on() {
    // The third to sixth listings are answered by empty pages.
    let empty_until = 10 * SECOND;
    let began = Instant::now();
    let fake = FakeGroups::new(groups(2_000)).on_request(move |index, fake| {
        if (2 * SECOND..empty_until).contains(&began.elapsed()) {
            fake.fault_at(index, Fault::Page(Page::default()));
        }
    });
    let mut changes = list(&fake).watch(SECOND);
    let mut errors = 0;
    while let Ok(item) = timeout(5 * SECOND, changes.next()).await {
        is_refused(&item.unwrap().unwrap_err(), 2_000, 2_000);
        errors += 1;
    }
    assert_eq!(errors, 8, "each tick of eight seconds");
    fake.create(numbered(2_000));
    fake.delete("3");
    let found = [changes.next().await.unwrap().unwrap(), changes.next().await.unwrap().unwrap()];
    assert_eq!(found, [Change::Created(numbered(2_000)), Change::Removed(numbered(3))]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_without_a_limit_removes_them_all() {
    let fake = FakeGroups::new(groups(20));
    let mut changes = list(&fake).max_removed(RemovalLimit::none()).watch(SECOND);
    assert!(timeout(SECOND / 2, changes.next()).await.is_err());
    hide(&fake, 0..20);
    for n in 0..20 {
        assert_eq!(changes.next().await.unwrap().unwrap(), Change::Removed(numbered(n)));
    }
}
