//! Where a page leads, and what establishes the end of the list.

use crate::cursor::Position;

use super::failure::Failure;
use super::request::Request;
use super::view::View;

/// The request of the page that follows: `None` at the end of the list, an error if the page contradicts the rules of
/// paging.
pub(super) type Next = Result<Option<Request>, Failure>;

/// Where a page leads in the direction of its request. `linked`: the server has sent a link in this direction earlier.
/// `confirm`: a missing link must be confirmed.
pub(super) fn next(view: &View, linked: bool, confirm: bool) -> Next {
    let direction = view.position.direction();
    let side = view.side(direction);
    match (side.link, &side.cursor) {
        (true, None) => Err(Failure::LinkWithoutCursor),
        (false, None) => Ok(None),
        (false, Some(_)) if view.hashes.is_empty() => Ok(None),
        (false, Some(_)) if linked && !confirm => Ok(None),
        (link, Some(cursor)) => {
            let position = Position::from_cursor(direction, cursor.clone());
            Ok(Some(Request::follow(position, view.end(), link)))
        }
    }
}

/// Where a page with groups leads on which the walk reverses.
///
/// A missing link says nothing here, because the page was reached from the other side.
pub(super) fn back(view: &View) -> Next {
    match &view.ahead.cursor {
        _ if view.position == Position::Start => Ok(None),
        Some(cursor) => {
            let position = Position::from_cursor(view.heading, cursor.clone());
            Ok(Some(Request::follow(position, view.gap(view.len()), view.ahead.link)))
        }
        None => Err(Failure::NoWayBack),
    }
}
