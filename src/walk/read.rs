//! What a page means to the walk, which is a pure value, and what the walk then does.

use crate::cursor::{Direction, Position};

use super::end::{self, Next};
use super::failure::Failure;
use super::place::Gap;
use super::request::{Ask, Origin, Request};
use super::seek::Seek;
use super::view::{Kept, View};
use super::{Outcome, State, Walk};

/// What a page means.
enum Reading {
    /// Its groups after the first `skip` are next in the list.
    List { skip: usize, next: Next },
    /// The gap is on a later page, if anywhere.
    Search { seek: Seek, next: Next },
    /// It is empty where groups were expected, so it is requested once more.
    OnceMore,
    /// The gap is gone, so the page where it was is listed again from its start.
    Again(Gap),
    /// The walk goes back from the page of this gap, or from the end of the list.
    BackFrom(Gap),
}

impl Reading {
    /// `linked`: the server has sent a link in this direction earlier. `confirm`: the end must be confirmed.
    fn new(request: &Request, view: &View, linked: bool, confirm: bool) -> Self {
        let next = end::next(view, linked, confirm);
        let (ends, is_empty, reverses) = (matches!(next, Ok(None)), view.len() == 0, view.is_reversed());
        if ends && is_empty && request.doubts_an_empty_page(confirm) {
            return Self::OnceMore;
        }
        let Some(seek) = &request.seek else { return Self::List { skip: 0, next } };
        match seek.find_in(view) {
            Some(skip) if !reverses => Self::List { skip, next },
            Some(skip) if !is_empty => Self::List { skip, next: end::back(view) },
            _ if !ends => Self::Search { seek: seek.clone().after(view), next },
            None if !reverses => Self::Again(seek.gap.clone()),
            // New groups may have moved older ones off the gap's page, so no group is lost only if the walk goes back
            // from the end of the list.
            None if !is_empty => Self::List { skip: 0, next: end::back(view) },
            // The cursors of an empty page may be those that were sent, so they lead nowhere back.
            _ if view.position == Position::Start => Self::List { skip: 0, next: Ok(None) },
            _ if view.heading == Direction::Forward => Self::List { skip: 0, next: Ok(Some(Request::start())) },
            _ => Self::BackFrom(seek.last.clone().unwrap_or_else(|| seek.gap.clone().anywhere())),
        }
    }
}

impl Walk {
    /// Handles a page of the list.
    pub(super) fn read(&mut self, request: Request, view: View) -> (State, Outcome) {
        let reading = Reading::new(&request, &view, self.history.has_linked(&view), self.rules.confirm_end);
        self.history.saw_link(&view);
        match reading {
            Reading::List { skip, next } => {
                if view.is_reversed() {
                    self.history.reverse(&view);
                }
                self.list(request, view, skip, next)
            }
            Reading::Search { seek, next } => {
                self.history.receive(&view, 0);
                self.spare = view.hashes;
                let next = self.admit(next.map(|next| next.map(|next| Request { seek: Some(seek), ..next })));
                (self.follow(next, request), Outcome::Nothing)
            }
            Reading::OnceMore => (State::Going(Ask::Page(Request { was_empty: true, ..request })), Outcome::Nothing),
            Reading::Again(gap) => {
                // Without a memory, groups are repeated.
                self.read_again(&gap);
                self.go_back(Request::find(gap.at_the_start()))
            }
            Reading::BackFrom(gap) if self.history.may_request_again() => self.go_back(Request::find(gap)),
            Reading::BackFrom(_) => (State::Failing(Failure::Unstable, request), Outcome::Nothing),
        }
    }

    /// Yields the groups of a page after the first `skip`, less those to leave out.
    fn list(&mut self, request: Request, view: View, skip: usize, next: Next) -> (State, Outcome) {
        let len = view.len();
        let skip = self.left_out(&request, &view, skip);
        let (kept, cut) = self.take(&request, &view, skip);
        let next = self.admit(next);
        // Empty pages of the list are yielded; one that only confirms the end is not.
        let is_item = if len > 0 { kept.len() > 0 } else { !request.only_confirms() };
        let again = if len > 0 { Request::find(view.gap(len)) } else { request };
        let outcome =
            if is_item { Outcome::Yield(kept.clone().in_server_order(self.heading, len)) } else { Outcome::Nothing };
        if len > 0 {
            self.spare = self.page.advance(view, kept, &next, cut);
        } else {
            self.page.pass_over(&view, &next);
        }
        (self.follow(next, again), outcome)
    }

    /// How many groups at the start of a page are left out: the first `skip`, those that the page before it had, or all of a
    /// page that this pass has received before.
    fn left_out(&mut self, request: &Request, view: &View, skip: usize) -> usize {
        let repeated = match &request.origin {
            Origin::Page { end, .. } if request.seek.is_none() => self.page.repeated_by(view, end),
            Origin::Start | Origin::Given | Origin::Page { .. } | Origin::Place => 0,
        };
        self.history.saw_seam(repeated);
        let fresh = skip.max(repeated);
        let left_out = if self.history.receive(view, fresh) { fresh } else { view.len() };
        // Where groups come twice, others may have been missed.
        self.saw_change |= left_out > skip;
        left_out
    }

    /// The groups of a page that the caller gets, after the first `skip`, and the index of the last, if `max_groups` cut
    /// the page there.
    fn take(&mut self, request: &Request, view: &View, skip: usize) -> (Kept, Option<usize>) {
        let mut kept = match &self.memory {
            Some(memory) if memory.leaves_out() => memory.fresh(&view.hashes, skip),
            _ => Kept::Run(skip..view.len()),
        };
        let all = kept.len();
        if let Some(left) = &mut self.rules.max_groups {
            kept.truncate(*left);
            *left -= kept.len();
        }
        if let Some(memory) = &mut self.memory {
            memory.record(&view.hashes, &kept);
        }
        if kept.len() > 0 && matches!(request.origin, Origin::Page { .. }) {
            self.history.went_on();
        }
        let cut = kept.last().filter(|_| kept.len() < all);
        (kept, cut)
    }

    /// Where a page leads, if its cursor may be sent.
    fn admit(&mut self, next: Next) -> Next {
        if let Ok(Some(request)) = &next {
            self.history.admit(request.position.cursor())?;
        }
        next
    }

    /// The state after a page. `again`: what a resumed walk requests if the page leads nowhere.
    fn follow(&self, next: Next, again: Request) -> State {
        match next {
            Ok(None) => State::Done,
            _ if self.rules.max_groups == Some(0) => State::Done,
            Err(failure) => State::Failing(failure, again),
            Ok(Some(request)) if self.history.has_stalled() => State::Failing(Failure::NoProgress, request),
            Ok(Some(request)) => State::Going(Ask::Page(request)),
        }
    }

    /// Requests pages that were requested before. Each cursor may be sent once more.
    pub(super) fn go_back(&mut self, request: Request) -> (State, Outcome) {
        self.history.begin_pass();
        (State::Going(Ask::Page(request)), Outcome::Nothing)
    }

    /// Prepares to read the page of `gap` again from its start. Returns whether the groups that it repeats are left out.
    pub(super) fn read_again(&mut self, gap: &Gap) -> bool {
        let Some(memory) = &mut self.memory else { return false };
        memory.index();
        self.page.read_again(gap);
        true
    }
}
