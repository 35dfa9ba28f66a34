//! Failed requests and failures, as the walk sees them.

/// What is wrong with a request that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The cursor has expired.
    Expired,
    /// The cursor is invalid (2642): expired, never valid, or past the end.
    Invalid,
    /// The page is too large (413, or 500 "reduce the amount of data").
    TooLarge,
    /// An unexplained 400: the page size may be the reason.
    Unexplained,
    /// A failure that may pass (5xx, a timeout, a broken body) has outlived its attempts: the page size may be the reason.
    Exhausted,
    /// Neither the cursor nor the page size.
    Other,
}

/// Why a walk stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// For the problem that was reported last.
    Request,
    /// The server refuses a cursor that it still sends.
    RefusedCursor,
    /// The caller's cursor was refused in both directions.
    GivenCursor,
    Loop,
    /// The page's cursor is too long: its length in bytes.
    CursorTooLong(usize),
    LinkWithoutCursor,
    /// A hundred pages in a row without a new group.
    NoProgress,
    /// The last page changes each time it is requested.
    Unstable,
    /// The page has no cursor for the other direction.
    NoWayBack,
}
