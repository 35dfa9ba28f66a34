//! Snapshots: one complete listing, or two in a row that agree.

use futures::TryStreamExt as _;

use crate::error::{Error, Result};
use crate::list::ListGroups;
use crate::stream::Progress;

use super::Snapshot;
use super::agreement::{Changes, Listed, MAX_LISTINGS};

impl ListGroups {
    /// All groups: one complete listing or an error, never a part of the list.
    ///
    /// An error drops the groups that arrived before it; [`stream`](Self::stream) keeps them. [`Snapshot`] says which groups
    /// may be missing if groups change meanwhile.
    ///
    /// # Errors
    ///
    /// Any error of its requests, without a checkpoint. [`is_config`](Error::is_config), before any request, if [`after`](Self::after),
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
    pub async fn snapshot(&self) -> Result<Snapshot> {
        collect(&self.whole()?, |_| true).await
    }

    /// All groups, as two complete listings in a row agree on them. Use it before you delete what is missing.
    ///
    /// Two listings agree if they have the same ids in the same order, no id occurs twice, and no cursor was refused because
    /// of a change. Subjects and creation times may differ; those of the later listing are returned.
    ///
    /// # Guarantees
    ///
    /// - Every group that existed throughout both listings is in the snapshot.
    /// - Every group of the snapshot existed at one time, between the two listings.
    ///
    /// `DESIGN.md` in this package has the proof. It does not hold if
    ///
    /// - a group disappears and returns with the same id (suspended, for example): its absence can hide another group;
    /// - the server's offsets count groups that it does not list, and it removes such groups at the same place during both
    ///   listings;
    /// - the server moves groups within its list, or leaves the same group out of both listings.
    ///
    /// # Cost
    ///
    /// Two listings if the list does not change, at most eight otherwise; two snapshots in memory.
    ///
    /// # Errors
    ///
    /// Those of [`snapshot`](Self::snapshot), and [`is_inconsistent`](Error::is_inconsistent) after eight listings, with the
    /// number of changes.
    ///
    /// # Cancel safety
    ///
    /// As [`snapshot`](Self::snapshot).
    pub async fn consistent_snapshot(&self) -> Result<Snapshot> {
        collect(&self.whole()?, |_| false).await
    }
}

/// The first complete listing that is `enough`, or the later of the first two in a row that agree.
pub(super) async fn collect(list: &ListGroups, enough: impl Fn(&Snapshot) -> bool) -> Result<Snapshot> {
    let (mut older, mut changes, mut progress) = (None::<Listed>, Changes::default(), Progress::default());
    for _ in 0..MAX_LISTINGS {
        let (mut pages, mut groups) = (list.pages(), Vec::new());
        // A snapshot cannot be resumed.
        while let Some(mut page) = pages.try_next().await.map_err(|error| error.with_checkpoint(None))? {
            groups.append(&mut page.groups);
        }
        progress.add(pages.progress());
        let listed = Listed::new(groups, pages.saw_change());
        if enough(&listed.snapshot) || older.as_ref().is_some_and(|older| older.agrees(&listed)) {
            return Ok(listed.snapshot.with_progress(progress));
        }
        changes.add(older.as_ref(), &listed);
        older = Some(listed);
    }
    Err(list.name(Error::inconsistent(changes.to_string())))
}
