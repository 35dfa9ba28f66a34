//! The rules of the walk, one by one, on pages made by hand.

use std::ops::Range;

use super::*;
use crate::checkpoint::Beside;
use crate::page::{Cursors, Group};

fn groups(ids: Range<i64>) -> Vec<Group> {
    ids.map(|n| Group::new(n.to_string(), format!("group {n}"), n)).collect()
}

/// A page of these groups, with cursors and without links.
fn page(ids: Range<i64>, after: Option<&str>, before: Option<&str>) -> Page {
    Page::new(groups(ids), Cursors::new(after, before))
}

/// A page that leads on to `after`.
fn leads_to(after: &str, ids: Range<i64>) -> Page {
    page(ids, Some(after), None).has_next(true)
}

/// A page that leads back to `before`.
fn leads_back_to(before: &str, ids: Range<i64>) -> Page {
    page(ids, None, Some(before)).has_previous(true)
}

/// The last page of a list, as the API words it: still with a cursor, without a link.
fn last(ids: Range<i64>) -> Page {
    page(ids, Some("end"), Some("start"))
}

fn by(size: u32) -> Rules {
    Rules { sizing: Sizing::Fixed(PageSize::clamped(size)), max_groups: None, max_restarts: 3 }
}

fn adaptive() -> Rules {
    Rules { sizing: Sizing::adaptive(), max_groups: None, max_restarts: 3 }
}

fn at_most(count: usize, rules: Rules) -> Rules {
    Rules { max_groups: Some(count), ..rules }
}

fn after(cursor: &str) -> Position {
    Position::After(cursor.into())
}

fn before(cursor: &str) -> Position {
    Position::Before(cursor.into())
}

fn from_start(rules: Rules) -> Traversal {
    Traversal::new(&Checkpoint::start(), rules)
}

fn from(position: Position, rules: Rules) -> Traversal {
    Traversal::new(&Checkpoint::given(position), rules)
}

/// Three groups of the first page were yielded, "2" the last of them.
fn after_three_groups(heading: Direction) -> Checkpoint {
    let beside = Some(Beside::Passed("2".into()));
    Checkpoint { heading, place: Place::Middle(Mark { passed: 3, beside, ..Mark::before(Anchor::start()) }) }
}

fn expired() -> Error {
    Error::api(400, Some(131_059), "Invalid cursor")
}

fn invalid_cursors() -> Error {
    Error::api(400, Some(2642), "Invalid cursors values")
}

fn refuses_the_size() -> Error {
    Error::api(400, None, "limit exceeds 100")
}

fn asked(walk: &mut Traversal) -> PageRequest {
    match walk.next() {
        Next::Ask(request) => request,
        other => panic!("the walk does not ask: {other:?}"),
    }
}

fn asks(walk: &mut Traversal, position: &Position) {
    assert_eq!(asked(walk).position, *position);
}

fn asks_for(walk: &mut Traversal) -> u16 {
    asked(walk).limit.get()
}

fn fails(walk: &mut Traversal) -> Error {
    match walk.next() {
        Next::Fail(error) => error,
        other => panic!("the walk does not fail: {other:?}"),
    }
}

fn stops(walk: &mut Traversal) {
    let next = walk.next();
    assert!(matches!(next, Next::Stop), "the walk does not stop: {next:?}");
}

/// Gives the page, and takes the groups that the caller gets, in the server's order.
fn taken(walk: &mut Traversal, page: Page) -> Vec<Group> {
    let groups = walk.page(page).page.unwrap_or_default().groups;
    walk.yielding(&groups);
    groups
}

/// The same, told by their ids.
fn yields(walk: &mut Traversal, page: Page) -> Vec<i64> {
    taken(walk, page).iter().map(|group| group.id.parse().unwrap()).collect()
}

fn yields_all(walk: &mut Traversal, page: Page) {
    let expected = page.groups.clone();
    assert_eq!(taken(walk, page), expected);
}

fn is_end(leg: &Leg) -> bool {
    matches!(leg.step, Step::Past(Edge::End) | Step::Onto(Trail { edge: Edge::End, .. }))
}

// Promise 4: order, and where a walk begins.

#[test]
fn a_walk_begins_at_the_start_and_asks_the_same_until_it_is_answered() {
    let mut walk = from_start(by(2));
    asks(&mut walk, &Position::Start);
    asks(&mut walk, &Position::Start);
}

