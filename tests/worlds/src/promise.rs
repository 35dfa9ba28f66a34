//! The promise of every world, the ways to break it, and the names of what cannot be promised.
//!
//! *Each group that was there throughout the walk is yielded exactly once and in order, or there is an error; a place taken
//! anywhere leads to the rest; it ends.*

use crate::walker::{Failure, Fault};

/// How a promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    Missing,
    EndedEarly,
    Repeated,
    YieldedTwice,
    ErrorWithoutReason,
    TypoTaken,
    EndIsNoEnd,
    NoEnd,
    OtherRequest,
    FaultIsNoError,
    BadStep,
}

impl Breach {
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Missing => "a group was skipped",
            Self::EndedEarly => "the walk ended before the list",
            Self::Repeated => "a group was repeated",
            Self::YieldedTwice => "a group was yielded twice in one walk",
            Self::ErrorWithoutReason => "an error without a reason",
            Self::TypoTaken => "a text that is no cursor was taken for one",
            Self::EndIsNoEnd => "the place at the end leads to a request",
            Self::NoEnd => "the walk does not end",
            Self::OtherRequest => "a request that was dropped in flight was not made again",
            Self::FaultIsNoError => "a failed request was not one error",
            Self::BadStep => "the walk answered an event with what does not belong to it",
        }
    }
}

/// What cannot be promised, and why. Each is counted where it happens; anything else is a broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpromised {
    /// Cursors are offsets that never become stale, or the server ignores them, and the list changes: a deletion hides a
    /// group that exists, and a creation repeats one, unless the seam of two pages shows it. Two listings in a row that agree find all groups (`consistent_snapshot`).
    OffsetsShift,
    /// A stale cursor is answered with an empty page, as the end of the list is: groups are missing.
    StaleLooksLikeTheEnd,
    /// The server leaves out a link where groups follow, after it has sent links, and the end is not confirmed
    /// (`confirm_end`): groups are missing.
    LinkLeftOut,
    /// A cursor is forgotten, given again by its page, and then forgotten again or stale, as at the end of the list: groups
    /// are missing.
    RefusedTwice,
    /// A request that no link announced is answered by an empty page once, and the end is not confirmed: groups are missing.
    EmptyUnannounced,
    /// The group beside a saved place, or beside the gap where the walk was reversed, was deleted: its page is listed again, or
    /// the list from its end, so groups are repeated, and none is missing.
    PageAgain,
}

impl Unpromised {
    pub const ALL: [Self; 6] = [
        Self::OffsetsShift,
        Self::StaleLooksLikeTheEnd,
        Self::LinkLeftOut,
        Self::RefusedTwice,
        Self::EmptyUnannounced,
        Self::PageAgain,
    ];

    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::OffsetsShift => {
                "cursors are offsets or ignored, and the list changes: groups are missing or repeated"
            }
            Self::StaleLooksLikeTheEnd => "a stale cursor is answered as the end of the list is: groups are missing",
            Self::LinkLeftOut => "a link is left out after links were sent, without confirm_end: groups are missing",
            Self::RefusedTwice => {
                "a cursor is refused, given again and refused again, as at the end of the list: groups are missing"
            }
            Self::EmptyUnannounced => "an empty page comes where no link announced groups: groups are missing",
            Self::PageAgain => "the group beside the place was deleted: its page is listed again, groups are repeated",
        }
    }

    /// Whether it explains a breach.
    pub(crate) fn explains(self, breach: Breach) -> bool {
        match self {
            Self::OffsetsShift => {
                matches!(breach, Breach::Missing | Breach::EndedEarly | Breach::Repeated | Breach::YieldedTwice)
            }
            // A wrong end of a walk backward is a wrong start of the walk that is reversed there.
            Self::StaleLooksLikeTheEnd | Self::LinkLeftOut | Self::RefusedTwice => {
                matches!(breach, Breach::Missing | Breach::EndedEarly | Breach::Repeated)
            }
            // The same; and an empty answer shows a text good that is no cursor.
            Self::EmptyUnannounced => matches!(
                breach,
                Breach::Missing | Breach::EndedEarly | Breach::Repeated | Breach::TypoTaken | Breach::EndIsNoEnd
            ),
            Self::PageAgain => breach == Breach::Repeated,
        }
    }
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Kept,
    /// An error says so.
    Failed,
    /// It was not kept, and could not be promised.
    Unpromised(Unpromised),
    Broken(Breach),
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Done,
    /// With this error, after a request that failed for this reason.
    Failed(Failure, Option<Fault>),
}
