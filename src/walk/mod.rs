//! The state machine of a walk through a list with cursors. Pure: no I/O, no clock, no async. [`Walk::step`] is one
//! match over the state and the event. Each rule has a file:
//!
//! - `read`: what the walk does with a page,
//! - `refused`: what a refused cursor means,
//! - `view`: a page in the order of the walk; the only file in which forward and backward differ,
//! - `end`: where a page leads, and what establishes the end of the list,
//! - `place`: the place of the walk after each group,
//! - `seek`: what is requested next, and how a gap is found again,
//! - `history`: the cursors sent, and the bounds against endless loops,
//! - `memory`: the groups that a restart leaves out,
//! - `size`: the page size,
//! - `fault`: what failed requests mean.

mod end;
mod fault;
mod history;
mod memory;
mod place;
mod read;
mod refused;
mod seek;
mod size;
mod view;

use std::mem;

use crate::cursor::{Direction, Position};

use history::History;
use memory::Memory;
use place::CurrentPage;
use seek::{Request, first_request};

pub(crate) use fault::{Failure, Fault};
pub(crate) use place::{Anchor, Gap, Place};
pub use size::PageSize;
pub(crate) use size::Sizes;
pub(crate) use view::{Kept, Side, View, hash};

#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) sizes: Sizes,
    /// Groups that may still be yielded.
    pub(crate) max_groups: Option<usize>,
    pub(crate) max_restarts: u32,
    pub(crate) confirm_end: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Walk {
    heading: Direction,
    state: State,
    page: CurrentPage,
    rules: Rules,
    history: History,
    memory: Memory,
    restarts: u32,
    /// Whether a cursor was refused because the list had changed.
    saw_change: bool,
    /// The buffer of an earlier page's hashes, reused for the next.
    spare: Vec<u64>,
}

/// What the next [`Event::Pull`] does.
#[derive(Clone, Debug)]
enum State {
    /// Requests a page.
    Request(Request),
    /// Requests the page again that ends at this gap and gave the cursor that was refused, to tell whether the refusal
    /// was the end of the list.
    Settle { page: Gap, refused: Request },
    /// Requests one group in the other direction, to tell whether the caller's cursor is good.
    Probe { back: Position, refused: Request },
    /// Fails. [`Event::Resume`] then continues with this request.
    Failed { failure: Failure, again: Request },
    /// Ends, because a failure was reported. [`Event::Resume`] continues in this state.
    Halted(Box<State>),
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
    Request(Position, PageSize),
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

impl State {
    fn halted(self, failure: Failure) -> (Self, Outcome) {
        (Self::Halted(Box::new(self)), Outcome::Fail(failure))
    }
}

impl Walk {
    pub(crate) fn new(place: Place, heading: Direction, rules: Rules) -> Self {
        Self::begin(place, heading, rules, History::default())
    }

    fn begin(place: Place, heading: Direction, rules: Rules, mut history: History) -> Self {
        let request = first_request(&place, heading).filter(|_| rules.max_groups != Some(0));
        if let Some(cursor) = request.as_ref().and_then(|request| request.position.cursor()) {
            history.send(cursor);
        }
        let memory = if place == Place::Start { Memory::new(rules.max_restarts) } else { Memory::Off };
        Self {
            heading,
            state: request.map_or(State::Done, State::Request),
            page: CurrentPage::at(place),
            rules,
            history,
            memory,
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
        let max_groups = self.rules.max_groups.map(|left| left + remaining);
        let (place, heading) = (self.page.place(remaining), self.heading.reversed());
        let walk = Self::begin(place, heading, Rules { max_groups, ..self.rules }, self.history.reversed());
        Self { restarts: self.restarts, ..walk }
    }

    pub(crate) fn heading(&self) -> Direction {
        self.heading
    }

    /// The place before the last `remaining` groups of the page that was yielded last.
    pub(crate) fn place(&self, remaining: usize) -> Place {
        self.page.place(remaining)
    }

    pub(crate) fn restarts(&self) -> u32 {
        self.restarts
    }

    /// See the field. Since then, groups may have been left out as repeats.
    pub(crate) fn saw_change(&self) -> bool {
        self.saw_change
    }

    #[cfg(test)]
    pub(crate) fn has_sent(&self, text: &str) -> bool {
        self.history.has_sent(text)
    }

    /// The request that the next [`Event::Pull`] makes.
    pub(crate) fn request(&self) -> Option<(Position, PageSize)> {
        self.request_in(&self.state)
    }

    fn request_in(&self, state: &State) -> Option<(Position, PageSize)> {
        match state {
            State::Request(request) => Some((request.position.clone(), self.limit(request))),
            State::Settle { page, .. } => Some((page.position.clone(), page.limit)),
            State::Probe { back, .. } => Some((back.clone(), PageSize::MIN)),
            State::Failed { .. } | State::Halted(_) | State::Done => None,
        }
    }

    /// The page for [`Event::Page`], which answers [`request`](Self::request). The ids are in the server's order.
    pub(crate) fn view<'a>(
        &mut self,
        ids: impl DoubleEndedIterator<Item = &'a str>,
        next: Side,
        previous: Side,
    ) -> View {
        let (position, limit) = self.request().unwrap_or((Position::Start, PageSize::DEFAULT));
        View::empty(position, limit).fill(mem::take(&mut self.spare), ids, next, previous)
    }

