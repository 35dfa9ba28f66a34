//! The public form of a walk's place: what it tells, its text, and the text's version.

mod version1;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cursor::{Cursor, Direction, Position};
use crate::error::{Error, Result};
use crate::walk::{Beside, Mark, PageSize, Place};

/// What the text of a checkpoint begins with; the version follows.
const NAME: &str = "gupshup-groups";
/// The version that is written.
const VERSION: u32 = 2;

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

/// What the text holds, behind the name and the version, as JSON in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<u64>,
    direction: Direction,
    place: SavedPlace,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedPlace {
    Start,
    Middle(SavedMark),
    End(Option<SavedMark>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedMark {
    page: SavedPosition,
    limit: u16,
    offset: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    beside: Option<SavedBeside>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<SavedPosition>,
}

/// The hash of the last group yielded.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedBeside {
    Before(u64),
    After(u64),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedPosition {
    Start,
    After(String),
    Before(String),
}

impl From<&Position> for SavedPosition {
    fn from(position: &Position) -> Self {
        match position {
            Position::Start => Self::Start,
            Position::After(cursor) => Self::After(cursor.as_str().to_owned()),
            Position::Before(cursor) => Self::Before(cursor.as_str().to_owned()),
        }
    }
}

impl From<SavedPosition> for Position {
    fn from(saved: SavedPosition) -> Self {
        match saved {
            SavedPosition::Start => Self::Start,
            SavedPosition::After(cursor) => Self::After(cursor.into()),
            SavedPosition::Before(cursor) => Self::Before(cursor.into()),
        }
    }
}

impl From<&Mark> for SavedMark {
    fn from(mark: &Mark) -> Self {
        Self {
            page: (&mark.position).into(),
            limit: mark.limit.get(),
            offset: mark.offset,
            beside: mark.beside.map(|beside| match beside {
                Beside::Before(hash) => SavedBeside::Before(hash),
                Beside::After(hash) => SavedBeside::After(hash),
            }),
            next: mark.next.as_ref().map(Into::into),
        }
    }
}

impl From<SavedMark> for Mark {
    fn from(saved: SavedMark) -> Self {
        Self {
            position: saved.page.into(),
            limit: PageSize::clamped(saved.limit.into()),
            offset: saved.offset,
            beside: saved.beside.map(|beside| match beside {
                SavedBeside::Before(hash) => Beside::Before(hash),
                SavedBeside::After(hash) => Beside::After(hash),
            }),
            next: saved.next.map(Into::into),
        }
    }
}

/// One line of URL-safe text. It holds a cursor: keep it as you keep the list itself.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.place {
            Place::Start => SavedPlace::Start,
            Place::Middle(mark) => SavedPlace::Middle(mark.into()),
            Place::End(mark) => SavedPlace::End(mark.as_ref().map(Into::into)),
        };
        let saved = Saved { list: self.list, direction: self.heading, place };
        let json = serde_json::to_vec(&saved).map_err(|_| fmt::Error)?;
        write!(f, "{NAME}:{VERSION}:{}", URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    /// Reads the text of a checkpoint. White space around it is ignored.
    ///
    /// Texts of version 1, which is no longer written, are read too. They are not bound to a list.
    ///
    /// # Errors
    ///
    /// [`Error::is_config`] for a text that is not a checkpoint, is damaged, or was written by a later version.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let damaged = || Error::config("the checkpoint is damaged: list again from the start");
        let (version, body) =
            text.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(':')?.split_once(':')).ok_or_else(|| {
                Error::config(
                    "the text is not a checkpoint, which begins with \"gupshup-groups:\": save and read it as a whole",
                )
            })?;
        let version: u32 = version.parse().map_err(|_| damaged())?;
        if version > VERSION {
            return Err(Error::config(format!(
                "the checkpoint has version {version}, and this crate reads versions up to {VERSION}: update gupshup-groups"
            )));
        }
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| damaged())?;
        if version == 1 {
            let saved: version1::Saved = serde_json::from_slice(&json).map_err(|_| damaged())?;
            let (heading, place) = saved.into_parts();
            return Ok(Self { list: None, heading, place });
        }
        let saved: Saved = serde_json::from_slice(&json).map_err(|_| damaged())?;
        let place = match saved.place {
            SavedPlace::Start => Place::Start,
            SavedPlace::Middle(mark) => Place::Middle(mark.into()),
            SavedPlace::End(mark) => Place::End(mark.map(Into::into)),
        };
        let checkpoint = Self { list: saved.list, heading: saved.direction, place };
        // A place has one text. Another one with the same meaning was not written by this crate.
        if checkpoint.to_string() == text { Ok(checkpoint) } else { Err(damaged()) }
    }
}

/// As the text of its `Display`, so that there is one form, with one version.
impl Serialize for Checkpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checkpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
