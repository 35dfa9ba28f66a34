//! Snapshots: one complete listing, or two in a row that agree.

mod rounds;

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use futures::Stream as _;
use pin_project::pin_project;

use crate::error::{Error, Result};
use crate::list::ListGroups;
use crate::page::Group;
use crate::pages::{PageStream, Progress};
use crate::snapshot::Snapshot;
use crate::source::PageSource;

use rounds::{Listed, Rounds, Verdict};

impl<S: PageSource + Clone> ListGroups<S> {
    /// All groups: a complete listing or an error, never a part of the list.
    ///
    /// The groups that came before an error are dropped with it. To keep what a long listing has when the network fails,
    /// use [`stream`](Self::stream) and its [checkpoint](crate::GroupStream::checkpoint).
    ///
    /// # Errors
    ///
    /// Whatever any of its requests brings. And [`is_config`](Error::is_config), before any request, where the listing
    /// could only be a part of the list: a snapshot begins at the start and holds everything, so
    /// [`after`](Self::after), [`before`](Self::before), [`resume`](Self::resume) and
    /// [`max_groups`](Self::max_groups) are refused, whatever they were given.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the request, and what has been listed. Calling again lists from the start.
    ///
    /// # When groups change meanwhile
    ///
    /// As with [`GroupStream`](crate::GroupStream): an expired cursor heals. A group that is created or deleted during the
    /// listing is in the snapshot or not. On a server whose cursors point to groups, every group that existed throughout is
    /// in it. On one whose cursors are offsets, a deletion during the listing can hide a group that exists: before you
    /// delete what a snapshot lacks, take a [`consistent_snapshot`](Self::consistent_snapshot).
    ///
    /// # Examples
    ///
    /// ```
    /// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
    /// # let list = ListGroups::from_source(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
    /// # futures::executor::block_on(async {
    /// let groups = list.snapshot().await?;
    /// assert_eq!(groups.len(), 9);
    ///
    /// let error = list.max_groups(5).snapshot().await.unwrap_err();
    /// assert!(error.is_config());
    /// # Ok::<(), gupshup_groups::Error>(())
    /// # });
    /// ```
    pub fn snapshot(&self) -> impl Future<Output = Result<Snapshot>> + use<S> {
        let collect = Collect::new(self);
        async move {
            let mut collect = pin!(collect?);
            poll_fn(|cx| collect.as_mut().poll_until(cx, |_| true)).await
        }
    }

