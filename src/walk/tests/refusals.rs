//! Refused cursors: which refusal is the end of the list, and which is an error.

use super::support::*;
use crate::walk::{Failure, Outcome, Place, Problem, Rules, Walk};

/// A walk that has yielded a page of two groups which leads to `a` without a link.
fn unlinked(rules: Rules) -> Walk {
    let mut walk = from_start(rules);
    yields_all(&mut walk, page(0..2).after("a"));
    walk
}

#[test]
fn a_refused_cursor_is_the_end_if_the_page_that_gave_it_still_ends_with_it() {
    for direction in DIRECTIONS {
        // Whether a link announced the page that was refused does not matter.
        for link in [false, true] {
            let mut walk = towards(direction, by(2));
            yields_all(&mut walk, page(0..2).cursor(direction, "a"));
            yields_all(&mut walk, page(2..4).lead(direction, link, Some("b")));
            invalid(&mut walk);
            asks(&mut walk, &at(direction, "a"));
            assert!(!is_at_the_end(&walk));
            let same = page(2..4).cursor(direction, "b");
            assert_eq!(refused_again(&mut walk, &same, &at(direction, "b")), Outcome::Nothing);
            assert!(is_at_the_end(&walk));
            ends(&mut walk);
        }
    }
}

#[test]
fn the_page_that_gave_a_refused_cursor_is_requested_by_the_same_size_as_before() {
    let mut walk = unlinked(adaptive());
    assert_eq!(request(&mut walk), (after("a"), 1024));
    invalid(&mut walk);
    assert_eq!(request(&mut walk), (START, 25));
    yields_nothing(&mut walk, &page(0..2).after("a"));
    assert_eq!(request(&mut walk), (after("a"), 1024));
}

#[test]
fn an_answer_that_only_settles_a_refusal_may_hold_other_groups_before_the_last() {
    let mut walk = unlinked(by(2));
    invalid(&mut walk);
    assert_eq!(refused_again(&mut walk, &page([9, 1]).after("a"), &after("a")), Outcome::Nothing);
    assert!(is_at_the_end(&walk));
}

#[test]
fn a_page_that_has_changed_goes_on_and_yields_each_group_once() {
    for rules in [by(3), without_memory(by(3))] {
        for direction in DIRECTIONS {
            let mut walk = towards(direction, rules.clone());
            let (two, three, new) = match direction {
                Forward => ([0, 1], [0, 1, 2], [2]),
                Backward => ([1, 2], [0, 1, 2], [0]),
            };
            yields_all(&mut walk, page(two).cursor(direction, "a"));
            invalid(&mut walk);
            asks(&mut walk, &if direction == Forward { START } else { before("given") });
            assert_eq!(yields(&mut walk, page(three).cursor(direction, "b")), new);
            asks(&mut walk, &at(direction, "b"));
            yields_nothing(&mut walk, &empty());
            ends(&mut walk);
        }
    }
}

#[test]
fn the_last_group_yielded_may_have_moved_on_to_the_next_page() {
    // A new group is the first.
    for rules in [by(2), without_memory(by(2))] {
        let mut walk = unlinked(rules);
        invalid(&mut walk);
        assert_eq!(yields(&mut walk, page([9, 0]).next("b")), [9]);
        asks(&mut walk, &after("b"));
        assert_eq!(yields(&mut walk, page(1..3)), [2]);
        ends(&mut walk);
    }
}

#[test]
fn a_changed_page_that_ends_with_the_same_group_leads_on_by_its_new_cursor() {
    for rules in [by(2), without_memory(by(2))] {
        let mut walk = unlinked(rules);
        invalid(&mut walk);
        yields_nothing(&mut walk, &page(0..2).after("b"));
        asks(&mut walk, &after("b"));
        yields_all(&mut walk, page(2..3));
        ends(&mut walk);
    }
}

#[test]
fn a_changed_page_may_lead_to_the_refused_cursor_again() {
    // A cursor that is an offset: the same text, and another group.
    let mut walk = unlinked(by(2));
    invalid(&mut walk);
    assert_eq!(yields(&mut walk, page(1..3).next("a")), [2]);
    asks(&mut walk, &after("a"));
}

#[test]
fn a_changed_page_without_a_cursor_is_the_end() {
    for rules in [by(2), without_memory(by(2))] {
        let mut walk = unlinked(rules);
        invalid(&mut walk);
        yields_nothing(&mut walk, &page(0..2));
        assert!(is_at_the_end(&walk));
        ends(&mut walk);
    }
}

