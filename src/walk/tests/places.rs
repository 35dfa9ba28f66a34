//! The place of a walk: it can be taken after each group, and leads to the rest.

use super::support::*;
use crate::cursor::Direction;
use crate::walk::{Anchor, Failure, Gap, Outcome, PageSize, Place, Problem, Rules, Walk, hash};

/// A walk through the list, from its start or from behind its end.
fn through(list: &List, direction: Direction, rules: Rules) -> Walk {
    match direction {
        Forward => from_start(rules),
        Backward => from(before(&list.0.last().unwrap().to_string()), rules),
    }
}

/// Calls `check` after each number of groups that a walk yields, with what was yielded, the walk, and how many groups of
/// its page the caller has not got.
fn after_each_group(list: &List, begin: &Walk, mut check: impl FnMut(&[i64], &Walk, usize)) {
    let (mut walk, mut got) = (begin.clone(), Vec::new());
    check(&got, &walk, 0);
    while let Some(ids) = list.answer(&mut walk) {
        for (index, id) in ids.iter().enumerate() {
            got.push(*id);
            check(&got, &walk, ids.len() - index - 1);
        }
    }
    check(&got, &walk, 0);
}

#[test]
fn a_place_after_any_group_leads_to_the_groups_behind_it_whatever_the_page_sizes() {
    let list = List((0..6).collect());
    for direction in DIRECTIONS {
        for size in 1..=7 {
            let begin = through(&list, direction, by(size));
            let all = list.rest(begin.clone());
            after_each_group(&list, &begin, |got, walk, remaining| {
                for other in 1..=7 {
                    let rest = list.rest(Walk::new(walk.place(remaining), direction, by(other)));
                    assert_eq!(rest, all[got.len()..], "{direction:?} by {size}, then by {other}");
                }
            });
        }
    }
}

#[test]
fn a_place_that_was_reached_from_another_place_leads_to_the_same_groups() {
    let list = List((0..6).collect());
    for direction in DIRECTIONS {
        let begin = through(&list, direction, by(4));
        let all = list.rest(begin.clone());
        after_each_group(&list, &begin, |got, walk, remaining| {
            let from_here = Walk::new(walk.place(remaining), direction, by(3));
            after_each_group(&list, &from_here, |got_from_here, walk, remaining| {
                let rest = list.rest(Walk::new(walk.place(remaining), direction, by(2)));
                assert_eq!(rest, all[got.len() + got_from_here.len()..], "{direction:?}");
            });
        });
    }
}

#[test]
fn a_place_leads_back_to_what_was_yielded_whatever_the_page_sizes() {
    let list = List((0..6).collect());
    for size in 1..=7 {
        after_each_group(&list, &from_start(by(size)), |got, walk, remaining| {
            for other in 1..=7 {
                let mut back = list.rest(Walk::new(walk.place(remaining), Backward, by(other)));
                back.reverse();
                assert_eq!(back, got, "by {size}, then by {other}");
            }
        });
    }
}

#[test]
fn the_place_before_the_first_request_is_where_the_walk_began() {
    assert_eq!(from_start(by(2)).place(0), Place::Start);
    let given = Place::Middle(Gap::before(after("c"), PageSize::DEFAULT));
    assert_eq!(from(after("c"), by(2)).place(0), given);
}

#[test]
fn a_place_inside_a_page_holds_the_page_the_offset_and_the_hash_of_the_last_group_yielded() {
    let size = PageSize::clamped(5);
    for (direction, last) in [(Forward, "1"), (Backward, "3")] {
        let mut walk = from(at(direction, "given"), by(5));
        yields_all(&mut walk, page(0..5).link(direction, "a"));
        let anchor = Some(Anchor::Before(hash(last)));
        let expected = Gap { offset: 2, anchor, ..Gap::before(at(direction, "given"), size) };
        assert_eq!(walk.place(3), Place::Middle(expected));
    }
}

#[test]
fn a_place_on_a_reversed_page_is_counted_in_the_direction_of_the_request() {
    let mut walk = from(after("given"), by(5));
    yields_all(&mut walk, page(0..5).next("a"));
    let mut walk = walk.reversed(1);
    assert_eq!(yields(&mut walk, page(0..5).next("a").previous("b")), [0, 1, 2, 3]);
    // 3 and 2 are yielded, 1 and 0 are not.
    let anchor = Some(Anchor::After(hash("2")));
    let expected = Gap { offset: 2, anchor, ..Gap::before(after("given"), PageSize::clamped(5)) };
    assert_eq!(walk.place(2), Place::Middle(expected));
}

