//! Every order of polls: lazy, cancel-safe, fused, and in any task.

#![deny(unfulfilled_lint_expectations)]

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::channel::oneshot;
use futures::executor::block_on;
use futures::future::BoxFuture;
use futures::stream::FusedStream as _;
use futures::{FutureExt as _, Stream, StreamExt as _, TryStreamExt as _, select, stream};
use futures_test::stream::StreamTestExt as _;
use futures_test::task::{new_count_waker, noop_context, panic_context};
use gupshup_groups::testing::{Dialect, FakeFetch, FakeGroups, Fault};
use gupshup_groups::{
    Checkpoint, Client, ClientBuilder, Cursor, Cursors, Direction, Error, Group, GroupStream, HttpFetch, HttpSource,
    ListGroups, Page, PageRequest, PageSize, PageSource, PageStream, Position, Progress, Result, RetryPolicy,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{all, drain, groups, take};

/// Three pages of two groups, the last of which has one.
fn five_groups() -> (FakeGroups, ListGroups<FakeGroups>) {
    let fake = FakeGroups::new(groups(5));
    (fake.clone(), ListGroups::from_source(fake).page_size(2))
}

/// A source whose answers wait until the test gives them.
#[derive(Clone, Default)]
struct Gated {
    answers: Arc<Mutex<VecDeque<oneshot::Receiver<Page>>>>,
}

impl Gated {
    /// The gate of the next request.
    fn gate(&self) -> oneshot::Sender<Page> {
        let (gate, answer) = oneshot::channel();
        self.answers.lock().unwrap().push_back(answer);
        gate
    }
}

impl PageSource for Gated {
    type Fetch = BoxFuture<'static, Result<Page>>;

    fn fetch(&self, _: PageRequest) -> Self::Fetch {
        let answer = self.answers.lock().unwrap().pop_front().expect("no more requests than gates");
        async { answer.await.map_err(Error::transport) }.boxed()
    }
}

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
fn a_next_dropped_at_any_await_loses_nothing_and_repeats_no_request() {
    for waits in [0, 1, 2, 7] {
        let (fake, list) = five_groups();
        fake.script([Fault::Pending(waits), Fault::Pending(waits), Fault::Pending(waits)]);
        let mut stream = list.stream();
        let mut found = Vec::new();
        let mut dropped = 0;
        loop {
            // Polls the future of `next` once, and drops it.
            match stream.next().now_or_never() {
                Some(Some(group)) => found.push(group.unwrap()),
                Some(None) => break,
                None => dropped += 1,
            }
        }
        assert_eq!(found, groups(5));
        assert_eq!(dropped, 3 * waits);
        assert_eq!(fake.requests().len(), 3);
        assert_eq!(fake.dropped(), 0);
    }
}

#[test]
fn a_next_dropped_once_at_the_nth_poll_loses_nothing() {
    for nth in 0..9 {
        let (fake, list) = five_groups();
        fake.script([Fault::Pending(2), Fault::Pending(2), Fault::Pending(2)]);
        let mut stream = list.stream();
        let mut found = Vec::new();
        for _ in 0..nth {
            found.extend(stream.next().now_or_never().flatten());
        }
        found.extend(block_on(stream.collect::<Vec<_>>()));
        let found: Result<Vec<_>> = found.into_iter().collect();
        assert_eq!(found.unwrap(), groups(5), "dropped at poll {nth}");
        assert_eq!(fake.requests().len(), 3);
    }
}

#[test]
fn a_next_of_pages_dropped_at_any_await_loses_nothing() {
    let (fake, list) = five_groups();
    fake.script([Fault::Pending(1), Fault::Pending(3), Fault::Pending(2)]);
    let mut pages = list.pages();
    let mut found = Vec::new();
    let mut dropped = 0;
    loop {
        match pages.next().now_or_never() {
            Some(Some(page)) => found.extend(page.unwrap().groups),
            Some(None) => break,
            None => dropped += 1,
        }
    }
    assert_eq!((found, dropped), (groups(5), 6));
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn an_error_that_waits_comes_once_though_next_is_dropped() {
    let gated = Gated::default();
    let gate = gated.gate();
    let mut stream = ListGroups::from_source(gated).stream();
    assert!(stream.next().now_or_never().is_none());
    drop(gate);
    assert!(block_on(stream.next()).expect("the error").unwrap_err().is_retryable());
    assert!(block_on(stream.next()).is_none());
}

/// During connect, headers and body.
#[tokio::test]
async fn a_next_dropped_at_every_poll_makes_one_request_a_page_over_http() {
    let server = httpmock::MockServer::start_async().await;
    let body = r#"{"data":{"groups":[{"id":"a","subject":"A","creation_timestamp":"1"}]},"paging":{}}"#;
    let mock = server
        .mock_async(|_, then| {
            then.status(200).body(body);
        })
        .await;
    let client = Client::builder("key").base_url(server.base_url()).build().unwrap();
    let mut stream = client.groups("app").stream();
    let mut dropped = 0;
    let group = loop {
        match stream.next().now_or_never() {
            Some(item) => break item.expect("one group").unwrap(),
            None => dropped += 1,
        }
        tokio::task::yield_now().await;
    };
    assert!(dropped > 0, "an answer over a socket is never there at once");
    assert_eq!(group.id, "a");
    assert!(stream.next().await.is_none());
    assert_eq!(mock.calls_async().await, 1);
}

#[test]
fn dropping_the_stream_drops_its_request() {
    for request in 0..3 {
        let (fake, list) = five_groups();
        fake.fault_at(request, Fault::Hang);
        let mut stream = list.stream();
        assert_eq!(take(&mut stream, 2 * request).0.len(), 2 * request);
        assert!(stream.next().now_or_never().is_none());
        assert_eq!((fake.in_flight(), fake.dropped()), (1, 0));
        drop(stream);
        assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
        assert_eq!(fake.requests().len(), request + 1);
    }
}

#[test]
fn reversing_drops_the_request_in_flight_and_no_group() {
    let (fake, list) = five_groups();
    fake.fault_at(1, Fault::Hang);
    let mut stream = list.stream();
    take(&mut stream, 2);
    assert!(stream.next().now_or_never().is_none());
    let back = stream.reverse();
    assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
    let mut expected = groups(2);
    expected.reverse();
    assert_eq!(all(back), expected);
}

#[test]
fn dropping_the_future_of_a_page_drops_its_request() {
    let (fake, list) = five_groups();
    fake.script([Fault::Hang]);
    assert!(list.page().now_or_never().is_none());
    assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
    assert_eq!(block_on(list.page()).unwrap().groups, groups(2), "and calling again asks again");
}

#[tokio::test]
async fn a_task_that_is_aborted_leaves_no_request_behind() {
    let (fake, list) = five_groups();
    let (asked, is_asked) = oneshot::channel();
    let asked = Mutex::new(Some(asked));
    fake.script([Fault::Hang]).on_request(move |_, _| {
        let asked = asked.lock().unwrap().take();
        asked.expect("one request").send(()).unwrap();
    });
    let task = tokio::spawn(async move { list.stream().next().await.is_some() });
    is_asked.await.unwrap();
    assert_eq!(fake.in_flight(), 1);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!((fake.in_flight(), fake.dropped()), (0, 1));
}

#[tokio::test]
async fn dropping_the_stream_closes_its_connection() {
    for head in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"da"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::builder("key").base_url(base).build().unwrap();
        let mut stream = client.groups("app").stream();
        let accepted = {
            let answer = async {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    assert_ne!(connection.read_buf(&mut request).await.unwrap(), 0);
                }
                connection.write_all(head.as_bytes()).await.unwrap();
                connection
            };
            tokio::select! {
                item = stream.next() => panic!("nothing was answered: {item:?}"),
                connection = answer => connection,
            }
        };
        assert!(stream.next().now_or_never().is_none());
        drop(stream);
        let mut connection = accepted;
        let read = connection.read(&mut [0]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "the connection is closed: {read:?}");
    }
}

