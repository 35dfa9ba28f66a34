//! What establishes the end of the list. The number of groups on a page says nothing.

use super::support::*;
use crate::cursor::Direction;
use crate::walk::{Failure, Kept, Outcome, Place, Rules, Walk};

/// A page, and what is known when it arrives. Two groups were requested.
#[expect(clippy::struct_excessive_bools, reason = "each is a dimension of the table")]
#[derive(Clone, Copy, Debug)]
struct Case {
    direction: Direction,
    groups: i64,
    link: bool,
    cursor: bool,
    /// The server has sent a link in this direction before.
    linked: bool,
    /// The end is to be confirmed.
    confirm: bool,
}

/// Where a page leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leads {
    On,
    ToTheEnd,
    ToAnError,
}
use Leads::{On, ToAnError, ToTheEnd};

fn every_case() -> impl Iterator<Item = Case> {
    let bools = [false, true];
    DIRECTIONS.into_iter().flat_map(move |direction| {
        (0..4).flat_map(move |groups| {
            bools.into_iter().flat_map(move |link| {
                bools.into_iter().flat_map(move |cursor| {
                    bools.into_iter().flat_map(move |linked| {
                        bools.map(|confirm| Case { direction, groups, link, cursor, linked, confirm })
                    })
                })
            })
        })
    })
}

/// In these cases, and there are some, the page leads there.
#[track_caller]
fn lead(cases: impl Fn(&Case) -> bool, expected: Leads) {
    let mut count = 0;
    for case in every_case().filter(cases) {
        assert_eq!(leads(case), expected, "{case:?}");
        count += 1;
    }
    assert!(count > 0);
}

fn leads(case: Case) -> Leads {
    let Case { direction, groups, link, cursor, linked, confirm } = case;
    let mut walk = towards(direction, Rules { confirm_end: confirm, ..by(2) });
    if linked {
        yields_all(&mut walk, page(10..12).link(direction, "first"));
    }
    let cursor = cursor.then_some("cursor");
    // What the page says of the other direction is of no account.
    let page = page(0..groups).lead(direction, link, cursor).link(direction.reversed(), "other");
    if groups == 0 && !link && (linked || confirm) {
        asks_once_more(&mut walk, &page);
    }
    yields_all(&mut walk, page);
    let (pulled, at_the_end) = (walk.pull(), is_at_the_end(&walk));
    match pulled {
        Ok(Some((position, _))) => {
            assert_eq!(position, at(direction, "cursor"));
            assert!(!at_the_end);
            On
        }
        Err(failure) => {
            assert_eq!(failure, Failure::LinkWithoutCursor);
            assert!(!at_the_end);
            ToAnError
        }
        Ok(None) => {
            assert!(at_the_end);
            ToTheEnd
        }
    }
}

#[test]
fn a_link_means_more_whatever_the_number_of_groups() {
    lead(|case| case.link && case.cursor, On);
}

#[test]
fn a_link_without_a_cursor_is_an_error() {
    lead(|case| case.link && !case.cursor, ToAnError);
}

#[test]
fn a_page_without_link_and_cursor_is_the_end() {
    lead(|case| !case.link && !case.cursor, ToTheEnd);
}

#[test]
fn an_empty_page_without_a_link_is_the_end() {
    lead(|case| !case.link && case.groups == 0, ToTheEnd);
}

#[test]
fn a_missing_link_is_the_end_where_the_server_has_sent_one_before() {
    lead(|case| !case.link && case.linked && !case.confirm, ToTheEnd);
}

#[test]
fn a_missing_link_is_not_the_end_where_the_server_has_sent_none() {
    lead(|case| !case.link && case.cursor && !case.linked && case.groups > 0, On);
}

#[test]
fn a_missing_link_is_not_the_end_where_the_end_is_to_be_confirmed() {
    lead(|case| !case.link && case.cursor && case.confirm && case.groups > 0, On);
}

#[test]
fn an_empty_page_confirms_the_end_and_is_not_the_callers() {
    for direction in DIRECTIONS {
        for nothing in [empty(), empty().cursor(direction, "b")] {
            let mut walk = towards(direction, by(2));
            yields_all(&mut walk, page(0..2).cursor(direction, "a"));
            assert!(!is_at_the_end(&walk));
            asks(&mut walk, &at(direction, "a"));
            yields_nothing(&mut walk, &nothing);
            ends(&mut walk);
            assert!(is_at_the_end(&walk));
        }
    }
}

#[test]
fn groups_on_the_page_that_should_confirm_the_end_go_on() {
    for direction in DIRECTIONS {
        let mut walk = towards(direction, by(2));
        yields_all(&mut walk, page(0..2).cursor(direction, "a"));
        yields_all(&mut walk, page(2..4).cursor(direction, "b"));
        asks(&mut walk, &at(direction, "b"));
        yields_all(&mut walk, page(4..5));
        ends(&mut walk);
    }
}

#[test]
fn a_link_that_comes_late_counts_from_then_on() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).after("a"));
    yields_all(&mut walk, page(2..4).next("b"));
    yields_all(&mut walk, page(4..6).after("c"));
    ends(&mut walk);
}

#[test]
fn a_link_in_the_other_direction_says_nothing_about_the_end_of_this_one() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).after("a").previous("b"));
    yields_all(&mut walk, page(2..4).after("c").previous("d"));
    asks(&mut walk, &after("c"));
}

#[test]
fn a_link_on_an_empty_page_counts_as_one() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, empty().next("a"));
    yields_all(&mut walk, page(0..2).after("b"));
    ends(&mut walk);
}

