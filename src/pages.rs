//! The walk as a stream of pages: what is in flight, and what its answer means to the walk.

use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::Stream;
use futures::stream::FusedStream;
use pin_project::pin_project;

use crate::checkpoint::Checkpoint;
use crate::cursor::{Cursor, Direction};
use crate::error::{Error, Result};
use crate::fetch::{Ahead, Effort, Fetch, Pace};
use crate::http::HttpSource;
use crate::page::{Group, Page};
use crate::source::{PageRequest, PageSource};
use crate::trace;
use crate::walk::{Event, Failure, Fault, Kept, Lead, Outcome, Rules, View, Walk};

/// The pages of a listing, one by one.
///
/// Made by [`ListGroups::pages`](crate::ListGroups::pages). It makes the same requests as a
/// [`GroupStream`](crate::GroupStream) and gives the same promises; use it where whole pages are wanted, as for batch
/// inserts.
///
/// # Order and completeness
///
/// Each page keeps the server's order inside, in both directions; backward, the pages come last first. `None` comes only
/// when the [end of the list](crate::GroupStream#the-end-of-the-list) is established, or
/// [`max_groups`](crate::ListGroups::max_groups) was reached. An empty page in the middle of the list is yielded; a page
/// that was requested only to confirm the end is not.
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
#[must_use = "streams do nothing unless polled"]
pub struct PageStream<S: PageSource = HttpSource> {
    /// In a box of its own, which is used for every page, so that the stream is `Unpin` whatever the source's future is.
    in_flight: Pin<Box<InFlight<S::Fetch>>>,
    /// All that is touched once a page, out of the way of what is moved about.
    listing: Box<Listing<S>>,
}

/// The request that is under way.
#[pin_project(project = InFlightProjection)]
enum InFlight<F> {
    /// None.
    Idle,
    /// One that makes progress when this stream is polled.
    Here(#[pin] Fetch<F>),
    /// One on a task of its own.
    OnTask(Ahead),
}

/// A walk, and what it is walked with.
struct Listing<S> {
    source: S,
    pace: Pace,
    read_ahead: Option<ReadAhead<S>>,
    walk: Walk,
    /// The input is invalid: the only item.
    refused: Option<Error>,
    progress: Progress,
}

/// [`Ahead::spawn`] for a source that may go to another thread, which is required only where reading ahead is wanted.
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
    /// The pages from `from` onward, or an error about the input as the only item.
    pub(crate) fn new(
        source: S,
        pace: Pace,
        read_ahead: Option<ReadAhead<S>>,
        from: Result<Checkpoint>,
        rules: Rules,
    ) -> Self {
        let (walk, refused) = match from {
            Ok(from) => (Walk::new(from.place, from.heading, rules), None),
            Err(error) => (Walk::nowhere(rules), Some(error)),
        };
        let progress = Progress::default();
        let listing = Listing { source, pace, read_ahead, walk, refused, progress };
        Self { in_flight: Box::pin(InFlight::Idle), listing: Box::new(listing) }
    }

