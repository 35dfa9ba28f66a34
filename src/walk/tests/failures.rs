//! Failures: what ends a walk with an error, and how a walk goes on after one.

use super::support::*;
use crate::cursor::MAX_CURSOR_BYTES;
use crate::walk::{Failure, Outcome, Problem};

#[test]
fn a_cursor_sent_before_is_a_loop_after_the_groups_of_its_page_whatever_the_length_of_the_cycle() {
    for length in [1, 2, 3, 100] {
        for direction in DIRECTIONS {
            let mut walk = from(at(direction, "0"), by(1));
            for n in 1..length {
                yields_all(&mut walk, page([n]).link(direction, &n.to_string()));
            }
            yields_all(&mut walk, page(0..1).link(direction, "0"));
            assert_eq!(fails(&mut walk), Failure::Loop, "{length} {direction:?}");
            ends(&mut walk);
        }
    }
}

#[test]
fn a_page_of_one_group_whose_cursors_are_equal_is_no_loop() {
    for direction in DIRECTIONS {
        let mut walk = towards(direction, by(1));
        for (n, cursor) in [(0, "a"), (1, "b")] {
            yields_all(&mut walk, page([n]).next(cursor).previous(cursor));
        }
        asks(&mut walk, &at(direction, "b"));
    }
}

#[test]
fn a_cursor_that_only_confirms_the_end_is_a_loop_too_if_it_was_sent_before() {
    let mut walk = from_start(by(1));
    yields_all(&mut walk, page(0..1).after("a"));
    yields_all(&mut walk, page(1..2).after("a"));
    assert_eq!(fails(&mut walk), Failure::Loop);
}

#[test]
fn a_cursor_that_need_not_be_sent_is_no_loop() {
    let mut walk = from_start(at_most(2, by(2)));
    yields_all(&mut walk, page(0..1).next("a"));
    yields_all(&mut walk, page(1..2).next("a"));
    ends(&mut walk);
}

#[test]
fn a_cursor_of_4_kib_is_sent_and_a_longer_one_is_an_error() {
    let cursor = "x".repeat(MAX_CURSOR_BYTES);
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next(&cursor));
    asks(&mut walk, &after(&cursor));

    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next(&format!("{cursor}x")));
    assert_eq!(fails(&mut walk), Failure::CursorTooLong(MAX_CURSOR_BYTES + 1));
}

#[test]
fn a_failed_request_is_told_once_and_made_again_after_a_resumption_only() {
    for reported in [Problem::Other, Problem::TooLarge, Problem::Unexplained, Problem::Exhausted] {
        let mut walk = from_start(by(2));
        yields_all(&mut walk, page(0..2).next("a"));
        assert_eq!(problem(&mut walk, reported), Outcome::Fail(Failure::Request));
        assert_eq!(walk.size_hint(), (0, Some(0)));
        assert_eq!(walk.wanted(), None);
        resume(&mut walk);
        asks(&mut walk, &after("a"));
    }
}

#[test]
fn a_failure_after_a_page_is_one_item_that_is_certain() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).lead(Forward, true, None));
    assert_eq!(walk.size_hint(), (1, Some(1)));
    assert_eq!(walk.wanted(), None);
    fails(&mut walk);
    assert_eq!(walk.size_hint(), (0, Some(0)));
}

#[test]
fn a_resumption_before_the_failure_is_told_changes_nothing() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).lead(Forward, true, None));
    walk.resume();
    fails(&mut walk);
}

/// Pages of the groups 2 and 3 that lead to an error after a page that led to `a`.
fn broken(direction: crate::cursor::Direction) -> [Page; 3] {
    let long = "x".repeat(MAX_CURSOR_BYTES + 1);
    let groups = page(2..4);
    [groups.clone().link(direction, "a"), groups.clone().link(direction, &long), groups.lead(direction, true, None)]
}

#[test]
fn a_resumed_walk_requests_the_page_that_led_nowhere_again_and_goes_on_after_its_last_group() {
    for broken in broken(Forward) {
        let mut walk = from_start(by(4));
        yields_all(&mut walk, page(0..2).next("a"));
        yields_all(&mut walk, broken);
        fails(&mut walk);
        resume(&mut walk);
        asks(&mut walk, &after("a"));
        assert_eq!(yields(&mut walk, page(2..6).next("b")), [4, 5]);
        asks(&mut walk, &after("b"));
    }
}

#[test]
fn backward_a_resumed_walk_requests_the_page_that_led_nowhere_again_too() {
    for broken in broken(Backward) {
        let mut walk = from(before("given"), by(4));
        yields_all(&mut walk, page(4..6).previous("a"));
        yields_all(&mut walk, broken);
        fails(&mut walk);
        resume(&mut walk);
        asks(&mut walk, &before("a"));
        assert_eq!(yields(&mut walk, page(0..4).previous("b")), [0, 1]);
        asks(&mut walk, &before("b"));
    }
}

#[test]
fn an_empty_page_that_leads_nowhere_is_requested_again() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, empty().lead(Forward, true, None));
    assert_eq!(fails(&mut walk), Failure::LinkWithoutCursor);
    resume(&mut walk);
    asks(&mut walk, &after("a"));
    // It is what it was: if its cursor is refused, the page before tells why.
    invalid(&mut walk);
    asks(&mut walk, &START);
    yields_nothing(&mut walk, &page(0..2).after("a"));
    asks(&mut walk, &after("a"));
}

#[test]
fn an_error_that_stays_comes_again_after_every_resumption_and_nothing_is_yielded_twice() {
    let mut walk = from_start(by(4));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, page(2..4).next("a"));
    for _ in 0..3 {
        assert_eq!(fails(&mut walk), Failure::Loop);
        resume(&mut walk);
        yields_nothing(&mut walk, &page(2..4).next("a"));
    }
    assert_eq!(fails(&mut walk), Failure::Loop);
}
