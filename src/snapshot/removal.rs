/// How many groups an [update](crate::ListGroups::update) may report as removed. An update that would remove more is an
/// [`is_mass_removal`](crate::Error::is_mass_removal) error.
///
/// It protects programs that delete what is removed from a server that sends an empty list, or a part of one, for a while:
/// Meta's API was seen to send an empty list for a number that is not eligible.
///
/// # Default
///
/// An update may remove neither all known groups, nor more than 10 if that is more than half of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovalLimit(Option<Bounds>);

/// Exceeded if both are, or if all known groups are removed and `all` is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    groups: usize,
    percent: u8,
    all: bool,
}

impl RemovalLimit {
    /// At most this many groups. 0 allows no removal.
    #[must_use]
    pub const fn count(groups: usize) -> Self {
        Self(Some(Bounds { groups, percent: 0, all: false }))
    }

    /// At most this share of the known groups, in percent. 0 allows no removal, 100 allows all.
    #[must_use]
    pub const fn percent(percent: u8) -> Self {
        Self(Some(Bounds { groups: 0, percent, all: false }))
    }

    /// At most this many groups, or this share of the known groups, whichever is more.
    #[must_use]
    pub const fn count_or_percent(groups: usize, percent: u8) -> Self {
        Self(Some(Bounds { groups, percent, all: false }))
    }

    /// No limit: for lists that may really become empty.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    pub(super) fn allows(self, removed: usize, known: usize) -> bool {
        let Some(Bounds { groups, percent, all }) = self.0 else { return true };
        let exceeds_share = removed as u128 * 100 > known as u128 * u128::from(percent);
        let exceeds = removed > groups && exceeds_share || all && removed > 0 && removed == known;
        !exceeds
    }
}

impl Default for RemovalLimit {
    fn default() -> Self {
        Self(Some(Bounds { groups: 10, percent: 50, all: true }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_more_than_ten_and_more_than_half_or_all_are_too_many() {
        let limit = RemovalLimit::default();
        for (removed, known, allowed) in [
            (0, 0, true),
            (0, 5, true),
            (1, 1, false),
            (1, 2, true),
            (9, 10, true),
            (10, 11, true),
            (10, 10, false),
            (11, 12, false),
            (11, 22, true),
            (11, 21, false),
            (1_000, 2_000, true),
            (1_001, 2_000, false),
        ] {
            assert_eq!(limit.allows(removed, known), allowed, "{removed} of {known}");
        }
    }

    #[test]
    fn a_limit_is_a_count_a_share_both_or_none() {
        assert!(RemovalLimit::count(3).allows(3, 3) && !RemovalLimit::count(3).allows(4, 9_999));
        assert!(!RemovalLimit::count(0).allows(1, 9));
        assert!(RemovalLimit::percent(25).allows(1, 4) && !RemovalLimit::percent(25).allows(2, 7));
        assert!(RemovalLimit::percent(100).allows(9, 9));
        let either = RemovalLimit::count_or_percent(5, 10);
        assert!(either.allows(5, 5) && either.allows(10, 100) && !either.allows(11, 100));
        assert!(RemovalLimit::none().allows(usize::MAX, usize::MAX));
    }
}
