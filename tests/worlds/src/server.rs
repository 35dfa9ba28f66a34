//! A server: a list, its dialect, and what answers a request.
//!
//! It answers as `gupshup_groups::testing::FakeGroups` does, which a test of the crate compares, and allocates nothing.

use std::ops::Range;

use crate::cursor::{Cursor, Direction, Position};
use crate::dialect::{CursorAnswer, CursorKind, Dialect};
use crate::names::{Mark, Marks, Names, Side};

/// Five groups, and three that are created.
pub const MAX_GROUPS: usize = 8;

/// The groups of a list or a page, in the server's order. A group is its serial number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    serials: [u8; MAX_GROUPS],
    len: u8,
}

impl Groups {
    /// The groups `0..count`.
    #[must_use]
    pub fn first(count: u8) -> Self {
        Self { serials: [0, 1, 2, 3, 4, 5, 6, 7], len: count }
    }

    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.serials[..usize::from(self.len)]
    }

    #[must_use]
    pub fn len(&self) -> u8 {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn insert(&mut self, index: u8, serial: u8) {
        let index = usize::from(index);
        self.serials.copy_within(index..MAX_GROUPS - 1, index + 1);
        self.serials[index] = serial;
        self.len += 1;
    }

    fn remove(&mut self, index: u8) {
        self.serials.copy_within(usize::from(index) + 1.., usize::from(index));
        self.len -= 1;
    }

    fn part(&self, range: Range<u8>) -> Self {
        let mut part = Self { serials: [0; MAX_GROUPS], len: range.end - range.start };
        part.serials[..usize::from(part.len)]
            .copy_from_slice(&self.serials[usize::from(range.start)..usize::from(range.end)]);
        part
    }
}

impl FromIterator<u8> for Groups {
    /// # Panics
    ///
    /// On more than [`MAX_GROUPS`].
    fn from_iter<T: IntoIterator<Item = u8>>(serials: T) -> Self {
        let mut groups = Self::default();
        for serial in serials {
            groups.serials[usize::from(groups.len)] = serial;
            groups.len += 1;
        }
        groups
    }
}

/// A list as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    pub groups: Groups,
    /// The serial number of the next group that is created.
    next_serial: u8,
    /// Counts what made all cursors stale.
    version: u8,
    /// The cursors given since the server forgot all; `None` if it has not.
    given: Option<Marks>,
    /// Counts the answers, on a server that answers differently each time.
    answers: u8,
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Page(Page),
    /// 400, 2642.
    Invalid,
    /// 400, 131059.
    Expired,
    /// 400 without a code: the page size is refused.
    Unexplained,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub groups: Groups,
    pub after: Option<Cursor>,
    pub before: Option<Cursor>,
    pub has_next: bool,
    pub has_previous: bool,
}

impl Server {
    /// A list of this many groups: `0..count`.
    #[must_use]
    pub fn new(count: u8) -> Self {
        Self { groups: Groups::first(count), next_serial: count, version: 0, given: None, answers: 0 }
    }

    pub fn create(&mut self, index: u8, dialect: &Dialect) {
        self.groups.insert(index, self.next_serial);
        self.next_serial += 1;
        self.changed(dialect);
    }

    pub fn delete(&mut self, index: u8, dialect: &Dialect) {
        self.groups.remove(index);
        self.changed(dialect);
    }

    pub fn expire_cursors(&mut self) {
        self.version += 1;
    }

    /// Refuses each cursor that was handed out (2642), until a page gives it again.
    pub fn forget_cursors(&mut self) {
        self.given = Some(Marks::default());
    }

    /// Notes that a request was answered.
    pub fn answered(&mut self, answer: &Answer, dialect: &Dialect) {
        if (dialect.ignore_cursors || dialect.refuse_cursors) && matches!(answer, Answer::Page(_)) {
            self.answers = self.answers.wrapping_add(1);
        }
        if let (Some(given), Answer::Page(page)) = (&mut self.given, answer) {
            for mark in [&page.after, &page.before].into_iter().flatten().filter_map(Mark::read) {
                given.insert(mark);
            }
        }
    }

    /// Whether the server has forgotten the cursor of a request.
    #[must_use]
    pub fn has_forgotten(&self, position: &Position) -> bool {
        let mark = position.cursor().and_then(Mark::read);
        mark.is_some_and(|mark| self.given.is_some_and(|given| !given.contains(mark)))
    }

    fn changed(&mut self, dialect: &Dialect) {
        if dialect.expire_cursors_on_change {
            self.expire_cursors();
        }
    }

    /// The cursor that points at the group at `index`.
    #[must_use]
    pub fn cursor_at(&self, index: u8, dialect: &Dialect, names: &Names) -> Cursor {
        names.cursor(self.mark(Side::At, index, 0, dialect))
    }

