//! What a walk remembers: the cursors that it sent, and the groups that it yielded.

use std::collections::BTreeMap;

use crate::cursor::{Cursor, Position};

use super::fault::Failure;
use super::place::{Beside, Mark};
use super::size::PageSize;
use super::view::{Kept, hash};

/// The cursors sent, as hashes.
///
/// Two cursors of one walk share a hash with a probability of n²/2⁶⁵: at 10,000 pages, in one of 10¹¹ walks.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// Each with the leg of the walk in which it was sent last.
    legs: BTreeMap<u64, u32>,
    leg: u32,
}

impl Sent {
    /// Notes a cursor that is about to be sent, unless it must not be: it is too long, or was sent since the last call of
    /// [`start_over`](Self::start_over).
    pub(super) fn admit(&mut self, cursor: Option<&Cursor>) -> Result<(), Failure> {
        match cursor {
            Some(cursor) if cursor.is_too_long() => Err(Failure::CursorTooLong(cursor.as_str().len())),
            Some(cursor) if !self.insert(cursor) => Err(Failure::Loop),
            Some(_) | None => Ok(()),
        }
    }

    /// Notes a cursor. Returns whether it is new since the last call of [`start_over`](Self::start_over).
    pub(super) fn insert(&mut self, cursor: &Cursor) -> bool {
        self.legs.insert(hash(cursor.as_str()), self.leg) != Some(self.leg)
    }

    /// Forgets a cursor that was refused, and so led nowhere.
    pub(super) fn forget(&mut self, cursor: &Cursor) {
        self.legs.remove(&hash(cursor.as_str()));
    }

    /// Allows each cursor once more: the walk was reversed, or began again.
    pub(super) fn start_over(&mut self) {
        self.leg += 1;
    }

    /// Whether the text is a cursor that was ever sent.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.legs.contains_key(&hash(text))
    }
}

/// What healing remembers of the groups yielded.
#[derive(Clone, Debug)]
pub(super) enum Memory {
    /// Nothing: the walk did not begin at the start of the list, or must not restart.
    Off,
    /// Everything, since the start of the list or since a page that was read again.
    On {
        yielded: Yielded,
        /// The last group of the list that was yielded.
        last: Option<u64>,
        /// How many restarts are left. `None` if the memory does not reach back to the start of the list.
        left: Option<u32>,
        /// Whether groups that were yielded come again and are left out.
        skips: bool,
        /// While groups come again: the place after the last group yielded, until the walk has passed it.
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

    /// Begins to remember, with the groups of a page that is about to be read again.
    pub(super) fn begin(&mut self, hashes: &[u64]) {
        if let (Self::Off, Some(last)) = (&self, hashes.last()) {
            let mut yielded = Yielded::default();
            yielded.extend(hashes);
            *self = Self::On { yielded, last: Some(*last), left: None, skips: false, frontier: None };
        }
    }

    /// Which groups of a page are new, behind the first `skip`.
    pub(super) fn fresh(&self, hashes: &[u64], skip: usize) -> Kept {
        match self {
            Self::On { yielded, skips: true, .. } => Kept::Each(
                hashes.iter().enumerate().map(|(index, hash)| index >= skip && !yielded.contains(*hash)).collect(),
            ),
            Self::On { .. } | Self::Off => Kept::Run(skip.min(hashes.len())..hashes.len()),
        }
    }

    /// Notes the groups that are yielded of a page requested at `position`. Returns where the frontier is, seen from this
    /// page, if it is not on an earlier one.
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

    /// The walk begins again at the start of the list: groups come again, up to the last one yielded. Returns whether it
    /// may, which takes one of the restarts that are left.
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

    /// A page comes again, on which the last group yielded was before the gap of `mark`. Returns whether the walk
    /// remembers what was yielded.
    pub(super) fn read_again(&mut self, mark: &Mark) -> bool {
        let Self::On { yielded, skips, frontier, .. } = self else { return false };
        *skips = true;
        if frontier.is_none() && mark.beside.is_some() {
            *frontier = Some(Mark { next: None, ..mark.clone() });
        }
        yielded.index();
        true
    }

    /// Sets how many restarts are left.
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

/// The hashes in the first block, of which a short list needs no second.
const FIRST_BLOCK: usize = 64;
/// The most hashes in a block: 64 KiB, which is room for eight of the largest pages.
const MAX_BLOCK: usize = 8 * 1024;

/// The groups yielded: the hash of each id, eight bytes a group.
///
/// Hashes are appended, in blocks that never move, so a long walk never needs twice the memory. They are sorted when
/// groups come again, which is rare.
#[derive(Clone, Debug, Default)]
pub(super) struct Yielded {
    /// Sorted, for look-ups: everything up to the last call of [`index`](Self::index).
    sorted: Vec<u64>,
    /// Everything since, in blocks; only the last has room.
    blocks: Vec<Vec<u64>>,
}

impl Yielded {
    fn extend(&mut self, mut hashes: &[u64]) {
        while !hashes.is_empty() {
            let room = self.blocks.last().map_or(0, |block| block.capacity() - block.len());
            if room == 0 {
                // Each block has room for twice as many as the one before it, so a short list takes little.
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

    /// Makes everything yielded so far known to [`contains`](Self::contains).
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
