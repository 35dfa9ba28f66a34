use serde::{Deserialize, Serialize};

use crate::page::Group;

/// A change to one group between two complete listings. There is at most one a group.
///
/// In serde's JSON: `{"created":{…}}`, `{"renamed":{"before":{…},"after":{…}}}`,
/// `{"changed":{"before":{…},"after":{…}}}`, `{"removed":{…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// The group is new.
    Created(Group),
    /// The subject changed, and nothing else.
    Renamed {
        /// The old state.
        before: Group,
        /// The new state.
        after: Group,
    },
    /// Something else changed, for example the creation time. The subject may have changed too. The id stays the same.
    Changed {
        /// The old state.
        before: Group,
        /// The new state.
        after: Group,
    },
    /// The group is no longer listed. Holds its last known state.
    Removed(Group),
}

impl Change {
    /// The change from `before` to `after`, if they differ.
    pub(super) fn between(before: &Group, after: &Group) -> Option<Self> {
        if before == after {
            return None;
        }
        // Names all fields, so that a new one is a compile error here.
        let Group { id, subject: _, creation_timestamp } = before;
        let is_rename = (id, creation_timestamp) == (&after.id, &after.creation_timestamp);
        let (before, after) = (before.clone(), after.clone());
        Some(if is_rename { Self::Renamed { before, after } } else { Self::Changed { before, after } })
    }

    /// The new state, or the last known one of a removed group.
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
