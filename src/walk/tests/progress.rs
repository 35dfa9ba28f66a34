//! Pages that bring no new group.

use super::support::*;
use crate::cursor::Direction;
use crate::walk::{Failure, Outcome, Walk};

/// Answers `count` requests by these pages in turn, with a new cursor each time. Returns what the caller gets.
#[track_caller]
fn turn_in_circles(walk: &mut Walk, direction: Direction, pages: &[Page], count: usize) -> Vec<i64> {
    let mut got = Vec::new();
    for n in 0..count {
        let (position, _) = request(walk);
        let cursor = format!("{} {n}", position.cursor().map_or("", |cursor| cursor.as_str()));
        got.extend(yields(walk, pages[n % pages.len()].clone().link(direction, &cursor)));
    }
    got
}

#[test]
fn a_server_that_ignores_the_cursor_and_sends_a_new_one_each_time_is_an_error_after_a_hundred_pages() {
    for rules in [by(3), without_memory(by(3))] {
        for direction in DIRECTIONS {
            let mut walk = towards(direction, rules.clone());
            assert_eq!(turn_in_circles(&mut walk, direction, &[page(0..3)], 101), [0, 1, 2]);
            assert_eq!(fails(&mut walk), Failure::NoProgress);
        }
    }
}

#[test]
fn pages_that_come_again_in_turn_bring_nothing_new() {
    let pages = [page(0..3), page(3..6), page(6..9), empty()];
    let mut walk = from_start(without_memory(by(3)));
    let got = turn_in_circles(&mut walk, Forward, &pages, 103);
    assert_eq!(got, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(fails(&mut walk), Failure::NoProgress);
}

#[test]
fn the_same_groups_in_another_order_bring_nothing_new() {
    let pages = [page([0, 1, 2]), page([2, 0, 1]), page([1, 2, 0])];
    let mut walk = from_start(without_memory(by(3)));
    assert_eq!(turn_in_circles(&mut walk, Forward, &pages, 101), [0, 1, 2]);
    assert_eq!(fails(&mut walk), Failure::NoProgress);
}

#[test]
fn a_page_with_a_new_group_starts_the_count_again() {
    let mut walk = from_start(by(3));
    for round in 0..3 {
        let pages = [page([round, 10, 11])];
        let got = turn_in_circles(&mut walk, Forward, &pages, 100);
        assert_eq!(got.first(), Some(&round));
    }
    let cursor = request(&mut walk).0;
    assert!(cursor.cursor().is_some());
}

#[test]
fn a_search_on_a_server_that_ignores_the_cursor_is_an_error_after_a_hundred_pages() {
    for direction in DIRECTIONS {
        let mut walk = from_start(by(3));
        yields_all(&mut walk, page(0..3).next("a"));
        let mut walk = Walk::new(walk.place(1), direction, by(3));
        assert_eq!(turn_in_circles(&mut walk, Forward, &[page(5..8)], 101), [0_i64; 0]);
        assert_eq!(fails(&mut walk), Failure::NoProgress);
        resume(&mut walk);
        assert_eq!(turn_in_circles(&mut walk, Forward, &[page(5..8)], 100), [0_i64; 0]);
        assert_eq!(fails(&mut walk), Failure::NoProgress);
    }
}

#[test]
fn a_restart_begins_a_new_pass_whose_pages_are_progress() {
    let mut walk = from_start(by(1));
    let pages: Vec<_> = (0..150).map(|n| page([n])).collect();
    assert_eq!(turn_in_circles(&mut walk, Forward, &pages, 150).len(), 150);
    restarts(&mut walk);
    assert_eq!(turn_in_circles(&mut walk, Forward, &pages, 150), [0_i64; 0]);
    asks_once_more(&mut walk, &empty());
}

#[test]
fn a_page_that_repeats_an_earlier_one_may_be_the_last() {
    let mut walk = from_start(by(1));
    yields_all(&mut walk, page([0]).next("a"));
    yields_all(&mut walk, page([1]).next("b"));
    // A group was created before, and cursors are offsets.
    assert_eq!(answer(&mut walk, &page([0]).after("c")), Outcome::Nothing);
    assert!(is_at_the_end(&walk));
}
