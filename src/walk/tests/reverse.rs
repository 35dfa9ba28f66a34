//! Walks that are reversed.

use super::support::*;
use crate::walk::{Failure, Outcome, Place, Problem, Walk};

#[test]
fn what_was_yielded_comes_back_in_the_opposite_order_wherever_a_walk_is_reversed() {
    let list = List((0..7).collect());
    for size in 1..=8 {
        for direction in DIRECTIONS {
            let begin = || match direction {
                Forward => from_start(by(size)),
                Backward => from(before("6"), by(size)),
            };
            // Reversed after each number of groups.
            let all = list.rest(begin());
            for count in 0..=all.len() {
                let (mut walk, mut got, mut remaining) = (begin(), Vec::new(), 0);
                while got.len() < count {
                    let ids = list.answer(&mut walk).unwrap();
                    remaining = ids.len().saturating_sub(count - got.len());
                    got.extend(&ids[..ids.len() - remaining]);
                }
                let mut back = list.rest(walk.clone().reversed(remaining));
                if direction == Backward {
                    // On its way back it goes on behind the cursor at which it began.
                    assert_eq!(back.pop(), Some(6));
                }
                back.reverse();
                assert_eq!(back, got, "{direction:?} by {size}");
                // Twice reversed is as it was.
                let mut again = got;
                again.extend(list.rest(walk.reversed(remaining).reversed(0)));
                assert_eq!(again, all, "{direction:?} by {size}");
            }
        }
    }
}

#[test]
fn a_walk_reversed_at_the_end_begins_with_the_last_group() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, page(2..4).before("b"));
    let mut walk = walk.reversed(0);
    asks(&mut walk, &after("a"));
    assert_eq!(yields(&mut walk, page(2..4).before("b")), [2, 3]);
    asks(&mut walk, &before("b"));
}

#[test]
fn a_walk_reversed_at_the_end_of_an_empty_list_ends_and_leads_back_to_its_start() {
    for list in [vec![empty()], vec![empty().next("a"), empty()]] {
        let mut walk = from_start(by(2));
        for page in list {
            yields_all(&mut walk, page);
        }
        let mut back = walk.reversed(0);
        ends(&mut back);
    }
}

#[test]
fn a_walk_reversed_before_its_first_group_ends_and_reversed_again_begins() {
    let mut back = from_start(by(2)).reversed(0);
    ends(&mut back);
    assert_eq!(back.place(0), Place::Start);
    asks(&mut back.reversed(0), &START);
}

#[test]
fn a_walk_reversed_at_the_callers_cursor_goes_the_other_way_from_there() {
    for direction in DIRECTIONS {
        let mut walk = from(at(direction, "given"), by(2)).reversed(0);
        assert_eq!(walk.heading(), direction.reversed());
        asks(&mut walk, &at(direction, "given"));
        // Nothing of this page lies in the other direction: it only leads there.
        yields_nothing(&mut walk, &page(5..7).next("a").previous("b"));
        asks(&mut walk, &at(direction.reversed(), if direction == Forward { "b" } else { "a" }));
    }
}

#[test]
fn a_walk_reversed_at_a_cursor_before_which_no_group_lies_begins_at_the_start() {
    let nothing_before = || from(before("given"), by(2)).reversed(0);

    let mut walk = nothing_before();
    yields_nothing(&mut walk, &empty());
    asks(&mut walk, &START);
    yields_all(&mut walk, page(0..2).next("a"));
    asks(&mut walk, &after("a"));

    // The same, where the server refuses the cursor, which is good in the other direction.
    let mut walk = nothing_before();
    invalid(&mut walk);
    asks(&mut walk, &after("given"));
    yields_nothing(&mut walk, &page(1..2));
    asks(&mut walk, &START);
}

#[test]
fn a_walk_reversed_at_the_start_that_it_has_reached_backward_begins_there() {
    let mut walk = from(before("given"), by(2));
    yields_all(&mut walk, page(0..2));
    assert_eq!(walk.place(0), Place::Start);
    asks(&mut walk.reversed(0), &START);
}

