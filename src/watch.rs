//! What changes in a list, at an interval.

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
    /// What changes: lists all groups every `every`, and yields the differences.
    ///
    /// It forgets with its process: changes that happen while the process is down are not seen, and the listing after a
    /// restart yields nothing. A service that must not miss a change, or that is called by a webhook, uses
    /// [`updates`](Self::updates), on which this is built. The source and its answers must be [`Send`], so that the stream
    /// can move to a task; the crate's own are.
    ///
    /// # Order and completeness
    ///
    /// The first complete listing yields nothing: it is what later ones are compared with. Each later listing yields its
    /// [changes](crate::Snapshot::changes_since) since the last complete one, in their order. A group is
    /// [`Removed`](Change::Removed) only if two complete listings in a row lack it: a listing that lacks a known group is
    /// followed by another one at once, and so on until two agree; see [`updates`](Self::updates). A group that is created
    /// and deleted again between two listings is not seen.
    ///
    /// # Timing
    ///
    /// `every` is measured from the start of one listing to the start of the next. Two never overlap. If starts pass while a
    /// listing runs, or while the consumer is busy with its changes, one listing starts in their place as soon as it can,
    /// and the later ones start when they would have. Any duration but zero is accepted. A listing takes one request for up
    /// to 25 groups, about one more for each 1024, and one more to confirm the end; a listing that lacks a group takes
    /// twice that. Choose an interval that the app's rate limit allows.
    ///
    /// # Laziness
    ///
    /// Nothing happens before the first poll, and nothing between polls: a consumer that does not poll has no listing made
    /// ahead, apart from the page of [`read_ahead`](Self::read_ahead).
    ///
    /// # Errors and recovery
    ///
    /// A listing that fails yields its error, and no changes. The stream goes on: the next listing starts when it would
    /// have, and is compared with the last complete one, so that nothing is lost. A refused key is such an error too, since
    /// keys are renewed: end the stream yourself where an error should end it, for instance with
    /// [`try_next`](futures::TryStreamExt::try_next) and `?`.
    ///
    /// The stream ends only after invalid input ([`is_config`](Error::is_config)), which would fail in the same way for
    /// ever: an `every` of zero, and what [`snapshot`](Self::snapshot) refuses. The error is then the one item.
    ///
    /// # Cancel safety
    ///
    /// Dropping a `next()` future loses nothing. Dropping the stream drops its request or its timer; there is no task of
    /// its own.
    ///
    /// # When groups change meanwhile
    ///
    /// A change during a listing is yielded after that listing or after the next.
    ///
    /// # Panics
    ///
    /// When polled outside of a tokio runtime with its timer on.
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

/// Ticks, the first of which comes at once. Those that are missed come as one, and the later ones when they would have.
struct Every {
    every: Duration,
    /// Made at the first poll: it needs a runtime.
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
