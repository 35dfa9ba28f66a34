//! What a page holds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::cursor::Cursor;

/// An active WhatsApp group.
///
/// ```
/// use gupshup_groups::Group;
///
/// let group = Group::new("Z3JvdXA", "Support", 1_700_000_000);
/// assert_eq!(group.created_at().duration_since(std::time::UNIX_EPOCH)?.as_secs(), 1_700_000_000);
/// # Ok::<(), std::time::SystemTimeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Group {
    /// The group's id: opaque, case-sensitive base64, and the only thing that identifies the group. It contains the
    /// business phone number.
    pub id: String,
    /// The group's name as its members see it: any text, control and bidirectional characters included. Escape it
    /// before you print it to a terminal or a page.
    pub subject: String,
    /// When the group was created, in seconds since the Unix epoch.
    pub creation_timestamp: i64,
}

impl Group {
    /// A group of these values: for tests, and for sources of your own.
    pub fn new(id: impl Into<String>, subject: impl Into<String>, creation_timestamp: i64) -> Self {
        Self { id: id.into(), subject: subject.into(), creation_timestamp }
    }

    /// When the group was created. A time that this platform's clock cannot express (billions of years away) comes as
    /// the Unix epoch.
    #[must_use]
    pub fn created_at(&self) -> SystemTime {
        let distance = Duration::from_secs(self.creation_timestamp.unsigned_abs());
        let time = if self.creation_timestamp < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        time.unwrap_or(UNIX_EPOCH)
    }
}

/// One answer of the API: some groups, and where the list goes on.
///
/// The groups stand in the server's order, whichever way the walk goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The groups of this page, in the server's order. May be empty in the middle of a list.
    pub groups: Vec<Group>,
    /// The cursors at both ends of this page.
    pub cursors: Cursors,
    /// The server sent a link to a next page. The link itself is not kept: it leads to another company's host, and may
    /// hold a token.
    pub has_next: bool,
    /// The server sent a link to a previous page.
    pub has_previous: bool,
    /// The size of the answer's decoded body, in bytes; 0 where there was none. Feeds
    /// [`Progress::bytes`](crate::Progress).
    pub bytes: u64,
}

impl Page {
    /// A page without links, as the last page of a list is.
    #[must_use]
    pub fn new(groups: Vec<Group>, cursors: Cursors) -> Self {
        Self { groups, cursors, ..Self::default() }
    }

    /// Sets whether the server sent a link to a next page.
    #[must_use]
    pub fn has_next(mut self, has_next: bool) -> Self {
        self.has_next = has_next;
        self
    }

    /// Sets whether the server sent a link to a previous page.
    #[must_use]
    pub fn has_previous(mut self, has_previous: bool) -> Self {
        self.has_previous = has_previous;
        self
    }

    /// Sets the size of the answer's body, in bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }
}

/// The cursors at both ends of a page. On a page of one group they are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cursors {
    /// The end of the page: `after` it the list goes on forward. The last page has one too.
    pub after: Option<Cursor>,
    /// The start of the page: `before` it the list goes on backward.
    pub before: Option<Cursor>,
}

impl Cursors {
    /// Cursors of these values. The empty text and the literal `null` are no cursor, as in the API's answers.
    ///
    /// ```
    /// use gupshup_groups::Cursors;
    ///
    /// let cursors = Cursors::new(Some("QVFI"), Some("null"));
    /// assert!(cursors.after.is_some() && cursors.before.is_none());
    /// ```
    #[must_use]
    pub fn new(after: Option<&str>, before: Option<&str>) -> Self {
        Self { after: after.and_then(Cursor::usable), before: before.and_then(Cursor::usable) }
    }
}
