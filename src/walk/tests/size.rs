//! The page size, and the number of groups that the caller wants.

use super::support::*;
use crate::cursor::Direction;
use crate::walk::{Failure, Outcome, PageSize, Place, Problem, Walk};

#[test]
fn the_first_page_is_of_25_groups_and_the_others_of_1024() {
    let mut walk = from_start(adaptive());
    assert_eq!(asks_for(&mut walk), 25);
    for (ids, cursor) in [(0..25, "a"), (25..99, "b")] {
        yields_all(&mut walk, page(ids).next(cursor));
        assert_eq!(asks_for(&mut walk), 1024);
    }
}

#[test]
fn a_refused_size_drops_to_100_then_25_on_the_same_page_and_stays_there() {
    for refusal in [Problem::Unexplained, Problem::Exhausted] {
        let mut walk = from_start(adaptive());
        yields_all(&mut walk, page(0..25).next("a"));
        for smaller in [100, 25] {
            let lowered = Outcome::Lowered(PageSize::clamped(smaller));
            assert_eq!(problem(&mut walk, refusal), lowered);
            assert_eq!(request(&mut walk), (after("a"), smaller));
        }
        for (ids, cursor) in [(25..50, "b"), (50..75, "c")] {
            yields_all(&mut walk, page(ids).next(cursor));
            assert_eq!(asks_for(&mut walk), 25);
        }
    }
}

#[test]
fn a_size_that_has_worked_is_not_refused_by_a_failure_without_an_explanation() {
    for refusal in [Problem::Unexplained, Problem::Exhausted] {
        let mut walk = from_start(adaptive());
        yields_all(&mut walk, page(0..25).next("a"));
        yields_all(&mut walk, page(25..99).next("b"));
        assert_eq!(problem(&mut walk, refusal), Outcome::Fail(Failure::Request));
    }
}

#[test]
fn an_empty_page_does_not_show_that_its_size_works() {
    let mut walk = from_start(adaptive());
    yields_all(&mut walk, page(0..25).next("a"));
    asks_once_more(&mut walk, &empty());
    assert_eq!(problem(&mut walk, Problem::Unexplained), Outcome::Lowered(PageSize::clamped(100)));
}

#[test]
fn a_refusal_of_the_smallest_size_is_an_error() {
    for refusal in [Problem::Unexplained, Problem::Exhausted, Problem::TooLarge] {
        let mut walk = from_start(adaptive());
        assert_eq!(problem(&mut walk, refusal), Outcome::Fail(Failure::Request));
    }
}

#[test]
fn a_size_of_the_caller_is_never_changed() {
    for refusal in [Problem::Unexplained, Problem::Exhausted, Problem::TooLarge] {
        let mut walk = from_start(by(1024));
        assert_eq!(problem(&mut walk, refusal), Outcome::Fail(Failure::Request));
        resume(&mut walk);
        assert_eq!(asks_for(&mut walk), 1024);
    }
}

#[test]
fn a_size_that_is_refused_during_a_search_drops_too() {
    let mut walk = from_start(by(5));
    yields_all(&mut walk, page(0..5).next("a"));
    let mut walk = Walk::new(walk.place(2), Backward, adaptive());
    assert_eq!(request(&mut walk), (START, 1024));
    assert_eq!(problem(&mut walk, Problem::TooLarge), Outcome::Lowered(PageSize::clamped(100)));
    assert_eq!(request(&mut walk), (START, 100));
}

#[test]
fn a_refused_cursor_is_no_refusal_of_the_size() {
    let mut walk = from_start(adaptive());
    yields_all(&mut walk, page(0..25).after("a"));
    invalid(&mut walk);
    assert_eq!(yields(&mut walk, page(0..26).next("b")), [25]);
    assert_eq!(request(&mut walk), (after("b"), 1024));
}

