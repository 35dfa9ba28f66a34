//! A place between two groups, found again.

use super::support::*;
use crate::cursor::Direction;
use crate::walk::{Failure, Outcome, Place, Problem, Rules, Walk};

/// The place after the third group, "2", of a first page of five.
fn after_three() -> Place {
    let mut walk = from_start(by(5));
    yields_all(&mut walk, page(0..5).next("a"));
    walk.place(2)
}

/// A walk from there.
fn seek(direction: Direction, rules: Rules) -> Walk {
    Walk::new(after_three(), direction, rules)
}

#[test]
fn a_place_is_found_on_its_page_in_both_directions() {
    let mut walk = seek(Forward, by(5));
    asks(&mut walk, &START);
    assert_eq!(yields(&mut walk, page(0..5).next("a")), [3, 4]);
    asks(&mut walk, &after("a"));

    let mut walk = seek(Backward, by(5));
    asks(&mut walk, &START);
    assert_eq!(yields(&mut walk, page(0..5).next("a")), [0, 1, 2]);
    ends(&mut walk);
}

#[test]
fn a_place_is_found_by_its_index_where_an_id_occurs_twice() {
    let twice = || page([2, 1, 2, 3, 4]);
    assert_eq!(yields(&mut seek(Forward, by(5)), twice()), [3, 4]);
    assert_eq!(yields(&mut seek(Backward, by(5)), twice()), [2, 1, 2]);
}

#[test]
fn a_place_is_found_by_its_group_where_that_has_moved_on_its_page() {
    assert_eq!(yields(&mut seek(Forward, by(5)), page(1..6)), [3, 4, 5]);
    assert_eq!(yields(&mut seek(Backward, by(5)), page(1..6)), [1, 2]);
    assert_eq!(yields(&mut seek(Forward, by(5)), page(-1..4)), [3]);
    assert_eq!(yields(&mut seek(Backward, by(5)), page(-1..4)), [-1, 0, 1, 2]);
}

#[test]
fn a_place_is_found_by_its_group_where_that_has_moved_to_a_later_page() {
    let mut walk = seek(Forward, by(4));
    yields_nothing(&mut walk, &page(-7..-3).next("a"));
    asks(&mut walk, &after("a"));
    yields_nothing(&mut walk, &page(-3..1).next("b"));
    asks(&mut walk, &after("b"));
    assert_eq!(yields(&mut walk, page(1..5).after("c")), [3, 4]);
    ends(&mut walk);
}

#[test]
fn a_reversed_walk_finds_a_group_that_has_moved_to_a_later_page() {
    let mut walk = seek(Backward, by(4));
    yields_nothing(&mut walk, &page(-3..1).next("a"));
    asks(&mut walk, &after("a"));
    assert_eq!(yields(&mut walk, page(1..5).previous("b")), [1, 2]);
    asks(&mut walk, &before("b"));
    assert_eq!(yields(&mut walk, page(-3..1)), [-3, -2, -1, 0]);
    ends(&mut walk);
}

#[test]
fn a_search_passes_empty_pages() {
    for direction in DIRECTIONS {
        let mut walk = seek(direction, by(2));
        yields_nothing(&mut walk, &page(0..2).next("a"));
        yields_nothing(&mut walk, &empty().next("b"));
        asks(&mut walk, &after("b"));
        let expected = if direction == Forward { 3 } else { 2 };
        assert_eq!(yields(&mut walk, page(2..4).previous("c")), [expected]);
    }
}

#[test]
fn a_hundred_empty_pages_stop_a_search_which_goes_on_when_it_is_resumed() {
    for direction in DIRECTIONS {
        let mut walk = seek(direction, by(2));
        yields_nothing(&mut walk, &page(0..2).next("0"));
        for n in 1..=100 {
            yields_nothing(&mut walk, &empty().next(&n.to_string()));
        }
        assert_eq!(fails(&mut walk), Failure::NoProgress);
        resume(&mut walk);
        asks(&mut walk, &after("100"));
        let expected = if direction == Forward { 3 } else { 2 };
        assert_eq!(yields(&mut walk, page(2..4).previous("c")), [expected]);
    }
}

/// The first page of five without the group "2".
fn without_2() -> Page {
    page([0, 1, 3, 4]).next("a")
}

