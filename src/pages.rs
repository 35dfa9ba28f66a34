//! The walk as a stream of pages.

use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::Stream;
use futures::stream::FusedStream;
use pin_project::pin_project;

use crate::checkpoint::Checkpoint;
use crate::cursor::Direction;
use crate::error::Result;
use crate::fetch::{Ahead, Effort, Fetch, Pace};
use crate::http::HttpSource;
use crate::page::{Group, Page};
use crate::source::{PageRequest, PageSource};
use crate::trace;
use crate::traversal::{Next, Notice, Step, Traversal, Whereabouts};

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
/// No request before the first poll, and none ahead of demand, unless
/// [`read_ahead`](crate::ListGroups::read_ahead) asks for one page.
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
    /// The page that is fetched by polling this stream.
    #[pin]
    fetch: Option<Fetch<S::Fetch>>,
    /// The page that is fetched by a task.
    ahead: Option<Ahead>,
    /// All that is touched once a page, out of the way of what is moved about.
    walk: Box<Walk<S>>,
}

struct Walk<S> {
    source: S,
    pace: Pace,
    read_ahead: Option<ReadAhead<S>>,
    traversal: Traversal,
    whereabouts: Whereabouts,
    /// The id of the last group of the last page.
    last: String,
    progress: Progress,
}

/// [`Ahead::spawn`] for a source that can go to another thread, which is asked of it only where reading ahead is wanted.
pub(crate) type ReadAhead<S> = fn(&S, Pace, PageRequest) -> Ahead;

/// What a listing has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Groups yielded.
    pub groups: u64,
    /// Pages received.
    pub pages: u64,
    /// HTTP attempts made, retries included.
    pub requests: u64,
    /// Attempts beyond the first at a page.
    pub retries: u64,
    /// Times that the walk began again because its cursor had expired.
    pub restarts: u32,
    /// Decoded size of all pages received, in bytes.
    pub bytes: u64,
    /// Time spent waiting between attempts, and for the rate limit.
    pub waited: Duration,
}

impl<S: PageSource> PageStream<S> {
    pub(crate) fn new(
        source: S,
        pace: Pace,
        read_ahead: Option<ReadAhead<S>>,
        from: Checkpoint,
        traversal: Traversal,
    ) -> Self {
        let walk = Walk {
            source,
            pace,
            read_ahead,
            traversal,
            whereabouts: Whereabouts::Origin(from.place),
            last: String::new(),
            progress: Progress::default(),
        };
        Self { fetch: None, ahead: None, walk: Box::new(walk) }
    }

    /// The place after the last page that was yielded.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.walk.checkpoint()
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
        let mut progress = self.walk.progress;
        progress.restarts = self.walk.traversal.restarts();
        if let Some(fetch) = &self.fetch {
            progress.count(fetch.effort());
        }
        if let Some(ahead) = &self.ahead {
            progress.count(ahead.effort());
        }
        progress
    }

    pub(crate) fn direction(&self) -> Direction {
        self.walk.traversal.heading()
    }

    /// The place after `taken` groups of the last page, the last of which has this id.
    pub(crate) fn checkpoint_at(&self, taken: usize, last: &str) -> Checkpoint {
        self.walk.checkpoint_at(taken, last)
    }

    /// How many groups of the last page there were.
    pub(crate) fn last_count(&self) -> usize {
        self.walk.whereabouts.count()
    }

    /// How many groups, errors included, can still come of pages that are not yet here.
    pub(crate) fn groups_hint(&self) -> (usize, Option<usize>) {
        self.walk.traversal.size_hint()
    }

    /// The next page, of whose groups the walk has to be told when they are [yielded](Self::yielding).
    pub(crate) fn poll_page(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Page>>> {
        let mut this = self.project();
        let walk = &mut **this.walk;
        loop {
            let (answer, effort) = if let Some(ahead) = this.ahead {
                let fetched = ready!(ahead.poll(cx));
                let effort = ahead.effort();
                *this.ahead = None;
                let answer = fetched.unwrap_or_else(|panic| {
                    walk.progress.count(effort);
                    resume_unwind(panic)
                });
                (answer, effort)
            } else if let Some(mut fetch) = this.fetch.as_mut().as_pin_mut() {
                let answer = ready!(fetch.as_mut().poll(&walk.source, &walk.pace, cx));
                let effort = fetch.effort();
                this.fetch.set(None);
                (answer, effort)
            } else {
                match walk.traversal.next() {
                    Next::Ask(request) => {
                        this.fetch.set(Some(Fetch::new(request)));
                        continue;
                    }
                    Next::Fail(error) if error.is_config() => return Poll::Ready(Some(Err(error))),
                    Next::Fail(error) => {
                        let error = error.with_app_id(walk.source.app_id()).with_page(walk.progress.pages + 1);
                        let error = error.with_checkpoint(walk.checkpoint());
                        return Poll::Ready(Some(Err(error)));
                    }
                    Next::Stop => return Poll::Ready(None),
                }
            };
            if !matches!(&answer, Err(error) if error.is_config()) {
                walk.progress.count(effort);
            }
            if let Some(page) = walk.arrive(answer) {
                if let (Some(spawn), Some(request)) = (walk.read_ahead, walk.traversal.request()) {
                    *this.ahead = Some(spawn(&walk.source, walk.pace.clone(), request));
                }
                return Poll::Ready(Some(Ok(page)));
            }
        }
    }

    /// The caller gets these groups. See [`Traversal::yielding`].
    pub(crate) fn yielding(self: Pin<&mut Self>, groups: &[Group]) {
        self.project().walk.traversal.yielding(groups);
    }

    /// The same listing, going on at `from`; `unyielded` groups of the last page never reached the caller.
    pub(crate) fn restart_at(self, from: Checkpoint, unyielded: usize) -> Self {
        let mut progress = self.progress();
        progress.groups -= unyielded as u64;
        let walk = *self.walk;
        let traversal = walk.traversal.restart_at(&from, unyielded);
        let mut pages = Self::new(walk.source, walk.pace, walk.read_ahead, from, traversal);
        pages.walk.progress = progress;
        pages
    }
}

