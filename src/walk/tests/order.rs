//! Where a walk begins, and in which order it yields groups.

use super::support::*;
use crate::walk::{Gap, Outcome, PageSize, Place, Problem, Walk};

#[test]
fn a_walk_begins_at_the_start_and_requests_the_same_page_until_it_is_answered() {
    let mut walk = from_start(by(2));
    for _ in 0..3 {
        asks(&mut walk, &START);
    }
}

#[test]
fn a_walk_begins_at_the_callers_cursor_in_the_direction_that_the_cursor_was_given_for() {
    for direction in DIRECTIONS {
        let mut walk = from(at(direction, "c"), by(2));
        assert_eq!(walk.heading(), direction);
        asks(&mut walk, &at(direction, "c"));
    }
}

#[test]
fn backward_from_the_start_and_forward_from_the_end_request_nothing() {
    ends(&mut Walk::new(Place::Start, Backward, by(2)));
    ends(&mut Walk::new(Place::End(Gap::before(START, PageSize::DEFAULT)), Forward, by(2)));
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2));
    ends(&mut Walk::new(walk.place(0), Forward, by(2)));
}

#[test]
fn a_walk_for_no_groups_requests_nothing() {
    let mut walk = from_start(at_most(0, by(2)));
    assert_eq!(walk.wanted(), None);
    assert_eq!(walk.size_hint(), (0, Some(0)));
    ends(&mut walk);
}

#[test]
fn the_request_that_a_pull_would_make_can_be_seen_before_it() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    let (position, size) = walk.wanted().unwrap();
    assert_eq!((position, size.get()), request(&mut walk));
    yields_all(&mut walk, page(2..4));
    assert_eq!(walk.wanted(), None);
}

#[test]
fn an_answer_without_a_request_changes_nothing() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2));
    let place = walk.place(0);
    yields_nothing(&mut walk, &page(2..4).next("a"));
    assert_eq!(problem(&mut walk, Problem::Expired), Outcome::Nothing);
    assert_eq!(walk.place(0), place);
    ends(&mut walk);
}

#[test]
fn an_answer_after_a_failure_changes_nothing_before_and_after_the_failure_is_told() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).lead(Forward, true, None));
    yields_nothing(&mut walk, &page(2..4));
    assert_eq!(problem(&mut walk, Problem::Expired), Outcome::Nothing);
    fails(&mut walk);
    yields_nothing(&mut walk, &page(2..4));
    assert_eq!(problem(&mut walk, Problem::Expired), Outcome::Nothing);
    ends(&mut walk);
}

#[test]
fn the_hint_is_open_until_the_end_is_established() {
    let mut walk = from_start(by(2));
    assert_eq!(walk.size_hint(), (0, None));
    yields_all(&mut walk, page(0..2).next("a"));
    assert_eq!(walk.size_hint(), (0, None));
    yields_all(&mut walk, page(2..4));
    assert_eq!(walk.size_hint(), (0, Some(0)));
}

#[test]
fn forward_a_list_comes_in_the_servers_order_whatever_the_page_size() {
    let list = List((0..7).collect());
    for size in 1..=8 {
        assert_eq!(list.rest(from_start(by(size))), [0, 1, 2, 3, 4, 5, 6], "{size}");
        assert_eq!(list.rest(from(after("2"), by(size))), [3, 4, 5, 6], "{size}");
    }
}

#[test]
fn backward_a_list_comes_in_the_mirror_of_the_servers_order_whatever_the_page_size() {
    let list = List((0..7).collect());
    for size in 1..=8 {
        assert_eq!(list.rest(from(before("5"), by(size))), [4, 3, 2, 1, 0], "{size}");
    }
}

#[test]
fn an_empty_list_ends_after_one_request() {
    let mut walk = from_start(by(2));
    asks(&mut walk, &START);
    yields_all(&mut walk, empty());
    ends(&mut walk);
    assert_eq!(walk.place(0), Place::End(Gap::before(START, PageSize::clamped(2))));
}

#[test]
fn a_resumption_without_a_failure_changes_nothing() {
    let mut walk = from_start(by(2));
    walk.resume();
    asks(&mut walk, &START);
    yields_all(&mut walk, page(0..1));
    walk.resume();
    ends(&mut walk);
}
