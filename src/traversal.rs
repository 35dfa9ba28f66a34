//! The cursor state machine: where to ask next, what of an answer to yield, and whether this is the end.
//!
//! Pure: no I/O, no clock, no async. [`Traversal::next`] says what to do, [`Traversal::page`] and [`Traversal::failed`]
//! tell it what came of it, and [`Traversal::yielding`] which groups the caller gets. Every rule about order, end, loops,
//! restarts and page size is in this module and its rooms:
//!
//! - `onward`: where a page leads, and what is the end of the list,
//! - `trail`: the place of the walk after each group of a page,
//! - `seek`: the way back to a place,
//! - `size`: how many groups to ask for,
//! - `memory`: the cursors sent and the groups yielded.

mod memory;
mod onward;
mod seek;
mod size;
mod trail;

use std::mem;

use crate::checkpoint::{Anchor, Beside, Cause, Checkpoint, Mark, Place};
use crate::cursor::{Direction, MAX_CURSOR_BYTES};
use crate::error::Error;
use crate::page::{Group, Page, PageSize};
use crate::source::{PageRequest, Position};

use memory::{Sent, Yielded};
use onward::{Onward, may_be_past_the_end};
use seek::{By, Seek};
pub(crate) use size::Sizing;
pub(crate) use trail::{Edge, Trail, Whereabouts};

/// How many empty pages in a row end the walk with an error.
///
/// The API may send empty pages in the middle of a list (Graph API, "Paginated Results"). A hundred in a row have never
/// been reported; they are a server that goes nowhere under ever new cursors.
const MAX_EMPTY_PAGES: u32 = 100;

/// What the caller of the crate may set about a walk.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) sizing: Sizing,
    pub(crate) max_groups: Option<usize>,
    pub(crate) max_restarts: u32,
}

/// A walk through the server's list.
pub(crate) struct Traversal {
    /// The way in which groups are yielded.
    heading: Direction,
    state: State,
    sizing: Sizing,
    /// How many groups may still be yielded.
    left: Option<usize>,
    max_restarts: u32,
    /// How often the walk has started again because its cursor had expired.
    restarts: u32,
    healing: Option<Healing>,
    /// The cursors sent since the walk last changed its direction or started again.
    sent: Sent,
    /// Whether the server has sent a link in the direction of the requests: then the absence of one says something.
    linked: bool,
    /// Pages without groups since the last one with some.
    empty_pages: u32,
    /// The end of the last page that had groups.
    previous: Option<Mark>,
}

enum State {
    /// Ask for a page.
    Ask(Ask),
    /// Tell the caller about the error. Where the walk can go on after it, `again` is how.
    Broken { error: Error, again: Option<Ask> },
    /// The caller knows about the error. Nothing comes, unless the caller wants to go on.
    Halted { again: Ask },
    /// Nothing comes any more: the list is at its end, or the caller wanted no more of it.
    Done,
}

#[derive(Clone)]
struct Ask {
    page: Anchor,
    /// The place to find there, or behind there, before anything is yielded.
    seek: Option<Seek>,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Ask this, and tell [`Traversal::page`] or [`Traversal::failed`] what came of it.
    Ask(PageRequest),
    /// Yield this error.
    Fail(Error),
    /// Nothing.
    Stop,
}

/// What an answer brought.
pub(crate) struct Leg {
    /// What the caller gets, in the server's order; `None` where the answer has nothing for the caller.
    pub(crate) page: Option<Page>,
    pub(crate) step: Step,
    /// What the walk has decided by itself, for those who watch it.
    pub(crate) notice: Option<Notice>,
}

/// A decision of the walk that its caller does not see in the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// It has begun again, for the n-th time.
    Restarted(u32),
    /// It asks for smaller pages.
    Lowered(PageSize),
}

/// How an answer moves the caller's place.
pub(crate) enum Step {
    /// Onto the groups of a page.
    Onto(Trail),
    /// Past a page without groups.
    Past(Edge),
}

impl Leg {
    fn nothing(edge: Edge) -> Self {
        Self { page: None, step: Step::Past(edge), notice: None }
    }
}

