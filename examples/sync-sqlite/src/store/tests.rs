use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{Error as ListError, Group};

use super::*;

const APP: &str = "app";

/// Two groups, in a list whose pages hold one each.
fn two_groups() -> FakeGroups {
    FakeGroups::new([Group::new("b", "Sales", 60), Group::new("a", "Support", 0)]).dialect(one_a_page())
}

fn one_a_page() -> Dialect {
    Dialect::default().clamp_page_size(1..=1)
}

fn list(fake: &FakeGroups) -> ListGroups<FakeGroups> {
    ListGroups::from_source(fake.clone())
}

/// Id, subject, and whether it is gone, of every group of the app.
fn rows(db: &Connection, app_id: &str) -> Vec<(String, String, bool)> {
    let mut select = db.prepare("SELECT id, subject, gone_at IS NOT NULL FROM groups WHERE app_id = ?1").unwrap();
    let rows = select.query_map([app_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

fn row(id: &str, subject: &str, gone: bool) -> (String, String, bool) {
    (id.to_owned(), subject.to_owned(), gone)
}

#[tokio::test]
async fn counts_what_is_new_renamed_gone_and_back() {
    let (fake, mut db) = (two_groups(), open(":memory:").unwrap());
    let first = sync(&list(&fake), &mut db, APP).await.unwrap();
    assert_eq!(first, Changes { created: 2, ..Changes::default() });

    fake.create(Group::new("c", "Night shift", 120));
    fake.rename("a", "Help desk");
    fake.delete("b");
    let second = sync(&list(&fake), &mut db, APP).await.unwrap();
    assert_eq!(second, Changes { created: 1, renamed: 1, removed: 1, ..Changes::default() });
    assert_eq!(rows(&db, APP), [row("a", "Help desk", false), row("b", "Sales", true), row("c", "Night shift", false)]);

    fake.create(Group::new("b", "Sales", 60));
    let third = sync(&list(&fake), &mut db, APP).await.unwrap();
    assert_eq!(third, Changes { returned: 1, unchanged: 2, ..Changes::default() });
    assert!(rows(&db, APP).iter().all(|(_, _, gone)| !gone));
}

#[tokio::test]
async fn a_group_that_stays_away_keeps_the_time_at_which_it_was_first_missed() {
    let (fake, mut db) = (two_groups(), open(":memory:").unwrap());
    sync(&list(&fake), &mut db, APP).await.unwrap();
    fake.delete("b");
    sync(&list(&fake), &mut db, APP).await.unwrap();
    db.execute("UPDATE groups SET gone_at = 7 WHERE id = 'b'", []).unwrap();

    let changes = sync(&list(&fake), &mut db, APP).await.unwrap();
    assert_eq!(changes, Changes { unchanged: 1, ..Changes::default() });
    let gone_at: i64 = db.query_row("SELECT gone_at FROM groups WHERE id = 'b'", [], |row| row.get(0)).unwrap();
    assert_eq!(gone_at, 7);
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
            .fault_at(page, Fault::Error(ListError::api(401, None, "Authentication Failed")));
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
async fn a_database_that_fails_half_way_is_rolled_back() {
    let (fake, mut db) = (two_groups(), open(":memory:").unwrap());
    sync(&list(&fake), &mut db, APP).await.unwrap();
    let before = rows(&db, APP);

    // Comes after "new" is inserted and "a" renamed, when "b" is marked.
    db.execute_batch(
        "CREATE TRIGGER broken BEFORE UPDATE OF gone_at ON groups WHEN new.gone_at IS NOT NULL
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
