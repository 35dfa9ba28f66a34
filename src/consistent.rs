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
use crate::pages::PageStream;
use crate::progress::Progress;
use crate::snapshot::Snapshot;
use crate::source::PageSource;

use rounds::{Listed, Rounds, Verdict};

impl<S: PageSource + Clone> ListGroups<S> {
    /// All groups: one complete listing or an error, never a part of the list.
    ///
    /// An error drops the groups that arrived before it. To keep them, use [`stream`](Self::stream). [`Snapshot`] says
    /// which groups may be missing if groups change meanwhile.
    ///
    /// # Errors
    ///
    /// Any error of its requests. [`is_config`](Error::is_config), before any request, if [`after`](Self::after),
    /// [`before`](Self::before), [`resume`](Self::resume) or [`max_groups`](Self::max_groups) is set.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the request and the groups listed so far. Another call lists from the start.
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

    /// All groups, from two complete listings in a row that agree. Use it before you delete what is missing.
    ///
    /// [`Snapshot`](Snapshot#which-method-to-use) says when one listing is not enough.
    ///
    /// # What it does
    ///
    /// It lists until two listings in a row agree, and returns the later one. Two listings agree if they have the same
    /// ids in the same order, no id occurs twice in either, and neither had a cursor refused because of a change.
    /// Subjects and creation times may differ.
    ///
    /// # Guarantees
    ///
    /// - Every group that existed throughout both listings is in the snapshot.
    /// - Every group of the snapshot existed at one time, between the two listings.
    ///
    /// `DESIGN.md` in this package has the proof. It does not cover:
    ///
    /// - a group that is created and deleted between two requests;
    /// - a group that disappears and returns under the same id (suspended, for example): it seems to have stayed, and
    ///   its absence can hide another group;
    /// - a server whose offsets count groups that it does not list, if it removes such groups at the same place during
    ///   both listings;
    /// - a server that moves groups within its list;
    /// - a server that leaves the same group out of both listings.
    ///
    /// # Cost
    ///
    /// If the list does not change, twice the requests of a [`snapshot`](Self::snapshot), and two snapshots in memory.
    /// At most eight listings: if the list changes once in two listings on average, two in a row agree in nine of ten
    /// cases.
    ///
    /// # Errors
    ///
    /// Those of [`snapshot`](Self::snapshot), and [`is_inconsistent`](Error::is_inconsistent) after eight listings. Its
    /// message counts the changes.
    ///
    /// # Cancel safety
    ///
    /// As [`snapshot`](Self::snapshot).
    pub fn consistent_snapshot(&self) -> impl Future<Output = Result<Snapshot>> + use<S> {
        let collect = Collect::new(self);
        async move {
            let mut collect = pin!(collect?);
            poll_fn(|cx| collect.as_mut().poll_until(cx, |_| false)).await
        }
    }
}

/// Complete listings, one after the other.
#[pin_project]
pub(crate) struct Collect<S: PageSource> {
    list: ListGroups<S>,
    #[pin]
    pages: PageStream<S>,
    groups: Vec<Group>,
    rounds: Rounds,
    progress: Progress,
}

impl<S: PageSource + Clone> Collect<S> {
    pub(crate) fn new(list: &ListGroups<S>) -> Result<Self> {
        let list = list.whole()?;
        let pages = list.pages();
        Ok(Self { list, pages, groups: Vec::new(), rounds: Rounds::default(), progress: Progress::default() })
    }

    /// The first listing that is `enough`, or the later of the first two in a row that agree.
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
