//! The text of a checkpoint, and its version.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Not;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Checkpoint;
use crate::cursor::{Direction, PageSize, Position};
use crate::error::{Error, Result};
use crate::walk::{Anchor, Gap, Place};

const NAME: &str = "gupshup-groups";
const VERSION: u32 = 3;

/// JSON in base64.
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
    Middle(SavedGap),
    End(SavedGap),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedGap {
    page: SavedPosition,
    size: u16,
    offset: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<SavedAnchor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<SavedPosition>,
    #[serde(default, skip_serializing_if = "Not::not")]
    linked: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedAnchor {
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

impl From<&Gap> for SavedGap {
    fn from(gap: &Gap) -> Self {
        Self {
            page: (&gap.position).into(),
            size: gap.size.get(),
            offset: gap.offset,
            anchor: gap.anchor.map(|anchor| match anchor {
                Anchor::Before(hash) => SavedAnchor::Before(hash),
                Anchor::After(hash) => SavedAnchor::After(hash),
            }),
            next: gap.next.as_ref().map(Into::into),
            linked: gap.linked,
        }
    }
}

impl From<SavedGap> for Gap {
    fn from(saved: SavedGap) -> Self {
        Self {
            position: saved.page.into(),
            size: PageSize::clamped(saved.size.into()),
            offset: saved.offset,
            anchor: saved.anchor.map(|anchor| match anchor {
                SavedAnchor::Before(hash) => Anchor::Before(hash),
                SavedAnchor::After(hash) => Anchor::After(hash),
            }),
            next: saved.next.map(Into::into),
            linked: saved.linked,
        }
    }
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

/// One line of URL-safe text. It holds a cursor: protect it as you protect the list.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.place {
            Place::Start => SavedPlace::Start,
            Place::Middle(gap) => SavedPlace::Middle(gap.into()),
            Place::End(gap) => SavedPlace::End(gap.into()),
        };
        let saved = Saved { list: self.list, direction: self.heading, place };
        let json = serde_json::to_vec(&saved).map_err(|_| fmt::Error)?;
        write!(f, "{NAME}:{VERSION}:{}", URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    /// Parses the text of a checkpoint.
    ///
    /// # Errors
    ///
    /// [`Error::is_config`] if the text is not a checkpoint, is damaged, or has another version.
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
        let advice = match version.cmp(&VERSION) {
            Ordering::Less => Some("list again from the start"),
            Ordering::Equal => None,
            Ordering::Greater => Some("update gupshup-groups, or list again from the start"),
        };
        if let Some(advice) = advice {
            return Err(Error::config(format!(
                "the checkpoint has version {version}, and this version of the crate reads only {VERSION}: {advice}"
            )));
        }
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| damaged())?;
        let saved: Saved = serde_json::from_slice(&json).map_err(|_| damaged())?;
        let place = match saved.place {
            SavedPlace::Start => Place::Start,
            SavedPlace::Middle(gap) => Place::Middle(gap.into()),
            SavedPlace::End(gap) => Place::End(gap.into()),
        };
        let checkpoint = Self { list: saved.list, heading: saved.direction, place };
        // Each place has exactly one text.
        if checkpoint.to_string() == text { Ok(checkpoint) } else { Err(damaged()) }
    }
}

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
