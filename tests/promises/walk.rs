//! Listings that the model does not cover: cycles, missing links, refusals, expired cursors, and places in a changed
//! list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::executor::block_on;
use futures::{Stream, StreamExt as _};
use gupshup_groups::testing::{CursorAnswer, Dialect, FakeGroups, Fault};
use gupshup_groups::{Checkpoint, Cursors, Direction, Error, Group, ListGroups, Page, PageRequest, Position, Result};

use crate::support::{all, drain, from_fn, groups, numbered, take};

fn ids(groups: &[Group]) -> Vec<&str> {
    groups.iter().map(|group| group.id.as_str()).collect()
}

/// The ids from "`first`" to "`last`", in that order.
fn numbers(first: usize, last: usize) -> Vec<String> {
    if first <= last {
        (first..=last).map(|n| n.to_string()).collect()
    } else {
        (last..=first).rev().map(|n| n.to_string()).collect()
    }
}

fn limits(fake: &FakeGroups) -> Vec<u16> {
    fake.requests().iter().map(|request| request.limit.get()).collect()
}

fn expired() -> Error {
    Error::api(400, Some(131_059), "Invalid cursor")
}

/// The cursors of a page: only this one, in `direction`.
fn cursors(direction: Direction, cursor: &str) -> Cursors {
    match direction {
        Direction::Forward => Cursors::new(Some(cursor), None),
        Direction::Backward => Cursors::new(None, Some(cursor)),
    }
}

/// A listing that begins at `cursor` in `direction`.
fn begin<S: gupshup_groups::PageSource>(list: ListGroups<S>, direction: Direction, cursor: &str) -> ListGroups<S> {
    match direction {
        Direction::Forward => list.after(cursor),
        Direction::Backward => list.before(cursor),
    }
}

/// The stream has ended, for ever.
fn yields_none_for_ever<T: std::fmt::Debug>(stream: &mut (impl Stream<Item = Result<T>> + Unpin)) {
    for _ in 0..100 {
        let item = block_on(stream.next());
        assert!(item.is_none(), "{item:?}");
    }
}

/// The number that the cursor of a request holds; 0 at the start.
fn number(request: &PageRequest) -> usize {
    request.position.cursor().map_or(0, |cursor| cursor.as_str().parse().unwrap())
}

#[test]
fn a_cycle_of_any_length_ends_with_an_error_after_each_of_its_groups_and_requests() {
    for direction in [Direction::Forward, Direction::Backward] {
        for length in [1, 2, 3, 100] {
            // Page n leads to page n + 1, and the last leads back to page 0.
            let source = from_fn(move |request| {
                let n = number(&request);
                let next = ((n + 1) % length).to_string();
                let page = Page::new(vec![numbered(n)], cursors(direction, &next));
                Ok(page.has_next(true).has_previous(true))
            });
            let mut stream = begin(ListGroups::from_source(source.clone()), direction, "0").stream();
            let (found, error) = drain(&mut stream);
            let error = error.expect("the cycle is noticed");
            assert!(error.is_cursor_loop() && !error.is_retryable(), "{error}");
            assert_eq!(ids(&found), numbers(0, length - 1), "{direction:?} {length}");
            assert_eq!(source.asked(), length, "{direction:?} {length}");
            assert_eq!(error.checkpoint(), Some(&stream.checkpoint()));
            yields_none_for_ever(&mut stream);
            assert_eq!(source.asked(), length, "nothing is asked after the error");
        }
    }
}

#[test]
fn a_cursor_that_never_moves_is_a_loop_although_the_walk_began_without_one() {
    let source = from_fn(|_| Ok(Page::new(vec![numbered(0)], Cursors::new(Some("same"), None)).has_next(true)));
    let (found, error) = drain(&mut ListGroups::from_source(source.clone()).stream());
    assert!(error.expect("the loop is noticed").is_cursor_loop());
    assert_eq!(found.len(), 2);
    assert_eq!(source.asked(), 2);
}

#[test]
fn a_loop_that_the_server_repairs_continues_after_resume_without_loss_or_repeat() {
    let fake = FakeGroups::new(groups(6));
    let mut looped = Page::new(vec![numbered(2), numbered(3)], Cursors::default()).has_next(true);
    looped.cursors.after = fake.cursor_at("1");
    fake.fault_at(1, Fault::Page(looped));
    let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
    let (mut found, error) = drain(&mut stream);
    assert!(error.expect("the loop is noticed").is_cursor_loop());
    stream.resume();
    found.extend(all(&mut stream));
    assert_eq!(ids(&found), numbers(0, 5));
    assert_eq!(fake.requests().len(), 4, "the page of the loop is asked for again, and no other");
}

