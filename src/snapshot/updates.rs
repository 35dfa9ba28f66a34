//! Changes between complete listings: one round, or one after another.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_stream::stream;
use futures::Stream;
use futures::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use sync_wrapper::SyncWrapper;
use tokio::task::yield_now;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::error::{Error, Result};
use crate::fetch::MAX_CLOSED;
use crate::list::ListGroups;

use super::consistent::collect;
use super::{Change, Snapshot};

/// Most ticks that become one listing, so that a stream of ticks that is always ready does not block it.
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

impl ListGroups {
    /// Lists all groups once, and returns the changes since `known`, or `None` if there are none: for a cron job.
    ///
    /// `known` is the snapshot of the last saved [`Update`]. Without it, all groups are
    /// [`Created`](Change::Created), and the result is never `None`.
    ///
    /// # Removals
    ///
    /// A group is [`Removed`](Change::Removed) only if two complete listings in a row lack it. If a known group is missing, the
    /// list is read again until none is missing or two listings in a row agree, with the guarantees of
    /// [`consistent_snapshot`](Self::consistent_snapshot).
    ///
    /// # Errors
    ///
    /// Those of [`consistent_snapshot`](Self::consistent_snapshot), and [`is_mass_removal`](Error::is_mass_removal) if more
    /// groups would be removed than [`max_removed`](Self::max_removed) allows. After an error, call again with the same
    /// `known`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the listing. Another call lists from the start.
    ///
    /// # Examples
    ///
    /// ```
    /// use gupshup_groups::Update;
    /// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
    /// # let list = ListGroups::from_source(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
    /// # fn load() -> Option<Update> { None }
    /// # fn save(_update: &Update) {}
    ///
    /// # futures::executor::block_on(async {
    /// let saved = load();
    /// if let Some(update) = list.update(saved.as_ref().map(|update| &update.snapshot)).await? {
    ///     save(&update);
    ///     println!("{} changes", update.changes.len());
    /// }
    /// # Ok::<(), gupshup_groups::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn update(&self, known: Option<&Snapshot>) -> Result<Option<Update>> {
        let lacks_nothing = |newer: &Snapshot| match known {
            Some(known) => known.iter().all(|group| newer.get(&group.id).is_some()),
            None => true,
        };
        let snapshot = collect(&self.whole()?, lacks_nothing).await?;
        let changes: Vec<_> = match known {
            Some(known) => snapshot.changes_since(known),
            None => snapshot.iter().cloned().map(Change::Created).collect(),
        };
        let removed = changes.iter().filter(|change| matches!(change, Change::Removed(_))).count();
        let known_groups = known.map_or(0, Snapshot::len);
        if !self.max_removed.allows(removed, known_groups) {
            return Err(self.name(Error::mass_removal(removed, known_groups)));
        }
        let is_update = known.is_none() || !changes.is_empty();
        Ok(is_update.then_some(Update { changes, snapshot }))
    }

    /// Calls [`update`](Self::update) at first and after each tick of `when`, and yields the updates, with the changes made
    /// while the process was down.
    ///
    /// `when` is a timer, a channel that a webhook sends to, or both ([`select`]). `from` is the snapshot of the last
    /// saved update, or `None`.
    ///
    /// # Order and completeness
    ///
    /// Each update holds the changes since the last one, or since `from`. A change during a listing is in its update or in
    /// the next one. A change that is undone before the next listing is not seen.
    ///
    /// # Restarts
    ///
    /// Every change is handled at least once if the process
    ///
    /// 1. saves each whole [`Update`] before it handles its changes, and handles them before it polls again,
    /// 2. at its start, handles the changes of the saved update again, and passes its snapshot as `from`.
    ///
    /// Handling a change twice must be harmless. Save before handling: otherwise, a group created before a crash and deleted
    /// before the restart is never reported as removed. If changes and snapshot are written in one transaction, step 2 needs
    /// only the snapshot.
    ///
    /// # Ticks
    ///
    /// Ticks are taken between two listings: all that arrive during a listing start one more after it. After `when` has
    /// ended, the stream makes the listing that is due and ends. For a webhook, use a channel of capacity one and
    /// `try_send`: if it is full, a listing is due anyway.
    ///
    /// # Laziness
    ///
    /// Works only while polled, apart from [`read_ahead`](Self::read_ahead).
    ///
    /// # Errors and recovery
    ///
    /// A listing that fails yields its error and no changes. The listing after the next tick is compared with the last
    /// successful one, so no change is lost. To stop at an error, use [`try_next`](futures::TryStreamExt::try_next) and `?`.
    /// After invalid input ([`is_config`](crate::Error::is_config)) the stream ends.
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
    /// let mut updates = list.updates(from, stream::select(calls, timer));
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
    pub fn updates(&self, from: Option<Snapshot>, when: impl Stream<Item = ()> + Send + 'static) -> Updates {
        let (list, mut known) = (self.clone(), from);
        Updates(SyncWrapper::new(Box::pin(stream! {
            // The first listing needs no tick.
            let mut ticks = Box::pin(stream::iter([()]).chain(when).ready_chunks(MAX_TICKS));
            while ticks.next().await.is_some() {
                match list.update(known.as_ref()).await {
                    Ok(Some(update)) => {
                        known = Some(update.snapshot.clone());
                        yield Ok(update);
                    }
                    // Other tasks run before the next listing, also if ticks and pages are always ready.
                    Ok(None) => yield_now().await,
                    Err(error) => {
                        let is_final = error.is_config();
                        yield Err(error);
                        if is_final {
                            break;
                        }
                    }
                }
            }
        })))
    }

    /// Lists all groups every `every`, and yields the changes since the first listing.
    ///
    /// Keeps no state across restarts: to see the changes made while the process is down, use
    /// [`updates`](Self::updates). Removals, cancel safety and laziness are as there.
    ///
    /// # Order and completeness
    ///
    /// Each listing after the first yields its changes in the order of
    /// [`Snapshot::changes_since`](crate::Snapshot::changes_since).
    ///
    /// # Timing
    ///
    /// `every` is the time from the start of one listing to the start of the next; any duration but zero. Listings never
    /// overlap. Ticks that are missed, during a listing or while the consumer does not poll, cause one immediate listing;
    /// later ones keep the schedule. After an error with [`retry_after`](Error::retry_after), no listing begins before that
    /// time, or before an hour if it is longer.
    ///
    /// A listing takes one request for up to 25 groups, about one more for each 1024, and one to confirm the end; twice
    /// that if it lacks a known group. Choose an interval that the app's rate limit allows.
    ///
    /// # Errors and recovery
    ///
    /// As [`updates`](Self::updates), with the next listing at its usual time. An `every` of zero is an
    /// [`is_config`](Error::is_config) error.
    ///
    /// # Panics
    ///
    /// When polled outside a tokio runtime with timers, and as [`GroupStream`](crate::GroupStream#panics).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use futures::StreamExt;
    /// use gupshup_groups::Change;
    /// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
    /// # let fake = FakeGroups::new([Group::new("a", "Support", 1_700_000_000)]).on_request(|index, fake| {
    /// #     if index == 2 {
    /// #         fake.create(Group::new("b", "Sales", 1_700_000_060));
    /// #     }
    /// # });
    /// # let list = ListGroups::from_source(fake);
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    ///
    /// let mut changes = list.watch(Duration::from_secs(300));
    /// while let Some(change) = changes.next().await {
    ///     match change {
    ///         Ok(Change::Created(group)) => println!("new: {}", group.subject),
    ///         Ok(change) => println!("{change:?}"),
    ///         Err(error) => eprintln!("{error}; trying again in five minutes"),
    ///     }
    /// #   break;
    /// }
    /// # });
    /// ```
    pub fn watch(&self, every: Duration) -> Watch {
        let list = self.clone();
        Watch(SyncWrapper::new(Box::pin(stream! {
            if every.is_zero() {
                yield Err(list.config("the interval of a watch is zero: give it the time from one listing to the next"));
                return;
            }
            let mut timer = interval(every);
            timer.set_missed_tick_behavior(MissedTickBehavior::Skip);
            let mut known = None;
            loop {
                timer.tick().await;
                match list.update(known.as_ref()).await {
                    Ok(Some(Update { changes, snapshot })) => {
                        // The first listing yields nothing.
                        let changes = known.replace(snapshot).map_or_else(Vec::new, |_| changes);
                        for change in changes {
                            yield Ok(change);
                        }
                    }
                    Ok(None) => {}
                    Err(error) => {
                        let is_final = error.is_config();
                        let not_before = error.retry_after().map(|wait| Instant::now() + wait.min(MAX_CLOSED));
                        yield Err(error);
                        if is_final {
                            return;
                        }
                        if let Some(not_before) = not_before {
                            sleep_until(not_before).await;
                        }
                    }
                }
            }
        })))
    }
}

/// The updates of a list: see [`ListGroups::updates`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Updates(SyncWrapper<Pin<Box<dyn Stream<Item = Result<Update>> + Send>>>);

/// The changes of a list: see [`ListGroups::watch`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Watch(SyncWrapper<Pin<Box<dyn Stream<Item = Result<Change>> + Send>>>);

impl Stream for Updates {
    type Item = Result<Update>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.get_mut().as_mut().poll_next(cx)
    }
}

impl Stream for Watch {
    type Item = Result<Change>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.get_mut().as_mut().poll_next(cx)
    }
}
