use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::stream::{self, Stream, StreamExt as _};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::error::{Error, Result};
use crate::list::ListGroups;
use crate::snapshot::Change;
use crate::source::PageSource;
use crate::updates::Update;

impl<S: PageSource + Clone> ListGroups<S> {
    /// Lists all groups every `every`, and yields the changes since the first listing.
    ///
    /// Keeps no state across restarts: to see the changes made while the process is down, use
    /// [`updates`](Self::updates). Removals, cancel safety and laziness are as there. The source and its fetches must
    /// be [`Send`].
    ///
    /// # Order and completeness
    ///
    /// Each listing after the first yields its changes in the order of
    /// [`Snapshot::changes_since`](crate::Snapshot::changes_since).
    ///
    /// # Timing
    ///
    /// `every` is the time from the start of one listing to the start of the next; any duration but zero. Listings
    /// never overlap. Starts that pass during a listing, or while the consumer does not poll, become one listing at
    /// once; later ones keep their times.
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
    /// When polled outside a tokio runtime with timers.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::time::Duration;
    ///
    /// use futures::StreamExt;
    /// use gupshup_groups::Change;
    /// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
    /// # let fake = FakeGroups::new([Group::new("a", "Support", 1_700_000_000)]).on_request(|index, fake| {
    /// #     if index == 1 {
    /// #         fake.create(Group::new("b", "Sales", 1_700_000_060));
    /// #     }
    /// # });
    /// # let list = ListGroups::from_source(fake);
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    ///
    /// let mut changes = pin!(list.watch(Duration::from_secs(300)));
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
    pub fn watch(&self, every: Duration) -> impl Stream<Item = Result<Change>> + Send + use<S>
    where
        S: Send,
        S::Fetch: Send,
    {
        if every.is_zero() {
            let error = Error::config("the interval of a watch is zero: give it the time from one listing to the next");
            return stream::iter([Err(error)]).right_stream();
        }
        let mut is_first = true;
        let changes = move |update: Result<Update>| match update {
            Ok(_) if mem::take(&mut is_first) => Vec::new(),
            Ok(update) => update.changes.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        self.updates(None, Every { every, interval: None }).map(changes).flat_map(stream::iter).left_stream()
    }
}

/// Ticks, the first at once. Missed ticks become one, and later ones keep their times.
struct Every {
    every: Duration,
    /// Made at the first poll, because it needs a runtime.
    interval: Option<Interval>,
}

impl Stream for Every {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let every = self.every;
        let interval = self.interval.get_or_insert_with(|| {
            let mut interval = interval(every);
            interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
            interval
        });
        ready!(interval.poll_tick(cx));
        Poll::Ready(Some(()))
    }
}
