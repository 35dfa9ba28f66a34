mod listing;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream::FusedStream;
use pin_project::pin_project;

use crate::checkpoint::Checkpoint;
use crate::cursor::Direction;
use crate::error::Result;
use crate::fetch::{Ahead, Fetch};
use crate::http::HttpSource;
use crate::page::Page;
use crate::progress::Progress;
use crate::source::PageSource;

pub(crate) use listing::Listing;
use listing::Pulled;

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

impl<S: PageSource> PageStream<S> {
    pub(crate) fn new(listing: Listing<S>) -> Self {
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
        let progress = self.progress();
        Self::new(self.listing.reversed(remaining, progress))
    }

    /// Continues after an error: see [`GroupStream::resume`](crate::GroupStream::resume).
    pub fn resume(&mut self) {
        self.listing.walk.resume();
    }

    /// What the listing has done so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let mut progress = self.listing.progress();
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
        self.listing.groups_hint()
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
            if let Some(item) = listing.arrive(answer, effort) {
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
