//! Shared by the tests.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::channel::oneshot;
use futures::executor::block_on;
use futures::{Stream, StreamExt};
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{
    Cursors, Direction, Error, Group, ListGroups, Page, PageRequest, PageSource, Result, RetryPolicy,
};

/// The key of every client.
pub(crate) const KEY: &str = "sk_live-0123456789";

/// What no output may show.
const SECRETS: [&str; 6] = [KEY, "CURSOR", "TOKEN", "access_token", "graph.example", "limit="];

/// Neither the error nor its sources show a secret in any form.
#[track_caller]
pub(crate) fn assert_no_secrets(error: &(dyn StdError + 'static)) {
    assert_hides(error, &SECRETS);
}

/// As [`assert_no_secrets`], of these secrets.
#[track_caller]
pub(crate) fn assert_hides(error: &(dyn StdError + 'static), secrets: &[&str]) {
    let mut next = Some(error);
    while let Some(error) = next {
        let text = format!("{error} {error:#} {error:?} {error:#?}");
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        next = error.source();
    }
}

/// `count` groups with ids from "0".
pub(crate) fn groups(count: usize) -> Vec<Group> {
    (0..count).map(numbered).collect()
}

pub(crate) fn numbered(n: usize) -> Group {
    Group::new(n.to_string(), format!("group {n}"), 1_700_000_000 - i64::try_from(n).unwrap())
}

/// The remaining items of a stream, up to its end or its error.
pub(crate) fn drain<T>(
    stream: &mut (impl Stream<Item = Result<T>> + Unpin),
) -> (Vec<T>, Option<gupshup_groups::Error>) {
    take(stream, usize::MAX)
}

/// At most `count` items of a stream.
pub(crate) fn take<T>(
    stream: &mut (impl Stream<Item = Result<T>> + Unpin),
    count: usize,
) -> (Vec<T>, Option<gupshup_groups::Error>) {
    let mut items = Vec::new();
    while items.len() < count {
        match block_on(stream.next()) {
            Some(Ok(item)) => items.push(item),
            Some(Err(error)) => return (items, Some(error)),
            None => break,
        }
    }
    (items, None)
}

/// All groups of a stream that must not fail.
pub(crate) fn all<T>(mut stream: impl Stream<Item = Result<T>> + Unpin) -> Vec<T> {
    let (items, error) = drain(&mut stream);
    assert!(error.is_none(), "{error:?}");
    items
}

/// The groups of a walk that must not have failed.
#[track_caller]
pub(crate) fn all_of((groups, error): (Vec<Group>, Option<gupshup_groups::Error>)) -> Vec<Group> {
    assert!(error.is_none(), "{error:?}");
    groups
}

/// A source that is a function, and counts the requests.
#[derive(Clone)]
pub(crate) struct FromFn<F> {
    answer: F,
    asked: Arc<AtomicUsize>,
}

pub(crate) fn from_fn<F: Fn(PageRequest) -> Result<Page> + Send + Sync + 'static>(answer: F) -> FromFn<F> {
    FromFn { answer, asked: Arc::default() }
}

impl<F> FromFn<F> {
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl<F: Fn(PageRequest) -> Result<Page> + Send + Sync + 'static> PageSource for FromFn<F> {
    fn fetch(&self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        self.asked.fetch_add(1, Ordering::Relaxed);
        ready((self.answer)(request))
    }
}

/// [`drain`] on a runtime: for streams that wait.
pub(crate) async fn finish<T>(
    stream: &mut (impl Stream<Item = Result<T>> + Unpin),
) -> (Vec<T>, Option<gupshup_groups::Error>) {
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(item) => items.push(item),
            Err(error) => return (items, Some(error)),
        }
    }
    (items, None)
}

/// Lets every other task run until all of them wait.
///
/// The clock must be paused: it then advances by a millisecond only when no task can run.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// The numbers of [`numbered`] groups.
pub(crate) fn ids(groups: &[Group]) -> Vec<usize> {
    groups.iter().map(|group| group.id.parse().unwrap()).collect()
}

/// The ids of groups of any kind.
pub(crate) fn id_texts(groups: &[Group]) -> Vec<&str> {
    groups.iter().map(|group| group.id.as_str()).collect()
}

/// The ids from "`first`" to "`last`", in that order.
pub(crate) fn numbers(first: usize, last: usize) -> Vec<String> {
    if first <= last {
        (first..=last).map(|n| n.to_string()).collect()
    } else {
        (last..=first).rev().map(|n| n.to_string()).collect()
    }
}

pub(crate) fn limits(fake: &FakeGroups) -> Vec<u32> {
    fake.requests().iter().map(|request| request.limit.get()).collect()
}

pub(crate) fn expired() -> Error {
    Error::api(400, Some(131_059), "Invalid cursor")
}

/// The cursors of a page: only this one, in `direction`.
pub(crate) fn cursors(direction: Direction, cursor: &str) -> Cursors {
    match direction {
        Direction::Forward => Cursors::new(Some(cursor), None),
        Direction::Backward => Cursors::new(None, Some(cursor)),
    }
}

/// A listing that begins at `cursor` in `direction`.
pub(crate) fn begin(list: ListGroups, direction: Direction, cursor: &str) -> ListGroups {
    match direction {
        Direction::Forward => list.after(cursor),
        Direction::Backward => list.before(cursor),
    }
}

/// The stream has ended, for ever.
pub(crate) fn yields_none_for_ever<T: std::fmt::Debug>(stream: &mut (impl Stream<Item = Result<T>> + Unpin)) {
    for _ in 0..100 {
        let item = block_on(stream.next());
        assert!(item.is_none(), "{item:?}");
    }
}

/// Three pages of two groups, the last of which has one. Nothing is retried, so that no wait needs a runtime.
pub(crate) fn five_groups() -> (FakeGroups, ListGroups) {
    let fake = FakeGroups::new(groups(5));
    (fake.clone(), ListGroups::from_source(fake).page_size(2).retry(RetryPolicy::none()))
}

/// A source whose answers wait until the test gives them.
#[derive(Clone, Default)]
pub(crate) struct Gated {
    answers: Arc<Mutex<VecDeque<oneshot::Receiver<Page>>>>,
}

impl Gated {
    /// The gate of the next request.
    pub(crate) fn gate(&self) -> oneshot::Sender<Page> {
        let (gate, answer) = oneshot::channel();
        self.answers.lock().unwrap().push_back(answer);
        gate
    }
}

impl PageSource for Gated {
    fn fetch(&self, _: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        let answer = self.answers.lock().unwrap().pop_front().expect("no more requests than gates");
        async { answer.await.map_err(Error::transport) }
    }
}

pub(crate) fn poll_next<S: Stream + Unpin>(stream: &mut S, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(cx)
}
