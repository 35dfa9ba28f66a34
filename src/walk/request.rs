//! The requests of a walk.

use crate::cursor::{Direction, Position};

use super::place::{Gap, Place};
use super::seek::Seek;

/// A request for a page of the list.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) position: Position,
    pub(super) origin: Origin,
    /// The gap to search. `None`: all groups of the page are yielded.
    pub(super) seek: Option<Seek>,
}

/// Where the position of a request is from, which decides what a refusal means.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// It is the start of the list.
    Start,
    /// From the caller.
    Given,
    /// From the page that ends at this gap. Without a link, the request confirms the end.
    Page { end: Gap, linked: bool },
    /// From a place, whose page is requested again.
    Place,
}

/// What is requested next, by what the answer decides.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    /// Which groups come next.
    Page(Request),
    /// Whether a refused cursor is the end of the list: the page that ends at this gap and gave the cursor, again.
    Settle { page: Gap, refused: Request },
    /// Whether the caller's cursor is good: one group in the other direction.
    Probe { back: Position, refused: Request },
}

impl Request {
    pub(super) fn start() -> Self {
        Self { position: Position::Start, origin: Origin::Start, seek: None }
    }

    /// Follows the page that ends at this gap.
    pub(super) fn follow(position: Position, end: Gap, linked: bool) -> Self {
        Self { position, origin: Origin::Page { end, linked }, seek: None }
    }

    /// Searches the gap, from its page on.
    pub(super) fn find(gap: Gap) -> Self {
        Self { position: gap.position.clone(), origin: Origin::Place, seek: Some(Seek::new(gap)) }
    }

    /// The first request of a walk from `place`; `None` if no group is ahead.
    pub(super) fn first(place: &Place, heading: Direction) -> Option<Self> {
        let gap = match place {
            Place::Start if heading == Direction::Forward => return Some(Self::start()),
            Place::Middle(gap) => gap.clone(),
            Place::End(gap) if heading == Direction::Backward => gap.clone(),
            Place::Start | Place::End(_) => return None,
        };
        Some(match (&gap.next, gap.anchor) {
            (Some(Position::Start), _) if heading == Direction::Forward => Self::start(),
            (Some(next), _) if next.direction() == heading => Self::follow(next.clone(), gap, false),
            (_, Some(_)) => Self::find(gap),
            (_, None) if gap.position.direction() == heading => {
                Self { position: gap.position, origin: Origin::Given, seek: None }
            }
            (_, None) if gap.position == Position::Start => return None,
            (_, None) => Self { origin: Origin::Given, ..Self::find(gap) },
        })
    }

    /// Whether an empty answer is no page of the list.
    pub(super) fn only_confirms(&self) -> bool {
        self.seek.is_some() || matches!(self.origin, Origin::Page { linked: false, .. })
    }
}
