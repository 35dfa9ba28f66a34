//! What the walk does with a page: it yields its groups, or searches it for a place.

use std::mem;

use crate::cursor::Position;

use super::end::{self, Onward};
use super::fault::Failure;
use super::place::{Leaf, Mark, Place};
use super::seek::{Ask, Purpose, Seek};
use super::size::PageSize;
use super::view::{Kept, View};
use super::{Outcome, State, Walk};

/// Most empty pages in a row. The API may send some (Graph API, "Paginated Results"); a hundred have not been reported,
/// and mean that the server sends new cursors without end.
const MAX_EMPTY_PAGES: u32 = 100;

impl Walk {
    /// Handles a page requested with `limit`: lists it, or searches it for a place.
    pub(super) fn read(&mut self, ask: Ask, limit: PageSize, view: View) -> (State, Outcome) {
        let onward = end::onward(&view, self.linked, self.confirm_end);
        let ends = matches!(onward, Onward::End);
        let reversed = view.direction != self.heading;
        self.linked |= view.ahead.link;
        self.empty_pages = if view.len() == 0 { self.empty_pages + 1 } else { 0 };
        let gap = match &ask.purpose {
            Purpose::Seek(seek) => match seek.gap(&view) {
                Some(gap) => gap,
                // The group beside the gap is gone. New groups may have moved older ones off the gap's page, so no
                // group is lost only if the walk goes back from the end of the list.
                None if reversed && ends && (view.len() > 0 || seek.last.is_none()) => view.len(),
                None => return self.search_on(seek.clone(), ask, limit, &view, onward),
            },
            Purpose::List { .. } | Purpose::Settle(_) | Purpose::Probe(_) => 0,
        };
        let (view, skip, onward) = if reversed {
            let (skip, view) = (view.len() - gap, view.reversed());
            self.sent.start_over();
            self.linked = view.ahead.link;
            let onward = end::back(&view, &ask.position, ends);
            (view, skip, onward)
        } else {
            (view, gap, onward)
        };
        self.list(ask, limit, view, skip, onward)
    }

    /// Yields the groups of a page after the first `skip`, less those to leave out.
    fn list(&mut self, ask: Ask, limit: PageSize, view: View, skip: usize, onward: Onward) -> (State, Outcome) {
        let len = view.len();
        let mut kept = self.memory.fresh(&view.hashes, skip);
        let surplus = self.take(&mut kept);
        let frontier = self.memory.record(&view.hashes, &kept, &ask.position, limit);
        if kept.len() > 0 {
            self.changed = 0;
        }
        let heading = view.direction;
        let end = Mark::on(&view, len, ask.position.clone(), limit);
        let again = if len > 0 { Ask::seek(Seek::new(end.clone())) } else { ask.clone() };
        let (state, onward) = self.go(onward, again, end);
        if len == 0 {
            if self.memory.frontier().is_none() || matches!(onward, Onward::End) {
                self.leaf.pass(heading, limit, &onward);
            }
            // Empty pages of the list are yielded; one that only confirms the end is not.
            let is_of_the_list = matches!(ask.purpose, Purpose::List { promised } if promised || ask.giver.is_none());
            return (state, if is_of_the_list { Outcome::Yield(Kept::Run(0..0)) } else { Outcome::Nothing });
        }
        let last = kept.last().filter(|_| surplus);
        let leaf = mem::replace(&mut self.leaf, Leaf::at(Place::Start));
        let page = Mark::start_of(ask.position, limit);
        (self.leaf, self.spare) = leaf.followed_by(page, view, kept.clone(), frontier, &onward, last);
        (state, if kept.len() == 0 { Outcome::Nothing } else { Outcome::Yield(kept.in_server_order(heading, len)) })
    }

    /// Continues a search: the place is not on this page.
    fn search_on(&mut self, seek: Seek, ask: Ask, limit: PageSize, view: &View, onward: Onward) -> (State, Outcome) {
        let giver = Mark::on(view, view.len(), ask.position.clone(), limit);
        let last = if view.len() > 0 { Some(giver.clone()) } else { seek.last.clone() };
        if let Onward::End = onward {
            return self.search_ended(seek, ask, last.filter(|_| view.direction != self.heading));
        }
        let searched = seek.searched + view.len();
        let (mut state, _) = self.go(onward, ask, giver);
        if let State::Ask(next) | State::Failed { failure: Failure::EmptyPages, again: next } = &mut state {
            next.purpose = Purpose::Seek(Seek { searched, last, ..seek });
        }
        (state, Outcome::Nothing)
    }

    /// The group beside the gap is gone. `last`: where a walk that goes back begins instead, at the end of the list.
    fn search_ended(&mut self, seek: Seek, ask: Ask, last: Option<Mark>) -> (State, Outcome) {
        self.sent.start_over();
        let next = match last {
            // An empty page has ended the list, so the page before it is requested once more.
            Some(last) if self.may_request_again() => Ask::seek(Seek::new(last)),
            Some(_) => return (State::Halted(ask), Outcome::Fail(Failure::Unstable)),
            // The page is read again. Without a memory, groups are repeated.
            None if self.memory.read_again(&seek.mark) => Ask::list(seek.mark.position, None),
            None => Ask::seek(Seek { gone: true, ..Seek::new(seek.mark) }),
        };
        (State::Ask(next), Outcome::Nothing)
    }

    /// Limits the groups of a page to `max_groups`. Returns whether some were left out.
    fn take(&mut self, kept: &mut Kept) -> bool {
        let Some(left) = &mut self.left else { return false };
        let all = kept.len();
        kept.truncate(*left);
        *left -= kept.len();
        kept.len() < all
    }

    /// The state after a page that leads to `onward`, and where it really leads. `giver` is the end of the page.
    /// `again` is the request of a resumed walk if the page leads nowhere.
    fn go(&mut self, onward: Onward, again: Ask, giver: Mark) -> (State, Onward) {
        let wants_more = self.left != Some(0);
        let state = match &onward {
            Onward::End => State::Done,
            _ if !wants_more => State::Done,
            Onward::Start => {
                self.sent.start_over();
                State::Ask(Ask::list(Position::Start, None))
            }
            Onward::Broken(failure) => State::Failed { failure: *failure, again },
            Onward::To { position, promised } => {
                if let Err(failure) = self.sent.admit(position.cursor()) {
                    return (State::Failed { failure, again }, Onward::Broken(failure));
                }
                let purpose = Purpose::List { promised: *promised };
                let ask = Ask { position: position.clone(), purpose, giver: Some(giver) };
                if self.empty_pages < MAX_EMPTY_PAGES {
                    State::Ask(ask)
                } else {
                    State::Failed { failure: Failure::EmptyPages, again: ask }
                }
            }
        };
        (state, onward)
    }
}
