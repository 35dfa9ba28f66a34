//! The place of a walk: a gap between two groups, relative to a page.

use std::mem;

use crate::cursor::{Direction, Position};

use super::end::Next;
use super::size::PageSize;
use super::view::{Kept, View};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// Before the first group of the list.
    Start,
    /// Between two groups, as far as known.
    Middle(Gap),
    /// After the last group of the list. The gap leads back.
    End(Gap),
}

/// A gap between two groups of the page at `position`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Gap {
    pub(crate) position: Position,
    /// The page size of the request.
    pub(crate) limit: PageSize,
    /// The number of groups between the start of the page and the gap, in the direction of the request.
    pub(crate) offset: usize,
    /// The last group yielded, if it is on this page.
    pub(crate) anchor: Option<Anchor>,
    /// The position that continues from the gap without this page, if known.
    pub(crate) next: Option<Position>,
}

/// The hash of the group by which a gap is found, and its side of the gap in the direction of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Anchor {
    /// Just before the gap.
    Before(u64),
    /// Just after the gap: the walk was reversed on this page.
    After(u64),
}

impl Gap {
    /// The gap before the first group of the page.
    pub(crate) fn before(position: Position, limit: PageSize) -> Self {
        Self { position, limit, offset: 0, anchor: None, next: None }
    }

    pub(super) fn hash(&self) -> Option<u64> {
        self.anchor.map(|(Anchor::Before(hash) | Anchor::After(hash))| hash)
    }
}

impl View {
    /// The gap after the first `count` groups.
    pub(super) fn gap(&self, count: usize) -> Gap {
        let last = count.checked_sub(1).and_then(|last| self.hashes.get(last).copied());
        let (offset, anchor) = if self.position.direction() == self.direction {
            (count, last.map(Anchor::Before))
        } else {
            // Before its first group in the order of the walk, which is its last in that of the request.
            let first = self.hashes.first().copied();
            (self.len().saturating_sub(count), last.map(Anchor::After).or(first.map(Anchor::Before)))
        };
        Gap { offset, anchor, ..Gap::before(self.position.clone(), self.limit) }
    }
}

impl Place {
    /// The end of the list in the direction `heading`. The gap leads back.
    fn the_end(gap: Gap, heading: Direction) -> Self {
        match heading {
            Direction::Forward => Self::End(Gap { next: None, ..gap }),
            Direction::Backward => Self::Start,
        }
    }
}

/// The page that the caller reads, and the places on it. The only owner of the walk's place.
#[derive(Clone, Debug)]
pub(super) struct CurrentPage {
    /// The place before the groups that the caller gets.
    start: Place,
    view: View,
    /// The groups that the caller gets, in the order of the walk.
    kept: Kept,
    /// The gap after the last group that was yielded before the walk went back, as seen from this page; past its end
    /// if it is not on this page. Up to there it is the place of the walk, because some groups that were yielded are
    /// still ahead.
    furthest: Option<Gap>,
    /// The place after all of these groups.
    end: Place,
}

impl CurrentPage {
    /// No page yet: the walk is at `place`.
    pub(super) fn at(place: Place) -> Self {
        let view = View::empty(Position::Start, PageSize::DEFAULT);
        Self { start: place.clone(), view, kept: Kept::Run(0..0), furthest: None, end: place }
    }

    /// The walk goes back to before this gap, the place after all groups that were yielded.
    fn before(gap: Gap) -> Self {
        Self { furthest: Some(gap.clone()), ..Self::at(Place::Middle(gap)) }
    }

    /// The walk restarts with a page of this size, after it has yielded `count` groups.
    pub(super) fn restart(&mut self, limit: PageSize, count: usize) {
        let anchor = match &self.end {
            Place::Middle(gap) => gap.anchor,
            Place::Start | Place::End(_) => None,
        };
        *self = match anchor {
            None => Self::at(Place::Start),
            Some(_) => Self::before(Gap { anchor, offset: count, ..Gap::before(Position::Start, limit) }),
        };
    }