    /// All groups, from two complete listings in a row that agree: every group that existed throughout is in it, also on a
    /// server whose cursors are offsets.
    ///
    /// A listing takes several requests. On a server whose cursors are offsets, a deletion between two of them moves the
    /// rest of the list forward, and the next page begins one group too late: a group that exists is missing from a listing
    /// that was complete. A program that deletes what is missing needs this method instead of
    /// [`snapshot`](Self::snapshot).
    ///
    /// # What it does
    ///
    /// It lists until two listings in a row agree, and returns the later one. Two listings agree if they have the same ids
    /// in the same order, and neither saw a change: no group was sent twice, and no cursor was refused for a change. Subjects and creation
    /// times need not agree. They are those of the later listing: a renamed group is still the same group, and a rename
    /// hides none.
    ///
    /// # What follows from it
    ///
    /// - **Every group that existed throughout both listings is in the snapshot.**
    /// - Every group of the snapshot existed at one time, the moment between the two listings.
    ///
    /// The second is the double collect of atomic snapshots (Afek et al., 1993): what was read twice, and was the same both
    /// times, was there in between. The first needs a proof for offsets. When page `n` is requested at offset `k`, the
    /// listing has received `k` groups. None came twice, so they are `k` different groups; all of them still exist, since
    /// the next listing has them too; and all stand before any group that has not been received yet. So that group stands
    /// at offset `k` or behind it, and the page does not miss it.
    ///
    /// On a server whose cursors point to groups, the first holds of every complete listing.
    ///
    /// # What it cannot see
    ///
    /// - A group that was created and deleted between two requests.
    /// - A group that goes and comes back under the same id (a group that is suspended for a moment) while the listings are
    ///   made: it looks as if it had stayed, and its absence can hide another group.
    /// - Groups that the server counts in its offsets and does not list. The removal of such a group can hide a listed one.
    ///   Two listings that agree hide the same group only if this happens at the same place in both.
    /// - A server that moves groups within its list, back and forth, while the listings are made.
    /// - A server that leaves out a group in both listings for a reason of its own.
    ///
    /// # Cost
    ///
    /// Exactly twice the requests of a [`snapshot`](Self::snapshot) where the list does not change, and two snapshots in
    /// memory. At most eight listings: a list that changes during every other listing on average is settled by then nine
    /// times in ten. [`Snapshot::progress`] counts what all of them took. [`read_ahead`](Self::read_ahead) applies to each.
    ///
    /// # Errors
    ///
    /// Those of [`snapshot`](Self::snapshot). And [`is_inconsistent`](Error::is_inconsistent), after eight listings of which
    /// no two in a row agree. Its message counts what changed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the request, and what has been listed. Calling again lists from the start.
    ///
    /// # Panics
    ///
    /// As [`GroupStream`](crate::GroupStream).
    ///
    /// # Examples
    ///
    /// A deletion hides a group from a listing of a server whose cursors are offsets, and not from a consistent snapshot:
    ///
    /// ```
    /// use gupshup_groups::testing::{CursorKind, Dialect, FakeGroups};
    /// use gupshup_groups::{Group, ListGroups};
    ///
    /// # futures::executor::block_on(async {
    /// let fake = || {
    ///     FakeGroups::new((0..6).map(|n| Group::new(n.to_string(), "", n)))
    ///         .dialect(Dialect::default().cursors(CursorKind::Offsets))
    ///         // The first group is deleted between the first page and the second.
    ///         .on_request(|index, list| if index == 1 { list.delete("0"); })
    /// };
    /// let groups = ListGroups::from_source(fake()).page_size(2).snapshot().await?;
    /// assert!(groups.get("2").is_none(), "it exists, and the listing lacks it");
    ///
    /// let groups = ListGroups::from_source(fake()).page_size(2).consistent_snapshot().await?;
    /// assert!(groups.get("2").is_some() && groups.get("0").is_none());
    /// # Ok::<(), gupshup_groups::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn consistent_snapshot(&self) -> impl Future<Output = Result<Snapshot>> + use<S> {
        let collect = Collect::new(self);
        async move {
            let mut collect = pin!(collect?);
            poll_fn(|cx| collect.as_mut().poll_until(cx, |_| false)).await
        }
    }
}

/// Complete listings, one after the other, until one is wanted or two in a row agree.
#[pin_project]
pub(crate) struct Collect<S: PageSource> {
    list: ListGroups<S>,
    /// The listing under way.
    #[pin]
    pages: PageStream<S>,
    /// What it has brought so far.
    groups: Vec<Group>,
    rounds: Rounds,
    /// What the listings before it took.
    progress: Progress,
}

impl<S: PageSource + Clone> Collect<S> {
    pub(crate) fn new(list: &ListGroups<S>) -> Result<Self> {
        let list = list.whole()?;
        let pages = list.pages();
        Ok(Self { list, pages, groups: Vec::new(), rounds: Rounds::default(), progress: Progress::default() })
    }

    /// The first listing that is `enough`, or else the later of the first two in a row that agree.
    pub(crate) fn poll_until(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        enough: impl Fn(&Snapshot) -> bool,
    ) -> Poll<Result<Snapshot>> {
        let mut this = self.project();
        loop {
            if let Some(page) = ready!(this.pages.as_mut().poll_next(cx)) {
                this.groups.append(&mut page?.groups);
                continue;
            }
            this.progress.add(this.pages.progress());
            let listed = Listed::new(mem::take(this.groups), this.pages.saw_change());
            let verdict = if enough(listed.snapshot()) {
                Verdict::Agreed(listed.into_snapshot())
            } else {
                this.rounds.add(listed)
            };
            match verdict {
                Verdict::Agreed(snapshot) => return Poll::Ready(Ok(snapshot.with_progress(*this.progress))),
                Verdict::Again => this.pages.set(this.list.pages()),
                Verdict::GaveUp(changes) => {
                    let error = Error::inconsistent(changes.to_string());
                    return Poll::Ready(Err(error.with_app_id(this.list.source().app_id())));
                }
            }
        }
    }
}
