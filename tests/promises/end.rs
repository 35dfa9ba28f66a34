//! The end of the list is established, never guessed, and no place is mistaken for another.

use futures::StreamExt as _;
use futures::executor::block_on;
use gupshup_groups::testing::{CursorAnswer, Dialect, FakeGroups, Fault};
use gupshup_groups::{Checkpoint, Client, Cursors, Error, ListGroups, Page, PageSource, Result};

use crate::support::{all, drain, from_fn, groups, numbered, take};

fn ids<'a>(groups: impl IntoIterator<Item = &'a gupshup_groups::Group>) -> Vec<usize> {
    groups.into_iter().map(|group| group.id.parse().unwrap()).collect()
}

/// A server that sends no links.
fn linkless() -> Dialect {
    Dialect::default().next_links(false).previous_links(false)
}

#[test]
fn a_server_that_clamps_the_page_size_and_sends_no_links_is_listed_completely() {
    let fake = FakeGroups::new(groups(5_000)).dialect(linkless().clamp_page_size(1..=100));
    let list = ListGroups::from_source(fake.clone());
    assert_eq!(block_on(list.snapshot()).unwrap().len(), 5_000);
    assert_eq!(all(list.stream()), groups(5_000));

    let cursor = fake.cursor_at("4999").unwrap();
    let mut mirror = groups(4_999);
    mirror.reverse();
    assert_eq!(all(list.before(cursor).stream()), mirror);
}

#[test]
fn a_missing_link_on_a_clamped_page_does_not_shorten_a_snapshot() {
    let dialect = Dialect::default().clamp_page_size(1..=100).links_at_the_clamp(false);
    let list = ListGroups::from_source(FakeGroups::new(groups(500)).dialect(dialect));
    assert_eq!(block_on(list.snapshot()).unwrap().len(), 500);
    assert_eq!(all(list.clone().confirm_end(true).stream()), groups(500));
    // By Meta's rule, a page without a link is the last.
    assert_eq!(all(list.stream()), groups(125));
}

#[test]
fn confirming_the_end_costs_one_request() {
    for (confirm, requests) in [(false, 2), (true, 3)] {
        let fake = FakeGroups::new(groups(50));
        all(ListGroups::from_source(fake.clone()).page_size(25).confirm_end(confirm).stream());
        assert_eq!(fake.requests().len(), requests, "{confirm}");
    }
}

#[test]
fn a_stale_cursor_that_is_called_invalid_is_not_taken_for_the_end() {
    let dialect = linkless().stale_cursor(CursorAnswer::Invalid);
    let fake = FakeGroups::new(groups(3_000)).dialect(dialect).on_request(|index, fake| {
        if index == 4 {
            fake.delete("99");
        }
    });
    let found = ids(&all(ListGroups::from_source(fake).page_size(25).stream()));
    assert_eq!(found, (0..3_000).collect::<Vec<_>>(), "each once, and in order");
}

#[test]
fn a_saved_place_whose_cursor_is_called_invalid_is_not_taken_for_the_end() {
    let fake = FakeGroups::new(groups(40)).dialect(linkless().stale_cursor(CursorAnswer::Invalid));
    let mut stream = ListGroups::from_source(fake.clone()).page_size(20).stream();
    take(&mut stream, 20);
    fake.delete("19");
    let mut resumed = ListGroups::from_source(fake).page_size(20).resume(stream.checkpoint()).stream();
    let expected: Vec<_> = (0..40).filter(|n| *n != 19).collect();
    assert_eq!(ids(&all(&mut resumed)), expected, "the group is gone, so its page is listed again");
    assert!(resumed.checkpoint().is_end());
}

#[test]
fn past_the_end_a_valid_cursor_that_is_called_invalid_ends_the_list() {
    let fake = FakeGroups::new(groups(40)).dialect(linkless().past_the_end(CursorAnswer::Invalid));
    let mut stream = ListGroups::from_source(fake.clone()).page_size(20).stream();
    assert_eq!(all(&mut stream), groups(40));
    assert!(stream.checkpoint().is_end());
    assert_eq!(fake.requests().len(), 5, "two pages, the cursor, the second page again, and the cursor once more");
    assert_eq!(fake.requests()[1..3], fake.requests()[3..]);
}

#[test]
fn an_invalid_cursor_of_the_caller_is_an_error_in_both_directions() {
    let fake = FakeGroups::new(groups(40));
    let list = || ListGroups::from_source(fake.clone());
    for list in [list().before("typo"), list().after("typo")] {
        let mut stream = list.stream();
        let (found, error) = drain(&mut stream);
        let error = error.expect("the cursor was never one");
        assert!(found.is_empty() && error.is_cursor_invalid() && !error.is_cursor_expired(), "{error}");
        assert!(!stream.checkpoint().is_end());
        assert!(block_on(stream.next()).is_none());
    }
}

