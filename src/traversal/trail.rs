//! From pages to places: where the walk is after each group of a page.

use crate::checkpoint::{Anchor, Beside, Mark, Place};
use crate::cursor::Direction;

/// What a page's groups mean for the walk's place. One a page; the place is worked out only when it is asked for.
#[derive(Clone)]
pub(crate) struct Trail {
    /// The request that fetched the page.
    pub(super) page: Anchor,
    /// Whether the walk goes the way of that request, or has turned round on its page.
    pub(super) turned: bool,
    /// How many groups the page has before the first one yielded, in the direction of the request.
    pub(super) base: usize,
    /// How many groups of the page are yielded.
    pub(super) count: usize,
    /// See [`Mark::prior`].
    pub(super) prior: Option<Box<Mark>>,
    /// What comes after the last of them.
    pub(super) edge: Edge,
}

/// What comes after the last group of a page.
#[derive(Clone)]
pub(crate) enum Edge {
    /// This request.
    Next(Anchor),
    /// Nothing: the list ends in this direction.
    End,
    /// Only the page itself can tell, when it is asked for again.
    Unknown,
}

impl Trail {
    /// The gap after `taken` groups of this page, the last of which has this id.
    pub(super) fn mark(&self, taken: usize, last: String) -> Mark {
        let (passed, beside) = if self.turned {
            (self.base.saturating_sub(taken), Beside::Ahead(last))
        } else {
            (self.base.saturating_add(taken), Beside::Passed(last))
        };
        Mark { page: self.page.clone(), passed, beside: Some(beside), then: None, prior: self.prior.clone() }
    }

    fn heading(&self) -> Direction {
        let direction = self.page.position.direction();
        if self.turned { direction.reversed() } else { direction }
    }
}

/// Where the caller of the walk is: at the place where it began, or behind a group of a page.
#[derive(Clone)]
pub(crate) enum Whereabouts {
    Origin(Place),
    Page(Trail),
}

impl Whereabouts {
    /// How many groups the page has for the caller.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Origin(_) => 0,
            Self::Page(trail) => trail.count,
        }
    }

    /// The place after `taken` groups of the page, the last of which has this id.
    pub(crate) fn place(&self, taken: usize, last: &str) -> Place {
        let trail = match self {
            Self::Origin(place) => return place.clone(),
            Self::Page(trail) => trail,
        };
        let mark = trail.mark(taken, last.to_owned());
        if taken < trail.count { Place::Middle(mark) } else { beyond(mark, &trail.edge, trail.heading()) }
    }

    /// A page without groups was passed, and this comes after it.
    pub(crate) fn pass(&mut self, edge: Edge, heading: Direction) {
        match (self, edge) {
            (_, Edge::Unknown) => {}
            (Self::Page(trail), edge) => trail.edge = edge,
            (Self::Origin(place), edge) => match place {
                Place::Middle(mark) => *place = beyond(mark.clone(), &edge, heading),
                Place::Start if heading == Direction::Forward => {
                    *place = match edge {
                        Edge::End => Place::End(None),
                        edge => beyond(Mark::before(Anchor::start()), &edge, heading),
                    }
                }
                // At the end of the list, facing back: the place is known as well as it can be.
                Place::End(_) if matches!(edge, Edge::End) => *place = Place::Start,
                Place::Start | Place::End(_) => {}
            },
        }
    }
}

/// The place at `mark`, where `edge` comes next.
fn beyond(mut mark: Mark, edge: &Edge, heading: Direction) -> Place {
    match (edge, heading) {
        (Edge::End, Direction::Forward) => Place::End(Some(mark)),
        (Edge::End, Direction::Backward) => Place::Start,
        (Edge::Next(next), _) => {
            mark.then = Some(next.clone());
            Place::Middle(mark)
        }
        (Edge::Unknown, _) => Place::Middle(mark),
    }
}
