//! What changes in a list, as a stream.

use std::time::Duration;

use async_stream::stream;
use futures::Stream;
use tokio::time::{Instant, sleep};

use crate::error::{Error, Result};
use crate::list::ListGroups;
use crate::snapshot::{Change, Snapshot};
use crate::source::PageSource;

impl<S: PageSource + Clone> ListGroups<S> {
    /// What changes: lists all groups every `every`, and yields the differences.
    ///
    /// The source and its answers must be [`Send`], so that the stream can move to a task; the crate's own are.
    ///
    /// # Order and completeness
    ///
    /// The first complete listing yields nothing: it is what later ones are compared with. To begin with groups that you
    /// know already, or to have them all first, take a [`snapshot`](Self::snapshot) of your own. Each later listing yields
    /// its [changes](Snapshot::changes_since) since the last complete one, in their order. Only complete listings are
    /// compared, so a group comes as [`Removed`](Change::Removed) only where the API has listed everything else.
    /// What is created and deleted again between two listings is not seen.
    ///
    /// # Timing
    ///
    /// `every` is measured from the start of one listing to the start of the next. Two never overlap: while one takes
    /// longer than `every`, or the consumer is busy with its changes, the starts that pass are skipped, and the next
    /// listing starts at the next one. Any duration but zero is taken. A listing takes one request for up to 25 groups, and
    /// about one more for each 1024; choose an interval that the app's rate limit allows.
    ///
    /// # Laziness
    ///
    /// Nothing happens before the first poll, and nothing between polls: a consumer that does not poll has no listing made
    /// ahead. It is not [`Unpin`]; pin it with [`pin!`](std::pin::pin).
    ///
    /// # Errors and recovery
    ///
    /// A listing that fails yields its error, and no changes. The stream goes on: the next listing starts when it would
    /// have, and is compared with the last complete one, so that nothing is lost. That holds of a refused key too, since
    /// keys are renewed: end the stream yourself where an error should end it, for instance with
    /// [`try_next`](futures::TryStreamExt::try_next) and `?`.
    ///
    /// The stream ends only after bad input ([`is_config`](Error::is_config)), which would fail in the same way for
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
        let list = self.clone();
        stream! {
            if every.is_zero() {
                yield Err(Error::config("the interval of a watch is zero: give it the time from one listing to the next"));
                return;
            }
            let mut known: Option<Snapshot> = None;
            loop {
                let started = Instant::now();
                let listing = list.snapshot();
                match listing.await {
                    Ok(newer) => {
                        let changes = known.as_ref().map(|older| newer.changes_since(older)).unwrap_or_default();
                        known = Some(newer);
                        for change in changes {
                            yield Ok(change);
                        }
                    }
                    Err(error) => {
                        let would_repeat = error.is_config();
                        yield Err(error);
                        if would_repeat {
                            return;
                        }
                    }
                }
                sleep(until_next(started.elapsed(), every)).await;
            }
        }
    }
}

/// How long it is to the next start, when the last one was `elapsed` ago. The starts that have passed are skipped.
fn until_next(elapsed: Duration, every: Duration) -> Duration {
    if let Some(wait) = every.checked_sub(elapsed) {
        return wait;
    }
    let past = elapsed.as_nanos() % every.as_nanos();
    if past == 0 {
        return Duration::ZERO;
    }
    // No process runs for the 584 years that do not fit.
    every.saturating_sub(Duration::from_nanos(u64::try_from(past).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_start_is_a_whole_number_of_intervals_after_the_last() {
        let every = Duration::from_secs(1);
        for (elapsed, wait) in [(0, 1_000), (1, 999), (999, 1), (1_000, 0), (1_001, 999), (2_500, 500), (7_000, 0)] {
            assert_eq!(until_next(Duration::from_millis(elapsed), every), Duration::from_millis(wait), "{elapsed} ms");
        }
        assert_eq!(until_next(every, Duration::MAX).checked_add(every), Some(Duration::MAX));
        assert_eq!(until_next(Duration::MAX, Duration::MAX), Duration::ZERO);
    }
}