#[test]
fn a_walk_begins_at_the_callers_cursor_in_the_direction_that_the_cursor_was_given_for() {
    asks(&mut from(after("c"), by(2)), &after("c"));
    asks(&mut from(before("c"), by(2)), &before("c"));
}

#[test]
fn backward_from_the_start_and_forward_from_the_end_ask_nothing() {
    stops(&mut Traversal::new(&Checkpoint::start().reversed(), by(2)));
    stops(&mut Traversal::new(&Checkpoint { heading: Direction::Forward, place: Place::End(None) }, by(2)));
}

#[test]
fn a_refused_walk_fails_once_and_cannot_be_resumed() {
    let mut walk = Traversal::refused(Error::config("bad input"), by(2));
    assert_eq!(walk.size_hint(), (1, Some(1)));
    assert!(fails(&mut walk).is_config());
    walk.resume();
    stops(&mut walk);
}

#[test]
fn an_answer_that_nobody_asked_for_changes_nothing() {
    let mut walk = from_start(by(2));
    assert!(is_end(&walk.page(page(0..1, None, None))));
    assert!(walk.page(leads_to("c", 1..3)).page.is_none());
    assert!(matches!(walk.failed(expired()).step, Step::Past(Edge::Unknown)));
    stops(&mut walk);
}

// Promise 5: the end of the list.

/// What a page leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leads {
    On,
    ToTheEnd,
    ToAnError,
}
use Leads::{On, ToAnError, ToTheEnd};

const LINK: bool = true;
const CURSOR: bool = true;
const NO_LINK: bool = false;
const NO_CURSOR: bool = false;

/// Where a page leads that comes after one with a link (`seen`), or is the walk's first.
fn leads(direction: Direction, seen: bool, link: bool, cursor: bool, count: i64) -> Leads {
    let mut walk = match direction {
        Direction::Forward => from_start(by(2)),
        Direction::Backward => from(before("given"), by(2)),
    };
    if seen {
        let first = match direction {
            Direction::Forward => leads_to("first", 10..12),
            Direction::Backward => leads_back_to("first", 10..12),
        };
        yields_all(&mut walk, first);
    }
    let cursor = cursor.then_some("cursor");
    let leg = walk.page(match direction {
        Direction::Forward => page(0..count, cursor, Some("other")).has_next(link).has_previous(true),
        Direction::Backward => page(0..count, Some("other"), cursor).has_previous(link).has_next(true),
    });
    let end = is_end(&leg);
    match walk.next() {
        Next::Ask(request) => {
            assert_eq!(request.position, Position::from_cursor(direction, "cursor".into()));
            assert!(!end);
            On
        }
        Next::Fail(error) => {
            assert!(error.is_protocol() && !end, "{error}");
            ToAnError
        }
        Next::Stop => {
            assert!(end, "a walk that stops is at the end");
            ToTheEnd
        }
    }
}

#[test]
fn forward_a_link_means_more_whatever_the_size_of_the_page() {
    for seen in [false, true] {
        for count in [0, 1, 2, 3] {
            assert_eq!(leads(Direction::Forward, seen, LINK, CURSOR, count), On, "{seen} {count}");
        }
    }
}

#[test]
fn backward_a_link_means_more_whatever_the_size_of_the_page() {
    for seen in [false, true] {
        for count in [0, 1, 2, 3] {
            assert_eq!(leads(Direction::Backward, seen, LINK, CURSOR, count), On, "{seen} {count}");
        }
    }
}

#[test]
fn a_link_without_a_cursor_is_an_error_in_both_directions() {
    for direction in [Direction::Forward, Direction::Backward] {
        for seen in [false, true] {
            for count in [0, 1, 2] {
                assert_eq!(leads(direction, seen, LINK, NO_CURSOR, count), ToAnError, "{direction:?} {seen} {count}");
            }
        }
    }
}

#[test]
fn neither_link_nor_cursor_is_the_end_in_both_directions() {
    for direction in [Direction::Forward, Direction::Backward] {
        for seen in [false, true] {
            for count in [0, 1, 2] {
                assert_eq!(leads(direction, seen, NO_LINK, NO_CURSOR, count), ToTheEnd, "{direction:?} {seen} {count}");
            }
        }
    }
}

#[test]
fn a_missing_link_is_the_end_once_a_link_was_seen_even_after_a_full_page_with_a_cursor() {
    for direction in [Direction::Forward, Direction::Backward] {
        for count in [0, 1, 2, 3] {
            assert_eq!(leads(direction, true, NO_LINK, CURSOR, count), ToTheEnd, "{direction:?} {count}");
        }
    }
}

