//! The place of a walk that has restarted: behind everything that was yielded before.

use super::support::*;
use crate::walk::{Anchor, Failure, Gap, Outcome, PageSize, Place, Problem, Walk, hash};

/// What a walk from this place yields of the list.
fn rest(list: &List, place: Place) -> Vec<i64> {
    list.rest(Walk::new(place, Forward, by(3)))
}

#[test]
fn a_place_after_a_restart_is_behind_the_last_group_yielded_until_the_walk_has_passed_it() {
    let list = List((0..6).collect());
    let mut walk = from_start(by(2));
    list.answer(&mut walk);
    list.answer(&mut walk);
    restarts(&mut walk);
    for yielded in [4, 4, 4, 6] {
        assert_eq!(rest(&list, walk.place(0)), list.0[yielded..]);
        list.answer(&mut walk);
    }
    assert!(is_at_the_end(&walk));
}

#[test]
fn a_place_after_a_restart_says_how_far_away_the_last_group_yielded_is_expected() {
    let gap = |position, offset| {
        let anchor = Some(Anchor::Before(hash("5")));
        Place::Middle(Gap { offset, anchor, ..Gap::before(position, PageSize::clamped(3)) })
    };
    let mut walk = from_start(by(3));
    yields_all(&mut walk, page(0..3).next("a"));
    yields_all(&mut walk, page(3..6).next("b"));
    restarts(&mut walk);
    assert_eq!(walk.place(0), gap(START, 6));
    yields_nothing(&mut walk, &page(0..2).next("c"));
    // On this page or a later one, seen from this page, because it is requested again.
    assert_eq!(walk.place(0), gap(START, 6));
    yields_nothing(&mut walk, &page(2..4).next("d"));
    assert_eq!(walk.place(0), gap(after("c"), 4));
    assert_eq!(yields(&mut walk, page(4..7).next("e")), [6]);
    assert_eq!(walk.place(1), gap(after("d"), 2));
}

#[test]
fn a_place_after_a_restart_holds_the_size_of_the_page_that_was_read_last() {
    let mut walk = from_start(adaptive());
    yields_all(&mut walk, page(0..3).next("a"));
    restarts(&mut walk);
    problem(&mut walk, Problem::TooLarge);
    yields_nothing(&mut walk, &page(0..2).next("b"));
    let Place::Middle(gap) = walk.place(0) else { panic!("not in the middle") };
    assert_eq!(gap.size, PageSize::clamped(100));
}

#[test]
fn a_place_goes_on_without_its_page_as_soon_as_the_walk_has_passed_the_last_group_yielded() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    restarts(&mut walk);
    yields_nothing(&mut walk, &page(0..1).next("b"));
    asks(&mut Walk::new(walk.place(0), Forward, by(2)), &START);
    yields_nothing(&mut walk, &page(1..2).next("c"));
    asks(&mut Walk::new(walk.place(0), Forward, by(2)), &after("c"));
}

#[test]
fn a_place_after_a_restart_before_any_group_is_the_start() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, empty().next("a"));
    restarts(&mut walk);
    assert_eq!(walk.place(0), Place::Start);
    yields_all(&mut walk, page(0..2));
    ends(&mut walk);
}

#[test]
fn a_place_after_a_restart_is_behind_the_last_group_yielded_also_after_new_groups_before_it() {
    let list = List(vec![7, 0, 8, 1, 2, 9, 3, 4]);
    let mut walk = from_start(by(4));
    yields_all(&mut walk, page(0..4).next("a"));
    restarts(&mut walk);
    assert_eq!(list.answer(&mut walk), Some(vec![7, 8]));
    // Whether the caller has got both, one or none of them: 3 is the last one yielded of those that were there before.
    for remaining in 0..=2 {
        assert_eq!(rest(&list, walk.place(remaining)), [4], "{remaining}");
    }
    assert_eq!(list.answer(&mut walk), Some(vec![9, 4]));
    assert_eq!(rest(&list, walk.place(1)), [4]);
    assert!(is_at_the_end(&walk));
}

