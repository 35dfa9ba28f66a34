//! The groups that a walk has yielded.

use super::view::Kept;

/// The groups yielded, as far as a restart needs them.
#[derive(Clone, Debug)]
pub(super) enum Memory {
    /// Nothing: the walk did not begin at the start of the list, or must not restart.
    Off,
    /// All groups since the start of the list, or since a page that was read again.
    On {
        yielded: Yielded,
        /// Restarts left. `None` if the memory does not reach back to the start of the list.
        left: Option<u32>,
    },
}

impl Memory {
    pub(super) fn new(restarts: u32) -> Self {
        match restarts {
            0 => Self::Off,
            left => Self::On { yielded: Yielded::default(), left: Some(left) },
        }
    }

    /// Starts to remember, with the groups of a page that is about to be read again.
    pub(super) fn begin(&mut self, hashes: &[u64]) {
        if matches!(self, Self::Off) && !hashes.is_empty() {
            let mut yielded = Yielded::default();
            yielded.extend(hashes);
            *self = Self::On { yielded, left: None };
        }
    }

    /// The new groups of a page, after the first `skip`.
    pub(super) fn fresh(&self, hashes: &[u64], skip: usize) -> Kept {
        match self {
            Self::On { yielded, .. } if self.skips() => Kept::Each(
                hashes.iter().enumerate().map(|(index, hash)| index >= skip && !yielded.contains(*hash)).collect(),
            ),
            Self::On { .. } | Self::Off => Kept::Run(skip.min(hashes.len())..hashes.len()),
        }
    }

    /// Adds the groups yielded of a page.
    pub(super) fn record(&mut self, hashes: &[u64], kept: &Kept) {
        let Self::On { yielded, .. } = self else { return };
        match kept {
            Kept::Run(run) => yielded.extend(hashes.get(run.clone()).unwrap_or_default()),
            Kept::Each(kept) => {
                let each = hashes.iter().zip(kept).filter(|(_, kept)| **kept);
                yielded.extend(&each.map(|(hash, _)| *hash).collect::<Vec<_>>());
            }
        }
    }

    /// Prepares a restart. Returns the number of groups yielded, or `None` if no restart is left.
    pub(super) fn restart(&mut self) -> Option<usize> {
        let Self::On { yielded, left: Some(left) } = self else { return None };
        *left = left.checked_sub(1)?;
        yielded.index();
        Some(yielded.len())
    }

    /// Prepares to read a page again. Returns whether the groups yielded are remembered.
    pub(super) fn read_again(&mut self) -> bool {
        let Self::On { yielded, .. } = self else { return false };
        yielded.index();
        true
    }

    pub(super) fn grant(&mut self, restarts: u32) {
        if let Self::On { left: Some(left), .. } = self {
            *left = restarts;
        }
    }

    /// Whether groups are repeated by the server and left out.
    pub(super) fn skips(&self) -> bool {
        matches!(self, Self::On { yielded, .. } if !yielded.sorted.is_empty())
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
