//! One page is fetched ahead of demand on its own task; everything else stays the same.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{Checkpoint, Error, ListGroups, RetryPolicy};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{finish, groups, ids, numbered, settle};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Nine groups on pages of three, read ahead, with these faults.
fn script(faults: impl IntoIterator<Item = Fault>) -> (FakeGroups, ListGroups) {
    let fake = FakeGroups::new(groups(9)).script(faults);
    let list = ListGroups::from_source(fake.clone()).page_size(3).read_ahead(true);
    (fake, list)
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

fn whole() -> Vec<usize> {
    (0..9).collect()
}

#[tokio::test(start_paused = true)]
async fn one_page_is_requested_as_soon_as_the_one_before_has_arrived() {
    let (fake, list) = script([]);
    let mut stream = list.stream();
    settle().await;
    assert_eq!(fake.requests().len(), 0, "nothing before the first poll");
    for (taken, asked) in [(1, 2), (2, 2), (3, 2), (4, 3), (5, 3), (6, 3), (7, 3), (8, 3), (9, 3)] {
        stream.next().await.unwrap().unwrap();
        settle().await;
        assert_eq!(fake.requests().len(), asked, "after group {taken}");
    }
    assert!(stream.next().await.is_none());
    settle().await;
    assert_eq!((fake.requests().len(), tasks()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn at_most_one_request_is_in_flight() {
    let most = Arc::new(AtomicUsize::new(0));
    let fake = FakeGroups::new(groups(90)).on_request({
        let most = Arc::clone(&most);
        move |index, fake| {
            most.fetch_max(fake.in_flight(), Ordering::Relaxed);
            fake.fault_at(index, Fault::Delay(20 * MS));
        }
    });
    let mut stream = ListGroups::from_source(fake.clone()).page_size(3).read_ahead(true).stream();
    let (found, _) = finish(&mut stream).await;
    assert_eq!((found.len(), fake.requests().len()), (90, 30));
    assert_eq!(most.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn without_read_ahead_no_page_is_requested_ahead_and_there_is_no_task() {
    let (fake, list) = script([]);
    let mut stream = list.read_ahead(false).stream();
    for taken in 0..9 {
        stream.next().await.unwrap().unwrap();
        assert_eq!(tasks(), 0);
        settle().await;
        assert_eq!(fake.requests().len(), taken / 3 + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_is_made_only_where_the_page_leads_on() {
    for (size, count, expected) in [(10, 9, 0), (8, 8, 1)] {
        let (fake, list) = script([]);
        fake.dialect(Dialect::default().cursors_at_the_ends(false));
        let mut pages = list.page_size(size).pages();
        assert_eq!(pages.next().await.unwrap().unwrap().groups.len(), count);
        assert_eq!(tasks(), expected);
        while pages.next().await.is_some() {}
        settle().await;
        assert_eq!(tasks(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_page_comes_after_all_groups_before_it_and_resume_goes_on() {
    let (fake, list) = script([Fault::None, Fault::Error(Error::other("scripted"))]);
    let mut stream = list.stream();
    stream.next().await.unwrap().unwrap();
    settle().await;
    assert_eq!(fake.requests().len(), 2, "it has failed already");
    let (mut found, error) = finish(&mut stream).await;
    assert_eq!(ids(&found), [1, 2]);
    assert_eq!(error.unwrap().checkpoint(), Some(&stream.checkpoint()));
    assert!(stream.next().await.is_none());

    stream.resume();
    found.extend(finish(&mut stream).await.0);
    assert_eq!(ids(&found), whole()[1..]);
    assert_eq!(fake.requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_asked_twice_when_next_is_dropped() {
    let (fake, list) = script([Fault::Delay(10 * MS), Fault::Delay(10 * MS), Fault::Delay(10 * MS)]);
    let mut stream = list.stream();
    let mut found = Vec::new();
    let mut dropped = 0;
    loop {
        match timeout(3 * MS, stream.next()).await {
            Ok(Some(group)) => found.push(group.unwrap()),
            Ok(None) => break,
            Err(_) => dropped += 1,
        }
    }
    assert_eq!(ids(&found), whole());
    assert_eq!((fake.requests().len(), fake.dropped()), (3, 0));
    assert!(dropped >= 6, "{dropped}");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_stream_ends_the_request_and_its_task() {
    let (fake, list) = script([Fault::None, Fault::Hang]);
    let mut stream = list.stream();
    stream.next().await.unwrap().unwrap();
    settle().await;
    assert_eq!((fake.in_flight(), tasks()), (1, 1));
    drop(stream);
    settle().await;
    assert_eq!((fake.in_flight(), fake.dropped(), tasks()), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn it_works_backward() {
    let (fake, list) = script([]);
    let end = fake.cursor_at("8").unwrap();
    let mut stream = list.before(end).stream();
    assert_eq!(stream.next().await.unwrap().unwrap().id, "7");
    settle().await;
    assert_eq!(fake.requests().len(), 2);
    let (rest, error) = finish(&mut stream).await;
    assert!(error.is_none());
    assert_eq!(ids(&rest), [6, 5, 4, 3, 2, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_never_points_past_what_was_yielded_whatever_has_arrived() {
    let (fake, list) = script([]);
    let mut stream = list.stream();
    for index in 0..=9 {
        settle().await;
        let saved: Checkpoint = stream.checkpoint().to_string().parse().unwrap();
        let resumed = ListGroups::from_source(fake.clone()).page_size(2).read_ahead(true).resume(saved);
        assert_eq!(ids(&finish(&mut resumed.stream()).await.0), whole()[index..]);
        stream.next().await.transpose().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn retries_and_waits_make_progress_while_the_consumer_is_busy() {
    let outage = || Fault::Error(Error::api(503, None, "no").with_retry_after(5 * SECOND));
    let (fake, list) = script([Fault::None, outage(), outage()]);
    let mut stream = list.stream();
    stream.next().await.unwrap().unwrap();
    sleep(11 * SECOND).await;
    assert_eq!((fake.requests().len(), fake.in_flight()), (4, 0), "all three attempts are made");
    let began = Instant::now();
    let (found, error) = finish(&mut stream).await;
    assert_eq!((found.len(), error.is_none()), (8, true));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn progress_is_exact_while_the_page_ahead_is_retried_and_after_it_was_dropped() {
    let busy = || Fault::Error(Error::api(429, None, "no").with_retry_after(5 * SECOND));
    let (_, list) = script([Fault::None, busy(), busy()]);
    let count = |progress: gupshup_groups::Progress| (progress.requests, progress.retries, progress.waited.as_secs());
    let mut stream = list.stream();
    stream.next().await.unwrap().unwrap();
    assert_eq!(count(stream.progress()), (1, 0, 0), "the task has not run yet");
    sleep(SECOND).await;
    assert_eq!(count(stream.progress()), (2, 0, 5));
    sleep(5 * SECOND).await;
    assert_eq!(count(stream.progress()), (3, 1, 10));
    let mut back = stream.reverse();
    settle().await;
    assert_eq!(count(back.progress()), (3, 1, 10));
    // The server has asked every request to wait, and three of its five seconds are left.
    assert_eq!(back.next().await.unwrap().unwrap().id, "0");
    assert_eq!(count(back.progress()), (4, 1, 13));
}

#[tokio::test(start_paused = true)]
async fn an_expired_cursor_restarts_the_listing() {
    let fake = FakeGroups::new(groups(9)).dialect(Dialect::default().expire_cursors_on_change(true)).on_request(
        |index, fake| {
            if index == 2 {
                fake.create(numbered(100));
            }
        },
    );
    let mut stream = ListGroups::from_source(fake.clone()).page_size(3).read_ahead(true).stream();
    let mut found = Vec::new();
    while let Some(group) = stream.next().await {
        found.push(group.unwrap());
        settle().await;
    }
    assert_eq!(stream.progress().restarts, 1);
    // The restarted listing yields the new group, and no group twice.
    assert_eq!(ids(&found), [0, 1, 2, 3, 4, 5, 100, 6, 7, 8]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_requested_beyond_max_groups() {
    for (most, limits) in [(3, &[3][..]), (5, &[3, 2]), (6, &[3, 3]), (7, &[3, 3, 1])] {
        let (fake, list) = script([]);
        let mut stream = list.max_groups(most).stream();
        let (found, _) = finish(&mut stream).await;
        settle().await;
        assert_eq!(found.len(), most);
        assert_eq!(fake.requests().iter().map(|request| request.limit.get()).collect::<Vec<_>>(), limits);
        assert_eq!(tasks(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn reversing_drops_the_page_ahead_and_the_groups_not_yielded() {
    let (fake, list) = script([Fault::None, Fault::Hang]);
    let mut stream = list.max_groups(6).stream();
    assert_eq!(ids(&[stream.next().await.unwrap().unwrap(), stream.next().await.unwrap().unwrap()]), [0, 1]);
    settle().await;
    assert_eq!((fake.in_flight(), tasks()), (1, 1));

    let mut back = stream.reverse();
    settle().await;
    assert_eq!((fake.in_flight(), fake.dropped(), tasks()), (0, 1, 0));
    assert_eq!(back.progress().groups, 2);
    assert_eq!(back.next().await.unwrap().unwrap().id, "1");
    // Three of six are yielded; the third group of the page is not among them.
    let (rest, error) = finish(&mut back.reverse()).await;
    assert!(error.is_none());
    assert_eq!(ids(&rest), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn request_and_consumer_work_at_the_same_time() {
    const PAGES: u32 = 20;
    for (ahead, least, most) in [(true, PAGES, PAGES + 2), (false, 2 * PAGES, 2 * PAGES + 1)] {
        let fake = FakeGroups::new(groups(60)).on_request(|index, fake| {
            fake.fault_at(index, Fault::Delay(20 * MS));
        });
        let mut pages = ListGroups::from_source(fake).page_size(3).read_ahead(ahead).pages();
        let began = Instant::now();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            page.unwrap();
            sleep(20 * MS).await;
            count += 1;
        }
        assert_eq!(count, PAGES);
        let elapsed = began.elapsed();
        assert!(elapsed >= 20 * MS * least && elapsed <= 20 * MS * most, "{elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_consumer_slower_than_the_pages_deadline_causes_no_error_and_no_second_request() {
    let (fake, list) = script([Fault::Delay(SECOND), Fault::Delay(SECOND), Fault::Delay(SECOND)]);
    let mut stream = list.retry(RetryPolicy::default().deadline(2 * SECOND)).stream();
    let mut found = Vec::new();
    while let Some(group) = stream.next().await {
        found.push(group.unwrap());
        sleep(100 * SECOND).await;
    }
    assert_eq!(ids(&found), whole());
    assert_eq!((fake.requests().len(), fake.dropped()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_source_reaches_the_consumer_in_its_place_and_the_stream_can_go_on() {
    let (fake, list) = script([Fault::None, Fault::Panic]);
    let mut stream = list.stream();
    for expected in 0..3 {
        assert_eq!(stream.next().await.unwrap().unwrap().id, expected.to_string());
    }
    let panic = AssertUnwindSafe(stream.next()).catch_unwind().await.unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("request 1 panics"));
    assert_eq!(stream.progress().requests, 2);

    let (rest, error) = finish(&mut stream).await;
    assert!(error.is_none());
    assert_eq!(ids(&rest), whole()[3..]);
    assert_eq!(fake.requests().len(), 4);
    assert_eq!(stream.progress().requests, 4);
}

#[test]
fn a_runtime_that_is_shut_down_is_an_error_that_can_be_resumed_on_another() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (fake, list) = script([Fault::None, Fault::Hang]);
    let first = runtime();
    let mut stream = list.stream();
    first.block_on(async {
        stream.next().await.unwrap().unwrap();
        settle().await;
    });
    assert_eq!(fake.in_flight(), 1);
    drop(first);
    let second = runtime();
    let (mut found, error) = second.block_on(finish(&mut stream));
    assert_eq!(ids(&found), [1, 2]);
    let error = error.unwrap();
    assert!(error.is_retryable() && error.to_string().contains("the runtime was shut down"), "{error}");
    stream.resume();
    found.extend(second.block_on(finish(&mut stream)).0);
    assert_eq!(ids(&found), whole()[1..]);
}
