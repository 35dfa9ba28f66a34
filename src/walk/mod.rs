//! The state machine of a walk through a list with cursors. Pure: no I/O, no clock, no async. [`Walk::step`] is one
//! match over the state and the event. Each rule has a file:
//!
//! - `read`: what the walk does with a page,
//! - `refused`: what a refused cursor means,
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
mod read;
mod refused;
mod seek;
mod size;
mod view;

use std::mem;

use crate::cursor::{Direction, Position};

use memory::{Memory, Sent};
use place::Leaf;
use seek::{Ask, Purpose, approach};

pub(crate) use fault::{Failure, Fault};
pub(crate) use place::{Beside, Mark, Place};
pub use size::PageSize;
pub(crate) use size::Sizes;
pub(crate) use view::{Kept, Lead, View, hash};

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
        Self::begin(place, heading, rules, Sent::default())
    }

    fn begin(place: Place, heading: Direction, rules: Rules, mut sent: Sent) -> Self {
        let Rules { sizes, max_groups, max_restarts, confirm_end } = rules;
        let ask = approach(&place, heading).filter(|_| max_groups != Some(0));
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
    pub(crate) fn reversed(mut self, remaining: usize) -> Self {
        let rules = Rules {
            sizes: self.sizes,
            max_groups: self.left.map(|left| left + remaining),
            max_restarts: self.max_restarts,
            confirm_end: self.confirm_end,
        };
        let place = self.leaf.place(remaining);
        self.sent.start_over();
        Self { restarts: self.restarts, ..Self::begin(place, self.heading.reversed(), rules, self.sent) }
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
