//! What changes in a list, with the state to save, whenever the caller says.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream::{Fuse, FusedStream as _, StreamExt as _};
use pin_project::pin_project;
use serde::{Deserialize, Serialize};

use crate::consistent::Collect;
use crate::error::Result;
use crate::list::ListGroups;
use crate::snapshot::{Change, Snapshot};
use crate::source::PageSource;

/// How many ticks are taken at a time. Those beyond it lead to one listing more than is needed, and a stream that always
/// has another tick does not hold up the rest.
const MAX_TICKS: usize = 64;

/// What has changed, and the list with these changes.
///
/// Made by [`ListGroups::updates`], which says when to save it. With serde, in JSON: `{"changes":[…],"snapshot":{…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Update {
    /// The changes since the snapshot of the update before, in the [order](Snapshot::changes_since) of
    /// [`Snapshot::changes_since`]. Empty only in the first update of a list without groups.
    pub changes: Vec<Change>,
    /// The list with these changes. Pass it to [`ListGroups::updates`] after a restart.
    pub snapshot: Snapshot,
}

impl<S: PageSource + Clone> ListGroups<S> {
    /// What changes, also while the process is down: lists all groups at first and after each tick of `when`, and yields
    /// the differences with the state to save.
    ///
    /// `when` is any stream of ticks: a timer, a channel that a webhook sends to, or both ([`select`]). `from` is the
    /// snapshot of the update that was saved last, or `None` where none was saved yet. The source, its answers and `when`
    /// must be [`Send`], so that the stream can move to a task; the crate's own are.
    ///
    /// # Order and completeness
    ///
    /// Each update holds what changed since `from`, or since the update before. The first update without `from` has all
    /// groups as [`Created`](Change::Created), also where there are none. A listing that finds no change yields nothing.
    ///
    /// A group is [`Removed`](Change::Removed) only if two complete listings in a row lack it. A listing that lacks a group
    /// of the last snapshot is followed by another one at once, and so on until one lacks none, or two in a row agree as in
    /// a [`consistent_snapshot`](Self::consistent_snapshot). So a group that existed throughout is never removed, also on a
    /// server whose cursors are offsets; see there for what that takes. What else changed comes in the same update.
    ///
    /// A group that is created and deleted again between two listings is not seen, nor is a change that is undone.
    ///
    /// # Restarts
    ///
    /// Every net change is handled at least once, whenever the process ends, if it does this:
    ///
    /// 1. Save each [`Update`] as a whole before you handle its changes, and handle them before you poll for the next.
    /// 2. At a start, handle the changes of the saved update again, since the process may have ended half way, and pass its
    ///    snapshot as `from`.
    ///
    /// What changed while the process was down then comes with the first update. Handling a change twice must do no harm.
    /// To save only the snapshot, and only after its changes were handled, is not enough: a group that was handled as
    /// created, before a crash, and deleted before the restart, is in neither state, and its removal is not reported. A
    /// program whose changes and state are in one database writes both in one transaction, and needs no second step.
    ///
    /// # Ticks
    ///
    /// A listing starts at the first poll, and after a tick. Ticks that arrive before it starts are part of it. Ticks that
    /// arrive while listings run lead to one more when they are done: a listing starts after the last tick, however many
    /// there were. When `when` has ended, the listings that are due are made, then the stream ends: with an empty stream
    /// of ticks it lists once.
    ///
    /// Ticks are taken when this stream is polled. A sender to a bounded channel waits, or drops its tick, while this
    /// stream is not polled: drop it, as there is one in the channel already.
    ///
    /// # Laziness
    ///
    /// Nothing happens before the first poll, and nothing between polls: a consumer that does not poll has no listing made
    /// ahead, apart from the page of [`read_ahead`](Self::read_ahead).
    ///
    /// # Errors and recovery
    ///
    /// A listing that fails yields its error and no changes, and the stream goes on: the next tick starts the next listing,
    /// which is compared with the last snapshot, so that nothing is lost. A refused key is such an error too, since keys are
    /// renewed: end the stream yourself where an error should end it, for instance with
    /// [`try_next`](futures::TryStreamExt::try_next) and `?`. So is
    /// [`is_inconsistent`](crate::Error::is_inconsistent): a group is missing, and the list changes too often to tell
    /// whether it is removed.
    ///
    /// After invalid input ([`is_config`](crate::Error::is_config), as with [`snapshot`](Self::snapshot)) the stream ends,
    /// since every listing would fail in the same way.
    ///
    /// # Cancel safety
    ///
    /// Dropping a `next()` future loses nothing: the listing goes on at the next poll, and no tick is lost. Dropping the
    /// stream drops its request; there is no task of its own.
    ///
    /// # When groups change meanwhile
    ///
    /// A change during a listing is in its update or in the next one. A group that a listing missed, and that no earlier one
    /// had, is [`Created`](Change::Created) by the next.
    ///
    /// # Panics
    ///
    /// As [`GroupStream`](crate::GroupStream), and where `when` does.
    ///
    /// # Examples
    ///
    /// A service that lists every ten minutes and when a webhook calls:
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::time::Duration;
    ///
    /// use futures::{StreamExt, stream};
    /// use gupshup_groups::{Change, Update};
    /// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
    /// # let list = ListGroups::from_source(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
    /// # fn load() -> Option<Update> { None }
    /// # fn save(_update: &Update) {}
    /// # fn handle(_change: &Change) {}
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    ///
    /// // The webhook calls `webhook.try_send(())`. Where the channel is full, a listing is due anyway.
    /// let (webhook, calls) = tokio::sync::mpsc::channel(1);
    /// let calls = stream::unfold(calls, |mut calls| async { calls.recv().await.map(|()| ((), calls)) });
    /// let timer = stream::unfold(tokio::time::interval(Duration::from_secs(600)), |mut timer| async {
    ///     timer.tick().await;
    ///     Some(((), timer))
    /// });
    ///
    /// let saved: Option<Update> = load();
    /// saved.iter().flat_map(|update| &update.changes).for_each(handle);
    ///
    /// let from = saved.map(|update| update.snapshot);
    /// let mut updates = pin!(list.updates(from, stream::select(calls, timer)));
    /// while let Some(update) = updates.next().await {
    ///     match update {
    ///         Ok(update) => {
    ///             save(&update);
    ///             update.changes.iter().for_each(handle);
    ///         }
    ///         Err(error) => eprintln!("{error}; trying again in ten minutes"),
    ///     }
    /// #   break;
    /// }
    /// # drop(webhook);
    /// # });
    /// ```
    ///
    /// [`select`]: futures::stream::select()
    pub fn updates<W>(&self, from: Option<Snapshot>, when: W) -> impl Stream<Item = Result<Update>> + Send + use<S, W>
    where
        S: Send,
        S::Fetch: Send,
        W: Stream<Item = ()> + Send,
    {
        Updates { list: self.clone(), when: when.fuse(), known: from, due: true, listings: None, has_ended: false }
    }
}

