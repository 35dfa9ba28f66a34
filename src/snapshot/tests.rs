use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn group(id: &str, subject: &str) -> Group {
    Group::new(id, subject, 1_700_000_000)
}

fn snapshot(groups: &[(&str, &str)]) -> Snapshot {
    Snapshot::new(groups.iter().map(|(id, subject)| group(id, subject)).collect())
}

#[test]
fn changes_come_created_then_renamed_and_changed_then_removed_each_in_list_order() {
    let older = snapshot(&[("z", "removed"), ("a", "old"), ("y", "removed too"), ("b", "same"), ("c", "old too")]);
    let newer = Snapshot::new(vec![
        group("n", "new"),
        group("c", "new name"),
        group("b", "same"),
        Group::new("a", "old", 7),
        group("m", "new too"),
    ]);
    assert_eq!(
        newer.changes_since(&older),
        [
            Change::Created(group("n", "new")),
            Change::Created(group("m", "new too")),
            Change::Renamed { before: group("c", "old too"), after: group("c", "new name") },
            Change::Changed { before: group("a", "old"), after: Group::new("a", "old", 7) },
            Change::Removed(group("z", "removed")),
            Change::Removed(group("y", "removed too")),
        ],
    );
}

#[test]
fn a_group_that_only_moved_has_not_changed() {
    let older = snapshot(&[("a", "A"), ("b", "B")]);
    let newer = snapshot(&[("b", "B"), ("a", "A")]);
    assert_eq!(newer.changes_since(&older), []);
    assert_ne!(newer, older);
}

#[test]
fn a_corrected_creation_time_is_a_change_of_its_own_and_no_rename_and_no_removal() {
    for subject in ["A", "B"] {
        let (before, after) = (Group::new("a", "A", 1), Group::new("a", subject, 2));
        let changes = Snapshot::new(vec![after.clone()]).changes_since(&Snapshot::new(vec![before.clone()]));
        assert_eq!(changes, [Change::Changed { before, after }]);
        assert_eq!(changes[0].group().creation_timestamp, 2);
    }
}

#[test]
fn of_groups_with_one_id_the_first_stays() {
    let list = snapshot(&[("a", "first"), ("b", "B"), ("a", "second"), ("c", "C")]);
    assert_eq!(list, snapshot(&[("a", "first"), ("b", "B"), ("c", "C")]));
    assert_eq!(list.get("a"), Some(&group("a", "first")));
}

#[test]
fn ids_are_case_sensitive() {
    let list = snapshot(&[("Ab=", "one"), ("ab=", "another")]);
    assert_eq!(list.len(), 2);
    assert_eq!(list.get("ab="), Some(&group("ab=", "another")));
    assert_eq!(list.get("AB="), None);
}

#[test]
fn it_is_saved_as_a_version_and_the_groups_in_order() {
    let list = snapshot(&[("b", "B"), ("a", "A")]);
    let text = serde_json::to_string(&list).unwrap();
    assert_eq!(
        text,
        r#"{"version":1,"groups":[{"id":"b","subject":"B","creation_timestamp":1700000000},"#.to_owned()
            + r#"{"id":"a","subject":"A","creation_timestamp":1700000000}]}"#,
    );
    let read: Snapshot = serde_json::from_str(&text).unwrap();
    assert_eq!(read, list);
    assert_eq!(read.get("a"), Some(&group("a", "A")));
}

#[test]
fn a_saved_form_with_an_id_twice_collapses_when_it_is_read() {
    let group = r#"{"id":"a","subject":"A","creation_timestamp":1}"#;
    let read: Snapshot = serde_json::from_str(&format!(r#"{{"version":1,"groups":[{group},{group}]}}"#)).unwrap();
    assert_eq!(read.len(), 1);
}

#[test]
fn a_saved_form_that_may_lack_groups_is_refused() {
    for text in ["", "null", "[]", "{}", r#"{"version":1}"#, r#"{"groups":[]}"#, r#"{"version":1,"groups":["#] {
        assert!(serde_json::from_str::<Snapshot>(text).is_err(), "{text}");
    }
    let error = serde_json::from_str::<Snapshot>(r#"{"version":2,"groups":{}}"#).unwrap_err();
    assert!(
        error.to_string().starts_with("invalid value: integer `2`, expected version 1 of a saved snapshot"),
        "{error}"
    );
}

#[test]
fn a_change_is_saved_under_its_name() {
    let change = Change::Renamed { before: group("a", "A"), after: group("a", "B") };
    let text = serde_json::to_string(&change).unwrap();
    assert!(text.starts_with(r#"{"renamed":{"before":{"id":"a","#), "{text}");
    assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change);
    let change = Change::Changed { before: group("a", "A"), after: Group::new("a", "A", 1) };
    let text = serde_json::to_string(&change).unwrap();
    assert!(text.starts_with(r#"{"changed":{"before":{"id":"a","#), "{text}");
    assert_eq!(serde_json::from_str::<Change>(&text).unwrap(), change);
}

#[test]
fn debug_shows_how_many_groups_and_none_of_them() {
    assert_eq!(format!("{:?}", snapshot(&[("a", "A"), ("b", "B")])), "Snapshot { groups: 2, .. }");
}

/// What applying a change does to a table of groups by id. Panics where the change does not fit the table.
fn apply(table: &mut BTreeMap<String, Group>, change: Change) {
    match change {
        Change::Created(group) => assert_eq!(table.insert(group.id.clone(), group), None),
        Change::Renamed { before, after } | Change::Changed { before, after } => {
            assert_eq!(before.id, after.id);
            assert_eq!(table.insert(after.id.clone(), after.clone()), Some(before.clone()));
            assert_ne!(before, after);
        }
        Change::Removed(group) => assert_eq!(table.remove(&group.id), Some(group)),
    }
}

/// The groups of a listing by id, the first of each: what a snapshot should hold, written naively.
fn table(listing: &[Group]) -> BTreeMap<String, Group> {
    listing.iter().rev().map(|group| (group.id.clone(), group.clone())).collect()
}

/// Any listing of few ids, so that they repeat and meet.
fn listing() -> impl Strategy<Value = Vec<Group>> {
    let group = (0..12_u8, 0..3_u8, 0..2_i64)
        .prop_map(|(id, subject, time)| Group::new(id.to_string(), format!("subject {subject}"), time));
    prop::collection::vec(group, 0..20)
}

proptest! {
    #[test]
    fn the_changes_lead_from_the_older_to_the_newer(older in listing(), newer in listing()) {
        let (before, after) = (Snapshot::new(older.clone()), Snapshot::new(newer.clone()));
        let mut groups = table(&older);
        for change in after.changes_since(&before) {
            apply(&mut groups, change);
        }
        prop_assert_eq!(groups, table(&newer));
    }

    #[test]
    fn a_snapshot_holds_the_first_group_of_each_id_in_list_order(listing in listing()) {
        let mut seen = BTreeSet::new();
        let mut model = listing.clone();
        model.retain(|group| seen.insert(group.id.clone()));

        let snapshot = Snapshot::new(listing);
        for id in 0..13 {
            let id = id.to_string();
            prop_assert_eq!(snapshot.get(&id), model.iter().find(|group| group.id == id));
        }
        prop_assert_eq!((snapshot.len(), snapshot.is_empty()), (model.len(), model.is_empty()));
        prop_assert!(snapshot.iter().eq(&model));
        prop_assert_eq!(snapshot.changes_since(&snapshot), vec![]);
        prop_assert_eq!(snapshot.into_iter().collect::<Vec<_>>(), model);
    }
}