#[test]
fn forward_without_any_link_a_full_page_is_asked_on_and_a_shorter_one_is_the_end() {
    for (count, expected) in [(3, On), (2, On), (1, ToTheEnd), (0, ToTheEnd)] {
        assert_eq!(leads(Direction::Forward, false, NO_LINK, CURSOR, count), expected, "{count}");
    }
}

#[test]
fn backward_without_any_link_every_page_with_groups_is_asked_on_and_an_empty_one_is_the_end() {
    for (count, expected) in [(3, On), (2, On), (1, On), (0, ToTheEnd)] {
        assert_eq!(leads(Direction::Backward, false, NO_LINK, CURSOR, count), expected, "{count}");
    }
}

#[test]
fn a_link_in_the_other_direction_says_nothing_about_the_end_of_this_one() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2, Some("a"), Some("b")).has_previous(true));
    yields_all(&mut walk, page(2..4, Some("c"), Some("d")).has_previous(true));
    asks(&mut walk, &after("c"));
}

#[test]
fn the_page_of_one_group_has_equal_cursors_and_is_no_loop() {
    let one = |cursor: &str, n: i64| page(n..n + 1, Some(cursor), Some(cursor)).has_next(true).has_previous(true);
    let mut walk = from_start(by(1));
    yields_all(&mut walk, one("a", 0));
    yields_all(&mut walk, one("b", 1));
    asks(&mut walk, &after("b"));
}

#[test]
fn a_literal_null_or_empty_cursor_is_none_even_in_a_page_that_holds_one() {
    for text in ["", "null"] {
        let cursors = Cursors { after: Some(text.into()), before: None };
        let mut walk = from_start(by(2));
        yields_all(&mut walk, Page::new(groups(0..2), cursors.clone()));
        stops(&mut walk);

        let mut walk = from_start(by(2));
        yields_all(&mut walk, Page::new(groups(0..2), cursors).has_next(true));
        assert!(fails(&mut walk).is_protocol());
    }
}

#[test]
fn invalid_cursors_is_the_end_only_in_answer_to_a_request_that_no_link_called_for() {
    // Forward, after a full page without a link.
    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2, Some("a"), None));
    assert!(is_end(&walk.failed(invalid_cursors())));
    stops(&mut walk);

    // Backward, after a page without a link.
    let mut walk = from(before("given"), by(2));
    yields_all(&mut walk, page(0..2, None, Some("b")));
    assert!(is_end(&walk.failed(invalid_cursors())));
    stops(&mut walk);

    // Backward, where the caller's cursor points to the first group.
    let mut walk = from(before("given"), by(2));
    assert!(is_end(&walk.failed(invalid_cursors())));
    stops(&mut walk);
}

#[test]
fn invalid_cursors_is_an_error_where_a_link_or_the_caller_said_that_there_is_such_a_page() {
    let no_restart = || Rules { max_restarts: 0, ..by(2) };
    let mut linked = from_start(no_restart());
    yields_all(&mut linked, leads_to("a", 0..2));
    let mut linked_back = from(before("given"), no_restart());
    yields_all(&mut linked_back, leads_back_to("b", 0..2));
    for mut walk in [linked, linked_back, from(after("given"), no_restart()), from_start(no_restart())] {
        assert!(!is_end(&walk.failed(invalid_cursors())));
        assert!(fails(&mut walk).is_cursor_expired());
        stops(&mut walk);
    }
}

#[test]
fn an_expired_cursor_is_never_the_end() {
    for position in [after("given"), before("given")] {
        let mut walk = from(position, by(2));
        assert!(!is_end(&walk.failed(expired())));
        assert!(fails(&mut walk).is_cursor_expired());
    }
    let mut walk = from(after("given"), by(2));
    yields_all(&mut walk, page(0..2, Some("a"), None));
    assert!(!is_end(&walk.failed(expired())), "not even after a full page without a link");
    assert!(fails(&mut walk).is_cursor_expired());
}

#[test]
fn the_hundredth_empty_page_in_a_row_is_an_error_and_a_resumed_walk_asks_on() {
    let mut walk = from_start(by(2));
    for round in 0..2 {
        for n in 0..100 {
            assert!(matches!(walk.next(), Next::Ask(_)), "page {n} of round {round}");
            walk.page(leads_to(&format!("{round}-{n}"), 0..0));
        }
        assert!(fails(&mut walk).is_protocol());
        stops(&mut walk);
        walk.resume();
        asks(&mut walk, &after(&format!("{round}-99")));
    }
}

