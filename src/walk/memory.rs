//! The groups that a walk has yielded.

use super::view::Kept;

/// The size of the first block: enough for a short list.
const FIRST_BLOCK: usize = 64;
/// The largest block: 64 KiB, eight of the largest pages.
const MAX_BLOCK: usize = 8 * 1024;

/// The hashes of the groups yielded since the start of the list, or since a page that was read again: eight bytes a group.
///
/// Appended in blocks that never move, so that a long walk never needs twice the memory. Sorted only when groups are
/// repeated, which is rare.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Restarts left. `None` if the memory does not reach back to the start of the list.
    restarts: Option<u32>,
    /// Sorted, up to the last call of [`index`](Self::index).
    sorted: Vec<u64>,
    /// Since then. Only the last block has room.
    blocks: Vec<Vec<u64>>,
}

impl Memory {
    /// The memory of a walk that may restart so often.
    pub(super) fn new(restarts: u32) -> Option<Self> {
        (restarts > 0).then(|| Self { restarts: Some(restarts), ..Self::default() })
    }

    /// The memory of the groups of a page that is about to be read again.
    pub(super) fn of(hashes: &[u64]) -> Option<Self> {
        let mut memory = Self::default();
        memory.extend(hashes);
        (!hashes.is_empty()).then_some(memory)
    }

    /// The new groups of a page, after the first `skip`.
    pub(super) fn fresh(&self, hashes: &[u64], skip: usize) -> Kept {
        Kept::Each(hashes.iter().enumerate().map(|(index, hash)| index >= skip && !self.contains(*hash)).collect())
    }

    /// Adds the groups yielded of a page.
    pub(super) fn record(&mut self, hashes: &[u64], kept: &Kept) {
        match kept {
            Kept::Run(run) => self.extend(hashes.get(run.clone()).unwrap_or_default()),
            Kept::Each(kept) => {
                let each = hashes.iter().zip(kept).filter(|(_, kept)| **kept);
                self.extend(&each.map(|(hash, _)| *hash).collect::<Vec<_>>());
            }
        }
    }

    /// Prepares a restart. Returns the number of groups yielded, or `None` if no restart is left.
    pub(super) fn restart(&mut self) -> Option<usize> {
        let left = self.restarts.as_mut()?;
        *left = left.checked_sub(1)?;
        self.index();
        Some(self.sorted.len())
    }

    /// Allows this many restarts, if any.
    pub(super) fn grant(&mut self, restarts: u32) {
        if let Some(left) = &mut self.restarts {
            *left = restarts;
        }
    }

    /// Whether groups are repeated by the server and left out.
    pub(super) fn leaves_out(&self) -> bool {
        !self.sorted.is_empty()
    }

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

    /// Makes all groups so far known to [`contains`](Self::contains).
    pub(super) fn index(&mut self) {
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
        let mut memory = Memory::default();
        memory.extend(&[1, 2]);
        assert!(!memory.contains(1));
        memory.index();
        memory.extend(&[3]);
        memory.index();
        assert!((1..=3).all(|hash| memory.contains(hash)));
        assert!(!memory.contains(4));
    }

    #[test]
    fn a_long_list_fills_blocks_of_growing_size_and_loses_nothing() {
        let mut memory = Memory::default();
        memory.extend(&(0..20_000).collect::<Vec<_>>());
        let sizes: Vec<_> = memory.blocks.iter().map(Vec::capacity).collect();
        assert_eq!(sizes, [64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 8_192]);
        memory.index();
        assert_eq!(memory.sorted.len(), 20_000);
        assert!((0..20_000).all(|hash| memory.contains(hash)) && !memory.contains(20_000));
    }
}
