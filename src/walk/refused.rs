//! What a refused cursor means, and what the walk requests then.

use crate::cursor::Position;

use super::fault::Failure;
use super::place::{Leaf, Place};
use super::seek::{Ask, Purpose, Seek};
use super::view::View;
use super::{Outcome, State, Walk};

/// Most pages in a row that have changed when they are requested again, for a server that refuses each cursor it has just
/// sent, or changes its last page each time.
const MAX_CHANGED: u32 = 3;

impl Walk {
    /// The server calls a cursor invalid. That is the end of the list only if the cursor proves good: for a cursor from
    /// a page, that page is requested again; for the caller's, one group in the other direction.
    pub(super) fn invalid(&mut self, refused: Ask) -> (State, Outcome) {
        let position = match (&refused.giver, refused.position.cursor()) {
            (Some(giver), _) => giver.position.clone(),
            (None, Some(cursor)) if refused.sends_given_cursor() => {
                Position::from_cursor(refused.position.direction().reversed(), cursor.clone())
            }
            (None, _) => return self.expired(refused, Failure::Request),
        };
        let is_given = refused.giver.is_none();
        let refused = Box::new(refused);
        let purpose = if is_given { Purpose::Probe(refused) } else { Purpose::Settle(refused) };
        (State::Ask(Ask { position, purpose, giver: None }), Outcome::Nothing)
    }

    /// Handles the page that gave a refused cursor, requested again.
    pub(super) fn settle(&mut self, refused: Ask, view: View) -> (State, Outcome) {
        let (Some(giver), Some(cursor)) = (&refused.giver, refused.position.cursor()) else { return self.end(refused) };
        let (last, ahead) = view.side(refused.position.direction());
        let is_same = last == giver.hash() && ahead.cursor.as_ref() == Some(cursor);
        if is_same && !ahead.link {
            return self.end(refused);
        }
        if is_same {
            return match refused.purpose {
                // The page has a link now: groups were created after it, so the cursor may be good now.
                Purpose::List { promised: false } => {
                    (State::Ask(Ask { purpose: Purpose::List { promised: true }, ..refused }), Outcome::Nothing)
                }
                _ => self.expired(refused, Failure::RefusedCursor),
            };
        }
        if !self.may_request_again() {
            return self.expired(refused, Failure::RefusedCursor);
        }
        self.saw_change = true;
        self.sent.forget(cursor);
        let giver = giver.clone();
        let reversed = giver.position.direction() != self.heading;
        if !reversed {
            self.memory.begin(self.leaf.read_at(&giver.position));
        }
        let ask = match refused.purpose {
            // The search does not continue from a changed page: it starts again.
            Purpose::Seek(seek) => {
                self.sent.start_over();
                return (State::Ask(Ask::seek(Seek::new(seek.mark))), Outcome::Nothing);
            }
            _ if reversed => Ask::seek(Seek::new(self.leaf.reversed_gap(giver.clone(), &view))),
            _ if self.memory.read_again(&giver) => Ask::list(giver.position, None),
            _ => Ask::seek(Seek::new(giver.clone())),
        };
        self.read(ask, giver.limit, view)
    }

    /// Counts a page that has changed. Returns whether it may be requested again.
    pub(super) fn may_request_again(&mut self) -> bool {
        let may = self.changed < MAX_CHANGED;
        self.changed += u32::from(may);
        may
    }

    /// Ends the list where the request would have continued.
    pub(super) fn end(&mut self, ask: Ask) -> (State, Outcome) {
        let limit = self.limit(&ask);
        let view = View::empty(ask.position.direction());
        let (state, _) = self.read(ask, limit, view);
        (state, Outcome::Nothing)
    }

    /// Handles an expired cursor: restarts if it can.
    pub(super) fn expired(&mut self, ask: Ask, failure: Failure) -> (State, Outcome) {
        if ask.position == Position::Start || !self.memory.restart(self.sizes.next(false)) {
            return (State::Halted(ask), Outcome::Fail(failure));
        }
        self.leaf = Leaf::at(self.memory.frontier().cloned().map_or(Place::Start, Place::Middle));
        self.sent.start_over();
        self.empty_pages = 0;
        self.changed = 0;
        self.restarts += 1;
        self.saw_change = true;
        (State::Ask(Ask::list(Position::Start, None)), Outcome::Restarted(self.restarts))
    }
}
