//! Listings that the model does not cover: cycles, empty pages, missing links, limits, and ends.

use futures::Stream;
use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{
    Checkpoint, Cursors, Direction, Error, Group, ListGroups, Page, PageRequest, Position, RetryPolicy,
};

use crate::support::{
    all, begin, cursors, drain, from_fn, groups, id_texts, limits, numbered, numbers, take, yields_none_for_ever,
};

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
                Ok(page.with_next_link(true).with_previous_link(true))
            });
            let mut stream = begin(ListGroups::from_source(source.clone()), direction, "0").stream();
            let (found, error) = drain(&mut stream);
            let error = error.expect("the cycle is noticed");
            assert!(error.is_cursor_loop() && !error.is_retryable(), "{error}");
            assert_eq!(id_texts(&found), numbers(0, length - 1), "{direction:?} {length}");
            assert_eq!(source.asked(), length, "{direction:?} {length}");
            assert_eq!(error.checkpoint(), Some(&stream.checkpoint()));
            yields_none_for_ever(&mut stream);
            assert_eq!(source.asked(), length, "nothing is asked after the error");
        }
    }
}

#[test]
fn a_cursor_that_never_moves_is_a_loop_although_the_walk_began_without_one() {
    let source = from_fn(|_| Ok(Page::new(vec![numbered(0)], Cursors::new(Some("same"), None)).with_next_link(true)));
    let (found, error) = drain(&mut ListGroups::from_source(source.clone()).stream());
    assert!(error.expect("the loop is noticed").is_cursor_loop());
    assert_eq!(found, groups(1), "the second page repeats the group that the first ended with");
    assert_eq!(source.asked(), 2);
}

#[test]
fn a_loop_that_the_server_repairs_continues_after_resume_without_loss_or_repeat() {
    let fake = FakeGroups::new(groups(6));
    let mut looped = Page::new(vec![numbered(2), numbered(3)], Cursors::default()).with_next_link(true);
    looped.cursors.after = fake.cursor_at("1");
    fake.fault_at(1, Fault::Page(looped));
    let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
    let (mut found, error) = drain(&mut stream);
    assert!(error.expect("the loop is noticed").is_cursor_loop());
    stream.resume();
    found.extend(all(&mut stream));
    assert_eq!(id_texts(&found), numbers(0, 5));
    assert_eq!(fake.requests().len(), 4, "the page of the loop is asked for again, and no other");
}

#[test]
fn the_listing_continues_after_single_empty_pages_with_a_link() {
    // Nine groups are five pages of two; each further request returned an empty one.
    for (every, requests) in [(1, 10), (2, 7), (3, 6)] {
        let fake = FakeGroups::new(groups(9)).dialect(Dialect::default().empty_page_every(every));
        let found = all(ListGroups::from_source(fake.clone()).page_size(2).stream());
        assert_eq!(id_texts(&found), numbers(0, 8));
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
            Ok(page.with_next_link(true).with_previous_link(true))
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
        assert_eq!(id_texts(&all(&mut stream)), ["0"], "resume always goes on where the error was");
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
                let mut page = page.with_next_link(true);
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
        let broken = Page::new(groups(2), Cursors::new(cursor, cursor)).with_next_link(true);
        let fake = FakeGroups::new(groups(4)).script([Fault::Page(broken)]);
        let mut stream = ListGroups::from_source(fake.clone()).page_size(2).stream();
        let (mut found, error) = drain(&mut stream);
        assert!(error.expect("nobody knows how to go on").is_protocol());
        assert_eq!(id_texts(&found), ["0", "1"]);
        assert!(!stream.checkpoint().is_end());
        assert_eq!(fake.requests().len(), 1);
        yields_none_for_ever(&mut stream);

        stream.resume();
        found.extend(all(&mut stream));
        assert_eq!(id_texts(&found), numbers(0, 3));
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
        let mut stream = ListGroups::from_source(fake.clone()).page_size(2).retry(RetryPolicy::none()).stream();
        let (found, error) = drain(&mut stream);
        assert!(error.expect("the fault surfaces").is_retryable());
        assert_eq!(found, groups(2 * failing));
        yields_none_for_ever(&mut stream);
        assert_eq!(fake.requests().len(), failing + 1);
    }
}

#[test]
fn one_group_a_page_with_equal_cursors_is_listed_both_ways() {
    let fake = FakeGroups::new(groups(40));
    let list = || ListGroups::from_source(fake.clone()).page_size(1);
    assert_eq!(id_texts(&all(list().stream())), numbers(0, 39));
    assert_eq!(id_texts(&all(list().before(fake.cursor_at("39").unwrap()).stream())), numbers(38, 0));
    assert_eq!(fake.requests().len(), 40 + 39);
}

#[test]
fn reversing_at_an_error_yields_the_yielded_groups_again() {
    let fake = FakeGroups::new(groups(6)).fault_at(2, Fault::Error(Error::transport("reset")));
    let mut stream = ListGroups::from_source(fake).page_size(2).retry(RetryPolicy::none()).stream();
    assert_eq!(drain(&mut stream).0, groups(4));
    assert_eq!(id_texts(&all(stream.reverse())), numbers(3, 0));
}

#[test]
fn reversing_on_a_page_without_a_cursor_back_is_an_error_after_its_groups() {
    let source = from_fn(|request| match &request.position {
        Position::Start => Ok(Page::new(groups(2), Cursors::new(Some("1"), None)).with_next_link(true)),
        _ => Ok(Page::new((2..4).map(numbered).collect(), Cursors::new(Some("3"), None))),
    });
    let mut stream = ListGroups::from_source(source).stream();
    assert_eq!(take(&mut stream, 3).0.len(), 3);
    let mut back = stream.reverse();
    let (found, error) = drain(&mut back);
    assert_eq!(id_texts(&found), ["2"]);
    let error = error.expect("the groups of the first page cannot be reached");
    assert!(error.is_protocol() && error.to_string().contains("cannot reverse here"), "{error}");
    assert!(!back.checkpoint().is_end());
}
