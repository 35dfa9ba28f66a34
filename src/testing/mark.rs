//! What the cursors of the fake say. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::cursor::{Cursor, Direction};

/// What a cursor says. Its text is base64 of this as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mark {
    #[serde(flatten)]
    pub(super) target: Target,
    /// The version of the list that it was handed out for.
    pub(super) version_id: u64,
    #[serde(default, skip_serializing_if = "Side::is_at")]
    pub(super) side: Side,
    /// How many pages of groups the walk has had so far. Counted only where empty pages are inserted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) pages: u64,
}

/// The group that a cursor points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Target {
    /// The group of this serial number, wherever it stands.
    Item(u64),
    /// Whatever group stands at this index.
    Offset(usize),
}

/// Where a cursor points to, beside its group. Empty pages hold no group to point at, so they point between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Side {
    #[default]
    At,
    Before,
    After,
}

impl Mark {
    pub(super) fn write(&self) -> Cursor {
        // Plain numbers and names: they can be written.
        let text = serde_json::to_string(self).unwrap_or_default();
        STANDARD.encode(text).into()
    }

    /// What the cursor says, or `None` where it is no text of [`write`](Self::write).
    pub(super) fn read(cursor: &Cursor) -> Option<Self> {
        serde_json::from_slice(&STANDARD.decode(cursor.as_str()).ok()?).ok()
    }

    /// How many groups come before the place that a request in `direction` is answered from, if the cursor's group
    /// stands at `index`.
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
