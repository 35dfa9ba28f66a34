//! The place of a walk: a gap between two groups, told by a page on which it lies.

use crate::cursor::{Direction, Position};

use super::size::PageSize;
use super::view::{Kept, View};

/// Where a walk is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// Before the first group of the list.
    Start,
    /// Between two groups, as far as is known.
    Middle(Mark),
    /// After the last group of the list. The mark is the way back; an empty list has none.
    End(Option<Mark>),
}

/// A gap between two groups on the page that a request at `position` brings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    pub(crate) position: Position,
    /// The page size of that request.
    pub(crate) limit: PageSize,
    /// How many groups lie between the start of the page and the gap, in the direction of the request.
    pub(crate) offset: usize,
    /// The last group yielded. `None` if no group of this page was.
    pub(crate) beside: Option<Beside>,
    /// The position that continues from the gap without this page, if one is known.
    pub(crate) next: Option<Position>,
}

/// The last group yielded, which identifies the gap: on which side of the gap it is, in the direction of the request,
/// and the hash of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Beside {
    /// The group is just before the gap.
    Before(u64),
    /// The group is just after the gap: the walk was reversed on this page.
    After(u64),
}

impl Mark {
    /// The gap at the start of a page.
    pub(crate) fn start_of(position: Position, limit: PageSize) -> Self {
        Self { position, limit, offset: 0, beside: None, next: None }
    }

    /// The hash of the last group yielded.
    pub(super) fn hash(&self) -> Option<u64> {
        self.beside.map(|(Beside::Before(hash) | Beside::After(hash))| hash)
    }
}

impl Place {
    /// The end of the list in the direction of `heading`, where `mark` is the way back.
    fn at_the_end(mark: Mark, heading: Direction) -> Self {
        match heading {
            Direction::Forward => Self::End(Some(Mark { next: None, ..mark })),
            Direction::Backward => Self::Start,
        }
    }
}

/// What comes after the last group of a page.
#[derive(Clone, Debug)]
pub(super) enum Edge {
    /// The page at this position.
    Next(Position),
    /// Nothing: the list is at its end.
    End,
    /// Unknown until the page is requested again.
    Unknown,
}

/// Where the caller is: the one owner of the walk's place.
#[derive(Clone, Debug)]
pub(super) enum At {
    /// At a place on which no page of this walk has groups for the caller.
    Place(Place),
    /// On a page.
    Page(Leaf),
}

impl At {
    /// The place before the last `remaining` groups of the page.
    pub(super) fn place(&self, remaining: usize) -> Place {
        match self {
            Self::Place(place) => place.clone(),
            Self::Page(leaf) => leaf.place(remaining),
        }
    }

    /// The groups of the page at `position` that lie behind the caller, if that page was read last.
    pub(super) fn read_at(&self, position: &Position) -> &[u64] {
        match self {
            Self::Page(leaf) if leaf.position == *position => leaf.view.hashes.get(..leaf.end).unwrap_or_default(),
            Self::Page(_) | Self::Place(_) => &[],
        }
    }

    /// Moves past a page without groups, requested with `limit`, which leads to `edge`.
    pub(super) fn pass(&mut self, heading: Direction, limit: PageSize, edge: Edge) {
        let place = match self {
            Self::Page(leaf) => return leaf.edge = edge,
            Self::Place(place) => place,
        };
        *place = match (place.clone(), edge) {
            (Place::Start, Edge::Next(next)) => {
                Place::Middle(Mark { next: Some(next), ..Mark::start_of(Position::Start, limit) })
            }
            (Place::Middle(mark), Edge::Next(next)) => Place::Middle(Mark { next: Some(next), ..mark }),
            (Place::Start, Edge::End) => Place::End(None),
            (Place::Middle(mark), Edge::End) => Place::at_the_end(mark, heading),
            // Only a walk backward requests pages from there.
            (Place::End(_), Edge::End) => Place::Start,
            (place, _) => place,
        };
    }
}

/// The page that the caller reads, and the places on it.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) position: Position,
    pub(super) limit: PageSize,
    /// The page in the order of the walk.
    pub(super) view: View,
    /// Which groups the caller gets, in the order of the walk.
    pub(super) kept: Kept,
    /// How many groups of the page lie before the place at which the caller has got all of these.
    pub(super) end: usize,
    /// Where the caller was before a restart, if that is not on an earlier page.
    pub(super) frontier: Option<Frontier>,
    /// What comes at the end.
    pub(super) edge: Edge,
}

/// The last group that was yielded before a restart. Until the walk has passed it, the place is the gap after it: there,
/// and not earlier, everything that was yielded is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frontier {
    pub(super) hash: u64,
    /// How many groups lie between the start of the page and the gap, as far as is known.
    pub(super) offset: usize,
    /// Whether the group is on this page.
    pub(super) is_here: bool,
}

impl Frontier {
    /// The gap after the group, sought from the page at `position` onward.
    pub(super) fn mark(&self, position: Position, limit: PageSize) -> Mark {
        let beside = Some(Beside::Before(self.hash));
        Mark { offset: self.offset, beside, ..Mark::start_of(position, limit) }
    }
}

impl Leaf {
    fn place(&self, remaining: usize) -> Place {
        let heading = self.view.direction;
        let last = self.kept.len().saturating_sub(remaining).checked_sub(1).and_then(|last| self.kept.nth(last));
        let count = if remaining == 0 { self.end } else { last.map_or(self.kept.start(), |index| index + 1) };
        match &self.edge {
            Edge::End if remaining == 0 => Place::at_the_end(self.mark(count), heading),
            edge => Place::Middle(match (self.behind_frontier(count), edge) {
                (Some(mark), _) => mark,
                (None, Edge::Next(next)) if remaining == 0 => Mark { next: Some(next.clone()), ..self.mark(count) },
                (None, _) => self.mark(count),
            }),
        }
    }

    /// The place after the first `count` groups, if what was yielded before a restart is not all behind it.
    fn behind_frontier(&self, count: usize) -> Option<Mark> {
        let frontier = self.frontier.filter(|frontier| !frontier.is_here || count < frontier.offset)?;
        Some(frontier.mark(self.position.clone(), self.limit))
    }

    /// The gap after the first `count` groups of the page.
    pub(super) fn mark(&self, count: usize) -> Mark {
        let last = count.checked_sub(1).and_then(|last| self.view.hashes.get(last).copied());
        let (offset, beside) = if self.position.direction() == self.view.direction {
            (count, last.map(Beside::Before))
        } else {
            // Before its first group the walk has just been reversed: that group was yielded last, in the other direction.
            let first = self.view.hashes.first().copied();
            (self.view.len().saturating_sub(count), last.map(Beside::After).or(first.map(Beside::Before)))
        };
        Mark { offset, beside, ..Mark::start_of(self.position.clone(), self.limit) }
    }
}
