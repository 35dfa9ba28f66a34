//! Places in a list that has changed. The cursors point to groups, unless it says otherwise.

use gupshup_groups::testing::{CursorAnswer, Dialect, FakeGroups};
use gupshup_groups::{Checkpoint, ListGroups};

use crate::support::{all, drain, groups, numbered, numbers, take};

/// A list of twelve groups, and the place after the first eight, in the second page.
fn place_in_the_middle() -> (FakeGroups, Checkpoint) {
    let fake = FakeGroups::new(groups(12)).dialect(Dialect::graph_api());
    let mut stream = ListGroups::from_source(fake.clone()).page_size(5).stream();
    take(&mut stream, 8);
    (fake, stream.checkpoint())
}

fn resumed(fake: &FakeGroups, place: Checkpoint) -> Vec<String> {
    let found = all(ListGroups::from_source(fake.clone()).page_size(5).resume(place).stream());
    found.into_iter().map(|group| group.id).collect()
}

#[test]
fn a_place_whose_last_group_was_deleted_lists_its_page_again() {
    let (fake, place) = place_in_the_middle();
    fake.delete("7");
    assert_eq!(resumed(&fake, place), ["5", "6", "8", "9", "10", "11"]);
}

#[test]
fn a_reversed_place_whose_last_group_was_deleted_begins_at_the_end_of_the_list() {
    let (fake, place) = place_in_the_middle();
    fake.delete("7");
    assert_eq!(resumed(&fake, place.reversed()), ["11", "10", "9", "8", "6", "5", "4", "3", "2", "1", "0"]);
}

#[test]
fn a_place_whose_last_group_was_deleted_is_never_lost_however_the_server_words_the_end() {
    use CursorAnswer::{EmptyPage, Invalid};
    for (next_links, past_the_end) in [(true, Invalid), (true, EmptyPage), (false, Invalid), (false, EmptyPage)] {
        let dialect = Dialect::graph_api().next_links(next_links).past_the_end(past_the_end);
        let fake = FakeGroups::new(groups(11)).dialect(dialect);
        let mut stream = ListGroups::from_source(fake.clone()).page_size(5).stream();
        take(&mut stream, 3);
        fake.delete("2");
        let rest = ["0", "1", "3", "4", "5", "6", "7", "8", "9", "10"];
        assert_eq!(resumed(&fake, stream.checkpoint()), rest, "{next_links} {past_the_end:?}");
    }
}

#[test]
fn a_place_whose_last_group_moved_continues_just_after_it() {
    let (fake, place) = place_in_the_middle();
    fake.delete("7");
    fake.insert(6, numbered(7));
    assert_eq!(resumed(&fake, place.clone()), ["6", "8", "9", "10", "11"], "moved within its page");
    assert_eq!(resumed(&fake, place.clone().reversed())[..2], ["7", "5"]);

    fake.delete("7");
    fake.insert(11, numbered(7));
    assert_eq!(resumed(&fake, place.clone()), [""; 0], "moved to the list's end");
    assert_eq!(resumed(&fake, place.reversed())[..3], ["7", "11", "10"]);
}

#[test]
fn groups_created_before_a_place_on_the_first_page_do_not_move_it() {
    let fake = FakeGroups::new(groups(12)).dialect(Dialect::graph_api());
    let mut stream = ListGroups::from_source(fake.clone()).page_size(5).stream();
    take(&mut stream, 3);
    for n in 100..107 {
        fake.create(numbered(n));
    }
    assert_eq!(resumed(&fake, stream.checkpoint()), numbers(3, 11));
    let back = ["2", "1", "0", "100", "101", "102", "103", "104", "105", "106"];
    assert_eq!(resumed(&fake, stream.checkpoint().reversed()), back);
}

#[test]
fn a_place_whose_next_group_was_deleted_repeats_nothing() {
    let (fake, place) = place_in_the_middle();
    fake.delete("8");
    assert_eq!(resumed(&fake, place.clone()), ["9", "10", "11"]);
    assert_eq!(resumed(&fake, place.reversed()), numbers(7, 0));
}

#[test]
fn a_rename_does_not_move_a_place() {
    let (fake, place) = place_in_the_middle();
    fake.rename("7", "another subject");
    assert_eq!(resumed(&fake, place), ["8", "9", "10", "11"]);
}

#[test]
fn a_place_whose_cursor_was_invalidated_is_an_error_and_never_a_part_of_the_list() {
    let (fake, place) = place_in_the_middle();
    fake.delete("4");
    let (found, error) = drain(&mut ListGroups::from_source(fake).resume(place).stream());
    assert!(found.is_empty());
    assert!(error.expect("the page of the place cannot be asked for").is_cursor_expired());
}
