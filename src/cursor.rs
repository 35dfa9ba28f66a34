//! Where the API is asked to go on: an opaque [`Cursor`], and the [`Direction`] that it is used in.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest cursor that is sent or accepted, in bytes.
///
/// Cursors of the Graph API are some 30 to 200 bytes; 4 KiB leaves room and still fits any server's limit on a request
/// line.
pub(crate) const MAX_CURSOR_BYTES: usize = 4 * 1024;

/// A place in the server's list, as the server wrote it.
///
/// Opaque: the API promises nothing about what is inside, and nothing here looks. Cursors come from [`Page::cursors`]
/// and go into [`ListGroups::after`] and [`ListGroups::before`]. They are short-lived: the API invalidates a cursor when
/// the group that it points to is deleted, so keep a [`Checkpoint`] where you want to go on later.
///
/// Its `Debug` shows the length only, so that no log holds a cursor by accident.
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

    /// A cursor from an answer's text, or `None` where the text stands for "no cursor".
    ///
    /// The API's own example sends the literal `null`, and what is sent comes back: the empty text and `null` are no
    /// cursor.
    pub(crate) fn usable(text: &str) -> Option<Self> {
        Some(Self(text.into())).filter(Self::is_usable)
    }

    /// Whether it is a cursor at all.
    pub(crate) fn is_usable(&self) -> bool {
        !matches!(self.as_str(), "" | "null")
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

/// Which way a walk goes through the server's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The server's own order, by `after` cursors.
    Forward,
    /// The exact mirror of the server's order, by `before` cursors.
    Backward,
}

impl Direction {
    /// The other one.
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
