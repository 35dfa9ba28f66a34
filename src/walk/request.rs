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
    /// The same request was answered with an empty page.
    pub(super) was_empty: bool,
    /// Its cursor was refused, and given again by its page.
    pub(super) was_refused: bool,
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
    /// From a place, whose page had groups and is requested again.
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
    fn new(position: Position, origin: Origin) -> Self {
        Self { position, origin, seek: None, was_empty: false, was_refused: false }
    }

    pub(super) fn start() -> Self {
        Self::new(Position::Start, Origin::Start)
    }

    /// Follows the page that ends at this gap.
    pub(super) fn follow(position: Position, end: Gap, linked: bool) -> Self {
        Self::new(position, Origin::Page { end, linked })
    }

    /// Searches the gap, from its page on.
    pub(super) fn find(gap: Gap) -> Self {
        Self { seek: Some(Seek::new(gap.clone())), ..Self::new(gap.position, Origin::Place) }
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
            (Some(next), _) if next.direction() == heading => {
                let linked = gap.linked;
                Self::follow(next.clone(), gap, linked)
            }
            (_, Some(_)) => Self::find(gap),
            (_, None) if gap.position.direction() == heading => Self::new(gap.position, Origin::Given),
            (_, None) if gap.position == Position::Start => return None,
            (_, None) => Self { origin: Origin::Given, ..Self::find(gap) },
        })
    }

    pub(super) fn is_linked(&self) -> bool {
        matches!(self.origin, Origin::Page { linked: true, .. })
    }

    /// Whether an empty answer is no page of the list.
    pub(super) fn only_confirms(&self) -> bool {
        self.seek.is_some() || matches!(self.origin, Origin::Page { linked: false, .. })
    }

    /// Whether an empty answer that ends the list is to be requested once more, because groups were announced, or were
    /// there before. `confirm`: the end must be confirmed.
    pub(super) fn doubts_an_empty_page(&self, confirm: bool) -> bool {
        !self.was_empty
            && match self.origin {
                Origin::Page { linked, .. } => linked,
                Origin::Place => true,
                Origin::Start | Origin::Given => confirm,
            }
    }
}
