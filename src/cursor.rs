//! What a request asks for: cursors, directions, positions and page sizes. The only file that decides what is a cursor.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest cursor that is sent or accepted. Cursors of the Graph API have 30 to 200 bytes; 4 KiB fits in any
/// server's limit on a request line.
pub(crate) const MAX_CURSOR_BYTES: usize = 4 * 1024;

/// An opaque text of the API that points to a place in the list.
///
/// Read from [`Page::cursors`], passed to [`ListGroups::after`] and [`ListGroups::before`]. The API invalidates a cursor when
/// its group is deleted: to resume later, save a [`Checkpoint`].
///
/// `Debug` shows the length only; serde writes the text.
///
/// [`Page::cursors`]: crate::Page::cursors
/// [`ListGroups::after`]: crate::ListGroups::after
/// [`ListGroups::before`]: crate::ListGroups::before
/// [`Checkpoint`]: crate::Checkpoint
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(Arc<str>);

impl Cursor {
    /// The text, as the server sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The cursor in a server's text. The API's example sends the literal `null` for "no cursor".
    pub(crate) fn usable(text: &str) -> Option<Self> {
        Some(Self(text.into())).filter(Self::is_usable)
    }

    pub(crate) fn is_usable(&self) -> bool {
        !matches!(self.as_str(), "" | "null")
    }

    pub(crate) fn is_too_long(&self) -> bool {
        self.0.len() > MAX_CURSOR_BYTES
    }
}

impl AsRef<str> for Cursor {
    fn as_ref(&self) -> &str {
        &self.0
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

/// The direction of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// In the server's order, by `after` cursors.
    Forward,
    /// In the exact mirror of the server's order, by `before` cursors.
    Backward,
}

impl Direction {
    /// The other direction.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

/// Where a page is requested.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// The first page of the list.
    Start,
    /// The page that begins just after the group that the cursor points to.
    After(Cursor),
    /// The page that ends just before the group that the cursor points to.
    Before(Cursor),
}

impl Position {
    /// `start`, `after` or `before`: for logs and labels.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::After(_) => "after",
            Self::Before(_) => "before",
        }
    }

    /// The direction of a listing from here.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self {
            Self::Start | Self::After(_) => Direction::Forward,
            Self::Before(_) => Direction::Backward,
        }
    }

    /// The cursor, if there is one.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        match self {
            Self::Start => None,
            Self::After(cursor) | Self::Before(cursor) => Some(cursor),
        }
    }

    pub(crate) fn from_cursor(direction: Direction, cursor: Cursor) -> Self {
        match direction {
            Direction::Forward => Self::After(cursor),
            Direction::Backward => Self::Before(cursor),
        }
    }
}

/// The most groups on a page: 1 to 1024, the API's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub struct PageSize(u32);

impl PageSize {
    /// The smallest page: one group.
    pub const MIN: Self = Self(1);
    /// The API's default.
    pub const DEFAULT: Self = Self(25);
    /// The API's maximum.
    pub const MAX: Self = Self(1024);

    /// The nearest size in the range.
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
        match size {
            0 => Self::MIN,
            1..=1024 => Self(size),
            _ => Self::MAX,
        }
    }

    /// The number of groups.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<PageSize> for u32 {
    fn from(size: PageSize) -> Self {
        size.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Clamps to the range: [`PageSize::clamped`].
impl From<u32> for PageSize {
    fn from(size: u32) -> Self {
        Self::clamped(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_clamped_to_what_the_api_documents() {
        for (wanted, expected) in [(0, 1), (1, 1), (2, 2), (1023, 1023), (1024, 1024), (1025, 1024), (u32::MAX, 1024)] {
            assert_eq!(PageSize::clamped(wanted).get(), expected);
            assert_eq!(PageSize::from(wanted), PageSize::clamped(wanted));
        }
    }
}
