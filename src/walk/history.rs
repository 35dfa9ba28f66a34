//! What the requests of a walk have shown: cursors sent, links, and pages in a row that bring nothing. Bounds every loop.

use std::collections::BTreeSet;

use crate::cursor::Cursor;

use super::failure::Failure;
use super::view::{View, hash};

/// Most empty pages in a row. The API may send some (Graph API, "Paginated Results"); a hundred have not been reported,
/// and mean that the server sends new cursors without end.
const MAX_EMPTY_PAGES: u32 = 100;

/// Most pages in a row that are requested again, for a server that refuses each cursor it has just sent, or changes its
/// last page each time.
const MAX_AGAIN: u32 = 3;

#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// The hashes of the cursors sent in this pass. A pass ends at a reversal, or where pages are requested again. Two
    /// cursors share a hash with a probability of n²/2⁶⁵: for 10,000 pages, in one of 10¹¹ walks.
    sent: BTreeSet<u64>,
    /// Whether the server has sent a link in the direction of the requests.
    linked: bool,
    /// Empty pages since the last page with groups.
    empty_pages: u32,
    /// Pages requested again since the last group was yielded, because of a refused cursor or to go back from the end.
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

    /// Starts a new pass, in which each cursor may be sent once more.
    pub(super) fn begin_pass(&mut self) {
        self.sent.clear();
    }

    /// Starts the pass back from a page on which the walk reverses.
    pub(super) fn reverse(&mut self, view: &View) {
        self.begin_pass();
        self.linked = view.ahead.link;
    }

    pub(super) fn received(&mut self, view: &View) {
        self.linked |= view.side(view.position.direction()).link;
        self.empty_pages = if view.len() == 0 { self.empty_pages + 1 } else { 0 };
    }

    pub(super) fn yielded(&mut self) {
        self.again = 0;
    }

    pub(super) fn is_linked(&self) -> bool {
        self.linked
    }

    pub(super) fn has_too_many_empty_pages(&self) -> bool {
        self.empty_pages >= MAX_EMPTY_PAGES
    }

    /// Counts a page that is requested again. Returns whether it may be.
    pub(super) fn may_request_again(&mut self) -> bool {
        let may = self.again < MAX_AGAIN;
        self.again += u32::from(may);
        may
    }

    /// Allows as many empty pages and repeated requests as at first.
    pub(super) fn reset_bounds(&mut self) {
        (self.empty_pages, self.again) = (0, 0);
    }
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
