//! The state machine of a walk through a list with cursors. Pure: no I/O, no clock, no async. Each rule has a file:
//!
//! - `view`: a page in the order of the walk; the only file in which forward and backward differ,
//! - `end`: where a page leads, and what establishes the end of the list,
//! - `read`: what a page means, and what the walk does with it,
//! - `refused`: what a failed request means, and a refused cursor,
//! - `request`: what is requested next, and why,
//! - `seek`: how a gap is found again,
//! - `place`: a gap between two groups,
//! - `current`: the page that the caller reads, and the place of the walk after each of its groups,
//! - `history`: the cursors sent, and the bounds against endless loops,
//! - `memory`: the groups that a restart leaves out,
//! - `size`: the page size,
//! - `failure`: what can be wrong with a request, and why a walk stops.

mod current;
mod end;
mod failure;
mod history;
mod memory;
mod place;
mod read;
mod refused;
mod request;
mod seek;
mod size;
mod view;

use std::mem;

use crate::cursor::{Direction, Position};

use current::CurrentPage;
use history::History;
use memory::Memory;
use request::{Ask, Request};
use view::View;

pub use crate::cursor::PageSize;
pub(crate) use failure::{Failure, Problem};
#[cfg(test)]
pub(crate) use place::Anchor;
pub(crate) use place::{Gap, Place};
pub(crate) use size::Sizes;
#[cfg(test)]
pub(crate) use view::hash;
pub(crate) use view::{Kept, Side};

#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) sizes: Sizes,
    /// Groups that may still be yielded.
    pub(crate) max_groups: Option<usize>,
    pub(crate) max_restarts: u32,
    pub(crate) confirm_end: bool,
}

/// A walk through the list.
///
/// [`pull`](Self::pull) says which page is wanted. [`page`](Self::page) or [`failed`](Self::failed) answers it.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    heading: Direction,
    state: State,
    page: CurrentPage,
    rules: Rules,
    history: History,
    /// `None`: the walk did not begin at the start of the list, or must not restart.
    memory: Option<Memory>,
    restarts: u32,
    /// Whether a cursor was refused because the list had changed, or groups came twice.
    saw_change: bool,
    /// The buffer of an earlier page's hashes, reused for the next.
    spare: Vec<u64>,
}

#[derive(Clone, Debug)]
enum State {
    /// Wants this page.
    Going(Ask),
    /// Is about to report this failure. A resumed walk then makes this request.
    Failing(Failure, Request),
    /// Has reported a failure. A resumed walk wants this page.
    Failed(Ask),
    /// At the end of the list, or at `max_groups`.
    Done,
}

/// What comes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Yield these groups of the page, counted in the server's order; or an empty page.
    Yield(Kept),
    Nothing,
    /// Yield nothing after the n-th restart.
    Restarted(u32),
    /// Yield nothing; the page size is lowered.
    Lowered(PageSize),
    Fail(Failure),
}

impl Walk {
    pub(crate) fn new(place: Place, heading: Direction, rules: Rules) -> Self {
        let request = Request::first(&place, heading).filter(|_| rules.max_groups != Some(0));
        let mut history = History::default();
        let state = match request {
            None => State::Done,
            Some(request) => match history.admit(request.position.cursor()) {
                Ok(()) => State::Going(Ask::Page(request)),
                Err(failure) => State::Failing(failure, request),
            },
        };
        Self {
            heading,
            state,
            memory: Memory::new(rules.max_restarts).filter(|_| place == Place::Start),
            page: CurrentPage::at(place, heading),
            rules,
            history,
            restarts: 0,
            saw_change: false,
            spare: Vec::new(),
        }
    }

    /// The walk in the other direction. The caller has not received the last `remaining` groups of the page.
    pub(crate) fn reversed(self, remaining: usize) -> Self {
        let max_groups = self.rules.max_groups.map(|left| left + remaining);
        let rules = Rules { max_groups, ..self.rules };
        let walk = Self::new(self.page.place(remaining), self.heading.reversed(), rules);
        Self { restarts: self.restarts, ..walk }
    }

    pub(crate) fn heading(&self) -> Direction {
        self.heading
    }

