//! What ends or hinders a walk: failed requests as the walk sees them, and the errors that it raises itself.

/// What a failed request means to the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server says that the cursor has expired (131059).
    Expired,
    /// The server says that the cursor is invalid (2642): it has expired, it never was one, or it is past the end.
    Invalid,
    /// The server says that the page is too large (413, or 500 "reduce the amount of data").
    TooLarge,
    /// A 400 that nothing explains: the page size may be the reason.
    Unexplained,
    /// Anything else. It says nothing about the cursor or the page size.
    Other,
}

/// Why the walk stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The request failed, for the reason that was reported.
    Request,
    /// The server refuses a cursor that it still sends.
    RefusedCursor,
    /// The caller's cursor was refused in both directions.
    GivenCursor,
    /// The page's cursor was sent before: going on would never end.
    Loop,
    /// The page's cursor is longer than any that is sent. Its length in bytes.
    CursorTooLong(usize),
    /// The page has a link to another page, and no cursor.
    LinkWithoutCursor,
    /// A hundred pages in a row had no groups, and each led to another.
    EmptyPages,
    /// The page has no cursor for the direction in which the walk was reversed.
    NoWayBack,
}
