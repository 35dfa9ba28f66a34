//! One odd answer never costs a group: servers that ignore cursors, answer with an empty page, refuse large pages without
//! saying so, repeat groups between two pages, or are away for half a minute.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use futures::{StreamExt as _, stream};
use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{Cursors, Error, ListGroups, Page, PageRequest, Position, Result, RetryPolicy};
use tokio::time::Instant;

use crate::faults::{Fault as Steps, builder, client, then, walk, walk_impatiently, writes};
use crate::server::{Server, Step, ok, reply};
use crate::support::{all, all_of, drain, finish, from_fn, groups, id_texts, ids, limits, numbered, numbers};

const SECOND: Duration = Duration::from_secs(1);

fn outage() -> Error {
    Error::api(503, None, "Service Unavailable")
}

/// A page without groups, cursors and links.
fn empty() -> Fault {
    Fault::Page(Page::default())
}

/// `is_protocol`, after each of these groups once.
#[track_caller]
fn makes_no_progress<T>(found: &[T], count: usize, error: Option<Error>) {
    let error = error.expect("the server goes nowhere");
    assert!(error.is_protocol() && error.to_string().contains("a hundred pages in a row have no new group"), "{error}");
    assert_eq!(found.len(), count);
}

#[test]
fn a_server_that_ignores_cursors_is_an_error_after_a_hundred_pages_without_a_new_group() {
    for (page_size, first) in [(25, 10), (4, 4)] {
        let fake = FakeGroups::new(groups(10)).dialect(Dialect::default().ignore_cursors(true));
        let list = ListGroups::from_source(fake.clone()).page_size(page_size);
        let mut stream = list.stream();
        let (found, error) = drain(&mut stream);
        makes_no_progress(&found, first, error);
        assert_eq!(fake.requests().len(), 1 + 100);
        assert!(!stream.checkpoint().is_end());

        let whole: [fn(&ListGroups) -> Error; 3] = [
            |list| block_on(list.snapshot()).unwrap_err(),
            |list| block_on(list.consistent_snapshot()).unwrap_err(),
            |list| block_on(list.updates(None, stream::empty()).next()).unwrap().unwrap_err(),
        ];
        for (n, error_of) in (2..).zip(whole) {
            assert!(error_of(&list).is_protocol());
            assert_eq!(fake.requests().len(), n * 101);
        }
    }
}

#[test]
fn a_server_that_ignores_cursors_and_orders_its_groups_anew_each_time_makes_no_progress_either() {
    let count = Arc::<AtomicUsize>::default();
    let source = from_fn(move |_| {
        let n = count.fetch_add(1, Ordering::Relaxed);
        let mut groups = groups(10);
        groups.rotate_left(n % 10);
        Ok(Page::new(groups, Cursors::new(Some(&format!("fresh {n}")), None)).with_next_link(true))
    });
    let (found, error) = drain(&mut ListGroups::from_source(source.clone()).stream());
    makes_no_progress(&found, 10, error);
    assert_eq!(source.asked(), 1 + 100);
}

#[test]
fn a_server_that_brings_one_new_group_in_a_hundred_pages_is_listed() {
    let source = from_fn(|request| {
        let n = request.position.cursor().map_or(0, |cursor| cursor.as_str().parse().unwrap());
        let groups = if n % 100 == 0 { vec![numbered(n / 100)] } else { Vec::new() };
        let page = Page::new(groups, Cursors::new(Some(&(n + 1).to_string()), None));
        Ok(page.with_next_link(n < 500))
    });
    let found = all(ListGroups::from_source(source).stream());
    assert_eq!(id_texts(&found), numbers(0, 5));
}

/// Scenario: any one of the requests that a link had announced is answered by an empty page. Expected: it is requested once
/// more, and the list is complete.
#[test]
fn an_empty_page_that_a_link_had_announced_is_requested_once_more() {
    for forward in [true, false] {
        for odd in 1..4 {
            let fake = FakeGroups::new(groups(80)).fault_at(odd, empty());
            let list = ListGroups::from_source(fake.clone()).page_size(25);
            let (list, expected) = if forward {
                (list, numbers(0, 79))
            } else {
                (list.before(fake.cursor_at("79").unwrap()), numbers(78, 0))
            };
            let mut stream = list.stream();
            assert_eq!(id_texts(&all(&mut stream)), expected, "{forward} {odd}");
            assert!(stream.checkpoint().is_end());
            let requests = fake.requests();
            assert_eq!(requests.len(), 4 + 1);
            assert_eq!(requests[odd], requests[odd + 1]);
        }
    }
}

