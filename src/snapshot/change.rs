//! What happened to a group between two listings.

use serde::{Deserialize, Serialize};

use crate::page::Group;

/// What happened to a group between two complete listings.
///
/// Made by [`Snapshot::changes_since`](crate::Snapshot::changes_since), [`ListGroups::updates`](crate::ListGroups::updates)
/// and [`ListGroups::watch`](crate::ListGroups::watch). A group has at most one change between two listings. With serde, in
/// JSON: `{"created":{…}}`, `{"renamed":{"before":{…},"after":{…}}}`, `{"changed":{"before":{…},"after":{…}}}`,
/// `{"removed":{…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// The group is new.
    Created(Group),
    /// The group has another subject, and everything else about it is as before.
    Renamed {
        /// The group as it was.
        before: Group,
        /// The group as it is.
        after: Group,
    },
    /// Something other than the subject is different: the creation time, if the API has corrected it. The subject may be
    /// different too.
    ///
    /// The id alone identifies a group: one whose creation time is different is not removed and created.
    Changed {
        /// The group as it was.
        before: Group,
        /// The group as it is.
        after: Group,
    },
    /// The group is no longer listed. This is how it was listed last.
    Removed(Group),
}

impl Change {
    /// The change from `before` to `after`, two states of one group, if they differ.
    pub(super) fn between(before: &Group, after: &Group) -> Option<Self> {
        if before == after {
            return None;
        }
        // All fields by name, so that one that the API adds cannot be forgotten here.
        let Group { id, subject: _, creation_timestamp } = before;
        let is_rename = (id, creation_timestamp) == (&after.id, &after.creation_timestamp);
        let (before, after) = (before.clone(), after.clone());
        Some(if is_rename { Self::Renamed { before, after } } else { Self::Changed { before, after } })
    }

    /// The group as it is now, or as it was last if it was removed.
    #[must_use]
    pub fn group(&self) -> &Group {
        match self {
            Self::Created(group)
            | Self::Renamed { after: group, .. }
            | Self::Changed { after: group, .. }
            | Self::Removed(group) => group,
        }
    }
}
