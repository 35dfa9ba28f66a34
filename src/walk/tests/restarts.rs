//! Walks that begin again because a cursor has expired.

use super::support::*;
use crate::walk::{Failure, Kept, Outcome, Problem, Rules, Walk};

#[test]
fn a_walk_whose_cursor_has_expired_begins_again_and_leaves_out_what_it_has_yielded() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    restarts(&mut walk);
    assert_eq!(walk.restarts(), 1);
    // A group was created at the front.
    assert_eq!(yields(&mut walk, page(-1..1).next("b")), [-1]);
    asks(&mut walk, &after("b"));
    assert_eq!(yields(&mut walk, page(1..3).next("c")), [2]);
    assert_eq!(yields(&mut walk, page(3..4)), [3]);
    ends(&mut walk);
}

#[test]
fn a_page_of_nothing_but_known_groups_is_passed_and_is_no_empty_page() {
    let mut walk = from_start(by(1));
    for n in 0..150 {
        yields_all(&mut walk, page([n]).next(&n.to_string()));
    }
    restarts(&mut walk);
    for n in 0..150 {
        yields_nothing(&mut walk, &page([n]).next(&format!("new {n}")));
        asks(&mut walk, &after(&format!("new {n}")));
    }
}

#[test]
fn a_walk_that_begins_again_may_send_the_same_cursors_again_and_notices_a_loop() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, page(2..4).next("b"));
    restarts(&mut walk);
    yields_nothing(&mut walk, &page(0..2).next("a"));
    asks(&mut walk, &after("a"));
    yields_nothing(&mut walk, &page(2..4).next("b"));
    asks(&mut walk, &after("b"));
    yields_all(&mut walk, page(4..6).next("a"));
    assert_eq!(fails(&mut walk), Failure::Loop);
}

#[test]
fn a_walk_begins_again_max_restarts_times_and_a_resumption_grants_as_many_again() {
    let mut walk = from_start(Rules { max_restarts: 2, ..by(2) });
    yields_all(&mut walk, page(0..2).next("a"));
    for round in 1..=3 {
        for _ in 0..2 {
            restarts(&mut walk);
            yields_nothing(&mut walk, &page(0..2).next("a"));
        }
        assert_eq!(problem(&mut walk, Problem::Expired), Outcome::Fail(Failure::Request));
        assert_eq!(walk.restarts(), 2 * round);
        resume(&mut walk);
        asks(&mut walk, &after("a"));
    }
}

#[test]
fn what_was_yielded_between_two_restarts_is_left_out_too() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    restarts(&mut walk);
    assert_eq!(yields(&mut walk, page(1..3).next("b")), [2]);
    restarts(&mut walk);
    assert_eq!(yields(&mut walk, page(0..4)), [3]);
}

#[test]
fn a_walk_restarts_only_if_it_began_at_the_start_of_the_list_and_has_restarts_left() {
    let mut never = from_start(without_memory(by(2)));
    yields_all(&mut never, page(0..2).next("a"));
    let mut saved = Walk::new(never.place(1), Forward, by(2));
    yields(&mut saved, page(0..2).next("a"));
    let mut given = from(after("given"), by(2));
    yields_all(&mut given, page(0..2).next("a"));
    for mut walk in [never, saved, given, from(after("given"), by(2)), from(before("given"), by(2))] {
        assert_eq!(problem(&mut walk, Problem::Expired), Outcome::Fail(Failure::Request));
        assert_eq!(walk.restarts(), 0);
    }
}

#[test]
fn a_walk_restarts_where_only_the_end_was_to_be_confirmed() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).after("a"));
    restarts(&mut walk);
    yields_nothing(&mut walk, &page(0..2).after("b"));
    asks(&mut walk, &after("b"));
    yields_nothing(&mut walk, &empty());
    ends(&mut walk);
}

#[test]
fn a_walk_restarts_while_it_requests_a_page_again_after_a_failure() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, page(2..4).lead(Forward, true, None));
    fails(&mut walk);
    resume(&mut walk);
    asks(&mut walk, &after("a"));
    restarts(&mut walk);
    assert_eq!(yields(&mut walk, page(0..5)), [4]);
}

#[test]
fn empty_pages_after_a_restart_are_yielded_and_counted_anew() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    for n in 0..99 {
        yields_all(&mut walk, empty().next(&format!("a{n}")));
    }
    restarts(&mut walk);
    for n in 0..99 {
        let outcome = answer(&mut walk, &empty().next(&format!("b{n}")));
        assert_eq!(outcome, Outcome::Yield(Kept::Each(Vec::new())));
    }
    assert_eq!(yields(&mut walk, page(0..3)), [2]);
    ends(&mut walk);
}

#[test]
fn the_end_that_a_restarted_walk_finds_before_what_it_has_yielded_is_the_end() {
    // Everything behind the first group was deleted.
    for pages in [vec![page(0..1)], vec![page(0..1).next("b"), empty(), empty()], vec![empty()]] {
        let mut walk = from_start(by(3));
        yields_all(&mut walk, page(0..3).next("a"));
        restarts(&mut walk);
        for page in pages {
            assert!(!is_at_the_end(&walk));
            yields(&mut walk, page);
        }
        assert!(is_at_the_end(&walk));
        ends(&mut walk);
    }
}

#[test]
fn a_page_that_is_read_again_because_its_last_group_is_gone_yields_nothing_twice_where_the_walk_remembers() {
    let mut walk = from_start(by(3));
    yields_all(&mut walk, page(0..3).lead(Forward, true, None));
    fails(&mut walk);
    resume(&mut walk);
    yields_nothing(&mut walk, &page([0, 1, 3]).next("a"));
    asks(&mut walk, &after("a"));
    yields_nothing(&mut walk, &page(4..5));
    asks(&mut walk, &START);
    assert_eq!(yields(&mut walk, page([0, 1, 3]).next("a")), [3]);
    assert_eq!(yields(&mut walk, page(4..5)), [4]);
    ends(&mut walk);
}

#[test]
fn a_walk_that_has_met_a_refusal_because_the_list_has_changed_says_so() {
    let unchanged = || {
        let mut walk = from_start(by(2));
        yields_all(&mut walk, page(0..2).next("a"));
        assert!(!walk.saw_change());
        walk
    };
    let mut walk = unchanged();
    restarts(&mut walk);
    assert!(walk.saw_change());

    let mut walk = unchanged();
    invalid(&mut walk);
    assert!(!walk.saw_change());
    yields(&mut walk, page(1..3).next("b"));
    assert!(walk.saw_change());

    let mut walk = unchanged();
    invalid(&mut walk);
    yields_nothing(&mut walk, &page(0..2).after("a"));
    assert!(!walk.saw_change());
}
