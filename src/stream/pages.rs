use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use futures::future::BoxFuture;
use futures::stream::FusedStream;
use sync_wrapper::SyncWrapper;

use crate::checkpoint::Checkpoint;
use crate::cursor::Direction;
use crate::error::Result;
use crate::page::Page;

use super::listing::{Listing, Plan, Pulled};
use super::progress::Progress;

/// The pages of a listing, one by one. Made by [`ListGroups::pages`](crate::ListGroups::pages).
///
/// Laziness, errors and recovery, cancel safety, restarts and panics are as for [`GroupStream`](crate::GroupStream). After a
/// restart, pages hold only new groups.
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
pub struct PageStream {
    /// Makes the stream `Sync`, which futures need not be.
    in_flight: Option<SyncWrapper<BoxFuture<'static, Result<Page>>>>,
    listing: Box<Listing>,
}

impl PageStream {
    pub(crate) fn new(plan: Plan) -> Self {
        Self::over(Listing::new(plan))
    }

    fn over(listing: Listing) -> Self {
        Self { in_flight: None, listing: Box::new(listing) }
    }

    /// The place after the last page that was yielded.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint_before(0)
    }

    pub(super) fn checkpoint_before(&self, remaining: usize) -> Checkpoint {
        self.listing.checkpoint(remaining)
    }

    /// Reverses the stream: the page that was yielded last is yielded first. Otherwise as
    /// [`GroupStream::reverse`](crate::GroupStream::reverse).
    pub fn reverse(self) -> Self {
        self.reversed(0)
    }

    pub(super) fn reversed(self, remaining: usize) -> Self {
        Self::over(self.listing.reversed(remaining))
    }

    /// Continues after an error: see [`GroupStream::resume`](crate::GroupStream::resume).
    pub fn resume(&mut self) {
        self.listing.resume();
    }

    /// Yields at most `groups` more groups.
    pub(crate) fn limit(&mut self, groups: usize) {
        self.listing.limit(groups);
    }

    /// What the listing has done so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.listing.progress()
    }

    /// Whether a cursor was refused because the list had changed.
    pub(crate) fn saw_change(&self) -> bool {
        self.listing.saw_change()
    }

    /// The direction of the listing.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.listing.direction()
    }

    /// Bounds on the items to come from pages that have not arrived. An error is an item.
    pub(super) fn groups_hint(&self) -> (usize, Option<usize>) {
        self.listing.groups_hint()
    }
}

impl Stream for PageStream {
    type Item = Result<Page>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { in_flight, listing } = self.get_mut();
        loop {
            // Taken out, so that a request that panics is dropped, and the next poll makes it again.
            let mut fetch = match in_flight.take() {
                Some(fetch) => fetch,
                None => match listing.pull() {
                    Pulled::Request(fetch) => SyncWrapper::new(fetch),
                    Pulled::Item(item) => return Poll::Ready(item),
                },
            };
            let Poll::Ready(answer) = fetch.get_mut().as_mut().poll(cx) else {
                *in_flight = Some(fetch);
                return Poll::Pending;
            };
            if let Some(item) = listing.arrive(answer) {
                if item.is_ok() {
                    *in_flight = listing.fetch_ahead().map(SyncWrapper::new);
                }
                return Poll::Ready(Some(item));
            }
        }
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

impl FusedStream for PageStream {
    fn is_terminated(&self) -> bool {
        self.groups_hint().1 == Some(0)
    }
}

impl fmt::Debug for PageStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream")
            .field("checkpoint", &self.checkpoint())
            .field("progress", &self.progress())
            .field("fetching", &self.in_flight.is_some())
            .finish_non_exhaustive()
    }
}
