//! A page as the walk sees it: in the order of the walk, ids as hashes. Where forward and backward differ, they differ
//! here.

use std::ops::Range;

use rapidhash::v3::rapidhash_v3;

use crate::cursor::{Cursor, Direction};

/// The hash of an id or a cursor: `rapidhash` version 3 with its default seed, over the bytes of the text.
///
/// It is the same on every platform and in every version of this crate, because checkpoints hold it.
pub(crate) fn hash(text: &str) -> u64 {
    rapidhash_v3(text.as_bytes())
}

/// A page in the order in which a walk reads it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The direction in which it is read.
    pub(super) direction: Direction,
    /// The hashes of its groups' ids.
    pub(super) hashes: Vec<u64>,
    /// What leads on in the direction of reading.
    pub(super) ahead: Lead,
    /// What leads back.
    pub(super) behind: Lead,
}

/// What a page says of one of its sides: whether there is a link, and the cursor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lead {
    pub(crate) link: bool,
    pub(crate) cursor: Option<Cursor>,
}

impl View {
    /// A page that was requested in `direction`. The ids are in the server's order. The hashes are written to `hashes`, the
    /// memory of an earlier page.
    pub(super) fn new<'a>(
        direction: Direction,
        mut hashes: Vec<u64>,
        ids: impl DoubleEndedIterator<Item = &'a str>,
        next: Lead,
        previous: Lead,
    ) -> Self {
        hashes.clear();
        match direction {
            Direction::Forward => {
                hashes.extend(ids.map(hash));
                Self { direction, hashes, ahead: next, behind: previous }
            }
            Direction::Backward => {
                hashes.extend(ids.rev().map(hash));
                Self { direction, hashes, ahead: previous, behind: next }
            }
        }
    }

    /// A page without groups, links and cursors.
    pub(super) fn empty(direction: Direction) -> Self {
        Self { direction, hashes: Vec::new(), ahead: Lead::default(), behind: Lead::default() }
    }

    /// The same page, read from its other end.
    pub(super) fn reversed(mut self) -> Self {
        self.hashes.reverse();
        Self { direction: self.direction.reversed(), hashes: self.hashes, ahead: self.behind, behind: self.ahead }
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The last group that a walk in `direction` reads on the page, and what leads on from it.
    pub(super) fn side(&self, direction: Direction) -> (Option<u64>, &Lead) {
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
    /// Those for which this is true, one for each group.
    Each(Vec<bool>),
}

impl Kept {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Run(run) => run.len(),
            Self::Each(kept) => kept.iter().filter(|&&kept| kept).count(),
        }
    }

    /// How many groups are left out before all of them. A group in between may be new or known, so it is not counted.
    pub(super) fn start(&self) -> usize {
        match self {
            Self::Run(run) => run.start,
            Self::Each(_) => 0,
        }
    }

    /// The index of the `n`-th of them.
    pub(super) fn nth(&self, n: usize) -> Option<usize> {
        match self {
            Self::Run(run) => run.clone().nth(n),
            Self::Each(kept) => kept.iter().enumerate().filter(|(_, kept)| **kept).nth(n).map(|(index, _)| index),
        }
    }

    /// The index of the last of them.
    pub(super) fn last(&self) -> Option<usize> {
        self.nth(self.len().checked_sub(1)?)
    }

    /// Keeps the first `count`.
    pub(super) fn truncate(&mut self, count: usize) {
        match self {
            Self::Run(run) => run.end = run.end.min(run.start.saturating_add(count)),
            Self::Each(kept) => kept.iter_mut().filter(|kept| **kept).skip(count).for_each(|kept| *kept = false),
        }
    }

    /// The same groups of a page of `len` groups, counted in the server's order instead of the order of the walk.
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
