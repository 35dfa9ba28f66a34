//! Where a listing may begin.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::executor::block_on;
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{ListGroups, Page, Position};

use crate::support::{all, drain, groups, yields_none_for_ever};

/// The only item of this listing is an error about the input, without any request.
fn is_bad_input(list: &ListGroups, fake: &FakeGroups) {
    let mut groups = list.stream();
    let (found, error) = drain(&mut groups);
    let error = error.expect("the input is bad");
    assert!(found.is_empty() && error.is_config() && !error.is_retryable(), "{error}");
    assert!(!format!("{error} {error:?} {list:?} {groups:?}").contains("SECRET"));
    groups.resume();
    yields_none_for_ever(&mut groups);

    let mut pages = list.pages();
    assert!(drain(&mut pages).1.expect("the input is bad").is_config());
    yields_none_for_ever(&mut pages);

    assert!(block_on(list.page()).unwrap_err().is_config());
    assert!(fake.requests().is_empty());
}

#[test]
fn an_empty_or_too_long_cursor_of_the_caller_is_refused_before_any_request() {
    let fake = FakeGroups::new(groups(3));
    let long = "SECRET78".repeat(512) + "x";
    for cursor in ["", "null", &long] {
        is_bad_input(&ListGroups::from_source(fake.clone()).after(cursor), &fake);
        is_bad_input(&ListGroups::from_source(fake.clone()).before(cursor), &fake);
        for page in ["page", "next"] {
            let place = match page {
                "page" => format!(r#"{{"page":{{"after":"{cursor}"}},"size":25,"offset":0}}"#),
                _ => format!(r#"{{"page":"start","size":25,"offset":0,"next":{{"after":"{cursor}"}}}}"#),
            };
            let saved = format!(r#"{{"direction":"forward","place":{{"middle":{place}}}}}"#);
            let saved = format!("gupshup-groups:3:{}", URL_SAFE_NO_PAD.encode(saved));
            is_bad_input(&ListGroups::from_source(fake.clone()).resume(saved.parse().unwrap()), &fake);
        }
    }
}

#[test]
fn a_cursor_of_4_kib_is_sent() {
    let fake = FakeGroups::new(groups(3)).script([Fault::Page(Page::default())]);
    let cursor = "x".repeat(4096);
    assert!(all(ListGroups::from_source(fake.clone()).after(cursor.as_str()).stream()).is_empty());
    assert_eq!(fake.requests()[0].position, Position::After(cursor.into()));
}

#[test]
fn a_second_start_is_refused_before_any_request() {
    let fake = FakeGroups::new(groups(3));
    let list = || ListGroups::from_source(fake.clone());
    let place = || list().stream().checkpoint();
    for list in [
        list().after("a").before("b"),
        list().before("a").after("b"),
        list().after("a").after("a"),
        list().before("a").before("b"),
        list().resume(place()).after("a"),
        list().before("a").resume(place()),
        list().resume(place()).resume(place()),
    ] {
        is_bad_input(&list, &fake);
    }
}

#[test]
fn bad_input_stays_an_error_after_reversing() {
    let fake = FakeGroups::new(groups(3));
    let list = ListGroups::from_source(fake.clone()).after("null");
    let (found, error) = drain(&mut list.stream().reverse());
    assert!(found.is_empty() && error.is_some_and(|error| error.is_config()));

    let mut told = list.stream();
    drain(&mut told);
    assert!(drain(&mut told.reverse()).0.is_empty());
    assert!(fake.requests().is_empty());
}
