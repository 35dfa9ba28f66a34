//! What a failed request means, and what the walk requests then.

use crate::cursor::Position;

use super::failure::{Failure, Problem};
use super::memory::Memory;
use super::place::Gap;
use super::request::{Ask, Origin, Request};
use super::view::View;
use super::{Outcome, State, Walk};

/// What the page that gave a refused cursor says about the refusal.
enum Settled {
    /// It gives the cursor again: the server may have forgotten it before. `linked`: with a link.
    Same { linked: bool },
    /// The page has changed.
    Changed,
}

impl Settled {
    /// `end`: the end of the page when it gave the cursor.
    fn new(end: &Gap, refused: &Request, view: &View) -> Self {
        let direction = refused.position.direction();
        let side = view.side(direction);
        if view.last(direction) == end.hash() && side.cursor.as_ref() == refused.position.cursor() {
            Self::Same { linked: side.link }
        } else {
            Self::Changed
        }
    }
}

impl Walk {
    /// Handles a request that failed.
    pub(super) fn fail(&mut self, ask: Ask, problem: Problem) -> (State, Outcome) {
        match (ask, problem) {
            (Ask::Page(request), Problem::Invalid) => self.invalid(request),
            (Ask::Page(request) | Ask::Settle { refused: request, .. }, Problem::Expired | Problem::Invalid) => {
                self.expired(request, Failure::Request)
            }
            (Ask::Probe { refused, .. }, Problem::Expired | Problem::Invalid) => {
                (State::Failed(Ask::Page(refused)), Outcome::Fail(Failure::GivenCursor))
            }
            (Ask::Page(request), _) if self.rules.sizes.refused(self.size(&request), problem) => {
                let size = self.size(&request);
                (State::Going(Ask::Page(request)), Outcome::Lowered(size))
            }
            (ask, _) => (State::Failed(ask), Outcome::Fail(Failure::Request)),
        }
    }

    /// The server calls a cursor invalid. That is the end of the list only if the cursor proves good: for a cursor from
    /// a page, that page is requested again, and then the cursor is sent once more; for the caller's, one group is
    /// requested in the other direction.
    fn invalid(&mut self, refused: Request) -> (State, Outcome) {
        let ask = match (&refused.origin, refused.position.cursor()) {
            (Origin::Page { linked: false, .. }, _) if refused.was_refused => return self.end(refused),
            (Origin::Page { .. }, _) if refused.was_refused => return self.expired(refused, Failure::RefusedCursor),
            (Origin::Page { end, .. }, _) => Ask::Settle { page: end.clone(), refused },
            (Origin::Given, Some(cursor)) => {
                let back = Position::from_cursor(refused.position.direction().reversed(), cursor.clone());
                Ask::Probe { back, refused }
            }
            (Origin::Start | Origin::Given | Origin::Place, _) => return self.expired(refused, Failure::Request),
        };
        (State::Going(ask), Outcome::Nothing)
    }

    /// Handles the page that gave a refused cursor, requested again. `end`: its end when it gave the cursor.
    pub(super) fn settle(&mut self, end: Gap, refused: Request, view: View) -> (State, Outcome) {
        match Settled::new(&end, &refused, &view) {
            Settled::Same { linked } => {
                let request = Request { origin: Origin::Page { end, linked }, was_refused: true, ..refused };
                (State::Going(Ask::Page(request)), Outcome::Nothing)
            }
            Settled::Changed if self.history.may_request_again() => self.changed(end, refused, view),
            Settled::Changed => self.expired(refused, Failure::RefusedCursor),
        }
    }

    /// Continues from a page that has changed since it gave a cursor that was refused.
    fn changed(&mut self, end: Gap, refused: Request, view: View) -> (State, Outcome) {
        self.saw_change = true;
        if let Some(cursor) = refused.position.cursor() {
            self.history.forget(cursor);
        }
        if self.memory.is_none() && !view.is_reversed() {
            self.memory = Memory::of(self.page.read_at(&end.position));
        }
        let gap = match refused.seek {
            // The search does not continue from a changed page: it starts again.
            Some(seek) => return self.go_back(Request::find(seek.gap)),
            None if view.is_reversed() => self.page.reversed_gap(end, &view),
            None if self.read_again(&end) => end.at_the_start(),
            None => end,
        };
        self.read(Request::find(gap), view)
    }

    /// Ends the list where the request would have continued.
    pub(super) fn end(&mut self, request: Request) -> (State, Outcome) {
        let view = View::empty(request.position.clone(), self.size(&request), self.heading);
        let (state, _) = self.read(Request { was_empty: true, ..request }, view);
        (state, Outcome::Nothing)
    }

    /// Handles an expired cursor: restarts if it can.
    fn expired(&mut self, request: Request, failure: Failure) -> (State, Outcome) {
        let memory = self.memory.as_mut().filter(|_| request.position != Position::Start);
        let Some(count) = memory.and_then(Memory::restart) else {
            return (State::Failed(Ask::Page(request)), Outcome::Fail(failure));
        };
        self.page.restart(self.rules.sizes.next(false), count);
        self.history.reset_bounds();
        self.restarts += 1;
        self.saw_change = true;
        let (state, _) = self.go_back(Request::start());
        (state, Outcome::Restarted(self.restarts))
    }
}
