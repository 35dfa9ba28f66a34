//! The reference: a list and an index, which moves by one at each group yielded. It knows no cursors.

use crate::cursor::Direction;
use crate::dialect::{CursorAnswer, CursorKind, Dialect};
use crate::promise::{Breach, End, Unpromised, Verdict};
use crate::server::Groups;
use crate::walker::{Failure, Fault, Size};
use crate::world::{Start, World};

/// What has happened so far, and how the groups yielded compare with the reference.
///
/// Sets of groups are bits, by serial number. The list's order is that of the serial numbers of its first groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "what has happened, each for itself")]
pub struct Course {
    heading: Direction,
    /// How many of the list's first groups are before the place of the walk.
    index: u8,
    /// Groups that were skipped: a loss, unless they are deleted.
    passed: u8,
    /// Groups that were repeated: an error, unless they are deleted.
    again: u8,
    /// Groups yielded by a walk that was neither reversed nor resumed.
    seen: u8,
    /// The group yielded last.
    last: Option<u8>,
    /// The last groups yielded before pages were read again. Until the walk has passed such a group, its place is beside
    /// it.
    furthest: u8,
    /// No group was yielded since the walk was reversed or resumed.
    is_new: bool,
    /// The walk was reversed where its place is not known: before the first group of a page that is listed again.
    is_lost: bool,
    /// The walk is the one that began: it was neither reversed nor resumed.
    is_one_walk: bool,
    /// It has yielded a group twice.
    is_twice: bool,
    /// A page was listed again because the group beside the place was deleted.
    repeated: bool,
    /// How many groups were created.
    pub created: u8,
    /// How many groups were deleted.
    pub deleted: u8,
    pub expired: bool,
    /// How often cursors were forgotten.
    pub forgotten: u8,
    /// A page was sent without its link.
    pub link_left_out: bool,
    /// A stale cursor was answered with an empty page.
    pub stale_was_empty: bool,
    /// A request that no link announced was answered with an empty page, although groups are there.
    pub unannounced_empty: bool,
}

impl Course {
    #[must_use]
    pub fn new(start: Start) -> Self {
        Self {
            heading: start.direction(),
            index: start.index(),
            passed: 0,
            again: 0,
            seen: 0,
            last: None,
            furthest: 0,
            is_new: false,
            is_lost: false,
            is_one_walk: true,
            is_twice: false,
            repeated: false,
            created: 0,
            deleted: 0,
            expired: false,
            forgotten: 0,
            link_left_out: false,
            stale_was_empty: false,
            unannounced_empty: false,
        }
    }

    /// A cursor was refused: pages are read again.
    pub fn read_again(&mut self) {
        self.furthest |= self.last.map_or(0, bit);
    }

    /// The walk was reversed, in a list that is `now`.
    pub fn reverse(&mut self, now: &Groups) {
        self.heading = self.heading.reversed();
        self.is_lost |= self.is_new && self.may_repeat(now);
        self.resume();
    }

    /// The walk was resumed from a saved place.
    pub fn resume(&mut self) {
        (self.is_new, self.is_one_walk, self.seen) = (true, false, 0);
    }

    /// A group was yielded, of a list that had `count` groups at first and is `now`.
    pub fn group(&mut self, serial: u8, count: u8, now: &Groups) {
        if self.is_one_walk {
            self.is_twice |= self.seen & bit(serial) != 0;
            self.seen |= bit(serial);
        }
        let may_repeat = self.is_new && self.may_repeat(now);
        if may_repeat {
            // A group that was created may be the first of the page that is listed again.
            self.read_again();
        }
        self.last = Some(serial);
        if serial >= count {
            return;
        }
        self.is_new = false;
        let (is_again, passed, next) = match self.heading {
            Direction::Forward => (serial < self.index, between(self.index, serial), serial + 1),
            Direction::Backward => (serial >= self.index, between(serial + 1, self.index), serial),
        };
        match () {
            () if self.is_lost => self.is_lost = false,
            () if !is_again => self.passed |= passed,
            () if may_repeat => self.repeated = true,
            () => self.again |= bit(serial),
        }
        self.index = next;
    }

    /// Whether the page of the place may be listed again, because the group beside the place is gone.
    fn may_repeat(&self, now: &Groups) -> bool {
        let beside = self.furthest | self.last.map_or(0, bit);
        beside & !bits(now) != 0
    }

    /// How the walk ended, in a world whose list has become `now`.
    #[must_use]
    pub fn judge(&self, world: &World, now: &Groups, end: End) -> Verdict {
        match self.breach(world, now, end) {
            Some(breach) => match self.unpromised(world).find(|name| name.explains(breach)) {
                Some(name) => Verdict::Unpromised(name),
                None => Verdict::Broken(breach),
            },
            None if end != End::Done => Verdict::Failed,
            None if self.repeated || self.is_lost => Verdict::Unpromised(Unpromised::PageAgain),
            None => Verdict::Kept,
        }
    }

    /// Compares the groups yielded with those that were there throughout.
    fn breach(&self, world: &World, now: &Groups, end: End) -> Option<Breach> {
        let first = between(0, world.count);
        let throughout = bits(now) & first;
        let rest = match self.heading {
            Direction::Forward => between(self.index, world.count),
            Direction::Backward => between(0, self.index),
        };
        match end {
            _ if self.is_twice => Some(Breach::YieldedTwice),
            _ if self.again & throughout != 0 => Some(Breach::Repeated),
            _ if self.passed & throughout != 0 => Some(Breach::Missing),
            End::Failed(..) if !self.may_fail(world, end) => Some(Breach::ErrorWithoutReason),
            End::Done if rest & throughout != 0 && !self.is_lost => Some(Breach::EndedEarly),
            End::Done if world.start.is_typo() => Some(Breach::TypoTaken),
            End::Failed(..) | End::Done => None,
        }
    }

