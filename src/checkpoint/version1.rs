//! Reads version 1 of the text, which held ids.

use serde::{Deserialize, Serialize};

use crate::cursor::{Direction, Position};
use crate::walk::{Anchor, Gap, PageSize, Place, hash};

#[derive(Deserialize)]
pub(super) struct Saved {
    direction: Direction,
    place: SavedPlace,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedPlace {
    Start,
    Middle(SavedGap),
    End(Option<SavedGap>),
}

/// Other fields of version 1 are ignored.
#[derive(Deserialize)]
struct SavedGap {
    page: SavedPage,
    #[serde(default)]
    passed: usize,
    beside: Option<SavedBeside>,
    then: Option<SavedPage>,
}

#[derive(Deserialize)]
struct SavedPage {
    position: SavedPosition,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedBeside {
    Passed(String),
    Ahead(String),
}

impl Saved {
    pub(super) fn into_parts(self) -> (Direction, Place) {
        let empty_list = || Gap::before(Position::Start, PageSize::DEFAULT);
        let place = match self.place {
            SavedPlace::Start => Place::Start,
            SavedPlace::Middle(gap) => Place::Middle(gap.into_gap()),
            SavedPlace::End(gap) => Place::End(gap.map_or_else(empty_list, SavedGap::into_gap)),
        };
        (self.direction, place)
    }
}

impl SavedGap {
    fn into_gap(self) -> Gap {
        Gap {
            position: self.page.position.into(),
            // Version 1 did not hold the page size. It was at least `passed`.
            limit: PageSize::clamped(u32::try_from(self.passed).unwrap_or(u32::MAX)),
            offset: self.passed,
            anchor: self.beside.map(|beside| match beside {
                SavedBeside::Passed(id) => Anchor::Before(hash(&id)),
                SavedBeside::Ahead(id) => Anchor::After(hash(&id)),
            }),
            next: self.then.map(|then| then.position.into()),
        }
    }
}

/// A position, in every version.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SavedPosition {
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