#[test]
fn a_page_with_groups_starts_the_count_of_empty_ones_again() {
    let mut walk = from_start(by(2));
    for n in 0..99 {
        walk.page(leads_to(&format!("a{n}"), 0..0));
    }
    yields_all(&mut walk, leads_to("groups", 0..1));
    for n in 0..99 {
        walk.page(leads_to(&format!("b{n}"), 0..0));
    }
    asks(&mut walk, &after("b98"));
}

#[test]
fn an_empty_page_in_the_middle_is_the_callers_and_one_that_only_says_the_end_is_not() {
    let mut walk = from_start(by(2));
    assert!(walk.page(leads_to("a", 0..0)).page.is_some());

    let mut walk = from_start(by(2));
    yields_all(&mut walk, page(0..2, Some("a"), None));
    assert!(walk.page(Page::default()).page.is_none());
    stops(&mut walk);
}

// Promise 6: no loops.

#[test]
fn a_cursor_sent_before_is_a_loop_after_the_groups_of_its_page_whatever_the_length_of_the_cycle() {
    for length in [1, 2, 3, 100] {
        for direction in [Direction::Forward, Direction::Backward] {
            let page = |cursor: &str, ids| match direction {
                Direction::Forward => leads_to(cursor, ids),
                Direction::Backward => leads_back_to(cursor, ids),
            };
            let mut walk = from(Position::from_cursor(direction, "0".into()), by(1));
            for n in 1..length {
                yields_all(&mut walk, page(&n.to_string(), n..n + 1));
            }
            yields_all(&mut walk, page("0", 0..1));
            assert!(fails(&mut walk).is_cursor_loop(), "{length} {direction:?}");
            stops(&mut walk);
        }
    }
}

#[test]
fn a_walk_that_turned_round_may_send_the_cursors_of_its_way_out() {
    let mark = Mark {
        passed: 1,
        beside: Some(Beside::Passed("5".into())),
        ..Mark::before(Anchor { position: after("e"), cause: Cause::Linked })
    };
    let mut walk = Traversal::new(&Checkpoint { heading: Direction::Backward, place: Place::Middle(mark) }, by(5));
    asks(&mut walk, &after("e"));
    assert_eq!(yields(&mut walk, page(5..10, Some("g"), Some("e")).has_previous(true)), [5]);
    asks(&mut walk, &before("e"));
}

#[test]
fn a_cursor_is_checked_before_it_is_sent_and_no_earlier() {
    let mut walk = from_start(at_most(2, by(2)));
    yields_all(&mut walk, leads_to("a", 0..1));
    yields_all(&mut walk, leads_to("a", 1..2));
    stops(&mut walk);
}

// A cursor beyond the bound.

#[test]
fn a_cursor_of_4_kib_is_sent_and_a_longer_one_is_an_error_that_does_not_echo_it() {
    let cursor = "x".repeat(MAX_CURSOR_BYTES);
    let mut walk = from_start(by(2));
    yields_all(&mut walk, leads_to(&cursor, 0..2));
    asks(&mut walk, &after(&cursor));

    let longer = format!("{cursor}x");
    let mut walk = from_start(by(2));
    yields_all(&mut walk, leads_to(&longer, 0..2));
    let error = fails(&mut walk);
    assert!(error.is_too_large());
    assert!(!format!("{error} {error:?}").contains("xxx"));
}

// Promise 2: an error is told once, and the walk goes on where it stood.

#[test]
fn a_failed_request_is_told_once_and_asked_again_after_resume_only() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, leads_to("a", 0..2));
    walk.failed(Error::transport("reset"));
    assert_eq!(walk.size_hint(), (1, Some(1)));
    assert!(fails(&mut walk).is_retryable());
    assert_eq!(walk.size_hint(), (0, Some(0)));
    stops(&mut walk);
    walk.resume();
    asks(&mut walk, &after("a"));
}

#[test]
fn resume_without_an_error_changes_nothing() {
    let mut walk = from_start(by(2));
    walk.resume();
    asks(&mut walk, &Position::Start);
    yields_all(&mut walk, last(0..1));
    walk.resume();
    stops(&mut walk);
}