#[test]
fn an_announced_page_that_is_empty_twice_is_the_end() {
    let fake = FakeGroups::new(groups(80)).script([Fault::None, empty(), empty()]);
    let mut stream = ListGroups::from_source(fake.clone()).page_size(25).stream();
    assert_eq!(all(&mut stream), groups(25));
    assert!(stream.checkpoint().is_end());
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn an_empty_first_page_is_requested_once_more_before_a_snapshot_or_an_update_takes_it_for_the_list() {
    let fake = FakeGroups::new(groups(30)).script([empty()]);
    let list = ListGroups::from_source(fake.clone());
    let known = block_on(list.snapshot()).unwrap();
    assert_eq!(known.len(), 30);

    fake.script([empty()]);
    assert_eq!(block_on(list.update(Some(&known))).unwrap(), None, "nothing has changed");
    let starts = fake.requests().into_iter().filter(|request| request.position == Position::Start).count();
    assert_eq!(starts, 2 + 2, "the first page of each listing, twice");

    let nothing = FakeGroups::new([]);
    assert!(block_on(ListGroups::from_source(nothing.clone()).snapshot()).unwrap().is_empty());
    assert_eq!(nothing.requests().len(), 2);
}

/// Above 100 groups a page, each request fails like this.
fn fails_above_100(error: fn() -> Error) -> FakeGroups {
    FakeGroups::new(groups(250)).on_request(move |index, fake| {
        if fake.requests()[index].limit.get() > 100 {
            fake.fault_at(index, Fault::Error(error()));
        }
    })
}

fn failures_of_a_large_page() -> [fn() -> Error; 5] {
    [
        || Error::api(504, None, "Gateway Timeout"),
        || Error::api(500, Some(1), "An unknown error occurred"),
        || Error::api(502, None, "Bad Gateway"),
        || Error::timeout("no answer in 30 s"),
        || Error::transport("the body broke off"),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_size_that_never_worked_falls_after_ten_attempts_that_all_failed_transiently_and_the_list_is_complete() {
    for error in failures_of_a_large_page() {
        let fake = fails_above_100(error);
        let found = all_of(finish(&mut ListGroups::from_source(fake.clone()).stream()).await);
        assert_eq!(found, groups(250), "{}", error());
        assert_eq!(limits(&fake), [&[25][..], &[1024; 10], &[100; 3]].concat(), "{}", error());
    }
}

#[tokio::test(start_paused = true)]
async fn a_size_that_has_worked_or_that_the_caller_set_does_not_fall_after_transient_failures() {
    for error in failures_of_a_large_page() {
        let fake = fails_above_100(error);
        let (found, failure) = finish(&mut ListGroups::from_source(fake.clone()).page_size(1024).stream()).await;
        assert!(found.is_empty() && failure.is_some_and(|failure| failure.is_retryable()));
        assert_eq!(limits(&fake), [1024; 10]);

        let fake = FakeGroups::new(groups(2_500)).on_request(move |index, fake| {
            if index >= 2 {
                fake.fault_at(index, Fault::Error(error()));
            }
        });
        let (found, failure) = finish(&mut ListGroups::from_source(fake.clone()).stream()).await;
        assert_eq!(found.len(), 25 + 1024);
        assert!(failure.is_some_and(|failure| failure.is_retryable()));
        assert_eq!(limits(&fake), [&[25][..], &[1024; 11]].concat());
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_does_not_lower_the_size() {
    let fake = fails_above_100(|| Error::api(429, None, "Too Many Requests"));
    let (found, error) = finish(&mut ListGroups::from_source(fake.clone()).stream()).await;
    assert_eq!((found.len(), error.is_some_and(|error| error.is_rate_limited())), (25, true));
    assert_eq!(limits(&fake), [&[25][..], &[1024; 10]].concat());
}

/// The page size of each request.
fn sent_limits(server: &Server) -> Vec<String> {
    let limit = |head: &String| head.split_once("limit=").unwrap().1.split([' ', '&']).next().unwrap().to_owned();
    server.heads().iter().map(limit).collect()
}

#[tokio::test]
async fn silence_and_a_body_that_breaks_off_at_a_large_page_lower_the_size_over_a_real_connection() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"data\":[{\"id\":\"3\",";
    let faults: [Steps; 4] = [
        vec![Step::Hang],
        writes(half),
        writes(reply("504 Gateway Timeout", &["Connection: close"], "")),
        writes(reply("500 Error", &["Connection: close"], r#"{"error":{"message":"Unknown","code":1}}"#)),
    ];
    for fault in faults {
        let again = [vec![Step::Request], fault.clone()].concat();
        let scripts = [[vec![Step::Answer], again.clone()].concat(), again.clone(), again];
        let server = Server::start(&groups(9), scripts).await;
        let found = all_of(walk_impatiently(&server, client(&server).groups("app")).await);
        assert_eq!(found, groups(9), "{fault:?}");
        assert_eq!(sent_limits(&server), ["25", "1024", "1024", "1024", "100", "100"], "{fault:?}");
    }
}

/// A source of nine groups, three a page. From the first request of the second page on, requests fail for 30 s.
fn away_for_30_s(error: fn() -> Error) -> (FakeGroups, ListGroups) {
    let since = Mutex::new(None);
    let fake = FakeGroups::new(groups(9)).on_request(move |index, fake| {
        if index > 0 && since.lock().unwrap().get_or_insert_with(Instant::now).elapsed() < 30 * SECOND {
            fake.fault_at(index, Fault::Error(error()));
        }
    });
    let list = ListGroups::from_source(fake.clone()).page_size(3);
    (fake, list)
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_30_s_is_outlived_by_default() {
    let kinds: [fn() -> Error; 5] = [
        outage,
        || Error::transport("connection refused"),
        || Error::timeout("no answer"),
        || Error::api(522, None, "Connection timed out"),
        || Error::api(429, None, "Too Many Requests"),
    ];
    for error in kinds {
        for seed in 0..50 {
            fastrand::seed(seed);
            let (fake, list) = away_for_30_s(error);
            let began = Instant::now();
            assert_eq!(all_of(finish(&mut list.stream()).await), groups(9), "{} {seed}", error());
            assert!(fake.requests().len() <= 3 + 9);
            // The longest wait is 20 s.
            assert!(began.elapsed() <= 51 * SECOND, "{:?}", began.elapsed());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn three_attempts_do_not_outlive_such_an_outage_and_the_place_is_kept() {
    let (fake, list) = away_for_30_s(outage);
    let mut stream = list.retry(RetryPolicy::default().attempts(3)).stream();
    let (mut found, error) = finish(&mut stream).await;
    assert_eq!((found.len(), error.unwrap().attempts()), (3, 3));
    tokio::time::sleep(30 * SECOND).await;
    stream.resume();
    found.extend(all_of(finish(&mut stream).await));
    assert_eq!(found, groups(9));
    assert_eq!(fake.requests().len(), 1 + 3 + 2);
}

#[tokio::test]
async fn a_status_that_a_gateway_makes_up_costs_no_group_on_the_second_page() {
    for status in (520..=530).chain([425, 421, 507, 509, 599]) {
        let fault = writes(reply(&format!("{status} Odd"), &["Connection: close"], "error code: 1"));
        let script = [vec![Step::Answer, Step::Request], fault].concat();
        let server = Server::start(&groups(7), [script]).await;
        assert_eq!(all_of(walk(client(&server).groups("app")).await), groups(7), "{status}");
        assert_eq!(server.requests(), 4, "{status}");
    }
}

#[tokio::test]
async fn an_unknown_status_of_the_400s_is_a_refusal_after_one_request() {
    for status in [402, 418, 422, 451, 460, 499] {
        let fault = writes(reply(&format!("{status} Odd"), &[], "no"));
        let server = Server::start(&groups(7), [[vec![Step::Request], fault].concat()]).await;
        let (_, error) = walk(client(&server).groups("app").page_size(25)).await;
        let error = error.unwrap();
        assert!(error.is_api() && !error.is_retryable() && !error.is_auth(), "{error:?}");
        assert_eq!((error.status(), server.requests()), (Some(status), 1));
    }
}

#[tokio::test]
async fn a_rate_limit_with_another_status_is_waited_for_and_never_blamed_on_the_credential() {
    let codes = [4, 17, 32, 341, 613, 80_000, 80_004, 80_007, 80_008, 80_014];
    let with_code = codes.iter().flat_map(|code| {
        ["400 Bad Request", "403 Forbidden", "401 Unauthorized", "200 OK"].map(|status| {
            let body = format!(r#"{{"error":{{"message":"limit reached","code":{code}}}}}"#);
            (reply(status, &["Connection: close"], body), Some(*code))
        })
    });
    let asked = ["403 Forbidden", "401 Unauthorized"]
        .map(|status| (reply(status, &["Retry-After: 0", "Connection: close"], r#"{"message":"Slow down"}"#), None));
    for (answer, code) in with_code.chain(asked) {
        let script = [vec![Step::Answer, Step::Request], writes(&answer)].concat();
        let server = Server::start(&groups(7), [script.clone()]).await;
        assert_eq!(all_of(walk(client(&server).groups("app")).await), groups(7), "{code:?}");
        assert_eq!(server.requests(), 4);

        let server = Server::start(&groups(7), [script]).await;
        let once = builder(server.base_url()).retry(RetryPolicy::none()).build().unwrap();
        let (_, error) = walk(once.groups("app")).await;
        let error = error.unwrap();
        assert_eq!(error.api_code(), code);
        assert!(error.is_rate_limited() && error.is_retryable() && !error.is_auth(), "{error:?}");
        assert!(error.advice().contains("wait") && !error.advice().contains("credential"), "{}", error.advice());
    }
}

#[tokio::test]
async fn a_refusal_of_any_shape_shows_its_reason_and_a_code_inside_counts() {
    for (body, reason, code) in [
        (r#"{"errors":[{"code":1006,"title":"Not found","details":"no such number"}]}"#, "no such number", Some(1006)),
        (
            r#"{"type":"about:blank","title":"Bad input","status":400,"detail":"limit is too big"}"#,
            "limit is too big",
            None,
        ),
        (r#"{"message":["limit must not exceed 100","after is unknown"]}"#, "limit must not exceed 100", None),
        (r#"{"detail":"Not authenticated"}"#, "Not authenticated", None),
        (
            r#"{"fault":{"faultstring":"Spike arrest violation","detail":{"errorcode":"policies.ratelimit"}}}"#,
            "Spike arrest violation",
            None,
        ),
        (r#"{"reason_text":"the app sleeps"}"#, "the app sleeps", None),
    ] {
        let fault = then(writes(reply("400 Bad Request", &[], body)), Step::HalfClose);
        let server = Server::start(&groups(7), [[vec![Step::Request], fault].concat()]).await;
        let (_, error) = walk(client(&server).groups("app").page_size(25)).await;
        let error = error.unwrap();
        assert!(error.to_string().contains(reason), "{body}: {error}");
        assert_eq!((error.status(), error.api_code(), server.requests()), (Some(400), code, 1), "{body}");
    }
    // The meaning of the code: the cursor has expired, so the listing starts again.
    for body in [
        r#"{"errors":[{"code":131059,"title":"Invalid cursor"}]}"#,
        r#"{"fault":{"faultstring":"No","detail":{"errorcode":"131059"}}}"#,
    ] {
        let expired = writes(reply("400 Bad Request", &["Connection: close"], body));
        let server = Server::start(&groups(7), [[vec![Step::Answer, Step::Request], expired].concat()]).await;
        assert_eq!(all_of(walk(client(&server).groups("app")).await), groups(7), "{body}");
        assert_eq!(server.requests(), 1 + 1 + 3, "{body}");
    }
}

#[test]
fn inclusive_cursors_list_each_group_once_in_both_directions() {
    for page_size in [2, 5, 20] {
        let fake = FakeGroups::new(groups(23)).dialect(Dialect::default().inclusive_cursors(true));
        let list = ListGroups::from_source(fake.clone()).page_size(page_size);
        assert_eq!(id_texts(&all(list.clone().stream())), numbers(0, 22), "{page_size}");
        let end = fake.cursor_at("22").unwrap();
        assert_eq!(id_texts(&all(list.before(end).stream())), numbers(22, 0), "{page_size}");
    }
}

/// Scenario: a request that is to confirm the end is answered by the last group again, with the cursor that was sent.
/// Expected: an error, since a server that is stuck in the middle of a list answers so too.
#[test]
fn an_end_that_an_inclusive_cursor_does_not_confirm_is_an_error_and_never_a_list() {
    for page_size in [2, 25] {
        let fake = FakeGroups::new(groups(23)).dialect(Dialect::default().inclusive_cursors(true));
        let list = ListGroups::from_source(fake).page_size(page_size);
        assert!(block_on(list.snapshot()).unwrap_err().is_cursor_loop());
        assert!(block_on(list.update(None)).unwrap_err().is_cursor_loop());
        let (found, error) = drain(&mut list.confirm_end(true).stream());
        assert_eq!((found, error.is_some_and(|error| error.is_cursor_loop())), (groups(23), true));
    }
}

/// Scenario: cursors are offsets that never expire, and a group is created at the front before any of the requests. Expected:
/// those that were there come once each, in order.
#[test]
fn an_offset_list_that_grows_repeats_no_group_at_a_seam() {
    for created in 1..=3 {
        for at in 1..8 {
            let dialect = Dialect::default().expire_cursors_on_change(false);
            let fake = FakeGroups::new(groups(23)).dialect(dialect).on_request(move |index, fake| {
                if index == at {
                    (0..created).for_each(|n| fake.create(numbered(100 + n)));
                }
            });
            let list = ListGroups::from_source(fake).page_size(4);
            assert_eq!(ids(&all(list.stream())), (0..23).collect::<Vec<_>>(), "{created} before request {at}");
        }
    }
}

#[test]
fn by_default_a_list_that_grows_or_shrinks_expires_its_offsets_and_heals_without_loss_or_repeat() {
    for at in 1..5 {
        for grows in [true, false] {
            let fake = FakeGroups::new(groups(23)).on_request(move |index, fake| match index {
                _ if index != at => {}
                _ if grows => fake.create(numbered(100)),
                _ => assert!(fake.delete("0")),
            });
            let mut stream = ListGroups::from_source(fake).page_size(5).stream();
            let mut found = ids(&all(&mut stream));
            found.sort_unstable();
            let expected: Vec<_> = (0..23).chain(grows.then_some(100)).collect();
            assert_eq!(found, expected, "{at} {grows}");
            assert_eq!(stream.progress().restarts, 1);
        }
    }
}

/// Scenario: the first page shows another last group each time, and its cursor is always refused. Expected: an error after a
/// bounded number of requests, by every method.
#[test]
fn a_page_that_changes_each_time_and_whose_cursor_is_always_refused_is_an_error() {
    let answer = |count: &AtomicUsize, request: &PageRequest| -> Result<Page> {
        match request.position {
            Position::Start => {
                let n = count.fetch_add(1, Ordering::Relaxed);
                Ok(Page::new(vec![numbered(n)], Cursors::new(Some(&format!("fresh {n}")), None)).with_next_link(true))
            }
            _ => Err(Error::api(400, Some(2642), "Invalid cursors values")),
        }
    };
    let whole: [fn(&ListGroups) -> Error; 4] = [
        |list| drain(&mut list.stream()).1.unwrap(),
        |list| block_on(list.snapshot()).unwrap_err(),
        |list| block_on(list.consistent_snapshot()).unwrap_err(),
        |list| block_on(list.update(None)).unwrap_err(),
    ];
    for error_of in whole {
        let count = Arc::<AtomicUsize>::default();
        let source = from_fn(move |request| answer(&count, &request));
        let error = error_of(&ListGroups::from_source(source.clone()));
        assert!(error.is_cursor_expired(), "{error}");
        assert!(source.asked() <= 100, "{} requests", source.asked());
    }
}

#[tokio::test]
async fn a_body_that_is_valid_but_empty_in_the_middle_of_a_list_is_requested_once_more_over_a_real_connection() {
    let nothing = writes(ok(r#"{"data":[],"paging":{},"status":"success"}"#));
    let script = [vec![Step::Answer, Step::Request], nothing, vec![Step::Serve]].concat();
    let server = Server::start(&groups(9), [script]).await;
    assert_eq!(all_of(walk(client(&server).groups("app")).await), groups(9));
    assert_eq!(server.requests(), 3 + 1);
}
