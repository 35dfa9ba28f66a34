//! The state machine of a walk through a list with cursors. Pure: no I/O, no clock, no async. [`Walk::step`] is one
//! match over the state and the event. Each rule has a file:
//!
//! - `view`: a page in the order of the walk; the only file in which forward and backward differ,
//! - `end`: where a page leads, and what establishes the end of the list,
//! - `place`: the place of the walk after each group,
//! - `seek`: what is requested next, and how a place is found again,
//! - `memory`: the cursors sent, and the groups that a restart leaves out,
//! - `size`: the page size,
//! - `fault`: what failed requests mean.

mod end;
mod fault;
mod memory;
mod place;
mod seek;
mod size;
mod view;

use std::mem;

use crate::cursor::{Direction, Position};

use end::Onward;
use memory::{Memory, Sent};
use place::Leaf;
use seek::{Ask, Purpose, Seek, approach};

pub(crate) use fault::{Failure, Fault};
pub(crate) use place::{Beside, Mark, Place};
pub use size::PageSize;
pub(crate) use size::Sizes;
pub(crate) use view::{Kept, Lead, View, hash};

/// Most empty pages in a row. The API may send some (Graph API, "Paginated Results"); a hundred have not been reported,
/// and mean that the server sends new cursors without end.
const MAX_EMPTY_PAGES: u32 = 100;

/// Most pages in a row that have changed when they are requested again, for a server that refuses each cursor it has just
/// sent, or changes its last page each time.
const MAX_CHANGED: u32 = 3;

#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) sizes: Sizes,
    pub(crate) max_groups: Option<usize>,
    pub(crate) max_restarts: u32,
    pub(crate) confirm_end: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Walk {
    heading: Direction,
    state: State,
    leaf: Leaf,
    sizes: Sizes,
    /// Groups that may still be yielded.
    left: Option<usize>,
    max_restarts: u32,
    confirm_end: bool,
    sent: Sent,
    memory: Memory,
    /// Whether the server has sent a link in the direction of the requests.
    linked: bool,
    /// Empty pages since the last page with groups.
    empty_pages: u32,
    /// Pages requested again since the last group, because of a refused cursor or to go back from the end.
    changed: u32,
    restarts: u32,
    /// Whether a cursor was refused because the list had changed.
    saw_change: bool,
    /// The buffer of an earlier page's hashes, reused for the next.
    spare: Vec<u64>,
}

/// What the next [`Event::Pull`] does.
#[derive(Clone, Debug)]
enum State {
    /// Makes this request.
    Ask(Ask),
    /// Fails. [`Event::Resume`] then continues with this request.
    Failed { failure: Failure, again: Ask },
    /// Ends, because a failure was reported. [`Event::Resume`] continues with this request.
    Halted(Ask),
    /// Ends: at the end of the list, or at `max_groups`.
    Done,
}

#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The caller has received all groups so far, and wants more.
    Pull,
    Page(View),
    Fault(Fault),
    /// The caller wants to continue after a failure.
    Resume,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ask(Position, PageSize),
    /// Yield these groups of the page, counted in the server's order; or an empty page.
    Yield(Kept),
    Nothing,
    /// Yield nothing after the n-th restart.
    Restarted(u32),
    /// Yield nothing; the page size is lowered.
    Lowered(PageSize),
    Fail(Failure),
    End,
}

impl Walk {
    pub(crate) fn new(place: Place, heading: Direction, rules: Rules) -> Self {
        let Rules { sizes, max_groups, max_restarts, confirm_end } = rules;
        let ask = approach(&place, heading).filter(|_| max_groups != Some(0));
        let mut sent = Sent::default();
        if let Some(cursor) = ask.as_ref().and_then(|ask| ask.position.cursor()) {
            sent.insert(cursor);
        }
        let memory = if place == Place::Start { Memory::new(max_restarts) } else { Memory::Off };
        Self {
            heading,
            state: ask.map_or(State::Done, State::Ask),
            leaf: Leaf::at(place),
            sizes,
            left: max_groups,
            max_restarts,
            confirm_end,
            sent,
            memory,
            linked: false,
            empty_pages: 0,
            changed: 0,
            restarts: 0,
            saw_change: false,
            spare: Vec::new(),
        }
    }

