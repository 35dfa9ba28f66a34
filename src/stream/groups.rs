use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures::Stream;
use futures::stream::FusedStream;

use crate::checkpoint::Checkpoint;
use crate::cursor::Direction;
use crate::error::Result;
use crate::page::Group;

use super::pages::PageStream;
use super::progress::Progress;

/// The groups of a listing, one by one. Made by [`ListGroups::stream`](crate::ListGroups::stream).
///
/// # Order and completeness
///
/// Forward, groups are yielded in the server's order; backward, in its exact mirror. `None` means the end of the list,
/// or that [`max_groups`](crate::ListGroups::max_groups) was reached. Anything else that stops the stream is an `Err`.
///
/// # The end of the list
///
/// A short page is not necessarily the last, because servers clamp page sizes and filter. A page with a link to another page
/// is not the last. A page without a link is the last if
///
/// - it has no cursor,
/// - it is empty (requested twice, if a link had announced it),
/// - or the server has sent links in this direction before (Meta's rule) and
///   [`confirm_end`](crate::ListGroups::confirm_end) is off.
///
/// Otherwise one more page is requested, and an empty one is the end.
///
/// The API answers code 2642 ("invalid cursors") past the end of the list, and to an expired cursor. The stream then requests
/// the page before again:
///
/// - if it still ends with the same group and cursor, the cursor is sent again; a second refusal is the end,
/// - if it has changed, the stream continues from it,
/// - if it is refused too, the cursor has expired.
///
/// # Laziness
///
/// Nothing is requested before the first poll. The next page is requested after the last group of a page was yielded;
/// with [`read_ahead`](crate::ListGroups::read_ahead), when a page has arrived.
///
/// # Errors and recovery
///
/// An error is yielded once, after every group that arrived before it; then `None`. [`resume`](Self::resume) continues
/// there; so does a listing from [`checkpoint`](Self::checkpoint) or [`Error::checkpoint`](crate::Error::checkpoint).
///
/// # Cancel safety
///
/// Dropping a `next()` future loses nothing and repeats no request: the request continues at the next poll. Dropping
/// the stream drops its requests; only the call of a [credential provider](crate::CredentialProvider) continues.
///
/// # When groups change meanwhile
///
/// The API invalidates cursors when groups change. A stream that began at the start of the list then restarts, at most
/// [`max_restarts`](crate::ListGroups::max_restarts) times, and leaves out what it has yielded: each group that existed
/// throughout is yielded once. This takes eight bytes of memory a group. A stream that began elsewhere, or was reversed,
/// yields [`is_cursor_expired`](crate::Error::is_cursor_expired).
///
/// # Panics
///
/// When polled outside a tokio runtime with I/O and timers, such as that of `#[tokio::main]`, if something needs one: a
/// [`Client`](crate::Client), a retry, a rate limit, or [`read_ahead`](crate::ListGroups::read_ahead).
///
/// A panic of a source or an [observer](crate::ClientBuilder::observer) reaches the caller. The next poll requests the page
/// again.
///
/// # Examples
///
/// ```
/// use futures::TryStreamExt;
/// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
/// # let list = ListGroups::from_source(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
///
/// # futures::executor::block_on(async {
/// let mut groups = list.stream();
/// while let Some(group) = groups.try_next().await? {
///     println!("{} {}", group.id, group.subject);
/// }
/// assert!(groups.checkpoint().is_end());
/// # Ok::<(), gupshup_groups::Error>(())
/// # });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct GroupStream {
    pages: PageStream,
    buffer: vec::IntoIter<Group>,
}

impl GroupStream {
    pub(crate) fn new(pages: PageStream) -> Self {
        Self { pages, buffer: Vec::new().into_iter() }
    }

    /// The place after the last group that was yielded. Cheap: it clones two cursors.
    ///
    /// If groups are handled concurrently, use the checkpoint of a [`tracked`](Self::tracked) stream.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.pages.checkpoint_before(self.buffer.len())
    }

    /// Reverses the stream: the group that was yielded last is yielded first.
    ///
    /// Works anywhere, also after an error and at both ends, and requests the page again. Groups of both directions count
    /// towards [`max_groups`](crate::ListGroups::max_groups). If the page has no cursor for the other direction, the stream ends
    /// with [`is_protocol`](crate::Error::is_protocol).
    ///
    /// ```
    /// use futures::StreamExt;
    /// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
    /// # let list = ListGroups::from_source(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
    ///
    /// # futures::executor::block_on(async {
    /// let mut groups = list.stream();
    /// let first = groups.next().await.unwrap()?;
    /// let second = groups.next().await.unwrap()?;
    ///
    /// let mut back = groups.reverse();
    /// assert_eq!(back.next().await.unwrap()?, second);
    /// assert_eq!(back.next().await.unwrap()?, first);
    /// assert!(back.next().await.is_none());
    /// # Ok::<(), gupshup_groups::Error>(())
    /// # });
    /// ```
    pub fn reverse(self) -> Self {
        Self::new(self.pages.reversed(self.buffer.len()))
    }

    /// Continues after an error, at its place, with [`max_restarts`](crate::ListGroups::max_restarts) restarts. Does nothing
    /// without an error.
    pub fn resume(&mut self) {
        self.pages.resume();
    }

    /// What the listing has done so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let mut progress = self.pages.progress();
        progress.groups -= self.buffer.len() as u64;
        progress
    }

    /// The direction of the listing.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.pages.direction()
    }
}

impl Stream for GroupStream {
    type Item = Result<Group>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(group) = this.buffer.next() {
                return Poll::Ready(Some(Ok(group)));
            }
            match ready!(next_page(&mut this.pages, &mut this.buffer, cx)) {
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    /// At least the buffered groups; exactly 0 after the end.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.pages.groups_hint();
        let here = self.buffer.len();
        (here + least, most.and_then(|most| most.checked_add(here)))
    }
}

/// Fills the buffer. Separate, so that [`GroupStream::poll_next`] can be inlined. Returns no group, because that would be copied through
/// memory.
#[cold]
#[inline(never)]
fn next_page(
    pages: &mut PageStream,
    buffer: &mut vec::IntoIter<Group>,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<()>>> {
    let page = ready!(Pin::new(&mut *pages).poll_next(cx));
    Poll::Ready(page.map(|page| {
        let mut groups = page?.groups;
        if pages.direction() == Direction::Backward {
            groups.reverse();
        }
        *buffer = groups.into_iter();
        Ok(())
    }))
}

impl FusedStream for GroupStream {
    fn is_terminated(&self) -> bool {
        self.buffer.len() == 0 && self.pages.is_terminated()
    }
}

impl fmt::Debug for GroupStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupStream")
            .field("checkpoint", &self.checkpoint())
            .field("progress", &self.progress())
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}
