//! The list behind the fake: what each cursor means, and what page answers a request. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cursor::{Cursor, Direction};
use crate::error::{Error, Result};
use crate::page::{Cursors, Group, Page};
use crate::source::{PageRequest, Position};

/// How a server words its pages: what the API's pages leave open, or say in two ways.
///
/// Each knob is independent of the others. The default is what the Graph API documents, which is underneath.
///
/// ```
/// use gupshup_groups::Group;
/// use gupshup_groups::testing::{Dialect, FakeGroups};
///
/// // A server that sends cursors but no links, and an error past the end.
/// let dialect = Dialect::default().next_links(false).previous_links(false).error_past_the_end(true);
/// let fake = FakeGroups::new([Group::new("a", "Support", 1_700_000_000)]).dialect(dialect);
/// # drop(fake);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a knob of its own, and no two must agree")]
pub struct Dialect {
    next_links: bool,
    previous_links: bool,
    cursors_at_the_ends: bool,
    error_past_the_end: bool,
    empty_page_every: Option<u32>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            next_links: true,
            previous_links: true,
            cursors_at_the_ends: true,
            error_past_the_end: false,
            empty_page_every: None,
        }
    }
}

impl Dialect {
    /// Sends a link to the next page where there are more groups (`true`, the default: "only provided when more pages
    /// are available"), or never.
    #[must_use]
    pub fn next_links(mut self, sent: bool) -> Self {
        self.next_links = sent;
        self
    }

    /// Sends a link to the previous page where groups come before (`true`, the default: Meta lists `paging.previous`),
    /// or never: Gupshup's samples show none.
    #[must_use]
    pub fn previous_links(mut self, sent: bool) -> Self {
        self.previous_links = sent;
        self
    }

    /// Sends `after` on the list's last page and `before` on its first (`true`, the default: the API's last page "still
    /// has `cursors.after`, and no `next`"), or leaves them out there.
    #[must_use]
    pub fn cursors_at_the_ends(mut self, sent: bool) -> Self {
        self.cursors_at_the_ends = sent;
        self
    }

    /// Answers a request past either end with 400, code 2642, "Invalid cursors values", or with an empty page (`false`,
    /// the default). Both were seen on the Graph API.
    #[must_use]
    pub fn error_past_the_end(mut self, error: bool) -> Self {
        self.error_past_the_end = error;
        self
    }

    /// Answers every `n`-th page of a walk with an empty one first, whose cursor and link go on ("A page may be empty
    /// but contain a next paging link"). 1 is every page; 0, the default, is none.
    ///
    /// The empty page stands where a suspended group would be: its cursors work both ways. There is none at either end,
    /// and none in a direction whose links are not sent: without a link, an empty page is the end.
    #[must_use]
    pub fn empty_page_every(mut self, n: u32) -> Self {
        self.empty_page_every = (n > 0).then_some(n);
        self
    }

    fn sends_links(&self, direction: Direction) -> bool {
        match direction {
            Direction::Forward => self.next_links,
            Direction::Backward => self.previous_links,
        }
    }
}

/// The groups in their order, and how the server answers.
pub(super) struct List {
    entries: Vec<Entry>,
    next_serial: u64,
    /// Counts the changes that expired cursors.
    generation: u64,
    pub(super) max_page_size: Option<u32>,
    pub(super) short_pages: Option<u32>,
    pub(super) expire_cursors_on_change: bool,
    pub(super) dialect: Dialect,
}

/// A group, and the number that its cursors hold: never given twice, so that a cursor of a deleted group does not come
/// alive when a group of the same id is created.
struct Entry {
    serial: u64,
    group: Group,
}

/// What a cursor says.
#[derive(Clone, Copy)]
struct Mark {
    side: Side,
    /// The group that the cursor points to.
    serial: u64,
    /// The generation that it was handed out in.
    generation: u64,
    /// How many pages of groups the walk has had so far. Counted only where empty pages are inserted.
    pages: u64,
}

/// Where a cursor points to, beside its group. Empty pages hold no group to point at, so they point between two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    At,
    Before,
    After,
}

impl Mark {
    fn write(self) -> Cursor {
        let side = match self.side {
            Side::At => "at",
            Side::Before => "before",
            Side::After => "after",
        };
        let text = format!("{side}:{}:{}:{}", self.serial, self.generation, self.pages);
        STANDARD.encode(text).into()
    }

    fn read(cursor: &Cursor) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(cursor.as_str()).ok()?).ok()?;
        let mut fields = text.split(':');
        let side = match fields.next()? {
            "at" => Side::At,
            "before" => Side::Before,
            "after" => Side::After,
            _ => return None,
        };
        let mut number = || fields.next()?.parse().ok();
        let mark = Self { side, serial: number()?, generation: number()?, pages: number()? };
        fields.next().is_none().then_some(mark)
    }
}