/// What a walk that began at the start of the list keeps, so that it can start again.
struct Healing {
    yielded: Yielded,
    /// How many restarts are left.
    left: u32,
    /// Whether there was a restart: then what was yielded before it is skipped.
    restarted: bool,
}

impl Traversal {
    /// A walk that goes on at `from`.
    pub(crate) fn new(from: &Checkpoint, rules: Rules) -> Self {
        let Rules { sizing, max_groups, max_restarts } = rules;
        let mut walk = Self {
            heading: from.heading,
            state: State::Done,
            sizing,
            left: max_groups,
            max_restarts,
            restarts: 0,
            healing: None,
            sent: Sent::default(),
            linked: false,
            empty_pages: 0,
            previous: None,
        };
        walk.set_out(from);
        walk
    }

    /// A walk that yields this error and nothing else.
    pub(crate) fn refused(error: Error, rules: Rules) -> Self {
        let mut walk = Self::new(&Checkpoint::start(), Rules { max_groups: Some(0), ..rules });
        walk.state = State::Broken { error, again: None };
        walk
    }

    /// The walk that goes on at `from`, with what this one has learnt of the server; `unyielded` groups that it has
    /// handed out never reached the caller.
    pub(crate) fn restart_at(self, from: &Checkpoint, unyielded: usize) -> Self {
        let rules = Rules {
            sizing: self.sizing,
            max_groups: self.left.map(|left| left + unyielded),
            max_restarts: self.max_restarts,
        };
        let mut walk = Self { restarts: self.restarts, ..Self::new(from, rules) };
        if let State::Broken { again: None, .. } = self.state {
            // Bad input stays bad, whichever way the walk goes.
            walk.state = self.state;
        }
        walk
    }

    fn set_out(&mut self, from: &Checkpoint) {
        if self.left == Some(0) {
            return;
        }
        let ask = match &from.place {
            Place::Start if self.heading == Direction::Forward => {
                self.healing = (self.max_restarts > 0).then(|| Healing {
                    yielded: Yielded::default(),
                    left: self.max_restarts,
                    restarted: false,
                });
                Ask { page: Anchor::start(), seek: None }
            }
            Place::Middle(mark) => match self.approach(mark) {
                Some(ask) => ask,
                None => return,
            },
            Place::End(Some(mark)) if self.heading == Direction::Backward => match self.approach(mark) {
                Some(ask) => ask,
                None => return,
            },
            Place::Start | Place::End(_) => return,
        };
        self.linked = ask.page.cause == Cause::Linked;
        if let Some(cursor) = ask.page.position.cursor() {
            self.sent.insert(cursor);
        }
        self.state = State::Ask(ask);
    }

    /// The first request of a walk that goes on at `mark`; `None` where nothing lies ahead.
    fn approach(&mut self, mark: &Mark) -> Option<Ask> {
        if let Some(then) = mark.then.as_ref().filter(|then| then.position.direction() == self.heading) {
            self.previous = Some(Mark { then: None, ..mark.clone() });
            return Some(Ask { page: then.clone(), seek: None });
        }
        let turned = mark.page.position.direction() != self.heading;
        match (mark.passed, turned) {
            (0, true) if mark.page.position == Position::Start => None,
            (0, false) => {
                self.previous = mark.prior.as_deref().cloned();
                Some(Ask { page: mark.page.clone(), seek: None })
            }
            _ => Some(Ask { page: mark.page.clone(), seek: Some(Seek::new(mark.clone())) }),
        }
    }

    /// Says what to do. Asking twice changes nothing, except that an error is told once.
    pub(crate) fn next(&mut self) -> Next {
        if let Some(request) = self.request() {
            return Next::Ask(request);
        }
        match mem::replace(&mut self.state, State::Done) {
            State::Broken { error, again } => {
                self.state = again.map_or(State::Done, |again| State::Halted { again });
                Next::Fail(error)
            }
            idle => {
                self.state = idle;
                Next::Stop
            }
        }
    }

    /// The request that [`next`](Self::next) would ask for.
    pub(crate) fn request(&self) -> Option<PageRequest> {
        match &self.state {
            State::Ask(ask) => Some(PageRequest::new(ask.page.position.clone(), self.limit(ask))),
            State::Broken { .. } | State::Halted { .. } | State::Done => None,
        }
    }