    /// The walk reads the page of the gap again from its start. The gap is the place of the walk, unless the page was empty
    /// or the furthest gap is still ahead.
    pub(super) fn read_again(&mut self, gap: &Gap) {
        if gap.anchor.is_some() && self.furthest_ahead().is_none() {
            *self = Self::before(gap.clone());
        }
    }

    /// Moves to the next page, which leads to `next`. The caller gets the groups `kept`: all, or those up to index
    /// `last`. Returns the hashes of this page, as a buffer.
    pub(super) fn turn(&mut self, view: View, kept: Kept, next: &Next, last: Option<usize>) -> Vec<u64> {
        let len = view.len();
        let furthest = self.furthest_ahead().map(|gap| {
            let index = view.hashes.iter().position(|hash| Some(*hash) == gap.hash());
            let offset = index.map_or((gap.offset - self.view.len()).max(len + 1), |index| index + 1);
            Gap { position: view.position.clone(), limit: view.limit, offset, ..gap.clone() }
        });
        let page = Self { start: self.end.clone(), view, kept, furthest, end: Place::Start };
        let end = match (last, next) {
            (Some(last), _) => Place::Middle(page.gap(last + 1)),
            (None, Next::End) => Place::the_end(page.view.gap(len), page.view.direction),
            (None, Next::Page { position, .. }) if page.furthest_ahead().is_none() => {
                Place::Middle(Gap { next: Some(position.clone()), ..page.view.gap(len) })
            }
            (None, _) => Place::Middle(page.gap(len)),
        };
        mem::replace(self, Self { end, ..page }).view.hashes
    }

    /// Moves the end past an empty page, requested with `limit`, which leads to `next`.
    pub(super) fn pass(&mut self, heading: Direction, limit: PageSize, next: &Next) {
        if self.furthest_ahead().is_some() && !matches!(next, Next::End) {
            return;
        }
        let gap = match (&self.end, next) {
            (Place::Start, _) => Gap::before(Position::Start, limit),
            // Only a backward walk requests pages from the end of the list.
            (Place::Middle(gap), _) | (Place::End(gap), Next::End) => gap.clone(),
            (Place::End(_), _) => return,
        };
        self.end = match next {
            Next::Page { position, .. } => Place::Middle(Gap { next: Some(position.clone()), ..gap }),
            Next::End => Place::the_end(gap, heading),
            Next::Start | Next::Failure(_) => return,
        };
    }

    /// The place before the last `remaining` groups that the caller gets.
    pub(super) fn place(&self, remaining: usize) -> Place {
        if remaining == 0 {
            return self.end.clone();
        }
        let last = self.kept.len().checked_sub(remaining + 1).and_then(|last| self.kept.nth(last));
        match (last, self.furthest_after(0)) {
            (Some(last), _) => Place::Middle(self.gap(last + 1)),
            (None, Some(furthest)) => Place::Middle(furthest.clone()),
            (None, None) => self.start.clone(),
        }
    }

    /// The gap after the first `count` groups of the page, or the furthest, if that is later.
    fn gap(&self, count: usize) -> Gap {
        self.furthest_after(count).cloned().unwrap_or_else(|| self.view.gap(count))
    }

    /// The furthest gap, if it is past this page.
    fn furthest_ahead(&self) -> Option<&Gap> {
        self.furthest_after(self.view.len())
    }

    fn furthest_after(&self, count: usize) -> Option<&Gap> {
        self.furthest.as_ref().filter(|furthest| count < furthest.offset)
    }

    /// The gap of a walk that was reversed on the page of `gap` and has read it, now that the page is `view`: before the
    /// groups that it has read and that are still there, or at the start of the page.
    pub(super) fn reversed_gap(&self, gap: Gap, view: &View) -> Gap {
        let mut read = self.read_at(&gap.position).iter().rev().copied().chain(gap.hash());
        let nearest = read.find(|hash| view.hashes.contains(hash));
        Gap { anchor: nearest.map(Anchor::After), ..gap }
    }

    /// The groups of the page at `position`, if this is that page.
    pub(super) fn read_at(&self, position: &Position) -> &[u64] {
        if self.view.position == *position { &self.view.hashes } else { &[] }
    }
}
