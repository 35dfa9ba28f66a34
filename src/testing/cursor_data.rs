//! The content of the fake's cursors. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::cursor::{Cursor, Direction};

/// The text is base64 of its JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CursorData {
    #[serde(flatten)]
    pub(super) target: Target,
    /// Of the list, when the cursor was sent.
    pub(super) version_id: u64,
    #[serde(default, skip_serializing_if = "Side::is_at")]
    pub(super) side: Side,
    /// The number of pages before it, where empty pages are inserted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) pages: u64,
}

/// The group that a cursor points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Target {
    Item(u64),
    Offset(usize),
}

/// The side of the group. The cursors of empty pages point between two groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Side {
    #[default]
    At,
    Before,
    After,
}

impl CursorData {
    pub(super) fn write(&self) -> Cursor {
        // Numbers and names always serialise.
        let text = serde_json::to_string(self).unwrap_or_default();
        STANDARD.encode(text).into()
    }

    pub(super) fn read(cursor: &Cursor) -> Option<Self> {
        serde_json::from_slice(&STANDARD.decode(cursor.as_str()).ok()?).ok()
    }

    /// The number of groups before the page, if the group is at `index`.
    pub(super) fn edge(&self, index: usize, direction: Direction) -> usize {
        match (self.side, direction) {
            (Side::Before, _) | (Side::At, Direction::Backward) => index,
            (Side::After, _) | (Side::At, Direction::Forward) => index.saturating_add(1),
        }
    }
}

impl Side {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_at(&self) -> bool {
        *self == Self::At
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
