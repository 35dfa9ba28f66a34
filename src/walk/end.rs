//! Where a page leads, and what establishes the end of the list.

use crate::cursor::{Cursor, Direction, Position};

use super::fault::Failure;
use super::view::View;

/// Where a page leads.
#[derive(Clone, Debug)]
pub(super) enum Onward {
    /// To the page at this position. `promised`: a link announced it; otherwise the request confirms the end.
    To {
        position: Position,
        promised: bool,
    },
    End,
    /// To the start of the list, which is here.
    Start,
    /// The page contradicts the rules of paging, or has no cursor to go back.
    Broken(Failure),
}

/// Where a page leads in the direction of its request. `linked`: the server has sent a link in this direction earlier.
/// `confirm`: a missing link must be confirmed.
pub(super) fn onward(view: &View, linked: bool, confirm: bool) -> Onward {
    match (view.ahead.link, &view.ahead.cursor) {
        (true, None) => Onward::Broken(Failure::LinkWithoutCursor),
        (false, None) => Onward::End,
        (false, Some(_)) if view.hashes.is_empty() => Onward::End,
        (false, Some(_)) if linked && !confirm => Onward::End,
        (_, Some(cursor)) => to(view, cursor),
    }
}

/// Where a page, requested at `position` and already reversed, leads in the other direction. `ends`: the list ends on
/// this page in the direction of the request.
///
/// A missing link says nothing here, because the page was reached from the other side.
pub(super) fn back(view: &View, position: &Position, ends: bool) -> Onward {
    match &view.ahead.cursor {
        _ if *position == Position::Start => Onward::End,
        Some(cursor) => to(view, cursor),
        // No group is before the cursor of the request, so the list begins at that cursor.
        None if view.direction == Direction::Forward && ends && view.hashes.is_empty() => Onward::Start,
        None => Onward::Broken(Failure::NoWayBack),
    }
}

fn to(view: &View, cursor: &Cursor) -> Onward {
    let position = Position::from_cursor(view.direction, cursor.clone());
    Onward::To { position, promised: view.ahead.link }
}
