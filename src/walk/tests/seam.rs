//! The seam of two pages: no group comes twice where they overlap.

use super::support::*;
use crate::walk::{Kept, Outcome, Walk};

#[test]
fn groups_that_the_page_before_ended_with_are_left_out() {
    for (direction, first, second, new) in [(Forward, 0..4, 2..6, [4, 5]), (Backward, 4..8, 2..6, [2, 3])] {
        let mut walk = towards(direction, without_memory(by(4)));
        yields_all(&mut walk, page(first).link(direction, "a"));
        assert_eq!(yields(&mut walk, page(second).link(direction, "b")), new);
        asks(&mut walk, &at(direction, "b"));
    }
}

#[test]
fn a_cursor_that_is_inclusive_repeats_nothing() {
    for direction in DIRECTIONS {
        let mut ids: Vec<i64> = (0..7).collect();
        if direction == Backward {
            ids.reverse();
        }
        let mut walk = towards(direction, by(3));
        let mut got = Vec::new();
        for (start, cursor) in [(0, "a"), (2, "b"), (4, "c")] {
            let mut groups = ids[start..start + 3].to_vec();
            groups.sort_unstable();
            let mut new = yields(&mut walk, page(groups).lead(direction, start < 4, Some(cursor)));
            if direction == Backward {
                new.reverse();
            }
            got.extend(new);
        }
        assert_eq!(got, ids);
        assert!(is_at_the_end(&walk));
    }
}

#[test]
fn groups_of_the_page_before_are_left_out_where_some_of_them_are_gone_and_new_ones_follow() {
    // An offset list, in which 1 was deleted, and two were created at the front.
    let mut walk = from_start(by(4));
    yields_all(&mut walk, page(0..4).next("a"));
    assert_eq!(yields(&mut walk, page([0, 2, 3, 9, 4]).next("b")), [9, 4]);
}

#[test]
fn a_group_of_the_page_before_that_comes_after_a_new_one_is_no_seam() {
    let mut walk = from_start(by(3));
    yields_all(&mut walk, page(0..3).next("a"));
    assert_eq!(yields(&mut walk, page([9, 2, 3]).next("b")), [9, 2, 3]);
}

#[test]
fn groups_in_another_order_than_on_the_page_before_are_no_seam() {
    let mut walk = from_start(by(3));
    yields_all(&mut walk, page(0..3).next("a"));
    assert_eq!(yields(&mut walk, page([2, 1, 3]).next("b")), [1, 3]);
}

#[test]
fn the_only_group_of_the_page_before_is_left_out() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..1).next("a"));
    assert_eq!(yields(&mut walk, page(0..2).next("b")), [1]);
}

#[test]
fn a_page_that_only_repeats_is_passed() {
    let mut walk = from_start(by(3));
    yields_all(&mut walk, page(0..3).next("a"));
    yields_nothing(&mut walk, &page(1..3).next("b"));
    asks(&mut walk, &after("b"));
    // The page before is now that one.
    assert_eq!(yields(&mut walk, page(2..5)), [3, 4]);
}

#[test]
fn the_page_before_empty_pages_counts() {
    let mut walk = from_start(by(3));
    yields_all(&mut walk, page(0..3).next("a"));
    yields_all(&mut walk, empty().next("b"));
    assert_eq!(yields(&mut walk, page(2..5)), [3, 4]);
}

#[test]
fn a_saved_place_goes_on_just_after_its_last_group() {
    for direction in DIRECTIONS {
        let (first, second, new) = match direction {
            Forward => (0..3, 1..6, [3, 4, 5]),
            Backward => (3..6, 0..5, [0, 1, 2]),
        };
        let mut walk = towards(direction, by(5));
        yields_all(&mut walk, page(first).link(direction, "a"));
        let mut walk = Walk::new(walk.place(0), direction, by(5));
        asks(&mut walk, &at(direction, "a"));
        assert_eq!(yields(&mut walk, page(second)), new);
    }
}

#[test]
fn a_place_after_a_seam_leads_to_the_rest() {
    let overlapping = || page(2..6).next("b");
    let mut walk = from_start(by(4));
    yields_all(&mut walk, page(0..4).next("a"));
    assert_eq!(answer(&mut walk, &overlapping()), Outcome::Yield(Kept::Run(2..4)));
    for (remaining, rest) in [(2, [4, 5].as_slice()), (1, &[5])] {
        let mut walk = Walk::new(walk.place(remaining), Forward, by(4));
        asks(&mut walk, &after("a"));
        assert_eq!(yields(&mut walk, overlapping()), rest);
    }
    asks(&mut Walk::new(walk.place(0), Forward, by(4)), &after("b"));
}

#[test]
fn the_last_request_of_overlapping_pages_is_for_what_is_left_and_what_is_repeated() {
    let mut walk = from_start(at_most(6, by(3)));
    yields_all(&mut walk, page(0..3).next("a"));
    assert_eq!(yields(&mut walk, page(2..5).next("b")), [3, 4]);
    assert_eq!(asks_for(&mut walk), 2);
    assert_eq!(yields(&mut walk, page(4..6).next("c")), [5]);
    ends(&mut walk);
}

#[test]
fn a_page_that_a_walk_reads_again_has_no_seam() {
    // The last group yielded is gone, so the page is listed again, and the walk does not remember what it has yielded.
    let mut walk = from_start(without_memory(by(3)));
    yields_all(&mut walk, page(0..3).lead(Forward, true, None));
    fails(&mut walk);
    resume(&mut walk);
    yields_nothing(&mut walk, &page([0, 1, 3]));
    asks(&mut walk, &START);
    yields_all(&mut walk, page([0, 1, 3]));
}

#[test]
fn a_search_does_not_leave_out_what_comes_after_its_group() {
    let mut walk = from_start(by(3));
    yields_all(&mut walk, page(0..3).next("a"));
    let mut walk = Walk::new(walk.place(1), Forward, by(3));
    yields_nothing(&mut walk, &page([8, 9]).next("b"));
    assert_eq!(yields(&mut walk, page([1, 9, 2])), [9, 2]);
}

#[test]
fn groups_that_come_twice_are_a_change() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, page(2..4).next("b"));
    assert!(!walk.saw_change());
    assert_eq!(yields(&mut walk, page(3..5).next("c")), [4]);
    assert!(walk.saw_change());
}
