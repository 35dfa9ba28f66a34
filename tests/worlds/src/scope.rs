//! Which worlds there are.

use crate::dialect::Dialect;
use crate::walker::{Rules, Size};
use crate::world::{Start, World};

/// How much is tried. Every list has up to five groups, every page one to four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Some seconds' worth: every dialect without events, and those that are [near](Dialect::distance) the default with one
    /// or two.
    Quick,
    /// All: every dialect with two events, so that no matter how settings work together, a change and its consequence are
    /// seen; those that differ from the default in one or two settings with three; and lists of up to four groups with the
    /// default dialect with four.
    Whole,
}

const RULES: Rules = Rules { size: Size::Fixed(1), max_groups: None, max_restarts: 3, confirm_end: false };

impl Scope {
    /// The most events of a schedule: of a walk from the start of the list, and of one from a cursor.
    fn events(self, dialect: &Dialect, count: u8) -> (u8, u8) {
        match (self, dialect.nearness()) {
            // A walk of a hundred pages has a hundred places for an event.
            (Self::Quick, _) if dialect.ignore_cursors => (0, 0),
            (Self::Whole, _) if dialect.ignore_cursors || dialect.refuse_cursors => (1, 0),
            (Self::Quick, 0) => (2, 1),
            (Self::Quick, 1) => (1, 1),
            (Self::Quick, 2) => (1, 0),
            (Self::Quick, _) => (0, 0),
            (Self::Whole, 0) if count <= 4 => (4, 3),
            (Self::Whole, _) if dialect.distance() <= 2 => (3, 2),
            (Self::Whole, _) => (2, 1),
        }
    }

    /// Every world.
    #[must_use]
    pub fn worlds(self) -> Vec<World> {
        let mut worlds = Vec::new();
        for dialect in Dialect::all() {
            for count in 0..=5 {
                let (events, events_from_a_cursor) = self.events(&dialect, count);
                // A server that ignores cursors, or takes them for others, has no cursors to begin at.
                let is_honest = !(dialect.ignore_cursors || dialect.refuse_cursors || dialect.inclusive_cursors);
                for start in Start::all(count).filter(|start| is_honest || *start == Start::List) {
                    let events = if start == Start::List { events } else { events_from_a_cursor };
                    let rules = rules(&dialect).chain(limits(&dialect));
                    worlds.extend(rules.map(|rules| World { count, dialect, start, rules, events }));
                }
            }
        }
        worlds
    }
}

/// Every page size that this server tells apart, with and without confirmation of the end.
fn rules(dialect: &Dialect) -> impl Iterator<Item = Rules> + use<> {
    // Pages that are asked to hold 25 or more are small where the server clamps them. It refuses such sizes only.
    let adaptive = dialect.clamp.map(|_| Size::Adaptive);
    let fixed = if dialect.refuse_above.is_none() { 4 } else { 0 };
    let sizes = (1..=fixed).map(Size::Fixed).chain(adaptive);
    sizes.flat_map(|size| [false, true].map(|confirm_end| Rules { size, confirm_end, ..RULES }))
}

/// Walks that end after some groups, and are resumed for the rest, or may not restart: on servers near the default.
fn limits(dialect: &Dialect) -> impl Iterator<Item = Rules> + use<> {
    let sizes = if dialect.distance() <= 1 && dialect.refuse_above.is_none() { 4 } else { 0 };
    (1..=sizes).map(Size::Fixed).flat_map(|size| {
        let wanted = [1, 2, 3].map(|groups| Rules { size, max_groups: Some(groups), ..RULES });
        let restarts = [0, 1].map(|max_restarts| Rules { size, max_restarts, ..RULES });
        wanted.into_iter().chain(restarts)
    })
}
