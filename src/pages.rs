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
/// Never by itself. A panic of a [`PageSource`] goes through to the caller.
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
    /// In a box, so that the stream is small enough to move about and to keep in a future.
    walk: Box<Walk>,
}

/// What a stream knows of its walk.
struct Walk {
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
        let whereabouts = Whereabouts::Origin(from.place);
        let walk = Walk { traversal, whereabouts, last: String::new(), progress: Progress::default() };
        Self { source, fetch: None, walk: Box::new(walk) }
    }

    /// The place after the last page that was yielded.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint_at(self.walk.whereabouts.count(), &self.walk.last)
    }

    /// Goes on after an error, at the place where it happened. Without an error it does nothing.
    ///
    /// A walk that can heal gets its full number of [restarts](crate::ListGroups::max_restarts) again.
    pub fn resume(&mut self) {
        self.walk.traversal.resume();
    }

    /// What the listing has done so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress { restarts: self.walk.traversal.restarts(), ..self.walk.progress }
    }

    pub(crate) fn direction(&self) -> Direction {
        self.walk.traversal.heading()
    }

    /// The place after `taken` groups of the last page, the last of which has this id.
    pub(crate) fn checkpoint_at(&self, taken: usize, last: &str) -> Checkpoint {
        Checkpoint { heading: self.walk.traversal.heading(), place: self.walk.whereabouts.place(taken, last) }
    }

    /// How many groups of the last page there were.
    pub(crate) fn last_count(&self) -> usize {
        self.walk.whereabouts.count()
    }

    /// How many groups, errors included, can still come of pages that are not yet here.
    pub(crate) fn groups_hint(&self) -> (usize, Option<usize>) {
        self.walk.traversal.size_hint()
    }

    /// The same listing, going on at `from`; `unyielded` groups of the last page never reached the caller.
    pub(crate) fn restart_at(self, from: Checkpoint, unyielded: usize) -> Self {
        let mut progress = self.walk.progress;
        progress.groups -= unyielded as u64;
        let traversal = self.walk.traversal.restart_at(&from, unyielded);
        let mut turned = Self::new(self.source, from, traversal);
        turned.walk.progress = progress;
        turned
    }
}

impl<S: PageSource> Stream for PageStream<S> {
    type Item = Result<Page>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let walk = &mut **this.walk;
        loop {
            if let Some(fetch) = this.fetch.as_mut().as_pin_mut() {
                let answer = ready!(fetch.poll(cx));
                this.fetch.set(None);
                let leg = match answer {
                    Ok(page) => {
                        walk.progress.pages += 1;
                        walk.progress.bytes += page.bytes;
                        walk.traversal.page(page)
                    }
                    Err(error) => walk.traversal.failed(error),
                };
                if let Some(page) = arrive(leg, walk.traversal.heading(), &mut walk.whereabouts, &mut walk.last) {
                    walk.progress.groups += page.groups.len() as u64;
                    return Poll::Ready(Some(Ok(page)));
                }
            }
            match walk.traversal.next() {
                Next::Ask(request) => {
                    walk.progress.requests += 1;
                    this.fetch.set(Some(this.source.fetch(request)));
                }
                Next::Fail(error) if error.is_config() => return Poll::Ready(Some(Err(error))),
                Next::Fail(error) => {
                    let place = walk.whereabouts.place(walk.whereabouts.count(), &walk.last);
                    let checkpoint = Checkpoint { heading: walk.traversal.heading(), place };
                    return Poll::Ready(Some(Err(error.with_checkpoint(checkpoint))));
                }
                Next::Stop => return Poll::Ready(None),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.walk.traversal.size_hint() {
            // A page of a listing without groups may be empty, so the number of groups does not bound the number of pages.
            (least, Some(0)) => (least, Some(0)),
            (1, Some(1)) => (1, Some(1)),
            (least, _) => (least, None),
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
        self.walk.traversal.size_hint().1 == Some(0)
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
