//! The public form of a walk's place.

mod text;
mod version1;

use std::fmt;

use crate::cursor::{Cursor, Direction, Position};
use crate::walk::Place;

/// A place between two groups of a listing, and the direction of the listing there.
///
/// Take one with [`GroupStream::checkpoint`](crate::GroupStream::checkpoint) or from
/// [`Error::checkpoint`](crate::Error::checkpoint), save it, and continue with
/// [`ListGroups::resume`](crate::ListGroups::resume), in this process or another.
///
/// # What it holds
///
/// - the cursor of a page, the number of groups between the start of that page and the place, and the page size,
/// - a 64-bit hash of the id of the last group yielded (`rapidhash` version 3 of the id's bytes, default seed: the same on
///   every platform). An id contains a phone number, so the id itself is not saved,
/// - [`PageSource::list_identity`](crate::PageSource::list_identity) of the list: a checkpoint of another list is refused.
///
/// It holds no API key. Its text (`Display`, and the same text in serde) holds the cursor on purpose; its `Debug` does not.
///
/// # When groups change meanwhile
///
/// An unchanged list continues exactly at the next group, whatever the page size before and after. In a changed list the
/// listing continues just past the last group yielded, also if that group has moved to a later page. If the group is gone,
/// its page is listed again: groups are repeated, never lost. If the cursor itself has expired, the listing ends with
/// [`Error::is_cursor_expired`](crate::Error::is_cursor_expired): list again from the start.
///
/// # Examples
///
/// ```
/// use futures::StreamExt;
/// use gupshup_groups::{Checkpoint, ListGroups};
/// # use gupshup_groups::{Group, testing::FakeGroups};
/// # let list = ListGroups::from_source(FakeGroups::new((0..9).map(|n| Group::new(n.to_string(), "", n))));
///
/// # futures::executor::block_on(async {
/// let mut groups = list.stream();
/// groups.next().await;
/// let saved = groups.checkpoint().to_string();
///
/// let place: Checkpoint = saved.parse()?;
/// let rest: Vec<_> = list.resume(place).stream().collect().await;
/// assert_eq!(rest.len(), 8);
/// # Ok::<(), gupshup_groups::Error>(())
/// # });
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// The list that it belongs to, if the source has said which one it is.
    pub(crate) list: Option<u64>,
    pub(crate) heading: Direction,
    pub(crate) place: Place,
}

impl Checkpoint {
    /// Whether no group lies behind: a listing from here yields the whole list.
    #[must_use]
    pub fn is_start(&self) -> bool {
        self.clone().reversed().is_end()
    }

    /// Whether no group lies ahead: the end of the list in this direction is established.
    ///
    /// A listing that stopped for an error or for [`max_groups`](crate::ListGroups::max_groups) is not at the end.
    #[must_use]
    pub fn is_end(&self) -> bool {
        match self.place {
            Place::Start => self.heading == Direction::Backward,
            Place::End(_) => self.heading == Direction::Forward,
            Place::Middle(_) => false,
        }
    }

    /// The direction in which a listing continues from here.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.heading
    }

    /// The same place in the other direction: the last group yielded comes back first.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { heading: self.heading.reversed(), ..self }
    }

    /// The first cursor in it that must not be sent: it is too long, or no cursor.
    pub(crate) fn unusable_cursor(&self) -> Option<&Cursor> {
        let mark = match &self.place {
            Place::Middle(mark) | Place::End(Some(mark)) => mark,
            Place::Start | Place::End(None) => return None,
        };
        [Some(&mark.position), mark.next.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(Position::cursor)
            .find(|cursor| cursor.is_too_long() || !cursor.is_usable())
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Start => "before the first group",
            Place::Middle(_) => "between two groups",
            Place::End(_) => "after the last group",
        };
        f.debug_struct("Checkpoint").field("place", &place).field("direction", &self.heading).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
