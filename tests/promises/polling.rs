//! Every order of polls: lazy, spurious, fused.

use std::task::{Context, Poll};
use std::time::Duration;

use futures::executor::block_on;
use futures::stream::FusedStream as _;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use futures_test::stream::StreamTestExt as _;
use futures_test::task::{new_count_waker, noop_context, panic_context};
use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{Cursors, Error, Group, GroupStream, ListGroups, Page, RetryPolicy};

use crate::support::{Gated, all, five_groups, groups, poll_next, take};

#[test]
fn without_a_poll_there_is_no_request() {
    let (fake, list) = five_groups();
    let stream = list.stream();
    let pages = list.pages();
    let page = list.page();
    assert_eq!(stream.size_hint(), (0, None));
    assert_eq!(pages.size_hint(), (0, None));
    assert!(stream.checkpoint().is_start() && pages.checkpoint().is_start());
    drop((stream.reverse(), pages, page));
    assert!(fake.requests().is_empty());
}

#[test]
fn a_page_is_requested_only_after_the_last_group_of_the_one_before() {
    let (fake, list) = five_groups();
    let mut stream = list.stream();
    for (yielded, requests) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)] {
        assert_eq!(take(&mut stream, 1).0.len(), 1);
        assert_eq!(fake.requests().len(), requests, "after {yielded} groups");
    }
    assert!(take(&mut stream, 1).0.is_empty());
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn a_page_stream_requests_one_page_at_a_time() {
    let (fake, list) = five_groups();
    let mut pages = list.pages();
    for requests in 1..=3 {
        assert_eq!(take(&mut pages, 1).0.len(), 1);
        assert_eq!(fake.requests().len(), requests);
    }
    assert!(take(&mut pages, 1).0.is_empty());
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn the_waker_of_the_last_poll_is_the_one_woken() {
    let gated = Gated::default();
    let gate = gated.gate();
    let mut stream = ListGroups::from_source(gated).stream();
    let (first, first_woken) = new_count_waker();
    let (second, second_woken) = new_count_waker();
    assert!(poll_next(&mut stream, &mut Context::from_waker(&first)).is_pending());
    assert!(poll_next(&mut stream, &mut Context::from_waker(&second)).is_pending());
    gate.send(Page::new(groups(1), Cursors::default())).unwrap();
    assert_eq!((first_woken.get(), second_woken.get()), (0, 1));
    assert!(poll_next(&mut stream, &mut Context::from_waker(&first)).is_ready());
}

#[test]
fn spurious_polls_make_no_request_and_yield_nothing() {
    let (fake, list) = five_groups();
    fake.fault_at(1, Fault::Hang);
    let mut stream = list.stream();
    take(&mut stream, 2);
    for _ in 0..100 {
        assert!(poll_next(&mut stream, &mut noop_context()).is_pending());
    }
    assert_eq!(fake.requests().len(), 2);
    assert_eq!((fake.in_flight(), fake.dropped()), (1, 0));
}

/// The context panics when it is used.
#[test]
fn buffered_groups_need_no_waker() {
    let (_, list) = five_groups();
    let mut stream = list.stream();
    take(&mut stream, 1);
    assert!(poll_next(&mut stream, &mut panic_context()).is_ready());
}

#[test]
fn pending_between_all_polls_changes_nothing() {
    let (fake, list) = five_groups();
    fake.script([Fault::Pending(1), Fault::Pending(1), Fault::Pending(1)]);
    let found: Vec<Group> = block_on(list.stream().interleave_pending().try_collect()).unwrap();
    assert_eq!(found, groups(5));
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn a_response_that_is_ready_takes_one_poll() {
    let (_, list) = five_groups();
    let mut stream = list.stream();
    for _ in 0..5 {
        assert!(matches!(poll_next(&mut stream, &mut noop_context()), Poll::Ready(Some(Ok(_)))));
    }
    assert!(matches!(poll_next(&mut stream, &mut noop_context()), Poll::Ready(None)));
}

#[test]
fn a_stream_is_not_terminated_while_groups_are_buffered() {
    let fake = FakeGroups::new(groups(3)).dialect(Dialect::default().cursors_at_the_ends(false));
    let mut stream = ListGroups::from_source(fake).stream();
    for _ in 0..3 {
        assert!(!stream.is_terminated());
        assert_eq!(take(&mut stream, 1).0.len(), 1);
    }
    assert!(stream.is_terminated(), "the page said that it was the last");
    assert_eq!(take(&mut stream, 1).0.len(), 0);
    assert!(stream.is_terminated());
}

#[test]
fn a_stream_is_not_terminated_before_its_error_and_again_after_resume() {
    let (fake, list) = five_groups();
    fake.fault_at(1, Fault::Error(Error::transport("reset")));
    let mut stream = list.stream();
    take(&mut stream, 2);
    assert!(!stream.is_terminated());
    assert!(take(&mut stream, 1).1.is_some());
    assert!(stream.is_terminated());
    stream.resume();
    assert!(!stream.is_terminated());
    assert_eq!(all(&mut stream).len(), 3);
    assert!(stream.is_terminated());
}

/// The hint of groups is a property in `model`.
#[test]
fn the_size_hint_of_pages_is_never_wrong() {
    for dialect in [Dialect::default(), Dialect::default().next_links(false), Dialect::default().empty_page_every(2)] {
        for failing in 0..4 {
            let fake = FakeGroups::new(groups(8)).dialect(dialect.clone());
            fake.fault_at(failing, Fault::Error(Error::other("scripted")));
            let list = ListGroups::from_source(fake).page_size(2);
            for list in [list.clone(), list.max_groups(3)] {
                let mut pages = list.pages();
                let mut hints = vec![pages.size_hint()];
                while block_on(pages.next()).is_some() {
                    hints.push(pages.size_hint());
                }
                for (left, (least, most)) in (0..hints.len()).rev().zip(hints) {
                    assert!(least <= left && most.is_none_or(|most| left <= most), "{left}: {least} {most:?}");
                }
                assert_eq!(pages.size_hint(), (0, Some(0)));
            }
        }
    }
}

#[test]
fn ten_thousand_streams_at_once_hold_little_each_and_all_come_to_their_end() {
    assert!(size_of::<GroupStream>() <= 256, "{}", size_of::<GroupStream>());
    let streams: Vec<_> = (0..10_000)
        .map(|_| {
            let fake = FakeGroups::new(groups(3)).script([Fault::Pending(1), Fault::Pending(2)]);
            ListGroups::from_source(fake).page_size(2).stream()
        })
        .collect();
    let found = block_on(stream::select_all(streams).try_fold(0, async |sum, _| Ok(sum + 1)));
    assert_eq!(found.unwrap(), 30_000);
}

/// Without a deadline, a listing has no clock.
#[tokio::test(start_paused = true)]
async fn time_that_passes_between_polls_changes_nothing() {
    let year = Duration::from_secs(365 * 24 * 3600);
    let (fake, list) = five_groups();
    fake.script([Fault::Delay(year), Fault::None, Fault::Delay(Duration::from_secs(1))]);
    let mut stream = list.retry(RetryPolicy::none()).stream();
    let mut found = Vec::new();
    while let Some(group) = stream.next().await {
        found.push(group.unwrap());
        tokio::time::advance(year).await;
    }
    assert_eq!(found, groups(5));
    assert_eq!(fake.requests().len(), 3);
}
