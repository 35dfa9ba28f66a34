use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::cursor::Cursor;

/// An active WhatsApp group.
///
/// `Debug` shows the length of the id only, since the id contains a phone number.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Group {
    /// The opaque, case-sensitive base64 id, which identifies the group. It contains the business phone number.
    pub id: String,
    /// The group's name: any text, including control and bidirectional characters. Escape it before you display it.
    pub subject: String,
    /// The creation time, in seconds since the Unix epoch.
    pub creation_timestamp: i64,
}

impl Group {
    /// A group for tests, and for sources of your own.
    pub fn new(id: impl Into<String>, subject: impl Into<String>, creation_timestamp: i64) -> Self {
        Self { id: id.into(), subject: subject.into(), creation_timestamp }
    }

    /// The creation time, or `None` if it is outside the range of [`SystemTime`].
    #[must_use]
    pub fn created_at(&self) -> Option<SystemTime> {
        let distance = Duration::from_secs(self.creation_timestamp.unsigned_abs());
        if self.creation_timestamp < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, subject, creation_timestamp } = self;
        f.debug_struct("Group")
            .field("id", &format_args!("({} bytes)", id.len()))
            .field("subject", subject)
            .field("creation_timestamp", creation_timestamp)
            .finish()
    }
}

/// One response of the API, in the server's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Page {
    /// The groups. May be empty in the middle of a list.
    pub groups: Vec<Group>,
    /// The cursors at both ends.
    pub cursors: Cursors,
    /// Whether the server sent a link to a next page. If not, there may still be one: see
    /// [`page`](crate::ListGroups::page). The link itself is dropped, since it points to another
    /// company's host and may hold a token.
    pub has_next: bool,
    /// Whether the server sent a link to a previous page.
    pub has_previous: bool,
    /// The size of the decoded body in bytes; 0 if there was none.
    pub bytes: u64,
}

impl Page {
    /// A page without links, for tests, and for sources of your own.
    #[must_use]
    pub fn new(groups: Vec<Group>, cursors: Cursors) -> Self {
        Self { groups, cursors, ..Self::default() }
    }

    /// Sets whether there is a link to a next page: [`has_next`](Self::has_next).
    #[must_use]
    pub fn with_next_link(mut self, sent: bool) -> Self {
        self.has_next = sent;
        self
    }

    /// Sets whether there is a link to a previous page: [`has_previous`](Self::has_previous).
    #[must_use]
    pub fn with_previous_link(mut self, sent: bool) -> Self {
        self.has_previous = sent;
        self
    }
}

/// The cursors at both ends of a page: equal if the page has one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cursors {
    /// The end of the page. The last page has one too.
    pub after: Option<Cursor>,
    /// The start of the page.
    pub before: Option<Cursor>,
}

impl Cursors {
    /// Cursors from the API's texts. An empty text or `null` is not a cursor.
    #[must_use]
    pub fn new(after: Option<&str>, before: Option<&str>) -> Self {
        Self { after: after.and_then(Cursor::usable), before: before.and_then(Cursor::usable) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_creation_time_counts_seconds_since_1970_also_before_it() {
        let created_at = |seconds| Group::new("Z3JvdXA", "Support", seconds).created_at();
        assert_eq!(created_at(1_700_000_000), Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)));
        assert_eq!(created_at(-1), Some(UNIX_EPOCH - Duration::from_secs(1)));
    }

    #[test]
    fn debug_does_not_show_the_id() {
        let text = format!("{:?}", Group::new("Z3JvdXA6NDkxNzA", "Support", 7));
        assert_eq!(text, "Group { id: (15 bytes), subject: \"Support\", creation_timestamp: 7 }");
    }

    #[test]
    fn an_empty_text_and_null_are_not_cursors() {
        let cursors = Cursors::new(Some("QVFI"), Some("null"));
        assert!(cursors.after.is_some() && cursors.before.is_none());
        assert_eq!(Cursors::new(Some(""), None), Cursors::default());
    }
}
