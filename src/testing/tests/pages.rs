//! The pages and cursors of the default dialect.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

#[test]
fn a_walk_by_hand_sees_the_exact_list_forward_and_its_pages_again_backward() {
    for count in 0..=7 {
        for limit in 1..=9 {
            let fake = FakeGroups::new(groups(count));
            let (seen, pages) = walk_forward(&fake, limit);
            assert_eq!(seen, groups(count), "{count} groups by {limit}");
            assert_eq!(pages.len(), count.div_ceil(limit as usize).max(1), "{count} groups by {limit}");

            let last = pages.last().unwrap();
            let mut back = walk_backward(&fake, last, limit);
            back.reverse();
            let mut seen: Vec<_> = back.iter().flat_map(|page| page.groups.clone()).collect();
            seen.extend(last.groups.clone());
            assert_eq!(seen, groups(count), "{count} groups by {limit}, backward");
            assert!(
                back.iter().skip(1).all(|page| page.groups.len() == limit as usize),
                "only the first page is short"
            );
        }
    }
}

#[test]
fn a_walk_from_any_group_sees_what_follows_it_and_what_comes_before_it() {
    let all = groups(7);
    let fake = FakeGroups::new(all.clone());
    for at in 0..7 {
        let cursor = fake.cursor_at(&all[at].id).unwrap();
        for limit in 1..=8 {
            let most = limit as usize;
            let page = ask(&fake, Position::After(cursor.clone()), limit).unwrap();
            assert_eq!(page.groups, all[at + 1..(at + 1 + most).min(7)], "after {at} by {limit}");
            assert_eq!(page.has_next, at + 1 + most < 7);
            assert_eq!(page.has_previous, !page.groups.is_empty());

            let page = ask(&fake, Position::Before(cursor.clone()), limit).unwrap();
            assert_eq!(page.groups, all[at.saturating_sub(most)..at], "before {at} by {limit}");
            assert_eq!(page.has_previous, at > most);
            assert_eq!(page.has_next, !page.groups.is_empty());
        }
    }
    assert_eq!(fake.cursor_at("nobody"), None);
}

#[test]
fn the_cursors_of_a_page_point_at_its_last_and_its_first_group() {
    let fake = FakeGroups::new(groups(5));
    let page = ask(&fake, Position::Start, 3).unwrap();
    assert_eq!(page.cursors.after, fake.cursor_at("id2"));
    assert_eq!(page.cursors.before, fake.cursor_at("id0"));

    let one = ask(&fake, Position::Start, 1).unwrap();
    assert_eq!(one.cursors.after, one.cursors.before);
}

#[test]
fn the_last_page_has_an_after_cursor_and_no_next_and_past_it_is_an_empty_page() {
    let fake = FakeGroups::new(groups(2));
    let last = ask(&fake, Position::Start, 2).unwrap();
    assert!(!last.has_next && !last.has_previous);
    assert_eq!(ask(&fake, after(&last), 2).unwrap(), Page::default());
    assert_eq!(ask(&fake, before(&last), 2).unwrap(), Page::default());
}

#[test]
fn a_cursor_whose_group_was_deleted_is_refused_and_the_others_stay_valid() {
    let fake = FakeGroups::new(groups(4));
    let first = ask(&fake, Position::Start, 2).unwrap();
    assert!(fake.delete("id1"));
    let error = ask(&fake, after(&first), 2).unwrap_err();
    assert_eq!((error.status(), error.api_code()), (Some(400), Some(131_059)));
    assert!(error.is_cursor_expired());

    let others = ask(&fake, Position::After(fake.cursor_at("id0").unwrap()), 2).unwrap();
    assert_eq!(ids(&others.groups), ["id2", "id3"]);
}

#[test]
fn a_group_created_again_under_its_id_does_not_make_its_cursors_valid() {
    let fake = FakeGroups::new(groups(2));
    let cursor = fake.cursor_at("id1").unwrap();
    fake.delete("id1");
    fake.create(Group::new("id1", "Again", 1_700_000_060));
    assert!(ask(&fake, Position::After(cursor), 2).unwrap_err().is_cursor_expired());
}

#[test]
fn a_text_that_never_was_a_cursor_is_refused_with_2642() {
    let fake = FakeGroups::new(groups(2)).dialect(Dialect::graph_api());
    let not_created_yet = r#"{"item":2,"versionId":0}"#;
    let version_to_come = r#"{"item":0,"versionId":1}"#;
    let of_another_kind = r#"{"offset":0,"versionId":0}"#;
    let encoded = [not_created_yet, version_to_come, of_another_kind].map(|text| STANDARD.encode(text));
    for text in ["", "null", "nonsense", "QVFIUlJ"].into_iter().chain(encoded.iter().map(String::as_str)) {
        let error = ask(&fake, Position::After(text.into()), 2).unwrap_err();
        assert_eq!((error.status(), error.api_code()), (Some(400), Some(2642)), "{text:?}");
    }
}
