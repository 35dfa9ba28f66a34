//! What a refused cursor means, and what the walk requests then.

use crate::cursor::Position;

use super::fault::Failure;
use super::place::Gap;
use super::seek::{Origin, Request};
use super::view::View;
use super::{Outcome, State, Walk};

impl Walk {
    /// The server calls a cursor invalid. That is the end of the list only if the cursor proves good: for a cursor from
    /// a page, that page is requested again; for the caller's, one group in the other direction.
    pub(super) fn invalid(&mut self, refused: Request) -> (State, Outcome) {
        let state = match (&refused.origin, refused.position.cursor()) {
            (Origin::Page(page), _) => State::Settle { page: page.clone(), refused },
            (Origin::Caller, Some(cursor)) => {
                let back = Position::from_cursor(refused.position.direction().reversed(), cursor.clone());
                State::Probe { back, refused }
            }
            (Origin::Caller | Origin::Again, _) => return self.expired(refused, Failure::Request),
        };
        (state, Outcome::Nothing)
    }

    /// Handles the page that gave a refused cursor, requested again. `gap` was its end.
    pub(super) fn settle(&mut self, gap: Gap, refused: Request, view: View) -> (State, Outcome) {
        let cursor = refused.position.cursor();
        let (last, ahead) = view.side(refused.position.direction());
        let (is_same, linked) = (last == gap.hash() && ahead.cursor.as_ref() == cursor, ahead.link);
        if is_same && !linked {
            return self.end(refused);
        }
        if is_same && !refused.linked && refused.seek.is_none() {
            // The page has a link now: groups were created after it, so the cursor may be good now.
            return (State::Request(Request { linked, ..refused }), Outcome::Nothing);
        }
        if is_same || !self.history.may_request_again() {
            return self.expired(refused, Failure::RefusedCursor);
        }
        self.saw_change = true;
        if let Some(cursor) = cursor {
            self.history.forget(cursor);
        }
        let reversed = gap.position.direction() != self.heading;
        if !reversed {
            self.memory.begin(self.page.read_at(&gap.position));
        }
        let gap = match refused.seek {
            // The search does not continue from a changed page: it starts again.
            Some(seek) => {
                self.history.begin_pass();
                return (State::Request(Request::find(seek.gap, Origin::Again)), Outcome::Nothing);
            }
            None if reversed => self.page.reversed_gap(gap, &view),
            None if self.read_again(&gap) => Gap::before(gap.position, gap.limit),
            None => gap,
        };
        self.read(Request::find(gap, Origin::Again), view)
    }

    /// Ends the list where the request would have continued.
    pub(super) fn end(&mut self, request: Request) -> (State, Outcome) {
        let view = View::empty(request.position.clone(), self.limit(&request));
        let (state, _) = self.read(request, view);
        (state, Outcome::Nothing)
    }

    /// Handles an expired cursor: restarts if it can.
    pub(super) fn expired(&mut self, request: Request, failure: Failure) -> (State, Outcome) {
        let restart = if request.position == Position::Start { None } else { self.memory.restart() };
        let Some(count) = restart else { return State::Request(request).halted(failure) };
        self.page.restart(self.rules.sizes.next(false), count);
        self.history.begin_pass();
        self.history.reset_bounds();
        self.restarts += 1;
        self.saw_change = true;
        (State::Request(Request::list(Position::Start, Origin::Again)), Outcome::Restarted(self.restarts))
    }
}
