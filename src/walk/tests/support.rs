//! Pages made by hand, a list that answers as the API does, and what a walk does with them.

use crate::cursor::{Cursor, Direction, Position};

use crate::walk::{Failure, Gap, Kept, Outcome, PageSize, Place, Problem, Rules, Side, Sizes, Walk};

pub(super) use Direction::{Backward, Forward};

pub(super) const DIRECTIONS: [Direction; 2] = [Forward, Backward];

/// A page as a server sends it.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// In the server's order.
    pub(super) ids: Vec<i64>,
    pub(super) next: Side,
    pub(super) previous: Side,
}

/// A page of these groups, without links and cursors.
pub(super) fn page(ids: impl IntoIterator<Item = i64>) -> Page {
    Page { ids: ids.into_iter().collect(), ..Page::default() }
}

/// A page without groups, links and cursors.
pub(super) fn empty() -> Page {
    page([])
}

impl Page {
    /// With a link in this direction, and a cursor.
    pub(super) fn link(self, direction: Direction, cursor: &str) -> Self {
        self.lead(direction, true, Some(cursor))
    }

    /// With a cursor in this direction, and no link.
    pub(super) fn cursor(self, direction: Direction, cursor: &str) -> Self {
        self.lead(direction, false, Some(cursor))
    }

    /// With a link forward, and a cursor.
    pub(super) fn next(self, cursor: &str) -> Self {
        self.link(Forward, cursor)
    }

    /// With a cursor forward, and no link.
    pub(super) fn after(self, cursor: &str) -> Self {
        self.cursor(Forward, cursor)
    }

    /// With a link backward, and a cursor.
    pub(super) fn previous(self, cursor: &str) -> Self {
        self.link(Backward, cursor)
    }

    /// With a cursor backward, and no link.
    pub(super) fn before(self, cursor: &str) -> Self {
        self.cursor(Backward, cursor)
    }

    pub(super) fn lead(mut self, direction: Direction, link: bool, cursor: Option<&str>) -> Self {
        let lead = Side { link, cursor: cursor.map(Cursor::from) };
        match direction {
            Forward => self.next = lead,
            Backward => self.previous = lead,
        }
        self
    }
}

/// Pages of this size, and the defaults.
pub(super) fn by(size: u32) -> Rules {
    Rules { sizes: Sizes::Fixed(PageSize::clamped(size)), max_groups: None, max_restarts: 3, confirm_end: false }
}

/// Pages of the walk's own sizes.
pub(super) fn adaptive() -> Rules {
    Rules { sizes: Sizes::adaptive(), ..by(1) }
}

pub(super) fn at_most(count: usize, rules: Rules) -> Rules {
    Rules { max_groups: Some(count), ..rules }
}

/// The walk cannot restart, and does not remember what it has yielded.
pub(super) fn without_memory(rules: Rules) -> Rules {
    Rules { max_restarts: 0, ..rules }
}

pub(super) const START: Position = Position::Start;

pub(super) fn after(cursor: &str) -> Position {
    Position::After(cursor.into())
}

pub(super) fn before(cursor: &str) -> Position {
    Position::Before(cursor.into())
}

/// The position that continues from the cursor in this direction.
pub(super) fn at(direction: Direction, cursor: &str) -> Position {
    Position::from_cursor(direction, cursor.into())
}

pub(super) fn from_start(rules: Rules) -> Walk {
    Walk::new(Place::Start, Forward, rules)
}

/// A walk from the caller's cursor.
pub(super) fn from(position: Position, rules: Rules) -> Walk {
    let heading = position.direction();
    Walk::new(Place::Middle(Gap::before(position, PageSize::DEFAULT)), heading, rules)
}

/// A walk in this direction, from the start of the list or from the caller's cursor `given`.
pub(super) fn towards(direction: Direction, rules: Rules) -> Walk {
    match direction {
        Forward => from_start(rules),
        Backward => from(before("given"), rules),
    }
}

/// The request that the walk makes.
#[track_caller]
pub(super) fn request(walk: &mut Walk) -> (Position, u32) {
    match walk.pull() {
        Ok(Some((position, size))) => (position, size.get()),
        other => panic!("the walk makes no request: {other:?}"),
    }
}

/// The walk requests this page.
#[track_caller]
pub(super) fn asks(walk: &mut Walk, position: &Position) {
    let text = |position: &Position| position.cursor().map(|cursor| cursor.as_str().to_owned());
    let (asked, _) = request(walk);
    assert_eq!((asked.direction(), text(&asked)), (position.direction(), text(position)));
}

/// How many groups the walk requests.
#[track_caller]
pub(super) fn asks_for(walk: &mut Walk) -> u32 {
    request(walk).1
}

#[track_caller]
pub(super) fn fails(walk: &mut Walk) -> Failure {
    match walk.pull() {
        Err(failure) => failure,
        other => panic!("the walk does not fail: {other:?}"),
    }
}

/// The walk yields nothing more, for ever.
#[track_caller]
pub(super) fn ends(walk: &mut Walk) {
    for _ in 0..2 {
        assert_eq!(walk.pull(), Ok(None));
    }
}

