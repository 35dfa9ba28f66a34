//! What the requests of a walk have shown: cursors sent, links, and pages in a row that bring nothing. Bounds every loop.

use std::collections::BTreeSet;

use crate::cursor::Cursor;

use super::failure::Failure;
use super::view::{View, hash};

/// Most pages in a row without a new group. The API may send some empty ones (Graph API, "Paginated Results"); a hundred
/// have not been reported, and mean that the server sends new cursors without end.
const MAX_IDLE_PAGES: u32 = 100;

/// Most pages in a row that are requested again, for a server that refuses each cursor it has just sent, or changes its
/// last page each time. To find the end of a list twice, because it changed meanwhile, takes four.
const MAX_AGAIN: u32 = 5;

#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// The hashes of the cursors sent in this pass. A pass ends at a reversal, or where pages are requested again. Two
    /// cursors share a hash with a probability of n²/2⁶⁵: for 10,000 pages, in one of 10¹¹ walks.
    sent: BTreeSet<u64>,
    /// The fingerprints of the pages received in this pass.
    received: BTreeSet<u64>,
    /// Whether the server has sent a link in the direction of the walk.
    linked_ahead: bool,
    /// The same in the other direction, in which a walk that reverses requests its first pages.
    linked_behind: bool,
    /// The number of groups that the last page repeated of the page before it.
    repeated: usize,
    /// Pages since the last one with a new group.
    idle: u32,
    /// Pages requested again since the list last went on, because of a refused cursor or to go back from the end.
    again: u32,
}

impl History {
    /// Adds a cursor that is about to be sent. Fails if it is too long, or was sent in this pass.
    pub(super) fn admit(&mut self, cursor: Option<&Cursor>) -> Result<(), Failure> {
        match cursor {
            Some(cursor) if cursor.is_too_long() => Err(Failure::CursorTooLong(cursor.as_str().len())),
            Some(cursor) if !self.sent.insert(hash(cursor.as_str())) => Err(Failure::Loop),
            Some(_) | None => Ok(()),
        }
    }

    /// Allows a cursor to be sent once more in this pass.
    pub(super) fn forget(&mut self, cursor: &Cursor) {
        self.sent.remove(&hash(cursor.as_str()));
    }

    /// Starts a new pass, in which each cursor may be sent once more, and each page is new.
    pub(super) fn begin_pass(&mut self) {
        self.sent.clear();
        self.received.clear();
    }

    /// Starts the pass back from a page on which the walk reverses.
    pub(super) fn reverse(&mut self, view: &View) {
        self.begin_pass();
        self.linked_ahead = view.ahead.link;
    }

    /// Notes whether a page has a link.
    pub(super) fn saw_link(&mut self, view: &View) {
        let linked = if view.is_reversed() { &mut self.linked_behind } else { &mut self.linked_ahead };
        *linked |= view.side(view.position.direction()).link;
    }

    /// Counts a page, of which the groups after the first `skip` are not known to be repeated. Returns whether it brings
    /// new ones: it is no repetition of a page of this pass.
    pub(super) fn receive(&mut self, view: &View, skip: usize) -> bool {
        let is_new = skip < view.len() && self.received.insert(fingerprint(&view.hashes));
        self.idle = if is_new { 0 } else { self.idle + 1 };
        is_new
    }

    /// Notes how many groups of the page before a page has repeated.
    pub(super) fn saw_seam(&mut self, repeated: usize) {
        self.repeated = repeated;
    }

    /// The list went on to another page with new groups.
    pub(super) fn went_on(&mut self) {
        self.again = 0;
    }

    pub(super) fn repeated(&self) -> usize {
        self.repeated
    }

    /// Whether the server has sent a link in the direction in which this page was requested.
    pub(super) fn has_linked(&self, view: &View) -> bool {
        if view.is_reversed() { self.linked_behind } else { self.linked_ahead }
    }

    pub(super) fn has_stalled(&self) -> bool {
        self.idle >= MAX_IDLE_PAGES
    }

    /// Counts a page that is requested again. Returns whether it may be.
    pub(super) fn may_request_again(&mut self) -> bool {
        let may = self.again < MAX_AGAIN;
        self.again += u32::from(may);
        may
    }

    /// Allows as many pages without a new group, and repeated requests, as at first.
    pub(super) fn reset_bounds(&mut self) {
        (self.idle, self.again) = (0, 0);
    }
}

/// The same for the same groups, in any order. Different pages share one as rarely as two cursors share a hash.
fn fingerprint(hashes: &[u64]) -> u64 {
    hashes.iter().fold(0, |sum, hash| sum.wrapping_add(*hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(history: &mut History, cursor: &str) -> bool {
        history.admit(Some(&cursor.into())).is_ok()
    }

    #[test]
    fn a_cursor_is_sent_once_in_each_pass() {
        let mut history = History::default();
        assert!(admits(&mut history, "a"));
        assert!(!admits(&mut history, "a"));
        history.begin_pass();
        assert!(admits(&mut history, "a"));
        assert!(!admits(&mut history, "a"));
    }

    #[test]
    fn a_cursor_that_is_forgotten_may_be_sent_again() {
        let mut history = History::default();
        assert!(admits(&mut history, "a"));
        history.forget(&"a".into());
        assert!(admits(&mut history, "a"));
    }
}
