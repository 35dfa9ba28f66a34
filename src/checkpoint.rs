//! The place of a walk: exact to the group, and made to be saved.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cursor::{Cursor, Direction, MAX_CURSOR_BYTES};
use crate::error::{Error, Result};
use crate::source::Position;

/// What the text of a checkpoint begins with; the version follows.
const NAME: &str = "gupshup-groups";
/// The version that is written, and the only one there is.
const VERSION: u32 = 1;

/// A place between two groups of a walk, and the direction that the walk has there.
///
/// Take one with [`GroupStream::checkpoint`](crate::GroupStream::checkpoint) or from
/// [`Error::checkpoint`](crate::Error::checkpoint), save it, and go on with
/// [`ListGroups::resume`](crate::ListGroups::resume), in this process or another.
///
/// # What it holds
///
/// A cursor of the API, the number of groups passed since that cursor, and the id of the last group yielded. It holds no
/// API key. Its text (`Display`, and the same text in serde) holds the cursor and the id on purpose; its `Debug` holds
/// neither.
///
/// # When groups change meanwhile
///
/// An unchanged list goes on exactly at the next group, whatever the page size before and after. In a changed one the
/// walk goes on just past the last group yielded, wherever it has moved to; where that group is gone, the page is
/// listed again: a repeat, never a loss. Where the cursor itself was invalidated, the walk ends with
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
    pub(crate) heading: Direction,
    pub(crate) place: Place,
}

/// Where a walk is.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// Before the first group of the list.
    Start,
    /// Between two groups, as far as is known.
    Middle(Mark),
    /// After the last group of the list. The mark is the way back; an empty list has none.
    End(Option<Mark>),
}

/// A gap between two groups, told by a page on which it lies.
///
/// The page is named by the request that fetches it, and the gap by what lies between the page's beginning and the gap,
/// counted in the direction of that request.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// The request whose answer holds the gap.
    pub(crate) page: Anchor,
    /// How many groups the answer has before the gap.
    #[serde(default)]
    pub(crate) passed: usize,
    /// The last group yielded. `None` where none of this page was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) beside: Option<Beside>,
    /// The request that goes on from the gap without asking for the page again, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) then: Option<Anchor>,
    /// The end of the page before this one: the way back from a page that has no cursor back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) prior: Option<Box<Mark>>,
}

impl Mark {
    /// The gap at the beginning of the page.
    pub(crate) fn before(page: Anchor) -> Self {
        Self { page, passed: 0, beside: None, then: None, prior: None }
    }
}

/// On which side of the gap the last group yielded lies, in the direction of the page's request. Holds its id.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Beside {
    /// Just before the gap.
    Passed(String),
    /// Just after the gap: the walk has turned round.
    Ahead(String),
}

/// A request, less its limit, and why it is made.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Anchor {
    #[serde(with = "saved_position")]
    pub(crate) position: Position,
    pub(crate) cause: Cause,
}

impl Anchor {
    /// The request for the first page of the list.
    pub(crate) fn start() -> Self {
        Self { position: Position::Start, cause: Cause::Given }
    }
}

/// Why a request is made: what an error in answer to it can mean depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// The caller named the place.
    Given,
    /// The page before had a link to it: there is such a page.
    Linked,
    /// The page before had no link, and this server has sent none yet: this may be past the end.
    Unlinked,
}

impl Checkpoint {
    pub(crate) fn start() -> Self {
        Self { heading: Direction::Forward, place: Place::Start }
    }

    /// The place that a cursor of the caller's names.
    pub(crate) fn given(position: Position) -> Self {
        let heading = position.direction();
        Self { heading, place: Place::Middle(Mark::before(Anchor { position, cause: Cause::Given })) }
    }

    /// Whether nothing lies behind: a walk that goes on here yields the whole list.
    #[must_use]
    pub fn is_start(&self) -> bool {
        match self.place {
            Place::Start => self.heading == Direction::Forward,
            Place::End(_) => self.heading == Direction::Backward,
            Place::Middle(_) => false,
        }
    }

    /// Whether nothing lies ahead: the API has said that the list is at its end in this direction.
    ///
    /// A walk that stopped for an error or for [`max_groups`](crate::ListGroups::max_groups) is not at the end.
    #[must_use]
    pub fn is_end(&self) -> bool {
        match self.place {
            Place::Start => self.heading == Direction::Backward,
            Place::End(_) => self.heading == Direction::Forward,
            Place::Middle(_) => false,
        }
    }

    /// The way that a walk goes on from here.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.heading
    }

    /// The same place, facing the other way: what was just yielded comes back first.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { heading: self.heading.reversed(), place: self.place }
    }

    /// The first cursor in it that is longer than any that may be sent, or that is no cursor.
    pub(crate) fn unusable_cursor(&self) -> Option<&Cursor> {
        let mark = match &self.place {
            Place::Middle(mark) | Place::End(Some(mark)) => mark,
            Place::Start | Place::End(None) => return None,
        };
        let unusable = |cursor: &&Cursor| cursor.as_str().len() > MAX_CURSOR_BYTES || !cursor.is_usable();
        std::iter::successors(Some(mark), |mark| mark.prior.as_deref())
            .flat_map(|mark| [Some(&mark.page), mark.then.as_ref()])
            .flatten()
            .filter_map(|anchor| anchor.position.cursor())
            .find(unusable)
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Start => "before the first group",
            Place::Middle(_) => "between two groups",
            Place::End(_) => "after the last group",
        };
        f.debug_struct("Checkpoint").field("place", &place).field("direction", &self.heading).finish()
    }
}

