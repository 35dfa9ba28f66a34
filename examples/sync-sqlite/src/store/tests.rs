use std::sync::Mutex;

use gupshup_groups::testing::{CursorKind, Dialect, FakeGroups, Fault};
use gupshup_groups::{Error as ListError, Group, Position};

use super::*;

const APP: &str = "app";

/// Two groups, in a list whose pages hold one each.
fn two_groups() -> FakeGroups {
    FakeGroups::new([Group::new("b", "Sales", 60), Group::new("a", "Support", 0)]).dialect(one_a_page())
}

fn one_a_page() -> Dialect {
    Dialect::default().clamp_page_size(1..=1)
}

fn list(fake: &FakeGroups) -> ListGroups {
    ListGroups::from_source(fake.clone())
}

async fn sync(groups: &ListGroups, db: &mut Connection, app_id: &str) -> Result<Changes, Box<dyn Error>> {
    super::sync(groups, db, app_id, EmptyList::Refuse).await
}

fn refused() -> Fault {
    Fault::Error(ListError::api(401, None, "Authentication Failed"))
}

fn state(db: &Connection, app_id: &str) -> (Option<String>, bool) {
    let sql = "SELECT checkpoint, synced_at IS NOT NULL FROM syncs WHERE app_id = ?1";
    db.query_row(sql, [app_id], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

/// Id, subject, and whether it is removed.
fn rows(db: &Connection, app_id: &str) -> Vec<(String, String, bool)> {
    let mut select = db.prepare("SELECT id, subject, removed_at IS NOT NULL FROM groups WHERE app_id = ?1").unwrap();
    let rows = select.query_map([app_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

fn row(id: &str, subject: &str, is_removed: bool) -> (String, String, bool) {
    (id.to_owned(), subject.to_owned(), is_removed)
}

#[tokio::test]
async fn counts_what_was_created_changed_removed_and_returned() {
    let (fake, mut db) = (two_groups(), open(":memory:").unwrap());
    let first = sync(&list(&fake), &mut db, APP).await.unwrap();
    assert_eq!(first, Changes { imported: 2, unchanged: 2, ..Changes::default() });

    fake.create(Group::new("c", "Night shift", 120));
    fake.rename("a", "Help desk");
    fake.delete("b");
    let second = sync(&list(&fake), &mut db, APP).await.unwrap();
    assert_eq!(second, Changes { created: 1, changed: 1, removed: 1, ..Changes::default() });
    assert_eq!(rows(&db, APP), [row("a", "Help desk", false), row("b", "Sales", true), row("c", "Night shift", false)]);

    fake.create(Group::new("b", "Sales", 60));
    let third = sync(&list(&fake), &mut db, APP).await.unwrap();
    assert_eq!(third, Changes { returned: 1, unchanged: 2, ..Changes::default() });
    assert!(rows(&db, APP).iter().all(|(_, _, is_removed)| !is_removed));
}

#[tokio::test]
async fn a_group_that_stays_removed_keeps_the_time_of_its_removal() {
    let (fake, mut db) = (two_groups(), open(":memory:").unwrap());
    sync(&list(&fake), &mut db, APP).await.unwrap();
    fake.delete("b");
    sync(&list(&fake), &mut db, APP).await.unwrap();
    db.execute("UPDATE groups SET removed_at = 7 WHERE id = 'b'", []).unwrap();

    let changes = sync(&list(&fake), &mut db, APP).await.unwrap();
    assert_eq!(changes, Changes { unchanged: 1, ..Changes::default() });
    let removed_at: i64 = db.query_row("SELECT removed_at FROM groups WHERE id = 'b'", [], |row| row.get(0)).unwrap();
    assert_eq!(removed_at, 7);
}

#[tokio::test]
async fn an_import_that_was_stopped_continues_at_the_checkpoint_that_its_rows_were_written_with() {
    let mut db = open(":memory:").unwrap();
    let fake = two_groups().fault_at(1, refused());
    sync(&list(&fake), &mut db, APP).await.unwrap_err();
    assert_eq!(rows(&db, APP), [row("b", "Sales", false)]);
    let (checkpoint, synced) = state(&db, APP);
    assert!(checkpoint.is_some() && !synced);

    let asked = fake.requests().len();
    let changes = sync(&list(&fake), &mut db, APP).await.unwrap();
    assert_eq!(changes, Changes { imported: 1, unchanged: 2, ..Changes::default() });
    assert!(matches!(fake.requests()[asked].position, Position::After(_)));
    assert_eq!(state(&db, APP), (None, true));
}

#[tokio::test]
async fn an_import_whose_checkpoint_has_expired_is_completed_by_the_snapshot() {
    let mut db = open(":memory:").unwrap();
    let fake = two_groups().fault_at(1, refused());
    sync(&list(&fake), &mut db, APP).await.unwrap_err();

    fake.expire_cursors();
    let changes = sync(&list(&fake), &mut db, APP).await.unwrap();
    assert_eq!(changes, Changes { created: 1, unchanged: 1, ..Changes::default() });
    assert_eq!(rows(&db, APP), [row("a", "Support", false), row("b", "Sales", false)]);
    assert_eq!(state(&db, APP), (None, true));
}

#[tokio::test]
async fn an_empty_list_over_a_table_with_groups_is_refused_unless_it_is_accepted() {
    let mut db = open(":memory:").unwrap();
    sync(&list(&two_groups()), &mut db, APP).await.unwrap();
    let empty = list(&FakeGroups::new([]));
    let error = sync(&empty, &mut db, APP).await.unwrap_err();
    assert!(error.to_string().starts_with("the list is empty, and the database has 2 groups"), "{error}");
    assert_eq!(rows(&db, APP), [row("a", "Support", false), row("b", "Sales", false)]);

    let changes = super::sync(&empty, &mut db, APP, EmptyList::Accept).await.unwrap();
    assert_eq!(changes, Changes { removed: 2, ..Changes::default() });
    assert_eq!(rows(&db, APP), [row("a", "Support", true), row("b", "Sales", true)]);
    sync(&empty, &mut db, APP).await.expect("nothing is left to mark");
}

/// A list whose cursors are offsets. Before one in five requests, a random group is created or deleted.
fn changing(seed: u64) -> FakeGroups {
    let random = Mutex::new(fastrand::Rng::with_seed(seed));
    let offsets = Dialect::default().cursors(CursorKind::Offsets);
    FakeGroups::new(seven_groups()).dialect(offsets).on_request(move |index, fake| {
        let mut random = random.lock().unwrap();
        match random.u8(..10) {
            0 => fake.insert(random.usize(..3), Group::new(format!("new {index}"), "New", 9)),
            1 => {
                let groups = fake.groups();
                if let Some(group) = random.choice(&groups) {
                    fake.delete(&group.id);
                }
            }
            _ => {}
        }
    })
}

fn seven_groups() -> Vec<Group> {
    (0..7).map(|n| Group::new(n.to_string(), "A group", n)).collect()
}

/// The number of groups marked as removed that exist. Deleted ids do not return, so these existed throughout.
fn falsely_removed(db: &Connection, app_id: &str, fake: &FakeGroups) -> usize {
    let alive = fake.groups();
    rows(db, app_id)
        .iter()
        .filter(|(id, _, is_removed)| *is_removed && alive.iter().any(|group| group.id == *id))
        .count()
}

/// Scenario: cursors are offsets, and groups are created and deleted between requests. Expected: plain snapshots mark
/// some existing groups as removed; a sync marks none.
#[tokio::test]
async fn of_ten_thousand_lists_that_change_no_group_that_exists_is_marked_as_removed() {
    let mut db = open(":memory:").unwrap();
    let full = list(&FakeGroups::new(seven_groups())).snapshot().await.unwrap();
    let (mut plain, mut removed, mut failed) = (0, 0, 0);
    for seed in 0..10_000 {
        let app = format!("plain {seed}");
        let fake = changing(seed);
        write(&mut db, &app, &full, EmptyList::Accept).unwrap();
        if let Ok(snapshot) = list(&fake).page_size(3).snapshot().await {
            write(&mut db, &app, &snapshot, EmptyList::Accept).unwrap();
        }
        plain += falsely_removed(&db, &app, &fake);

        let app = format!("app {seed}");
        let fake = changing(seed);
        write(&mut db, &app, &full, EmptyList::Accept).unwrap();
        match super::sync(&list(&fake).page_size(3), &mut db, &app, EmptyList::Accept).await {
            Ok(changes) => removed += changes.removed,
            Err(error) => {
                assert!(error.downcast_ref::<ListError>().is_some_and(ListError::is_inconsistent), "{error}");
                failed += 1;
            }
        }
        assert_eq!(falsely_removed(&db, &app, &fake), 0, "seed {seed}");
    }
    println!(
        "10,000 syncs: {removed} groups marked as removed, none of which exists; {failed} lists changed too often; \
         {plain} groups that exist marked as removed from plain snapshots"
    );
    assert!(removed > 5_000 && plain > 500 && failed < 2_000);
}

#[tokio::test]
async fn another_app_in_the_database_is_not_touched() {
    let mut db = open(":memory:").unwrap();
    sync(&list(&two_groups()), &mut db, APP).await.unwrap();
    sync(&list(&FakeGroups::new([])), &mut db, "other").await.unwrap();
    assert_eq!(rows(&db, APP), [row("a", "Support", false), row("b", "Sales", false)]);
}

#[tokio::test]
async fn a_listing_that_stops_at_any_page_changes_nothing() {
    for page in 0..3 {
        let mut db = open(":memory:").unwrap();
        sync(&list(&two_groups()), &mut db, APP).await.unwrap();
        let before = rows(&db, APP);

        let fake = FakeGroups::new([Group::new("z", "New", 9), Group::new("y", "New", 8), Group::new("x", "New", 7)])
            .dialect(one_a_page())
            .fault_at(page, refused());
        let error = sync(&list(&fake), &mut db, APP).await.unwrap_err();
        assert!(error.downcast_ref::<ListError>().is_some_and(ListError::is_auth), "page {page}: {error}");
        assert_eq!(rows(&db, APP), before, "page {page}");
    }
}

#[tokio::test]
async fn a_listing_of_a_part_changes_nothing() {
    let (fake, mut db) = (two_groups(), open(":memory:").unwrap());
    sync(&list(&fake), &mut db, APP).await.unwrap();
    let error = sync(&list(&fake).max_groups(1), &mut db, APP).await.unwrap_err();
    assert!(error.downcast_ref::<ListError>().is_some_and(ListError::is_config), "{error}");
    assert_eq!(rows(&db, APP), [row("a", "Support", false), row("b", "Sales", false)]);
}

#[tokio::test]
async fn a_transaction_that_fails_half_way_is_rolled_back() {
    let (fake, mut db) = (two_groups(), open(":memory:").unwrap());
    sync(&list(&fake), &mut db, APP).await.unwrap();
    let before = rows(&db, APP);

    // Fails after "new" is inserted and "a" renamed, when "b" is marked.
    db.execute_batch(
        "CREATE TRIGGER broken BEFORE UPDATE OF removed_at ON groups WHEN new.removed_at IS NOT NULL
         BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    )
    .unwrap();
    fake.create(Group::new("new", "Night shift", 120));
    fake.rename("a", "Help desk");
    fake.delete("b");
    let error = sync(&list(&fake), &mut db, APP).await.unwrap_err();
    assert_eq!(error.to_string(), "the disk is full");
    assert_eq!(rows(&db, APP), before);
}