#[test]
fn a_page_that_is_refused_too_shows_that_the_cursor_has_expired() {
    for refusal in [Problem::Invalid, Problem::Expired] {
        let two_pages = |rules| {
            let mut walk = from_start(rules);
            yields_all(&mut walk, page(0..2).next("a"));
            yields_all(&mut walk, page(2..4).next("b"));
            invalid(&mut walk);
            asks(&mut walk, &after("a"));
            walk
        };
        let mut walk = two_pages(without_memory(by(2)));
        assert_eq!(problem(&mut walk, refusal), Outcome::Fail(Failure::Request));
        resume(&mut walk);
        asks(&mut walk, &after("b"));

        let mut walk = two_pages(by(2));
        assert_eq!(problem(&mut walk, refusal), Outcome::Restarted(1));
        asks(&mut walk, &START);
        yields_nothing(&mut walk, &page(0..2).next("a"));
        assert_eq!(yields(&mut walk, page(2..5)), [4]);
    }
}

#[test]
fn a_cursor_that_its_page_still_links_to_and_that_is_refused_is_an_error_where_the_walk_cannot_restart() {
    for direction in DIRECTIONS {
        let mut walk = towards(direction, without_memory(by(2)));
        let linked = page(0..2).link(direction, "a");
        yields_all(&mut walk, linked.clone());
        invalid(&mut walk);
        let outcome = refused_again(&mut walk, &linked, &at(direction, "a"));
        assert_eq!(outcome, Outcome::Fail(Failure::RefusedCursor));
        assert!(!is_at_the_end(&walk));
        resume(&mut walk);
        asks(&mut walk, &at(direction, "a"));
    }
}

#[test]
fn a_refused_cursor_that_its_page_gives_again_is_sent_once_more() {
    for direction in DIRECTIONS {
        for before in [false, true] {
            for now in [false, true] {
                // The server had forgotten it, and has given it anew.
                let given_again = || {
                    let mut walk = towards(direction, without_memory(by(2)));
                    yields_all(&mut walk, page(0..2).lead(direction, before, Some("a")));
                    invalid(&mut walk);
                    yields_nothing(&mut walk, &page(0..2).lead(direction, now, Some("a")));
                    asks(&mut walk, &at(direction, "a"));
                    walk
                };
                let mut walk = given_again();
                yields_all(&mut walk, page(2..4).link(direction, "b"));
                assert!(!walk.saw_change());
                asks(&mut walk, &at(direction, "b"));

                // What the page says now counts: whether it has a link.
                let outcome = problem(&mut given_again(), Problem::Invalid);
                let expected = if now { Outcome::Fail(Failure::RefusedCursor) } else { Outcome::Nothing };
                assert_eq!(outcome, expected);
            }
        }
    }
}

#[test]
fn a_server_that_forgets_each_cursor_once_is_listed() {
    let mut walk = from_start(without_memory(by(2)));
    let pages = [page(0..2).next("a"), page(2..4).next("b"), page(4..6).next("c"), page(6..8).next("d")];
    for (page, cursor) in pages.into_iter().zip(["a", "b", "c", "d"]) {
        yields_all(&mut walk, page.clone());
        invalid(&mut walk);
        yields_nothing(&mut walk, &page);
        asks(&mut walk, &after(cursor));
    }
    yields_all(&mut walk, page(8..9));
    ends(&mut walk);
}

#[test]
fn an_empty_page_after_a_cursor_was_given_again_is_the_end_as_anywhere() {
    for link in [false, true] {
        let mut walk = unlinked(by(2));
        invalid(&mut walk);
        yields_nothing(&mut walk, &page(0..2).lead(Forward, link, Some("a")));
        if link {
            asks_once_more(&mut walk, &empty());
        }
        yields(&mut walk, empty());
        assert!(is_at_the_end(&walk));
    }
}

#[test]
fn answers_that_are_empty_and_refused_in_turn_come_to_an_end() {
    let mut walk = from_start(without_memory(by(2)));
    yields_all(&mut walk, page(0..2).next("a"));
    asks_once_more(&mut walk, &empty());
    invalid(&mut walk);
    yields_nothing(&mut walk, &page(0..2).next("a"));
    asks(&mut walk, &after("a"));
    yields_all(&mut walk, empty());
    assert!(is_at_the_end(&walk));
}

