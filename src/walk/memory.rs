//! The cursors that a walk has sent, and the groups that it has yielded.

use std::collections::BTreeMap;

use crate::cursor::{Cursor, Position};

use super::fault::Failure;
use super::place::{Beside, Mark};
use super::size::PageSize;
use super::view::{Kept, hash};

/// The cursors sent, as hashes. Two cursors share a hash with a probability of n²/2⁶⁵: for 10,000 pages, in one of 10¹¹
/// walks.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// The leg in which each cursor was last sent. A leg ends at a reversal or restart.
    legs: BTreeMap<u64, u32>,
    leg: u32,
}

impl Sent {
    /// Adds a cursor that is about to be sent. Fails if it is too long, or was sent in this leg.
    pub(super) fn admit(&mut self, cursor: Option<&Cursor>) -> Result<(), Failure> {
        match cursor {
            Some(cursor) if cursor.is_too_long() => Err(Failure::CursorTooLong(cursor.as_str().len())),
            Some(cursor) if !self.insert(cursor) => Err(Failure::Loop),
            Some(_) | None => Ok(()),
        }
    }

    /// Adds a cursor. Returns whether it is new in this leg.
    pub(super) fn insert(&mut self, cursor: &Cursor) -> bool {
        self.legs.insert(hash(cursor.as_str()), self.leg) != Some(self.leg)
    }

    pub(super) fn forget(&mut self, cursor: &Cursor) {
        self.legs.remove(&hash(cursor.as_str()));
    }

    /// Starts a new leg, in which each cursor may be sent once more.
    pub(super) fn start_over(&mut self) {
        self.leg += 1;
    }

    /// Whether the text is a cursor that was sent in any leg.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.legs.contains_key(&hash(text))
    }
}

/// The groups yielded, as far as a restart needs them.
#[derive(Clone, Debug)]
pub(super) enum Memory {
    /// Nothing: the walk did not begin at the start of the list, or must not restart.
    Off,
    /// All groups since the start of the list, or since a page that was read again.
    On {
        yielded: Yielded,
        /// The last group of the list that was yielded.
        last: Option<u64>,
        /// Restarts left. `None` if the memory does not reach back to the start of the list.
        left: Option<u32>,
        /// Whether groups are repeated by the server and left out.
        skips: bool,
        /// The place after the last group yielded, until the walk has passed it again.
        frontier: Option<Mark>,
    },
}

impl Memory {
    pub(super) fn new(restarts: u32) -> Self {
        match restarts {
            0 => Self::Off,
            left => {
                Self::On { yielded: Yielded::default(), last: None, left: Some(left), skips: false, frontier: None }
            }
        }
    }

    /// Starts to remember, with the groups of a page that is about to be read again.
    pub(super) fn begin(&mut self, hashes: &[u64]) {
        if let (Self::Off, Some(last)) = (&self, hashes.last()) {
            let mut yielded = Yielded::default();
            yielded.extend(hashes);
            *self = Self::On { yielded, last: Some(*last), left: None, skips: false, frontier: None };
        }
    }

    /// The new groups of a page, after the first `skip`.
    pub(super) fn fresh(&self, hashes: &[u64], skip: usize) -> Kept {
        match self {
            Self::On { yielded, skips: true, .. } => Kept::Each(
                hashes.iter().enumerate().map(|(index, hash)| index >= skip && !yielded.contains(*hash)).collect(),
            ),
            Self::On { .. } | Self::Off => Kept::Run(skip.min(hashes.len())..hashes.len()),
        }
    }

    /// Adds the groups yielded of a page requested at `position`. Returns the frontier as seen from this page, unless
    /// it is on an earlier one.
    pub(super) fn record(&mut self, hashes: &[u64], kept: &Kept, position: &Position, limit: PageSize) -> Option<Mark> {
        let Self::On { yielded, last, frontier, .. } = self else { return None };
        match kept {
            Kept::Run(run) => yielded.extend(hashes.get(run.clone()).unwrap_or_default()),
            Kept::Each(kept) => {
                let each = hashes.iter().zip(kept).filter(|(_, kept)| **kept);
                yielded.extend(&each.map(|(hash, _)| *hash).collect::<Vec<_>>());
            }
        }
        let Some(expected) = frontier.take() else {
            *last = hashes.last().copied().or(*last);
            return None;
        };
        let offset = if let Some(index) = hashes.iter().position(|hash| Some(*hash) == expected.hash()) {
            *last = hashes.last().copied();
            index + 1
        } else {
            let offset = expected.offset.saturating_sub(hashes.len());
            *frontier = Some(Mark { offset, ..expected.clone() });
            expected.offset.max(hashes.len() + 1)
        };
        Some(Mark { position: position.clone(), limit, offset, ..expected })
    }

