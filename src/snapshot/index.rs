use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;

use crate::page::Group;

/// Positions of groups, by their ids. The list itself holds the ids.
#[derive(Clone)]
pub(super) struct Index {
    positions: HashTable<usize>,
    keys: RandomState,
}

impl Index {
    /// Removes groups whose id occurred earlier, and indexes the rest.
    pub(super) fn collapse(groups: &mut Vec<Group>) -> Self {
        let (mut positions, keys) = (HashTable::with_capacity(groups.len()), RandomState::new());
        let mut count = 0;
        for next in 0..groups.len() {
            let id = &groups[next].id;
            let hash = keys.hash_one(id);
            if positions.find(hash, |&at: &usize| groups[at].id == *id).is_none() {
                groups.swap(count, next);
                positions.insert_unique(hash, count, |&at| keys.hash_one(&groups[at].id));
                count += 1;
            }
        }
        groups.truncate(count);
        Self { positions, keys }
    }

    pub(super) fn find<'a>(&self, groups: &'a [Group], id: &str) -> Option<&'a Group> {
        let at = self.positions.find(self.keys.hash_one(id), |&at| groups[at].id == id)?;
        groups.get(*at)
    }
}