#[test]
fn a_place_behind_a_new_group_that_comes_after_the_last_one_yielded_before_is_there() {
    let list = List(vec![0, 1, 8, 2, 3]);
    let mut walk = from_start(by(4));
    yields_all(&mut walk, page(0..2).next("a"));
    restarts(&mut walk);
    assert_eq!(list.answer(&mut walk), Some(vec![8, 2]));
    assert_eq!(rest(&list, walk.place(2)), [8, 2, 3]);
    assert_eq!(rest(&list, walk.place(1)), [2, 3]);
    assert_eq!(rest(&list, walk.place(0)), [3]);
}

#[test]
fn a_failure_after_a_restart_is_behind_the_last_group_yielded() {
    let list = List((0..6).collect());
    for failure in [Problem::Other, Problem::TooLarge] {
        let mut walk = from_start(by(2));
        list.answer(&mut walk);
        list.answer(&mut walk);
        restarts(&mut walk);
        assert_eq!(problem(&mut walk, failure), Outcome::Fail(Failure::Request));
        assert_eq!(rest(&list, walk.place(0)), [4, 5]);
        resume(&mut walk);
        list.answer(&mut walk);
        assert_eq!(problem(&mut walk, failure), Outcome::Fail(Failure::Request));
        assert_eq!(rest(&list, walk.place(0)), [4, 5]);
        resume(&mut walk);
        assert_eq!(list.rest(walk), [4, 5]);
    }
}

#[test]
fn a_page_that_leads_nowhere_after_a_restart_is_behind_the_last_group_yielded() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, page(2..4).next("b"));
    restarts(&mut walk);
    yields_nothing(&mut walk, &page(0..2).lead(Forward, true, None));
    assert_eq!(fails(&mut walk), Failure::LinkWithoutCursor);
    assert_eq!(rest(&List((0..6).collect()), walk.place(0)), [4, 5]);
}

#[test]
fn the_places_of_several_restarts_are_behind_the_furthest_group_yielded() {
    // Pages are longer now, and a new group is the first: the last group of the page is the furthest that was yielded.
    let list = List(vec![-1, 0, 1, 2, 3]);
    let mut walk = from_start(by(3));
    yields_all(&mut walk, page(0..2).next("a"));
    restarts(&mut walk);
    assert_eq!(list.answer(&mut walk), Some(vec![-1]));
    assert_eq!(rest(&list, walk.place(0)), [2, 3]);
    restarts(&mut walk);
    assert_eq!(rest(&list, walk.place(0)), [2, 3]);
    assert_eq!(list.answer(&mut walk), Some(vec![]));
    assert_eq!(rest(&list, walk.place(0)), [2, 3]);

    // The walk has not reached that place when it restarts again.
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, page(2..3).next("b"));
    restarts(&mut walk);
    assert_eq!(list.answer(&mut walk), Some(vec![-1]));
    restarts(&mut walk);
    assert_eq!(rest(&list, walk.place(0)), [3]);
}

#[test]
fn a_place_behind_a_group_that_is_gone_repeats_what_the_page_holds_and_loses_nothing() {
    let list = List(vec![0, 2, 3, 4]);
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    restarts(&mut walk);
    // 1 is gone, so nothing tells the walk that it has passed it.
    assert_eq!(list.answer(&mut walk), Some(vec![2]));
    assert_eq!(rest(&list, walk.place(0)), [0, 2, 3, 4]);
    assert_eq!(list.answer(&mut walk), Some(vec![3, 4]));
    assert!(is_at_the_end(&walk));
}

/// Whatever was created and deleted before a restart, and wherever: each place leads to every group that was not yielded,
/// and to none that was, unless the last group yielded before the restart is gone.
#[test]
fn a_place_after_a_restart_leads_to_what_was_not_yielded_and_to_nothing_else() {
    let before = List((0..6).collect());
    for size in 1..=4 {
        for pages in 1..=4 {
            for gone in 0..6 {
                for new in 0..=6 {
                    let mut list = before.clone();
                    list.0.insert(new, 9);
                    list.0.retain(|id| *id != gone);
                    check_places(&before, &list, size, pages, gone);
                }
            }
        }
    }
}