    /// Why the promise may not hold in this world.
    fn unpromised(&self, world: &World) -> impl Iterator<Item = Unpromised> + use<> {
        let reasons = [
            (self.shifts_offsets(world) && !self.only_grows(world), Unpromised::OffsetsShift),
            (self.stale_was_empty, Unpromised::StaleLooksLikeTheEnd),
            (self.link_left_out && !world.rules.confirm_end, Unpromised::LinkLeftOut),
            (self.may_refuse_twice(world), Unpromised::RefusedTwice),
            (self.unannounced_empty, Unpromised::EmptyUnannounced),
        ];
        reasons.into_iter().filter_map(|(holds, name)| holds.then_some(name))
    }

    /// Whether there is a reason for the error with which a walk ended.
    fn may_fail(&self, world: &World, end: End) -> bool {
        let dialect = &world.dialect;
        let is_given = world.start != Start::List;
        // Each event expires cursors once.
        let restarts = !is_given && self.is_one_walk && world.rules.max_restarts >= world.events;
        let is_stale = self.has_stale_cursors(world) && !restarts;
        match end {
            End::Done => true,
            End::Failed(Failure::Request, Some(Fault::Expired)) => is_stale,
            End::Failed(Failure::Request, Some(Fault::Invalid)) | End::Failed(Failure::RefusedCursor, _) => {
                is_stale || world.start.is_typo() || self.shifts_offsets(world) || dialect.refuse_cursors
            }
            // A cursor that no group precedes is refused in the other direction too, if both ends are.
            End::Failed(Failure::GivenCursor, _) => {
                let has_no_groups_beside = world.count == 1 || self.deleted > 0;
                let is_refused_both_ways = dialect.past_the_end == CursorAnswer::Invalid && has_no_groups_beside;
                world.start.is_typo() || is_stale || self.shifts_offsets(world) || (is_given && is_refused_both_ways)
            }
            End::Failed(Failure::Request, Some(Fault::Unexplained)) => {
                let smallest = match world.rules.size {
                    Size::Fixed(size) => u32::from(size),
                    Size::Adaptive => 25,
                };
                dialect.refuse_above.is_some_and(|max| max < smallest)
            }
            // A page of one group after an inclusive cursor is that group again, with the same cursor.
            End::Failed(Failure::Loop, _) => self.shifts_offsets(world) || dialect.inclusive_cursors,
            End::Failed(Failure::NoProgress, _) => dialect.ignore_cursors,
            // The end of the list is sought again after each change.
            End::Failed(Failure::Unstable, _) => self.deleted > 1,
            // A given cursor that no group follows leads to no page that has a cursor; and some pages have none.
            End::Failed(Failure::NoWayBack, _) => {
                let has_no_cursors = !dialect.cursors_at_the_ends || self.stale_was_empty;
                self.is_changed() || (is_given && self.last.is_none()) || has_no_cursors
            }
            End::Failed(Failure::Request, Some(Fault::Transient) | None) | End::Failed(Failure::Other, _) => false,
        }
    }

    fn is_changed(&self) -> bool {
        self.created > 0 || self.deleted > 0
    }

    fn shifts_offsets(&self, world: &World) -> bool {
        let dialect = &world.dialect;
        let are_offsets = dialect.cursors == CursorKind::Offsets && !dialect.expire_cursors_on_change;
        // A walk that is resumed does not know the pages of before.
        (are_offsets && self.is_changed()) || (dialect.ignore_cursors && (self.is_changed() || !self.is_one_walk))
    }

    /// Whether a cursor may have been forgotten, and then refused for another reason after its page has given it again.
    fn may_refuse_twice(&self, world: &World) -> bool {
        let refuses_stale_ones = world.dialect.stale_cursor == CursorAnswer::Invalid;
        self.forgotten > 1 || (self.forgotten > 0 && refuses_stale_ones && (self.expired || self.is_changed()))
    }

    /// Whether offsets only move to groups that were yielded, which are left out at the seam of two pages. Two groups that
    /// are created between two requests may be before them.
    fn only_grows(&self, world: &World) -> bool {
        let is_a_whole_walk = self.is_one_walk && world.start == Start::List;
        let Dialect { inclusive_cursors, ignore_cursors, .. } = world.dialect;
        is_a_whole_walk && self.created < 2 && self.deleted == 0 && !inclusive_cursors && !ignore_cursors
    }

    /// Whether a cursor may have become stale.
    fn has_stale_cursors(&self, world: &World) -> bool {
        self.expired
            || self.forgotten > 0
            || (self.deleted > 0 && world.dialect.cursors == CursorKind::Items)
            || (self.is_changed() && world.dialect.expire_cursors_on_change)
    }
}

/// 0 for a group of a server that shows another one each time.
fn bit(serial: u8) -> u8 {
    1_u8.checked_shl(serial.into()).unwrap_or(0)
}

fn bits(groups: &Groups) -> u8 {
    groups.as_slice().iter().fold(0, |all, serial| all | bit(*serial))
}

/// The groups from `start` to before `end`.
fn between(start: u8, end: u8) -> u8 {
    (start..end).fold(0, |all, serial| all | bit(serial))
}
