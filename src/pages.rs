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
use crate::walk::{Event, Failure, Fault, Kept, Outcome, Rules, Side, View, Walk};

/// The pages of a listing, one by one.
///
/// Made by [`ListGroups::pages`](crate::ListGroups::pages). Laziness, errors and recovery, cancel safety, restarts and
/// panics are as for [`GroupStream`](crate::GroupStream). After a restart, pages hold only new groups.
///
/// # Order and completeness
///
/// Each page keeps the server's order, in both directions; backward, the last page is yielded first. `None` means the
/// [end of the list](crate::GroupStream#the-end-of-the-list), or that [`max_groups`](crate::ListGroups::max_groups) was
/// reached. Empty pages in the middle of the list are yielded; a page that only confirms the end is not.
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
    /// Boxed, so that the stream is `Unpin` whatever the source's future is.
    in_flight: Pin<Box<InFlight<S::Fetch>>>,
    listing: Box<Listing<S>>,
}

#[pin_project(project = InFlightProjection)]
enum InFlight<F> {
    Idle,
    Here(#[pin] Fetch<F>),
    OnTask(Ahead),
}

struct Listing<S> {
    source: S,
    pace: Pace,
    read_ahead: Option<ReadAhead<S>>,
    walk: Walk,
    refused: Option<Error>,
    progress: Progress,
}

/// [`Ahead::spawn`], whose bounds (`Send`, `'static`) apply only where reading ahead is on.
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
    /// Restarts because a cursor had expired.
    pub restarts: u32,
    /// Decoded size of all pages, in bytes.
    pub bytes: u64,
    /// Time waited between attempts and for the rate limit.
    pub waited: Duration,
}

impl<S: PageSource> PageStream<S> {
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

    pub(crate) fn checkpoint_before(&self, remaining: usize) -> Checkpoint {
        self.listing.checkpoint(remaining)
    }

    /// Reverses the stream: the page that was yielded last is yielded first. Otherwise as
    /// [`GroupStream::reverse`](crate::GroupStream::reverse).
    pub fn reverse(self) -> Self {
        self.reversed(0)
    }

    pub(crate) fn reversed(self, remaining: usize) -> Self {
        let mut progress = self.progress();
        progress.groups -= remaining as u64;
        let listing = *self.listing;
        let walk = listing.walk.reversed(remaining);
        Self { in_flight: Box::pin(InFlight::Idle), listing: Box::new(Listing { walk, progress, ..listing }) }
    }

    /// Continues after an error: see [`GroupStream::resume`](crate::GroupStream::resume).
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

    pub(crate) fn saw_change(&self) -> bool {
        self.listing.walk.saw_change()
    }

    /// The direction of the listing.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.listing.walk.heading()
    }

    /// Bounds on the items to come from pages that have not arrived. An error is an item.
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
            listing.progress.count(effort);
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
            Outcome::Request(position, limit) => Pulled::Request(PageRequest::new(position, limit)),
            Outcome::Fail(failure) => Pulled::Item(Some(Err(self.error(failure, None)))),
            _ => Pulled::Item(None),
        }
    }

    fn fetch_ahead(&self) -> Option<Ahead> {
        let spawn = self.read_ahead?;
        let (position, limit) = self.walk.request()?;
        Some(spawn(&self.source, self.pace.clone(), PageRequest::new(position, limit)))
    }

    /// Returns the item to yield, if any.
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
            Outcome::Nothing | Outcome::Request(..) | Outcome::End => {}
        }
        None
    }

    fn view(&mut self, page: &Page) -> View {
        let side = |link, cursor: &Option<Cursor>| Side {
            link,
            // A source of the user's own may send an empty text or `null`.
            cursor: cursor.clone().filter(Cursor::is_usable),
        };
        let ids = page.groups.iter().map(|group| group.id.as_str());
        let next = side(page.has_next, &page.cursors.after);
        self.walk.view(ids, next, side(page.has_previous, &page.cursors.before))
    }

    fn error(&self, failure: Failure, reported: Option<Error>) -> Error {
        let reported = reported.map(|mut error| {
            error.mask_words(|word| self.walk.has_sent(word));
            error
        });
        let error = match (failure, reported) {
            // Nothing was listed.
            (Failure::Request, Some(error)) if error.is_config() && self.progress.pages == 0 => return error,
            (Failure::Request, Some(error)) => error,
            (Failure::GivenCursor, Some(refusal)) => Error::cursor_invalid(refusal),
            (Failure::RefusedCursor | Failure::Request | Failure::GivenCursor, _) => Error::cursor_refused(),
            (Failure::Loop, _) => Error::cursor_loop(),
            (Failure::CursorTooLong(bytes), _) => Error::cursor_too_long(bytes),
            (Failure::LinkWithoutCursor, _) => Error::protocol("the page has a link to another page, but no cursor"),
            (Failure::EmptyPages, _) => {
                Error::protocol("a hundred pages in a row have no groups, and each leads to another page")
            }
            (Failure::Unstable, _) => Error::protocol("the last page of the list changes each time it is requested"),
            (Failure::NoWayBack, _) => {
                Error::protocol("cannot reverse here: the page has no cursor for the other direction")
            }
        };
        let error = error.with_app_id(self.source.app_id()).with_page(self.progress.pages + 1);
        error.with_checkpoint(self.checkpoint(0))
    }
}

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
            // Exact: nothing, or one error.
            (least, Some(most)) if least == most => (least, Some(most)),
            // Pages may be empty, so the number of groups does not bound the number of pages.
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
