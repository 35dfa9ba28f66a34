//! Finding the way back to a place.

use crate::checkpoint::{Beside, Mark};
use crate::cursor::Direction;
use crate::page::{Group, Page};

/// The search for a gap, from the request that its mark names onward.
#[derive(Clone)]
pub(super) struct Seek {
    pub(super) mark: Mark,
    /// How many groups were searched in vain.
    pub(super) searched: usize,
    /// How the gap is recognised.
    pub(super) by: By,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// By the group beside it.
    Group,
    /// That group is gone: the end of the page in which the gap was, so that a walk that turned round repeats that page.
    PageEnd,
}

impl Seek {
    pub(super) fn new(mark: Mark) -> Self {
        Self { mark, searched: 0, by: By::Group }
    }

    /// Whether nothing of the page has ever been yielded.
    pub(super) fn is_untrodden(&self) -> bool {
        self.mark.passed == 0 && self.mark.beside.is_none()
    }

    /// Whether the gap was not where it was expected.
    pub(super) fn is_astray(&self) -> bool {
        self.searched > 0 && self.ahead() == 0
    }

    /// How many groups lie between the request and the gap, as far as is known.
    pub(super) fn ahead(&self) -> usize {
        self.mark.passed.saturating_sub(self.searched)
    }

    /// How many groups of the page lie before the gap, in the direction of the request; `None` if the gap is not there.
    ///
    /// The expected place is looked at first, so that an id that occurs twice in an unchanged list does no harm.
    pub(super) fn gap(&self, page: &Page, walk: Direction) -> Option<usize> {
        let length = page.groups.len();
        let expected = self.ahead();
        let beside = match (self.by, &self.mark.beside) {
            (By::PageEnd, _) => return (expected <= length).then_some(length),
            (By::Group, None) => return (expected <= length).then_some(expected),
            (By::Group, Some(beside)) => beside,
        };
        let (id, after) = match beside {
            Beside::Passed(id) => (id, 1),
            Beside::Ahead(id) => (id, 0),
        };
        let is_it = |index: &usize| nth(&page.groups, walk, *index).is_some_and(|group| group.id == *id);
        let index = expected.checked_sub(after).filter(is_it).or_else(|| (0..length).find(is_it))?;
        Some(index + after)
    }
}

/// The group at `index`, counted in the direction of the walk.
fn nth(groups: &[Group], walk: Direction, index: usize) -> Option<&Group> {
    match walk {
        Direction::Forward => groups.get(index),
        Direction::Backward => groups.get(groups.len().checked_sub(index + 1)?),
    }
}
