//! The groups of a listing, each with an acknowledgement, and the place up to which all are acknowledged.

mod ledger;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::Stream;
use futures::stream::FusedStream;
use pin_project::pin_project;

use crate::checkpoint::Checkpoint;
use crate::cursor::Direction;
use crate::error::{Error, Result};
use crate::groups::GroupStream;
use crate::http::HttpSource;
use crate::page::Group;
use crate::pages::Progress;
use crate::source::PageSource;

use ledger::Ledger;

impl<S: PageSource> GroupStream<S> {
    /// Yields each group with an [`Ack`], and keeps a checkpoint of what is processed rather than of what is yielded.
    ///
    /// Use it where groups are handled concurrently, or where the work on a group ends after the next group was asked
    /// for. See [`TrackedStream`].
    pub fn tracked(self) -> TrackedStream<S> {
        let processed = Processed { ledger: Arc::new(Mutex::new(Ledger::new(self.checkpoint()))) };
        TrackedStream { stream: self, processed }
    }
}

/// The groups of a listing, each with an acknowledgement.
///
/// Made by [`GroupStream::tracked`]. The [checkpoint of a `GroupStream`](GroupStream::checkpoint) lies after the last group
/// that was yielded. A program that handles groups concurrently, and saves that checkpoint, loses what was yielded and not
/// yet handled when it crashes. The checkpoint of this stream lies before the oldest group that is not acknowledged.
///
/// # Acknowledgements
///
/// Call [`Ack::done`] when a group is handled, in any order and on any thread. An [`Ack`] that is dropped without it (the
/// handler failed, panicked, or was cancelled) leaves its group unprocessed: the checkpoint stays before that group for as
/// long as this stream and its [`Processed`] exist. To get such a group again, resume a listing at the checkpoint.
///
/// # What a crash repeats
///
/// A listing that is [resumed](crate::ListGroups::resume) at the checkpoint yields every group that is not acknowledged.
/// It repeats those groups that were acknowledged while an older one was not. So handling a group twice must do no harm.
/// Where one group takes much longer than the others, it holds the checkpoint while the others go on: a limit on the time
/// spent on one group is a limit on what is repeated.
///
/// # Order and completeness
///
/// As [`GroupStream`]: the same groups in the same order.
///
/// # Laziness
///
/// As [`GroupStream`].
///
/// # Errors and recovery
///
/// As [`GroupStream`]: an error is yielded once, then `None`, until [`resume`](Self::resume). Groups that were yielded
/// before it can still be acknowledged. The [checkpoint of the error](crate::Error::checkpoint) is the one of this stream
/// at that time.
///
/// # Cancel safety
///
/// Dropping a `next()` future loses nothing. Dropping the stream loses no acknowledgement: a [`Processed`] outlives it.
///
/// # When groups change meanwhile
///
/// As [`GroupStream`]. The checkpoint is a [`Checkpoint`] as any other.
///
/// # Memory
///
/// A checkpoint (about 200 bytes) for each group that is not acknowledged, on top of the `GroupStream`. Groups that are
/// acknowledged take none, also where an older one is not.
///
/// # Panics
///
/// As [`GroupStream`].
///
/// # Examples
///
/// Sixteen groups at a time. The place is saved as the work proceeds, through a [`Processed`], since
/// `for_each_concurrent` owns the stream:
///
/// ```
/// use futures::{StreamExt, TryStreamExt};
/// use gupshup_groups::Tracked;
/// # use gupshup_groups::{Checkpoint, Group, ListGroups, testing::FakeGroups};
/// # let list = ListGroups::from_source(FakeGroups::new((0..99).map(|n| Group::new(n.to_string(), "", n))));
/// # async fn handle(_group: &Group) {}
/// # fn save(_place: Checkpoint) {}
///
/// # futures::executor::block_on(async {
/// let groups = list.stream().tracked();
/// let processed = groups.processed();
/// groups
///     .try_for_each_concurrent(16, |Tracked { group, ack }| {
///         let processed = &processed;
///         async move {
///             handle(&group).await;
///             ack.done();
///             save(processed.checkpoint());
///             Ok(())
///         }
///     })
///     .await?;
/// assert!(processed.checkpoint().is_end());
/// # Ok::<(), gupshup_groups::Error>(())
/// # }).unwrap();
/// ```
#[pin_project]
#[must_use = "streams do nothing unless polled"]
pub struct TrackedStream<S: PageSource = HttpSource> {
    #[pin]
    stream: GroupStream<S>,
    processed: Processed,
}

/// A group, and the acknowledgement that it is handled.
#[derive(Debug)]
#[must_use = "a group that is not acknowledged holds the checkpoint"]
pub struct Tracked {
    /// The group.
    pub group: Group,
    /// Call [`Ack::done`] when the group is handled.
    pub ack: Ack,
}