#[test]
fn a_page_is_yielded_again_where_its_last_group_yielded_is_gone() {
    let mut walk = seek(Forward, by(4));
    yields_nothing(&mut walk, &without_2());
    asks(&mut walk, &after("a"));
    yields_nothing(&mut walk, &page(5..7).after("end"));
    asks(&mut walk, &START);
    yields_all(&mut walk, without_2());
    asks(&mut walk, &after("a"));
    yields_all(&mut walk, page(5..7).after("end"));
    ends(&mut walk);
}

#[test]
fn a_reversed_walk_whose_group_is_gone_begins_at_the_end_of_the_list() {
    let mut walk = seek(Backward, by(5));
    yields_nothing(&mut walk, &without_2());
    assert_eq!(yields(&mut walk, page(5..7).previous("c")), [5, 6]);
    asks(&mut walk, &before("c"));
    yields_all(&mut walk, without_2());
    ends(&mut walk);
}

#[test]
fn a_reversed_walk_whose_group_is_gone_requests_the_last_page_again_where_an_empty_page_ends_the_list() {
    let mut walk = seek(Backward, by(5));
    yields_nothing(&mut walk, &without_2());
    yields_nothing(&mut walk, &page(5..7).next("b"));
    yields_nothing(&mut walk, &empty().next("c"));
    asks_once_more(&mut walk, &empty());
    yields_nothing(&mut walk, &empty());
    asks(&mut walk, &after("a"));
    assert_eq!(yields(&mut walk, page(5..8).previous("c")), [5, 6]);
    asks(&mut walk, &before("c"));
}

#[test]
fn a_reversed_walk_whose_group_is_gone_loses_no_group_that_new_groups_have_moved_to_a_later_page() {
    // "0" and "1" were yielded, and moved to the second page by "-1" to "-4".
    let mut walk = seek(Backward, by(4));
    yields_nothing(&mut walk, &page(-4..0).next("a"));
    assert_eq!(yields(&mut walk, page([0, 1, 3]).previous("b")), [0, 1, 3]);
    asks(&mut walk, &before("b"));
}

#[test]
fn a_reversed_walk_whose_group_is_gone_fails_where_the_last_page_changes_each_time() {
    let mut walk = seek(Backward, by(5));
    for n in 0..5 {
        yields_nothing(&mut walk, &page(10 * n + 5..10 * n + 7).next(&n.to_string()));
        asks_once_more(&mut walk, &empty());
        yields_nothing(&mut walk, &empty());
        asks(&mut walk, &START);
    }
    yields_nothing(&mut walk, &page(55..57).next("5"));
    asks_once_more(&mut walk, &empty());
    yields_nothing(&mut walk, &empty());
    assert_eq!(fails(&mut walk), Failure::Unstable);
    resume(&mut walk);
    asks(&mut walk, &after("5"));
}

#[test]
fn a_reversed_walk_whose_group_is_gone_fails_where_the_last_page_changes_and_refuses_its_cursor_each_time() {
    let mut walk = seek(Backward, by(5));
    for n in 0.. {
        asks(&mut walk, &START);
        let last = || page(10 * n + 5..10 * n + 7).after(&n.to_string());
        yields_nothing(&mut walk, &last());
        invalid(&mut walk);
        assert_eq!(refused_again(&mut walk, &last(), &after(&n.to_string())), Outcome::Nothing);
        if n == 5 {
            break;
        }
    }
    assert_eq!(fails(&mut walk), Failure::Unstable);
}

#[test]
fn a_reversed_walk_whose_groups_are_all_gone_ends() {
    let mut walk = seek(Backward, by(5));
    asks_once_more(&mut walk, &empty());
    yields_nothing(&mut walk, &empty());
    ends(&mut walk);
    assert_eq!(walk.place(0), Place::Start);
}

#[test]
fn a_page_that_is_empty_once_where_a_group_is_sought_repeats_nothing() {
    for (direction, rest) in [(Forward, vec![3, 4]), (Backward, vec![0, 1, 2])] {
        let mut walk = seek(direction, by(5));
        asks_once_more(&mut walk, &empty());
        assert_eq!(yields(&mut walk, page(0..5).next("a")), rest);
    }
}

#[test]
fn a_group_after_the_place_that_is_gone_repeats_nothing() {
    let without_3 = page([0, 1, 2, 4, 5]);
    assert_eq!(yields(&mut seek(Forward, by(5)), without_3.clone()), [4, 5]);
    assert_eq!(yields(&mut seek(Backward, by(5)), without_3), [0, 1, 2]);
}