#[test]
fn a_place_at_the_end_of_a_page_goes_on_without_that_page() {
    for direction in DIRECTIONS {
        let mut walk = towards(direction, by(2));
        yields_all(&mut walk, page(0..2).link(direction, "a"));
        asks(&mut Walk::new(walk.place(0), direction, by(2)), &at(direction, "a"));
        let page_again = if direction == Forward { START } else { before("given") };
        asks(&mut Walk::new(walk.place(1), direction, by(2)), &page_again);
        asks(&mut Walk::new(walk.place(0), direction.reversed(), by(2)), &page_again);
    }
}

#[test]
fn the_end_of_the_list_is_behind_its_last_group_and_its_start_before_its_first() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2));
    assert!(matches!(walk.place(1), Place::Middle(_)));
    let anchor = Some(Anchor::Before(hash("1")));
    let way_back = Gap { offset: 2, anchor, ..Gap::before(START, PageSize::clamped(2)) };
    assert_eq!(walk.place(0), Place::End(way_back));

    let mut walk = from(before("given"), by(2));
    yields_all(&mut walk, page(0..2));
    assert!(matches!(walk.place(1), Place::Middle(_)));
    assert_eq!(walk.place(0), Place::Start);
}

#[test]
fn a_place_moves_on_with_empty_pages() {
    for direction in DIRECTIONS {
        let mut walk = towards(direction, by(2));
        yields_all(&mut walk, page(0..2).link(direction, "a"));
        for cursor in ["b", "c"] {
            yields_all(&mut walk, empty().link(direction, cursor));
            asks(&mut Walk::new(walk.place(0), direction, by(2)), &at(direction, cursor));
        }
        // The way back is still the last page with groups.
        let page_again = if direction == Forward { START } else { before("given") };
        asks(&mut Walk::new(walk.place(0), direction.reversed(), by(2)), &page_again);
        asks_once_more(&mut walk, &empty());
        yields_all(&mut walk, empty());
        assert!(is_at_the_end(&walk));
    }
}

#[test]
fn a_place_before_any_group_moves_on_with_empty_pages_too() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, empty().next("a"));
    let expected = Gap { next: Some(after("a")), linked: true, ..Gap::before(START, PageSize::clamped(2)) };
    assert_eq!(walk.place(0), Place::Middle(expected));
    ends(&mut Walk::new(walk.place(0), Backward, by(2)));

    let mut walk = from(after("given"), by(2));
    yields_all(&mut walk, empty().next("a"));
    asks(&mut Walk::new(walk.place(0), Forward, by(2)), &after("a"));
}

#[test]
fn the_place_of_a_failed_request_is_after_the_last_group_yielded() {
    let list = List((0..6).collect());
    for size in 1..=3 {
        for direction in DIRECTIONS {
            let begin = through(&list, direction, by(size));
            let all = list.rest(begin.clone());
            let (mut walk, mut count) = (begin, 0);
            while !is_at_the_end(&walk) {
                let place = walk.place(0);
                assert_eq!(problem(&mut walk, Problem::Other), Outcome::Fail(Failure::Request));
                assert_eq!(walk.place(0), place);
                assert_eq!(list.rest(Walk::new(place, direction, by(2))), all[count..]);
                resume(&mut walk);
                count += list.answer(&mut walk).unwrap().len();
            }
            assert_eq!(count, all.len());
        }
    }
}

#[test]
fn the_place_of_a_page_that_leads_nowhere_is_after_its_last_group_and_requests_it_again() {
    let long = "x".repeat(crate::cursor::MAX_CURSOR_BYTES + 1);
    for direction in DIRECTIONS {
        for (cursor, failure) in [
            (Some("given"), Failure::Loop),
            (Some(&*long), Failure::CursorTooLong(long.len())),
            (None, Failure::LinkWithoutCursor),
        ] {
            let mut walk = from(at(direction, "given"), by(2));
            yields_all(&mut walk, page(0..2).lead(direction, true, cursor));
            assert_eq!(fails(&mut walk), failure);
            let mut walk = Walk::new(walk.place(0), direction, by(2));
            asks(&mut walk, &at(direction, "given"));
            yields_nothing(&mut walk, &page(0..2).link(direction, "a"));
            asks(&mut walk, &at(direction, "a"));
        }
    }
}

#[test]
fn the_place_of_a_hundred_empty_pages_is_behind_them() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("0"));
    for n in 1..=100 {
        yields_all(&mut walk, empty().next(&n.to_string()));
    }
    assert_eq!(fails(&mut walk), Failure::NoProgress);
    asks(&mut Walk::new(walk.place(0), Forward, by(2)), &after("100"));
}

