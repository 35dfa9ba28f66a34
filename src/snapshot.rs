//! A complete listing, kept: to look groups up in, and to compare with a later one.

mod change;
mod index;

use std::fmt;
use std::{slice, vec};

use serde::de::{Error as _, Unexpected};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::page::Group;
use crate::pages::Progress;

use index::Index;

pub use change::Change;

/// The version of the saved form that is written, and the only one there is.
const VERSION: u32 = 1;

/// All groups of an app, as a complete listing found them.
///
/// Made by [`ListGroups::snapshot`](crate::ListGroups::snapshot) and
/// [`ListGroups::consistent_snapshot`](crate::ListGroups::consistent_snapshot), which return a complete listing or an error.
/// A snapshot cannot be made from groups of your own, so a part of a list is never taken for the list.
///
/// # Which of the two
///
/// A listing takes several requests, and groups may be created and deleted between them. What a snapshot then promises
/// depends on what the server's cursors point to, which its documentation does not say:
///
/// | made by | cursors point to groups | cursors are offsets |
/// |---|---|---|
/// | `snapshot` | holds every group that existed throughout | may lack some of them: each deletion during the listing can hide one |
/// | `consistent_snapshot` | holds every group that existed throughout; all of its groups existed at one time | the same |
///
/// Where a missing group is deleted or marked as gone, take the consistent one. It costs two listings. To show groups, to
/// look one up, or to find new ones, the plain one is enough.
///
/// # Order
///
/// The groups stand in the order in which they were listed: the server's, unless the listing had to
/// [start again](crate::GroupStream#when-groups-change-meanwhile); then what was new stands behind. Two snapshots are
/// equal where they hold equal groups in the same order.
///
/// Where the server lists an id twice (a list that changes while it is read can do that), the first group of that id
/// stays and the others are dropped.
///
/// # Saved form
///
/// With serde a snapshot is a struct of a version and the groups in their order, in JSON
/// `{"version":1,"groups":[{"id":"…","subject":"…","creation_timestamp":1700000000}]}`. A bare array would have no room for
/// what later versions may need. A form without groups, or of another version, is refused: read as an empty list, it
/// would report every group as removed. The saved form holds what the groups hold: ids, which contain the business phone
/// number, and subjects.
///
/// # Examples
///
/// What has changed since yesterday:
///
/// ```
/// use gupshup_groups::{Change, Snapshot};
/// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
/// # let fake = FakeGroups::new([Group::new("b", "Sales", 1_700_000_060), Group::new("a", "Support", 1_700_000_000)]);
/// # let list = ListGroups::from_source(fake.clone());
///
/// # futures::executor::block_on(async {
/// # let saved = serde_json::to_string(&list.snapshot().await?)?;
/// # fake.rename("a", "Help desk");
/// let yesterday: Snapshot = serde_json::from_str(&saved)?;
/// let today = list.snapshot().await?;
/// for change in today.changes_since(&yesterday) {
///     match change {
///         Change::Created(group) => println!("+ {}", group.subject),
///         Change::Renamed { before, after } => println!("{} -> {}", before.subject, after.subject),
///         Change::Removed(group) => println!("- {}", group.subject),
///         _ => {}
///     }
/// }
/// assert_eq!(today.get("a").map(|group| group.subject.as_str()), Some("Help desk"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Snapshot {
    /// No two of the same id.
    groups: Vec<Group>,
    /// Where in `groups` each id is.
    index: Index,
    /// What the listings that it comes from took.
    progress: Progress,
}

impl Snapshot {
    /// The snapshot of a complete listing.
    pub(crate) fn new(mut groups: Vec<Group>) -> Self {
        let index = Index::collapse(&mut groups);
        Self { groups, index, progress: Progress::default() }
    }

    /// The same, of listings that took this much.
    pub(crate) fn with_progress(self, progress: Progress) -> Self {
        Self { progress, ..self }
    }

