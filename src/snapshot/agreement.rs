//! Whether two complete listings in a row agree. Pure.

use std::fmt;

use crate::page::Group;

use super::Snapshot;

/// See "Cost" in the docs of `consistent_snapshot`.
pub(super) const MAX_LISTINGS: u32 = 8;

pub(super) struct Listed {
    pub(super) snapshot: Snapshot,
    /// Groups that the server sent twice.
    repeated: u64,
    /// A cursor was refused because the list had changed.
    saw_change: bool,
}

impl Listed {
    pub(super) fn new(groups: Vec<Group>, saw_change: bool) -> Self {
        let sent = groups.len();
        let snapshot = Snapshot::new(groups);
        Self { repeated: (sent - snapshot.len()) as u64, saw_change, snapshot }
    }

    fn saw_no_change(&self) -> bool {
        self.repeated == 0 && !self.saw_change
    }

    pub(super) fn agrees(&self, newer: &Self) -> bool {
        self.saw_no_change() && newer.saw_no_change() && same_ids(&self.snapshot, &newer.snapshot)
    }
}

fn same_ids(older: &Snapshot, newer: &Snapshot) -> bool {
    older.iter().map(|group| &group.id).eq(newer.iter().map(|group| &group.id))
}

/// What changed between listings that do not agree. Its `Display` shows no group.
#[derive(Default)]
pub(super) struct Changes {
    added: u64,
    removed: u64,
    /// Pairs of listings with the same groups in another order.
    reordered: u64,
    repeated: u64,
    /// Listings in which a cursor was refused.
    expired: u64,
}