    /// Goes on after an error. Does nothing where there was none.
    pub(crate) fn resume(&mut self) {
        if let State::Halted { again } = &self.state {
            self.state = State::Ask(again.clone());
            self.empty_pages = 0;
            if let Some(healing) = &mut self.healing {
                healing.left = self.max_restarts;
            }
        }
    }

    pub(crate) fn heading(&self) -> Direction {
        self.heading
    }

    pub(crate) fn restarts(&self) -> u32 {
        self.restarts
    }

    /// How many items can still come of this, at least and at most. An error is an item.
    pub(crate) fn size_hint(&self) -> (usize, Option<usize>) {
        match self.state {
            State::Ask(_) => (0, self.left),
            State::Broken { .. } => (1, Some(1)),
            State::Halted { .. } | State::Done => (0, Some(0)),
        }
    }

    /// The page that was asked for came.
    pub(crate) fn page(&mut self, mut page: Page) -> Leg {
        let State::Ask(ask) = mem::replace(&mut self.state, State::Done) else {
            return Leg::nothing(Edge::Unknown);
        };
        let limit = self.limit(&ask);
        self.sizing.worked(limit);
        let walk = ask.page.position.direction();
        let onward = self.onward(&ask, &page, limit);
        self.linked |= page.link(walk);
        let was_empty = page.groups.is_empty();
        self.empty_pages = if was_empty { self.empty_pages + 1 } else { 0 };

        let gap = match &ask.seek {
            None => 0,
            Some(seek) => match seek.gap(&page, walk) {
                Some(gap) => gap,
                None if seek.by == By::PageEnd && matches!(onward, Onward::End) => page.groups.len(),
                None => return self.search_on(&ask, &page, onward),
            },
        };

        let prior = self.prior(&ask, &page);
        let turned = walk != self.heading;
        let onward = if turned { self.turn(&ask, &page, &onward, prior.as_deref()) } else { onward };
        let skipped = cut(&mut page, gap, walk, self.heading) + self.skip_yielded(&mut page);
        let base = if turned { gap } else { skipped };
        let surplus = self.take(&mut page);

        let mut trail =
            Trail { page: ask.page.clone(), turned, base, count: page.groups.len(), prior, edge: Edge::Unknown };
        let end = page.last(self.heading).map(|last| trail.mark(trail.count, copied(&last.id, self.previous.as_mut())));
        trail.edge = self.go(onward, surplus, || match &end {
            Some(end) => Ask { page: ask.page.clone(), seek: Some(Seek::new(end.clone())) },
            None => ask.clone(),
        });
        self.pass(&ask.page, end);

        if trail.count > 0 {
            return Leg { page: Some(page), step: Step::Onto(trail), notice: None };
        }
        // The caller gets the server's empty pages too, but not those that only say where nothing is any more.
        let is_of_the_list = was_empty && ask.seek.is_none() && ask.page.cause != Cause::Unlinked;
        Leg { page: is_of_the_list.then_some(page), ..Leg::nothing(trail.edge) }
    }

    /// The caller gets these groups. To be told of every group of a page before the next one: should the walk have to start
    /// again, it skips them.
    pub(crate) fn yielding(&mut self, groups: &[Group]) {
        if let Some(healing) = &mut self.healing {
            healing.yielded.extend(groups);
        }
    }

