//! What the walk does with a page: it yields its groups, or searches it for a gap.

use crate::cursor::Position;

use super::end::{self, Next};
use super::fault::Failure;
use super::place::Gap;
use super::seek::{Origin, Request, Seek};
use super::view::{Kept, View};
use super::{Outcome, State, Walk};

impl Walk {
    /// Handles a page: lists it, or searches it for a gap.
    pub(super) fn read(&mut self, request: Request, view: View) -> (State, Outcome) {
        let next = end::next(&view, self.history.linked, self.rules.confirm_end);
        let ends = matches!(next, Next::End);
        let reversed = view.direction != self.heading;
        self.history.received(&view);
        let offset = match &request.seek {
            None => 0,
            Some(seek) => match seek.offset_in(&view) {
                Some(offset) => offset,
                // The anchor is gone. New groups may have moved older ones off the gap's page, so no
                // group is lost only if the walk goes back from the end of the list.
                None if reversed && ends && (view.len() > 0 || seek.last.is_none()) => view.len(),
                None => return self.search_on(seek.clone(), request, &view, next),
            },
        };
        if !reversed {
            return self.list(request, view, offset, next);
        }
        let (skip, view) = (view.len() - offset, view.reversed());
        self.history.begin_pass();
        self.history.linked = view.ahead.link;
        let next = end::back(&view, ends);
        self.list(request, view, skip, next)
    }

    /// Yields the groups of a page after the first `skip`, less those to leave out.
    fn list(&mut self, request: Request, view: View, skip: usize, next: Next) -> (State, Outcome) {
        let (len, heading) = (view.len(), view.direction);
        let mut kept = self.memory.fresh(&view.hashes, skip);
        let last = self.take(&mut kept);
        self.memory.record(&view.hashes, &kept);
        if kept.len() > 0 {
            self.history.yielded();
        }
        // Empty pages of the list are yielded; one that only confirms the end is not.
        let confirms = request.seek.is_some() || !request.linked && matches!(request.origin, Origin::Page(_));
        let end = view.gap(len);
        let again = if len > 0 { Request::find(end.clone(), Origin::Again) } else { request };
        let (state, next) = self.follow(next, again, end, None);
        if len == 0 {
            self.page.pass(heading, view.limit, &next);
        } else {
            self.spare = self.page.turn(view, kept.clone(), &next, last);
        }
        let nothing = kept.len() == 0 && (len > 0 || confirms);
        (state, if nothing { Outcome::Nothing } else { Outcome::Yield(kept.in_server_order(heading, len)) })
    }

    /// Continues a search: the gap is not on this page.
    fn search_on(&mut self, seek: Seek, request: Request, view: &View, next: Next) -> (State, Outcome) {
        let end = view.gap(view.len());
        let last = if view.len() > 0 { Some(end.clone()) } else { seek.last };
        if let Next::End = next {
            return self.search_ended(seek.gap, request, last.filter(|_| view.direction != self.heading));
        }
        let seek = Seek { searched: seek.searched + view.len(), last, gap: seek.gap };
        let (state, _) = self.follow(next, request, end, Some(seek));
        (state, Outcome::Nothing)
    }

    /// The anchor is gone. `last`: where a walk that goes back begins instead, at the end of the list.
    fn search_ended(&mut self, gap: Gap, request: Request, last: Option<Gap>) -> (State, Outcome) {
        self.history.begin_pass();
        let gap = match last {
            // An empty page has ended the list, so the page before it is requested once more.
            Some(last) if self.history.may_request_again() => last,
            Some(_) => return State::Request(request).halted(Failure::Unstable),
            // Without a memory, groups are repeated.
            None => {
                self.read_again(&gap);
                Gap::before(gap.position, gap.limit)
            }
        };
        (State::Request(Request::find(gap, Origin::Again)), Outcome::Nothing)
    }

    /// Prepares to read the page of `gap` again from its start. Returns whether the groups that it repeats are left out.
    pub(super) fn read_again(&mut self, gap: &Gap) -> bool {
        let remembers = self.memory.read_again();
        if remembers {
            self.page.read_again(gap);
        }
        remembers
    }

    /// Limits the groups of a page to `max_groups`. Returns the index of the last, if some were left out.
    fn take(&mut self, kept: &mut Kept) -> Option<usize> {
        let left = self.rules.max_groups.as_mut()?;
        let all = kept.len();
        kept.truncate(*left);
        *left -= kept.len();
        kept.last().filter(|_| kept.len() < all)
    }

    /// The state after a page that leads to `next`, and where it really leads. `end` is the end of the page. `again` is
    /// the request of a resumed walk if the page leads nowhere.
    fn follow(&mut self, next: Next, again: Request, end: Gap, seek: Option<Seek>) -> (State, Next) {
        let state = match &next {
            Next::End => State::Done,
            _ if self.rules.max_groups == Some(0) => State::Done,
            Next::Start => {
                self.history.begin_pass();
                State::Request(Request::list(Position::Start, Origin::Again))
            }
            Next::Failure(failure) => State::Failed { failure: *failure, again },
            Next::Page { position, linked } => {
                if let Err(failure) = self.history.admit(position.cursor()) {
                    return (State::Failed { failure, again }, Next::Failure(failure));
                }
                let request = Request { position: position.clone(), origin: Origin::Page(end), linked: *linked, seek };
                if self.history.has_too_many_empty_pages() {
                    State::Failed { failure: Failure::EmptyPages, again: request }
                } else {
                    State::Request(request)
                }
            }
        };
        (state, next)
    }
}