impl List {
    pub(super) fn new(groups: impl IntoIterator<Item = Group>) -> Self {
        let entries: Vec<_> = (0..).zip(groups).map(|(serial, group)| Entry { serial, group }).collect();
        Self {
            next_serial: entries.len() as u64,
            entries,
            generation: 0,
            max_page_size: None,
            short_pages: None,
            expire_cursors_on_change: false,
            dialect: Dialect::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn groups(&self) -> Vec<Group> {
        self.entries.iter().map(|entry| entry.group.clone()).collect()
    }

    pub(super) fn insert(&mut self, index: usize, group: Group) {
        let index = index.min(self.entries.len());
        self.entries.insert(index, Entry { serial: self.next_serial, group });
        self.next_serial += 1;
        self.changed();
    }

    pub(super) fn delete(&mut self, id: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.group.id != id);
        let deleted = self.entries.len() < before;
        if deleted {
            self.changed();
        }
        deleted
    }

    pub(super) fn rename(&mut self, id: &str, subject: String) -> bool {
        match self.entries.iter_mut().find(|entry| entry.group.id == id) {
            Some(entry) => {
                entry.group.subject = subject;
                true
            }
            None => false,
        }
    }

    pub(super) fn cursor_at(&self, id: &str) -> Option<Cursor> {
        let index = self.entries.iter().position(|entry| entry.group.id == id)?;
        Some(self.cursor(Side::At, index, 0))
    }

    fn changed(&mut self) {
        if self.expire_cursors_on_change {
            self.generation += 1;
        }
    }

    /// The page that answers `request`, or the error that does.
    pub(super) fn answer(&self, request: &PageRequest) -> Result<Page> {
        let limit = u32::from(request.limit.get());
        if let Some(max) = self.max_page_size.filter(|&max| limit > max) {
            return Err(Error::api(400, None, format!("limit exceeds {max}")));
        }
        let limit = self.short_pages.map_or(limit, |most| limit.min(most)) as usize;

        let direction = request.position.direction();
        let mark = request.position.cursor().map(|cursor| self.valid(cursor)).transpose()?;
        let edge = match mark {
            None => 0,
            Some((index, mark)) => match (mark.side, direction) {
                (Side::Before, _) | (Side::At, Direction::Backward) => index,
                (Side::After, _) | (Side::At, Direction::Forward) => index + 1,
            },
        };
        let range = match direction {
            Direction::Forward => edge..self.len().min(edge + limit),
            Direction::Backward => edge.saturating_sub(limit)..edge,
        };
        if range.is_empty() {
            return match request.position {
                Position::After(_) | Position::Before(_) if self.dialect.error_past_the_end => Err(never_was()),
                _ => Ok(Page::default()),
            };
        }

        let pages = mark.map_or(0, |(_, mark)| mark.pages);
        let follows_an_empty_page = mark.is_some_and(|(_, mark)| mark.side != Side::At);
        if self.puts_an_empty_page_before(pages + 1, direction) && !follows_an_empty_page {
            let cursor = match direction {
                Direction::Forward => self.cursor(Side::Before, edge, pages),
                Direction::Backward => self.cursor(Side::After, edge - 1, pages),
            };
            let cursors = Cursors { after: Some(cursor.clone()), before: Some(cursor) };
            return Ok(self.linked(Page::new(Vec::new(), cursors), edge, edge));
        }

        let pages = if self.dialect.empty_page_every.is_some() { pages + 1 } else { 0 };
        let (first, last) = (range.start, range.end - 1);
        let sends = |is_end: bool| !is_end || self.dialect.cursors_at_the_ends;
        let cursors = Cursors {
            after: sends(range.end == self.len()).then(|| self.cursor(Side::At, last, pages)),
            before: sends(range.start == 0).then(|| self.cursor(Side::At, first, pages)),
        };
        let groups = self.entries[range.clone()].iter().map(|entry| entry.group.clone()).collect();
        Ok(self.linked(Page::new(groups, cursors), range.start, range.end))
    }

    /// The page with the links of one that spans the groups from `start` to `end`.
    fn linked(&self, page: Page, start: usize, end: usize) -> Page {
        page.has_next(self.dialect.next_links && end < self.len())
            .has_previous(self.dialect.previous_links && start > 0)
    }

    fn puts_an_empty_page_before(&self, page: u64, direction: Direction) -> bool {
        self.dialect.sends_links(direction) && self.dialect.empty_page_every.is_some_and(|n| page % u64::from(n) == 0)
    }

    fn cursor(&self, side: Side, index: usize, pages: u64) -> Cursor {
        Mark { side, serial: self.entries[index].serial, generation: self.generation, pages }.write()
    }

    /// What the cursor says, and the index of the group that it points to.
    fn valid(&self, cursor: &Cursor) -> Result<(usize, Mark)> {
        let mark = Mark::read(cursor)
            .filter(|mark| mark.serial < self.next_serial && mark.generation <= self.generation)
            .ok_or_else(never_was)?;
        let index = self.entries.iter().position(|entry| entry.serial == mark.serial);
        match index {
            Some(index) if mark.generation == self.generation => Ok((index, mark)),
            _ => Err(expired()),
        }
    }
}

/// Meta's words for a cursor whose group is gone.
fn expired() -> Error {
    let message = "Invalid cursor: it is expired or corrupted. Start pagination from the beginning again";
    Error::api(400, Some(131_059), message)
}

/// Meta's words for a text that is no cursor.
fn never_was() -> Error {
    Error::api(400, Some(2642), "Invalid cursors values")
}
