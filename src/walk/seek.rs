//! The search for a gap.

use super::place::{Anchor, Gap};
use super::view::View;

#[derive(Clone, Debug)]
pub(super) struct Seek {
    pub(super) gap: Gap,
    /// Groups searched so far.
    searched: usize,
    /// The end of the last page with groups.
    pub(super) last: Option<Gap>,
}

impl Seek {
    pub(super) fn new(gap: Gap) -> Self {
        Self { gap, searched: 0, last: None }
    }

    /// The search that continues after a page.
    pub(super) fn after(self, view: &View) -> Self {
        let last = if view.len() > 0 { Some(view.end()) } else { self.last };
        Self { searched: self.searched + view.len(), last, ..self }
    }

    /// The expected number of groups between the start of the next page and the gap.
    pub(super) fn ahead(&self) -> usize {
        self.gap.offset.saturating_sub(self.searched)
    }

    /// Whether the gap was not at the expected offset.
    pub(super) fn is_lost(&self) -> bool {
        self.searched > 0 && self.ahead() == 0
    }

    /// The number of groups before the gap on this page; `None` if the gap is elsewhere.
    ///
    /// The expected index is tried first, because an id may occur twice.
    pub(super) fn find_in(&self, view: &View) -> Option<usize> {
        // The gap is described in the direction of its request, and the page in that of the walk.
        let expected =
            if view.is_reversed() { view.len().saturating_sub(self.ahead()) } else { self.ahead().min(view.len()) };
        let (hash, is_before) = match self.gap.anchor {
            None => return (self.ahead() <= view.len()).then_some(expected),
            Some(Anchor::Before(hash)) => (hash, !view.is_reversed()),
            Some(Anchor::After(hash)) => (hash, view.is_reversed()),
        };
        let before = usize::from(is_before);
        let is_it = |index: &usize| view.hashes.get(*index) == Some(&hash);
        let index = expected.checked_sub(before).filter(is_it).or_else(|| (0..view.len()).find(is_it))?;
        Some(index + before)
    }
}