#[test]
fn the_place_of_an_empty_page_that_leads_nowhere_requests_it_again() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, empty().lead(Forward, true, None));
    assert_eq!(fails(&mut walk), Failure::LinkWithoutCursor);
    asks(&mut Walk::new(walk.place(0), Forward, by(2)), &after("a"));
}

#[test]
fn a_place_is_the_same_while_its_cursor_is_settled() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    let place = walk.place(0);
    invalid(&mut walk);
    assert_eq!(walk.place(0), place);
    problem(&mut walk, Problem::Other);
    assert_eq!(walk.place(0), place);
}

#[test]
fn a_place_is_the_same_while_it_is_sought() {
    let mut walk = from_start(by(3));
    yields_all(&mut walk, page(0..3).next("a"));
    for direction in DIRECTIONS {
        let place = walk.place(1);
        let mut walk = Walk::new(place.clone(), direction, by(1));
        yields_nothing(&mut walk, &page(0..1).next("b"));
        assert_eq!(walk.place(0), place);
        yields_nothing(&mut walk, &empty().next("c"));
        assert_eq!(walk.place(0), place);
    }
}

#[test]
fn the_end_of_the_list_is_the_same_place_whether_the_last_page_said_so_or_an_empty_one() {
    for direction in DIRECTIONS {
        let end = |pages: Vec<Page>| {
            let mut walk = towards(direction, by(2));
            for page in pages {
                yields(&mut walk, page);
            }
            assert!(is_at_the_end(&walk));
            walk.place(0)
        };
        let said = end(vec![page(0..2)]);
        assert_eq!(end(vec![page(0..2).cursor(direction, "a"), empty()]), said);
        assert_eq!(end(vec![page(0..2).link(direction, "a"), empty().link(direction, "b"), empty(), empty()]), said);
    }
}

#[test]
fn a_place_before_the_first_group_of_a_page_leads_to_that_page() {
    for direction in DIRECTIONS {
        let mut walk = towards(direction, adaptive());
        yields_all(&mut walk, page(0..2).link(direction, "a"));
        let first = if direction == Forward { START } else { before("given") };
        // The page is listed, not searched, so it is small.
        assert_eq!(request(&mut Walk::new(walk.place(2), direction, adaptive())), (first, 25));
        yields_all(&mut walk, page(2..4).link(direction, "b"));
        assert_eq!(request(&mut Walk::new(walk.place(2), direction, adaptive())), (at(direction, "a"), 25));
    }
}

#[test]
fn a_place_before_the_first_group_of_a_page_that_was_sought_is_the_place_that_was_sought() {
    let mut walk = from_start(by(5));
    yields_all(&mut walk, page(0..5).next("a"));
    let place = walk.place(2);
    let mut forward = Walk::new(place.clone(), Forward, by(5));
    assert_eq!(yields(&mut forward, page(0..5).next("a")), [3, 4]);
    assert_eq!(forward.place(2), place);

    let mut back = Walk::new(place, Backward, by(5));
    assert_eq!(yields(&mut back, page(0..5).next("a")), [0, 1, 2]);
    let mut again = back.reversed(3);
    assert_eq!(yields(&mut again, page(0..5).next("a")), [3, 4]);
}

#[test]
fn a_place_before_the_first_group_of_a_reversed_page_is_where_the_walk_was_reversed() {
    let mut walk = from_start(by(5));
    yields_all(&mut walk, page(0..5).next("4"));
    let mut back = walk.reversed(0);
    yields_all(&mut back, page(0..5).next("4"));
    let list = List((0..9).collect());
    assert_eq!(list.rest(Walk::new(back.place(5), Backward, by(3))), [4, 3, 2, 1, 0]);
    assert_eq!(list.rest(back.reversed(5)), [5, 6, 7, 8]);
}

#[test]
fn a_place_before_the_first_group_of_a_reversed_page_is_found_by_the_group_yielded_last() {
    let mut walk = from_start(by(3));
    yields_all(&mut walk, page(0..3));
    let place = walk.place(2);
    let mut back = walk.reversed(2);
    assert_eq!(yields(&mut back, page(0..3)), [0]);
    assert_eq!(back.place(1), place);
    // The group on the other side of the gap is gone by now.
    let mut resumed = Walk::new(back.place(1), Backward, by(3));
    assert_eq!(yields(&mut resumed, page([0, 2])), [0]);
}
