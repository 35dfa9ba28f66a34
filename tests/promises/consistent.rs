//! A point in time: a consistent snapshot holds every group that existed throughout, also where cursors are offsets.

use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use futures::FutureExt as _;
use futures::executor::block_on;
use gupshup_groups::testing::{CursorAnswer, Dialect, FakeGroups, Fault};
use gupshup_groups::{Change, Client, Error, ListGroups, Position, RetryPolicy, Snapshot};
use tokio::time::advance;

use crate::support::{groups, numbered, settle};

const SEEDS: u64 = 3_000;

fn list(fake: &FakeGroups) -> ListGroups {
    ListGroups::from_source(fake.clone()).retry(RetryPolicy::none())
}

/// Offsets that no change expires.
fn offsets() -> Dialect {
    Dialect::default().expire_cursors_on_change(false)
}

/// The first seven groups of every changing list.
fn before() -> Snapshot {
    block_on(list(&FakeGroups::new(groups(7))).snapshot()).unwrap()
}

/// A list whose cursors are offsets, which no change expires. Before one request in five a group is created or deleted, at random.
pub(crate) fn changing(seed: u64) -> FakeGroups {
    let mut random = fastrand::Rng::with_seed(seed);
    let past_the_end = if random.bool() { CursorAnswer::EmptyPage } else { CursorAnswer::Invalid };
    let dialect = offsets().next_links(random.bool()).past_the_end(past_the_end);
    let random = Mutex::new(random);
    FakeGroups::new(groups(7)).dialect(dialect).on_request(move |index, fake| {
        let mut random = random.lock().unwrap();
        match random.u8(..10) {
            0 => fake.insert(random.usize(..3), numbered(100 + index)),
            1 => {
                let groups = fake.groups();
                if let Some(group) = random.choice(&groups) {
                    fake.delete(&group.id);
                }
            }
            _ => {}
        }
    })
}

/// The number of existing groups that `newer` reports as removed. Deleted ids do not return, so these existed
/// throughout.
pub(crate) fn false_removals(newer: &Snapshot, older: &Snapshot, fake: &FakeGroups) -> usize {
    let alive = fake.groups();
    let removed = |change: &&Change| matches!(change, Change::Removed(group) if alive.contains(group));
    newer.changes_since(older).iter().filter(removed).count()
}

/// Scenario: cursors are offsets, and groups are created and deleted between requests. Expected: plain snapshots report
/// some existing groups as removed; consistent ones report none.
#[test]
fn of_three_thousand_lists_that_change_a_consistent_snapshot_never_lacks_a_group_that_existed_throughout() {
    let before = before();
    let (mut plain, mut agreed) = (0, 0);
    for seed in 0..SEEDS {
        let fake = changing(seed);
        match block_on(list(&fake).page_size(3).snapshot()) {
            Ok(newer) => plain += false_removals(&newer, &before, &fake),
            // Three restarts may not be enough.
            Err(error) => assert!(error.is_cursor_expired(), "seed {seed}: {error}"),
        }

        let fake = changing(seed);
        match block_on(list(&fake).page_size(3).consistent_snapshot()) {
            Ok(newer) => {
                agreed += 1;
                assert_eq!(false_removals(&newer, &before, &fake), 0, "seed {seed}");
            }
            Err(error) => assert!(error.is_inconsistent() || error.is_cursor_expired(), "seed {seed}: {error}"),
        }
    }
    println!(
        "{SEEDS} seeds: {plain} false removals by plain snapshots; {agreed} consistent snapshots, and none by them"
    );
    assert!(plain > 150, "plain snapshots made out {plain} groups to be removed: the test shows nothing");
    assert!(agreed > SEEDS / 2, "only {agreed} consistent snapshots: the test shows too little");
}

/// The number of a request within its listing, from 0.
fn number_in_listing(index: usize, fake: &FakeGroups) -> usize {
    let requests = fake.requests();
    let is_first = |index: &usize| requests[*index].position == Position::Start;
    index - (0..=index).rev().find(is_first).unwrap()
}