    /// The request failed.
    pub(crate) fn failed(&mut self, error: Error) -> Leg {
        let State::Ask(ask) = mem::replace(&mut self.state, State::Done) else {
            return Leg::nothing(Edge::Unknown);
        };
        if error.is_invalid_cursors() && may_be_past_the_end(&ask.page) {
            match &ask.seek {
                None => return Leg::nothing(Edge::End),
                // Nothing lies before the cursor at which the walk turned round, so the list begins there.
                Some(seek) if seek.is_untrodden() && self.heading == Direction::Forward => {
                    self.sent.clear();
                    self.state = State::Ask(Ask { page: Anchor::start(), seek: None });
                    return Leg::nothing(Edge::Unknown);
                }
                // A search that ran past the end of the list: an empty page would say the same.
                Some(seek) if seek.searched > 0 => {
                    self.state = State::Ask(ask);
                    return self.page(Page::default());
                }
                Some(_) => {}
            }
        }
        let limit = self.limit(&ask);
        let mut notice = None;
        self.state = if self.sizing.refused(limit, &error) {
            notice = Some(Notice::Lowered(self.limit(&ask)));
            State::Ask(ask)
        } else if error.is_cursor_expired() && ask.page.position != Position::Start && self.heal() {
            notice = Some(Notice::Restarted(self.restarts));
            State::Ask(Ask { page: Anchor::start(), seek: None })
        } else {
            State::Broken { error, again: Some(ask) }
        };
        Leg { notice, ..Leg::nothing(Edge::Unknown) }
    }

    /// How many groups to ask for: never more than the caller still wants, and what has to be skipped before them.
    fn limit(&self, ask: &Ask) -> PageSize {
        let size = self.sizing.next(ask.seek.is_some());
        let skip = match &ask.seek {
            None => 0,
            // What is sought may be anywhere from here on.
            Some(seek) if seek.is_astray() => return size,
            Some(seek) if ask.page.position.direction() == self.heading => seek.ahead(),
            Some(_) => return size,
        };
        match self.left {
            Some(left) if !self.has_restarted() => {
                size.min(PageSize::clamped(u32::try_from(left.saturating_add(skip)).unwrap_or(u32::MAX)))
            }
            _ => size,
        }
    }

    /// The place before a page that has no cursor back.
    fn prior(&self, ask: &Ask, page: &Page) -> Option<Box<Mark>> {
        let back = ask.page.position.direction().reversed();
        if page.cursor(back).is_some() || ask.page.position == Position::Start {
            return None;
        }
        match &ask.seek {
            Some(Seek { mark, searched: 0, .. }) if mark.prior.is_some() => mark.prior.clone(),
            _ => self.previous.clone().map(|previous| Box::new(Mark { prior: None, ..previous })),
        }
    }

    /// The place sought is not on this page.
    fn search_on(&mut self, ask: &Ask, page: &Page, onward: Onward) -> Leg {
        let Some(seek) = ask.seek.clone() else { return Leg::nothing(Edge::Unknown) };
        let searched = seek.searched + page.groups.len();
        self.pass(&ask.page, end_of(&ask.page, page));
        match onward {
            Onward::End => {
                // The group beside the gap is gone: the page is listed again. A repeat, never a loss.
                self.sent.clear();
                let page = seek.mark.page.clone();
                let seek = if page.position.direction() == self.heading {
                    Seek::new(Mark::before(page.clone()))
                } else {
                    Seek { by: By::PageEnd, ..Seek::new(seek.mark) }
                };
                self.state = State::Ask(Ask { page, seek: Some(seek) });
            }
            onward => {
                self.go(onward, 0, || ask.clone());
                if let State::Ask(next) | State::Broken { again: Some(next), .. } = &mut self.state {
                    if next.page != ask.page {
                        next.seek = Some(Seek { searched, ..seek });
                    }
                }
            }
        }
        Leg::nothing(Edge::Unknown)
    }

    /// Notes the end of a page, which is also the end of the one before where the page has no groups.
    fn pass(&mut self, page: &Anchor, end: Option<Mark>) {
        self.previous = end.or(self.previous.take()).or_else(|| Some(Mark::before(page.clone())));
    }

