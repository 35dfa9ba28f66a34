//! What the requests of a walk have shown: cursors sent, links, and pages in a row that bring nothing. Bounds every loop.

use std::collections::BTreeMap;

use crate::cursor::Cursor;

use super::fault::Failure;
use super::view::{View, hash};

/// Most empty pages in a row. The API may send some (Graph API, "Paginated Results"); a hundred have not been reported,
/// and mean that the server sends new cursors without end.
const MAX_EMPTY_PAGES: u32 = 100;

/// Most pages in a row that are requested again, for a server that refuses each cursor it has just sent, or changes its
/// last page each time.
const MAX_AGAIN: u32 = 3;

#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// The hash of each cursor, and the pass in which it was last sent. A pass ends at a reversal or restart. Two
    /// cursors share a hash with a probability of n²/2⁶⁵: for 10,000 pages, in one of 10¹¹ walks.
    sent: BTreeMap<u64, u32>,
    pass: u32,
    /// Whether the server has sent a link in the direction of the requests.
    pub(super) linked: bool,
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
            Some(cursor) if !self.send(cursor) => Err(Failure::Loop),
            Some(_) | None => Ok(()),
        }
    }

    /// Adds a cursor. Returns whether it is new in this pass.
    pub(super) fn send(&mut self, cursor: &Cursor) -> bool {
        self.sent.insert(hash(cursor.as_str()), self.pass) != Some(self.pass)
    }

    /// Allows a cursor to be sent once more in this pass.
    pub(super) fn forget(&mut self, cursor: &Cursor) {
        self.sent.remove(&hash(cursor.as_str()));
    }

    /// The history of the walk in the other direction.
    pub(super) fn reversed(self) -> Self {
        Self { sent: self.sent, pass: self.pass + 1, ..Self::default() }
    }

    /// Starts a new pass, in which each cursor may be sent once more.
    pub(super) fn begin_pass(&mut self) {
        self.pass += 1;
    }

    /// Whether the text is a cursor that was sent in any pass.
    #[cfg(test)]
    pub(super) fn has_sent(&self, text: &str) -> bool {
        self.sent.contains_key(&hash(text))
    }

    pub(super) fn received(&mut self, view: &View) {
        self.linked |= view.ahead.link;
        self.empty_pages = if view.len() == 0 { self.empty_pages + 1 } else { 0 };
    }

    pub(super) fn yielded(&mut self) {
        self.again = 0;
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

    #[test]
    fn a_cursor_is_new_once_in_each_pass_and_known_for_ever() {
        let mut history = History::default();
        assert!(history.send(&"a".into()));
        assert!(!history.send(&"a".into()));
        history.begin_pass();
        assert!(history.has_sent("a") && !history.has_sent("b"));
        assert!(history.send(&"a".into()));
        assert!(!history.send(&"a".into()));
    }

    #[test]
    fn a_refused_cursor_that_is_forgotten_is_new_again() {
        let mut history = History::default();
        history.send(&"a".into());
        history.forget(&"a".into());
        assert!(history.send(&"a".into()));
    }
}