#[test]
fn a_page_that_shows_another_group_each_time_and_whose_cursor_is_always_refused_is_an_error() {
    for rules in [by(1), without_memory(by(1))] {
        let restarts = if rules.max_restarts == 0 { 0 } else { 3 };
        let (mut walk, mut requests) = (from_start(rules), 0);
        let failure = loop {
            requests += 1;
            assert!(requests < 100);
            let outcome = match walk.pull().unwrap().unwrap().0.cursor() {
                None => {
                    let id = 1_000 + requests;
                    answer(&mut walk, &page([id]).next(&id.to_string()))
                }
                Some(_) => problem(&mut walk, Problem::Invalid),
            };
            if let Outcome::Fail(failure) = outcome {
                break failure;
            }
        };
        assert_eq!(failure, Failure::RefusedCursor);
        assert_eq!((walk.restarts(), requests), (restarts, 13 * (i64::from(restarts) + 1)));
    }
}

#[test]
fn a_changed_page_whose_last_group_yielded_is_gone_yields_each_group_once() {
    for rules in [by(3), without_memory(by(3))] {
        for direction in DIRECTIONS {
            let mut walk = towards(direction, rules.clone());
            yields_all(&mut walk, page(0..3).cursor(direction, "a"));
            invalid(&mut walk);
            let (rest, new) = if direction == Forward { ([0, 1, 3], 3) } else { ([-1, 1, 2], -1) };
            assert_eq!(yields(&mut walk, page(rest).link(direction, "b")), [new]);
            asks(&mut walk, &at(direction, "b"));
            // The memory is of this page on only: such a walk cannot begin again.
            if direction == Backward {
                assert_eq!(problem(&mut walk, Problem::Expired), Outcome::Fail(Failure::Request));
            }
        }
    }
}

#[test]
fn a_cursor_that_its_page_still_links_to_and_that_is_refused_restarts_the_walk_where_it_can() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    invalid(&mut walk);
    assert_eq!(refused_again(&mut walk, &page(0..2).next("a"), &after("a")), Outcome::Restarted(1));
    asks(&mut walk, &START);
}

/// The walk's cursor is refused, and each time the page that gave it has a new one.
#[track_caller]
fn change(walk: &mut Walk, cursors: impl IntoIterator<Item = &'static str>) {
    for cursor in cursors {
        invalid(walk);
        yields_nothing(walk, &page(0..2).next(cursor));
        asks(walk, &after(cursor));
    }
}

#[test]
fn a_page_that_changes_five_times_in_a_row_and_leads_nowhere_is_an_error_the_sixth_time() {
    let mut walk = unlinked(without_memory(by(2)));
    for cursors in [["b", "c", "d", "e", "f"], ["g", "h", "i", "j", "k"]] {
        change(&mut walk, cursors);
        invalid(&mut walk);
        assert_eq!(answer(&mut walk, &page(0..2).next("x")), Outcome::Fail(Failure::RefusedCursor));
        // A resumed walk tries as often again.
        resume(&mut walk);
    }
}

#[test]
fn a_page_that_only_repeats_does_not_start_the_count_of_changed_pages_again() {
    let mut walk = unlinked(without_memory(by(2)));
    change(&mut walk, ["b", "c", "d", "e", "f"]);
    yields_nothing(&mut walk, &page(0..2).next("g"));
    asks(&mut walk, &after("g"));
    invalid(&mut walk);
    assert_eq!(answer(&mut walk, &page(0..2).next("x")), Outcome::Fail(Failure::RefusedCursor));
}

#[test]
fn groups_and_restarts_start_the_count_of_changed_pages_again() {
    let mut walk = unlinked(by(2));
    change(&mut walk, ["b", "c", "d", "e", "f"]);
    yields_all(&mut walk, page(2..4).next("g"));
    for cursor in ["h", "i", "j", "k", "l"] {
        invalid(&mut walk);
        asks(&mut walk, &after("f"));
        yields_nothing(&mut walk, &page(2..4).next(cursor));
    }
    assert_eq!(problem(&mut walk, Problem::Expired), Outcome::Restarted(1));
    yields_nothing(&mut walk, &page(0..2).next("m"));
    change(&mut walk, ["n", "o", "p", "q", "r"]);
}

#[test]
fn a_failure_while_a_refusal_is_settled_is_told_and_resumed() {
    for failure in [Problem::Other, Problem::TooLarge, Problem::Unexplained, Problem::Exhausted] {
        let mut walk = unlinked(adaptive());
        invalid(&mut walk);
        assert_eq!(problem(&mut walk, failure), Outcome::Fail(Failure::Request));
        assert!(!is_at_the_end(&walk));
        resume(&mut walk);
        assert_eq!(request(&mut walk), (START, 25));
        assert_eq!(refused_again(&mut walk, &page(0..2).after("a"), &after("a")), Outcome::Nothing);
        assert!(is_at_the_end(&walk));
    }
}

