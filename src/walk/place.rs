//! The place of a walk: a gap between two groups, relative to a page.

use crate::cursor::{Direction, Position};

use super::end::Onward;
use super::size::PageSize;
use super::view::{Kept, View};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// Before the first group of the list.
    Start,
    /// Between two groups, as far as known.
    Middle(Mark),
    /// After the last group of the list. The mark leads back; an empty list has none.
    End(Option<Mark>),
}

/// A gap between two groups of the page at `position`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    pub(crate) position: Position,
    /// The page size of the request.
    pub(crate) limit: PageSize,
    /// The number of groups between the start of the page and the gap, in the direction of the request.
    pub(crate) offset: usize,
    /// The last group yielded, if it is on this page.
    pub(crate) beside: Option<Beside>,
    /// The position that continues from the gap without this page, if known.
    pub(crate) next: Option<Position>,
}

/// The hash of the last group yielded, and its side of the gap in the direction of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Beside {
    /// Just before the gap.
    Before(u64),
    /// Just after the gap: the walk was reversed on this page.
    After(u64),
}

impl Mark {
    pub(crate) fn start_of(position: Position, limit: PageSize) -> Self {
        Self { position, limit, offset: 0, beside: None, next: None }
    }

    /// The gap after the first `count` groups of a page requested at `position`.
    pub(super) fn on(view: &View, count: usize, position: Position, limit: PageSize) -> Self {
        let last = count.checked_sub(1).and_then(|last| view.hashes.get(last).copied());
        let (offset, beside) = if position.direction() == view.direction {
            (count, last.map(Beside::Before))
        } else {
            // Before its first group in the order of the walk, which is its last in that of the request.
            let first = view.hashes.first().copied();
            (view.len().saturating_sub(count), last.map(Beside::After).or(first.map(Beside::Before)))
        };
        Self { offset, beside, ..Self::start_of(position, limit) }
    }

    pub(super) fn hash(&self) -> Option<u64> {
        self.beside.map(|(Beside::Before(hash) | Beside::After(hash))| hash)
    }
}

impl Place {
    /// The end of the list in the direction `heading`. `mark` leads back.
    fn the_end(mark: Mark, heading: Direction) -> Self {
        match heading {
            Direction::Forward => Self::End(Some(Mark { next: None, ..mark })),
            Direction::Backward => Self::Start,
        }
    }
}

/// The page that the caller reads, and the places on it. The only owner of the walk's place.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// The place before the groups that the caller gets.
    start: Place,
    /// The start of the page.
    page: Mark,
    view: View,
    /// The groups that the caller gets, in the order of the walk.
    kept: Kept,
    /// The place before a restart, unless it is on an earlier page. Until the walk has passed it, it is the place of
    /// the walk, because some groups yielded are still ahead.
    frontier: Option<Mark>,
    /// The place after all of these groups.
    end: Place,
}

impl Leaf {
    /// No page yet: the walk is at `place`.
    pub(super) fn at(place: Place) -> Self {
        Self {
            start: place.clone(),
            page: Mark::start_of(Position::Start, PageSize::DEFAULT),
            view: View::empty(Direction::Forward),
            kept: Kept::Run(0..0),
            frontier: None,
            end: place,
        }
    }

    /// The next page, which leads to `onward`. The caller gets the groups `kept`: all, or those up to index `last`.
    /// Also returns the hashes of this page, as a buffer.
    pub(super) fn followed_by(
        self,
        page: Mark,
        view: View,
        kept: Kept,
        frontier: Option<Mark>,
        onward: &Onward,
        last: Option<usize>,
    ) -> (Self, Vec<u64>) {
        let mut leaf = Self { start: self.end, page, view, kept, frontier, end: Place::Start };
        leaf.end = match (last, onward) {
            (Some(last), _) => Place::Middle(leaf.mark(last + 1)),
            (None, Onward::End) => Place::the_end(leaf.gap(leaf.view.len()), leaf.view.direction),
            (None, Onward::To { position, .. }) if leaf.frontier_behind(leaf.view.len()).is_none() => {
                Place::Middle(Mark { next: Some(position.clone()), ..leaf.gap(leaf.view.len()) })
            }
            (None, _) => Place::Middle(leaf.mark(leaf.view.len())),
        };
        (leaf, self.view.hashes)
    }

    /// Moves the end past an empty page, requested with `limit`, which leads to `onward`.
    pub(super) fn pass(&mut self, heading: Direction, limit: PageSize, onward: &Onward) {
        self.end = match (&self.end, onward) {
            (Place::Start, Onward::To { position, .. }) => {
                Place::Middle(Mark { next: Some(position.clone()), ..Mark::start_of(Position::Start, limit) })
            }
            (Place::Middle(mark), Onward::To { position, .. }) => {
                Place::Middle(Mark { next: Some(position.clone()), ..mark.clone() })
            }
            (Place::Start, Onward::End) => Place::End(None),
            (Place::Middle(mark), Onward::End) => Place::the_end(mark.clone(), heading),
            // Only a backward walk requests pages from there.
            (Place::End(_), Onward::End) => Place::Start,
            (Place::Start | Place::Middle(_) | Place::End(_), _) => return,
        };
    }

    /// The place before the last `remaining` groups that the caller gets.
    pub(super) fn place(&self, remaining: usize) -> Place {
        if remaining == 0 {
            return self.end.clone();
        }
        let last = self.kept.len().checked_sub(remaining + 1).and_then(|last| self.kept.nth(last));
        match (last, self.frontier_behind(0)) {
            (Some(last), _) => Place::Middle(self.mark(last + 1)),
            (None, Some(frontier)) => Place::Middle(frontier.clone()),
            (None, None) => self.start.clone(),
        }
    }

    /// The place after the first `count` groups of the page.
    fn mark(&self, count: usize) -> Mark {
        self.frontier_behind(count).cloned().unwrap_or_else(|| self.gap(count))
    }

    fn frontier_behind(&self, count: usize) -> Option<&Mark> {
        self.frontier.as_ref().filter(|frontier| count < frontier.offset)
    }

    /// The gap after the first `count` groups of the page.
    fn gap(&self, count: usize) -> Mark {
        Mark::on(&self.view, count, self.page.position.clone(), self.page.limit)
    }

    /// The gap of a walk that was reversed on the page of `mark` and has read it, now that the page is `view`: before the
    /// groups that it has read and that are still there, or at the start of the page.
    pub(super) fn reversed_gap(&self, mark: Mark, view: &View) -> Mark {
        let mut read = self.read_at(&mark.position).iter().rev().copied().chain(mark.hash());
        let nearest = read.find(|hash| view.hashes.contains(hash));
        Mark { beside: nearest.map(Beside::After), ..mark }
    }

    /// The groups of the page at `position`, if this is that page.
    pub(super) fn read_at(&self, position: &Position) -> &[u64] {
        if self.page.position == *position { &self.view.hashes } else { &[] }
    }
}
