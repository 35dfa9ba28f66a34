//! A world: a list, a server, and what the caller asks for.

use crate::cursor::{Direction, Position};
use crate::dialect::Dialect;
use crate::names::Names;
use crate::server::Server;
use crate::walker::{Rules, Size};

#[derive(Clone, Copy, Debug)]
pub struct World {
    /// How many groups the list has at first: 0 to 5.
    pub count: u8,
    pub dialect: Dialect,
    pub start: Start,
    pub rules: Rules,
    /// The most events of a schedule.
    pub events: u8,
}

/// Where a walk begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    List,
    /// At a cursor that the caller gives: after the group at this index.
    After(u8),
    Before(u8),
    /// At texts that are no cursors.
    AfterTypo,
    BeforeTypo,
}

impl Start {
    /// Every start in a list of `count` groups.
    pub fn all(count: u8) -> impl Iterator<Item = Self> {
        let given = (0..count).flat_map(|index| [Self::After(index), Self::Before(index)]);
        [Self::List, Self::AfterTypo, Self::BeforeTypo].into_iter().chain(given)
    }

    #[must_use]
    pub fn direction(self) -> Direction {
        match self {
            Self::List | Self::After(_) | Self::AfterTypo => Direction::Forward,
            Self::Before(_) | Self::BeforeTypo => Direction::Backward,
        }
    }

    #[must_use]
    pub fn is_typo(self) -> bool {
        matches!(self, Self::AfterTypo | Self::BeforeTypo)
    }

    /// The number of groups before it.
    #[must_use]
    pub fn index(self) -> u8 {
        match self {
            Self::List | Self::AfterTypo | Self::BeforeTypo => 0,
            Self::After(index) => index + 1,
            Self::Before(index) => index,
        }
    }

    #[must_use]
    pub fn position(self, server: &Server, dialect: &Dialect, names: &Names) -> Position {
        match self {
            Self::List => Position::Start,
            Self::After(index) => Position::After(server.cursor_at(index, dialect, names)),
            Self::Before(index) => Position::Before(server.cursor_at(index, dialect, names)),
            Self::AfterTypo => Position::After("typo?".into()),
            Self::BeforeTypo => Position::Before("typo?".into()),
        }
    }
}

impl World {
    /// The page size of a walk that is resumed: the same, or another one.
    #[must_use]
    pub fn sizes_of_a_resumed_walk(&self) -> [Size; 2] {
        match self.rules.size {
            Size::Fixed(size) => [Size::Fixed(size), Size::Fixed(size % 4 + 1)],
            Size::Adaptive => [Size::Adaptive, Size::Fixed(2)],
        }
    }
}
