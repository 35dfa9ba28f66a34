//! The groups of a listing with acknowledgements, and the place up to which all are acknowledged.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::Stream;
use futures::stream::FusedStream;

use crate::checkpoint::Checkpoint;
use crate::cursor::Direction;
use crate::error::{Error, Result};
use crate::page::Group;

use super::groups::GroupStream;
use super::ledger::Ledger;
use super::progress::Progress;

impl GroupStream {
    /// Yields each group with an [`Ack`], to handle groups concurrently: see [`TrackedStream`].
    pub fn tracked(self) -> TrackedStream {
        let processed = Processed { ledger: Arc::new(Mutex::new(Ledger::new(self.checkpoint()))) };
        TrackedStream { stream: self, processed }
    }
}

/// The groups of a listing, each with an acknowledgement: to handle groups concurrently and lose none in a crash. Made by
/// [`GroupStream::tracked`].
///
/// The checkpoint of a [`GroupStream`] lies after the last group yielded, that of this stream before the oldest group that is
/// not acknowledged. Order, laziness, restarts and panics are as for [`GroupStream`].
///
/// # Acknowledgements
///
/// Call [`Ack::done`] when a group is handled, in any order, on any thread. An [`Ack`] that is dropped without it (the
/// handler failed, panicked or was cancelled) holds the checkpoint for good: resume a listing there to list its group again, or
/// record the group elsewhere and acknowledge it. Each group that is not acknowledged takes about 200 bytes.
///
/// # What a crash repeats
///
/// A listing [resumed](crate::ListGroups::resume) at the checkpoint yields every group that is not acknowledged, and those
/// acknowledged after it. So handling a group twice must be harmless. One slow group holds the checkpoint: a time limit for
/// each group limits what is repeated.
///
/// # Errors and recovery
///
/// As for [`GroupStream`](GroupStream#errors-and-recovery). Groups yielded before an error can still be acknowledged;
/// [`Error::checkpoint`](crate::Error::checkpoint) is this stream's checkpoint at the time of the error.
///
/// # Cancel safety
///
/// Dropping a `next()` future loses nothing. Dropping the stream loses no acknowledgement: a [`Processed`] outlives it.
///
/// # Examples
///
/// Sixteen groups at a time. The combinator owns the stream, so the checkpoint is read from a [`Processed`]:
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
///     .try_for_each_concurrent(16, |Tracked { group, ack, .. }| {
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
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct TrackedStream {
    stream: GroupStream,
    processed: Processed,
}

/// A group and its acknowledgement.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "a group that is not acknowledged holds the checkpoint"]
pub struct Tracked {
    /// The group.
    pub group: Group,
    /// Its acknowledgement.
    pub ack: Ack,
}

/// The [acknowledgement](TrackedStream#acknowledgements) of one group.
#[must_use = "dropping it leaves the group unprocessed: call done() when the group is handled"]
pub struct Ack {
    number: u64,
    processed: Processed,
}

impl Ack {
    /// Acknowledges the group: it is handled.
    pub fn done(self) {
        self.processed.ledger().done(self.number);
    }
}

/// The checkpoint of a [`TrackedStream`] while a combinator or a task owns the stream. Clones share it.
#[derive(Clone)]
pub struct Processed {
    ledger: Arc<Mutex<Ledger<Checkpoint>>>,
}

impl Processed {
    /// The place before the oldest group that is not acknowledged; if all are, after the last group yielded.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.ledger().processed()
    }

    /// The number of groups not acknowledged, including those whose [`Ack`] was dropped.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.ledger().open()
    }

    fn track(&self, group: Group, after: Checkpoint) -> Tracked {
        let number = self.ledger().yielded(after);
        Tracked { group, ack: Ack { number, processed: self.clone() } }
    }

    fn failed(&self, error: Error, after: Checkpoint) -> Error {
        let mut ledger = self.ledger();
        ledger.moved(after);
        match error.checkpoint() {
            Some(_) => error.with_checkpoint(ledger.processed()),
            None => error,
        }
    }

    /// A panic cannot leave the ledger inconsistent, so poisoning is ignored.
    fn ledger(&self) -> MutexGuard<'_, Ledger<Checkpoint>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TrackedStream {
    /// See [`Processed::checkpoint`].
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.processed.checkpoint()
    }

    /// A handle that outlives the stream.
    #[must_use]
    pub fn processed(&self) -> Processed {
        self.processed.clone()
    }

    /// Continues after an error: see [`GroupStream::resume`]. Unacknowledged groups are not yielded again.
    pub fn resume(&mut self) {
        self.stream.resume();
    }

    /// What the listing has done so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.stream.progress()
    }

    /// The direction of the listing. To change it, [reverse](GroupStream::reverse) before
    /// [`tracked`](GroupStream::tracked).
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.stream.direction()
    }
}

impl Stream for TrackedStream {
    type Item = Result<Tracked>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_next(cx);
        // The place also moves at the end, on empty pages and at restarts, so it is read at every poll.
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

impl FusedStream for TrackedStream {
    fn is_terminated(&self) -> bool {
        self.stream.is_terminated()
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