#[test]
fn a_good_cursor_of_the_callers_with_nothing_behind_it_is_an_empty_list() {
    for past_the_end in [CursorAnswer::Invalid, CursorAnswer::EmptyPage] {
        let fake = FakeGroups::new(groups(40)).dialect(linkless().past_the_end(past_the_end));
        let list = || ListGroups::from_source(fake.clone());
        let (start, end) = (fake.cursor_at("0").unwrap(), fake.cursor_at("39").unwrap());
        for list in [list().before(start), list().after(end)] {
            let mut stream = list.stream();
            assert_eq!(all(&mut stream), []);
            assert!(stream.checkpoint().is_end());
        }
    }
}

#[test]
fn a_checkpoint_of_an_error_after_a_restart_lies_after_every_group_that_was_yielded() {
    // The third page expires, and the second of the walk that begins again fails.
    let fake = FakeGroups::new(groups(100)).dialect(Dialect::default().expire_cursors_on_change(true)).on_request(
        |index, fake| match index {
            2 => fake.create(numbered(1_000)),
            4 => _ = fake.fault_at(4, Fault::Error(Error::other("scripted"))),
            _ => {}
        },
    );
    let list = ListGroups::from_source(fake).page_size(25);
    let mut stream = list.stream();
    let (found, error) = drain(&mut stream);
    let mut expected: Vec<_> = (0..50).collect();
    expected.push(1_000);
    assert_eq!(ids(&found), expected, "the new group is at the front, and was created before the restart");

    for place in [error.expect("the fault surfaces").checkpoint().unwrap().clone(), stream.checkpoint()] {
        let saved: Checkpoint = place.to_string().parse().unwrap();
        assert_eq!(ids(&all(list.clone().resume(saved).stream())), (50..100).collect::<Vec<_>>());
    }
    stream.resume();
    assert_eq!(ids(&all(&mut stream)), (50..100).collect::<Vec<_>>());
}

#[test]
fn a_checkpoint_of_another_list_is_refused_before_any_request() {
    let fake = FakeGroups::new(groups(40));
    let list = |fake: &FakeGroups| ListGroups::from_source(fake.clone()).page_size(20);
    let mut stream = list(&fake).app_id("one").stream();
    take(&mut stream, 30);
    let place: Checkpoint = stream.checkpoint().to_string().parse().unwrap();

    let another = FakeGroups::new(groups(40));
    let (found, error) = drain(&mut list(&another).app_id("two").resume(place.clone()).stream());
    let error = error.expect("it belongs to another list");
    assert!(found.is_empty() && error.is_config(), "{error}");
    assert!(error.to_string().contains("another list"), "{error}");
    assert!(another.requests().is_empty());

    for same_or_unnamed in [list(&fake).app_id("one"), list(&fake)] {
        assert_eq!(all(same_or_unnamed.resume(place.clone()).stream()).len(), 10);
    }
}

#[test]
fn a_checkpoint_of_one_app_is_refused_by_the_listing_of_another() {
    let client = Client::builder("key").base_url("http://127.0.0.1:9/wa").build().unwrap();
    let place = client.groups("app-a").stream().checkpoint();
    let (found, error) = drain(&mut client.groups("app-b").resume(place.clone()).stream());
    assert!(found.is_empty() && error.is_some_and(|error| error.is_config()));
    assert_ne!(place, client.groups("app-b").stream().checkpoint());
    assert_eq!(place, client.groups("app-a").stream().checkpoint());
}

/// A page by the number in its cursor.
fn numbered_pages(answer: impl Fn(usize) -> Result<Page> + Clone + Send + Sync + 'static) -> impl PageSource {
    from_fn(move |request| answer(request.position.cursor().map_or(0, |cursor| cursor.as_str().parse().unwrap())))
}

#[test]
fn a_server_that_refuses_every_new_cursor_is_an_error_and_not_an_endless_loop() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    // The first page comes with another cursor each time, and each of them is refused.
    let asked = Arc::new(AtomicUsize::new(0));
    let source = numbered_pages(move |cursor| {
        let count = asked.fetch_add(1, Ordering::Relaxed);
        match cursor {
            0 => Ok(Page::new(groups(2), Cursors::new(Some(&(count + 1).to_string()), None))),
            _ => Err(Error::api(400, Some(2642), "Invalid cursors values")),
        }
    });
    let mut stream = ListGroups::from_source(source).stream();
    let (found, error) = drain(&mut stream);
    assert_eq!(ids(&found), [0, 1]);
    assert!(error.expect("it leads nowhere").is_cursor_expired());
    assert!(stream.progress().requests < 60, "{:?}", stream.progress());
}

#[test]
fn a_cursor_that_is_refused_though_a_link_announces_its_page_is_expired_and_not_the_end() {
    let source = numbered_pages(|cursor| match cursor {
        0 => Ok(Page::new(groups(2), Cursors::new(Some("1"), None)).with_next_link(true)),
        _ => Err(Error::api(400, Some(2642), "Invalid cursors values")),
    });
    let mut stream = ListGroups::from_source(source).max_restarts(0).stream();
    let (found, error) = drain(&mut stream);
    assert_eq!(ids(&found), [0, 1]);
    assert!(error.expect("more was promised").is_cursor_expired());
    assert!(!stream.checkpoint().is_end());
}