    /// The place after the last page that was yielded.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.listing.checkpoint(0)
    }

    /// The place before the last `remaining` groups of the page that was yielded last.
    pub(crate) fn checkpoint_before(&self, remaining: usize) -> Checkpoint {
        self.listing.checkpoint(remaining)
    }

    /// Reverses the listing: the page that was just yielded comes back first.
    ///
    /// See [`GroupStream::reverse`](crate::GroupStream::reverse).
    pub fn reverse(self) -> Self {
        self.reversed(0)
    }

    /// The listing in the other direction. The caller has not got the last `remaining` groups of the page.
    pub(crate) fn reversed(self, remaining: usize) -> Self {
        let mut progress = self.progress();
        progress.groups -= remaining as u64;
        let listing = *self.listing;
        let walk = listing.walk.reversed(remaining);
        Self { in_flight: Box::pin(InFlight::Idle), listing: Box::new(Listing { walk, progress, ..listing }) }
    }

    /// Continues after an error, at the place where it happened. Without an error it does nothing.
    ///
    /// A listing that can heal gets its full number of [restarts](crate::ListGroups::max_restarts) again.
    pub fn resume(&mut self) {
        self.listing.walk.step(Event::Resume);
    }

    /// What the listing has done so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let mut progress = self.listing.progress;
        progress.restarts = self.listing.walk.restarts();
        match &*self.in_flight {
            InFlight::Idle => {}
            InFlight::Here(fetch) => progress.count(fetch.effort()),
            InFlight::OnTask(ahead) => progress.count(ahead.effort()),
        }
        progress
    }

    /// Whether the list is known to have changed under the listing: a cursor was refused because of it.
    pub(crate) fn saw_change(&self) -> bool {
        self.listing.walk.saw_change()
    }

    /// The direction in which the stream reads the server's list.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.listing.walk.heading()
    }

    /// How many groups, errors included, can still come of pages that are not here yet.
    pub(crate) fn groups_hint(&self) -> (usize, Option<usize>) {
        match self.listing.refused {
            Some(_) => (1, Some(1)),
            None => self.listing.walk.size_hint(),
        }
    }

    fn poll_page(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Page>>> {
        let this = self.get_mut();
        let listing = &mut *this.listing;
        loop {
            let (answer, effort) = match this.in_flight.as_mut().project() {
                InFlightProjection::Idle => match listing.pull() {
                    Pulled::Request(request) => {
                        this.in_flight.set(InFlight::Here(Fetch::new(request)));
                        continue;
                    }
                    Pulled::Item(item) => return Poll::Ready(item),
                },
                InFlightProjection::Here(mut fetch) => {
                    let answer = ready!(fetch.as_mut().poll(&listing.source, &listing.pace, cx));
                    (Ok(answer), fetch.effort())
                }
                InFlightProjection::OnTask(ahead) => (ready!(ahead.poll(cx)), ahead.effort()),
            };
            this.in_flight.set(InFlight::Idle);
            if !matches!(&answer, Ok(Err(error)) if error.is_config()) {
                listing.progress.count(effort);
            }
            let item = listing.arrive(answer.unwrap_or_else(|panic| resume_unwind(panic)));
            if let Some(item) = item {
                if item.is_ok() {
                    if let Some(ahead) = listing.fetch_ahead() {
                        this.in_flight.set(InFlight::OnTask(ahead));
                    }
                }
                return Poll::Ready(Some(item));
            }
        }
    }
}

/// What comes of a poll when nothing is in flight.
enum Pulled {
    Request(PageRequest),
    Item(Option<Result<Page>>),
}

impl<S: PageSource> Listing<S> {
    fn checkpoint(&self, remaining: usize) -> Checkpoint {
        Checkpoint {
            list: self.source.list_identity(),
            heading: self.walk.heading(),
            place: self.walk.place(remaining),
        }
    }

    fn pull(&mut self) -> Pulled {
        if let Some(error) = self.refused.take() {
            return Pulled::Item(Some(Err(error)));
        }
        match self.walk.step(Event::Pull) {
            Outcome::Ask(position, limit) => Pulled::Request(PageRequest::new(position, limit)),
            Outcome::Fail(failure) => Pulled::Item(Some(Err(self.error(failure, None)))),
            _ => Pulled::Item(None),
        }
    }

    /// Begins to fetch the next page, if that is wanted and there is one.
    fn fetch_ahead(&self) -> Option<Ahead> {
        let spawn = self.read_ahead?;
        let (position, limit) = self.walk.request()?;
        Some(spawn(&self.source, self.pace.clone(), PageRequest::new(position, limit)))
    }

