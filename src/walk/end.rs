//! Where a page leads, and what establishes the end of the list.

use crate::cursor::{Cursor, Direction, Position};

use super::fault::Failure;
use super::view::View;

/// Where a page leads.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// To the page at this position. `linked`: a link announced it; otherwise its request confirms the end.
    Page {
        position: Position,
        linked: bool,
    },
    End,
    /// To the start of the list, which is here.
    Start,
    /// The page contradicts the rules of paging, or has no cursor to go back.
    Failure(Failure),
}

/// Where a page leads in the direction of its request. `linked`: the server has sent a link in this direction earlier.
/// `confirm`: a missing link must be confirmed.
pub(super) fn next(view: &View, linked: bool, confirm: bool) -> Next {
    match (view.ahead.link, &view.ahead.cursor) {
        (true, None) => Next::Failure(Failure::LinkWithoutCursor),
        (false, None) => Next::End,
        (false, Some(_)) if view.hashes.is_empty() => Next::End,
        (false, Some(_)) if linked && !confirm => Next::End,
        (_, Some(cursor)) => page(view, cursor),
    }
}

/// Where a page, already reversed, leads in the other direction. `ends`: the list ends on this page in the direction of
/// the request.
///
/// A missing link says nothing here, because the page was reached from the other side.
pub(super) fn back(view: &View, ends: bool) -> Next {
    match &view.ahead.cursor {
        _ if view.position == Position::Start => Next::End,
        Some(cursor) => page(view, cursor),
        // No group is before the cursor of the request, so the list begins at that cursor.
        None if view.direction == Direction::Forward && ends && view.hashes.is_empty() => Next::Start,
        None => Next::Failure(Failure::NoWayBack),
    }
}

fn page(view: &View, cursor: &Cursor) -> Next {
    Next::Page { position: Position::from_cursor(view.direction, cursor.clone()), linked: view.ahead.link }
}
