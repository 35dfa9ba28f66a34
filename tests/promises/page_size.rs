//! The page size: by default, refused, and set by the caller.

use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{Cursors, Error, ListGroups, Page, Position};

use crate::support::{all, drain, from_fn, groups, id_texts, limits, numbered, numbers};

#[test]
fn ten_thousand_groups_take_eleven_requests_by_default() {
    let fake = FakeGroups::new(groups(10_000));
    assert_eq!(all(ListGroups::from_source(fake.clone()).stream()), groups(10_000));
    assert_eq!(limits(&fake), [25, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024]);
}

#[test]
fn ten_thousand_groups_take_ten_requests_by_the_largest_pages() {
    let fake = FakeGroups::new(groups(10_000));
    assert_eq!(all(ListGroups::from_source(fake.clone()).page_size(1024).stream()), groups(10_000));
    assert_eq!(limits(&fake), [1024; 10]);
}

#[test]
fn a_page_size_is_clamped_to_what_the_api_documents() {
    for (size, sent) in [(0, 1), (1, 1), (25, 25), (1024, 1024), (1025, 1024), (5000, 1024), (u32::MAX, 1024)] {
        let fake = FakeGroups::new(groups(1));
        all(ListGroups::from_source(fake.clone()).page_size(size).stream());
        assert_eq!(limits(&fake)[0], sent, "{size}");
    }
}

#[test]
fn a_server_whose_maximum_is_100_is_listed_completely() {
    let fake = FakeGroups::new(groups(250)).dialect(Dialect::default().refuse_page_size_above(100));
    assert_eq!(all(ListGroups::from_source(fake.clone()).stream()), groups(250));
    assert_eq!(limits(&fake), [25, 1024, 100, 100, 100]);
}

#[test]
fn a_server_whose_maximum_is_25_is_listed_completely() {
    let fake = FakeGroups::new(groups(70)).dialect(Dialect::default().refuse_page_size_above(25));
    assert_eq!(all(ListGroups::from_source(fake.clone()).stream()), groups(70));
    assert_eq!(limits(&fake), [25, 1024, 100, 25, 25]);
}

#[test]
fn a_server_whose_maximum_is_100_is_listed_completely_backward() {
    let fake = FakeGroups::new(groups(250)).dialect(Dialect::default().refuse_page_size_above(100));
    let last = fake.cursor_at("249").unwrap();
    let found = all(ListGroups::from_source(fake.clone()).before(last).stream());
    assert_eq!(id_texts(&found), numbers(248, 0));
    assert_eq!(limits(&fake), [25, 1024, 100, 100, 100]);
}

#[test]
fn a_size_is_lowered_after_every_kind_of_refusal() {
    for refusal in [
        || Error::api(413, None, "Request Entity Too Large"),
        || Error::api(400, None, "limit exceeds 100"),
        || Error::api(500, Some(1), "Please reduce the amount of data you're asking for, then retry your request"),
    ] {
        let fake = FakeGroups::new(groups(150)).fault_at(1, Fault::Error(refusal()));
        assert_eq!(all(ListGroups::from_source(fake.clone()).stream()), groups(150));
        assert_eq!(limits(&fake), [25, 1024, 100, 100], "{}", refusal());
    }
}

#[test]
fn an_error_that_is_neither_a_refusal_of_the_size_nor_transient_does_not_lower_it() {
    for other in [
        || Error::api(401, None, "Authentication Failed"),
        || Error::api(404, None, "no such app"),
        || Error::api(400, Some(190), "Access token has expired"),
        || Error::other("gone"),
    ] {
        let fake = FakeGroups::new(groups(150)).fault_at(1, Fault::Error(other()));
        let mut stream = ListGroups::from_source(fake.clone()).stream();
        let (found, error) = drain(&mut stream);
        assert_eq!(found.len(), 25);
        let (error, other) = (error.expect("it surfaces"), other());
        assert_eq!((error.status(), error.api_message()), (other.status(), other.api_message()));
        stream.resume();
        assert_eq!(all(&mut stream).len(), 125);
        assert_eq!(limits(&fake), [25, 1024, 1024]);
    }
}

#[test]
fn a_fixed_size_that_is_refused_is_an_error_after_one_request() {
    let fake = FakeGroups::new(groups(150)).dialect(Dialect::default().refuse_page_size_above(100));
    let (found, error) = drain(&mut ListGroups::from_source(fake.clone()).page_size(101).stream());
    let error = error.expect("the caller's size is never changed");
    assert!(found.is_empty() && error.is_api() && !error.is_config());
    assert_eq!(error.status(), Some(400));
    assert_eq!(limits(&fake), [101]);
}

#[test]
fn a_cursor_of_64_kib_is_an_error_that_does_not_echo_it() {
    let cursor = "SECRET".repeat(11_000);
    let page = Page::new(groups(2), Cursors::new(Some(&cursor), None)).with_next_link(true);
    let fake = FakeGroups::new(groups(9)).script([Fault::Page(page)]);
    let mut stream = ListGroups::from_source(fake.clone()).stream();
    let (found, error) = drain(&mut stream);
    let error = error.expect("no server takes such a cursor");
    assert!(error.is_too_large() && !error.is_retryable());
    assert_eq!(id_texts(&found), ["0", "1"]);
    assert_eq!(fake.requests().len(), 1);
    let text = format!("{error} {error:?} {stream:?} {}", error.checkpoint().unwrap());
    assert!(!text.contains("SECRET"), "{text}");
}

#[test]
fn more_groups_than_asked_are_accepted() {
    let source = from_fn(|request| match &request.position {
        Position::Start => Ok(Page::new(groups(5), Cursors::new(Some("4"), None)).with_next_link(true)),
        _ => Ok(Page::new((5..9).map(numbered).collect(), Cursors::default())),
    });
    let mut stream = ListGroups::from_source(source.clone()).page_size(2).stream();
    assert_eq!(all(&mut stream), groups(9));
    assert_eq!(source.asked(), 2);
}

#[test]
fn more_groups_than_asked_are_never_more_than_max_groups() {
    let source = from_fn(|_| Ok(Page::new(groups(5), Cursors::new(Some("4"), None)).with_next_link(true)));
    let mut stream = ListGroups::from_source(source.clone()).max_groups(3).stream();
    assert_eq!(all(&mut stream), groups(3));
    assert!(!stream.checkpoint().is_end());
    assert_eq!(source.asked(), 1);
}
