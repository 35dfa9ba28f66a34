//! The walk as a stream of pages.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream::FusedStream;
use pin_project::pin_project;

use crate::checkpoint::Checkpoint;
use crate::cursor::Direction;
use crate::error::Result;
use crate::http::HttpSource;
use crate::page::Page;
use crate::source::PageSource;
use crate::traversal::{Leg, Next, Step, Traversal, Whereabouts};

/// The pages of a listing, one by one.
///
/// Made by [`ListGroups::pages`](crate::ListGroups::pages). It makes the same requests as a
/// [`GroupStream`](crate::GroupStream) and gives the same promises; use it where whole pages are wanted, as for batch
/// inserts.
///
/// # Order and completeness
///
/// Each page keeps the server's order inside, in both directions; backward, the pages come last first. `None` comes only
/// when the API has said that the list is at its end, or [`max_groups`](crate::ListGroups::max_groups) was reached. An
/// empty page in the middle of the list is yielded as it came; an answer that only says that there is nothing more is
/// not.
///
/// # Laziness
///
/// No request before the first poll, and none ahead of demand.
///
/// # Errors and recovery
///
/// An error comes once, then `None`. [`resume`](Self::resume) goes on where the error happened.
///
/// # Cancel safety
///
/// Dropping a `next()` future loses nothing: the request goes on at the next poll. Dropping the stream drops its request.
///
/// # When groups change meanwhile
///
/// As with [`GroupStream`](crate::GroupStream): an expired cursor heals, and the pages then hold only what is new.
///
/// # Panics
///
/// Never by itself. A panic of a [`PageSource`] goes through to the caller; its request is dropped, and the next poll
/// makes it anew.
///
/// # Examples
///
/// ```
/// use futures::TryStreamExt;
/// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
/// # let list = ListGroups::from_source(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
///
/// # futures::executor::block_on(async {
/// let sizes: Vec<usize> = list.page_size(4).pages().map_ok(|page| page.groups.len()).try_collect().await?;
/// assert_eq!(sizes, [4, 4, 1]);
/// # Ok::<(), gupshup_groups::Error>(())
/// # });
/// ```
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct PageStream<S: PageSource = HttpSource> {
    source: S,
    /// The request under way, if there is one.
    #[pin]
    fetch: Option<S::Fetch>,
    traversal: Traversal,
    whereabouts: Whereabouts,
    /// The id of the last group of the last page.
    last: String,
    progress: Progress,
}

/// What a listing has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Groups yielded.
    pub groups: u64,
    /// Pages received.
    pub pages: u64,
    /// Requests made.
    pub requests: u64,
    /// Times that the walk began again because its cursor had expired.
    pub restarts: u32,
    /// Decoded size of all pages received, in bytes.
    pub bytes: u64,
}

impl<S: PageSource> PageStream<S> {
    pub(crate) fn new(source: S, from: Checkpoint, traversal: Traversal) -> Self {
        Self {
            source,
            fetch: None,
            traversal,
            whereabouts: Whereabouts::Origin(from.place),
            last: String::new(),
            progress: Progress::default(),
        }
    }

    /// The place after the last page that was yielded.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint_at(self.whereabouts.count(), &self.last)
    }

    /// Goes on after an error, at the place where it happened. Without an error it does nothing.
    ///
    /// A walk that can heal gets its full number of [restarts](crate::ListGroups::max_restarts) again.
    pub fn resume(&mut self) {
        self.traversal.resume();
    }

    /// What the listing has done so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress { restarts: self.traversal.restarts(), ..self.progress }
    }

    pub(crate) fn direction(&self) -> Direction {
        self.traversal.heading()
    }

    /// The place after `taken` groups of the last page, the last of which has this id.
    pub(crate) fn checkpoint_at(&self, taken: usize, last: &str) -> Checkpoint {
        Checkpoint { heading: self.traversal.heading(), place: self.whereabouts.place(taken, last) }
    }

    /// How many groups of the last page there were.
    pub(crate) fn last_count(&self) -> usize {
        self.whereabouts.count()
    }

    /// How many groups, errors included, can still come of pages that are not yet here.
    pub(crate) fn groups_hint(&self) -> (usize, Option<usize>) {
        self.traversal.size_hint()
    }

    /// The same listing, going on at `from`; `unyielded` groups of the last page never reached the caller.
    pub(crate) fn restart_at(self, from: Checkpoint, unyielded: usize) -> Self {
        let mut progress = self.progress;
        progress.groups -= unyielded as u64;
        let traversal = self.traversal.restart_at(&from, unyielded);
        Self { progress, ..Self::new(self.source, from, traversal) }
    }
}