    /// Yields at most `groups` more groups.
    pub(crate) fn limit(&mut self, groups: usize) {
        self.rules.max_groups = Some(groups);
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

    /// Bounds on the number of items still to come. An error is an item.
    pub(crate) fn size_hint(&self) -> (usize, Option<usize>) {
        match self.state {
            State::Going(_) => (0, self.rules.max_groups),
            State::Failing(..) => (1, Some(1)),
            State::Failed(_) | State::Done => (0, Some(0)),
        }
    }

    /// The page that is wanted, the same one until it is answered; `None` if [`pull`](Self::pull) fails or ends.
    pub(crate) fn wanted(&self) -> Option<(Position, PageSize)> {
        match &self.state {
            State::Going(Ask::Page(request)) => Some((request.position.clone(), self.size(request))),
            State::Going(Ask::Settle { page, .. }) => Some((page.position.clone(), page.size)),
            State::Going(Ask::Probe { back, .. }) => Some((back.clone(), PageSize::MIN)),
            State::Failing(..) | State::Failed(_) | State::Done => None,
        }
    }

    /// The page that is wanted. `None`: the walk has ended. An error comes once; then the walk has ended, until
    /// it is [resumed](Self::resume).
    pub(crate) fn pull(&mut self) -> Result<Option<(Position, PageSize)>, Failure> {
        match mem::replace(&mut self.state, State::Done) {
            State::Failing(failure, again) => {
                self.state = State::Failed(Ask::Page(again));
                Err(failure)
            }
            state => {
                self.state = state;
                Ok(self.wanted())
            }
        }
    }

    /// The page that was wanted. The ids are in the server's order.
    pub(crate) fn page<'a>(
        &mut self,
        ids: impl DoubleEndedIterator<Item = &'a str>,
        next: Side,
        previous: Side,
    ) -> Outcome {
        let Some((position, size)) = self.wanted() else { return Outcome::Nothing };
        let view = View::empty(position, size, self.heading);
        let view = view.filled(mem::take(&mut self.spare), ids, next, previous);
        self.answer(|walk, ask| match ask {
            Ask::Page(request) => {
                // An empty page may be short of its groups because of its size.
                if view.len() > 0 {
                    walk.rules.sizes.worked(view.size);
                }
                walk.read(request, view)
            }
            Ask::Settle { page, refused } => walk.settle(page, refused, view),
            Ask::Probe { refused, .. } => walk.end(refused),
        })
    }

    /// The request of the page that was wanted has failed.
    pub(crate) fn failed(&mut self, problem: Problem) -> Outcome {
        self.answer(|walk, ask| walk.fail(ask, problem))
    }

    /// Moves on by an answer. Without a request there is none, and nothing happens.
    fn answer(&mut self, next: impl FnOnce(&mut Self, Ask) -> (State, Outcome)) -> Outcome {
        let (state, outcome) = match mem::replace(&mut self.state, State::Done) {
            State::Going(ask) => next(self, ask),
            state => (state, Outcome::Nothing),
        };
        self.state = state;
        outcome
    }

    /// Continues after a failure that was reported.
    pub(crate) fn resume(&mut self) {
        self.state = match mem::replace(&mut self.state, State::Done) {
            State::Failed(ask) => {
                self.history.reset_bounds();
                if let Some(memory) = &mut self.memory {
                    memory.grant(self.rules.max_restarts);
                }
                State::Going(ask)
            }
            state => state,
        };
    }

    /// The page size of a request: at most the groups still wanted, plus those to skip before them, which are as many as
    /// on the last page where pages overlap.
    fn size(&self, request: &Request) -> PageSize {
        let size = self.rules.sizes.next(request.seek.is_some());
        let skip = match &request.seek {
            None => self.history.repeated(),
            Some(seek) if request.position.direction() == self.heading && !seek.is_lost() => seek.ahead(),
            // The gap may be anywhere.
            Some(_) => return size,
        };
        match self.rules.max_groups {
            Some(left) if !self.memory.as_ref().is_some_and(Memory::leaves_out) => {
                size.min(PageSize::clamped(u32::try_from(left.saturating_add(skip)).unwrap_or(u32::MAX)))
            }
            _ => size,
        }
    }
}

#[cfg(test)]
mod tests;
