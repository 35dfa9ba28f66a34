//! Shared by `diff` and `watch`: the changes since the state, and their report.

use futures::{StreamExt as _, stream};
use gupshup_groups::{Change, Error, ListGroups, Snapshot};

use crate::say::count;
use crate::state::StateFile;

/// The result of a listing.
pub(crate) enum Found {
    /// The state has no list of the app. Holds all groups.
    First(Snapshot),
    Unchanged,
    Changed(Vec<Change>, Snapshot),
}

/// Lists an app, and compares the list with that of the state. The first list of an app is a consistent snapshot.
pub(crate) async fn find(list: &ListGroups, known: Option<&Snapshot>) -> Result<Found, Error> {
    let Some(known) = known else {
        return list.consistent_snapshot().await.map(Found::First);
    };
    // Without ticks there is at most one update.
    let updates = list.updates(Some(known.clone()), stream::empty());
    match Box::pin(updates).next().await {
        None => Ok(Found::Unchanged),
        Some(update) => update.map(|update| Found::Changed(update.changes, update.snapshot)),
    }
}

impl Found {
    /// What to report and save. `initial`: report the groups of a first list.
    pub(crate) fn into_report(self, initial: bool) -> Option<(Vec<Change>, Snapshot)> {
        match self {
            Self::First(list) if initial => Some((list.iter().cloned().map(Change::Created).collect(), list)),
            Self::First(list) => Some((Vec::new(), list)),
            Self::Unchanged => None,
            Self::Changed(changes, list) => Some((changes, list)),
        }
    }

    /// The note on stderr.
    pub(crate) fn summary(&self, app: &str, state: &StateFile) -> String {
        match self {
            Self::First(list) => {
                let groups = count(list.len() as u64, "group");
                let path = state.path().display();
                format!("{app}: {groups}; {path} has no list of the app yet, so changes are reported from now on")
            }
            Self::Unchanged => format!("{app}: no changes"),
            Self::Changed(changes, list) => {
                let mut numbers = [0_u64; 3];
                for change in changes {
                    match change {
                        Change::Created(_) => numbers[0] += 1,
                        Change::Removed(_) => numbers[2] += 1,
                        _ => numbers[1] += 1,
                    }
                }
                let [created, renamed, removed] = numbers;
                let groups = count(list.len() as u64, "group");
                format!("{app}: {created} created, {renamed} renamed, {removed} removed, {groups} now")
            }
        }
    }
}