impl<S: PageSource> Walk<S> {
    fn checkpoint(&self) -> Checkpoint {
        self.checkpoint_at(self.whereabouts.count(), &self.last)
    }

    fn checkpoint_at(&self, taken: usize, last: &str) -> Checkpoint {
        Checkpoint { heading: self.traversal.heading(), place: self.whereabouts.place(taken, last) }
    }

    /// Takes in what came of a request. Returns the page, if it has something for the caller.
    fn arrive(&mut self, answer: Result<Page>) -> Option<Page> {
        let leg = match answer {
            Ok(page) => {
                self.progress.pages += 1;
                self.progress.bytes += page.bytes;
                self.traversal.page(page)
            }
            Err(error) => self.traversal.failed(error),
        };
        match leg.notice {
            Some(Notice::Restarted(restarts)) => trace::restarted(restarts),
            Some(Notice::Lowered(size)) => trace::lowered(size),
            None => {}
        }
        let heading = self.traversal.heading();
        match leg.step {
            Step::Past(edge) => self.whereabouts.pass(edge, heading),
            Step::Onto(trail) => self.whereabouts = Whereabouts::Page(trail),
        }
        let page = leg.page?;
        self.progress.groups += page.groups.len() as u64;
        if let Some(group) = page.last(heading) {
            self.last.clone_from(&group.id);
        }
        Some(page)
    }
}

impl Progress {
    /// Adds what another listing has done.
    pub(crate) fn add(&mut self, other: Self) {
        self.groups += other.groups;
        self.pages += other.pages;
        self.requests += other.requests;
        self.retries += other.retries;
        self.restarts += other.restarts;
        self.bytes += other.bytes;
        self.waited += other.waited;
    }

    fn count(&mut self, effort: Effort) {
        self.requests += u64::from(effort.attempts);
        self.retries += u64::from(effort.attempts.saturating_sub(1));
        self.waited += effort.waited;
    }
}

impl<S: PageSource> Stream for PageStream<S> {
    type Item = Result<Page>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let page = ready!(self.as_mut().poll_page(cx));
        if let Some(Ok(page)) = &page {
            self.yielding(&page.groups);
        }
        Poll::Ready(page)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.walk.traversal.size_hint() {
            // Nothing, or an error: certain.
            (least, Some(most)) if least == most => (least, Some(most)),
            // A page may be empty, so the number of groups says nothing about the number of pages.
            (least, _) => (least, None),
        }
    }
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
            .field("fetching", &(self.fetch.is_some() || self.ahead.is_some()))
            .finish_non_exhaustive()
    }
}
