//! The list behind the fake. Pure.

use std::collections::HashSet;
use std::ops::Range;

use super::cursor_data::{CursorData, Side, Target};
use super::dialect::{CursorAnswer, CursorKind, Dialect};
use crate::cursor::{Cursor, Direction, Position};
use crate::error::Result;
use crate::page::{Cursors, Group, Page};
use crate::source::PageRequest;

pub(super) struct List {
    entries: Vec<Entry>,
    next_serial: u64,
    version: u64,
    /// The number of requests answered.
    answers: u64,
    /// The cursors sent since the list forgot all; `None` if it has not.
    known: Option<HashSet<Cursor>>,
    pub(super) dialect: Dialect,
}

/// A group and its serial number, which is never reused: the cursor of a deleted group stays stale.
struct Entry {
    serial: u64,
    group: Group,
}

impl List {
    pub(super) fn new(groups: impl IntoIterator<Item = Group>) -> Self {
        let entries: Vec<_> = (0..).zip(groups).map(|(serial, group)| Entry { serial, group }).collect();
        Self {
            next_serial: entries.len() as u64,
            entries,
            version: 0,
            answers: 0,
            known: None,
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

    pub(super) fn expire_cursors(&mut self) {
        self.version += 1;
    }

    pub(super) fn forget_cursors(&mut self) {
        self.known = Some(HashSet::new());
    }

    pub(super) fn cursor_at(&self, id: &str) -> Option<Cursor> {
        let index = self.entries.iter().position(|entry| entry.group.id == id)?;
        Some(self.cursor(Side::At, index, 0))
    }

    fn changed(&mut self) {
        if self.dialect.expire_cursors_on_change {
            self.expire_cursors();
        }
    }

    pub(super) fn answer(&mut self, request: &PageRequest) -> Result<Page> {
        let position = if self.dialect.ignore_cursors { &Position::Start } else { &request.position };
        let page = self.page_at(position, request.limit.get());
        self.answers += 1;
        if let (Some(known), Ok(Page { cursors: Cursors { after, before }, .. })) = (&mut self.known, &page) {
            known.extend([after, before].into_iter().flatten().cloned());
        }
        page
    }

    fn page_at(&self, position: &Position, requested: u32) -> Result<Page> {
        let size = self.dialect.page_size(requested)?;
        let data = match position.cursor().map(CursorData::read) {
            None => None,
            Some(_) if self.has_forgotten(position) => return CursorAnswer::Invalid.answer(),
            Some(Some(data)) if self.was_sent(data) => Some(data),
            Some(_) => return CursorAnswer::Invalid.answer(),
        };
        let direction = position.direction();
        let edge = match data.map(|data| self.edge(data, direction)) {
            None => 0,
            Some(Some(edge)) => edge,
            Some(None) => return self.dialect.stale_cursor.answer(),
        };
        let range = self.range(edge, size as usize, direction);
        if range.is_empty() {
            return match position.cursor() {
                None => Ok(Page::default()),
                Some(sent) => self.past_the_end(sent),
            };
        }

        let pages = data.map_or(0, |data| data.pages);
        let follows_an_empty_page = data.is_some_and(|data| data.side != Side::At);
        if self.dialect.puts_an_empty_page_before(pages + 1, direction) && !follows_an_empty_page {
            return Ok(self.empty_page(edge, pages, direction));
        }
        let page = self.page(range, if self.dialect.counts_pages() { pages + 1 } else { 0 });
        Ok(match direction {
            _ if self.dialect.sends_the_link_of_a_page(requested, size) => page,
            Direction::Forward => page.with_next_link(false),
            Direction::Backward => page.with_previous_link(false),
        })
    }

    fn past_the_end(&self, sent: &Cursor) -> Result<Page> {
        let mut page = self.dialect.past_the_end.answer()?;
        if self.dialect.echo_cursors {
            page.cursors = Cursors { after: Some(sent.clone()), before: Some(sent.clone()) };
        }
        Ok(page)
    }

    fn has_forgotten(&self, position: &Position) -> bool {
        let (known, cursor) = (self.known.as_ref(), position.cursor());
        known.zip(cursor).is_some_and(|(known, cursor)| !known.contains(cursor))
    }

    /// The indices of a page that starts (backward: ends) at `edge`.
    fn range(&self, edge: usize, size: usize, direction: Direction) -> Range<usize> {
        let edge = edge.min(self.len());
        match direction {
            Direction::Forward => edge..self.len().min(edge + size),
            Direction::Backward => edge.saturating_sub(size)..edge,
        }
    }

    fn page(&self, range: Range<usize>, pages: u64) -> Page {
        let sends = |is_end: bool| !is_end || self.dialect.cursors_at_the_ends;
        let cursors = Cursors {
            after: sends(range.end == self.len()).then(|| self.cursor(Side::At, range.end - 1, pages)),
            before: sends(range.start == 0).then(|| self.cursor(Side::At, range.start, pages)),
        };
        let groups = self.entries[range.clone()].iter().map(|entry| entry.group.clone()).collect();
        self.linked(Page::new(groups, cursors), range.start, range.end)
    }

    fn empty_page(&self, edge: usize, pages: u64, direction: Direction) -> Page {
        let cursor = match direction {
            Direction::Forward => self.cursor(Side::Before, edge, pages),
            Direction::Backward => self.cursor(Side::After, edge - 1, pages),
        };
        let cursors = Cursors { after: Some(cursor.clone()), before: Some(cursor) };
        self.linked(Page::new(Vec::new(), cursors), edge, edge)
    }

    fn linked(&self, page: Page, start: usize, end: usize) -> Page {
        page.with_next_link(self.dialect.sends_links(Direction::Forward) && end < self.len())
            .with_previous_link(self.dialect.sends_links(Direction::Backward) && start > 0)
    }

    fn cursor(&self, side: Side, index: usize, pages: u64) -> Cursor {
        let target = match self.dialect.cursors {
            CursorKind::Items => Target::Item(self.entries[index].serial),
            CursorKind::Offsets => Target::Offset(index),
        };
        // A number that is different each time makes the cursor a new one.
        let pages = if self.dialect.ignore_cursors { self.answers } else { pages };
        CursorData { target, version_id: self.version, side, pages }.write()
    }

    fn was_sent(&self, data: CursorData) -> bool {
        let kind = match data.target {
            Target::Item(serial) if serial < self.next_serial => CursorKind::Items,
            Target::Item(_) => return false,
            Target::Offset(_) => CursorKind::Offsets,
        };
        kind == self.dialect.cursors && data.version_id <= self.version
    }

    /// The number of groups before the cursor; `None` if it is stale.
    fn edge(&self, data: CursorData, direction: Direction) -> Option<usize> {
        let index = match data.target {
            Target::Item(serial) => self.entries.iter().position(|entry| entry.serial == serial)?,
            Target::Offset(index) => index,
        };
        // An inclusive cursor is as one that points to the other side of its group.
        let direction = if self.dialect.inclusive_cursors { direction.reversed() } else { direction };
        (data.version_id == self.version).then(|| data.edge(index, direction))
    }
}