#[test]
fn the_listing_continues_after_single_empty_pages_with_a_link() {
    // Nine groups are five pages of two; each further request returned an empty one.
    for (every, requests) in [(1, 10), (2, 7), (3, 6)] {
        let fake = FakeGroups::new(groups(9)).dialect(Dialect::default().empty_page_every(every));
        let found = all(ListGroups::from_source(fake.clone()).page_size(2).stream());
        assert_eq!(ids(&found), numbers(0, 8));
        assert_eq!(fake.requests().len(), requests, "an empty page before every {every}");
    }
}

#[test]
fn ten_thousand_empty_pages_end_with_an_error_after_a_hundred_requests_each_time() {
    for direction in [Direction::Forward, Direction::Backward] {
        let source = from_fn(move |request| {
            let n = number(&request);
            if n >= 10_000 {
                return Ok(Page::new(groups(1), Cursors::default()));
            }
            let page = Page::new(Vec::new(), cursors(direction, &(n + 1).to_string()));
            Ok(page.has_next(true).has_previous(true))
        });
        let mut stream = begin(ListGroups::from_source(source.clone()), direction, "0").stream();
        for round in 1..=100 {
            let (found, error) = drain(&mut stream);
            assert!(found.is_empty());
            assert!(error.expect("the server goes nowhere").is_protocol());
            assert_eq!(source.asked(), 100 * round);
            yields_none_for_ever(&mut stream);
            stream.resume();
        }
        assert_eq!(ids(&all(&mut stream)), ["0"], "resume always goes on where the error was");
        assert_eq!(source.asked(), 10_001);
    }
}

/// The stack must not grow with the number of pages.
#[test]
fn a_hundred_thousand_pages_need_only_a_small_stack() {
    let walk = || {
        let source = from_fn(|request| {
            let n = number(&request);
            let page = Page::new(if n % 2 == 0 { Vec::new() } else { vec![numbered(n)] }, Cursors::default());
            Ok(if n < 100_000 {
                let mut page = page.has_next(true);
                page.cursors = Cursors::new(Some(&(n + 1).to_string()), None);
                page
            } else {
                page
            })
        });
        all(ListGroups::from_source(source).stream()).len()
    };
    let thread = std::thread::Builder::new().stack_size(128 * 1024).spawn(walk).unwrap();
    assert_eq!(thread.join().unwrap(), 50_000);
}

#[test]
fn a_link_without_a_cursor_is_an_error_after_the_groups_of_its_page() {
    for cursor in [None, Some(""), Some("null")] {
        let broken = Page::new(groups(2), Cursors::new(cursor, cursor)).has_next(true);
        let fake = FakeGroups::new(groups(4)).script([Fault::Page(broken)]);
        let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
        let (mut found, error) = drain(&mut stream);
        assert!(error.expect("nobody knows how to go on").is_protocol());
        assert_eq!(ids(&found), ["0", "1"]);
        assert!(!stream.checkpoint().is_end());
        assert_eq!(fake.requests().len(), 1);
        yields_none_for_ever(&mut stream);

        stream.resume();
        found.extend(all(&mut stream));
        assert_eq!(ids(&found), numbers(0, 3));
    }
}

#[test]
fn a_cursor_that_is_missing_empty_or_null_is_none_and_without_a_link_the_list_ends() {
    for text in [None, Some(""), Some("null")] {
        let source = from_fn(move |_| {
            let mut page = Page::new(groups(25), Cursors::default());
            page.cursors.after = text.map(Into::into);
            Ok(page)
        });
        let mut stream = ListGroups::from_source(source.clone()).stream();
        assert_eq!(all(&mut stream).len(), 25);
        assert!(stream.checkpoint().is_end());
        assert_eq!(source.asked(), 1);
    }
}

#[test]
fn ten_thousand_groups_take_eleven_requests_by_default() {
    let fake = FakeGroups::new(groups(10_000));
    assert_eq!(all(ListGroups::from_source(fake.clone()).stream()), groups(10_000));
    assert_eq!(limits(&fake), [25, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024]);
}