#[test]
fn a_refusal_after_an_empty_page_is_settled_by_that_page() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, empty().next("b"));
    invalid(&mut walk);
    asks(&mut walk, &after("a"));
    assert_eq!(refused_again(&mut walk, &empty().after("b"), &after("b")), Outcome::Nothing);
    assert!(is_at_the_end(&walk));
    ends(&mut walk);
}

#[test]
fn a_saved_place_whose_cursor_is_refused_is_settled_by_the_page_before_it() {
    for direction in DIRECTIONS {
        let mut walk = towards(direction, by(7));
        yields_all(&mut walk, page(0..2).cursor(direction, "a"));
        let saved = walk.place(0);

        let mut walk = Walk::new(saved.clone(), direction, by(2));
        asks(&mut walk, &at(direction, "a"));
        invalid(&mut walk);
        let begin = if direction == Forward { START } else { before("given") };
        assert_eq!(request(&mut walk), (begin, 7));
        let same = page(0..2).cursor(direction, "a");
        assert_eq!(refused_again(&mut walk, &same, &at(direction, "a")), Outcome::Nothing);
        assert!(is_at_the_end(&walk));
        ends(&mut walk);
    }
}

#[test]
fn a_saved_place_whose_cursor_the_server_had_forgotten_goes_on() {
    let saved = unlinked(by(2)).place(0);
    let mut walk = Walk::new(saved, Forward, by(2));
    invalid(&mut walk);
    yields_nothing(&mut walk, &page(0..2).after("a"));
    asks(&mut walk, &after("a"));
    yields_all(&mut walk, page(2..4).next("b"));
    asks(&mut walk, &after("b"));
}

#[test]
fn a_saved_place_whose_page_has_changed_goes_on_after_the_last_group_yielded() {
    for (direction, changed, new) in [(Forward, [1, 2, 3], [2, 3]), (Backward, [-2, -1, 0], [-2, -1])] {
        let mut walk = towards(direction, by(2));
        yields_all(&mut walk, page(0..2).cursor(direction, "a"));
        let mut walk = Walk::new(walk.place(0), direction, by(2));
        invalid(&mut walk);
        request(&mut walk);
        assert_eq!(yields(&mut walk, page(changed).link(direction, "b")), new);
        asks(&mut walk, &at(direction, "b"));
    }
}

#[test]
fn a_saved_place_whose_page_is_refused_too_has_expired() {
    for refusal in [Problem::Invalid, Problem::Expired] {
        let saved = unlinked(by(2)).place(0);
        let mut walk = Walk::new(saved.clone(), Forward, by(2));
        invalid(&mut walk);
        assert_eq!(problem(&mut walk, refusal), Outcome::Fail(Failure::Request));
        assert_eq!(walk.place(0), saved);
        resume(&mut walk);
        asks(&mut walk, &after("a"));
    }
}

#[test]
fn a_saved_place_between_two_groups_whose_page_is_refused_has_expired() {
    for refusal in [Problem::Invalid, Problem::Expired] {
        let mut walk = from(after("given"), by(2));
        yields_all(&mut walk, page(0..2).next("a"));
        let mut walk = Walk::new(walk.place(1), Forward, by(2));
        asks(&mut walk, &after("given"));
        assert_eq!(problem(&mut walk, refusal), Outcome::Fail(Failure::Request));
        resume(&mut walk);
        asks(&mut walk, &after("given"));
    }
}

#[test]
fn an_expired_cursor_is_never_the_end() {
    let confirming = || unlinked(without_memory(by(2)));
    let linked = || {
        let mut walk = from_start(without_memory(by(2)));
        yields_all(&mut walk, page(0..2).next("a"));
        walk
    };
    let saved = || Walk::new(confirming().place(0), Forward, by(2));
    let given = [from(after("given"), by(2)), from(before("given"), by(2))];
    for mut walk in given.into_iter().chain([confirming(), linked(), saved()]) {
        assert_eq!(problem(&mut walk, Problem::Expired), Outcome::Fail(Failure::Request));
        assert!(!is_at_the_end(&walk));
        ends(&mut walk);
    }
}

#[test]
fn a_refusal_in_answer_to_the_start_is_an_error_since_no_cursor_was_sent() {
    for refusal in [Problem::Invalid, Problem::Expired] {
        let mut walk = from_start(by(2));
        assert_eq!(problem(&mut walk, refusal), Outcome::Fail(Failure::Request));
        assert_eq!((walk.place(0), walk.restarts()), (Place::Start, 0));
        resume(&mut walk);
        asks(&mut walk, &START);
    }
}