    /// What the listing took: requests, pages, bytes. Where there were several, all of them together.
    ///
    /// It is not saved, and not compared: a snapshot that was read from its saved form has none.
    ///
    /// ```
    /// # use gupshup_groups::{Group, ListGroups, testing::FakeGroups};
    /// # let list = ListGroups::from_source(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
    /// # futures::executor::block_on(async {
    /// let once = list.snapshot().await?.progress();
    /// let twice = list.consistent_snapshot().await?.progress();
    /// assert_eq!(twice.requests, 2 * once.requests);
    /// # Ok::<(), gupshup_groups::Error>(())
    /// # });
    /// ```
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The group of this id. Takes the same time whatever the number of groups.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Group> {
        self.index.find(&self.groups, id)
    }

    /// How many groups there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are no groups.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The groups in their [order](Self#order).
    pub fn iter(&self) -> slice::Iter<'_, Group> {
        self.groups.iter()
    }

    /// What has happened since `older`: applied to the groups of `older`, the changes give exactly the groups of this
    /// snapshot. Moves within the list are no changes.
    ///
    /// This compares what the two listings found. A [`Removed`](Change::Removed) group is one that this snapshot lacks. That
    /// it no longer exists follows only where this snapshot is
    /// [consistent](crate::ListGroups::consistent_snapshot): on a server whose cursors are offsets, a plain
    /// [`snapshot`](crate::ListGroups::snapshot) can lack a group that exists. How `older` was made does not matter for
    /// that. Where `older` lacks a group that existed, the group is [`Created`](Change::Created) here.
    /// [`ListGroups::updates`](crate::ListGroups::updates) makes the listings that its changes need.
    ///
    /// # Order
    ///
    /// First all [`Created`](Change::Created), then all [`Renamed`](Change::Renamed) and [`Changed`](Change::Changed), both
    /// in the order of this snapshot, then all [`Removed`](Change::Removed) in the order of `older`. Removals come last:
    /// a program that stops half way has removed nothing that it still needs, and can move what belongs to a group to the
    /// one that replaces it.
    ///
    /// # Examples
    ///
    /// The first time, when there is no older snapshot, all groups are new:
    ///
    /// ```
    /// use gupshup_groups::{Change, Snapshot};
    ///
    /// fn changes(current: Snapshot, previous: Option<&Snapshot>) -> Vec<Change> {
    ///     match previous {
    ///         Some(previous) => current.changes_since(previous),
    ///         None => current.into_iter().map(Change::Created).collect(),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn changes_since(&self, older: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut differing = Vec::new();
        for after in self {
            match older.get(&after.id) {
                None => changes.push(Change::Created(after.clone())),
                Some(before) => differing.extend(Change::between(before, after)),
            }
        }
        // Ids do not repeat, so what both have is what the newer has less what is new; often all of the older.
        let kept = self.len() - changes.len();
        changes.append(&mut differing);
        if kept < older.len() {
            changes.extend(older.iter().filter(|group| self.get(&group.id).is_none()).cloned().map(Change::Removed));
        }
        changes
    }
}

impl<'a> IntoIterator for &'a Snapshot {
    type Item = &'a Group;
    type IntoIter = slice::Iter<'a, Group>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Snapshot {
    type Item = Group;
    type IntoIter = vec::IntoIter<Group>;

    fn into_iter(self) -> Self::IntoIter {
        self.groups.into_iter()
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.groups == other.groups
    }
}

impl Eq for Snapshot {}

/// Shows the number of groups, not the groups: they are many, and their ids hold a phone number.
impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("groups", &self.len()).finish_non_exhaustive()
    }
}

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("Snapshot", 2)?;
        form.serialize_field("version", &VERSION)?;
        form.serialize_field("groups", &self.groups)?;
        form.end()
    }
}

impl<'de> Deserialize<'de> for Snapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// No field has a default: a form that lacks one is refused.
        #[derive(Deserialize)]
        #[serde(rename = "Snapshot")]
        struct Saved {
            #[serde(rename = "version", deserialize_with = "this_version")]
            _version: (),
            groups: Vec<Group>,
        }
        let Saved { groups, .. } = Saved::deserialize(deserializer)?;
        Ok(Self::new(groups))
    }
}

/// Reads the version, and refuses all but this one.
fn this_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    match u32::deserialize(deserializer)? {
        VERSION => Ok(()),
        other => Err(D::Error::invalid_value(Unexpected::Unsigned(other.into()), &"version 1 of a saved snapshot")),
    }
}

#[cfg(test)]
mod tests;