#[test]
fn a_page_without_a_cursor_back_is_an_error_after_its_groups() {
    for direction in DIRECTIONS {
        let mut walk = from(at(direction, "given"), by(2));
        yields_all(&mut walk, page(0..2).link(direction, "a"));
        let mut walk = walk.reversed(0);
        yields_all(&mut walk, page(0..2).link(direction, "a"));
        assert_eq!(fails(&mut walk), Failure::NoWayBack);
        resume(&mut walk);
        // The page is requested again: it may have a cursor now.
        asks(&mut walk, &at(direction, "given"));
        yields_nothing(&mut walk, &page(0..2).link(direction.reversed(), "b"));
        asks(&mut walk, &at(direction.reversed(), "b"));
    }
}

#[test]
fn a_walk_reversed_at_a_cursor_after_which_no_group_lies_goes_back_from_the_end_of_the_list() {
    // Servers send the cursor of the request on both sides of an empty page. Group 2 lies before "2", and is not on the
    // page before "2".
    for nothing in [empty(), empty().after("2").before("2")] {
        let mut walk = from(after("2"), by(2)).reversed(0);
        yields_nothing(&mut walk, &nothing);
        asks(&mut walk, &START);
        yields_nothing(&mut walk, &page(0..2).next("1"));
        assert_eq!(yields(&mut walk, page(2..3).before("2").after("2")), [2]);
        asks(&mut walk, &before("2"));
        yields_all(&mut walk, page(0..2));
        ends(&mut walk);
    }
    // The same, where the server refuses the cursor, which is good in the other direction.
    let mut walk = from(after("2"), by(2)).reversed(0);
    invalid(&mut walk);
    asks(&mut walk, &before("2"));
    yields_nothing(&mut walk, &page(0..2));
    asks(&mut walk, &START);
}

#[test]
fn a_walk_reversed_at_the_start_of_the_list_begins_there_whatever_the_cursors_of_the_empty_page() {
    let mut walk = from(before("0"), by(2)).reversed(0);
    yields_nothing(&mut walk, &empty().after("0").before("0"));
    asks(&mut walk, &START);
    yields_all(&mut walk, page(0..2));
}

#[test]
fn a_place_at_the_start_of_the_list_that_a_reversed_walk_has_found_leads_there_and_back() {
    let mut walk = from(before("given"), by(2)).reversed(0);
    yields_nothing(&mut walk, &empty());
    let mut forward = Walk::new(walk.place(0), Forward, by(2));
    asks(&mut forward, &START);
    // No page gave the start of the list.
    assert_eq!(problem(&mut forward, Problem::Invalid), Outcome::Fail(Failure::Request));
    asks(&mut Walk::new(walk.place(0), Backward, by(2)), &before("given"));
}

#[test]
fn a_walk_does_not_reverse_on_an_empty_page_in_the_middle_of_the_list() {
    for direction in DIRECTIONS {
        let mut walk = from(at(direction, "given"), by(2)).reversed(0);
        yields_nothing(&mut walk, &empty().link(direction, "a").cursor(direction.reversed(), "given"));
        asks(&mut walk, &at(direction, "a"));
        // Nothing of this page lies in the other direction.
        yields_nothing(&mut walk, &page(2..4).cursor(direction.reversed(), "b"));
        asks(&mut walk, &at(direction.reversed(), "b"));
    }
}

#[test]
fn a_reversed_place_at_the_end_whose_page_is_empty_now_goes_back_from_the_end_of_the_list() {
    // By ones, to the end. Then group 2 is deleted.
    let mut walk = from_start(by(1));
    for (n, cursor) in [(0, "0"), (1, "1"), (2, "2")] {
        yields_all(&mut walk, page([n]).next(cursor));
    }
    asks_once_more(&mut walk, &empty());
    yields(&mut walk, empty());
    let end = walk.place(0);
    for nothing in [empty(), empty().after("1").before("1")] {
        let mut walk = Walk::new(end.clone(), Backward, by(1));
        asks(&mut walk, &after("1"));
        asks_once_more(&mut walk, &nothing);
        yields_nothing(&mut walk, &nothing);
        asks(&mut walk, &START);
        yields_nothing(&mut walk, &page([0]).next("0"));
        assert_eq!(yields(&mut walk, page([1]).after("1").before("1")), [1]);
        asks(&mut walk, &before("1"));
        yields_all(&mut walk, page([0]));
        ends(&mut walk);
    }
}

