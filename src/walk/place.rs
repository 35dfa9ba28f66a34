//! The place of a walk: a gap between two groups, relative to a page.

use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::cursor::{Direction, PageSize, Position};

use super::view::View;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// Before the first group of the list.
    Start,
    /// Between two groups, as far as known.
    Middle(Gap),
    /// After the last group of the list. The gap leads back.
    End(Gap),
}

/// A gap between two groups of the page at `position`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gap {
    #[serde(rename = "page")]
    pub(crate) position: Position,
    /// The page size of the request.
    pub(crate) size: PageSize,
    /// The number of groups between the start of the page and the gap, in the direction of the request.
    pub(crate) offset: usize,
    /// The last group yielded, if it is on this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) anchor: Option<Anchor>,
    /// The position that continues from the gap without this page, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<Position>,
    /// Whether a link announced the page there, or it was there.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub(crate) linked: bool,
}

/// The hash of the group by which a gap is found, and its side of the gap in the direction of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Anchor {
    /// Just before the gap.
    Before(u64),
    /// Just after the gap: the walk was reversed on this page.
    After(u64),
}

impl Gap {
    /// The gap before the first group of the page.
    pub(crate) fn before(position: Position, size: PageSize) -> Self {
        Self { position, size, offset: 0, anchor: None, next: None, linked: false }
    }

    /// The gap before the first group of the same page.
    pub(super) fn at_the_start(self) -> Self {
        Self::before(self.position, self.size)
    }

    /// The same gap, wherever it is in the list. Without an anchor, the end of the list.
    pub(super) fn anywhere(self) -> Self {
        Self { anchor: self.anchor, offset: usize::MAX, ..Self::before(Position::Start, self.size) }
    }

    pub(super) fn hash(&self) -> Option<u64> {
        self.anchor.map(|(Anchor::Before(hash) | Anchor::After(hash))| hash)
    }
}

impl View {
    /// The gap after the first `count` groups.
    pub(super) fn gap(&self, count: usize) -> Gap {
        let last = count.checked_sub(1).and_then(|last| self.hashes.get(last).copied());
        let (offset, anchor) = if self.is_reversed() {
            // Before its first group in the order of the walk, which is its last in that of the request.
            let first = self.hashes.first().copied();
            (self.len().saturating_sub(count), last.map(Anchor::After).or(first.map(Anchor::Before)))
        } else {
            (count, last.map(Anchor::Before))
        };
        Gap { offset, anchor, ..Gap::before(self.position.clone(), self.size) }
    }

    /// The end of the page, in the direction of its request.
    pub(super) fn end(&self) -> Gap {
        self.gap(if self.is_reversed() { 0 } else { self.len() })
    }
}

impl Place {
    /// The end of the list in the direction `heading`. The gap leads back.
    pub(super) fn the_end(gap: Gap, heading: Direction) -> Self {
        match heading {
            Direction::Forward => Self::End(Gap { next: None, linked: false, ..gap }),
            Direction::Backward => Self::Start,
        }
    }
}