    /// A walk that yields nothing.
    pub(crate) fn nowhere(rules: Rules) -> Self {
        Self::new(Place::Start, Direction::Forward, Rules { max_groups: Some(0), ..rules })
    }

    /// The walk in the other direction, with what this one knows about the server. The caller has not received the last
    /// `remaining` groups of the page.
    pub(crate) fn reversed(self, remaining: usize) -> Self {
        let rules = Rules {
            sizes: self.sizes,
            max_groups: self.left.map(|left| left + remaining),
            max_restarts: self.max_restarts,
            confirm_end: self.confirm_end,
        };
        let place = self.leaf.place(remaining);
        Self { restarts: self.restarts, ..Self::new(place, self.heading.reversed(), rules) }
    }

    pub(crate) fn heading(&self) -> Direction {
        self.heading
    }

    /// The place before the last `remaining` groups of the page that was yielded last.
    pub(crate) fn place(&self, remaining: usize) -> Place {
        self.leaf.place(remaining)
    }

    pub(crate) fn restarts(&self) -> u32 {
        self.restarts
    }

    /// See the field. Since then, groups may have been left out as repeats.
    pub(crate) fn saw_change(&self) -> bool {
        self.saw_change
    }

    pub(crate) fn has_sent(&self, text: &str) -> bool {
        self.sent.contains(text)
    }

    /// The request that the next [`Event::Pull`] makes.
    pub(crate) fn request(&self) -> Option<(Position, PageSize)> {
        match &self.state {
            State::Ask(ask) => Some((ask.position.clone(), self.limit(ask))),
            State::Failed { .. } | State::Halted(_) | State::Done => None,
        }
    }