    /// Bounds on the number of items still to come. An error is an item.
    pub(crate) fn size_hint(&self) -> (usize, Option<usize>) {
        match self.state {
            State::Request(_) | State::Settle { .. } | State::Probe { .. } => (0, self.rules.max_groups),
            State::Failed { .. } => (1, Some(1)),
            State::Halted(_) | State::Done => (0, Some(0)),
        }
    }

    pub(crate) fn step(&mut self, event: Event) -> Outcome {
        let (state, outcome) = match (mem::replace(&mut self.state, State::Done), event) {
            (State::Request(request), Event::Page(view)) => {
                self.rules.sizes.worked(view.limit);
                self.read(request, view)
            }
            (State::Request(request), Event::Fault(Fault::Expired)) => self.expired(request, Failure::Request),
            (State::Request(request), Event::Fault(Fault::Invalid)) => self.invalid(request),
            (State::Request(request), Event::Fault(fault)) => {
                if self.rules.sizes.refused(self.limit(&request), fault) {
                    let limit = self.limit(&request);
                    (State::Request(request), Outcome::Lowered(limit))
                } else {
                    State::Request(request).halted(Failure::Request)
                }
            }

            (State::Settle { page, refused }, Event::Page(view)) => self.settle(page, refused, view),
            (State::Settle { refused, .. }, Event::Fault(Fault::Expired | Fault::Invalid)) => {
                self.expired(refused, Failure::Request)
            }
            (State::Probe { refused, .. }, Event::Page(_)) => self.end(refused),
            (State::Probe { refused, .. }, Event::Fault(Fault::Expired | Fault::Invalid)) => {
                State::Request(refused).halted(Failure::GivenCursor)
            }
            (state @ (State::Settle { .. } | State::Probe { .. }), Event::Fault(_)) => state.halted(Failure::Request),

            (State::Failed { failure, again }, Event::Pull) => State::Request(again).halted(failure),
            (State::Halted(state), Event::Resume) => {
                self.history.reset_bounds();
                self.memory.grant(self.rules.max_restarts);
                (*state, Outcome::Nothing)
            }
            (state, Event::Pull) => {
                let request = self.request_in(&state);
                (state, request.map_or(Outcome::End, |(position, limit)| Outcome::Request(position, limit)))
            }
            // An answer without a request, and a resumption without a failure, change nothing.
            (state @ (State::Failed { .. } | State::Halted(_) | State::Done), Event::Page(_) | Event::Fault(_))
            | (
                state @ (State::Request(_)
                | State::Settle { .. }
                | State::Probe { .. }
                | State::Failed { .. }
                | State::Done),
                Event::Resume,
            ) => (state, Outcome::Nothing),
        };
        self.state = state;
        outcome
    }

    /// The page size of a request: at most the groups still wanted, plus those to skip before them.
    fn limit(&self, request: &Request) -> PageSize {
        let size = self.rules.sizes.next(request.seek.is_some());
        let skip = match &request.seek {
            None => 0,
            Some(seek) if request.position.direction() == self.heading && !seek.is_lost() => seek.ahead(),
            // The gap may be anywhere.
            Some(_) => return size,
        };
        match self.rules.max_groups {
            Some(left) if !self.memory.skips() => {
                size.min(PageSize::clamped(u32::try_from(left.saturating_add(skip)).unwrap_or(u32::MAX)))
            }
            _ => size,
        }
    }
}

#[cfg(test)]
mod tests;
