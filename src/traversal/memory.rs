//! What a walk remembers: the cursors it has sent, and the groups it has yielded.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};

use foldhash::quality::RandomState;

use crate::cursor::Cursor;
use crate::page::Group;

/// The cursors sent in one direction: eight bytes each, kept as hashes under a random key.
///
/// Two cursors of one walk share a hash with a probability of n²/2⁶⁵: at 10,000 pages, one in 10¹¹ walks.
#[derive(Default)]
pub(super) struct Sent {
    hashes: HashSet<u64>,
    keys: RandomState,
}

impl Sent {
    /// Notes a cursor that is about to be sent. Returns whether it is new.
    pub(super) fn insert(&mut self, cursor: &Cursor) -> bool {
        self.hashes.insert(self.keys.hash_one(cursor))
    }

    pub(super) fn clear(&mut self) {
        self.hashes.clear();
    }
}

/// The hashes in the first block, of which a short list needs no second.
const FIRST_BLOCK: usize = 64;
/// The most hashes in a block: 64 KiB, which is room for eight of the largest pages.
const MAX_BLOCK: usize = 8 * 1024;

/// The groups yielded: eight bytes each, kept as hashes of their ids under a random key.
///
/// While the walk goes on normally, hashes are only appended, in blocks that never move: so a long walk has no moment
/// when twice the memory is needed. The blocks are put in order when the walk has to restart, which is rare.
#[derive(Default)]
pub(super) struct Yielded {
    /// In order, for look-ups: everything up to the last restart.
    before: Vec<u64>,
    /// Everything since, in blocks; only the last has room.
    since: Vec<Vec<u64>>,
    keys: RandomState,
}

impl Yielded {
    /// Notes groups.
    pub(super) fn extend(&mut self, mut groups: &[Group]) {
        while !groups.is_empty() {
            let room = self.since.last().map_or(0, |block| block.capacity() - block.len());
            if room == 0 {
                // Each block has room for twice as many as the one before it: a short list takes little.
                let size = self.since.last().map_or(FIRST_BLOCK, |block| block.len() * 2);
                self.since.push(Vec::with_capacity(size.min(MAX_BLOCK)));
                continue;
            }
            let (now, later) = groups.split_at(room.min(groups.len()));
            if let Some(block) = self.since.last_mut() {
                block.extend(now.iter().map(|group| hash(&self.keys, group)));
            }
            groups = later;
        }
    }

    /// Makes everything yielded so far known to [`contains`](Self::contains).
    pub(super) fn index(&mut self) {
        self.before.reserve_exact(self.since.iter().map(Vec::len).sum());
        for block in self.since.drain(..) {
            self.before.extend_from_slice(&block);
        }
        self.since.shrink_to_fit();
        self.before.sort_unstable();
    }

    /// Whether the group was yielded before the last call of [`index`](Self::index).
    pub(super) fn contains(&self, group: &Group) -> bool {
        self.before.binary_search(&hash(&self.keys, group)).is_ok()
    }
}

/// The hash of a group's id: of its bytes alone. `str`'s own way adds a byte to mark the end, which takes a quarter of the
/// time, and nothing follows here that the end would have to be told from.
fn hash(keys: &RandomState, group: &Group) -> u64 {
    let mut hasher = keys.build_hasher();
    hasher.write(group.id.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_new_once() {
        let mut sent = Sent::default();
        assert!(sent.insert(&"a".into()));
        assert!(sent.insert(&"b".into()));
        assert!(!sent.insert(&"a".into()));
    }

    #[test]
    fn what_was_yielded_is_known_after_each_restart() {
        let group = |n: i64| Group::new(n.to_string(), "", n);
        let mut yielded = Yielded::default();
        yielded.extend(&[group(1), group(2)]);
        assert!(!yielded.contains(&group(1)));
        yielded.index();
        yielded.extend(&[group(3)]);
        yielded.index();
        assert!((1..=3).all(|n| yielded.contains(&group(n))));
        assert!(!yielded.contains(&group(4)));
    }
}