#[test]
fn an_error_after_a_page_asks_that_page_again_and_skips_what_was_yielded() {
    let long = "x".repeat(MAX_CURSOR_BYTES + 1);
    let link_without_cursor = page(2..4, None, None).has_next(true);
    for broken in [leads_to("a", 2..4), leads_to(&long, 2..4), link_without_cursor] {
        let mut walk = from_start(by(4));
        yields_all(&mut walk, leads_to("a", 0..2));
        yields_all(&mut walk, broken);
        fails(&mut walk);
        walk.resume();
        asks(&mut walk, &after("a"));
        assert_eq!(yields(&mut walk, leads_to("b", 2..6)), [4, 5]);
        asks(&mut walk, &after("b"));
    }
}

#[test]
fn an_error_after_a_page_backward_asks_that_page_again_and_skips_what_was_yielded() {
    for broken in [leads_back_to("a", 2..4), page(2..4, None, None).has_previous(true)] {
        let mut walk = from(before("given"), by(4));
        yields_all(&mut walk, leads_back_to("a", 4..6));
        yields_all(&mut walk, broken);
        fails(&mut walk);
        walk.resume();
        asks(&mut walk, &before("a"));
        assert_eq!(yields(&mut walk, leads_back_to("b", 0..4)), [0, 1]);
        asks(&mut walk, &before("b"));
    }
}

#[test]
fn an_error_that_stays_comes_again_after_every_resume_and_nothing_is_yielded_twice() {
    let mut walk = from_start(by(4));
    yields_all(&mut walk, leads_to("a", 0..2));
    yields_all(&mut walk, leads_to("a", 2..4));
    for _ in 0..3 {
        assert!(fails(&mut walk).is_cursor_loop());
        walk.resume();
        assert_eq!(yields(&mut walk, leads_to("a", 2..4)), [0; 0]);
    }
    assert!(fails(&mut walk).is_cursor_loop());
}

// Promise 3: a place in a page, found again.

#[test]
fn a_place_is_found_at_its_index_even_where_ids_repeat() {
    let mut walk = Traversal::new(&after_three_groups(Direction::Forward), by(5));
    let mut twice = last(0..5);
    twice.groups[0].id = "2".into();
    assert_eq!(yields(&mut walk, twice), [3, 4]);
}

#[test]
fn a_neighbour_that_moved_is_found_elsewhere_on_the_page() {
    let mut walk = Traversal::new(&after_three_groups(Direction::Forward), by(5));
    assert_eq!(yields(&mut walk, last(1..6)), [3, 4, 5]);

    let mut walk = Traversal::new(&after_three_groups(Direction::Backward), by(5));
    assert_eq!(yields(&mut walk, last(1..6)), [1, 2]);
}

#[test]
fn a_neighbour_that_moved_to_a_later_page_is_found_there() {
    let mut walk = Traversal::new(&after_three_groups(Direction::Forward), by(4));
    assert_eq!(yields(&mut walk, leads_to("a", -7..-3)), [0; 0]);
    asks(&mut walk, &after("a"));
    assert_eq!(yields(&mut walk, leads_to("b", -3..1)), [0; 0]);
    asks(&mut walk, &after("b"));
    assert_eq!(yields(&mut walk, last(1..5)), [3, 4]);
    stops(&mut walk);
}

#[test]
fn a_walk_that_turned_round_finds_a_neighbour_that_moved_to_a_later_page() {
    let mut walk = Traversal::new(&after_three_groups(Direction::Backward), by(4));
    assert_eq!(yields(&mut walk, leads_to("a", -3..1)), [0; 0]);
    asks(&mut walk, &after("a"));
    assert_eq!(yields(&mut walk, page(1..5, None, Some("b")).has_previous(true)), [1, 2]);
    asks(&mut walk, &before("b"));
}

#[test]
fn a_neighbour_that_is_gone_repeats_its_page() {
    let without_2 = || Page::new([groups(0..2), groups(3..5)].concat(), Cursors::new(Some("a"), None)).has_next(true);
    let mut walk = Traversal::new(&after_three_groups(Direction::Forward), by(4));
    assert_eq!(yields(&mut walk, without_2()), [0; 0]);
    asks(&mut walk, &after("a"));
    assert_eq!(yields(&mut walk, last(5..7)), [0; 0]);
    asks(&mut walk, &Position::Start);
    assert_eq!(yields(&mut walk, without_2()), [0, 1, 3, 4]);
    asks(&mut walk, &after("a"));
}

#[test]
fn a_walk_that_turned_round_repeats_the_whole_page_of_a_neighbour_that_is_gone() {
    let without_2 = || Page::new([groups(0..2), groups(3..5)].concat(), Cursors::new(None, Some("s")));
    let mut walk = Traversal::new(&after_three_groups(Direction::Backward), by(5));
    assert_eq!(yields(&mut walk, without_2()), [0; 0]);
    asks(&mut walk, &Position::Start);
    assert_eq!(yields(&mut walk, without_2()), [0, 1, 3, 4]);
    stops(&mut walk);
}