#[test]
fn a_group_that_has_moved_to_an_earlier_page_is_found_on_the_way_to_the_end() {
    let mut walk = from_start(by(1));
    for (n, cursor) in [(0, "0"), (1, "1"), (2, "2")] {
        yields_all(&mut walk, page([n]).next(cursor));
    }
    // Cursors are offsets, group 0 is deleted, and group 3 follows.
    let mut walk = Walk::new(walk.place(0), Backward, by(1));
    asks_once_more(&mut walk, &empty());
    yields_nothing(&mut walk, &empty());
    asks(&mut walk, &START);
    yields_nothing(&mut walk, &page([1]).next("0"));
    assert_eq!(yields(&mut walk, page([2]).next("1").previous("1")), [2]);
    asks(&mut walk, &before("1"));
}

#[test]
fn a_link_in_the_direction_of_the_walk_says_nothing_about_a_search_in_the_other() {
    // The server sends links backward only. After the walk was reversed, the last page and its cursor are gone.
    let mut walk = from(after("3"), by(2));
    yields_all(&mut walk, page(4..5));
    let mut walk = walk.reversed(0);
    yields_all(&mut walk, page(4..5).previous("4"));
    invalid(&mut walk);
    yields_nothing(&mut walk, &empty());
    yields_nothing(&mut walk, &empty());
    asks(&mut walk, &START);
    yields_nothing(&mut walk, &page(0..2).after("1"));
    asks(&mut walk, &after("1"));
    yields_nothing(&mut walk, &page(2..4).after("3"));
    yields_nothing(&mut walk, &empty());
    asks(&mut walk, &after("1"));
    assert_eq!(yields(&mut walk, page(2..4).previous("2")), [2, 3]);
}

#[test]
fn a_list_whose_end_is_empty_each_time_cannot_be_gone_back_from() {
    let mut walk = from(after("given"), by(2)).reversed(0);
    yields_nothing(&mut walk, &empty());
    for n in 0..5 {
        asks(&mut walk, &START);
        yields_nothing(&mut walk, &page([n]).next("a"));
        asks_once_more(&mut walk, &empty());
        yields_nothing(&mut walk, &empty());
    }
    assert_eq!(fails(&mut walk), Failure::Unstable);
}

#[test]
fn a_reversed_walk_may_send_the_cursors_of_its_way_out_and_notices_a_loop_on_its_way_back() {
    let mut walk = from(after("e"), by(5));
    yields_all(&mut walk, page(5..10).next("g").previous("e"));
    let mut walk = walk.reversed(4);
    asks(&mut walk, &after("e"));
    assert_eq!(yields(&mut walk, page(5..10).next("g").previous("e")), [5]);
    asks(&mut walk, &before("e"));
    yields_all(&mut walk, page(3..5).previous("d"));
    yields_all(&mut walk, page(1..3).previous("e"));
    assert_eq!(fails(&mut walk), Failure::Loop);
}

#[test]
fn a_link_on_the_way_out_says_nothing_about_the_end_on_the_way_back() {
    let mut walk = from(after("given"), by(2));
    yields_all(&mut walk, page(4..6).next("a"));
    let mut walk = walk.reversed(0);
    yields_all(&mut walk, page(4..6).next("a").before("b"));
    asks(&mut walk, &before("b"));
    yields_all(&mut walk, page(2..4).before("c"));
    // No link was seen backward, so the end is confirmed.
    asks(&mut walk, &before("c"));
    yields_nothing(&mut walk, &empty());
    ends(&mut walk);
}

#[test]
fn a_link_on_the_page_where_a_walk_was_reversed_counts_for_the_end_on_the_way_back() {
    let mut walk = from(after("given"), by(2));
    yields_all(&mut walk, page(4..6).next("a"));
    let mut walk = walk.reversed(0);
    yields_all(&mut walk, page(4..6).next("a").previous("b"));
    yields_all(&mut walk, page(2..4).before("c"));
    ends(&mut walk);
}

#[test]
fn a_refusal_after_a_reversed_page_is_settled_by_that_page() {
    for link in [false, true] {
        let mut walk = from(after("given"), by(2));
        yields_all(&mut walk, page(4..6).next("a"));
        let mut walk = walk.reversed(0);
        yields_all(&mut walk, page(4..6).next("a").lead(Backward, link, Some("b")));
        invalid(&mut walk);
        asks(&mut walk, &after("given"));
        let same = page(4..6).next("a").before("b");
        assert_eq!(refused_again(&mut walk, &same, &before("b")), Outcome::Nothing);
        assert!(is_at_the_end(&walk));
        ends(&mut walk);
    }
}