#[test]
fn ten_thousand_groups_take_ten_requests_by_the_largest_pages() {
    let fake = FakeGroups::new(groups(10_000));
    assert_eq!(all(ListGroups::from_source(fake.clone()).page_size(1024).stream()), groups(10_000));
    assert_eq!(limits(&fake), [1024; 10]);
}

#[test]
fn a_page_size_is_clamped_to_what_the_api_documents() {
    for (size, sent) in [(0, 1), (1, 1), (25, 25), (1024, 1024), (1025, 1024), (5000, 1024), (u32::MAX, 1024)] {
        let fake = FakeGroups::new(groups(1));
        all(ListGroups::from_source(fake.clone()).page_size(size).stream());
        assert_eq!(limits(&fake)[0], sent, "{size}");
    }
}

#[test]
fn a_server_whose_maximum_is_100_is_listed_completely() {
    let fake = FakeGroups::new(groups(250)).dialect(Dialect::default().refuse_page_size_above(100));
    assert_eq!(all(ListGroups::from_source(fake.clone()).stream()), groups(250));
    assert_eq!(limits(&fake), [25, 1024, 100, 100, 100]);
}

#[test]
fn a_server_whose_maximum_is_25_is_listed_completely() {
    let fake = FakeGroups::new(groups(70)).dialect(Dialect::default().refuse_page_size_above(25));
    assert_eq!(all(ListGroups::from_source(fake.clone()).stream()), groups(70));
    assert_eq!(limits(&fake), [25, 1024, 100, 25, 25]);
}

#[test]
fn a_server_whose_maximum_is_100_is_listed_completely_backward() {
    let fake = FakeGroups::new(groups(250)).dialect(Dialect::default().refuse_page_size_above(100));
    let last = fake.cursor_at("249").unwrap();
    let found = all(ListGroups::from_source(fake.clone()).before(last).stream());
    assert_eq!(ids(&found), numbers(248, 0));
    assert_eq!(limits(&fake), [25, 1024, 100, 100, 100]);
}

#[test]
fn a_size_is_lowered_after_every_kind_of_refusal() {
    for refusal in [
        || Error::api(413, None, "Request Entity Too Large"),
        || Error::api(400, None, "limit exceeds 100"),
        || Error::api(500, Some(1), "Please reduce the amount of data you're asking for, then retry your request"),
    ] {
        let fake = FakeGroups::new(groups(150)).fault_at(1, Fault::Error(refusal()));
        assert_eq!(all(ListGroups::from_source(fake.clone()).stream()), groups(150));
        assert_eq!(limits(&fake), [25, 1024, 100, 100], "{}", refusal());
    }
}

#[test]
fn other_errors_do_not_lower_the_size() {
    for other in [
        || Error::api(500, Some(1), "An unknown error occurred"),
        || Error::api(401, None, "Authentication Failed"),
        || Error::api(404, None, "no such app"),
        || Error::api(400, Some(190), "Access token has expired"),
        || Error::transport("reset"),
    ] {
        let fake = FakeGroups::new(groups(150)).fault_at(1, Fault::Error(other()));
        let mut stream = ListGroups::from_source(fake.clone()).stream();
        let (found, error) = drain(&mut stream);
        assert_eq!(found.len(), 25);
        let (error, other) = (error.expect("it surfaces"), other());
        assert_eq!((error.status(), error.api_message()), (other.status(), other.api_message()));
        stream.resume();
        assert_eq!(all(&mut stream).len(), 125);
        assert_eq!(limits(&fake), [25, 1024, 1024]);
    }
}

#[test]
fn a_fixed_size_that_is_refused_is_an_error_after_one_request() {
    let fake = FakeGroups::new(groups(150)).dialect(Dialect::default().refuse_page_size_above(100));
    let (found, error) = drain(&mut ListGroups::from_source(fake.clone()).page_size(101).stream());
    let error = error.expect("the caller's size is never changed");
    assert!(found.is_empty() && error.is_api() && !error.is_config());
    assert_eq!(error.status(), Some(400));
    assert_eq!(limits(&fake), [101]);
}

