use std::task::Poll;

use futures::FutureExt;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready};

use super::*;
use crate::error::Result;
use crate::page::{Cursors, PageSize};
use crate::source::Position;

fn groups(count: usize) -> Vec<Group> {
    let ages = (0..count).zip(0..);
    ages.map(|(n, age)| Group::new(format!("id{n}"), format!("Group {n}"), 1_700_000_000 - age)).collect()
}

fn ids(groups: &[Group]) -> Vec<&str> {
    groups.iter().map(|group| group.id.as_str()).collect()
}

fn ask(fake: &FakeGroups, position: Position, limit: u32) -> Result<Page> {
    fake.fetch(PageRequest::new(position, PageSize::clamped(limit))).now_or_never().expect("answered at once")
}

fn after(page: &Page) -> Position {
    Position::After(page.cursors.after.clone().expect("a page with an after cursor"))
}

fn before(page: &Page) -> Position {
    Position::Before(page.cursors.before.clone().expect("a page with a before cursor"))
}

/// Follows the links from the start; the groups, and the pages that held them.
fn walk_forward(fake: &FakeGroups, limit: u32) -> (Vec<Group>, Vec<Page>) {
    let mut pages = vec![ask(fake, Position::Start, limit).unwrap()];
    while let Some(last) = pages.last().filter(|page| page.has_next) {
        let next = ask(fake, after(last), limit).unwrap();
        pages.push(next);
    }
    (pages.iter().flat_map(|page| page.groups.clone()).collect(), pages)
}

/// Follows the links back from `last`; the groups before it, nearest page first, each in the list's order.
fn walk_backward(fake: &FakeGroups, last: &Page, limit: u32) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    while let Some(from) = pages.last().or(Some(last)).filter(|page| page.has_previous) {
        let previous = ask(fake, before(from), limit).unwrap();
        pages.push(previous);
    }
    pages
}

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
fn an_empty_list_is_one_empty_page_in_every_dialect() {
    let dialect = Dialect::default().error_past_the_end(true).empty_page_every(1);
    for fake in [FakeGroups::new([]), FakeGroups::new([]).dialect(dialect)] {
        assert_eq!(ask(&fake, Position::Start, 25).unwrap(), Page::default());
    }
}