impl Changes {
    pub(super) fn add(&mut self, older: Option<&Listed>, newer: &Listed) {
        self.repeated += newer.repeated;
        self.expired += u64::from(newer.saw_change);
        let (Some(Listed { snapshot: older, .. }), newer) = (older, &newer.snapshot) else { return };
        let lacks =
            |list: &Snapshot, other: &Snapshot| other.iter().filter(|group| list.get(&group.id).is_none()).count();
        let (added, removed) = (lacks(older, newer), lacks(newer, older));
        self.added += added as u64;
        self.removed += removed as u64;
        self.reordered += u64::from(added + removed == 0 && !same_ids(older, newer));
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { added, removed, reordered, repeated, expired } = self;
        write!(
            f,
            "no two in a row of {MAX_LISTINGS} complete listings agree: {added} groups added, {removed} removed, {repeated} sent \
             twice; {reordered} listings in another order, {expired} with expired cursors"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A listing that was sent these groups, each named by a letter.
    fn listed(sent: &str) -> Listed {
        Listed::new(groups(sent), false)
    }

    fn expired(sent: &str) -> Listed {
        Listed::new(groups(sent), true)
    }

    fn groups(ids: &str) -> Vec<Group> {
        ids.chars().map(|id| Group::new(id, "a subject", 0)).collect()
    }

    /// The number of the first listing that agrees with the one before, and its groups.
    fn agreed(listings: impl IntoIterator<Item = Listed>) -> Option<(usize, String)> {
        let listings: Vec<_> = listings.into_iter().collect();
        let number = listings.windows(2).position(|pair| pair[0].agrees(&pair[1]))? + 1;
        let ids = listings[number].snapshot.iter().map(|group| group.id.as_str()).collect();
        Some((number + 1, ids))
    }

    #[test]
    fn the_second_of_two_equal_listings_is_taken() {
        assert_eq!(agreed([listed(""), listed("")]), Some((2, String::new())));
        assert_eq!(agreed(["abc", "ac", "ac", "ac"].map(listed)), Some((3, "ac".to_owned())));
    }

    #[test]
    fn listings_agree_in_a_row_or_not_at_all() {
        assert_eq!(agreed(["abc", "ab", "abc", "ab"].map(listed)), None);
    }

    #[test]
    fn listings_in_another_order_do_not_agree() {
        assert_eq!(agreed(["abc", "acb", "abc"].map(listed)), None);
    }

    #[test]
    fn a_listing_that_was_sent_a_group_twice_agrees_with_none() {
        assert_eq!(agreed(["abac", "abac", "abc", "abac", "abc", "abc"].map(listed)), Some((6, "abc".to_owned())));
    }

    #[test]
    fn a_listing_in_which_a_cursor_expired_agrees_with_none() {
        assert_eq!(agreed([listed("ab"), expired("ab"), listed("ab")]), None);
    }

    #[test]
    fn listings_with_another_subject_agree() {
        let subject = |text: &str| Listed::new(vec![Group::new("a", text, 0)], false);
        assert!(subject("old").agrees(&subject("new")));
    }

    #[test]
    fn it_is_said_what_changed() {
        let mut listings: Vec<_> = ["ab", "a", "aab", "ba", "bcd", "bc", "cb"].map(listed).into();
        listings.push(expired("cbe"));
        let mut changes = Changes::default();
        changes.add(None, &listings[0]);
        listings.windows(2).for_each(|pair| changes.add(Some(&pair[0]), &pair[1]));
        assert_eq!(
            changes.to_string(),
            "no two in a row of 8 complete listings agree: 4 groups added, 3 removed, 1 sent twice; 2 listings in \
             another order, 1 with expired cursors"
        );
    }

    /// A list whose cursors are offsets, while it is listed twice. It may change before each request.
    #[derive(Clone)]
    struct World {
        list: Vec<char>,
        page_size: usize,
        /// How many changes may still come.
        changes: usize,
        /// What each of the listings has been sent, the one under way last.
        sent: Vec<String>,
        /// The ids that no group has had yet.
        unused: &'static str,
    }

    impl World {
        /// Lists it, with every change that may come before each request, and hands over each world that results.
        fn run(self, done: &mut impl FnMut(&Self)) {
            self.clone().request(done);
            if self.changes == 0 {
                return;
            }
            for index in 0..self.list.len() {
                let mut deleted = Self { changes: self.changes - 1, ..self.clone() };
                deleted.list.remove(index);
                deleted.request(done);
            }
            let mut unused = self.unused.chars();
            if let Some(id) = unused.next() {
                let mut created = Self { changes: self.changes - 1, unused: unused.as_str(), ..self };
                created.list.insert(0, id);
                created.request(done);
            }
        }

        /// Sends a page, which leads to the next one, to the next listing, or to the end.
        fn request(mut self, done: &mut impl FnMut(&Self)) {
            let received = self.sent.last().map_or(0, |sent| sent.chars().count());
            let page: String = self.list.iter().skip(received).take(self.page_size).collect();
            self.sent.iter_mut().last().into_iter().for_each(|sent| sent.push_str(&page));
            if received + self.page_size < self.list.len() {
                self.run(done);
            } else if self.sent.len() < 2 {
                self.sent.push(String::new());
                self.run(done);
            } else {
                done(&self);
            }
        }
    }

    /// Every way in which a list of four groups can change at most four times while it is listed twice.
    #[test]
    fn in_every_small_world_listings_that_agree_have_every_group_that_existed_throughout() {
        let (mut worlds, mut agreements, mut only_ids) = (0, 0, 0);
        for page_size in [1, 2] {
            let list = Vec::from(['a', 'b', 'c', 'd']);
            let world = World { list, page_size, changes: 4, sent: vec![String::new()], unused: "wxyz" };
            world.run(&mut |world| {
                worlds += 1;
                let ids = |sent: &String| sent.chars().collect::<std::collections::BTreeSet<_>>();
                if ids(&world.sent[0]) != ids(&world.sent[1]) {
                    return;
                }
                let missing = world.list.iter().any(|id| "abcd".contains(*id) && !world.sent[1].contains(*id));
                let [older, newer] = [listed(&world.sent[0]), listed(&world.sent[1])];
                if older.agrees(&newer) {
                    agreements += 1;
                    assert!(!missing, "{:?} lack a group of {:?}", world.sent, world.list);
                }
                only_ids += u32::from(missing);
            });
        }
        println!("{worlds} worlds, {agreements} agreements, {only_ids} equal sets of ids that lack a group");
        assert!(agreements > 50, "{agreements} agreements");
        assert!(only_ids > 0, "if equal ids were enough, groups that exist would be missing");
    }
}