#[test]
fn a_cursor_of_64_kib_is_an_error_that_does_not_echo_it() {
    let cursor = "SECRET".repeat(11_000);
    let page = Page::new(groups(2), Cursors::new(Some(&cursor), None)).has_next(true);
    let fake = FakeGroups::new(groups(9)).script([Fault::Page(page)]);
    let mut stream = ListGroups::from_source(fake.clone()).stream();
    let (found, error) = drain(&mut stream);
    let error = error.expect("no server takes such a cursor");
    assert!(error.is_too_large() && !error.is_retryable());
    assert_eq!(ids(&found), ["0", "1"]);
    assert_eq!(fake.requests().len(), 1);
    let text = format!("{error} {error:?} {stream:?} {}", error.checkpoint().unwrap());
    assert!(!text.contains("SECRET"), "{text}");
}

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
fn a_cursor_that_expires_at_any_page_heals_and_each_group_comes_once_in_order() {
    for page in 1..6 {
        let fake = expiring(move |index| index == page);
        let mut stream = ListGroups::from_source(fake.clone()).page_size(1).stream();
        assert_eq!(ids(&all(&mut stream)), numbers(0, 5));
        assert_eq!(stream.progress().restarts, 1);
        assert_eq!(fake.requests().len(), page + 1 + 6, "the pages before, the one refused, and the whole list again");
    }
}

#[test]
fn a_walk_heals_whatever_the_size_of_its_pages() {
    for size in 1..=40 {
        let mut stream = ListGroups::from_source(expiring_of(100, |index| index == 2)).page_size(size).stream();
        assert_eq!(ids(&all(&mut stream)), numbers(0, 99), "pages of {size}");
        assert_eq!(stream.progress().restarts, 1);
    }
}

