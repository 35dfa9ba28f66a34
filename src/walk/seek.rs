//! The next request, and the search for a gap.

use crate::cursor::{Direction, Position};

use super::place::{Anchor, Gap, Place};
use super::view::View;

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) position: Position,
    pub(super) origin: Origin,
    /// Whether a link announced the page. Otherwise the request confirms the end.
    pub(super) linked: bool,
    /// The gap to search. `None`: all groups of the page are yielded.
    pub(super) seek: Option<Seek>,
}

/// Where the cursor of a request is from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// From the page that ends at this gap.
    Page(Gap),
    /// From the caller.
    Caller,
    /// From a place whose page is requested again. Or there is no cursor.
    Again,
}

impl Request {
    pub(super) fn list(position: Position, origin: Origin) -> Self {
        Self { position, origin, linked: false, seek: None }
    }

    /// Searches the gap, from its page on.
    pub(super) fn find(gap: Gap, origin: Origin) -> Self {
        Self { seek: Some(Seek::new(gap.clone())), ..Self::list(gap.position, origin) }
    }
}

/// The first request of a walk from `place`; `None` if no group is ahead.
pub(super) fn first_request(place: &Place, heading: Direction) -> Option<Request> {
    let gap = match place {
        Place::Start if heading == Direction::Forward => return Some(Request::list(Position::Start, Origin::Again)),
        Place::Middle(gap) => gap,
        Place::End(gap) if heading == Direction::Backward => gap,
        Place::Start | Place::End(_) => return None,
    };
    let gap = gap.clone();
    Some(match (&gap.next, gap.anchor) {
        (Some(next), _) if next.direction() == heading => Request::list(next.clone(), Origin::Page(gap)),
        (_, Some(_)) => Request::find(gap, Origin::Again),
        (_, None) if gap.position.direction() == heading => Request::list(gap.position, Origin::Caller),
        (_, None) if gap.position == Position::Start => return None,
        (_, None) => Request::find(gap, Origin::Caller),
    })
}

#[derive(Clone, Debug)]
pub(super) struct Seek {
    pub(super) gap: Gap,
    /// Groups searched so far.
    pub(super) searched: usize,
    /// The end of the last page with groups.
    pub(super) last: Option<Gap>,
}

impl Seek {
    pub(super) fn new(gap: Gap) -> Self {
        Self { gap, searched: 0, last: None }
    }

    /// The expected number of groups between the start of the next page and the gap.
    pub(super) fn ahead(&self) -> usize {
        self.gap.offset.saturating_sub(self.searched)
    }

    /// Whether the gap was not at the expected offset.
    pub(super) fn is_lost(&self) -> bool {
        self.searched > 0 && self.ahead() == 0
    }

    /// The number of groups before the gap on this page, in the direction of the request; `None` if the gap is
    /// elsewhere.
    ///
    /// The expected index is tried first, because an id may occur twice.
    pub(super) fn offset_in(&self, view: &View) -> Option<usize> {
        let (len, expected) = (view.len(), self.ahead());
        let (hash, after) = match self.gap.anchor {
            None => return Some(expected.min(len)),
            Some(Anchor::Before(hash)) => (hash, 1),
            Some(Anchor::After(hash)) => (hash, 0),
        };
        let is_it = |index: &usize| view.hashes.get(*index) == Some(&hash);
        let index = expected.checked_sub(after).filter(is_it).or_else(|| (0..len).find(is_it))?;
        Some(index + after)
    }
}
