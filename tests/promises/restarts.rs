//! Cursors that expire, and restarts.

use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Direction, ListGroups};

use crate::support::{all, begin, drain, expired, from_fn, groups, id_texts, numbers, take, yields_none_for_ever};

/// A list of six groups, whose cursors all expire before the requests in `when`.
fn expiring(when: impl Fn(usize) -> bool + Send + Sync + 'static) -> FakeGroups {
    expiring_of(6, when)
}

/// The same with `count` groups.
fn expiring_of(count: usize, when: impl Fn(usize) -> bool + Send + Sync + 'static) -> FakeGroups {
    FakeGroups::new(groups(count)).on_request(move |index, fake| {
        if when(index) {
            fake.expire_cursors();
        }
    })
}

#[test]
fn after_a_cursor_expired_at_any_page_each_group_is_yielded_once_and_in_order() {
    for page in 1..6 {
        let fake = expiring(move |index| index == page);
        let mut stream = ListGroups::from_source(fake.clone()).page_size(1).stream();
        assert_eq!(id_texts(&all(&mut stream)), numbers(0, 5));
        assert_eq!(stream.progress().restarts, 1);
        assert_eq!(fake.requests().len(), page + 1 + 6, "the pages before, the one refused, and the whole list again");
    }
}

#[test]
fn a_listing_restarts_whatever_its_page_size() {
    for size in 1..=40 {
        let mut stream = ListGroups::from_source(expiring_of(100, |index| index == 2)).page_size(size).stream();
        assert_eq!(id_texts(&all(&mut stream)), numbers(0, 99), "pages of {size}");
        assert_eq!(stream.progress().restarts, 1);
    }
}

#[test]
fn a_cursor_that_expires_again_and_again_is_an_error_after_max_restarts() {
    for (restarts, requests) in [(0, 2), (1, 4), (3, 8), (10, 22)] {
        let fake = expiring(|index| index % 2 == 1);
        let mut stream = ListGroups::from_source(fake.clone()).page_size(2).max_restarts(restarts).stream();
        let (found, error) = drain(&mut stream);
        assert!(error.expect("no restart is left").is_cursor_expired());
        assert_eq!(id_texts(&found), ["0", "1"], "what comes again is not yielded again");
        assert_eq!(stream.progress().restarts, restarts);
        assert_eq!(fake.requests().len(), requests);
        yields_none_for_ever(&mut stream);
        assert_eq!(fake.requests().len(), requests);
    }
}

#[test]
fn three_restarts_are_the_default() {
    let fake = expiring(|index| index % 2 == 1);
    let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
    assert!(drain(&mut stream).1.expect("no restart is left").is_cursor_expired());
    assert_eq!(stream.progress().restarts, 3);
}

#[test]
fn resume_after_the_last_restart_allows_new_restarts() {
    let fake = expiring(|index| index < 8 && index % 2 == 1);
    let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
    let (mut found, error) = drain(&mut stream);
    assert!(error.expect("no restart is left").is_cursor_expired());
    stream.resume();
    found.extend(all(&mut stream));
    assert_eq!(id_texts(&found), numbers(0, 5));
    assert_eq!(stream.progress().restarts, 4);
    // Eight before the error; the expired cursor again, then the list from its start.
    assert_eq!(fake.requests().len(), 8 + 1 + 3);
}

#[test]
fn a_listing_that_began_at_a_cursor_does_not_restart() {
    for direction in [Direction::Forward, Direction::Backward] {
        let fake = expiring(|index| index == 1);
        let cursor = fake.cursor_at("2").unwrap();
        let list = begin(ListGroups::from_source(fake.clone()), direction, cursor.as_str());
        let (found, error) = drain(&mut list.page_size(1).stream());
        assert!(error.expect("it has no memory").is_cursor_expired());
        assert_eq!(found.len(), 1, "{direction:?}");
        assert_eq!(fake.requests().len(), 2);
    }
}

#[test]
fn a_listing_that_began_at_a_checkpoint_does_not_restart() {
    let fake = expiring(|index| index == 2);
    let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
    take(&mut stream, 1);
    let list = ListGroups::from_source(fake.clone()).page_size(2).resume(stream.checkpoint());
    let (found, error) = drain(&mut list.stream());
    assert!(error.expect("it has no memory").is_cursor_expired());
    assert_eq!(id_texts(&found), ["1"]);
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn a_reversed_listing_does_not_restart() {
    let fake = expiring(|index| index == 3);
    let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
    take(&mut stream, 4);
    let (found, error) = drain(&mut stream.reverse());
    assert!(error.expect("it has no memory").is_cursor_expired());
    assert_eq!(id_texts(&found), ["3", "2"]);
    assert_eq!(fake.requests().len(), 4);
}

#[test]
fn after_a_restart_pages_hold_only_new_groups() {
    let fake = expiring(|index| index == 2);
    let pages = all(ListGroups::from_source(fake).page_size(2).pages());
    let found: Vec<_> = pages.iter().map(|page| id_texts(&page.groups)).collect();
    assert_eq!(found, [["0", "1"], ["2", "3"], ["4", "5"]]);
}

#[test]
fn an_expired_cursor_without_a_restart_is_one_error() {
    let source = from_fn(|_| Err(expired()));
    let mut stream = ListGroups::from_source(source.clone()).after("a").stream();
    assert!(drain(&mut stream).1.expect("it surfaces").is_cursor_expired());
    yields_none_for_ever(&mut stream);
    assert_eq!(source.asked(), 1);
}