fn poll_next<S: Stream + Unpin>(stream: &mut S, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(cx)
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

#[test]
fn select_with_complete_sees_all_groups_of_all_streams() {
    // The last page has two groups, so that one is buffered when nothing more is to be asked.
    let (fake, list) = five_groups();
    let list = list.page_size(3);
    fake.script([Fault::Pending(3), Fault::None, Fault::Pending(1)]);
    let (mut one, mut other, mut pages) = (list.stream(), list.stream(), list.pages());
    let (mut from_one, mut from_other, mut from_pages) = (Vec::new(), Vec::new(), Vec::new());
    block_on(async {
        loop {
            select! {
                group = one.select_next_some() => from_one.push(group.unwrap()),
                group = other.select_next_some() => from_other.push(group.unwrap()),
                page = pages.select_next_some() => from_pages.extend(page.unwrap().groups),
                complete => break,
            }
        }
    });
    assert_eq!(from_one, groups(5));
    assert_eq!(from_other, groups(5));
    assert_eq!(from_pages, groups(5));
}

/// Whether a poll of the stream panics.
fn panics<T: std::fmt::Debug>(stream: &mut (impl Stream<Item = T> + Unpin)) -> bool {
    catch_unwind(AssertUnwindSafe(|| poll_next(stream, &mut noop_context()).is_pending())).is_err()
}

#[test]
fn after_a_panic_of_the_source_the_stream_repeats_the_request_and_loses_no_group() {
    for request in 0..3 {
        let (fake, list) = five_groups();
        fake.fault_at(request, Fault::Panic);
        let mut stream = list.stream();
        let mut found = take(&mut stream, 2 * request).0;
        let place = stream.checkpoint();
        assert!(panics(&mut stream), "it goes through to the caller");
        assert_eq!((fake.in_flight(), fake.dropped()), (0, 1), "the request is gone");
        assert_eq!(stream.checkpoint(), place);
        assert!(!stream.is_terminated());
        found.extend(all(&mut stream));
        assert_eq!(found, groups(5), "a panic of request {request}");
        assert_eq!(fake.requests().len(), 4);
        assert_eq!(stream.progress().requests, 4);
    }
}

/// The future reports a poll after its panic.
#[test]
fn a_request_that_panicked_is_never_polled_again() {
    #[derive(Clone)]
    struct PanicsOnce(FakeGroups);

    impl PageSource for PanicsOnce {
        type Fetch = BoxFuture<'static, Result<Page>>;

        fn fetch(&self, request: PageRequest) -> Self::Fetch {
            let first = self.0.requests().is_empty();
            let answer = self.0.fetch(request);
            async move {
                let page = answer.await;
                tokio::task::yield_now().await;
                assert!(!first, "the source has a bug");
                page
            }
            .boxed()
        }
    }

    let fake = FakeGroups::new(groups(5));
    let mut stream = ListGroups::from_source(PanicsOnce(fake.clone())).page_size(2).stream();
    assert!(stream.next().now_or_never().is_none());
    assert!(panics(&mut stream));
    assert_eq!(all(&mut stream), groups(5));
    assert_eq!(fake.requests().len(), 4);
}

/// The panic is before there is a future.
#[test]
fn a_panic_in_fetch_itself_loses_nothing_either() {
    #[derive(Clone)]
    struct PanicsAtOnce(FakeGroups, Arc<Mutex<VecDeque<bool>>>);

    impl PageSource for PanicsAtOnce {
        type Fetch = FakeFetch;

        fn fetch(&self, request: PageRequest) -> Self::Fetch {
            let panics = self.1.lock().unwrap().pop_front();
            assert_ne!(panics, Some(true), "the source has a bug");
            self.0.fetch(request)
        }
    }

    let fake = FakeGroups::new(groups(5));
    let script = Arc::new(Mutex::new(VecDeque::from([false, true])));
    let mut stream = ListGroups::from_source(PanicsAtOnce(fake.clone(), script)).page_size(2).stream();
    let mut found = take(&mut stream, 2).0;
    assert!(panics(&mut stream));
    found.extend(all(&mut stream));
    assert_eq!(found, groups(5));
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn after_a_panic_the_stream_can_be_reversed() {
    let (fake, list) = five_groups();
    fake.fault_at(1, Fault::Panic);
    let mut stream = list.stream();
    take(&mut stream, 2);
    assert!(panics(&mut stream));
    let mut expected = groups(2);
    expected.reverse();
    assert_eq!(all(stream.reverse()), expected);
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
    assert!(size_of::<GroupStream<HttpSource>>() <= 256, "{}", size_of::<GroupStream<HttpSource>>());
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

#[test]
fn every_public_type_crosses_threads_and_can_be_moved_and_kept() {
    fn at_home_anywhere<T: Send + Sync + Unpin + 'static>() {}
    at_home_anywhere::<Checkpoint>();
    at_home_anywhere::<Client>();
    at_home_anywhere::<ClientBuilder>();
    at_home_anywhere::<Cursor>();
    at_home_anywhere::<Cursors>();
    at_home_anywhere::<Dialect>();
    at_home_anywhere::<Direction>();
    at_home_anywhere::<Error>();
    at_home_anywhere::<FakeFetch>();
    at_home_anywhere::<FakeGroups>();
    at_home_anywhere::<Fault>();
    at_home_anywhere::<Group>();
    at_home_anywhere::<GroupStream>();
    at_home_anywhere::<GroupStream<FakeGroups>>();
    at_home_anywhere::<HttpFetch>();
    at_home_anywhere::<HttpSource>();
    at_home_anywhere::<ListGroups>();
    at_home_anywhere::<ListGroups<FakeGroups>>();
    at_home_anywhere::<Page>();
    at_home_anywhere::<PageRequest>();
    at_home_anywhere::<PageSize>();
    at_home_anywhere::<PageStream>();
    at_home_anywhere::<PageStream<FakeGroups>>();
    at_home_anywhere::<Position>();
    at_home_anywhere::<Progress>();
}

#[test]
fn the_future_of_a_page_crosses_threads_and_borrows_nothing() {
    fn may_be_spawned<F: Future + Send + 'static>(future: F) -> F {
        future
    }
    let (fake, list) = five_groups();
    let page = may_be_spawned(list.page());
    drop(list);
    assert_eq!(block_on(page).unwrap().groups, groups(2));
    drop(may_be_spawned(Client::new("key").unwrap().groups("app").page()));
    assert_eq!(fake.requests().len(), 1);
}

/// Each `expect` is of a warning; a missing warning fails the build.
#[test]
fn an_unused_stream_is_a_warning() {
    let (fake, list) = five_groups();
    #[expect(unused_must_use, reason = "a listing that is dropped is the point")]
    {
        list.clone().page_size(3);
    }
    #[expect(unused_must_use, reason = "a stream that is dropped is the point")]
    {
        list.stream();
    }
    #[expect(unused_must_use, reason = "a stream that is dropped is the point")]
    {
        list.pages();
    }
    #[expect(unused_must_use, reason = "a stream that is dropped is the point")]
    {
        list.stream().reverse();
    }
    #[expect(unused_must_use, reason = "a future that is dropped is the point")]
    {
        list.page();
    }
    assert!(fake.requests().is_empty());
}

#[test]
fn no_debug_of_a_stream_shows_a_cursor_or_an_id() {
    let list: Vec<_> = (0..6).map(|n| Group::new(format!("SECRET{n}"), "SECRET", n)).collect();
    let secret = || Page::new(vec![list[0].clone()], Cursors::new(Some("SECRET"), Some("SECRET"))).has_next(true);
    let faults = [Fault::Page(secret()), Fault::Pending(1), Fault::Error(Error::other("scripted"))];
    let fake = FakeGroups::new(list.clone()).script(faults);
    let listing = ListGroups::from_source(fake.clone()).after("SECRET-given");
    let mut stream = listing.stream();
    let mut pages = listing.pages();
    let mut shown = vec![format!("{listing:?} {stream:?} {pages:?}")];

    assert!(stream.next().now_or_never().is_some());
    assert!(stream.next().now_or_never().is_none());
    shown.push(format!("{stream:?} {fake:?}"));
    let error = drain(&mut pages).1.expect("scripted");
    shown.push(format!("{pages:?} {error:?} {error}"));
    shown.push(format!("{:?} {:?}", stream.reverse(), fake.requests()));
    shown.push(format!("{:?}", fake.fetch(fake.requests()[0].clone())));

    let mut ended = ListGroups::from_source(FakeGroups::new(list)).page_size(4).stream();
    take(&mut ended, 2);
    shown.push(format!("{ended:?}"));
    all(&mut ended);
    shown.push(format!("{ended:?} {:?}", ended.checkpoint()));
    for text in shown {
        assert!(!text.contains("SECRET"), "{text}");
    }
}

#[test]
fn filter_and_take_ask_for_no_more_than_they_use() {
    let (fake, list) = five_groups();
    let odd = |group: &Result<Group>| {
        let is_odd = group.as_ref().is_ok_and(|group| group.creation_timestamp % 2 != 0);
        std::future::ready(is_odd)
    };
    let found: Vec<_> = block_on(list.stream().filter(odd).take(1).try_collect()).unwrap();
    assert_eq!(found, groups(2)[1..]);
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn a_fold_ends_at_the_first_error() {
    let (fake, list) = five_groups();
    fake.fault_at(1, Fault::Error(Error::transport("reset")));
    let mut seen = 0;
    let folded = block_on(list.stream().try_fold((), |(), _| {
        seen += 1;
        std::future::ready(Ok(()))
    }));
    assert!(folded.unwrap_err().is_retryable());
    assert_eq!(seen, 2);
    assert_eq!(fake.requests().len(), 2);
}

#[test]
fn a_collection_of_a_part_of_the_list_is_an_error() {
    let (fake, list) = five_groups();
    assert_eq!(block_on(list.stream().try_collect::<Vec<_>>()).unwrap(), groups(5));
    fake.fault_at(5, Fault::Error(Error::transport("reset")));
    assert!(block_on(list.stream().try_collect::<Vec<_>>()).unwrap_err().is_retryable());
}

#[test]
fn ready_chunks_hold_buffered_groups_and_wait_for_no_page() {
    let (fake, list) = five_groups();
    fake.script([Fault::None, Fault::Pending(1), Fault::Pending(1)]);
    let chunks: Vec<_> = block_on(list.stream().map(Result::unwrap).ready_chunks(10).collect());
    assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(chunks.concat(), groups(5));
}

#[test]
fn two_streams_of_one_listing_walk_independently() {
    let (fake, list) = five_groups();
    fake.script([Fault::Pending(3), Fault::None, Fault::Pending(1)]);
    let pairs: Vec<_> = block_on(list.stream().zip(list.clone().page_size(3).stream()).collect());
    assert_eq!(pairs.len(), 5);
    for (one, other) in pairs {
        assert_eq!(one.unwrap(), other.unwrap());
    }
    assert_eq!(fake.requests().len(), 3 + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_read_stream_continues_in_another_task() {
    let (fake, list) = five_groups();
    fake.fault_at(1, Fault::Pending(1));
    let mut stream = list.stream();
    let mut found = vec![stream.next().await.unwrap().unwrap(), stream.next().await.unwrap().unwrap()];
    // The request for the second page is under way while the stream moves.
    assert!(stream.next().now_or_never().is_none());
    let rest = tokio::spawn(async move { stream.try_collect::<Vec<_>>().await });
    found.extend(rest.await.unwrap().unwrap());
    assert_eq!(found, groups(5));
    assert_eq!(fake.requests().len(), 3);
}
