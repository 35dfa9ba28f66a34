//! The crate's walk, as the explorer drives it.

use std::sync::LazyLock;

use crate::cursor::{Direction, Position};
use crate::server::{Groups, Page};
use crate::walk::{self, Gap, Kept, Outcome, PageSize, Place, Problem, Side, Sizes, Walk};

/// What the caller sets about a walk.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub size: Size,
    pub max_groups: Option<u8>,
    pub max_restarts: u8,
    pub confirm_end: bool,
}

/// How many groups a page is asked to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// This many, always.
    Fixed(u8),
    /// 25 at first, then as many as the server takes.
    Adaptive,
}

/// The result of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// This page is requested.
    Ask(Position, u32),
    /// The caller gets these groups, in the order of the walk.
    Yield(Groups),
    Nothing,
    Fail(Failure),
    End,
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 131059.
    Expired,
    /// 2642.
    Invalid,
    /// The page size is refused.
    Unexplained,
    /// The network failed.
    Transient,
}

/// Why a walk stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// For the reason that was reported last.
    Request,
    /// The caller's cursor is no good.
    GivenCursor,
    /// A cursor that the server sent is no good.
    RefusedCursor,
    Loop,
    NoProgress,
    Unstable,
    NoWayBack,
    /// Something that no server here does.
    Other,
}

/// The ids of the groups, by their serial numbers.
static IDS: LazyLock<Vec<String>> = LazyLock::new(|| (0..=u8::MAX).map(|serial| format!("g{serial}")).collect());

/// The crate's walk. It can be cloned at any moment.
#[derive(Clone, Debug)]
pub(crate) struct Walker {
    walk: Walk,
    /// The groups of the page that answered the last request.
    page: Groups,
}

/// A saved place, and the direction in which the walk goes on from it.
pub(crate) type Saved = (Place, Direction);

impl Walker {
    /// A walk from the start of the list, or from a cursor that the caller gives.
    pub(crate) fn new(from: Position, rules: Rules) -> Self {
        let heading = from.direction();
        let place = match from {
            Position::Start => Place::Start,
            given => Place::Middle(Gap::before(given, PageSize::DEFAULT)),
        };
        Self::resumed((place, heading), rules)
    }

    /// A walk from a saved place.
    pub(crate) fn resumed((place, heading): Saved, rules: Rules) -> Self {
        let rules = walk::Rules {
            sizes: sizes(rules.size),
            max_groups: rules.max_groups.map(usize::from),
            max_restarts: rules.max_restarts.into(),
            confirm_end: rules.confirm_end,
        };
        Self { walk: Walk::new(place, heading, rules), page: Groups::default() }
    }

    /// The caller has all groups so far, and wants more.
    pub(crate) fn pull(&mut self) -> Step {
        match self.walk.pull() {
            Ok(Some((position, size))) => Step::Ask(position, size.get()),
            Ok(None) => Step::End,
            Err(failure) => Step::Fail(failure.into()),
        }
    }

    /// The request is answered by this page.
    pub(crate) fn page(&mut self, page: &Page) -> Step {
        self.page = page.groups;
        let side = |link, cursor: &Option<_>| Side { link, cursor: cursor.clone() };
        let ids = page.groups.as_slice().iter().map(|serial| IDS[usize::from(*serial)].as_str());
        let outcome = self.walk.page(ids, side(page.has_next, &page.after), side(page.has_previous, &page.before));
        self.step(outcome)
    }

    /// The request failed.
    pub(crate) fn failed(&mut self, fault: Fault) -> Step {
        let outcome = self.walk.failed(match fault {
            Fault::Expired => Problem::Expired,
            Fault::Invalid => Problem::Invalid,
            Fault::Unexplained => Problem::Unexplained,
            Fault::Transient => Problem::Other,
        });
        self.step(outcome)
    }

    /// The caller wants to go on after an error.
    pub(crate) fn resume(&mut self) {
        self.walk.resume();
    }

    /// The place before the last `remaining` groups of the page that was yielded last.
    pub(crate) fn place(&self, remaining: u8) -> Saved {
        (self.walk.place(remaining.into()), self.walk.heading())
    }

    /// The walk back from there.
    pub(crate) fn reversed(self, remaining: u8) -> Self {
        Self { walk: self.walk.reversed(remaining.into()), page: Groups::default() }
    }

    fn step(&self, outcome: Outcome) -> Step {
        match outcome {
            Outcome::Yield(kept) => Step::Yield(self.yielded(&kept)),
            Outcome::Nothing | Outcome::Restarted(_) | Outcome::Lowered(_) => Step::Nothing,
            Outcome::Fail(failure) => Step::Fail(failure.into()),
        }
    }

    /// The groups of the page that the caller gets, in the order of the walk.
    fn yielded(&self, kept: &Kept) -> Groups {
        let all = self.page.as_slice().iter().enumerate();
        let is_kept = |index: usize| match kept {
            Kept::Run(run) => run.contains(&index),
            Kept::Each(each) => each[index],
        };
        let kept = all.filter(|(index, _)| is_kept(*index)).map(|(_, serial)| *serial);
        match self.walk.heading() {
            Direction::Forward => kept.collect(),
            Direction::Backward => kept.rev().collect(),
        }
    }
}

impl From<walk::Failure> for Failure {
    fn from(failure: walk::Failure) -> Self {
        match failure {
            walk::Failure::Request => Self::Request,
            walk::Failure::GivenCursor => Self::GivenCursor,
            walk::Failure::RefusedCursor => Self::RefusedCursor,
            walk::Failure::Loop => Self::Loop,
            walk::Failure::NoProgress => Self::NoProgress,
            walk::Failure::Unstable => Self::Unstable,
            walk::Failure::NoWayBack => Self::NoWayBack,
            _ => Self::Other,
        }
    }
}

fn sizes(size: Size) -> Sizes {
    match size {
        Size::Fixed(size) => Sizes::Fixed(PageSize::clamped(size.into())),
        Size::Adaptive => Sizes::adaptive(),
    }
}
