//! What the handle records and changes: the list, faults, hooks.

use std::time::Duration;

use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready};

use super::*;

#[test]
fn changes_are_visible_at_once_in_all_clones() {
    let fake = FakeGroups::new(groups(2));
    let clone = fake.clone();
    clone.create(Group::new("new", "New", 1_700_000_060));
    clone.insert(1, Group::new("second", "Second", 1_700_000_030));
    clone.insert(99, Group::new("last", "Last", 0));
    assert!(clone.delete("id0") && !clone.delete("id0"));
    assert!(clone.rename("id1", "Renamed") && !clone.rename("id0", "Renamed"));
    assert_eq!(ids(&fake.groups()), ["new", "second", "id1", "last"]);
    assert_eq!(fake.groups()[2].subject, "Renamed");
}

#[test]
fn nothing_happens_before_the_first_poll() {
    let fake = FakeGroups::new(groups(1));
    drop(fake.fetch(PageRequest::new(Position::Start, PageSize::DEFAULT)));
    assert_eq!((fake.requests().len(), fake.in_flight(), fake.dropped()), (0, 0, 0));
}

#[test]
fn the_record_holds_the_requests_of_all_clones_in_order_faults_included() {
    let fake = FakeGroups::new(groups(3)).fault_at(1, Fault::Error(Error::transport("reset")));
    let first = ask(&fake.clone(), Position::Start, 1).unwrap();
    ask(&fake.clone(), after(&first), 2).unwrap_err();
    let expected =
        [PageRequest::new(Position::Start, PageSize::MIN), PageRequest::new(after(&first), PageSize::clamped(2))];
    assert_eq!(fake.requests(), expected);
}

#[test]
fn a_script_answers_the_next_requests_and_then_the_list_does() {
    let odd = Page::new(groups(1), Cursors::default()).with_next_link(true);
    let script = [Fault::None, Fault::Error(Error::api(500, None, "Oops")), Fault::Page(odd.clone())];
    let fake = FakeGroups::new(groups(2)).script(script);
    assert_eq!(ask(&fake, Position::Start, 2).unwrap().groups.len(), 2);
    assert_eq!(ask(&fake, Position::Start, 2).unwrap_err().status(), Some(500));
    assert_eq!(ask(&fake, Position::Start, 2).unwrap(), odd);
    assert_eq!(ask(&fake, Position::Start, 2).unwrap().groups.len(), 2);

    fake.script([Fault::Error(Error::api(503, None, ""))]);
    assert_eq!(ask(&fake, Position::Start, 2).unwrap_err().status(), Some(503), "a later script starts at the next");
}

#[test]
fn a_pending_answer_wakes_its_task_each_time() {
    let fake = FakeGroups::new(groups(1)).script([Fault::Pending(2)]);
    let mut fetch = spawn(fake.fetch(PageRequest::new(Position::Start, PageSize::DEFAULT)));
    for _ in 0..2 {
        assert_pending!(fetch.poll());
        assert!(fetch.is_woken());
        assert_eq!(fake.in_flight(), 1);
    }
    assert_eq!(assert_ready!(fetch.poll()).unwrap().groups, groups(1));
    drop(fetch);
    assert_eq!((fake.in_flight(), fake.dropped(), fake.requests().len()), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_delayed_answer_has_the_list_as_it_is_then() {
    let fake = FakeGroups::new(groups(2)).script([Fault::Delay(Duration::from_secs(60))]);
    let started = tokio::time::Instant::now();
    let mut fetch = spawn(fake.fetch(PageRequest::new(Position::Start, PageSize::DEFAULT)));
    assert_pending!(fetch.poll());
    fake.delete("id0");
    assert_eq!(ids(&fetch.await.unwrap().groups), ["id1"]);
    assert_eq!(started.elapsed(), Duration::from_secs(60));
}

#[test]
fn an_answer_that_hangs_is_in_flight_until_it_is_dropped() {
    let fake = FakeGroups::new(groups(1)).script([Fault::Hang]);
    let mut fetch = spawn(fake.fetch(PageRequest::new(Position::Start, PageSize::DEFAULT)));
    assert_pending!(fetch.poll());
    assert_pending!(fetch.poll());
    assert!(!fetch.is_woken());
    assert_eq!((fake.in_flight(), fake.dropped()), (1, 0));
    drop(fetch);
    assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
}

#[test]
fn a_panic_leaves_the_fake_usable() {
    let fake = FakeGroups::new(groups(1)).script([Fault::Panic]);
    let other = fake.clone();
    assert!(std::thread::spawn(move || ask(&other, Position::Start, 1)).join().is_err());
    assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
    assert!(ask(&fake, Position::Start, 1).is_ok());
}

#[test]
fn a_hook_can_change_the_list_in_the_middle_of_a_walk() {
    let fake = FakeGroups::new(groups(3)).dialect(Dialect::graph_api()).on_request(|index, fake| {
        assert_eq!((fake.requests().len(), fake.in_flight()), (index + 1, 1));
        if index == 1 {
            fake.delete("id2");
        }
    });
    let (seen, _) = walk_forward(&fake, 1);
    assert_eq!(ids(&seen), ["id0", "id1"]);
}

#[test]
fn a_hook_that_owns_a_request_of_its_fake_can_be_replaced() {
    let fake = FakeGroups::new(groups(1)).script([Fault::Hang]);
    let mut fetch = Box::pin(fake.fetch(PageRequest::new(Position::Start, PageSize::DEFAULT)));
    assert!(fetch.as_mut().now_or_never().is_none());
    // A hook is `Sync`, and a fetch need not be.
    let owned = std::sync::Mutex::new(fetch);
    fake.on_request(move |_, _| _ = &owned);
    fake.on_request(|_, _| {});
    assert_eq!(fake.dropped(), 1);
}

#[test]
fn its_debug_holds_no_cursor_and_no_group() {
    let fake = FakeGroups::new(groups(2));
    assert_eq!(format!("{fake:?}"), "FakeGroups { groups: 2, requests: 0, in_flight: 0, .. }");
}

#[test]
fn all_cursors_can_be_made_stale_without_a_change_of_the_list() {
    let fake = FakeGroups::new(groups(3));
    let page = ask(&fake, Position::Start, 1).unwrap();
    fake.expire_cursors();
    assert!(ask(&fake, after(&page), 1).unwrap_err().is_cursor_expired());
    assert_eq!(fake.groups(), groups(3));
    assert!(ask(&fake, Position::After(fake.cursor_at("id0").unwrap()), 1).is_ok());
}