#[test]
fn a_list_that_does_not_change_costs_exactly_twice_a_listing() {
    for count in [0, 1, 25, 26, 2_500] {
        for dialect in [Dialect::default(), Dialect::default().next_links(false), Dialect::graph_api()] {
            let once = FakeGroups::new(groups(count)).dialect(dialect.clone());
            let listed = block_on(list(&once).snapshot()).unwrap();
            let twice = FakeGroups::new(groups(count)).dialect(dialect);
            let agreed = block_on(list(&twice).consistent_snapshot()).unwrap();
            assert_eq!(agreed, listed);
            assert_eq!(twice.requests(), [once.requests(), once.requests()].concat());
        }
    }
}

#[test]
fn its_progress_counts_all_of_its_listings() {
    let fake = FakeGroups::new(groups(7)).on_request(|index, fake| {
        if number_in_listing(index, fake) == 0 && index > 0 && fake.groups().len() < 9 {
            fake.create(numbered(100 + index));
        }
    });
    let progress = block_on(list(&fake).page_size(4).consistent_snapshot()).unwrap().progress();
    // Listings of 7, 8, 9 and 9 groups.
    assert_eq!((progress.groups, progress.requests), (33, fake.requests().len() as u64));
    assert_eq!((progress.retries, progress.restarts), (0, 0));
}

#[test]
fn a_deletion_that_hides_a_group_from_the_first_listing_is_found_by_the_second() {
    let fake = FakeGroups::new(groups(6)).dialect(offsets()).on_request(|index, fake| {
        if index == 1 {
            fake.delete("0");
        }
    });
    let snapshot = block_on(list(&fake).page_size(2).consistent_snapshot()).unwrap();
    assert!(snapshot.into_iter().eq(fake.groups()));
}

/// Scenario: in every listing, a group is created after the first page and deleted after the second, so that every
/// listing lacks the same group. Expected: the listings are equal and do not agree, since each was sent a group twice, at
/// the seam of its first two pages, where it is left out.
#[test]
fn listings_that_hide_the_same_group_each_time_do_not_agree() {
    let fake =
        FakeGroups::new(groups(8)).dialect(offsets()).on_request(|index, fake| match number_in_listing(index, fake) {
            1 => fake.create(numbered(100)),
            2 => assert!(fake.delete("100")),
            _ => {}
        });
    let list = list(&fake).page_size(2);
    let (first, second) = (block_on(list.snapshot()).unwrap(), block_on(list.snapshot()).unwrap());
    assert_eq!(first, second);
    assert!(first.get("3").is_none() && fake.groups().contains(&numbered(3)));

    let error = block_on(list.consistent_snapshot()).unwrap_err();
    assert!(error.is_inconsistent() && error.to_string().contains("0 groups added, 0 removed"), "{error}");
}

#[test]
fn after_eight_listings_without_agreement_it_gives_up_and_says_what_changed() {
    let fake = FakeGroups::new(groups(3)).on_request(|index, fake| {
        if number_in_listing(index, fake) == 0 {
            fake.create(numbered(100 + index));
            fake.delete(&fake.groups()[2].id);
        }
    });
    let error = block_on(list(&fake).consistent_snapshot()).unwrap_err();
    assert!(error.is_inconsistent() && error.is_retryable() && !error.is_protocol());
    let listings = fake.requests().iter().filter(|request| request.position == Position::Start).count();
    assert_eq!(listings, 8);
    assert_eq!(
        error.to_string(),
        "no two in a row of 8 complete listings agree: 7 groups added, 7 removed, 0 sent twice; 0 listings in another \
         order, 0 with expired cursors"
    );
    assert_eq!(error.advice(), "list again when the list changes less often");
}

#[tokio::test]
async fn the_error_names_the_app() {
    let fake = FakeGroups::new([]).dialect(Dialect::graph_api());
    let fake = fake.on_request(|index, fake| fake.create(numbered(index)));
    let error = list(&fake).app_id("7f3c").consistent_snapshot().await.unwrap_err();
    assert!(error.is_inconsistent() && error.to_string().starts_with("app 7f3c: no two in a row"), "{error}");
}

