//! The next request, and the search for a place.

use crate::cursor::{Direction, Position};

use super::place::{Beside, Mark, Place};
use super::view::View;

/// A request and its purpose.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) position: Position,
    pub(super) purpose: Purpose,
    /// The end of the page whose cursor is sent. `None` if no cursor is sent, or one that is not from a page of this
    /// walk.
    pub(super) giver: Option<Mark>,
}

#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// Its groups are yielded. `promised`: a link announced the page.
    List { promised: bool },
    /// A place is searched on it.
    Seek(Seek),
    /// A page is requested again, to tell whether the refusal of its cursor was the end of the list.
    Settle(Box<Ask>),
    /// One group in the other direction is requested, to tell whether the caller's cursor is good.
    Probe(Box<Ask>),
}

impl Ask {
    pub(super) fn list(position: Position, giver: Option<Mark>) -> Self {
        Self { position, purpose: Purpose::List { promised: false }, giver }
    }

    /// Searches a place, starting at the page of its mark.
    pub(super) fn seek(seek: Seek) -> Self {
        Self { position: seek.mark.position.clone(), purpose: Purpose::Seek(seek), giver: None }
    }

    /// Whether the cursor is the caller's.
    pub(super) fn sends_given_cursor(&self) -> bool {
        let seeks_group = matches!(&self.purpose, Purpose::Seek(seek) if seek.mark.beside.is_some());
        self.giver.is_none() && self.position != Position::Start && !seeks_group
    }
}

/// The first request of a walk from `place`; `None` if no group is ahead.
pub(super) fn approach(place: &Place, heading: Direction) -> Option<Ask> {
    let mark = match place {
        Place::Start if heading == Direction::Forward => return Some(Ask::list(Position::Start, None)),
        Place::Middle(mark) => mark,
        Place::End(Some(mark)) if heading == Direction::Backward => mark,
        Place::Start | Place::End(_) => return None,
    };
    if let Some(next) = mark.next.as_ref().filter(|next| next.direction() == heading) {
        return Some(Ask::list(next.clone(), Some(mark.clone())));
    }
    match mark.beside {
        None if mark.position.direction() == heading => Some(Ask::list(mark.position.clone(), None)),
        None if mark.position == Position::Start => None,
        _ => Some(Ask::seek(Seek::new(mark.clone()))),
    }
}

#[derive(Clone, Debug)]
pub(super) struct Seek {
    pub(super) mark: Mark,
    /// Groups searched so far.
    pub(super) searched: usize,
    /// The end of the last page with groups.
    pub(super) last: Option<Mark>,
    /// Whether the group beside the gap is gone: its page is read from the start.
    pub(super) gone: bool,
}

impl Seek {
    pub(super) fn new(mark: Mark) -> Self {
        Self { mark, searched: 0, last: None, gone: false }
    }

    /// The expected number of groups between the start of the next page and the gap.
    pub(super) fn ahead(&self) -> usize {
        self.mark.offset.saturating_sub(self.searched)
    }

    /// Whether the gap was not at the expected offset.
    pub(super) fn is_lost(&self) -> bool {
        self.gone || (self.searched > 0 && self.ahead() == 0)
    }

    /// The number of groups before the gap on this page, in the direction of the request; `None` if the gap is
    /// elsewhere.
    ///
    /// The expected index is tried first, because an id may occur twice.
    pub(super) fn gap(&self, view: &View) -> Option<usize> {
        let (len, expected) = (view.len(), self.ahead());
        let (hash, after) = match self.mark.beside {
            _ if self.gone => return Some(0),
            None => return Some(expected.min(len)),
            Some(Beside::Before(hash)) => (hash, 1),
            Some(Beside::After(hash)) => (hash, 0),
        };
        let is_it = |index: &usize| view.hashes.get(*index) == Some(&hash);
        let index = expected.checked_sub(after).filter(is_it).or_else(|| (0..len).find(is_it))?;
        Some(index + after)
    }
}
