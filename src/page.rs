//! What a page holds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::cursor::{Cursor, Direction};

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

    /// The group that a walk in `direction` comes to last.
    pub(crate) fn last(&self, direction: Direction) -> Option<&Group> {
        match direction {
            Direction::Forward => self.groups.last(),
            Direction::Backward => self.groups.first(),
        }
    }

    /// Whether the server sent a link that goes on in `direction`.
    pub(crate) fn link(&self, direction: Direction) -> bool {
        match direction {
            Direction::Forward => self.has_next,
            Direction::Backward => self.has_previous,
        }
    }

    /// The cursor that goes on in `direction`. A text that is no cursor is none, also where a source of the user's own
    /// put it into the page.
    pub(crate) fn cursor(&self, direction: Direction) -> Option<&Cursor> {
        match direction {
            Direction::Forward => self.cursors.after.as_ref(),
            Direction::Backward => self.cursors.before.as_ref(),
        }
        .filter(|cursor| cursor.is_usable())
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

/// How many groups a page may hold: 1 to 1024, as the API's page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageSize(u16);

impl PageSize {
    /// The smallest page: one group.
    pub const MIN: Self = Self(1);
    /// The API's own default.
    pub const DEFAULT: Self = Self(25);
    /// The largest page that the API documents.
    pub const MAX: Self = Self(1024);

    /// The nearest page size that the API documents.
    ///
    /// ```
    /// use gupshup_groups::PageSize;
    ///
    /// assert_eq!(PageSize::clamped(0), PageSize::MIN);
    /// assert_eq!(PageSize::clamped(100).get(), 100);
    /// assert_eq!(PageSize::clamped(u32::MAX), PageSize::MAX);
    /// ```
    #[must_use]
    pub const fn clamped(size: u32) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "at most 1024 here")]
        match size {
            0 => Self::MIN,
            1..=1024 => Self(size as u16),
            _ => Self::MAX,
        }
    }

    /// The number of groups.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}
