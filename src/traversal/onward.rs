//! Where a page leads: to another page, to a place before it, or nowhere, because the list is at its end.

use crate::checkpoint::{Anchor, Cause, Mark};
use crate::cursor::{Cursor, Direction};
use crate::error::Error;
use crate::page::{Page, PageSize};
use crate::source::Position;

use super::{Ask, Traversal};

/// Where a page leads.
pub(super) enum Onward {
    /// To this page.
    To(Anchor),
    /// To this place, which has to be found first.
    Back(Mark),
    /// Nowhere: the list is at its end.
    End,
    /// The page contradicts the rules of paging.
    Astray(Error),
}

impl Traversal {
    /// Where a page leads in the direction of its request.
    pub(super) fn onward(&self, ask: &Ask, page: &Page, limit: PageSize) -> Onward {
        let direction = ask.page.position.direction();
        let to = |cursor: &Cursor, cause| {
            Onward::To(Anchor { position: Position::from_cursor(direction, cursor.clone()), cause })
        };
        match (page.link(direction), page.cursor(direction)) {
            (true, Some(cursor)) => to(cursor, Cause::Linked),
            (true, None) => {
                Onward::Astray(Error::protocol("the answer has a link to another page, but no cursor that leads there"))
            }
            // Without a link: the end, if this server is known to send links, or if nothing could follow anyway.
            (false, _) if self.linked => Onward::End,
            (false, None) => Onward::End,
            // A server that may not send links at all. Forward it is asked on as long as its pages are full; backward,
            // where the API's page does not even mention links, until a page is empty.
            (false, Some(cursor)) => {
                let more = match direction {
                    Direction::Forward => page.groups.len() >= usize::from(limit.get()),
                    Direction::Backward => !page.groups.is_empty(),
                };
                if more { to(cursor, Cause::Unlinked) } else { Onward::End }
            }
        }
    }

    /// Turns round on a page, and says where it leads now. `ahead` is where it would have led otherwise.
    ///
    /// That a page was reached from the other side says nothing about the end on this side, except at the start of the
    /// list.
    pub(super) fn turn(&mut self, ask: &Ask, page: &Page, ahead: &Onward, prior: Option<&Mark>) -> Onward {
        self.sent.clear();
        self.linked = page.link(self.heading);
        if ask.page.position == Position::Start {
            return Onward::End;
        }
        if let Some(cursor) = page.cursor(self.heading) {
            let cause = if self.linked { Cause::Linked } else { Cause::Unlinked };
            return Onward::To(Anchor { position: Position::from_cursor(self.heading, cursor.clone()), cause });
        }
        match prior {
            Some(prior) => Onward::Back(prior.clone()),
            // Nothing lies before the cursor from which the walk came, so the list begins there.
            None if self.heading == Direction::Forward && matches!(ahead, Onward::End) => Onward::To(Anchor::start()),
            None => {
                Onward::Astray(Error::protocol("cannot reverse here: the page has no cursor for the other direction"))
            }
        }
    }
}

/// Whether "invalid cursors" in answer to this request can mean that there is no such page.
pub(super) fn may_be_past_the_end(page: &Anchor) -> bool {
    match (page.position.direction(), page.cause) {
        (_, Cause::Linked) | (Direction::Forward, Cause::Given) => false,
        (_, Cause::Unlinked) | (Direction::Backward, Cause::Given) => true,
    }
}