fn check_places(before: &List, list: &List, size: u32, pages: usize, gone: i64) {
    let mut walk = from_start(by(size));
    let mut got: Vec<i64> = (0..pages).filter_map(|_| before.answer(&mut walk)).flatten().collect();
    if is_at_the_end(&walk) {
        return;
    }
    let repeats = got.last() == Some(&gone);
    restarts(&mut walk);
    while let Some(ids) = list.answer(&mut walk) {
        for (index, id) in ids.iter().enumerate() {
            assert!(!got.contains(id));
            got.push(*id);
            let rest = rest(list, walk.place(ids.len() - index - 1));
            let missing = list.0.iter().find(|id| !got.contains(id) && !rest.contains(id) && **id != 9);
            assert_eq!(missing, None, "{list:?} by {size}: {got:?}, then {rest:?}");
            let repeated = rest.iter().find(|id| got.contains(id));
            assert!(repeats || repeated.is_none(), "{list:?} by {size}: {got:?}, then {rest:?}");
        }
    }
    assert!(list.0.iter().all(|id| got.contains(id)));
}

#[test]
fn the_offset_of_a_place_counts_all_groups_of_the_page_also_where_some_were_left_out() {
    let mut walk = from_start(by(5));
    yields_all(&mut walk, page(0..2).next("a"));
    restarts(&mut walk);
    assert_eq!(yields(&mut walk, page([0, 1, 9, 2]).lead(Forward, true, None)), [9, 2]);
    assert_eq!(fails(&mut walk), Failure::LinkWithoutCursor);
    resume(&mut walk);
    // It is sought on its page, and two groups are before it.
    assert_eq!(yields(&mut walk, page([0, 7, 1, 8, 9, 2, 3, 4]).next("b")), [3, 4]);
    let Place::Middle(Gap { offset, .. }) = walk.place(1) else { panic!("not in the middle") };
    assert_eq!(offset, 7);
    assert_eq!(yields(&mut Walk::new(walk.place(1), Forward, by(9)), page([0, 7, 1, 8, 9, 2, 3, 4])), [4]);
}

#[test]
fn a_changed_page_that_has_given_a_refused_cursor_keeps_the_place_behind_what_was_yielded() {
    // The page is longer now, and its last group yielded has moved.
    let list = List(vec![0, 8, 1, 2, 3]);
    let mut walk = from_start(by(4));
    yields_all(&mut walk, page(0..2).next("a"));
    invalid(&mut walk);
    assert_eq!(list.answer(&mut walk), Some(vec![8, 2]));
    assert_eq!(rest(&list, walk.place(2)), [2, 3]);
    assert_eq!(rest(&list, walk.place(1)), [2, 3]);
    assert_eq!(rest(&list, walk.place(0)), [3]);
}

#[test]
fn a_changed_page_after_a_restart_keeps_the_place_behind_the_last_group_yielded_before_it() {
    let list = List(vec![0, 1, 9, 2, 3, 4, 5, 6]);
    let mut walk = from_start(by(3));
    yields_all(&mut walk, page(0..3).next("a"));
    yields_all(&mut walk, page(3..6).next("b"));
    restarts(&mut walk);
    yields_nothing(&mut walk, &page(0..3).next("c"));
    invalid(&mut walk);
    assert_eq!(list.answer(&mut walk), Some(vec![9]));
    for remaining in 0..=1 {
        assert_eq!(rest(&list, walk.place(remaining)), [6], "{remaining}");
    }
}

#[test]
fn a_changed_page_that_is_still_empty_keeps_the_place_behind_the_last_group_yielded() {
    let list = List(vec![0, 1]);
    let mut walk = from_start(by(1));
    yields_all(&mut walk, page([0]).next("a"));
    yields_all(&mut walk, empty().next("b"));
    invalid(&mut walk);
    asks(&mut walk, &after("a"));
    yields_nothing(&mut walk, &empty().next("c"));
    asks(&mut walk, &after("c"));
    restarts(&mut walk);
    assert_eq!(rest(&list, walk.place(0)), [1]);
}

#[test]
fn a_changed_page_that_was_empty_repeats_nothing_from_its_places() {
    let list = List((0..6).collect());
    let mut walk = from_start(by(2));
    list.answer(&mut walk);
    yields_all(&mut walk, empty().next("b"));
    invalid(&mut walk);
    asks(&mut walk, &after("1"));
    assert_eq!(list.answer(&mut walk), Some(vec![2, 3]));
    assert_eq!(rest(&list, walk.place(1)), [3, 4, 5]);
    assert_eq!(rest(&list, walk.place(0)), [4, 5]);
}