#[test]
fn a_group_next_to_the_place_that_is_gone_repeats_nothing() {
    let without_3 = Page::new([groups(0..3), groups(4..6)].concat(), Cursors::default());
    let mut walk = Traversal::new(&after_three_groups(Direction::Forward), by(5));
    assert_eq!(yields(&mut walk, without_3), [4, 5]);
}

#[test]
fn a_search_past_the_end_ends_with_invalid_cursors_as_with_an_empty_page() {
    let without_2 = || Page::new([groups(0..2), groups(3..5)].concat(), Cursors::new(Some("a"), Some("s")));
    for heading in [Direction::Forward, Direction::Backward] {
        let mut walk = Traversal::new(&after_three_groups(heading), by(4));
        assert_eq!(yields(&mut walk, without_2()), [0; 0]);
        asks(&mut walk, &after("a"));
        walk.failed(invalid_cursors());
        asks(&mut walk, &Position::Start);
        assert_eq!(yields(&mut walk, without_2()), [0, 1, 3, 4], "{heading:?}");
    }
}

#[test]
fn a_cursor_that_expires_during_a_search_is_an_error() {
    let mut walk = Traversal::new(&after_three_groups(Direction::Forward), by(2));
    yields(&mut walk, leads_to("a", 10..12));
    walk.failed(expired());
    assert!(fails(&mut walk).is_cursor_expired());
}

#[test]
fn a_search_that_goes_round_in_a_cycle_is_a_loop() {
    let mut walk = Traversal::new(&after_three_groups(Direction::Forward), by(2));
    yields(&mut walk, leads_to("a", 10..12));
    yields(&mut walk, leads_to("b", 12..14));
    yields(&mut walk, leads_to("a", 10..12));
    assert!(fails(&mut walk).is_cursor_loop());
}

#[test]
fn a_place_at_the_end_of_a_page_goes_on_without_asking_for_the_page_again() {
    let Checkpoint { heading, place: Place::Middle(mark) } = after_three_groups(Direction::Forward) else {
        panic!("the place is in the middle")
    };
    let then = Some(Anchor { position: after("a"), cause: Cause::Linked });
    let place = Place::Middle(Mark { then, ..mark });
    asks(&mut Traversal::new(&Checkpoint { heading, place: place.clone() }, by(5)), &after("a"));

    let turned = Checkpoint { heading: Direction::Backward, place };
    asks(&mut Traversal::new(&turned, by(5)), &Position::Start);
}

// Promise 7: an expired cursor heals.

#[test]
fn an_expired_cursor_starts_again_and_skips_what_was_yielded() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, leads_to("a", 0..2));
    walk.failed(expired());
    assert_eq!(walk.restarts(), 1);
    asks(&mut walk, &Position::Start);
    // A new group came first, so that the page holds one known group and one new one.
    assert_eq!(yields(&mut walk, leads_to("b", -1..1)), [-1]);
    asks(&mut walk, &after("b"));
    assert_eq!(yields(&mut walk, leads_to("c", 1..3)), [2]);
    assert_eq!(yields(&mut walk, last(3..4)), [3]);
    stops(&mut walk);
}

#[test]
fn a_page_of_nothing_but_known_groups_is_passed_and_counts_as_no_empty_page() {
    let mut walk = from_start(by(1));
    for n in 0..150 {
        yields_all(&mut walk, leads_to(&n.to_string(), n..n + 1));
    }
    walk.failed(expired());
    for n in 0..150 {
        asked(&mut walk);
        assert!(walk.page(leads_to(&format!("new {n}"), n..n + 1)).page.is_none());
    }
    asks(&mut walk, &after("new 149"));
}

#[test]
fn a_walk_that_started_again_may_send_the_same_cursors_again() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, leads_to("a", 0..2));
    yields_all(&mut walk, leads_to("b", 2..4));
    walk.failed(expired());
    yields(&mut walk, leads_to("a", 0..2));
    asks(&mut walk, &after("a"));
    assert_eq!(yields(&mut walk, leads_to("b", 2..4)), [0; 0]);
    asks(&mut walk, &after("b"));
}

