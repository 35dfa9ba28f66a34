//! The walk as a stream of groups.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures::Stream;
use futures::stream::FusedStream;
use pin_project::pin_project;

use crate::checkpoint::Checkpoint;
use crate::cursor::Direction;
use crate::error::Result;
use crate::http::HttpSource;
use crate::page::Group;
use crate::pages::{PageStream, Progress};
use crate::source::PageSource;

/// The groups of a listing, one by one.
///
/// Made by [`ListGroups::stream`](crate::ListGroups::stream). With the crate's own [`HttpSource`] it is `Send`, `Sync`
/// and `Unpin`: poll it with [`StreamExt::next`](futures::StreamExt::next), keep it in a struct, move it to a task.
///
/// # Order and completeness
///
/// Forward, the groups come in the server's order; backward, in its exact mirror. `None` comes only when the API has
/// said that the list is at its end, or when [`max_groups`](crate::ListGroups::max_groups) was reached. Whatever else
/// happens is an `Err`: a listing that ended without an error is complete.
///
/// The API says that the list is at its end by leaving out the link to a next page. Since not every server sends such
/// links, one that has sent none yet is asked on while its pages are full, until a page is empty or its cursor is
/// called invalid (code 2642). Backward the same holds of the link to a previous page, whatever the size of the pages.
///
/// # Laziness
///
/// No request is made before the first poll, and none ahead of demand: page `k` is asked for when page `k − 1` is
/// used up. With [`read_ahead`](crate::ListGroups::read_ahead) it is asked for when page `k − 1` has arrived.
///
/// # Errors and recovery
///
/// An error comes once, after every group that arrived before it; then `None`, for ever. The error and the stream both
/// hold the [`Checkpoint`] of the place, and [`resume`](Self::resume) goes on there.
///
/// # Cancel safety
///
/// Dropping a `next()` future loses nothing and repeats no request: the request under way belongs to the stream and goes
/// on at the next poll. Dropping the stream drops the request, also one that was made ahead, and leaves no task behind.
///
/// # When groups change meanwhile
///
/// The API invalidates cursors when groups change. A walk that began at the start of the list then begins again by
/// itself, at most [`max_restarts`](crate::ListGroups::max_restarts) times, and skips what it has yielded: every group
/// that was there throughout comes exactly once. That takes eight bytes of memory a group. A walk that began elsewhere,
/// or was turned round, has no such memory and yields [`Error::is_cursor_expired`](crate::Error::is_cursor_expired).
///
/// # Panics
///
/// Never by itself, on a [runtime](crate#runtime) that has what it needs. A panic of a [`PageSource`] goes through to the
/// caller; its request is dropped, and the next poll makes it anew.
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
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct GroupStream<S: PageSource = HttpSource> {
    #[pin]
    pages: PageStream<S>,
    /// The groups of the last page that are not yet yielded, next one first.
    buffer: vec::IntoIter<Group>,
    /// The id of the last group yielded.
    last: String,
}

impl<S: PageSource> GroupStream<S> {
    pub(crate) fn new(pages: PageStream<S>) -> Self {
        Self { pages, buffer: Vec::new().into_iter(), last: String::new() }
    }

    /// The place after the last group that was yielded.
    ///
    /// Cheap enough for every group, and needed only where you save it: it clones two cursors and an id.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        match self.buffer.len() {
            0 => self.pages.checkpoint(),
            rest => self.pages.checkpoint_at(self.pages.last_count() - rest, &self.last),
        }
    }

    /// Turns round: what was just yielded comes back first.
    ///
    /// Works anywhere, also after an error and at both ends. The groups of the page are asked for again, since the caller
    /// owns those that were yielded. The turned walk has no memory to heal an expired cursor with.
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
        let place = self.checkpoint().reversed();
        Self::new(self.pages.restart_at(place, self.buffer.len()))
    }

    /// Goes on after an error, at the place where it happened. Without an error it does nothing.
    ///
    /// A walk that can heal gets its full number of [restarts](crate::ListGroups::max_restarts) again.
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

    /// The way that the stream goes through the server's list.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.pages.direction()
    }
}

impl<S: PageSource> Stream for GroupStream<S> {
    type Item = Result<Group>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            keep(this.last, this.pages.as_mut(), this.buffer.as_slice());
            if let Some(group) = this.buffer.next() {
                return Poll::Ready(Some(Ok(group)));
            }
            match ready!(turn_page(this.pages.as_mut(), this.buffer, cx)) {
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

/// How many groups the walk is told of at a time. What is read of them is then still in the nearest cache when they are
/// yielded, which is not so of a whole page.
const AT_ONCE: usize = 8;

/// Keeps what is needed of the group that is yielded next: its id, for a checkpoint. Of every eighth, the walk is told
/// together with those that follow.
///
/// Like [`turn_page`] it is kept out of [`GroupStream::poll_next`], so that this is small enough to become part of the
/// caller's loop, and looks at a group where it lies: one that is looked at on its way out is moved in pieces.
#[inline(never)]
fn keep<S: PageSource>(last: &mut String, pages: Pin<&mut PageStream<S>>, rest: &[Group]) {
    if rest.len() % AT_ONCE == 0 {
        pages.yielding(&rest[..rest.len().min(AT_ONCE)]);
    }
    if let Some(group) = rest.first() {
        last.clear();
        last.push_str(&group.id);
    }
}

/// Goes on to the next page, and tells the walk of the groups that come before those of which [`keep`] tells it.
///
/// It hands over no group, so that none takes the way through memory that a function's result takes.
#[cold]
#[inline(never)]
fn turn_page<S: PageSource>(
    mut pages: Pin<&mut PageStream<S>>,
    buffer: &mut vec::IntoIter<Group>,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<()>>> {
    let page = ready!(pages.as_mut().poll_page(cx));
    Poll::Ready(page.map(|page| {
        let mut groups = page?.groups;
        if pages.direction() == Direction::Backward {
            groups.reverse();
        }
        pages.yielding(&groups[..groups.len() % AT_ONCE]);
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