#[test]
fn the_last_request_is_for_what_is_left() {
    for direction in DIRECTIONS {
        let mut walk = towards(direction, at_most(5, by(2)));
        for (size, ids, cursor) in [(2, 0..2, "a"), (2, 2..4, "b"), (1, 4..5, "c")] {
            assert_eq!(asks_for(&mut walk), size);
            yields_all(&mut walk, page(ids).link(direction, cursor));
        }
        ends(&mut walk);
    }
}

#[test]
fn the_hint_counts_what_is_left() {
    let mut walk = from_start(at_most(5, by(2)));
    assert_eq!(walk.size_hint(), (0, Some(5)));
    yields_all(&mut walk, page(0..2).next("a"));
    assert_eq!(walk.size_hint(), (0, Some(3)));
}

#[test]
fn no_groups_at_all_request_nothing_and_leave_the_place() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    for direction in DIRECTIONS {
        let mut none = Walk::new(walk.place(0), direction, at_most(0, by(2)));
        assert_eq!(none.size_hint(), (0, Some(0)));
        assert_eq!(none.place(0), walk.place(0));
        ends(&mut none);
    }
    ends(&mut from_start(at_most(0, by(2))));
}

#[test]
fn a_limit_set_during_a_walk_bounds_what_is_yielded_from_then_on() {
    let mut walk = from_start(by(5));
    yields_all(&mut walk, page(0..5).next("a"));
    walk.limit(1);
    assert_eq!(asks_for(&mut walk), 1);
    assert_eq!(yields(&mut walk, page(5..10).next("b")), [5]);
    ends(&mut walk);
}

#[test]
fn a_page_with_more_groups_than_requested_is_cut_to_what_is_left() {
    let mut walk = from_start(at_most(2, by(2)));
    assert_eq!(yields(&mut walk, page(0..5).next("a")), [0, 1]);
    ends(&mut walk);

    let mut walk = from(before("given"), at_most(2, by(2)));
    assert_eq!(yields(&mut walk, page(0..5).previous("a")), [3, 4]);
    ends(&mut walk);
}

#[test]
fn a_walk_goes_on_behind_the_cut() {
    for (direction, cut, rest) in [(Forward, [0, 1], [2, 3, 4]), (Backward, [3, 4], [0, 1, 2])] {
        let mut walk = towards(direction, at_most(2, by(2)));
        assert_eq!(yields(&mut walk, page(0..5).link(direction, "a")), cut);
        assert!(!is_at_the_end(&walk));

        let mut walk = Walk::new(walk.place(0), direction, by(5));
        assert_eq!(yields(&mut walk, page(0..5).link(direction, "a")), rest);
        asks(&mut walk, &at(direction, "a"));
    }
}

#[test]
fn a_walk_goes_back_from_the_cut() {
    for (direction, cut) in [(Forward, [0, 1]), (Backward, [3, 4])] {
        let mut walk = towards(direction, at_most(2, by(2)));
        assert_eq!(yields(&mut walk, page(0..5).link(direction, "a")), cut);
        let mut back = Walk::new(walk.place(0), direction.reversed(), by(5));
        assert_eq!(yields(&mut back, page(0..5).link(direction, "a")), cut);
    }
}

#[test]
fn a_cut_on_the_last_page_is_not_the_end_of_the_list() {
    let mut walk = from_start(at_most(2, by(2)));
    assert_eq!(yields(&mut walk, page(0..3)), [0, 1]);
    ends(&mut walk);
    assert!(!is_at_the_end(&walk));
}

#[test]
fn the_last_group_wanted_is_the_end_of_the_list_only_if_it_is_its_last() {
    for (page, is_end) in [(page(0..2), true), (page(0..2).next("a"), false), (page(0..2).after("a"), false)] {
        let mut walk = from_start(at_most(2, by(2)));
        yields_all(&mut walk, page);
        ends(&mut walk);
        assert_eq!(is_at_the_end(&walk), is_end);
    }
}

