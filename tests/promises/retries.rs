//! How failed attempts are repeated, with any source of pages and a paused clock.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Error, ListGroups, PageRequest, RetryPolicy};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{finish, groups, ids};

const SECOND: Duration = Duration::from_secs(1);
/// A timer fires up to a millisecond late, and there are at most nine waits.
const LATE: Duration = Duration::from_millis(9);

fn outage() -> Error {
    Error::api(503, None, "Service Unavailable")
}

/// A server that asks to wait.
fn busy(wait: Duration) -> Fault {
    Fault::Error(Error::api(429, None, "Too Many Requests").with_retry_after(wait))
}

/// Nine groups on pages of three, with these faults.
fn script(faults: impl IntoIterator<Item = Fault>) -> (FakeGroups, ListGroups) {
    let fake = FakeGroups::new(groups(9)).script(faults);
    let list = ListGroups::from_source(fake.clone()).page_size(3);
    (fake, list)
}

/// A server on which each request fails.
fn always(error: impl Fn() -> Error + Send + Sync + 'static) -> FakeGroups {
    FakeGroups::new(groups(9)).on_request(move |index, fake| {
        fake.fault_at(index, Fault::Error(error()));
    })
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_is_tried_ten_times_then_the_error_is_yielded_once() {
    let api = |status, code| move || Error::api(status, code, "message");
    for error in [
        Box::new(|| Error::transport("reset")) as Box<dyn Fn() -> Error + Send + Sync>,
        Box::new(api(408, None)),
        Box::new(api(429, None)),
        Box::new(api(500, None)),
        Box::new(api(502, None)),
        Box::new(api(503, None)),
        Box::new(api(504, None)),
        Box::new(api(400, Some(80_007))),
        Box::new(api(400, Some(2))),
    ] {
        let expected = error().to_string();
        let fake = always(error);
        let mut stream = ListGroups::from_source(fake.clone()).stream();
        let error = stream.next().await.unwrap().unwrap_err();
        assert_eq!(fake.requests().len(), 10, "{expected}");
        let first: HashSet<_> = fake.requests().into_iter().collect();
        assert_eq!(first.len(), 1, "the same request each time");
        assert!(error.to_string().contains("failed after 10 attempts in "), "{error}");
        for _ in 0..3 {
            assert!(stream.next().await.is_none());
        }
        assert_eq!(fake.requests().len(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_is_tried_once() {
    for error in [
        || Error::other("gone"),
        || Error::api(400, None, "no"),
        || Error::api(401, None, "no"),
        || Error::api(403, None, "no"),
        || Error::api(404, None, "no"),
        || Error::api(413, None, "no"),
        || Error::api(501, None, "no"),
        || Error::api(505, None, "no"),
        || Error::api(400, Some(131_059), "no"),
        || Error::api(500, Some(1), "Please reduce the amount of data"),
        // `Retry-After` changes nothing.
        || Error::api(404, None, "no").with_retry_after(SECOND),
    ] {
        let fake = always(error);
        let began = Instant::now();
        let found = ListGroups::from_source(fake.clone()).page_size(3).page().await.unwrap_err();
        assert_eq!(fake.requests().len(), 1, "{found}");
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_random_between_half_and_all_of_its_limit_and_the_only_time_that_passes() {
    for (limit, error) in
        [(SECOND * 6 / 10, outage as fn() -> Error), (3 * SECOND, || Error::api(429, None, "Too Many Requests"))]
    {
        let (mut shortest, mut longest) = (limit, Duration::ZERO);
        let mut waits = HashSet::new();
        for _ in 0..200 {
            let list = ListGroups::from_source(always(error)).retry(RetryPolicy::default().attempts(3));
            let mut stream = list.stream();
            let began = Instant::now();
            stream.next().await.unwrap().unwrap_err();
            let waited = stream.progress().waited;
            assert!(waited >= limit / 2 && waited <= limit, "{waited:?}");
            assert!(began.elapsed() >= waited && began.elapsed() <= waited + LATE);
            (shortest, longest) = (shortest.min(waited), longest.max(waited));
            waits.insert(waited);
        }
        // Each fails once in 10²⁰ runs at most.
        assert!(shortest < limit * 3 / 4 && longest > limit * 3 / 4, "{shortest:?} to {longest:?} of {limit:?}");
        assert!(waits.len() > 100, "clients that failed together do not come back together");
    }
}

#[tokio::test(start_paused = true)]
async fn no_request_is_made_before_the_servers_retry_after() {
    let (fake, list) = script([busy(7 * SECOND), busy(11 * SECOND)]);
    let began = Instant::now();
    assert_eq!(list.page().await.unwrap().groups.len(), 3);
    assert!(began.elapsed() >= 18 * SECOND && began.elapsed() <= 18 * SECOND + LATE, "{:?}", began.elapsed());
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_time_that_a_refusal_names_counts_though_its_status_is_200() {
    for error in [Error::api(200, Some(4), "Application request limit reached"), Error::api(200, Some(2), "Busy")] {
        let (fake, list) = script([Fault::Error(error.with_retry_after(7 * SECOND))]);
        let began = Instant::now();
        assert_eq!(list.page().await.unwrap().groups.len(), 3);
        assert!(began.elapsed() >= 7 * SECOND && began.elapsed() <= 7 * SECOND + LATE, "{:?}", began.elapsed());
        assert_eq!(fake.requests().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_more_than_a_minute_is_an_error_at_once() {
    for (wait, requests, elapsed) in
        [(60 * SECOND, 2, 60 * SECOND), (61 * SECOND, 1, Duration::ZERO), (Duration::MAX, 1, Duration::ZERO)]
    {
        let (fake, list) = script([busy(wait), Fault::Error(Error::other("the end of the test"))]);
        let began = Instant::now();
        let error = list.page().await.unwrap_err();
        assert_eq!(fake.requests().len(), requests);
        assert!(began.elapsed() >= elapsed && began.elapsed() <= elapsed + LATE);
        assert_eq!(error.retry_after(), (requests == 1).then_some(wait));
    }
}

/// Scenario: `Retry-After: 120`. Expected: who has set a deadline with room for it waits; who has set a shorter one does not.
#[tokio::test(start_paused = true)]
async fn a_longer_retry_after_is_waited_for_if_it_fits_into_a_deadline_that_was_set() {
    for (deadline, elapsed) in [(600, 240), (241, 240), (240, 120), (120, 0), (90, 0)] {
        let (fake, list) = script([busy(120 * SECOND), busy(120 * SECOND)]);
        let began = Instant::now();
        let page = list.retry(RetryPolicy::default().deadline(deadline * SECOND)).page().await;
        assert_eq!(began.elapsed().as_secs(), elapsed, "{deadline}");
        assert_eq!(fake.requests().len() as u64, 1 + elapsed / 120);
        match page {
            Ok(page) => assert_eq!((page.groups.len(), elapsed), (3, 240)),
            Err(error) => assert_eq!((error.retry_after(), elapsed < 240), (Some(120 * SECOND), true)),
        }
    }
}

/// Scenario: eight listings with a deadline of ten minutes, and a server that fails for nine. Expected: all of them get
/// through, although they share a budget.
#[tokio::test(start_paused = true)]
async fn a_long_deadline_outlives_a_long_outage_of_several_listings() {
    let began = Instant::now();
    let fake = FakeGroups::new(groups(9)).on_request(move |index, fake| {
        if began.elapsed() < 540 * SECOND {
            fake.fault_at(index, Fault::Error(outage()));
        }
    });
    let policy = RetryPolicy::default().attempts(u32::MAX).deadline(600 * SECOND);
    let list = ListGroups::from_source(fake.clone()).retry(policy);
    let pages = join_all((0..8).map(|_| list.page())).await;
    let failed = pages.iter().filter(|page| page.is_err()).count();
    assert_eq!(failed, 0, "{:?} after {} requests", began.elapsed(), fake.requests().len());
}

#[tokio::test(start_paused = true)]
async fn the_deadline_counts_the_attempts_before_and_begins_anew_with_each_page() {
    let (_, list) = script([Fault::Delay(40 * SECOND), Fault::Delay(40 * SECOND), Fault::Delay(40 * SECOND)]);
    let list = list.retry(RetryPolicy::default().deadline(50 * SECOND));
    let began = Instant::now();
    let (found, error) = finish(&mut list.stream()).await;
    assert_eq!((found.len(), error.is_none()), (9, true), "three times forty seconds, each below the deadline");
    assert!(began.elapsed() >= 120 * SECOND);

    // Two waits of 20 s; a third would end after the deadline.
    let (fake, list) = script([busy(20 * SECOND), busy(20 * SECOND), busy(20 * SECOND)]);
    let error = list.retry(RetryPolicy::default().attempts(9).deadline(50 * SECOND)).page().await.unwrap_err();
    assert_eq!((fake.requests().len(), error.attempts(), error.elapsed().as_secs()), (3, 3, 40));
}

/// Scenario: the deadline passes during the second attempt. Expected: the attempt continues, and its page arrives; if it fails,
/// it is the last.
#[tokio::test(start_paused = true)]
async fn the_deadline_begins_no_attempt_and_cuts_none() {
    let policy = RetryPolicy::default().attempts(9).deadline(50 * SECOND);
    let (fake, list) = script([busy(30 * SECOND), Fault::Delay(600 * SECOND)]);
    assert_eq!(list.retry(policy.clone()).page().await.unwrap().groups.len(), 3);
    assert_eq!((fake.requests().len(), fake.dropped()), (2, 0));

    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let fails_late = move |_: PageRequest| {
        counter.fetch_add(1, Ordering::Relaxed);
        async {
            sleep(40 * SECOND).await;
            Err(outage())
        }
    };
    let began = Instant::now();
    let error = ListGroups::from_source(fails_late).retry(policy).page().await.unwrap_err();
    assert_eq!((error.attempts(), calls.load(Ordering::Relaxed)), (2, 2));
    assert!(began.elapsed() >= 80 * SECOND && began.elapsed() < 81 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_401_or_403_that_asks_to_wait_is_a_rate_limit_and_is_retried() {
    for status in [401, 403] {
        let error = move || Error::api(status, None, "no").with_retry_after(7 * SECOND);
        assert!(error().is_rate_limited() && !error().is_auth());
        let (fake, list) = script([Fault::Error(error())]);
        let began = Instant::now();
        assert_eq!(list.page().await.unwrap().groups.len(), 3);
        assert!(began.elapsed() >= 7 * SECOND && began.elapsed() <= 7 * SECOND + LATE, "{:?}", began.elapsed());
        assert_eq!(fake.requests().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn no_wait_is_begun_that_would_end_after_the_deadline_of_three_minutes() {
    let (fake, list) = script([50, 50, 50, 50].map(|seconds| busy(seconds * SECOND)));
    let began = Instant::now();
    let error = list.page().await.unwrap_err();
    assert!(error.is_rate_limited() && error.retry_after() == Some(50 * SECOND));
    assert!(began.elapsed() >= 150 * SECOND && began.elapsed() <= 150 * SECOND + LATE, "{:?}", began.elapsed());
    assert_eq!(fake.requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_policy_none_makes_one_attempt_without_a_deadline() {
    let fake = always(outage);
    ListGroups::from_source(fake.clone()).retry(RetryPolicy::none()).page().await.unwrap_err();
    assert_eq!(fake.requests().len(), 1);

    let (fake, list) = script([Fault::Delay(24 * 3600 * SECOND)]);
    assert_eq!(list.retry(RetryPolicy::none()).page().await.unwrap().groups.len(), 3);
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_listings_own_policy_overrides_that_of_where_it_comes_from() {
    let fake = always(outage);
    let list = ListGroups::from_source(fake.clone()).retry(RetryPolicy::none());
    let began = Instant::now();
    let stubborn = RetryPolicy::default().attempts(6).base(SECOND).cap(2 * SECOND);
    list.clone().retry(stubborn).page().await.unwrap_err();
    assert_eq!(fake.requests().len(), 6);
    // 1 + 2 + 2 + 2 + 2 s at most.
    assert!(began.elapsed() <= 9 * SECOND + 2 * LATE);
    list.page().await.unwrap_err();
    assert_eq!(fake.requests().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn dropping_next_during_a_wait_neither_restarts_the_wait_nor_loses_the_attempt() {
    let (fake, list) = script([busy(10 * SECOND), busy(10 * SECOND), busy(10 * SECOND)]);
    let mut stream = list.retry(RetryPolicy::default().attempts(3)).stream();
    let began = Instant::now();
    let mut dropped = 0;
    let error = loop {
        match timeout(SECOND * 7 / 10, stream.next()).await {
            Ok(item) => break item.unwrap().unwrap_err(),
            Err(_) => dropped += 1,
        }
    };
    assert!(error.is_rate_limited());
    assert!(error.to_string().contains("after 3 attempts in 20 s"), "{error}");
    assert!(began.elapsed() >= 20 * SECOND && began.elapsed() <= 20 * SECOND + LATE, "{:?}", began.elapsed());
    assert_eq!((fake.requests().len(), dropped), (3, 28));
}

#[tokio::test(start_paused = true)]
async fn dropping_next_during_an_attempt_continues_that_attempt() {
    let (fake, list) = script([Fault::Delay(10 * SECOND), Fault::Delay(10 * SECOND), Fault::Delay(10 * SECOND)]);
    let mut stream = list.stream();
    let began = Instant::now();
    let mut found = Vec::new();
    loop {
        match timeout(SECOND * 7 / 10, stream.next()).await {
            Ok(Some(group)) => found.push(group.unwrap()),
            Ok(None) => break,
            Err(_) => {}
        }
    }
    assert_eq!(ids(&found), (0..9).collect::<Vec<_>>());
    assert_eq!((fake.requests().len(), fake.dropped()), (3, 0));
    assert!(began.elapsed() <= 30 * SECOND + LATE, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_polls_once_a_minute_sees_no_timeout_and_causes_no_request() {
    let (fake, list) = script([Fault::None, Fault::Delay(SECOND)]);
    let mut stream = list.stream();
    let mut found = Vec::new();
    while let Some(group) = stream.next().await {
        found.push(group.unwrap());
        tokio::time::sleep(60 * SECOND).await;
    }
    assert_eq!(ids(&found), (0..9).collect::<Vec<_>>());
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn progress_counts_requests_retries_and_waits_exactly_also_in_the_middle_of_a_page() {
    let faults = [busy(3 * SECOND), Fault::None, busy(4 * SECOND), busy(5 * SECOND), Fault::None, busy(6 * SECOND)];
    let (fake, list) = script(faults);
    let mut stream = list.stream();
    let count = |progress: gupshup_groups::Progress| (progress.requests, progress.retries, progress.waited.as_secs());
    assert_eq!(count(stream.progress()), (0, 0, 0));
    assert!(timeout(SECOND, stream.next()).await.is_err());
    assert_eq!(count(stream.progress()), (1, 0, 3), "a wait counts from its beginning, a retry when it is made");
    stream.next().await.unwrap().unwrap();
    assert_eq!(count(stream.progress()), (2, 1, 3));
    let (rest, error) = finish(&mut stream).await;
    assert_eq!((rest.len(), error.is_none()), (8, true));
    assert_eq!(count(stream.progress()), (7, 4, 18));
    assert_eq!(fake.requests().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn each_page_has_its_own_attempts_and_so_has_a_walk_that_is_resumed() {
    let fault = || Fault::Error(outage());
    let (fake, list) = script([
        fault(),
        fault(),
        Fault::None,
        fault(),
        fault(),
        Fault::None,
        fault(),
        fault(),
        fault(),
        fault(),
        fault(),
    ]);
    let mut stream = list.retry(RetryPolicy::default().attempts(3)).stream();
    let (mut found, error) = finish(&mut stream).await;
    assert_eq!((found.len(), error.unwrap().status()), (6, Some(503)));
    assert_eq!(fake.requests().len(), 9);
    stream.resume();
    let (rest, error) = finish(&mut stream).await;
    found.extend(rest);
    assert!(error.is_none());
    assert_eq!(ids(&found), (0..9).collect::<Vec<_>>());
    assert_eq!(fake.requests().len(), 12);
}

#[tokio::test(start_paused = true)]
async fn clones_share_a_budget_of_a_hundred_retries_and_without_it_errors_come_at_once() {
    let fake = always(outage);
    let list = ListGroups::from_source(fake.clone()).retry(RetryPolicy::default().attempts(1_000).base(Duration::ZERO));
    list.page().await.unwrap_err();
    assert_eq!(fake.requests().len(), 101);

    let began = Instant::now();
    for (asked, list) in [(102, list.clone()), (103, list.retry(RetryPolicy::default()))] {
        list.page().await.unwrap_err();
        assert_eq!(fake.requests().len(), asked);
    }
    assert_eq!(began.elapsed(), Duration::ZERO);

    let other = always(outage);
    ListGroups::from_source(other.clone()).page().await.unwrap_err();
    assert_eq!(other.requests().len(), 10, "another client has a budget of its own");
}

#[tokio::test(start_paused = true)]
async fn five_pages_pay_for_a_retry() {
    let fake = FakeGroups::new(groups(9)).on_request(|index, fake| {
        if index < 101 || index == 105 || index == 107 {
            fake.fault_at(index, Fault::Error(outage()));
        }
    });
    let list = ListGroups::from_source(fake.clone()).retry(RetryPolicy::default().attempts(1_000).base(Duration::ZERO));
    list.page().await.unwrap_err();
    for _ in 0..4 {
        list.page().await.unwrap();
    }
    list.page().await.unwrap_err();
    list.page().await.unwrap();
    assert_eq!(fake.requests().len(), 107);
    list.page().await.unwrap();
    assert_eq!(fake.requests().len(), 109, "the error of request 107 was followed by another attempt");
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_429_against_ten_clones_is_not_amplified() {
    let fake = always(|| Error::api(429, None, "Too Many Requests"));
    let list = ListGroups::from_source(fake.clone());
    join_all((0..10).map(|_| {
        let list = list.clone();
        async move {
            for _ in 0..20 {
                list.page().await.unwrap_err();
            }
        }
    }))
    .await;
    assert_eq!(fake.requests().len(), 200 + 100, "two hundred listings, and a hundred retries among them all");
}

#[tokio::test(start_paused = true)]
async fn waits_and_deadlines_go_by_tokios_clock_and_never_by_the_wall_clock() {
    let wall = std::time::Instant::now();
    let began = Instant::now();
    let (_, list) = script([50, 50, 50, 50].map(|seconds| busy(seconds * SECOND)));
    assert!(list.page().await.unwrap_err().is_rate_limited(), "four waits of 50 s would end after three minutes");
    assert!(began.elapsed() >= 150 * SECOND);
    assert!(wall.elapsed() < 30 * SECOND, "150 s of the paused clock are none of the wall's");
}
