mod agreement;
mod change;
mod consistent;
mod index;
mod removal;

mod updates;

use std::fmt;
use std::{slice, vec};

use serde::de::{Error as _, Unexpected};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::page::Group;
use crate::stream::Progress;

use index::Index;

pub use change::Change;
pub use removal::RemovalLimit;
pub use updates::{Update, Updates, Watch};

const VERSION: u32 = 1;

/// All groups of an app, from a complete listing.
///
/// Made by [`ListGroups::snapshot`](crate::ListGroups::snapshot),
/// [`consistent_snapshot`](crate::ListGroups::consistent_snapshot) and [`updates`](crate::ListGroups::updates). There
/// is no public constructor, so a snapshot is never a part of a list.
///
/// # Which method to use
///
/// Groups may change between the requests of a listing. What it then holds depends on what the server's cursors point to,
/// which is not documented:
///
/// | method | cursors point to groups | cursors are offsets |
/// |---|---|---|
/// | `snapshot` | every group that existed throughout | each deletion meanwhile can hide a group that exists |
/// | `consistent_snapshot` | every group that existed throughout | the same |
///
/// To show or look up groups, or to find new ones, `snapshot` is enough. Before you delete what is missing, take a consistent
/// one, or use [`update`](crate::ListGroups::update), which also [limits](RemovalLimit) removals.
///
/// # Order
///
/// The order of the listing, except that groups created during it may come last, after a
/// [restart](crate::GroupStream#when-groups-change-meanwhile). Of groups with the same id, the first is kept. Equal
/// snapshots have equal groups in the same order.
///
/// # Saved form
///
/// In serde's JSON: `{"version":1,"groups":[{"id":"…","subject":"…","creation_timestamp":1700000000}]}`. A form without
/// the field `groups`, or of another version, is refused. Ids contain the business phone number.
///
/// # Examples
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
    groups: Vec<Group>,
    index: Index,
    progress: Progress,
}

impl Snapshot {
    pub(crate) fn new(mut groups: Vec<Group>) -> Self {
        let index = Index::collapse(&mut groups);
        Self { groups, index, progress: Progress::default() }
    }

    pub(crate) fn with_progress(self, progress: Progress) -> Self {
        Self { progress, ..self }
    }

    /// Requests, pages and bytes of all listings that the snapshot took. Neither saved nor compared.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The group with this id, in constant time.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Group> {
        self.index.find(&self.groups, id)
    }

    /// The number of groups.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are no groups.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The groups, in the snapshot's [order](Self#order).
    pub fn iter(&self) -> slice::Iter<'_, Group> {
        self.groups.iter()
    }

    /// The changes that turn the groups of `older` into those of this snapshot. A different order is not a change.
    ///
    /// Unless this snapshot is [consistent](Self#which-method-to-use), a [`Removed`](Change::Removed) group may still
    /// exist. `older` need not be consistent.
    ///
    /// # Order
    ///
    /// First [`Created`](Change::Created), then [`Renamed`](Change::Renamed) and [`Changed`](Change::Changed), in the
    /// order of this snapshot; last [`Removed`](Change::Removed), in the order of `older`, so that data of a removed group
    /// can be moved to the group that replaces it.
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
        // Ids are unique, so the groups in both are those that are not created.
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

/// Shows the number of groups only: ids contain a phone number.
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

fn this_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    match u32::deserialize(deserializer)? {
        VERSION => Ok(()),
        other => Err(D::Error::invalid_value(Unexpected::Unsigned(other.into()), &"version 1 of a saved snapshot")),
    }
}

#[cfg(test)]
mod tests;
