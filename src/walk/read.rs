//! What a page means to the walk, which is a pure value, and what the walk then does.

use super::end::{self, Next};
use super::failure::Failure;
use super::place::Gap;
use super::request::{Ask, Request};
use super::seek::Seek;
use super::view::{Kept, View};
use super::{Outcome, State, Walk};

/// What a page means.
enum Reading {
    /// Its groups after the first `skip` are next in the list.
    List { skip: usize, next: Next },
    /// The gap is on a later page, if anywhere.
    Search { seek: Seek, next: Next },
    /// The gap is gone, so the page where it was is listed again from its start.
    Again(Gap),
    /// The gap is gone, so the walk goes back from the end of the list, which is at this gap.
    FromTheEnd(Gap),
}

impl Reading {
    /// What a page means that leads to `next` in the direction of its request.
    fn new(request: &Request, view: &View, next: Next) -> Self {
        let (ends, reverses) = (matches!(next, Ok(None)), view.is_reversed());
        let here = |skip, next| Self::List { skip, next: if reverses { end::back(view, ends) } else { next } };
        let Some(seek) = &request.seek else { return here(0, next) };
        match (seek.find_in(view), &seek.last) {
            (Some(skip), _) => here(skip, next),
            (None, _) if !ends => Self::Search { seek: seek.clone().after(view), next },
            (None, _) if !reverses => Self::Again(seek.gap.clone()),
            // New groups may have moved older ones off the gap's page, so no group is lost only if the walk goes back
            // from the end of the list. An empty page has no cursor to go back, so the page before it is requested
            // again.
            (None, Some(last)) if view.len() == 0 => Self::FromTheEnd(last.clone()),
            (None, _) => here(0, next),
        }
    }
}

impl Walk {
    /// Handles a page of the list.
    pub(super) fn read(&mut self, request: Request, view: View) -> (State, Outcome) {
        let next = end::next(&view, self.history.is_linked(), self.rules.confirm_end);
        let reading = Reading::new(&request, &view, next);
        self.history.received(&view);
        match reading {
            Reading::List { skip, next } => {
                if view.is_reversed() {
                    self.history.reverse(&view);
                }
                self.list(request, view, skip, next)
            }
            Reading::Search { seek, next } => {
                self.spare = view.hashes;
                let next = self.admit(next.map(|next| next.map(|next| Request { seek: Some(seek), ..next })));
                (self.follow(next, request), Outcome::Nothing)
            }
            Reading::Again(gap) => {
                // Without a memory, groups are repeated.
                self.read_again(&gap);
                self.go_back(Request::find(gap.at_the_start()))
            }
            Reading::FromTheEnd(gap) if self.history.may_request_again() => self.go_back(Request::find(gap)),
            Reading::FromTheEnd(_) => (State::Failed(Ask::Page(request)), Outcome::Fail(Failure::Unstable)),
        }
    }

    /// Yields the groups of a page after the first `skip`, less those to leave out.
    fn list(&mut self, request: Request, view: View, skip: usize, next: Next) -> (State, Outcome) {
        let len = view.len();
        let (kept, cut) = self.take(&view, skip);
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

    /// The groups of a page that the caller gets, and the index of the last, if `max_groups` cut the page there.
    fn take(&mut self, view: &View, skip: usize) -> (Kept, Option<usize>) {
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
        if kept.len() > 0 {
            self.history.yielded();
        }
        let cut = kept.last().filter(|_| kept.len() < all);
        (kept, cut)
    }

    /// Where a page leads, if its cursor may be sent.
    fn admit(&mut self, next: Next) -> Next {
        match next {
            Ok(Some(request)) if self.rules.max_groups != Some(0) => {
                self.history.admit(request.position.cursor()).map(|()| Some(request))
            }
            next => next,
        }
    }

    /// The state after a page. `again`: what a resumed walk requests if the page leads nowhere.
    fn follow(&self, next: Next, again: Request) -> State {
        match next {
            Ok(None) => State::Done,
            _ if self.rules.max_groups == Some(0) => State::Done,
            Err(failure) => State::Failing(failure, again),
            Ok(Some(request)) if self.history.has_too_many_empty_pages() => {
                State::Failing(Failure::EmptyPages, request)
            }
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
