//! The cursors of all servers, made once: a request allocates none.

use crate::cursor::{Cursor, Direction};
use crate::server::MAX_GROUPS;

/// What a cursor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The serial number of the group that it points to, or its index.
    pub target: u8,
    /// The version of the list that it was handed out for.
    pub version: u8,
    pub side: Side,
    /// The number of pages with groups so far, modulo 2: an empty page follows every one or two.
    pub pages: u8,
}

/// Where a cursor points to, beside its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    At,
    Before,
    After,
}

/// At most three events change the version.
const VERSIONS: usize = 4;
const SIDES: usize = 3;
const PAGES: usize = 2;
/// How many marks there are.
const MARKS: usize = MAX_GROUPS * VERSIONS * SIDES * PAGES;

/// A set of marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks([u64; MARKS.div_ceil(64)]);

impl Marks {
    pub fn insert(&mut self, mark: Mark) {
        self.0[mark.index() / 64] |= 1 << (mark.index() % 64);
    }

    #[must_use]
    pub fn contains(&self, mark: Mark) -> bool {
        self.0[mark.index() / 64] & (1 << (mark.index() % 64)) != 0
    }
}

/// Every cursor that a server can hand out.
///
/// Each thread has its own: cursors are counted references, and two threads that count the same one slow each other down.
#[derive(Debug)]
pub struct Names {
    cursors: Vec<Cursor>,
    /// Of servers that send a new one each time.
    fresh: Vec<Cursor>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            cursors: (0..MARKS).map(|index| text(index).into()).collect(),
            fresh: (0..=u16::from(u8::MAX)).map(|number| format!("fresh {number}").into()).collect(),
        }
    }
}

impl Names {
    #[must_use]
    pub fn cursor(&self, mark: Mark) -> Cursor {
        self.cursors[mark.index()].clone()
    }

    /// The cursor with this number, of a server that sends a new one each time.
    #[must_use]
    pub fn fresh(&self, number: u8) -> Cursor {
        self.fresh[usize::from(number)].clone()
    }
}

/// The text of the cursor at this index: a character for each field.
fn text(index: usize) -> String {
    let fields =
        [index / PAGES / SIDES / VERSIONS, index / PAGES / SIDES % VERSIONS, index / PAGES % SIDES, index % PAGES];
    fields.iter().map(|field| char::from(b'a' + u8::try_from(*field).unwrap_or_default())).collect()
}

impl Mark {
    fn index(self) -> usize {
        let target = usize::from(self.target) * VERSIONS + usize::from(self.version);
        (target * SIDES + self.side as usize) * PAGES + usize::from(self.pages)
    }

    /// What the cursor says, or `None` where no server handed it out.
    #[must_use]
    pub fn read(cursor: &Cursor) -> Option<Self> {
        let &[target, version, side, pages] = cursor.as_str().as_bytes() else { return None };
        let side = [Side::At, Side::Before, Side::After][usize::from(side - b'a')];
        Some(Self { target: target - b'a', version: version - b'a', side, pages: pages - b'a' })
    }

    /// The number of groups before the place that a request in `direction` is answered from, if the cursor's group
    /// stands at `index`.
    #[must_use]
    pub fn edge(self, index: u8, direction: Direction) -> u8 {
        match (self.side, direction) {
            (Side::Before, _) | (Side::At, Direction::Backward) => index,
            (Side::After, _) | (Side::At, Direction::Forward) => index + 1,
        }
    }
}
