//! The walk as a stream of groups: the buffer of a page.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures::Stream;
use futures::stream::FusedStream;

use crate::checkpoint::Checkpoint;
use crate::cursor::Direction;
use crate::error::Result;
use crate::http::HttpSource;
use crate::page::Group;
use crate::pages::{PageStream, Progress};
use crate::source::PageSource;

/// The groups of a listing, one by one.
///
/// Made by [`ListGroups::stream`](crate::ListGroups::stream). It is `Unpin` on every source: poll it with
/// [`StreamExt::next`](futures::StreamExt::next), also in code that is generic over the source. With the crate's own
/// [`HttpSource`], and with [`AnySource`](crate::AnySource), it is `Send` too: keep it in a struct, move it to a task.
///
/// # Order and completeness
///
/// Forward, groups come in the server's order; backward, in its exact mirror. `None` comes only when the end of the list is
/// established, or when [`max_groups`](crate::ListGroups::max_groups) was reached. Anything else that ends the stream is
/// an `Err`: a listing that ended without an error is complete.
///
/// # The end of the list
///
/// The number of groups on a page says nothing about the end, because servers clamp page sizes and filter. A link to
/// another page means that there is more. A page without such a link is the end if
///
/// - it has no cursor to continue from, or no groups,
/// - or the server has sent links in this direction before (Meta's rule), unless
///   [`confirm_end`](crate::ListGroups::confirm_end) is on.
///
/// Otherwise the stream requests one more page, and an empty page is the end. If the server calls the cursor of that
/// request invalid (code 2642), the page before is requested again: if it still ends with the same group and cursor, the
/// cursor is good and the list is at its end; if the page has changed, the stream continues from it; if that cursor is
/// refused too, it has expired.
///
/// # Laziness
///
/// No request is made before the first poll, and none ahead of demand: page `k` is requested when page `k − 1` is
/// used up. With [`read_ahead`](crate::ListGroups::read_ahead) it is requested when page `k − 1` has arrived.
///
/// # Errors and recovery
///
/// An error comes once, after every group that arrived before it; then `None`, for ever. The error and the stream both
/// hold the [`Checkpoint`] of the place, and [`resume`](Self::resume) continues there.
///
/// # Cancel safety
///
/// Dropping a `next()` future loses nothing and repeats no request: the request under way belongs to the stream and
/// continues at the next poll. Dropping the stream drops the request, also one that was made ahead, and leaves no task
/// behind.
///
/// # When groups change meanwhile
///
/// The API invalidates cursors when groups change. A listing that began at the start of the list then begins again by
/// itself, at most [`max_restarts`](crate::ListGroups::max_restarts) times, and leaves out what it has yielded: every group
/// that was there throughout comes exactly once. That takes eight bytes of memory a group. A listing that began elsewhere,
/// or was reversed, has no such memory and yields [`Error::is_cursor_expired`](crate::Error::is_cursor_expired).
///
/// # Panics
///
/// Never by itself. A panic of a [`PageSource`] goes through to the caller; its request is dropped, and the next poll
/// makes it again.
///
/// # Examples
///
/// ```
/// use futures::StreamExt;
/// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
/// # let list = ListGroups::from_source(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
///
/// # futures::executor::block_on(async {
/// let mut groups = list.stream();
/// while let Some(group) = groups.next().await {
///     let group = group?;
///     println!("{} {}", group.id, group.subject);
/// }
/// assert!(groups.checkpoint().is_end());
/// # Ok::<(), gupshup_groups::Error>(())
/// # });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct GroupStream<S: PageSource = HttpSource> {
    pages: PageStream<S>,
    /// The groups of the last page that are not yielded yet, next one first.
    buffer: vec::IntoIter<Group>,
}

impl<S: PageSource> GroupStream<S> {
    pub(crate) fn new(pages: PageStream<S>) -> Self {
        Self { pages, buffer: Vec::new().into_iter() }
    }

    /// The place after the last group that was yielded.
    ///
    /// It clones two cursors: cheap enough for every group, and needed only where you save it.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.pages.checkpoint_before(self.buffer.len())
    }

    /// Reverses the stream: the group that was just yielded comes back first.
    ///
    /// It works anywhere, also after an error and at both ends. The page is requested again, because the caller owns the
    /// groups that were yielded. The reversed stream has no memory to heal an expired cursor with.
    ///
    /// The stream ends with [`is_protocol`](crate::Error::is_protocol) where a page has no cursor for the other direction.
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

    /// Continues after an error, at the place where it happened. Without an error it does nothing.
    ///
    /// A listing that can heal gets its full number of [restarts](crate::ListGroups::max_restarts) again.
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

    /// The direction in which the stream reads the server's list.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.pages.direction()
    }
}

impl<S: PageSource> Stream for GroupStream<S> {
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

    /// Exact wherever it can be: the groups of the page are certain, and nothing more comes after the end.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.pages.groups_hint();
        let here = self.buffer.len();
        (here + least, most.and_then(|most| most.checked_add(here)))
    }
}

/// Fills the buffer with the next page.
///
/// It is kept out of [`GroupStream::poll_next`], so that this is small enough to be inlined into the caller's loop. It
/// returns no group, because a group in a function's result is copied through memory.
#[cold]
#[inline(never)]
fn next_page<S: PageSource>(
    pages: &mut PageStream<S>,
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

impl<S: PageSource> FusedStream for GroupStream<S> {
    fn is_terminated(&self) -> bool {
        self.buffer.len() == 0 && self.pages.is_terminated()
    }
}

impl<S: PageSource> fmt::Debug for GroupStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupStream")
            .field("checkpoint", &self.checkpoint())
            .field("progress", &self.progress())
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}