#[test]
fn a_rename_between_two_listings_does_not_matter_and_the_later_subject_is_taken() {
    let fake = FakeGroups::new(groups(3)).on_request(|index, fake| {
        if number_in_listing(index, fake) == 0 {
            fake.rename("1", if index == 0 { "old" } else { "new" });
        }
    });
    let snapshot = block_on(list(&fake).consistent_snapshot()).unwrap();
    assert_eq!(snapshot.get("1").unwrap().subject, "new");
    let listings = fake.requests().iter().filter(|request| request.position == Position::Start).count();
    assert_eq!(listings, 2);
}

#[test]
fn a_listing_that_had_to_start_again_is_listed_once_more() {
    let fake = FakeGroups::new(groups(6)).on_request(|index, fake| {
        if index == 1 {
            fake.create(numbered(100));
        }
    });
    let snapshot = block_on(list(&fake).page_size(2).consistent_snapshot()).unwrap();
    assert!(snapshot.iter().eq(&fake.groups()), "in the server's order");
    assert_eq!(snapshot.progress().restarts, 1);
}

#[test]
fn an_error_of_any_request_of_either_listing_is_its_error() {
    let whole = FakeGroups::new(groups(6));
    block_on(list(&whole).page_size(2).consistent_snapshot()).unwrap();
    for broken in 0..whole.requests().len() {
        let refused = Fault::Error(Error::api(401, None, "Authentication Failed"));
        let fake = FakeGroups::new(groups(6)).fault_at(broken, refused);
        assert!(block_on(list(&fake).page_size(2).consistent_snapshot()).unwrap_err().is_auth());
        assert_eq!(fake.requests().len(), broken + 1);
    }
}

#[test]
fn a_part_of_the_list_is_refused_by_name_before_any_request() {
    let fake = FakeGroups::new(groups(3));
    let error = block_on(list(&fake).max_groups(2).consistent_snapshot()).unwrap_err();
    assert!(error.is_config() && error.to_string().ends_with("leave out `max_groups`"), "{error}");
    assert_eq!(fake.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn pages_are_read_ahead_in_both_listings() {
    const SECOND: Duration = Duration::from_secs(1);
    let fake = FakeGroups::new(groups(6)).on_request(|index, fake| {
        fake.fault_at(index, Fault::Delay(SECOND));
    });
    let list = list(&fake).page_size(2).read_ahead(true);
    let mut snapshot = pin!(list.consistent_snapshot());
    let mut ahead = [0, 0];
    let result = loop {
        if let Some(result) = (&mut snapshot).now_or_never() {
            break result;
        }
        settle().await;
        let position = fake.requests().pop().unwrap().position;
        let listings = fake.requests().iter().filter(|request| request.position == Position::Start).count();
        // The stream is not polled here, so only a task can fetch the page.
        advance(2 * SECOND).await;
        settle().await;
        let arrived = fake.in_flight() == 0;
        assert_eq!(arrived, position != Position::Start, "only the first page of a listing is not fetched ahead");
        ahead[listings - 1] += usize::from(arrived);
    };
    assert_eq!(result.unwrap().len(), 6);
    assert!(ahead[0] >= 2 && ahead[0] == ahead[1], "{ahead:?}");
}

#[tokio::test(start_paused = true)]
async fn dropped_in_the_second_listing_it_leaves_nothing_in_flight() {
    let fake = FakeGroups::new(groups(6)).on_request(|index, fake| {
        if index > 0 && number_in_listing(index, fake) == 0 {
            fake.fault_at(index, Fault::Hang);
        }
    });
    let list = list(&fake).page_size(2);
    let mut snapshot = Box::pin(list.consistent_snapshot());
    assert!((&mut snapshot).now_or_never().is_none());
    assert_eq!(fake.in_flight(), 1);
    drop(snapshot);
    assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
}

#[test]
fn it_can_move_to_a_task_with_its_listing() {
    fn moves<T: Send + 'static>(_: T) {}
    let live = Client::new("key").unwrap().groups("app");
    moves(async move { live.consistent_snapshot().await });
    let fake = list(&FakeGroups::new([]));
    moves(async move { fake.consistent_snapshot().await });
}