#[test]
fn a_walk_starts_again_max_restarts_times_and_resume_grants_as_many_again() {
    let mut walk = from_start(Rules { max_restarts: 2, ..by(2) });
    yields_all(&mut walk, leads_to("a", 0..2));
    for round in 1..=3 {
        for _ in 0..2 {
            walk.failed(expired());
            asks(&mut walk, &Position::Start);
            assert_eq!(yields(&mut walk, leads_to("a", 0..2)), [0; 0]);
            asks(&mut walk, &after("a"));
        }
        walk.failed(expired());
        assert!(fails(&mut walk).is_cursor_expired());
        assert_eq!(walk.restarts(), 2 * round);
        walk.resume();
        asks(&mut walk, &after("a"));
    }
}

#[test]
fn what_was_yielded_between_two_restarts_is_skipped_too() {
    let mut walk = from_start(by(2));
    yields_all(&mut walk, leads_to("a", 0..2));
    walk.failed(expired());
    assert_eq!(yields(&mut walk, leads_to("b", 1..3)), [2]);
    walk.failed(expired());
    assert_eq!(yields(&mut walk, last(0..4)), [3]);
}

#[test]
fn an_expired_cursor_is_an_error_where_the_walk_did_not_begin_at_the_start_or_may_not_restart() {
    let mut never = from_start(Rules { max_restarts: 0, ..by(2) });
    yields_all(&mut never, leads_to("a", 0..2));
    let mut turned = Traversal::new(&after_three_groups(Direction::Backward), by(5));
    yields(&mut turned, leads_to("a", -7..-3));
    let mut saved = Traversal::new(&after_three_groups(Direction::Forward), by(5));
    yields(&mut saved, leads_to("a", 0..5));
    for mut walk in [never, turned, saved, from(after("given"), by(2)), from(before("given"), by(2))] {
        walk.failed(expired());
        assert!(fails(&mut walk).is_cursor_expired());
        assert_eq!(walk.restarts(), 0);
    }
}

#[test]
fn an_expired_cursor_in_answer_to_the_start_is_an_error_since_there_was_no_cursor() {
    let mut walk = from_start(by(2));
    walk.failed(expired());
    assert!(fails(&mut walk).is_cursor_expired());
}

// Promise 8: the page size, and the number of groups.

#[test]
fn the_first_page_is_of_25_groups_and_the_others_of_1024() {
    let mut walk = from_start(adaptive());
    assert_eq!(asks_for(&mut walk), 25);
    yields_all(&mut walk, leads_to("a", 0..25));
    assert_eq!(asks_for(&mut walk), 1024);
    yields_all(&mut walk, leads_to("b", 25..1049));
    assert_eq!(asks_for(&mut walk), 1024);
}

#[test]
fn a_refused_size_asks_the_same_page_by_100_then_by_25_and_stays_there() {
    let mut walk = from_start(adaptive());
    yields_all(&mut walk, leads_to("a", 0..25));
    for smaller in [100, 25] {
        walk.failed(refuses_the_size());
        asks(&mut walk, &after("a"));
        assert_eq!(asks_for(&mut walk), smaller);
    }
    yields_all(&mut walk, leads_to("b", 25..50));
    assert_eq!(asks_for(&mut walk), 25);
    yields_all(&mut walk, leads_to("c", 50..75));
    assert_eq!(asks_for(&mut walk), 25);
}

#[test]
fn a_size_refused_at_its_smallest_is_an_error() {
    for error in [refuses_the_size(), Error::api(413, None, "Too Large")] {
        let mut walk = from_start(adaptive());
        walk.failed(error);
        assert!(fails(&mut walk).is_api());
    }
}

#[test]
fn a_fixed_size_is_never_changed_its_refusal_is_an_error_and_resume_asks_the_same() {
    let mut walk = from_start(by(1024));
    walk.failed(refuses_the_size());
    assert_eq!(fails(&mut walk).status(), Some(400));
    walk.resume();
    assert_eq!(asks_for(&mut walk), 1024);
}

#[test]
fn the_end_of_a_list_of_full_pages_depends_on_the_size_that_was_asked() {
    // 25 groups are a full first page, and a short second one.
    let mut walk = from_start(adaptive());
    yields_all(&mut walk, page(0..25, Some("a"), None));
    asks(&mut walk, &after("a"));
    yields_all(&mut walk, page(25..50, Some("b"), None));
    stops(&mut walk);
}

#[test]
fn invalid_cursors_are_no_refusal_of_the_size() {
    let mut walk = from_start(adaptive());
    yields_all(&mut walk, page(0..25, Some("a"), None));
    assert!(is_end(&walk.failed(invalid_cursors())));
}

