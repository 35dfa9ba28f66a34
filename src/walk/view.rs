//! A page in the order of the walk, with hashes of the ids.

use std::ops::Range;

use rapidhash::v3::rapidhash_v3;

use crate::cursor::{Cursor, Direction, Position};

use super::size::PageSize;

/// The hash of an id or a cursor: `rapidhash` version 3, default seed, over the bytes of the text.
///
/// It must never change, because checkpoints hold it.
pub(crate) fn hash(text: &str) -> u64 {
    rapidhash_v3(text.as_bytes())
}

#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(super) position: Position,
    /// The page size of the request.
    pub(super) limit: PageSize,
    pub(super) direction: Direction,
    /// The hashes of the groups' ids.
    pub(super) hashes: Vec<u64>,
    /// The side where reading continues.
    pub(super) ahead: Side,
    pub(super) behind: Side,
}

/// One side of a page: whether it has a link, and its cursor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side {
    pub(crate) link: bool,
    pub(crate) cursor: Option<Cursor>,
}

impl View {
    pub(super) fn empty(position: Position, limit: PageSize) -> Self {
        let direction = position.direction();
        Self { position, limit, direction, hashes: Vec::new(), ahead: Side::default(), behind: Side::default() }
    }

    /// The same request's page with these groups. The ids are in the server's order. The buffer `hashes` is reused.
    pub(super) fn fill<'a>(
        self,
        mut hashes: Vec<u64>,
        ids: impl DoubleEndedIterator<Item = &'a str>,
        next: Side,
        previous: Side,
    ) -> Self {
        hashes.clear();
        match self.direction {
            Direction::Forward => {
                hashes.extend(ids.map(hash));
                Self { hashes, ahead: next, behind: previous, ..self }
            }
            Direction::Backward => {
                hashes.extend(ids.rev().map(hash));
                Self { hashes, ahead: previous, behind: next, ..self }
            }
        }
    }

    /// The same page in the other direction.
    pub(super) fn reversed(mut self) -> Self {
        self.hashes.reverse();
        Self { direction: self.direction.reversed(), ahead: self.behind, behind: self.ahead, ..self }
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The last group on this side of the page, and the side.
    pub(super) fn side(&self, direction: Direction) -> (Option<u64>, &Side) {
        if direction == self.direction {
            (self.hashes.last().copied(), &self.ahead)
        } else {
            (self.hashes.first().copied(), &self.behind)
        }
    }
}

/// Which groups of a page the caller gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Those at these indices.
    Run(Range<usize>),
    /// Those whose value is true; one value a group.
    Each(Vec<bool>),
}

impl Kept {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Run(run) => run.len(),
            Self::Each(kept) => kept.iter().filter(|&&kept| kept).count(),
        }
    }

    pub(super) fn nth(&self, n: usize) -> Option<usize> {
        match self {
            Self::Run(run) => run.clone().nth(n),
            Self::Each(kept) => kept.iter().enumerate().filter(|(_, kept)| **kept).nth(n).map(|(index, _)| index),
        }
    }

    pub(super) fn last(&self) -> Option<usize> {
        self.nth(self.len().checked_sub(1)?)
    }

    pub(super) fn truncate(&mut self, count: usize) {
        match self {
            Self::Run(run) => run.end = run.end.min(run.start.saturating_add(count)),
            Self::Each(kept) => kept.iter_mut().filter(|kept| **kept).skip(count).for_each(|kept| *kept = false),
        }
    }

    /// The same groups, counted in the server's order, of a page of `len` groups.
    pub(super) fn in_server_order(mut self, direction: Direction, len: usize) -> Self {
        if direction == Direction::Backward {
            match &mut self {
                Self::Run(run) => *run = len - run.end..len - run.start,
                Self::Each(kept) => kept.reverse(),
            }
        }
        self
    }
}