    /// Sets out for where a page leads. Returns what that means for the place at the page's end, behind which `surplus`
    /// groups of the page were left out.
    fn go(&mut self, onward: Onward, surplus: usize, again: impl FnOnce() -> Ask) -> Edge {
        if self.left == Some(0) {
            self.state = State::Done;
            return match onward {
                _ if surplus > 0 => Edge::Unknown,
                Onward::To(next) => Edge::Next(next),
                Onward::End => Edge::End,
                Onward::Back(_) | Onward::Astray(_) => Edge::Unknown,
            };
        }
        match onward {
            Onward::To(next) => {
                if let Err(error) = self.check(&next) {
                    self.state = State::Broken { error, again: Some(again()) };
                    return Edge::Unknown;
                }
                let ask = Ask { page: next.clone(), seek: None };
                self.state = if self.empty_pages < MAX_EMPTY_PAGES {
                    State::Ask(ask)
                } else {
                    let detail = "a hundred pages in a row have no groups, and each leads to another page";
                    State::Broken { error: Error::protocol(detail), again: Some(ask) }
                };
                Edge::Next(next)
            }
            Onward::Back(mark) => {
                let ask = self.approach(&mark);
                let edge = if ask.is_some() { Edge::Unknown } else { Edge::End };
                self.state = ask.map_or(State::Done, State::Ask);
                edge
            }
            Onward::End => {
                self.state = State::Done;
                Edge::End
            }
            Onward::Astray(error) => {
                self.state = State::Broken { error, again: Some(again()) };
                Edge::Unknown
            }
        }
    }

    /// Whether the cursor may be sent: not too long, and never sent before.
    fn check(&mut self, next: &Anchor) -> Result<(), Error> {
        let Some(cursor) = next.position.cursor() else { return Ok(()) };
        let length = cursor.as_str().len();
        if length > MAX_CURSOR_BYTES {
            return Err(Error::cursor_too_long(length));
        }
        if !self.sent.insert(cursor) {
            return Err(Error::cursor_loop());
        }
        Ok(())
    }

    /// Starts again, if the walk may and can.
    fn heal(&mut self) -> bool {
        let Some(healing) = &mut self.healing else { return false };
        let Some(left) = healing.left.checked_sub(1) else { return false };
        healing.left = left;
        healing.restarted = true;
        healing.yielded.index();
        self.restarts += 1;
        self.sent.clear();
        self.empty_pages = 0;
        self.previous = None;
        true
    }

    fn has_restarted(&self) -> bool {
        self.healing.as_ref().is_some_and(|healing| healing.restarted)
    }

    /// Takes out of the page what was yielded before a restart. Returns how many groups that were.
    fn skip_yielded(&self, page: &mut Page) -> usize {
        let before = page.groups.len();
        if let Some(healing) = self.healing.as_ref().filter(|healing| healing.restarted) {
            page.groups.retain(|group| !healing.yielded.contains(group));
        }
        before - page.groups.len()
    }

    /// Takes out of the page what is more than the caller wants. Returns how many groups that were.
    fn take(&mut self, page: &mut Page) -> usize {
        let mut surplus = 0;
        if let Some(left) = &mut self.left {
            surplus = page.groups.len().saturating_sub(*left);
            match self.heading {
                Direction::Forward => page.groups.truncate(*left),
                Direction::Backward => drop(page.groups.drain(..surplus)),
            }
            *left -= page.groups.len();
        }
        surplus
    }
}

/// Cuts off what lies behind the gap. Returns how many groups that were.
fn cut(page: &mut Page, gap: usize, walk: Direction, heading: Direction) -> usize {
    let length = page.groups.len();
    let gap = match walk {
        Direction::Forward => gap,
        Direction::Backward => length - gap,
    };
    match heading {
        Direction::Forward => drop(page.groups.drain(..gap)),
        Direction::Backward => page.groups.truncate(gap),
    }
    length - page.groups.len()
}

/// The end of a page, all of whose groups lie behind; `None` where it has none.
fn end_of(anchor: &Anchor, page: &Page) -> Option<Mark> {
    let last = page.last(anchor.position.direction())?;
    let count = page.groups.len();
    let trail = Trail { page: anchor.clone(), turned: false, base: 0, count, prior: None, edge: Edge::Unknown };
    Some(trail.mark(count, last.id.clone()))
}

/// A copy of the id, in the memory that the id of a mark had which is replaced now: so that a page takes no allocation.
fn copied(id: &str, replaced: Option<&mut Mark>) -> String {
    let mut copy = match replaced.and_then(|mark| mark.beside.as_mut()) {
        Some(Beside::Passed(old) | Beside::Ahead(old)) => mem::take(old),
        None => String::new(),
    };
    id.clone_into(&mut copy);
    copy
}

#[cfg(test)]
mod tests;
