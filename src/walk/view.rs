//! A page in the order of the walk, with hashes of the ids: the edge of the walk, and the only file in which forward and
//! backward differ. A page is put into the order of the walk when it arrives, and the groups that the caller gets are put
//! back into the server's.

use std::ops::Range;

use rapidhash::v3::rapidhash_v3;

use crate::cursor::{Cursor, Direction, PageSize, Position};

/// The hash of an id or a cursor: `rapidhash` version 3, default seed, over the bytes of the text.
///
/// It must never change, because checkpoints hold it.
pub(crate) fn hash(text: &str) -> u64 {
    rapidhash_v3(text.as_bytes())
}

/// A page in the order of the walk, also if it was requested in the other direction.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) position: Position,
    /// The page size of the request.
    pub(super) size: PageSize,
    /// The direction of the walk.
    pub(super) heading: Direction,
    /// The hashes of the groups' ids.
    pub(super) hashes: Vec<u64>,
    /// The side that is later in the order of the walk.
    pub(super) ahead: Side,
    behind: Side,
}

/// One side of a page: whether it has a link, and its cursor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side {
    pub(crate) link: bool,
    pub(crate) cursor: Option<Cursor>,
}

impl View {
    /// A page without groups, links and cursors.
    pub(super) fn empty(position: Position, size: PageSize, heading: Direction) -> Self {
        Self { position, size, heading, hashes: Vec::new(), ahead: Side::default(), behind: Side::default() }
    }

    /// The page with these groups, in the server's order. The buffer `hashes` is reused.
    pub(super) fn filled<'a>(
        self,
        mut hashes: Vec<u64>,
        ids: impl DoubleEndedIterator<Item = &'a str>,
        next: Side,
        previous: Side,
    ) -> Self {
        hashes.clear();
        match self.heading {
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

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether the page was requested in the other direction: the walk reverses on it, or on a later one.
    pub(super) fn is_reversed(&self) -> bool {
        self.position.direction() != self.heading
    }

    pub(super) fn side(&self, direction: Direction) -> &Side {
        if direction == self.heading { &self.ahead } else { &self.behind }
    }

    /// The last group on this side of the page.
    pub(super) fn last(&self, direction: Direction) -> Option<u64> {
        if direction == self.heading { self.hashes.last() } else { self.hashes.first() }.copied()
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

    /// The same groups of a page of `len` groups, counted in the server's order.
    pub(super) fn in_server_order(mut self, heading: Direction, len: usize) -> Self {
        if heading == Direction::Backward {
            match &mut self {
                Self::Run(run) => *run = len - run.end..len - run.start,
                Self::Each(kept) => kept.reverse(),
            }
        }
        self
    }
}
