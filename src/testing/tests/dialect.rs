//! What each setting of the dialect changes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

#[test]
fn an_empty_list_is_one_empty_page_in_every_dialect() {
    let dialect = Dialect::default().past_the_end(CursorAnswer::Invalid).empty_page_every(1);
    for fake in [FakeGroups::new([]), FakeGroups::new([]).dialect(dialect)] {
        assert_eq!(ask(&fake, Position::Start, 25).unwrap(), Page::default());
    }
}

#[test]
fn past_either_end_is_error_2642_where_the_dialect_says_so() {
    let fake = FakeGroups::new(groups(2)).dialect(Dialect::default().past_the_end(CursorAnswer::Invalid));
    let page = ask(&fake, Position::Start, 2).unwrap();
    for position in [after(&page), before(&page)] {
        let error = ask(&fake, position, 2).unwrap_err();
        assert_eq!((error.status(), error.api_code()), (Some(400), Some(2642)));
    }
}

#[test]
fn links_are_not_sent_where_the_dialect_says_so() {
    let fake = FakeGroups::new(groups(3)).dialect(Dialect::default().next_links(false));
    let middle = ask(&fake, Position::After(fake.cursor_at("id0").unwrap()), 1).unwrap();
    assert!(!middle.has_next && middle.has_previous);

    let fake = FakeGroups::new(groups(3)).dialect(Dialect::default().previous_links(false));
    let middle = ask(&fake, Position::After(fake.cursor_at("id0").unwrap()), 1).unwrap();
    assert!(middle.has_next && !middle.has_previous);
}

#[test]
fn cursors_that_lead_off_the_list_are_left_out_where_the_dialect_says_so() {
    let fake = FakeGroups::new(groups(3)).dialect(Dialect::default().cursors_at_the_ends(false));
    let (_, pages) = walk_forward(&fake, 1);
    let sent: Vec<_> = pages.iter().map(|page| (page.cursors.before.is_some(), page.cursors.after.is_some())).collect();
    assert_eq!(sent, [(false, true), (true, true), (true, false)]);
}

#[test]
fn every_nth_page_follows_an_empty_one_with_a_link() {
    let shapes: [(u32, &[usize]); 5] = [
        (0, &[2, 2, 2, 1]),
        (1, &[0, 2, 0, 2, 0, 2, 0, 1]),
        (2, &[2, 0, 2, 2, 0, 1]),
        (4, &[2, 2, 2, 0, 1]),
        (5, &[2, 2, 2, 1]),
    ];
    for (every, shape) in shapes {
        let fake = FakeGroups::new(groups(7)).dialect(Dialect::default().empty_page_every(every));
        let (seen, pages) = walk_forward(&fake, 2);
        assert_eq!(seen, groups(7));
        let sizes: Vec<_> = pages.iter().map(|page| page.groups.len()).collect();
        assert_eq!(sizes, shape, "every {every}");
        for page in pages.iter().filter(|page| page.groups.is_empty()) {
            assert!(page.has_next && page.cursors.after == page.cursors.before);
        }
        assert!(!pages.last().unwrap().groups.is_empty(), "an empty page never ends the list");
    }
}

#[test]
fn an_empty_page_has_cursors_in_both_directions() {
    let fake = FakeGroups::new(groups(4)).dialect(Dialect::default().empty_page_every(2));
    let first = ask(&fake, Position::Start, 2).unwrap();
    let empty = ask(&fake, after(&first), 2).unwrap();
    assert!(empty.groups.is_empty() && empty.has_next && empty.has_previous);
    assert_eq!(ids(&ask(&fake, after(&empty), 2).unwrap().groups), ["id2", "id3"]);
    assert_eq!(ids(&ask(&fake, before(&empty), 2).unwrap().groups), ["id0", "id1"]);
}

#[test]
fn a_walk_backward_through_empty_pages_sees_every_group() {
    for every in 1..=3 {
        let fake = FakeGroups::new(groups(7)).dialect(Dialect::default().empty_page_every(every));
        let (_, pages) = walk_forward(&fake, 2);
        let mut back = walk_backward(&fake, pages.last().unwrap(), 2);
        back.reverse();
        let seen: Vec<_> = back.iter().flat_map(|page| page.groups.clone()).collect();
        assert_eq!(seen, groups(6), "every {every}");
    }
}

#[test]
fn no_empty_page_is_sent_in_a_direction_without_links() {
    let fake = FakeGroups::new(groups(3)).dialect(Dialect::default().next_links(false).empty_page_every(1));
    let page = ask(&fake, Position::Start, 1).unwrap();
    assert_eq!(ids(&page.groups), ["id0"]);
}

#[test]
fn every_change_expires_all_cursors_if_asked() {
    let fake = FakeGroups::new(groups(3)).dialect(Dialect::default().expire_cursors_on_change(true));
    let first = ask(&fake, Position::Start, 1).unwrap();
    assert!(fake.rename("id0", "Renamed"));
    assert!(ask(&fake, after(&first), 1).is_ok(), "a new subject is no change of the list");
    fake.create(Group::new("new", "New", 1_700_000_060));
    assert_eq!(ask(&fake, after(&first), 1).unwrap_err().api_code(), Some(131_059));

    let first = ask(&fake, Position::Start, 1).unwrap();
    assert!(!fake.delete("nobody"));
    assert!(ask(&fake, after(&first), 1).is_ok());
    fake.delete("id2");
    assert_eq!(ask(&fake, after(&first), 1).unwrap_err().api_code(), Some(131_059));
}

