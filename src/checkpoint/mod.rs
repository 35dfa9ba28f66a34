mod text;

use std::fmt;

use crate::cursor::{Cursor, Direction, Position};
use crate::walk::Place;

/// A place between two groups of a listing, and the listing's direction.
///
/// Made by [`GroupStream::checkpoint`](crate::GroupStream::checkpoint) and
/// [`Error::checkpoint`](crate::Error::checkpoint). [`ListGroups::resume`](crate::ListGroups::resume) continues from
/// it, in this process or another.
///
/// # What it holds
///
/// The cursors of the page and of the next one, the page size, the number of groups on the page before the place, and
/// 64-bit hashes of the last group's id (an id contains a phone number) and of the app id. No credential. `Display` and
/// serde write the cursors; `Debug` does not.
///
/// # When groups change meanwhile
///
/// In an unchanged list, the listing continues exactly at the next group, whatever the page sizes. In a changed list, it
/// continues after the last group yielded, also if that group has moved to a later page. If it is gone, its page is listed
/// again (reversed: the list, from its end). So groups may be repeated, but none is skipped.
///
/// If the cursor has expired, the listing fails with
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
    pub(crate) list: Option<u64>,
    pub(crate) heading: Direction,
    pub(crate) place: Place,
}

impl Checkpoint {
    /// Whether a listing from here yields the whole list.
    #[must_use]
    pub fn is_start(&self) -> bool {
        self.clone().reversed().is_end()
    }

    /// Whether the place is at the established end of the list in this direction. False where a listing stopped at an error; at
    /// [`max_groups`](crate::ListGroups::max_groups), true only if the end was known without another request.
    #[must_use]
    pub fn is_end(&self) -> bool {
        match self.place {
            Place::Start => self.heading == Direction::Backward,
            Place::End(_) => self.heading == Direction::Forward,
            Place::Middle(_) => false,
        }
    }

    /// The direction of a listing from here.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.heading
    }

    /// The same place in the other direction: the group that was yielded last is yielded first.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { heading: self.heading.reversed(), ..self }
    }

    pub(crate) fn unusable_cursor(&self) -> Option<&Cursor> {
        let gap = match &self.place {
            Place::Middle(gap) | Place::End(gap) => gap,
            Place::Start => return None,
        };
        [Some(&gap.position), gap.next.as_ref()]
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