/// The request failed.
pub(super) fn problem(walk: &mut Walk, problem: Problem) -> Outcome {
    walk.failed(problem)
}

/// The request failed, and the walk says nothing of it.
#[track_caller]
pub(super) fn invalid(walk: &mut Walk) {
    assert_eq!(problem(walk, Problem::Invalid), Outcome::Nothing);
}

/// The request failed, and the walk begins again.
#[track_caller]
pub(super) fn restarts(walk: &mut Walk) {
    let restarts = walk.restarts() + 1;
    assert_eq!(problem(walk, Problem::Expired), Outcome::Restarted(restarts));
    asks(walk, &START);
}

/// The caller goes on after a failure.
#[track_caller]
pub(super) fn resume(walk: &mut Walk) {
    ends(walk);
    walk.resume();
}

/// The request was answered.
pub(super) fn answer(walk: &mut Walk, page: &Page) -> Outcome {
    let ids: Vec<_> = page.ids.iter().map(ToString::to_string).collect();
    walk.page(ids.iter().map(String::as_str), page.next.clone(), page.previous.clone())
}

/// The groups that the caller gets of the page, in the server's order.
#[track_caller]
pub(super) fn yields(walk: &mut Walk, page: Page) -> Vec<i64> {
    match answer(walk, &page) {
        Outcome::Yield(Kept::Run(run)) => page.ids[run].to_vec(),
        Outcome::Yield(Kept::Each(kept)) => {
            assert_eq!(kept.len(), page.ids.len());
            page.ids.into_iter().zip(kept).filter_map(|(id, kept)| kept.then_some(id)).collect()
        }
        Outcome::Nothing => Vec::new(),
        other => panic!("the walk does not read the page: {other:?}"),
    }
}

/// The caller gets all groups of the page.
#[track_caller]
pub(super) fn yields_all(walk: &mut Walk, page: Page) {
    let ids = page.ids.clone();
    assert_eq!(yields(walk, page), ids);
}

/// The caller gets nothing, not even an empty page.
#[track_caller]
pub(super) fn yields_nothing(walk: &mut Walk, page: &Page) {
    assert_eq!(answer(walk, page), Outcome::Nothing);
}

/// The caller gets nothing of an empty page that groups were expected on, and the page is requested once more.
#[track_caller]
pub(super) fn asks_once_more(walk: &mut Walk, page: &Page) {
    let asked = request(walk);
    yields_nothing(walk, page);
    assert_eq!(request(walk), asked);
}

/// The page that gave a refused cursor gives it again. The walk sends it once more, and it is refused again.
#[track_caller]
pub(super) fn refused_again(walk: &mut Walk, page: &Page, cursor: &Position) -> Outcome {
    yields_nothing(walk, page);
    asks(walk, cursor);
    assert!(!is_at_the_end(walk));
    problem(walk, Problem::Invalid)
}

/// Whether the place is the end of the list in the direction of the walk.
pub(super) fn is_at_the_end(walk: &Walk) -> bool {
    match (walk.heading(), walk.place(0)) {
        (Forward, Place::End(_)) | (Backward, Place::Start) => true,
        (_, Place::Start | Place::Middle(_) | Place::End(_)) => false,
    }
}

/// A list on a server whose cursors are the ids of groups, and which sends links.
#[derive(Clone, Debug)]
pub(super) struct List(pub(super) Vec<i64>);

impl List {
    /// The page at the position. It holds at most `size` groups.
    pub(super) fn page(&self, position: &Position, size: u32) -> Page {
        let (ids, size) = (&self.0, size as usize);
        let index = |cursor: &Cursor| {
            let id: i64 = cursor.as_str().parse().unwrap();
            ids.iter().position(|other| *other == id).unwrap()
        };
        let run = match position {
            Position::Start => 0..size.min(ids.len()),
            Position::After(cursor) => {
                let first = index(cursor) + 1;
                first..ids.len().min(first + size)
            }
            Position::Before(cursor) => {
                let end = index(cursor);
                end.saturating_sub(size)..end
            }
        };
        let (first, last) = (run.start, run.end);
        let page = page(ids[run].iter().copied());
        let (Some(start), Some(end)) = (page.ids.first(), page.ids.last()) else { return page };
        let (start, end) = (start.to_string(), end.to_string());
        page.lead(Forward, last < ids.len(), Some(&end)).lead(Backward, first > 0, Some(&start))
    }

    /// Answers the walk's next request. Returns what the caller gets, in the order of the walk, or `None` at the end.
    pub(super) fn answer(&self, walk: &mut Walk) -> Option<Vec<i64>> {
        let (position, size) = walk.pull().unwrap()?;
        let mut ids = yields(walk, self.page(&position, size.get()));
        if walk.heading() == Backward {
            ids.reverse();
        }
        Some(ids)
    }

    /// What the caller gets of the walk from now on, in the order of the walk.
    pub(super) fn rest(&self, mut walk: Walk) -> Vec<i64> {
        let mut rest = Vec::new();
        for _ in 0..1_000 {
            match self.answer(&mut walk) {
                Some(ids) => rest.extend(ids),
                None => return rest,
            }
        }
        panic!("the walk does not end");
    }
}