/// The acknowledgement of one group.
///
/// It may go to another task or thread, and outlive its stream. Dropping it without [`done`](Self::done) leaves the group
/// unprocessed.
#[must_use = "dropping it leaves the group unprocessed: call done() when the group is handled"]
pub struct Ack {
    number: u64,
    processed: Processed,
}

impl Ack {
    /// The group is handled: the checkpoint may lie after it.
    pub fn done(self) {
        self.processed.ledger().done(self.number);
    }
}

/// What is processed of a [`TrackedStream`]: a handle that clones share, for where a combinator or a task owns the stream.
///
/// # Examples
///
/// ```
/// use futures::StreamExt;
/// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
/// # let list = ListGroups::from_source(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
///
/// # futures::executor::block_on(async {
/// let mut groups = list.stream().tracked();
/// let processed = groups.processed();
/// let first = groups.next().await.unwrap()?;
/// assert_eq!(processed.in_flight(), 1);
/// assert!(processed.checkpoint().is_start());
///
/// first.ack.done();
/// assert_eq!(processed.in_flight(), 0);
/// let rest: Vec<_> = list.resume(processed.checkpoint()).stream().collect().await;
/// assert_eq!(rest.len(), 8);
/// # Ok::<(), gupshup_groups::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Processed {
    ledger: Arc<Mutex<Ledger<Checkpoint>>>,
}

impl Processed {
    /// The place before the oldest group that is not acknowledged. Where all are, the place after the last group that was
    /// yielded.
    ///
    /// It never goes back. It [is the end](Checkpoint::is_end) when the stream has ended there and every group is
    /// acknowledged.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.ledger().processed()
    }

    /// How many groups were yielded and are not acknowledged. Those whose [`Ack`] was dropped count too.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.ledger().open()
    }

    /// Takes in a group, after which the stream is at `after`.
    fn track(&self, group: Group, after: Checkpoint) -> Tracked {
        let number = self.ledger().yielded(after);
        Tracked { group, ack: Ack { number, processed: self.clone() } }
    }

    /// The error, with the place of what is processed instead of what is yielded: a caller may save it.
    fn failed(&self, error: Error, after: Checkpoint) -> Error {
        let mut ledger = self.ledger();
        ledger.moved(after);
        match error.checkpoint() {
            Some(_) => error.with_checkpoint(ledger.processed()),
            None => error,
        }
    }

    /// No panic can leave the ledger half written, so a poisoned lock is as good as any.
    fn ledger(&self) -> MutexGuard<'_, Ledger<Checkpoint>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: PageSource> TrackedStream<S> {
    /// The place before the oldest group that is not acknowledged. Where all are, the place after the last group that was
    /// yielded.
    ///
    /// It never goes back. It [is the end](Checkpoint::is_end) when the stream has ended there and every group is
    /// acknowledged.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.processed.checkpoint()
    }

    /// A handle that tells what is processed while something else owns the stream.
    #[must_use]
    pub fn processed(&self) -> Processed {
        self.processed.clone()
    }

    /// Goes on after an error, at the place where it happened. Without an error it does nothing.
    ///
    /// What was yielded is not yielded again: a group that is not acknowledged still holds the checkpoint.
    pub fn resume(&mut self) {
        self.stream.resume();
    }

    /// What the listing has done so far. It counts the groups that were yielded, acknowledged or not.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.stream.progress()
    }

    /// The way that the stream goes through the server's list. To go the other way, [reverse](GroupStream::reverse) a
    /// stream before it is tracked.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.stream.direction()
    }
}

impl<S: PageSource> Stream for TrackedStream<S> {
    type Item = Result<Tracked>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let polled = this.stream.as_mut().poll_next(cx);
        // The end, a page without groups and a walk that starts again move the place too, so it is read at every poll.
        let after = this.stream.checkpoint();
        match polled {
            Poll::Ready(Some(Ok(group))) => Poll::Ready(Some(Ok(this.processed.track(group, after)))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(this.processed.failed(error, after)))),
            Poll::Ready(None) => {
                this.processed.ledger().moved(after);
                Poll::Ready(None)
            }
            Poll::Pending => {
                this.processed.ledger().moved(after);
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<S: PageSource> FusedStream for TrackedStream<S> {
    fn is_terminated(&self) -> bool {
        self.stream.is_terminated()
    }
}

impl<S: PageSource> fmt::Debug for TrackedStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackedStream").field("stream", &self.stream).field("processed", &self.processed).finish()
    }
}

impl fmt::Debug for Processed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processed")
            .field("checkpoint", &self.checkpoint())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ack").field("group", &self.number).finish_non_exhaustive()
    }
}