#[test]
fn an_empty_page_in_the_middle_is_the_callers() {
    let mut walk = from_start(by(2));
    for cursor in ["a", "b"] {
        assert_eq!(answer(&mut walk, &empty().next(cursor)), Outcome::Yield(Kept::Run(0..0)));
    }
    yields_all(&mut walk, page(0..2));
}

#[test]
fn an_empty_page_that_a_link_announced_is_the_callers_also_where_it_is_the_last() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    asks_once_more(&mut walk, &empty());
    assert_eq!(answer(&mut walk, &empty()), Outcome::Yield(Kept::Run(0..0)));
    ends(&mut walk);
}

#[test]
fn an_empty_page_that_a_link_announced_is_the_end_only_if_it_is_empty_twice() {
    for direction in DIRECTIONS {
        for nothing in [empty(), empty().cursor(direction, "x")] {
            let linked = || {
                let mut walk = towards(direction, by(2));
                yields_all(&mut walk, page(0..2).link(direction, "a"));
                asks_once_more(&mut walk, &nothing);
                assert!(!is_at_the_end(&walk));
                walk
            };
            let mut walk = linked();
            yields(&mut walk, nothing.clone());
            assert!(is_at_the_end(&walk));
            ends(&mut walk);

            // It was empty once: the list goes on.
            let mut walk = linked();
            yields_all(&mut walk, page(2..4).link(direction, "b"));
            asks(&mut walk, &at(direction, "b"));
            // The next page has its own second request.
            asks_once_more(&mut walk, &nothing);
            yields_all(&mut walk, page(4..6));
            ends(&mut walk);
        }
    }
}

#[test]
fn an_empty_page_with_a_link_is_not_requested_once_more() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2).next("a"));
    yields_all(&mut walk, empty().next("b"));
    asks(&mut walk, &after("b"));
}

#[test]
fn an_empty_page_that_begins_a_listing_is_requested_once_more_where_the_end_is_to_be_confirmed() {
    for begin in [from_start, |rules| from(after("given"), rules), |rules| from(before("given"), rules)] {
        let mut walk = begin(Rules { confirm_end: true, ..by(2) });
        asks_once_more(&mut walk, &empty());
        yields_all(&mut walk, page(0..2));
        ends(&mut walk);

        let mut walk = begin(Rules { confirm_end: true, ..by(2) });
        asks_once_more(&mut walk, &empty());
        assert_eq!(answer(&mut walk, &empty()), Outcome::Yield(Kept::Run(0..0)));
        assert!(is_at_the_end(&walk));

        let mut walk = begin(by(2));
        assert_eq!(answer(&mut walk, &empty()), Outcome::Yield(Kept::Run(0..0)));
        assert!(is_at_the_end(&walk));
    }
}

#[test]
fn a_saved_place_knows_whether_a_link_announced_its_page() {
    for direction in DIRECTIONS {
        for link in [false, true] {
            let mut walk = towards(direction, by(2));
            yields_all(&mut walk, page(0..2).lead(direction, link, Some("a")));
            let mut walk = Walk::new(walk.place(0), direction, by(2));
            if link {
                asks_once_more(&mut walk, &empty());
            }
            yields(&mut walk, empty());
            assert!(is_at_the_end(&walk));
        }
    }
}

#[test]
fn a_saved_place_before_a_page_that_was_there_doubts_that_it_is_empty() {
    for direction in DIRECTIONS {
        let mut walk = towards(direction, by(2));
        yields_all(&mut walk, page(0..2).cursor(direction, "a"));
        yields_all(&mut walk, page(2..4).cursor(direction, "b"));
        let mut walk = Walk::new(walk.place(2), direction, by(2));
        asks(&mut walk, &at(direction, "a"));
        asks_once_more(&mut walk, &empty());
        yields_all(&mut walk, page(2..4).cursor(direction, "b"));
    }
}

#[test]
fn the_end_after_empty_pages_alone_is_the_end_of_an_empty_list() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, empty().next("a"));
    assert!(matches!(walk.place(0), Place::Middle(_)));
    asks_once_more(&mut walk, &empty());
    yields_all(&mut walk, empty());
    assert!(is_at_the_end(&walk));
    ends(&mut walk);
}

#[test]
fn the_hundredth_empty_page_in_a_row_is_an_error_and_a_resumed_walk_requests_the_next() {
    for direction in DIRECTIONS {
        let mut walk = towards(direction, by(2));
        for round in 0..2 {
            for n in 0..100 {
                request(&mut walk);
                yields_all(&mut walk, empty().link(direction, &format!("{round}-{n}")));
            }
            assert_eq!(fails(&mut walk), Failure::NoProgress);
            resume(&mut walk);
            asks(&mut walk, &at(direction, &format!("{round}-99")));
        }
    }
}

#[test]
fn a_hundredth_empty_page_that_is_the_last_is_the_end() {
    let mut walk = from_start(by(2));
    for n in 1..100 {
        yields_all(&mut walk, empty().next(&n.to_string()));
    }
    asks_once_more(&mut walk, &empty());
    yields_all(&mut walk, empty());
    ends(&mut walk);
}

#[test]
fn a_page_with_groups_starts_the_count_of_empty_ones_again() {
    let mut walk = from_start(by(2));
    for n in 0..99 {
        yields_all(&mut walk, empty().next(&format!("a{n}")));
    }
    yields_all(&mut walk, page(0..1).next("groups"));
    for n in 0..99 {
        yields_all(&mut walk, empty().next(&format!("b{n}")));
    }
    asks(&mut walk, &after("b98"));
}