    /// What answers a request for at most `limit` groups at `position`.
    #[must_use]
    pub fn answer(&self, position: &Position, limit: u32, dialect: &Dialect, names: &Names) -> Answer {
        let Some(size) = dialect.page_size(limit) else { return Answer::Unexplained };
        let direction = position.direction();
        if dialect.refuse_cursors {
            return if *position == Position::Start { self.another_page(dialect, names) } else { Answer::Invalid };
        }
        let start = Position::Start;
        let position = if dialect.ignore_cursors { &start } else { position };
        let direction = if dialect.ignore_cursors { Direction::Forward } else { direction };
        if self.has_forgotten(position) {
            return Answer::Invalid;
        }
        let (mark, edge) = match position.cursor().map(Mark::read) {
            None => (None, 0),
            Some(None) => return Answer::Invalid,
            Some(Some(mark)) => match self.edge(mark, direction, dialect) {
                Some(edge) => (Some(mark), edge.min(self.groups.len())),
                None => return dialect.stale_cursor.answer(),
            },
        };
        let range = match direction {
            Direction::Forward => edge..self.groups.len().min(edge.saturating_add(small(size))),
            Direction::Backward => edge.saturating_sub(small(size))..edge,
        };
        if range.is_empty() {
            return match position.cursor() {
                None => CursorAnswer::EmptyPage.answer(),
                Some(sent) if dialect.echo_cursors => Answer::Page(Page::echo(sent)),
                Some(_) => dialect.past_the_end.answer(),
            };
        }

        let pages = mark.map_or(0, |mark| mark.pages);
        let follows_an_empty_page = mark.is_some_and(|mark| mark.side != Side::At);
        if dialect.puts_an_empty_page_before(pages + 1, direction) && !follows_an_empty_page {
            let mark = match direction {
                Direction::Forward => self.mark(Side::Before, edge, pages, dialect),
                Direction::Backward => self.mark(Side::After, edge - 1, pages, dialect),
            };
            let cursor = Some(names.cursor(mark));
            let (has_next, has_previous) = self.links(&(edge..edge), dialect);
            return Answer::Page(Page {
                after: cursor.clone(),
                before: cursor,
                has_next,
                has_previous,
                ..Page::default()
            });
        }
        let mut page = self.page(range, if dialect.empty_page_every == 0 { 0 } else { pages + 1 }, dialect, names);
        if size < limit && !dialect.links_at_the_clamp {
            match direction {
                Direction::Forward => page.has_next = false,
                Direction::Backward => page.has_previous = false,
            }
        }
        Answer::Page(page)
    }

    /// Whether a request at `position` sends a stale cursor.
    #[must_use]
    pub fn is_stale(&self, position: &Position, dialect: &Dialect) -> bool {
        let mark = position.cursor().and_then(Mark::read);
        mark.is_some_and(|mark| self.edge(mark, position.direction(), dialect).is_none())
    }

    /// The page of the groups in `range`, which is not empty.
    fn page(&self, range: Range<u8>, pages: u8, dialect: &Dialect, names: &Names) -> Page {
        let sends = |is_end: bool| !is_end || dialect.cursors_at_the_ends;
        let cursor = |index| {
            if dialect.ignore_cursors {
                names.fresh(self.answers)
            } else {
                names.cursor(self.mark(Side::At, index, pages, dialect))
            }
        };
        let (has_next, has_previous) = self.links(&range, dialect);
        Page {
            after: sends(range.end == self.groups.len()).then(|| cursor(range.end - 1)),
            before: sends(range.start == 0).then(|| cursor(range.start)),
            has_next,
            has_previous,
            groups: self.groups.part(range),
        }
    }

    /// A page with a group that no page had before.
    fn another_page(&self, dialect: &Dialect, names: &Names) -> Answer {
        let serial = self.answers.saturating_add(u8::try_from(MAX_GROUPS).unwrap_or(u8::MAX));
        let cursor = Some(names.fresh(self.answers));
        Answer::Page(Page {
            groups: [serial].into_iter().collect(),
            after: cursor.clone(),
            before: cursor,
            has_next: dialect.next_links,
            has_previous: false,
        })
    }

    fn links(&self, range: &Range<u8>, dialect: &Dialect) -> (bool, bool) {
        (dialect.next_links && range.end < self.groups.len(), dialect.previous_links && range.start > 0)
    }

    fn mark(&self, side: Side, index: u8, pages: u8, dialect: &Dialect) -> Mark {
        let target = match dialect.cursors {
            CursorKind::Items => self.groups.as_slice()[usize::from(index)],
            CursorKind::Offsets => index,
        };
        Mark { target, version: self.version, side, pages: pages % 2 }
    }

    /// The number of groups before the place that a cursor points to; `None` if the cursor is stale.
    fn edge(&self, mark: Mark, direction: Direction, dialect: &Dialect) -> Option<u8> {
        let index = match dialect.cursors {
            CursorKind::Items => self.groups.as_slice().iter().zip(0..).find(|(serial, _)| **serial == mark.target)?.1,
            CursorKind::Offsets => mark.target,
        };
        // An inclusive cursor is as one that points to the other side of its group.
        let direction = if dialect.inclusive_cursors { direction.reversed() } else { direction };
        (mark.version == self.version).then(|| mark.edge(index, direction))
    }
}

impl Page {
    /// An empty page with the cursor that was sent on both sides.
    #[must_use]
    pub fn echo(sent: &Cursor) -> Self {
        Self { after: Some(sent.clone()), before: Some(sent.clone()), ..Self::default() }
    }
}

impl Dialect {
    fn puts_an_empty_page_before(&self, page: u8, direction: Direction) -> bool {
        let linked = match direction {
            Direction::Forward => self.next_links,
            Direction::Backward => self.previous_links,
        };
        linked && self.empty_page_every > 0 && page.is_multiple_of(self.empty_page_every)
    }
}

impl CursorAnswer {
    fn answer(self) -> Answer {
        match self {
            Self::EmptyPage => Answer::Page(Page::default()),
            Self::Invalid => Answer::Invalid,
            Self::Expired => Answer::Expired,
        }
    }
}

/// A page size as far as a small list can use it.
fn small(size: u32) -> u8 {
    u8::try_from(size).unwrap_or(u8::MAX)
}