    /// The page for [`Event::Page`]. The ids are in the server's order.
    pub(crate) fn view<'a>(
        &mut self,
        ids: impl DoubleEndedIterator<Item = &'a str>,
        next: Lead,
        previous: Lead,
    ) -> View {
        let direction = match &self.state {
            State::Ask(ask) => ask.position.direction(),
            State::Failed { .. } | State::Halted(_) | State::Done => self.heading,
        };
        View::new(direction, mem::take(&mut self.spare), ids, next, previous)
    }

    /// Bounds on the number of items still to come. An error is an item.
    pub(crate) fn size_hint(&self) -> (usize, Option<usize>) {
        match self.state {
            State::Ask(_) => (0, self.left),
            State::Failed { .. } => (1, Some(1)),
            State::Halted(_) | State::Done => (0, Some(0)),
        }
    }

    pub(crate) fn step(&mut self, event: Event) -> Outcome {
        let state = mem::replace(&mut self.state, State::Done);
        let (state, outcome) = match (state, event) {
            (State::Ask(ask), Event::Pull) => {
                let outcome = Outcome::Ask(ask.position.clone(), self.limit(&ask));
                (State::Ask(ask), outcome)
            }
            (State::Ask(ask), Event::Page(view)) => self.answered(ask, view),
            (State::Ask(ask), Event::Fault(fault)) => self.failed(ask, fault),
            (State::Failed { failure, again }, Event::Pull) => (State::Halted(again), Outcome::Fail(failure)),
            (State::Halted(again), Event::Resume) => {
                self.empty_pages = 0;
                self.changed = 0;
                self.memory.grant(self.max_restarts);
                (State::Ask(again), Outcome::Nothing)
            }
            (state @ (State::Halted(_) | State::Done), Event::Pull) => (state, Outcome::End),
            // An answer without a request, and a resumption without a failure, change nothing.
            (state @ (State::Ask(_) | State::Failed { .. } | State::Done), Event::Resume)
            | (state @ (State::Failed { .. } | State::Halted(_) | State::Done), Event::Page(_) | Event::Fault(_)) => {
                (state, Outcome::Nothing)
            }
        };
        self.state = state;
        outcome
    }

    fn answered(&mut self, ask: Ask, view: View) -> (State, Outcome) {
        let limit = self.limit(&ask);
        match ask.purpose {
            Purpose::List { .. } | Purpose::Seek(_) => {
                self.sizes.worked(limit);
                self.read(ask, limit, view)
            }
            Purpose::Settle(refused) => self.settle(*refused, view),
            Purpose::Probe(refused) => self.end(*refused),
        }
    }

    fn failed(&mut self, ask: Ask, fault: Fault) -> (State, Outcome) {
        let limit = self.limit(&ask);
        match (&ask.purpose, fault) {
            (Purpose::List { .. } | Purpose::Seek(_), Fault::Expired) => self.expired(ask, Failure::Request),
            (Purpose::List { .. } | Purpose::Seek(_), Fault::Invalid) => self.invalid(ask),
            (Purpose::List { .. } | Purpose::Seek(_), Fault::TooLarge | Fault::Unexplained)
                if self.sizes.refused(limit, fault) =>
            {
                let limit = self.limit(&ask);
                (State::Ask(ask), Outcome::Lowered(limit))
            }
            (Purpose::Settle(refused), Fault::Expired | Fault::Invalid) => {
                self.expired(Ask::clone(refused), Failure::Request)
            }
            (Purpose::Probe(refused), Fault::Expired | Fault::Invalid) => {
                (State::Halted(Ask::clone(refused)), Outcome::Fail(Failure::GivenCursor))
            }
            (_, Fault::TooLarge | Fault::Unexplained | Fault::Other) => {
                (State::Halted(ask), Outcome::Fail(Failure::Request))
            }
        }
    }

    /// The server calls a cursor invalid. That is the end of the list only if the cursor proves good: for a cursor from
    /// a page, that page is requested again; for the caller's, one group in the other direction.
    fn invalid(&mut self, refused: Ask) -> (State, Outcome) {
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
    fn settle(&mut self, refused: Ask, view: View) -> (State, Outcome) {
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
        if self.changed == MAX_CHANGED {
            return self.expired(refused, Failure::RefusedCursor);
        }
        self.changed += 1;
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

    /// Ends the list where the request would have continued.
    fn end(&mut self, ask: Ask) -> (State, Outcome) {
        let limit = self.limit(&ask);
        let view = View::empty(ask.position.direction());
        let (state, _) = self.read(ask, limit, view);
        (state, Outcome::Nothing)
    }

    /// Handles an expired cursor: restarts if it can.
    fn expired(&mut self, ask: Ask, failure: Failure) -> (State, Outcome) {
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

    /// Handles a page requested with `limit`: lists it, or searches it for a place.
    fn read(&mut self, ask: Ask, limit: PageSize, view: View) -> (State, Outcome) {
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
            Some(_) if self.changed == MAX_CHANGED => {
                return (State::Halted(ask), Outcome::Fail(Failure::Unstable));
            }
            Some(last) => {
                self.changed += 1;
                Ask::seek(Seek::new(last))
            }
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

    /// The page size of a request: at most the groups still wanted, plus those to skip before them.
    fn limit(&self, ask: &Ask) -> PageSize {
        let seek = match &ask.purpose {
            Purpose::List { .. } => None,
            Purpose::Seek(seek) => Some(seek),
            // The same request as before, so that the answers can be compared.
            Purpose::Settle(refused) => return refused.giver.as_ref().map_or(PageSize::DEFAULT, |giver| giver.limit),
            Purpose::Probe(_) => return PageSize::MIN,
        };
        let size = self.sizes.next(seek.is_some());
        let skip = match seek {
            None => 0,
            Some(seek) if ask.position.direction() == self.heading && !seek.is_lost() => seek.ahead(),
            // The gap may be anywhere.
            Some(_) => return size,
        };
        match self.left {
            Some(left) if !self.memory.skips() => {
                size.min(PageSize::clamped(u32::try_from(left.saturating_add(skip)).unwrap_or(u32::MAX)))
            }
            _ => size,
        }
    }
}

#[cfg(test)]
mod tests;