    /// Prepares a restart. Returns whether one is left.
    pub(super) fn restart(&mut self, limit: PageSize) -> bool {
        let Self::On { yielded, last, left, skips, frontier } = self else { return false };
        let Some(fewer) = left.and_then(|left| left.checked_sub(1)) else { return false };
        *left = Some(fewer);
        *skips = true;
        *frontier = last.map(|last| Mark {
            offset: yielded.len(),
            beside: Some(Beside::Before(last)),
            ..Mark::start_of(Position::Start, limit)
        });
        yielded.index();
        true
    }

    /// Prepares to read a page again, where the last group yielded was before the gap of `mark`. Returns whether the
    /// groups yielded are remembered.
    pub(super) fn read_again(&mut self, mark: &Mark) -> bool {
        let Self::On { yielded, skips, frontier, .. } = self else { return false };
        *skips = true;
        if frontier.is_none() && mark.beside.is_some() {
            *frontier = Some(mark.clone());
        }
        yielded.index();
        true
    }

    pub(super) fn grant(&mut self, restarts: u32) {
        if let Self::On { left: Some(left), .. } = self {
            *left = restarts;
        }
    }

    pub(super) fn skips(&self) -> bool {
        matches!(self, Self::On { skips: true, .. })
    }

    pub(super) fn frontier(&self) -> Option<&Mark> {
        match self {
            Self::On { frontier, .. } => frontier.as_ref(),
            Self::Off => None,
        }
    }
}

/// The size of the first block: enough for a short list.
const FIRST_BLOCK: usize = 64;
/// The largest block: 64 KiB, eight of the largest pages.
const MAX_BLOCK: usize = 8 * 1024;

/// The hashes of the groups yielded: eight bytes a group.
///
/// Appended in blocks that never move, so that a long walk never needs twice the memory. Sorted only when groups are
/// repeated, which is rare.
#[derive(Clone, Debug, Default)]
pub(super) struct Yielded {
    /// Sorted, up to the last call of [`index`](Self::index).
    sorted: Vec<u64>,
    /// Since then. Only the last block has room.
    blocks: Vec<Vec<u64>>,
}

impl Yielded {
    fn extend(&mut self, mut hashes: &[u64]) {
        while !hashes.is_empty() {
            let room = self.blocks.last().map_or(0, |block| block.capacity() - block.len());
            if room == 0 {
                // Blocks double in size, so that a short list takes little memory.
                let size = self.blocks.last().map_or(FIRST_BLOCK, |block| block.len() * 2);
                self.blocks.push(Vec::with_capacity(size.min(MAX_BLOCK)));
                continue;
            }
            let (now, later) = hashes.split_at(room.min(hashes.len()));
            if let Some(block) = self.blocks.last_mut() {
                block.extend_from_slice(now);
            }
            hashes = later;
        }
    }

    fn len(&self) -> usize {
        self.sorted.len() + self.blocks.iter().map(Vec::len).sum::<usize>()
    }

    /// Makes all groups so far known to [`contains`](Self::contains).
    fn index(&mut self) {
        self.sorted.reserve_exact(self.blocks.iter().map(Vec::len).sum());
        for block in self.blocks.drain(..) {
            self.sorted.extend_from_slice(&block);
        }
        self.blocks.shrink_to_fit();
        self.sorted.sort_unstable();
    }

    /// Whether the group was yielded before the last call of [`index`](Self::index).
    fn contains(&self, hash: u64) -> bool {
        self.sorted.binary_search(&hash).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_new_once_on_each_leg_and_known_for_ever() {
        let mut sent = Sent::default();
        assert!(sent.insert(&"a".into()));
        assert!(!sent.insert(&"a".into()));
        sent.start_over();
        assert!(sent.contains("a") && !sent.contains("b"));
        assert!(sent.insert(&"a".into()));
        assert!(!sent.insert(&"a".into()));
    }

    #[test]
    fn a_refused_cursor_that_is_forgotten_is_new_again() {
        let mut sent = Sent::default();
        sent.insert(&"a".into());
        sent.forget(&"a".into());
        assert!(sent.insert(&"a".into()));
    }

    #[test]
    fn what_was_yielded_is_known_after_each_index() {
        let mut yielded = Yielded::default();
        yielded.extend(&[1, 2]);
        assert!(!yielded.contains(1));
        yielded.index();
        yielded.extend(&[3]);
        yielded.index();
        assert!((1..=3).all(|hash| yielded.contains(hash)));
        assert!(!yielded.contains(4));
    }

    #[test]
    fn a_long_list_fills_blocks_of_growing_size_and_loses_nothing() {
        let mut yielded = Yielded::default();
        yielded.extend(&(0..20_000).collect::<Vec<_>>());
        let sizes: Vec<_> = yielded.blocks.iter().map(Vec::capacity).collect();
        assert_eq!(sizes, [64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 8_192]);
        assert_eq!(yielded.len(), 20_000);
        yielded.index();
        assert!((0..20_000).all(|hash| yielded.contains(hash)) && !yielded.contains(20_000));
    }
}