impl<S: PageSource> Stream for PageStream<S> {
    type Item = Result<Page>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if let Some(answer) = ready!(poll_fetch(this.fetch.as_mut(), cx)) {
                let leg = match answer {
                    Ok(page) => {
                        this.progress.pages += 1;
                        this.progress.bytes += page.bytes;
                        this.traversal.page(page)
                    }
                    Err(error) => this.traversal.failed(error),
                };
                if let Some(page) = arrive(leg, this.traversal.heading(), this.whereabouts, this.last) {
                    this.progress.groups += page.groups.len() as u64;
                    return Poll::Ready(Some(Ok(page)));
                }
            }
            match this.traversal.next() {
                Next::Ask(request) => {
                    this.progress.requests += 1;
                    this.fetch.set(Some(this.source.fetch(request)));
                }
                Next::Fail(error) if error.is_config() => return Poll::Ready(Some(Err(error))),
                Next::Fail(error) => {
                    let place = this.whereabouts.place(this.whereabouts.count(), this.last);
                    let checkpoint = Checkpoint { heading: this.traversal.heading(), place };
                    return Poll::Ready(Some(Err(error.with_checkpoint(checkpoint))));
                }
                Next::Stop => return Poll::Ready(None),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.traversal.size_hint() {
            // A page of a listing without groups may be empty, so the number of groups does not bound the number of pages.
            (least, Some(0)) => (least, Some(0)),
            (1, Some(1)) => (1, Some(1)),
            (least, _) => (least, None),
        }
    }
}

/// Polls the request under way, if there is one. It is gone when it has answered, and also when it panicked: a future
/// that panicked must not be polled again, and the stream then asks anew.
fn poll_fetch<F: Future>(fetch: Pin<&mut Option<F>>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
    let mut slot = Slot { fetch, keep: false };
    let Some(fetch) = slot.fetch.as_mut().as_pin_mut() else { return Poll::Ready(None) };
    let answer = fetch.poll(cx);
    slot.keep = answer.is_pending();
    answer.map(Some)
}

/// The place of a request, emptied on drop unless the request is to be kept.
struct Slot<'a, F> {
    fetch: Pin<&'a mut Option<F>>,
    keep: bool,
}

impl<F> Drop for Slot<'_, F> {
    fn drop(&mut self) {
        if !self.keep {
            self.fetch.set(None);
        }
    }
}

/// Moves the caller's place. Returns what the caller gets.
fn arrive(leg: Leg, heading: Direction, whereabouts: &mut Whereabouts, last: &mut String) -> Option<Page> {
    match leg.step {
        Step::Past(edge) => whereabouts.pass(edge, heading),
        Step::Onto(trail) => *whereabouts = Whereabouts::Page(trail),
    }
    let page = leg.page?;
    let end = match heading {
        Direction::Forward => page.groups.last(),
        Direction::Backward => page.groups.first(),
    };
    if let Some(group) = end {
        last.clone_from(&group.id);
    }
    Some(page)
}

impl<S: PageSource> FusedStream for PageStream<S> {
    fn is_terminated(&self) -> bool {
        self.traversal.size_hint().1 == Some(0)
    }
}

impl<S: PageSource> fmt::Debug for PageStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream")
            .field("checkpoint", &self.checkpoint())
            .field("progress", &self.progress())
            .field("fetching", &self.fetch.is_some())
            .finish_non_exhaustive()
    }
}
