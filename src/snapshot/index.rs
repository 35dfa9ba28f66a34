use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};

use crate::page::Group;

/// Positions of groups by the hash of their ids. The list itself holds the ids.
#[derive(Clone)]
pub(super) struct Index<K = RandomState> {
    /// A position by the hash of the id, or by the next free number.
    positions: HashMap<u64, usize>,
    keys: K,
}

impl Index {
    /// Removes groups whose id occurred earlier, and indexes the rest.
    pub(super) fn collapse(groups: &mut Vec<Group>) -> Self {
        Self::with_keys(groups, RandomState::new())
    }
}

impl<K: BuildHasher> Index<K> {
    fn with_keys(groups: &mut Vec<Group>, keys: K) -> Self {
        let mut positions = HashMap::with_capacity(groups.len());
        let mut count = 0;
        for next in 0..groups.len() {
            if add(&mut positions, &groups[..count], &keys, &groups[next].id) {
                groups.swap(count, next);
                count += 1;
            }
        }
        groups.truncate(count);
        Self { positions, keys }
    }

    pub(super) fn find<'a>(&self, groups: &'a [Group], id: &str) -> Option<&'a Group> {
        let mut slot = self.keys.hash_one(id);
        loop {
            let group = groups.get(*self.positions.get(&slot)?)?;
            if group.id == id {
                return Some(group);
            }
            slot = slot.wrapping_add(1);
        }
    }
}

/// Adds `id`, the next after `groups`. Returns whether it is new.
fn add(positions: &mut HashMap<u64, usize>, groups: &[Group], keys: &impl BuildHasher, id: &str) -> bool {
    let mut slot = keys.hash_one(id);
    loop {
        match positions.entry(slot) {
            Entry::Vacant(entry) => {
                entry.insert(groups.len());
                return true;
            }
            Entry::Occupied(entry) if groups[*entry.get()].id == id => return false,
            Entry::Occupied(_) => slot = slot.wrapping_add(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasherDefault, Hasher};

    use super::*;

    /// Gives all ids the same hash.
    #[derive(Default)]
    struct Same;

    impl Hasher for Same {
        fn finish(&self) -> u64 {
            u64::MAX
        }

        fn write(&mut self, _bytes: &[u8]) {}
    }

    #[test]
    fn ids_that_share_a_hash_are_told_apart() {
        let group = |id: &str| Group::new(id, format!("the group {id}"), 0);
        let mut groups = ["a", "b", "a", "c", "b"].map(group).to_vec();
        let index = Index::with_keys(&mut groups, BuildHasherDefault::<Same>::default());
        assert_eq!(groups, ["a", "b", "c"].map(group));
        for id in ["a", "b", "c"] {
            assert_eq!(index.find(&groups, id), Some(&group(id)));
        }
        assert_eq!(index.find(&groups, "d"), None);
    }
}