    /// Takes in the answer to a request. Returns the item that it makes, if any.
    fn arrive(&mut self, answer: Result<Page>) -> Option<Result<Page>> {
        let (mut page, error) = match answer {
            Ok(page) => (page, None),
            Err(error) => (Page::default(), Some(error)),
        };
        let event = if let Some(error) = &error {
            Event::Fault(fault(error))
        } else {
            self.progress.pages += 1;
            self.progress.bytes += page.bytes;
            Event::Page(self.view(&page))
        };
        match self.walk.step(event) {
            Outcome::Yield(kept) => {
                keep(&mut page.groups, kept);
                self.progress.groups += page.groups.len() as u64;
                return Some(Ok(page));
            }
            Outcome::Fail(failure) => return Some(Err(self.error(failure, error))),
            Outcome::Restarted(restarts) => trace::restarted(self.source.app_id(), restarts),
            Outcome::Lowered(size) => trace::lowered(self.source.app_id(), size),
            Outcome::Nothing | Outcome::Ask(..) | Outcome::End => {}
        }
        None
    }

    /// The page as the walk sees it.
    fn view(&mut self, page: &Page) -> View {
        let lead = |link, cursor: &Option<Cursor>| Lead {
            link,
            // A source of the user's own may send a text that is no cursor.
            cursor: cursor.clone().filter(Cursor::is_usable),
        };
        let ids = page.groups.iter().map(|group| group.id.as_str());
        let next = lead(page.has_next, &page.cursors.after);
        self.walk.view(ids, next, lead(page.has_previous, &page.cursors.before))
    }

    /// The error of a failure; `reported` is what the failed request said.
    fn error(&self, failure: Failure, reported: Option<Error>) -> Error {
        let reported = reported.map(|mut error| {
            error.mask_words(|word| self.walk.has_sent(word));
            error
        });
        let error = match (failure, reported) {
            (Failure::Request, Some(error)) if error.is_config() => return error,
            (Failure::Request, Some(error)) => error,
            (Failure::GivenCursor, Some(refusal)) => Error::cursor_invalid(refusal),
            (Failure::RefusedCursor | Failure::Request | Failure::GivenCursor, _) => Error::cursor_refused(),
            (Failure::Loop, _) => Error::cursor_loop(),
            (Failure::CursorTooLong(bytes), _) => Error::cursor_too_long(bytes),
            (Failure::LinkWithoutCursor, _) => Error::protocol("the page has a link to another page, but no cursor"),
            (Failure::EmptyPages, _) => {
                Error::protocol("a hundred pages in a row have no groups, and each leads to another page")
            }
            (Failure::NoWayBack, _) => {
                Error::protocol("cannot reverse here: the page has no cursor for the other direction")
            }
        };
        let error = error.with_app_id(self.source.app_id()).with_page(self.progress.pages + 1);
        error.with_checkpoint(self.checkpoint(0))
    }
}

/// What a failed request means to the walk.
fn fault(error: &Error) -> Fault {
    if error.is_invalid_cursors() {
        Fault::Invalid
    } else if error.is_cursor_expired() {
        Fault::Expired
    } else if error.asks_for_less() {
        Fault::TooLarge
    } else if error.is_unexplained_refusal() {
        Fault::Unexplained
    } else {
        Fault::Other
    }
}

/// Leaves out of a page what the caller does not get.
fn keep(groups: &mut Vec<Group>, kept: Kept) {
    match kept {
        Kept::Run(run) => {
            groups.truncate(run.end);
            groups.drain(..run.start);
        }
        Kept::Each(kept) => {
            let mut kept = kept.into_iter();
            groups.retain(|_| kept.next().unwrap_or(true));
        }
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

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_page(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.groups_hint() {
            // Nothing, or an error: certain.
            (least, Some(most)) if least == most => (least, Some(most)),
            // A page may be empty, so the number of groups says nothing about the number of pages.
            (least, _) => (least, None),
        }
    }
}

impl<S: PageSource> FusedStream for PageStream<S> {
    fn is_terminated(&self) -> bool {
        self.groups_hint().1 == Some(0)
    }
}

impl<S: PageSource> fmt::Debug for PageStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream")
            .field("checkpoint", &self.checkpoint())
            .field("progress", &self.progress())
            .field("fetching", &!matches!(*self.in_flight, InFlight::Idle))
            .finish_non_exhaustive()
    }
}