#[test]
fn past_either_end_is_error_2642_where_the_dialect_says_so() {
    let fake = FakeGroups::new(groups(2)).dialect(Dialect::default().error_past_the_end(true));
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
fn every_nth_page_is_first_answered_by_an_empty_one_that_goes_on() {
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
fn an_empty_page_can_be_left_both_ways() {
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
fn no_empty_page_comes_where_its_link_would_not() {
    let fake = FakeGroups::new(groups(3)).dialect(Dialect::default().next_links(false).empty_page_every(1));
    let page = ask(&fake, Position::Start, 1).unwrap();
    assert_eq!(ids(&page.groups), ["id0"]);
}

#[test]
fn a_cursor_whose_group_was_deleted_is_refused_and_the_others_live_on() {
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
fn a_group_created_again_under_its_id_does_not_revive_its_cursors() {
    let fake = FakeGroups::new(groups(2));
    let cursor = fake.cursor_at("id1").unwrap();
    fake.delete("id1");
    fake.create(Group::new("id1", "Again", 1_700_000_060));
    assert!(ask(&fake, Position::After(cursor), 2).unwrap_err().is_cursor_expired());
}

#[test]
fn a_text_that_never_was_a_cursor_is_refused_with_2642() {
    let fake = FakeGroups::new(groups(2));
    // "at:2:0:0" is of a group that was not created yet, "at:0:1:0" of a change that did not happen yet.
    for text in ["", "null", "nonsense", "QVFIUlJ", "YXQ6MjowOjA=", "YXQ6MDoxOjA=", "YXQ6MDowOjA6MA=="] {
        let error = ask(&fake, Position::After(text.into()), 2).unwrap_err();
        assert_eq!((error.status(), error.api_code()), (Some(400), Some(2642)), "{text:?}");
    }
}

#[test]
fn every_change_expires_all_cursors_if_asked() {
    let fake = FakeGroups::new(groups(3)).expire_cursors_on_change(true);
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
    let fake = FakeGroups::new(groups(3)).max_page_size(2);
    let error = ask(&fake, Position::Start, 3).unwrap_err();
    assert_eq!((error.status(), error.api_code()), (Some(400), None));
    assert_eq!(error.api_message(), Some("limit exceeds 2"));
    assert_eq!(ask(&fake, Position::Start, 2).unwrap().groups.len(), 2);
}

#[test]
fn short_pages_hold_less_than_asked_and_go_on() {
    let fake = FakeGroups::new(groups(5)).short_pages(2);
    let (seen, pages) = walk_forward(&fake, 1024);
    assert_eq!((seen, pages.len()), (groups(5), 3));
}

#[test]
fn changes_show_at_once_in_all_clones() {
    let fake = FakeGroups::new(groups(2));
    let clone = fake.clone();
    clone.create(Group::new("new", "New", 1_700_000_060));
    clone.insert(1, Group::new("second", "Second", 1_700_000_030));
    clone.insert(99, Group::new("last", "Last", 0));
    assert!(clone.delete("id0") && !clone.delete("id0"));
    assert!(clone.rename("id1", "Renamed") && !clone.rename("id0", "Gone"));
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
    let odd = Page::new(groups(1), Cursors::default()).has_next(true);
    let script = [Fault::None, Fault::Error(Error::api(500, None, "Oops")), Fault::Page(odd.clone())];
    let fake = FakeGroups::new(groups(2)).script(script);
    assert_eq!(ask(&fake, Position::Start, 2).unwrap().groups.len(), 2);
    assert_eq!(ask(&fake, Position::Start, 2).unwrap_err().status(), Some(500));
    assert_eq!(ask(&fake, Position::Start, 2).unwrap(), odd);
    assert_eq!(ask(&fake, Position::Start, 2).unwrap().groups.len(), 2);

    let fake = fake.script([Fault::Error(Error::api(503, None, ""))]);
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
async fn a_delayed_answer_tells_the_list_as_it_is_then() {
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
#[should_panic(expected = "polled after its answer")]
fn a_poll_after_the_answer_panics() {
    let fake = FakeGroups::new(groups(1));
    let mut fetch = fake.fetch(PageRequest::new(Position::Start, PageSize::DEFAULT));
    assert!((&mut fetch).now_or_never().is_some());
    let _ = fetch.now_or_never();
}

#[test]
fn a_hook_can_change_the_list_in_the_middle_of_a_walk() {
    let fake = FakeGroups::new(groups(3)).on_request(|index, fake| {
        assert_eq!((fake.requests().len(), fake.in_flight()), (index + 1, 1));
        if index == 1 {
            fake.delete("id2");
        }
    });
    let (seen, _) = walk_forward(&fake, 1);
    assert_eq!(ids(&seen), ["id0", "id1"]);
}

#[test]
fn a_fetch_crosses_threads_and_can_be_moved_while_it_is_polled() {
    fn holds<T: Send + Sync + Unpin + 'static>() {}
    holds::<FakeGroups>();
    holds::<FakeFetch>();
}

#[test]
fn its_debug_holds_no_cursor_and_no_group() {
    let fake = FakeGroups::new(groups(2));
    assert_eq!(format!("{fake:?}"), "FakeGroups { groups: 2, requests: 0, in_flight: 0, .. }");
    let fetch = fake.fetch(PageRequest::new(Position::After(fake.cursor_at("id0").unwrap()), PageSize::MIN));
    assert!(!format!("{fetch:?}").contains(fake.cursor_at("id0").unwrap().as_str()));
    assert!(matches!(spawn(fetch).poll(), Poll::Ready(Ok(_))));
}