#[test]
fn a_refusal_after_a_reversed_page_that_has_changed_goes_on_from_it() {
    let mut walk = from(after("given"), by(3));
    yields_all(&mut walk, page(4..6).next("a"));
    let mut walk = walk.reversed(0);
    yields_all(&mut walk, page(4..6).previous("b"));
    invalid(&mut walk);
    assert_eq!(yields(&mut walk, page(3..6).previous("c")), [3]);
    asks(&mut walk, &before("c"));
}

#[test]
fn a_refusal_after_a_reversed_page_whose_groups_are_gone_goes_back_from_its_start() {
    let mut walk = from(after("given"), by(1));
    yields_all(&mut walk, page(1..2).next("b").previous("c"));
    // Reversed before group 1 was taken: only what is before the given cursor is owed.
    let mut walk = walk.reversed(1);
    yields_nothing(&mut walk, &page(1..2).next("b").previous("c"));
    invalid(&mut walk);
    asks(&mut walk, &after("given"));
    yields_nothing(&mut walk, &page(2..3).previous("d"));
    asks(&mut walk, &before("d"));
    yields_all(&mut walk, page(0..1).next("a"));
    ends(&mut walk);
}

#[test]
fn a_reversed_walk_may_send_each_cursor_again() {
    let mut walk = from(before("given"), by(2));
    yields_all(&mut walk, page(4..6).previous("a"));
    yields_all(&mut walk, page(2..4).previous("b").next("c"));
    let mut walk = walk.reversed(0).reversed(0);
    asks(&mut walk, &before("b"));
    yields_all(&mut walk, page(0..2).previous("a"));
    asks(&mut walk, &before("a"));
}

#[test]
fn a_reversed_walk_cannot_restart() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, page(2..4).next("b").previous("c"));
    let mut walk = walk.reversed(0);
    yields_all(&mut walk, page(2..4).next("b").previous("c"));
    asks(&mut walk, &before("c"));
    assert_eq!(problem(&mut walk, Problem::Expired), Outcome::Fail(Failure::Request));
    resume(&mut walk);
    asks(&mut walk, &before("c"));
}

#[test]
fn a_reversed_walk_keeps_its_page_size_its_restarts_and_what_is_left() {
    let mut walk = from_start(at_most(60, adaptive()));
    yields_all(&mut walk, page(0..25).next("a"));
    restarts(&mut walk);
    yields_nothing(&mut walk, &page(0..25).next("b"));
    assert!(matches!(problem(&mut walk, Problem::TooLarge), Outcome::Lowered(_)));
    yields_all(&mut walk, page(25..50).next("c"));
    // The caller has not got the last five.
    let mut back = walk.reversed(5);
    assert_eq!(back.restarts(), 1);
    assert_eq!(back.size_hint(), (0, Some(15)));
    assert_eq!(request(&mut back), (after("b"), 100));
}

#[test]
fn a_walk_reversed_after_a_failure_goes_back_from_its_place() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    problem(&mut walk, Problem::Other);
    let mut back = walk.reversed(0);
    asks(&mut back, &START);
    assert_eq!(yields(&mut back, page(0..2).next("a")), [0, 1]);
    ends(&mut back);
}

#[test]
fn a_reversed_walk_yields_empty_pages_of_the_list() {
    let mut walk = from(after("given"), by(2));
    yields_all(&mut walk, page(4..6).next("a"));
    let mut walk = Walk::reversed(walk, 0);
    yields_all(&mut walk, page(4..6).previous("b"));
    assert!(matches!(answer(&mut walk, &empty().previous("c")), Outcome::Yield(_)));
    asks(&mut walk, &before("c"));
}

#[test]
fn a_walk_that_was_reversed_at_the_end_of_a_list_that_is_empty_now_has_reached_the_start() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2));
    let mut back = walk.reversed(0);
    yields_nothing(&mut back, &empty());
    yields_nothing(&mut back, &empty());
    ends(&mut back);
    assert_eq!(back.place(0), Place::Start);
}
