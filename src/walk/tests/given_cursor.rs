//! A cursor that the caller gave and the server refuses: it is shown good by a request in the other direction, or it is an
//! error.

use super::support::*;
use crate::walk::{Failure, Outcome, Place, Problem, Rules, Walk};

#[test]
fn a_callers_cursor_that_is_refused_is_tried_in_the_other_direction_for_one_group() {
    for direction in DIRECTIONS {
        for rules in [by(7), adaptive()] {
            let mut walk = from(at(direction, "given"), rules);
            invalid(&mut walk);
            assert_eq!(request(&mut walk), (at(direction.reversed(), "given"), 1));
        }
    }
}

#[test]
fn a_callers_cursor_that_is_good_in_the_other_direction_is_at_the_end_of_the_list() {
    for direction in DIRECTIONS {
        for (groups, confirm_end) in
            [(empty(), false), (page(3..4), false), (page(3..4), true), (page(0..4).next("a").previous("b"), false)]
        {
            let mut walk = from(at(direction, "given"), Rules { confirm_end, ..by(7) });
            invalid(&mut walk);
            yields_nothing(&mut walk, &groups);
            assert!(is_at_the_end(&walk));
            ends(&mut walk);
        }
    }
}

#[test]
fn a_callers_cursor_that_is_refused_in_both_directions_is_invalid() {
    for direction in DIRECTIONS {
        for refusal in [Problem::Invalid, Problem::Expired] {
            let mut walk = from(at(direction, "given"), by(7));
            let place = walk.place(0);
            invalid(&mut walk);
            assert_eq!(problem(&mut walk, refusal), Outcome::Fail(Failure::GivenCursor));
            assert_eq!(walk.place(0), place);
            resume(&mut walk);
            asks(&mut walk, &at(direction, "given"));
        }
    }
}

#[test]
fn a_failure_while_a_callers_cursor_is_tried_is_told_and_resumed() {
    for failure in [Problem::Other, Problem::TooLarge, Problem::Unexplained, Problem::Exhausted] {
        let mut walk = from(after("given"), adaptive());
        invalid(&mut walk);
        assert_eq!(problem(&mut walk, failure), Outcome::Fail(Failure::Request));
        resume(&mut walk);
        assert_eq!(request(&mut walk), (before("given"), 1));
        yields_nothing(&mut walk, &empty());
        assert!(is_at_the_end(&walk));
    }
}

#[test]
fn a_place_at_a_callers_cursor_is_tried_in_the_other_direction_after_it_was_saved_too() {
    let saved = from(after("given"), by(2)).place(0);
    let mut walk = Walk::new(saved, Forward, by(2));
    invalid(&mut walk);
    asks(&mut walk, &before("given"));
}

#[test]
fn a_callers_cursor_that_has_given_a_page_is_not_tried_again() {
    let mut walk = from(after("given"), by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    invalid(&mut walk);
    assert_eq!(request(&mut walk), (after("given"), 2));
}

#[test]
fn the_end_at_a_callers_cursor_keeps_the_way_back() {
    let mut walk = from(after("given"), by(2));
    invalid(&mut walk);
    yields_nothing(&mut walk, &page(1..2));
    let Place::End(gap) = walk.place(0) else { panic!("no way back") };
    assert_eq!(gap.position, after("given"));
}
