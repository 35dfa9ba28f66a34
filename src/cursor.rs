//! What is a cursor, which way it leads, and the position that both make. The only place that says what is a cursor.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest cursor that is sent or accepted, in bytes.
///
/// Cursors of the Graph API are 30 to 200 bytes long. 4 KiB leaves room, and fits any server's limit on a request line.
pub(crate) const MAX_CURSOR_BYTES: usize = 4 * 1024;

/// A position in the server's list, as the server wrote it.
///
/// A cursor is opaque: the API promises nothing about its content, and this crate does not read it. Cursors come from
/// [`Page::cursors`] and go into [`ListGroups::after`] and [`ListGroups::before`]. The API invalidates a cursor when the
/// group that it points to is deleted, so save a [`Checkpoint`] instead where you want to resume later.
///
/// `Debug` shows only the length, so that no log holds a cursor by accident.
///
/// ```
/// use gupshup_groups::Cursor;
///
/// let cursor = Cursor::from("QVFIUlJ");
/// assert_eq!(cursor.as_str(), "QVFIUlJ");
/// assert_eq!(format!("{cursor:?}"), "Cursor(7 bytes)");
/// ```
///
/// [`Page::cursors`]: crate::Page::cursors
/// [`ListGroups::after`]: crate::ListGroups::after
/// [`ListGroups::before`]: crate::ListGroups::before
/// [`Checkpoint`]: crate::Checkpoint
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(Arc<str>);

impl Cursor {
    /// The text that the server sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The cursor in a server's text, or `None` if the text stands for "no cursor".
    ///
    /// The API's own example sends the literal `null`, so the empty text and `null` are not cursors.
    pub(crate) fn usable(text: &str) -> Option<Self> {
        Some(Self(text.into())).filter(Self::is_usable)
    }

    /// Whether it is a cursor at all.
    pub(crate) fn is_usable(&self) -> bool {
        !matches!(self.as_str(), "" | "null")
    }

    /// Whether it is longer than [`MAX_CURSOR_BYTES`].
    pub(crate) fn is_too_long(&self) -> bool {
        self.0.len() > MAX_CURSOR_BYTES
    }
}

impl From<&str> for Cursor {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Cursor {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&Cursor> for Cursor {
    fn from(cursor: &Cursor) -> Self {
        cursor.clone()
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({} bytes)", self.0.len())
    }
}

/// Which way a listing reads the server's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The server's order, by `after` cursors.
    Forward,
    /// The exact mirror of the server's order, by `before` cursors.
    Backward,
}

impl Direction {
    /// The other direction.
    ///
    /// ```
    /// use gupshup_groups::Direction;
    ///
    /// assert_eq!(Direction::Forward.reversed(), Direction::Backward);
    /// ```
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

/// The position of a page. "Backward from the start" cannot be written: the direction comes from the cursor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Position {
    /// The list's first page.
    Start,
    /// The page that begins just after the group that the cursor points to.
    After(Cursor),
    /// The page that ends just before the group that the cursor points to.
    Before(Cursor),
}

impl Position {
    /// The kind in a word, which shows no cursor.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::After(_) => "after",
            Self::Before(_) => "before",
        }
    }

    /// The direction in which pages at such positions are read.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self {
            Self::Start | Self::After(_) => Direction::Forward,
            Self::Before(_) => Direction::Backward,
        }
    }

    /// The cursor, if the position has one.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        match self {
            Self::Start => None,
            Self::After(cursor) | Self::Before(cursor) => Some(cursor),
        }
    }

    /// The position that continues from `cursor` in `direction`.
    pub(crate) fn from_cursor(direction: Direction, cursor: Cursor) -> Self {
        match direction {
            Direction::Forward => Self::After(cursor),
            Direction::Backward => Self::Before(cursor),
        }
    }
}