#[test]
fn a_limit_over_the_maximum_is_refused_without_a_code() {
    let fake = FakeGroups::new(groups(3)).dialect(Dialect::default().refuse_page_size_above(2));
    let error = ask(&fake, Position::Start, 3).unwrap_err();
    assert_eq!((error.status(), error.api_code()), (Some(400), None));
    assert_eq!(error.api_message(), Some("limit exceeds 2"));
    assert_eq!(ask(&fake, Position::Start, 2).unwrap().groups.len(), 2);
}

#[test]
fn clamped_pages_are_shorter_than_requested_and_have_links() {
    let fake = FakeGroups::new(groups(5)).dialect(Dialect::default().clamp_page_size(1..=2));
    let (seen, pages) = walk_forward(&fake, 1024);
    assert_eq!((seen, pages.len()), (groups(5), 3));
}

/// Base64 of a cursor's text.
fn text(cursor: &Cursor) -> String {
    String::from_utf8(STANDARD.decode(cursor.as_str()).unwrap()).unwrap()
}

fn offsets() -> Dialect {
    Dialect::default().expire_cursors_on_change(false)
}

#[test]
fn offset_cursors_lead_to_every_group_of_a_list_that_stays_both_ways() {
    for dialect in [offsets(), offsets().empty_page_every(2)] {
        for limit in 1..=6 {
            let fake = FakeGroups::new(groups(5)).dialect(dialect.clone());
            let (seen, pages) = walk_forward(&fake, limit);
            assert_eq!(seen, groups(5));
            let last = pages.last().unwrap();
            let mut back = walk_backward(&fake, last, limit);
            back.reverse();
            let seen: Vec<_> = back.iter().chain([last]).flat_map(|page| page.groups.clone()).collect();
            assert_eq!(seen, groups(5));
        }
    }
}

