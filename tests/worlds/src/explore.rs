//! Every schedule of events in one world, depth first.

use std::fmt;

use crate::course::Course;
use crate::cursor::Position;
use crate::dialect::Dialect;
use crate::event::Event;
use crate::names::Names;
use crate::promise::{Breach, End, Verdict};
use crate::report::Report;
use crate::server::{Answer, Groups, Page, Server};
use crate::walker::{Failure, Fault, Rules, Size, Step, Walker};
use crate::world::World;

/// More requests than any walk of a small world needs.
const MAX_REQUESTS: u16 = 100;
/// The same, on a server that sends a new cursor each time: a walk gives up after a hundred pages in a row.
const MAX_REQUESTS_IN_CIRCLES: u16 = 500;
/// The same, on a server that refuses each cursor: a walk gives up after a few refusals, and restarts three times.
const MAX_REFUSALS: u16 = 200;

/// Walks through one world in every way.
pub struct Explorer<'a> {
    world: &'a World,
    names: &'a Names,
    report: &'a mut Report,
    /// Where the walk begins.
    given: Position,
    /// What happened in the walk that is under way.
    trace: Vec<Item>,
}

/// What happened in a walk, in order.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// A request was made.
    Request,
    /// A group was yielded.
    Group(u8),
    /// This happened before the next request was answered.
    Event(Event),
    /// The walk was reversed before the last `remaining` groups of a page.
    Reverse { remaining: u8 },
    /// The place before the last `remaining` groups of a page was saved, and the walk resumed from it.
    Resume { remaining: u8, size: Size },
    /// `max_groups` were yielded, and the walk was resumed for the rest.
    Rest,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => write!(f, "request"),
            Self::Group(serial) => write!(f, "group {serial}"),
            Self::Event(event) => write!(f, "{event:?}"),
            Self::Reverse { remaining: 0 } => write!(f, "reversed"),
            Self::Reverse { remaining } => write!(f, "reversed before the last {remaining}"),
            Self::Resume { remaining: 0, size } => write!(f, "saved and resumed with {size:?}"),
            Self::Resume { remaining, size } => {
                write!(f, "saved before the last {remaining} and resumed with {size:?}")
            }
            Self::Rest => write!(f, "resumed for the rest"),
        }
    }
}

/// A walk under way.
#[derive(Clone)]
struct State {
    server: Server,
    walk: Walker,
    course: Course,
    /// How many events can still happen.
    budget: u8,
    /// Events of the next request of a lower rank have had their turn, and so has leaving before it.
    rank: u8,
    requests: u16,
    /// Groups yielded since the walk began or was resumed.
    yielded: u8,
    rules: Rules,
    /// Why the last request failed.
    fault: Option<Fault>,
    /// The next answer is an empty page.
    is_empty_next: bool,
    /// The request that was answered by an empty page last.
    emptied: Option<Position>,
    /// The last page with cursors.
    last: Page,
}

impl<'a> Explorer<'a> {
    /// Walks through `world` in every way.
    pub fn explore(world: &'a World, names: &'a Names, report: &'a mut Report) {
        let server = Server::new(world.count);
        let given = world.start.position(&server, &world.dialect, names);
        let walk = Walker::new(given.clone(), world.rules);
        let course = Course::new(world.start);
        report.worlds += 1;
        Explorer { world, names, report, given, trace: Vec::new() }.go_on(State {
            server,
            walk,
            course,
            budget: world.events,
            rank: 0,
            requests: 0,
            yielded: 0,
            rules: world.rules,
            fault: None,
            is_empty_next: false,
            emptied: None,
            last: Page::default(),
        });
    }

    /// Goes on to the end, and takes every branch on the way.
    fn go_on(&mut self, state: State) {
        let length = self.trace.len();
        match self.walk(state) {
            Ok((state, end)) => self.end(&state, end),
            Err(breach) => self.report.broken(breach, self.world, &self.trace, None),
        }
        self.trace.truncate(length);
    }