#[test]
fn the_last_request_asks_for_what_is_left() {
    let mut walk = from_start(at_most(5, by(2)));
    for (limit, ids, cursor) in [(2, 0..2, "a"), (2, 2..4, "b"), (1, 4..5, "c")] {
        assert_eq!(asks_for(&mut walk), limit);
        yields_all(&mut walk, leads_to(cursor, ids));
    }
    stops(&mut walk);
}

#[test]
fn no_groups_at_all_ask_nothing() {
    for mut walk in [
        from_start(at_most(0, by(2))),
        from(before("given"), at_most(0, by(2))),
        Traversal::new(&after_three_groups(Direction::Backward), at_most(0, by(2))),
    ] {
        assert_eq!(walk.size_hint(), (0, Some(0)));
        stops(&mut walk);
    }
}

#[test]
fn a_page_with_more_groups_than_asked_is_cut_to_what_is_left_in_both_directions() {
    let mut walk = from_start(at_most(2, by(2)));
    assert_eq!(yields(&mut walk, leads_to("a", 0..5)), [0, 1]);
    stops(&mut walk);

    let mut walk = from(before("given"), at_most(2, by(2)));
    assert_eq!(yields(&mut walk, leads_back_to("a", 0..5)), [3, 4]);
    stops(&mut walk);
}

#[test]
fn the_last_group_wanted_is_not_the_end_of_the_list_unless_it_is_its_last() {
    let mut walk = from_start(at_most(2, by(5)));
    assert!(!is_end(&walk.page(last(0..3))));
    let mut walk = from_start(at_most(2, by(2)));
    assert!(!is_end(&walk.page(leads_to("a", 0..2))));
    let mut walk = from_start(at_most(2, by(5)));
    assert!(is_end(&walk.page(page(0..2, None, None))));
}

#[test]
fn a_search_asks_for_what_is_skipped_and_what_is_left() {
    for (left, size, limit) in [(2, by(10), 5), (2, by(4), 4), (2, adaptive(), 5), (2_000, adaptive(), 1024)] {
        let mut walk = Traversal::new(&after_three_groups(Direction::Forward), at_most(left, size));
        assert_eq!(asks_for(&mut walk), limit);
    }
}

#[test]
fn a_search_across_pages_still_asks_for_what_is_left_and_no_more() {
    let mut walk = Traversal::new(&after_three_groups(Direction::Forward), at_most(1, by(2)));
    assert_eq!(asks_for(&mut walk), 2);
    yields(&mut walk, leads_to("a", 0..2));
    assert_eq!(asks_for(&mut walk), 2);
    assert_eq!(yields(&mut walk, leads_to("b", 2..4)), [3]);
    stops(&mut walk);
}

#[test]
fn a_neighbour_that_moved_is_searched_by_whole_pages_however_few_groups_are_left() {
    let mut walk = Traversal::new(&after_three_groups(Direction::Forward), at_most(1, adaptive()));
    assert_eq!(asks_for(&mut walk), 4);
    yields(&mut walk, leads_to("a", 10..14));
    assert_eq!(asks_for(&mut walk), 1024);
    assert_eq!(yields(&mut walk, last(0..9)), [3]);
    stops(&mut walk);
}

#[test]
fn a_walk_that_started_again_asks_for_whole_pages_and_yields_no_more_than_is_left() {
    let mut walk = from_start(at_most(3, by(2)));
    yields_all(&mut walk, leads_to("a", 0..2));
    assert_eq!(asks_for(&mut walk), 1);
    walk.failed(expired());
    assert_eq!(asks_for(&mut walk), 2);
    assert_eq!(yields(&mut walk, leads_to("a", 0..2)), [0; 0]);
    assert_eq!(yields(&mut walk, leads_to("b", 2..4)), [2]);
    stops(&mut walk);
}

#[test]
fn a_walk_that_goes_on_elsewhere_keeps_its_sizes_its_restarts_and_what_is_left() {
    let mut walk = from_start(at_most(60, adaptive()));
    yields_all(&mut walk, leads_to("a", 0..25));
    walk.failed(expired());
    yields(&mut walk, leads_to("b", 0..25));
    walk.failed(refuses_the_size());
    // Five groups of the page never reached the caller.
    let on = walk.restart_at(&Checkpoint::given(after("c")), 5);
    assert_eq!(on.restarts(), 1);
    assert_eq!(on.size_hint(), (0, Some(40)));
}