#[test]
fn an_offset_cursor_says_the_index_and_the_version_and_is_the_same_at_both_ends_of_one_group() {
    let fake = FakeGroups::new(groups(3)).dialect(offsets());
    let first = ask(&fake, Position::Start, 1).unwrap();
    let second = ask(&fake, after(&first), 1).unwrap();
    assert_eq!(text(second.cursors.after.as_ref().unwrap()), r#"{"offset":1,"versionId":0}"#);
    assert_eq!(second.cursors.after, second.cursors.before);
}

#[test]
fn an_offset_cursor_skips_a_group_after_a_deletion_and_repeats_one_after_a_creation() {
    let fake = FakeGroups::new(groups(4)).dialect(offsets());
    let first = ask(&fake, Position::Start, 2).unwrap();
    fake.delete("id0");
    assert_eq!(ids(&ask(&fake, after(&first), 2).unwrap().groups), ["id3"]);
    fake.create(Group::new("new", "New", 1_700_000_060));
    fake.create(Group::new("newer", "Newer", 1_700_000_060));
    assert_eq!(ids(&ask(&fake, after(&first), 2).unwrap().groups), ["id1", "id2"]);
}

#[test]
fn an_offset_past_a_list_that_shrank_is_past_the_end() {
    let fake = FakeGroups::new(groups(4)).dialect(offsets().past_the_end(CursorAnswer::Invalid));
    let cursor = fake.cursor_at("id3").unwrap();
    fake.delete("id1");
    fake.delete("id2");
    assert_eq!(ask(&fake, Position::After(cursor.clone()), 2).unwrap_err().api_code(), Some(2642));
    assert_eq!(ids(&ask(&fake, Position::Before(cursor), 1).unwrap().groups), ["id3"]);
}

#[test]
fn an_offset_of_a_version_is_refused_once_the_version_has_changed() {
    let fake = FakeGroups::new(groups(3)).dialect(offsets().expire_cursors_on_change(true));
    let first = ask(&fake, Position::Start, 1).unwrap();
    assert!(ask(&fake, after(&first), 1).is_ok());
    fake.delete("id2");
    assert!(ask(&fake, after(&first), 1).unwrap_err().is_cursor_expired());
    let first = ask(&fake, Position::Start, 1).unwrap();
    assert_eq!(text(first.cursors.after.as_ref().unwrap()), r#"{"offset":0,"versionId":1}"#);
}

#[test]
fn a_stale_cursor_is_answered_as_the_dialect_says() {
    for answer in [CursorAnswer::Expired, CursorAnswer::Invalid, CursorAnswer::EmptyPage] {
        let fake = FakeGroups::new(groups(3)).dialect(Dialect::default().stale_cursor(answer));
        let page = ask(&fake, Position::Start, 1).unwrap();
        fake.delete("id0");
        let code = match ask(&fake, after(&page), 1) {
            Ok(page) => {
                assert_eq!(page, Page::default());
                None
            }
            Err(error) => error.api_code(),
        };
        let expected = match answer {
            CursorAnswer::EmptyPage => None,
            CursorAnswer::Invalid => Some(2642),
            CursorAnswer::Expired => Some(131_059),
        };
        assert_eq!(code, expected);
    }
}

#[test]
fn a_range_of_page_sizes_sends_more_than_asked_below_it_and_less_above_it() {
    let fake = FakeGroups::new(groups(9)).dialect(Dialect::default().clamp_page_size(2..=4));
    for (asked, sent) in [(1, 2), (2, 2), (3, 3), (4, 4), (5, 4), (1024, 4)] {
        let page = ask(&fake, Position::Start, asked).unwrap();
        assert_eq!((page.groups.len(), page.has_next), (sent, true), "{asked} asked");
    }
}

#[test]
fn an_impossible_range_of_page_sizes_still_holds_a_group() {
    #[expect(clippy::reversed_empty_ranges, reason = "a caller can write it")]
    for (range, sent) in [(0..=0, 1), (3..=1, 3)] {
        let fake = FakeGroups::new(groups(9)).dialect(Dialect::default().clamp_page_size(range));
        assert_eq!(ask(&fake, Position::Start, 2).unwrap().groups.len(), sent);
    }
}

#[test]
fn the_link_is_left_out_where_the_page_was_clamped_and_the_cursors_are_not() {
    let dialect = Dialect::default().clamp_page_size(1..=2).links_at_the_clamp(false);
    let fake = FakeGroups::new(groups(6)).dialect(dialect);
    let whole = ask(&fake, Position::Start, 2).unwrap();
    assert!(whole.has_next);
    let cut = ask(&fake, after(&whole), 3).unwrap();
    assert_eq!((cut.groups.len(), cut.has_next, cut.has_previous), (2, false, true));
    let last = ask(&fake, after(&cut), 2).unwrap();
    let back = ask(&fake, before(&last), 3).unwrap();
    assert_eq!((back.groups.len(), back.has_next, back.has_previous), (2, true, false));
}

#[test]
fn a_dialect_that_is_set_in_the_middle_of_a_walk_holds_from_the_next_request_on() {
    let fake = FakeGroups::new(groups(3));
    let first = ask(&fake, Position::Start, 1).unwrap();
    fake.dialect(Dialect::default().next_links(false));
    let second = ask(&fake, after(&first), 1).unwrap();
    assert!(first.has_next && !second.has_next);
}

#[test]
fn an_inclusive_cursor_repeats_its_group() {
    for dialect in [Dialect::default(), offsets()] {
        let fake = FakeGroups::new(groups(5)).dialect(dialect.inclusive_cursors(true));
        let first = ask(&fake, Position::Start, 2).unwrap();
        let second = ask(&fake, after(&first), 3).unwrap();
        assert_eq!(ids(&second.groups), ["id1", "id2", "id3"]);
        assert_eq!(ids(&ask(&fake, before(&second), 2).unwrap().groups), ["id0", "id1"]);
        assert_eq!(ask(&fake, after(&first), 1).unwrap().cursors.after, first.cursors.after);
    }
}

#[test]
fn an_empty_page_past_either_end_has_the_cursor_that_was_sent_if_asked() {
    let fake = FakeGroups::new(groups(2)).dialect(Dialect::default().echo_cursors(true));
    let page = ask(&fake, Position::Start, 2).unwrap();
    for position in [after(&page), before(&page)] {
        let past = ask(&fake, position.clone(), 2).unwrap();
        assert!(past.groups.is_empty() && !past.has_next && !past.has_previous);
        assert_eq!((past.cursors.after.as_ref(), past.cursors.before.as_ref()), (position.cursor(), position.cursor()));
    }
}

#[test]
fn a_server_that_ignores_cursors_sends_the_first_page_with_a_new_one_each_time() {
    let fake = FakeGroups::new(groups(3)).dialect(Dialect::default().ignore_cursors(true));
    let mut cursors = Vec::new();
    let mut position = Position::Start;
    for _ in 0..5 {
        let page = ask(&fake, position, 2).unwrap();
        assert_eq!(ids(&page.groups), ["id0", "id1"]);
        assert!(page.has_next && !cursors.contains(&page.cursors.after));
        position = after(&page);
        cursors.push(page.cursors.after);
    }
}

#[test]
fn forgotten_cursors_are_refused_until_a_page_has_them_again() {
    let fake = FakeGroups::new(groups(3));
    let first = ask(&fake, Position::Start, 1).unwrap();
    let second = ask(&fake, after(&first), 1).unwrap();
    fake.forget_cursors();
    for position in [after(&first), after(&second), before(&second)] {
        assert_eq!(ask(&fake, position, 1).unwrap_err().api_code(), Some(2642));
    }
    assert_eq!(ask(&fake, Position::Start, 1).unwrap(), first);
    assert_eq!(ask(&fake, after(&first), 1).unwrap(), second);
    assert!(ask(&fake, after(&second), 1).is_ok());
}