/// What the text holds, behind the name and the version.
#[derive(Serialize, Deserialize)]
struct Saved<P> {
    direction: Direction,
    place: P,
}

/// One line of URL-safe text. It holds a cursor: keep it as you keep the list itself.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let saved = Saved { direction: self.heading, place: &self.place };
        let json = serde_json::to_vec(&saved).map_err(|_| fmt::Error)?;
        write!(f, "{NAME}:{VERSION}:{}", URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    /// Reads a checkpoint's text; white space around it does not matter.
    ///
    /// # Errors
    ///
    /// [`Error::is_config`] for a text that is no checkpoint, is damaged, or was written by a later version.
    fn from_str(text: &str) -> Result<Self> {
        let damaged = || Error::config("the checkpoint is damaged: list again from the start");
        let (version, body) = text
            .trim()
            .strip_prefix(NAME)
            .and_then(|rest| rest.strip_prefix(':'))
            .and_then(|rest| rest.split_once(':'))
            .ok_or_else(|| {
                Error::config(
                    "this text is not a checkpoint, which begins with \"gupshup-groups:\": save and read it as a whole",
                )
            })?;
        match version.parse::<u32>() {
            Ok(VERSION) => {}
            Ok(later) if later > VERSION => {
                return Err(Error::config(format!(
                    "the checkpoint is of version {later}, and this crate reads version {VERSION}: update gupshup-groups"
                )));
            }
            _ => return Err(damaged()),
        }
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| damaged())?;
        let saved: Saved<Place> = serde_json::from_slice(&json).map_err(|_| damaged())?;
        Ok(Self { heading: saved.direction, place: saved.place })
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

/// How a position is written, without giving cursors a serde form of their own.
mod saved_position {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::source::Position;

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Saved<T> {
        Start,
        After(T),
        Before(T),
    }

    pub(super) fn serialize<S: Serializer>(position: &Position, serializer: S) -> Result<S::Ok, S::Error> {
        match position {
            Position::Start => Saved::Start,
            Position::After(cursor) => Saved::After(cursor.as_str()),
            Position::Before(cursor) => Saved::Before(cursor.as_str()),
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Position, D::Error> {
        Ok(match Saved::<String>::deserialize(deserializer)? {
            Saved::Start => Position::Start,
            Saved::After(cursor) => Position::After(cursor.into()),
            Saved::Before(cursor) => Position::Before(cursor.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn middle() -> Checkpoint {
        let anchor = |position, cause| Anchor { position, cause };
        Checkpoint {
            heading: Direction::Backward,
            place: Place::Middle(Mark {
                page: anchor(Position::After("a&b\n\u{1f600}".into()), Cause::Linked),
                passed: 17,
                beside: Some(Beside::Ahead("Z3JvdXA=".into())),
                then: Some(anchor(Position::Before("QVFI".into()), Cause::Unlinked)),
                prior: Some(Box::new(Mark::before(anchor(Position::Start, Cause::Given)))),
            }),
        }
    }

    #[test]
    fn a_saved_place_reads_back_as_it_was() {
        for checkpoint in [
            Checkpoint::start(),
            Checkpoint::start().reversed(),
            middle(),
            Checkpoint { heading: Direction::Forward, place: Place::End(None) },
        ] {
            assert_eq!(checkpoint.to_string().parse::<Checkpoint>().unwrap(), checkpoint);
            let json = serde_json::to_string(&checkpoint).unwrap();
            assert_eq!(serde_json::from_str::<Checkpoint>(&json).unwrap(), checkpoint);
        }
    }

    #[test]
    fn the_text_is_one_line_of_url_safe_characters() {
        let text = middle().to_string();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-".contains(&byte)), "{text}");
    }

    #[test]
    fn white_space_around_the_text_does_not_matter() {
        assert_eq!(format!(" {}\n", middle()).parse::<Checkpoint>().unwrap(), middle());
    }

    #[test]
    fn a_text_that_is_no_checkpoint_says_so() {
        for text in ["", "QVFI", "gupshup-groups", "gupshup-groups:1"] {
            let error = text.parse::<Checkpoint>().unwrap_err();
            assert!(error.is_config() && error.to_string().contains("not a checkpoint"), "{text}: {error}");
        }
    }

    #[test]
    fn a_damaged_text_says_so_wherever_it_was_cut() {
        let text = middle().to_string();
        for end in "gupshup-groups:1:".len()..text.len() {
            let error = text[..end].parse::<Checkpoint>().unwrap_err();
            assert!(error.is_config() && error.to_string().contains("damaged"), "{error}");
        }
    }

    #[test]
    fn a_later_version_asks_for_an_update() {
        let error = "gupshup-groups:2:anything".parse::<Checkpoint>().unwrap_err();
        assert!(error.is_config() && error.to_string().contains("version 2"), "{error}");
    }

    #[test]
    fn start_middle_and_end_are_told_apart_in_both_directions() {
        let tell = |checkpoint: &Checkpoint| (checkpoint.is_start(), checkpoint.is_end());
        let end = Checkpoint { heading: Direction::Forward, place: Place::End(None) };
        assert_eq!(tell(&Checkpoint::start()), (true, false));
        assert_eq!(tell(&Checkpoint::start().reversed()), (false, true));
        assert_eq!(tell(&middle()), (false, false));
        assert_eq!(tell(&end), (false, true));
        assert_eq!(tell(&end.reversed()), (true, false));
    }

    #[test]
    fn debug_shows_neither_cursor_nor_id() {
        let debug = format!("{:?}", middle());
        assert!(!debug.contains("QVFI") && !debug.contains("Z3Jv"), "{debug}");
    }
}
