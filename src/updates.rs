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

/// Most ticks taken in one poll, so that a stream of ticks that is always ready does not block the listing.
const MAX_TICKS: usize = 64;

/// Changes, and the list that includes them. Made by [`ListGroups::updates`]. In serde's JSON:
/// `{"changes":[…],"snapshot":{…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Update {
    /// In the order of [`Snapshot::changes_since`]. Empty only in the first update of a list without groups.
    pub changes: Vec<Change>,
    /// The list after these changes. Pass it to [`ListGroups::updates`] after a restart.
    pub snapshot: Snapshot,
}

impl<S: PageSource + Clone> ListGroups<S> {
    /// Lists all groups at first and after each tick of `when`, and yields the changes, including those made while the
    /// process was down.
    ///
    /// `when` is a timer, a channel that a webhook sends to, or both ([`select`]). `from` is the snapshot of the last
    /// saved update, or `None`. The source, its fetches and `when` must be [`Send`].
    ///
    /// # Order and completeness
    ///
    /// Each update holds the changes since the last one, or since `from`. Without `from`, the first update has all
    /// groups as [`Created`](Change::Created). A listing without changes yields nothing.
    ///
    /// A group is [`Removed`](Change::Removed) only if two complete listings in a row lack it: a listing that lacks a
    /// known group is repeated until one has all known groups, or two in a row agree as in a
    /// [`consistent_snapshot`](Self::consistent_snapshot), whose guarantees apply.
    ///
    /// A change during a listing is in its update or in the next one. A change that is undone before the next listing
    /// is not seen.
    ///
    /// # Restarts
    ///
    /// Every change is handled at least once if the process
    ///
    /// 1. saves each whole [`Update`] before it handles its changes, and handles them before it polls again,
    /// 2. at its start, handles the changes of the saved update again, and passes its snapshot as `from`.
    ///
    /// Handling a change twice must be harmless. Saving the snapshot only after its changes were handled loses
    /// removals: a group that was handled as created before a crash, and deleted before the restart, is in neither
    /// snapshot. If changes and snapshot are written in one transaction, step 2 needs only the snapshot.
    ///
    /// # Ticks
    ///
    /// The first poll starts a listing. So does a tick; ticks that arrive during a listing start one more after it.
    /// After `when` has ended, the stream makes the listings that are due and ends.
    ///
    /// Ticks are taken when this stream is polled. For a webhook, use a channel of capacity one and `try_send`: if it
    /// is full, a listing is due anyway.
    ///
    /// # Laziness
    ///
    /// Works only while polled, apart from [`read_ahead`](Self::read_ahead).
    ///
    /// # Errors and recovery
    ///
    /// A listing that fails yields its error and no changes. The next tick starts the next listing, which is compared
    /// with the last successful one, so no change is lost. That includes a refused key, since keys are renewed, and
    /// [`is_inconsistent`](crate::Error::is_inconsistent). To stop at an error, use
    /// [`try_next`](futures::TryStreamExt::try_next) and `?`.
    ///
    /// After invalid input ([`is_config`](crate::Error::is_config), as for [`snapshot`](Self::snapshot)) the stream
    /// ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping a `next()` future loses nothing: the listing continues at the next poll, and no tick is lost. Dropping
    /// the stream drops its requests.
    ///
    /// # Examples
    ///
    /// A service that lists every ten minutes, and when a webhook arrives:
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
    /// // The webhook calls `webhook.try_send(())`.
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
    known: Option<Snapshot>,
    due: bool,
    #[pin]
    listings: Option<Collect<S>>,
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
                    *this.due |= has_ticked(this.when.as_mut(), cx);
                    if *this.due {
                        // Other tasks run before the next listing, also if ticks and pages are always ready.
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
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

fn has_ticked(mut when: Pin<&mut impl Stream<Item = ()>>, cx: &mut Context<'_>) -> bool {
    let ticks = (0..MAX_TICKS).take_while(|_| matches!(when.as_mut().poll_next(cx), Poll::Ready(Some(()))));
    ticks.count() > 0
}

fn lacks_nothing(newer: &Snapshot, known: Option<&Snapshot>) -> bool {
    known.is_none_or(|known| known.iter().all(|group| newer.get(&group.id).is_some()))
}

/// The update to `newer`, if it is the first or has changes.
fn update(known: &mut Option<Snapshot>, newer: Snapshot) -> Option<Update> {
    let changes: Vec<_> = match known {
        Some(older) => newer.changes_since(older),
        None => newer.iter().cloned().map(Change::Created).collect(),
    };
    let is_update = known.is_none() || !changes.is_empty();
    *known = Some(newer.clone());
    is_update.then_some(Update { changes, snapshot: newer })
}