    /// Goes on to the end. An error says which promise was broken on the way.
    fn walk(&mut self, mut state: State) -> Result<(State, End), Breach> {
        loop {
            match state.walk.pull() {
                Step::Ask(position, limit) => {
                    if state.walk.pull() != Step::Ask(position.clone(), limit) {
                        return Err(Breach::OtherRequest);
                    }
                    if state.rank == 0 {
                        self.leave(&state, 0);
                    }
                    self.happen(&state);
                    state.rank = 0;
                    state.requests += 1;
                    if state.requests > self.max_requests() {
                        return Err(Breach::NoEnd);
                    }
                    self.trace.push(Item::Request);
                    match self.request(&mut state, &position, limit) {
                        Step::Yield(groups) => self.consume(&mut state, &groups),
                        Step::Nothing => {}
                        Step::Fail(failure) => {
                            let end = End::Failed(failure, state.fault);
                            return Ok((state, end));
                        }
                        Step::Ask(..) | Step::End => return Err(Breach::BadStep),
                    }
                }
                Step::Fail(failure) => {
                    let end = End::Failed(failure, state.fault);
                    return Ok((state, end));
                }
                Step::End if state.rules.max_groups == Some(state.yielded) => {
                    // `max_groups` were yielded. The rest is listed from there.
                    self.leave(&state, 0);
                    let rules = Rules { max_groups: None, ..state.rules };
                    state = state.resumed(0, rules);
                    self.trace.push(Item::Rest);
                }
                Step::End => return Ok((state, End::Done)),
                Step::Yield(_) | Step::Nothing => return Err(Breach::BadStep),
            }
        }
    }

    fn max_requests(&self) -> u16 {
        match self.world.dialect {
            Dialect { ignore_cursors: true, .. } => MAX_REQUESTS_IN_CIRCLES,
            Dialect { refuse_cursors: true, .. } => MAX_REFUSALS,
            _ => MAX_REQUESTS,
        }
    }

    /// Whether an empty answer would be taken for the end, because no link has announced groups, or because it is the
    /// second.
    fn is_unannounced(&self, state: &State, position: &Position) -> bool {
        let (last, given) = (&state.last, &self.given);
        let follows = |cursor: &Option<_>| cursor.is_some() && cursor.as_ref() == position.cursor();
        match position {
            position if state.emptied.as_ref() == Some(position) => true,
            Position::After(_) if follows(&last.after) => !last.has_next,
            Position::Before(_) if follows(&last.before) => !last.has_previous,
            Position::Start => !state.rules.confirm_end,
            // Or whether it would show the caller's cursor good.
            position if position.cursor() == given.cursor() => {
                !state.rules.confirm_end || position.direction() != given.direction()
            }
            _ => false,
        }
    }

    /// Answers a request, and says what the walk makes of it.
    fn request(&self, state: &mut State, position: &Position, limit: u32) -> Step {
        let dialect = &self.world.dialect;
        if state.is_empty_next {
            state.is_empty_next = false;
            state.course.unannounced_empty |= self.is_unannounced(state, position);
            state.emptied = Some(position.clone());
            let echo = position.cursor().filter(|_| dialect.echo_cursors);
            return state.walk.page(&echo.map_or_else(Page::default, Page::echo));
        }
        let answer = state.server.answer(position, limit, dialect, self.names);
        state.server.answered(&answer, dialect);
        match answer {
            Answer::Page(page) => {
                if page.after.is_some() || page.before.is_some() {
                    state.last = page.clone();
                }
                state.course.stale_was_empty |= page.groups.is_empty() && state.server.is_stale(position, dialect);
                state.course.link_left_out |= self.leaves_out_a_link(&page, position, limit, &state.server);
                state.walk.page(&page)
            }
            Answer::Expired => state.fail(Fault::Expired),
            Answer::Invalid => state.fail(Fault::Invalid),
            Answer::Unexplained => state.fail(Fault::Unexplained),
        }
    }