#[test]
fn a_page_that_leads_nowhere_is_no_error_where_no_group_is_left() {
    let mut walk = from_start(at_most(2, by(2)));
    yields_all(&mut walk, page(0..2).lead(Forward, true, None));
    ends(&mut walk);
    // Whoever goes on requests it again.
    let mut walk = Walk::new(walk.place(0), Forward, by(2));
    asks(&mut walk, &START);
    yields_nothing(&mut walk, &page(0..2).next("a"));
    asks(&mut walk, &after("a"));
}

/// A walk from the place after the third group of a first page of five.
fn after_three(direction: Direction, rules: crate::walk::Rules) -> Walk {
    let mut walk = from_start(by(5));
    yields_all(&mut walk, page(0..5).next("a"));
    Walk::new(walk.place(2), direction, rules)
}

#[test]
fn a_search_forward_requests_what_is_skipped_and_what_is_left() {
    for (left, rules, size) in [(2, by(10), 5), (2, by(4), 4), (2, adaptive(), 5), (2_000, adaptive(), 1024)] {
        let mut walk = after_three(Forward, at_most(left, rules));
        assert_eq!(asks_for(&mut walk), size, "{left}");
    }
}

#[test]
fn a_search_across_pages_requests_what_is_still_to_be_skipped_and_what_is_left() {
    let mut walk = after_three(Forward, at_most(1, by(2)));
    assert_eq!(asks_for(&mut walk), 2);
    yields_nothing(&mut walk, &page(0..2).next("b"));
    assert_eq!(asks_for(&mut walk), 2);
    assert_eq!(yields(&mut walk, page(2..4).next("c")), [3]);
    ends(&mut walk);
}

#[test]
fn a_group_that_has_moved_is_sought_by_whole_pages_however_few_groups_are_left() {
    let mut walk = after_three(Forward, at_most(1, adaptive()));
    assert_eq!(asks_for(&mut walk), 4);
    yields_nothing(&mut walk, &page(10..14).next("b"));
    assert_eq!(asks_for(&mut walk), 1024);
    assert_eq!(yields(&mut walk, page(0..9)), [3]);
}

#[test]
fn a_page_whose_group_is_gone_is_read_again_for_as_many_groups_as_are_left() {
    let mut walk = after_three(Forward, at_most(1, adaptive()));
    yields_nothing(&mut walk, &page([0, 1, 3, 4]));
    assert_eq!(request(&mut walk), (START, 1));
    assert_eq!(yields(&mut walk, page([0])), [0]);
    ends(&mut walk);
}

#[test]
fn a_reversed_search_requests_whole_pages_however_few_groups_are_left() {
    let mut walk = after_three(Backward, at_most(1, by(10)));
    assert_eq!(asks_for(&mut walk), 10);
    assert_eq!(yields(&mut walk, page(0..5)), [2]);
    ends(&mut walk);
}

#[test]
fn a_walk_that_restarts_requests_whole_pages_and_yields_no_more_than_is_left() {
    let mut walk = from_start(at_most(3, by(2)));
    yields_all(&mut walk, page(0..2).next("a"));
    assert_eq!(asks_for(&mut walk), 1);
    restarts(&mut walk);
    assert_eq!(asks_for(&mut walk), 2);
    yields_nothing(&mut walk, &page(0..2).next("b"));
    assert_eq!(yields(&mut walk, page(2..4).next("c")), [2]);
    ends(&mut walk);
    let Place::Middle(gap) = walk.place(0) else { panic!("not in the middle") };
    assert_eq!((gap.position, gap.offset), (after("b"), 1));
}

#[test]
fn a_search_that_expects_the_place_at_the_start_of_its_page_requests_what_is_left() {
    let mut walk = from(after("given"), by(5));
    yields_all(&mut walk, page(0..5).next("a"));
    let mut back = walk.reversed(0);
    yields_all(&mut back, page(0..5).previous("b"));
    // All five are repeated, so no group of the page is to be skipped.
    let mut walk = Walk::new(back.place(0), Forward, at_most(1, by(5)));
    assert_eq!(request(&mut walk), (after("given"), 1));
    assert_eq!(yields(&mut walk, page(0..1).next("c")), [0]);
}