#[test]
fn a_cursor_that_expires_again_and_again_is_an_error_after_max_restarts() {
    for (restarts, requests) in [(0, 2), (1, 4), (3, 8), (10, 22)] {
        let fake = expiring(|index| index % 2 == 1);
        let mut stream = ListGroups::from_source(fake.clone()).page_size(2).max_restarts(restarts).stream();
        let (found, error) = drain(&mut stream);
        assert!(error.expect("it never heals").is_cursor_expired());
        assert_eq!(ids(&found), ["0", "1"], "what comes again is not yielded again");
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
    assert!(drain(&mut stream).1.expect("it never heals").is_cursor_expired());
    assert_eq!(stream.progress().restarts, 3);
}

#[test]
fn resume_after_the_last_restart_heals_once_the_server_is_well() {
    let fake = expiring(|index| index < 8 && index % 2 == 1);
    let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
    let (mut found, error) = drain(&mut stream);
    assert!(error.expect("it did not heal").is_cursor_expired());
    stream.resume();
    found.extend(all(&mut stream));
    assert_eq!(ids(&found), numbers(0, 5));
    assert_eq!(stream.progress().restarts, 4);
    // Eight before the error; the expired cursor again, then the list from its start.
    assert_eq!(fake.requests().len(), 8 + 1 + 3);
}

#[test]
fn a_walk_that_began_at_a_cursor_does_not_heal() {
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
fn a_walk_that_began_at_a_saved_place_does_not_heal() {
    let fake = expiring(|index| index == 2);
    let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
    take(&mut stream, 1);
    let list = ListGroups::from_source(fake.clone()).page_size(2).resume(stream.checkpoint());
    let (found, error) = drain(&mut list.stream());
    assert!(error.expect("it has no memory").is_cursor_expired());
    assert_eq!(ids(&found), ["1"]);
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn a_reversed_walk_does_not_heal() {
    let fake = expiring(|index| index == 3);
    let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
    take(&mut stream, 4);
    let (found, error) = drain(&mut stream.reverse());
    assert!(error.expect("it has no memory").is_cursor_expired());
    assert_eq!(ids(&found), ["3", "2"]);
    assert_eq!(fake.requests().len(), 4);
}

#[test]
fn a_healed_listing_by_pages_holds_only_what_is_new() {
    let fake = expiring(|index| index == 2);
    let pages = all(ListGroups::from_source(fake).page_size(2).pages());
    let found: Vec<_> = pages.iter().map(|page| ids(&page.groups)).collect();
    assert_eq!(found, [["0", "1"], ["2", "3"], ["4", "5"]]);
}

/// A list of twelve groups, and the place after the first eight, in the second page.
fn place_in_the_middle() -> (FakeGroups, Checkpoint) {
    let fake = FakeGroups::new(groups(12));
    let mut stream = ListGroups::from_source(fake.clone()).page_size(5).stream();
    take(&mut stream, 8);
    (fake, stream.checkpoint())
}

fn resumed(fake: &FakeGroups, place: Checkpoint) -> Vec<String> {
    let found = all(ListGroups::from_source(fake.clone()).page_size(5).resume(place).stream());
    found.into_iter().map(|group| group.id).collect()
}

#[test]
fn a_place_whose_last_group_was_deleted_lists_its_page_again() {
    let (fake, place) = place_in_the_middle();
    fake.delete("7");
    assert_eq!(resumed(&fake, place), ["5", "6", "8", "9", "10", "11"]);
}

#[test]
fn a_reversed_place_whose_last_group_was_deleted_begins_at_the_end_of_the_list() {
    let (fake, place) = place_in_the_middle();
    fake.delete("7");
    assert_eq!(resumed(&fake, place.reversed()), ["11", "10", "9", "8", "6", "5", "4", "3", "2", "1", "0"]);
}

#[test]
fn a_place_whose_last_group_was_deleted_is_never_lost_however_the_server_words_the_end() {
    use CursorAnswer::{EmptyPage, Invalid};
    for (next_links, past_the_end) in [(true, Invalid), (true, EmptyPage), (false, Invalid), (false, EmptyPage)] {
        let dialect = Dialect::default().next_links(next_links).past_the_end(past_the_end);
        let fake = FakeGroups::new(groups(11)).dialect(dialect);
        let mut stream = ListGroups::from_source(fake.clone()).page_size(5).stream();
        take(&mut stream, 3);
        fake.delete("2");
        let rest = ["0", "1", "3", "4", "5", "6", "7", "8", "9", "10"];
        assert_eq!(resumed(&fake, stream.checkpoint()), rest, "{next_links} {past_the_end:?}");
    }
}

#[test]
fn a_place_whose_last_group_moved_continues_just_after_it() {
    let (fake, place) = place_in_the_middle();
    fake.delete("7");
    fake.insert(6, numbered(7));
    assert_eq!(resumed(&fake, place.clone()), ["6", "8", "9", "10", "11"], "moved within its page");
    assert_eq!(resumed(&fake, place.clone().reversed())[..2], ["7", "5"]);

    fake.delete("7");
    fake.insert(11, numbered(7));
    assert_eq!(resumed(&fake, place.clone()), [""; 0], "moved to the list's end");
    assert_eq!(resumed(&fake, place.reversed())[..3], ["7", "11", "10"]);
}

#[test]
fn groups_created_before_a_place_on_the_first_page_do_not_move_it() {
    let fake = FakeGroups::new(groups(12));
    let mut stream = ListGroups::from_source(fake.clone()).page_size(5).stream();
    take(&mut stream, 3);
    for n in 100..107 {
        fake.create(numbered(n));
    }
    assert_eq!(resumed(&fake, stream.checkpoint()), numbers(3, 11));
    let back = ["2", "1", "0", "100", "101", "102", "103", "104", "105", "106"];
    assert_eq!(resumed(&fake, stream.checkpoint().reversed()), back);
}

#[test]
fn a_place_whose_next_group_was_deleted_repeats_nothing() {
    let (fake, place) = place_in_the_middle();
    fake.delete("8");
    assert_eq!(resumed(&fake, place.clone()), ["9", "10", "11"]);
    assert_eq!(resumed(&fake, place.reversed()), numbers(7, 0));
}

#[test]
fn a_rename_does_not_move_a_place() {
    let (fake, place) = place_in_the_middle();
    fake.rename("7", "another subject");
    assert_eq!(resumed(&fake, place), ["8", "9", "10", "11"]);
}

#[test]
fn a_place_whose_cursor_was_invalidated_is_an_error_and_never_a_part_of_the_list() {
    let (fake, place) = place_in_the_middle();
    fake.delete("4");
    let (found, error) = drain(&mut ListGroups::from_source(fake).resume(place).stream());
    assert!(found.is_empty());
    assert!(error.expect("the page of the place cannot be asked for").is_cursor_expired());
}

#[test]
fn control_and_bidirectional_characters_are_data() {
    let odd = ["\u{0}\u{1b}[31m\r\n", "\u{202e}evil\u{2066}", "\u{feff}", "", "\u{1f600}\u{200d}"];
    let list: Vec<_> = odd.iter().enumerate().map(|(n, text)| Group::new(format!("{n}{text}"), *text, 0)).collect();
    let fake = FakeGroups::new(list.clone());
    let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
    let mut found = take(&mut stream, 2).0;
    let place: Checkpoint = stream.checkpoint().to_string().parse().unwrap();
    found.extend(all(ListGroups::from_source(fake).resume(place).stream()));
    assert_eq!(found, list);
}

#[test]
fn more_groups_than_asked_are_accepted() {
    let source = from_fn(|request| match &request.position {
        Position::Start => Ok(Page::new(groups(5), Cursors::new(Some("4"), None)).has_next(true)),
        _ => Ok(Page::new((5..9).map(numbered).collect(), Cursors::default())),
    });
    let mut stream = ListGroups::from_source(source.clone()).page_size(2).stream();
    assert_eq!(all(&mut stream), groups(9));
    assert_eq!(source.asked(), 2);
}

#[test]
fn more_groups_than_asked_are_never_more_than_max_groups() {
    let source = from_fn(|_| Ok(Page::new(groups(5), Cursors::new(Some("4"), None)).has_next(true)));
    let mut stream = ListGroups::from_source(source.clone()).max_groups(3).stream();
    assert_eq!(all(&mut stream), groups(3));
    assert!(!stream.checkpoint().is_end());
    assert_eq!(source.asked(), 1);
}

#[test]
fn max_groups_in_the_middle_of_a_page_requests_no_more() {
    let fake = FakeGroups::new(groups(100));
    let mut stream = ListGroups::from_source(fake.clone()).page_size(10).max_groups(13).stream();
    assert_eq!(all(&mut stream), groups(13));
    assert_eq!(limits(&fake), [10, 3]);
    stream.resume();
    yields_none_for_ever(&mut stream);
    assert_eq!(fake.requests().len(), 2);
    assert!(!stream.checkpoint().is_end());
}

#[test]
fn max_groups_of_zero_makes_no_request_and_is_not_the_end() {
    let fake = FakeGroups::new(groups(9));
    let cursor = fake.cursor_at("5").unwrap();
    let list = || ListGroups::from_source(fake.clone()).max_groups(0);
    for list in [list(), list().after(&cursor), list().before(&cursor)] {
        let mut stream = list.stream();
        assert_eq!(stream.size_hint(), (0, Some(0)));
        yields_none_for_ever(&mut stream);
        assert!(!stream.checkpoint().is_end());
    }
    assert!(fake.requests().is_empty());
}

/// The only item of this listing is an error about the input, without any request.
fn is_bad_input(list: &ListGroups<FakeGroups>, fake: &FakeGroups) {
    let mut groups = list.stream();
    let (found, error) = drain(&mut groups);
    let error = error.expect("the input is bad");
    assert!(found.is_empty() && error.is_config() && !error.is_retryable(), "{error}");
    assert!(!format!("{error} {error:?} {list:?} {groups:?}").contains("SECRET"));
    groups.resume();
    yields_none_for_ever(&mut groups);

    let mut pages = list.pages();
    assert!(drain(&mut pages).1.expect("the input is bad").is_config());
    yields_none_for_ever(&mut pages);

    assert!(block_on(list.page()).unwrap_err().is_config());
    assert!(fake.requests().is_empty());
}

#[test]
fn an_empty_or_too_long_cursor_of_the_caller_is_refused_before_any_request() {
    let fake = FakeGroups::new(groups(3));
    let long = "SECRET78".repeat(512) + "x";
    for cursor in ["", "null", &long] {
        is_bad_input(&ListGroups::from_source(fake.clone()).after(cursor), &fake);
        is_bad_input(&ListGroups::from_source(fake.clone()).before(cursor), &fake);
        for page in ["page", "next"] {
            let place = match page {
                "page" => format!(r#"{{"page":{{"after":"{cursor}"}},"limit":25,"offset":0}}"#),
                _ => format!(r#"{{"page":"start","limit":25,"offset":0,"next":{{"after":"{cursor}"}}}}"#),
            };
            let saved = format!(r#"{{"direction":"forward","place":{{"middle":{place}}}}}"#);
            let saved = format!("gupshup-groups:2:{}", URL_SAFE_NO_PAD.encode(saved));
            is_bad_input(&ListGroups::from_source(fake.clone()).resume(saved.parse().unwrap()), &fake);
        }
    }
}

#[test]
fn a_cursor_of_4_kib_is_sent() {
    let fake = FakeGroups::new(groups(3)).script([Fault::Page(Page::default())]);
    let cursor = "x".repeat(4096);
    assert!(all(ListGroups::from_source(fake.clone()).after(cursor.as_str()).stream()).is_empty());
    assert_eq!(fake.requests()[0].position, Position::After(cursor.into()));
}

#[test]
fn a_second_start_is_refused_before_any_request() {
    let fake = FakeGroups::new(groups(3));
    let list = || ListGroups::from_source(fake.clone());
    let place = || list().stream().checkpoint();
    for list in [
        list().after("a").before("b"),
        list().before("a").after("b"),
        list().after("a").after("a"),
        list().before("a").before("b"),
        list().resume(place()).after("a"),
        list().before("a").resume(place()),
        list().resume(place()).resume(place()),
    ] {
        is_bad_input(&list, &fake);
    }
}

#[test]
fn nothing_is_yielded_or_requested_after_the_end() {
    let fake = FakeGroups::new(groups(3));
    let mut stream = ListGroups::from_source(fake.clone()).stream();
    let mut pages = ListGroups::from_source(fake.clone()).pages();
    assert_eq!(all(&mut stream).len(), 3);
    assert_eq!(all(&mut pages).len(), 1);
    yields_none_for_ever(&mut stream);
    yields_none_for_ever(&mut pages);
    assert_eq!(fake.requests().len(), 4, "each listed the page, and confirmed that it is the last");
}

#[test]
fn nothing_is_yielded_or_requested_after_an_error() {
    for failing in 0..3 {
        let fake = FakeGroups::new(groups(6)).fault_at(failing, Fault::Error(Error::transport("reset")));
        let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
        let (found, error) = drain(&mut stream);
        assert!(error.expect("the fault surfaces").is_retryable());
        assert_eq!(found, groups(2 * failing));
        yields_none_for_ever(&mut stream);
        assert_eq!(fake.requests().len(), failing + 1);
    }
}

#[test]
fn an_expired_cursor_that_does_not_heal_comes_once() {
    let source = from_fn(|_| Err(expired()));
    let mut stream = ListGroups::from_source(source.clone()).after("a").stream();
    assert!(drain(&mut stream).1.expect("it surfaces").is_cursor_expired());
    yields_none_for_ever(&mut stream);
    assert_eq!(source.asked(), 1);
}

#[test]
fn one_group_a_page_with_equal_cursors_is_listed_both_ways() {
    let fake = FakeGroups::new(groups(40));
    let list = || ListGroups::from_source(fake.clone()).page_size(1);
    assert_eq!(ids(&all(list().stream())), numbers(0, 39));
    assert_eq!(ids(&all(list().before(fake.cursor_at("39").unwrap()).stream())), numbers(38, 0));
    assert_eq!(fake.requests().len(), 40 + 39);
}

#[test]
fn reversing_at_an_error_yields_the_yielded_groups_again() {
    let fake = FakeGroups::new(groups(6)).fault_at(2, Fault::Error(Error::transport("reset")));
    let mut stream = ListGroups::from_source(fake).page_size(2).stream();
    assert_eq!(drain(&mut stream).0, groups(4));
    assert_eq!(ids(&all(stream.reverse())), numbers(3, 0));
}

#[test]
fn reversing_on_a_page_without_a_cursor_back_is_an_error_after_its_groups() {
    let source = from_fn(|request| match &request.position {
        Position::Start => Ok(Page::new(groups(2), Cursors::new(Some("1"), None)).has_next(true)),
        _ => Ok(Page::new((2..4).map(numbered).collect(), Cursors::new(Some("3"), None))),
    });
    let mut stream = ListGroups::from_source(source).stream();
    assert_eq!(take(&mut stream, 3).0.len(), 3);
    let mut back = stream.reverse();
    let (found, error) = drain(&mut back);
    assert_eq!(ids(&found), ["2"]);
    let error = error.expect("the groups of the first page cannot be reached");
    assert!(error.is_protocol() && error.to_string().contains("cannot reverse here"), "{error}");
    assert!(!back.checkpoint().is_end());
}

#[test]
fn bad_input_stays_an_error_after_reversing() {
    let fake = FakeGroups::new(groups(3));
    let list = ListGroups::from_source(fake.clone()).after("null");
    let (found, error) = drain(&mut list.stream().reverse());
    assert!(found.is_empty() && error.is_some_and(|error| error.is_config()));

    let mut told = list.stream();
    drain(&mut told);
    assert!(drain(&mut told.reverse()).0.is_empty());
    assert!(fake.requests().is_empty());
}
