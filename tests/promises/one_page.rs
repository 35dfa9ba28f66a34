//! One page, whether there is more on both sides, and the two places to continue: what a web page with "next" and "previous"
//! needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::executor::block_on;
use gupshup_groups::testing::{CursorAnswer, Dialect, FakeGroups, Fault};
use gupshup_groups::{AnySource, Cursors, Error, Group, ListGroups, Page, PageRequest};

use crate::support::{five_groups, groups, limits};

/// A list that counts the groups on all pages that it sends.
fn counting(fake: &FakeGroups) -> (ListGroups, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let (source, counter) = (AnySource::new(fake.clone()), Arc::clone(&sent));
    let list = ListGroups::from_source(move |request: PageRequest| {
        let (page, counter) = (source.fetch(request), Arc::clone(&counter));
        async move {
            let page = page.await?;
            counter.fetch_add(page.groups.len(), Ordering::Relaxed);
            Ok(page)
        }
    });
    (list.page_size(50).confirm_end(true), sent)
}

fn page(list: &ListGroups) -> Page {
    block_on(list.page()).unwrap()
}

/// What a user who clicks "next" up to the last page sees, and then "previous" up to the first.
fn clicks(list: &ListGroups) -> (Vec<Page>, Vec<Page>) {
    let mut there = vec![page(list)];
    while let Some(shown) = there.last().filter(|page| page.has_next) {
        let after = shown.cursors.after.as_ref().expect("a place to continue");
        there.push(page(&list.clone().after(after)));
    }
    let mut back = vec![there.last().cloned().unwrap()];
    while let Some(shown) = back.last().filter(|page| page.has_previous) {
        let before = shown.cursors.before.as_ref().expect("a place to continue");
        back.push(page(&list.clone().before(before)));
    }
    back.reverse();
    (there, back)
}

fn shown(pages: &[Page]) -> Vec<Group> {
    pages.iter().flat_map(|page| page.groups.clone()).collect()
}

#[test]
fn clicking_next_to_the_end_and_previous_to_the_start_shows_each_of_2_000_groups_once_on_any_server() {
    let default = Dialect::default;
    let dialects = [
        default(),
        Dialect::graph_api(),
        default().next_links(false),
        default().previous_links(false),
        default().next_links(false).previous_links(false),
        default().cursors_at_the_ends(false),
        default().echo_cursors(true).previous_links(false),
        default().past_the_end(CursorAnswer::Invalid),
        default().past_the_end(CursorAnswer::Invalid).next_links(false).previous_links(false),
        default().empty_page_every(3),
        default().clamp_page_size(1..=30),
        default().clamp_page_size(1..=30).links_at_the_clamp(false),
        default().clamp_page_size(60..=100),
    ];
    for dialect in dialects {
        let fake = FakeGroups::new(groups(2_000)).dialect(dialect.clone());
        let (list, _) = counting(&fake);
        let (there, back) = clicks(&list);
        assert_eq!(shown(&there), groups(2_000), "{dialect:?}");
        assert_eq!(shown(&back), groups(2_000), "backward, {dialect:?}");
        assert!(there.iter().chain(&back).all(|page| !page.groups.is_empty()), "{dialect:?}");
    }
}

#[test]
fn of_a_server_that_sends_links_each_group_is_fetched_once_each_way() {
    let fake = FakeGroups::new(groups(2_000));
    let (list, sent) = counting(&fake);
    let (there, back) = clicks(&list);
    assert_eq!((there.len(), back.len()), (40, 40));
    // Back, the last page is there already.
    assert_eq!(sent.load(Ordering::Relaxed), 2_000 + 1_950);
    // Each way, an empty page confirms the end.
    assert_eq!(fake.requests().len(), 40 + 1 + 39 + 1);
}

#[test]
fn a_page_without_a_link_costs_one_more_request_for_one_group() {
    let fake = FakeGroups::new(groups(100)).dialect(Dialect::default().next_links(false));
    let (list, sent) = counting(&fake);
    let first = page(&list);
    assert_eq!((first.groups.len(), first.has_previous, first.has_next), (50, false, true));
    assert_eq!(sent.load(Ordering::Relaxed), 51);
    assert_eq!(limits(&fake), [50, 1]);
    let second = page(&list.after(first.cursors.after.unwrap()));
    assert_eq!((second.groups.len(), second.has_previous, second.has_next), (50, true, false));
    assert_eq!(limits(&fake), [50, 1, 50, 1]);
}

#[test]
fn a_page_of_a_list_that_has_become_empty_or_ends_at_its_cursor_leads_nowhere() {
    let (fake, list) = five_groups();
    let list = list.confirm_end(true);
    let end = fake.cursor_at("4").unwrap();
    assert_eq!(page(&list.clone().after(end)), Page::default());
    (0..5).for_each(|n| assert!(fake.delete(&n.to_string())));
    assert_eq!(page(&list), Page::default());
}

#[test]
fn a_link_that_cannot_be_followed_is_an_error_of_its_page() {
    let broken = |after| Page::new(groups(2), Cursors::new(after, Some("first"))).with_next_link(true);
    for (after, is_expected) in
        [(None, Error::is_protocol as fn(&Error) -> bool), (Some("given"), Error::is_cursor_loop)]
    {
        let (fake, list) = five_groups();
        fake.script([Fault::Page(broken(after))]);
        let error = block_on(list.after("given").confirm_end(true).page()).unwrap_err();
        assert!(is_expected(&error), "{error}");
        assert_eq!(fake.requests().len(), 1);
    }
}

#[test]
fn a_page_whose_confirmation_fails_is_an_error_and_not_the_last_page() {
    let (fake, list) = five_groups();
    fake.script([Fault::None, Fault::Error(Error::api(401, None, "Authentication Failed"))]);
    let error = block_on(list.page_size(9).confirm_end(true).page()).unwrap_err();
    assert!(error.is_auth(), "{error}");
}

#[test]
fn a_page_whose_cursor_expires_before_its_confirmation_is_an_error_and_not_a_page_of_another_list() {
    let (fake, list) = five_groups();
    fake.dialect(Dialect::default().next_links(false)).on_request(|index, list| {
        if index == 1 {
            list.create(Group::new("new", "", 0));
        }
    });
    let error = block_on(list.confirm_end(true).page()).unwrap_err();
    assert!(error.is_cursor_expired(), "{error}");
    assert_eq!(limits(&fake), [2, 1]);
}

#[test]
fn a_page_that_a_limit_or_a_checkpoint_would_cut_is_refused_before_any_request() {
    let (fake, list) = five_groups();
    let place = list.stream().checkpoint();
    for list in [list.clone().max_groups(3), list.clone().resume(place)] {
        assert!(block_on(list.confirm_end(true).page()).unwrap_err().is_config());
    }
    assert!(fake.requests().is_empty());
}

#[test]
fn one_page_without_confirmation_is_one_request_and_has_the_servers_links() {
    let (fake, list) = five_groups();
    fake.dialect(Dialect::default().next_links(false));
    let first = page(&list);
    assert_eq!((first.groups, first.has_next), (groups(2), false));
    assert_eq!(fake.requests().len(), 1);
}