    /// Whether the page should have had a link.
    fn leaves_out_a_link(&self, page: &Page, position: &Position, limit: u32, server: &Server) -> bool {
        if self.world.dialect.links_at_the_clamp {
            return false;
        }
        let honest = Dialect { links_at_the_clamp: true, ..self.world.dialect };
        server.answer(position, limit, &honest, self.names) != Answer::Page(page.clone())
    }

    /// The caller takes the groups of a page, one after another, and may leave before each.
    fn consume(&mut self, state: &mut State, groups: &Groups) {
        for (remaining, group) in (1..=groups.len()).rev().zip(groups.as_slice()) {
            self.leave(state, remaining);
            state.course.group(*group, self.world.count, &state.server.groups);
            state.yielded += 1;
            self.trace.push(Item::Group(*group));
        }
    }

    /// Takes the branches in which each event happens before the next request is answered.
    fn happen(&mut self, state: &State) {
        if state.budget == 0 {
            return;
        }
        for event in Event::all(&state.server).filter(|event| event.rank() >= state.rank) {
            let mut branch = State { rank: event.rank(), ..state.branch() };
            if event == Event::Empty {
                branch.is_empty_next = true;
                // Once is enough.
                branch.rank += 1;
            }
            event.apply(&mut branch.server, &mut branch.course, &self.world.dialect);
            self.trace.push(Item::Event(event));
            if event == Event::Fault {
                self.fault(branch);
            } else {
                self.go_on(branch);
            }
            self.trace.pop();
        }
    }

    /// The request fails, and the caller resumes the walk, or leaves it.
    fn fault(&mut self, mut state: State) {
        let step = match state.fail(Fault::Transient) {
            Step::Nothing => state.walk.pull(),
            step => step,
        };
        let end = End::Failed(Failure::Request, state.fault);
        if step != Step::Fail(Failure::Request) || state.walk.pull() != Step::End {
            return self.report.broken(Breach::FaultIsNoError, self.world, &self.trace, Some(end));
        }
        self.leave(&state, 0);
        state.walk.resume();
        self.go_on(State { rank: 0, fault: None, ..state });
    }

    /// Takes the branches in which the caller leaves the walk before the last `remaining` groups of a page: to reverse it,
    /// or to save its place and to resume from it.
    fn leave(&mut self, state: &State, remaining: u8) {
        if state.budget == 0 {
            return;
        }
        self.trace.push(Item::Reverse { remaining });
        self.go_on(state.branch().reversed(remaining));
        self.trace.pop();
        for size in self.world.sizes_of_a_resumed_walk() {
            self.trace.push(Item::Resume { remaining, size });
            self.go_on(state.branch().resumed(remaining, Rules { size, ..state.rules }));
            self.trace.pop();
        }
    }

    /// The walk ends here, or is left.
    fn end(&mut self, state: &State, end: End) {
        self.leave(state, 0);
        let mut verdict = state.course.judge(self.world, &state.server.groups, end);
        if end == End::Done && Walker::resumed(state.walk.place(0), state.rules).pull() != Step::End {
            verdict = Verdict::Broken(Breach::EndIsNoEnd);
        }
        match verdict {
            Verdict::Broken(breach) => self.report.broken(breach, self.world, &self.trace, Some(end)),
            verdict => self.report.count(verdict, state.requests),
        }
    }
}

impl State {
    /// The same walk, in which one event less can happen.
    fn branch(&self) -> Self {
        Self { budget: self.budget - 1, ..self.clone() }
    }

    fn fail(&mut self, fault: Fault) -> Step {
        self.fault = Some(fault);
        if matches!(fault, Fault::Expired | Fault::Invalid) {
            self.course.read_again();
        }
        self.walk.failed(fault)
    }

    fn reversed(mut self, remaining: u8) -> Self {
        self.course.reverse(&self.server.groups);
        Self { walk: self.walk.reversed(remaining), rank: 0, fault: None, ..self }
    }

    fn resumed(mut self, remaining: u8, rules: Rules) -> Self {
        self.course.resume();
        let walk = Walker::resumed(self.walk.place(remaining), rules);
        Self { walk, rank: 0, yielded: 0, rules, fault: None, ..self }
    }
}