#[test]
fn a_refusal_during_a_search_is_settled_by_the_page_before() {
    for direction in DIRECTIONS {
        let mut walk = seek(direction, by(4));
        yields_nothing(&mut walk, &without_2());
        yields_nothing(&mut walk, &page(5..7).next("b"));
        asks(&mut walk, &after("b"));
        invalid(&mut walk);
        assert_eq!(request(&mut walk), (after("a"), 4));
        // The cursor is good, so the list is searched to its end, and the group is gone.
        assert_eq!(refused_again(&mut walk, &page(5..7).after("b"), &after("b")), Outcome::Nothing);
        asks(&mut walk, &if direction == Forward { START } else { after("a") });
    }
}

#[test]
fn a_search_begins_again_where_the_page_before_a_refused_cursor_has_changed() {
    for direction in DIRECTIONS {
        let mut walk = seek(direction, by(2));
        yields_nothing(&mut walk, &page(0..2).next("a"));
        invalid(&mut walk);
        asks(&mut walk, &START);
        yields_nothing(&mut walk, &page(-1..1).next("b"));
        asks(&mut walk, &START);
        yields_nothing(&mut walk, &page(-1..1).next("a"));
        asks(&mut walk, &after("a"));
        let expected = if direction == Forward { vec![] } else { vec![1, 2] };
        assert_eq!(yields(&mut walk, page(1..3).next("c").previous("d")), expected);
        asks(&mut walk, &if direction == Forward { after("c") } else { before("d") });
    }
}

#[test]
fn a_search_that_begins_again_five_times_in_a_row_is_an_error_the_sixth_time() {
    let mut walk = seek(Forward, by(2));
    for n in 0..5 {
        yields_nothing(&mut walk, &page(0..2).next(&format!("a{n}")));
        invalid(&mut walk);
        yields_nothing(&mut walk, &page(0..2).next(&format!("b{n}")));
        asks(&mut walk, &START);
    }
    yields_nothing(&mut walk, &page(0..2).next("a"));
    invalid(&mut walk);
    assert_eq!(answer(&mut walk, &page(0..2).next("b")), Outcome::Fail(Failure::RefusedCursor));
}

#[test]
fn a_cursor_that_expires_during_a_search_is_an_error_at_the_place_that_is_sought() {
    for direction in DIRECTIONS {
        let mut walk = seek(direction, by(2));
        yields_nothing(&mut walk, &page(10..12).next("a"));
        assert_eq!(problem(&mut walk, Problem::Expired), Outcome::Fail(Failure::Request));
        assert_eq!(walk.place(0), after_three());
        resume(&mut walk);
        asks(&mut walk, &after("a"));
        let expected = if direction == Forward { [3] } else { [2] };
        assert_eq!(yields(&mut walk, page(2..4).previous("b")), expected);
    }
}

#[test]
fn a_search_that_goes_round_in_a_cycle_is_a_loop() {
    let mut walk = seek(Forward, by(2));
    yields_nothing(&mut walk, &page(10..12).next("a"));
    yields_nothing(&mut walk, &page(12..14).next("b"));
    yields_nothing(&mut walk, &page(10..12).next("a"));
    assert_eq!(fails(&mut walk), Failure::Loop);
    assert_eq!(walk.place(0), after_three());
    resume(&mut walk);
    // The page that closed the cycle is requested again.
    asks(&mut walk, &after("b"));
    assert_eq!(yields(&mut walk, page(2..4)), [3]);
}

#[test]
fn a_link_without_a_cursor_during_a_search_is_an_error() {
    let mut walk = seek(Forward, by(2));
    yields_nothing(&mut walk, &page(0..2).lead(Forward, true, None));
    assert_eq!(fails(&mut walk), Failure::LinkWithoutCursor);
    resume(&mut walk);
    asks(&mut walk, &START);
    yields_nothing(&mut walk, &page(0..2).next("a"));
    assert_eq!(yields(&mut walk, page(2..4)), [3]);
}

#[test]
fn a_link_that_a_search_has_seen_counts_for_the_end_of_the_list() {
    let mut walk = seek(Forward, by(2));
    yields_nothing(&mut walk, &page(0..2).next("a"));
    assert_eq!(yields(&mut walk, page(2..4).after("b")), [3]);
    ends(&mut walk);
}