#[pin_project]
struct Updates<S: PageSource, W> {
    list: ListGroups<S>,
    #[pin]
    when: Fuse<W>,
    /// The snapshot of the last update.
    known: Option<Snapshot>,
    /// Whether a listing has to start: at first, and after a tick.
    due: bool,
    /// The listings that are under way.
    #[pin]
    listings: Option<Collect<S>>,
    /// The input is invalid, and the caller knows.
    has_ended: bool,
}

impl<S: PageSource + Clone, W: Stream<Item = ()>> Stream for Updates<S, W> {
    type Item = Result<Update>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        while !*this.has_ended {
            *this.due |= has_ticked(this.when.as_mut(), cx);
            if this.listings.is_none() {
                if !mem::take(this.due) {
                    return if this.when.is_terminated() { Poll::Ready(None) } else { Poll::Pending };
                }
                match Collect::new(this.list) {
                    Ok(listings) => this.listings.set(Some(listings)),
                    Err(error) => {
                        *this.has_ended = true;
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
            let Some(listings) = this.listings.as_mut().as_pin_mut() else { continue };
            let known = &*this.known;
            let listed = ready!(listings.poll_until(cx, |newer| lacks_nothing(newer, known.as_ref())));
            this.listings.set(None);
            match listed {
                Ok(newer) => {
                    if let Some(update) = update(this.known, newer) {
                        return Poll::Ready(Some(Ok(update)));
                    }
                }
                Err(error) => {
                    *this.has_ended = error.is_config();
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        Poll::Ready(None)
    }
}

/// Whether there was a tick since the last call.
fn has_ticked(mut when: Pin<&mut impl Stream<Item = ()>>, cx: &mut Context<'_>) -> bool {
    let ticks = (0..MAX_TICKS).take_while(|_| matches!(when.as_mut().poll_next(cx), Poll::Ready(Some(()))));
    ticks.count() > 0
}

/// Whether a listing has every group that was known.
fn lacks_nothing(newer: &Snapshot, known: Option<&Snapshot>) -> bool {
    known.is_none_or(|known| known.iter().all(|group| newer.get(&group.id).is_some()))
}

/// Makes `newer` the known snapshot. Returns the update that it is, if it is one.
fn update(known: &mut Option<Snapshot>, newer: Snapshot) -> Option<Update> {
    let changes: Vec<_> = match known {
        Some(older) => newer.changes_since(older),
        None => newer.iter().cloned().map(Change::Created).collect(),
    };
    let is_update = known.is_none() || !changes.is_empty();
    *known = Some(newer.clone());
    is_update.then_some(Update { changes, snapshot: newer })
}
